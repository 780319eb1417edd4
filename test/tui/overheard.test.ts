/** What others write to the terminal becomes a line of trouble; a screen can be had anew wherever one is. */
import { expect, test } from 'bun:test';
import { frame } from '../../src/tui/frames/frame.ts';
import { textOf } from '../../src/tui/paint.ts';
import { DASHBOARD, type Event, firstState, type State } from '../../src/tui/state.ts';
import { step } from '../../src/tui/step.ts';
import { effectsOf, key, play, SIZE, view } from '../support/tui.ts';
import { allStates } from './states.ts';

const OVERHEARD: Event = { kind: 'overheard', lines: ['a warning of the runtime', 'more', 'and more'] };

function dashboard(...events: readonly Event[]): State {
  return play(firstState(DASHBOARD, SIZE), { kind: 'view', view: view() }, ...events);
}

const troubleIn = (state: State) =>
  frame(state, { unicode: true })
    .map(textOf)
    .join(' ')
    .replaceAll(/\s+/g, ' ')
    .match(/Trouble: .*?(?= enter open|$)/)?.[0];

test('it is said on the dashboard, with how much more there is and when it will be shown', () => {
  expect(troubleIn(dashboard())).toBeUndefined();
  const said = troubleIn(dashboard(OVERHEARD));
  expect(said).toContain('a warning of the runtime (and 2 more)');
  expect(said).toContain('printed at the end');
});

test('it outlives an ingest in which all went well, and gives way to what went wrong in one', () => {
  const well: Event = { kind: 'trouble', message: null };
  expect(troubleIn(dashboard(OVERHEARD, well))).toContain('a warning of the runtime');
  expect(troubleIn(dashboard(OVERHEARD, { kind: 'trouble', message: 'the disk is full' }))).toBe(
    'Trouble: the disk is full',
  );
});

test('it is there when the dashboard is come back to, and gone once the user asks for a look', () => {
  const back = dashboard(key('h'), { kind: 'history', sweeps: [] }, OVERHEARD, key('esc'));
  expect(troubleIn(back)).toContain('a warning of the runtime');
  expect(troubleIn(play(back, key('i')))).toBeUndefined();
});

test('ctrl-l draws anew in every state, in a window too small for anything else too', () => {
  for (const size of [SIZE, { columns: 40, rows: 8 }])
    for (const { name, state } of allStates(size)) {
      expect([name, effectsOf(state, key('ctrl+l'))]).toEqual([name, [{ kind: 'repaint' }]]);
      expect(step(state, key('ctrl+l')).state, name).toBe(state);
    }
});
