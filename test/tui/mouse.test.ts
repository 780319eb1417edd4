/** The mouse: reports are told from keys however they are cut, and a click decides nothing that matters. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { frame } from '../../src/tui/frames/frame.ts';
import { MouseFilter, type MouseReport } from '../../src/tui/mouse.ts';
import { textOf } from '../../src/tui/paint.ts';
import { contextOf, listed } from '../../src/tui/screens.ts';
import type { Event, State } from '../../src/tui/state.ts';
import { step } from '../../src/tui/step.ts';
import { effectsOf, key, play, SIZE } from '../support/tui.ts';
import { allStates, stateOf } from './states.ts';

const click = (row: number, column = 5): Event => ({ kind: 'mouse', what: 'click', row, column });
const wheel = (what: 'wheel_up' | 'wheel_down'): Event => ({ kind: 'mouse', what, row: 9, column: 9 });
const texts = (state: State) => frame(state, { unicode: true }).map(textOf);

describe('what comes from a terminal', () => {
  const report = fc.record({
    button: fc.constantFrom(0, 1, 2, 32, 64, 65),
    column: fc.integer({ min: 1, max: 400 }),
    row: fc.integer({ min: 1, max: 200 }),
    end: fc.constantFrom('M', 'm'),
  });
  const keys = fc.constantFrom('a', 'M', '[', '<', '0;1;2M', '\x1b[A', '\x1b[5~', '\x1bOP', '日', '\r');
  const written = ({
    button,
    column,
    row,
    end,
  }: {
    button: number;
    column: number;
    row: number;
    end: string;
  }) => `\x1b[<${button};${column};${row}${end}`;

  test('is split into keys and reports, wherever it is cut behind the beginning of a report', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(keys, report), { maxLength: 12 }),
        fc.array(fc.nat(200)),
        (parts, cuts) => {
          const typed = parts.map((part) => (typeof part === 'string' ? part : written(part))).join('');
          const reports: MouseReport[] = [];
          const filter = new MouseFilter((one) => reports.push(one));
          const places = [...new Set(cuts.map((cut) => cut % (typed.length + 1)))].sort((a, b) => a - b);
          let out = '';
          let from = 0;
          // An esc at the end of a piece is a key that was pressed alone.
          for (const place of [...places.filter((at) => typed[at - 1] !== '\x1b'), typed.length]) {
            out += filter.pass(typed.slice(from, place));
            from = place;
          }
          expect(out).toBe(parts.filter((part) => typeof part === 'string').join(''));
          const told = parts.flatMap((part) =>
            typeof part !== 'string' && part.end === 'M' && [0, 64, 65].includes(part.button)
              ? [[part.row - 1, part.column - 1]]
              : [],
          );
          expect(reports.map(({ row, column }) => [row, column])).toEqual(told);
        },
      ),
    );
  });

  test('a report that is cut behind its esc types nothing', () => {
    const filter = new MouseFilter(() => undefined);
    expect(filter.pass('\x1b') + filter.pass('[<0;10;5M')).toBe('\x1b');
  });
});

test('it is off at the start, and M switches it on and off with a word about it', () => {
  const on = play(stateOf('sessions', SIZE), key('M'));
  expect(stateOf('sessions', SIZE).hasMouse).toBe(false);
  expect(effectsOf(stateOf('sessions', SIZE), key('M'), key('M'))).toEqual([
    { kind: 'mouse', on: true },
    { kind: 'mouse', on: false },
  ]);
  expect(texts(on).at(-1)).toContain('M gives them back to the terminal');
});

describe('a click', () => {
  test('puts the cursor on the row that is clicked, in every list, at every size', () => {
    for (const name of ['dashboard', 'sessions', 'sessions-groups', 'history', 'sweep-victims'])
      for (const size of [SIZE, { columns: 60, rows: 16 }, { columns: 160, rows: 50 }]) {
        const state = stateOf(name, size);
        const at = texts(state).findIndex((text) => text.startsWith(' ›'));
        const clicked = play(state, click(at + 1));
        expect([name, size.rows, listed(clicked)?.place.cursor]).toEqual([
          name,
          size.rows,
          (listed(state)?.place.cursor ?? 0) + 1,
        ]);
        expect(texts(clicked).findIndex((text) => text.startsWith(' ›'))).toBe(at + 1);
      }
  });

  test('on the row under the cursor opens it, but for a sweep', () => {
    const rowOf = (state: State) => texts(state).findIndex((text) => text.startsWith(' ›'));
    const sessions = stateOf('sessions', SIZE);
    expect(effectsOf(sessions, click(rowOf(sessions)))).toEqual(effectsOf(sessions, key('enter')));
    const pass = stateOf('sweep-victims', SIZE);
    expect(effectsOf(pass, click(rowOf(pass)))).toEqual([]);
  });

  test('on a key in the footer is that key', () => {
    const state = stateOf('dashboard', SIZE);
    const row = texts(state).findIndex((text) => text.includes('b sessions'));
    const column = (texts(state)[row] ?? '').indexOf('b sessions');
    expect(play(state, click(row, column)).screen.kind).toBe('sessions');
    expect(play(state, click(row, column - 1)).screen.kind).toBe('dashboard');
  });

  test('on a key of either line of the footer is that key', () => {
    const state = stateOf('sessions', SIZE);
    for (const [label, action] of [
      ['space mark', 'space'],
      ['tab by project', 'tab'],
    ] as const) {
      const row = texts(state).findIndex((text) => text.includes(label));
      const column = (texts(state)[row] ?? '').indexOf(label);
      expect(row).toBeGreaterThanOrEqual(SIZE.rows - 2);
      expect(play(state, click(row, column)).screen).toEqual(play(state, key(action)).screen);
    }
  });

  test('decides nothing in a sweep, wherever it goes: every cell of every state of it', () => {
    for (const { name, state } of allStates(SIZE)) {
      if (state.screen.kind !== 'sweep' && state.screen.kind !== 'confirm' && state.screen.kind !== 'restore')
        continue;
      for (let row = 0; row < SIZE.rows; row += 1)
        for (let column = 0; column < SIZE.columns; column += 7) {
          const { state: next, effects } = step(state, click(row, column));
          const kinds = effects.map(({ kind }) => kind).filter((kind) => kind !== 'preview');
          expect([name, row, column, kinds, contextOf(next)]).toEqual([
            name,
            row,
            column,
            [],
            contextOf(state),
          ]);
        }
    }
  });
});

test('the wheel moves as the arrows do, three at a time', () => {
  const state = stateOf('sessions', SIZE);
  const down = play(state, wheel('wheel_down'));
  expect(listed(down)?.place.cursor).toBe(3);
  expect(listed(play(down, wheel('wheel_up')))?.place.cursor).toBe(0);
});
