/**
 * What ingest asks: paths that are known, tombstones, scans.
 */

import { type AgentId, type SessionUid, undivergedUid } from '../domain/ids.ts';
import type { ReadableDb } from './connection.ts';
import { filesOf } from './read.ts';
import { NAMED, NAMED_ID, type StoredFile } from './rows.ts';
import { fileChunks } from './segments.ts';

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
  /** The version of the file that the path held all of when it was last looked at; empty: a part; null: an older program did not tell. */
  readonly held: string | null;
}

/** A version of a stored file: another one has other bytes, or more. */
export function versionOf({ rawBytes, logBytes }: Pick<StoredFile, 'rawBytes' | 'logBytes'>): string {
  return `${rawBytes}:${logBytes}`;
}

/**
 * Whether a path held all of a file's version: as long is not the same. An evicted session's version is the one that it had when it went. Only
 * an older program, and what was never stored, told no version: that is told by its length.
 */
export function holdsAll(
  stored: StoredFile,
  { held, takenBytes }: Pick<KnownSource, 'held' | 'takenBytes'>,
): boolean {
  return held === null ? takenBytes === stored.rawBytes : held === versionOf(stored);
}

/**
 * What the store knows of paths. Of those that are met only size, mtime and inode are read, a folder at once: nearly every file is
 * unchanged, and is asked nothing else. The rest comes at the question, as the store stands then. What is not met costs nothing:
 * a hook asks of one file, and the store may know a million.
 */
export class KnownSources {
  readonly #db: ReadableDb;
  #nativeIds: ReadonlyMap<string, string> | null = null;
  #unnamed: ReadonlyMap<string, string> | null = null;

  constructor(db: ReadableDb) {
    this.#db = db;
  }

  /** Asks several questions of one moment: each by itself is a transaction of its own, and takes as long as ten. */
  together<T>(ask: () => T): T {
    return this.#db.snapshot(ask);
  }

  /** What is known of a path, in the form of `WalkedFile.stat`; null: nothing. */
  statOf(path: string): string | null {
    const row = this.#db.get<{ stat: string }>('SELECT stat FROM sources WHERE path = $path', { path });
    return row?.stat ?? null;
  }

