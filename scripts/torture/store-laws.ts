/**
 * What a store must be at any moment, and what is in it, read by a bare connection and apart from the product's code.
 * Promises: `brokenLaws` names each law that does not hold; `tablesOf` is the same for two stores that hold the same.
 */
import { Database } from 'bun:sqlite';
import { existsSync } from 'node:fs';

interface LiveFile {
  readonly uid: string;
  readonly key: string;
  readonly rel_path: string;
  readonly file_id: number;
  readonly raw_bytes: number;
  readonly log_bytes: number;
  readonly extents: string | null;
}

/** The bytes of every live file by `uid key`. Throws where a segment is not what its hash says. */
export function liveFilesOf(path: string): Map<string, { readonly relPath: string; readonly bytes: Buffer }> {
  return reading(path, new Map(), (db) => {
    const files = db
      .query<LiveFile, []>(
        `SELECT session_uid AS uid, key, rel_path, f.id AS file_id, f.raw_bytes, log_bytes, extents
           FROM files f JOIN sessions s ON s.id = f.session_id WHERE gone = 0`,
      )
      .all();
    return new Map(
      files.map((file) => [`${file.uid} ${file.key}`, { relPath: file.rel_path, bytes: bytesOf(db, file) }]),
    );
  });
}

function bytesOf(db: Database, file: LiveFile): Buffer {
  const log = Buffer.alloc(file.log_bytes);
  let at = 0;
  const rows = db.query<
    { log_offset: number; raw_bytes: number; sha256: Uint8Array; data: Uint8Array },
    [number]
  >('SELECT log_offset, raw_bytes, sha256, data FROM segments WHERE file_id = ? ORDER BY log_offset');
  for (const { log_offset, raw_bytes, sha256, data } of rows.all(file.file_id)) {
    const plain = Bun.zstdDecompressSync(data);
    const hash = new Bun.CryptoHasher('sha256').update(plain).digest();
    if (plain.length !== raw_bytes || Buffer.compare(hash, sha256) !== 0 || log_offset !== at)
      throw new Error(`${file.uid} ${file.key}: the segment at ${log_offset} is not what was stored`);
    log.set(plain, log_offset);
    at += plain.length;
  }
  if (at !== file.log_bytes)
    throw new Error(`${file.uid} ${file.key}: ${at} bytes stored, ${file.log_bytes} expected`);
  const extents: readonly (readonly [number, number])[] =
    file.extents === null ? [[0, file.log_bytes]] : JSON.parse(file.extents);
  return Buffer.concat(extents.map(([offset, length]) => log.subarray(offset, offset + length)));
}

/** Laws that hold whatever happened. One sentence a session that breaks one. */
const LAWS: readonly (readonly [law: string, sql: string])[] = [
  [
    'a session is evicted with bytes left of it',
    `SELECT session_uid FROM sessions s WHERE evicted_at IS NOT NULL
       AND EXISTS (SELECT 1 FROM segments g WHERE g.session_id = s.id)
       AND NOT EXISTS (SELECT 1 FROM events e WHERE e.session_id = s.id AND e.kind = 'returned'
                         AND e.generation >= s.raw_generation - 1)`,
  ],
  [
    'a session is evicted without its event',
    `SELECT session_uid FROM sessions s WHERE evicted_at IS NOT NULL AND NOT EXISTS
       (SELECT 1 FROM events e WHERE e.session_id = s.id AND e.generation = s.raw_generation
          AND e.kind IN ('evicted', 'data_loss')) AND s.id NOT IN (SELECT id FROM forgotten)`,
  ],
  [
    'a session was evicted, not as a loss, and no complete digest is there',
    `SELECT session_uid FROM sessions s WHERE EXISTS
       (SELECT 1 FROM events e WHERE e.session_id = s.id AND e.kind = 'evicted')
       AND NOT EXISTS (SELECT 1 FROM digests d WHERE d.session_id = s.id AND d.complete = 1)
       AND s.id NOT IN (SELECT id FROM forgotten)
       AND NOT EXISTS (SELECT 1 FROM events e WHERE e.session_id = s.id AND e.kind = 'digest_dropped')`,
  ],
  [
    'a session counts as analyzed and has no digest of what is stored of it',
    `SELECT session_uid FROM sessions s WHERE analyzed_at IS NOT NULL AND NOT EXISTS
       (SELECT 1 FROM digests d WHERE d.session_id = s.id AND d.generation = s.raw_generation AND d.complete = 1)
       AND NOT EXISTS (SELECT 1 FROM events e WHERE e.session_id = s.id AND e.kind = 'digest_dropped'
         AND e.generation = s.raw_generation AND s.evicted_at IS NOT NULL)`,
  ],
  [
    'an evicted session has files without a tombstone',
    `SELECT session_uid FROM sessions s WHERE evicted_at IS NOT NULL AND EXISTS
       (SELECT 1 FROM files f WHERE f.session_id = s.id AND f.gone = 1 AND NOT EXISTS
          (SELECT 1 FROM tombstones t WHERE t.session_id = s.id AND t.key = f.key))`,
  ],
  [
    'stored bytes of a session are not the sum of its segments',
    `SELECT session_uid FROM sessions s WHERE evicted_at IS NULL AND stored_bytes <>
       (SELECT coalesce(sum(stored_bytes), 0) FROM segments g WHERE g.session_id = s.id)`,
  ],
  [
    'the counters are not the sum of the sessions',
    `SELECT 'counters' AS session_uid WHERE
       (SELECT coalesce(sum(stored_bytes), 0) FROM counters WHERE state <> 'evicted') <>
       (SELECT coalesce(sum(stored_bytes), 0) FROM sessions WHERE evicted_at IS NULL)
       OR (SELECT coalesce(sum(sessions), 0) FROM counters) <> (SELECT count(*) FROM sessions)`,
  ],
];

