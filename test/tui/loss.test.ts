/** What starts a data loss: the exact phrase of the list that is shown, then enter. Nothing else. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { frame } from '../../src/tui/frames/frame.ts';
import { textOf } from '../../src/tui/paint.ts';
import type { Effect, Event, State } from '../../src/tui/state.ts';
import { step } from '../../src/tui/step.ts';
import { phraseFor, raisedCap } from '../../src/tui/wizard.ts';
import { SEED } from '../support/seed.ts';
import { effectsOf, key, play, proposed, SIZE, typing, uidOf, view } from '../support/tui.ts';
import { STATE_NAMES, stateOf } from './states.ts';

const RUN: Effect = { kind: 'decide', decision: { kind: 'run' } };
const at = (name: string) => stateOf(name, SIZE);
/** The last way, whose number is as many as there are; then its phrase. */
const LOSE: readonly Event[] = [...'123456'].map(key).concat(key('enter'));
const atPhrase = (name: string) => play(at(name), ...LOSE);

function decisions(effects: readonly Effect[]): Effect[] {
  return effects.filter(({ kind }) => kind === 'decide');
}

function losses(effects: readonly Effect[]): Effect[] {
  return effects.filter((effect) => Bun.deepEquals(effect, RUN));
}

describe('the phrase', () => {
  test('names the number, in the plural always, without separators', () => {
    expect([1, 3, 1234].map(phraseFor)).toEqual(['lose 1 sessions', 'lose 3 sessions', 'lose 1234 sessions']);
  });

  test('typed right and confirmed loses the sessions, once', () => {
    const typed = play(atPhrase('loss'), ...typing('lose 3 sessions'));
    expect(effectsOf(typed, key('enter'), key('enter'), key('enter'))).toEqual([RUN]);
  });

  test('is right after a correction, too', () => {
    const corrected = [...typing('lose 4'), key('backspace'), ...typing('3 sessions'), key('enter')];
    expect(decisions(effectsOf(atPhrase('loss'), ...corrected))).toEqual([RUN]);
  });

  test.each([
    ['another number', 'lose 2 sessions'],
    ['a number with a zero in front', 'lose 03 sessions'],
    ['the number in words', 'lose three sessions'],
    ['a number of full width', 'lose ３ sessions'],
    ['a capital', 'Lose 3 sessions'],
    ['capitals', 'LOSE 3 SESSIONS'],
    ['the singular', 'lose 3 session'],
    ['a blank too many within', 'lose  3 sessions'],
    ['a blank in front', ' lose 3 sessions'],
    ['a blank behind', 'lose 3 sessions '],
    ['no blanks', 'lose3sessions'],
    ['a beginning', 'lose 3'],
    ['something behind it', 'lose 3 sessions!'],
    ['the number alone', '3'],
    ['a yes', 'yes'],
    ['letters that look like it', 'lоse 3 sessions'],
    ['twice the phrase', 'lose 3 sessionslose 3 sessions'],
    ['more than the line holds', `lose 3 sessions${'x'.repeat(100)}`],
  ])('with %s loses nothing: %s', (_, text) => {
    expect(decisions(effectsOf(atPhrase('loss'), ...typing(text), key('enter')))).toEqual([]);
    const after = play(atPhrase('loss'), ...typing(text), key('enter'));
    // It is asked again from the beginning, and can then be said right.
    expect(decisions(effectsOf(after, ...typing('lose 3 sessions'), key('enter')))).toEqual([RUN]);
  });

  test.each([
    ['the right one, with a line break', ['lose 3 sessions\n'], false],
    ['the right one, with a carriage return', ['lose 3 sessions\r'], false],
    ['the wrong number, then enter', ['lose 2 sessions'], true],
    ['the wrong number with a line break, then enter', ['lose 2 sessions\r\n'], true],
    ['two halves of different phrases, then enter', ['lose 3 ', 'session'], true],
    ['escape codes around the right one, then enter', ['\u001b[200~lose 3 sessions\u001b[201~'], true],
  ])('pasted loses nothing: %s', (_, texts, thenEnter) => {
    const pastes = texts.map((text): Event => ({ kind: 'paste', text }));
    const events = thenEnter ? [...pastes, key('enter')] : pastes;
    expect(decisions(effectsOf(atPhrase('loss'), ...events))).toEqual([]);
  });

  test('of one session is a plural, and its singular loses nothing', () => {
    const one = atPhrase('loss-one');
    expect(decisions(effectsOf(one, ...typing('lose 1 session'), key('enter')))).toEqual([]);
    expect(decisions(effectsOf(one, ...typing('lose 1 sessions'), key('enter')))).toEqual([RUN]);
  });

  test('with separators in the number loses nothing', () => {
    const many = atPhrase('loss-many');
    expect(decisions(effectsOf(many, ...typing('lose 1,234 sessions'), key('enter')))).toEqual([]);
    expect(decisions(effectsOf(many, ...typing('lose 1234 sessions'), key('enter')))).toEqual([RUN]);
  });

  test('for an old list loses nothing of a new one, even where both have as many', () => {
    for (const count of [2, 3, 4]) {
      const typed = play(
        atPhrase('loss'),
        ...typing('lose 3 sessions'),
        proposed('data_loss', count, { movedOn: true }),
      );
      expect(losses(effectsOf(typed, key('enter'), key('enter')))).toEqual([]);
      const half = play(
        atPhrase('loss'),
        ...typing('lose 3 se'),
        proposed('data_loss', count, { movedOn: true }),
      );
      expect(losses(effectsOf(half, ...typing('ssions'), key('enter')))).toEqual([]);
    }
  });

  test.each([
    ['enter alone', [key('enter'), key('enter')]],
    ['a resize', [...typing('lose 3 sessions'), { kind: 'resize', size: { columns: 60, rows: 16 } }]],
    ['a new view of the store', [...typing('lose 3 sessions'), { kind: 'view', view: view() }]],
    ['the end of the connection', [...typing('lose 3 sessions'), { kind: 'interrupt' }]],
    ['ctrl-c', [...typing('lose 3 sessions'), key('ctrl+c')]],
    ['keys of other steps', [key('space'), key('p'), key('enter'), key('v'), key('enter')]],
  ] satisfies [string, Event[]][])('is not replaced by %s', (_, events) => {
    expect(
      decisions(effectsOf(atPhrase('loss'), ...events)).filter((effect) => Bun.deepEquals(effect, RUN)),
    ).toEqual([]);
  });

  test('typed and confirmed in a window too small to show it loses nothing', () => {
    const small = play(atPhrase('loss'), { kind: 'resize', size: { columns: 40, rows: 10 } });
    expect(decisions(effectsOf(small, ...typing('lose 3 sessions'), key('enter')))).toEqual([]);
    expect(decisions(effectsOf(small, { kind: 'paste', text: 'lose 3 sessions' }, key('enter')))).toEqual([]);
    const smallLater = play(atPhrase('loss'), ...typing('lose 3 sessions'), {
      kind: 'resize',
      size: { columns: 40, rows: 10 },
    });
    expect(decisions(effectsOf(smallLater, key('enter')))).toEqual([]);
  });

  test('typed while a digest is read over it says nothing', () => {
    const reading = play(atPhrase('loss'), { kind: 'read', title: 'Digest', lines: ['text'], more: null });
    expect(decisions(effectsOf(reading, ...typing('lose 3 sessions'), key('enter')))).toEqual([]);
  });
});

