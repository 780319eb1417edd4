/** `maintain` as a schedule runs it: says what needs a person and nothing else, and leaves a trace of what it did. */
import { describe, expect, test } from 'bun:test';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as schemas from '../../src/cli/schemas.ts';
import { doctorSchema } from '../../src/cli/schemas.unattended.ts';
import { takeSweepLock } from '../../src/store/lock.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Program } from '../support/program.ts';

const id = (n: number) => `${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`;
const RUN = ['maintain', '--yes', '--no-data-loss'];
const OVER = ['--soft-cap', '0', '--hard-cap', '0'];

class Home extends Program {
  constructor(sessions: readonly string[] = ['2026-05-20']) {
    super();
    this.at('2026-06-01T12:00');
    for (const [n, day] of sessions.entries()) this.session(n + 1, day);
  }

  at(time: string): void {
    this.env = { ...this.env, SESSION_MEMORY_NOW: `${time}:00.000Z` };
  }

  session(n: number, day: string): void {
    this.put(claudePath(id(n)), promptLine(id(n), `prompt ${n}`, `${day}T00:00:00.000Z`));
  }

  async history(...flags: string[]) {
    return schemas.historySchema.parse((await this.run('history', '--json', ...flags)).json());
  }

  async status() {
    return schemas.statusSchema.parse((await this.run('status', '--json')).json());
  }
}

describe('maintain --quiet', () => {
  test('prints nothing where nothing needs a person, on a first run, an idle one, and with failed analyses', async () => {
    using home = new Home();
    for (const command of ['', '', 'false']) {
      home.env['SESSION_MEMORY_ANALYZER_COMMAND'] = command;
      home.session(2, `2026-05-2${command === '' ? '1' : '2'}`);
      const { code, out, err } = await home.run(...RUN, '--quiet');
      expect({ code, out, err }).toEqual({ code: 0, out: '', err: '' });
    }
  });

  test('names what does: a store over its hard cap, in the row too', async () => {
    using home = new Home();
    home.env['SESSION_MEMORY_ANALYZER_COMMAND'] = 'false';
    await home.run('ingest');
    const over = await home.run(...RUN, '--quiet', ...OVER);
    expect([over.code, over.out]).toEqual([4, '']);
    expect(over.err).toMatch(/^session-memory: still over the hard cap: .+ of 0 B$/m);
    const { last_run } = await home.status();
    expect(last_run).toMatchObject({ command: 'maintain', exit_code: 4, had_effect: false });
    expect((await home.run('status')).out).toMatch(/Last run {5}maintain at .+: still over the hard cap/);
  });

  test('a failure is printed as any other command does, and is in the row', async () => {
    using home = new Home();
    await home.run('ingest');
    const lock = takeSweepLock(home.store);
    const { code, err } = await home.run(...RUN, '--quiet');
    lock?.release();
    expect([code, err.includes('another sweep is running')]).toEqual([6, true]);
  });
});

describe('a run without effect', () => {
  test('takes one row, not one each, and is left out of history unless --all', async () => {
    using home = new Home();
    for (const hour of ['12', '13', '14', '15', '16']) {
      home.at(`2026-06-01T${hour}:00`);
      await home.run(...RUN);
    }
    const { runs, sweeps } = await home.history('--all');
    expect(sweeps).toEqual([]);
    expect(runs.map(({ times, had_effect }) => [times, had_effect])).toEqual([
      [4, false],
      [1, true],
    ]);
    expect(runs[0]).toMatchObject({
      first_at: '2026-06-01T13:00:00.000Z',
      started_at: '2026-06-01T16:00:00.000Z',
      finished_at: '2026-06-01T16:00:00.000Z',
    });
    expect((await home.history()).runs).toHaveLength(1);
    expect((await home.run('history')).out).toBe('Nothing has happened yet.\n');
    expect((await home.run('history', '--all')).out).toContain('maintain');
  });

  test('a sweep by hand that found nothing is kept, and left out too', async () => {
    using home = new Home();
    await home.run('ingest');
    await home.run('sweep', '--yes');
    expect((await home.history('--all')).sweeps).toHaveLength(1);
    expect((await home.history()).sweeps).toEqual([]);
  });

  test('ends the row where it ends otherwise', async () => {
    using home = new Home();
    home.env['SESSION_MEMORY_ANALYZER_COMMAND'] = 'false';
    await home.run('ingest');
    for (const more of [[], OVER, OVER, []]) await home.run(...RUN, ...more);
    const { runs } = await home.history('--all');
    expect(runs.map(({ exit_code, times }) => [exit_code, times])).toEqual([
      [0, 1],
      [4, 2],
      [0, 1],
    ]);
  });
});

