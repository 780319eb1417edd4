/** Search: what is typed, the sessions that have it, and the lines of the one under the cursor. */
import { formatCount, formatTime, plural } from '../../cli/format.ts';
import { plainLine } from '../../domain/text.ts';
import type { SearchHit } from '../../store/search/search.ts';
import type { Snippet } from '../../store/search/snippets.ts';
import { bodyRows } from '../layout.ts';
import { BLANK, fit, type Line, line, pad, type Span, span, wrap } from '../paint.ts';
import type { Search, Size, State } from '../state.ts';
import type { View } from '../view.ts';
import { rowHead, sessionRow } from './rows.ts';

const MARK_CELLS = 8;
const WHERE_CELLS = 13;

/** Below the hits: a blank, title, id, three lines of the one under the cursor. */
const FOOT_ROWS = 6;

export function searchRows(size: Size): number {
  return Math.max(1, bodyRows(size) - 3 - FOOT_ROWS);
}

/** The hit under the cursor. */
export function currentHit({ result, place }: Search): SearchHit | null {
  return result?.hits[place.cursor] ?? null;
}

export function searchFrame(state: State, view: View, search: Search, cells: number): Line[] {
  const { result, place } = search;
  const head = [questionLine(search, cells), answerLine(search, cells)];
  if (result === null || result.hits.length === 0) return [...head, BLANK, ...advice(search, cells)];
  const visible = searchRows(state.size);
  const rows = result.hits.slice(place.top, place.top + visible).map(({ session, raw }, i) =>
    sessionRow(session, {
      cells,
      now: view.now,
      isCursor: place.top + i === place.cursor,
      mark: RAW[raw],
      markCells: MARK_CELLS,
      bytes: session.rawBytes,
    }),
  );
  const filler = Array.from({ length: Math.max(0, visible - rows.length) }, () => BLANK);
  const hit = currentHit(search);
  return [
    ...head,
    rowHead({ cells, markCells: MARK_CELLS }, 'raw'),
    ...rows,
    ...filler,
    BLANK,
    ...(hit === null ? [] : preview(hit, cells)),
  ];
}

const RAW: Readonly<Record<SearchHit['raw'], string>> = {
  live: 'stored',
  evicted: 'evicted',
  data_loss: 'LOST',
};

function questionLine({ typed, editing }: Search, cells: number): Line {
  if (!editing) return line(fit(`Search: ${typed}`, cells));
  return line('Search: ', span(fit(typed, cells - 10), 'title'), span('_', 'cursor'));
}

function answerLine({ typed, result, notice }: Search, cells: number): Line {
  if (notice !== null) return result === null ? BLANK : line(span(fit(notice, cells), 'warn'));
  if (typed.trim() === '')
    return line(span(fit('Words, "words side by side", begun*, src/foo.ts', cells), 'dim'));
  if (result === null) return line(span('Searching…', 'dim'));
  const { hits, hasMore, isRelaxed, notIndexed, leftOut, meant } = result;
  const parts = [
    hasMore ? `the best ${formatCount(hits.length)}` : plural(hits.length, 'session'),
    ...(isRelaxed ? ['not side by side'] : []),
    ...meant.map(({ typed: wrong, word }) => `${word} for ${wrong}`),
    ...(leftOut.length > 0 ? [`without ${leftOut.map(plainLine).join(' ')}`] : []),
    ...(notIndexed > 0 ? [`${formatCount(notIndexed)} more are being indexed`] : []),
  ];
  return line(span(fit(parts.join(', '), cells), 'dim'));
}

/** What to try where there is nothing to show. */
function advice({ typed, result, notice }: Search, cells: number): Line[] {
  // Where nothing can be found, why is all there is to show.
  if (notice !== null && result === null) return wrap(notice, cells).map((text) => line(span(text, 'warn')));
  if (typed.trim() === '')
    return wrap(
      'Prompts, files, commands, errors, commits and answers of every session, also of those whose raw bytes were evicted.',
      cells,
    ).map((text) => line(text));
  if (result === null) return [];
  if (result.isEmpty) return [line('There is no letter and no digit to look for.')];
  if (result.suggestion !== null)
    return [line(fit(`Did you mean: ${result.suggestion}`, cells)), line(span('tab takes it', 'dim'))];
  const words = result.words.map(({ word, sessions }) => `${word} in ${plural(sessions, 'session')}`);
  return [
    line('No session has all of it.'),
    ...(words.length > 1 ? wrap(words.join(', '), cells).map((text) => line(span(text, 'dim'))) : []),
  ];
}

function preview({ session, raw, snippets, missing }: SearchHit, cells: number): Line[] {
  const gone = raw === 'live' ? '' : `  ${RAW[raw]} ${formatTime(session.evictedAt)}`;
  const from = session.origin === null ? '' : `  imported from ${plainLine(session.origin)}`;
  return [
    line(span(fit(plainLine(session.title ?? 'Untitled'), cells), 'title')),
    line(span(fit(`${session.uid}${gone}${from}`, cells), 'dim')),
    ...snippets.slice(0, missing.length > 0 ? 2 : 3).map((snippet) => snippetLine(snippet, cells)),
    ...(missing.length > 0
      ? [
          line(
            span(fit(`${'without'.padEnd(WHERE_CELLS)}${missing.map(plainLine).join(', ')}`, cells), 'dim'),
          ),
        ]
      : []),
  ];
}

function snippetLine({ where, text, marks }: Snippet, cells: number): Line {
  const shown = fit(text, cells - WHERE_CELLS);
  // What had to be taken apart to fit has other places: from there on nothing is marked.
  let same = 0;
  while (same < shown.length && shown[same] === text[same]) same += 1;
  const spans: Span[] = [span(pad(where, WHERE_CELLS), 'dim')];
  let done = 0;
  for (const [start, end] of marks.filter(([, markEnd]) => markEnd <= same)) {
    spans.push(span(shown.slice(done, start)), span(shown.slice(start, end), 'title'));
    done = end;
  }
  return line(...spans, shown.slice(done));
}
