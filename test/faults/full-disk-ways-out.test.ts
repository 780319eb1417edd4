/**
 * A full disk needs no person: whatever the log and the free space are, `maintain` or `sweep` frees what the caps allow.
 * `bun run torture full-disk` goes through every size; this is the short form, and the odd states that a killed run leaves.
 */
import { Database } from 'bun:sqlite';
import { afterAll, beforeEach, expect, test } from 'bun:test';
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tortureBinary } from '../../scripts/torture/binary.ts';
import { Box } from '../../scripts/torture/box.ts';
import { type FullDisk, fullDiskCase } from '../../scripts/torture/full-disk-case.ts';
import { idOf, pathOf, promptOf } from '../../scripts/torture/kills-records.ts';
import { noiseOf } from '../../scripts/torture/random.ts';
import { brokenLaws } from '../../scripts/torture/store-laws.ts';
import * as schemas from '../../src/cli/schemas.ts';
import { RESERVE_BYTES } from '../../src/store/reserve.ts';
import { SmallDisk } from '../support/disk.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const disks = { tmpfs: new SmallDisk(56), ext4: new SmallDisk(64, 'ext4') };
const folder = mkdtempSync(join(tmpdir(), 'session-memory-full-'));
afterAll(() => {
  for (const disk of Object.values(disks)) disk[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Disks and home are as new before each test. */
beforeEach(() => {
  for (const path of [
    folder,
    ...Object.values(disks).flatMap(({ isMounted, path: at }) => (isMounted ? [at] : [])),
  ])
    for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true });
});

async function boxOn(disk: SmallDisk): Promise<Box> {
  return new Box(await tortureBinary(), folder, join(disk.path, 'data', 's.db'));
}

const CASES: readonly (readonly [keyof typeof disks, FullDisk])[] = [
  ['tmpfs', { freeBytes: 7 * MIB, shape: 'many', log: 'none', wayOut: 'maintain' }],
  ['tmpfs', { freeBytes: 8 * MIB, shape: 'many', log: 'killed', wayOut: 'sweep' }],
  ['tmpfs', { freeBytes: 0, shape: 'large', log: 'grown', wayOut: 'maintain' }],
  ['tmpfs', { freeBytes: 3.25 * MIB, shape: 'rewritten', log: 'held', wayOut: 'sweep' }],
  ['ext4', { freeBytes: 1 * MIB, shape: 'many', log: 'held', wayOut: 'maintain' }],
  ['ext4', { freeBytes: 5.5 * MIB, shape: 'large', log: 'killed', wayOut: 'sweep' }],
  ['ext4', { freeBytes: 512 * KIB, shape: 'rewritten', log: 'grown', wayOut: 'maintain' }],
];

for (const [kind, given] of CASES) {
  const what = `${kind}, ${given.freeBytes / KIB} KiB left, arriving: ${given.shape}, log: ${given.log}, by ${given.wayOut}`;
  test.skipIf(!disks[kind].isMounted)(
    `a full disk is no dead end: ${what}`,
    async () => {
      expect(await fullDiskCase(await boxOn(disks[kind]), disks[kind], given)).toEqual([]);
    },
    120_000,
  );
}

/** Old sessions of 60 kB on the small disk, analyzed unless `flags` say otherwise. */
async function stored(disk: SmallDisk, sessions: number, ...flags: string[]): Promise<Box> {
  const box = await boxOn(disk);
  for (let n = 0; n < sessions; n += 1)
    box.put(pathOf(idOf(n)), promptOf(idOf(n), noiseOf(n, 60_000), '2026-01-01T10:00:00.000Z'));
  await box.must(['ingest', ...flags]);
  return box;
}

const liveIn = async (box: Box) =>
  schemas.statusSchema.parse(JSON.parse((await box.must(['status', '--json'])).out)).sessions;
const reserveOf = (box: Box) => statSync(`${box.store}.reserve`, { throwIfNoEntry: false })?.size ?? 0;

test.skipIf(!disks.tmpfs.isMounted)(
  'a sweep that is killed as it gives up the reserve leaves the next one the rest, though others take what it freed',
  async () => {
    const disk = disks.tmpfs;
    const box = await stored(disk, 40);
    disk.fill();
    for (const killed of [1, 2]) {
      const ran = await box.run(['sweep', '--yes'], { point: 'reserve.given-up:1' });
      expect(ran.killed).toBe(true);
      expect(reserveOf(box)).toBe(RESERVE_BYTES - killed * MIB);
      disk.fill();
    }
    const { code, err } = await box.run(['sweep', '--yes']);
    expect([code, err]).toEqual([0, '']);
    expect((await liveIn(box)).analyzed.sessions).toBe(0);
    expect(reserveOf(box), 'it has what the disk has').toBeGreaterThan(3 * MIB);
    await box.must(['verify']);
  },
  60_000,
);

test.skipIf(!disks.tmpfs.isMounted)(
  'without a reserve and without a free block the log that a killed run left is written back, and the room that it had is enough',
  async () => {
    const disk = disks.tmpfs;
    const box = await stored(disk, 40);
    for (let n = 100; n < 160; n += 1)
      box.put(pathOf(idOf(n)), promptOf(idOf(n), noiseOf(n, 60_000), '2026-01-01T10:00:00.000Z'));
    const ran = await box.run(['ingest'], { point: 'ingest.done:1' });
    expect(ran.killed).toBe(true);
    expect(statSync(`${box.store}-wal`).size).toBeGreaterThan(256 * KIB);
    rmSync(`${box.store}.reserve`);
    rmSync(`${box.store}-shm`, { force: true });
    disk.fill();
    expect(disk.freeBytes).toBe(0);
    expect((await liveIn(box)).analyzed.sessions, 'it can be read').toBeGreaterThan(40);
    disk.fill();
    const { code, err } = await box.run(['sweep', '--yes']);
    expect([code, err]).toEqual([0, '']);
    expect((await liveIn(box)).analyzed.sessions).toBe(0);
    await box.must(['verify']);
  },
  60_000,
);

test.skipIf(!disks.tmpfs.isMounted)(
  'with nothing left at all a sweep says that its reserve is used up, and sends nobody to a sweep',
  async () => {
    const disk = disks.tmpfs;
    const box = await stored(disk, 5);
    rmSync(`${box.store}.reserve`);
    disk.fill();
    for (const command of ['sweep', 'maintain']) {
      const { code, err } = await box.run([command, '--yes', '--no-data-loss']);
      expect([code, err]).toEqual([1, expect.stringContaining('the reserve of the store is used up')]);
      expect(err).not.toContain('session-memory sweep');
    }
    disk.free();
    expect((await box.run(['sweep', '--yes'])).code).toBe(0);
    expect(reserveOf(box)).toBe(RESERVE_BYTES);
  },
  60_000,
);

test.skipIf(!disks.tmpfs.isMounted)(
  'what a full disk has no room to analyze is not lost, though data loss is allowed',
  async () => {
    const disk = disks.tmpfs;
    const box = await stored(disk, 30, '--no-analyze');
    // Enough to open the store and to begin; not for a digest.
    truncateSync(`${box.store}.reserve`, 100 * KIB);
    disk.fill();
    const caps = ['--soft-cap', '0', '--hard-cap', '0', '--max-age-days', 'off'];
    const { code, out, err } = await box.run(['sweep', '--yes', '--json', ...caps]);
    const { sessions } = await (async () => {
      disk.free();
      return schemas.statusSchema.parse(JSON.parse((await box.must(['status', '--json'])).out));
    })();
    expect(code, err).not.toBe(3);
    expect(out).not.toContain('"lost_data": true');
    expect(sessions.unanalyzed.sessions + sessions.analyzed.sessions + sessions.evicted.sessions).toBe(30);
    const history = new Database(box.store);
    expect(history.query("SELECT count(*) AS n FROM events WHERE kind = 'data_loss'").get()).toEqual({
      n: 0,
    });
    history.close();
    expect(brokenLaws(box.store)).toEqual([]);
    expect((await box.run(['sweep', '--yes', '--json', ...caps])).code, 'with room all are analyzed').toBe(0);
  },
  60_000,
);

test.skipIf(!disks.tmpfs.isMounted)(
  'a sweep over the hard cap on a full disk analyzes with the reserve, and loses nothing',
  async () => {
    const disk = disks.tmpfs;
    const box = await stored(disk, 30, '--no-analyze');
    disk.fill();
    const { code, out, err } = await box.run([
      'sweep',
      '--yes',
      '--json',
      '--soft-cap',
      '0',
      '--hard-cap',
      '0',
      '--max-age-days',
      'off',
    ]);
    const report = schemas.reportSchema.parse(JSON.parse(out));
    expect([code, report.lost_data, err]).toEqual([0, false, '']);
    expect(report.budget_evicted).toHaveLength(30);
  },
  60_000,
);

test.skipIf(!disks.tmpfs.isMounted)(
  'where room is short maintain sweeps before it ingests anything',
  async () => {
    const disk = disks.tmpfs;
    const box = await stored(disk, 30);
    box.put(pathOf(idOf(99)), promptOf(idOf(99), noiseOf(99, 60_000), '2026-01-02T10:00:00.000Z'));
    disk.fill();
    const caps = ['--soft-cap', '0', '--max-age-days', 'off'];
    const { code, out, err } = await box.run(['maintain', '--yes', '--no-data-loss', ...caps]);
    // An ingest that came first would have met the full disk, and said so.
    expect([code, (out + err).includes('disk is full')], out + err).toEqual([0, false]);
  },
  60_000,
);

test('a store of an earlier version with a smaller reserve gets the right one at the next opening', async () => {
  const box = new Box(await tortureBinary(), folder);
  await box.must(['ingest']);
  truncateSync(`${box.store}.reserve`, 2 * MIB);
  await box.must(['ingest']);
  expect(reserveOf(box)).toBe(RESERVE_BYTES);
});

test('a link in the place of the reserve is left alone, and so is what it leads to', async () => {
  const box = new Box(await tortureBinary(), folder);
  await box.must(['ingest']);
  const own = join(folder, 'own');
  writeFileSync(own, 'mine');
  rmSync(`${box.store}.reserve`);
  symlinkSync(own, `${box.store}.reserve`);
  await box.must(['ingest']);
  await box.must(['sweep', '--yes']);
  expect(await Bun.file(own).text()).toBe('mine');
  expect(lstatSync(`${box.store}.reserve`).isSymbolicLink()).toBe(true);
});

test.skipIf(!disks.tmpfs.isMounted)(
  'an ingest stops before it takes the last of the disk, says how many wait, and stores them once there is room',
  async () => {
    const disk = disks.tmpfs;
    const box = await stored(disk, 5);
    disk.fill(4 * MIB);
    for (let n = 100; n < 200; n += 1) box.put(pathOf(idOf(n)), promptOf(idOf(n), noiseOf(n, 60_000)));
    const { code, out } = await box.run(['ingest', '--json']);
    const report = schemas.ingestSchema.parse(JSON.parse(out));
    expect([code, report.disk_full, report.over_hard_cap]).toEqual([1, true, false]);
    expect(report.sessions_new, 'what fits is stored').toBeGreaterThan(5);
    expect(report.sessions_new + report.sessions_waiting).toBe(100);
    expect(disk.freeBytes, 'something is left for others').toBeGreaterThan(512 * KIB);
    expect(reserveOf(box), 'an ingest has no part in the reserve').toBe(RESERVE_BYTES);
    const { err } = await box.run(['ingest']);
    expect(err).toMatch(/the disk is full: .*: \d+ sessions wait\. Run `session-memory maintain`/);
    disk.free();
    expect((await box.run(['ingest'])).code).toBe(0);
    expect((await liveIn(box)).analyzed.sessions).toBe(105);
  },
  60_000,
);
