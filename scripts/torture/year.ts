/**
 * A year without a look: every day agents write, go on and delete, their formats change, hooks and whole days are missed, the clock is
 * wrong, files may not grow, and runs are killed; only `maintain` and hooks run, and once a month the store is held to the laws.
 * Promises: the same seed, the same year, save for the moments of kills.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Box } from './box.ts';
import { idOf, pathOf, promptOf } from './kills-records.ts';
import type { Outcome, Part, Round } from './part.ts';
import { noiseOf, type Random, randomOf } from './random.ts';
import { brokenMonth, type SeenSession, untilQuiet } from './year-laws.ts';

const DAY_MS = 86_400_000;
const BEGIN_MS = Date.parse('2026-01-01T00:00:00.000Z');
/** As Claude Code does. */
const AGENT_KEEPS_DAYS = 30;
const MONTH_DAYS = 30;
const MAINTAIN = [
  'maintain',
  '--yes',
  '--no-data-loss',
  '--quiet',
  '--soft-cap',
  '300KiB',
  '--hard-cap',
  '600KiB',
];
/** Of a week; on the others nobody writes, and the schedule runs. */
const WORKING_DAYS = 5;
/** Days on which an agent comes with new records and fields. */
const UPGRADES = [100, 220];

export const year: Part = {
  name: 'year',
  about:
    'Lives through a year of agents that write, delete and change, of missed hooks, wrong clocks, disks that refuse and kills, and holds every month to the laws.',
  unavailable: async () => (process.platform === 'win32' ? 'Windows has no ulimit' : null),
  round: (asked) => liveDays(asked, 365),
};

/** Nothing here asks whether a disk keeps what it was told to: waiting for one would take as long as all the rest. */
const IN_MEMORY = '/dev/shm';
/** With less the program would take its disk for a full one. */
const ROOM_BYTES = 1024 ** 3;

function yearFolder(folder: string): string {
  if (!existsSync(IN_MEMORY)) return join(folder, 'year');
  const { bavail, bsize } = statfsSync(IN_MEMORY);
  return bavail * bsize < ROOM_BYTES
    ? join(folder, 'year')
    : mkdtempSync(join(IN_MEMORY, 'session-memory-year-'));
}

/** So many days; what broke a law is told with its month. */
export async function liveDays({ seed, folder, binary, log }: Round, days: number): Promise<Outcome> {
  const life = new Life(new Box(binary, yearFolder(folder)), randomOf(seed));
  try {
    return await lived(life, days, log);
  } finally {
    rmSync(life.box.folder, { recursive: true, force: true });
  }
}

async function lived(life: Life, days: number, log: Round['log']): Promise<Outcome> {
  const failures: string[] = [];
  let checks = 0;
  for (let day = 0; day < days && failures.length === 0; day += 1) {
    await life.day(day);
    if (day % MONTH_DAYS !== MONTH_DAYS - 1 && day !== days - 1) continue;
    // The month ends with a run that nothing disturbs.
    failures.push(...(await life.endOfMonth(day)));
    checks += 1;
  }
  log(`${days} days, ${life.sessions} sessions, ${life.runs} runs, ${life.harm} of them disturbed`);
  return { harm: life.harm, checks, failures };
}

class Life {
  readonly box: Box;
  readonly #random: Random;
  /** By their ids; `content` is what the agent has, null once it has deleted it. */
  readonly #seen = new Map<string, SeenSession>();
  /** CPU of undisturbed runs, milliseconds, by month. */
  readonly #cpuMs: number[][] = [];
  harm = 0;
  runs = 0;

  constructor(box: Box, random: Random) {
    this.box = box;
    this.#random = random;
  }

  get sessions(): number {
    return this.#seen.size;
  }

