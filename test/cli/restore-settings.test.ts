/** What a person set for one session (what it may do without being asked) comes back to them, and from nobody else. */
import { expect, test } from 'bun:test';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { foreignArchive, foreignSession } from '../support/foreign.ts';
import { Home } from '../support/home.ts';

const ID = '84000000-0000-4000-8000-000000000001';
const TASK = '1750000000000';
const SET = '{"autonomyLevel":"auto-high"}';

interface Kept {
  readonly uid: string;
  readonly key: string;
  readonly transcript: string;
  readonly settings: string;
  readonly content: string;
}

const droidLines = [
  { type: 'session_start', id: ID, cwd: '/srv/foreign' },
  {
    type: 'message',
    id: 'm1',
    timestamp: '2026-05-01T10:00:00.000Z',
    message: { role: 'user', content: [{ type: 'text', text: 'paint the boat' }] },
  },
];
const shown = [{ ts: 1_777_630_000_000, type: 'say', say: 'task', text: 'paint the boat' }];

const KEPT: readonly Kept[] = [
  {
    uid: `droid:${ID}`,
    key: 'settings.json',
    transcript: `.factory/sessions/-srv-foreign/${ID}.jsonl`,
    settings: `.factory/sessions/-srv-foreign/${ID}.settings.json`,
    content: droidLines.map((one) => `${JSON.stringify(one)}\n`).join(''),
  },
  {
    uid: `cline:${TASK}`,
    key: 'task/settings.json',
    transcript: `.cline/data/tasks/${TASK}/ui_messages.json`,
    settings: `.cline/data/tasks/${TASK}/settings.json`,
    content: JSON.stringify(shown),
  },
];

test.each(KEPT.map((kept) => [kept.uid, kept] as const))(
  "%s: no stranger's is written, not even once its transcript was met here",
  async (_uid, kept) => {
    using home = new Home();
    const archive = join(home.path, 'in.smx');
    const files = [
      { key: 'main', role: 'main', content: kept.content },
      { key: kept.key, role: 'meta', content: SET },
    ] as const;
    writeFileSync(archive, foreignArchive([foreignSession(kept.uid, files)]));
    await home.run(['import', archive]);
    const at = (relPath: string) => join(home.path, relPath);
    for (const args of [['--all'], [kept.uid, '--force'], ['--all', '--to', at('to')]]) {
      const told = await home.run(['restore', ...args]);
      expect([told.code, told.err]).toEqual([1, expect.stringContaining('settings.json')]);
      // The agent's folder now has what this program put there: it is no file that the person made.
      await home.run(['ingest']);
      await home.run(['ingest', '--full']);
    }
    expect(readFileSync(at(kept.transcript), 'utf8')).toBe(kept.content);
    expect(existsSync(at(kept.settings))).toBe(false);
    expect(existsSync(at('to').concat('/', kept.settings.split('/').slice(-3).join('/')))).toBe(false);
  },
);

test.each(KEPT.map((kept) => [kept.uid, kept] as const))(
  "%s: one's own comes back, here and by an archive that is vouched for",
  async (_uid, kept) => {
    using home = new Home();
    home.write(kept.transcript, kept.content);
    home.write(kept.settings, SET);
    expect((await home.run(['ingest'])).code).toBe(0);
    const archive = join(home.path, 'own.smx');
    expect((await home.run(['export', '--all', archive])).code).toBe(0);
    const gone = () => {
      for (const relPath of [kept.transcript, kept.settings]) rmSync(join(home.path, relPath));
    };
    for (const isElsewhere of [false, true]) {
      gone();
      if (isElsewhere) {
        home.store = join(home.path, 'other', 's.db');
        expect((await home.run(['import', '--trust', archive])).code).toBe(0);
      }
      const told = await home.run(['restore', '--all']);
      expect([told.code, told.err]).toEqual([0, expect.not.stringContaining('settings.json')]);
      expect(readFileSync(join(home.path, kept.transcript), 'utf8')).toBe(kept.content);
      expect(readFileSync(join(home.path, kept.settings), 'utf8')).toBe(SET);
    }
  },
);
