/**
 * Search over the digests of all sessions, evicted ones too.
 * Promises: reads only; hits come best first, newer before older where they are as good; a session comes once; its lines are
 * of its own digests. Never: fails for what was typed; a damaged index is a failure that says so and stops nothing else.
 */
import { FailureError, failure } from '../domain/errors.ts';
import type { SessionRow } from '../domain/session.ts';
import { sessionsByIds } from './browse.ts';
import type { ReadableDb } from './connection.ts';
import { isIndexDamage, searchPending } from './search-index.ts';
import { matchOf, needsLook, parseQuery, partOf, relaxed, type Sought } from './search-query.ts';
import { type Found, look } from './search-snippets.ts';
import { suggest, type WordCount } from './search-suggest.ts';

export interface SearchQuery {
  /** Words, `"side by side"`, `begun*`. */
  readonly text: string;
  readonly agent?: string;
  /** A part of the project's path. */
  readonly project?: string;
  /** Ended (else started, else ingested) at or after, before. */
  readonly since?: string;
  readonly until?: string;
  /** A part of the path of a file that was read, written or edited. */
  readonly file?: string;
  /** A part of a command that ran. */
  readonly command?: string;
  readonly limit: number;
  /** How long a line may be, in UTF-16 units; 200 where it is not said. */
  readonly lineUnits?: number;
}

/** Whether a session's bytes can still be had: stored, evicted with a digest that covers them, or lost. */
export type RawState = 'live' | 'evicted' | 'data_loss';

export interface SearchHit extends Found {
  readonly session: SessionRow;
  readonly raw: RawState;
}

export interface SearchResult {
  readonly hits: readonly SearchHit[];
  /** There are more than `limit`. */
  readonly hasMore: boolean;
  /** So many sessions have all the words that not every one was looked at for words side by side. */
  readonly isCutShort: boolean;
  /** No session holds the phrase: these hold its words. */
  readonly isRelaxed: boolean;
  /** What was asked for holds nothing to look for: no letter, no digit. */
  readonly isEmpty: boolean;
  /** Sessions that the index does not know yet as they are. */
  readonly notIndexed: number;
  /** Where nothing was found: in how many sessions each word stands, and the query with near words for those in none. */
  readonly words: readonly WordCount[];
  readonly suggestion: string | null;
}

/** Above so many hits, only the newest of them and those in titles are weighed: a word that stands everywhere says little. */
const WEIGHED_MAX = 5000;
/** Candidates whose digests are read to see whether words stand side by side. */
const LOOKED_AT_MAX = 3000;

export function search(db: ReadableDb, query: SearchQuery): SearchResult {
  try {
    return db.snapshot(() => searchNow(db, query));
  } catch (thrown) {
    if (!isIndexDamage(thrown)) throw thrown;
    throw new FailureError(
      failure(
        'corrupt',
        `the search index is damaged: ${db.path}`,
        'Run `session-memory verify --repair`, which makes it anew; sessions and digests do not depend on it.',
      ),
    );
  }
}

function searchNow(db: ReadableDb, query: SearchQuery): SearchResult {
  const sought = [
    ...parseQuery(query.text),
    ...partOf(query.file ?? '', 'files'),
    ...partOf(query.command ?? '', 'commands'),
  ];
  const exact = hitsOf(db, query, sought);
  const looser = exact.hits.length === 0 ? relaxed(sought) : sought;
  const isRelaxed = looser.length !== sought.length;
  const { hits, isCutShort } = isRelaxed ? hitsOf(db, query, looser) : exact;
  const near = hits.length > 0 || sought.length === 0 ? null : suggest(db, query.text, sought);
  return {
    hits: hits.slice(0, query.limit),
    hasMore: hits.length > query.limit,
    isCutShort: isCutShort || exact.isCutShort,
    isRelaxed: isRelaxed && hits.length > 0,
    isEmpty: sought.length === 0,
    notIndexed: searchPending(db),
    words: near?.words ?? [],
    suggestion: near?.suggestion ?? null,
  };
}

/** At most one more than the limit. */
function hitsOf(
  db: ReadableDb,
  query: SearchQuery,
  sought: readonly Sought[],
): { readonly hits: SearchHit[]; readonly isCutShort: boolean } {
  if (sought.length === 0) return { hits: [], isCutShort: false };
  const hits: SearchHit[] = [];
  const mustLook = needsLook(sought);
  const wanted = query.limit + 1;
  const { ids: ranked, isAll } = candidates(
    db,
    query,
    sought,
    mustLook ? LOOKED_AT_MAX : Math.max(60, wanted * 2),
  );
  for (let at = 0; at < ranked.length && hits.length < wanted; at += wanted) {
    const ids = ranked.slice(at, at + wanted);
    const rows = sessionsByIds(db, ids);
    const jsons = digestsByIds(db, ids);
    for (const id of ids) {
      const session = rows.get(id);
      const found = look(jsons.get(id) ?? [], sought, query.lineUnits);
      if (session === undefined || found === null || hits.length >= wanted) continue;
      hits.push({ session, raw: rawState(db, session), ...found });
    }
  }
  return { hits, isCutShort: mustLook && hits.length < wanted && !isAll };
}

