/** A window of another width: what is read is broken anew and never cut, and what stood at the top stays there. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { conversationLines } from '../../src/cli/conversation-lines.ts';
import { wrapIndented } from '../../src/cli/format.ts';
import type { Turn } from '../../src/digest/conversation.ts';
import { frame } from '../../src/tui/frames/frame.ts';
import { shownLines } from '../../src/tui/frames/reader.ts';
import { textOf, widthOf } from '../../src/tui/paint.ts';
import { type Event, nearest, type Reader, type ReadLine, type State } from '../../src/tui/state.ts';
import { step } from '../../src/tui/step.ts';
import { SEED } from '../support/seed.ts';
import { effectsOf, key, play, ROWS, SIZE, uidOf } from '../support/tui.ts';
import { stateOf } from './states.ts';

const WORDS = ['ein', 'two', 'a-longer-word', '世界', 'x', `${'y'.repeat(70)}`];
const LINES: fc.Arbitrary<string[]> = fc.array(
  fc
    .tuple(fc.constantFrom('', '  ', '      '), fc.array(fc.constantFrom(...WORDS), { maxLength: 30 }))
    .map(([lead, words]) => lead + words.join(' ')),
  { minLength: 1, maxLength: 60 },
);
const COLUMNS = fc.integer({ min: 60, max: 170 });

function readerOf(state: State): Reader {
  const reader = nearest(state, 'reader')?.reader;
  if (reader === undefined) throw new Error('nothing is read');
  return reader;
}

const letters = (texts: readonly string[]) => texts.join('').replaceAll(' ', '');
const sized = (state: State, columns: number, rows = 24) =>
  step(state, { kind: 'resize', size: { columns, rows } }).state;

function reading(
  lines: readonly (string | ReadLine)[],
  mode: 'conversation' | 'raw' | 'digest',
  columns: number,
) {
  return play(stateOf('sessions', { columns, rows: 24 }), {
    kind: 'read',
    title: 'A text',
    lines,
    more: null,
    uid: uidOf(0),
    mode,
  });
}

describe('a text that is read', () => {
  test.each(['conversation', 'raw', 'digest'] as const)(
    '%s: loses nothing to a narrower window, and is as it was in the old one',
    (mode) => {
      fc.assert(
        fc.property(LINES, COLUMNS, fc.array(COLUMNS, { maxLength: 4 }), (lines, first, widths) => {
          const opened = reading(lines, mode, first);
          const asRead = readerOf(opened).lines;
          let state = opened;
          for (const columns of widths) {
            state = sized(state, columns);
            const shown = shownLines(readerOf(state)).map(({ text }) => text);
            expect(letters(shown)).toBe(letters(lines));
            expect(shown.filter((text) => widthOf(text) > columns - 2)).toEqual([]);
          }
          expect(readerOf(sized(state, first)).lines).toEqual(asRead);
        }),
        { seed: SEED, numRuns: 60 },
      );
    },
  );

  test('the line at the top stays there', () => {
    const lines = Array.from({ length: 80 }, (_, n) => `line ${n}: ${'word '.repeat(n % 30)}`.trimEnd());
    fc.assert(
      fc.property(fc.nat(50), COLUMNS, COLUMNS, (down, first, then) => {
        const opened = play(
          reading(lines, 'conversation', first),
          ...Array.from({ length: down }, () => key('down')),
        );
        const top = (state: State) => shownLines(readerOf(state))[readerOf(state).place.top]?.text ?? '';
        const after = sized(opened, then);
        const owner = (text: string) => lines.findIndex((line) => line.startsWith(text.trim().slice(0, 9)));
        // Where it was the middle of a long line, that line's beginning is at the top.
        if (!/^line \d+:/.test(top(opened))) return;
        const { length } = shownLines(readerOf(after));
        const isAtEnd = readerOf(after).place.top >= length - 21;
        expect(isAtEnd || owner(top(after)) === owner(top(opened))).toBe(true);
      }),
      { seed: SEED, numRuns: 60 },
    );
  });

  test('what comes later is broken for the window as it is then', () => {
    const more = { uid: uidOf(0), at: 10 };
    const opened = play(stateOf('sessions', SIZE), {
      kind: 'read',
      title: 'Transcript',
      lines: ['first'],
      more,
      uid: uidOf(0),
      mode: 'conversation',
    } as Event);
    const late = play(sized(opened, 60), { kind: 'read_on', lines: ['word '.repeat(15).trim()], more: null });
    expect(shownLines(readerOf(late)).every(({ text }) => widthOf(text) <= 58)).toBe(true);
  });

  test('what comes in front moved what is seen by what is folded away in it, too', () => {
    const before = { uid: uidOf(0), at: 10 };
    const end = Array.from({ length: 60 }, (_, n) => `seen ${n}`);
    const opened = play(stateOf('sessions', SIZE), {
      kind: 'read',
      title: 'Transcript',
      lines: end,
      more: null,
      before,
      uid: uidOf(0),
      mode: 'conversation',
      atEnd: true,
    } as Event);
    const top = (state: State) => shownLines(readerOf(state))[readerOf(state).place.top]?.text;
    const front: ReadLine[] = Array.from(
      { length: 30 },
      (_, n) =>
        ({
          text: `older ${n}`,
          tone: 'plain',
          ...(n % 2 === 0 ? { isDetail: true } : {}),
        }) as ReadLine,
    );
    const grown = play(opened, { kind: 'read_back', lines: front, before: null });
    expect(top(grown)).toBe(top(opened));
  });
});

describe('what is told beside a row', () => {
  test('was cut for the old width: it is asked for anew', () => {
    const state = stateOf('sessions', SIZE);
    expect(effectsOf(state, { kind: 'resize', size: { columns: 70, rows: 24 } })).toContainEqual({
      kind: 'peek',
      uid: ROWS[0]?.uid ?? uidOf(0),
      columns: 68,
    });
    const pass = stateOf('sweep-victims', SIZE);
    const asked = effectsOf(pass, { kind: 'resize', size: { columns: 70, rows: 24 } });
    expect(asked.map(({ kind }) => kind)).toEqual(['preview']);
  });

  test('of a report sentences are broken, and none is cut', () => {
    const narrow = frame(sized(stateOf('sweep-result', { columns: 160, rows: 50 }), 60, 50), {
      unicode: true,
    });
    const sentence = narrow.map(textOf).filter((text) => /^ \S/.test(text) && text.endsWith('…'));
    expect(sentence).toEqual([]);
  });
});

test('a broken line began with the blank that it was broken at', () => {
  fc.assert(
    fc.property(LINES, fc.integer({ min: 20, max: 90 }), (lines, columns) => {
      for (const text of lines) {
        const parts = wrapIndented(text, columns);
        const lead = /^ */.exec(parts[0] ?? '')?.[0].length;
        for (const part of parts) {
          expect(widthOf(part)).toBeLessThanOrEqual(columns);
          expect(part.trim() === '' || /^ */.exec(part)?.[0].length === lead).toBe(true);
        }
        expect(letters(parts)).toBe(letters([text]));
      }
    }),
    { seed: SEED, numRuns: 60 },
  );
  const turn = {
    who: 'agent',
    at: null,
    outcome: '',
    failed: false,
    detail: '',
    diff: [],
  } as unknown as Turn;
  const prose = conversationLines([{ ...turn, text: 'eighteen letters i and more' }], false, 20);
  expect(prose.map(({ text }) => text).slice(1)).toEqual(['  eighteen letters i', '  and more']);
});

test('a transcript did not say whose it is', () => {
  const shown = (state: State) => textOf(frame(state, { unicode: true })[0] ?? []);
  const from = play(stateOf('sessions', SIZE), {
    kind: 'read',
    title: 'Transcript',
    lines: null,
    more: null,
    uid: uidOf(0),
    mode: 'conversation',
  } as Event);
  expect(shown(from)).toContain('Transcript · Fix the flaky');
  const title = textOf(
    frame(stateOf('reader-conversation', { columns: 160, rows: 50 }), { unicode: true })[0] ?? [],
  );
  expect(title).toContain('Fix the flaky login test on CI');
});
