/**
 * What each screen looks like: golden frames at three sizes, and laws that hold of every state at every size.
 * `UPDATE_GOLDEN=1` writes the frames anew; read what it wrote before it is committed.
 */
import { describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Terminal } from '@xterm/headless';
import { frame } from '../../src/tui/frames/frame.ts';
import { KEYS } from '../../src/tui/keys.ts';
import { textOf, toAscii, widthOf } from '../../src/tui/paint.ts';
import { contextOf } from '../../src/tui/screens.ts';
import type { Size, State } from '../../src/tui/state.ts';
import { step } from '../../src/tui/step.ts';
import { hostileIn } from '../support/filled.ts';
import { allStates, STATE_NAMES, stateOf } from './states.ts';

const GOLDEN = join(import.meta.dir, 'golden');
const GOLDEN_SIZES: readonly Size[] = [
  { columns: 80, rows: 24 },
  { columns: 60, rows: 16 },
  { columns: 100, rows: 30 },
  { columns: 160, rows: 50 },
];
const SIZES: readonly Size[] = [
  ...GOLDEN_SIZES,
  { columns: 61, rows: 17 },
  { columns: 79, rows: 19 },
  { columns: 200, rows: 60 },
];
const sizeName = ({ columns, rows }: Size) => `${columns}×${rows}`;

function texts(state: State, unicode = true): string[] {
  return frame(state, { unicode }).map(textOf);
}

function goldenText(name: string): string {
  return GOLDEN_SIZES.map((size) => {
    const lines = texts(stateOf(name, size)).map((text) => text.trimEnd());
    return `=== ${name} at ${sizeName(size)}\n${lines.join('\n')}\n`;
  }).join('');
}

describe('golden frames', () => {
  test.each([...STATE_NAMES])('%s', (name) => {
    const path = join(GOLDEN, `${name}.txt`);
    if (Bun.env['UPDATE_GOLDEN'] === '1') {
      mkdirSync(GOLDEN, { recursive: true });
      writeFileSync(path, goldenText(name));
    }
    expect(existsSync(path)).toBe(true);
    expect(goldenText(name)).toBe(readFileSync(path, 'utf8'));
  });

  test('there is none of a state that is no more', () => {
    expect(readdirSync(GOLDEN).sort()).toEqual(STATE_NAMES.map((name) => `${name}.txt`).sort());
  });
});

describe.each(SIZES.map((size) => [sizeName(size), size] as const))('at %s', (_, size) => {
  const all = allStates(size);

  test('a frame has exactly the rows of the window, and its last column stays free', () => {
    for (const { name, state } of all) {
      const lines = texts(state);
      expect([name, lines.length]).toEqual([name, size.rows]);
      expect(lines.filter((text) => widthOf(text) > size.columns - 1).map((text) => [name, text])).toEqual(
        [],
      );
    }
  });

  test('a terminal wraps nothing and counts the cells of each line as we do', async () => {
    const terminal = new Terminal({ cols: size.columns, rows: size.rows, allowProposedApi: true });
    for (const { name, state } of all) {
      const lines = texts(state);
      const shown = await shownBy(terminal, lines);
      expect({ name, shown }).toEqual({ name, shown: lines.map((text) => text.trimEnd()) });
    }
    terminal.dispose();
  });

  test('a frame is inert text', () => {
    for (const { name, state } of all)
      expect([name, hostileIn(texts(state).join('\n').replaceAll('\n', ' '))]).toEqual([name, []]);
  });

  test('without Unicode a frame is ASCII, and each line as wide as before', () => {
    for (const { name, state } of all) {
      const ascii = texts(state, false);
      expect(ascii.filter((text) => !/^[\x20-\x7e]*$/.test(text)).map((text) => [name, text])).toEqual([]);
      expect([name, ascii.map(widthOf)]).toEqual([name, texts(state).map(widthOf)]);
    }
  });
});