test('“ok” is not said of a sweep that leaves the store over its hard cap', async () => {
  using home = new Home();
  await home.run('ingest', '--no-analyze');
  await home.run('sweep', '--yes', '--no-data-loss', '--no-analyze', ...OVER);
  const { out } = await home.run('history');
  expect(out).toContain('over the hard cap');
  expect(out).not.toMatch(/\bok\b/);
});

describe('maintain --dry-run', () => {
  test('needs no consent, tells what it would do, and makes no store', async () => {
    using home = new Home(['2026-01-01', '2026-05-01']);
    const { code, out } = await home.run('maintain', '--dry-run');
    expect(code).toBe(0);
    expect(out).toContain('Would store 2 new sessions');
    expect(existsSync(home.store)).toBe(false);
  });

  test('changes nothing of a store', async () => {
    using home = new Home(['2026-01-01']);
    await home.run('ingest');
    home.session(2, '2026-05-01');
    const before = await home.status();
    const told = schemas.maintainSchema.parse((await home.run('maintain', '--dry-run', '--json')).json());
    expect(told.dry_run).toBe(true);
    expect(told.ingests[0]?.sessions_new).toBe(1);
    expect(told.sweeps[0]?.plan.passes[0]?.victims).toHaveLength(1);
    expect(await home.status()).toEqual(before);
    expect(readdirSync(dirname(home.store)).sort()).not.toContain('store.db');
  });
});

describe('another sweep', () => {
  test('ends a run before anything is stored', async () => {
    using home = new Home();
    await home.run('ingest');
    home.session(2, '2026-05-02');
    const lock = takeSweepLock(home.store);
    expect((await home.run(...RUN)).code).toBe(6);
    lock?.release();
    expect((await home.status()).sessions.analyzed.sessions).toBe(1);
  });

  test('is waited for with --wait', async () => {
    using home = new Home();
    await home.run('ingest');
    home.session(2, '2026-05-02');
    const lock = takeSweepLock(home.store);
    const child = home.start(...RUN, '--wait');
    const { value } = await child.stderr.getReader().read();
    expect(Buffer.from(value ?? []).toString()).toContain('waiting for its end');
    expect(child.exitCode).toBeNull();
    lock?.release();
    expect(await child.exited).toBe(0);
    expect((await home.status()).sessions.analyzed.sessions).toBe(2);
  });
});

