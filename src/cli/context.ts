/** What a command is given, and what it returns: its exit code. */
import type { Host } from '../domain/agent.ts';
import type { ExitCode } from '../domain/errors.ts';
import type { Clock } from '../domain/time.ts';
import type { Settings } from './config.ts';
import type { Io } from './io.ts';
import type { ReportName, ReportOf } from './schemas.by-command.ts';
import type { CommandSpec } from './spec.ts';

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
  /** As `--version` says it, without the name. */
  readonly version: string;
  /** Those that people call. */
  readonly commands: readonly CommandSpec[];
  readonly signal: AbortSignal;
  /** A fresh folder only for the owner, below the system's place for temporary files. */
  readonly tempFolder: string;
  /** The words of the call, as they were given. */
  readonly argv: readonly string[];
  /** Where decisions are written down, absolute; null: nowhere. */
  readonly decisionLog: string | null;
  /** This program's path and what must follow it, to start it once more; null where it cannot be. */
  readonly self: readonly string[] | null;
  /** Starts this program once more in its own place for a long piece of work; returns where that cannot be. */
  readonly beginAnew?: () => void;
  /** Starts a thread that makes digests of new sessions; null where this program runs without threads. */
  readonly startDigester: (() => Worker) | null;
  /** Starts a thread that writes files of a restore; null where this program runs without threads. */
  readonly startStager: (() => Worker) | null;
  /** Asks the person at the terminal one question and returns the line that was typed; null where input ended or was stopped. */
  readonly ask: (question: string) => Promise<string | null>;
  /** What another program hands over on stdin, within limits of bytes and milliseconds; null: nothing, or a terminal. */
  readonly readInput?: (bytesMax: number, waitMs: number) => Promise<string | null>;
  /** Shows a long text in the person's pager; false where none is wanted or there, and the text is to be printed. */
  readonly page: (text: string) => Promise<boolean>;
  /**
   * Runs a program that has the terminal until it ends; its exit status, null where there is no such program. `isLast`: nothing is
   * left to be done after it, so that it may take this one's place.
   */
  readonly launch: (argv: readonly string[], cwd: string | null, isLast?: boolean) => Promise<number | null>;
  /** Opens the dashboard or the walk through one sweep; returns the exit code. */
  readonly screens: (context: Context, start: 'dashboard' | 'sweep') => Promise<ExitCode | AgentExit>;
}

/** Its exit code: one of ours, or that of an agent which it was asked to start. */
export type Command = (context: Context) => Promise<ExitCode | AgentExit>;

/** What an agent that was started ended with. */
export type AgentExit = number & { readonly agentExit: true };

/** A command that can be called: what does it is loaded when it is. */
export interface LoadableCommand extends CommandSpec {
  load(): Promise<Command>;
}

/** The text of a flag that takes a value, or null. */
export function textFlag(flags: Flags, name: string): string | null {
  const value = flags[name];
  return typeof value === 'string' ? value : null;
}

/** What JSON.stringify leaves raw and a terminal acts on or hides: DEL and C1, line separators, format and invisible characters. */
const UNSAFE_IN_JSON = /[\u007f-\u009f\u2028\u2029\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Prints one JSON object: the same value to a parser, and inert on a terminal. The command is named, as in `printJson<'list'>`: its
 * schema is what the value is held against; without a name no value fits.
 */
export function printJson<Name extends ReportName = never>(io: Io, value: ReportOf<Name>): void {
  io.out(`${inertJson(value)}\n`);
}

/** What is printed at once; a list may have a million items. */
const JSON_PIECE_CHARS = 256 * 1024;

/** The same as `printJson({ ...head, [name]: [...items] })`, holding a piece of it at a time and waiting where the reader is slow. */
export async function printJsonList(
  io: Io,
  head: Readonly<Record<string, unknown>>,
  name: string,
  items: Iterable<unknown>,
): Promise<void> {
  let piece = `${inertJson({ ...head, [name]: [] }).slice(0, -']\n}'.length)}`;
  let count = 0;
  for (const item of items) {
    piece += `${count === 0 ? '' : ','}\n    ${inertJson(item).replaceAll('\n', '\n    ')}`;
    count += 1;
    if (piece.length < JSON_PIECE_CHARS) continue;
    await io.outSlowly(piece);
    piece = '';
  }
  await io.outSlowly(`${piece}${count === 0 ? '' : '\n  '}]\n}\n`);
}

function inertJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(UNSAFE_IN_JSON, escaped);
}

/** As JSON writes it: beyond U+FFFF there are two units. */
function escaped(char: string): string {
  return char
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}

/** Whether a person sits at a terminal and can be asked. */
export function canAsk({ io, json }: Context): boolean {
  return io.stdinIsTty && io.stdoutIsTty && !json;
}

/** Whether a person sits at a terminal that can show screens. */
export function hasScreens({ io, json, host }: Context): boolean {
  return io.stdinIsTty && io.stdoutIsTty && !json && host.env['TERM'] !== 'dumb';
}
