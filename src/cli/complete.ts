/**
 * What may stand at a place of the command line, from the tables that parse it.
 * Promises: pure; what only the store or the agents know is asked through `Known`, and only where it is wanted.
 */
import { SESSION_STATES } from '../domain/session.ts';
import { type CommandSpec, type Flag, GLOBAL_FLAGS } from './spec.ts';

export interface CompletedWord {
  readonly word: string;
  /** What it is, for a menu; may be empty. */
  readonly about: string;
}

/** `files`, `folders`: the shell knows them better. */
export type Completion =
  | { readonly kind: 'words'; readonly candidates: readonly CompletedWord[] }
  | { readonly kind: 'files' | 'folders' };

/** `prefix`: what is typed of it. */
export interface Known {
  readonly commands: readonly CommandSpec[];
  sessions(prefix: string): readonly CompletedWord[];
  projects(): Promise<readonly CompletedWord[]> | readonly CompletedWord[];
  sweeps(): readonly CompletedWord[];
  agents(): Promise<readonly CompletedWord[]>;
  sorts(): Promise<readonly CompletedWord[]>;
}

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** `words`: what follows the program's name; the last is the one being typed, maybe empty. */
export async function complete(words: readonly string[], known: Known): Promise<Completion> {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const spec = commandOf(before, known);
  const flags = [...(spec?.flags ?? []), ...GLOBAL_FLAGS];
  if (before.includes('--')) return argument(spec, before, typed, known);
  const [name, value] = typed.startsWith('--') && typed.includes('=') ? cut(typed) : [null, ''];
  if (name !== null) {
    const found = await answerOf(flags, name, value, known);
    if (found === null || found.kind !== 'words') return found ?? none();
    const whole = found.candidates.map(({ word, about }) => ({ word: `${name}=${word}`, about }));
    return { kind: 'words', candidates: whole };
  }
  if (typed.startsWith('-')) {
    const candidates = flags.map(({ flag, help }) => ({ word: flag.split(' ')[0] ?? flag, about: help }));
    return { kind: 'words', candidates: starting(candidates, typed) };
  }
  const last = before.at(-1) ?? '';
  return (await answerOf(flags, last, typed, known)) ?? argument(spec, before, typed, known);
}

/** The answer of a flag that takes a value; null where it takes none. */
async function answerOf(
  flags: readonly Flag[],
  name: string,
  typed: string,
  known: Known,
): Promise<Completion | null> {
  const flag = flags.find((one) => one.flag.startsWith(`${name} `));
  const kind = flag?.flag.split(' ')[1];
  if (flag === undefined || kind === undefined) return null;
  return name === '--project'
    ? { kind: 'words', candidates: starting(await known.projects(), typed) }
    : candidatesOf(kind, typed, known);
}

async function argument(
  spec: CommandSpec | undefined,
  before: readonly string[],
  typed: string,
  known: Known,
): Promise<Completion> {
  if (spec === undefined) {
    const commands = known.commands.map(({ name, summary }) => ({ word: name, about: summary }));
    return { kind: 'words', candidates: starting(commands, typed) };
  }
  const given = positionals(before, spec).length - 1;
  const last = spec.args.at(-1);
  const arg = spec.args[given] ?? (last?.endsWith('...]') || last?.endsWith('...') ? last : undefined);
  return arg === undefined ? none() : candidatesOf(arg.replace(/[[\].]/g, ''), typed, known);
}

/** By the name that the tables give a value. */
async function candidatesOf(kind: string, typed: string, known: Known): Promise<Completion> {
  if (kind === 'PATH' || kind === 'FILE') return { kind: 'files' };
  if (kind === 'DIR') return { kind: 'folders' };
  return { kind: 'words', candidates: starting(await wordsOf(kind, typed, known), typed) };
}

async function wordsOf(kind: string, typed: string, known: Known): Promise<readonly CompletedWord[]> {
  switch (kind) {
    case 'UID':
      return known.sessions(typed);
    case 'SWEEP':
      return known.sweeps();
    case 'AGENT':
      return known.agents();
    case 'ORDER':
      return known.sorts();
    case 'STATE':
      return plain(SESSION_STATES);
    case 'WHEN':
      return plain(['auto', 'always', 'never']);
    case 'SHELL':
      return plain(SHELLS);
    case 'VERSION':
      return plain(['fullest', 'present']);
    case 'COMMAND':
      return known.commands.map(({ name, summary }) => ({ word: name, about: summary }));
    case 'ACTION':
      return plain(['path', 'init']);
    default:
      return [];
  }
}

function commandOf(before: readonly string[], { commands }: Known): CommandSpec | undefined {
  const [word] = positionals(before, undefined);
  return commands.find((spec) => spec.name === word);
}

/** Words that are neither flags nor the values of flags. */
function positionals(words: readonly string[], spec: CommandSpec | undefined): string[] {
  const flags = [...(spec?.flags ?? []), ...GLOBAL_FLAGS];
  const end = words.indexOf('--');
  return words.filter((word, i) => {
    if (end >= 0 && i >= end) return i > end;
    const isValue = flags.some(({ flag }) => flag.includes(' ') && flag.split(' ')[0] === words[i - 1]);
    return !word.startsWith('-') && !isValue;
  });
}

function starting(candidates: readonly CompletedWord[], typed: string): CompletedWord[] {
  return candidates.filter(({ word }) => word.startsWith(typed));
}

function plain(words: readonly string[]): CompletedWord[] {
  return words.map((word) => ({ word, about: '' }));
}

function none(): Completion {
  return { kind: 'words', candidates: [] };
}

/** `--name=value` into its two. */
function cut(word: string): [string, string] {
  const at = word.indexOf('=');
  return [word.slice(0, at), word.slice(at + 1)];
}
