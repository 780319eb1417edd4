/** `f` in a sweep's list: which sessions are listed says nothing of who goes. */
import { describe, expect, test } from 'bun:test';
import { frame } from '../../src/tui/frames/frame.ts';
import { textOf } from '../../src/tui/paint.ts';
import type { State } from '../../src/tui/state.ts';
import { step } from '../../src/tui/step.ts';
import { cardsOf } from '../../src/tui/wizard.ts';
import { card, effectsOf, key, play, proposed, SIZE, typing, uidOf, victims } from '../support/tui.ts';
import { stateOf } from './states.ts';

const CARDS = ['Mend the login', 'Log out', 'mend THE door', 'Paint'].map((title, n) => card(n, { title }));

function asking(stepName: 'backstop' | 'data_loss'): State {
  return play(
    stateOf('dashboard', SIZE),
    key('s'),
    proposed(stepName, 0, { victims: victims(stepName, CARDS) }),
  );
}

function shown({ screen }: State): (string | null)[] {
  if (screen.kind !== 'sweep' || screen.wizard.stage.kind !== 'asking') return [];
  return cardsOf(screen.wizard, screen.wizard.stage.proposal, 0, 99).map(({ title }) => title);
}

const text = (state: State) => frame(state, { unicode: true }).map(textOf).join('\n');

describe.each(['backstop', 'data_loss'] as const)('%s', (stepName) => {
  const sifted = play(asking(stepName), key('f'), ...typing('the mend'), key('enter'));

  test('words in any order and of any case choose what is listed', () => {
    expect(shown(sifted)).toEqual(['Mend the login', 'mend THE door']);
    expect(text(sifted)).toContain('1 of 2 with “the mend”, of 4');
    expect(text(play(asking(stepName), key('f'), ...typing('walrus')))).toContain('Nobody like that.');
  });

  test('what is under the cursor is what a key is for', () => {
    const kept = play(sifted, key('down'), key('space'));
    const { screen } = kept;
    expect(screen.kind === 'sweep' && [...screen.wizard.keptOut]).toEqual([uidOf(2)]);
  });

  test('enter and esc first show all, and decide nothing', () => {
    for (const name of ['enter', 'esc']) {
      const once = step(sifted, key(name));
      expect(once.effects.filter(({ kind }) => kind === 'decide')).toEqual([]);
      expect(shown(once.state)).toHaveLength(4);
    }
    expect(shown(play(asking(stepName), key('f'), ...typing('mend'), key('esc')))).toHaveLength(4);
  });

  test('a new list is shown whole', () => {
    expect(shown(play(sifted, proposed(stepName, 3)))).toHaveLength(3);
  });
});

test('a pass that runs after all takes all', () => {
  const [decide] = effectsOf(
    play(asking('backstop'), key('f'), ...typing('mend'), key('enter'), key('enter')),
    key('enter'),
  );
  expect(decide).toEqual({ kind: 'decide', decision: { kind: 'run' } });
});
