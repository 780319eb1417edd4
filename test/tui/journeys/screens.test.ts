/** Journeys through the dashboard, browse, history and the first run, on the compiled program in a real terminal. */
import { describe, expect, test } from 'bun:test';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { claudePath, promptLine } from '../../support/bench-world.ts';
import { filled, hostileIn, id, noise, uid } from '../../support/filled.ts';
import { inShell, journey, shellJourney } from '../../support/journeys.ts';
import { Program } from '../../support/program.ts';
import { Pty } from '../../support/pty.ts';

const CAPS = { SESSION_MEMORY_RAW_SOFT_CAP_BYTES: '0', SESSION_MEMORY_RAW_HARD_CAP_BYTES: '1GiB' };

describe('first run', () => {
  journey('shows what was found, and one key stores it', async () => {
    using program = new Program();
    for (const n of [1, 2, 3]) program.put(claudePath(id(n)), promptLine(id(n), `hello ${n}`));
    await using pty = new Pty(program, []);
    const found = await pty.shows('Press enter');
    expect(found, 'what, and how much').toMatch(/Claude Code +3 sessions/);
    expect(found, 'when the agent deletes it').toContain('30 days');
    expect((await program.run('list', '--json')).out, 'nothing is stored unasked').not.toContain(uid(1));
    pty.type('\r');
    await pty.shows('analyzed 3 ');
    await pty.shows('watching ●');
    pty.type('q');
    expect(await pty.ends()).toBe(0);
  });

  journey(
    'on a machine without agents says what it looked for, and sees the first session come',
    async () => {
      using program = new Program();
      await using pty = new Pty(program, []);
      await pty.shows('Claude Code');
      program.put(claudePath(id(1)), promptLine(id(1), 'hello'));
      expect((await program.run('ingest')).code).toBe(0);
      await pty.shows('analyzed 1 ');
      pty.type('q');
      expect(await pty.ends()).toBe(0);
    },
  );
});

describe('the dashboard', () => {
  journey('stores what an agent writes while it is open, and shows what other processes do', async () => {
    using program = await filled();
    await using pty = new Pty(program, []);
    await pty.shows('watching ●');
    await pty.shows('analyzed 2 ');
    const path = program.put(claudePath(id(7)), promptLine(id(7), 'from an agent'));
    await pty.shows('un-analyzed 2 ');
    appendFileSync(path, promptLine(id(7), 'and one more line'));
    const bytes = readFileSync(path);
    await pty.until(() => pty.text().includes('added to 1'), 'the line was added without a key');
    expect(Buffer.from((await program.run('show', id(7), '--raw')).bytes).equals(bytes)).toBe(true);
    await program.run('sweep', '--yes', '--no-data-loss', '--soft-cap', '0', '--no-analyze');
    await pty.shows('evicted 2');
    program.put(claudePath(id(8)), promptLine(id(8), 'asked for'));
    pty.type('i');
    await pty.until(
      (text) => /analyzed [23] · /.test(text) && text.includes('evicted 2'),
      'i ingests and digests',
    );
    pty.type('q');
    expect(await pty.ends()).toBe(0);
    expect(pty.isAlternate).toBe(false);
  });

  journey('walks through a sweep and comes back, and prints its report at the end', async () => {
    using program = await filled();
    await using pty = new Pty(program, [], { env: CAPS });
    await pty.shows('The next sweep takes the raw bytes of 2 of 3');
    pty.type('s');
    await pty.shows('[1 backstop]');
    pty.type('\r');
    await pty.shows('Evict 2 sessions');
    pty.type('\r');
    await pty.shows('Its report');
    pty.type('\r');
    await pty.shows('evicted 2');
    pty.type('h');
    await pty.shows('History');
    pty.type('\r');
    await pty.shows('budget: evicted 2 sessions');
    pty.type('\x1b');
    await pty.shows('History');
    pty.type('\x03');
    expect(await pty.ends()).toBe(0);
    expect(pty.scrollback()).toContain('budget: evicted 2 sessions');
  });
});

