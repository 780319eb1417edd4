/**
 * How this program is called by others, in the forms that settings files want it, and how such a call is known again. Pure.
 */
import { HOOKED } from './hooked.ts';

export interface Program {
  /** The executable and what must always follow it. */
  readonly argv: readonly string[];
  readonly platform: 'linux' | 'darwin' | 'win32';
  /** Variables that it is called with, where the agent may have been started without them. None on Windows. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Sets variables for the program that stands behind them, for agents that start a hook without a shell too. */
const ENV = '/usr/bin/env';

export function hookArgv(program: Program, id: string): string[] {
  return callArgv(program, 'hook', id);
}

export function callArgv({ argv, env = {} }: Program, ...words: string[]): string[] {
  const set = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return [...(set.length === 0 ? [] : [ENV, ...set]), ...argv, ...words];
}

/** The variables of a call that `hookArgv` made. */
export function envOf(words: readonly string[]): Record<string, string> {
  const end = words.findIndex((word, i) => i > 0 && !/^\w+=/.test(word));
  if (words[0] !== ENV || end < 0) return {};
  return Object.fromEntries(
    words.slice(1, end).map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]),
  );
}

/** The executable of such a call, behind its variables. */
export function executableOf(words: readonly string[]): string | null {
  const first = words[0] === ENV ? words.findIndex((word, i) => i > 0 && !/^\w+=/.test(word)) : 0;
  return words[first] ?? null;
}

/** One text for `sh -c`, or `cmd /c` on Windows. */
export function shellText({ platform }: Program, argv: readonly string[]): string {
  return argv.map(platform === 'win32' ? forCmd : forSh).join(' ');
}

/** The words of a text that `shellText` made for `sh`. */
export function wordsOf(text: string): string[] {
  return (text.match(/(?:'[^']*'|\\.|[^\s'\\])+/g) ?? []).map((word) =>
    word.replace(/'([^']*)'|\\(.)/g, (_, quoted?: string, one?: string) => quoted ?? one ?? ''),
  );
}

/** For PowerShell. */
export function powershellText(argv: readonly string[]): string {
  return `& ${argv.map((word) => `'${word.replaceAll("'", "''")}'`).join(' ')}`;
}

function forSh(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function forCmd(word: string): string {
  return /^[\w@+=:,.\\/-]+$/.test(word) ? word : `"${word}"`;
}

const IDS = HOOKED.map(({ id }) => id).join('|');
const VALUE = `(?:'[^']*'|"[^"]*"|\\S+)`;
const NAMES = 'session-memory(?:[.-][\\w.-]+)?|main\\.ts';

/** The executable of one of these names, or its source, with global flags and `hook AGENT` behind it and nothing else. */
const hookCall = (names: string) =>
  new RegExp(
    `(?:^|[\\s\\\\/'"])(?:${names})['"]?(?:\\s+--(?:store|config)\\s+${VALUE})*\\s+'?hook'?\\s+'?(?:${IDS})'?\\s*$`,
  );

export type IsOwn = (value: unknown) => boolean;

/**
 * Tells whether an entry of a hooks file calls this program, wherever it lay when that was written. `name`: what its file is called
 * here, where that is another name than its own.
 */
export function ownEntries(name: string | null): IsOwn {
  const names = name === null ? NAMES : `${NAMES}|${name.replace(/[^\w-]/g, '\\$&')}`;
  const call = hookCall(names);
  const called = new RegExp(`(?:^|[\\\\/])(?:${names})$`);
  return (value) => {
    const parts = partsOf(value);
    if (parts === null) return false;
    return (
      isHookCall(entryWords(value) ?? [], called) ||
      call.test([parts.command, ...(parts.args ?? [])].join(' '))
    );
  };
}

/** The same of words that are told apart: a path may hold blanks and quotes. */
function isHookCall(words: readonly string[], called: RegExp): boolean {
  let end = words.length - 2;
  if (words[end] !== 'hook' || !HOOKED.some(({ id }) => id === words[end + 1])) return false;
  while (words[end - 2] === '--store' || words[end - 2] === '--config') end -= 2;
  return called.test(words[end - 1] ?? '');
}

export const isOwnEntry = ownEntries(null);

/** The words that an entry calls; null: it calls nothing. */
export function entryWords(value: unknown): string[] | null {
  const parts = partsOf(value);
  if (parts === null) return null;
  return parts.args === null ? wordsOf(parts.command) : [parts.command, ...parts.args];
}

function partsOf(value: unknown): { readonly command: string; readonly args: string[] | null } | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const fields = new Map<string, unknown>(Object.entries(value));
  const command = fields.get('command') ?? fields.get('bash');
  const args = fields.get('args') ?? null;
  if (typeof command !== 'string' || !(args === null || Array.isArray(args))) return null;
  return { command, args: args === null ? null : args.map(String) };
}

/** What the file of the executable is called; null: it is run from its source. */
export function nameOf({ argv }: Pick<Program, 'argv'>): string | null {
  const [first = '', second = ''] = argv;
  return second.endsWith('.ts') ? null : (first.split(/[\\/]/).at(-1) ?? null);
}
