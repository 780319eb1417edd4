/**
 * `bun run torture [PART…] [--minutes N] [--rounds N] [--seed S]`: harms the program for as long as one likes.
 * Promises: everything random follows from the seed that is printed; each failure comes with the command that repeats it; the
 * last lines are figures; exit 1 where anything failed or where a part did no harm at all.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { tortureBinary } from './torture/binary.ts';
import type { Part } from './torture/part.ts';

/** Each stands in `torture/<name>.ts` and exports a `Part`. */
const NAMES = [
  'kills',
  'full-disk',
  'crowds',
  'simulator',
  'rot',
  'hostile',
  'import',
  'open-screens',
  'restore',
  'year',
  'remote',
];
const FAILURES_MAX = 5;

export interface Figures {
  readonly part: string;
  rounds: number;
  harm: number;
  checks: number;
  failures: number;
  seconds: number;
}

interface Options {
  /** Each part gets as much. */
  readonly minutes: number;
  /** At most so many of each part; null: as many as there is time for. */
  readonly rounds: number | null;
  readonly seed: number;
}

async function loadParts(wanted: readonly string[]): Promise<Part[]> {
  const parts: Part[] = [];
  for (const name of wanted.length === 0 ? NAMES : wanted) {
    const path = join(import.meta.dir, 'torture', `${name}.ts`);
    if (!NAMES.includes(name)) throw new Error(`no part ${name}; there are: ${NAMES.join(', ')}`);
    const loaded: Record<string, unknown> = await import(path);
    const part = Object.values(loaded).find((value) => isPart(value) && value.name === name);
    if (!isPart(part)) throw new Error(`${path} exports no part`);
    parts.push(part);
  }
  return parts;
}

function isPart(value: unknown): value is Part {
  return (
    typeof value === 'object' &&
    value !== null &&
    'round' in value &&
    'unavailable' in value &&
    'name' in value
  );
}

/** Rounds of one part until the time is over, each with the next seed. */
async function torture(part: Part, binary: string, options: Options): Promise<Figures> {
  const figures: Figures = { part: part.name, rounds: 0, harm: 0, checks: 0, failures: 0, seconds: 0 };
  const began = performance.now();
  const isOver = () =>
    options.rounds === null
      ? performance.now() - began > options.minutes * 60_000
      : figures.rounds >= options.rounds;
  while (!isOver() && figures.failures < FAILURES_MAX) {
    const seed = options.seed + figures.rounds;
    const folder = mkdtempSync(join(tmpdir(), `session-memory-${part.name}-`));
    const log = (text: string) => console.error(`${part.name} ${seed}: ${text}`);
    const failures = await roundOf(part, { seed, binary, folder, log }, figures);
    figures.rounds += 1;
    figures.failures += failures.length;
    for (const text of failures) {
      console.log(`\nFAILED ${part.name}: ${text}`);
      console.log(`  again: bun run torture ${part.name} --rounds 1 --seed ${seed}   (left in ${folder})`);
    }
    if (failures.length === 0) rmSync(folder, { recursive: true, force: true });
  }
  figures.seconds = (performance.now() - began) / 1000;
  return figures;
}

async function roundOf(
  part: Part,
  round: Parameters<Part['round']>[0],
  figures: Figures,
): Promise<readonly string[]> {
  try {
    const outcome = await part.round(round);
    figures.harm += outcome.harm;
    figures.checks += outcome.checks;
    return outcome.failures;
  } catch (thrown) {
    return [thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)];
  }
}

function printTable(all: readonly Figures[]): void {
  console.log(
    `\n${'part'.padEnd(16)}${['rounds', 'harm', 'checks', 'failures', 'seconds'].map((name) => name.padStart(10)).join('')}`,
  );
  for (const { part, rounds, harm, checks, failures, seconds } of all) {
    const columns = [rounds, harm, checks, failures, Math.round(seconds)];
    console.log(`${part.padEnd(16)}${columns.map((figure) => String(figure).padStart(10)).join('')}`);
  }
}

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: {
      minutes: { type: 'string', default: '1' },
      rounds: { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const parts = await loadParts(positionals);
  if (values.help) {
    console.log('bun run torture [PART…] [--minutes N] [--rounds N] [--seed S]\n');
    for (const { name, about } of parts) console.log(`  ${name.padEnd(16)}${about}`);
    return true;
  }
  const options: Options = {
    minutes: Number(values.minutes),
    rounds: values.rounds === undefined ? null : Number(values.rounds),
    seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed),
  };
  console.log(`seed ${options.seed}`);
  const binary = await tortureBinary();
  const all: Figures[] = [];
  let isGood = true;
  for (const part of parts) {
    const why = await part.unavailable();
    if (why !== null) {
      console.log(`${part.name}: skipped, ${why}`);
      continue;
    }
    const figures = await torture(part, binary, options);
    all.push(figures);
    if (figures.failures > 0) isGood = false;
    if (figures.harm === 0) {
      console.log(`FAILED ${part.name}: it did no harm, so it proves nothing`);
      isGood = false;
    }
  }
  printTable(all);
  return isGood;
}

if (import.meta.main) process.exit((await main()) ? 0 : 1);
