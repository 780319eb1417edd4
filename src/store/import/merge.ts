/**
 * A session that both stores have, into one: what merge/decide.ts says is carried out here.
 * Promises: every byte, digest, tombstone and event of either is kept; the same twice changes nothing; what cannot be both is
 * kept beside; a digest is called complete only of the very content that it was made of.
 */
import type { SessionRow } from '../../domain/session.ts';
import type { Iso } from '../../domain/time.ts';
import type { Merge, OfferedSession } from '../../merge/decide.ts';
import {
  type ArchivedDigest,
  type ArchivedFile,
  eventIdentity,
  type Incoming,
  segmentsOfFile,
} from '../archived.ts';
import type { ReadableDb, WritableDb } from '../connection.ts';
import { filesOf, listEvents, sessionIdOf } from '../read.ts';
import { tombstonesOf } from '../read-sources.ts';
import type { StoredFile } from '../rows.ts';
import { removedRanges } from '../segments.ts';
import { ensureFile, noteEvent, recountSession } from '../write-raw.ts';
import { putReturn } from '../write-return.ts';
import { adoptDigest, isKept, keepBeside, letDigestStand } from './digests.ts';
import { contentAtSight, contentOfEvicted, isDigestAlone, isSameContent, mergeEvicted } from './evicted.ts';
import { incomingVersion, prefixHash } from './incoming.ts';
import { applyFile, type FileMerge, planFile, standingAtSight, unknownVersions } from './raw.ts';
import { addEvents, addTombstones, presentDigest, putSegment, putVersion } from './rows.ts';

/** How a session of an archive stands to the one that is here. */
export interface Compared {
  /** Files that are here and there. */
  readonly both: readonly { readonly stored: StoredFile; readonly merge: FileMerge }[];
  /** Files that are only there. */
  readonly added: readonly ArchivedFile[];
  /** Compressed bytes that would be added, at most. */
  readonly storedBytes: number;
  /** What was evicted here stands unchanged at the start of what comes: then a new digest covers the old one too. */
  readonly continues: boolean;
  /** What is live here has lines that its agent removed. */
  readonly hasRemoved: boolean;
  /** For the decision. */
  readonly offer: Pick<OfferedSession, 'kind' | 'files' | 'isEmpty' | 'holdsAll' | 'content'>;
}

/** Reads only. */
export function compared(db: ReadableDb, local: SessionRow, incoming: Incoming): Compared {
  const live = incoming.meta.files.filter(({ gone }) => !gone);
  const files = new Map(live.map(({ key }) => [key, 'added' as const]));
  const stored = filesOf(db, local.uid).filter(({ gone }) => !gone);
  const hasRemoved = stored.some((file) => removedRanges(file).length > 0);
  const none = { both: [], added: [], storedBytes: 0, continues: false, hasRemoved };
  const isEmpty = incoming.segments.length === 0;
  if (incoming.meta.evicted_at !== null) {
    const content = contentOfEvicted(db, local, incoming);
    return { ...none, offer: { kind: 'evicted', files: new Map(), isEmpty: true, holdsAll: false, content } };
  }
  if (local.evictedAt !== null) {
    const storedBytes = incoming.segments.reduce((sum, { stored_bytes: bytes }) => sum + bytes, 0);
    const isContinued = continues(db, local, incoming);
    const isAsItWas = isSameContent(db, local, incoming) && !bringsRemoved(incoming);
    const content = isAsItWas ? 'same' : isContinued ? 'known' : 'other';
    return {
      ...none,
      added: live,
      storedBytes,
      continues: isContinued,
      offer: { kind: 'live', files, isEmpty, holdsAll: true, content },
    };
  }
  return { ...none, ...comparedLive(db, local, incoming, live, stored) };
}

function comparedLive(
  db: ReadableDb,
  local: SessionRow,
  incoming: Incoming,
  live: readonly ArchivedFile[],
  stored: readonly StoredFile[],
): Omit<Compared, 'continues' | 'hasRemoved'> {
  const both = live.flatMap((file) => {
    const here = stored.find(({ key }) => key === file.key);
    return here === undefined ? [] : [{ stored: here, merge: planFile(db, local.uid, here, incoming, file) }];
  });
  const added = live.filter((file) => !both.some(({ merge }) => merge.file === file));
  const standings = both.map(({ merge }) => [merge.file.key, merge.standing] as const);
  const holdsAll =
    both.length === stored.length &&
    both.every(({ merge }) => merge.kind === 'same' || merge.kind === 'longer');
  return {
    both,
    added,
    storedBytes: storedOf(incoming, added) + both.reduce((sum, { merge }) => sum + merge.storedBytes, 0),
    offer: {
      kind: 'live',
      isEmpty: incoming.segments.length === 0,
      files: new Map([...standings, ...added.map(({ key }) => [key, 'added'] as const)]),
      holdsAll,
      content: 'other',
    },
  };
}

