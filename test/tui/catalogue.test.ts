/** The list of all sessions: sorted and filtered as a plain program over plain rows would. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  type Catalogue,
  orderBy,
  PINNED,
  parseFilter,
  SORTS,
  type Sort,
  STATES,
  select,
} from '../../src/tui/catalogue.ts';
import { SEED } from '../support/seed.ts';

interface Row {
  readonly id: number;
  readonly timeMs: number;
  readonly rawBytes: number;
  readonly storedBytes: number;
  readonly state: (typeof STATES)[number];
  readonly pinned: boolean;
  readonly agent: string;
  readonly project: string;
}

const AGENTS = ['claude-code', 'codex', 'Gemini'];
const PROJECTS = ['/home/me/web', '/home/me/Api', '', 'C:\\code\\web'];

function catalogueOf(rows: readonly Row[]): Catalogue {
  return {
    ids: Float64Array.from(rows, (row) => row.id),
    timesMs: Float64Array.from(rows, (row) => row.timeMs),
    rawBytes: Float64Array.from(rows, (row) => row.rawBytes),
    storedBytes: Float64Array.from(rows, (row) => row.storedBytes),
    flags: Uint8Array.from(rows, (row) => STATES.indexOf(row.state) + (row.pinned ? PINNED : 0)),
    agentOf: Uint16Array.from(rows, (row) => AGENTS.indexOf(row.agent)),
    projectOf: Uint32Array.from(rows, (row) => PROJECTS.indexOf(row.project)),
    agents: AGENTS,
    projects: PROJECTS,
  };
}

/** Small ranges, so that ties are common. */
const rows = fc
  .array(
    fc.record({
      timeMs: fc.integer({ min: 0, max: 4 }),
      rawBytes: fc.integer({ min: 0, max: 3 }),
      storedBytes: fc.integer({ min: 0, max: 3 }),
      state: fc.constantFrom(...STATES),
      pinned: fc.boolean(),
      agent: fc.constantFrom(...AGENTS),
      project: fc.constantFrom(...PROJECTS),
    }),
    { maxLength: 40 },
  )
  .map((all) => all.map((row, i): Row => ({ ...row, id: i + 1 })));

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const STATE_ORDER: readonly Row['state'][] = ['unanalyzed', 'analyzed', 'evicted'];

/** What each order says, and then: newest first, and the one stored last first. */
const COMPARE: Readonly<Record<Sort, (a: Row, b: Row) => number>> = {
  newest: () => 0,
  largest: (a, b) => b.rawBytes - a.rawBytes,
  stored: (a, b) => b.storedBytes - a.storedBytes,
  project: (a, b) => byText(a.project.toLowerCase(), b.project.toLowerCase()),
  state: (a, b) => STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state),
};

function sorted(all: readonly Row[], sort: Sort): number[] {
  return all
    .toSorted((a, b) => COMPARE[sort](a, b) || b.timeMs - a.timeMs || b.id - a.id)
    .map((row) => row.id);
}

function idsOf(catalogue: Catalogue, shown: Uint32Array): number[] {
  return Array.from(shown, (row) => catalogue.ids[row] ?? -1);
}

