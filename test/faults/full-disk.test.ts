/** A disk that is really full: a small tmpfs, filled to the last byte. */
import { afterAll, beforeEach, expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import * as schemas from '../../src/cli/schemas.ts';
import { RESERVE_BYTES } from '../../src/store/reserve.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { SmallDisk } from '../support/disk.ts';
import { noise, parsed } from '../support/filled.ts';
import { Program } from '../support/program.ts';

const small = new SmallDisk(12);
const disk = small.path;
afterAll(() => small[Symbol.dispose]());

/** The disk is as new before each test. */
beforeEach(() => {
  for (const name of small.isMounted ? readdirSync(disk) : []) rmSync(join(disk, name), { recursive: true });
});

test.skipIf(!small.isMounted)(
  'a sweep on a full disk runs on the reserve, frees, gives space back, and makes the reserve again',
  async () => {
    using program = new Program();
    for (let n = 0; n < 40; n += 1) {
      const id = `80000000-0000-4000-8000-0000000000${String(n).padStart(2, '0')}`;
      program.put(claudePath(id), promptLine(id, `${n} ${noise().repeat(20)}`));
    }
    program.store = join(disk, 'data', 's.db');
    expect((await program.run('ingest')).code).toBe(0);
    const before = parsed(schemas.statusSchema, await program.run('status', '--json'));
    small.fill();
    expect(statfsSync(disk).bavail, 'the disk is full').toBe(0);

    const read = parsed(schemas.statusSchema, await program.run('status', '--json'));
    expect(read.tier1.used_bytes, 'what is stored can still be read').toBe(before.tier1.used_bytes);
    const agents = await program.run('agents');
    expect([agents.code, agents.out], 'a look at the agents needs no room').toEqual([
      0,
      expect.stringContaining('Claude Code'),
    ]);
    expect(agents.err).toContain('the disk is full');

    program.put(claudePath('90000000-0000-4000-8000-000000000000'), promptLine('x', noise().repeat(50)));
    const ingest = await program.run('ingest');
    expect([ingest.code, ingest.err], 'an ingest says so').toEqual([
      1,
      expect.stringContaining('the disk is full'),
    ]);

    const soft = String(Math.floor(before.tier1.used_bytes / 3));
    const result = await program.run('sweep', '--yes', '--max-age-days', 'off', '--soft-cap', soft, '--json');
    const report = parsed(schemas.reportSchema, result);
    expect(result.code).toBe(0);
    expect(report.final_usage_bytes).toBeLessThanOrEqual(Number(soft));
    expect(statfsSync(disk).bavail, 'space came back').toBeGreaterThan(0);
    expect(statSync(`${program.store}.reserve`).size, 'the reserve is there again').toBe(RESERVE_BYTES);
    expect((await program.run('verify')).code).toBe(0);
    expect(existsSync(`${program.store}-wal`) ? statSync(`${program.store}-wal`).size : 0).toBeLessThan(
      1024 ** 2,
    );
  },
  60_000,
);

test.skipIf(!small.isMounted)(
  'a disk that fills in the middle of an ingest leaves a store that verifies',
  async () => {
    writeFileSync(join(disk, 'fill'), new Uint8Array(8 * 1024 ** 2));
    using program = new Program();
    program.store = join(disk, 'data', 's.db');
    for (let n = 0; n < 120; n += 1) {
      const id = `80000000-0000-4000-8000-000000000${String(n).padStart(3, '0')}`;
      program.put(claudePath(id), promptLine(id, `${n} ${Array.from({ length: 20 }, noise).join('')}`));
    }
    const ingest = await program.run('ingest');
    expect([ingest.code, ingest.err]).toEqual([1, expect.stringContaining('the disk is full')]);
    const list = parsed(schemas.listSchema, await program.run('list', '--json'));
    expect(list.sessions.length, 'the disk filled in the middle').toBeGreaterThan(0);
    expect((await program.run('verify')).code).toBe(0);
  },
  60_000,
);

/** A program whose store is on the small disk, with so many sessions of 60 kB. */
function onDisk(sessions: number): Program {
  const program = new Program();
  program.store = join(disk, 'data', 's.db');
  for (let n = 0; n < sessions; n += 1) {
    const id = `80000000-0000-4000-8000-0000000000${String(n).padStart(2, '0')}`;
    program.put(claudePath(id), promptLine(id, Array.from({ length: 11 }, noise).join('')));
  }
  return program;
}

test.skipIf(!small.isMounted)(
  'an analysis on a full disk says so and makes nothing evictable; with room it goes on',
  async () => {
    using program = onDisk(30);
    expect((await program.run('ingest', '--no-analyze')).code).toBe(0);
    small.fill();
    const { code, err } = await program.run('analyze');
    expect([code, err]).toEqual([1, expect.stringContaining('the disk is full')]);
    expect(err).not.toContain('unexpected');
    small.free();
    expect((await program.run('verify')).code).toBe(0);
    expect((await program.run('analyze')).code).toBe(0);
    const { sessions } = parsed(schemas.statusSchema, await program.run('status', '--json'));
    expect(sessions.analyzed.sessions, 'every session has its digest').toBe(30);
  },
  60_000,
);

test.skipIf(!small.isMounted)(
  'a restore to a full disk says so, and leaves no file that is not whole',
  async () => {
    using program = onDisk(5);
    program.store = join(program.folder, 'data', 's.db');
    expect((await program.run('ingest')).code).toBe(0);
    const id = '80000000-0000-4000-8000-000000000003';
    const whole = readFileSync(join(program.home, claudePath(id)));
    for (const leftBytes of [0, 16 * 1024]) {
      mkdirSync(join(disk, 'to'), { recursive: true });
      small.fill(leftBytes);
      const { code, err } = await program.run('restore', id, '--to', join(disk, 'to'));
      expect([code, err]).toEqual([1, expect.stringMatching(/no space left|ENOSPC|disk is full/i)]);
      expect(err).not.toContain('unexpected');
      const left = readdirSync(join(disk, 'to'), { recursive: true, withFileTypes: true });
      expect(left.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual([]);
      small.free();
    }
    expect((await program.run('restore', id, '--to', join(disk, 'to'))).code).toBe(0);
    const [file] = readdirSync(join(disk, 'to'), { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(readFileSync(join(file?.parentPath ?? '', file?.name ?? '')).equals(whole)).toBe(true);
  },
  60_000,
);

test.skipIf(!small.isMounted)(
  'a restore of more than the disk holds names each session that found no room, and all others are whole',
  async () => {
    using program = new Program();
    const ids = Array.from(
      { length: 20 },
      (_, n) => `80000000-0000-4000-8000-0000000000${String(n).padStart(2, '0')}`,
    );
    for (const id of ids) program.put(claudePath(id), promptLine(id, `${id} ${'and on '.repeat(150_000)}`));
    expect((await program.run('ingest')).code).toBe(0);
    const to = join(disk, 'to');
    const told = await program.run('restore', '--all', '--to', to, '--json');
    const { restored, failed } = parsed(schemas.restoreSeveralSchema, told);
    expect([told.code, restored.length + failed.length, restored.length > 0]).toEqual([1, 20, true]);
    expect(failed.length, 'the disk holds twelve of them at most').toBeGreaterThan(7);
    for (const { message } of failed) expect(message).toMatch(/no space left|ENOSPC|disk is full/i);
    const left = readdirSync(to, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const paths = left.map(({ parentPath, name }) => join(parentPath, name)).sort();
    expect(paths, 'no file but those that are told').toEqual(restored.flatMap(({ files }) => files).sort());
    for (const path of paths) {
      const original = join(program.home, claudePath(basename(path, '.jsonl')));
      expect(readFileSync(path).equals(readFileSync(original)), path).toBe(true);
    }
  },
  60_000,
);

test.skipIf(!small.isMounted)(
  'a sweep that fills the disk’s last block while it reclaims has evicted what it says, and the next gives space back',
  async () => {
    using program = onDisk(40);
    expect((await program.run('ingest')).code).toBe(0);
    expect(
      (await program.run('sweep', '--yes', '--no-reclaim', '--soft-cap', '0', '--max-age-days', 'off')).code,
    ).toBe(0);
    const before = statSync(program.store).size;
    small.fill();
    const { code, err } = await program.run('sweep', '--yes', '--soft-cap', '0', '--max-age-days', 'off');
    expect([0, 1]).toContain(code);
    expect(err).not.toContain('unexpected');
    expect((await program.run('verify')).code).toBe(0);
    small.free();
    expect((await program.run('sweep', '--yes', '--soft-cap', '0', '--max-age-days', 'off')).code).toBe(0);
    expect(statSync(program.store).size).toBeLessThan(before / 2);
  },
  60_000,
);
