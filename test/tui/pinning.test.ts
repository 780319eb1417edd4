/** Pins in the list of sessions: one key pins what is marked, one takes back just that. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { frame } from '../../src/tui/frames/frame.ts';
import { textOf } from '../../src/tui/paint.ts';
import { DASHBOARD, firstState, type State } from '../../src/tui/state.ts';
import { step } from '../../src/tui/step.ts';
import { SEED } from '../support/seed.ts';
import { catalogueOf, key, play, row, SIZE, view } from '../support/tui.ts';

const COUNT = 40;

/** The list and the store behind it: which of its sessions are pinned. Only rows of one window have been read. */
class Store {
  pins: Set<number>;
  state: State;

  constructor(pins: ReadonlySet<number>) {
    this.pins = new Set(pins);
    this.state = play(firstState(DASHBOARD, SIZE), { kind: 'view', view: view() }, key('b'));
    this.#tell();
    this.state = play(this.state, {
      kind: 'shown',
      shown: Uint32Array.from({ length: COUNT }, (_, n) => n),
      searched: null,
    });
  }

  press(name: string): void {
    const { state, effects } = step(this.state, key(name));
    this.state = state;
    for (const effect of effects)
      if (effect.kind === 'pin_marked') {
        for (const id of effect.ids) if (effect.pinned) this.pins.add(id);
        if (!effect.pinned) for (const id of effect.ids) this.pins.delete(id);
        this.#tell();
      }
  }

  #tell(): void {
    const rows = Array.from({ length: COUNT }, (_, n) =>
      row(n, { state: 'analyzed', pinned: this.pins.has(n + 1) }),
    );
    const read = new Map(rows.slice(0, 9).map((one, n) => [n + 1, one]));
    this.state = play(
      this.state,
      { kind: 'catalogue', catalogue: catalogueOf(rows) },
      { kind: 'rows', rows: read },
    );
  }
}

test('p, pressed once more, unpinned those too that were pinned before: u takes back what was changed, and no more', () => {
  const KEYS = ['space', 'down', 'up', 'A', 'p', 'end', 'g'];
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: COUNT })),
      fc.array(fc.constantFrom(...KEYS), { maxLength: 15 }),
      (pinned, keys) => {
        const store = new Store(new Set(pinned));
        const before = [new Set(store.pins)];
        for (const name of keys) {
          store.press(name);
          if (name === 'p') before.push(new Set(store.pins));
        }
        before.pop();
        for (const pins of before.toReversed()) {
          store.press('u');
          expect(store.pins).toEqual(pins);
        }
        store.press('u');
        expect(frame(store.state, { unicode: true }).map(textOf).join('\n')).toContain(
          'Nothing to take back.',
        );
      },
    ),
    { seed: SEED, numRuns: 60 },
  );
});

test('p could not unpin what was marked beyond the window', () => {
  const store = new Store(new Set());
  for (const name of ['A', 'p']) store.press(name);
  expect(store.pins.size).toBe(COUNT);
  store.press('p');
  expect(store.pins.size).toBe(0);
});