/** Events of every kind, the phrase of some list among them so that some runs get through. */
function anyEvents(): fc.Arbitrary<Event[]> {
  const names = [
    ...'loseins 0123456789nvpqjkgG?fotrhbixL',
    'enter',
    'esc',
    'space',
    'backspace',
    'up',
    'down',
    'end',
    'tab',
    'ctrl+z',
  ];
  const count = fc.integer({ min: 0, max: 4 });
  const steps = fc.constantFrom('backstop', 'budget', 'analyze', 'budget_again', 'data_loss', 'data_loss');
  const size = fc.constantFrom(
    { columns: 80, rows: 24 },
    { columns: 60, rows: 16 },
    { columns: 40, rows: 10 },
  );
  const one = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...names).map(key) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(steps, count, fc.boolean())
        .map(([name, n, movedOn]) => proposed(name, n, { movedOn })),
    },
    { weight: 1, arbitrary: count.map((n): Event => ({ kind: 'paste', text: `lose ${n} sessions` })) },
    { weight: 1, arbitrary: size.map((next): Event => ({ kind: 'resize', size: next })) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Event>(
        { kind: 'paste', text: 'lose 3 sessions\n' },
        { kind: 'paste', text: 'sessions' },
        { kind: 'view', view: view() },
        { kind: 'read', title: 'Digest', lines: ['text'], more: null },
        { kind: 'pinned', uid: uidOf(0), pinned: true },
        { kind: 'progress', progress: { kind: 'reclaiming', leftBytes: 1 } },
        { kind: 'progress', progress: { kind: 'pass', pass: 'data_loss', victims: 3 } },
        { kind: 'swept', sweepId: 'sweep', lines: [] },
        { kind: 'sweep_failed', message: 'no', hint: 'no' },
        { kind: 'said', message: 'lose 3 sessions' },
        { kind: 'history', sweeps: [] },
        { kind: 'interrupt' },
      ),
    },
  );
  const some = fc.oneof(
    { weight: 4, arbitrary: one.map((event) => [event]) },
    { weight: 1, arbitrary: fc.constant([...LOSE]) },
    { weight: 1, arbitrary: count.map((n) => [...typing(`lose ${n} sessions`), key('enter')]) },
    { weight: 1, arbitrary: count.map((n) => [...LOSE, ...typing(`lose ${n} sessions`), key('enter')]) },
  );
  return fc.array(some, { maxLength: 25 }).map((parts) => parts.flat());
}

