/** A text to read: a conversation, a digest, raw bytes, a report; what is looked for in it is marked. */
import { formatBytes, formatCount } from '../../cli/format.ts';
import { typedSpans } from '../line-edit.ts';
import { BLANK, fit, type Line, line, progressBar, type Span, sides, span } from '../paint.ts';
import type { Reader, ReadLine } from '../state.ts';

/** As it is folded. */
export function shownLines({ lines, unfolded }: Pick<Reader, 'lines' | 'unfolded'>): readonly ReadLine[] {
  if (lines === null) return [];
  return unfolded ? lines : lines.filter(({ isDetail }) => isDetail !== true);
}

/** The last row says where one is, or what is looked for. */
export function readerFrame(reader: Reader, fromEnd: number, cells: number, rows: number): Line[] {
  if (reader.lines === null) return [line(span(fit(readingText(reader.loading, cells), cells), 'dim'))];
  const shown = shownLines(reader);
  if (shown.length === 0) return [line(span('Nothing to show.', 'dim'))];
  const { place, find } = reader;
  const body = shown
    .slice(place.top, place.top + rows - 1)
    .map((one) => markedLine(one, find.typed.toLowerCase(), cells));
  const filler = Array.from({ length: Math.max(0, rows - 1 - body.length) }, () => BLANK);
  const foot = reader.find.editing
    ? line(span('/ ', 'key'), ...typedSpans({ text: reader.find.typed, fromEnd }, cells - 2))
    : footLine(reader, shown.length, cells, rows);
  return [...body, ...filler, foot];
}

/** Of a long text the end is there once all of it is read. */
function readingText(loading: Reader['loading'], cells: number): string {
  if (loading === null || loading.total === 0) return 'Reading…';
  const { done, total } = loading;
  const share = Math.min(1, done / total);
  const size = `${formatBytes(done)} of ${formatBytes(total)}`;
  return `Reading… ${progressBar(share, Math.min(30, cells - 34))} ${Math.floor(100 * share)} % · ${size}`;
}

function markedLine({ text, tone }: ReadLine, sought: string, cells: number): Line {
  const shown = fit(text, cells);
  if (sought === '') return line(span(shown, tone));
  const lower = shown.toLowerCase();
  // Letters that change their length with their case have other places: then nothing is marked.
  if (lower.length !== shown.length) return line(span(shown, tone));
  const spans: Span[] = [];
  let done = 0;
  for (let at = lower.indexOf(sought); at >= 0; at = lower.indexOf(sought, done)) {
    spans.push(span(shown.slice(done, at), tone), span(shown.slice(at, at + sought.length), 'cursor'));
    done = at + sought.length;
  }
  return line(...spans, span(shown.slice(done), tone));
}

function footLine(
  { place, find, more, before, notice, seeking }: Reader,
  length: number,
  cells: number,
  rows: number,
): Line {
  const last = Math.min(length, place.top + rows - 1);
  const share = length === 0 ? 100 : Math.round((100 * last) / length);
  const where =
    before !== null
      ? more === null && last === length
        ? 'the end'
        : 'in the middle, more on both sides'
      : more === null
        ? `${share} %, line ${formatCount(last)} of ${formatCount(length)}`
        : `line ${formatCount(last)}, more follows`;
  if (seeking !== null) {
    const share = seeking.total === 0 ? '' : ` ${Math.floor((100 * seeking.done) / seeking.total)} %`;
    return sides(span(`/ ${find.typed}`, 'key'), span(`looking through all of it…${share}`, 'good'), cells);
  }
  const left = notice ?? (find.typed === '' ? '' : `/ ${find.typed}`);
  return sides(span(left, notice === null ? 'key' : 'warn'), span(where, 'dim'), cells);
}
