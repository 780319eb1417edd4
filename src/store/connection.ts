/**
 * Connections to the one SQLite file.
 * Promises: a `ReadableDb` has no way to write, by type and by how it is opened; every write goes through
 * `writeTransaction`, which takes the write lock first, so that nothing it read can change under it; nothing is committed
 * before the file has the room for it, so that the log can be written back on a disk that has none.
 */

import { constants, Database, type Statement } from 'bun:sqlite';
import { FailureError, fail, messageOf } from '../domain/errors.ts';
import { killPoint } from '../domain/kill-point.ts';
import type { Elsewhere } from './elsewhere.ts';
import { checkedOpen } from './own-files.ts';
import { diskFull, hasNoRoom, sizeOf } from './room.ts';

export type Params = Record<string, string | number | bigint | boolean | null | Uint8Array>;

/** Reads only. `params` are named without their `$`. */
export interface ReadableDb extends Disposable {
  readonly path: string;
  /** Where the bytes of its segments lie, if not in their rows. */
  readonly elsewhere?: Elsewhere;
  get<Row>(sql: string, params?: Params): Row | null;
  all<Row>(sql: string, params?: Params): Row[];
  /** The same, a row at a time, of one unchanging state; whoever stops early lets it go. Not for two at once with one `sql`. */
  each<Row>(sql: string, params?: Params): Iterable<Row>;
  /** Runs `read` on one unchanging state of the store. */
  snapshot<T>(read: () => T): T;
  close(): void;
}

/** Reads and writes; only `store/` makes one. */
export interface WritableDb extends ReadableDb {
  /** Returns the rowid of the last insert and how many rows changed. */
  run(sql: string, params?: Params): { lastInsertRowid: number; changes: number };
  exec(sql: string): void;
  /**
   * All of it or nothing; within another one, a part of that. `work` must not be async: it would be committed before its
   * await ends.
   */
  writeTransaction<T>(work: () => T): T;
  /** Within a transaction: all of `work` or nothing of it, and the rest stands either way; else a transaction of its own. */
  part<T>(work: () => T): T;
  /**
   * Calls `work` once, with every id that it was asked for, as soon as the transaction under way is committed; never where
   * it is rolled back. What it throws does not undo what was committed.
   */
  afterCommit(work: FollowUp, id: number): void;
}

export type FollowUp = (db: WritableDb, ids: readonly number[]) => void;

/** How long a statement waits for another process before it is a failure; batches hold the lock for well under a second. */
export const BUSY_TIMEOUT_MS = 60_000;

/**
 * Opens a file that exists. In a read-only folder and on a full disk SQLite cannot make its shared-memory file; the store is
 * then read as immutable, which is safe only while no log stands beside it.
 */
export function connect(path: string, mode: 'read' | 'write'): WritableDb {
  const database = openDatabase(path, mode);
  database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  // What a statement with triggers may have to take back is kept in memory; beyond 64 KiB it went through a temporary file.
  if (mode === 'write') database.run('PRAGMA temp_store = MEMORY');
  return new Connection(database, path);
}

function openDatabase(path: string, mode: 'read' | 'write'): Database {
  if (mode === 'write')
    return checkedOpen(path, () => new Database(path, { readwrite: true, create: true, strict: true }));
  const database = checkedOpen(path, () => new Database(path, { readonly: true, strict: true }));
  try {
    // Before the first question: at that moment the last writer may be putting its log away, alone.
    database.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    database.query('SELECT 1 FROM sqlite_schema LIMIT 1').get();
    return database;
  } catch (thrown) {
    database.close();
    if (!/unable to open|readonly|read-only|disk i\/o/i.test(messageOf(thrown)) || hasLog(path)) throw thrown;
    const uri = `file:${encodeURI(path).replaceAll('?', '%3f').replaceAll('#', '%23')}?immutable=1`;
    // Flags, not options: only they say that the name is a URI.
    return new Database(uri, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI);
  }
}

function hasLog(path: string): boolean {
  return sizeOf(`${path}-wal`) > 0;
}

