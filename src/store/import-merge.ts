/**
 * A session that both stores have, into one: every byte, digest, tombstone and event of either is kept.
 * Promises: the same twice changes nothing; the longer raw and the better digest are the present ones; what cannot be both
 * is told as a conflict and kept beside; a digest is called complete only of the very content that it was made of.
 */
import type { SessionRow } from '../domain/session.ts';
import type { Iso } from '../domain/time.ts';
import { type ArchivedDigest, type ArchivedFile, eventIdentity, type Incoming } from './archived.ts';
import type { ReadableDb, WritableDb } from './connection.ts';
import { adoptDigest, digestAt, isBetter, keepBeside, letDigestStand } from './import-digests.ts';
import { isOtherContent, isSameContent, mergeEvicted } from './import-evicted.ts';
import { applyFile, type FileMerge, incomingVersion, planFile, prefixHash } from './import-raw.ts';
import { addEvents, addTombstones, presentDigest, putSegment, putVersion } from './import-rows.ts';
import { filesOf, listEvents, sessionIdOf } from './read.ts';
import { tombstonesOf } from './read-sources.ts';
import type { StoredFile } from './rows.ts';
import { removedRanges } from './segments.ts';
import { ensureFile, recountSession } from './write-raw.ts';
import { putReturn } from './write-return.ts';

export interface MergePlan {
  readonly kind: 'grow' | 'return' | 'evicted';
  /** Files that are here and there. */
  readonly both: readonly { readonly stored: StoredFile; readonly merge: FileMerge }[];
  /** Files that are only there. */
  readonly added: readonly ArchivedFile[];
  /** Nothing is here that is not there. */
  readonly theirsHasAll: boolean;
  /** Compressed bytes that would be added, at most. */
  readonly storedBytes: number;
  readonly conflict: string | null;
}

/** Decides; reads only. */
export function planMerge(db: ReadableDb, local: SessionRow, incoming: Incoming): MergePlan {
  const { meta, segments } = incoming;
  const live = meta.files.filter(({ gone }) => !gone);
  const all = segments.reduce((sum, { stored_bytes: bytes }) => sum + bytes, 0);
  const none = { both: [], added: [], theirsHasAll: true, storedBytes: 0, conflict: null };
  if (meta.evicted_at !== null) {
    const isOther = presentDigest(incoming) !== null && isOtherContent(db, local, incoming);
    const where = local.evictedAt === null ? 'here it is live' : 'here it was evicted';
    return {
      ...none,
      kind: 'evicted',
      theirsHasAll: false,
      conflict: isOther ? `what was evicted there is not what is here (${where}); both digests stay` : null,
    };
  }
  if (local.evictedAt !== null) return { ...none, kind: 'return', added: live, storedBytes: all };
  const stored = filesOf(db, local.uid).filter(({ gone }) => !gone);
  const both = live.flatMap((file) => {
    const here = stored.find(({ key }) => key === file.key);
    return here === undefined ? [] : [{ stored: here, merge: planFile(db, local.uid, here, incoming, file) }];
  });
  const added = live.filter((file) => !both.some(({ merge }) => merge.file === file));
  const differing = both.filter(({ merge }) => merge.kind === 'both').map(({ merge }) => merge.file.key);
  return {
    kind: 'grow',
    both,
    added,
    theirsHasAll:
      both.length === stored.length &&
      both.every(({ merge }) => merge.kind === 'same' || merge.kind === 'longer'),
    storedBytes: storedOf(incoming, added) + both.reduce((sum, { merge }) => sum + merge.storedBytes, 0),
    conflict:
      differing.length === 0
        ? null
        : `${differing.join(', ')} differs; the longer version is the present one, the other is in \`show --removed\``,
  };
}

function storedOf(incoming: Incoming, files: readonly ArchivedFile[]): number {
  const keys = new Set(files.map(({ key }) => key));
  return incoming.segments
    .filter(({ key }) => keys.has(key))
    .reduce((sum, { stored_bytes: bytes }) => sum + bytes, 0);
}

