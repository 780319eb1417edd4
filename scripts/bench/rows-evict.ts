/** Rows: evictions of many sessions, against the removal of as many files. */
import { Database } from 'bun:sqlite';
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reportSchema } from '../../src/cli/schemas.ts';
import { cached, leastExecutable } from './cache.ts';
import { type Ran, runCommand, settle, warm } from './process.ts';
import { copyStore, runJson } from './program.ts';
import { atMost, type Bench, type Contest, needs, type Row } from './row.ts';
import { heavyCodexStore, heavyStore } from './stores.ts';

export const EVICTIONS = 10_000;
export const RAW_BYTES = 100 * 1024;

/** A copy of the store, and as many files, both made anew for each round. */
async function contestOf(
  bench: Bench,
  made: string,
  evict: (store: string) => Promise<Ran>,
): Promise<Contest> {
  const files = await heavyFiles(bench);
  const doomed = join(bench.scratch, 'files');
  const store = join(bench.scratch, 'store', 'store.db');
  return {
    reset: async () => {
      copyStore(bench, made);
      rmSync(doomed, { recursive: true, force: true });
      cpSync(files, doomed, { recursive: true });
      settle();
      warm(doomed, join(bench.scratch, 'store'));
    },
    subject: () => evict(store),
    baseline: async () => {
      const ran = await runCommand(bench, ['rm', '-r', doomed]);
      if (existsSync(doomed)) throw new Error('rm left files behind');
      return ran;
    },
  };
}

/** All sessions of the store go, by a sweep. */
function swept(bench: Bench, store: string): Promise<Ran> {
  const home = join(bench.scratch, 'no-home');
  mkdirSync(home, { recursive: true });
  return runJson({ bench, store, home }, ['sweep', '--yes', '--no-reclaim'], {
    schema: reportSchema,
    isRight: (report) => report.backstop_evicted.length === EVICTIONS && report.final_usage_bytes === 0,
  });
}

const evictions: Row = {
  name: 'evict-10k',
  what: 'sweep --yes --no-reclaim of 10,000 sessions of 100 KiB, wall / rm -r of as many files',
  unit: '×',
  target: atMost(0.5),
  unavailable: needs('rm'),
  prepare: async (bench) =>
    contestOf(bench, await heavyStore(bench.cache, EVICTIONS), (store) => swept(bench, store)),
};

const evictionsOfCodex: Row = {
  ...evictions,
  name: 'evict-10k-codex',
  what: 'the same of an agent that may write its transcripts anew: what each says is noted before it goes',
  target: null,
  roundsMax: 3,
  prepare: async (bench) =>
    contestOf(bench, await heavyCodexStore(bench.cache, EVICTIONS), (store) => swept(bench, store)),
};

const evictionsLeast: Row = {
  ...evictions,
  name: 'evict-10k-least',
  what: 'limit: a program of the same runtime that only writes an event, a mark and a tombstone for each and deletes the segments, without any trigger, wall / the same',
  target: null,
  prepare: async (bench) => {
    const least = await leastExecutable(bench.cache, 'least-evict');
    const contest = await contestOf(bench, await heavyStore(bench.cache, EVICTIONS), async (store) => {
      const ran = await runCommand(bench, [least, store]);
      if (ran.out.trim() !== `${EVICTIONS} 0`) throw new Error(`it left ${ran.out}`);
      return ran;
    });
    return {
      ...contest,
      reset: async () => {
        await contest.reset?.();
        withoutTriggers(join(bench.scratch, 'store', 'store.db'));
      },
    };
  },
};

function withoutTriggers(store: string): void {
  const db = new Database(store);
  const all = db.query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all();
  for (const { name } of all) db.run(`DROP TRIGGER "${name}"`);
  db.run('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close(true);
}

async function heavyFiles(bench: Bench): Promise<string> {
  return cached(bench.cache, `files-heavy-${EVICTIONS}`, '1', (box) => {
    const bytes = Buffer.alloc(RAW_BYTES, 'a line of a transcript\n');
    for (let i = 0; i < EVICTIONS; i += 1) {
      const folder = join(box, `project-${Math.floor(i / 100)}`);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `${i}.jsonl`), bytes);
    }
  });
}

export const evictRows: readonly Row[] = [evictions, evictionsOfCodex, evictionsLeast];
