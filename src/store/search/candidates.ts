/**
 * Which sessions to look at for a query: the index's own answer, before any digest is read.
 * Promises: asks the index for numbers of sessions only, each question bounded, so that words which stand everywhere cost
 * little more than rare ones. (FTS5's own bm25 counts every session of every word first: 20 ms for eight of them.)
 */
import type { ReadableDb } from '../connection.ts';
import { tellingShare } from './common.ts';
import { type Group, matchOf, type SearchQuestion } from './query.ts';

/** What a query asks of the sessions themselves. */
export interface CandidateFilter {
  readonly agent?: string;
  /** A part of the project's path. */
  readonly project?: string;
  /** Ended (else started, else ingested) at or after, before. */
  readonly since?: string;
  readonly until?: string;
}

/** How telling each group is, and the index's measures. */
export interface Weights {
  /** By group: small for a word that stands everywhere, 0 for one that stands nowhere. */
  readonly idf: readonly number[];
  /** Sessions with it, by group; a guess above `COUNTED_MAX`. */
  readonly sessions: readonly number[];
  readonly averageLength: number;
}

export interface SearchCandidate {
  readonly id: number;
  /** Words of its document. */
  readonly length: number;
}

/** A word in more sessions is common: it is met in those that rarer words name, or in the newest. */
const COUNTED_MAX = 3000;
/** So many of the sessions that the rare words name, the newest first. */
const POOL_MAX = 6000;
/** Of these, how many are weighed with their lengths. */
const WEIGHED_MAX = 400;
/** Common words only: sessions with any of them, the newest. */
const NEWEST_MAX = 1000;
/** Fewer sessions with all of the common words are not enough to show. */
const ENOUGH = 60;
/** More common words than that are hardly all in a prompt, or in a title, and asking for that reads all they have. */
const STRONG_WORDS_MAX = 4;
const TITLE_WORDS_MAX = 2;
const STRONG = '{title prompts}';
/** What a word weighs in a title or a prompt, and elsewhere. */
const STRONG_WEIGHT = 4;
const WEAK_WEIGHT = 1.5;

export function weightsOf(db: ReadableDb, groups: readonly Group[]): Weights {
  const { documents, averageLength } = measures(db);
  const last = db.get<{ id: number | null }>('SELECT max(id) AS id FROM search_docsize')?.id ?? 0;
  const sessions = groups.map((group) => {
    const row = db.get<{ first: number | null; n: number }>(
      `SELECT min(id) AS first, count(*) AS n FROM (SELECT rowid AS id FROM search WHERE search MATCH $match
         ORDER BY rowid DESC LIMIT $max)`,
      { match: matchOf(group), max: COUNTED_MAX },
    );
    const n = row?.n ?? 0;
    if (n < COUNTED_MAX) return n;
    // As many before the newest ones as among them.
    return Math.min(documents, Math.round((n * last) / Math.max(1, last - (row?.first ?? 0) + 1)));
  });
  return {
    idf: sessions.map((n, i) =>
      n === 0 ? 0 : Math.log(1 + (documents - n + 0.5) / (n + 0.5)) * tellingShare(groups[i]?.any[0]?.units),
    ),
    sessions,
    averageLength,
  };
}

/** FTS5 keeps both in the record 1 of its data: a count of documents, and the sum of words of each column. */
function measures(db: ReadableDb): { documents: number; averageLength: number } {
  const block = db.get<{ block: Uint8Array }>('SELECT block FROM search_data WHERE id = 1')?.block;
  const [documents = 0, ...words] = varints(block ?? new Uint8Array());
  const sum = words.reduce((total, n) => total + n, 0);
  return { documents, averageLength: documents > 0 && sum > 0 ? sum / documents : 1 };
}

/** SQLite's variable-length integers: seven bits a byte, the high bit says that more follow. */
function varints(bytes: Uint8Array): number[] {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of bytes) {
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      numbers.push(value);
      value = 0;
    }
  }
  return numbers;
}

