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
/** The executable under any of its names, or its source, with global flags and `hook AGENT` behind it and nothing else. */
const HOOK_CALL = new RegExp(
  `(?:^|[\\s\\\\/'"])(?:session-memory(?:[.-][\\w.-]+)?|main\\.ts)['"]?(?:\\s+--(?:store|config)\\s+${VALUE})*\\s+'?hook'?\\s+'?(?:${IDS})'?\\s*$`,
);

/** Whether an entry of a hooks file calls this program, wherever it lay when that was written. */
export function isOwnEntry(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  const command = fields.get('command') ?? fields.get('bash');
  const args = fields.get('args') ?? [];
  if (typeof command !== 'string' || !Array.isArray(args)) return false;
  return HOOK_CALL.test([command, ...args.map(String)].join(' '));
}
