/**
 * Every command and flag, as data: the parser, `--help`, the manual page, completions and the exit codes are made from it.
 */
import type { LoadableCommand } from './context.ts';
import type { Flag } from './spec.ts';
import { BY_HAND } from './table.by-hand.ts';
import { FINDING } from './table.finding.ts';
import { REMOTE } from './table.remote.ts';
import { UNATTENDED } from './table.unattended.ts';

const CAPS: readonly Flag[] = [
  { flag: '--soft-cap SIZE', help: 'the budget pass goes down to it' },
  { flag: '--hard-cap SIZE', help: 'the overflow pass goes down to it' },
  { flag: '--max-age-days DAYS', help: 'the backstop evicts analyzed sessions older than this; off' },
  { flag: '--distilled-cap SIZE', help: 'digests above it are reported, never dropped' },
];
const SWEEP: readonly Flag[] = [
  { flag: '--yes', help: 'consent to every pass, data loss included' },
  { flag: '--no-data-loss', help: 'never evict an un-analyzed session, not even with --yes' },
  { flag: '--no-analyze', help: 'leave out the analysis and the second budget pass of the overflow' },
  { flag: '--no-reclaim', help: 'leave freed space in the store file for later reuse' },
  ...CAPS,
  {
    flag: '--analyzer CMD',
    help: 'add a summary by this program, run by sh -c with the transcript on stdin',
  },
];