describe('a frame', () => {
  const size = { columns: 80, rows: 24 };

  test('fits again after a resize, whatever the size before', () => {
    for (const from of SIZES)
      for (const to of SIZES)
        for (const { name, state } of allStates(from)) {
          const lines = texts(step(state, { kind: 'resize', size: to }).state);
          expect([name, lines.length]).toEqual([name, to.rows]);
          expect(lines.filter((text) => widthOf(text) >= to.columns).map((text) => [name, text])).toEqual([]);
        }
  });

  test('shows a way out', () => {
    for (const { name, state } of [...allStates(size), ...allStates({ columns: 60, rows: 16 })]) {
      if (state.screen.kind === 'done' || state.hint !== null) continue;
      expect([name, texts(state).at(-1)]).toEqual([name, expect.stringMatching(/(?:^| )(?:esc|q) /)]);
    }
  });

  test('ends with the help and the quit keys wherever the keyboard has them', () => {
    for (const { name, state } of [...allStates(size), ...allStates({ columns: 60, rows: 16 })]) {
      const context = contextOf(state);
      const shown = ['help', 'quit'].filter((action) =>
        KEYS.some((key) => key.action === action && key.quiet !== true && key.in.includes(context)),
      );
      // What is said of a key that does nothing stands in its place for a moment.
      if (state.hint !== null) continue;
      const foot = texts(state).at(-1) ?? '';
      expect([name, shown.filter((action) => !foot.includes(action))]).toEqual([name, []]);
    }
  });

  // Each pair differs in what a person must not miss; the texts must, since a colour may not be there.
  test.each([
    ['dashboard', 'dashboard-over-soft', 'GiB, over'],
    ['dashboard-over-soft', 'dashboard-over-hard', 'Over the hard cap'],
    ['dashboard', 'dashboard-over-hard', 'DATA LOSS'],
    ['dashboard', 'dashboard-over-hard', 'lost without a digest'],
    ['dashboard', 'dashboard-tier2-over', 'over their cap, worth a review'],
    ['dashboard', 'dashboard-trouble', 'Trouble: '],
    ['dashboard', 'dashboard-trouble', 'watching by scan'],
    ['sweep-victims', 'sweep-kept-out', 'keep    1.0 MiB'],
    ['sweep-victims', 'sweep-kept-out', '(2 kept)'],
    ['sweep-kept-out', 'sweep-kept-before', 'kept out of an earlier pass; space lets it go'],
    ['sweep-budget-again', 'sweep-all-kept', 'Evict nobody'],
    ['sweep-budget-again', 'sweep-all-kept', 'Nothing is lost in their place'],
    ['sweep-victims', 'sweep-pinned', '›pin '],
    ['sweep-victims', 'loss', 'DATA LOSS'],
    ['loss-examining', 'loss', 'is gone'],
    ['loss', 'loss-wrong', 'Not the phrase: nothing was lost'],
    ['loss', 'loss-moved-on', 'The list changed while you read it: nothing was lost'],
    ['sweep-running', 'sweep-running-stopping', 'Stopping.'],
    ['sweep-result', 'sweep-result-stopped', 'You stopped it at budget'],
    ['sweep-result', 'sweep-result-lost', 'DATA LOSS'],
    ['sweep-result', 'sweep-result-lost', 'Still over the hard cap'],
    ['history-empty', 'history', 'DATA LOSS'],
    ['history-empty', 'history', 'was killed'],
    ['sessions', 'sessions-marked', '2 marked'],
    ['sessions', 'sessions-evicted', 'Evicted 2026'],
    ['dashboard-well', 'dashboard', 'The next sweep takes'],
    ['dashboard', 'dashboard-no-schedule', 'No sweep runs by itself'],
    ['dashboard', 'dashboard-stopped', 'is stopped'],
    ['restore-ready', 'restore-differs', 'DIFFERS'],
  ])('says in words what tells %s from %s: %s', (without, having, words) => {
    const wide = { columns: 160, rows: 50 };
    for (const unicode of [true, false]) {
      const said = unicode ? words : toAscii(words);
      expect(texts(stateOf(without, wide), unicode).join('\n')).not.toContain(said);
      expect(texts(stateOf(having, wide), unicode).join('\n')).toContain(said);
    }
  });

  test('marks the row under the cursor with a sign of its own', () => {
    const rows = texts(stateOf('sessions-sorted', size)).filter((text) => text.startsWith(' ›'));
    expect(rows).toEqual([expect.stringContaining('Move the invoic')]);
  });

  test('of a wizard has all five passes in it, the present one in brackets', () => {
    for (const columns of [60, 80, 160]) {
      const [, passes] = texts(stateOf('sweep-budget', { columns, rows: 24 }));
      expect(passes).toMatch(/1 backstop.*\[2 budget\].*3 analyze.*4 budget.*5 data loss/);
    }
  });

  test('of the last resort always has the phrase and what was typed of it', () => {
    for (const shownAt of SIZES) {
      const frameText = texts(stateOf('loss-typed', shownAt)).join('\n');
      expect(frameText).toContain('lose 3 sessions');
      expect(frameText).toContain('› lose 3 sess_');
    }
  });
});

