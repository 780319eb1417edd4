/**
 * How this program is called by others, in the forms that settings files want it, and how such a call is known again. Pure.
 */
import { HOOKED } from './hooked.ts';

export interface Program {
  /** The executable and what must always follow it. */
  readonly argv: readonly string[];
  readonly platform: 'linux' | 'darwin' | 'win32';
}

export function hookArgv({ argv }: Program, id: string): string[] {
  return [...argv, 'hook', id];
}

/** One text for `sh -c`, or `cmd /c` on Windows. */
export function shellText({ platform }: Program, argv: readonly string[]): string {
  return argv.map(platform === 'win32' ? forCmd : forSh).join(' ');
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
  const call = hookCall(name === null ? NAMES : `${NAMES}|${name.replace(/[^\w-]/g, '\\$&')}`);
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    const fields = new Map<string, unknown>(Object.entries(value));
    const command = fields.get('command') ?? fields.get('bash');
    const args = fields.get('args') ?? [];
    if (typeof command !== 'string' || !Array.isArray(args)) return false;
    return call.test([command, ...args.map(String)].join(' '));
  };
}

export const isOwnEntry = ownEntries(null);

/** What the file of the executable is called; null: it is run from its source. */
export function nameOf({ argv }: Pick<Program, 'argv'>): string | null {
  const [first = '', second = ''] = argv;
  return second.endsWith('.ts') ? null : (first.split(/[\\/]/).at(-1) ?? null);
}