describe('a first sweep that takes more than half', () => {
  const NOTICE =
    /the first sweep evicts the raw bytes of 3 sessions, .+their digests stay\. `raw_max_age_days`/;
  const OLD = ['2026-01-01', '2026-01-02', '2026-01-03', '2026-05-30'];
  const evicted = async (home: Home) => (await home.status()).sessions.evicted.sessions;

  test('is announced by the ingest and by the run before it, which takes none; the next run does', async () => {
    using home = new Home(OLD);
    expect((await home.run('ingest')).out).toMatch(NOTICE);
    const first = await home.run(...RUN);
    expect(first.out).toMatch(NOTICE);
    expect(first.out).toContain('This run took none of them');
    expect([first.code, await evicted(home)]).toEqual([0, 0]);
    expect((await home.run(...RUN)).code).toBe(0);
    expect(await evicted(home)).toBe(3);
    home.session(9, '2026-01-04');
    expect((await home.run('ingest')).out).not.toContain('first sweep');
    expect((await home.run(...RUN)).out).not.toContain('first sweep');
    expect(await evicted(home)).toBe(4);
  });

  test('is put off in JSON too: the plan is there, the passes are declined, and one row tells of it', async () => {
    using home = new Home(OLD);
    const ran = async () => schemas.maintainSchema.parse((await home.run(...RUN, '--json')).json());
    const first = await ran();
    expect(first.first_sweep_put_off).toBe(true);
    expect(first.problems).toEqual([expect.stringMatching(NOTICE)]);
    expect(first.ingests[0]?.first_sweep).toMatch(NOTICE);
    expect(first.sweeps).toHaveLength(1);
    expect(first.sweeps[0]).toMatchObject({ declined: ['backstop', 'budget'], bytes_freed: 0 });
    expect(first.sweeps[0]?.plan.passes[0]?.victims).toHaveLength(3);
    const { runs, sweeps } = await home.history();
    expect(sweeps).toEqual([]);
    expect(runs).toMatchObject([{ times: 1, had_effect: true, problems: [expect.stringMatching(NOTICE)] }]);
    const second = await ran();
    expect([second.first_sweep_put_off, second.sweeps[0]?.backstop_evicted.length]).toEqual([false, 3]);
  });

  test('is named by status and doctor between the two, without advice to run it', async () => {
    using home = new Home(OLD);
    const told = async () => {
      const { first_sweep: text } = await home.status();
      const doctor = doctorSchema.parse((await home.run('doctor', '--json')).json());
      const check = doctor.checks.find(({ check: name }) => name === 'first sweep') ?? null;
      expect(check?.message ?? null).toBe(text);
      const run = doctor.checks.find(({ check: name }) => name === 'last run');
      expect(run?.message).not.toContain('first sweep');
      return { text, state: check?.state, hint: check?.hint };
    };
    await home.run('ingest');
    const before = await told();
    expect(before.text).toMatch(NOTICE);
    expect(before.text).toContain('The next run of `maintain` says so and takes none');
    await home.run(...RUN);
    const between = await told();
    expect(between.text).toContain('the next one takes what is due');
    expect(between.state).toBe('warning');
    expect(between.hint).not.toContain('maintain');
    expect((await home.run('status')).out).toMatch(/^First sweep {2}the first sweep evicts/m);
    await home.run(...RUN);
    expect((await told()).text).toBeNull();
  });

  test.each([
    ['of the next day', ['2026-01-01', '2026-04-18', '2026-04-18', '2026-05-30'], {}],
    [
      'for the soft cap too',
      ['2026-01-01', '2026-04-18', '2026-05-29', '2026-05-30'],
      { SESSION_MEMORY_RAW_SOFT_CAP_BYTES: '100' },
    ],
  ] as const)('is the same by either way of adding up, with sessions %s', async (_, days, env) => {
    using home = new Home(days);
    await home.run('ingest');
    home.env = { ...home.env, ...env };
    const { checks } = doctorSchema.parse((await home.run('doctor', '--json')).json());
    const text = checks.find(({ check }) => check === 'first sweep')?.message;
    expect(text).toContain('the first sweep evicts the raw bytes of');
    expect((await home.status()).first_sweep).toBe(text ?? null);
  });

  test('is told with --quiet once, and once more by the run that does it', async () => {
    using home = new Home(OLD);
    const lines = async () =>
      (await home.run(...RUN, '--quiet')).err.split('\n').filter((line) => line !== '');
    expect(await lines()).toEqual([expect.stringMatching(NOTICE)]);
    expect(await lines()).toEqual([expect.stringMatching(NOTICE)]);
    expect(await lines()).toEqual([]);
  });

  test('is announced a day ahead, by one run of that day, and then done when it is due', async () => {
    using home = new Home(['2026-04-18', '2026-04-18', '2026-04-18', '2026-05-30']);
    expect((await home.run(...RUN, '--quiet')).err).toMatch(NOTICE);
    expect((await home.status()).last_run?.problems[0]).toMatch(NOTICE);
    expect((await home.run(...RUN, '--quiet')).err).toBe('');
    expect(await evicted(home)).toBe(0);
    home.at('2026-06-02T12:01');
    expect((await home.run(...RUN, '--quiet')).err).toMatch(NOTICE);
    expect(await evicted(home)).toBe(3);
  });

  test('is announced anew where the limit is another one since, however the two take turns', async () => {
    using home = new Home(OLD);
    const run = async (days: string) => (await home.run(...RUN, '--max-age-days', days)).out;
    expect(await run('60')).toContain('older than 60 days');
    expect(await run('45')).toContain('older than 45 days');
    expect(await evicted(home)).toBe(0);
    await run('off');
    expect(await evicted(home)).toBe(0);
    await run('60');
    expect(await evicted(home)).toBe(3);
  });

  test('is not put off over the hard cap, or where sessions wait for room under it', async () => {
    using home = new Home(OLD);
    await home.run('ingest');
    const over = await home.run(...RUN, ...OVER);
    expect(over.out + over.err).toMatch(
      /the first sweep evicts .+ At the hard cap it cannot be announced first/,
    );
    expect(await evicted(home)).toBe(4);
    using waiting = new Home(OLD);
    const { used_bytes: bytes } = await (async () => {
      using sized = new Home(OLD);
      await sized.run('ingest');
      return (await sized.status()).tier1;
    })();
    await waiting.run(...RUN, '--soft-cap', '0', '--hard-cap', String(bytes - 1));
    expect(await evicted(waiting)).toBe(4);
  });

  test('is put off over the soft cap, with the setting of that', async () => {
    using home = new Home(['2026-05-28', '2026-05-29', '2026-05-30']);
    const flags = ['--soft-cap', '1', '--max-age-days', 'off'];
    expect((await home.run(...RUN, ...flags)).out).toMatch(/soft cap of 1 B; .+`raw_soft_cap_bytes`/);
    expect(await evicted(home)).toBe(0);
    await home.run(...RUN, ...flags);
    expect(await evicted(home)).toBe(3);
  });

  test('is done at once by hand, and then is none any more', async () => {
    using home = new Home(OLD);
    await home.run(...RUN);
    await home.run('sweep', '--yes', '--no-data-loss');
    expect(await evicted(home)).toBe(3);
    expect((await home.run(...RUN)).out).not.toContain('first sweep');
  });

  test('is not done by a run that began before another one announced it', async () => {
    using home = new Home(OLD);
    const [met, go] = ['met', 'go'].map((name) => join(home.folder, name));
    expect(Bun.spawnSync(['mkfifo', met ?? '', go ?? '']).exitCode).toBe(0);
    home.env['SESSION_MEMORY_ANALYZER_COMMAND'] =
      `[ -p ${met} ] && echo > ${met} && rm ${met} && cat ${go}; echo a summary`;
    const early = home.start(...RUN, '--soft-cap', '1GiB');
    await Bun.spawn(['cat', met ?? ''], { stdout: 'ignore' }).exited;
    home.env['SESSION_MEMORY_ANALYZER_COMMAND'] = 'echo a summary';
    expect((await home.run(...RUN)).out).toContain('This run took none of them');
    // The other one is still at its first session.
    await Bun.spawn(['sh', '-c', `echo > ${go}`]).exited;
    expect(await new Response(early.stdout).text()).toContain('This run took none of them');
    expect(await evicted(home)).toBe(0);
    await home.run(...RUN);
    expect(await evicted(home)).toBe(3);
  });

  test('is announced again where the run that would have said so was killed before its end', async () => {
    using home = new Home(OLD);
    await home.run('ingest');
    const lock = takeSweepLock(home.store);
    const killed = home.start(...RUN, '--wait');
    const { value } = await killed.stderr.getReader().read();
    expect(Buffer.from(value ?? []).toString()).toContain('waiting for its end');
    killed.kill(9);
    await killed.exited;
    lock?.release();
    expect((await home.run(...RUN)).out).toContain('This run took none of them');
    expect(await evicted(home)).toBe(0);
  });

  test('is said by a dry run, which counts for none', async () => {
    using home = new Home(OLD);
    await home.run('ingest');
    const dry = schemas.maintainSchema.parse((await home.run('maintain', '--dry-run', '--json')).json());
    expect([dry.first_sweep_put_off, dry.problems]).toEqual([true, [expect.stringMatching(NOTICE)]]);
    expect((await home.run('maintain', '--dry-run')).out).toMatch(NOTICE);
    await home.run(...RUN);
    expect(await evicted(home)).toBe(0);
  });

  test.each([
    ['half or less of them', ['2026-01-01', '2026-05-30', '2026-05-29', '2026-05-28'], []],
    ['with the limit off', OLD, ['--max-age-days', 'off']],
  ] as const)('is not where it is %s', async (_, days, flags) => {
    using home = new Home(days);
    const { out, err } = await home.run(...RUN, ...flags);
    expect([err, out.includes('first sweep')]).toEqual(['', false]);
  });
});
