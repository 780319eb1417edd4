/** What is told of a session before any analysis. */
import type { Iso } from './time.ts';

/** What the first and the last bytes of a transcript tell, before any analysis. */
export interface Peek {
  readonly nativeId: string | null;
  readonly project: string | null;
  readonly branch: string | null;
  readonly title: string | null;
  readonly startedAt: Iso | null;
  readonly endedAt: Iso | null;
  readonly parentNativeId: string | null;
  /** The title is the name that the agent's own list gives the session: it takes the place of one that was told before. */
  readonly isListed?: true;
  /** The name that its program's rules for deleting know it by, where that is none of the others. */
  readonly keptAs?: string;
}

/**
 * A first look is counted in lines, not in bytes: the same records tell the same, however they are written. It takes so many of a
 * head, and on from there until who, where, what and when are told (`HEAD_LINES_MAX` at most); and so many of a tail.
 */
export const HEAD_LINES = 8;
export const HEAD_LINES_MAX = 400;
export const TAIL_LINES = 16;
/** Of a head and of a tail the earliest and the latest of so many times are taken: records are written nearly in their order. */
export const TIMES_AT_END = 8;
