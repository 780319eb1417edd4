/** Places in lists, and how much of a window a screen has. */
import { type ListPlace, type Size, SMALLEST, type State } from './state.ts';

/** Wider than this a line is hard to follow. */
export const CELLS_MAX = 160;

/** A window as high as that has two lines of keys; where one line holds them, a blank one above it. */
export function footerRows({ rows }: Size): number {
  return rows < 24 ? 1 : 2;
}

/** Title above, footer below. */
export function bodyRows(size: Size): number {
  return Math.max(1, size.rows - 1 - footerRows(size));
}

/** A pane of so many rows has the dashboard's verdict and its bars, and no other screen. */
const PANE_ROWS = 11;

/** Nothing but a sentence fits in it: nothing can be seen, so nothing is decided. */
export function isTooSmall({ size: { columns, rows }, screen }: Pick<State, 'size' | 'screen'>): boolean {
  const least = screen.kind === 'dashboard' ? PANE_ROWS : SMALLEST.rows;
  return columns < SMALLEST.columns || rows < least;
}

/** A window as low as that leaves out what can be read elsewhere. */
export function isLow(size: Size): boolean {
  return size.rows < 20;
}

export type Move = 'up' | 'down' | 'page_up' | 'page_down' | 'top' | 'bottom';

export function moved(
  place: ListPlace,
  move: Move,
  length: number,
  visible: number,
  cursored: boolean,
): ListPlace {
  const page = Math.max(1, visible - 1);
  const steps: Readonly<Record<Move, number>> = {
    up: -1,
    down: 1,
    page_up: -page,
    page_down: page,
    top: Number.NEGATIVE_INFINITY,
    bottom: Number.POSITIVE_INFINITY,
  };
  const last = Math.max(0, cursored ? length - 1 : length - visible);
  const cursor = Math.min(last, Math.max(0, (cursored ? place.cursor : place.top) + steps[move]));
  return cursored ? inSight({ cursor, top: place.top }, length, visible) : { cursor, top: cursor };
}

/** The same place with its cursor inside the list and on the screen. */
export function inSight(place: ListPlace, length: number, visible: number): ListPlace {
  const cursor = Math.max(0, Math.min(place.cursor, length - 1));
  const top = Math.max(
    0,
    Math.min(Math.max(place.top, cursor - visible + 1), cursor, Math.max(0, length - visible)),
  );
  return { cursor, top };
}
