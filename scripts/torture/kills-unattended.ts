/** Scenes of what runs by itself: a hook, the entries in files of others, the rows of runs. */
import { Database } from 'bun:sqlite';
import { existsSync } from 'node:fs';
import type { Box } from './box.ts';
import { idOf, pathOf, promptOf, type Scene } from './kills-records.ts';

import { noiseOf } from './random.ts';

const PATIENCE_MS = 20_000;

/** Settings as a person has them: a comment, another program's hook. */
const SETTINGS = `{
  // mine
  "hooks": { "SessionEnd": [{ "hooks": [{ "type": "command", "command": "notify-send done" }] }] }
}
`;

function settings(box: Box): void {
  box.put('.claude/settings.json', SETTINGS);
  box.put('.codex/hooks.json', '{}\n');
  box.put('.cursor/hooks.json', '{ "version": 1 }\n');
}

async function oneSession(box: Box): Promise<void> {
  box.put(pathOf(idOf(1)), promptOf(idOf(1), 'first'));
  await box.must(['ingest']);
}

/** The hook has left the digest to another process, whose last deed is to put the log away. */
async function untilDigested(box: Box): Promise<void> {
  const isOpen = () => existsSync(`${box.store}-wal`);
  const waiting = () => {
    using db = new Database(box.store);
    db.run('PRAGMA busy_timeout = 5000');
    return db.query('SELECT 1 FROM sessions WHERE analyzed_at IS NULL').get() !== null;
  };
  for (const began = performance.now(); waiting() || isOpen(); ) {
    if (performance.now() - began > PATIENCE_MS) throw new Error('the hook left a session without a digest');
    await Bun.sleep(20);
  }
}

export const UNATTENDED_SCENES: readonly Scene[] = [
  {
    name: 'hook',
    args: ['hook', 'claude-code'],
    codes: [0],
    points: ['store.statement', 'store.committed', 'ingest.grown', 'ingest.session-stored', 'hook.stored'],
    prepare: async (box) => {
      await oneSession(box);
      const path = box.put(pathOf(idOf(1)), promptOf(idOf(1), noiseOf(1, 60_000)), 'a');
      box.input = JSON.stringify({ transcript_path: path, hook_event_name: 'SessionEnd', cwd: '/' });
    },
    settled: untilDigested,
  },
  {
    name: 'install',
    args: ['install', '--yes', '--no-schedule'],
    codes: [0],
    points: ['foreign.begun', 'foreign.copied', 'foreign.written', 'foreign.renamed'],
    writesHome: true,
    prepare: async (box) => {
      await oneSession(box);
      settings(box);
    },
  },
  {
    name: 'uninstall',
    args: ['uninstall', '--yes', '--no-schedule'],
    codes: [0],
    points: ['foreign.written', 'foreign.renamed'],
    writesHome: true,
    prepare: async (box) => {
      await oneSession(box);
      settings(box);
      await box.must(['install', '--yes', '--no-schedule']);
    },
  },
  {
    name: 'uninstall --all',
    args: ['uninstall', '--all', '--yes'],
    codes: [0],
    points: ['foreign.written', 'foreign.renamed', 'uninstall.removed'],
    writesHome: true,
    prepare: async (box) => {
      await oneSession(box);
      settings(box);
      await box.must(['install', '--yes', '--no-schedule']);
      await box.must(['config', 'init']);
      box.put('.zfunc/_session-memory', (await box.must(['completions', 'zsh'])).out);
    },
  },
  {
    name: 'maintain',
    args: ['maintain', '--yes', '--no-data-loss', '--soft-cap', '50KiB', '--hard-cap', '1MiB'],
    codes: [0],
    points: ['store.statement', 'store.committed', 'evict.evicted', 'sweep.finished'],
    prepare: async (box) => {
      const put = (n: number) =>
        box.put(pathOf(idOf(n)), promptOf(idOf(n), noiseOf(n, 60_000), `2026-06-0${n}T10:00:00.000Z`));
      for (const n of [1, 2]) put(n);
      // A first sweep of most of what there is only announces itself: the next run is the one that takes it.
      await box.must(['maintain', '--yes', '--no-data-loss', '--soft-cap', '50KiB', '--hard-cap', '1MiB']);
      put(3);
    },
  },
];
