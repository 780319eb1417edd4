/**
 * A new store file from the rows of one whose pages are damaged.
 * Promises: only reads the old file; every row that can be read comes over as it is; a row of which only the name is left
 * comes over by its name; what is made up for it gives out no bytes and counts as neither analyzed nor hashed.
 * Never: brings back what was freed, or calls a session evicted that has no event of it.
 */
import { lstatSync } from 'node:fs';
import { type FailureError, fail } from '../../domain/errors.ts';
import { connect, type Params, type WritableDb } from '../connection.ts';
import { migrate } from '../migrate.ts';
import { makePrivateFile } from '../place.ts';
import { rebuildSearchIndex } from '../search/documents.ts';
import { MENDS, mendNames, mendWords, nameLostFiles, nameLostSessions } from './mends.ts';
import { StorePages } from './pages.ts';
import type { Value } from './records.ts';
import { recount } from './repair.ts';

export interface Rebuilt {
  /** Rows that came over, by table. */
  readonly saved: Readonly<Record<string, number>>;
  /** What could not be had, a sentence each. */
  readonly lost: readonly string[];
}

/** Tables in the order in which their rows need each other; `counters` and `scans` are made anew from them, or by a scan. */
const TABLES = [
  'sessions',
  'files',
  'segments',
  'versions',
  'digests',
  'tombstones',
  'sweeps',
  'events',
  'forgotten',
  'sources',
  'contents',
] as const;
type TableName = (typeof TABLES)[number];
/** Columns that a later migration added at the end. */
const ADDED: Partial<Record<TableName, number>> = { sessions: 2, sources: 1, digests: 1 };
const WITHOUT_ROWID: readonly TableName[] = ['sources', 'contents'];
/** A segment's row takes up to 4 MiB: so many of them fit the log of the new file. */
const ROWS_PER_TRANSACTION = 50;

/** Fills the new file at `into`, which must not exist yet. */
export function rebuild(storePath: string, into: string): Rebuilt {
  makePrivateFile(into);
  using db = connect(into, 'write');
  db.exec('PRAGMA auto_vacuum = INCREMENTAL');
  db.exec('PRAGMA journal_mode = WAL');
  db.exec('PRAGMA secure_delete = FAST');
  migrate(db);
  const triggers = db.all<{ name: string; sql: string }>(
    "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'",
  );
  for (const { name } of triggers) db.exec(`DROP TRIGGER "${name}"`);
  using pages = openPages(storePath, db);
  const result = copyAll(db, pages.pages, pages.roots);
  db.writeTransaction(() => {
    for (const { sql } of triggers) db.exec(sql);
  });
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  return result;
}

/** How many sessions and segments can be read off the pages of a store that cannot be opened; null where it is no store. */
export function survey(storePath: string): { readonly sessions: number; readonly segments: number } | null {
  if (lstatSync(storePath, { throwIfNoEntry: false })?.isFile() !== true) return null;
  using db = connect(':memory:', 'write');
  db.exec('PRAGMA auto_vacuum = INCREMENTAL');
  migrate(db);
  using pages = openPages(storePath, db);
  const columns = columnsOf(db, 'sessions').length;
  let sessions = 0;
  for (const { values } of pages.pages.rows(pages.roots.get('sessions') ?? 0)) {
    if (values.length <= columns && values.length >= columns - (ADDED.sessions ?? 0)) sessions += 1;
  }
  let segments = 0;
  for (const { values } of pages.pages.rows(pages.roots.get('segments') ?? 0)) {
    if (values.length === columnsOf(db, 'segments').length) segments += 1;
  }
  return sessions + segments === 0 ? null : { sessions, segments };
}

/** Of a store that SQLite refuses and off whose pages no row can be read. */
export function nothingLeft(storePath: string): FailureError {
  return fail(
    'corrupt',
    `the store is damaged, and nothing of it can be read: ${storePath}`,
    'Move it away and keep it, then run `session-memory ingest`: what the agents still have is stored anew.',
  );
}

interface OpenPages extends Disposable {
  readonly pages: StorePages;
  readonly roots: ReadonlyMap<string, number>;
}

/** `fresh`: a store of the same schema, whose root pages are where this one's were made; the file's own schema goes before it. */
function openPages(storePath: string, fresh: WritableDb): OpenPages {
  const roots = new Map<string, number>();
  for (const { name, rootpage } of fresh.all<{ name: string; rootpage: number }>(
    'SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0',
  ))
    roots.set(name, rootpage);
  {
    using first = new StorePages(storePath, [1]);
    for (const { values } of first.rows(1)) {
      const [, name, , root] = values;
      const isOurs = typeof name === 'string' && roots.has(name);
      if (isOurs && typeof root === 'number' && root > 1 && root <= first.count) roots.set(name, root);
    }
  }
  const pages = new StorePages(storePath, [1, ...roots.values()]);
  return { pages, roots, [Symbol.dispose]: () => pages[Symbol.dispose]() };
}

