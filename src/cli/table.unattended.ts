/** What runs when nobody looks, and what sets it up: rows of the table of commands. */
import type { LoadableCommand } from './context.ts';
import type { Flag } from './spec.ts';

const PLACES: readonly Flag[] = [
  { flag: '--yes', help: 'consent to the changes that are shown' },
  { flag: '--dry-run', help: 'show the changes, make none' },
  { flag: '--agent AGENT', help: 'only the hooks of this agent' },
  { flag: '--no-hooks', help: 'leave the agents alone' },
  { flag: '--no-schedule', help: 'leave the scheduler alone' },
  { flag: '--prefix DIR', help: 'write all files below this folder, and call no scheduler' },
];

export const UNATTENDED: readonly LoadableCommand[] = [
  {
    name: 'doctor',
    summary: 'whether what should run by itself does, and what needs you',
    args: [],
    flags: [],
    examples: [
      'session-memory doctor',
      'session-memory doctor --json | jq \'.checks[] | select(.state != "ok")\'',
    ],
    exits: [],
    about:
      'A line a check: ok, warning, or wrong, with the way out. Exits 1 where something is wrong. Changes nothing.',
    onlyReads: true,
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    name: 'install',
    summary: 'have agents call it when a session begins and ends, and a schedule every hour',
    args: [],
    flags: [
      ...PLACES,
      { flag: '--mcp', help: 'register `session-memory mcp` with them too, so that they can look things up' },
    ],
    examples: [
      'session-memory install',
      'session-memory install --mcp',
      'session-memory install --dry-run',
      'session-memory install --yes --agent codex',
    ],
    exits: [],
    about:
      'Puts one entry into the hooks of each agent that is here, and `maintain --yes --no-data-loss --quiet` into the scheduler of this machine (a systemd user timer, launchd, cron, the Task Scheduler). Shows each change and asks. Entries of others, comments and line ends stay; a second time changes nothing; with --mcp each agent that takes servers of the Model Context Protocol gets `session-memory mcp` among them; an entry of an executable that was moved is brought up to date.',
    load: async () => (await import('./commands/install.ts')).install,
  },
  {
    name: 'uninstall',
    summary: 'take out what install put in, and nothing else',
    args: [],
    flags: [
      ...PLACES,
      { flag: '--all', help: 'the configuration and all else of ours too; the store only by a typed phrase' },
    ],
    examples: [
      'session-memory uninstall',
      'session-memory uninstall --dry-run',
      'session-memory uninstall --all --dry-run',
    ],
    exits: [6],
    about:
      'The store, its digests and the configuration stay. A file that nobody changed since is what it was, to the byte. With --all the configuration, completions, the manual page, copies left by upgrades and what killed runs have left go too, and every file that stays is listed, this program with the command that takes it away. The store goes only where its phrase is typed in a terminal; --yes does not stand for it.',
    load: async () => (await import('./commands/uninstall.ts')).uninstall,
  },
  {
    name: 'hook',
    summary: 'stores the transcript that an agent names: what `install` has agents call',
    args: ['AGENT'],
    flags: [],
    examples: ['session-memory hook claude-code'],
    exits: [],
    about:
      'Reads the event as JSON on stdin, is done within a second, exits 0 whatever happens and prints nothing, save one line for you at the start of a session of Claude Code or Gemini CLI where something is at risk; `session-memory doctor` says whether it works.',
    isHurried: true,
    load: async () => (await import('./commands/hook.ts')).hook,
  },
];
