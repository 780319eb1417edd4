/**
 * What a bucket costs with so many machines, counted: `bun scripts/remote-cost.ts [MACHINES…]`. A month of hourly looks, ten commits of each
 * machine a day at times by chance, with the program's own choice of what is read (`src/remote/plan.ts`); what one commit takes was
 * measured on the recorded sessions.
 * Promises: the same numbers for the same seed.
 */
import { inTurn, LOGS_PER_LOOK, movedHeads } from '../src/remote/plan.ts';
import { type Random, randomOf } from './torture/random.ts';

const HOURS = 30 * 24;
const COMMITS_A_DAY = 10;
/** Names in one answer to a list. */
const PAGE = 1000;
/** A million sessions, on all machines together, of half a megabyte. */
const SESSIONS = 1_000_000;
const RAW_BYTES = 500_000;
/** Of raw bytes, as packs take them; and of one session's rows and digest, sealed: 104 recorded sessions took 133 KB, three of them 3.2 KB. */
const PACKED_PART = 5.2 / 49.5;
const RECORDS_BYTES = 1_300;
const COMMIT_BYTES = 480;
const SESSIONS_A_COMMIT = 3;

/** Dollars for a thousand requests, a GB and month stored, a GB out: Amazon's, and R2's. */
const PRICES = {
  S3: { put: 0.005, get: 0.0004, gb: 0.023, out: 0.09 },
  R2: { put: 0.0045, get: 0.00036, gb: 0.015, out: 0 },
} as const;

interface Count {
  lists: number;
  gets: number;
  puts: number;
  readBytes: number;
}

interface Machine {
  commits: number;
  /** Of each other one: its head as it was read, and how many commits. */
  readonly heads: Map<string, string>;
  readonly read: Map<string, number>;
}

/** `most`: logs that a look reads. */
export function aMonth(count: number, most: number, random: Random): Count {
  const machines = new Map<string, Machine>(
    Array.from({ length: count }, (_, i) => [`m${i}`, { commits: 0, heads: new Map(), read: new Map() }]),
  );
  const counted: Count = { lists: 0, gets: 0, puts: 0, readBytes: 0 };
  for (let hour = 0; hour < HOURS; hour += 1)
    for (const [name, machine] of machines) look(name, machine, machines, most, random, counted);
  return counted;
}

function look(
  name: string,
  machine: Machine,
  machines: ReadonlyMap<string, Machine>,
  most: number,
  random: Random,
  counted: Count,
): void {
  const heads = new Map(
    [...machines].flatMap(([other, { commits }]) => (commits === 0 ? [] : [[other, `${commits}`]])),
  );
  counted.lists += Math.max(1, Math.ceil(heads.size / PAGE));
  for (const other of inTurn(movedHeads(heads, machine.heads, name), most, (below) => random.below(below))) {
    const there = machines.get(other)?.commits ?? 0;
    const fresh = there - (machine.read.get(other) ?? 0);
    counted.lists += 1;
    // The commit, and the pack of rows that it names.
    counted.gets += 2 * fresh;
    counted.readBytes += fresh * (COMMIT_BYTES + SESSIONS_A_COMMIT * RECORDS_BYTES);
    machine.read.set(other, there);
    machine.heads.set(other, `${there}`);
  }
  if (random.below(24) >= COMMITS_A_DAY) return;
  machine.commits += 1;
  // Two packs, each read back, the commit and the head.
  counted.puts += 4;
  counted.gets += 2;
}

const inGb = (bytes: number) => bytes / 1e9;
const amount = (count: number) => (count >= 10_000 ? `${(count / 1e6).toFixed(2)} M` : String(count));

function dollars(
  { lists, gets, puts, readBytes }: Count,
  price: (typeof PRICES)[keyof typeof PRICES],
): string {
  const requests = ((lists + puts) * price.put + gets * price.get) / 1000;
  return `${(requests + inGb(readBytes) * price.out).toFixed(2)} $`;
}

function row(count: number): string {
  const all = aMonth(count, Number.MAX_SAFE_INTEGER, randomOf(1));
  const turns = aMonth(count, LOGS_PER_LOOK, randomOf(1));
  return [
    count,
    ...[turns.lists, turns.gets, turns.puts].map(amount),
    `${inGb(turns.readBytes).toFixed(2)} GB`,
    ...[dollars(turns, PRICES.S3), dollars(turns, PRICES.R2)],
    amount(all.lists),
    dollars(all, PRICES.S3),
  ].join(' | ');
}

if (import.meta.main) {
  const counts = process.argv.slice(2).map(Number);
  console.log('machines | lists | gets | puts | read | S3 | R2 | lists, all at once | S3');
  for (const count of counts.length === 0 ? [1, 2, 10, 20, 50, 100] : counts) console.log(row(count));
  const packed = SESSIONS * RAW_BYTES * PACKED_PART;
  const records = SESSIONS * RECORDS_BYTES;
  console.log(
    `${amount(SESSIONS)} sessions: ${inGb(packed).toFixed(0)} GB in ${amount(Math.ceil((SESSIONS * RAW_BYTES) / (16 * 1024 * 1024)))} packs, ${inGb(records).toFixed(1)} GB of rows and digests; ${(inGb(packed + records) * PRICES.S3.gb).toFixed(2)} $ a month at S3, ${(inGb(packed + records) * PRICES.R2.gb).toFixed(2)} $ at R2; a first sync of all digests ${(inGb(records) * PRICES.S3.out).toFixed(2)} $ and ${amount(Math.ceil(SESSIONS / 500) * 2)} gets for a machine.`,
  );
}