/** Whether carrying the plan out would change anything that a person sees. For a dry run, which may not try. */
export function bringsNews(db: ReadableDb, local: SessionRow, incoming: Incoming, plan: MergePlan): boolean {
  const { meta } = incoming;
  const known = new Set(listEvents(db, { uid: local.uid }).map(eventIdentity));
  if (plan.kind === 'return' || plan.conflict !== null || plan.added.length > 0) return true;
  if (plan.both.some(({ merge }) => merge.theirsWins || merge.storedBytes > 0 || merge.versions.length > 0))
    return true;
  if ((meta.pinned && !local.pinned) || meta.events.some((event) => !known.has(eventIdentity(event))))
    return true;
  if (tellsMore(db, local, incoming)) return true;
  const digest = presentDigest(incoming);
  const isKnown = ({ json }: ArchivedDigest) =>
    db.get(
      'SELECT 1 AS found FROM digests d JOIN sessions s ON s.id = d.session_id WHERE session_uid = $uid AND json = $json',
      { uid: local.uid, json },
    ) !== null;
  if (incoming.digests.some((each) => each !== digest && !isKnown(each))) return true;
  const stands = plan.kind === 'evicted' ? isSameContent(db, local, incoming) : plan.theirsHasAll;
  if (digest === null || !stands) return false;
  const ours = digestAt(db, sessionIdOf(db, local.uid), local.generation);
  return ours === null || isBetter(digest, ours);
}

/** Carries the plan out, within the caller's transaction. Returns whether anything is different now. */
export function applyMerge(
  db: WritableDb,
  local: SessionRow,
  incoming: Incoming,
  plan: MergePlan,
  at: Iso,
): boolean {
  const sessionId = sessionIdOf(db, local.uid);
  const before = stateOf(db, sessionId);
  if (plan.kind === 'return') {
    const isAsItWas = isSameContent(db, local, incoming) && !hasRemoved(incoming);
    bringBack(db, sessionId, local, incoming, at);
    if (isAsItWas) letDigestStand(db, sessionId, local);
  }
  if (plan.kind === 'grow') grow(db, sessionId, incoming, plan, at);
  // What was evicted there before and came back changed is in no raw file, here or there.
  const present = presentDigest(incoming);
  const older = incoming.digests.filter((digest) => digest !== present);
  keepBeside(db, { sessionId, uid: local.uid, at }, incoming, older);
  addEvents(db, sessionId, local.uid, incoming.meta.events);
  addTombstones(db, sessionId, incoming.meta.tombstones, true);
  describe(db, sessionId, incoming);
  recountIfLive(db, sessionId);
  if (plan.kind === 'evicted') mergeEvicted(db, sessionId, local, incoming, plan.conflict !== null, at);
  else if (plan.theirsHasAll) adoptDigest(db, sessionId, incoming);
  if (incoming.meta.pinned) db.run('UPDATE sessions SET pinned = 1 WHERE id = $sessionId', { sessionId });
  return stateOf(db, sessionId) !== before;
}

/** What a merge may have changed, in one text. */
function stateOf(db: ReadableDb, sessionId: number): string {
  return JSON.stringify([
    // When it was first stored anywhere is nothing that a person would call a change.
    {
      ...db.get<object>('SELECT * FROM sessions WHERE id = $sessionId', { sessionId }),
      ingested_at: null,
      evict_key: null,
      age_key: null,
      last_key: null,
    },
    db.get('SELECT count(*) AS n FROM events WHERE session_id = $sessionId', { sessionId }),
    db.get('SELECT count(*) AS n FROM tombstones WHERE session_id = $sessionId', { sessionId }),
    db.all('SELECT generation, hex(sha256) AS h FROM digests WHERE session_id = $sessionId', { sessionId }),
    db.all('SELECT key, log_bytes, extents FROM files WHERE session_id = $sessionId', { sessionId }),
    db.get('SELECT count(*) AS n FROM versions WHERE session_id = $sessionId', { sessionId }),
  ]);
}

function grow(
  db: WritableDb,
  sessionId: number,
  incoming: Incoming,
  { both, added }: MergePlan,
  at: Iso,
): void {
  for (const { stored, merge } of both) applyFile(db, sessionId, stored, incoming, merge, at);
  for (const file of added) addFile(db, sessionId, incoming, file);
}