export function brokenLaws(path: string): string[] {
  return reading(path, [], (db) => {
    const damage = db.query<{ integrity_check: string }, []>('PRAGMA integrity_check(5)').all();
    const broken = damage.flatMap(({ integrity_check: text }) =>
      text === 'ok' ? [] : [`integrity: ${text}`],
    );
    const orphans = db.query('PRAGMA foreign_key_check').all();
    if (orphans.length > 0) broken.push(`${orphans.length} rows point to nothing`);
    for (const [law, sql] of LAWS)
      for (const { session_uid: uid } of db.query<{ session_uid: string }, []>(sql).all())
        broken.push(`${uid}: ${law}`);
    return broken;
  });
}

/** Every table that a user would miss, without row numbers, generations and sweeps: how often one began over may differ. */
const TABLES: readonly string[] = [
  `SELECT session_uid, agent, native_id, project, title, branch, parent_uid, started_at, ended_at, ingested_at, analyzed_at,
     digest_at, evicted_at, analyze_error, pinned, raw_bytes, stored_bytes, digest_bytes, file_count, state FROM sessions`,
  // The hash of a live version may not be known until it is read again; its bytes are compared by themselves.
  `SELECT session_uid, role, key, rel_path, encoding, f.raw_bytes, log_bytes, extents, iif(gone, hex(sha256), NULL) AS h, gone
     FROM files f JOIN sessions s ON s.id = session_id`,
  `SELECT session_uid, log_offset, g.raw_bytes, g.stored_bytes, hex(sha256) AS h
     FROM segments g JOIN sessions s ON s.id = session_id`,
  `SELECT DISTINCT session_uid, key, t.raw_bytes, hex(sha256) AS h FROM tombstones t JOIN sessions s ON s.id = session_id`,
  'SELECT session_uid, complete, version, made_at, json FROM digests d JOIN sessions s ON s.id = session_id',
  'SELECT DISTINCT kind, session_uid, raw_bytes, stored_bytes FROM events',
  `SELECT path, o.agent, session_uid, taken_bytes, stat LIKE 'unfinished%' AS open, hex(head_sha256) AS h, hex(tail_sha256) AS t
     FROM sources o JOIN sessions s ON s.id = session_id`,
  'SELECT * FROM counters WHERE sessions > 0',
  'SELECT * FROM scans',
  'SELECT session_uid FROM forgotten',
];

/** One sorted line a row. */
export function tablesOf(path: string): string[] {
  return reading(path, [], (db) =>
    TABLES.flatMap((sql, i) =>
      db
        .query(sql)
        .all()
        .map((row) => `${i} ${JSON.stringify(row)}`)
        .sort(),
    ),
  );
}

/** What stands in one list and not in the other, a few of each. */
export function differences(expected: readonly string[], actual: readonly string[]): string[] {
  const [left, right] = [new Set(expected), new Set(actual)];
  const missing = expected.filter((line) => !right.has(line)).map((line) => `- ${line.slice(0, 400)}`);
  const extra = actual.filter((line) => !left.has(line)).map((line) => `+ ${line.slice(0, 400)}`);
  return [...missing.slice(0, 4), ...extra.slice(0, 4)];
}

/** `none` where nothing was made yet. */
function reading<T>(path: string, none: T, read: (db: Database) => T): T {
  if (!existsSync(path)) return none;
  // Writable: after a kill the log is there, and only a writer may make its shared memory.
  using db = new Database(path, { readwrite: true, create: false });
  const tables = db
    .query<{ n: number }, []>("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'segments'")
    .get();
  if (tables?.n !== 1) return none;
  // A store that died before its migration has no such table, and nothing that was forgotten.
  const forgotten = db
    .query<{ n: number }, []>("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'forgotten'")
    .get();
  if (forgotten?.n === 0) db.run('CREATE TEMP TABLE forgotten(id INTEGER, session_uid TEXT)');
  return read(db);
}