/** The sessions that are worth a look, the most promising first. `isAll`: no other session can be a hit. */
export function candidates(
  db: ReadableDb,
  filter: CandidateFilter,
  asked: SearchQuestion,
  weights: Weights,
): { readonly list: SearchCandidate[]; readonly isAll: boolean } {
  const pool = poolOf(db, filter, asked, weights);
  const scores = new Map(pool.ids.map((id) => [id, 0]));
  const add = (id: number, by: number) => {
    const before = scores.get(id);
    if (before !== undefined) scores.set(id, before + by);
  };
  for (const [i, group] of asked.groups.entries()) {
    const idf = weights.idf[i] ?? 0;
    if (idf === 0) continue;
    const within = pool.match === null ? '' : `(${pool.match}) AND `;
    const range = { from: pool.from, max: POOL_MAX };
    for (const id of idsOf(db, filter, `${within}${matchOf(group)}`, range)) add(id, idf * WEAK_WEIGHT);
    if (group.any.some(({ column }) => column !== null)) continue;
    const strong = `${within}${STRONG} : (${matchOf(group)})`;
    for (const id of idsOf(db, filter, strong, range)) add(id, idf * (STRONG_WEIGHT - WEAK_WEIGHT));
  }
  // The newest ones were asked about each group already.
  for (const [id, by] of pool.sure) if (id < pool.from) add(id, by);
  const best = [...scores].sort((a, b) => b[1] - a[1] || b[0] - a[0]);
  return { list: withLengths(db, best, weights), isAll: pool.isAll };
}

interface Pool {
  readonly ids: readonly number[];
  /** The expression that they all meet; null: any session from `from` on. */
  readonly match: string | null;
  readonly from: number;
  /** What is known of some of them beyond what the questions about each group will tell. */
  readonly sure: ReadonlyMap<number, number>;
  readonly isAll: boolean;
}

function poolOf(
  db: ReadableDb,
  filter: CandidateFilter,
  { groups, without }: SearchQuestion,
  weights: Weights,
): Pool {
  const known = groups.map((group, i) => ({
    group,
    sessions: weights.sessions[i] ?? 0,
    idf: weights.idf[i] ?? 0,
  }));
  const bounded = (match: string) => `(${match})${barredBy(without)}`;
  const of = (match: string, max: number, from = 0) => idsOf(db, filter, match, { max, from });
  const musts = groups.filter(({ isMust }) => isMust);
  const named = musts.length > 0 ? musts.map(matchOf).join(' AND ') : rareOf(known);
  if (named !== null) {
    const ids = of(bounded(named), POOL_MAX);
    return { ids, match: named, from: 0, sure: new Map(), isAll: ids.length < POOL_MAX };
  }
  // Only words that stand everywhere: sessions with all of them, in titles first, and the newest with any.
  const common = known.filter(({ sessions }) => sessions > 0).sort((a, b) => a.sessions - b.sessions);
  if (common.length === 0) return { ids: [], match: null, from: 0, sure: new Map(), isAll: true };
  const all = (some: typeof common, column = '') =>
    bounded(some.map(({ group }) => `${column}(${matchOf(group)})`).join(' AND '));
  const weight = common.reduce((sum, { idf }) => sum + idf, 0);
  const sure = new Map<number, number>();
  const take = (ids: readonly number[], by: number) => {
    for (const id of ids) sure.set(id, Math.max(by, sure.get(id) ?? 0));
  };
  take(of(all(common), NEWEST_MAX), weight * WEAK_WEIGHT);
  if (sure.size < ENOUGH) {
    const half = common.slice(0, Math.ceil(common.length / 2));
    take(of(all(half), NEWEST_MAX), half.reduce((sum, { idf }) => sum + idf, 0) * WEAK_WEIGHT);
  }
  if (common.length <= STRONG_WORDS_MAX)
    take(of(all(common, `${STRONG} : `), NEWEST_MAX), weight * STRONG_WEIGHT);
  if (common.length <= TITLE_WORDS_MAX)
    take(of(all(common, 'title : '), NEWEST_MAX), weight * STRONG_WEIGHT * 2);
  const newest = of(bounded(common.map(({ group }) => matchOf(group)).join(' OR ')), NEWEST_MAX);
  return {
    ids: [...new Set([...sure.keys(), ...newest])],
    match: null,
    from: newest.at(-1) ?? 0,
    sure,
    isAll: newest.length < NEWEST_MAX,
  };
}

