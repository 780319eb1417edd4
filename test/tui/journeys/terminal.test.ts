/** Journeys about the terminal itself: what is written to it, what it looks like afterwards, what it cannot show. */
import { describe, expect } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { claudePath, promptLine } from '../../support/bench-world.ts';
import { filled, id, uid } from '../../support/filled.ts';
import { inShell, journey, shellJourney } from '../../support/journeys.ts';
import type { Program } from '../../support/program.ts';
import { Pty } from '../../support/pty.ts';

/** Over both caps: every step of the walk has something to do. */
const OVER = ['sweep', '--soft-cap', '3000', '--hard-cap', '4000', '--max-age-days', '20'];
const STEPS = ['[1 backstop]', '[2 budget]', '[3 analyze]', '[4 budget again]', '[5 data loss]'];

/** Says whether a line that is typed is shown and handed over line by line, as a shell wants it. */
const ASK =
  'stty -a | tr " ;" "\\n\\n" | grep -xE -- "-?(echo|icanon|isig|opost)" | sort | tr "\\n" " "; echo asked\r';
const COOKED = /(?<![-\w])echo (?<!-)icanon (?<!-)isig (?<!-)opost asked/;

/** The codes of every SGR sequence that was written. */
function sgrCodes(raw: string): number[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences are what is looked for
  return [...raw.matchAll(/\x1b\[([\d;:]*)m/g)].flatMap(([, codes = '']) => codes.split(/[;:]/).map(Number));
}

const isColour = (code: number) => (code >= 30 && code <= 49) || (code >= 90 && code <= 107);

/** Through every screen that can be reached by keys alone; `see` looks at each. */
async function throughAll(pty: Pty, see: (text: string) => void): Promise<void> {
  see(await pty.shows('analyzed 2 '));
  const visits: readonly (readonly [string, string, string])[] = [
    ['b', 'by newest', '\x1b'],
    ['h', 'History', '\x1b'],
    ['?', 'Keys and words', '\x1b'],
  ];
  for (const [key, shown, back] of visits) {
    pty.type(key);
    see(await pty.shows(shown));
    pty.type(back);
    await pty.shows('analyzed 2 ');
  }
}

async function throughSweep(pty: Pty, see: (text: string) => void): Promise<void> {
  for (const step of STEPS) {
    see(await pty.shows(step));
    if (step !== STEPS.at(-1)) pty.type('\r');
  }
}

describe('what is written', () => {
  journey('with NO_COLOR no colour is, on any screen, and all is still said', async () => {
    using program = await filled();
    program.env = { ...program.env, NO_COLOR: '1' };
    await using screens = new Pty(program, []);
    await throughAll(screens, () => undefined);
    expect(sgrCodes(screens.raw).filter(isColour)).toEqual([]);
    // It asks for no colour, and for nothing else: headings stay bold, the row under the cursor turned round.
    expect(sgrCodes(screens.raw)).toEqual(expect.arrayContaining([1, 2, 7]));
    await using walk = new Pty(program, OVER);
    await throughSweep(walk, () => undefined);
    expect(walk.text(), 'danger is said in words').toContain('DATA LOSS');
    expect(sgrCodes(walk.raw).filter(isColour)).toEqual([]);
  });

  journey('with colour, only the sixteen that every theme defines', async () => {
    using program = await filled();
    await using walk = new Pty(program, OVER);
    await throughSweep(walk, () => undefined);
    const colours = sgrCodes(walk.raw).filter(isColour);
    expect(colours, 'the loss is red').toContain(31);
    expect(colours.filter((code) => code === 38 || code === 48)).toEqual([]);
  });

  journey('with LANG=C ASCII alone is, on every screen', async () => {
    using program = await filled();
    program.put(claudePath(id(6)), promptLine(id(6), 'naïve 日本語 🙂 title', '2026-05-06T10:00:00.000Z'));
    await program.run('ingest', '--no-analyze');
    program.env = { ...program.env, LANG: 'C' };
    const seen: string[] = [];
    await using screens = new Pty(program, []);
    await throughAll(screens, (text) => seen.push(text));
    await using walk = new Pty(program, OVER);
    await throughSweep(walk, (text) => seen.push(text));
    expect(seen).toHaveLength(9);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what is not ASCII is looked for
    expect(seen.flatMap((text) => text.match(/[^\x00-\x7f]+/g) ?? [])).toEqual([]);
  });

  journey('an idle dashboard writes nothing, however often others read the store', async () => {
    using program = await filled();
    await using pty = new Pty(program, []);
    await pty.shows('watching ●');
    await program.run('pin', uid(1));
    await pty.shows('pinned 1');
    // The mark that ends a frame may come in a piece of its own.
    await pty.until(() => pty.raw.endsWith('\x1b[?2026l'), 'the end of the frame');
    const before = pty.raw.length;
    for (const _ of Array(10)) expect((await program.run('status')).code).toBe(0);
    expect(pty.raw.length - before, 'bytes between two changes of the store').toBe(0);
    await program.run('unpin', uid(1));
    await pty.shows('pinned 0');
    expect(pty.raw.length - before, 'and few for one figure').toBeLessThan(500);
  });

  journey(
    'one row down in the list costs less than 1 kB at 80×24, at 160×50 no more than what stands beside it',
    async () => {
      using program = await filled();
      for (const [columns, rows, most] of [
        [80, 24, 1000],
        [160, 50, 5000],
      ] as const) {
        await using pty = new Pty(program, [], { columns, rows });
        await pty.shows('watching ●');
        pty.type('b');
        await pty.shows('row 1');
        const before = pty.raw.length;
        pty.type('j');
        await pty.shows('row 2');
        expect(pty.raw.length - before, `${columns}×${rows}`).toBeLessThan(most);
      }
    },
  );
});

describe('afterwards, a shell finds its terminal as it was', () => {
  shellJourney.each<[string, (pty: Pty) => void]>([
    ['q', (pty) => pty.type('q')],
    ['ctrl-c', (pty) => pty.type('\x03')],
    ['SIGTERM', (pty) => void process.kill(childOf(pty.pid), 'SIGTERM')],
    ['SIGHUP', (pty) => void process.kill(childOf(pty.pid), 'SIGHUP')],
  ])('%s', async (_, end) => {
    using program = await filled();
    await using pty = inShell(program);
    await pty.shows('ready>');
    pty.type('"$BINARY" --store "$STORE"\r');
    await pty.shows('watching ●');
    end(pty);
    await pty.until((text) => !pty.isAlternate && /ready>\s*$/.test(text), 'the shell is asked again');
    await pty.isRestored();
    pty.type(ASK);
    await pty.shows(COOKED);
    expect(pty.raw.lastIndexOf('\x1b[?2004l'), 'pastes are as before').toBeGreaterThan(0);
  });

  journey('at once: nothing that is left to wait for holds the process back', async () => {
    using program = await filled();
    await using pty = new Pty(program, []);
    await pty.shows('watching ●');
    pty.type('q');
    await pty.until(() => !pty.isAlternate, 'the normal screen');
    const began = performance.now();
    expect(await pty.ends()).toBe(0);
    expect(performance.now() - began, 'ms; the patience with a busy thread is 2,000').toBeLessThan(1500);
  });

  shellJourney('ctrl-z in the walk leaves it waiting, and fg goes on where it was', async () => {
    using program = await filled();
    await using pty = inShell(program);
    await pty.shows('ready>');
    pty.type(`"$BINARY" --store "$STORE" ${OVER.join(' ')} --no-analyze; echo "exit $?"\r`);
    for (const step of STEPS.slice(0, 2)) {
      await pty.shows(step);
      pty.type('\r');
    }
    await pty.asksPhrase('lose 1 sessions');
    pty.type('lose 1');
    await pty.shows('› lose 1');
    pty.type('\x1a');
    await pty.until((text) => !pty.isAlternate && text.includes('Stopped'), 'the shell has the terminal');
    await pty.isRestored();
    pty.type(ASK);
    await pty.shows(COOKED);
    const list = (await program.run('list', '--state', 'unanalyzed', '--json')).json() as {
      sessions: unknown[];
    };
    expect(list.sessions, 'nothing was lost while it was away').toHaveLength(1);
    pty.type('fg\r');
    await pty.until(
      (text) => pty.isAlternate && text.includes('› lose 1'),
      'the phrase as far as it was typed',
    );
    pty.type(' sessions');
    await pty.shows('› lose 1 sessions');
    pty.type('\r');
    await pty.until((text) => !pty.isAlternate && /ready>\s*$/.test(text), 'it ended');
    expect(pty.scrollback()).toContain('DATA LOSS: 1 session');
  });
});

/** The one child of a process. */
function childOf(pid: number): number {
  const { stdout } = Bun.spawnSync(['pgrep', '-P', String(pid)]);
  return Number(stdout.toString().trim().split('\n')[0]);
}

describe('a store that breaks under the screens', () => {
  const broken = (program: Program) => {
    writeFileSync(program.store, Buffer.alloc(64 * 1024, 'no store any more '));
    rmSync(`${program.store}-wal`, { force: true });
  };

  journey('in the middle of a walk ends with a sentence on the normal screen and 1', async () => {
    using program = await filled();
    await using pty = new Pty(program, OVER);
    await pty.shows('[1 backstop]');
    broken(program);
    pty.type('\r');
    await pty.until(
      (text) => /malformed|damaged|not a (session-memory|database)|not a store/i.test(text),
      'what is wrong',
    );
    if (pty.isAlternate) pty.type('\r');
    expect(await pty.ends()).toBe(1);
    await pty.isRestored();
    expect(pty.scrollback(), 'said where it stays').toMatch(/session-memory: /);
    expect(pty.scrollback(), 'no stack').not.toMatch(/\n\s+at /);
  });

  journey.each(['b', 'h', 's', 'i'])('after %s on the dashboard can be quitted as ever', async (key) => {
    using program = await filled();
    await using pty = new Pty(program, []);
    await pty.shows('watching ●');
    broken(program);
    pty.type(key);
    await pty.until(
      (text) => /malformed|damaged|not a (session-memory|database)|not a store|Trouble/i.test(text),
      'what is wrong',
    );
    pty.type('\x03');
    await pty.ends();
    await pty.isRestored();
    expect(pty.scrollback(), 'no stack').not.toMatch(/\n\s+at /);
  });

  journey('said "This is a bug", and the dashboard went on to say that all was well', async () => {
    using program = await filled();
    await using pty = new Pty(program, []);
    await pty.shows('watching ●');
    await pty.shows('By project');
    broken(program);
    pty.type('b');
    await pty.shows('The store is damaged: run `session-memory verify`.');
    pty.type('\x1b');
    const dashboard = await pty.shows('✗ The store is damaged. Quit, and run `session-memory verify`');
    expect(dashboard).not.toContain('All stored');
    pty.type('q');
    await pty.ends();
    expect(pty.scrollback()).not.toContain('This is a bug');
  });
});

describe('where no walk can be shown', () => {
  journey('without a terminal it shows the plan and asks for --yes', async () => {
    using program = await filled();
    const { code, out, err } = await program.run(...OVER);
    expect(code, 'consent is needed').toBe(2);
    expect(out + err).toContain('--yes');
  });

  journey('TERM=dumb gets the plan and no escape sequence, and changes nothing', async () => {
    using program = await filled();
    await using pty = new Pty(program, OVER, { env: { TERM: 'dumb' } });
    expect(await pty.ends(), 'nobody can be asked: consent is needed').toBe(2);
    expect(pty.raw, 'plain').not.toContain('\x1b');
    expect(pty.scrollback()).toContain('--yes');
    expect((await program.run('list', '--state', 'evicted', '--json')).out).not.toContain(uid(1));
  });

  journey('a window that shrinks at the last resort takes no phrase until it is enlarged', async () => {
    using program = await filled();
    await using pty = new Pty(program, [...OVER, '--no-analyze']);
    for (const step of STEPS.slice(0, 2)) {
      await pty.shows(step);
      pty.type('\r');
    }
    await pty.asksPhrase('lose 1 sessions');
    pty.resize(59, 24);
    await pty.shows('60×16');
    pty.type('lose 1 sessions\r');
    // It has read the keys for sure once it has answered two more resizes.
    for (const columns of [58, 57]) {
      pty.resize(columns, 24);
      await pty.shows(`${columns}×24`);
    }
    pty.resize(80, 24);
    await pty.shows('To lose them, type');
    expect(pty.text(), 'what was typed unseen is not there').not.toContain('› lose');
    pty.type('\x03');
    expect(await pty.ends()).toBe(130);
    expect((await program.run('history', '--json')).out).not.toContain('"data_loss",');
  });
});
