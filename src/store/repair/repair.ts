/**
 * Mends what `verify` finds in a store that SQLite can read: damaged segments are taken again from the agent's own file, hashes
 * and counts are made anew, and what cannot be had again is recorded as lost.
 * Promises: decides first, then does; new bytes come in only where their SHA-256, or that of the whole file, is the recorded
 * one; a good segment is never touched, a damaged one goes only for its like; a loss is an event, and drops nothing.
 */
import { messageOf } from '../../domain/errors.ts';
import type { SessionUid } from '../../domain/ids.ts';
import { killPoint } from '../../domain/kill-point.ts';
import type { Iso } from '../../domain/time.ts';
import type { ReadableDb, WritableDb } from '../connection.ts';
import { filesOf, sourcesOf } from '../read.ts';
import type { StoredFile } from '../rows.ts';
import { catchUpSearch, rebuildSearchIndex } from '../search/documents.ts';
import { logChunks, sameBytes, sha256 } from '../segments.ts';
import type { DamagedPlace, Diagnosis, SchemaChange } from '../verify/findings.ts';
import { applySchemaChange } from '../verify/schema.ts';
import { dropVersion } from '../versions.ts';
import { forgetDigest } from '../whole-digest.ts';
import { setFileVersion } from '../write-raw.ts';
import { hasRecordedHash, type OwnFiles, ownRange } from './own.ts';

/** What a repair does about one finding. `from`: the agent's file that still has the bytes. */
export type RepairStep =
  | {
      readonly kind: 'retake';
      readonly finding: Diagnosis;
      readonly place: DamagedPlace;
      readonly from: string;
    }
  | { readonly kind: 'rehash'; readonly finding: Diagnosis; readonly place: DamagedPlace }
  | { readonly kind: 'reindex' | 'search' | 'recount' | 'analyze'; readonly finding: Diagnosis }
  | { readonly kind: 'schema'; readonly finding: Diagnosis; readonly change: SchemaChange }
  | {
      readonly kind: 'lose';
      readonly finding: Diagnosis;
      readonly place: DamagedPlace | null;
      readonly why: string;
    };

/** Decides for each finding. Reads the agent's files, changes nothing. Findings that ask for a rebuild are left out. */
export async function planRepair(
  db: ReadableDb,
  findings: readonly Diagnosis[],
  own: OwnFiles,
): Promise<RepairStep[]> {
  const steps: RepairStep[] = [];
  for (const finding of findings) {
    const step = await stepFor(db, finding, own);
    if (step !== null) steps.push(step);
  }
  return steps;
}

async function stepFor(db: ReadableDb, finding: Diagnosis, own: OwnFiles): Promise<RepairStep | null> {
  const { cure, place } = finding;
  switch (cure) {
    case 'index':
      return { kind: 'reindex', finding };
    case 'search':
      return { kind: 'search', finding };
    case 'schema':
      return finding.schema === undefined ? null : { kind: 'schema', finding, change: finding.schema };
    case 'books':
      return { kind: 'recount', finding };
    case 'digest':
      return isLive(db, finding)
        ? { kind: 'analyze', finding }
        : {
            kind: 'lose',
            finding,
            place: null,
            why: 'its raw bytes were evicted, so no digest can be made again',
          };
    case 'segment':
    case 'hash': {
      const file = fileOf(db, finding);
      if (place === null || file === null) return null;
      if (cure === 'hash' && isWholeLog(file)) return { kind: 'rehash', finding, place };
      return retakeOrLose(db, finding, place, file, own);
    }
    case 'version':
      return {
        kind: 'lose',
        finding,
        place: null,
        why: 'only how it was put together is lost; what it had is in the present version or in `show --removed`',
      };
    case 'rebuild':
      return null;
    default:
      return cure satisfies never;
  }
}

async function retakeOrLose(
  db: ReadableDb,
  finding: Diagnosis,
  place: DamagedPlace,
  file: StoredFile,
  own: OwnFiles,
): Promise<RepairStep> {
  const paths = pathsOf(db, finding, file);
  for (const path of paths) {
    if (finding.cure === 'hash') {
      if (await hasWholeLog(db, file, path, finding, own)) return { kind: 'rehash', finding, place };
    } else if ((await provenBytes(place, file, path, own)) !== null)
      return { kind: 'retake', finding, place, from: path };
  }
  const why =
    paths.length === 0
      ? 'the agent has no file of it any more'
      : "the agent's own file does not have these bytes any more";
  return { kind: 'lose', finding, place, why };
}

