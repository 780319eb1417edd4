// The least that a first ingest of HOME into STORE has to do, with all the runtime's threads: each file read, hashed,
// compressed as a whole and put into SQLite, some MiB in one transaction. No first look, no order, no checks, no digest.
import { Database } from 'bun:sqlite';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [home = '', store = ''] = process.argv.slice(2);
/** Files that are read and not stored yet. */
const AHEAD = 16;
const BATCH_BYTES = 4 * 1024 * 1024;

interface Packed {
  readonly path: string;
  readonly rawBytes: number;
  readonly sha256: Uint8Array;
  readonly data: Uint8Array;
}

async function packed(path: string): Promise<Packed> {
  const bytes = readFileSync(path);
  const data = Bun.zstdCompress(bytes, { level: 3 });
  const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest();
  return { path, rawBytes: bytes.length, sha256, data: await data };
}

const db = new Database(store, { create: true, strict: true });
db.run('PRAGMA journal_mode = WAL');
db.run('PRAGMA synchronous = NORMAL');
db.run('CREATE TABLE files (path TEXT, raw_bytes INTEGER, sha256 BLOB, data BLOB) STRICT');
const insert = db.prepare('INSERT INTO files VALUES ($path, $rawBytes, $sha256, $data)');
const insertAll = db.transaction((batch: readonly Packed[]) => {
  for (const one of batch) insert.run({ ...one });
});

const paths = readdirSync(home, { recursive: true, encoding: 'utf8' })
  .map((name) => join(home, name))
  .filter((path) => lstatSync(path).isFile());
const ahead: Promise<Packed>[] = [];
let batch: Packed[] = [];
let batchBytes = 0;
let rawBytes = 0;
for (let next = 0; next < paths.length || ahead.length > 0; ) {
  for (; next < paths.length && ahead.length < AHEAD; next += 1) ahead.push(packed(paths[next] ?? ''));
  const one = await ahead.shift();
  if (one === undefined) break;
  batch.push(one);
  batchBytes += one.data.length;
  rawBytes += one.rawBytes;
  if (batchBytes < BATCH_BYTES) continue;
  insertAll(batch);
  batch = [];
  batchBytes = 0;
}
insertAll(batch);
db.close();
console.log(`${paths.length} ${rawBytes}`);
