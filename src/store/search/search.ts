/**
 * Search over the digests of all sessions, evicted ones too.
 * Promises: reads only; hits come best first, newer before older where they are as good; a session comes once; its lines are
 * of its own digests; something is found as long as one of the words is anywhere. Never: fails for what was typed; a damaged
 * index is a failure that says so and stops nothing else.
 */
import { fail } from '../../domain/errors.ts';
import type { SessionRow } from '../../domain/session.ts';
import { sessionsByIds } from '../browse.ts';
import type { ReadableDb } from '../connection.ts';
import {
  type CandidateFilter,
  candidates,
  newestWith,
  type SearchCandidate,
  type Weights,
  weightsOf,
} from './candidates.ts';
import { isIndexDamage, searchPending } from './documents.ts';
import { type FoundLine, Looker, type SearchLook } from './look.ts';
import { type Group, needsLook, parseQuery, partOf, relaxed, type SearchQuestion } from './query.ts';
import { stemOf } from './stem.ts';
import { type Meant, suggest, type WordCount, withNear } from './suggest.ts';

export interface SearchQuery extends CandidateFilter {
  /** Words, `"side by side"`, `begun*`, `-without`, `one OR other`. */
  readonly text: string;
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

export interface SearchHit extends FoundLine {
  readonly session: SessionRow;
  readonly raw: RawState;
  /** Words of the query that it does not hold. */
  readonly missing: readonly string[];
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
  /** Words that no session has: they were left out. */
  readonly leftOut: readonly string[];
  /** Words that no session has, and the near ones that were looked for instead. */
  readonly meant: readonly Meant[];
  /** Where nothing was found: in how many sessions each word stands. */
  readonly words: readonly WordCount[];
  /** The query with near words for those that no session has. */
  readonly suggestion: string | null;
}

/** Candidates whose digests are read to see whether words stand side by side. */
const LOOKED_AT_MAX = 3000;
/** Candidates whose digests are read to put them in order, at least. */
const LOOKED_AT_MIN = 60;
/** Up to so many words, a session with all of them comes before every other, however well those have the rest. */
const FEW_WORDS = 3;
/** Where a session has all the words, one that lacks some is shown only if its words weigh this share of the best. */
const PARTIAL_SHARE = 0.4;
/** Scores that differ by less than this share of the best tell nothing: the newer one is the better guess. */
const GRADES = 40;

export function search(db: ReadableDb, query: SearchQuery): SearchResult {
  return undamaged(db, () => searchNow(db, query));
}

/** All that hold every part of the query, by when they ended and not by how well they fit. */
export function searchNewest(
  db: ReadableDb,
  query: SearchQuery,
): Pick<SearchResult, 'hits' | 'hasMore' | 'leftOut'> {
  return undamaged(db, () => {
    const asked = askedOf(query);
    const looker = new Looker(asked, weightsOf(db, asked.groups), query.lineUnits);
    const ids = newestWith(db, query, asked);
    const looks: Looked[] = [];
    for (let at = 0; at < ids.length && looks.length <= query.limit; at += LOOKED_AT_MIN) {
      const some = ids.slice(at, at + LOOKED_AT_MIN).map((id) => ({ id, length: 1 }));
      looks.push(...lookedAt(db, looker, some).filter(({ missing }) => missing.length === 0));
    }
    const hits = hitsOf(db, looks.slice(0, query.limit), asked.groups);
    return { hits, hasMore: looks.length > query.limit, leftOut: [] };
  });
}

/** One state of the store; a damaged index is a failure with a way out. */
function undamaged<T>(db: ReadableDb, work: () => T): T {
  try {
    return db.snapshot(work);
  } catch (thrown) {
    if (!isIndexDamage(thrown)) throw thrown;
    throw fail(
      'corrupt',
      `the search index is damaged: ${db.path}`,
      'Run `session-memory verify --repair`, which makes it anew; sessions and digests do not depend on it.',
    );
  }
}

function askedOf(query: SearchQuery): SearchQuestion {
  const typed = parseQuery(query.text);
  return {
    groups: [
      ...typed.groups,
      ...partOf(query.file ?? '', 'files'),
      ...partOf(query.command ?? '', 'commands'),
    ],
    without: typed.without,
  };
}

function searchNow(db: ReadableDb, query: SearchQuery): SearchResult {
  const asked = askedOf(query);
  const exact = answer(db, query, asked);
  const looser = exact.hits.length === 0 ? relaxed(asked) : null;
  const isRelaxed = looser !== null;
  const { hits, isCutShort, leftOut, meant: near } = isRelaxed ? answer(db, query, looser) : exact;
  const meant = near.map((one) => asWord(one, hits));
  const { words, suggestion } =
    asked.groups.length === 0
      ? { words: [], suggestion: null }
      : suggest(db, query.text, hits.length > 0 ? [] : asked.groups, meant);
  return {
    hits: hits.slice(0, query.limit),
    hasMore: hits.length > query.limit,
    isCutShort: isCutShort || exact.isCutShort,
    isRelaxed: isRelaxed && hits.length > 0,
    isEmpty: asked.groups.length === 0,
    notIndexed: searchPending(db),
    leftOut,
    meant,
    words,
    suggestion,
  };
}

/** The index knows stems too, which are no words: it is told of as it stands in the sessions that are shown. */
function asWord(meant: Meant, hits: readonly SearchHit[]): Meant {
  const marked = hits.flatMap(({ snippets }) =>
    snippets.flatMap(({ text, marks }) => marks.map(([start, end]) => text.slice(start, end).toLowerCase())),
  );
  const alike = marked.filter((word) => word === meant.word || stemOf(word) === stemOf(meant.word));
  return { ...meant, word: alike.includes(meant.word) ? meant.word : (alike[0] ?? meant.word) };
}

interface Answer {
  /** At most one more than the limit. */
  readonly hits: SearchHit[];
  readonly isCutShort: boolean;
  readonly leftOut: readonly string[];
  readonly meant: readonly Meant[];
}

function answer(db: ReadableDb, query: SearchQuery, asked: SearchQuestion): Answer {
  const wanted = query.limit + 1;
  const { groups, weights, leftOut, meant } = knownOf(db, asked);
  if (groups.length === 0) return { hits: [], isCutShort: false, leftOut, meant };
  const known: SearchQuestion = { groups, without: asked.without };
  const { list, isAll } = candidates(db, query, known, weights);
  const mustLook = needsLook(known);
  const looks = lookAt(db, new Looker(known, weights, query.lineUnits), list, wanted, mustLook);
  const hits = hitsOf(db, inOrder(looks, groups.length).slice(0, wanted), groups);
  return { hits, isCutShort: mustLook && hits.length < wanted && !isAll, leftOut, meant };
}

interface Known extends Pick<Answer, 'leftOut' | 'meant'> {
  readonly groups: readonly Group[];
  readonly weights: Weights;
}

/** What of it any session has: words of none are left out, or looked for as the near ones that were meant. */
function knownOf(db: ReadableDb, asked: SearchQuestion): Known {
  const first = weightsOf(db, asked.groups);
  const { groups, meant } = withNear(db, asked.groups, first.sessions);
  const weights = meant.length === 0 ? first : weightsOf(db, groups);
  const isKnown = groups.map(({ isMust }, i) => isMust || (weights.sessions[i] ?? 0) > 0);
  const known = <T>(list: readonly T[]) => list.filter((_one, i) => isKnown[i]);
  return {
    groups: known(groups),
    weights: { ...weights, idf: known(weights.idf), sessions: known(weights.sessions) },
    leftOut: groups.filter((_group, i) => !isKnown[i]).map(nameOf),
    meant,
  };
}

/** How a group is called where it is told of. */
function nameOf({ any }: Group): string {
  return any[0]?.text ?? '';
}

interface Looked extends SearchLook {
  readonly id: number;
  readonly session: SessionRow;
}

/** The candidates' digests, a few at a time, until there is enough to choose from. */
function lookAt(
  db: ReadableDb,
  looker: Looker,
  list: readonly SearchCandidate[],
  wanted: number,
  mustLook: boolean,
): Looked[] {
  const looks: Looked[] = [];
  const enough = Math.max(LOOKED_AT_MIN, wanted * 2);
  const most = mustLook ? Math.max(LOOKED_AT_MAX, enough) : enough;
  for (let at = 0; at < Math.min(list.length, most); at += LOOKED_AT_MIN) {
    if (at >= enough && looks.length >= wanted) break;
    looks.push(...lookedAt(db, looker, list.slice(at, Math.min(at + LOOKED_AT_MIN, most))));
  }
  return looks;
}

function lookedAt(db: ReadableDb, looker: Looker, some: readonly SearchCandidate[]): Looked[] {
  const ids = some.map(({ id }) => id);
  const [rows, jsons] = [sessionsByIds(db, ids), digestsByIds(db, ids)];
  return some.flatMap(({ id, length }) => {
    const session = rows.get(id);
    const look = looker.look(jsons.get(id) ?? [], length);
    return session === undefined || look === null ? [] : [{ id, session, ...look }];
  });
}

function inOrder(looks: readonly Looked[], groups: number): Looked[] {
  const top = Math.max(Number.MIN_VALUE, ...looks.map(({ score }) => score));
  const grade = ({ score, missing }: Looked) =>
    Math.round((score / top) * GRADES) + (groups <= FEW_WORDS && missing.length === 0 ? GRADES * 2 : 0);
  const at = ({ session }: Looked) => session.endedAt ?? session.startedAt ?? session.ingestedAt ?? '';
  const sorted = [...looks].sort(
    (a, b) => grade(b) - grade(a) || (at(a) < at(b) ? 1 : at(a) > at(b) ? -1 : b.id - a.id),
  );
  const topOfWords = Math.max(...looks.map(({ ofWords }) => ofWords));
  const hasWhole = looks.some(({ missing }) => missing.length === 0);
  return sorted.filter(
    ({ missing, ofWords }) => !hasWhole || missing.length === 0 || ofWords >= topOfWords * PARTIAL_SHARE,
  );
}

function hitsOf(db: ReadableDb, looks: readonly Looked[], groups: readonly Group[]): SearchHit[] {
  return looks.map(({ session, foundIn, snippets, missing }) => ({
    session,
    raw: rawState(db, session),
    foundIn,
    snippets,
    missing: missing.flatMap((i) => groups.slice(i, i + 1).map(nameOf)),
  }));
}

export function digestsByIds(db: ReadableDb, ids: readonly number[]): Map<number, string[]> {
  const digests = new Map<number, string[]>();
  const rows = db.all<{ id: number; json: string }>(
    `SELECT session_id AS id, generation, json FROM digests WHERE session_id IN (SELECT value FROM json_each($ids))
     UNION ALL SELECT session_id, -1, json FROM remote_digests WHERE session_id IN (SELECT value FROM json_each($ids))
     ORDER BY 1, 2 DESC`,
    { ids: JSON.stringify(ids) },
  );
  for (const { id, json } of rows) digests.set(id, [...(digests.get(id) ?? []), json]);
  return digests;
}

export function rawState(db: ReadableDb, session: SessionRow): RawState {
  if (session.state !== 'evicted') return 'live';
  const event = db.get<{ kind: string }>(
    `SELECT kind FROM events WHERE session_id = (SELECT id FROM sessions WHERE session_uid = $uid)
       AND generation = $generation AND kind IN ('evicted', 'data_loss') AND file_id IS NULL ORDER BY id DESC LIMIT 1`,
    { uid: session.uid, generation: session.generation },
  );
  return event?.kind === 'data_loss' ? 'data_loss' : 'evicted';
}
