/** A service that is down for an hour: what fails is tried again, counted by cause, and asked for no more than makes sense. */
import { describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as schemas from '../../src/cli/schemas.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Program } from '../support/program.ts';

const id = (n: number) => `${String(n).padStart(8, '0')}-0000-4000-8000-000000000000`;
const RUN = ['maintain', '--yes', '--no-data-loss'];
const WORKS = 'echo a short summary';

/** A home with so many sessions, and an hour to run it at. */
class Down extends Program {
  constructor(sessions: number) {
    super();
    for (let n = 1; n <= sessions; n += 1) this.put(claudePath(id(n)), promptLine(id(n), `prompt ${n}`));
    this.at('12:00', 'false');
  }

  at(time: string, command: string): void {
    this.env = {
      SESSION_MEMORY_NOW: `2026-06-01T${time}:00.000Z`,
      SESSION_MEMORY_ANALYZER_COMMAND: command,
    };
  }

  async failed() {
    return schemas.statusSchema.parse((await this.run('status', '--json')).json()).failed_analyses;
  }

  async states(): Promise<string[]> {
    const { sessions } = schemas.listSchema.parse((await this.run('list', '--json')).json());
    return sessions.map(({ state }) => state);
  }

  asked(): number {
    const path = join(this.folder, 'asked');
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').length : 0;
  }

  /** A command that leaves a line each time that it is asked. */
  counting(command: string): string {
    return `echo x >> ${join(this.folder, 'asked')}; ${command}`;
  }
}

describe('a failed analysis', () => {
  test('is tried again by maintain after an hour, then after two, and no sooner', async () => {
    using home = new Down(2);
    const command = home.counting('false');
    const tried: number[] = [];
    for (const time of ['12:00', '12:30', '13:00', '14:00', '14:59', '15:00']) {
      home.at(time, command);
      await home.run(...RUN);
      tried.push(home.asked() / 2);
    }
    expect(tried).toEqual([1, 1, 2, 2, 2, 3]);
    expect(await home.failed()).toMatchObject({ sessions_failed: 2, reasons: [{ sessions: 2 }] });
  });

  test('is tried at once where the command changed, and is a failure no more', async () => {
    using home = new Down(3);
    await home.run(...RUN);
    expect(await home.failed()).toMatchObject({ sessions_failed: 3 });
    home.at('12:01', WORKS);
    await home.run(...RUN);
    expect(await home.states()).toEqual(['analyzed', 'analyzed', 'analyzed']);
    expect(await home.failed()).toEqual({ sessions_failed: 0, reasons: [] });
  });

  test('is tried at once where the transcript grew, the others are not', async () => {
    using home = new Down(2);
    const command = home.counting('false');
    home.at('12:00', command);
    await home.run(...RUN);
    home.put(claudePath(id(1)), promptLine(id(1), 'prompt 1') + promptLine(id(1), 'more'));
    home.at('12:05', command);
    await home.run(...RUN);
    expect(home.asked()).toBe(3);
  });

  test('is counted by cause, with one to look at, in words and in JSON', async () => {
    using home = new Down(2);
    await home.run(...RUN);
    home.put(claudePath(id(3)), 'torn\n');
    home.at('12:10', 'false');
    await home.run(...RUN);
    const { sessions_failed, reasons } = await home.failed();
    expect([sessions_failed, reasons.map(({ sessions }) => sessions)]).toEqual([3, [2, 1]]);
    expect(reasons.map(({ next_try_at }) => next_try_at)).toEqual([
      '2026-06-01T13:00:00.000Z',
      '2026-06-01T13:10:00.000Z',
    ]);
    expect(reasons[1]?.example_uid).toBe(`claude-code:${id(3)}`);
    const { out } = await home.run('status');
    expect(out).toContain('Failed       the analysis of 3 sessions');
    expect(out).toContain('2 × the analyzer ended with status 1; tried again after');
  });

  test('of a plain ingest is left to maintain', async () => {
    using home = new Down(1);
    const command = home.counting('false');
    home.at('12:00', command);
    await home.run('ingest');
    home.at('18:00', command);
    await home.run('ingest');
    expect(home.asked()).toBe(1);
    await home.run(...RUN);
    expect(home.asked()).toBe(2);
  });
});

describe('an analyzer that fails for everyone', () => {
  test('is asked twenty times in a run, by ingest, maintain and analyze, and that is said; the rest waits', async () => {
    for (const call of [['ingest'], RUN]) {
      using home = new Down(30);
      const command = home.counting('false');
      home.at('12:00', command);
      const { code, err } = await home.run(...call);
      expect([code, home.asked()]).toEqual([0, 20]);
      expect(err.match(/20 times in a row/g)).toHaveLength(1);
      expect((await home.failed()).sessions_failed).toBe(20);
      const again = await home.run('analyze');
      expect(home.asked()).toBe(40);
      expect(again.out).toContain('10 not tried');
      home.at('12:05', WORKS);
      await home.run(...RUN);
      expect(new Set(await home.states())).toEqual(new Set(['analyzed']));
    }
  }, 60_000);

  test('is asked for each before any is lost, and not where no loss is allowed', async () => {
    for (const [flags, asked] of [
      [[], 24],
      [['--no-data-loss'], 20],
    ] as const) {
      using home = new Down(24);
      home.at('12:00', home.counting('false'));
      await home.run('ingest', '--no-analyze');
      await home.run('sweep', '--yes', '--soft-cap', '0', '--hard-cap', '0', ...flags);
      expect(home.asked()).toBe(asked);
      const left = asked === 20 ? 'unanalyzed' : 'evicted';
      expect(new Set(await home.states())).toEqual(new Set([left]));
    }
  }, 60_000);
});

test('analyze --all asks an analyzer whose command changed for all again, and only once', async () => {
  using home = new Down(2);
  home.at('12:00', 'echo one');
  await home.run(...RUN);
  home.at('12:05', home.counting('echo two'));
  await home.run(...RUN);
  expect(home.asked(), 'what is analyzed is not asked for by itself').toBe(0);
  for (let times = 0; times < 2; times += 1) {
    await home.run('analyze', '--all');
    expect(home.asked()).toBe(2);
  }
  const { digest } = schemas.showSchema.parse((await home.run('show', id(1), '--json')).json());
  expect(digest?.summary).toBe('two');
});

describe('what the analyzer’s own program leaves behind', () => {
  const transcript = (n: number, cwd: string) =>
    promptLine(id(n), 'summarise this').replace('/home/me/project', cwd);

  test('is not stored, however often maintain runs', async () => {
    using home = new Down(2);
    // As an agent does: a transcript under the folder that it runs in, named anew each time.
    const agent = [
      `p="${home.home}/.claude/projects/$(pwd | tr /. --)"; mkdir -p "$p"; n=$(date +%N)`,
      `printf '%s\\n' '${transcript(9, 'CWD').trim()}' | sed "s#CWD#$PWD#; s#${id(9)}#$SESSION_UID-$n#g" > "$p/$n.jsonl"`,
      'echo done',
    ].join('; ');
    for (const time of ['12:00', '13:00', '14:00']) {
      home.at(time, agent);
      await home.run(...RUN);
    }
    expect(await home.states()).toEqual(['analyzed', 'analyzed']);
    const left = readdirSync(join(home.home, '.claude/projects')).filter((name) =>
      name.includes('analyzing'),
    );
    expect(left.length, 'the program did leave transcripts').toBe(2);
    expect((await home.run('ingest')).out).toContain('left out by being the analyzer’s own');
  });

  test('its folder is its own, told in the environment, and gone afterwards', async () => {
    using home = new Down(1);
    home.at(
      '12:00',
      `pwd > ${home.folder}/pwd; echo "$SESSION_MEMORY_ANALYZING" >> ${home.folder}/pwd; echo fine`,
    );
    await home.run(...RUN);
    const [pwd = '', told] = readFileSync(join(home.folder, 'pwd'), 'utf8').split('\n');
    expect(pwd.startsWith(join(tmpdir(), 'session-memory-analyzing-'))).toBe(true);
    expect(told).toBe(pwd);
    expect(existsSync(pwd)).toBe(false);
  });
});
