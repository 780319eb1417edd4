/** Journeys that end, or pause, by a signal: the terminal is as it was, and a shell is told what ended the program. */
import { describe, expect, test } from 'bun:test';
import { filled } from '../../support/filled.ts';
import { BINARY, Pty } from '../../support/pty.ts';

const journey = test.skipIf(BINARY === undefined);
const shell = Bun.which('bash');
if (shell === null) console.log('skipped: journeys in a shell need bash');
const shellJourney = test.skipIf(BINARY === undefined || shell === null);

describe('a signal that ends the screens', () => {
  journey.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGQUIT', 131],
  ] as const)('%s: SIGTERM exited 0, as if a person had pressed q', async (signal, code) => {
    using program = await filled();
    await using pty = new Pty(program, []);
    await pty.shows('analyzed 2 ');
    pty.kill(signal);
    expect(await pty.ends()).toBe(code);
    await pty.isRestored();
  });

  journey('twice, as by somebody who will not wait, still gives the terminal back', async () => {
    using program = await filled();
    await using pty = new Pty(program, []);
    await pty.shows('analyzed 2 ');
    pty.kill('SIGTERM');
    pty.kill('SIGTERM');
    expect(await pty.ends()).toBe(143);
    await pty.isRestored();
  });

  journey('a person who quits is no signal', async () => {
    using program = await filled();
    await using pty = new Pty(program, []);
    await pty.shows('analyzed 2 ');
    pty.type('\x03');
    expect(await pty.ends()).toBe(0);
  });
});

describe('a signal that stops them for a while', () => {
  shellJourney('SIGTSTP from elsewhere left the shell on the other screen, without its echo', async () => {
    using program = await filled();
    await using pty = new Pty(program, [], {
      command: [shell ?? '', '--norc', '--noprofile', '-i'],
      env: { PS1: 'ready> ', STORE: program.store, BINARY: BINARY ?? '' },
    });
    await pty.shows('ready>');
    pty.type('"$BINARY" --store "$STORE"\r');
    await pty.shows('analyzed 2 ');
    const child = Number(
      Bun.spawnSync(['pgrep', '-P', String(pty.pid)])
        .stdout.toString()
        .split('\n')[0],
    );
    process.kill(child, 'SIGTSTP');
    await pty.until((text) => !pty.isAlternate && text.includes('Stopped'), 'the shell has the terminal');
    await pty.isRestored();
    pty.type('fg\r');
    await pty.until((text) => pty.isAlternate && text.includes('analyzed 2 '), 'the dashboard again');
    pty.type('q');
    await pty.until((text) => !pty.isAlternate && text.trimEnd().endsWith('ready>'), 'it ended');
  });

  journey('a key that is typed before the first frame is not lost', async () => {
    using program = await filled();
    await using pty = new Pty(program, []);
    // The terminal is taken before anything is painted: the first thing that is seen of the program is late enough.
    await pty.until(() => pty.raw.includes('\x1b[?1049h'), 'the other screen');
    pty.type('?');
    await pty.shows('Keys and words');
    pty.type('q');
    await pty.shows('analyzed 2 ');
    pty.type('q');
    expect(await pty.ends()).toBe(0);
  });
});