  async day(day: number): Promise<void> {
    this.#setClock(day);
    this.#delete(day);
    if (day % 7 < WORKING_DAYS) await this.#work(day);
    // The machine is off on some days.
    if (this.#random.below(10) > 0) await this.#maintain();
  }

  /** Sessions that begin, and one that goes on; their agents call their hooks at the same time. */
  async #work(day: number): Promise<void> {
    const begun = Array.from({ length: this.#random.below(3) }, () => this.#born(day));
    const open = [...this.#seen.values()].filter(
      ({ bornDay, content }) => content !== null && bornDay > day - 4 && bornDay < day,
    );
    const written = open.length > 0 ? [...begun, this.#random.pick(open)] : begun;
    await Promise.all(written.map((session) => this.#goOn(day, session)));
  }

  async endOfMonth(day: number): Promise<string[]> {
    this.#setClock(day);
    // One that no hook has told of: this run alone stores and digests it.
    this.#append(day, this.#born(day));
    const { code, err, cpuMs } = await this.#run(MAINTAIN);
    const month = Math.floor(day / MONTH_DAYS);
    this.#cpuMs[month] = [...(this.#cpuMs[month] ?? []), cpuMs];
    await untilQuiet(this.box.store);
    if (code === 0) this.#noteSeen();
    const broken = code === 0 ? brokenMonth(this.box.store, this.#seen.values(), this.#cpuMs) : [];
    return [...(code === 0 ? [] : [`the last run exited ${code}: ${err}`]), ...broken].map(
      (text) => `day ${day}: ${text}`,
    );
  }

  #setClock(day: number): void {
    const now = new Date(BEGIN_MS + day * DAY_MS + DAY_MS / 2).toISOString();
    this.box.env = { SESSION_MEMORY_NOW: now };
  }

  #born(day: number): SeenSession {
    const session = { id: idOf(this.#seen.size + 1), bornDay: day, content: '', seen: null };
    this.#seen.set(session.id, session);
    return session;
  }

  /** A few lines more, and mostly a hook. */
  async #goOn(day: number, session: SeenSession): Promise<void> {
    const path = this.#append(day, session);
    if (this.#random.below(10) < 3) return;
    this.box.input = JSON.stringify({ transcript_path: path, hook_event_name: 'SessionEnd', cwd: '/' });
    const called = this.#run(['hook', 'claude-code']);
    this.box.input = null;
    await called;
  }

  #append(day: number, session: SeenSession): string {
    const at = new Date(BEGIN_MS + day * DAY_MS + this.#random.below(40_000) * 1000).toISOString();
    const text = noiseOf(`${session.id} ${day} ${session.content?.length}`, 500 + this.#random.below(20_000));
    const line = this.#inForm(day, promptOf(session.id, text, at));
    session.content = `${session.content ?? ''}${line}`;
    return this.box.put(pathOf(session.id), line, 'a');
  }

  /** A newer agent writes more fields, in another order, and records that nobody knows. */
  #inForm(day: number, line: string): string {
    const level = UPGRADES.filter((upgrade) => day >= upgrade).length;
    if (level === 0) return line;
    const fields = Object.entries(JSON.parse(line)).reverse();
    const newer = JSON.stringify({
      ...Object.fromEntries(fields),
      version: `${level + 2}.0.0`,
      entrypoint: 'cli',
    });
    return `${newer}\n${level > 1 ? `{"type":"weather-report","day":${day}}\n` : ''}`;
  }

  #delete(day: number): void {
    for (const session of this.#seen.values()) {
      if (session.content === null || session.bornDay > day - AGENT_KEEPS_DAYS) continue;
      rmSync(join(this.box.home, pathOf(session.id)), { force: true });
      session.content = null;
    }
  }

  async #maintain(): Promise<void> {
    const kind = this.#random.below(20);
    if (kind === 0) {
      // A clock that was reset, or runs far ahead.
      const wrong = this.#random.pick(['1999-12-31T00:00:00.000Z', '2031-06-01T00:00:00.000Z']);
      this.box.env = { ...this.box.env, SESSION_MEMORY_NOW: wrong };
      this.harm += 1;
      await this.#run(MAINTAIN);
      return;
    }
    if (kind === 1) {
      this.harm += 1;
      await this.box.run(MAINTAIN, { afterMs: this.#random.below(80) });
      return;
    }
    if (kind === 2) return this.#maintainWithoutRoom();
    const { code } = await this.#run(MAINTAIN);
    if (code === 0) this.#noteSeen();
  }

  /** No file may grow, as on a disk that is full: the run may fail, and nothing may be lost by it. */
  async #maintainWithoutRoom(): Promise<void> {
    this.harm += 1;
    this.runs += 1;
    const kib = existsSync(this.box.store) ? Math.ceil(statSync(this.box.store).size / 1024) : 1;
    const script = join(dirname(this.box.store), '..', 'short.sh');
    writeFileSync(script, `ulimit -f ${kib}\ntrap '' XFSZ\nexec "$@"\n`);
    const child = Bun.spawn(['bash', script, this.box.binary, '--store', this.box.store, ...MAINTAIN], {
      env: { PATH: Bun.env['PATH'] ?? '', HOME: this.box.home, ...this.box.env },
      stdin: 'ignore',
      stdout: 'ignore',
      stderr: 'ignore',
    });
    await child.exited;
  }

  async #run(args: readonly string[]) {
    this.runs += 1;
    return this.box.measured(args);
  }

  /** What a whole run has met is stored, or evicted with its digest, for good. */
  #noteSeen(): void {
    for (const session of this.#seen.values())
      if (session.content !== null)
        session.seen = readFileSync(join(this.box.home, pathOf(session.id)), 'utf8');
  }
}
