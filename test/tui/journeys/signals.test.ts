/** Journeys that end, or pause, by a signal: the terminal is as it was, and a shell is told what ended the program. */
import { describe, expect } from 'bun:test';
import { filled } from '../../support/filled.ts';
import { inShell, journey, shellJourney } from '../../support/journeys.ts';
import { Pty } from '../../support/pty.ts';

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
    await using pty = inShell(program);
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

describe('the mouse, once it is switched on', () => {
  const on = async (pty: Pty) => {
    await pty.shows('analyzed 2 ');
    await pty.shows('By project');
    pty.type('M');
    await pty.shows('M gives them back');
  };
  const isOff = (pty: Pty) => pty.raw.lastIndexOf('\x1b[?1000l') > pty.raw.lastIndexOf('\x1b[?1000h');

  journey('opens what is clicked, scrolls by its wheel, and is off at the start', async () => {
    using program = await filled();
    await using pty = new Pty(program, []);
    await pty.shows('By project');
    expect(pty.raw, 'a terminal selects text as ever').not.toContain('\x1b[?1000h');
    await on(pty);
    const footer = pty.text().split('\n');
    pty.type('b');
    await pty.shows('row 1 of 3');
    pty.type('\x1b[<65;10;10M');
    await pty.shows('row 3 of 3');
    pty.type('\x1b[<0;10;5M\x1b[<0;10;5m');
    await pty.shows('row 1 of 3');
    pty.type('M');
    await pty.shows('text can be selected');
    expect(isOff(pty)).toBe(true);
    expect(footer).toHaveLength(24);
    pty.type('\x03');
    await pty.ends();
  });

  journey.each([
    ['ctrl-c', (pty: Pty) => pty.type('\x03')],
    ['SIGTERM', (pty: Pty) => pty.kill('SIGTERM')],
    ['SIGHUP', (pty: Pty) => pty.kill('SIGHUP')],
    ['SIGTERM twice', (pty: Pty) => [pty.kill('SIGTERM'), pty.kill('SIGTERM')]],
  ] as const)('is given back after %s', async (_, end) => {
    using program = await filled();
    await using pty = new Pty(program, []);
    await on(pty);
    end(pty);
    await pty.ends();
    await pty.isRestored();
    expect(isOff(pty)).toBe(true);
    expect(pty.raw.lastIndexOf('\x1b[?1007r'), 'and the wheel is as before').toBeGreaterThan(0);
  });

  shellJourney('is the shell’s after ctrl-z, and ours again after fg', async () => {
    using program = await filled();
    await using pty = inShell(program);
    await pty.shows('ready>');
    pty.type('"$BINARY" --store "$STORE"\r');
    await on(pty);
    pty.type('\x1a');
    await pty.until((text) => !pty.isAlternate && text.includes('Stopped'), 'the shell has the terminal');
    expect(isOff(pty)).toBe(true);
    pty.type('fg\r');
    await pty.until((text) => pty.isAlternate && text.includes('analyzed 2 '), 'the dashboard again');
    await pty.until(() => !isOff(pty), 'it tells of the mouse again');
    pty.type('q');
    await pty.until((text) => !pty.isAlternate && text.trimEnd().endsWith('ready>'), 'it ended');
    expect(isOff(pty)).toBe(true);
  });
});
