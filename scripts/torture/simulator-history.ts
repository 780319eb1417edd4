/**
 * What may happen to a home and a store, as plain data, so that a history can be written down, repeated and shortened.
 * Promises: every action is possible in every state; what it means there follows from its numbers alone.
 */
import type { Random } from './random.ts';

export type Action =
  /** An agent begins a session; `lines` of about `bytes` each. */
  | {
      readonly kind: 'begin';
      readonly agent: 'claude' | 'codex';
      readonly lines: number;
      readonly bytes: number;
    }
  | { readonly kind: 'unreadable'; readonly bytes: number }
  /** `which`: a session, modulo how many there are; so everywhere. */
  | { readonly kind: 'append'; readonly which: number; readonly lines: number; readonly bytes: number }
  /** Lines `from` to `to` go, a summary comes, as a compaction does. */
  | { readonly kind: 'rewrite'; readonly which: number; readonly from: number; readonly to: number }
  /** The last lines go and nothing comes: a human takes them back. */
  | { readonly kind: 'rewind'; readonly which: number; readonly lines: number }
  /** A subagent begins, or goes on. */
  | { readonly kind: 'delegate'; readonly which: number; readonly lines: number; readonly bytes: number }
  /** Cut off anywhere, as a crash of the agent does. */
  | { readonly kind: 'truncate'; readonly which: number; readonly share: number }
  | { readonly kind: 'fork'; readonly which: number }
  | { readonly kind: 'delete'; readonly which: number }
  | { readonly kind: 'compress'; readonly which: number }
  | {
      readonly kind: 'ingest';
      readonly flags: readonly ('--no-analyze' | '--full')[];
      readonly killAt: number | null;
    }
  | { readonly kind: 'analyze'; readonly killAt: number | null }
  | { readonly kind: 'pin' | 'unpin'; readonly which: number }
  | {
      readonly kind: 'sweep';
      /** Shares of the present usage. */
      readonly soft: number;
      readonly hard: number;
      readonly maxAgeDays: number | 'off';
      readonly analyze: boolean;
      readonly dataLoss: boolean;
      readonly killAt: number | null;
    }
  | { readonly kind: 'restore'; readonly which: number; readonly killAt: number | null }
  | { readonly kind: 'clock'; readonly hours: number };

/** A history of some dozen actions: something is there before anything is done to it. */
export function historyOf(random: Random): Action[] {
  const length = 8 + random.below(14);
  return [begin(random), ...Array.from({ length }, () => actionOf(random))];
}

function begin(random: Random): Action {
  const agent = random.pick(['claude', 'claude', 'codex'] as const);
  return { kind: 'begin', agent, lines: 1 + random.below(4), bytes: 40 + random.below(1500) };
}

function actionOf(random: Random): Action {
  const which = random.below(1000);
  const killAt = random.below(3) === 0 ? 1 + random.below(60) : null;
  switch (random.below(22)) {
    case 0:
    case 1:
    case 2:
      return begin(random);
    case 3:
      return { kind: 'unreadable', bytes: 100 + random.below(1000) };
    case 4:
    case 5:
      return { kind: 'append', which, lines: 1 + random.below(3), bytes: 40 + random.below(900) };
    case 6: {
      const from = random.below(4);
      return { kind: 'rewrite', which, from, to: from + 1 + random.below(3) };
    }
    case 7:
      return { kind: 'truncate', which, share: random.below(100) / 100 };
    case 8:
      return { kind: 'fork', which };
    case 9:
      return { kind: 'delete', which };
    case 10:
      return { kind: 'compress', which };
    case 11:
      return { kind: random.below(3) === 0 ? 'unpin' : 'pin', which };
    case 12:
      return { kind: 'restore', which, killAt };
    case 13:
      return { kind: 'clock', hours: random.below(4) === 0 ? -1 : random.below(24 * 40) };
    case 14:
      return { kind: 'analyze', killAt };
    case 15:
      return { kind: 'rewind', which, lines: 1 + random.below(3) };
    case 16:
      return { kind: 'delegate', which, lines: 1 + random.below(2), bytes: 40 + random.below(900) };
    case 17:
    case 18:
      return {
        kind: 'sweep',
        soft: random.below(110) / 100,
        hard: random.below(130) / 100,
        maxAgeDays: random.pick([45, 10, 'off'] as const),
        analyze: random.below(3) > 0,
        dataLoss: random.below(3) > 0,
        killAt,
      };
    default:
      return {
        kind: 'ingest',
        flags: random.pick([[], [], [], ['--no-analyze'], ['--full']] as const),
        killAt,
      };
  }
}
