/** What the last days' sessions take, a column a day: for a window that has room to spare. */
import { formatBytes } from '../../cli/format.ts';
import { addMs, DAY_MS } from '../../domain/time.ts';
import { fit, type Line, line, padLeft, SPARKS, span } from '../paint.ts';
import type { View } from '../view.ts';

/** Fewer rows of columns than that say no more than the line of the facts. */
const COLUMN_ROWS_MIN = 4;
const COLUMN_ROWS_MAX = 12;
/** The head, what each day has, and its date. */
const OTHER_ROWS = 3;
/** A size in words and a blank. */
const DAY_CELLS = 9;

/** At most so many rows; none where they are too few, or no day has anything. */
export function growthChart({ growth, now }: View, cells: number, rows: number): Line[] {
  const columnRows = Math.min(COLUMN_ROWS_MAX, rows - OTHER_ROWS);
  if (growth === null || columnRows < COLUMN_ROWS_MIN) return [];
  const days = growth.slice(-Math.max(1, Math.floor((cells - 2) / DAY_CELLS)));
  const most = Math.max(0, ...days);
  if (most === 0) return [];
  const dayCells = Math.min(11, Math.floor((cells - 2) / days.length));
  const row = (textOf: (bytes: number, i: number) => string) =>
    `  ${days.map((bytes, i) => padLeft(textOf(bytes, i), dayCells)).join('')}`;
  const date = (i: number) => {
    const back = days.length - 1 - i;
    return back === 0 ? 'today' : addMs(now, -back * DAY_MS).slice(5, 10);
  };
  return [
    line(span(fit('  By day, of sessions that are stored', cells), 'dim')),
    ...Array.from({ length: columnRows }, (_, i) => {
      const under = columnRows - 1 - i;
      return line(
        span(
          row((bytes) => part((bytes / most) * columnRows - under).repeat(dayCells - 2)),
          'dim',
        ),
      );
    }),
    line(row((bytes) => (bytes === 0 ? '-' : formatBytes(bytes)))),
    line(
      span(
        row((_, i) => date(i)),
        'dim',
      ),
    ),
  ];
}

/** Of a column the cell that begins where `height` is 0; a day that has anything is seen. */
function part(height: number): string {
  if (height >= 1) return '█';
  return height <= 0 ? ' ' : (SPARKS[Math.max(0, Math.ceil(height * SPARKS.length) - 1)] ?? ' ');
}
