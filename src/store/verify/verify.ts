/**
 * Reads everything back: each segment against its hash, each file against its length and hash, each digest, the counters
 * against the rows, the database against itself, its schema against the program's.
 * Promises: changes nothing; names the session and the file that are hit; goes on after each finding, also where SQLite
 * cannot read a page; what a repair has recorded as lost is told apart, and is no finding.
 */

import { FailureError, messageOf } from '../../domain/errors.ts';
import type { SessionUid } from '../../domain/ids.ts';
import type { Params, ReadableDb } from '../connection.ts';
import { filesOf, findSession, MISSING_FILES } from '../read.ts';
import type { StoredFile } from '../rows.ts';
import { NAMED_ID } from '../rows.ts';
import { fileChunks, readSegment, SEGMENT_BYTES, type SegmentMeta, segmentsOf } from '../segments.ts';
import { asVersion, type EarlierVersion, isWellFormed, versionsOf } from '../versions.ts';
import { bookFindings, databaseFindings } from './books.ts';
import type { Cure, DamagedPlace, Diagnosis, VerifyFinding } from './findings.ts';
import { schemaFindings } from './schema.ts';
import { searchFindings } from './search.ts';

export interface VerifyResult {
  readonly findings: Diagnosis[];
  /** What was lost to rot before, and is recorded as such. */
  readonly lost: VerifyFinding[];
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
  const findings: Diagnosis[] = [
    ...databaseFindings(db),
    ...schemaFindings(db),
    ...bookFindings(db),
    ...searchFindings(db),
  ];
  const lost: VerifyFinding[] = [];
  const total = countedSessions(db);
  let sessions = 0;
  let segments = 0;
  let bytes = 0;
  for (const uid of sessionsOf(db, findings)) {
    if (stopped()) break;
    onProgress(sessions, Math.max(total, sessions + 1));
    sessions += 1;
    const checked = sessionFindings(db, uid);
    segments += checked.segments;
    bytes += checked.bytes;
    for (const finding of checked.findings) {
      if (isRecorded(db, uid, finding)) lost.push(finding);
      else findings.push(finding);
    }
  }
  return { findings, lost, sessions, segments, bytes };
}

/** For the progress only: how many there are by the counters, 0 where they cannot be read. */
function countedSessions(db: ReadableDb): number {
  try {
    return db.get<{ n: number }>('SELECT coalesce(sum(sessions), 0) AS n FROM counters')?.n ?? 0;
  } catch {
    // What is wrong with them is among the findings.
    return 0;
  }
}

const PAGE = 1000;

/**
 * Every session that anything names: a damaged row may have lost its name, which the index still has, and the other way. A page
 * of names at a time, since there may be a million; a page that cannot be read is a finding.
 */
function* sessionsOf(db: ReadableDb, findings: Diagnosis[]): Generator<SessionUid> {
  const taken = (sql: string, params: Params): NamedRow[] | string => {
    try {
      return db.all<NamedRow>(sql, params);
    } catch (thrown) {
      return messageOf(thrown);
    }
  };
  let why: string | null = null;
  for (let last = -1; ; ) {
    const rows = taken(
      `SELECT id, session_uid AS uid FROM sessions NOT INDEXED WHERE id > $last ORDER BY id LIMIT ${PAGE}`,
      { last },
    );
    if (typeof rows === 'string') why = rows;
    if (typeof rows === 'string' || rows.length === 0) break;
    for (const { uid } of rows) yield uid;
    last = rows.at(-1)?.id ?? last;
  }
  if (why === null) {
    const unlike = taken(NAMED_BY_INDEX_ALONE, {});
    if (typeof unlike === 'string')
      findings.push(broken(null, `the index of names cannot be read: ${unlike}`));
    else for (const { uid } of unlike) yield uid;
    return;
  }
  findings.push(broken(null, `the list of sessions cannot be read: ${why}`));
  // Some are asked for twice then: a store this damaged is looked at from every side.
  const uids = new Set<SessionUid>();
  for (const sql of LAST_RESORTS) {
    const rows = taken(sql, {});
    if (typeof rows !== 'string') for (const { uid } of rows) uids.add(uid);
  }
  yield* uids;
}

interface NamedRow {
  readonly id: number;
  readonly uid: SessionUid;
}

/** Names in the index that the row that it leads to does not have. */
const NAMED_BY_INDEX_ALONE = `SELECT i.id, i.session_uid AS uid FROM sessions i INDEXED BY sqlite_autoindex_sessions_1
  WHERE i.session_uid IS NOT (SELECT +t.session_uid FROM sessions t WHERE t.id = i.id)`;

const LAST_RESORTS = [
  'SELECT 0 AS id, session_uid AS uid FROM sessions INDEXED BY sqlite_autoindex_sessions_1 ORDER BY session_uid',
  'SELECT id, session_uid AS uid FROM sessions NOT INDEXED ORDER BY id DESC',
  'SELECT DISTINCT 0 AS id, session_uid AS uid FROM events',
];

interface Checked {
  readonly segments: number;
  readonly bytes: number;
  readonly findings: readonly Diagnosis[];
}

/** One unchanging state for each session: an ingest or a sweep beside this must not look like damage. */
function sessionFindings(db: ReadableDb, uid: SessionUid): Checked {
  try {
    return db.snapshot(() => {
      if (findSession(db, uid) === null) {
        const problem = 'it cannot be found by its name';
        return { segments: 0, bytes: 0, findings: [{ ...broken(uid, problem), cure: 'index' as const }] };
      }
      const versions = versionsOf(db, uid);
      const checked = filesOf(db, uid).map((file) => fileFindings(db, uid, file, versions));
      return {
        segments: checked.reduce((sum, each) => sum + each.segments, 0),
        bytes: checked.reduce((sum, each) => sum + each.bytes, 0),
        findings: checked.flatMap((each) => each.findings),
      };
    });
  } catch (thrown) {
    const finding = broken(uid, `it cannot be read: ${messageOf(thrown)}`);
    // Files that are not found may stand behind a damaged index; where a new one does not show them, the rest is rebuilt.
    const isMissing = thrown instanceof FailureError && thrown.message.startsWith(MISSING_FILES);
    return { segments: 0, bytes: 0, findings: [isMissing ? { ...finding, cure: 'index' } : finding] };
  }
}

