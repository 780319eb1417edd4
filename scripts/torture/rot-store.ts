/**
 * A store to be damaged: genuine sessions in it, where each part of its file lies, and what it must give back.
 * Promises: the same seed gives the same store bytes apart from times; a harm says which bytes it changed, and that it did.
 */
import { Database } from 'bun:sqlite';
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { runIn } from '../../test/support/runtime.ts';

export interface RotStore {
  /** Home of the agents' own files; tests may empty it. */
  readonly home: string;
  readonly store: string;
  /** What `show --raw` gives of each live session. */
  readonly truth: ReadonlyMap<string, Buffer>;
  /** Evicted ones: only a digest is left of them. */
  readonly evicted: readonly string[];
}

const SAMPLES = join(import.meta.dir, '../../src/demo-samples');
const EVICTED = 'cf564e14-9b07-42ad-8d9a-4faa1b79a0ed';
const BIG = '0b000000-0000-4000-8000-000000000001';
export const NOW = '2026-06-20T12:00:00.000Z';

/** One run of the program in this process. */
export function program(home: string, store: string, ...args: string[]) {
  return runIn(home, ['--store', store, ...args], { env: { SESSION_MEMORY_NOW: NOW } });
}

/** Sessions of one prompt: with so long ids, enough of them for every `TREES`. */
const SMALL = 50;
/** Tables and indexes that must have grown beyond one page: a damaged inner page misleads otherwise than a leaf. */
const TREES = [
  ...['sessions', 'files', 'segments', 'digests', 'sources', 'sqlite_autoindex_sessions_1'],
  ...['sessions_native', 'sessions_by_age', 'evictable_by_order', 'sources_by_session'],
];

/**
 * The bundled sessions, a large one of two segments that do not compress, small ones by the dozen so that tables have inner
 * pages, one that was appended and rewritten, one evicted, and freed pages.
 */
export async function makeRotStore(folder: string): Promise<RotStore> {
  const home = join(folder, 'home');
  const store = join(folder, 'data', 's.db');
  const put = (relPath: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(home, relPath)), { recursive: true });
    writeFileSync(join(home, relPath), content);
  };
  for (const name of readdirSync(join(SAMPLES, 'claude-code')))
    put(`.claude/projects/-p/${name}`, readFileSync(join(SAMPLES, 'claude-code', name)));
  for (const name of readdirSync(join(SAMPLES, 'codex'))) {
    const [, year, month, day] = /rollout-(\d{4})-(\d\d)-(\d\d)/.exec(name) ?? [];
    put(`.codex/sessions/${year}/${month}/${day}/${name}`, readFileSync(join(SAMPLES, 'codex', name)));
  }
  put(claude(BIG), Array.from({ length: 60 }, (_, i) => prompt(BIG, noise(i, 75_000))).join(''));
  for (let n = 0; n < SMALL; n += 1) put(claude(small(n)), prompt(small(n), noise(1000 + n, 600)));
  await done(home, store, 'ingest');
  put(claude(small(0)), prompt(small(0), noise(1000, 600)) + prompt(small(0), 'appended'));
  put(claude(small(1)), prompt(small(1), 'rewritten'));
  await done(home, store, 'ingest');
  evict(store, [EVICTED, ...Array.from({ length: 10 }, (_, i) => small(SMALL - 15 + i))]);
  const regions = regionsOf(store);
  const flat = TREES.filter((name) => !regions.has(`${name} internal`));
  if (flat.length > 0) throw new Error(`too small a store to be damaged everywhere: ${flat.join(', ')}`);
  return { home, store, ...(await truthOf(home, store)) };
}

const claude = (id: string) => `.claude/projects/-p/${id}.jsonl`;
/** So long that few fill a page of an index: each session costs every look at the store a run of the program. */
const small = (n: number) => `0a000000-0000-4000-8000-${String(n).padStart(12, '0')}-${'x'.repeat(80)}`;
/** One of the small sessions, live and never rewritten. */
export const SOME_UID = `claude-code:${small(30)}`;

/** Bytes that do not compress, the same at each run. */
function noise(seed: number, bytes: number): string {
  const parts = Array.from({ length: Math.ceil(bytes / 32) }, (_, i) =>
    new Bun.CryptoHasher('sha256').update(`${seed} ${i}`).digest('base64'),
  );
  return parts.join('').slice(0, bytes);
}

