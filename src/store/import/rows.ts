/**
 * Single rows of an archived session into this store. Promises: adds only; what the schema refuses, it refuses here too: an
 * import is no way around it.
 */
import type { SessionUid } from '../../domain/ids.ts';
import type { Iso } from '../../domain/time.ts';
import {
  type ArchivedDigest,
  type ArchivedEvent,
  type ArchivedFile,
  type ArchivedMeta,
  type ArchivedTombstone,
  type ArchivedVersion,
  eventIdentity,
  type Incoming,
  importedKind,
} from '../archived.ts';
import type { ReadableDb, WritableDb } from '../connection.ts';
import { refuseLastRoom } from '../room.ts';
import { followSearch } from '../search/documents.ts';
import { sha256 } from '../segments.ts';
import { insertVersion } from '../versions.ts';

/** Inserts the events that are not known yet, as those of another store. Returns how many. */
export function addEvents(
  db: WritableDb,
  sessionId: number,
  uid: string,
  events: readonly ArchivedEvent[],
): number {
  const known = new Set(
    db
      .all<Omit<ArchivedEvent, 'of_file'>>(
        'SELECT at, kind, generation, sweep_id, raw_bytes, stored_bytes, reason FROM events WHERE session_id = $sessionId',
        { sessionId },
      )
      .map(eventIdentity),
  );
  let added = 0;
  for (const event of events) {
    if (known.has(eventIdentity(event))) continue;
    known.add(eventIdentity(event));
    putEvent(db, sessionId, uid, { ...event, kind: importedKind(event.kind) });
    added += 1;
  }
  return added;
}

export function putEvent(
  db: WritableDb,
  sessionId: number,
  uid: string,
  event: Omit<ArchivedEvent, 'of_file'>,
): void {
  db.run(
    `INSERT INTO events (at, kind, session_id, session_uid, generation, sweep_id, raw_bytes, stored_bytes, reason)
     VALUES ($at, $kind, $sessionId, $uid, $generation, $sweepId, $rawBytes, $storedBytes, $reason)`,
    {
      at: event.at,
      kind: event.kind,
      sessionId,
      uid,
      generation: event.generation,
      sweepId: event.sweep_id,
      rawBytes: event.raw_bytes,
      storedBytes: event.stored_bytes,
      reason: event.reason,
    },
  );
}

/**
 * Tombstones that are not known yet, and what their bytes said. One of which no event tells is left out: it would be refused. `beside`:
 * those of a store whose generations are not this one's stand below zero, as -1 - generation. For archives that a person vouches for:
 * a stranger's word on what bytes say would keep a transcript of this machine from being stored.
 */
export function addTombstones(
  db: WritableDb,
  sessionId: number,
  stones: readonly ArchivedTombstone[],
  beside: boolean,
): void {
  for (const stone of stones) {
    db.run(
      `INSERT INTO tombstones (session_id, generation, key, raw_bytes, sha256)
       SELECT $sessionId, $generation, $key, $rawBytes, $sha256
       WHERE NOT EXISTS (SELECT 1 FROM tombstones WHERE session_id = $sessionId AND key = $key AND raw_bytes = $rawBytes
           AND sha256 = $sha256)
         AND EXISTS (SELECT 1 FROM events WHERE session_id = $sessionId AND generation IN ($generation, -1 - $generation)
           AND kind IN ('imported evicted', 'imported data_loss'))`,
      {
        sessionId,
        generation: beside && stone.generation >= 0 ? -1 - stone.generation : stone.generation,
        key: stone.key,
        rawBytes: stone.raw_bytes,
        sha256: Buffer.from(stone.sha256, 'hex'),
      },
    );
    noteSaid(db, sessionId, stone);
  }
}

/** What was noted here, of the bytes themselves, stays. */
function noteSaid(db: WritableDb, sessionId: number, { sha256: of, content }: ArchivedTombstone): void {
  if (content === undefined) return;
  db.run(
    `INSERT INTO contents (sha256, records, content) SELECT $of, $records, $said
     WHERE EXISTS (SELECT 1 FROM tombstones WHERE session_id = $sessionId AND sha256 = $of)
     ON CONFLICT (sha256) DO NOTHING`,
    {
      sessionId,
      of: Buffer.from(of, 'hex'),
      records: content.records,
      said: Buffer.from(content.sha256, 'hex'),
    },
  );
}