/** The same of an archive of a stranger, of which nothing is taken: what it costs is bounded by what the archive holds. */
export function comparedAtSight(db: ReadableDb, local: SessionRow, incoming: Incoming): Compared['offer'] {
  const { meta } = incoming;
  const none = { files: new Map(), isEmpty: incoming.segments.length === 0, holdsAll: false };
  if (meta.evicted_at !== null)
    return { ...none, kind: 'evicted', content: contentAtSight(db, local, incoming) };
  if (local.evictedAt !== null) return { ...none, kind: 'live', content: 'other' };
  const stored = new Map(
    filesOf(db, local.uid)
      .filter(({ gone }) => !gone)
      .map((file) => [file.key, file]),
  );
  const standings = meta.files
    .filter(({ gone }) => !gone)
    .map((file) => {
      const here = stored.get(file.key);
      const standing =
        here === undefined ? ('added' as const) : standingAtSight(db, local.uid, here, incoming, file);
      return [file.key, standing] as const;
    });
  return { ...none, kind: 'live', files: new Map(standings), content: 'other' };
}

function storedOf(incoming: Incoming, files: readonly ArchivedFile[]): number {
  return files
    .flatMap(({ key }) => segmentsOfFile(incoming, key))
    .reduce((sum, { stored_bytes: bytes }) => sum + bytes, 0);
}

/** Whether carrying the decision out would change anything that a person sees. For a dry run, which may not try. */
export function bringsNews(
  db: ReadableDb,
  local: SessionRow,
  incoming: Incoming,
  { both, added, storedBytes }: Compared,
  decision: Merge,
): boolean {
  const { meta } = incoming;
  if (decision.bytes === 'return' || decision.conflict || decision.vouches || decision.digest === 'adopt')
    return true;
  if (decision.bytes === 'grow') {
    if (decision.replaced.size > 0 || added.length > 0 || storedBytes > 0) return true;
    if (both.some(({ stored, merge }) => unknownVersions(db, local.uid, stored, merge, false).length > 0))
      return true;
  }
  const known = new Set(listEvents(db, { uid: local.uid }).map(eventIdentity));
  if ((meta.pinned && !local.pinned) || meta.events.some((event) => !known.has(eventIdentity(event))))
    return true;
  if (tellsMore(db, local, incoming, decision.facts)) return true;
  const sessionId = sessionIdOf(db, local.uid);
  return olderDigests(db, local, incoming).some((each) => !isKept(db, sessionId, each));
}

/** What was evicted there before and came back changed is in no raw file, here or there. A stranger's stands beside no file. */
function olderDigests(db: ReadableDb, local: SessionRow, incoming: Incoming): readonly ArchivedDigest[] {
  const present = presentDigest(incoming);
  const older = incoming.digests.filter((digest) => digest !== present);
  return isDigestAlone(db, local) ? older : older.filter(({ origin }) => origin == null);
}

