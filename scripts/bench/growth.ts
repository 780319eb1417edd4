/**
 * How times grow with the number of sessions: what a command need not touch must not slow it down.
 * Promises: the same work at every size (the same victims, the same twenty rows, the same home), so that only the store grows.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ingestSchema, reportSchema } from '../../src/cli/schemas.ts';
import { type GrowthResult, median } from './figures.ts';
import { smallHome } from './homes.ts';
import { settle } from './process.ts';
import { copyStore, runJson } from './program.ts';
import type { Bench, Measured } from './row.ts';
import { dryRunOf, listOf, onStore, statusOfStore } from './rows-store.ts';
import { growingStore, VICTIMS } from './stores.ts';

const SIZES = [1000, 10_000, 100_000, 1_000_000];
const HOME_FILES = 1000;

export interface Growth {
  readonly name: string;
  readonly what: string;
  /** Flat is 0; noise and the price of a deeper tree are allowed for. */
  readonly exponentMax: number;
  prepare(
    bench: Bench,
    sessions: number,
  ): Promise<{ readonly reset?: () => Promise<void>; readonly run: () => Promise<Measured> }>;
}

const status: Growth = {
  name: 'growth-status',
  what: 'status',
  exponentMax: 0.1,
  prepare: async (bench, sessions) => {
    const subject = onStore(bench, await growingStore(bench.cache, sessions));
    return { run: () => statusOfStore(subject, sessions) };
  },
};

const dryRun: Growth = {
  name: 'growth-dry-run',
  what: `sweep --dry-run of ${VICTIMS} victims`,
  exponentMax: 0.1,
  prepare: async (bench, sessions) => {
    const subject = onStore(bench, await growingStore(bench.cache, sessions));
    return { run: () => dryRunOf(subject) };
  },
};

const list: Growth = {
  name: 'growth-list',
  what: 'list --limit 20',
  exponentMax: 0.1,
  prepare: async (bench, sessions) => {
    const subject = onStore(bench, await growingStore(bench.cache, sessions));
    return { run: () => listOf(subject) };
  },
};

const sweep: Growth = {
  name: 'growth-sweep',
  what: `sweep --yes of ${VICTIMS} victims, spread over the whole store, space given back`,
  exponentMax: 0.3,
  prepare: async (bench, sessions) => {
    const made = await growingStore(bench.cache, sessions);
    const subject = onStore(bench, join(bench.scratch, 'store', 'store.db'));
    return {
      reset: async () => {
        copyStore(bench, made);
        settle();
      },
      run: () =>
        runJson(subject, ['sweep', '--yes', '--no-data-loss'], {
          schema: reportSchema,
          isRight: (report) => report.backstop_evicted.length === VICTIMS,
        }),
    };
  },
};

const ingestAgain: Growth = {
  name: 'growth-ingest-again',
  what: `ingest of ${HOME_FILES} unchanged files into a store that holds so many other sessions`,
  exponentMax: 0.1,
  prepare: async (bench, sessions) => {
    const home = await smallHome(bench.cache, HOME_FILES);
    const store = copyStore(bench, await growingStore(bench.cache, sessions));
    const subject = { bench, store, home: home.path };
    const ingested = (isRight: (report: ReturnType<typeof ingestSchema.parse>) => boolean) =>
      runJson(subject, ['ingest'], { schema: ingestSchema, isRight });
    await ingested((report) => report.sessions_new === HOME_FILES);
    return { run: () => ingested((report) => report.sessions_unchanged === HOME_FILES) };
  },
};

export const GROWTHS: readonly Growth[] = [status, dryRun, list, sweep, ingestAgain];

export async function measureGrowth(
  growths: readonly Growth[],
  { binary, cache }: Pick<Bench, 'binary' | 'cache'>,
  { sessionsMax, rounds }: { readonly sessionsMax: number; readonly rounds: number },
): Promise<GrowthResult[]> {
  const results: GrowthResult[] = [];
  const sizes = SIZES.filter((size) => size <= sessionsMax);
  for (const growth of growths) {
    const { name, what, exponentMax } = growth;
    mkdirSync(cache, { recursive: true });
    const scratch = mkdtempSync(join(cache, '.scratch-'));
    try {
      const points = await pointsOf(growth, { binary, cache, scratch }, sizes, rounds);
      results.push({ name, what, exponentMax, points, why: null });
    } catch (thrown) {
      const why = `FAILED: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
      results.push({ name, what, exponentMax, points: [], why });
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  return results;
}

/** All sizes in turns, so that a busy minute of the machine does not fall on one of them. */
async function pointsOf(
  growth: Growth,
  bench: Bench,
  sizes: readonly number[],
  rounds: number,
): Promise<GrowthResult['points']> {
  const trials = [];
  for (const sessions of sizes) {
    const scratch = join(bench.scratch, String(sessions));
    mkdirSync(scratch);
    const trial = await growth.prepare({ ...bench, scratch }, sessions);
    const runs: Measured[] = [];
    trials.push({ sessions, runs, ...trial });
  }
  // The first round only makes the files warm.
  for (let round = 0; round <= rounds; round += 1) {
    for (const { reset, run, runs } of trials) {
      await reset?.();
      const ran = await run();
      if (round > 0) runs.push(ran);
    }
  }
  return trials.map(({ sessions, runs }) => ({
    sessions,
    ms: median(runs.map(({ wallMs }) => wallMs)),
    cpuMs: median(runs.map(({ cpuMs }) => cpuMs)),
  }));
}
