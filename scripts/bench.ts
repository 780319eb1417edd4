/**
 * `bun run bench [NAME…] [--quick] [--growth] [--scale GIB] [--json FILE] [--compare FILE] [--docs]`: how fast and small the program is.
 * Promises: both sides of a ratio are measured in the same run, in turns; a result is checked before its time counts; a row
 * that cannot be measured says why and is no success; exit 1 with --compare where something became worse, or a row failed.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeDocs } from './bench/docs.ts';
import { type BenchResult, benchResultSchema, median, type RowResult, worseThan } from './bench/figures.ts';
import { GROWTHS, measureGrowth } from './bench/growth.ts';
import type { Bench, Measured, Row } from './bench/row.ts';
import { evictRows } from './bench/rows-evict.ts';
import { hookRow } from './bench/rows-hook.ts';
import { ingestRows } from './bench/rows-ingest.ts';
import { sizeRows } from './bench/rows-size.ts';
import { storeRows } from './bench/rows-store.ts';
import { tuiRows } from './bench/rows-tui.ts';
import { watchRow } from './bench/rows-watch.ts';
import { measureScale } from './bench/scale.ts';
import { growthLines, rowLine, rowsHead } from './bench/table.ts';
import { buildInfo } from './build.ts';

const ROOT = join(import.meta.dir, '..');
const CACHE = join(ROOT, 'dist/bench');
const BINARY = join(ROOT, 'dist/session-memory');
const ROUNDS = 5;
const ROUNDS_QUICK = 3;

export const ROWS: readonly Row[] = [
  ...ingestRows,
  ...storeRows,
  ...evictRows,
  hookRow,
  ...tuiRows,
  watchRow,
  ...sizeRows,
];

/** Rounds of both sides in turns, the one that begins changing each time. */
async function measureRow(row: Row, bench: Bench, rounds: number): Promise<RowResult> {
  const { name, what, unit, target } = row;
  const none = { name, what, unit, target, values: [], subject: null, baseline: null };
  const why = row.unavailable(bench);
  if (why !== null) return { ...none, why: `not measured: ${why}` };
  const contest = await row.prepare(bench);
  const subjects: Measured[] = [];
  const baselines: Measured[] = [];
  for (let round = 0; round < Math.min(rounds, row.roundsMax ?? rounds); round += 1) {
    await contest.reset?.();
    const baseline = contest.baseline;
    if (baseline !== undefined && round % 2 === 1) baselines.push(await baseline());
    subjects.push(await contest.subject());
    if (baseline !== undefined && round % 2 === 0) baselines.push(await baseline());
  }
  const values = subjects.map(({ value }, i) => value / (baselines[i]?.value ?? 1));
  return { ...none, values, why: null, subject: absoluteOf(subjects), baseline: absoluteOf(baselines) };
}

function absoluteOf(all: readonly Measured[]): RowResult['subject'] {
  if (all.length === 0) return null;
  return { wallMs: median(all.map(({ wallMs }) => wallMs)), cpuMs: median(all.map(({ cpuMs }) => cpuMs)) };
}

/** The same in a folder of its own; what goes wrong is the row's result. */
async function measured(row: Row, rounds: number): Promise<RowResult> {
  mkdirSync(CACHE, { recursive: true });
  const scratch = mkdtempSync(join(CACHE, '.scratch-'));
  try {
    return await measureRow(row, { binary: BINARY, cache: CACHE, scratch }, rounds);
  } catch (thrown) {
    const { name, what, unit, target } = row;
    const why = `FAILED: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
    return { name, what, unit, target, values: [], subject: null, baseline: null, why };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function scaled(gib: number): Promise<RowResult[]> {
  mkdirSync(CACHE, { recursive: true });
  const scratch = mkdtempSync(join(CACHE, '.scratch-'));
  try {
    const rows = await measureScale({ binary: BINARY, cache: CACHE, scratch }, gib, console.log);
    for (const row of rows) console.log(rowLine(row));
    return rows;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function chosenRows(names: readonly string[]): readonly Row[] {
  const known = new Set([...ROWS, ...GROWTHS].map(({ name }) => name));
  for (const name of names) {
    if (!known.has(name)) throw new Error(`no row ${name}; there are: ${[...known].join(', ')}`);
  }
  return names.length === 0 ? ROWS : ROWS.filter(({ name }) => names.includes(name));
}

function options() {
  return parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      growth: { type: 'boolean', default: false },
      json: { type: 'string' },
      compare: { type: 'string' },
      docs: { type: 'boolean', default: false },
      scale: { type: 'string' },
      'growth-max': { type: 'string', default: '1000000' },
      help: { type: 'boolean', default: false },
    },
  });
}

function printHelp(): void {
  console.log(`bun run bench [NAME…] [FLAGS]

  --quick         three rounds instead of five
  --growth        also how times grow with the number of sessions
  --scale GIB     also a store that grows to so many GiB of transcripts, made and deleted in slices
  --growth-max N  up to so many sessions (default 1000000)
  --json FILE     write what was measured
  --compare FILE  exit 1 where a row is worse than in this file
  --docs          put the tables into docs/performance.md

What is made for it (some 15 GB) is kept in dist/bench; remove that folder to have it back.
`);
  for (const { name, what } of [...ROWS, ...GROWTHS]) console.log(`  ${name.padEnd(22)}${what}`);
}

async function main(): Promise<boolean> {
  const { values, positionals } = options();
  if (values.help) {
    printHelp();
    return true;
  }
  if (!existsSync(BINARY)) throw new Error('nothing to measure: run ./scripts/build first');
  const chosen = chosenRows(positionals);
  const before = loadavg()[0] ?? 0;
  const { commit } = await buildInfo();
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, ${process.platform}-${process.arch}`;
  console.log(`${machine}; commit ${commit}; load ${before.toFixed(1)}\n\n${rowsHead()}`);
  const rows: RowResult[] = [];
  for (const row of chosen) {
    const result = await measured(row, values.quick ? ROUNDS_QUICK : ROUNDS);
    rows.push(result);
    console.log(rowLine(result));
  }
  if (values.scale !== undefined) rows.push(...(await scaled(Number(values.scale))));
  const wanted = GROWTHS.filter(({ name }) => values.growth || positionals.includes(name));
  const growth = await measureGrowth(
    wanted,
    { binary: BINARY, cache: CACHE },
    {
      sessionsMax: Number(values['growth-max']),
      rounds: values.quick ? ROUNDS_QUICK : ROUNDS,
    },
  );
  console.log(growthLines(growth).join('\n'));
  const load: [number, number] = [before, loadavg()[0] ?? 0];
  console.log(`\nload ${load[0].toFixed(1)} before, ${load[1].toFixed(1)} after`);
  const at = new Date().toISOString();
  const result: BenchResult = { version: 1, at, commit, machine, quick: values.quick, load, rows, growth };
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
  if (values.docs) writeDocs(join(ROOT, 'docs/performance.md'), result);
  return isGood(result, values.compare);
}

function isGood(result: BenchResult, comparedTo: string | undefined): boolean {
  const failed = [...result.rows, ...result.growth].filter(({ why }) => why?.startsWith('FAILED') === true);
  if (comparedTo === undefined) return failed.length === 0;
  const before = benchResultSchema.parse(JSON.parse(readFileSync(comparedTo, 'utf8')));
  const worse = worseThan(before, result);
  for (const sentence of worse) console.log(`worse than before: ${sentence}`);
  if (worse.length === 0) console.log(`nothing is worse than at ${before.commit}`);
  return failed.length === 0 && worse.length === 0;
}

if (import.meta.main) process.exit((await main()) ? 0 : 1);
