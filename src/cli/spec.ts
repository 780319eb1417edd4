/**
 * What a command is in the tables, and what all commands share.
 * Never: names a command. Commands may import it; `table.ts`, which loads them, they may not.
 */
export interface Flag {
  /** As it is written, with its value's name: `--soft-cap SIZE`. */
  readonly flag: string;
  readonly help: string;
}

export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  /** Positional arguments: `UID`, `[UID]`, `[PATH...]`. */
  readonly args: readonly string[];
  readonly flags: readonly Flag[];
  readonly examples: readonly string[];
  /** Beyond 0, 1, 2 and 130, which every command may have. */
  readonly exits: readonly (3 | 4 | 5 | 6)[];
  /** What it is about, a few sentences under the usage. */
  readonly about?: string;
  /**
   * It leaves nothing half done, so a signal may end it at once. It must: it reads the store in one go, and no handler
   * of ours would run before it is through.
   */
  readonly onlyReads?: true;
  /**
   * Agents call it and wait for it: it is parsed without the library, and whatever is amiss it says nothing and exits 0, since they
   * would misread both.
   */
  readonly isHurried?: true;
  /** `-word` is an argument of it, as long as it spells no flag. */
  readonly takesMinusWords?: true;
  /** Called by other programs; not listed. */
  readonly isHidden?: true;
}

export const GLOBAL_FLAGS: readonly Flag[] = [
  { flag: '--store PATH', help: 'the store file (SESSION_MEMORY_STORE)' },
  { flag: '--config PATH', help: 'the configuration file (SESSION_MEMORY_CONFIG)' },
  { flag: '--json', help: 'one JSON object on stdout' },
  { flag: '--color WHEN', help: 'auto, always or never (NO_COLOR)' },
  { flag: '--help', help: 'this text' },
  { flag: '--version', help: 'the version' },
];

/** Their names, and whether a value follows. */
export const GLOBAL_NAMES: ReadonlyMap<string, boolean> = new Map(
  GLOBAL_FLAGS.map(({ flag }) => [flag.split(' ')[0] ?? '', flag.includes(' ')]),
);

export const EXIT_MEANINGS: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'failed',
  2: 'wrong usage, or consent is needed; nothing was changed',
  3: 'data was lost, as agreed',
  4: 'still over the hard cap',
  5: 'the plan is stale; nothing was changed',
  6: 'another sweep is running; nothing was changed',
  130: 'interrupted',
};
