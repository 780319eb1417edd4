/**
 * What may happen to transcripts whose place, form and time are not what their agent once gave them, as plain data.
 * Promises: every action is possible in every state; what it means there follows from its numbers alone.
 */
import type { Random } from './random.ts';

/** Writings of the same records. `ordinal`: as a later Codex numbers them; of Claude Code it is the plain one. */
export const FORMS = ['plain', 'spaced', 'reversed', 'ordinal'] as const;
export type Form = (typeof FORMS)[number];

/** What the clock says at an ingest or a sweep. */
export const CLOCKS = ['right', 'far behind', 'far ahead', 'never set'] as const;
export type ClockState = (typeof CLOCKS)[number];

export type PathAction =
  | { readonly kind: 'begin'; readonly agent: 'claude' | 'codex'; readonly turns: number }
  /** `which`: a file on disk, modulo how many there are; so everywhere. Another talk with its id, in another project. */
  | { readonly kind: 'twin'; readonly which: number; readonly turns: number }
  | { readonly kind: 'append'; readonly which: number; readonly turns: number }
  /** Turns `from` to `to` go, a summary comes. */
  | { readonly kind: 'compact'; readonly which: number; readonly from: number; readonly to: number }
  | { readonly kind: 'rewind'; readonly which: number; readonly turns: number }
  /** The transcript is replaced by so many lines. */
  | { readonly kind: 'stub'; readonly which: number; readonly lines: 0 | 1 | 2 }
  /** Beside it, as a synced folder makes it, or in another project's folder. */
  | { readonly kind: 'copy'; readonly which: number; readonly to: 'conflict' | 'folder' }
  /** Its project is renamed, with all that lies in the same folder. */
  | { readonly kind: 'move'; readonly which: number }
  /** Two files of one id change places. */
  | { readonly kind: 'swap'; readonly which: number }
  | { readonly kind: 'form'; readonly which: number; readonly form: Form }
  | { readonly kind: 'delete'; readonly which: number }
  | { readonly kind: 'clock'; readonly state: ClockState }
  | { readonly kind: 'wait'; readonly hours: number }
  | {
      readonly kind: 'ingest';
      readonly flags: readonly ('--no-analyze' | '--full')[];
      readonly killAt: number | null;
    }
  | { readonly kind: 'again'; readonly which: number }
  /** `soft`: a share of the present usage. */
  | {
      readonly kind: 'sweep';
      readonly soft: number;
      readonly maxAgeDays: number | 'off';
      readonly killAt: number | null;
    }
  | { readonly kind: 'restore'; readonly which: number };

export type OfFile = Extract<PathAction, { which: number }>;

/** A history of some dozen actions: something is there and stored before anything is done to it. */
export function pathHistoryOf(random: Random): PathAction[] {
  const length = 8 + random.below(14);
  return [
    begin(random),
    ...(random.below(2) === 0 ? [{ kind: 'ingest', flags: [], killAt: null } as const] : []),
    ...Array.from({ length }, () => actionOf(random)),
  ];
}

function begin(random: Random): PathAction {
  const agent = random.pick(['claude', 'codex'] as const);
  return { kind: 'begin', agent, turns: random.pick([1, 2, 3, 4, 9, 12]) };
}

function actionOf(random: Random): PathAction {
  const which = random.below(1000);
  const killAt = random.below(4) === 0 ? 1 + random.below(50) : null;
  switch (random.below(28)) {
    case 0:
      return begin(random);
    case 1:
    case 2:
      return { kind: 'twin', which, turns: random.pick([1, 2, 9]) };
    case 3:
    case 4:
    case 5:
      return { kind: 'append', which, turns: 1 + random.below(3) };
    case 6: {
      const from = random.below(4);
      return { kind: 'compact', which, from, to: from + 1 + random.below(3) };
    }
    case 7:
      return { kind: 'rewind', which, turns: 1 + random.below(3) };
    case 8:
      return { kind: 'stub', which, lines: random.pick([0, 1, 2] as const) };
    case 9:
    case 10:
      return { kind: 'copy', which, to: random.pick(['conflict', 'folder'] as const) };
    case 11:
      return { kind: 'move', which };
    case 12:
      return { kind: 'swap', which };
    case 13:
    case 14:
      return { kind: 'form', which, form: random.pick(FORMS) };
    case 15:
      return { kind: 'delete', which };
    case 16:
      return { kind: 'clock', state: random.pick(CLOCKS) };
    case 17:
      return { kind: 'clock', state: 'right' };
    case 18:
      return { kind: 'wait', hours: random.below(24 * 30) };
    case 19:
      return { kind: 'again', which };
    case 20:
      return { kind: 'restore', which };
    case 21:
    case 22:
      return {
        kind: 'sweep',
        soft: random.pick([0, 0.3, 0.6, 1]),
        maxAgeDays: random.pick([45, 10, 'off'] as const),
        killAt,
      };
    default:
      return { kind: 'ingest', flags: random.pick([[], [], ['--no-analyze'], ['--full']] as const), killAt };
  }
}
