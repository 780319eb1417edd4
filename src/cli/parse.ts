/**
 * argv to a command with its flags. Pure: reads no environment and prints nothing.
 * Promises: what is wrong is one failure with the word, the nearest right one and the way out.
 */
import { Command as Commander, CommanderError, Option } from 'commander';
import { FailureError, invalid } from '../domain/errors.ts';
import type { Flags } from './context.ts';
import { COMMANDS, type CommandSpec, type Flag, GLOBAL_FLAGS } from './table.ts';
import { nearest } from './values.ts';

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
  const word = words.find((candidate, i) => !candidate.startsWith('-') && !isGlobalValue(words, i));
  if (command === undefined && word !== undefined) {
    const names = COMMANDS.map((spec) => spec.name);
    return invalid(
      `unknown command ${word}`,
      `${nearest(word, names) ?? ''} See \`session-memory --help\`.`.trim(),
    );
  }
  const help = `See \`session-memory ${command === undefined ? '' : `${command.name} `}--help\`.`;
  const meant = /\(Did you mean (.*)\?\)/.exec(hint ?? '')?.[1];
  return invalid(message.replaceAll("'", ''), meant === undefined ? help : `Did you mean ${meant}? ${help}`);
}

/** Whether the word is the value of a global flag before it. */
function isGlobalValue(words: readonly string[], i: number): boolean {
  const before = words[i - 1];
  return GLOBAL_FLAGS.some(({ flag }) => flag.includes(' ') && flag.split(' ')[0] === before);
}
