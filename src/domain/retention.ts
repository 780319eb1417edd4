/**
 * How an agent cleans up after itself: what its own files say of that, and when a session goes by it.
 * Promises: pure. What an agent keeps is never told to go; what it deletes is told by the rules of the version that was seen to do it.
 */

/** What is under an agent's root. */
export interface RootFiles {
  /** The text of a small file, by its path from there; null where there is none. */
  text(relPath: string): string | null;
  /** When a file was changed, in milliseconds since 1970; null where there is none. */
  changedMs(relPath: string): number | null;
  /** Absent: only the root is looked at. */
  readonly machine?: MachineFiles;
}

/** Settings that lie outside an agent's root: the machine's own, and those of projects. */
export interface MachineFiles {
  readonly platform: 'linux' | 'darwin' | 'win32';
  /** Before the places of the machine's own settings. */
  readonly systemRoot: string;
  /** Folders of the projects that are known, absolute, existing or not. */
  readonly projects: readonly string[];
  /** The text of a small file, by its absolute path; null where there is none. */
  text(path: string): string | null;
  /** The names in a folder, in order; none where there is none. */
  names(folder: string): readonly string[];
}

/** A session as the clean-up of its agent looks at it. Times are in milliseconds since 1970. */
export interface KeptSession {
  readonly nativeId: string;
  /** Where its transcript lies below the root; what is left of the session where that is gone. */
  readonly relPath: string;
  /** The places of all transcripts that bear its id in its folder. */
  readonly bearers: readonly string[];
  /** It is rows of a database. */
  readonly isRows: boolean;
  /** The name that its program's rules know those rows by; null: it has none, or is no rows. */
  readonly keptAs: string | null;
  /** How long its transcript is. */
  readonly bytes: number;
  /** When its transcript was changed; the newest of its files where that is gone. */
  readonly changedMs: number;
  /** When it ended, as the transcript says; null where it says nothing. */
  endedMs(): number | null;
  /** The first and the last bytes of the transcript; null where they cannot be read. */
  ends(): { readonly head: Uint8Array; readonly tail: Uint8Array } | null;
  /** How many sessions in its folder ended after it. */
  endedLater(): number;
}

/** How an agent cleans up on a machine. */
export interface Cleanup {
  /** After how many days most of its sessions go; null: it deletes none. */
  readonly days: number | null;
  /** It takes place no earlier than that, in milliseconds since 1970; absent: at any start. */
  readonly notBeforeMs?: number;
  /**
   * When a session goes: a time that is past means the next clean-up. Null: it is kept. A session that goes later than `untilMs` need not be
   * looked at closely: any later time will do.
   */
  goesMs(session: KeptSession, untilMs: number): number | null;
}

export interface AgentRetention {
  cleanup(files: RootFiles): Cleanup;
}

/** Of an agent that deletes nothing now. */
export const KEEPS_ALL: Cleanup = { days: null, goesMs: () => null };