/** Carries the decision out, within the caller's transaction. Returns whether anything is different now. */
export function applyMerge(
  db: WritableDb,
  local: SessionRow,
  incoming: Incoming,
  { both, added, continues: isContinued }: Compared,
  decision: Merge,
  at: Iso,
): boolean {
  const sessionId = sessionIdOf(db, local.uid);
  const before = stateOf(db, sessionId);
  const older = olderDigests(db, local, incoming);
  if (decision.bytes === 'return') {
    // The raw bytes of what was evicted here are in the other store: a person brings them back.
    putReturn(db, sessionId, at, isContinued, 'imported');
    for (const file of incoming.meta.files) if (!file.gone) addFile(db, sessionId, incoming, file);
    if (decision.stands) letDigestStand(db, sessionId, local);
  }
  if (decision.bytes === 'grow') {
    const place = { sessionId, uid: local.uid };
    for (const { stored, merge } of both) {
      const theirsWins = decision.replaced.has(merge.file.key);
      applyFile(db, place, stored, incoming, { merge, theirsWins }, at);
    }
    for (const file of added) addFile(db, sessionId, incoming, file);
  }
  keepBeside(db, { sessionId, uid: local.uid, at }, incoming, older);
  if (incoming.meta.evicted_at !== null) mergeEvicted(db, { sessionId, local, at }, incoming, decision);
  else if (decision.digest === 'adopt') adoptDigest(db, sessionId, incoming);
  describe(db, sessionId, incoming, decision.facts);
  recountIfLive(db, sessionId);
  // Events that were carried out as one's own are known by now.
  addEvents(db, sessionId, local.uid, incoming.meta.events);
  addTombstones(db, sessionId, incoming.meta.tombstones, true);
  if (incoming.meta.pinned) db.run('UPDATE sessions SET pinned = 1 WHERE id = $sessionId', { sessionId });
  if (decision.vouches) vouch(db, sessionId, at);
  return stateOf(db, sessionId) !== before;
}

/** The session is no stranger's any more. The event comes last: it alone lets the mark go. */
function vouch(db: WritableDb, sessionId: number, at: Iso): void {
  noteEvent(db, { kind: 'vouched', sessionId, at, reason: 'an archive that is trusted has all of it' });
  db.run('UPDATE sessions SET origin = NULL WHERE id = $sessionId', { sessionId });
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

/** A file whole, into a session that is live or returning. */
function addFile(db: WritableDb, sessionId: number, incoming: Incoming, file: ArchivedFile): void {
  const { role, key, rel_path: relPath, encoding } = file;
  const fileId = ensureFile(db, sessionId, { role, key, relPath, encoding });
  for (const segment of segmentsOfFile(incoming, key)) {
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

/** A digest reads removed lines too: one that was made without them does not stand for a log that has them. */
function bringsRemoved({ meta }: Incoming): boolean {
  return meta.files.some(
    ({ gone, extents, raw_bytes: rawBytes, log_bytes: logBytes }) =>
      !gone && extents !== null && rawBytes !== logBytes,
  );
}

/** Whether what was evicted stands unchanged at the start of what comes back. */
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

/** Of a session whose facts are those of the archive, those of here, or of whichever is the later state. */
type Facts = Merge['facts'];
const TEXTS = ['project', 'title', 'branch', 'parent_uid'];
const missing = (name: string) => `coalesce(${name}, $${name})`;
const all = (name: string) => `coalesce($${name}, ${name})`;
const later = (name: string) =>
  `CASE WHEN ${name} IS NULL THEN $${name} WHEN $${name} IS NULL THEN ${name}
     WHEN coalesce($ended_at, '') > coalesce(ended_at, '') THEN $${name}
     WHEN coalesce($ended_at, '') = coalesce(ended_at, '') THEN max(${name}, $${name}) ELSE ${name} END`;

function factsOf(facts: Facts): readonly (readonly [string, string])[] {
  if (facts === 'later')
    return [
      ...TEXTS.map((name) => [name, later(name)] as const),
      ['started_at', 'coalesce(min(started_at, $started_at), started_at, $started_at)'],
      ['ended_at', 'coalesce(max(ended_at, $ended_at), ended_at, $ended_at)'],
    ];
  const of = facts === 'all' ? all : missing;
  return [...TEXTS, 'started_at', 'ended_at'].map((name) => [name, of(name)] as const);
}

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

function describe(db: WritableDb, sessionId: number, incoming: Incoming, facts: Facts): void {
  const set = factsOf(facts).map(([name, value]) => `${name} = ${value}`);
  db.run(
    `UPDATE sessions SET ${set.join(', ')},
       ingested_at = coalesce(min(ingested_at, $ingested_at), ingested_at, $ingested_at) WHERE id = $sessionId`,
    { sessionId, ...described(incoming), ingested_at: incoming.meta.ingested_at },
  );
}

function tellsMore(db: ReadableDb, local: SessionRow, incoming: Incoming, facts: Facts): boolean {
  const differs = factsOf(facts)
    .map(([name, value]) => `${name} IS NOT ${value}`)
    .join(' OR ');
  const params = { uid: local.uid, ...described(incoming) };
  return db.get(`SELECT 1 AS found FROM sessions WHERE session_uid = $uid AND (${differs})`, params) !== null;
}