const ALL: readonly LoadableCommand[] = [
  {
    name: 'status',
    summary: 'usage against the caps, counts, what the next sweep would do, what is at risk',
    args: [],
    flags: CAPS,
    examples: ['session-memory status', 'session-memory status --json | jq .tier1.used_bytes'],
    exits: [],
    onlyReads: true,
    load: async () => (await import('./commands/status.ts')).status,
  },
  {
    name: 'agents',
    summary: 'the agents found on this machine, what they have, what is not stored yet',
    args: [],
    flags: [{ flag: '--verbose', help: 'also name the types of records that no digest understood' }],
    examples: ['session-memory agents', 'session-memory agents --verbose'],
    exits: [],
    load: async () => (await import('./commands/agents.ts')).agents,
  },
  {
    name: 'ingest',
    summary: 'copy new bytes of transcripts into the store and digest them',
    args: ['[PATH...]'],
    flags: [
      { flag: '--agent AGENT', help: 'only this agent; for a PATH: whose it is' },
      { flag: '--since TIME', help: 'only sessions that ended at or after it' },
      { flag: '--project TEXT', help: 'only sessions whose project holds this text' },
      { flag: '--dry-run', help: 'say what would be stored, store nothing' },
      { flag: '--full', help: 'hold every file against what is stored, byte by byte' },
      {
        flag: '--again',
        help: 'take back what was evicted or lost: each PATH is a file, or the id of a session',
      },
      { flag: '--no-analyze', help: 'make no digests now' },
      { flag: '--hard-cap SIZE', help: 'stop before usage would pass it' },
      {
        flag: '--analyzer CMD',
        help: 'add a summary by this program, run by sh -c with the transcript on stdin',
      },
    ],
    examples: [
      'session-memory ingest',
      'session-memory ingest ~/backup/.claude --since 30d',
      'session-memory ingest --agent codex --dry-run',
      'session-memory ingest --again 8c81',
    ],
    exits: [4],
    about:
      'Without PATH, every agent found on this machine. Adds and never evicts; stops before usage would pass the hard cap (exit 4), or the disk is full (exit 1).',
    load: async () => (await import('./commands/ingest.ts')).ingestCommand,
  },
  {
    name: 'analyze',
    summary: 'make the digests that are missing',
    args: ['[UID...]'],
    flags: [
      {
        flag: '--all',
        help: 'also make anew what an older version or another analyzer made, where the raw bytes are still there, and take secrets that were let through out of all that is kept',
      },
      {
        flag: '--analyzer CMD',
        help: 'add a summary by this program, run by sh -c with the transcript on stdin',
      },
    ],
    examples: [
      'session-memory analyze',
      'session-memory analyze claude-code:8c81',
      'session-memory analyze --all',
    ],
    exits: [],
    about:
      'Without UID, all sessions that wait. A failure leaves the session un-analyzed and is a warning; a digest is never replaced by one that holds less.',
    load: async () => (await import('./commands/analyze.ts')).analyze,
  },
  {
    name: 'sweep',
    summary: 'evict what the caps and the age limit do not allow, digests stay',
    args: [],
    flags: [
      ...SWEEP,
      { flag: '--dry-run', help: 'print the plan, change nothing' },
      { flag: '--plan ID', help: 'apply exactly this plan, or exit 5' },
    ],
    examples: [
      'session-memory sweep',
      'session-memory sweep --dry-run',
      'session-memory sweep --yes --no-data-loss',
      'session-memory sweep --yes --plan 4f1c09ab23de5678',
    ],
    exits: [3, 4, 5, 6],
    about:
      'Three passes: backstop (older than the age limit), budget (down to the soft cap, oldest analyzed first), overflow (only while over the hard cap: analyze, budget again, and as the last resort lose un-analyzed sessions). In a terminal it walks through them and asks before each; a loss takes a typed phrase. With --yes, or without a terminal, it asks nobody.',
    load: async () => (await import('./commands/sweep.ts')).sweepCommand,
  },
  {
    name: 'maintain',
    summary: 'ingest, analyze and sweep in one: for cron and hooks',
    args: [],
    flags: [
      ...SWEEP,
      { flag: '--dry-run', help: 'say what would be stored and evicted, change nothing' },
      { flag: '--quiet', help: 'print only what needs a person' },
      { flag: '--wait', help: 'wait for another sweep instead of exit 6' },
    ],
    examples: [
      'session-memory maintain --yes --no-data-loss',
      'session-memory maintain --yes --no-data-loss --quiet --wait',
      'session-memory maintain --dry-run',
    ],
    exits: [3, 4, 6],
    about:
      'Ingests, analyzes what waits and what failed before, and sweeps, in turn while either makes progress. A first sweep that would take more than half of all raw bytes is announced, and done by the next run. `session-memory install` has it run every hour.',
    load: async () => (await import('./commands/maintain.ts')).maintain,
  },
  {
    name: 'list',
    summary: 'all sessions, evicted ones too',
    args: [],
    flags: [
      { flag: '--agent AGENT', help: 'only this agent' },
      { flag: '--project TEXT', help: 'only projects that hold this text' },
      { flag: '--state STATE', help: 'analyzed, unanalyzed or evicted' },
      { flag: '--since TIME', help: 'only sessions that ended at or after it' },
      { flag: '--sort ORDER', help: 'ended, started, ingested, analyzed, size, stored, project, eviction' },
      { flag: '--limit N', help: 'at most so many' },
    ],
    examples: ['session-memory list --limit 20', 'session-memory list --state evicted --project website'],
    exits: [],
    onlyReads: true,
    load: async () => (await import('./commands/list.ts')).list,
  },
  {
    name: 'show',
    summary: "a session's digest; its raw bytes, files, or what its agent removed",
    args: ['UID'],
    flags: [
      { flag: '--raw', help: "the main transcript's bytes" },
      { flag: '--files', help: 'its files' },
      { flag: '--removed', help: 'what the agent took out of its transcript' },
      { flag: '--versions', help: 'what its files were before their agent wrote them anew' },
      { flag: '--version N', help: 'with --raw: the main transcript as it was' },
      { flag: '--file KEY', help: 'with --raw: another file of it, by the `key` that --files --json has' },
      { flag: '--markdown', help: 'the digest as Markdown: to keep, or to hand to an agent' },
      { flag: '--tokens N', help: 'with --markdown: what matters to go on, within so many tokens' },
    ],
    examples: [
      'session-memory show 8c81',
      'session-memory show 8c81 --markdown > fix.md',
      'session-memory show 8c81 --markdown --tokens 2000',
      'session-memory show 8c81 --raw | jq -c .type',
      'session-memory show 8c81 --raw --version 1 > before.jsonl',
    ],
    exits: [],
    about:
      'A unique prefix of the id will do, here and everywhere. On a terminal the digest goes through $PAGER, else less; PAGER=cat prints it.',
    onlyReads: true,
    load: async () => (await import('./commands/show.ts')).show,
  },
  {
    name: 'search',
    summary: 'find a session by its prompts, files, commands, errors; evicted ones too',
    args: ['[WORDS...]'],
    flags: [
      { flag: '--agent AGENT', help: 'only this agent' },
      { flag: '--project TEXT', help: 'only projects that hold this text' },
      { flag: '--since TIME', help: 'only sessions that ended at or after it' },
      { flag: '--until TIME', help: 'only sessions that ended before it' },
      { flag: '--file PATH', help: 'only sessions that read or wrote a file with this in its path' },
      { flag: '--command TEXT', help: 'only sessions that ran a command with these words' },
      { flag: '--limit N', help: 'at most so many (default 20)' },
    ],
    examples: [
      'session-memory search login redirect',
      'session-memory search \'"connection reset"\' --since 30d',
      'session-memory search src/auth/token.ts',
      'session-memory search migrat* -test file:schema.sql OR file:tables.sql',
      'session-memory search flaky test project:web since:30d',
    ],
    exits: [],
    about:
      'Sessions with all the words come first, then those with the rarest and most of them. Other endings of English words, parts of names (parseArgs) and typing errors count. Words "side by side" must be there, as must file:PATH and command:TEXT; -word must not; one OR other; begun*; agent:, project:, since: and until: stand for the flags. A path or a name alone, such as src/foo-bar.ts, is found as it stands. Says where each hit was found, which words it lacks, and whether the raw bytes are still there. Nothing found exits 0.',
    takesMinusWords: true,
    onlyReads: true,
    load: async () => (await import('./commands/search.ts')).searchCommand,
  },
  ...FINDING,
  {
    name: 'restore',
    summary: "put a session's files back where its agent looks for them",
    args: ['[UID...]'],
    flags: [
      { flag: '--all', help: 'every session whose raw bytes are stored' },
      { flag: '--to DIR', help: 'below this folder instead' },
      { flag: '--project DIR', help: "for this project's folder: a moved one, or on another machine" },
      { flag: '--force', help: 'replace a file that differs; what was there is stored first, or put beside' },
      {
        flag: '--version VERSION',
        help: 'the transcript as it was: a number of `show UID --versions`; all files: fullest or present',
      },
      {
        flag: '--resume',
        help: "then go on with it: starts the agent's own command in the project's folder",
      },
      { flag: '--dry-run', help: 'only name the files that would be written' },
    ],
    examples: [
      'session-memory restore 8c81',
      'session-memory restore 8c81 --resume',
      'session-memory restore 8c81 --to /tmp/look',
      'session-memory restore 8c81 --project ~/src/moved',
      'session-memory restore 8c81 --version 2',
      'session-memory restore --all --to /mnt/copy',
    ],
    exits: [],
    about:
      "Byte for byte, with a fresh time so that the agent does not delete them at once. Never over a different file without --force; one that has all that is stored, and more, is left as it is. Where the present version has lost most of what an earlier one held, --version says which is meant. Of several sessions one that cannot be restored is named, and keeps no other one. Every file is named before it is written. Files go to the places that their agent keeps sessions at, and nowhere else: one that belongs to none is named, and the exit code is 1. With --project it goes where its agent looks for sessions of that folder, and the command to go on is for it; not all agents can. With --resume the exit code is the agent's own, where that is not 0.",
    load: async () => (await import('./commands/restore.ts')).restore,
  },
  {
    name: 'pin',
    summary: 'protect a session from every pass',
    args: ['UID'],
    flags: [],
    examples: ['session-memory pin 8c81'],
    exits: [],
    load: async () => (await import('./commands/pin.ts')).pin,
  },
  {
    name: 'unpin',
    summary: 'let a pinned session go again',
    args: ['UID'],
    flags: [],
    examples: ['session-memory unpin 8c81'],
    exits: [],
    load: async () => (await import('./commands/pin.ts')).unpin,
  },
  ...BY_HAND,
  ...REMOTE,
  ...UNATTENDED,
  {
    name: 'history',
    summary: 'sweeps, evictions, data losses',
    args: ['[SWEEP]'],
    flags: [
      { flag: '--limit N', help: 'at most so many of each (default 50)' },
      { flag: '--all', help: 'also runs and sweeps that found nothing to do' },
    ],
    examples: [
      'session-memory history',
      'session-memory history --json | jq \'.events[] | select(.kind == "data_loss")\'',
    ],
    exits: [],
    onlyReads: true,
    load: async () => (await import('./commands/history.ts')).history,
  },
  {
    name: 'verify',
    summary: 'read every stored byte back against its hash',
    args: [],
    flags: [
      { flag: '--repair', help: 'mend what can be mended' },
      { flag: '--yes', help: 'with --repair: consent to record as lost what cannot be had again' },
      { flag: '--dry-run', help: 'with --repair: only say what it would do' },
      { flag: '--remote', help: 'of the bucket instead: all that is in it' },
    ],
    examples: [
      'session-memory verify',
      'session-memory verify --repair --dry-run',
      'session-memory verify --remote',
    ],
    exits: [3, 6],
    about:
      "Exits 1 with the list where anything is wrong. Changes nothing without --repair, which takes damaged pieces again from the agent's own files where they still have those very bytes, makes indexes and counts anew, and a new store file where pages are damaged; the old one is kept beside it. What cannot be had again is recorded as lost: only with --yes, then exit 3. A note, which is no fault and changes no exit code, names a session in which an older version put another transcript with its id in the place of the first.",
    // A repair too: each of its steps is one transaction or one rename.
    onlyReads: true,
    load: async () => (await import('./commands/verify.ts')).verifyCommand,
  },
  {
    name: 'config',
    summary: 'the settings in force and where each comes from',
    args: ['[ACTION]'],
    flags: [],
    examples: ['session-memory config', 'session-memory config path', 'session-memory config init'],
    exits: [],
    about: 'ACTION: path prints where the file is; init writes one with the defaults, commented.',
    load: async () => (await import('./commands/config.ts')).configCommand,
  },
  {
    name: 'demo',
    summary: 'a throw-away store of sample sessions, swept before your eyes',
    args: [],
    flags: [{ flag: '--yes', help: 'consent to all, data loss included' }],
    examples: ['session-memory demo', 'session-memory demo --yes'],
    exits: [3],
    about:
      'Bundled genuine sessions, one of them unreadable, under tiny caps and a clock of their own. Nothing of yours is touched. In a terminal it walks through the passes.',
    load: async () => (await import('./commands/demo.ts')).demo,
  },
  {
    name: 'completions',
    summary: 'a script that completes commands, flags, session ids and projects in your shell',
    args: ['SHELL'],
    flags: [],
    examples: [
      'session-memory completions bash > ~/.local/share/bash-completion/completions/session-memory',
      'session-memory completions fish | source',
    ],
    exits: [],
    about:
      'SHELL: bash, zsh or fish. In a start-up file: source <(session-memory completions bash), the same with zsh after compinit, or for fish the line below.',
    onlyReads: true,
    load: async () => (await import('./commands/completions.ts')).completions,
  },
  {
    name: 'man',
    summary: 'the manual page, as a file for man',
    args: [],
    flags: [],
    examples: [
      'session-memory man | man -l -',
      'session-memory man > ~/.local/share/man/man1/session-memory.1',
    ],
    exits: [],
    onlyReads: true,
    load: async () => (await import('./commands/man.ts')).man,
  },
  {
    name: 'schema',
    summary: 'the JSON Schema of what a command prints with --json',
    args: ['[COMMAND]'],
    flags: [],
    examples: ['session-memory schema list', 'session-memory schema > schemas.json'],
    exits: [],
    about:
      'Without COMMAND all of them, by command; `error` is what any command prints where it fails. Keys that are there stay, new ones may come.',
    onlyReads: true,
    load: async () => (await import('./commands/schema.ts')).schema,
  },
  {
    name: 'complete',
    summary: 'what may stand at a place of the command line, for the scripts of completions',
    args: ['[WORDS...]'],
    flags: [],
    examples: ['session-memory complete -- show 8c'],
    exits: [],
    onlyReads: true,
    isHidden: true,
    load: async () => (await import('./commands/completions.ts')).completeCommand,
  },
  {
    name: 'visit',
    summary: 'looks at one mount that may never answer, for the command that is to be left free of it',
    args: ['ORDER'],
    flags: [],
    examples: ['session-memory visit ORDER'],
    exits: [],
    isHidden: true,
    load: async () => (await import('./commands/visit.ts')).visitCommand,
  },
];

/** Those that people call. */
export const COMMANDS: readonly LoadableCommand[] = ALL.filter(({ isHidden }) => isHidden !== true);

/** The command of this name, hidden ones too. */
export function commandNamed(name: string | undefined): LoadableCommand | undefined {
  return ALL.find((spec) => spec.name === name);
}
