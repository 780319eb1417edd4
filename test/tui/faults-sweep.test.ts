/** What was once wrong with the walk through a sweep, each by its name. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { frame } from '../../src/tui/frames/frame.ts';
import { textOf } from '../../src/tui/paint.ts';
import { contextOf } from '../../src/tui/screens.ts';
import { type Event, nearest, type State } from '../../src/tui/state.ts';
import { step } from '../../src/tui/step.ts';
import { SEED } from '../support/seed.ts';
import { key, play, proposed, SIZE, uidOf } from '../support/tui.ts';
import { STATE_NAMES, stateOf } from './states.ts';

const at = (name: string, size = SIZE) => stateOf(name, size);
const text = (state: State) => frame(state, { unicode: true }).map(textOf).join('\n');
const wizardOf = (state: State) => nearest(state, 'sweep')?.wizard;

/** The key, and what the store answers to it. */
function pressed(state: State, name: string): State {
  const { state: next, effects } = step(state, key(name));
  const answers = effects.flatMap((effect): Event[] =>
    effect.kind === 'pin' ? [{ kind: 'pinned', uid: effect.uid, pinned: effect.pinned }] : [],
  );
  return play(next, ...answers);
}

describe('u', () => {
  test('did the last thing again when pressed twice: it takes back one after the other, as far as there is any', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('sweep-victims', 'loss'),
        fc.array(fc.constantFrom('space', 'p', 'up', 'down'), { maxLength: 12 }),
        (name, keys) => {
          const before = at(name);
          const done = keys.reduce(pressed, before);
          const marks = wizardOf(done)?.undo.length ?? 0;
          const undone = Array.from({ length: marks }, () => 'u').reduce(pressed, done);
          const { keptOut, pinned } = wizardOf(before) ?? {};
          expect(wizardOf(undone)).toMatchObject({ keptOut: keptOut ?? null, pinned: pinned ?? null });
          expect(text(pressed(undone, 'u'))).toContain('Nothing to take back.');
        },
      ),
      { seed: SEED, numRuns: 60 },
    );
  });

  test('takes back in the order in which it was done', () => {
    const done = ['space', 'p', 'u'].reduce(pressed, at('sweep-victims'));
    expect([wizardOf(done)?.pinned.size, wizardOf(done)?.keptOut.size]).toEqual([0, 1]);
    expect(wizardOf(pressed(done, 'u'))?.keptOut.size).toBe(0);
  });
});

describe('the last resort', () => {
  const sayGone = (own: 'there' | 'gone') =>
    text(
      play(
        at('loss'),
        {
          kind: 'own_files',
          ownFiles: new Map([0, 1, 2].map((n) => [uidOf(n), n === 2 ? own : 'there'])),
          exportFile: '/home/me/a.smx',
        },
        ...['5', 'enter'].map(key),
      ),
    );

  test('said "gone for good" of what the agent still has', () => {
    expect(sayGone('there')).not.toContain('gone for good');
    expect(sayGone('there')).toContain('only the agents’ own files have them then');
    expect(sayGone('gone')).toContain('1 of them are gone for good then');
  });

  test('promised the old number after one was kept: who goes then, a new list says', () => {
    const kept = text(pressed(at('loss'), 'space'));
    expect(kept).not.toContain('3 lost');
    expect(kept).toContain('a new list first');
  });

  test('cut the place of the file that it would write: the end of it is seen, and all of it once it is chosen', () => {
    const file = `/home/me/${'deep/'.repeat(5)}session-memory-2026-06-10.smx`;
    const there: Event = { kind: 'own_files', ownFiles: new Map(), exportFile: file };
    expect(text(play(at('loss'), there))).toContain('-06-10.smx');
    expect(text(play(at('loss'), there, key('3')))).toContain(file);
  });

  test('offered keys that did nothing where nobody is to be lost, and esc after one of them stopped the sweep', () => {
    for (const name of ['t', 'v', 'space', 'p', 'u']) {
      const after = play(at('loss-given-up'), key(name));
      expect([name, text(after)]).toEqual([name, expect.stringContaining(`${name} does nothing here`)]);
    }
  });
});

test('a pass that has nobody offered to keep somebody out', () => {
  const names = STATE_NAMES.filter((name) => contextOf(at(name)) === 'nobody');
  expect(names.length).toBeGreaterThan(0);
  for (const name of names) {
    expect([name, text(at(name))]).toEqual([name, expect.not.stringContaining('keep out')]);
    // It may still be declined, and gone on from.
    expect(step(at(name), key('enter')).effects).toMatchObject([{ kind: 'decide' }]);
    expect(step(at(name), key('n')).effects).toMatchObject([{ kind: 'decide' }]);
  }
});

describe('an analysis', () => {
  test('that failed had a tick', () => {
    for (const size of [SIZE, { columns: 60, rows: 16 }])
      expect(text(at('loss', size))).toContain('✗3 analyze');
    expect(text(at('loss'))).toContain('(3 failed)');
  });

  test('whose failures were digested after all was still told as failed', () => {
    expect(text(play(at('loss'), proposed('budget_again', 2)))).not.toContain('failed');
  });

  test('told each failure of one cause on a line of its own', () => {
    const events = Array.from(
      { length: 40 },
      (_, n): Event => ({
        kind: 'progress',
        progress: { kind: 'analyze_failed', uid: uidOf(n), why: 'the analyzer ended with status 1' },
      }),
    );
    const shown = text(play(at('sweep-analyzing'), ...events));
    expect(shown).toContain('41 × the analyzer ended with status 1 · last');
    expect(shown.match(/ended with status 1/g)).toHaveLength(1);
  });
});

test('the digest that stays was told by its agent and project, which stand in the row already', () => {
  const shown = text(at('sweep-pinned'));
  expect(shown).toMatch(/The digest that stays ─+\n Asked {5}Why does the login test fail/);
  expect(shown).toContain(' Outcome   It waited');
});

test('how many are kept was cut away at 60 columns', () => {
  expect(text(pressed(at('loss', { columns: 60, rows: 16 }), 'space'))).toMatch(/DATA LOSS .*; 1 kept\n/);
});