/** Whether the agent's file is, byte for byte, all that was stored of it: then that is the version, whatever was recorded. */
async function hasWholeLog(
  db: ReadableDb,
  file: StoredFile,
  path: string,
  finding: Diagnosis,
  own: OwnFiles,
): Promise<boolean> {
  try {
    const hasher = new Bun.CryptoHasher('sha256');
    for (const chunk of logChunks(db, uidOf(finding), file)) hasher.update(chunk);
    return await hasRecordedHash(own, path, { rawBytes: file.logBytes, sha256: hasher.digest('hex') });
  } catch {
    // Either cannot be read: then nothing is proven.
    return false;
  }
}

/** The bytes of a damaged place off the agent's file, where a recorded hash proves them. */
async function provenBytes(
  place: DamagedPlace,
  file: StoredFile,
  path: string,
  own: OwnFiles,
): Promise<Uint8Array | null> {
  try {
    const bytes = await ownRange(own, path, file, place.logOffset, place.rawBytes);
    if (bytes === null) return null;
    if (place.segment !== null) return sameBytes(sha256(bytes), place.segment.sha256) ? bytes : null;
    // Nothing is left of the segment, its hash included: the whole file's must hold for the agent's.
    return (await hasRecordedHash(own, path, file)) ? bytes : null;
  } catch {
    // Gone, unreadable, shorter: whatever it is, the bytes are not to be had from there.
    return null;
  }
}

/** Does what was decided, each step in a transaction of its own. Returns what could not be done, in words. */
export async function applyRepair(
  db: WritableDb,
  steps: readonly RepairStep[],
  deps: { readonly own: OwnFiles; readonly at: Iso },
): Promise<string[]> {
  const failed: string[] = [];
  // First: what is foreign must not act on what follows, and what guards must watch it.
  try {
    db.writeTransaction(() => {
      for (const step of steps) if (step.kind === 'schema') applySchemaChange(db, step.change);
    });
  } catch (thrown) {
    failed.push(`the schema cannot be put right: ${messageOf(thrown)}`);
  }
  if (steps.some(({ kind }) => kind === 'reindex')) {
    try {
      db.exec('REINDEX');
    } catch (thrown) {
      failed.push(`indexes cannot be made anew: ${messageOf(thrown)}`);
    }
  }
  if (steps.some(({ kind }) => kind === 'search')) {
    try {
      rebuildSearchIndex(db);
      catchUpSearch(db);
    } catch (thrown) {
      failed.push(`the search index cannot be made anew: ${messageOf(thrown)}`);
    }
  }
  for (const step of steps) {
    try {
      if (step.kind === 'retake') await retake(db, step, deps);
      if (step.kind === 'rehash') rehash(db, step);
      if (step.kind === 'lose') db.writeTransaction(() => recordLoss(db, step, deps.at));
      if (step.kind === 'analyze') forgetDigest(db, uidOf(step.finding));
    } catch (thrown) {
      failed.push(`${step.finding.session_uid ?? 'the store'}: ${messageOf(thrown)}`);
    }
    killPoint('repair.step');
  }
  db.writeTransaction(() => recount(db));
  return failed;
}

async function retake(
  db: WritableDb,
  { finding, place, from }: Extract<RepairStep, { kind: 'retake' }>,
  { own, at }: { readonly own: OwnFiles; readonly at: Iso },
): Promise<void> {
  const file = fileOf(db, finding);
  const bytes = file === null ? null : await provenBytes(place, file, from, own);
  if (bytes === null) throw new Error(`${from} has changed since it was looked at`);
  const data = Bun.zstdCompressSync(bytes, { level: 3 });
  const row = {
    at,
    uid: finding.session_uid,
    fileId: place.fileId,
    logOffset: place.logOffset,
    rawBytes: bytes.length,
    storedBytes: data.length,
    segmentId: place.segment?.id ?? null,
  };
  db.writeTransaction(() => {
    // The event first: without it the schema takes no second segment, and lets the damaged one not go.
    if (place.segment !== null)
      db.run(
        `INSERT INTO events (at, kind, session_id, session_uid, generation, raw_bytes, stored_bytes, reason, file_id, log_offset, segment_id)
         SELECT $at, 'repaired', id, session_uid, raw_generation, $rawBytes, $storedBytes, $reason, $fileId, $logOffset, $segmentId
         FROM sessions WHERE session_uid = $uid`,
        { ...row, reason: `${finding.problem}; taken again from ${from}` },
      );
    db.run(
      `INSERT INTO segments (session_id, file_id, log_offset, raw_bytes, stored_bytes, sha256, data)
       SELECT session_id, id, $logOffset, $rawBytes, $storedBytes, $sha256, $data FROM files WHERE id = $fileId`,
      {
        fileId: row.fileId,
        logOffset: row.logOffset,
        rawBytes: row.rawBytes,
        storedBytes: row.storedBytes,
        sha256: sha256(bytes),
        data,
      },
    );
    if (row.segmentId !== null) db.run('DELETE FROM segments WHERE id = $id', { id: row.segmentId });
  });
}