/** The number of sessions that the screen offers to lose; null where it is no such screen. */
function offered(state: State): number | null {
  if (state.screen.kind !== 'sweep' || state.screen.wizard.stage.kind !== 'asking') return null;
  const { proposal } = state.screen.wizard.stage;
  return proposal.step === 'data_loss' ? proposal.victims.length : null;
}

describe('whatever happens, in whatever order', () => {
  test('a loss is run by enter only, while the screen shows the phrase of its own list as typed', () => {
    let lost = 0;
    fc.assert(
      fc.property(fc.constantFrom(...STATE_NAMES), anyEvents(), (name, events) => {
        // The first view comes before the first frame.
        let state = play(at(name), { kind: 'view', view: view() });
        for (const event of events) {
          const before = state;
          const stepped = step(state, event);
          state = stepped.state;
          const count = offered(before);
          const runs = stepped.effects.filter((one) => one.kind === 'decide' && one.decision.kind === 'run');
          if (count === null || runs.length === 0) continue;
          lost += 1;
          expect(event).toEqual(key('enter'));
          expect(runs).toEqual([RUN]);
          const shown = frame(before, { unicode: true }).map((line) => textOf(line).trimEnd());
          expect(shown).toContain(` › lose ${count} sessions_`);
        }
      }),
      { seed: SEED, numRuns: 3000 },
    );
    // The law says nothing unless some of the runs got there.
    expect(lost).toBeGreaterThan(20);
  });

  test('while nobody types the phrase, nothing is lost', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...STATE_NAMES.filter((name) => name.startsWith('los'))),
        fc.array(
          fc.constantFrom(
            ...'ose 123456nvtupqjkgG?sin',
            'tab',
            'enter',
            'esc',
            'space',
            'backspace',
            'up',
            'end',
          ),
          { maxLength: 60 },
        ),
        (name, names) => {
          // Without an `l` at its beginning no phrase can be right.
          const events = names.map(key);
          const runs = decisions(
            effectsOf(at(name).screen.kind === 'sweep' ? cleared(at(name)) : at(name), ...events),
          );
          expect(runs.filter((effect) => Bun.deepEquals(effect, RUN))).toEqual([]);
        },
      ),
      { seed: SEED, numRuns: 1000 },
    );
  });
});

