/** A line that is typed: the caret, wherever letters are text. In the filter home and the arrows were dead. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { frame } from '../../src/tui/frames/frame.ts';
import { keyNames } from '../../src/tui/input.ts';
import type { Action } from '../../src/tui/keys.ts';
import { edited, halves, inserted, type TypedLine, typedSpans } from '../../src/tui/line-edit.ts';
import { textOf, widthOf } from '../../src/tui/paint.ts';
import { contextOf } from '../../src/tui/screens.ts';
import type { State } from '../../src/tui/state.ts';
import { SEED } from '../support/seed.ts';
import { key, play, SIZE, typing } from '../support/tui.ts';
import { stateOf } from './states.ts';

const UNITS_MAX = 40;
/** Letters of one cell, of two, and of several code points. */
const LETTERS = ['a', 'b', ' ', '世', 'é', 'e\u0301', '👩‍💻'];
const KEYS: readonly Action[] = [
  ...(['left', 'right', 'line_start', 'line_end', 'erase', 'erase_word', 'erase_line'] as const),
];

/** As a list of letters and a place in it. */
function modelled(before: string[], after: string[], what: string): [string[], string[]] {
  switch (what) {
    case 'left':
      return [before.slice(0, -1), [...before.slice(-1), ...after]];
    case 'right':
      return [[...before, ...after.slice(0, 1)], after.slice(1)];
    case 'line_start':
      return [[], [...before, ...after]];
    case 'line_end':
      return [[...before, ...after], []];
    case 'erase':
      return [before.slice(0, -1), after];
    case 'erase_line':
      return [[], after];
    case 'erase_word': {
      const isBlank = (n: number) => before[n] === ' ';
      let at = before.length;
      while (at > 0 && isBlank(at - 1)) at -= 1;
      while (at > 0 && !isBlank(at - 1)) at -= 1;
      return [before.slice(0, at), after];
    }
    default:
      return [[...before, what], after];
  }
}

describe('a typed line', () => {
  test('is what a list of letters with a place in it would be', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...LETTERS, ...KEYS), { maxLength: 25 }), (done) => {
        let line: TypedLine = { text: '', fromEnd: 0 };
        let model: [string[], string[]] = [[], []];
        for (const what of done) {
          const isLetter = LETTERS.includes(what);
          line = (isLetter ? inserted(line, what, 1000) : edited(line, what as Action)) ?? line;
          model = modelled(...model, what);
        }
        expect(line.text).toBe(model.flat().join(''));
        expect(halves(line).map((half) => half.join(''))).toEqual(model.map((half) => half.join('')));
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  test('is never longer than it may be, and loses nothing of what is there to what is pasted', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 60 }),
        fc.nat(40),
        fc.string({ maxLength: 60 }),
        (text, fromEnd, piece) => {
          const line = { text: text.slice(0, UNITS_MAX), fromEnd };
          const next = inserted(line, piece, UNITS_MAX);
          expect(next.text.length).toBeLessThanOrEqual(UNITS_MAX);
          const [before, after] = halves(line).map((half) => half.join(''));
          expect(next.text.startsWith(before ?? '') && next.text.endsWith(after ?? '')).toBe(true);
        },
      ),
      { seed: SEED },
    );
  });

  test('is drawn with its caret in sight, however narrow', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 80 }),
        fc.nat(80),
        fc.integer({ min: 4, max: 60 }),
        (text, fromEnd, cells) => {
          const spans = typedSpans({ text, fromEnd }, cells);
          expect(spans.filter(({ tone }) => tone === 'cursor')).toEqual([{ text: '_', tone: 'cursor' }]);
          expect(widthOf(textOf(spans))).toBeLessThanOrEqual(cells);
        },
      ),
      { seed: SEED },
    );
  });
});

const FIELDS: readonly (readonly [context: string, state: State])[] = [
  ['filter', play(stateOf('sessions', SIZE), key('/'))],
  ['finding', play(stateOf('reader-conversation', SIZE), key('/'))],
  ['helping', play(stateOf('dashboard', SIZE), key('?'), key('/'))],
  ['folder', play(stateOf('restore-ready', SIZE), key('d'))],
  ['phrase', play(stateOf('loss', SIZE), key('5'), key('enter'))],
];

describe.each(FIELDS)('typing on the screen of: %s', (context, state) => {
  const shown = (now: State) => frame(now, { unicode: true }).map(textOf).join('\n');

  test('home, end and the arrows go through the line, and letters are put in where the caret is', () => {
    expect(contextOf(state)).toBe(context as never);
    const typed = play(state, ...typing('ose 3 ess'), key('home'), key('l'), key('end'), key('x'));
    expect(shown(typed)).toContain('lose 3 essx_');
    const within = play(typed, key('backspace'), ...Array.from({ length: 3 }, () => key('left')), key('s'));
    expect(shown(within)).toContain('lose 3 s_ess');
    expect(shown(play(within, key('right')))).toContain('lose 3 se_ss');
    // The same by the letters that shells have for it.
    expect(shown(play(within, key('ctrl+a')))).toContain('_lose 3 sess');
    expect(shown(play(within, key('ctrl+e')))).toContain('lose 3 sess_');
  });

  test('ctrl-w and ctrl-u erase in front of the caret', () => {
    const typed = play(state, ...typing('one two three'), key('left'), key('left'));
    expect(shown(play(typed, key('ctrl+w')))).toContain('one two _ee');
    expect(shown(play(typed, key('ctrl+u')))).toContain(' _ee');
  });

  test('a line that is typed anew begins with its caret at the end', () => {
    const left = play(state, ...typing('abc'), key('home'), key('esc'));
    expect(left.fromEnd).toBe(0);
  });
});

test('the arrows to the left and to the right were silent', () => {
  const none = {
    upArrow: false,
    downArrow: false,
    leftArrow: false,
    rightArrow: false,
    pageUp: false,
    pageDown: false,
    home: false,
    end: false,
    return: false,
    escape: false,
    backspace: false,
    delete: false,
    tab: false,
    ctrl: false,
    meta: false,
  };
  expect(keyNames('', { ...none, leftArrow: true })).toEqual(['left']);
  expect(keyNames('', { ...none, rightArrow: true })).toEqual(['right']);
  expect(shownHint('left')).toContain('left does nothing here');
});

function shownHint(name: string): string {
  return frame(play(stateOf('dashboard', SIZE), key(name)), { unicode: true })
    .map(textOf)
    .join('\n');
}
