/** An agent writes while its session is restored: between the look at a place and the writing no byte is lost. */
import { expect, test } from 'bun:test';
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { planRestore } from '../../src/cli/commands/restore.plan.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import { armKillPoints } from '../../src/domain/kill-point.ts';
import { restoreOne } from '../../src/restore/restore.ts';
import { filesOf, findSession } from '../../src/store/read.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const ID = '51111111-1111-4111-8111-111111111111';
const UID = `claude-code:${ID}` as SessionUid;
const STORED = promptLine(ID, 'stored');
const MORE = promptLine(ID, 'written meanwhile');

class Race implements Disposable {
  readonly world = new World();
  readonly path = this.world.put(claudePath(ID), STORED);

  plan(force = false) {
    const session = findSession(this.world.db, UID);
    if (session === null) throw new Error('no session');
    const places = { host: this.world.host, settings: { storePath: this.world.db.path } };
    return planRestore(places, this.world.db, session, { to: null, force });
  }

  restore(planned: ReturnType<Race['plan']>, stored?: string): void {
    const file = filesOf(this.world.db, UID)[0];
    const storedFirst = new Map(
      stored === undefined || file === undefined ? [] : [[this.path, { uid: UID, file }]],
    );
    restoreOne(this.world.db, { ...planned, storedFirst }, { db: this.world.db, now: () => this.world.now });
  }

  /** Does `work` once, where the restore passes that point. */
  at(point: string, work: () => void): void {
    let isDone = false;
    armKillPoints((name) => {
      if (name !== point || isDone) return;
      isDone = true;
      work();
    });
  }

  all(): string {
    const folder = dirname(this.path);
    return readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('');
  }

  [Symbol.dispose](): void {
    armKillPoints(null);
    this.world[Symbol.dispose]();
  }
}

test.each(['restore.renamed', 'restore.written', 'store.statement'])(
  'what is appended to the restored file at %s is stored by the next ingest',
  async (point) => {
    using race = new Race();
    await race.world.ingest();
    rmSync(race.path);
    const planned = race.plan();
    race.at(point, () => appendFileSync(race.path, MORE));
    race.restore(planned);
    armKillPoints(null);
    await race.world.ingest();
    expect(race.world.stored(UID).toString()).toBe(STORED + MORE);
  },
);

test('what is appended between the look and the touch of a file that is there is stored by the next ingest', async () => {
  using race = new Race();
  await race.world.ingest();
  const planned = race.plan();
  appendFileSync(race.path, MORE);
  race.restore(planned);
  await race.world.ingest();
  expect(race.world.stored(UID).toString()).toBe(STORED + MORE);
});

test.each(['restore.temporary-made', 'restore.temporary-written', 'restore.held-aside'])(
  'what is written into the replaced file at %s stays beside',
  async (point) => {
    using race = new Race();
    await race.world.ingest();
    const other = promptLine(ID, 'another one');
    writeFileSync(race.path, other);
    await race.world.ingest();
    const [present] = filesOf(race.world.db, UID);
    const planned = race.plan(true);
    const [first] = planned.files;
    if (first === undefined || present === undefined) throw new Error('no file');
    // As it was before: that is what is asked for.
    const wanted = {
      ...present,
      extents: [[0, STORED.length] as const],
      rawBytes: STORED.length,
      sha256: null,
    };
    const replacing = {
      ...planned,
      files: [{ ...first, file: wanted, version: 1, place: 'replace' as const }],
    };
    race.at(point, () => {
      const held = readdirSync(dirname(race.path)).find((name) => name.includes('.before-restore-'));
      appendFileSync(held === undefined ? race.path : join(dirname(race.path), held), MORE);
    });
    race.restore(replacing, other);
    expect(readFileSync(race.path, 'utf8')).toBe(STORED);
    expect(race.all()).toContain(other + MORE);
  },
);

test('a file that comes up at a free place just when it is written is left, and nothing is called restored', async () => {
  using race = new Race();
  await race.world.ingest();
  rmSync(race.path);
  const planned = race.plan();
  race.at('restore.temporary-written', () => writeFileSync(race.path, MORE));
  expect(() => race.restore(planned)).toThrow('has come up meanwhile');
  expect(race.all()).toBe(MORE);
});

test('another file at the place of the one that was held aside is left, and the one aside is named', async () => {
  using race = new Race();
  await race.world.ingest();
  writeFileSync(race.path, 'mine');
  const planned = race.plan(true);
  race.at('restore.held-aside', () => writeFileSync(race.path, MORE));
  expect(() => race.restore(planned)).toThrow('.before-restore-');
  expect([readFileSync(race.path, 'utf8'), race.all().includes('mine')]).toEqual([MORE, true]);
});
