/**
 * `search WORDS`: which session was it, over the digests of all of them, evicted ones too.
 * Promises: nothing found is no failure; whatever was typed is a question; where the index is behind, it is caught up with
 * first, or it is said that it is behind.
 */
import { EXIT, FailureError, invalid } from '../../domain/errors.ts';
import { cutText, plainLine } from '../../domain/text.ts';
import { type ReadableDb, storeError } from '../../store/connection.ts';
import { openReadable, openWritable } from '../../store/open.ts';
import { awayText, type Whereabouts, whereabouts } from '../../store/remote/whereabouts.ts';
import { searchPending } from '../../store/search/documents.ts';
import { type SearchHit, type SearchQuery, type SearchResult, search } from '../../store/search/search.ts';
import type { Snippet } from '../../store/search/snippets.ts';
import { counters } from '../../store/usage.ts';
import { type Command, type Context, printJson, textFlag } from '../context.ts';
import { followDigests } from '../follow-digests.ts';
import { formatTime, plural } from '../format.ts';
import { type Io, paint, tableColumns } from '../io.ts';
import type { ReportOf } from '../schemas.by-command.ts';
import { textOf, typedQuery } from '../typed-query.ts';
import { parseLimit, parseSince } from '../values.ts';
import { asJson, checkAgent } from './list.ts';

/** Hits where nothing else is asked for: about two screens. */
const LIMIT = 20;
/** After an upgrade all digests are indexed anew: a search does some of it, `maintain` and the screens the rest. */
const INDEXING_MS_MAX = 300;
const WHERE_COLUMNS = 12;
/** Words that were left out: a pasted page has thousands. */
const WORDS_TOLD_MAX = 8;
const LINE_UNITS_MIN = 30;

export const searchCommand: Command = async (context) => {
  const query = queryOf(context);
  using db = await openIndexed(context);
  await checkAgent(db, context.host, query.agent ?? null);
  const result = search(db, query);
  if (context.json) printJson<'search'>(context.io, jsonOf(db, textOf(context.args), result));
  else print(context, db, query, result);
  return EXIT.done;
};

function queryOf(context: Context): SearchQuery {
  const { flags, args } = context;
  const text = textOf(args);
  const [agent, project, file, command] = ['agent', 'project', 'file', 'command'].map((name) =>
    textFlag(flags, name),
  );
  const [since, until, limit] = ['since', 'until', 'limit'].map((name) => textFlag(flags, name));
  if (args.length === 0 && !file && !command)
    throw new FailureError(
      invalid('there is nothing to search for', 'Give words, or --file PATH or --command TEXT.'),
    );
  const now = context.clock.now();
  const query: SearchQuery = {
    text,
    ...(agent ? { agent } : {}),
    ...(project ? { project } : {}),
    ...(file ? { file } : {}),
    ...(command ? { command } : {}),
    ...(since ? { since: parseSince(since, '--since', now) } : {}),
    ...(until ? { until: parseSince(until, '--until', now) } : {}),
    limit: limit ? parseLimit(limit) : LIMIT,
    ...(Number.isFinite(tableColumns(context.io))
      ? { lineUnits: Math.max(LINE_UNITS_MIN, tableColumns(context.io) - WHERE_COLUMNS - 6) }
      : {}),
  };
  return typedQuery(query, now);
}

/** The store, its index brought up to date where this process may write and it takes no time that is felt. */
async function openIndexed(context: Context): Promise<ReadableDb> {
  const { storePath } = context.settings;
  const db = openReadable(storePath);
  if (isCurrent(db)) return db;
  try {
    using writer = openWritable(storePath);
    await followDigests(context, writer, INDEXING_MS_MAX);
  } catch (thrown) {
    // What is indexed can still be searched, and the result says what is not.
    if (!(storeError(storePath, thrown) instanceof FailureError)) throw thrown;
  }
  return db;
}

function isCurrent(db: ReadableDb): boolean {
  try {
    return searchPending(db) === 0;
  } catch {
    // The search itself says what is wrong with the index.
    return true;
  }
}

function jsonOf(db: ReadableDb, text: string, result: SearchResult): ReportOf<'search'> {
  return {
    version: 1,
    query: text,
    hits: result.hits.map(({ session, raw, foundIn, snippets, missing }) => ({
      session: asJson(session, false, whereabouts(db, session.uid)),
      raw,
      found_in: foundIn,
      snippets,
      missing,
    })),
    has_more: result.hasMore,
    cut_short: result.isCutShort,
    relaxed: result.isRelaxed,
    not_indexed: result.notIndexed,
    left_out: result.leftOut,
    meant: result.meant,
    words: result.words,
    suggestion: result.suggestion,
  };
}

