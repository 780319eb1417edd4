/** Journeys that are cut short: in the middle of a pass, of an analysis, at each stage, by every way a terminal can go. */
import { Database } from 'bun:sqlite';
import { afterAll, describe, expect } from 'bun:test';
import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { claudePath, promptLine } from '../../support/bench-world.ts';
import { filled } from '../../support/filled.ts';
import { journey } from '../../support/journeys.ts';
import { Program } from '../../support/program.ts';
import { Pty } from '../../support/pty.ts';

/** Everything that is analyzed goes, by the budget; nothing is lost. */
const ALL = ['sweep', '--soft-cap', '0', '--hard-cap', '1GiB', '--max-age-days', 'off'];
/** Thirty batches: the pass must not be over while this process waits for its turn on a busy machine. */
const MANY = 3000;

let model: Program | null = null;

/** The store of many sessions is made once; each journey has a copy. */
async function many(): Promise<Program> {
  model ??= await manyStored();
  const program = new Program();
  program.env = model.env;
  cpSync(dirname(model.store), dirname(program.store), { recursive: true });
  return program;
}

async function manyStored(): Promise<Program> {
  const program = new Program();
  program.env = { SESSION_MEMORY_NOW: '2026-06-01T00:00:00.000Z' };
  for (let n = 0; n < MANY; n += 1) {
    const id = `6000${String(n).padStart(4, '0')}-0000-4000-8000-000000000000`;
    program.put(claudePath(id), promptLine(id, `words of ${n}`));
  }
  expect((await program.run('ingest')).code).toBe(0);
  return program;
}

afterAll(() => model?.[Symbol.dispose]());

function evictedIn(db: Database): number {
  return (
    db.query<{ n: number }, []>('SELECT count(*) AS n FROM sessions WHERE evicted_at IS NOT NULL').get()?.n ??
    0
  );
}

/** Told by an empty log at once, where counting sessions would take as long as a batch. */
function hasBegun(db: Database): boolean {
  return db.query(`SELECT 1 FROM events WHERE kind = 'evicted' LIMIT 1`).get() !== null;
}

/** Holds the store's write lock from the moment that some sessions, and not all, are evicted. */
async function heldInTheMiddle(program: Program, start: () => void): Promise<Database> {
  const db = new Database(program.store, { readwrite: true });
  db.run('PRAGMA busy_timeout = 0');
  start();
  while (!hasBegun(db)) await new Promise<void>((resolve) => setImmediate(resolve));
  // From here on without a pause: between two batches the lock is free for a moment only. It is free for good at the end.
  for (let isLocked = false; !isLocked; ) isLocked = tryLock(db);
  const evicted = evictedIn(db);
  expect(evicted, 'the pass is not over: the machine was too quick for this journey').toBeLessThan(MANY);
  return db;
}

function tryLock(db: Database): boolean {
  try {
    db.run('BEGIN IMMEDIATE');
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && thrown.message.includes('locked')) return false;
    throw thrown;
  }
}

interface Figures {
  readonly evicted: number;
  readonly events: number;
}

async function figures(program: Program): Promise<Figures> {
  using db = new Database(program.store, { readonly: true });
  const events = db.query<{ n: number }, []>("SELECT count(*) AS n FROM events WHERE kind = 'evicted'").get();
  return { evicted: evictedIn(db), events: events?.n ?? 0 };
}

async function atBudget(program: Program, flags: readonly string[] = ALL): Promise<Pty> {
  const pty = new Pty(program, flags);
  await pty.shows('[1 backstop]');
  pty.type('\r');
  await pty.shows('[2 budget]');
  await pty.shows('Evict ');
  return pty;
}

interface Reports {
  readonly sweeps: readonly {
    readonly report: { readonly budget_evicted: readonly string[]; readonly interrupted: boolean } | null;
  }[];
}

