/** What was once wrong with the dashboard, the first run and the help, each by its name. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { MIB } from '../../src/domain/limits.ts';
import { dashboardRows } from '../../src/tui/frames/dashboard.ts';
import { frame } from '../../src/tui/frames/frame.ts';
import { textOf } from '../../src/tui/paint.ts';
import type { State } from '../../src/tui/state.ts';
import type { Totals, TotalsGroup } from '../../src/tui/totals.ts';
import { AT_THE_SHELL, WORDS } from '../../src/tui/words.ts';
import { SEED } from '../support/seed.ts';
import { key, play, view } from '../support/tui.ts';
import { stateOf } from './states.ts';

const SIZES = [
  { columns: 60, rows: 16 },
  { columns: 80, rows: 24 },
  { columns: 100, rows: 30 },
  { columns: 160, rows: 50 },
];
const texts = (state: State) => frame(state, { unicode: true }).map((line) => textOf(line).trimEnd());
const flat = (state: State) => texts(state).join(' ').replace(/\s+/g, ' ');

function groups(count: number, what = 'project'): TotalsGroup[] {
  return Array.from({ length: count }, (_, n) => ({
    name: `${what}-${n}`,
    sessions: 2,
    storedBytes: (count - n) * MIB,
    going: 1,
    filter: `project:=${n}`,
  }));
}

function withProjects(count: number, size = { columns: 80, rows: 24 }): State {
  const totals: Totals = { project: groups(count), agent: groups(2, 'agent'), age: groups(7, 'age') };
  return play(stateOf('dashboard-well', size), { kind: 'totals', totals });
}

describe('the totals', () => {
  test('ended without a sign where there was more: the last row has what is not seen, and all add up to the whole', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.nat(60),
        fc.constantFrom(...SIZES),
        (count, down, size) => {
          const state = play(withProjects(count, size), ...Array.from({ length: down }, () => key('down')));
          const shown = texts(state);
          const named = shown.filter((text) => / project-\d+ /.test(text)).length;
          const rest = shown.flatMap((text) => /^ {3}(\d+) (?:others?|above) /.exec(text)?.[1] ?? []);
          const visible = dashboardRows(state);
          expect(named).toBe(Math.min(count, visible));
          // In the middle of the list what stands above has been seen already.
          const top = state.screen.kind === 'dashboard' ? state.screen.place.top : 0;
          const left = count - named - top > 0 ? count - named - top : count - named;
          expect(rest.map(Number)).toEqual(left > 0 ? [left] : []);
          expect(shown.some((text) => text.startsWith(' › '))).toBe(true);
        },
      ),
      { seed: SEED, numRuns: 80 },
    );
  });

  test('left half of a large window empty where the table that is chosen is short', () => {
    const size = { columns: 160, rows: 50 };
    const ages = play(withProjects(40, size), key('tab'), key('tab'));
    const rows = texts(ages);
    const from = rows.findIndex((text) => text.includes('By last use'));
    const until = rows.findIndex((text) => text.startsWith(' At risk'));
    const blank = rows.slice(from, until - 1).filter((text) => text.trim() === '');
    expect(blank.length).toBeLessThan(3);
    expect(flat(ages)).toContain('project-20');
    expect(flat(ages)).toContain('By agent');
  });

  test('were being added up for ever in a store that cannot be read', () => {
    const damaged = play(
      { ...stateOf('dashboard', { columns: 80, rows: 24 }), totals: null },
      { kind: 'damaged' },
    );
    expect(flat(damaged)).toContain('cannot be read');
    expect(flat(damaged)).not.toContain('adding up');
  });
});

describe('the first run', () => {
  const agents = (count: number, name = 'GitHub Copilot CLI') =>
    Array.from({ length: count }, (_, n) => ({
      name: n === 0 ? name : `agent-${n}`,
      root: '/home/me',
      sessions: 3,
      rawBytes: 9 * MIB,
      deletesAfterDays: n % 2 === 0 ? 30 : null,
      atRisk: 0,
    }));
  const found = (count: number, size: (typeof SIZES)[number]) =>
    play(stateOf('first-run-looking', size), {
      kind: 'found',
      found: { agents: agents(count), lookedFor: [] },
    });

  test("cut an agent's name with room to spare", () => {
    expect(flat(found(3, { columns: 80, rows: 24 }))).toContain('GitHub Copilot CLI');
  });

  test('cut what storing takes, and its sentence, where there are many agents or little room', () => {
    for (const size of SIZES)
      for (let count = 1; count <= 20; count += 1) {
        const shown = flat(found(count, size));
        expect([size, count, shown]).toEqual([size, count, expect.stringContaining('files are only read.')]);
        expect(shown).toContain('Press enter to store them.');
        const named = shown.match(/GitHub|agent-\d+ /g)?.length ?? 0;
        const more = Number(/and (\d+) more: /.exec(shown)?.[1] ?? 0);
        expect([size, count, named + more]).toEqual([size, count, count]);
      }
  });

  test('said nothing of a sweep and of the age limit in a low window', () => {
    for (const size of SIZES)
      for (const word of ['raw', 'digest', 'weep', '45 days'])
        expect([size, flat(found(6, size))]).toEqual([size, expect.stringContaining(word)]);
  });

  test('ended with a next step that was cut away', () => {
    for (const size of SIZES) {
      const stored = play(stateOf('first-run-ingesting', size), { kind: 'view', view: view({ atRisk: [] }) });
      const told = play(stored, {
        kind: 'ingested',
        news: 'Stored 1,271 new sessions, 27.6 MiB; 1,267 analyzed.',
      });
      expect([size, flat(told)]).toEqual([
        size,
        expect.stringContaining('Next: / searches; `session-memory install` keeps it up.'),
      ]);
    }
  });

  test('and its news were still told after a sweep', () => {
    const size = { columns: 80, rows: 24 };
    const told = play(stateOf('dashboard', size), { kind: 'ingested', news: 'Stored 9 new sessions.' });
    const swept = play(told, key('s'), { kind: 'swept', sweepId: 'sweep', lines: [] }, key('enter'));
    expect(flat(told)).toContain('Stored 9 new');
    expect(flat(swept)).not.toContain('Stored 9 new');
  });

  test('counted no agents and said that nobody watched, on the list it led to', () => {
    expect(texts(play(found(3, { columns: 80, rows: 24 }), key('b')))[0]).not.toContain('0 agents');
  });
});

test('the help cut what a word means, where it is needed most', () => {
  for (const columns of [60, 80, 100]) {
    const help = play(stateOf('dashboard', { columns, rows: 400 }), key('?'));
    const shown = flat(help);
    for (const [word, meaning] of [...WORDS, ...AT_THE_SHELL])
      expect([columns, shown]).toEqual([columns, expect.stringContaining(`${word} ${meaning}`)]);
  }
});

test('an age at the limit was cut of that word', () => {
  const size = { columns: 80, rows: 24 };
  expect(flat(play(stateOf('dashboard', size), key('tab'), key('tab')))).toContain('(limit)');
});