journey('browse: sorted, filtered, read, pinned, restored, and a conflict left alone', async () => {
  using program = await filled();
  const title = 'A \u001b]0;evil\u0007\u001b[31mred \u202e日本語 🙂 title';
  program.put(claudePath(id(6)), promptLine(id(6), title, '2026-05-06T10:00:00.000Z'));
  await program.run('ingest');
  await using pty = new Pty(program, []);
  await pty.shows('watching ●');
  await pty.shows('By project');
  pty.type('b');
  await pty.shows('4 sessions, ');
  const list = await pty.shows('日本語');
  expect(list, 'wide characters, and nothing that acts on the terminal').toContain('日本語');
  expect(hostileIn(list)).toEqual([]);
  pty.type('s');
  await pty.shows('by size');
  pty.type('/');
  pty.type('state:unan');
  await pty.shows('1 of 4 sessions');
  pty.type('\x1b');
  await pty.shows(/(?<!of )4 sessions, .*by size/);
  pty.type('/');
  pty.type('one');
  await pty.shows('1 of 4 sessions');
  pty.type('\r');
  await pty.until((text) => text.includes('enter digest'), 'the filter is applied');
  pty.type('p');
  await pty.shows('1 session pinned');
  expect((await program.run('status', '--json')).out).toContain('"pinned": 1');
  pty.type('\r');
  await pty.shows('Digest');
  pty.type('\x1b');
  await pty.shows('1 of 4 sessions');
  pty.type('t');
  await pty.shows('Transcript');
  await pty.shows('You  2026-05-01');
  pty.type('x');
  await pty.shows('sessionId');
  pty.type('x');
  await pty.shows(/^ You/m);
  pty.type('q');
  await pty.shows('1 of 4 sessions');
  const path = join(program.home, claudePath(id(1)));
  const whole = readFileSync(path);
  rmSync(path);
  pty.type('r');
  await pty.shows('Press enter to write them');
  pty.type('\r');
  await pty.shows('byte for byte');
  expect(readFileSync(path).equals(whole), 'restored').toBe(true);
  pty.type('\x1b');
  await pty.shows('1 of 4 sessions');
  writeFileSync(path, 'something else');
  pty.type('r');
  await pty.shows('differs');
  pty.type('\r');
  await pty.shows('1 of 4 sessions');
  expect(readFileSync(path, 'utf8'), 'never over a different file').toBe('something else');
  pty.type('q');
  await pty.shows('By project');
  pty.type('b');
  await pty.shows('1 of 4 sessions');
  pty.type('?');
  await pty.shows('reverse');
  pty.type('\x03');
  expect(await pty.ends()).toBe(0);
});

journey('sessions are marked, and several are pinned, restored and evicted at once', async () => {
  using program = await filled();
  await using pty = new Pty(program, [], { columns: 160, rows: 50 });
  await pty.shows('By project');
  pty.type('b');
  await pty.shows('3 sessions, ');
  await pty.shows('Its agent');
  pty.type('A');
  await pty.shows('3 marked');
  pty.type('r');
  await pty.shows('Restore 3 sessions to where their agents look');
  pty.type('\r');
  await pty.shows(/Nothing had to be written|is there|byte for byte/);
  pty.type('\x1b');
  await pty.shows('3 marked');
  pty.type('e');
  const asked = await pty.shows('Press enter to evict them');
  expect(asked, 'what has no digest is left out').toContain('Evict the raw bytes of 2 sessions');
  expect(asked).toContain('Left out: 1 without a digest');
  pty.type('\r');
  await pty.shows('Evicted 2 sessions');
  const status = (await program.run('status', '--json')).json() as {
    sessions: { evicted: { sessions: number }; unanalyzed: { sessions: number } };
  };
  expect([status.sessions.evicted.sessions, status.sessions.unanalyzed.sessions]).toEqual([2, 1]);
  expect((await program.run('history', '--json')).out).not.toContain('"data_loss",');
  pty.type('\x03');
  expect(await pty.ends()).toBe(0);
});

journey('the dashboard answers, and opens the sessions behind a row', async () => {
  using program = await filled();
  await using pty = new Pty(program, []);
  await pty.shows('By project');
  await pty.shows('kept up by: nothing by itself');
  pty.type('\t');
  await pty.shows('By agent');
  await pty.shows(/› claude-code/);
  pty.type('\r');
  await pty.shows('agent:claude-code');
  await pty.shows('3 of 3 sessions');
  pty.type('q');
  await pty.shows('By agent');
  pty.resize(60, 11);
  await pty.until((text) => text.split('\n').length === 11 && /^ Tier 1 · raw /m.test(text), 'the pane');
  pty.type('q');
  expect(await pty.ends()).toBe(0);
});

