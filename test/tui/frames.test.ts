/**
 * What each screen looks like: golden frames at three sizes, and laws that hold of every state at every size.
 * `UPDATE_GOLDEN=1` writes the frames anew; read what it wrote before it is committed.
 */
import { describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Terminal } from '@xterm/headless';
import { frame } from '../../src/tui/frames/frame.ts';
import { textOf, widthOf } from '../../src/tui/paint.ts';
import type { Size, State } from '../../src/tui/state.ts';
import { hostileIn } from '../support/filled.ts';
import { allStates, STATE_NAMES, stateOf } from './states.ts';

const GOLDEN = join(import.meta.dir, 'golden');
const GOLDEN_SIZES: readonly Size[] = [
  { columns: 80, rows: 24 },
  { columns: 60, rows: 16 },
  { columns: 160, rows: 50 },
];
const SIZES: readonly Size[] = [
  ...GOLDEN_SIZES,
  { columns: 61, rows: 17 },
  { columns: 79, rows: 19 },
  { columns: 100, rows: 30 },
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