/** `SQLITE_FCNTL_SIZE_HINT` and `SQLITE_FCNTL_CHUNK_SIZE` of sqlite3.h. A hint does nothing before there is a chunk size. */
const SIZE_HINT = 5;
const CHUNK_SIZE = 6;

/** Statements that by themselves are a transaction, which has to claim its room as any other. */
const CHANGES_ROWS = /^\s*(?:INSERT|UPDATE|DELETE)\b/;

class Connection implements WritableDb {
  // Held in a field: a Database that nothing refers to is collected and closed.
  readonly #database: Database;
  readonly #statements = new Map<string, Statement<unknown, [Params]>>();
  readonly path: string;
  #isWriting = false;
  #afterCommit = new Map<FollowUp, Set<number>>();
  /** 0 until the first commit asks for it. */
  #pageBytes = 0;

  constructor(database: Database, path: string) {
    this.#database = database;
    this.path = path;
  }

  /** `Database.query` keeps twenty statements; we have more, and each insert compiles the triggers that guard it. */
  #statement<Row>(sql: string): Statement<Row, [Params]> {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known as Statement<Row, [Params]>;
    const made = this.#database.prepare<Row, [Params]>(sql);
    this.#statements.set(sql, made as Statement<unknown, [Params]>);
    return made;
  }

  get<Row>(sql: string, params: Params = {}): Row | null {
    return translated(this.path, () => this.#statement<Row>(sql).get(params) ?? null);
  }

  all<Row>(sql: string, params: Params = {}): Row[] {
    return translated(this.path, () => this.#statement<Row>(sql).all(params));
  }

  *each<Row>(sql: string, params: Params = {}): Iterable<Row> {
    try {
      yield* this.#statement<Row>(sql).iterate(params);
    } catch (thrown) {
      throw storeError(this.path, thrown);
    }
  }

  run(sql: string, params: Params = {}): { lastInsertRowid: number; changes: number } {
    if (!this.#database.inTransaction && CHANGES_ROWS.test(sql))
      return this.writeTransaction(() => this.run(sql, params));
    return translated(this.path, () => {
      const { lastInsertRowid, changes } = this.#statement(sql).run(params);
      killPoint('store.statement');
      return { lastInsertRowid: Number(lastInsertRowid), changes };
    });
  }

  exec(sql: string): void {
    translated(this.path, () => this.#database.run(sql));
  }

  snapshot<T>(read: () => T): T {
    if (this.#database.inTransaction) return read();
    return this.#within('BEGIN', read);
  }

  writeTransaction<T>(work: () => T): T {
    if (this.#isWriting) return work();
    this.#isWriting = true;
    this.#afterCommit = new Map();
    let result: T;
    try {
      result = this.#within('BEGIN IMMEDIATE', work);
    } finally {
      this.#isWriting = false;
    }
    const works = this.#afterCommit;
    this.#afterCommit = new Map();
    for (const [follow, ids] of works) follow(this, [...ids]);
    return result;
  }

  part<T>(work: () => T): T {
    if (!this.#isWriting) return this.writeTransaction(work);
    const before = new Map([...this.#afterCommit].map(([follow, ids]) => [follow, new Set(ids)]));
    this.exec('SAVEPOINT part');
    try {
      const result = work();
      this.exec('RELEASE part');
      return result;
    } catch (thrown) {
      // Some errors roll all of it back: whoever went on would write outside of any transaction.
      if (!this.#database.inTransaction) throw takenBack(this.path, thrown);
      this.exec('ROLLBACK TO part');
      this.exec('RELEASE part');
      this.#afterCommit = before;
      throw thrown;
    }
  }

  afterCommit(work: FollowUp, id: number): void {
    this.#afterCommit.set(work, (this.#afterCommit.get(work) ?? new Set()).add(id));
  }

  close(): void {
    // An unfinalised statement would keep the file open.
    for (const statement of this.#statements.values()) statement.finalize();
    this.#statements.clear();
    this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #within<T>(begin: string, work: () => T): T {
    this.exec(begin);
    try {
      const result = work();
      killPoint('store.commit');
      const neededBytes = begin === 'BEGIN' ? 0 : this.#claimRoom();
      this.exec('COMMIT');
      killPoint('store.committed');
      // Another process that wrote the log back in between has cut the file to what was committed before. What is committed is
      // no failure any more: where the room is gone in that moment, the reserve is there for it.
      if (neededBytes > 0 && sizeOf(this.path) < neededBytes) this.#grow(neededBytes);
      return result;
    } catch (thrown) {
      // A full disk or an I/O error has already rolled back.
      if (this.#database.inTransaction) this.#database.run('ROLLBACK');
      throw thrown;
    }
  }

  /**
   * Has the file take up the room of all its pages, while that can still fail: pages that lie in the log only would need it when
   * the log is written back, and a log that finds no room then stands in the way of every sweep. Returns how large the file
   * must be; 0 where it did not have to grow.
   */
  #claimRoom(): number {
    const bytes = this.#pageCount() * this.#pageSize();
    if (bytes === 0 || sizeOf(this.path) >= bytes) return 0;
    // A system that knows no such hint has nothing but the reserve.
    if (!this.#grow(bytes) && hasNoRoom(this.path)) throw diskFull(this.path);
    return bytes;
  }

  #grow(bytes: number): boolean {
    return this.#database.fileControl(SIZE_HINT, new BigInt64Array([BigInt(bytes)])) === 0;
  }

  #pageCount(): number {
    return this.get<{ page_count: number }>('PRAGMA page_count')?.page_count ?? 0;
  }

  /** Never other than it is at the first commit. 0: there is no file that could grow. */
  #pageSize(): number {
    if (this.path === ':memory:') return 0;
    if (this.#pageBytes > 0) return this.#pageBytes;
    this.#pageBytes = this.get<{ page_size: number }>('PRAGMA page_size')?.page_size ?? 0;
    // Pages, so that a file that shrinks is cut to the page as before. Two numbers: no fewer bytes are taken.
    this.#database.fileControl(CHUNK_SIZE, new Int32Array([this.#pageBytes, 0]));
    return this.#pageBytes;
  }
}

/** SQLite's errors that a user can do something about, as failures that name the file. */
function translated<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw storeError(path, thrown);
  }
}

/** A failure of the store, whatever was thrown: none that somebody takes for one of a single part, and goes on. */
function takenBack(path: string, thrown: unknown): FailureError {
  if (thrown instanceof FailureError && ['disk_full', 'io', 'busy'].includes(thrown.failure.code))
    return thrown;
  return fail('io', `cannot write to the store ${path}: ${messageOf(thrown)}`, 'Try again.');
}

const NO_STORE = 'not a session-memory store, or its first page is damaged';

/** Of a store that was one when it was opened: pages of it are not what was written. */
export function isStoreDamage(thrown: unknown): boolean {
  if (!(thrown instanceof FailureError)) return false;
  const { code, message } = thrown.failure;
  return code === 'corrupt' || message.startsWith(NO_STORE);
}

/** The failure that an error of SQLite stands for, or the error itself where it is a bug. */
export function storeError(path: string, thrown: unknown): unknown {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const text = messageOf(thrown);
  const isIo = code.startsWith('SQLITE_IOERR') || code.startsWith('SQLITE_CANTOPEN');
  if (code.startsWith('SQLITE_FULL') || (isIo && hasNoRoom(path))) return diskFull(path);
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return fail('busy', `another process keeps the store locked: ${path}`, 'Try again when it is done.');
  }
  if (code.startsWith('SQLITE_NOTADB')) {
    return fail(
      'usage',
      `${NO_STORE}: ${path}`,
      'Give the path of a store, or of a file that does not exist yet, as --store. If it was one, run `session-memory verify`.',
    );
  }
  if (code.startsWith('SQLITE_CORRUPT')) {
    return fail(
      'corrupt',
      `the store is damaged: ${path}: ${text}`,
      'Run `session-memory verify` to see what is hit.',
    );
  }
  if (code.startsWith('SQLITE_READONLY') || isIo) {
    return fail(
      'io',
      `cannot use the store ${path}: ${text}`,
      'Check its permissions, its disk and the size that files may have (`ulimit -f`), or give another --store.',
    );
  }
  return thrown;
}
