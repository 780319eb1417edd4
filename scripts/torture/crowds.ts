/**
 * Eight processes on one store, each over and over again, while agents go on writing.
 * Promises: every answer of every process is held against what the agents wrote; at the end every session is whole, or gone
 * behind a digest of all of it.
 */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Outcome, Part, Round } from './part.ts';
import { noiseOf, type Random, randomOf } from './random.ts';
import { factsOf } from './simulator-facts.ts';

/** A worker that gets nothing done for so long starves. */
export const STARVES_MS = 5_000;
/** The log of a store that everybody reads and writes; SQLite alone would start it anew at 4 MiB. */
const WAL_BYTES_MAX = 64 * 1024 ** 2;
const SESSIONS = 24;
const ROUND_MS = 20_000;

export const crowds: Part = {
  name: 'crowds',
  about:
    'Eight processes at once on one store (ingest, analyze, list, show, restore, sweep, the dashboard) while agents write: nothing lost, nobody starves.',
  unavailable: async () => null,
  round: async (round) => {
    const { outcome, runs } = await crowd(round, ROUND_MS, STARVES_MS);
    round.log(JSON.stringify(runs));
    return outcome;
  },
};

interface Crowd {
  readonly binary: string;
  readonly home: string;
  readonly store: string;
  readonly random: Random;
  readonly failures: string[];
  /** Whether it goes on. */
  readonly goesOn: () => boolean;
  /** Runs by worker. */
  readonly runs: Record<string, number>;
  readonly starvesMs: number;
  checks: number;
  walBytes: number;
}

/** `starvesMs`: how long a worker may take from one end to the next. */
export async function crowd(
  { binary, folder, seed }: Pick<Round, 'binary' | 'folder' | 'seed'>,
  lengthMs: number,
  starvesMs: number,
): Promise<{ outcome: Outcome; runs: Readonly<Record<string, number>> }> {
  const until = performance.now() + lengthMs;
  const all: Crowd = {
    binary,
    home: join(folder, 'home'),
    store: join(folder, 'data', 's.db'),
    starvesMs,
    random: randomOf(seed),
    failures: [],
    runs: {},
    checks: 0,
    walBytes: 0,
    goesOn: () => performance.now() < until && all.failures.length === 0,
  };
  for (let n = 0; n < SESSIONS; n += 1) append(all, n);
  await run(all, 'ingest', ['ingest']);
  await using _dashboard = dashboard(all);
  await Promise.all([
    again(all, 'ingest', () => run(all, 'ingest', ['ingest', '--no-analyze'], [0])),
    again(all, 'ingest --full', () => run(all, 'ingest', ['ingest', '--full'], [0])),
    again(all, 'analyze', () => run(all, 'analyze', ['analyze'], [0])),
    again(all, 'list', () => list(all)),
    again(all, 'show', () => show(all)),
    again(all, 'restore', () => restore(all)),
    again(all, 'sweep', () => sweep(all)),
    writing(all),
  ]);
  await settle(all);
  const runs = Object.values(all.runs).reduce((sum, n) => sum + n, 0);
  return { outcome: { harm: runs, checks: all.checks, failures: all.failures }, runs: all.runs };
}

