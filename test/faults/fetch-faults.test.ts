/** A fetch that is killed, or finds no room: nothing of it is taken, and nothing of it stays. */
import { expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
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

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => statSync(join(folder, name)).isFile());
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
    for (const point of [
      'fetch.piece:1',
      'fetch.piece:2',
      'fetch.piece:3',
      'import.session-added:1',
      'import.session-stored:1',
    ]) {
      laptop.env = { ...env, TMPDIR: temp, SESSION_MEMORY_KILL_AT: point };
      expect([point, (await laptop.run('restore', id(1))).code]).toEqual([point, 137]);
      // Not beside its place either, under whatever name.
      expect(filesBelow(join(laptop.home, '.claude'))).toEqual([]);
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
    using disk = new SmallDisk(128);
    if (!disk.isMounted) return;
    using model = await ModelBucket.started();
    using laptop = new Machine(model, 'laptop');
    laptop.store = join(disk.path, 'data', 's.db');
    expect((await laptop.setUp('init')).code).toBe(0);
    // More than waits in memory.
    const text = randomLines(36_000_000);
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

test(
  'a fetch straight to a place on a disk that is full says so, and leaves nothing there',
  async () => {
    using disk = new SmallDisk(32);
    if (!disk.isMounted) return;
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    const text = randomLines(9_000_000);
    await away(laptop, text);
    const to = join(disk.path, 'to');
    disk.fill(4 * 1024 ** 2);
    const told = await laptop.run('restore', id(1), '--to', to);
    expect([told.code, told.err]).toEqual([1, expect.stringContaining('the disk is full')]);
    expect(existsSync(to)).toBe(false);
    disk.free();
    await laptop.ok('restore', id(1), '--to', to);
    expect(filesBelow(to).map((name) => readFileSync(join(to, name), 'utf8'))).toEqual([text]);
  },
  LONG,
);
