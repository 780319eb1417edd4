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
    for (const { name, state } of all) {
      const lines = texts(state);
      const shown = await shownBy(size, lines);
      expect({ name, shown }).toEqual({ name, shown: lines.map((text) => text.trimEnd()) });
    }
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

/**
 * The lines as a terminal of that size shows them, or where its cursor stood elsewhere than we think. Its tables are of
 * before Unicode 9, which made an emoji two cells wide: there it takes one, so that such a line may be shorter, never longer.
 */
async function shownBy({ columns, rows }: Size, lines: readonly string[]): Promise<string[]> {
  const terminal = new Terminal({ cols: columns, rows, allowProposedApi: true });
  const wrong: string[] = [];
  for (const [i, text] of lines.entries()) {
    await new Promise<void>((done) => terminal.write(`\u001b[${i + 1};1H${text}`, done));
    const { cursorX, cursorY } = terminal.buffer.active;
    const cells = widthOf(text) - (text.match(/\p{Emoji_Presentation}/gu)?.length ?? 0);
    if (cursorX !== cells || cursorY !== i)
      wrong.push(`line ${i + 1}: ${cells} cells for us, ${cursorX} for the terminal: ${text}`);
  }
  const shown = lines.map(
    (_, i) => terminal.buffer.active.getLine(i)?.translateToString(true).trimEnd() ?? '',
  );
  terminal.dispose();
  return wrong.length > 0 ? wrong : shown;
}