const idOf = (n: number) => `c0000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const uidOf = (n: number) => `claude-code:${idOf(n)}`;

function pathOf({ home }: Crowd, n: number): string {
  return join(home, '.claude/projects/-p', `${idOf(n)}.jsonl`);
}

/** An agent writes one more line. */
function append(all: Crowd, n: number): void {
  const text = noiseOf(`${n} ${all.random.below(2 ** 31)}`, 200 + all.random.below(20_000));
  const record = { type: 'user', sessionId: idOf(n), cwd: '/p', version: '2.1.0', uuid: text.slice(0, 20) };
  const timestamp = new Date().toISOString();
  mkdirSync(dirname(pathOf(all, n)), { recursive: true });
  appendFileSync(
    pathOf(all, n),
    `${JSON.stringify({ ...record, timestamp, message: { role: 'user', content: text } })}\n`,
  );
}

/** Agents go on as fast as the others answer, and the log is looked at. */
async function writing(all: Crowd): Promise<void> {
  while (all.goesOn()) {
    append(all, all.random.below(SESSIONS));
    all.walBytes = Math.max(all.walBytes, statSync(`${all.store}-wal`, { throwIfNoEntry: false })?.size ?? 0);
    await Bun.sleep(20);
  }
  if (all.walBytes > WAL_BYTES_MAX) all.failures.push(`the log grew to ${all.walBytes} bytes`);
}

/** The same over and over; each time that it took too long is a failure. */
async function again(all: Crowd, name: string, work: () => Promise<void>): Promise<void> {
  while (all.goesOn()) {
    const began = performance.now();
    await work();
    all.runs[name] = (all.runs[name] ?? 0) + 1;
    const tookMs = performance.now() - began;
    if (tookMs > all.starvesMs) all.failures.push(`${name} took ${Math.round(tookMs)} ms`);
  }
}

interface Ran {
  readonly code: number;
  readonly bytes: Buffer;
  readonly err: string;
}

async function start(all: Crowd, args: readonly string[]): Promise<Ran> {
  const child = Bun.spawn([all.binary, '--store', all.store, ...args], {
    env: { PATH: Bun.env['PATH'] ?? '', HOME: all.home, LANG: 'C.UTF-8' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [bytes, err, code] = await Promise.all([
    new Response(child.stdout).bytes(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, bytes: Buffer.from(bytes), err };
}

/** Runs it; an exit that is not among `codes`, and every word of locks, is a failure. */
async function run(all: Crowd, name: string, args: readonly string[], codes = [0]): Promise<void> {
  judge(all, name, await start(all, args), codes);
}

function judge(all: Crowd, name: string, { code, bytes, err }: Ran, codes: readonly number[]): void {
  all.checks += 1;
  if (!codes.includes(code)) all.failures.push(`${name} exits ${code}: ${err}`);
  const said = name === 'show' ? err : `${err}${bytes}`;
  if (/SQLITE|database is locked|keeps the store locked|unexpected|invariant/.test(said))
    all.failures.push(`${name} says: ${said}`);
}

async function list(all: Crowd): Promise<void> {
  const ran = await start(all, ['list', '--json']);
  judge(all, 'list', ran, [0]);
  const { sessions } = JSON.parse(ran.bytes.toString()) as { sessions: readonly unknown[] };
  if (sessions.length !== SESSIONS) all.failures.push(`list has ${sessions.length} sessions`);
}

/** What is shown is how a transcript begins, to the byte; what is evicted says so. */
async function show(all: Crowd): Promise<void> {
  const n = all.random.below(SESSIONS);
  const ran = await start(all, ['show', uidOf(n), '--raw']);
  judge(all, 'show', ran, [0, 1]);
  if (ran.code === 1 && !/evicted|while it was read/.test(ran.err))
    all.failures.push(`show says: ${ran.err}`);
  if (ran.code === 0) begins(all, 'show', n, ran.bytes);
}

async function restore(all: Crowd): Promise<void> {
  const n = all.random.below(SESSIONS);
  const to = join(dirname(all.home), 'to');
  const ran = await start(all, ['restore', uidOf(n), '--to', to, '--version', 'present']);
  judge(all, 'restore', ran, [0, 1]);
  if (ran.code === 1 && !/evicted|while it was read/.test(ran.err))
    all.failures.push(`restore says: ${ran.err}`);
  const path = join(to, 'projects/-p', `${idOf(n)}.jsonl`);
  if (ran.code === 0) begins(all, 'restore', n, readFileSync(path));
  rmSync(to, { recursive: true, force: true });
}

function begins(all: Crowd, what: string, n: number, bytes: Buffer): void {
  all.checks += 1;
  const whole = readFileSync(pathOf(all, n));
  if (bytes.length === 0 || !whole.subarray(0, bytes.length).equals(bytes))
    all.failures.push(`${what} gives wrong bytes of ${uidOf(n)}`);
}

/** Down to half of what is there; nothing may be lost. */
async function sweep(all: Crowd): Promise<void> {
  const status = await start(all, ['status', '--json']);
  judge(all, 'status', status, [0]);
  const { tier1 } = JSON.parse(status.bytes.toString()) as { tier1: { used_bytes: number } };
  const cap = String(Math.floor(tier1.used_bytes / 2));
  const caps = ['--soft-cap', cap, '--hard-cap', cap, '--max-age-days', 'off'];
  await run(all, 'sweep', ['sweep', '--yes', '--no-data-loss', ...caps], [0, 4]);
}

/** Somebody watches all the time. */
function dashboard(all: Crowd): AsyncDisposable {
  let raw = '';
  const child = Bun.spawn([all.binary, '--store', all.store], {
    env: {
      PATH: Bun.env['PATH'] ?? '',
      HOME: all.home,
      LANG: 'C.UTF-8',
      TERM: 'xterm-256color',
      CI: 'false',
    },
    terminal: {
      cols: 100,
      rows: 30,
      data: (_terminal, data) => {
        raw += Buffer.from(data).toString('latin1');
      },
    },
  });
  return {
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null) all.failures.push(`the dashboard ended with ${child.exitCode}`);
      child.kill('SIGTERM');
      const code = await child.exited;
      // 143: what the system says of who ends on SIGTERM.
      if (![0, 143].includes(code)) all.failures.push(`the dashboard exits ${code}`);
      if (/SQLITE|database is locked|unexpected/.test(raw)) all.failures.push('the dashboard shows a lock');
    },
  };
}

/** When it is quiet again, everything is taken in once more, and everything is there. */
async function settle(all: Crowd): Promise<void> {
  await run(all, 'ingest', ['ingest']);
  await run(all, 'verify', ['verify']);
  for (const [uid, fact] of factsOf(all.store)) {
    all.checks += 1;
    const n = Number(uid.slice(-12));
    const isWhole = fact.version?.equals(readFileSync(pathOf(all, n))) === true;
    const isCovered = fact.evictedAt !== null && fact.digests.includes(fact.generation);
    if (!isWhole && !isCovered) all.failures.push(`${uid} is neither whole nor gone behind a digest`);
  }
  const left = existsSync(all.store) ? readdirSync(dirname(all.store)) : [];
  const odd = left.filter((name) => !/^s\.db(?:-wal|-shm|\.reserve|\.sweep-lock)?$/.test(name));
  if (odd.length > 0) all.failures.push(`left behind: ${odd.join(', ')}`);
}
