/** What a command is given, and what it returns: its exit code. */
import type { Host } from '../domain/agent.ts';
import type { ExitCode } from '../domain/errors.ts';
import type { Clock } from '../domain/time.ts';
import type { Settings } from './config.ts';
import type { Io } from './io.ts';

/** Flags as written, in camel case; `--no-x` is `x: false`. Values are still text: each command checks its own. */
export type Flags = Readonly<Record<string, string | boolean | undefined>>;

export interface Context {
  readonly io: Io;
  readonly args: readonly string[];
  readonly flags: Flags;
  readonly json: boolean;
  readonly settings: Settings;
  readonly host: Host;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** A fresh folder only for the owner, below the system's place for temporary files. */
  readonly tempFolder: string;
}

export type Command = (context: Context) => Promise<ExitCode>;

/** The text of a flag that takes a value, or null. */
export function textFlag(flags: Flags, name: string): string | null {
  const value = flags[name];
  return typeof value === 'string' ? value : null;
}

/** Prints one JSON object. */
export function printJson(io: Io, value: unknown): void {
  io.out(`${JSON.stringify(value, null, 2)}\n`);
}
