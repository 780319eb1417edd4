/**
 * argv to a command with its flags. Pure: reads no environment and prints nothing.
 * Promises: what is wrong is one failure with the word, the nearest right one and the way out.
 */
import { Command as Commander, CommanderError, Option } from 'commander';
import { FailureError, invalid } from '../domain/errors.ts';
import type { Flags, LoadableCommand } from './context.ts';
import { type CommandSpec, type Flag, GLOBAL_FLAGS } from './spec.ts';
import { COMMANDS, commandNamed } from './table.ts';
import { nearest } from './values.ts';

export interface Parsed {
  /** Null: no command was named. */
  readonly command: LoadableCommand | null;
  readonly args: readonly string[];
  readonly flags: Flags;
  readonly wantsHelp: boolean;
  readonly wantsVersion: boolean;
}

export function parseArgs(argv: readonly string[]): Parsed {
  const own = withoutHelp(argv);
  // With these, a missing argument is no mistake.
  if (own.help) return helpOn(own.words);
  if (own.version) return { command: null, args: [], flags: {}, wantsHelp: false, wantsVersion: true };
  const called = commandIn(own.words);
  const program = silent(new Commander('session-memory'));
  addFlags(program, GLOBAL_FLAGS);
  program.action(() => undefined);
  // Other commands are not registered: it costs start-up, and their flags would be accepted.
  const sub = called === undefined ? null : register(program, called);
  try {
    program.parse(own.words, { from: 'user' });
  } catch (thrown) {
    if (thrown instanceof CommanderError) throw new FailureError(asFailure(thrown, own.words));
    throw thrown;
  }
  const flags: Flags = { ...program.opts(), ...withoutUndefined(sub?.opts() ?? {}) };
  refuseEmpty(flags);
  return {
    command: called ?? null,
    // Each argument is a word, a list of words, or nothing.
    args: (sub?.processedArgs ?? []).flat().filter((word): word is string => typeof word === 'string'),
    flags,
    wantsHelp: false,
    wantsVersion: false,
  };
}

function register(program: Commander, spec: CommandSpec): Commander {
  const sub = silent(program.command([spec.name, ...spec.args.map(bracketed)].join(' ')));
  addFlags(sub, [...spec.flags, ...GLOBAL_FLAGS]);
  return sub.action(() => undefined);
}

function helpOn(words: readonly string[]): Parsed {
  const [word, next] = positionals(words);
  const name = word === 'help' ? next : word;
  const command = COMMANDS.find((spec) => spec.name === name) ?? null;
  if (command === null && name !== undefined) throw new FailureError(unknownCommand(name));
  return { command, args: [], flags: {}, wantsHelp: true, wantsVersion: false };
}

/** The command that is called: the first word that is neither a flag nor a global flag's value. */
function commandIn(words: readonly string[]): LoadableCommand | undefined {
  const [word] = positionals(words);
  return commandNamed(word);
}

/** Words that are no flags, up to what only the command's own flags could tell: enough to find the command. */
function positionals(words: readonly string[]): string[] {
  return words.filter((word, i) => !word.startsWith('-') && !isGlobalValue(words, i));
}

function unknownCommand(word: string) {
  const names = COMMANDS.map((spec) => spec.name);
  return invalid(
    `unknown command ${word}`,
    `${nearest(word, names) ?? ''} See \`session-memory --help\`.`.trim(),
  );
}

/** A flag that only commands have, given to none: its value must not be taken for the command. Null where it is none such. */
function flagWithoutCommand(words: readonly string[]) {
  const flag = words.find((each) => each.startsWith('--') && !isOf(GLOBAL_FLAGS, each))?.split('=')[0];
  if (flag === undefined) return null;
  const owners = COMMANDS.filter((spec) => isOf(spec.flags, flag)).map((spec) => spec.name);
  const [first] = owners;
  if (first === undefined) return null;
  return invalid(
    `${flag} belongs to a command, and none is given`,
    `Write it behind the command: \`session-memory ${owners.includes('sweep') ? 'sweep' : first} ${words.join(' ')}\`.`,
  );
}

function isOf(flags: readonly Flag[], word: string): boolean {
  const name = word.split('=')[0] ?? '';
  return flags.some(({ flag }) => flag.split(' ')[0] === name);
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

/** An empty value is mostly a variable that was not set: `--store "$STORE"`. */
function refuseEmpty(flags: Flags): void {
  const name = Object.keys(flags).find((key) => flags[key] === '');
  if (name === undefined) return;
  const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new FailureError(invalid(`${flag} has an empty value`, 'Give a value, or leave the flag out.'));
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
  const command = commandIn(words);
  const [word] = positionals(words);
  const early = command === undefined ? flagOfALaterCommand(words) : undefined;
  if (early !== undefined) return early;
  if (command === undefined) {
    const misplaced = words[0]?.startsWith('-') === true ? flagWithoutCommand(words) : null;
    if (misplaced !== null) return misplaced;
    if (word !== undefined) return unknownCommand(word);
  }
  const help = `See \`session-memory ${command === undefined ? '' : `${command.name} `}--help\`.`;
  const meant = /\(Did you mean (.*)\?\)/.exec(hint ?? '')?.[1];
  return invalid(message.replaceAll("'", ''), meant === undefined ? help : `Did you mean ${meant}? ${help}`);
}

/** `--soft-cap 1GiB sweep`: a command's own flag stands after its command. */
function flagOfALaterCommand(words: readonly string[]) {
  const spec = COMMANDS.find(({ name }) => words.includes(name));
  const first = words.find((word) => word.startsWith('-'))?.split('=')[0] ?? '';
  if (spec?.flags.some(({ flag }) => flag.split(' ')[0] === first) !== true) return undefined;
  return invalid(
    `${first} belongs to ${spec.name} and stands before it`,
    `Write \`session-memory ${spec.name} ${first} …\`; only global flags may come first.`,
  );
}

/** Whether the word is the value of a global flag before it. */
function isGlobalValue(words: readonly string[], i: number): boolean {
  const before = words[i - 1];
  return GLOBAL_FLAGS.some(({ flag }) => flag.includes(' ') && flag.split(' ')[0] === before);
}
