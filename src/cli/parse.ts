/**
 * argv to a command with its flags. Pure: reads no environment and prints nothing.
 * Promises: what is wrong is one failure with the word, the nearest right one and the way out.
 */
import { Command as Commander, CommanderError, Option } from 'commander';
import { FailureError, invalid } from '../domain/errors.ts';
import type { Flags, LoadableCommand } from './context.ts';
import { SETTINGS, type SettingKey } from './settings.ts';
import { type CommandSpec, type Flag, GLOBAL_FLAGS, GLOBAL_NAMES } from './spec.ts';
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
  const at = called === undefined ? own.words.length : indexOfCommand(own.words);
  const flags: Flags = {};
  let args: readonly string[] = [];
  try {
    // Before the command only global flags; where none stand there, nothing is made to read them: it is felt at each start.
    if (called === undefined || at > 0) Object.assign(flags, read(PROGRAM, own.words.slice(0, at)).opts());
    if (called !== undefined) {
      // Behind a `--` all are arguments, wherever it stands.
      const isPlain = own.words.slice(0, at).some((word, i) => word === '--' && !isGlobalValue(own.words, i));
      const words = withMinusWords(called, [...(isPlain ? ['--'] : []), ...own.words.slice(at + 1)]);
      refuseMissing(called, words);
      const sub = read(called, words);
      Object.assign(flags, withoutUndefined(sub.opts()));
      // Each argument is a word, a list of words, or nothing.
      args = sub.processedArgs.flat().filter((word): word is string => typeof word === 'string');
    }
  } catch (thrown) {
    if (thrown instanceof CommanderError) throw new FailureError(asFailure(thrown, own.words));
    throw thrown;
  }
  refuseEmpty(flags);
  return { command: called ?? null, args, flags, wantsHelp: false, wantsVersion: false };
}

const PROGRAM: Pick<CommandSpec, 'name' | 'args' | 'flags'> = {
  name: 'session-memory',
  args: [],
  flags: [],
};

/** Words with the flags of one command. Other commands are not registered: it costs start-up, and their flags would be accepted. */
function read({ name, args, flags }: typeof PROGRAM, words: readonly string[]): Commander {
  const program = silent(new Commander(name));
  for (const arg of args) program.argument(bracketed(arg));
  addFlags(program, [...flags, ...GLOBAL_FLAGS]);
  return program.action(() => undefined).parse(words, { from: 'user' });
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
  return commandNamed(words[indexOfCommand(words)]);
}

function indexOfCommand(words: readonly string[]): number {
  return words.findIndex((_, i) => isPositional(words, i));
}

/** Words that are no flags, up to what only the command's own flags could tell: enough to find the command. */
function positionals(words: readonly string[]): string[] {
  return words.filter((_, i) => isPositional(words, i));
}

function isPositional(words: readonly string[], i: number): boolean {
  return words[i]?.startsWith('-') === false && !isGlobalValue(words, i);
}

function unknownCommand(word: string) {
  const names = COMMANDS.map((spec) => spec.name);
  return invalid(
    `unknown command ${word}`,
    `${nearest(word, names) ?? ''} See \`session-memory --help\`.`.trim(),
  );
}

/** `--help` and `--version` stand anywhere before a `--`; the latter not behind a command that has a flag of that name. */
function withoutHelp(argv: readonly string[]): { words: string[]; help: boolean; version: boolean } {
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  const rest = end < 0 ? [] : argv.slice(end);
  const isHelp = (word: string) => word === '--help' || word === '-h';
  const at = indexOfCommand(own);
  const hasOwn = commandNamed(own[at])?.flags.some(({ flag }) => flag.startsWith('--version ')) === true;
  const isVersion = (word: string, i: number) =>
    word === '-V' || (word === '--version' && !(hasOwn && i > at));
  return {
    words: [...own.filter((word, i) => !isHelp(word) && !isVersion(word, i)), ...rest],
    help: own.some(isHelp) || own[0] === 'help',
    version: own.some(isVersion),
  };
}

