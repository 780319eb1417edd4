/**
 * What ingest asks: paths that are known, tombstones, scans.
 */

import type { SessionUid } from '../domain/ids.ts';
import type { ReadableDb } from './connection.ts';
import { NAMED, NAMED_ID } from './rows.ts';

export interface KnownSource {
  readonly path: string;
  readonly uid: SessionUid;
  readonly nativeId: string;
  /** The file of the session that this path is; null where it is none. */
  readonly key: string | null;
  readonly stat: string;
  /** Plain bytes from its start that the store has. */
  readonly takenBytes: number;
  readonly headSha256: Uint8Array | null;
  readonly tailSha256: Uint8Array | null;
}

/** All known paths in one read: 50,000 rows cost less than 50,000 questions. */
export function knownSources(db: ReadableDb): Map<string, KnownSource> {
  const rows = db.all<KnownSource>(
    `SELECT path, s.session_uid AS uid, s.native_id AS nativeId, f.key AS key, stat, taken_bytes AS takenBytes,
       head_sha256 AS headSha256, tail_sha256 AS tailSha256
     FROM sources o JOIN sessions s ON s.id = o.session_id LEFT JOIN files f ON f.id = o.file_id`,
  );
  return new Map(rows.map((row) => [row.path, row]));
}

export interface Tombstone {
  readonly key: string;
  readonly generation: number;
  readonly rawBytes: number;
  readonly sha256: Uint8Array;
}

/** What an evicted session's files were, newest eviction first. */
export function tombstonesOf(db: ReadableDb, uid: SessionUid): Tombstone[] {
  return db.all<Tombstone>(
    `SELECT key, generation, raw_bytes AS rawBytes, sha256 FROM tombstones
     WHERE session_id = ${NAMED_ID} ORDER BY generation DESC, key`,
    { uid },
  );
}

/** The folder of the agent where a session was found, for its restore; null where it is not known. */
export function agentRootOf(db: ReadableDb, uid: SessionUid): string | null {
  return (
    db.get<{ agent_root: string | null }>(`SELECT agent_root FROM sessions WHERE ${NAMED}`, { uid })
      ?.agent_root ?? null
  );
}

/** Other paths of one file of a session, and how much of each the store has; the caller asks the disk whether they are still there. */
export function otherPathsOf(
  db: ReadableDb,
  uid: SessionUid,
  key: string,
  path: string,
): { readonly path: string; readonly takenBytes: number }[] {
  return db.all(
    `SELECT path, taken_bytes AS takenBytes FROM sources WHERE path <> $path
       AND file_id = (SELECT f.id FROM files f JOIN sessions s ON s.id = f.session_id
                      WHERE s.session_uid = $uid AND f.key = $key)`,
    { uid, key, path },
  );
}

/** Enough for what a person works on; the rest of a large store is not read for it. */
const NEWEST_SESSIONS = 1000;

/** The folders of projects of the newest live sessions. */
export function knownProjects(db: ReadableDb): string[] {
  return db
    .all<{ project: string }>(
      `SELECT DISTINCT project FROM (
         SELECT project FROM sessions WHERE evicted_at IS NULL ORDER BY last_key DESC LIMIT ${NEWEST_SESSIONS}
       ) WHERE project IS NOT NULL`,
    )
    .map(({ project }) => project);
}
