/** A fetch that is killed, or finds no room: nothing of it is taken, and nothing of it stays. */
import { expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tortureBinary } from '../../scripts/torture/binary.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { SmallDisk } from '../support/disk.ts';
import { ModelBucket } from '../support/model-bucket.ts';
import { id, Machine } from '../support/remote-machine.ts';

const LONG = 300_000;

/** Hardly compresses. */
function randomLines(bytes: number): string {
  const parts = [promptLine(id(1), 'begin')];
  for (let left = bytes; left > 0; left -= 64_000) {
    const text = Buffer.from(crypto.getRandomValues(new Uint8Array(48_000))).toString('base64');
    parts.push(promptLine(id(1), text));
  }
  return parts.join('');
}

/** Session 1 uploaded and evicted, and its own file gone. */
async function away(machine: Machine, text: string): Promise<void> {
  machine.put(claudePath(id(1)), text);
  await machine.ok('ingest');
  await machine.sync();
  await machine.ok('evict', id(1), '--yes');
  rmSync(join(machine.home, claudePath(id(1))));
}

test(
  'a fetch that dies at any point leaves nothing where it would have gone, and no file that holds it',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop', await tortureBinary());
    const text = randomLines(9_000_000);
    await away(laptop, text);
    const folder = dirname(laptop.store);
    const temp = join(laptop.folder, 'temp');
    mkdirSync(temp);
    const { env } = laptop;
    const before = readdirSync(folder).sort();
    for (const point of ['fetch.piece:2', 'import.session-added:1', 'import.session-stored:1']) {
      laptop.env = { ...env, TMPDIR: temp, SESSION_MEMORY_KILL_AT: point };
      expect([point, (await laptop.run('restore', id(1))).code]).toEqual([point, 137]);
      expect(existsSync(join(laptop.home, claudePath(id(1))))).toBe(false);
      expect(readdirSync(folder).sort()).toEqual(before);
      expect(readdirSync(temp)).toEqual([]);
    }
    laptop.env = env;
    await laptop.ok('restore', id(1));
    expect(readFileSync(join(laptop.home, claudePath(id(1))), 'utf8')).toBe(text);
  },
  LONG,
);

test(
  'a fetch that finds the disk full says so, takes nothing and leaves nothing, and works once there is room',
  async () => {
    using disk = new SmallDisk(64);
    if (!disk.isMounted) return;
    using model = await ModelBucket.started();
    using laptop = new Machine(model, 'laptop');
    laptop.store = join(disk.path, 'data', 's.db');
    expect((await laptop.setUp('init')).code).toBe(0);
    const text = randomLines(9_000_000);
    await away(laptop, text);
    await laptop.ok('sweep', '--yes');
    // Whoever reads the store last may leave its log.
    const there = () =>
      readdirSync(dirname(laptop.store))
        .filter((name) => !/-(?:wal|shm)$/.test(name))
        .sort();
    const before = there();
    const other = promptLine(id(1), 'another one is there');
    const path = join(laptop.home, claudePath(id(1)));
    for (const leftMiB of [8, 12]) {
      disk.fill(leftMiB * 1024 ** 2);
      writeFileSync(path, other);
      const told = await laptop.run('restore', id(1), '--force');
      expect([leftMiB, told.code, told.err]).toEqual([
        leftMiB,
        1,
        expect.stringContaining('the disk is full'),
      ]);
      expect(readFileSync(path, 'utf8')).toBe(other);
      expect(there()).toEqual(before);
      disk.free();
    }
    rmSync(path);
    await laptop.ok('restore', id(1));
    expect(readFileSync(path, 'utf8')).toBe(text);
  },
  LONG,
);