/** `search login -cookie`: a word behind a minus is an argument there, unless it spells a flag. */
function withMinusWords(
  { flags, takesMinusWords }: CommandSpec,
  words: readonly string[],
): readonly string[] {
  if (takesMinusWords !== true) return words;
  const end = words.indexOf('--');
  const own = end < 0 ? words : words.slice(0, end);
  const spelt = new Set([...flags, ...GLOBAL_FLAGS].map(({ flag }) => flag.split(' ')[0]));
  const takesValue = new Set(
    flags.filter(({ flag }) => flag.includes(' ')).map(({ flag }) => flag.split(' ')[0]),
  );
  const isWord = (word: string, i: number) =>
    /^-[\p{L}\p{N}]./u.test(word) &&
    !spelt.has(`-${word.split('=')[0]}`) &&
    !takesValue.has(own[i - 1]) &&
    !isGlobalValue(own, i);
  const minus = own.filter(isWord);
  if (minus.length === 0) return words;
  const others = own.filter((word, i) => !isWord(word, i));
  return [...others, '--', ...minus, ...(end < 0 ? [] : words.slice(end + 1))];
}

/** `--to $DIR --json` with an empty DIR: the next flag is no folder. */
function refuseMissing({ name, flags }: CommandSpec, words: readonly string[]): void {
  for (const [i, word] of words.entries()) {
    if (word === '--') return;
    const flag = flags.find(({ flag: spelt }) => spelt.includes(' ') && spelt.split(' ')[0] === word)?.flag;
    if (flag === undefined || isGlobalValue(words, i) || !isGlobalFlag(words[i + 1])) continue;
    throw new FailureError(
      invalid(`option ${withValue(flag)} argument missing`, `See \`session-memory ${name} --help\`.`),
    );
  }
}

/** `--json`, `--store`, `--store=a.db`. */
function isGlobalFlag(word: string | undefined): boolean {
  return word?.startsWith('-') === true && !isNoGlobalFlag(word.split('=')[0] ?? '');
}

/** As Commander writes it: `--to <DIR>`. */
function withValue(flag: string): string {
  return flag.replace(/ ([A-Z]+)$/, ' <$1>');
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
    program.addOption(new Option(withValue(flag), help));
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
  const early =
    command === undefined && words[0]?.startsWith('-') === true ? flagOfALaterCommand(words) : undefined;
  if (early !== undefined) return early;
  if (command === undefined && word !== undefined) return unknownCommand(word);
  const help = `See \`session-memory ${command === undefined ? '' : `${command.name} `}--help\`.`;
  const meant = /\(Did you mean (.*)\?\)/.exec(hint ?? '')?.[1];
  // Commander names a command there only where it knows of others.
  const said =
    command === undefined
      ? message
      : message.replace(/^too many arguments\./, `too many arguments for ${command.name}.`);
  return invalid(said.replaceAll("'", ''), meant === undefined ? help : `Did you mean ${meant}? ${help}`);
}

/** `--soft-cap 1GiB sweep`: a command's own flag stands after its command, and only with one. */
function flagOfALaterCommand(words: readonly string[]) {
  const first = words.map((word) => word.split('=')[0] ?? '').find(isNoGlobalFlag) ?? '';
  const owners = COMMANDS.filter(({ flags }) => flags.some(({ flag }) => flag.split(' ')[0] === first));
  const named = owners.find(({ name }) => words.includes(name));
  if (named !== undefined)
    return invalid(
      `${first} belongs to ${named.name} and stands before it`,
      `Write \`session-memory ${named.name} ${first} …\`; only global flags may come first.`,
    );
  const owner = owners.find(({ name }) => name === 'sweep') ?? owners[0];
  if (owner === undefined) return undefined;
  const setting = SETTING_OF_FLAG[first];
  const instead =
    setting === undefined
      ? ''
      : ` For the screens and for every call, set ${setting} in the configuration (\`session-memory config init\`).`;
  return invalid(
    `${first} belongs to a command, and none is named`,
    `Write \`session-memory ${owner.name} ${first} …\`.${instead}`,
  );
}

/** Flags that stand for a setting, which holds without a command too. */
const SETTING_OF_FLAG: Readonly<Record<string, SettingKey>> = Object.fromEntries(
  SETTINGS.flatMap(({ key, flag }) => (flag === null || key === 'store' ? [] : [[`--${flag}`, key]])),
);

function isNoGlobalFlag(word: string): boolean {
  return word.startsWith('-') && !GLOBAL_NAMES.has(word);
}

/** Whether the word is the value of a global flag before it. */
function isGlobalValue(words: readonly string[], i: number): boolean {
  return GLOBAL_NAMES.get(words[i - 1] ?? '') === true;
}
