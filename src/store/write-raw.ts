/**
 * What ingest writes: sessions, their files, segments, and where on this machine they were seen.
 * Promises: adds only. Nothing here deletes a byte, save segments that a larger one covers, and the schema holds it to that.
 */

import { type FailureError, fail, invariant } from '../domain/errors.ts';
import type { AgentId, SessionUid } from '../domain/ids.ts';
import type { FilePacking, FileRole } from '../domain/session.ts';
import { horizon, type Iso, plausibleTime } from '../domain/time.ts';
import type { WritableDb } from './connection.ts';
import { refuseLastRoom } from './room.ts';
import type { Extent } from './rows.ts';
import { NAMED } from './rows.ts';

export interface NewSession {
  readonly uid: SessionUid;
  readonly agent: AgentId;
  readonly nativeId: string;
  /** The agent's folder, absolute, for a restore. */
  readonly agentRoot: string;
  readonly ingestedAt: Iso;
}

/** What the first and last bytes told; null leaves what is known. */
export interface SessionAbout {
  readonly project: string | null;
  readonly title: string | null;
  readonly branch: string | null;
  readonly parentUid: SessionUid | null;
  readonly startedAt: Iso | null;
  readonly endedAt: Iso | null;
}

/** What a transcript's first and last bytes tell of its times at `now`: what lies too far ahead does not count yet. */
export function timesOf(
  told: { readonly startedAt: Iso | null; readonly endedAt: Iso | null } | null,
  now: Iso,
): { readonly startedAt: Iso | null; readonly endedAt: Iso | null; readonly laterAt: Iso | null } {
  const times = [told?.startedAt ?? null, told?.endedAt ?? null];
  const [startedAt = null, endedAt = null] = times.map((time) => plausibleTime(time, now));
  const later = times.filter((time) => time !== null && time > horizon(now)).sort();
  return { startedAt, endedAt, laterAt: later[0] ?? null };
}

/** The internal number of the session, which is made where it is new. */
export function ensureSession(db: WritableDb, session: NewSession): number {
  const found = db.get<{ id: number }>(`SELECT id FROM sessions WHERE ${NAMED}`, {
    uid: session.uid,
  });
  if (found !== null) return found.id;
  return db.run(
    `INSERT INTO sessions (session_uid, agent, native_id, agent_root, ingested_at)
     VALUES ($uid, $agent, $nativeId, $agentRoot, $ingestedAt)`,
    { ...session },
  ).lastInsertRowid;
}

/** Rows of sessions that never held anything, as earlier versions left them where a transcript could not be opened, go. */
export function dropEmptySessions(db: WritableDb): void {
  if (db.get('SELECT 1 AS found FROM empty_sessions LIMIT 1') === null) return;
  db.writeTransaction(() => {
    db.run(`DELETE FROM sessions WHERE id IN (SELECT id FROM empty_sessions) AND ${HOLDS_NOTHING}`);
    db.run('DELETE FROM empty_sessions');
  });
}

/** Nothing but its row knows of the session; the schema refuses to drop any other. */
const HOLDS_NOTHING = ['files', 'segments', 'digests', 'tombstones', 'events', 'sources']
  .map((table) => `NOT EXISTS (SELECT 1 FROM ${table} WHERE session_id = sessions.id)`)
  .concat('NOT EXISTS (SELECT 1 FROM forgotten WHERE id = sessions.id)', 'raw_generation = 0 AND pinned = 0')
  .join(' AND ');

/** As it is told now, by the session's own transcript; what that does not tell stays. `laterAt` absent: its times were not asked for. */
export function describeSession(
  db: WritableDb,
  sessionId: number,
  { laterAt, ...about }: SessionAbout & { readonly laterAt?: Iso | null },
): void {
  db.run(
    `UPDATE sessions SET project = coalesce($project, project), title = coalesce($title, title),
       branch = coalesce($branch, branch), parent_uid = coalesce($parentUid, parent_uid),
       started_at = coalesce($startedAt, started_at), ended_at = coalesce($endedAt, ended_at),
       later_at = iif($isAsked = 1, $laterAt, later_at)
     WHERE id = $sessionId`,
    { sessionId, isAsked: laterAt === undefined ? 0 : 1, laterAt: laterAt ?? null, ...about },
  );
}

