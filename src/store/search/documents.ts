/**
 * The full-text index and how it follows the digests.
 * Promises: the transaction that changes a digest notes its session as pending (by a trigger), and the index follows at once
 * after it; what a death or another program left pending is caught up with before the next search; a damaged index stops
 * nothing but search. Never: keeps a word of a session whose digests are gone.
 */
import { FailureError, messageOf } from '../../domain/errors.ts';
import { plainText } from '../../domain/text.ts';
import type { ReadableDb, WritableDb } from '../connection.ts';
import { searchTables } from '../migrations/0002-search.ts';
import { columnOf, SEARCH_COLUMNS, type SearchColumn, searchFields } from './fields.ts';
import { IndexTerms } from './words.ts';

/** Sessions of one transaction while catching up: some 50 ms, so that other processes get at the store in between. */
const BATCH_SESSIONS = 100;
const PUT = `INSERT OR REPLACE INTO search (rowid, ${SEARCH_COLUMNS.join(', ')})
  VALUES ($id, ${SEARCH_COLUMNS.map((name) => `$${name}`).join(', ')})`;

/**
 * Has the index follow this session's digests as soon as the transaction under way is committed: in one of its own, because an
 * index that is damaged would take the commit with it. What fails stays pending, and the next search catches up.
 */
export function followSearch(db: WritableDb, sessionId: number): void {
  db.afterCommit(follow, sessionId);
}

function follow(db: WritableDb, ids: readonly number[]): void {
  try {
    db.writeTransaction(() => putSessions(db, ids));
  } catch (thrown) {
    if (!isIndexDamage(thrown) && !(thrown instanceof FailureError)) throw thrown;
  }
}

/**
 * Has a forgotten session leave the index, so that none of its words is left in its tables: after the transaction under way,
 * they are written anew without them. The pages that are freed are the caller's to wipe. An index that is damaged is made
 * anew, empty.
 */
export function removeFromSearchIndex(db: WritableDb, sessionId: number): void {
  db.afterCommit(removeAll, sessionId);
}

function removeAll(db: WritableDb, ids: readonly number[]): void {
  try {
    db.writeTransaction(() => putSessions(db, ids));
  } catch (thrown) {
    if (!isIndexDamage(thrown)) throw thrown;
    rebuildSearchIndex(db);
  }
}

/** Whether an error tells of the index alone: it is damaged, or not there. */
export function isIndexDamage(thrown: unknown): boolean {
  if (thrown instanceof FailureError) return thrown.failure.code === 'corrupt';
  return /no such table: (?:main\.)?search|vtable constructor failed: search|SQL logic error/.test(
    messageOf(thrown),
  );
}

/** Its own, and what other machines' tell of it. */
const DIGESTS_OF = `SELECT json FROM digests WHERE session_id = $id
  UNION ALL SELECT json FROM remote_digests WHERE session_id = $id`;
/** Every session with a digest of either kind. */
export const WITH_DIGEST = 'SELECT session_id FROM digests UNION SELECT session_id FROM remote_digests';

/** Each session's document, from all its digests. Where a session has none any more, its words are written out of the tables. */
function putSessions(db: WritableDb, ids: readonly number[]): void {
  let gone = 0;
  for (const id of ids) {
    const digests = db.all<{ json: string }>(DIGESTS_OF, { id });
    if (digests.length > 0) db.run(PUT, { id, ...documentOf(digests.map(({ json }) => json)) });
    else gone += db.run('DELETE FROM search WHERE rowid = $id', { id }).changes;
    db.run('DELETE FROM search_pending WHERE session_id = $id', { id });
  }
  if (gone > 0) writeWordsOut(db);
}

/** Writes the tables of the index anew without the words of what was replaced or deleted. */
export function writeWordsOut(db: WritableDb): void {
  db.exec("INSERT INTO search (search) VALUES ('optimize')");
}

/** Each word once a column: more would not be kept, and would make long sessions seem to be about everything. */
export function documentOf(jsons: readonly string[]): Record<SearchColumn, string> {
  const columns: Record<SearchColumn, IndexTerms> = {
    title: new IndexTerms(),
    prompts: new IndexTerms(),
    answer: new IndexTerms(),
    files: new IndexTerms(),
    commands: new IndexTerms(),
    errors: new IndexTerms(),
    other: new IndexTerms(),
  };
  for (const field of jsons.flatMap(searchFields)) columns[columnOf(field)].add(plainText(field.text));
  const text = (name: SearchColumn) => columns[name].list().join(' ');
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

/** Indexes what is pending now, a few sessions at a time. Before each few it tells how far it is; whoever asks no more ends it. */
export function* indexing(db: WritableDb): Generator<{ readonly done: number; readonly total: number }> {
  const total = searchPending(db);
  for (let done = 0; done < total; ) {
    yield { done, total };
    const count = indexSome(db, BATCH_SESSIONS);
    if (count === 0) return;
    done += count;
  }
}

/** Indexes what is pending. Returns how many sessions still are: those that came meanwhile. */
export function catchUpSearch(db: WritableDb): number {
  for (const _ of indexing(db));
  return searchPending(db);
}

/** Indexes at most so many of the pending sessions, the newest, in one transaction. Returns how many it did. */
export function indexSome(db: WritableDb, limit: number): number {
  return db.writeTransaction(() => {
    const ids = db
      .all<{ id: number }>(
        'SELECT session_id AS id FROM search_pending ORDER BY session_id DESC LIMIT $limit',
        { limit },
      )
      .map(({ id }) => id);
    putSessions(db, ids);
    return ids.length;
  });
}

/** Makes the index anew, empty, with every digest pending: `catchUpSearch` fills it. For an index that is damaged. */
export function rebuildSearchIndex(db: WritableDb): void {
  db.writeTransaction(() => {
    db.exec('DROP TABLE IF EXISTS search_terms');
    db.exec('DROP TABLE IF EXISTS search');
    db.exec(searchTables);
    db.run('DELETE FROM search_pending');
    db.run(`INSERT INTO search_pending (session_id) ${WITH_DIGEST}`);
  });
}
