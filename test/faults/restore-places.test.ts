/** The short form of the torture by archives of strangers, and by folders that become links while a restore writes into them. */
import { afterAll, expect, test } from 'bun:test';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { tortureBinary } from '../../scripts/torture/binary.ts';
import { keysRound, swapRound } from '../../scripts/torture/restore.ts';
import { planRestore } from '../../src/cli/commands/restore.plan.ts';
import { fail } from '../../src/domain/errors.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import { armKillPoints } from '../../src/domain/kill-point.ts';
import { restoreOne } from '../../src/restore/restore.ts';
import { findSession } from '../../src/store/read.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { SEED } from '../support/seed.ts';

const folder = mkdtempSync(join(tmpdir(), 'session-memory-restore-places-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const log = () => undefined;

test('whatever keys an archive has, a restore writes files of sessions at their places', async () => {
  const outcome = await keysRound({ seed: SEED, binary: await tortureBinary(), folder, log }, 12);
  expect(outcome.failures).toEqual([]);
  expect(outcome.harm).toBeGreaterThan(50);
}, 120_000);

test('while folders become links and folders again nothing is written elsewhere', async () => {
  const outcome = await swapRound({ seed: SEED, binary: await tortureBinary(), folder, log }, 4);
  expect(outcome.failures).toEqual([]);
  expect(outcome.harm).toBeGreaterThan(10);
}, 120_000);

const ID = '84000000-0000-4000-8000-000000000001';
const UID = `claude-code:${ID}` as SessionUid;
const SPILLED = `.claude/projects/-home-me-project/${ID}/tool-results/t.txt`;

/** What of the way is swapped, for what, and when. */
const SWAPPED = ['.claude/projects', '.claude/projects/-home-me-project', dirname(SPILLED)];
const POINTS = ['planned', 'restore.temporary-made', 'restore.temporary-written', 'restore.renamed'];
const CASES = SWAPPED.flatMap((place) =>
  POINTS.flatMap((point) => ['.claude/commands', 'outside'].map((victim) => [place, victim, point] as const)),
);

test.each(CASES)('%s becomes a link to %s at %s: nothing is written there', async (place, victim, point) => {
  using world = new World();
  const main = world.put(claudePath(ID), promptLine(ID, 'hello'));
  const spilled = world.put(SPILLED, 'a long answer');
  await world.ingest();
  for (const path of [main, spilled]) rmSync(path);
  mkdirSync(join(world.home, victim), { recursive: true });
  const session = findSession(world.db, UID);
  if (session === null) throw new Error('no session');
  const places = { host: world.host, settings: { storePath: world.db.path } };
  const planned = planRestore(places, world.db, session, { to: null, force: false });
  let isDone = false;
  const swap = (name: string) => {
    if (name !== point || isDone) return;
    isDone = true;
    renameSync(join(world.home, place), join(world.home, 'aside'));
    symlinkSync(join(world.home, victim), join(world.home, place));
  };
  armKillPoints(swap);
  try {
    swap('planned');
    restoreOne(world.db, planned, null);
  } catch (thrown) {
    expect(String(thrown)).toMatch(/link|meanwhile|ENOENT|refused to write outside/);
  } finally {
    armKillPoints(null);
  }
  expect(isDone).toBe(true);
  expect(readdirSync(join(world.home, victim), { recursive: true })).toEqual([]);
  // With the folder back, and what was made meanwhile beside it, the next one gives all back.
  rmSync(join(world.home, place));
  renameSync(join(world.home, 'aside'), join(world.home, place));
  const again = planRestore(places, world.db, session, { to: null, force: false });
  restoreOne(world.db, again, { db: world.db, now: () => world.now });
  expect([existsSync(main), readFileSync(spilled, 'utf8')]).toEqual([true, 'a long answer']);
});

test('a restore that is stopped in the middle of a file leaves nothing of it, and the next one gives all', async () => {
  using world = new World();
  const main = world.put(claudePath(ID), promptLine(ID, 'hello'));
  const spilled = world.put(SPILLED, 'a long answer');
  await world.ingest();
  for (const path of [main, spilled]) rmSync(path);
  const session = findSession(world.db, UID);
  if (session === null) throw new Error('no session');
  const places = { host: world.host, settings: { storePath: world.db.path } };
  const planned = () => planRestore(places, world.db, session, { to: null, force: false });
  const before = new Set(readdirSync(world.home, { recursive: true, encoding: 'utf8' }));
  for (let pieces = 0; pieces < 2; pieces += 1) {
    let left = pieces;
    const stopped = () => {
      left -= 1;
      if (left < 0) throw fail('interrupted', 'Stopped by you', 'Nothing was written.');
    };
    expect(() => restoreOne(world.db, planned(), null, stopped)).toThrow('Stopped by you');
    const files = readdirSync(world.home, { recursive: true, encoding: 'utf8' });
    expect(
      files.filter((name) => !before.has(name) && !lstatSync(join(world.home, name)).isDirectory()),
    ).toEqual([]);
  }
  restoreOne(world.db, planned(), null);
  expect([existsSync(main), readFileSync(spilled, 'utf8')]).toEqual([true, 'a long answer']);
});
