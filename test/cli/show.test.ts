/** `show`: which form goes where, and the pager, which is the person's own. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { pagerCommand } from '../../src/cli/pager.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { BINARY } from '../support/binary.ts';
import { Program } from '../support/program.ts';
import { Pty } from '../support/pty.ts';

const ID = '50000001-0000-4000-8000-000000000000';
const program = new Program();
program.env = { SESSION_MEMORY_NOW: '2026-06-01T00:00:00.000Z' };

beforeAll(async () => {
  const lines = Array.from({ length: 60 }, (_, n) =>
    promptLine(ID, `question ${n + 1}`, `2026-05-01T10:${String(n).padStart(2, '0')}:00.000Z`),
  );
  program.put(claudePath(ID), lines.join(''));
  expect((await program.run('ingest')).code).toBe(0);
});
afterAll(() => program[Symbol.dispose]());

describe('the form', () => {
  test('is a page that begins with the title and what the store knows', async () => {
    const { out, code } = await program.run('show', '5000');
    expect(code).toBe(0);
    expect(out.split('\n').slice(0, 5)).toEqual([
      'question 1',
      '',
      `Session   claude-code:${ID}`,
      expect.stringMatching(/^State {5}analyzed, [\d.]+ KiB raw in [\d.]+ KiB$|^State {5}analyzed, /),
      'Agent     claude-code 2.1.0',
    ]);
    expect(out).toContain('Asked (60)');
  });

  test('is Markdown on request, the same on a pipe', async () => {
    const { out } = await program.run('show', '5000', '--markdown');
    expect(out).toStartWith(`# question 1\n\n- Session: \`claude-code:${ID}\`\n`);
    expect(out).toContain('\n**2026-05-01 10:59**\n\n> question 60\n');
  });

  test.each([
    [['--raw', '--markdown'], '--raw and --markdown at once'],
    [['--file', 'main'], '--file without --raw'],
    [['--raw', '--file', 'main', '--version', '1'], '--file and --version at once'],
    [['--raw', '--file', 'nothing'], 'has no file nothing'],
    [['--markdown', '--json'], '--markdown and --json at once'],
  ])('is one: %p is refused', async (flags, why) => {
    const { code, err, out } = await program.run('show', '5000', ...flags);
    expect([code, `${err}${out}`.includes(why)]).toEqual([2, true]);
  });
});

describe('the pager', () => {
  const options = {
    platform: 'linux',
    env: { PATH: Bun.env['PATH'] ?? '' },
    holdInterrupts: () => () => undefined,
  } as const;

  test.each([
    ['most -w', {}, 'most -w'],
    ['', {}, null],
    [' cat ', {}, null],
    ['less', { TERM: 'dumb' }, null],
    [null, { PATH: '/nowhere' }, null],
  ] as const)('with PAGER %p and %p is %p', (pager, env, command) => {
    expect(pagerCommand({ ...options, pager, env: { ...options.env, ...env } })).toBe(command);
  });

  test.skipIf(Bun.which('less') === null)('is less where nothing is set and less is there', () => {
    expect(pagerCommand({ ...options, pager: null })).toBe('less -FRX');
    expect(pagerCommand({ ...options, pager: null, platform: 'win32' })).toBeNull();
  });

  const inTerminal = test.skipIf(BINARY === undefined);

  inTerminal('is given the page on a terminal, and its end is ours', async () => {
    await using pty = new Pty(program, ['show', '5000'], {
      env: { PAGER: 'head -n 3; echo PAGED; cat >/dev/null' },
    });
    expect(await pty.ends()).toBe(0);
    expect(pty.scrollback()).toContain('PAGED');
    expect(pty.scrollback()).not.toContain('question 60');
  });

  inTerminal('that closes early is no failure', async () => {
    await using pty = new Pty(program, ['show', '5000', '--markdown'], { env: { PAGER: 'head -n 1' } });
    expect(await pty.ends()).toBe(0);
    expect(pty.scrollback()).toContain('# question 1');
  });

  inTerminal('that cannot be started leaves the text to be printed', async () => {
    await using pty = new Pty(program, ['show', '5000'], { env: { PAGER: '/nowhere/at-all' } });
    expect(await pty.ends()).toBe(0);
    expect(pty.scrollback()).toContain('question 60');
  });

  inTerminal('is not asked with --json, --raw, or where it is cat', async () => {
    for (const [flags, pager] of [
      [['--json'], 'echo PAGED'],
      [['--raw'], 'echo PAGED'],
      [[], 'cat'],
      [[], ''],
    ] as const) {
      await using pty = new Pty(program, ['show', '5000', ...flags], { env: { PAGER: pager } });
      expect(await pty.ends()).toBe(0);
      expect(pty.scrollback()).toContain('question 60');
      expect(pty.scrollback()).not.toContain('PAGED');
    }
  });

  inTerminal('keeps its terminal when ctrl-c is pressed: it is its own', async () => {
    const pager = `trap 'echo STILL HERE' INT; echo READY; read none </dev/tty; read answer </dev/tty; echo "GOT $answer"`;
    await using pty = new Pty(program, ['show', '5000'], { env: { PAGER: pager } });
    await pty.shows('READY');
    pty.type('\u0003');
    await pty.shows('STILL HERE');
    pty.type('q\r');
    await pty.shows('GOT q');
    expect(await pty.ends()).toBe(0);
  });
});