function prompt(sessionId: string, content: string): string {
  const record = { type: 'user', sessionId, cwd: '/p', version: '2.1.0', message: { role: 'user', content } };
  return `${JSON.stringify({ ...record, uuid: Bun.hash(content).toString(16), timestamp: '2026-06-01T10:00:00.000Z' })}\n`;
}

async function done(home: string, store: string, ...args: string[]): Promise<void> {
  const { code, err } = await program(home, store, ...args);
  if (code !== 0) throw new Error(`${args.join(' ')}: ${code} ${err}`);
}

/** Evicts as a sweep does, by the event; then the log is written back, so that all lies in the one file. */
function evict(store: string, ids: readonly string[]): void {
  const db = new Database(store);
  for (const id of ids)
    db.run(
      `INSERT INTO events (at, kind, session_id, session_uid, generation, reason)
       SELECT '${NOW}', 'evicted', id, session_uid, raw_generation, 'test' FROM sessions WHERE native_id = ?`,
      [id],
    );
  db.run('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close(true);
}

async function truthOf(home: string, store: string): Promise<Pick<RotStore, 'truth' | 'evicted'>> {
  const db = new Database(store);
  const rows = db
    .query<{ uid: string; evicted: number }, []>(
      'SELECT session_uid AS uid, evicted_at IS NOT NULL AS evicted FROM sessions ORDER BY id',
    )
    .all();
  db.close(true);
  const truth = new Map<string, Buffer>();
  for (const { uid } of rows.filter(({ evicted }) => evicted === 0))
    truth.set(uid, (await program(home, store, 'show', uid, '--raw')).bytes);
  return { truth, evicted: rows.filter(({ evicted }) => evicted === 1).map(({ uid }) => uid) };
}

/** Where a part of the store file lies: its pages, as `first byte, length`. */
export type Region = readonly [number, number];

/** The parts of the file by name: `segments leaf`, `segments overflow`, `events_by_session leaf`, `file header`, `freelist`, … */
export function regionsOf(store: string): Map<string, Region[]> {
  const db = new Database(store, { readonly: true });
  const pageBytes = db.query<{ page_size: number }, []>('PRAGMA page_size').get()?.page_size ?? 0;
  const pages = db.query<{ page_count: number }, []>('PRAGMA page_count').get()?.page_count ?? 0;
  const rows = db
    .query<{ name: string; pagetype: string; pageno: number }, []>(
      'SELECT name, pagetype, pageno FROM dbstat',
    )
    .all();
  db.close(true);
  const regions = new Map<string, Region[]>();
  const used = new Set<number>();
  const add = (name: string, region: Region) => regions.set(name, [...(regions.get(name) ?? []), region]);
  for (const { name, pagetype, pageno } of rows) {
    used.add(pageno);
    const first = (pageno - 1) * pageBytes;
    if (pageno === 1) add('schema root', [100, pageBytes - 100]);
    else add(`${name} ${pagetype}`, [first, pageBytes]);
  }
  add('file header', [0, 100]);
  const mapped = Math.floor(pageBytes / 5) + 1;
  for (let pageNo = 2; pageNo <= pages; pageNo += 1) {
    if (used.has(pageNo)) continue;
    add((pageNo - 2) % mapped === 0 ? 'map of pages' : 'freelist', [(pageNo - 1) * pageBytes, pageBytes]);
  }
  return regions;
}

export interface Harm {
  readonly kind: 'flip' | 'zero' | 'cut';
  readonly offset: number;
  /** Bytes; for a flip the bit. */
  readonly size: number;
}

/** Does it. Returns how many bytes are not what they were. */
export function harm(path: string, { kind, offset, size }: Harm): number {
  const handle = openSync(path, 'r+');
  try {
    if (kind === 'cut') {
      const before = fstatSync(handle).size;
      ftruncateSync(handle, offset);
      return before - offset;
    }
    const bytes = Buffer.alloc(kind === 'flip' ? 1 : size);
    const got = readSync(handle, bytes, 0, bytes.length, offset);
    const after = kind === 'flip' ? Buffer.from([(bytes[0] ?? 0) ^ (1 << (size % 8))]) : Buffer.alloc(got);
    writeSync(handle, after, 0, got, offset);
    return bytes.subarray(0, got).filter((byte, i) => byte !== after[i]).length;
  } finally {
    closeSync(handle);
  }
}

/** The files that a restore wrote, by name, wherever below `folder`. */
export function filesBelow(folder: string): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) found.set(basename(entry.name), readFileSync(join(entry.parentPath, entry.name)));
  }
  return found;
}
