/** What a person does to single sessions and whole stores, and no pass ever does: rows of the table of commands. */
import type { LoadableCommand } from './context.ts';

export const BY_HAND: readonly LoadableCommand[] = [
  {
    name: 'evict',
    summary: 'drop the raw bytes of sessions by hand, digests stay',
    args: ['UID...'],
    flags: [
      { flag: '--yes', help: 'consent to evict the analyzed ones' },
      { flag: '--data-loss', help: 'with --yes: un-analyzed ones too, which loses them' },
      { flag: '--dry-run', help: 'say what would go, change nothing' },
      { flag: '--no-reclaim', help: 'leave freed space in the store file for later reuse' },
    ],
    examples: ['session-memory evict 8c81', 'session-memory evict 8c81 06f6 --yes'],
    exits: [3, 6],
    about:
      'Whatever the caps say. A pinned session is refused. An un-analyzed one is lost: that takes a typed phrase, or --data-loss --yes.',
    load: async () => (await import('./commands/evict.ts')).evict,
  },
  {
    name: 'forget',
    summary: 'purge sessions for good: raw bytes, digest, title, paths',
    args: ['UID...'],
    flags: [
      { flag: '--yes', help: 'consent' },
      { flag: '--dry-run', help: 'say what would be purged, change nothing' },
    ],
    examples: ['session-memory forget 8c81', 'session-memory forget 8c81 --yes'],
    exits: [6],
    about:
      "For a leaked secret. Only the id and the event stay, and what is found under that id is never stored again. The store's file is written anew, which takes as much room as it has, so that no page keeps a piece. The agent's own file is not touched: delete it yourself.",
    load: async () => (await import('./commands/forget.ts')).forget,
  },
  {
    name: 'export',
    summary: 'sessions with digests, pins and history into one file',
    args: ['UID-OR-FILE...'],
    flags: [
      { flag: '--all', help: 'every session, and the ids of forgotten ones' },
      { flag: '--force', help: 'replace a file that is there' },
    ],
    examples: [
      'session-memory export --all history.smx',
      'session-memory export 8c81 06f6 two.smx',
      'session-memory export --all - | ssh other session-memory import --trust -',
    ],
    exits: [],
    about:
      'The last word is FILE, or - for stdout; before it ids, or --all. The file is plain zstd: `zstd -dc FILE` shows what it holds.',
    load: async () => (await import('./commands/export.ts')).exportCommand,
  },
  {
    name: 'import',
    summary: 'sessions of an export into this store; --trust merges your own',
    args: ['FILE'],
    flags: [
      { flag: '--trust', help: 'the archive is your own: merge it into what is here' },
      { flag: '--dry-run', help: 'say what would be added, change nothing' },
      { flag: '--hard-cap SIZE', help: 'leave out what would bring usage above it' },
      { flag: '--soft-cap SIZE', help: 'where the hard cap is below the one in force' },
    ],
    examples: [
      'session-memory import history.smx --dry-run',
      'session-memory import history.smx',
      'session-memory import --trust my-laptop.smx',
    ],
    exits: [4],
    about:
      "FILE may be -, or a pipe. An archive is taken for a stranger's: sessions that are not here come in, marked with its name and analyzed here, and nothing that is here changes; what it has of those is listed as a conflict. With --trust it is merged: of a session that both have every byte, digest and event is kept, the transcript here gives way only to one that goes on from it, and what differs is kept twice and listed. A damaged or cut file gives every whole session, the others are named and it exits 1.",
    load: async () => (await import('./commands/import.ts')).importCommand,
  },
  {
    name: 'curate',
    summary: 'what fills the digests; shrink or drop those of evicted sessions',
    args: ['[UID...]'],
    flags: [
      { flag: '--shrink', help: 'make the digests of UIDs shorter' },
      { flag: '--to SIZE', help: 'with --shrink: towards so much each (default: half)' },
      { flag: '--drop', help: 'take the digests of UIDs out, for good' },
      { flag: '--yes', help: 'consent' },
      { flag: '--dry-run', help: 'say what would change, change nothing' },
      { flag: '--limit N', help: 'without UID: at most so many of each kind (default 10)' },
    ],
    examples: [
      'session-memory curate',
      'session-memory curate --shrink 8c81 --to 4KiB',
      'session-memory curate --drop 8c81',
    ],
    exits: [3, 6],
    about:
      'Digests are never dropped by themselves, not even over their cap. Only those of evicted sessions that are not pinned can be shrunk or dropped, one by one as you name them; a dropped one stays in `list`, and that is a loss: exit 3. A shrunk one keeps the beginning of each prompt, whatever size was wanted.',
    load: async () => (await import('./commands/curate.ts')).curate,
  },
];