/** The segments hold each for itself and make the whole file, so the file's own hash and length are what was damaged. */
function rehash(db: WritableDb, { finding, place }: Extract<RepairStep, { kind: 'rehash' }>): void {
  const file = fileOf(db, finding);
  if (file === null) return;
  const hasher = new Bun.CryptoHasher('sha256');
  for (const chunk of logChunks(db, uidOf(finding), file)) hasher.update(chunk);
  setFileVersion(db, place.fileId, { rawBytes: file.logBytes, extents: null, sha256: hasher.digest() });
}

/** What rot took of one file, for good in the log. It lets nothing go: other segments and the rest of the session stay. */
function recordLoss(
  db: WritableDb,
  { finding, place, why }: Extract<RepairStep, { kind: 'lose' }>,
  at: Iso,
): void {
  db.run(
    `INSERT INTO events (at, kind, session_id, session_uid, generation, raw_bytes, stored_bytes, reason, file_id, log_offset, segment_id)
     SELECT $at, 'data_loss', s.id, s.session_uid, s.raw_generation, $rawBytes, $storedBytes, $reason,
       coalesce($fileId, (SELECT min(id) FROM files WHERE session_id = s.id)), $logOffset, $segmentId
     FROM sessions s WHERE session_uid = $uid`,
    {
      at,
      uid: finding.session_uid,
      rawBytes: place?.rawBytes ?? 0,
      storedBytes: place?.segment?.stored_bytes ?? 0,
      reason: `damaged: ${finding.problem}; ${why}`,
      fileId: place?.fileId ?? finding.version?.fileId ?? null,
      // Of a version no byte of the log is lost, and no digest: it names an empty range.
      logOffset: place?.logOffset ?? (finding.version === undefined ? null : 0),
      segmentId: place?.segment?.id ?? null,
    },
  );
  if (finding.version !== undefined) dropVersion(db, finding.version.id);
}

/** Every sum from the rows that it is the sum of. */
export function recount(db: WritableDb): void {
  db.run(
    `UPDATE sessions SET stored_bytes = (SELECT coalesce(sum(stored_bytes), 0) FROM segments WHERE session_id = sessions.id)
     WHERE evicted_at IS NULL
       AND stored_bytes <> (SELECT coalesce(sum(stored_bytes), 0) FROM segments WHERE session_id = sessions.id)`,
  );
  db.run(
    `UPDATE sessions SET digest_bytes = (SELECT coalesce(sum(bytes), 0) FROM digests WHERE session_id = sessions.id)
     WHERE digest_bytes <> (SELECT coalesce(sum(bytes), 0) FROM digests WHERE session_id = sessions.id)`,
  );
  db.run('DELETE FROM counters');
  db.run(
    `INSERT INTO counters (agent, state, pinned, sessions, raw_bytes, stored_bytes, digest_bytes)
     SELECT agent, state, pinned, count(*), sum(raw_bytes), sum(stored_bytes), sum(digest_bytes)
     FROM sessions GROUP BY agent, state, pinned`,
  );
}

function isLive(db: ReadableDb, { session_uid: uid }: Diagnosis): boolean {
  return (
    db.get('SELECT 1 AS found FROM sessions WHERE session_uid = $uid AND evicted_at IS NULL', { uid }) !==
    null
  );
}

function isWholeLog({ extents, logBytes }: StoredFile): boolean {
  const [only, second] = extents;
  return second === undefined && only !== undefined && only[0] === 0 && only[1] === logBytes;
}

function fileOf(db: ReadableDb, { session_uid: uid, place }: Diagnosis): StoredFile | null {
  if (uid === null || place === null) return null;
  return filesOf(db, uid as SessionUid).find((file) => file.fileId === place.fileId) ?? null;
}

function pathsOf(db: ReadableDb, finding: Diagnosis, file: StoredFile): string[] {
  const known = sourcesOf(db, uidOf(finding));
  return known.filter(({ fileId }) => fileId === file.fileId).map(({ path }) => path);
}

/** Findings with a place are of a session that was read by this very uid. */
function uidOf({ session_uid: uid }: Diagnosis): SessionUid {
  return (uid ?? '') as SessionUid;
}