/** Byte and file counts of a session, from its files. */
export function recountSession(db: WritableDb, sessionId: number): void {
  db.run(
    `UPDATE sessions SET (raw_bytes, file_count) =
       (SELECT coalesce(sum(raw_bytes), 0), count(*) FROM files WHERE session_id = $sessionId
          AND (gone = 0 OR NOT EXISTS (SELECT 1 FROM files WHERE session_id = $sessionId AND gone = 0)))
     WHERE id = $sessionId`,
    { sessionId },
  );
}

export interface NewFile {
  readonly role: FileRole;
  readonly key: string;
  readonly relPath: string;
  readonly encoding: FilePacking;
}

/** The file's number. A tombstone's file starts again with an empty log. Fails as busy where the session was just evicted. */
export function ensureFile(db: WritableDb, sessionId: number, file: NewFile): number {
  refuseEvicted(db, sessionId);
  const found = db.get<{ id: number; gone: number }>(
    'SELECT id, gone FROM files WHERE session_id = $sessionId AND key = $key',
    { sessionId, key: file.key },
  );
  if (found === null) {
    return db.run(
      `INSERT INTO files (session_id, role, key, rel_path, encoding)
       VALUES ($sessionId, $role, $key, $relPath, $encoding)`,
      { sessionId, ...file },
    ).lastInsertRowid;
  }
  db.run('UPDATE files SET rel_path = $relPath, encoding = $encoding WHERE id = $id', {
    id: found.id,
    relPath: file.relPath,
    encoding: file.encoding,
  });
  if (found.gone === 1) {
    db.run(
      `UPDATE files SET gone = 0, log_bytes = 0, raw_bytes = 0, extents = NULL, sha256 = NULL WHERE id = $id`,
      {
        id: found.id,
      },
    );
    // Versions are told by their lengths: a path that held one of the log that is gone has held none of this one.
    db.run(`UPDATE sources SET held = '' WHERE session_id = $sessionId AND file_id = $id`, {
      sessionId,
      id: found.id,
    });
  }
  return found.id;
}

/** One file of a session that a sweep has just evicted must not come back alone: all return together, by `noteReturn`. */
function refuseEvicted(db: WritableDb, sessionId: number): void {
  const evicted = db.get(
    `SELECT 1 AS found FROM sessions s WHERE id = $sessionId AND evicted_at IS NOT NULL AND NOT EXISTS
       (SELECT 1 FROM events WHERE session_id = s.id AND generation = s.raw_generation AND kind = 'returned')`,
    { sessionId },
  );
  if (evicted !== null) throw changedMeanwhile();
}

function changedMeanwhile(): FailureError {
  return fail(
    'busy',
    'another process stored or evicted this session at the same moment',
    'The next ingest looks at it again.',
  );
}

export interface NewSegment {
  readonly logOffset: number;
  readonly rawBytes: number;
  readonly sha256: Uint8Array;
  /** zstd. */
  readonly data: Uint8Array;
}

/**
 * Adds segments at the end of a file's log. One that begins earlier covers the last ones, which go in the same breath.
 * `logBytes`: how long the log was when the segments were made; where another process has changed it since, it fails as busy.
 * Fails as `disk_full` where they would take the last of the disk.
 */
export function addSegments(
  db: WritableDb,
  target: { readonly sessionId: number; readonly fileId: number; readonly logBytes: number },
  segments: readonly NewSegment[],
): void {
  const { sessionId, fileId } = target;
  const file = db.get<{ log_bytes: number; gone: number }>(
    'SELECT log_bytes, gone FROM files WHERE id = $fileId',
    {
      fileId,
    },
  );
  if (file === null || file.gone === 1 || file.log_bytes !== target.logBytes) throw changedMeanwhile();
  refuseEvicted(db, sessionId);
  refuseLastRoom(
    db,
    segments.reduce((bytes, { data }) => bytes + data.length, 0),
  );
  for (const segment of segments) {
    invariant(segment.data.length > 0 && segment.rawBytes > 0, 'a segment holds bytes');
    const { lastInsertRowid: id } = db.run(
      `INSERT INTO segments (session_id, file_id, log_offset, raw_bytes, stored_bytes, sha256, data)
       VALUES ($sessionId, $fileId, $logOffset, $rawBytes, $storedBytes, $sha256, $data)`,
      { sessionId, fileId, ...segment, storedBytes: segment.data.length },
    );
    db.run(
      `DELETE FROM segments WHERE session_id = $sessionId AND file_id = $fileId AND id <> $id
         AND log_offset >= $logOffset AND log_offset + raw_bytes <= $logOffset + $rawBytes`,
      { sessionId, fileId, id, logOffset: segment.logOffset, rawBytes: segment.rawBytes },
    );
  }
}