export interface DigestPlace {
  readonly sessionId: number;
  readonly generation: number;
  readonly coversFrom: number;
}

export function putImportedDigest(db: WritableDb, place: DigestPlace, digest: ArchivedDigest): void {
  db.run(
    `INSERT INTO digests (session_id, generation, covers_from, complete, version, made_at, bytes, json, sha256, origin)
     VALUES ($sessionId, $generation, $coversFrom, $complete, $version, $madeAt, $bytes, $json, $sha256, $origin)`,
    {
      ...place,
      origin: digest.origin ?? null,
      complete: digest.complete ? 1 : 0,
      version: digest.version,
      madeAt: digest.made_at,
      bytes: Buffer.byteLength(digest.json),
      json: digest.json,
      sha256: sha256(Buffer.from(digest.json)),
    },
  );
  followSearch(db, place.sessionId);
}

/** Raises the generation of a live session, one by one as the schema wants it. */
export function raiseTo(db: WritableDb, sessionId: number, generation: number): void {
  for (let at = generationOf(db, sessionId); at < generation; at += 1)
    db.run(
      'UPDATE sessions SET raw_generation = raw_generation + 1, analyzed_at = NULL WHERE id = $sessionId',
      { sessionId },
    );
}

export function generationOf(db: ReadableDb, sessionId: number): number {
  return (
    db.get<{ raw_generation: number }>('SELECT raw_generation FROM sessions WHERE id = $sessionId', {
      sessionId,
    })?.raw_generation ?? 0
  );
}

export function putFile(db: WritableDb, sessionId: number, file: ArchivedFile): number {
  return db.run(
    `INSERT INTO files (session_id, role, key, rel_path, encoding, raw_bytes, sha256, gone)
     VALUES ($sessionId, $role, $key, $relPath, $encoding, $rawBytes, $sha256, $gone)`,
    {
      sessionId,
      role: file.role,
      key: file.key,
      relPath: file.rel_path,
      encoding: file.encoding,
      rawBytes: file.raw_bytes,
      sha256: file.sha256 === null ? null : Buffer.from(file.sha256, 'hex'),
      gone: file.gone ? 1 : 0,
    },
  ).lastInsertRowid;
}

export function putSegment(
  db: WritableDb,
  place: { readonly sessionId: number; readonly fileId: number; readonly logOffset: number },
  segment: { readonly rawBytes: number; readonly sha256: Uint8Array; readonly data: Uint8Array },
): void {
  refuseLastRoom(db, segment.data.length);
  db.run(
    `INSERT INTO segments (session_id, file_id, log_offset, raw_bytes, stored_bytes, sha256, data)
     VALUES ($sessionId, $fileId, $logOffset, $rawBytes, $storedBytes, $sha256, $data)`,
    { ...place, ...segment, storedBytes: segment.data.length },
  );
}

/** What a file was before; its bytes are there by now. */
export function putVersion(db: WritableDb, fileId: number, version: ArchivedVersion): void {
  insertVersion(db, fileId, {
    number: version.number,
    replacedAt: version.replaced_at,
    rawBytes: version.raw_bytes,
    records: version.records,
    extents: version.extents,
    sha256: version.sha256 === null ? null : Buffer.from(version.sha256, 'hex'),
  });
}

export function setAnalyzed(
  db: WritableDb,
  sessionId: number,
  times: { readonly analyzedAt: Iso | null; readonly digestAt: Iso | null },
): void {
  db.run(
    'UPDATE sessions SET analyzed_at = coalesce(analyzed_at, $analyzedAt), digest_at = coalesce($digestAt, digest_at) WHERE id = $sessionId',
    { sessionId, ...times },
  );
}

/** The event that let an archived session go, as its store has it; null where there is none: then it was never evicted. */
export function lettingGo(meta: ArchivedMeta): ArchivedEvent | null {
  const own = meta.events.filter(
    ({ kind, generation, of_file: ofFile }) =>
      !ofFile && generation === meta.raw_generation && (kind === 'evicted' || kind === 'data_loss'),
  );
  return own.at(-1) ?? null;
}

/** The digest that stands for what an archived session holds, or held when it was evicted. */
export function presentDigest({ meta, digests }: Incoming): ArchivedDigest | null {
  return digests.find(({ generation }) => generation === meta.raw_generation) ?? null;
}

export function uidOf(meta: ArchivedMeta): SessionUid {
  return meta.session_uid as SessionUid;
}
