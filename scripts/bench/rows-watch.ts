/** Row: the dashboard while an agent writes, with as many looks as an hour has, in a minute and a half. */
import { appendFileSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { statusSchema } from '../../src/cli/schemas.ts';
import { median } from './figures.ts';
import { transcriptLine, uuidOf } from './homes.ts';
import { runJson, runProgram, type Subject } from './program.ts';
import { atMost, type Bench, type Measured, type Row } from './row.ts';
import { Screen } from './terminal.ts';

/** The dashboard looks once a minute where nothing happens, and at most some twice a second where an agent writes. */
const WATCHED_MS = 90_000;
const APPEND_EVERY_MS = 250;
/** The last appends are taken within so long. */
const PATIENCE_MS = 60_000;
/** Between two readings a collector may have run or not: less is no growth. */
const NOISE_MIB = 16;

interface Reading {
  readonly atMs: number;
  readonly bytes: number;
}

export const watchRow: Row = {
  name: 'tui-memory-watch',
  what: `the dashboard over ${WATCHED_MS / 1000} s of appends: resident memory of the last third above the second`,
  unit: 'MiB',
  target: atMost(NOISE_MIB),
  roundsMax: 1,
  unavailable: () => (existsSync('/proc/self/status') ? null : 'no /proc here'),
  prepare: async (bench) => ({ subject: () => watched(bench) }),
};

async function watched(bench: Bench): Promise<Measured> {
  const home = join(bench.scratch, 'watched-home');
  const subject = { bench, home, store: join(bench.scratch, 'watched', 'store.db') };
  const id = uuidOf('watched');
  const folder = join(home, '.claude/projects/-home-me-project');
  const path = join(folder, `${id}.jsonl`);
  mkdirSync(folder, { recursive: true });
  appendFileSync(path, transcriptLine(id, 0));
  await runProgram(subject, ['ingest'], { env: LIVE });
  await using screen = new Screen(bench, [bench.binary, '--store', subject.store], { HOME: home });
  await screen.shows('Digests');
  const readings = await whileAppending(screen, path, id);
  await refuseUnlessTaken(subject, statSync(path).size);
  const value = (third(readings, 2) - third(readings, 1)) / 1024 ** 2;
  return { value, wallMs: WATCHED_MS, cpuMs: screen.cpuMs() };
}

/** Its clock must go on: the dashboard tells by it what is still being written. */
const LIVE = { SESSION_MEMORY_NOW: '' };

async function whileAppending(screen: Screen, path: string, id: string): Promise<Reading[]> {
  const readings: Reading[] = [];
  const began = performance.now();
  for (let i = 1; performance.now() - began < WATCHED_MS; i += 1) {
    appendFileSync(path, transcriptLine(id, i));
    await Bun.sleep(APPEND_EVERY_MS);
    readings.push({ atMs: performance.now() - began, bytes: screen.residentBytes() });
  }
  return readings;
}

/** Median of the thirds 0, 1 or 2 of the time, bytes. */
function third(readings: readonly Reading[], which: number): number {
  const part = WATCHED_MS / 3;
  return median(readings.filter(({ atMs }) => Math.floor(atMs / part) === which).map(({ bytes }) => bytes));
}

async function refuseUnlessTaken(subject: Subject, bytes: number): Promise<void> {
  const giveUpMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const { json } = await runJson(
      subject,
      ['status'],
      { schema: statusSchema, isRight: () => true },
      { env: LIVE },
    );
    if (json.tier1.raw_bytes === bytes) return;
    if (performance.now() > giveUpMs)
      throw new Error(`${json.tier1.raw_bytes} of ${bytes} appended bytes were taken`);
    await Bun.sleep(200);
  }
}
