/**
 * Reads another program's SQLite database while that program may be at work in it.
 * Promises: all rows are of one moment, with the log (`-wal`) of the program included; nothing in its folder is made,
 * changed or removed, not even the index of its log. Fails where that cannot be had.
 */
import { constants, Database, SQLiteError, type Statement } from 'bun:sqlite';
import { closeSync, copyFileSync, constants as fs, lstatSync, mkdtempSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ForeignRows, Row } from '../../domain/contained.ts';
import { messageOf } from '../../domain/errors.ts';
import { alive } from '../alive.ts';
import { onDisk, realPathOf } from '../file-names.ts';
import { openPlain } from '../plain-file.ts';
import { isLink } from '../walk.ts';
import { mustLieWithin, realPathOrNull, type Within } from '../within.ts';
import { ownJournal } from './foreign-journal.ts';

/** The program that owns it writes in moments; one that holds it for longer is waited for at the next run. */
const BUSY_MS = 2_000;
/** A database that changes under each of so many readings without locks is left for the next run. */
const TRIES = 3;

/** A database that is kept open over several looks: to open it for each of thousands of sessions costs more than they do. */
export class ForeignDatabase implements Disposable {
  readonly #path: string;
  readonly #within: Within | null;
  #opened: Opened | null = null;
  /** What the file was when it was opened: SQLite would go on reading one that was replaced. */
  #stamp = '';

  /** `within`: the real folders that the file must lie in; null where the caller made the path itself. */
  constructor(path: string, within: Within | null) {
    this.#path = path;
    this.#within = within;
  }

