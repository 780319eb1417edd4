/** A disk that is really full: a small tmpfs, filled to the last byte. */
import { afterAll, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as schemas from '../../src/cli/schemas.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { noise, parsed } from '../support/filled.ts';
import { Program } from '../support/program.ts';

const disk = mkdtempSync(join(tmpdir(), 'session-memory-disk-'));
const mounted =
  Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', disk], { stderr: 'ignore' }).exitCode ===
  0;
if (!mounted) console.log('skipped: a full disk needs a tmpfs of its own, and this user cannot mount one');

afterAll(() => {
  if (mounted) Bun.spawnSync(['umount', disk]);
  rmSync(disk, { recursive: true, force: true });
});

/** Writes until not one block is left. */
function fill(): void {
  const path = join(disk, 'fill');
  for (let bytes = 1024 ** 2; bytes >= 4096; ) {
    try {
      writeFileSync(path, new Uint8Array(bytes), { flag: 'a' });
    } catch {
      // Does not fit: a smaller piece may.
      bytes = Math.floor(bytes / 2);
    }
  }
}

test.skipIf(!mounted)(
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
    fill();
    expect(statfsSync(disk).bavail, 'the disk is full').toBe(0);

    const read = parsed(schemas.statusSchema, await program.run('status', '--json'));
    expect(read.tier1.used_bytes, 'what is stored can still be read').toBe(before.tier1.used_bytes);

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
    expect(statSync(`${program.store}.reserve`).size, 'the reserve is there again').toBe(2 * 1024 ** 2);
    expect((await program.run('verify')).code).toBe(0);
    expect(existsSync(`${program.store}-wal`) ? statSync(`${program.store}-wal`).size : 0).toBeLessThan(
      1024 ** 2,
    );
  },
  60_000,
);

test.skipIf(!mounted)(
  'a disk that fills in the middle of an ingest leaves a store that verifies',
  async () => {
    rmSync(join(disk, 'fill'), { force: true });
    rmSync(join(disk, 'data'), { recursive: true, force: true });
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
