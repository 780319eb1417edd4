/** How many rows of a screen are its list: the same for the handler that moves in it and for the frame that shows it. */
import type { Victim } from '../policy/passes.ts';
import type { Proposal } from '../sweep/ports.ts';
import { HELP_ROWS } from './keys.ts';
import { type ListPlace, type Screen, type Size, SMALLEST, type State } from './state.ts';

/** Title above, footer below. */
const FRAME_ROWS = 2;

/** Below the hits: a blank, title, id, three lines of the one under the cursor. */
const SEARCH_FOOT_ROWS = 6;

export function bodyRows(size: Size): number {
  return Math.max(1, size.rows - FRAME_ROWS);
}

/** Nothing but a sentence fits in it: nothing can be seen, so nothing is decided. */
export function isTooSmall({ columns, rows }: Size): boolean {
  return columns < SMALLEST.columns || rows < SMALLEST.rows;
}

/** A window as low as that leaves out what can be read elsewhere. */
export function isLow(size: Size): boolean {
  return size.rows < 20;
}

/** Passes, two bars with the caps in words, the pass in words; in a low window without the caps and on one line. */
export function wizardHeadRows(size: Size): number {
  return isLow(size) ? 4 : 6;
}

/** What is below the list in the data-loss step: why, the ways out, a notice, the phrase. */
export function lossFootRows(size: Size): number {
  return isLow(size) ? 5 : 7;
}

/**
 * The victims of a proposal, and behind them those who were kept out of an earlier pass: so the cursor begins on one that goes, and
 * `space` pressed at once lets nobody go. A loss lists only what would be lost: its number is typed.
 */
export function listedVictims({ step, victims, keptOut }: Proposal): readonly Victim[] {
  return keptOut.length === 0 || step === 'data_loss' ? victims : [...victims, ...keptOut];
}

export function victimAt(proposal: Proposal, row: number): Victim | undefined {
  return listedVictims(proposal)[row];
}

/** Rows of the list, whichever it is. */
export function listLength(proposal: Proposal): number {
  return listedVictims(proposal).length + proposal.toAnalyze.length;
}

/** Rows of the preview under a pass's list; 0 where the window is too low for one, or nothing is to be evicted. */
export function previewRows(size: Size, proposal: Proposal): number {
  if (listedVictims(proposal).length === 0 || proposal.step === 'data_loss') return 0;
  return size.rows >= 22 ? Math.floor((size.rows - 16) / 2) + 2 : 0;
}

export function wizardListRows(size: Size, proposal: Proposal): number {
  // The list has a head of its own.
  const body = bodyRows(size) - wizardHeadRows(size) - 1;
  if (proposal.step === 'data_loss') return Math.max(1, body - lossFootRows(size));
  return Math.max(1, body - 1 - previewRows(size, proposal));
}

/** Length of the list on a screen, and how many of its rows are visible. */
export function listOf(state: State): { readonly length: number; readonly visible: number } {
  const { screen, size } = state;
  const body = bodyRows(size);
  switch (screen.kind) {
    case 'sweep': {
      const { stage } = screen.wizard;
      if (stage.kind === 'asking')
        return { length: listLength(stage.proposal), visible: wizardListRows(size, stage.proposal) };
      return stage.kind === 'result'
        ? { length: stage.lines.length, visible: body - 1 }
        : { length: 0, visible: 1 };
    }
    case 'browse':
      return { length: screen.browse.shown.length, visible: body - 3 };
    case 'search':
      return {
        length: screen.search.result?.hits.length ?? 0,
        visible: Math.max(1, body - 3 - SEARCH_FOOT_ROWS),
      };
    case 'reader':
      return { length: screen.reader.lines.length, visible: body };
    case 'history':
      return { length: screen.sweeps.length, visible: body - 1 };
    case 'restore':
      return { length: screen.plan.files.length, visible: Math.max(1, body - 5) };
    case 'help':
      return { length: HELP_ROWS, visible: body };
    case 'dashboard':
    case 'first_run':
    case 'done':
      return { length: 0, visible: body };
    default:
      return screen satisfies never;
  }
}

/** Lists in which the cursor is a row; the others only scroll. */
export function hasCursor(screen: Screen): boolean {
  if (screen.kind === 'sweep') return screen.wizard.stage.kind === 'asking';
  return ['browse', 'search', 'history'].includes(screen.kind);
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
