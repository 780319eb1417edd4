/**
 * A proposal on its way from the thread that sweeps to the one that reads keys: that of a large store names a hundred thousand sessions,
 * and copied at once it would hold up every key meanwhile.
 * Promises: put together again it is what it was, in its order.
 */
import type { Proposal } from '../sweep/ports.ts';

/** Of each list at once: copied within a few milliseconds. */
const PIECE_ITEMS = 500;

export interface ProposalPiece {
  /** All but the lists is whole in each. */
  readonly part: Proposal;
  readonly isLast: boolean;
}

/** At least one. */
export function* piecesOf(whole: Proposal, items: number = PIECE_ITEMS): Generator<ProposalPiece> {
  const { victims, keptOut, toAnalyze } = whole;
  const failures = [...whole.failures];
  const longest = Math.max(victims.length, keptOut.length, toAnalyze.length, failures.length);
  for (let from = 0; from === 0 || from < longest; from += items) {
    const to = from + items;
    yield {
      part: {
        ...whole,
        victims: victims.slice(from, to),
        keptOut: keptOut.slice(from, to),
        toAnalyze: toAnalyze.slice(from, to),
        failures: new Map(failures.slice(from, to)),
      },
      isLast: to >= longest,
    };
  }
}

/** Puts pieces together as they come. */
export class ProposalParts {
  #parts: Proposal[] = [];

  /** The whole with its last piece; null: there is more to come. */
  add({ part, isLast }: ProposalPiece): Proposal | null {
    this.#parts.push(part);
    if (!isLast) return null;
    const parts = this.#parts;
    this.#parts = [];
    return {
      ...part,
      victims: parts.flatMap(({ victims }) => victims),
      keptOut: parts.flatMap(({ keptOut }) => keptOut),
      toAnalyze: parts.flatMap(({ toAnalyze }) => toAnalyze),
      failures: new Map(parts.flatMap(({ failures }) => [...failures])),
    };
  }
}
