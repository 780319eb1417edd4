/**
 * A session that this store does not have, from another one that a person vouches for: every row as it was, the same generation, the
 * same state.
 * Promises: within the caller's transaction, whole or not at all; an evicted session arrives evicted, by the event that let it go;
 * a digest that says nothing comes in, and covers nothing.
 */
import {
  type ArchivedDigest,
  type ArchivedEvent,
  type ArchivedMeta,
  type Incoming,
  kindOf,
  segmentsOfFile,
} from '../archived.ts';
import type { WritableDb } from '../connection.ts';
import { recountSession } from '../write-raw.ts';
import { keepBeside } from './digests.ts';
import {
  addEvents,
  addTombstones,
  type DigestPlace,
  lettingGo,
  presentDigest,
  putEvent,
  putFile,
  putImportedDigest,
  putSegment,
  putVersion,
  raiseTo,
  setAnalyzed,
} from './rows.ts';

/** `covers`: its digest of its present bytes says something, so that it may stand for them. */
export function insertWhole(db: WritableDb, incoming: Incoming, covers: boolean): void {
  const { meta } = incoming;
  const sessionId = insertRow(db, meta);
  // They come first: tombstones of earlier evictions stand by them.
  const own = lettingGo(meta);
  const dropped = own === null || presentDigest(incoming) !== null ? null : droppedAfter(meta);
  addEvents(
    db,
    sessionId,
    meta.session_uid,
    meta.events.filter(
      (event) => event !== own && event !== dropped && kindOf(event.kind) !== 'digest_added',
    ),
  );
  addOlderDigests(db, sessionId, incoming);
  const beside = incoming.digests.filter(({ generation }) => generation < 0);
  const at = meta.digest_at ?? meta.ingested_at ?? meta.evicted_at;
  if (at !== null) keepBeside(db, { sessionId, uid: meta.session_uid, at }, incoming, beside);
  if (meta.evicted_at === null) insertLive(db, sessionId, incoming, covers);
  else if (own !== null) {
    const generation = meta.raw_generation;
    raiseTo(db, sessionId, generation);
    coverFrom(db, sessionId, meta);
    const coversFrom = presentDigest(incoming)?.covers_from ?? meta.covers_from;
    insertEvicted(db, { sessionId, generation, coversFrom }, incoming, own, dropped);
  }
  addTombstones(db, sessionId, meta.tombstones, false);
  if (meta.pinned) db.run('UPDATE sessions SET pinned = 1 WHERE id = $sessionId', { sessionId });
}

export function insertRow(db: WritableDb, meta: ArchivedMeta): number {
  const { session_uid: uid, agent, native_id: nativeId, project, title, branch, parent_uid: parent } = meta;
  return db.run(
    `INSERT INTO sessions (session_uid, agent, native_id, project, title, branch, parent_uid, started_at, ended_at, ingested_at,
       origin)
     VALUES ($uid, $agent, $nativeId, $project, $title, $branch, $parent, $startedAt, $endedAt, $ingestedAt, $origin)`,
    {
      uid,
      agent,
      nativeId,
      project,
      title,
      branch,
      parent,
      startedAt: meta.started_at,
      endedAt: meta.ended_at,
      ingestedAt: meta.ingested_at,
      origin: meta.origin ?? null,
    },
  ).lastInsertRowid;
}

/** Digests of what was evicted before and came back changed; each stands for a generation of its own. */
function addOlderDigests(db: WritableDb, sessionId: number, { meta, digests }: Incoming): void {
  const older = digests.filter(({ generation }) => generation >= 0 && generation < meta.raw_generation);
  for (const digest of [...older].sort((a, b) => a.generation - b.generation)) {
    raiseTo(db, sessionId, digest.generation);
    const place = { sessionId, generation: digest.generation, coversFrom: digest.covers_from };
    putImportedDigest(db, place, digest);
  }
}

