/** What runs when nobody looks, and what sets it up: rows of the table of commands. */
import type { LoadableCommand } from './context.ts';

export const UNATTENDED: readonly LoadableCommand[] = [
  {
    name: 'hook',
    summary: 'stores the transcript that an agent names: what `install` has agents call',
    args: ['AGENT'],
    flags: [],
    examples: ['echo \'{"transcript_path":"…"}\' | session-memory hook claude-code'],
    exits: [],
    about:
      'Reads the event as JSON on stdin, is done within a second, prints nothing and exits 0 whatever happens; `session-memory doctor` says whether it works.',
    isHurried: true,
    load: async () => (await import('./commands/hook.ts')).hook,
  },
];
