/**
 * The answers to an agent: sessions, one digest, lines of a transcript, what happened to a file.
 * Promises: reads only, one state of the store an answer; a session of the last ten minutes (it may be the asking one) and one
 * of an excluded project is not there; recorded text is redacted once more, made plain and framed; more is one named call away.
 */
import { digestMarkdown } from '../digest/markdown.ts';
import { redactText, redactTexts } from '../digest/redact.ts';
import type { Digest } from '../domain/digest.ts';
import { FailureError, fail } from '../domain/errors.ts';
import type { SessionRow } from '../domain/session.ts';
import { addMs, type Iso } from '../domain/time.ts';
import type { ExcludeRules } from '../ingest/discover/exclude.ts';
import type { ReadableDb } from '../store/connection.ts';
import { forgottenTest } from '../store/forget.ts';
import { digestsOf, filesOf, resolveSession, sourcesOf } from '../store/read.ts';
import { awayText, whereabouts } from '../store/remote/whereabouts.ts';
import { searchFields } from '../store/search/fields.ts';
import {
  type SearchHit,
  type SearchQuery,
  type SearchResult,
  search,
  searchNewest,
} from '../store/search/search.ts';
import { fileChunks } from '../store/segments.ts';
import { digestIn, readDigest } from '../store/whole-digest.ts';
import {
  ANSWER_BYTES_MAX,
  fitting,
  framed,
  nextCall,
  pagesOf,
  RECORDED_BYTES_MAX,
  recordedLine,
  recordedLines,
} from './frame.ts';
import { calmName } from './names.ts';
import type { ToolAnswer } from './rpc.ts';
import { shownLines } from './transcript.ts';

/** What the answers are made of. */
export interface Shelf {
  /** A store that is open for one answer. */
  open(): ReadableDb;
  readonly exclude: ExcludeRules;
  /** Whether raw text may be given out. */
  readonly transcripts: boolean;
  /** A word of chance for the marks around recorded text. */
  readonly mark: string;
  now(): Iso;
  /** The query with the filters out of its words. */
  understood(query: SearchQuery): SearchQuery;
  /** A time as people write it, or how long ago; a failure where it is none. */
  since(text: string): Iso;
}

/** The session that asks is written to all the time: it would find its own question. */
const QUIET_MS = 10 * 60 * 1000;
/** Where excluded sessions are among the hits, more are asked for, up to so many. */
const HITS_MAX = 400;
/** More sessions than stand on one page. */
const PAGE_MAX = 60;
const TITLE_CHARS = 120;
const GROWTH_BYTES = 200;
const SNIPPET_CHARS = 220;

async function within(
  shelf: Shelf,
  answer: (db: ReadableDb) => Promise<string> | string,
): Promise<ToolAnswer> {
  using db = shelf.open();
  return { text: await answer(db), isError: false };
}

/** Recorded text, as it may be shown: without secrets, whatever the digest was made by. */
async function safe(lines: readonly string[], mark: string): Promise<string> {
  const { text } = await redactText(lines.join('\n'));
  // What stands for a secret may be longer than it.
  return framed(fitting(text.split('\n'), RECORDED_BYTES_MAX + GROWTH_BYTES), mark);
}

function isHidden({ exclude }: Shelf, db: ReadableDb, session: SessionRow): boolean {
  if (forgottenTest(db)(session)) return true;
  const paths = () => sourcesOf(db, session.uid).map(({ path }) => path);
  return !exclude.isEmpty && exclude.leavesOut({ project: session.project, paths: paths() }) !== null;
}

