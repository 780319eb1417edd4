/**
 * Reads everything back: each segment against its hash, each file against its length, the counters against the rows, the
 * database against itself. Promises: changes nothing; names what is hit; goes on after each finding.
 */
import { messageOf } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { ReadableDb } from './connection.ts';
import { filesOf } from './read.ts';
import type { StoredFile } from './rows.ts';
import { fileChunks, readSegment, segmentsOf } from './segments.ts';

export interface VerifyFinding {
  readonly session_uid: string | null;
  readonly file: string | null;
  readonly problem: string;
}

export interface VerifyResult {
  readonly findings: VerifyFinding[];
  readonly sessions: number;
  readonly segments: number;
  /** Plain bytes read. */
  readonly bytes: number;
}

export function verify(
  db: ReadableDb,
  onProgress: (done: number, total: number) => void,
  stopped: () => boolean,
): VerifyResult {
  const findings: VerifyFinding[] = [...databaseFindings(db), ...accountFindings(db)];
  const live = db.all<{ session_uid: SessionUid; evicted_at: string | null }>(
    'SELECT session_uid, evicted_at FROM sessions ORDER BY id',
  );
  let segments = 0;
  let bytes = 0;
  for (const [done, { session_uid: uid }] of live.entries()) {
    if (stopped()) break;
    onProgress(done, live.length);
    // One unchanging state for each session: an ingest or a sweep beside this must not look like damage.
    db.snapshot(() => {
      for (const file of filesOf(db, uid)) {
        const checked = fileFindings(db, uid, file);
        segments += checked.segments;
        bytes += checked.bytes;
        findings.push(...checked.problems.map((problem) => ({ session_uid: uid, file: file.key, problem })));
      }
    });
  }
  return { findings, sessions: live.length, segments, bytes };
}

function fileFindings(
  db: ReadableDb,
  uid: SessionUid,
  file: StoredFile,
): { segments: number; bytes: number; problems: string[] } {
  const problems: string[] = [];
  const segments = segmentsOf(db, uid, file.fileId);
  let bytes = 0;
  for (const segment of segments) {
    try {
      bytes += readSegment(db, segment, file.key).length;
    } catch (thrown) {
      problems.push(messageOf(thrown));
    }
  }
  if (file.gone && segments.length > 0) problems.push('an evicted file still has segments');
  if (problems.length > 0 || file.gone || file.sha256 === null)
    return { segments: segments.length, bytes, problems };
  // The whole file's hash is of the agent's bytes; segments can all be right and the version that they make wrong.
  try {
    const hasher = new Bun.CryptoHasher('sha256');
    for (const chunk of fileChunks(db, uid, file)) hasher.update(chunk);
    if (hasher.digest('hex') !== file.sha256)
      problems.push('the file does not have the hash that was recorded');
  } catch (thrown) {
    problems.push(messageOf(thrown));
  }
  return { segments: segments.length, bytes, problems };
}

function databaseFindings(db: ReadableDb): VerifyFinding[] {
  try {
    return db
      .all<{ integrity_check: string }>('PRAGMA integrity_check(20)')
      .filter((row) => row.integrity_check !== 'ok')
      .map((row) => ({ session_uid: null, file: null, problem: row.integrity_check }));
  } catch (thrown) {
    return [{ session_uid: null, file: null, problem: messageOf(thrown) }];
  }
}

/** What the books say against what the rows say. */
function accountFindings(db: ReadableDb): VerifyFinding[] {
  const of = (sql: string, problem: string) =>
    db.all<{ uid: string }>(sql).map((row) => ({ session_uid: row.uid, file: null, problem }));
  try {
    return [
      ...of(
        `SELECT session_uid AS uid FROM sessions s WHERE evicted_at IS NULL AND stored_bytes <>
           (SELECT coalesce(sum(stored_bytes), 0) FROM segments WHERE session_id = s.id)`,
        'its stored bytes are not the sum of its segments',
      ),
      ...of(
        `SELECT session_uid AS uid FROM sessions s WHERE evicted_at IS NOT NULL AND NOT EXISTS
           (SELECT 1 FROM events WHERE session_id = s.id AND kind IN ('evicted', 'data_loss') AND generation = s.raw_generation)`,
        'it was evicted without an event',
      ),
      ...of(
        `SELECT session_uid AS uid FROM sessions s WHERE analyzed_at IS NOT NULL AND NOT EXISTS
           (SELECT 1 FROM digests WHERE session_id = s.id AND generation = s.raw_generation AND complete = 1)`,
        'it counts as analyzed without a digest of what is stored',
      ),
      ...of(
        `SELECT 'counters' AS uid WHERE EXISTS (
           SELECT agent, state, pinned, count(*), sum(stored_bytes), sum(digest_bytes) FROM sessions GROUP BY agent, state, pinned
           EXCEPT SELECT agent, state, pinned, sessions, stored_bytes, digest_bytes FROM counters)`,
        'the counters are not the sums of the sessions',
      ),
    ];
  } catch (thrown) {
    return [{ session_uid: null, file: null, problem: messageOf(thrown) }];
  }
}