/** The present version of a file. `extents` null: the whole log. `sha256` null: not known until it is read again. */
export function setFileVersion(
  db: WritableDb,
  fileId: number,
  version: {
    readonly rawBytes: number;
    readonly extents: readonly Extent[] | null;
    readonly sha256: Uint8Array | null;
  },
): void {
  db.run('UPDATE files SET raw_bytes = $rawBytes, extents = $extents, sha256 = $sha256 WHERE id = $fileId', {
    fileId,
    rawBytes: version.rawBytes,
    extents: version.extents === null ? null : JSON.stringify(version.extents),
    sha256: version.sha256,
  });
}

/** Where a file was last met: there it is put back. `agentRoot`: of a transcript, the folder of its agent; null: it stays. */
export function noteMetAt(
  db: WritableDb,
  file: { readonly sessionId: number; readonly fileId: number },
  place: { readonly relPath: string; readonly agentRoot: string | null },
): void {
  db.writeTransaction(() => {
    db.run('UPDATE files SET rel_path = $relPath WHERE id = $fileId AND rel_path <> $relPath', {
      fileId: file.fileId,
      relPath: place.relPath,
    });
    db.run(
      'UPDATE sessions SET agent_root = $agentRoot WHERE id = $sessionId AND $agentRoot IS NOT NULL AND agent_root IS NOT $agentRoot',
      { sessionId: file.sessionId, agentRoot: place.agentRoot },
    );
  });
}

/** How a path on this machine was last seen, so that an unchanged one costs one `stat`. */
export interface SourceMark {
  readonly path: string;
  readonly agent: AgentId;
  readonly sessionId: number;
  readonly fileId: number | null;
  /** Size, mtime and inode in one text. */
  readonly stat: string;
  /** Plain bytes from its start that the store has. */
  readonly takenBytes: number;
  /** Of its first 4 KiB, and of the last 64 KiB before `takenBytes`. */
  readonly headSha256: Uint8Array | null;
  readonly tailSha256: Uint8Array | null;
  /** Whether the path holds all of the file's version as it is stored now. */
  readonly holdsAll: boolean;
}

export function markSource(db: WritableDb, { holdsAll, ...mark }: SourceMark): void {
  db.run(
    `INSERT INTO sources (path, agent, session_id, file_id, stat, taken_bytes, head_sha256, tail_sha256, held)
     VALUES ($path, $agent, $sessionId, $fileId, $stat, $takenBytes, $headSha256, $tailSha256,
       CASE WHEN $holdsAll = 0 THEN '' ELSE (SELECT raw_bytes || ':' || log_bytes FROM files WHERE id = $fileId) END)
     ON CONFLICT (path) DO UPDATE SET agent = excluded.agent, session_id = excluded.session_id,
       file_id = excluded.file_id, stat = excluded.stat, taken_bytes = excluded.taken_bytes,
       head_sha256 = excluded.head_sha256, tail_sha256 = excluded.tail_sha256, held = excluded.held`,
    { ...mark, holdsAll: holdsAll ? 1 : 0 },
  );
}

/** An entry of the log that lets nothing go: `restored`, `pinned`, `unpinned`, `rewritten`, `returned`. */
export function noteEvent(
  db: WritableDb,
  event: { readonly kind: string; readonly sessionId: number; readonly at: Iso; readonly reason: string },
): void {
  db.run(
    `INSERT INTO events (at, kind, session_id, session_uid, generation, raw_bytes, stored_bytes, reason)
     SELECT $at, $kind, id, session_uid, raw_generation, raw_bytes, stored_bytes, $reason FROM sessions WHERE id = $sessionId`,
    { ...event },
  );
}

/** Pins or unpins. Returns false where it already was so. */
export function setPinned(db: WritableDb, sessionId: number, pinned: boolean, at: Iso): boolean {
  return db.writeTransaction(() => {
    const { changes } = db.run(
      'UPDATE sessions SET pinned = $pinned WHERE id = $sessionId AND pinned <> $pinned',
      {
        sessionId,
        pinned: pinned ? 1 : 0,
      },
    );
    if (changes === 0) return false;
    noteEvent(db, { kind: pinned ? 'pinned' : 'unpinned', sessionId, at, reason: 'by hand' });
    return true;
  });
}