describe('in the middle of a pass', () => {
  journey('kill -9 leaves whole sessions with their events, and the next sweep goes on', async () => {
    using program = await many();
    await using pty = await atBudget(program);
    const db = await heldInTheMiddle(program, () => pty.type('\r'));
    pty.kill('SIGKILL');
    await pty.ends();
    db.close();
    const { evicted, events } = await figures(program);
    expect(evicted, 'some went').toBeGreaterThan(0);
    expect(events, 'each with its event').toBe(evicted);
    expect((await program.run('verify')).code, 'what is left is whole').toBe(0);
    expect((await program.run(...ALL, '--yes')).code, 'no lock was left behind').toBe(0);
    expect(await figures(program)).toEqual({ evicted: MANY, events: MANY });
  });

  journey('esc stops between sessions: report, history and status say how far it came', async () => {
    using program = await many();
    await using pty = await atBudget(program);
    const db = await heldInTheMiddle(program, () => pty.type('\r'));
    pty.type('\x1b');
    db.run('ROLLBACK');
    db.close();
    expect(await pty.ends(), 'stopped by the user, under the hard cap').toBe(130);
    await pty.isRestored();
    const { evicted, events } = await figures(program);
    expect(evicted).toBeGreaterThan(0);
    expect(evicted, 'it did not run to its end').toBeLessThan(MANY);
    expect(events).toBe(evicted);
    expect(pty.scrollback()).toContain(`budget: evicted ${evicted} sessions`);
    const { sweeps } = (await program.run('history', '--json')).json() as Reports;
    expect(sweeps[0]?.report?.budget_evicted).toHaveLength(evicted);
    const status = (await program.run('status', '--json')).json() as {
      sessions: { evicted: { sessions: number } };
    };
    expect(status.sessions.evicted.sessions).toBe(evicted);
  });

  journey('a resize changes the window and nothing else', async () => {
    using program = await many();
    await using pty = await atBudget(program);
    const db = await heldInTheMiddle(program, () => pty.type('\r'));
    pty.resize(59, 15);
    pty.resize(120, 40);
    db.run('ROLLBACK');
    db.close();
    expect(await pty.ends()).toBe(0);
    await pty.isRestored();
    expect(await figures(program)).toEqual({ evicted: MANY, events: MANY });
    expect((await program.run('verify')).code).toBe(0);
  });

  journey('a lost terminal ends it at the next safe place, with a report', async () => {
    using program = await many();
    await using pty = await atBudget(program);
    const db = await heldInTheMiddle(program, () => pty.type('\r'));
    pty.hangUp();
    db.run('ROLLBACK');
    db.close();
    expect(await pty.ends()).toBe(130);
    const { evicted, events } = await figures(program);
    expect(events).toBe(evicted);
    const { sweeps } = (await program.run('history', '--json')).json() as Reports;
    expect(sweeps[0]?.report?.budget_evicted, 'the report of what was done').toHaveLength(evicted);
    expect((await program.run('verify')).code).toBe(0);
  });

  journey('while another process writes it says so, and esc still stops before anything goes', async () => {
    using program = await many();
    await using pty = await atBudget(program);
    using db = new Database(program.store, { readwrite: true });
    db.run('BEGIN IMMEDIATE');
    pty.type('\r');
    await pty.shows('Another process is writing');
    pty.type('\x1b');
    await pty.shows('Stopping.');
    db.run('ROLLBACK');
    expect(await pty.ends(), 'stopped by the user').toBe(130);
    expect(pty.scrollback()).toContain('budget: nothing');
    await pty.isRestored();
  });

  journey('a second terminal cannot sweep at the same time, and says so', async () => {
    using program = await many();
    await using first = await atBudget(program);
    await using second = await atBudget(program);
    const db = await heldInTheMiddle(program, () => first.type('\r'));
    second.type('\r');
    await second.shows('another sweep is running');
    second.type('\r');
    expect(await second.ends(), 'another sweep is running').toBe(6);
    expect(second.scrollback()).toContain('another sweep is running');
    await second.isRestored();
    db.run('ROLLBACK');
    db.close();
    expect(await first.ends()).toBe(0);
    expect(await figures(program)).toEqual({ evicted: MANY, events: MANY });
  });
});

