/**
 * The full-text index and how it follows the digests.
 * Promises: a digest that is written is found as soon as its transaction is; what another program changed is caught up with,
 * a batch a transaction; a damaged index stops nothing but search. Never: holds a word that no digest holds, once it was
 * removed for good.
 */
import { FailureError, messageOf } from '../domain/errors.ts';
import type { ReadableDb, WritableDb } from './connection.ts';
import { searchTables } from './migrations/0002-search.ts';
import { columnOf, SEARCH_COLUMNS, type SearchColumn, searchFields } from './search-fields.ts';
import { addIndexTerms } from './search-words.ts';

/** Sessions of one transaction while catching up: a fraction of a second, and a log of a few MiB. */
const BATCH_SESSIONS = 200;
const PUT = `INSERT OR REPLACE INTO search (rowid, ${SEARCH_COLUMNS.join(', ')})
  VALUES ($id, ${SEARCH_COLUMNS.map((name) => `$${name}`).join(', ')})`;

/** Sessions whose digests changed in the transaction that is under way. */
const touched = new WeakMap<WritableDb, Set<number>>();

/** Has the index follow this session's digests before the transaction under way is committed. */
export function followSearch(db: WritableDb, sessionId: number): void {
  const ids = touched.get(db) ?? new Set<number>();
  ids.add(sessionId);
  if (ids.size > 1) return;
  touched.set(db, ids);
  db.beforeCommit((isCommitted) => {
    touched.delete(db);
    if (isCommitted) {
      unlessDamaged(db, () => {
        for (const id of ids) putSession(db, id);
      });
    }
  });
}

/**
 * Does it as a part of the transaction, or not at all where the index is damaged: what waits then stays listed as pending.
 * The words are written out at once, because what fails in the commit would take everything else with it. False where it
 * was not done.
 */
function unlessDamaged(db: WritableDb, work: () => void): boolean {
  db.exec('SAVEPOINT search');
  try {
    work();
    db.exec("INSERT INTO search (search) VALUES ('flush')");
    db.exec('RELEASE search');
    return true;
  } catch (thrown) {
    // A full disk may have undone the whole transaction already: its savepoint with it.
    if (!isIndexDamage(thrown)) throw thrown;
    db.exec('ROLLBACK TO search');
    db.exec('RELEASE search');
    return false;
  }
}

/** Whether an error tells of the index alone: it is damaged, or not there. */
export function isIndexDamage(thrown: unknown): boolean {
  if (thrown instanceof FailureError) return thrown.failure.code === 'corrupt';
  return /no such table: (?:main\.)?search|vtable constructor failed: search|SQL logic error/.test(
    messageOf(thrown),
  );
}

/** One session's document, from all its digests. */
function putSession(db: WritableDb, id: number): void {
  const digests = db.all<{ json: string }>('SELECT json FROM digests WHERE session_id = $id', { id });
  if (digests.length === 0) db.run('DELETE FROM search WHERE rowid = $id', { id });
  else db.run(PUT, { id, ...documentOf(digests.map(({ json }) => json)) });
  db.run('DELETE FROM search_pending WHERE session_id = $id', { id });
}

/** Each word once a column: more would not be kept, and would make long sessions seem to be about everything. */
function documentOf(jsons: readonly string[]): Record<SearchColumn, string> {
  const columns: Record<SearchColumn, Set<string>> = {
    title: new Set(),
    prompts: new Set(),
    answer: new Set(),
    files: new Set(),
    commands: new Set(),
    errors: new Set(),
    other: new Set(),
  };
  for (const field of jsons.flatMap(searchFields)) addIndexTerms(field.text, columns[columnOf(field)]);
  const text = (name: SearchColumn) => [...columns[name]].join(' ');
  return {
    title: text('title'),
    prompts: text('prompts'),
    answer: text('answer'),
    files: text('files'),
    commands: text('commands'),
    errors: text('errors'),
    other: text('other'),
  };
}

/** How many sessions the index does not know yet as they are. */
export function searchPending(db: ReadableDb): number {
  return db.get<{ n: number }>('SELECT count(*) AS n FROM search_pending')?.n ?? 0;
}

/** Indexes what is pending. Returns how many sessions still are: those that came meanwhile, or all after a stop. */
export function catchUpSearch(
  db: WritableDb,
  onProgress: (done: number, total: number) => void,
  signal?: AbortSignal,
): number {
  const total = searchPending(db);
  for (let done = 0; done < total && signal?.aborted !== true; ) {
    onProgress(done, total);
    const count = db.writeTransaction(() => {
      const ids = db.all<{ id: number }>(
        'SELECT session_id AS id FROM search_pending ORDER BY session_id LIMIT $limit',
        { limit: BATCH_SESSIONS },
      );
      for (const { id } of ids) putSession(db, id);
      return ids.length;
    });
    if (count === 0) break;
    done += count;
  }
  return searchPending(db);
}

/** Makes the index anew, empty, with every digest pending: `catchUpSearch` fills it. For an index that is damaged. */
export function rebuildSearchIndex(db: WritableDb): void {
  db.writeTransaction(() => {
    db.exec('DROP TABLE IF EXISTS search_terms');
    db.exec('DROP TABLE IF EXISTS search');
    db.exec(searchTables);
    db.run('DELETE FROM search_pending');
    db.run('INSERT INTO search_pending (session_id) SELECT DISTINCT session_id FROM digests');
  });
}

/**
 * Takes a session out of the index so that none of its words is left in its tables: all of it is written anew without them.
 * To be called in the transaction that drops its digests; the pages that are freed are the caller's to wipe. An index that is
 * damaged is made anew, empty.
 */
export function removeFromSearchIndex(db: WritableDb, sessionId: number): void {
  const isWhole = unlessDamaged(db, () => {
    const { changes } = db.run('DELETE FROM search WHERE rowid = $id', { id: sessionId });
    // A session that was never analyzed has left nothing.
    if (changes > 0) db.exec("INSERT INTO search (search) VALUES ('optimize')");
  });
  if (!isWhole) rebuildSearchIndex(db);
  db.run('DELETE FROM search_pending WHERE session_id = $id', { id: sessionId });
}