function copyAll(db: WritableDb, pages: StorePages, roots: ReadonlyMap<string, number>): Rebuilt {
  const lost: string[] = [];
  const saved: Record<string, number> = {};
  for (const table of TABLES) {
    const { rows, refused } = copyTable(db, pages, table, roots.get(table) ?? 0);
    saved[table] = rows;
    if (refused > 0) lost.push(`${refused} damaged rows of ${table}`);
  }
  copyRemote(db, pages, roots);
  db.writeTransaction(() => {
    const names = [...pages.entries(roots.get('sqlite_autoindex_sessions_1') ?? 0)];
    mendNames(db, names);
    lost.push(...nameLostSessions(db, names));
    nameLostFiles(db, [...pages.entries(roots.get('sqlite_autoindex_files_1') ?? 0)]);
    mendWords(db);
    for (const { sql, tells } of MENDS) {
      const { changes } = db.run(sql);
      if (changes > 0 && tells !== null) lost.push(`${changes} ${tells}`);
    }
    recount(db);
    // No trigger has noted these digests, and the old file's index goes with it.
    rebuildSearchIndex(db);
  });
  return { saved, lost };
}

/**
 * That the store has joined a bucket, without which its evictions would be final, and who is only told of by others. All else of it is read
 * again from the bucket: under an id of its own, so that what was uploaded under the old one is read as any other machine's.
 */
function copyRemote(db: WritableDb, pages: StorePages, roots: ReadonlyMap<string, number>): void {
  const isId = (value: Value | undefined) => typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);
  db.writeTransaction(() => {
    for (const { values } of pages.rows(roots.get('remote') ?? 0)) {
      const [, bucket = null, machine] = values;
      if (values.length !== columnsOf(db, 'remote').length || !isId(bucket) || !isId(machine)) continue;
      db.run(
        'INSERT OR IGNORE INTO remote (id, bucket, machine, next) VALUES (1, $bucket, lower(hex(randomblob(16))), 0)',
        { bucket },
      );
    }
    for (const { rowid, values } of pages.rows(roots.get('remote_mirrors') ?? 0)) {
      const [, generation = null, machine = null] = values;
      if (values.length === 3 && typeof generation === 'number' && isId(machine))
        db.run('INSERT OR IGNORE INTO remote_mirrors VALUES ($rowid, $generation, $machine)', {
          rowid,
          generation,
          machine,
        });
    }
  });
}

function copyTable(
  db: WritableDb,
  pages: StorePages,
  table: TableName,
  root: number,
): { readonly rows: number; readonly refused: number } {
  const columns = columnsOf(db, table);
  const sql = `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map((name) => `$${name}`).join(', ')})`;
  const source = WITHOUT_ROWID.includes(table) ? pages.entries(root) : pages.rows(root);
  let rows = 0;
  let refused = 0;
  for (let isDone = false; !isDone; ) {
    db.writeTransaction(() => {
      for (let i = 0; i < ROWS_PER_TRANSACTION; i += 1) {
        const next = source.next();
        if (next.done === true) {
          isDone = true;
          return;
        }
        if (put(db, sql, table, columns, next.value.rowid, next.value.values)) rows += 1;
        else refused += 1;
      }
    });
  }
  return { rows, refused };
}

function put(
  db: WritableDb,
  sql: string,
  table: TableName,
  columns: readonly string[],
  rowid: number,
  values: readonly Value[],
): boolean {
  // A row that was written before a column was added ends before it.
  const added = ADDED[table] ?? 0;
  if (values.length > columns.length || values.length < columns.length - added) return false;
  const params: Params = {};
  for (const [i, name] of columns.entries()) params[name] = values[i] ?? null;
  // An INTEGER PRIMARY KEY is the rowid, and stored as nothing.
  if (columns[0] === 'id') params['id'] = rowid;
  const data = params['data'];
  // What counts is what is there; whether it is right, the hash says.
  if (table === 'segments' && data instanceof Uint8Array) params['stored_bytes'] = data.length;
  if (table === 'digests' && typeof params['json'] === 'string')
    params['bytes'] = Buffer.byteLength(params['json']);
  try {
    db.run(sql, params);
    return true;
  } catch {
    // STRICT, CHECK or UNIQUE says that no program wrote this row: it is damaged, and counted as such.
    return false;
  }
}

/** Columns that lie in the row, in their order; generated ones do not. */
function columnsOf(db: WritableDb, table: string): string[] {
  return db.all<{ name: string }>(`PRAGMA table_info(${table})`).map(({ name }) => name);
}