function fileFindings(
  db: ReadableDb,
  uid: SessionUid,
  file: StoredFile,
  versions: readonly EarlierVersion[],
): Checked {
  const findings: Diagnosis[] = [];
  const find = (problem: string, cure: Cure, place: DamagedPlace | null) =>
    findings.push({ session_uid: uid, file: file.key, problem, cure, place });
  const segments = segmentsOf(db, uid, file.fileId);
  let bytes = 0;
  for (const segment of segments) {
    const { log_offset: logOffset, raw_bytes: rawBytes } = segment;
    try {
      bytes += readSegment(db, segment, file.key).length;
    } catch (thrown) {
      find(messageOf(thrown), 'segment', { fileId: file.fileId, logOffset, rawBytes, segment });
    }
  }
  if (file.gone) {
    if (segments.length > 0) find('an evicted file still has segments', 'rebuild', null);
    return { segments: segments.length, bytes, findings };
  }
  for (const [logOffset, rawBytes] of gapsOf(file, segments))
    find(`no segment holds bytes ${logOffset} to ${logOffset + rawBytes} of what was stored`, 'segment', {
      fileId: file.fileId,
      logOffset,
      rawBytes,
      segment: null,
    });
  // The whole file's hash is of the agent's bytes; segments can all be right and the version that they make wrong.
  if (findings.length === 0) {
    const problem = versionProblem(db, uid, file);
    if (problem !== null)
      find(problem, 'hash', { fileId: file.fileId, logOffset: 0, rawBytes: file.logBytes, segment: null });
    findings.push(...versionFindings(db, uid, file, versions));
  }
  return { segments: segments.length, bytes, findings };
}

/** Plain bytes of a file's earlier versions that are hashed, the fullest first: a document has one for each turn. */
const VERSION_BYTES_MAX = 64 * 1024 ** 2;

/** The segments are whole: what may be wrong is what a version makes of them. */
function versionFindings(
  db: ReadableDb,
  uid: SessionUid,
  file: StoredFile,
  versions: readonly EarlierVersion[],
): Diagnosis[] {
  const own = versions.filter(({ fileId }) => fileId === file.fileId);
  let bytes = 0;
  return own
    .toSorted((a, b) => b.rawBytes - a.rawBytes)
    .flatMap((version) => {
      const isHashed = bytes === 0 || bytes + version.rawBytes <= VERSION_BYTES_MAX;
      bytes += version.rawBytes;
      const isWhole =
        isWellFormed(version, file) &&
        (!isHashed || versionProblem(db, uid, asVersion(file, version)) === null);
      if (isWhole) return [];
      const problem = `version ${version.number}, which it was before, cannot be had as it was`;
      const { id, fileId } = version;
      return [
        { session_uid: uid, file: file.key, problem, cure: 'version', place: null, version: { id, fileId } },
      ];
    });
}

const PIECED_BYTES_MAX = 1024 ** 3;

/** Stretches of the file's log that no segment holds, and what lies beyond its end. */
function gapsOf(file: StoredFile, segments: readonly SegmentMeta[]): (readonly [number, number])[] {
  const gaps: (readonly [number, number])[] = [];
  let end = 0;
  // In pieces that a segment may have, as long as the length is one that can be meant.
  const add = (until: number) => {
    const piece = until - end > PIECED_BYTES_MAX ? until - end : SEGMENT_BYTES;
    for (let at = end; at < until; at += piece) gaps.push([at, Math.min(piece, until - at)]);
  };
  for (const segment of segments) {
    add(segment.log_offset);
    end = Math.max(end, segment.log_offset + segment.raw_bytes);
  }
  const versionEnd = file.extents.reduce((most, [offset, length]) => Math.max(most, offset + length), 0);
  const expected = Math.max(file.logBytes, versionEnd);
  add(expected);
  return gaps;
}

function versionProblem(db: ReadableDb, uid: SessionUid, file: StoredFile): string | null {
  try {
    const hasher = new Bun.CryptoHasher('sha256');
    for (const chunk of fileChunks(db, uid, file)) hasher.update(chunk);
    const isSame = file.sha256 === null || hasher.digest('hex') === file.sha256;
    return isSame ? null : 'the file does not have the hash that was recorded';
  } catch (thrown) {
    return messageOf(thrown);
  }
}

/** Whether a repair has said before that these bytes are lost. */
function isRecorded(db: ReadableDb, uid: SessionUid, { place }: Diagnosis): boolean {
  if (place === null) return false;
  try {
    return (
      db.get(
        `SELECT 1 AS found FROM events WHERE session_id = ${NAMED_ID}
           AND kind = 'data_loss' AND file_id = $fileId AND log_offset <= $logOffset
           AND log_offset + raw_bytes >= $logOffset + $rawBytes`,
        { uid, fileId: place.fileId, logOffset: place.logOffset, rawBytes: place.rawBytes },
      ) !== null
    );
  } catch {
    // The events cannot be read: that is a finding of its own, and this one stays one.
    return false;
  }
}

function broken(uid: SessionUid | null, problem: string): Diagnosis {
  return { session_uid: uid, file: null, problem, cure: 'rebuild', place: null };
}
