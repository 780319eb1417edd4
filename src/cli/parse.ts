/**
 * argv to a command with its flags. Pure: reads no environment and prints nothing.
 * Promises: what is wrong is one failure with the word, the nearest right one and the way out.
 */
import { Command as Commander, CommanderError, Option } from 'commander';
import { closest, distance } from 'fastest-levenshtein';
import { FailureError, invalid } from '../domain/errors.ts';
import type { Flags } from './context.ts';
import { COMMANDS, type CommandSpec, type Flag, GLOBAL_FLAGS } from './table.ts';

export interface Parsed {
  /** Null: no command was named. */
  readonly command: CommandSpec | null;
  readonly args: readonly string[];
  readonly flags: Flags;
  readonly wantsHelp: boolean;
  readonly wantsVersion: boolean;
}

export function parseArgs(argv: readonly string[]): Parsed {
  let command: CommandSpec | null = null;
  let args: readonly string[] = [];
  const own = withoutHelp(argv);
  const program = silent(new Commander('session-memory'));
  addFlags(program, GLOBAL_FLAGS);
  program.action(() => undefined);
  for (const spec of COMMANDS) {
    const sub = silent(program.command([spec.name, ...spec.args.map(bracketed)].join(' ')));
    // Flags of other commands are not registered: it costs start-up, and they would be accepted.
    if (own.words.includes(spec.name)) addFlags(sub, [...spec.flags, ...GLOBAL_FLAGS]);
    sub.action((...given: unknown[]) => {
      command = spec;
      args = given
        .slice(0, spec.args.length)
        .flat()
        .filter((word): word is string => typeof word === 'string');
    });
  }
  try {
    // With --help, a missing argument is no mistake.
    if (own.help) return { ...named(own.words), wantsHelp: true, wantsVersion: false };
    program.parse(own.words, { from: 'user' });
  } catch (thrown) {
    if (thrown instanceof CommanderError) throw new FailureError(asFailure(thrown, own.words));
    throw thrown;
  }
  const chosen: CommandSpec | null = command;
  const sub =
    chosen === null
      ? null
      : program.commands.find((candidate) => candidate.name() === (chosen as CommandSpec).name);
  const flags: Flags = { ...program.opts(), ...(sub === null ? {} : withoutUndefined(sub?.opts() ?? {})) };
  if (chosen === null && program.args[0] !== undefined) {
    throw new FailureError(
      invalid(
        `unknown command ${program.args[0]}`,
        nearest(
          program.args[0],
          COMMANDS.map((spec) => spec.name),
        ) ?? 'See `session-memory --help`.',
      ),
    );
  }
  return { command: chosen, args, flags, wantsHelp: false, wantsVersion: own.version };
}

function named(words: readonly string[]): Pick<Parsed, 'command' | 'args' | 'flags'> {
  return { command: COMMANDS.find((spec) => words.includes(spec.name)) ?? null, args: [], flags: {} };
}

/** `--help` and `--version` stand anywhere before a `--`. */
function withoutHelp(argv: readonly string[]): { words: string[]; help: boolean; version: boolean } {
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  const rest = end < 0 ? [] : argv.slice(end);
  const isHelp = (word: string) => word === '--help' || word === '-h';
  const isVersion = (word: string) => word === '--version' || word === '-V';
  return {
    words: [...own.filter((word) => !isHelp(word) && !isVersion(word)), ...rest],
    help: own.some(isHelp) || own[0] === 'help',
    version: own.some(isVersion),
  };
}

function silent(program: Commander): Commander {
  return program
    .exitOverride()
    .helpOption(false)
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .allowExcessArguments(false)
    .configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
}

function addFlags(program: Commander, flags: readonly Flag[]): void {
  for (const { flag, help } of flags) {
    if (flag === '--help' || flag === '--version') continue;
    program.addOption(new Option(flag.replace(/ ([A-Z]+)$/, ' <$1>'), help));
  }
}

function bracketed(arg: string): string {
  return arg.startsWith('[') ? arg : `<${arg}>`;
}

function withoutUndefined(flags: Record<string, unknown>): Flags {
  return Object.fromEntries(
    Object.entries(flags).filter(([, value]) => typeof value === 'string' || typeof value === 'boolean'),
  ) as Flags;
}

function asFailure(error: CommanderError, words: readonly string[]) {
  const [message = '', hint] = error.message.replace(/^error: /, '').split('\n');
  const command = COMMANDS.find((spec) => words.includes(spec.name));
  const help = `See \`session-memory ${command === undefined ? '' : `${command.name} `}--help\`.`;
  const meant = /\(Did you mean (.*)\?\)/.exec(hint ?? '')?.[1];
  return invalid(message.replaceAll("'", ''), meant === undefined ? help : `Did you mean ${meant}? ${help}`);
}

/** Which known word is meant, where one is near. */
export function nearest(word: string, known: readonly string[]): string | null {
  const best = closest(word, [...known]);
  return distance(word, best) <= Math.max(2, Math.floor(word.length / 3)) ? `Did you mean ${best}?` : null;
}
