/** Restoring: never over what differs, never outside, never half; and what is already right is left alone. */
import { describe, expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { quote } from '../../src/cli/format.ts';
import * as schemas from '../../src/cli/schemas.ts';
import { FailureError } from '../../src/domain/errors.ts';
import { RestoreTree } from '../../src/restore/plan.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { runIn } from '../support/runtime.ts';

const ID = '80000000-0000-4000-8000-000000000001';
const SPILLED = `.claude/projects/-home-me-project/${ID}/tool-results/toolu_01.txt`;

/** A home with one stored session: its transcript and a spilled tool result. */
class Home implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'session-memory-restore-'));
  readonly main = join(this.path, claudePath(ID));
  readonly spilled = join(this.path, SPILLED);

  static async stored(): Promise<Home> {
    const home = new Home();
    home.put(claudePath(ID), promptLine(ID, 'hello'));
    home.put(SPILLED, 'a long answer');
    expect((await home.run('ingest')).code).toBe(0);
    return home;
  }

  put(relPath: string, content: string): void {
    const path = join(this.path, relPath);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }

  run(...args: string[]) {
    return runIn(this.path, ['--store', join(this.path, 's.db'), ...args]);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

describe('--resume', () => {
  /** A stored session of a project that is in the home. */
  async function inProject(): Promise<Home> {
    const home = new Home();
    mkdirSync(join(home.path, 'project'));
    home.put(claudePath(ID), promptLine(ID, 'hello').replace('/home/me/project', join(home.path, 'project')));
    expect((await home.run('ingest')).code).toBe(0);
    rmSync(join(home.path, '.claude'), { recursive: true });
    return home;
  }
  const resume = (home: Home, given: Parameters<typeof runIn>[2]) =>
    runIn(home.path, ['--store', join(home.path, 's.db'), 'restore', ID, '--resume'], given);

  test('starts the agent in the project’s folder, and ends as it does', async () => {
    using home = await inProject();
    const told = await resume(home, { tty: true });
    expect([told.code, told.launched]).toEqual([0, [`${join(home.path, 'project')} claude --resume ${ID}`]]);
    expect(told.out).toContain('Starting: ');
    expect(Number((await resume(home, { tty: true, launches: 7 })).code), 'the agent’s own exit code').toBe(
      7,
    );
  });

  test('without a terminal starts nothing and prints the command', async () => {
    using home = await inProject();
    const told = await resume(home, { tty: false });
    expect([told.code, told.launched]).toEqual([0, []]);
    expect(told.out).toContain(`claude --resume ${ID}`);
  });

  test('says what is missing: the agent, or the project’s folder; the session is restored all the same', async () => {
    using home = await inProject();
    const none = await resume(home, { tty: true, launches: null });
    expect([none.code, none.err]).toEqual([1, expect.stringContaining('claude is not on your PATH')]);
    rmSync(join(home.path, 'project'), { recursive: true });
    const gone = await resume(home, { tty: true });
    expect([gone.code, gone.launched]).toEqual([1, []]);
    expect(gone.err).toContain(join(home.path, 'project'));
    expect(gone.err).toContain('the session is restored');
    expect(readdirSync(join(home.path, '.claude/projects')).length).toBe(1);
  });

  test('with --to is a wrong use: there no agent finds it', async () => {
    using home = await inProject();
    const { code, err } = await home.run('restore', ID, '--resume', '--to', join(home.path, 'x'));
    expect([code, err]).toEqual([2, expect.stringContaining('leave out --to')]);
  });
});

test('a fork shows where it came from, and that this one was evicted', async () => {
  using home = new Home();
  const FORK = '80000000-0000-4000-8000-000000000002';
  home.put(claudePath(ID), promptLine(ID, 'the first'));
  expect((await home.run('ingest')).code).toBe(0);
  expect((await home.run('sweep', '--yes', '--soft-cap', '0', '--max-age-days', 'off')).code).toBe(0);
  const copied = JSON.parse(promptLine(FORK, 'the first'));
  const forked = { ...copied, forkedFrom: { sessionId: ID, messageUuid: copied.uuid } };
  home.put(claudePath(FORK), `${JSON.stringify(forked)}\n${promptLine(FORK, 'and on')}`);
  expect((await home.run('ingest')).code).toBe(0);
  const { out } = await home.run('show', FORK);
  expect(out).toContain(`from claude-code:${ID} (evicted`);
});

describe('restore', () => {
  test('brings back the transcript and its sidecars, for their owner only, and is on record', async () => {
    using home = await Home.stored();
    rmSync(join(home.path, '.claude'), { recursive: true });
    expect((await home.run('restore', ID)).code).toBe(0);
    expect(readFileSync(home.main, 'utf8')).toBe(promptLine(ID, 'hello'));
    expect(readFileSync(home.spilled, 'utf8')).toBe('a long answer');
    expect([statSync(home.main).mode & 0o777, readdirSync(dirname(home.main)).length]).toEqual([0o600, 2]);
    const { events } = schemas.historySchema.parse(JSON.parse((await home.run('history', '--json')).out));
    expect(events.map(({ kind, session_uid: uid }) => [kind, uid])).toEqual([
      ['restored', `claude-code:${ID}`],
    ]);
  });

  test('leaves a file that is already right where it is, since its agent may have it open, and makes it fresh', async () => {
    using home = await Home.stored();
    utimesSync(home.main, 1_000_000_000, 1_000_000_000);
    const before = statSync(home.main);
    expect((await home.run('restore', ID, '--force')).code).toBe(0);
    const after = statSync(home.main);
    expect(after.ino).toBe(before.ino);
    expect(Date.now() - after.mtimeMs).toBeLessThan(3_600_000);
  });

  test('writes nothing at all where one of its files would go over a different one', async () => {
    using home = await Home.stored();
    rmSync(home.main);
    writeFileSync(home.spilled, 'mine');
    const { code, err } = await home.run('restore', ID);
    expect([code, err]).toEqual([1, expect.stringContaining(`${home.spilled} is there and differs`)]);
    expect([existsSync(home.main), readFileSync(home.spilled, 'utf8')]).toEqual([false, 'mine']);
    expect((await home.run('restore', ID, '--force')).code).toBe(0);
    expect([existsSync(home.main), readFileSync(home.spilled, 'utf8')]).toEqual([true, 'a long answer']);
  });

  test('of an evicted session fails, and says that its digest is there', async () => {
    using home = await Home.stored();
    const swept = await home.run('sweep', '--yes', '--soft-cap', '0', '--max-age-days', 'off');
    expect(swept.code).toBe(0);
    const { code, err } = await home.run('restore', ID);
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/were evicted on .*\n.*session-memory show claude-code:/),
    ]);
    expect(JSON.parse((await home.run('restore', ID, '--json')).out).error.code).toBe('evicted');
    expect((await home.run('show', ID, '--raw')).code).toBe(1);
    expect((await home.run('show', ID)).out).toContain('hello');
  });

  test('never follows a link out of the folder, not even one that leads nowhere yet', async () => {
    using home = await Home.stored();
    const [to, nowhere] = [join(home.path, 'to'), join(home.path, 'nowhere')];
    mkdirSync(to);
    symlinkSync(nowhere, join(to, 'projects'));
    expect((await home.run('restore', ID, '--to', to)).code).toBe(1);
    expect(existsSync(nowhere)).toBe(false);
  });

  /** What is said of going on with a session of that folder, as words and as the command of `--json`. */
  async function wayBackTo(cwd: string): Promise<{ readonly out: string; readonly command: string }> {
    using home = new Home();
    home.put(claudePath(ID), promptLine(ID, 'hello').replace('"/home/me/project"', JSON.stringify(cwd)));
    await home.run('ingest');
    const { out, code } = await home.run('restore', ID, '--to', join(home.path, 'to'));
    expect(code).toBe(0);
    const json = await home.run('restore', ID, '--to', join(home.path, 'to'), '--json');
    return { out, command: schemas.restoreSchema.parse(JSON.parse(json.out)).resume?.command ?? '' };
  }

  test('a cwd full of quotes becomes one harmless word of the resume command', async () => {
    const { out } = await wayBackTo("/home/it's $(touch pwned)");
    expect(out).toContain(`then: cd '/home/it'\\''s $(touch pwned)' && claude --resume ${ID}\n`);
  });

  test.each([
    "/home/it's\u001b[31m",
    "/x\u001b['; touch pwned; '",
    '/x\u009b',
    '/two\nlines',
    '/x  $(touch pwned)',
    '/\u202eback',
  ])('the folder %p, which cannot be shown as it is, is named in no command that is shown', async (cwd) => {
    const { out, command } = await wayBackTo(cwd);
    expect(out).toContain(`then: claude --resume ${ID}\n`);
    expect(out).toContain('Go to its folder first');
    expect(out).not.toContain('pwned');
    // To a program it is told exactly, as one word.
    const said = Bun.spawnSync(['sh', '-c', command.replace(/^cd /, 'printf %s ').replace(/ && .*$/s, '')]);
    expect(said.stdout.toString()).toBe(cwd);
  });

  test.each(['-rf', '--install-extension=evil', '~', '-', 'relative/folder', '$(x)'])(
    'the folder %p, which is no path from the root, is no word of any command',
    async (cwd) => {
      const { out, command } = await wayBackTo(cwd);
      expect([command, out.includes('cd ')]).toEqual([`claude --resume ${ID}`, false]);
    },
  );

  test('a mistyped id makes no store', async () => {
    using home = new Home();
    for (const command of ['restore', 'pin', 'unpin', 'analyze', 'show']) {
      const { code, err } = await home.run(command, 'nobody');
      expect([code, err]).toEqual([2, expect.stringContaining('no session nobody')]);
    }
    expect(readdirSync(home.path)).toEqual([]);
  });
});