/** A file whole, into a session that is live or returning. */
function addFile(db: WritableDb, sessionId: number, incoming: Incoming, file: ArchivedFile): void {
  const { role, key, rel_path: relPath, encoding } = file;
  const fileId = ensureFile(db, sessionId, { role, key, relPath, encoding });
  for (const segment of incoming.segments) {
    if (segment.key !== key) continue;
    putSegment(
      db,
      { sessionId, fileId, logOffset: segment.log_offset },
      { rawBytes: segment.raw_bytes, sha256: Buffer.from(segment.sha256, 'hex'), data: segment.data() },
    );
  }
  db.run('UPDATE files SET raw_bytes = $rawBytes, extents = $extents, sha256 = $sha256 WHERE id = $fileId', {
    fileId,
    rawBytes: file.raw_bytes,
    extents: file.extents === null ? null : JSON.stringify(file.extents),
    sha256: file.sha256 === null ? null : Buffer.from(file.sha256, 'hex'),
  });
  for (const version of file.versions ?? []) putVersion(db, fileId, version);
}

/** The raw bytes of what was evicted here are in the other store: a person brings them back. */
function bringBack(db: WritableDb, sessionId: number, local: SessionRow, incoming: Incoming, at: Iso): void {
  putReturn(db, sessionId, at, continues(db, local, incoming), 'imported');
  for (const file of incoming.meta.files) if (!file.gone) addFile(db, sessionId, incoming, file);
}

/** A digest reads removed lines too: one that was made without them does not stand for a log that has them. */
function hasRemoved({ meta }: Incoming): boolean {
  return meta.files.some(
    ({ gone, extents, raw_bytes: rawBytes, log_bytes: logBytes }) =>
      !gone && extents !== null && rawBytes !== logBytes,
  );
}

/** Whether what was evicted stands unchanged at the start of what comes back: then a new digest covers the old one too. */
function continues(db: ReadableDb, local: SessionRow, incoming: Incoming): boolean {
  const stones = tombstonesOf(db, local.uid);
  const newest = stones.filter(({ generation }) => generation === local.generation);
  const hadRemoved = filesOf(db, local.uid).some((file) => file.gone && removedRanges(file).length > 0);
  if (hadRemoved) return false;
  return newest.every((stone) => {
    const file = incoming.meta.files.find(({ key, gone }) => key === stone.key && !gone);
    if (file === undefined || file.raw_bytes < stone.rawBytes) return false;
    return (
      prefixHash(incomingVersion(incoming, file), stone.rawBytes) ===
      Buffer.from(stone.sha256).toString('hex')
    );
  });
}

function recountIfLive(db: WritableDb, sessionId: number): void {
  const live = db.get('SELECT 1 AS found FROM sessions WHERE id = $sessionId AND evicted_at IS NULL', {
    sessionId,
  });
  if (live !== null) recountSession(db, sessionId);
}

/** What only the other store knows of the session; the later one's words where both know. */
const newer = (name: string) =>
  `CASE WHEN ${name} IS NULL THEN $${name} WHEN $${name} IS NULL THEN ${name}
     WHEN coalesce($ended_at, '') > coalesce(ended_at, '') THEN $${name}
     WHEN coalesce($ended_at, '') = coalesce(ended_at, '') THEN max(${name}, $${name}) ELSE ${name} END`;
const DESCRIBED: readonly (readonly [string, string])[] = [
  ...['project', 'title', 'branch', 'parent_uid'].map((name) => [name, newer(name)] as const),
  ['started_at', 'coalesce(min(started_at, $started_at), started_at, $started_at)'],
  ['ended_at', 'coalesce(max(ended_at, $ended_at), ended_at, $ended_at)'],
];

function described({ meta }: Incoming) {
  return {
    project: meta.project,
    title: meta.title,
    branch: meta.branch,
    parent_uid: meta.parent_uid,
    started_at: meta.started_at,
    ended_at: meta.ended_at,
  };
}

function describe(db: WritableDb, sessionId: number, incoming: Incoming): void {
  db.run(
    `UPDATE sessions SET ${DESCRIBED.map(([name, value]) => `${name} = ${value}`).join(', ')},
       ingested_at = coalesce(min(ingested_at, $ingested_at), ingested_at, $ingested_at) WHERE id = $sessionId`,
    { sessionId, ...described(incoming), ingested_at: incoming.meta.ingested_at },
  );
}

function tellsMore(db: ReadableDb, local: SessionRow, incoming: Incoming): boolean {
  const differs = DESCRIBED.map(([name, value]) => `${name} IS NOT ${value}`).join(' OR ');
  const params = { uid: local.uid, ...described(incoming) };
  return db.get(`SELECT 1 AS found FROM sessions WHERE session_uid = $uid AND (${differs})`, params) !== null;
}