/** Hits that may be told of, and whether there are more. */
function visibleHits(
  shelf: Shelf,
  db: ReadableDb,
  find: (db: ReadableDb, query: SearchQuery) => Pick<SearchResult, 'hits' | 'hasMore' | 'leftOut'>,
  query: Omit<SearchQuery, 'limit'>,
  count: number,
): { hits: SearchHit[]; hasMore: boolean; leftOut: readonly string[] } {
  const before = addMs(shelf.now(), -QUIET_MS);
  for (let limit = count + 1; ; limit *= 2) {
    const asked = shelf.understood({ ...query, limit });
    const until = asked.until !== undefined && asked.until < before ? asked.until : before;
    const result = find(db, { ...asked, until });
    const hits = result.hits.filter(({ session }) => !isHidden(shelf, db, session));
    if (hits.length > count || !result.hasMore || limit > HITS_MAX)
      return {
        hits: hits.slice(0, count),
        hasMore: hits.length > count || result.hasMore,
        leftOut: result.leftOut,
      };
  }
}

export interface SearchAsked {
  readonly query: string;
  readonly project: string | null;
  readonly since: string | null;
  readonly limit: number;
  readonly offset: number;
}

export function searchSessions(shelf: Shelf, asked: SearchAsked): Promise<ToolAnswer> {
  return within(shelf, async (db) => {
    const { hits, hasMore, leftOut } = visibleHits(
      shelf,
      db,
      search,
      {
        text: asked.query,
        lineUnits: SNIPPET_CHARS,
        ...(asked.project === null ? {} : { project: asked.project }),
        ...(asked.since === null ? {} : { since: shelf.since(asked.since) }),
      },
      asked.offset + asked.limit,
    );
    const page = hits.slice(asked.offset);
    if (page.length === 0) return 'No session has these words. Try fewer or other ones.';
    const told: string[][] = [];
    let room = RECORDED_BYTES_MAX;
    for (const hit of page) {
      const lines = await hitLines(db, hit);
      const taken = fitting(lines, room);
      if (taken.length < lines.length && told.length > 0) break;
      told.push(taken);
      room -= Buffer.byteLength(taken.join('\n'), 'utf8') + taken.length * 3;
    }
    const next = asked.offset + told.length;
    const again = {
      query: asked.query,
      ...(asked.project === null ? {} : { project: asked.project }),
      ...(asked.since === null ? {} : { since: asked.since }),
      offset: next,
    };
    return [
      `Sessions ${asked.offset + 1} to ${next}, the best first.`,
      ...(leftOut.length > 0
        ? [
            `In no session: ${leftOut
              .slice(0, 8)
              .map((word) => recordedLine(word, 30))
              .join(', ')}.`,
          ]
        : []),
      await safe(told.flat(), shelf.mark),
      await nextShow(page[0]?.session),
      // A query that is too long to be repeated cannot be gone on with.
      ...((hasMore || told.length < page.length) && asked.query.length < 300
        ? [nextCall('search_sessions', again)]
        : []),
    ].join('\n');
  });
}

/** How the best one is looked at. */
async function nextShow(session: SessionRow | undefined): Promise<string> {
  const name = session === undefined ? null : await calmName(session.uid);
  return name === null
    ? 'Next: show_session with one of the ids above'
    : nextCall('show_session', { session: name });
}

async function hitLines(db: ReadableDb, { session, raw, snippets, missing }: SearchHit): Promise<string[]> {
  const away = raw === 'live' ? null : awayText(whereabouts(db, session.uid));
  const state =
    raw === 'live'
      ? 'raw stored'
      : away !== null
        ? recordedLine(away, TITLE_CHARS)
        : raw === 'evicted'
          ? 'raw evicted, digest stays'
          : 'raw lost';
  const shown = await wholeSecrets(db, session, snippets);
  const [title = '', project = '', ...texts] = await safeLines([
    [session.title ?? 'untitled', TITLE_CHARS],
    [session.project ?? '', TITLE_CHARS],
    ...shown.map(({ text }) => [text, SNIPPET_CHARS] as const),
  ]);
  return [
    `${session.uid}  ${dayOf(session)}  ${state}`,
    `  title: ${title}`,
    ...(session.project === null ? [] : [`  project: ${project}`]),
    ...shown.flatMap(({ where }, i) => (where === 'title' ? [] : [`  ${where}: ${texts[i] ?? ''}`])),
    ...(missing.length > 0 ? [`  without: ${recordedLine(missing.join(', '), TITLE_CHARS)}`] : []),
  ];
}

