/** What each part of the torture is: something that can be done for as long as one likes, and repeated by its seed. */

export interface Round {
  /** Everything random in the round follows from it, so that a failure can be repeated. */
  readonly seed: number;
  /** The compiled executable under test. */
  readonly binary: string;
  /** A fresh folder, removed afterwards unless the round failed. */
  readonly folder: string;
  /** For people who watch. */
  readonly log: (text: string) => void;
}

/** What one round did. `harm` counts what really hit (kills, full disks, flipped bytes): a round without any proves nothing. */
export interface Outcome {
  readonly harm: number;
  readonly checks: number;
  /** One sentence a failure, empty where all held. */
  readonly failures: readonly string[];
}

export interface Part {
  readonly name: string;
  /** One sentence for `--help` and the documents. */
  readonly about: string;
  /** Why it cannot run on this machine (no tmpfs, no compiler, …), null where it can. */
  unavailable(): Promise<string | null>;
  /** One round, a few seconds at most. Never sleeps for a fixed time. */
  round(round: Round): Promise<Outcome>;
}
