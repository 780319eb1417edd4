/** What each row of the bench is: data, and the two sides that are measured against each other. */
import type { Target, Unit } from './figures.ts';

/** One side, once. Whoever makes one has checked that the result is right: a wrong one throws before its time counts. */
export interface Measured {
  /** What the figure is made of, in the row's own measure (mostly wall milliseconds). */
  readonly value: number;
  readonly wallMs: number;
  /** User and system time, of children too. */
  readonly cpuMs: number;
}

export interface Contest {
  /** Undoes what the last run left and makes the files warm; not timed. */
  reset?(): Promise<void>;
  subject(): Promise<Measured>;
  /** Absent: the subject's own value is the figure; else it is divided by the baseline's. */
  baseline?(): Promise<Measured>;
}

export interface Bench {
  /** The compiled program. */
  readonly binary: string;
  /** Kept between runs: homes, stores, the empty executable. Absolute. */
  readonly cache: string;
  /** The row's own folder on the same disk, removed afterwards. */
  readonly scratch: string;
}

export interface Row {
  readonly name: string;
  /** One sentence: what runs, against what. */
  readonly what: string;
  readonly unit: Unit;
  readonly target: Target | null;
  /** Fewer rounds than others get, where a round is long or always the same. */
  readonly roundsMax?: number;
  /** Why it cannot be measured here (a missing tool, a command that does not exist yet); null where it can. */
  unavailable(bench: Bench): string | null;
  prepare(bench: Bench): Promise<Contest>;
}

export const atMost = (value: number): Target => ({ bound: 'at most', value });
export const atLeast = (value: number): Target => ({ bound: 'at least', value });

export const always = (): null => null;

/** For a row that needs these tools. */
export function needs(...tools: readonly string[]): () => string | null {
  return () => {
    const missing = tools.filter((tool) => Bun.which(tool) === null);
    return missing.length === 0 ? null : `${missing.join(', ')} not installed`;
  };
}