/** Secrets are taken out before anything is cut: half of one is not known as one. */
async function safeLines(texts: readonly (readonly [text: string, charsMax: number])[]): Promise<string[]> {
  const clean = await redactTexts(texts.map(([text]) => ({ text, charsMax: Number.POSITIVE_INFINITY })));
  return texts.map(([, charsMax], i) => recordedLine(clean[i]?.text ?? '', charsMax));
}

/** Of a digest that an older version left a secret in, no line that was cut out of a longer one: it may hold half of it. */
async function wholeSecrets(
  db: ReadableDb,
  session: SessionRow,
  snippets: SearchHit['snippets'],
): Promise<SearchHit['snippets']> {
  const isCut = ({ text }: SearchHit['snippets'][number]) => text.startsWith('…') || text.endsWith('…');
  if (!snippets.some(isCut)) return snippets;
  const fields = digestsOf(db, session.uid).flatMap(({ json }) => searchFields(json));
  const found = await redactTexts(fields.map(({ text }) => ({ text, charsMax: Number.POSITIVE_INFINITY })));
  return found.every(({ count }) => count === 0) ? snippets : snippets.filter((one) => !isCut(one));
}

function dayOf({ endedAt, startedAt, ingestedAt }: SessionRow): string {
  return (endedAt ?? startedAt ?? ingestedAt ?? '').slice(0, 16).replace('T', ' ');
}

/** The session of this name, if an agent may know of it. What is wrong with a name must not tell of one that it may not. */
function sessionFor(shelf: Shelf, db: ReadableDb, id: string): SessionRow {
  const session = resolvedOrNull(db, id);
  if (session === null || isHidden(shelf, db, session))
    throw fail(
      'not_found',
      `no session, or more than one, is named ${id.slice(0, 80)}`,
      'search_sessions gives whole ids.',
    );
  const { endedAt, startedAt, ingestedAt } = session;
  if ((endedAt ?? startedAt ?? ingestedAt ?? '') >= addMs(shelf.now(), -QUIET_MS))
    throw fail('not_found', 'this session was written to in the last ten minutes', 'Ask again later.');
  return session;
}

function resolvedOrNull(db: ReadableDb, id: string): SessionRow | null {
  try {
    return resolveSession(db, id);
  } catch (thrown) {
    if (thrown instanceof FailureError) return null;
    throw thrown;
  }
}

export function showSession(shelf: Shelf, id: string, page: number): Promise<ToolAnswer> {
  return within(shelf, async (db) => {
    const session = sessionFor(shelf, db, id);
    const digests = digestsOf(db, session.uid);
    const name = (await calmName(session.uid)) ?? 'This session';
    if (digests.length === 0) return `${name} has no digest yet.`;
    const text = digests
      .map(({ json }) => digestMarkdown(readDigest(session.uid, json), [['Session', session.uid]]))
      .join('\n\n');
    // Before it is broken into lines: a key may be longer than one.
    const pages = pagesOf(recordedLines((await redactText(text)).text));
    const shown = pages[page - 1];
    if (shown === undefined) return `${name} has ${pages.length} pages.`;
    // By the name that the agent called it.
    const more = page < pages.length ? [nextCall('show_session', { session: id, page: page + 1 })] : [];
    return [`${name}, page ${page} of ${pages.length}.`, await safe(shown, shelf.mark), ...more].join('\n');
  });
}

