/** Rows: sweeps, looks and reads of stores that are large already. */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { listSchema, reportSchema, statusSchema, verifySchema } from '../../src/cli/schemas.ts';
import { emptyExecutable } from './cache.ts';
import { bigHome } from './homes.ts';
import { type Ran, runCommand, settle, warm } from './process.ts';
import { copyStore, runJson, runProgram, type Subject } from './program.ts';
import { always, atLeast, atMost, type Bench, type Measured, needs, type Row } from './row.ts';
import { EVICTIONS, RAW_BYTES } from './rows-evict.ts';
import { HOME_MIB, packedHome, storeOfHome } from './rows-ingest.ts';
import { COMMON, growingStore, heavyStore, NEEDLE, NEEDLE_EVERY, searchStore, VICTIMS } from './stores.ts';

const MILLION = 1_000_000;
const DIGESTS = 100_000;

/** A look at a store without a home: nothing is there to scan. */
export function onStore(bench: Bench, store: string): Subject {
  const home = join(bench.scratch, 'no-home');
  mkdirSync(home, { recursive: true });
  return { bench, store, home };
}

const cpu = (ran: Ran): Measured => ({ ...ran, value: ran.cpuMs });

export const dryRunOf = (subject: Subject) =>
  runJson(subject, ['sweep', '--dry-run'], {
    schema: reportSchema,
    isRight: ({ plan }) => plan.passes[0]?.victims.length === VICTIMS,
  });

export const statusOfStore = (subject: Subject, sessions: number) =>
  runJson(subject, ['status'], {
    schema: statusSchema,
    isRight: (status) => status.sessions.analyzed.sessions === sessions,
  });

export const listOf = (subject: Subject) =>
  runJson(subject, ['list', '--limit', '20'], {
    schema: listSchema,
    isRight: ({ sessions }) => sessions.length === 20,
  });

const dryRun: Row = {
  name: 'dry-run-1e6',
  what: 'sweep --dry-run, 1,000,000 sessions, 1,000 victims, whole process',
  unit: 'ms',
  target: atMost(300),
  unavailable: always,
  prepare: async (bench) => {
    const subject = onStore(bench, await growingStore(bench.cache, MILLION));
    return { reset: async () => settle(), subject: () => dryRunOf(subject) };
  },
};

const status: Row = {
  name: 'status-1e6',
  what: 'status on 1,000,000 sessions, CPU / an empty Bun executable',
  unit: '×',
  target: atMost(4),
  unavailable: always,
  prepare: async (bench) => {
    const subject = onStore(bench, await growingStore(bench.cache, MILLION));
    const empty = await emptyExecutable(bench.cache);
    return {
      reset: async () => warm(empty, bench.binary),
      subject: async () => cpu(await statusOfStore(subject, MILLION)),
      baseline: async () => cpu(await runCommand(bench, [empty])),
    };
  },
};

const reclaim: Row = {
  name: 'reclaim',
  what: 'freed space given back with every other session of 100 KiB evicted',
  unit: 'MB/s',
  target: atLeast(100),
  unavailable: always,
  prepare: async (bench) => {
    const store = await heavyStore(bench.cache, EVICTIONS);
    const subject = onStore(bench, join(bench.scratch, 'store', 'store.db'));
    const half = ['sweep', '--yes', '--max-age-days', '55'];
    return {
      reset: async () => {
        copyStore(bench, store);
        await runJson(subject, [...half, '--no-reclaim'], {
          schema: reportSchema,
          isRight: (report) => report.backstop_evicted.length === EVICTIONS / 2,
        });
        settle();
        warm(join(bench.scratch, 'store'));
      },
      // Nothing is left for it to evict: all it does is give back.
      subject: async () => {
        const before = statSync(subject.store).size;
        const ran = await runProgram(subject, half);
        const freed = before - statSync(subject.store).size;
        if (freed < (EVICTIONS / 2) * RAW_BYTES * 0.95)
          throw new Error(`only ${freed} bytes were given back`);
        return { ...ran, value: freed / 1e6 / (ran.wallMs / 1000) };
      },
    };
  },
};

/** Each answer is held against what the store was made of: so many hits, each with so many of the words. */
function searchRow(name: string, what: string, words: readonly string[], hits: number): Row {
  return {
    name,
    what: `search of ${what} in 100,000 digests, whole process`,
    unit: 'ms',
    target: atMost(60),
    unavailable: ({ binary }) =>
      Bun.spawnSync([binary, 'search', '--help']).exitCode === 0 ? null : 'no search yet',
    prepare: async (bench) => {
      const subject = onStore(bench, await searchStore(bench.cache, DIGESTS));
      return {
        subject: async () => {
          const ran = await runProgram(subject, ['search', ...words, '--json']);
          const uids = new Set(ran.out.match(/(?:codex|claude-code):[0-9a-f-]{36}/g));
          if (uids.size !== hits) throw new Error(`search found ${uids.size} of ${hits}`);
          return ran;
        },
      };
    },
  };
}

const SHOWN = 20;
const searches: readonly Row[] = [
  searchRow('search', 'a rare word', [NEEDLE], DIGESTS / NEEDLE_EVERY),
  searchRow('search-common', 'a common word', COMMON.slice(0, 1), SHOWN),
  searchRow('search-eight', 'eight common words', COMMON, SHOWN),
  searchRow('search-mixed', 'a rare word and seven common ones', [NEEDLE, ...COMMON.slice(1)], SHOWN),
];

const mcp: Row = {
  name: 'mcp',
  what: 'mcp, from the start to its end behind one answer, wall / an empty Bun executable',
  unit: '×',
  target: atMost(6),
  unavailable: always,
  prepare: async (bench) => {
    const empty = await emptyExecutable(bench.cache);
    const input = `${JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'bench', version: '1' },
      },
    })}\n`;
    return {
      reset: async () => warm(empty, bench.binary),
      subject: async () => {
        const ran = await runCommand(bench, [bench.binary, 'mcp'], { input });
        if (!ran.out.includes('"protocolVersion":"2025-11-25"')) throw new Error(`mcp answered ${ran.out}`);
        return ran;
      },
      baseline: async () => runCommand(bench, [empty]),
    };
  },
};

const verifyAll: Row = {
  name: 'verify-all',
  what: `verify of ${HOME_MIB} MiB, wall / zstd -d of each file | sha256sum`,
  unit: '×',
  target: null,
  unavailable: needs('zstd', 'sha256sum'),
  prepare: async (bench) => {
    const home = await bigHome(bench.cache, HOME_MIB);
    const store = await storeOfHome(bench, home, 'store-home');
    const packed = await packedHome(bench, home);
    const subject = onStore(bench, store);
    return {
      reset: async () => warm(packed, store),
      subject: () =>
        runJson(subject, ['verify'], {
          schema: verifySchema,
          isRight: (result) => result.ok && result.bytes === home.bytes,
        }),
      baseline: () =>
        runCommand(bench, [
          'sh',
          '-c',
          'find "$0" -name "*.zst" -print0 | xargs -0 zstd -d -q -c | sha256sum',
          packed,
        ]),
    };
  },
};

export const storeRows: readonly Row[] = [dryRun, status, reclaim, ...searches, mcp, verifyAll];