describe('restore of several sessions', () => {
  const OTHER = '80000000-0000-4000-8000-000000000002';
  const otherLine = promptLine(OTHER, 'another one');

  /** The home with a second session, and the agent's folder gone. */
  async function ofTwo(): Promise<Home> {
    const home = await Home.stored();
    home.put(claudePath(OTHER), otherLine);
    expect((await home.run('ingest')).code).toBe(0);
    rmSync(join(home.path, '.claude'), { recursive: true });
    return home;
  }
  const several = (out: string) => schemas.restoreSeveralSchema.parse(JSON.parse(out));

  test.each([[[ID, OTHER]], [['--all']]])('%p brings each back whole, and says where', async (named) => {
    using home = await ofTwo();
    const told = await home.run('restore', ...named, '--json');
    const { restored, failed, interrupted } = several(told.out);
    expect([told.code, failed, interrupted]).toEqual([0, [], false]);
    expect(restored.map((one) => [one.session_uid, one.files]).sort()).toEqual([
      [`claude-code:${ID}`, [home.main, home.spilled]],
      [`claude-code:${OTHER}`, [join(home.path, claudePath(OTHER))]],
    ]);
    expect(readFileSync(home.main, 'utf8')).toBe(promptLine(ID, 'hello'));
    expect(readFileSync(home.spilled, 'utf8')).toBe('a long answer');
    expect(readFileSync(join(home.path, claudePath(OTHER)), 'utf8')).toBe(otherLine);
    const { events } = schemas.historySchema.parse(JSON.parse((await home.run('history', '--json')).out));
    expect(events.map(({ kind }) => kind)).toEqual(['restored', 'restored']);
    expect((await home.run('ingest')).out).toContain('no file was read');
  });

  test('one that would go over a different file is named, left whole as it is, and keeps no other one', async () => {
    using home = await ofTwo();
    home.put(SPILLED, 'mine');
    const told = await home.run('restore', ID, OTHER, '--json');
    const { restored, failed } = several(told.out);
    expect([told.code, restored.map((one) => one.session_uid)]).toEqual([1, [`claude-code:${OTHER}`]]);
    expect(failed).toEqual([
      {
        session_uid: `claude-code:${ID}`,
        code: 'exists',
        message: `${home.spilled} is there and differs`,
        hint: expect.any(String),
      },
    ]);
    expect([existsSync(home.main), readFileSync(home.spilled, 'utf8')]).toEqual([false, 'mine']);
    const text = await home.run('restore', ID, OTHER);
    expect([text.code, text.err]).toEqual([1, expect.stringContaining(`Not restored: claude-code:${ID}`)]);
    expect((await home.run('restore', '--all', '--force')).code).toBe(0);
    expect(readFileSync(home.spilled, 'utf8')).toBe('a long answer');
  });

  test('--all takes what is stored, not what was evicted; one of those that is named fails', async () => {
    using home = await ofTwo();
    expect((await home.run('evict', OTHER, '--yes')).code).toBe(0);
    const all = await home.run('restore', '--all', '--to', join(home.path, 'to'), '--json');
    expect([all.code, several(all.out).restored.map((one) => one.session_uid)]).toEqual([
      0,
      [`claude-code:${ID}`],
    ]);
    const named = await home.run('restore', ID, OTHER, '--json');
    expect([named.code, several(named.out).failed.map(({ code }) => code)]).toEqual([1, ['evicted']]);
  });

  test('what a killed one had begun is gone after the next, in each folder', async () => {
    using home = await ofTwo();
    const begun = [
      join(dirname(home.main), `.${ID}.jsonl.session-memory-0a1b2c3d`),
      join(dirname(home.spilled), '.toolu_01.txt.session-memory-0a1b2c3d'),
    ];
    for (const path of begun) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, 'half');
    }
    expect((await home.run('restore', '--all')).code).toBe(0);
    expect(begun.map((path) => existsSync(path))).toEqual([false, false]);
  });

  test('a wrong name, ids beside --all, and --resume of several change nothing', async () => {
    using home = await ofTwo();
    for (const args of [[ID, 'nobody'], [ID, '--all'], [ID, OTHER, '--resume'], ['--all', '--resume'], []])
      expect([args, (await home.run('restore', ...args)).code]).toEqual([args, 2]);
    expect(existsSync(join(home.path, '.claude'))).toBe(false);
  });
});

test.each([
  ['plain', 'plain'],
  ['/home/me/a-b_c.d', '/home/me/a-b_c.d'],
  ['two words', "'two words'"],
  ["it's", "'it'\\''s'"],
  ['$HOME', "'$HOME'"],
  ['', "''"],
  ['~', "'~'"],
])('%p is the shell word %p', (word, quoted) => {
  expect(quote(word)).toBe(quoted);
  const said = Bun.spawnSync(['sh', '-c', `printf %s ${quoted}`], { stdout: 'pipe' });
  expect(said.stdout.toString()).toBe(word);
});

test.each(['../x', '/etc/passwd', 'a/../../x', 'a\0b', '', '.', 'a/..', '..'])(
  'the place %p is refused, whoever asks for it',
  (relPath) => {
    expect(() => new RestoreTree('/nowhere/root', true).place(relPath)).toThrow(FailureError);
  },
);