export function fileHistory(shelf: Shelf, path: string, offset: number): Promise<ToolAnswer> {
  return within(shelf, async (db) => {
    const counted = Math.max(HITS_MAX / 2, offset + PAGE_MAX);
    const { hits, hasMore } = visibleHits(shelf, db, searchNewest, { text: '', file: path }, counted);
    const sorted = hits.slice(offset);
    if (sorted.length === 0 && offset > 0) return `No more than ${hits.length} sessions name such a file.`;
    if (sorted.length === 0) return 'No session names such a file. A shorter end of its path may be known.';
    const told: string[] = [];
    let count = 0;
    for (const hit of sorted) {
      const lines = await touchLines(db, hit);
      if (fitting([...told, ...lines]).length < told.length + lines.length && count > 0) break;
      told.push(...fitting(lines));
      count += 1;
    }
    const more =
      (count < sorted.length || hasMore) && path.length < 300
        ? [nextCall('file_history', { path, offset: offset + count })]
        : [];
    return [
      `Sessions ${offset + 1} to ${offset + count} of ${hasMore ? 'more than ' : ''}${hits.length}, the newest first.`,
      await safe(told, shelf.mark),
      await nextShow(sorted[0]?.session),
      ...more,
    ].join('\n');
  });
}

async function touchLines(db: ReadableDb, { session, snippets }: SearchHit): Promise<string[]> {
  const [json] = digestsOf(db, session.uid).map((stored) => stored.json);
  const digest: Partial<Digest> = json === undefined ? {} : (digestIn(json) ?? {});
  const kindOf = (path: string) =>
    digest.files?.written?.includes(path)
      ? 'written'
      : digest.files?.edited?.includes(path)
        ? 'edited'
        : 'read';
  const files = (await wholeSecrets(db, session, snippets)).filter(({ where }) => where === 'file');
  const commits = (digest.commits ?? []).slice(0, 2);
  const [title = '', ...texts] = await safeLines([
    [session.title ?? 'untitled', TITLE_CHARS],
    ...files.map(({ text }) => [text, SNIPPET_CHARS] as const),
    ...commits.map(({ message }) => [message, TITLE_CHARS] as const),
  ]);
  return [
    `${session.uid}  ${dayOf(session)}`,
    `  title: ${title}`,
    ...files.map(({ text }, i) => `  ${kindOf(text)}: ${texts[i] ?? ''}`),
    ...commits.map((_commit, i) => `  commit: ${texts[files.length + i] ?? ''}`),
  ];
}

/** Of a line of a transcript: enough to read. */
const LINE_CHARS = 800;

export function readTranscript(
  shelf: Shelf,
  { id, from, lines }: { readonly id: string; readonly from: number; readonly lines: number },
): Promise<ToolAnswer> {
  return within(shelf, async (db) => {
    const session = sessionFor(shelf, db, id);
    const main = filesOf(db, session.uid).find((file) => file.role === 'main');
    if (main === undefined || main.gone)
      return whereabouts(db, session.uid).inBucket
        ? `The raw bytes of this session are not on this machine but in its bucket, which nothing here may ask: \`session-memory restore ${session.uid}\` fetches them. show_session has its digest.`
        : 'The raw bytes of this session are gone; show_session has its digest.';
    const shown = await shownLines(fileChunks(db, session.uid, main), {
      from,
      lines,
      charsEach: LINE_CHARS,
      charsMax: ANSWER_BYTES_MAX,
    });
    const told = fitting(
      shown.lines.map(({ number, text }) => `${number}  ${recordedLine(text, LINE_CHARS)}`),
    );
    const name = (await calmName(session.uid)) ?? 'This session';
    if (told.length === 0) return `${name} has no line ${from}.`;
    const last = from + told.length - 1;
    const hasMore = shown.hasMore || told.length < shown.lines.length;
    const more = hasMore ? [nextCall('read_transcript', { session: id, from: last + 1 })] : [];
    return [`${name}, lines ${from} to ${last}.`, await safe(told, shelf.mark), ...more].join('\n');
  });
}