describe('the terminal is as it was', () => {
  journey.each(['SIGTERM', 'SIGHUP', 'SIGINT'] as const)('after %s', async (signal) => {
    using program = await filled();
    await using pty = new Pty(program, []);
    await pty.shows('analyzed 2 ');
    pty.kill(signal);
    await pty.ends();
    expect(pty.isAlternate, 'the alternate screen is left').toBe(false);
    expect(pty.raw.lastIndexOf('\x1b[?25h'), 'the cursor is shown').toBeGreaterThan(
      pty.raw.lastIndexOf('\x1b[?25l'),
    );
  });

  journey('after SIGTERM in the middle of a walk, which is recorded as interrupted', async () => {
    using program = await filled();
    await using pty = new Pty(program, ['sweep', '--soft-cap', '0', '--hard-cap', '1GiB']);
    await pty.shows('[1 backstop]');
    pty.kill('SIGTERM');
    expect(await pty.ends()).toBe(130);
    expect(pty.isAlternate).toBe(false);
    expect(pty.scrollback()).toContain('Interrupted');
  });

  journey('after ctrl-c at each step', async () => {
    using program = await filled();
    for (const enters of [0, 1]) {
      await using pty = new Pty(program, ['sweep', '--soft-cap', '0', '--hard-cap', '1GiB']);
      await pty.shows('[1 backstop]');
      for (let n = 0; n < enters; n += 1) {
        pty.type('\r');
        await pty.shows('[2 budget]');
      }
      pty.type('\x03');
      expect(await pty.ends(), `ctrl-c after ${enters} passes`).toBe(130);
      expect(pty.isAlternate).toBe(false);
    }
    expect((await program.run('list', '--state', 'evicted', '--json')).out).not.toContain(uid(1));
  });

  shellJourney('after ctrl-z, and fg brings the screen back', async () => {
    using program = await filled();
    await using pty = inShell(program);
    await pty.shows('ready>');
    pty.type('"$BINARY" --store "$STORE"\r');
    await pty.shows('analyzed 2 ');
    pty.type('\x1a');
    await pty.until((text) => !pty.isAlternate && text.includes('Stopped'), 'the shell has the terminal');
    pty.type('stty -a | tr " ;" "\\n\\n" | grep -xE -- "-?(echo|icanon)" | tr "\\n" " "\r');
    await pty.shows(/(?<!-)icanon (?<!-)echo/);
    pty.type('fg\r');
    await pty.until(
      (text) => pty.isAlternate && text.includes('analyzed 2 '),
      'the dashboard is drawn again',
    );
    pty.type('b');
    await pty.shows('by newest');
    pty.type('q');
    await pty.shows('analyzed 2 ');
    pty.type('q');
    await pty.until((text) => !pty.isAlternate && text.trimEnd().endsWith('ready>'), 'it ended in the shell');
    pty.type('exit\r');
    await pty.ends();
  });
});

describe('where a screen cannot be shown', () => {
  journey('a small window says so, and works again once it is larger', async () => {
    using program = await filled();
    await using pty = new Pty(program, [], { columns: 50, rows: 12 });
    await pty.shows('60×16');
    pty.resize(80, 24);
    await pty.shows('analyzed 2 ');
    pty.resize(59, 24);
    await pty.shows('60×16');
    pty.type('\x03');
    expect(await pty.ends()).toBe(0);
  });

  journey('TERM=dumb gets a sentence', async () => {
    using program = await filled();
    await using pty = new Pty(program, [], { env: { TERM: 'dumb' } });
    expect(await pty.ends()).toBe(2);
    expect(pty.scrollback()).toContain('TERM=dumb');
  });

  test('no terminal gets status', async () => {
    using program = await filled();
    expect((await program.run()).out).toContain('Tier 1');
  });
});

const FRAME_END = '\x1b[?2026l';

journey('a slow line: one step of the cursor costs few bytes', async () => {
  using program = new Program();
  program.env = { SESSION_MEMORY_NOW: '2026-06-01T00:00:00.000Z' };
  for (let n = 1; n <= 9; n += 1) program.put(claudePath(id(n)), promptLine(id(n), `words ${n} ${noise()}`));
  await program.run('ingest');
  await using pty = new Pty(program, [], { columns: 160, rows: 50 });
  await pty.shows('analyzed 9 ');
  pty.type('b');
  await pty.shows('row 1');
  // What stands beside the first row is of its own frame, not of the key's.
  const isBeside = (n: number) => (text: string) => text.split(`words ${n} `).length > 3;
  await pty.until(isBeside(9), 'the preview of the first row');
  const before = pty.raw.length;
  pty.type('j');
  await pty.shows('row 2');
  await pty.until(() => pty.raw.indexOf(FRAME_END, before) > 0, 'the end of the frame');
  const answer = pty.raw.slice(before, pty.raw.indexOf(FRAME_END, before));
  expect(answer.length, 'what answers the key').toBeLessThan(2500);
  // What stands beside the row comes once the cursor rests, and is drawn once.
  await pty.until(isBeside(8), 'the preview: row, head, and what was asked');
  expect(pty.raw.length - before, 'with all that stands beside it').toBeLessThan(160 * 50);
  pty.type('\x03');
  expect(await pty.ends()).toBe(0);
});

journey('the demo walks through its own store and leaves nothing behind', async () => {
  using program = new Program();
  const tmp = join(program.folder, 'tmp');
  mkdirSync(tmp);
  await using pty = new Pty(program, ['demo'], { env: { TMPDIR: tmp } });
  for (const step of ['[1 backstop]', '[2 budget]', '[3 analyze]', '[4 budget again]']) {
    await pty.shows(step);
    pty.type('\r');
  }
  await pty.asksPhrase('lose 1 sessions');
  pty.type('lose 1 sessions');
  await pty.shows('› lose 1 sessions');
  pty.type('\r');
  expect(await pty.ends()).toBe(3);
  expect(pty.scrollback()).toContain('DATA LOSS: 1 session');
  expect(existsSync(dirname(program.store)), 'the user’s own store was not even made').toBe(false);
  expect([...new Bun.Glob('**/*').scanSync({ cwd: tmp, dot: true })]).toEqual([]);
});
