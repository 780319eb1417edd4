/**
 * The calls that are mostly typed and scripted (`status --json`, `--store a.db list`), understood without the library that
 * parses arguments, whose loading is a fifth of all that `status` does. Pure.
 * Promises: what it understands it understands as `parseArgs` does; all else, mistakes too, is left to that one.
 */
import type { LoadableCommand } from './context.ts';
import type { Parsed } from './parse.ts';
import { GLOBAL_NAMES } from './spec.ts';
import { commandNamed } from './table.ts';

/** The word that names the command, right or wrong; null: there is none. */
export function commandWord(argv: readonly string[]): string | null {
  for (let i = 0; i < argv.length; i += 1) {
    const word = argv[i] ?? '';
    if (!word.startsWith('-')) return word;
    if (GLOBAL_NAMES.get(word) === true) i += 1;
  }
  return null;
}

/** A command without arguments and without flags of its own, or none, with global flags around it; null: it is anything else. */
export function plainCall(argv: readonly string[]): Parsed | null {
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V'))
    return { command: null, args: [], flags: {}, wantsHelp: false, wantsVersion: true };
  let command: LoadableCommand | null = null;
  const args: string[] = [];
  const flags: Record<string, string | true> = {};
  for (let i = 0; i < argv.length; i += 1) {
    const word = argv[i] ?? '';
    if (!word.startsWith('-')) {
      if (command?.isHurried === true && args.length === 0) {
        args.push(word);
        continue;
      }
      const named: LoadableCommand | undefined = command === null ? commandNamed(word) : undefined;
      // One that needs arguments, or whose flags say what is on where nothing is said.
      const isPlain = named?.isHurried === true || named?.args.every((arg) => arg.startsWith('[')) === true;
      if (named === undefined || !isPlain || named.flags.some(({ flag }) => flag.startsWith('--no-')))
        return null;
      command = named;
      continue;
    }
    if (word === '--help' || word === '--version') return null;
    const takesValue = GLOBAL_NAMES.get(word);
    if (takesValue === undefined) return null;
    const value = takesValue ? argv[i + 1] : true;
    if (value === undefined || value === '' || (value !== true && value.startsWith('-'))) return null;
    flags[word.slice(2)] = value;
    if (takesValue) i += 1;
  }
  if (command?.isHurried === true && args.length === 0) return null;
  return { command, args, flags, wantsHelp: false, wantsVersion: false };
}