  /** Looks at one moment of it; `work` is done anew where that moment was none. */
  look<Result>(work: (rows: ForeignRows) => Result): Result {
    for (let tries = 1; ; tries += 1) {
      const before = stampOf(this.#path);
      const opened = this.#open(before);
      // Read without locks, it is one moment's only where nothing was written to it meanwhile.
      const isStill = () => opened.isLocked || stampOf(this.#path) === before;
      try {
        const result = inOneMoment(opened, work);
        if (isStill()) return result;
      } catch (thrown) {
        // What changes under a reading may look damaged.
        if (isStill()) throw thrown;
      }
      this[Symbol.dispose]();
      if (tries === TRIES) throw new Error('it is being written to all the time');
    }
  }

  #open(stamp: string): Opened {
    const path = this.#path;
    if (this.#opened !== null && this.#isStill(stamp)) return this.#opened;
    this[Symbol.dispose]();
    if (this.#within !== null) mustLieWithin(path, this.#within);
    this.#stamp = stamp;
    this.#opened = open(path);
    return this.#opened;
  }

  /** Behind locks it may have changed, but must be the same file with the same companions; else nothing may have. */
  #isStill(stamp: string): boolean {
    const kept = (text: string) => text.replace(/[^: ]+:[^: ]+:/g, '');
    return this.#opened?.isLocked === true ? kept(stamp) === kept(this.#stamp) : stamp === this.#stamp;
  }

  [Symbol.dispose](): void {
    this.#opened?.[Symbol.dispose]();
    this.#opened = null;
  }
}

function inOneMoment<Result>({ database, rows }: Opened, work: (rows: ForeignRows) => Result): Result {
  database.run('BEGIN');
  try {
    rows.forget();
    return work(rows);
  } finally {
    // Some failures end it by themselves.
    if (database.inTransaction) database.run('ROLLBACK');
  }
}

type PreparedQuery = Statement<Row, [Record<string, string | number>]>;

class Rows implements ForeignRows, Disposable {
  readonly #database: Database;
  /** Compiled once: thousands of sessions ask the same. One that is being read stays out of the way of another reading. */
  readonly #idle = new Map<string, PreparedQuery>();
  readonly #columns = new Map<string, readonly string[]>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** What is known of the schema holds for one look only. */
  forget(): void {
    this.#columns.clear();
  }

  get isUtf8(): boolean {
    const { encoding } = this.#database.query<{ encoding: string }, []>('PRAGMA encoding').get() ?? {};
    return encoding === 'UTF-8';
  }

  has(table: string, ...columns: string[]): boolean {
    const known = this.columns(table);
    return known.length > 0 && columns.every((column) => known.includes(column));
  }

  columns(table: string): readonly string[] {
    const known = this.#columns.get(table);
    if (known !== undefined) return known;
    // A view could be made to take for ever.
    const sql = `SELECT c.name FROM sqlite_schema s, pragma_table_info(s.name) c WHERE s.type = 'table' AND s.name = $table`;
    const columns = [...this.each(sql, { table })].map((row) => String(row['name']));
    this.#columns.set(table, columns);
    return columns;
  }

  *each(sql: string, params: Readonly<Record<string, string | number>> = {}): Iterable<Row> {
    const bound = Object.fromEntries(Object.entries(params).map(([name, value]) => [`$${name}`, value]));
    const statement: PreparedQuery = this.#idle.get(sql) ?? this.#database.prepare(sql);
    this.#idle.delete(sql);
    let isWhole = false;
    try {
      for (const row of statement.iterate(bound)) {
        alive();
        yield row;
      }
      isWhole = true;
    } finally {
      // One that was left in its midst, or asked again within itself, is not used again.
      if (isWhole && !this.#idle.has(sql)) this.#idle.set(sql, statement);
      else statement.finalize();
    }
  }

  [Symbol.dispose](): void {
    for (const statement of this.#idle.values()) statement.finalize();
    this.#idle.clear();
  }
}

interface Opened extends Disposable {
  readonly database: Database;
  readonly rows: Rows;
  /** False: nothing keeps the owner from writing while it is read. */
  readonly isLocked: boolean;
}

/**
 * SQLite makes files beside a database even where it only reads, and waits for ever where a pipe has the name of one. So what is there
 * decides how it is opened.
 */
function open(path: string): Opened {
  // Of a link the companions lie beside what it leads to.
  const real = realPathOf(path);
  const { log, index, journal } = besideOf(real);
  const hasLog = log !== null && log > LOG_HEADER_BYTES;
  // A log without its index, and a write that was left half done, can be read only by writing: in a copy.
  const copied = [...(hasLog ? ['-wal'] : []), ...((journal ?? 0) > 0 ? ['-journal'] : [])];
  if (hasLog && index === null) return openCopy(real, copied);
  try {
    // The owner is at work, or died: the index of its log is there, for us to read and not to write.
    if (log !== null && index !== null) return opened(real, 'mode=ro&readonly_shm=1', true);
    // SQLite would make a log, or the index of what it takes for one. It would also look at no journal.
    if (log !== null || keepsLog(real))
      return copied.length > 0 ? openCopy(real, copied) : opened(real, 'immutable=1', false);
    // With a rollback journal its locks are in the file itself.
    return opened(real, 'mode=ro', true);
  } catch (thrown) {
    if (!(thrown instanceof SQLiteError && thrown.code === 'SQLITE_READONLY_ROLLBACK')) throw thrown;
    return openCopy(real, [...new Set([...copied, '-journal'])]);
  }
}

/** A log of so many bytes holds nothing yet. Source: https://www.sqlite.org/fileformat2.html#walformat */
const LOG_HEADER_BYTES = 32;

/** The sizes of what lies beside it, null where nothing does. Throws where it, or one of them, is no plain file. */
function besideOf(path: string) {
  if (lookAt(path) === null) throw new Error('it is gone');
  const [log = null, index = null, journal = null] = ['-wal', '-shm', '-journal'].map((end) => {
    const stats = lookAt(path + end);
    return stats === null ? null : Number(stats.size);
  });
  return { log, index: index !== null && isIndex(`${path}-shm`) ? index : null, journal };
}

/**
 * Over one that is none SQLite would try for ten seconds, and fail. It begins with two copies of its header; while its owner
 * writes the second it counts as none, too. Source: https://www.sqlite.org/walformat.html#wal_index_header
 */
function isIndex(path: string): boolean {
  const handle = openPlain(path);
  try {
    const header = Buffer.alloc(2 * INDEX_HEADER_BYTES);
    if (readSync(handle, header, 0, header.length, 0) < header.length) return false;
    const first = header.subarray(0, INDEX_HEADER_BYTES);
    return first[INDEX_IS_INIT_AT] === 1 && first.equals(header.subarray(INDEX_HEADER_BYTES));
  } finally {
    closeSync(handle);
  }
}

const INDEX_HEADER_BYTES = 48;
const INDEX_IS_INIT_AT = 12;

/** Null where nothing is. */
function lookAt(path: string) {
  const stats = lstatSync(onDisk(path), { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return null;
  if (!stats.isFile()) throw new Error(`${basename(path)} is not a regular file`);
  return stats;
}

/** Whether a write goes to a log first. Source: https://www.sqlite.org/fileformat2.html, the file format version numbers. */
function keepsLog(path: string): boolean {
  const handle = openPlain(path);
  try {
    const header = new Uint8Array(20);
    return readSync(handle, header, 0, header.length, 0) === header.length && header[19] === 2;
  } finally {
    closeSync(handle);
  }
}

/** SQLite would make the index of a log, or undo what a journal says, beside it. So both are copied to a folder of our own. */
function openCopy(path: string, beside: readonly string[]): Opened {
  const folder = mkdtempSync(join(tmpdir(), 'session-memory-rows-'));
  try {
    const copy = join(folder, basename(path));
    for (const end of ['', ...beside]) copyFileSync(onDisk(path + end), copy + end, fs.COPYFILE_FICLONE);
    const undoes = beside.includes('-journal') && ownJournal(`${copy}-journal`);
    if (!undoes) rmSync(`${copy}-journal`, { force: true });
    const made = opened(copy, undoes ? 'mode=rw' : 'mode=ro', false);
    // Open files need no names: a kill leaves none.
    const isGone = isRemoved(folder);
    return {
      ...made,
      [Symbol.dispose]: () => {
        made[Symbol.dispose]();
        if (!isGone) rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (thrown) {
    rmSync(folder, { recursive: true, force: true });
    throw thrown;
  }
}

function isRemoved(folder: string): boolean {
  try {
    rmSync(folder, { recursive: true, force: true });
    return true;
  } catch {
    // Windows removes no open file.
    return false;
  }
}

function opened(path: string, how: string, isLocked: boolean): Opened {
  const name = pathToFileURL(path).href;
  // Flags, not options: only they say that the name is a URI.
  const access = how === 'mode=rw' ? constants.SQLITE_OPEN_READWRITE : constants.SQLITE_OPEN_READONLY;
  const database = new Database(`${name}?${how}`, access | constants.SQLITE_OPEN_URI);
  try {
    database.run(`PRAGMA busy_timeout = ${BUSY_MS}`);
    // The schema is another's: no function in it is to be run by a look.
    database.run('PRAGMA trusted_schema = OFF');
    database.run('PRAGMA query_only = ON');
    database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get();
  } catch (thrown) {
    database.close();
    throw thrown;
  }
  const rows = new Rows(database);
  return {
    database,
    rows,
    isLocked,
    [Symbol.dispose]: () => {
      rows[Symbol.dispose]();
      database.close(true);
    },
  };
}

/** What changes with each write to the file, its log or its journal. */
function stampOf(path: string): string {
  // Of a link the companions lie beside what it leads to.
  const file = isLink(path) ? (realPathOrNull(path) ?? path) : path;
  return ['', '-wal', '-journal']
    .map((end) => {
      const stats = lstatSync(onDisk(file + end), { bigint: true, throwIfNoEntry: false });
      return stats === undefined ? '-' : `${stats.size}:${stats.mtimeNs}:${stats.ino}`;
    })
    .join(' ');
}

/** What went wrong with a database, for people. */
export function foreignTrouble(thrown: unknown): string {
  const code = thrown instanceof SQLiteError ? thrown.code : undefined;
  if (code === 'SQLITE_BUSY') return 'its program is writing to it; it is read at the next run';
  if (code === 'SQLITE_NOTADB' || code === 'SQLITE_CORRUPT') return 'it is damaged, or no SQLite database';
  return messageOf(thrown);
}