function print({ io }: Context, db: ReadableDb, query: SearchQuery, result: SearchResult): void {
  if (result.isRelaxed)
    io.err(
      `No session has these words side by side; these have ${hasAll(result) ? 'all of them' : 'them apart, or some of them: a line `without` names what one lacks'}.\n`,
    );
  if (result.isCutShort)
    io.err(
      'Very many sessions have these words; only the best were looked at. More words or a filter help.\n',
    );
  if (result.hits.length > 0) io.err(instead(result));
  if (result.hits.length === 0) io.out(nothingFound(db, query, result));
  io.out(result.hits.map((hit) => block(io, hit, whereabouts(db, hit.session.uid))).join('\n'));
  if (result.hasMore) io.err(`\nThere are more: --limit ${query.limit * 5} shows them.\n`);
  if (result.notIndexed > 0)
    io.err(
      `The index is behind by ${plural(result.notIndexed, 'session')}, which may be missing here; \`session-memory maintain\` catches up.\n`,
    );
}

function hasAll({ hits, leftOut }: SearchResult): boolean {
  return leftOut.length === 0 && hits.every(({ missing }) => missing.length === 0);
}

/** What was looked for instead of what was typed; empty where that is all of it. */
function instead({ hits, leftOut, meant }: SearchResult): string {
  const words = leftOut.slice(0, WORDS_TOLD_MAX).map(plainLine);
  const more = leftOut.length - words.length;
  return [
    ...meant.map(
      ({ typed, word }) =>
        `No session has ${plainLine(typed)}; ${hits.every(({ missing }) => !missing.includes(typed)) ? 'these' : 'some of these'} have ${plainLine(word)}.\n`,
    ),
    ...(words.length > 0
      ? [
          `Left out, as no session has ${leftOut.length === 1 ? 'it' : 'them'}: ${words.join(', ')}${more > 0 ? ` and ${more} more` : ''}.\n`,
        ]
      : []),
  ].join('');
}

function block(io: Io, { session, raw, snippets, missing }: SearchHit, where: Whereabouts): string {
  const when = formatTime(session.endedAt ?? session.startedAt ?? session.ingestedAt);
  const facts = [session.uid, plainLine(session.project ?? ''), when].filter((fact) => fact !== '');
  const title = plainLine(session.title ?? '') || 'Untitled';
  const head = snippets.find(({ where, text }) => where === 'title' && text === title);
  const lines = snippets
    .filter((snippet) => snippet !== head)
    .map((snippet) => `  ${snippet.where.padEnd(WHERE_COLUMNS)}  ${marked(io, snippet)}\n`);
  return [
    head === undefined ? paint(io, 'bold', title) : marked(io, head),
    `\n${facts.join('  ')}  ${rawText(io, raw, session.evictedAt, where)}${session.origin === null ? '' : ', imported'}\n`,
    ...lines,
    ...(missing.length > 0
      ? [paint(io, 'dim', `  ${'without'.padEnd(WHERE_COLUMNS)}  ${missing.map(plainLine).join(', ')}\n`)]
      : []),
  ].join('');
}

function rawText(io: Io, raw: SearchHit['raw'], at: string | null, where: Whereabouts): string {
  if (raw === 'live') return paint(io, 'green', 'raw stored');
  const away = awayText(where);
  if (away !== null) return paint(io, 'yellow', plainLine(away));
  if (raw === 'evicted') return paint(io, 'yellow', `raw evicted ${formatTime(at)}`);
  return paint(io, 'red', `raw lost ${formatTime(at)}`);
}

function marked(io: Io, { text, marks }: Snippet): string {
  let out = '';
  let done = 0;
  for (const [start, end] of marks) {
    out += text.slice(done, start) + paint(io, 'bold', paint(io, 'red', text.slice(start, end)));
    done = end;
  }
  return out + text.slice(done);
}

/** Why not, and what to try: the words that are in no session first. */
function nothingFound(db: ReadableDb, query: SearchQuery, result: SearchResult): string {
  const asked = cutText(plainLine(query.text), 80);
  if (result.isEmpty && asked === '')
    return 'Nothing to look for but filters: add a word, or use `session-memory list`.\n';
  if (result.isEmpty) return `Nothing to look for in ${asked}: it has no letter and no digit.\n`;
  const lines = [`No session has ${asked || 'that'}.`];
  const missing = result.words.filter(({ sessions }) => sessions === 0).map(({ word }) => word);
  if (result.suggestion !== null) lines.push(`Did you mean: ${plainLine(result.suggestion)}`);
  else if (missing.length === 0 && result.words.length > 1)
    lines.push(
      `Each word alone: ${result.words.map(({ word, sessions }) => `${word} in ${plural(sessions, 'session')}`).join(', ')}.`,
    );
  else if (missing.length === 1 && result.words.length > 1)
    lines.push(`${plainLine(missing[0] ?? '')} is in none at all.`);
  const filters = ['agent', 'project', 'since', 'until'] as const;
  if (filters.some((name) => query[name] !== undefined)) lines.push('Without the filters there may be some.');
  const waiting = counters(db)
    .filter(({ state }) => state === 'unanalyzed')
    .reduce((sum, { sessions }) => sum + sessions, 0);
  if (waiting > 0)
    lines.push(
      `${plural(waiting, 'session')} without a digest cannot be searched: \`session-memory analyze\` makes them.`,
    );
  return `${lines.join('\n')}\n`;
}