describe('an order', () => {
  test('is that of a plain sort, ties newest first', () => {
    fc.assert(
      fc.property(rows, fc.constantFrom(...SORTS), (all, sort) => {
        const catalogue = catalogueOf(all);
        expect(idsOf(catalogue, orderBy(catalogue, sort))).toEqual(sorted(all, sort));
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test('turned round is exactly its reverse', () => {
    fc.assert(
      fc.property(rows, fc.constantFrom(...SORTS), (all, sort) => {
        const catalogue = catalogueOf(all);
        const shown = select(catalogue, orderBy(catalogue, sort), parseFilter(''), null, true);
        expect(idsOf(catalogue, shown)).toEqual(sorted(all, sort).reverse());
      }),
      { seed: SEED, numRuns: 200 },
    );
  });
});

describe('a filter', () => {
  const words = fc.constantFrom(
    'agent:codex',
    'agent:gem',
    'agent:nobody',
    'AGENT:Claude',
    'state:analyzed',
    'state:un',
    'state:evicted',
    'project:web',
    'project:API',
    'pinned',
  );

  /** As the words read: an agent's or project's name holds the part, a state begins with it. */
  function passes(row: Row, typed: readonly string[]): boolean {
    // Of two words of one kind the last one counts.
    const kinds = new Map(
      typed.map((word) => word.toLowerCase().split(':')).map(([kind, part]) => [kind, part ?? '']),
    );
    return [...kinds].every(([kind, part]) => {
      if (kind === 'agent') return row.agent.toLowerCase().includes(part);
      if (kind === 'project') return row.project.toLowerCase().includes(part);
      return kind === 'state' ? row.state.startsWith(part) : row.pinned;
    });
  }

  test('keeps what a plain filter keeps, in order', () => {
    fc.assert(
      fc.property(rows, fc.array(words, { maxLength: 4 }), fc.constantFrom(...SORTS), (all, typed, sort) => {
        const catalogue = catalogueOf(all);
        const shown = select(catalogue, orderBy(catalogue, sort), parseFilter(typed.join(' ')), null, false);
        const kept = new Set(all.filter((row) => passes(row, typed)).map((row) => row.id));
        expect(idsOf(catalogue, shown)).toEqual(sorted(all, sort).filter((id) => kept.has(id)));
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test('with free text keeps only rows in which it was found', () => {
    fc.assert(
      fc.property(rows, fc.infiniteStream(fc.boolean()), (all, hits) => {
        const catalogue = catalogueOf(all);
        const matched = Uint8Array.from(all, () => (hits.next().value === true ? 1 : 0));
        const shown = select(catalogue, orderBy(catalogue, 'newest'), parseFilter('text'), matched, false);
        const found = new Set(all.filter((_, i) => matched[i] === 1).map((row) => row.id));
        expect(idsOf(catalogue, shown)).toEqual(sorted(all, 'newest').filter((id) => found.has(id)));
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  test.each([
    ['', { agent: null, state: null, project: null, pinned: false, text: null }],
    ['  login  test ', { agent: null, state: null, project: null, pinned: false, text: 'login test' }],
    ['agent:Codex Login', { agent: 'codex', state: null, project: null, pinned: false, text: 'login' }],
    ['pinned state:evicted', { agent: null, state: 'evicted', project: null, pinned: true, text: null }],
    ['state:un-analyzed', { agent: null, state: 'unanalyzed', project: null, pinned: false, text: null }],
    ['project:web agent:', { agent: null, state: null, project: 'web', pinned: false, text: 'agent:' }],
    ['http://x state', { agent: null, state: null, project: null, pinned: false, text: 'http://x state' }],
  ])('reads %p', (typed, filter) => {
    expect(parseFilter(typed)).toEqual(filter);
  });

  test('analyzed does not find un-analyzed', () => {
    const one = (id: number, state: Row['state']): Row => ({
      id,
      state,
      timeMs: 0,
      rawBytes: 0,
      storedBytes: 0,
      pinned: false,
      agent: 'codex',
      project: '',
    });
    const catalogue = catalogueOf([one(1, 'analyzed'), one(2, 'unanalyzed')]);
    const shown = select(catalogue, orderBy(catalogue, 'newest'), parseFilter('state:analyzed'), null, false);
    expect(idsOf(catalogue, shown)).toEqual([1]);
  });
});

test('100,000 sessions sort and filter between two keys', () => {
  const many = Array.from(
    { length: 100_000 },
    (_, i): Row => ({
      id: i + 1,
      timeMs: (i * 7_919) % 100_003,
      rawBytes: (i * 104_729) % 99_991,
      storedBytes: i,
      state: STATES[i % 3] ?? 'analyzed',
      pinned: i % 10 === 0,
      agent: AGENTS[i % 3] ?? '',
      project: PROJECTS[i % 4] ?? '',
    }),
  );
  const catalogue = catalogueOf(many);
  const order = orderBy(catalogue, 'largest');
  const startMs = performance.now();
  for (let i = 0; i < 10; i += 1)
    select(catalogue, order, parseFilter('agent:codex state:un project:web pinned'), null, i % 2 === 0);
  const filterMs = (performance.now() - startMs) / 10;
  console.log(`catalogue: 100,000 filtered in ${filterMs.toFixed(1)} ms`);
  expect(filterMs).toBeLessThan(33);
});