interface Ranked {
  readonly id: number;
  readonly score: number;
  readonly at: string;
}

/** Numbers of sessions that hold all the words somewhere, the best first. */
function candidates(
  db: ReadableDb,
  query: SearchQuery,
  sought: readonly Sought[],
  limit: number,
): { readonly ids: number[]; readonly isAll: boolean } {
  const match = matchOf(sought);
  const { from, count } = newestHits(db, query, match);
  if (count === 0) return { ids: [], isAll: true };
  const ranked = rankedHits(db, query, match, from, limit);
  const isWhole = count < WEIGHED_MAX;
  if (!isWhole) ranked.push(...rankedHits(db, query, matchOf(sought, 'title'), 0, limit));
  const best = new Map<number, Ranked>();
  for (const hit of ranked) if (hit.score < (best.get(hit.id)?.score ?? 1)) best.set(hit.id, hit);
  // Scores that differ by a twentieth of the best tell nothing: the newer one is the better guess.
  const top = Math.min(-Number.MIN_VALUE, ...ranked.map(({ score }) => score));
  const grade = ({ score }: Ranked) => -Math.round((score / top) * 20);
  const sorted = [...best.values()].sort(
    (a, b) => grade(a) - grade(b) || (a.at < b.at ? 1 : a.at > b.at ? -1 : b.id - a.id),
  );
  return {
    ids: sorted.slice(0, limit).map(({ id }) => id),
    isAll: isWhole && sorted.length < limit,
  };
}

/** The newest hits, as many as are weighed: how many there are, and the number of the session from which on. */
function newestHits(db: ReadableDb, query: SearchQuery, match: string): { from: number; count: number } {
  const { join, where, params } = filterOf(query);
  const row = db.get<{ first: number | null; n: number }>(
    `SELECT min(id) AS first, count(*) AS n FROM (SELECT f.rowid AS id FROM search f ${join}
       WHERE f.search MATCH $match ${where} ORDER BY f.rowid DESC LIMIT $max)`,
    { ...params, match, max: WEIGHED_MAX },
  );
  return { from: row?.first ?? 0, count: row?.n ?? 0 };
}

/** `score`: bm25 with the weights of migration 2, negative, the lower the better. */
function rankedHits(
  db: ReadableDb,
  query: SearchQuery,
  match: string,
  from: number,
  limit: number,
): Ranked[] {
  const { join, where, params } = filterOf(query);
  return db.all<Ranked>(
    `SELECT s.id, h.score, s.age_key AS at FROM
       (SELECT f.rowid AS id, f.rank AS score FROM search f ${join}
        WHERE f.search MATCH $match AND f.rowid >= $from ${where} ORDER BY f.rank LIMIT $limit) h
       JOIN sessions s ON s.id = h.id`,
    { ...params, match, from, limit },
  );
}

/** What a query asks of the sessions themselves, as parts of a statement. */
function filterOf({ agent, project, since, until }: SearchQuery) {
  const asked = [
    { sql: 's.agent = $agent', name: 'agent', value: agent },
    {
      sql: "instr(lower(coalesce(s.project, '')), lower($project)) > 0",
      name: 'project',
      value: project,
    },
    { sql: 's.age_key >= $since', name: 'since', value: since },
    { sql: 's.age_key < $until', name: 'until', value: until },
  ].flatMap(({ value, ...one }) => (value === undefined ? [] : [{ ...one, value }]));
  return {
    // Kept in this order, so that only sessions with the words are looked at.
    join: asked.length === 0 ? '' : 'CROSS JOIN sessions s ON s.id = f.rowid',
    where: asked.map(({ sql }) => ` AND ${sql}`).join(''),
    params: Object.fromEntries(asked.map(({ name, value }) => [name, value])),
  };
}

function digestsByIds(db: ReadableDb, ids: readonly number[]): Map<number, string[]> {
  const digests = new Map<number, string[]>();
  const rows = db.all<{ id: number; json: string }>(
    `SELECT session_id AS id, json FROM digests WHERE session_id IN (SELECT value FROM json_each($ids))
     ORDER BY session_id, generation DESC`,
    { ids: JSON.stringify(ids) },
  );
  for (const { id, json } of rows) digests.set(id, [...(digests.get(id) ?? []), json]);
  return digests;
}

function rawState(db: ReadableDb, session: SessionRow): RawState {
  if (session.state !== 'evicted') return 'live';
  const event = db.get<{ kind: string }>(
    `SELECT kind FROM events WHERE session_id = (SELECT id FROM sessions WHERE session_uid = $uid)
       AND generation = $generation AND kind IN ('evicted', 'data_loss') AND file_id IS NULL ORDER BY id DESC LIMIT 1`,
    { uid: session.uid, generation: session.generation },
  );
  return event?.kind === 'data_loss' ? 'data_loss' : 'evicted';
}