describe('a data loss is a choice', () => {
  const text = (state: State) => frame(state, { unicode: true }).map(textOf).join('\n');

  test('the first way, which is chosen, loses nothing, wherever there is one that does not', () => {
    for (const name of STATE_NAMES.filter((one) => one.startsWith('loss'))) {
      const { screen } = play(at(name), key('esc'));
      if (screen.kind !== 'sweep' || offered(at(name)) === null) continue;
      const taken = decisions(effectsOf(at(name), key('1'), key('enter')));
      expect([name, taken.filter((effect) => Bun.deepEquals(effect, RUN))]).toEqual([name, []]);
    }
  });

  test('no key doubles as text: what is typed before the last way was taken is no phrase', () => {
    const typed = play(at('loss'), ...typing('lose 3 sessions'));
    expect(losses(effectsOf(typed, key('enter'), key('enter')))).toEqual([]);
    // And "no" runs nothing where a phrase is typed.
    expect(effectsOf(atPhrase('loss'), ...typing('no'))).toEqual([]);
    expect(text(play(atPhrase('loss'), ...typing('no')))).toContain('› no_');
  });

  test('after a wrong phrase esc goes back to the ways, and stops nothing', () => {
    const wrong = play(atPhrase('loss'), ...typing('lose 2 sessions'), key('enter'));
    expect(effectsOf(wrong, key('esc'))).toEqual([]);
    expect(text(play(wrong, key('esc')))).toContain('› 5  lose them');
  });

  test('whom the person keeps is not in the number that is typed: first the list is shown without them', () => {
    const kept = play(at('loss'), key('space'));
    const anew: Effect = { kind: 'decide', decision: { kind: 'anew', keepOut: new Set([uidOf(0)]) } };
    expect(effectsOf(kept, ...LOSE)).toEqual([anew]);
  });

  test('each way but the loss takes along whom the person keeps', () => {
    const keepOut = new Set([uidOf(0)]);
    const kept = play(at('loss'), key('space'));
    const taken = ['1', '2', '4'].map((way) => decisions(effectsOf(kept, key(way), key('enter'))));
    expect(taken.map(([one]) => (one?.kind === 'decide' ? one.decision : null))).toEqual([
      { kind: 'digest', keepOut },
      { kind: 'raise', hardCapBytes: expect.any(Number), keepOut },
      { kind: 'skip', keepOut },
    ]);
  });

  test('u takes back the last keep-out and the last pin', () => {
    const kept = play(at('loss'), key('space'), key('u'));
    expect(decisions(effectsOf(kept, key('enter')))).toEqual([
      { kind: 'decide', decision: { kind: 'digest' } },
    ]);
    const pinned = play(at('loss'), { kind: 'pinned', uid: uidOf(1), pinned: true });
    expect(effectsOf(pinned, key('u'))).toEqual([{ kind: 'pin', uid: uidOf(1), pinned: false }]);
  });

  test('a raised cap holds what is stored, and is as its words say', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 50 }), (bytes) => {
        const cap = raisedCap(bytes);
        expect(cap).toBeGreaterThanOrEqual(bytes);
        // At most a tenth of a unit, or of what it is.
        expect(cap).toBeLessThanOrEqual(bytes * 1.1 + 1);
      }),
      { seed: SEED },
    );
  });

  test('one cause is told once, with its count', () => {
    const why = 'the analyzer ended with status 1';
    const same = proposed('data_loss', 126, {
      failures: new Map(Array.from({ length: 126 }, (_, n) => [uidOf(n), why])),
    });
    const shown = text(play(at('loss'), same));
    expect(shown).toContain(`Why: ${why}, 126 of 126 times`);
    expect(shown).not.toContain('other causes');
  });
});

/** The same list with nothing typed yet. */
function cleared(state: State): State {
  return offered(state) === null ? state : play(state, ...Array.from({ length: 60 }, () => key('backspace')));
}
