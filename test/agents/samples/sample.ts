/**
 * What an agent gives the conformance suite: a session built by hand as that agent writes it, and what is expected of it.
 * Promises: from what is known of the format, never from the program's own code.
 */
import type { Host } from '../../../src/domain/agent.ts';
import type { Tokens } from '../../../src/domain/facts.ts';

/** One turn of a made-up session: a human's prompt, a file written, a command run, an answer. */
export interface Turn {
  readonly prompt: string;
  readonly answer: string;
  readonly command: string;
  readonly output: string;
  /** Absolute path of a file that the agent wrote. */
  readonly written: string;
}

export interface SampleOptions {
  readonly id: string;
  readonly cwd: string;
  readonly turns: readonly Turn[];
  /** A record of this type, which no version of the agent has, stands at the end. */
  readonly unknownType?: string;
}

/** What a format cannot tell at all. */
export type Gap =
  | 'commands'
  | 'written'
  | 'tokens'
  | 'project'
  | 'unknown records'
  | 'own id'
  | 'times'
  /** Its lines are no records, which could be told apart without their line ends. */
  | 'records'
  /** Only the configuration says where it lies. */
  | 'own places';

export interface Sample {
  /** An id as the agent makes them. */
  readonly sessionId: string;
  /** The first root with the home `/home/me`, `/Users/me` or `C:\Users\me`, and no variable set. */
  readonly roots: Readonly<Record<Host['platform'], string>>;
  /** Where its first root is with the one variable set to `/moved`; absent for an agent without such a variable. */
  readonly moved?: Readonly<Record<string, string>>;
  /** Where it is below the home with a variable that names a folder there set to `moved`. */
  readonly movedByName?: Readonly<Record<string, string>>;
  /**
   * Of an agent that keeps sessions in the folders of projects: such a project, from the home, and the files under the first
   * root that list it. The session's root is then in that project.
   */
  readonly project?: {
    readonly folder: string;
    list(project: string): Readonly<Record<string, string>>;
  };
  /** The session's files by their paths from the root. */
  session(options: SampleOptions): Readonly<Record<string, string | Uint8Array>>;
  /** Of an agent with a database: its tables of which nothing belongs to a session. */
  readonly otherTables?: readonly string[];
  /** Of each turn. */
  readonly tokensOfTurn: Tokens;
  readonly resume: readonly string[];
  readonly gaps?: readonly Gap[];
}

const START_MS = Date.parse('2026-05-01T10:00:00.000Z');

/** The time of a turn, and of what happens within it. */
export function timeOf(turn: number, second = 0): string {
  return new Date(START_MS + turn * 60_000 + second * 1000).toISOString();
}

export const jsonl = (records: readonly unknown[]) =>
  records.map((one) => `${JSON.stringify(one)}\n`).join('');

/** A folder or file named after a session's id, where that can be a name; another one where a hostile record claims it. */
export const folderName = (id: string) =>
  /^[\w-]{1,80}$/.test(id) && id !== 'CON' ? id : '019e6b6d-22e2-7191-83bd-8cc6b1af4b99';