  /** The same of names in a folder, in their order, by one look. `before`: the folder with its separator. */
  statsIn(before: string, names: readonly string[]): readonly (string | null)[] {
    const stats = new Array<string | null>(names.length).fill(null);
    if (names.length === 0) return stats;
    const rows = this.#db.all<{ at: number; stat: string }>(
      `SELECT n.key AS at, o.stat AS stat FROM json_each($names) n
         CROSS JOIN sources o ON o.path = $before || n.value`,
      { before, names: JSON.stringify(names) },
    );
    for (const { at, stat } of rows) stats[at] = stat;
    return stats;
  }

  /** Null where nothing is known of it. */
  of(path: string): KnownSource | null {
    return this.#db.get<KnownSource>(
      `SELECT path, s.session_uid AS uid, s.native_id AS nativeId, f.key AS key, stat, taken_bytes AS takenBytes,
         head_sha256 AS headSha256, tail_sha256 AS tailSha256, held
       FROM sources o JOIN sessions s ON s.id = o.session_id LEFT JOIN files f ON f.id = o.file_id
       WHERE path = $path`,
      { path },
    );
  }

  /** When the session of a path ended, as its transcript tells it; null where none is known. */
  endedAtOf(path: string): string | null {
    const row = this.#db.get<{ at: string | null }>(
      'SELECT s.ended_at AS at FROM sources o JOIN sessions s ON s.id = o.session_id WHERE path = $path',
      { path },
    );
    return row?.at ?? null;
  }

  /** Files that only records name, by path, as they were when no transcript did. */
  get unnamed(): ReadonlyMap<string, string> {
    this.#unnamed ??= byPath(this.#db, 'SELECT path, stat AS value FROM unnamed_files');
    return this.#unnamed;
  }

  /** Whether the session of a path is evicted. */
  isEvictedAt(path: string): boolean {
    const sql = `SELECT 1 AS found FROM sources o JOIN sessions s ON s.id = o.session_id
      WHERE path = $path AND s.evicted_at IS NOT NULL`;
    return this.#db.get(sql, { path }) !== null;
  }

  /** All sessions that bear an id. */
  uidsOf(agent: AgentId, nativeId: string): SessionUid[] {
    return bearersOf(this.#db, agent, nativeId).map(({ uid }) => uid);
  }

  /** The present version of a session's transcript; nothing where none is stored. */
  *transcriptOf(uid: SessionUid): Generator<Uint8Array> {
    const main = filesOf(this.#db, uid).find(({ key, gone }) => key === 'main' && !gone);
    if (main !== undefined) yield* fileChunks(this.#db, uid, main);
  }

  /** The id of the session that a path belongs to. All are read at the first question: whose names tell none, has many. */
  nativeIdOf(path: string): string | null {
    if (this.statOf(path) === null) return null;
    this.#nativeIds ??= byPath(
      this.#db,
      'SELECT path, s.native_id AS value FROM sources o JOIN sessions s ON s.id = o.session_id',
    );
    return this.#nativeIds.get(path) ?? null;
  }
}

/** Whether what is stored of a path has no digest yet, and none has failed. */
export function isWaitingAt(db: ReadableDb, path: string): boolean {
  return (
    db.get(
      `SELECT 1 AS found FROM sources o JOIN sessions s ON s.id = o.session_id
       WHERE path = $path AND analyzed_at IS NULL AND evicted_at IS NULL AND analyze_error IS NULL`,
      { path },
    ) !== null
  );
}

/** A session that bears an id. */
export interface StoredBearer {
  readonly uid: SessionUid;
  readonly isEvicted: boolean;
  readonly isForgotten: boolean;
  /** It came with an archive that nobody vouches for. */
  readonly isStrangers: boolean;
}

/** Whether any session bears the id, whatever became of it. Asked of every new session: `bearersOf` costs several times as much. */
export function hasBearer(db: ReadableDb, agent: AgentId, nativeId: string): boolean {
  return (
    db.get('SELECT 1 AS found FROM sessions WHERE native_id = $nativeId AND agent = $agent LIMIT 1', {
      agent,
      nativeId,
    }) !== null
  );
}

/** In the order of their uids: the first has the id alone for its name, if any has. */
export function bearersOf(db: ReadableDb, agent: AgentId, nativeId: string): StoredBearer[] {
  const bearers = db
    .all<{ uid: SessionUid; evicted: number; forgotten: number; strangers: number }>(
      `SELECT session_uid AS uid, evicted_at IS NOT NULL AS evicted, origin IS NOT NULL AS strangers,
         EXISTS (SELECT 1 FROM forgotten f WHERE f.id = s.id) AS forgotten
       FROM sessions s WHERE native_id = $nativeId AND agent = $agent`,
      { agent, nativeId },
    )
    .map(({ uid, evicted, forgotten, strangers }) => ({
      uid,
      isEvicted: evicted === 1,
      isForgotten: forgotten === 1,
      isStrangers: strangers === 1,
    }));
  // Nearly always none or one: SQLite would build a tree for it each time.
  return [...bearers, ...forgottenTwins(db, agent, nativeId, bearers)].sort((a, b) =>
    a.uid < b.uid ? -1 : 1,
  );
}

/** Of what was forgotten only the uid is left: the id that a twin bore is told by that. */
function forgottenTwins(
  db: ReadableDb,
  agent: AgentId,
  nativeId: string,
  bearers: readonly StoredBearer[],
): StoredBearer[] {
  const [first] = bearers;
  if (first === undefined) return [];
  const plain = first.uid === `${agent}:${nativeId}` ? first.uid : undivergedUid(first.uid);
  return db
    .all<{ uid: SessionUid }>(
      `SELECT session_uid AS uid FROM forgotten
       WHERE session_uid = $plain OR (session_uid > $plain || '.' AND session_uid < $plain || '/')`,
      { plain },
    )
    .filter(({ uid }) => undivergedUid(uid) === plain && bearers.every((bearer) => bearer.uid !== uid))
    .map(({ uid }) => ({ uid, isEvicted: true, isForgotten: true, isStrangers: false }));
}

function byPath(db: ReadableDb, sql: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const { path, value } of db.all<{ path: string; value: string }>(sql)) values.set(path, value);
  return values;
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

/** Every path that a session was met at. */
export function pathsOf(db: ReadableDb, uid: SessionUid): string[] {
  return db
    .all<{ path: string }>(`SELECT path FROM sources WHERE session_id = ${NAMED_ID}`, { uid })
    .map(({ path }) => path);
}

/** Other paths of one file of a session, and how much of each the store has; the caller asks the disk whether they are still there. */
export function otherPathsOf(
  db: ReadableDb,
  uid: SessionUid,
  key: string,
  path: string,
): Pick<KnownSource, 'path' | 'takenBytes' | 'held'>[] {
  return db.all(
    `SELECT path, taken_bytes AS takenBytes, held FROM sources WHERE path <> $path
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
