/** Rows: what the program itself takes, in memory on a large store and on disk, and how fast all comes out again. */
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { emptyExecutable } from './cache.ts';
import { bigHome } from './homes.ts';
import { runCommand, settle, warm } from './process.ts';
import { copyStore, runProgram, type Subject } from './program.ts';
import { always, atLeast, atMost, type Bench, type Measured, needs, type Row } from './row.ts';
import { HOME_MIB, packedHome, storeOfHome } from './rows-ingest.ts';
import { onStore } from './rows-store.ts';
import { growingStore } from './stores.ts';

const MILLION = 1_000_000;

const executable: Row = {
  name: 'executable-size',
  what: 'the executable / an empty Bun executable',
  unit: '×',
  target: atMost(1.15),
  roundsMax: 1,
  unavailable: always,
  prepare: async (bench) => {
    const empty = await emptyExecutable(bench.cache);
    const size = async (path: string): Promise<Measured> => ({
      value: statSync(path).size,
      wallMs: 0,
      cpuMs: 0,
    });
    return { subject: () => size(bench.binary), baseline: () => size(empty) };
  },
};

/** Peak memory of one command on a million sessions. `changes`: it works on a copy. */
function memoryRow(name: string, args: readonly string[], changes = false): Row {
  return {
    name: `memory-${name}`,
    what: `${args.join(' ')} on 1,000,000 sessions, peak memory`,
    unit: 'MiB',
    target: atMost(256),
    roundsMax: 1,
    unavailable: () => (existsSync('/proc/self/status') ? null : 'no /proc here'),
    prepare: async (bench) => {
      const made = await growingStore(bench.cache, MILLION);
      const subject = onStore(bench, changes ? copyStore(bench, made) : made);
      // Rows read in another order than they lie in take minutes of a cold disk, and say nothing of memory.
      warm(subject.store);
      return { subject: async () => peakOfRun(subject, args) };
    },
  };
}

async function peakOfRun(subject: Subject, args: readonly string[]): Promise<Measured> {
  const ran = await runProgram(subject, args, { watchesMemory: true });
  return { ...ran, value: ran.peakBytes / 1024 ** 2 };
}

const restoreAll: Row = {
  name: 'restore-all',
  what: `every session of ${HOME_MIB} MiB written back, MB/s / zstd -d of each file`,
  unit: '×',
  target: atLeast(0.5),
  unavailable: needs('zstd'),
  prepare: async (bench) => {
    const home = await bigHome(bench.cache, HOME_MIB);
    const store = await storeOfHome(bench, home, 'store-home');
    const packed = join(await packedHome(bench, home), 'home');
    const [restored, unpacked] = [join(bench.scratch, 'restored'), join(bench.scratch, 'unpacked')];
    const command = ['restore', '--all', '--to', restored];
    const fast = (ran: Measured): Measured => ({ ...ran, value: home.bytes / 1e6 / (ran.wallMs / 1000) });
    return {
      reset: async () => {
        for (const folder of [restored, unpacked]) rmSync(folder, { recursive: true, force: true });
        mkdirSync(unpacked);
        warm(store, packed);
        settle();
      },
      subject: async () => {
        const ran = await runProgram(onStore(bench, store), command);
        await refuseLess(bench, restored, home.bytes);
        return fast(ran);
      },
      baseline: async () => {
        const ran = await runCommand(bench, [
          'zstd',
          '-d',
          '-q',
          '-r',
          '--output-dir-mirror',
          unpacked,
          packed,
        ]);
        await refuseLess(bench, unpacked, home.bytes);
        return fast(ran);
      },
    };
  },
};

async function refuseLess(bench: Bench, folder: string, bytes: number): Promise<void> {
  const { out } = await runCommand(bench, ['find', folder, '-type', 'f', '-printf', '%s\n']);
  const sum = out.split('\n').reduce((all, size) => all + Number(size), 0);
  if (sum !== bytes) throw new Error(`${folder} holds ${sum} bytes instead of ${bytes}`);
}

export const sizeRows: readonly Row[] = [
  executable,
  restoreAll,
  memoryRow('status', ['status', '--json']),
  memoryRow('list', ['list', '--json', '--limit', '20']),
  memoryRow('list-all', ['list', '--json']),
  memoryRow('dry-run', ['sweep', '--dry-run', '--json']),
  memoryRow('sweep', ['sweep', '--yes', '--no-data-loss', '--json'], true),
  memoryRow('verify', ['verify', '--json']),
  memoryRow('history', ['history', '--json']),
];