/** Two sessions that an analyzer waits for, and a third that cannot be read; the hard cap is far below. */
const OVER = ['sweep', '--soft-cap', '3000', '--hard-cap', '4000', '--max-age-days', 'off'];

/** An analyzer that says what it began with, and waits for a gate. */
function gated(program: Program) {
  const [began, gate] = [join(program.folder, 'began'), join(program.folder, 'gate')];
  return {
    flags: [
      '--analyzer',
      `cat > /dev/null; echo "$SESSION_UID" >> '${began}'; until [ -e '${gate}' ]; do sleep 0.01; done; echo summary`,
    ],
    hasBegun: () => existsSync(began),
    open: () => writeFileSync(gate, ''),
  };
}

async function analyzing(program: Program, gate: ReturnType<typeof gated>): Promise<Pty> {
  const pty = new Pty(program, [...OVER, ...gate.flags]);
  for (const shown of ['[1 backstop]', '[2 budget]', '[3 analyze]']) {
    await pty.shows(shown);
    pty.type('\r');
  }
  await pty.until((text) => text.includes('Analyzing') && gate.hasBegun(), 'the first is being analyzed');
  return pty;
}

describe('in the middle of an analysis', () => {
  journey('the screen answers: a resize is drawn, and the walk goes on to its end', async () => {
    using program = await filled('--no-analyze');
    const gate = gated(program);
    await using pty = await analyzing(program, gate);
    pty.resize(59, 24);
    await pty.shows('60×16');
    pty.resize(130, 40);
    await pty.shows('Analyzing');
    gate.open();
    await pty.shows('[4 budget again]');
    pty.type('\r');
    await pty.shows('You need not lose any');
    pty.type('\x1b');
    expect(await pty.ends(), 'stopped before the loss, and over the cap').toBe(4);
  });

  journey.each([
    ['esc', (pty: Pty) => pty.type('\x1b')],
    ['ctrl-c', (pty: Pty) => pty.type('\x03')],
    ['SIGTERM', (pty: Pty) => pty.kill('SIGTERM')],
    ['SIGHUP', (pty: Pty) => pty.kill('SIGHUP')],
  ] as const)('%s stops at once and blames no session', async (_, stop) => {
    using program = await filled('--no-analyze');
    await using pty = await analyzing(program, gated(program));
    stop(pty);
    expect(await pty.ends()).toBe(130);
    await pty.isRestored();
    expect(pty.scrollback()).not.toContain('analyze failed');
    const list = (await program.run('list', '--state', 'unanalyzed', '--json')).json() as {
      sessions: { analyze_error?: string | null }[];
    };
    expect(list.sessions, 'all three still wait').toHaveLength(3);
    expect(list.sessions.filter((one) => (one.analyze_error ?? null) !== null)).toEqual([]);
  });
});

describe('at each stage of a walk', () => {
  const stages = ['[1 backstop]', '[2 budget]', '[3 analyze]', '[4 budget again]', '[5 data loss]'];
  journey.each(stages.map((stage, i) => [stage, i] as const))(
    'at %s ctrl-c, SIGTERM and SIGHUP restore the terminal and take nothing more',
    async (stage, enters) => {
      using program = await filled('--no-analyze');
      for (const how of ['ctrl-c', 'SIGTERM', 'SIGHUP'] as const) {
        await using pty = new Pty(program, OVER);
        for (const shown of stages.slice(0, enters)) {
          await pty.shows(shown);
          pty.type('\r');
        }
        await pty.shows(stage);
        const before = await figures(program);
        if (how === 'ctrl-c') pty.type('\x03');
        else pty.kill(how);
        expect(await pty.ends(), `${how}`).toBe(130);
        await pty.isRestored();
        expect(await figures(program), 'nothing goes after that').toEqual(before);
        expect(pty.scrollback(), 'a report on the normal screen').toContain('Interrupted');
      }
    },
  );
});