/** The rarest words, as long as few enough sessions have them: any of them names a session. */
function rareOf(known: readonly { group: Group; sessions: number }[]): string | null {
  const rare = known
    .filter(({ sessions }) => sessions > 0 && sessions < COUNTED_MAX)
    .sort((a, b) => a.sessions - b.sessions);
  let sum = 0;
  const taken = rare.filter(({ sessions }, i) => {
    sum += sessions;
    return i === 0 || sum <= POOL_MAX;
  });
  return taken.length === 0 ? null : taken.map(({ group }) => matchOf(group)).join(' OR ');
}

/** Numbers of the sessions that meet it, the newest first. */
function idsOf(
  db: ReadableDb,
  filter: CandidateFilter,
  match: string,
  { from, max }: { from: number; max: number },
): number[] {
  const { join, where, params } = filterOf(filter);
  return db
    .all<{ id: number }>(
      `SELECT f.rowid AS id FROM search f ${join} WHERE f.search MATCH $match AND f.rowid >= $from ${where}
       ORDER BY f.rowid DESC LIMIT $max`,
      { ...params, match, from, max },
    )
    .map(({ id }) => id);
}

/** All sessions that meet it, the one that ended last first. */
export function newestWith(
  db: ReadableDb,
  filter: CandidateFilter,
  { groups, without }: SearchQuestion,
): number[] {
  if (groups.length === 0) return [];
  const { where, params } = filterOf(filter);
  const match = `(${groups.map(matchOf).join(' AND ')})${barredBy(without)}`;
  return db
    .all<{ id: number }>(
      `SELECT f.rowid AS id FROM search f CROSS JOIN sessions s ON s.id = f.rowid
       WHERE f.search MATCH $match ${where} ORDER BY s.age_key DESC, s.id DESC`,
      { ...params, match },
    )
    .map(({ id }) => id);
}

/** Words that must not stand in a session; whether several stand side by side the index cannot tell. */
function barredBy(without: SearchQuestion['without']): string {
  return without
    .filter(({ units }) => units.length === 1)
    .map((sought) => ` NOT ${matchOf({ any: [sought] })}`)
    .join('');
}

/** As parts of a statement. */
function filterOf({ agent, project, since, until }: CandidateFilter) {
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

/** The best ones with their lengths: a short session that has the words is more about them than a long one. */
function withLengths(
  db: ReadableDb,
  best: readonly (readonly [number, number])[],
  { averageLength }: Weights,
): SearchCandidate[] {
  const weighed = best.slice(0, WEIGHED_MAX);
  const rows = db.all<{ id: number; sz: Uint8Array }>(
    'SELECT id, sz FROM search_docsize WHERE id IN (SELECT value FROM json_each($ids))',
    { ids: JSON.stringify(weighed.map(([id]) => id)) },
  );
  const lengths = new Map(rows.map(({ id, sz }) => [id, varints(sz).reduce((sum, n) => sum + n, 0)]));
  const long = ([id, score]: readonly [number, number]) =>
    score / (0.8 + (0.2 * (lengths.get(id) ?? averageLength)) / averageLength);
  const sorted = [...weighed].sort((a, b) => long(b) - long(a));
  return [...sorted, ...best.slice(WEIGHED_MAX)].map(([id]) => ({
    id,
    length: lengths.get(id) ?? averageLength,
  }));
}
