/** What is kept out in the walk through a sweep stays so through all of its passes, until it is let go by hand. */
import { describe, expect, test } from 'bun:test';
import type { SessionUid } from '../../src/domain/ids.ts';
import { GIB } from '../../src/domain/limits.ts';
import type { Choices, Decision, StepName } from '../../src/sweep/ports.ts';
import { frame } from '../../src/tui/frames/frame.ts';
import { textOf } from '../../src/tui/paint.ts';
import { type Event, firstState, newWizard, type State } from '../../src/tui/state.ts';
import { card, effectsOf, key, play, proposed, SIZE, uidOf, victims, view } from '../support/tui.ts';

function walk(...events: readonly Event[]): State {
  const opened = firstState({ kind: 'sweep', wizard: newWizard('dashboard', 3.1 * GIB) }, SIZE);
  return play(opened, { kind: 'view', view: view() }, ...events);
}

/** A step with victims of these numbers, and with those kept out before. */
function shows(step: StepName, going: readonly number[], kept: readonly number[]): Event {
  const of = (numbers: readonly number[]) =>
    victims(
      step,
      numbers.map((n) => card(n)),
    );
  return proposed(step, 0, { victims: of(going), keptOut: of(kept) });
}

function decision(state: State, name: string): Decision | undefined {
  const effect = effectsOf(state, key(name)).find((one) => one.kind === 'decide');
  return effect?.kind === 'decide' ? effect.decision : undefined;
}

function texts(state: State): string {
  return frame(state, { unicode: true }).map(textOf).join('\n');
}

const uids = (...numbers: number[]): ReadonlySet<SessionUid> => new Set(numbers.map(uidOf));
const keeping = (...numbers: number[]): Choices => ({ keepOut: uids(...numbers) });

const KEPT_IN_BACKSTOP = [shows('backstop', [0, 1], []), key('space'), key('enter')] as const;

describe('kept out of one pass', () => {
  test('it is marked in the next one, behind those that go, and stays without a word', () => {
    const next = walk(...KEPT_IN_BACKSTOP, shows('budget', [5, 6], [0]));
    expect(texts(next)).toMatch(/\n ›.*\n.*\n {2}keep {4}1\.0 MiB/);
    expect(texts(next), 'it counts as kept').toContain('Evict 2 sessions, 13.0 MiB (1 kept)');
    expect(decision(next, 'enter')).toEqual({ kind: 'run' });
  });

  test('space lets it go, and space keeps it again', () => {
    const atIt = walk(...KEPT_IN_BACKSTOP, shows('budget', [5], [0]), key('end'));
    const letGo = play(atIt, key('space'));
    expect(decision(letGo, 'enter')).toEqual({ kind: 'run', letGo: uids(0) });
    expect(decision(play(letGo, key('space')), 'enter')).toEqual({ kind: 'run' });
  });

  test('pressed at once in the next pass, space lets nobody go', () => {
    const next = walk(...KEPT_IN_BACKSTOP, shows('budget', [5, 6], [0]), key('space'));
    expect(decision(next, 'enter')).toEqual({ kind: 'run', ...keeping(5) });
  });

  test('a pass that is skipped keeps its marks: skipping declines the pass, not what was said of a session', () => {
    const marked = walk(shows('backstop', [0, 1], []), key('space'));
    expect(decision(marked, 'n')).toEqual({ kind: 'skip', ...keeping(0) });
    expect(decision(walk(shows('backstop', [0, 1], [])), 'n')).toEqual({ kind: 'skip' });
  });

  test('where nobody else can go it is said that nothing is lost in their place, and enter goes on', () => {
    const held = walk(
      shows('budget_again', [0], []),
      key('space'),
      key('enter'),
      shows('budget_again', [], [0]),
    );
    expect(texts(held)).toContain('Evict nobody: you keep 1 session that could go.');
    expect(texts(held)).toContain('Nothing is lost in their place');
    expect(decision(held, 'enter')).toEqual({ kind: 'run' });
  });

  test('a loss lists those alone that would be lost, for its number is typed', () => {
    const loss = walk(
      ...KEPT_IN_BACKSTOP,
      proposed('data_loss', 2, {
        victims: victims('data_loss', [card(1), card(2)]),
        keptOut: victims('data_loss', [card(0)]),
      }),
    );
    expect(texts(loss)).toMatch(/lose them +2 lost/);
    expect(texts(loss).match(/^ .(?:is there|…|kept out) /gm), 'rows of the list').toHaveLength(2);
  });
});