describe('a window that is too small', () => {
  test.each([
    [59, 16],
    [60, 15],
    [20, 5],
    [5, 2],
    [1, 1],
  ])('%i×%i gets a sentence that fits, and nothing else', (columns, rows) => {
    for (const { name, state } of allStates({ columns, rows })) {
      if (columns >= 60 && rows >= 11 && state.screen.kind === 'dashboard') continue;
      const lines = texts(state);
      expect([name, lines.length]).toEqual([name, Math.min(3, Math.max(1, rows - 1))]);
      expect(lines.filter((text) => widthOf(text) > Math.max(1, columns - 1))).toEqual([]);
      if (columns >= 59) expect(lines[0]).toBe(`This window is ${columns}×${rows}.`);
    }
  });

  test('a pane of 60×11 has the verdict and the bars of the dashboard', () => {
    for (const rows of [11, 12, 13, 14, 15]) {
      const lines = texts(stateOf('dashboard-over-hard', { columns: 60, rows }));
      expect(lines).toHaveLength(rows);
      expect(lines.filter((text) => widthOf(text) > 59)).toEqual([]);
      expect(lines.join('\n')).toMatch(
        /Over the hard cap[\s\S]*\n Tier 1 · raw +[█▒▓│┃]+[\s\S]*\n Tier 2 · digests/,
      );
    }
    expect(texts(stateOf('dashboard', { columns: 60, rows: 10 }))[0]).toBe('This window is 60×10.');
  });

  test('changes nothing of what is on the screen when it is made larger again', () => {
    for (const { name, state } of allStates({ columns: 80, rows: 24 })) {
      const small = step(state, { kind: 'resize', size: { columns: 30, rows: 5 } }).state;
      const again = step(small, { kind: 'resize', size: { columns: 80, rows: 24 } }).state;
      expect([name, again.screen.kind]).toEqual([name, state.screen.kind]);
    }
  });
});

/** No text has it; it is put behind each line to see where the line ends. */
const END = '\u2021';
/** What old terminals, as the one in these tests, give one cell, and others two; what some give none. */
const MAY_BE_NARROWER = /[\p{Emoji_Presentation}\p{M}]/u;

/** The lines as a terminal of that size shows them, or how one of them ends elsewhere than we think. */
async function shownBy(terminal: Terminal, lines: readonly string[]): Promise<string[]> {
  terminal.reset();
  const written = lines.map((text, i) => `\u001b[${i + 1};1H${text}${END}`).join('');
  await new Promise<void>((done) => terminal.write(written, done));
  return lines.map((text, i) => {
    const line = terminal.buffer.active.getLine(i);
    const shown = line?.translateToString(true) ?? '';
    let end = terminal.cols - 1;
    while (end >= 0 && line?.getCell(end)?.getChars() !== END) end -= 1;
    const cells = widthOf(text);
    const isRight = MAY_BE_NARROWER.test(text) ? end >= 0 && end <= cells : end === cells;
    return isRight && line?.isWrapped === false
      ? shown.slice(0, -END.length).trimEnd()
      : `${cells} cells for us, ${end} for the terminal: ${text}`;
  });
}