function insertLive(db: WritableDb, sessionId: number, incoming: Incoming, covers: boolean): void {
  const { meta, segments } = incoming;
  // Each segment raises the generation by one: what is left to the archived one is raised before.
  raiseTo(db, sessionId, meta.raw_generation - segments.length);
  insertFiles(db, sessionId, incoming);
  const generation = coverFrom(db, sessionId, meta);
  const digest = presentDigest(incoming);
  if (digest !== null)
    putImportedDigest(db, { sessionId, generation, coversFrom: digest.covers_from }, digest);
  const covered = digest?.complete === true && covers;
  setAnalyzed(db, sessionId, {
    analyzedAt: covered ? meta.analyzed_at : null,
    digestAt: meta.digest_at,
  });
  db.run('UPDATE sessions SET analyze_error = $why WHERE id = $sessionId', {
    sessionId,
    why: meta.analyze_error,
  });
}

/** Its files with all their bytes, into a session that has none yet. */
export function insertFiles(db: WritableDb, sessionId: number, incoming: Incoming): void {
  for (const file of incoming.meta.files) {
    const fileId = putFile(db, sessionId, file);
    if (file.gone) continue;
    for (const segment of segmentsOfFile(incoming, file.key)) {
      const { log_offset: logOffset, raw_bytes: rawBytes } = segment;
      putSegment(
        db,
        { sessionId, fileId, logOffset },
        { rawBytes, sha256: Buffer.from(segment.sha256, 'hex'), data: segment.data() },
      );
    }
    db.run('UPDATE files SET extents = $extents WHERE id = $fileId', {
      fileId,
      extents: file.extents === null ? null : JSON.stringify(file.extents),
    });
    for (const version of file.versions ?? []) putVersion(db, fileId, version);
  }
  recountSession(db, sessionId);
}

/** Sets what digests must cover; returns the generation as it is now, which more segments than ever may have raised. */
function coverFrom(db: WritableDb, sessionId: number, meta: ArchivedMeta): number {
  db.run('UPDATE sessions SET covers_from = $coversFrom WHERE id = $sessionId', {
    sessionId,
    coversFrom: meta.covers_from,
  });
  return (
    db.get<{ raw_generation: number }>('SELECT raw_generation FROM sessions WHERE id = $sessionId', {
      sessionId,
    })?.raw_generation ?? 0
  );
}

/** What the other store evicted, into a session that is live and has nothing of its own: `place` is its present generation. */
export function insertEvicted(
  db: WritableDb,
  place: DigestPlace,
  incoming: Incoming,
  own: ArchivedEvent,
  dropped: ArchivedEvent | null,
): void {
  const { meta } = incoming;
  const { sessionId, generation } = place;
  // Its event makes tombstones of files that are there and hashed, and files that are gone.
  for (const file of meta.files) if (file.sha256 !== null) putFile(db, sessionId, { ...file, gone: false });
  db.run(
    'UPDATE sessions SET raw_bytes = $rawBytes, stored_bytes = $storedBytes, file_count = $files WHERE id = $sessionId',
    {
      sessionId,
      rawBytes: meta.raw_bytes,
      storedBytes: meta.stored_bytes,
      files: meta.file_count,
    },
  );
  const digest = presentDigest(incoming) ?? (dropped === null ? null : placeholder(meta));
  if (digest !== null) {
    putImportedDigest(db, place, digest);
    if (digest.complete && digest.origin == null)
      setAnalyzed(db, sessionId, { analyzedAt: meta.analyzed_at, digestAt: meta.digest_at });
  }
  db.run('UPDATE sessions SET digest_at = $digestAt, analyze_error = $why WHERE id = $sessionId', {
    sessionId,
    digestAt: meta.digest_at,
    why: meta.analyze_error,
  });
  putEvent(db, sessionId, meta.session_uid, { ...own, generation });
  if (dropped !== null && digest !== null) putEvent(db, sessionId, meta.session_uid, dropped);
}

/** The event by which a person has dropped the digest of what was evicted: it lies before no digest of that generation. */
export function droppedAfter(meta: ArchivedMeta): ArchivedEvent | null {
  return (
    meta.events.findLast(
      ({ kind, generation }) => kind === 'digest_dropped' && generation === meta.raw_generation,
    ) ?? null
  );
}

/** Nothing is evicted without a digest, also where a person drops it a moment later. */
function placeholder(meta: ArchivedMeta): ArchivedDigest | null {
  const at = meta.digest_at ?? meta.analyzed_at;
  if (at === null) return null;
  return {
    generation: meta.raw_generation,
    covers_from: meta.covers_from,
    complete: true,
    version: 0,
    made_at: at,
    json: '{}',
  };
}
