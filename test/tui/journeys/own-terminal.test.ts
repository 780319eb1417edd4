/** Journeys with others on the terminal: what they write is kept off each screen, and the screen can always be had anew. */
import { describe, expect, test } from 'bun:test';
import { BINARY } from '../../support/binary.ts';
import { filled } from '../../support/filled.ts';
import { journey } from '../../support/journeys.ts';
import { canWriteAsProcess, opened, SCREENS, strayed, writeAsProcess } from '../../support/open-screens.ts';
import { Pty } from '../../support/pty.ts';

if (!canWriteAsProcess) console.log('skipped: writing as another process needs its descriptors in /proc');
const noisyJourney = test.skipIf(BINARY === undefined || !canWriteAsProcess);

const LEAVES = '\x1b[?1049l';
/** What tears a screen: lines that scroll it, a wipe, another screen. */
const WARNINGS = 'the first of them\n'.concat('noise: a negative number.\nDuration set to 1.\n'.repeat(1000));

describe('others write', () => {
  noisyJourney.each(SCREENS.map((screen) => [screen.name, screen] as const))(
    'a thousand warnings at once on the %s, which is untouched; they are printed at the end',
    async (_, screen) => {
      using program = await filled('--no-analyze');
      await program.run('analyze');
      await using pty = await opened(program, screen);
      for (const descriptor of [2, 1] as const) writeAsProcess(pty.pid, descriptor, WARNINGS);
      writeAsProcess(pty.pid, 1, '\x1b[2J\x1b[Hnoise on stdout\x1b[?1049l');
      if (screen.name === 'dashboard') await pty.shows('Trouble: kept off the screen');
      expect(await strayed(pty)).toBeNull();
      expect(pty.isAlternate).toBe(true);
      pty.type('\x03');
      await pty.ends();
      await pty.isRestored();
      expect(pty.raw.slice(0, pty.raw.lastIndexOf(LEAVES))).not.toContain('noise');
      expect(pty.scrollback()).toContain('kept off them');
      expect(pty.scrollback()).toContain('noise: a negative number.  (2,000 times)');
      expect(pty.scrollback()).toContain('noise on stdout');
    },
  );

  noisyJourney('and what goes into a file goes there at once, as it was asked', async () => {
    using program = await filled();
    const log = `${program.folder}/log`;
    await using pty = new Pty(program, [], {
      command: ['sh', '-c', 'exec "$0" --store "$1" 2>"$2"', ...[...program.command, program.store, log]],
    });
    await pty.shows('watching ●');
    writeAsProcess(pty.pid, 2, 'for the log\n');
    expect(await Bun.file(log).text()).toBe('for the log\n');
    expect(await strayed(pty)).toBeNull();
    pty.type('q');
    expect(await pty.ends()).toBe(0);
    expect(pty.raw).not.toContain('for the log');
  });
});

describe('an analyzer of the user', () => {
  journey('reaches no terminal, by its output or by the name of the terminal', async () => {
    using program = await filled('--no-analyze');
    const command = 'echo noise >/dev/tty; echo noise >&2; echo a summary';
    const args = ['--analyzer', command, '--soft-cap', '3000', '--hard-cap', '4000', '--max-age-days', 'off'];
    await using pty = new Pty(program, ['sweep', ...args]);
    for (const step of ['[1 backstop]', '[2 budget]', '[3 analyze]']) {
      await pty.shows(step);
      pty.type('\r');
    }
    await pty.shows('[4 budget again]');
    expect(await strayed(pty)).toBeNull();
    pty.type('\x03');
    await pty.ends();
    expect(pty.raw).not.toContain('noise');
    expect(pty.scrollback()).toContain('analyzed 2 sessions');
  });
});

describe('a screen that something else has torn', () => {
  journey('ctrl-l draws all of it anew', async () => {
    using program = await filled();
    await using pty = new Pty(program, []);
    // The totals and the schedule come after the first frame.
    const isWhole = (text: string) => /● .*[\s\S]*› [\s\S]*kept up by: [a-z]/.test(text);
    const whole = await pty.until(isWhole, 'all of the dashboard');
    await pty.garble('\x1b[5;1Hgarbage\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n');
    expect(pty.text()).not.toBe(whole);
    pty.type('\x0c');
    await pty.until((text) => text === whole, 'the dashboard as it was');
  });

  journey('a window of another size has all of it anew', async () => {
    using program = await filled();
    await using pty = new Pty(program, []);
    await pty.shows('watching ●');
    for (const [columns, rows] of [
      [100, 30],
      [70, 20],
      [120, 18],
    ] as const) {
      pty.resize(columns, rows);
      await pty.garble('\x1b[5;1Hgarbage\x1b[12;3Hgarbage');
      await pty.until((text) => !text.includes('garbage') && text.includes('q quit'), 'all of it');
      expect(await strayed(pty), `${columns}×${rows}`).toBeNull();
    }
  });

  journey(
    'stopped and continued it takes the terminal and its size again, whatever was done to both',
    async () => {
      using program = await filled();
      await using pty = new Pty(program, []);
      await pty.shows('watching ●');
      pty.kill('SIGSTOP');
      pty.resize(70, 20);
      await pty.garble('\x1b[?1049l\x1b[?25hready> kill -CONT\r\n');
      pty.kill('SIGCONT');
      await pty.until((text) => pty.isAlternate && text.includes('q quit'), 'the dashboard');
      expect(await strayed(pty)).toBeNull();
      expect(pty.text().split('\n').at(-1), 'its last row').toContain('q quit');
      pty.type('b');
      await pty.shows('row 1');
    },
  );
});

describe('a terminal is a terminal, whatever the environment says of build servers', () => {
  journey.each([
    [{ CI: '' }],
    [{ CI: 'false' }],
    [{ CI: 'true' }],
    [{ CI: '1', CONTINUOUS_INTEGRATION: 'true', GITHUB_ACTIONS: 'true' }],
  ])('%j', async (env) => {
    using program = await filled();
    await using pty = new Pty(program, [], { env });
    await pty.shows('watching ●');
    pty.type('b');
    await pty.shows('row 1');
    pty.type('\x1b');
    await pty.shows('By project');
    pty.type('q');
    expect(await pty.ends()).toBe(0);
    await pty.isRestored();
  });
});
