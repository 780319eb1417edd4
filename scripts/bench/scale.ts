/**
 * A home of any size without the disk for it: made a slice at a time from recorded transcripts with new ids, ingested into one store,
 * deleted again. `--scale GIB` of the bench.
 * Promises: every slice is checked to have been stored and digested whole; what is compared is processor time, which a busy machine
 * leaves as it is; the first slices are made by the same recipe as the last.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { statusSchema } from '../../src/cli/schemas.ts';
import { median, type RowResult, type Unit } from './figures.ts';
import { type Home, sliceOfHome } from './homes.ts';
import { runJson } from './program.ts';
import { atMost, type Bench } from './row.ts';
import { NO_LIMITS, storedAll } from './rows-ingest.ts';

const SLICE_MIB = 420;
const MIB = 1024 ** 2;

interface Slice {
  readonly bytes: number;
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly peakBytes: number;
  readonly statusCpuMs: number;
}

/** Rows of a store that grows to `gib` of transcripts; `tell` hears of each slice. */
export async function measureScale(
  bench: Bench,
  gib: number,
  tell: (line: string) => void,
): Promise<RowResult[]> {
  const slices: Slice[] = [];
  let bytes = 0;
  for (let copy = 1; bytes < gib * 1024 * MIB; ) {
    const home = sliceOfHome(join(bench.scratch, 'home'), copy, SLICE_MIB);
    copy = home.nextCopy;
    bytes += home.bytes;
    const slice = await ingested(bench, home, bytes);
    slices.push(slice);
    rmSync(home.path, { recursive: true });
    tell(told(slice, bytes));
  }
  return rowsOf(slices, gib);
}

async function ingested(bench: Bench, home: Home, totalBytes: number): Promise<Slice> {
  mkdirSync(join(bench.scratch, 'store'), { recursive: true });
  const subject = { bench, home: home.path, store: join(bench.scratch, 'store', 'store.db') };
  const ran = await runJson(subject, ['ingest', ...NO_LIMITS], storedAll(home), { watchesMemory: true });
  const config = join(bench.scratch, 'config.toml');
  // Whatever would go next is added up by `status`; here nothing does, so that only the store grows.
  writeFileSync(
    config,
    'raw_max_age_days = "off"\nraw_soft_cap_bytes = "1TiB"\nraw_hard_cap_bytes = "1TiB"\n',
  );
  const status = await runJson(subject, ['status', '--config', config], {
    schema: statusSchema,
    isRight: ({ tier1 }) => tier1.raw_bytes === totalBytes,
  });
  const { cpuMs, wallMs, peakBytes } = ran;
  return { bytes: home.bytes, cpuMs, wallMs, peakBytes, statusCpuMs: status.cpuMs };
}

function told({ bytes, cpuMs, wallMs, peakBytes, statusCpuMs }: Slice, totalBytes: number): string {
  const rate = (ms: number) => `${(bytes / 1e6 / (ms / 1000)).toFixed(0)} MB/s`;
  return `${(totalBytes / 1024 / MIB).toFixed(1)} GiB: ${rate(cpuMs)} of CPU, ${rate(wallMs)} wall, peak ${(peakBytes / MIB).toFixed(0)} MiB, status ${statusCpuMs.toFixed(0)} ms of CPU`;
}

function rowsOf(slices: readonly Slice[], gib: number): RowResult[] {
  const third = Math.max(1, Math.floor(slices.length / 3));
  const grown = (of: (slice: Slice) => number) =>
    median(slices.slice(-third).map(of)) / median(slices.slice(0, third).map(of));
  const row = (name: string, what: string, unit: Unit, most: number, values: number[]): RowResult => ({
    name,
    what,
    unit,
    target: atMost(most),
    values,
    why: null,
    subject: null,
    baseline: null,
  });
  const of = `${gib} GiB in slices`;
  return [
    row('scale-ingest', `ingest with digests of ${of}: CPU a byte of the last third / the first`, '×', 1.15, [
      grown(({ cpuMs, bytes }) => cpuMs / bytes),
    ]),
    row('scale-memory', `the same, peak memory`, 'MiB', 256, [
      Math.max(...slices.map(({ peakBytes }) => peakBytes)) / MIB,
    ]),
    row('scale-status', `status after each slice: CPU of the last third / the first`, '×', 1.2, [
      grown(({ statusCpuMs }) => statusCpuMs),
    ]),
  ];
}
