/**
 * When a failed analysis is tried again, and which failures are the same. Pure: no clock, no store.
 */
import { addMs, DAY_MS, type Iso } from './time.ts';

const HOUR_MS = 3_600_000;

/** What the last analyses of a session were, as things stood then. */
export interface Attempt {
  /** The generation of the bytes that were read. */
  readonly generation: number;
  /** Failures in a row under these very circumstances; 0: the last one worked. */
  readonly failures: number;
  readonly triedAt: Iso;
  /** Names the external analyzer's command; empty: none. */
  readonly analyzer: string;
  /** The version of this program. */
  readonly program: string;
}

/** The circumstances of an analysis that could be tried now. */
export type Circumstances = Pick<Attempt, 'generation' | 'analyzer' | 'program'>;

/** Whether the bytes, the analyzer's command and the program are what they were. */
export function isUnchanged(last: Circumstances, present: Circumstances): boolean {
  return (
    last.generation === present.generation &&
    last.analyzer === present.analyzer &&
    last.program === present.program
  );
}

/** How long nothing is tried after so many failures in a row: an hour, doubled each time, a day at most. */
export function waitMs(failures: number): number {
  return Math.min(HOUR_MS * 2 ** Math.max(0, failures - 1), DAY_MS);
}

/** When it is tried again at the latest, if nothing changes. */
export function dueAt(last: Pick<Attempt, 'failures' | 'triedAt'>): Iso {
  return addMs(last.triedAt, waitMs(last.failures));
}

/**
 * Whether a session without a digest is tried now. `last`: null where nothing is known of an attempt.
 * A time of an attempt that lies ahead is a clock that was wrong: it is no reason to wait.
 */
export function isDue(last: Attempt | null, present: Circumstances, now: Iso): boolean {
  if (last === null || last.failures === 0 || !isUnchanged(last, present)) return true;
  return last.triedAt > now || dueAt(last) <= now;
}

/** Failures of one cause have one text: without what follows a colon, and without counts. */
export function causeOf(why: string): string {
  const [cause = ''] = why.split(': ');
  return cause.replace(/(?<!status )(?<![\w.])\d[\d.,]*/g, 'N').replace(/\bN line\b/g, 'N lines');
}
