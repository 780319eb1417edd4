/** The list of all sessions: sorted and filtered as a plain program over plain rows would. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { AgentId, SessionUid } from '../../src/domain/ids.ts';
import type { SessionCard } from '../../src/domain/session.ts';
import { DAY_MS, type Iso } from '../../src/domain/time.ts';
import { censusOf } from '../../src/policy/census.ts';
import { planSweep } from '../../src/policy/plan.ts';
import {
  type Catalogue,
  COLUMN_SORTS,
  type ColumnSort,
  goingNext,
  orderBy,
  PINNED,
  STATES,
} from '../../src/tui/catalogue.ts';
import { NO_FILTER, parseFilter, select, wordsOf } from '../../src/tui/filter.ts';
import { totalsOf } from '../../src/tui/totals.ts';
import { SEED } from '../support/seed.ts';

interface Row {
  readonly id: number;
  readonly timeMs: number;
  readonly going: number;
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
    evictMs: Float64Array.from(rows, (row) => row.timeMs),
    endMs: Float64Array.from(rows, (row) => row.timeMs),
    going: Uint8Array.from(rows, (row) => row.going),
    atRisk: Uint8Array.from(rows, (row) => (row.timeMs === 1 ? 1 : 0)),
    storedBytes: Float64Array.from(rows, (row) => row.storedBytes),
    flags: Uint8Array.from(rows, (row) => STATES.indexOf(row.state) + (row.pinned ? PINNED : 0)),
    agentOf: Uint16Array.from(rows, (row) => AGENTS.indexOf(row.agent)),
    projectOf: Uint32Array.from(rows, (row) => PROJECTS.indexOf(row.project)),
    agents: AGENTS,
    projects: PROJECTS,
  };
}

const PLAIN_ROW: Row = {
  id: 1,
  timeMs: 0,
  going: 0,
  storedBytes: 0,
  pinned: false,
  state: 'analyzed',
  agent: 'codex',
  project: '',
};

/** Small ranges, so that ties are common. */
const rows = fc
  .array(
    fc.record({
      timeMs: fc.integer({ min: 0, max: 4 }),
      storedBytes: fc.integer({ min: 0, max: 3 }),
      state: fc.constantFrom(...STATES),
      pinned: fc.boolean(),
      agent: fc.constantFrom(...AGENTS),
      project: fc.constantFrom(...PROJECTS),
    }),
    { maxLength: 40 },
  )
  .map((all) =>
    all.map((row, i): Row => {
      const canGo = row.state === 'analyzed' && !row.pinned;
      return { ...row, id: i + 1, going: canGo ? row.storedBytes % 3 : 0 };
    }),
  );

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const STATE_ORDER: readonly Row['state'][] = ['unanalyzed', 'analyzed', 'evicted'];

/** What was evicted takes no room. */
const live = (row: Row) => (row.state === 'evicted' ? -1 : row.storedBytes);
/** By age first, then for the soft cap, then who could go, then the others. */
const nextOf = (row: Row) =>
  row.going > 0 ? row.going - 1 : row.state === 'analyzed' && !row.pinned ? 2 : 3;

/** What each order says, and then: newest first, and the one stored last first. */
const COMPARE: Readonly<Record<ColumnSort, (a: Row, b: Row) => number>> = {
  newest: () => 0,
  stored: (a, b) => live(b) - live(a),
  agent: (a, b) => byText(a.agent.toLowerCase(), b.agent.toLowerCase()),
  next: (a, b) => nextOf(a) - nextOf(b) || (nextOf(a) === 3 ? 0 : a.timeMs - b.timeMs),
  project: (a, b) => byText(a.project.toLowerCase(), b.project.toLowerCase()),
  state: (a, b) => STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state),
};

function sorted(all: readonly Row[], sort: ColumnSort): number[] {
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
      fc.property(rows, fc.constantFrom(...COLUMN_SORTS), (all, sort) => {
        const catalogue = catalogueOf(all);
        expect(idsOf(catalogue, orderBy(catalogue, sort))).toEqual(sorted(all, sort));
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  test('turned round is exactly its reverse', () => {
    fc.assert(
      fc.property(rows, fc.constantFrom(...COLUMN_SORTS), (all, sort) => {
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
    'next:',
    'risk:',
    '>1B',
    '<3B',
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
      if (kind === 'next') return row.going > 0;
      if (kind === 'risk') return row.timeMs === 1;
      if (kind === '>1b') return live(row) > 1;
      if (kind === '<3b') return Math.max(0, live(row)) < 3;
      return kind === 'state' ? row.state.startsWith(part) : row.pinned;
    });
  }

  test('keeps what a plain filter keeps, in order', () => {
    fc.assert(
      fc.property(
        rows,
        fc.array(words, { maxLength: 4 }),
        fc.constantFrom(...COLUMN_SORTS),
        (all, typed, sort) => {
          const catalogue = catalogueOf(all);
          const shown = select(
            catalogue,
            orderBy(catalogue, sort),
            parseFilter(typed.join(' ')),
            null,
            false,
          );
          const kept = new Set(all.filter((row) => passes(row, typed)).map((row) => row.id));
          expect(idsOf(catalogue, shown)).toEqual(sorted(all, sort).filter((id) => kept.has(id)));
        },
      ),
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
    ['', {}],
    ['  login  test ', { text: 'login test' }],
    ['agent:Codex Login', { agent: 'codex', text: 'Login' }],
    ['pinned state:evicted', { state: 'evicted', pinned: true }],
    ['state:un-analyzed', { state: 'unanalyzed' }],
    ['project:web agent:', { project: 'web', text: 'agent:' }],
    ['http://x state', { text: 'http://x state' }],
    ['project:="my app" x', { project: '=my app', text: 'x' }],
    ['risk: next: word', { risk: true, next: true, text: 'word' }],
    ['next risk', { text: 'next risk' }],
    ['>1MB <30d', { minBytes: 1e6, maxAgeMs: 30 * DAY_MS }],
    ['<1.5GiB >2w', { maxBytes: 1.5 * 1024 ** 3, minAgeMs: 14 * DAY_MS }],
    ['> 1MB <x >5parsecs', { text: '> 1MB <x >5parsecs' }],
    ['"side by side" one', { text: '"side by side" one' }],
    ['like:codex:1', { like: 'codex:1' }],
  ])('reads %p', (typed, filter) => {
    expect(parseFilter(typed)).toEqual({ ...NO_FILTER, ...filter });
  });

  test('posh gradient finds Gradient in Oh My Posh: words stand in any order', () => {
    expect(wordsOf(parseFilter('Posh  gradient*'))).toEqual(['posh', 'gradient']);
  });

  test('a project by = is that one and no other whose name holds it', () => {
    const of = (project: string, id: number): Row => ({ ...PLAIN_ROW, id, project });
    const catalogue = catalogueOf([of('/home/me/web', 1), of('C:\\code\\web', 2), of('/home/me/Api', 3)]);
    const shown = (typed: string) =>
      idsOf(catalogue, select(catalogue, orderBy(catalogue, 'newest'), parseFilter(typed), null, false));
    expect(shown('project:=web')).toEqual([2, 1]);
    expect(shown('project:=/home/me/web')).toEqual([1]);
    expect(shown('project:=we')).toEqual([]);
  });

  test('analyzed does not find un-analyzed', () => {
    const one = (id: number, state: Row['state']): Row => ({ ...PLAIN_ROW, id, state });
    const catalogue = catalogueOf([one(1, 'analyzed'), one(2, 'unanalyzed')]);
    const shown = select(catalogue, orderBy(catalogue, 'newest'), parseFilter('state:analyzed'), null, false);
    expect(idsOf(catalogue, shown)).toEqual([1]);
  });
});

describe('what goes next', () => {
  const NOW = '2026-06-10T00:00:00.000Z' as Iso;
  const nowMs = Date.parse(NOW);
  const iso = (ms: number) => new Date(ms).toISOString() as Iso;

  test('is what the plan of a sweep takes without a loss', () => {
    const session = fc.record({
      days: fc.integer({ min: 1, max: 90 }),
      analyzedDays: fc.integer({ min: 0, max: 40 }),
      // So coarse that usage is often just the cap.
      storedBytes: fc.constantFrom(0, 10, 20, 30),
      state: fc.constantFrom(...STATES),
      pinned: fc.boolean(),
    });
    const limits = fc.record({
      rawSoftCapBytes: fc.constantFrom(0, 10, 20, 40, 60, 100),
      rawMaxAgeDays: fc.constantFrom<number | 'off'>(45, 20, 'off'),
    });
    fc.assert(
      fc.property(fc.array(session, { maxLength: 12 }), limits, (all, about) => {
        // No two times are equal, as hardly any two are.
        const times = all.map((one, i) => ({
          endMs: nowMs - one.days * DAY_MS - i,
          madeMs: nowMs - one.analyzedDays * DAY_MS - 50 - i,
        }));
        const cards = all.map(
          (one, i): SessionCard => ({
            uid: `codex:${String(i).padStart(3, '0')}` as SessionUid,
            agent: 'codex' as AgentId,
            project: null,
            title: null,
            startedAt: null,
            ingestedAt: null,
            generation: 1,
            rawBytes: 0,
            endedAt: iso(times[i]?.endMs ?? 0),
            analyzedAt: one.state === 'unanalyzed' ? null : iso(times[i]?.madeMs ?? 0),
            evictedAt: one.state === 'evicted' ? NOW : null,
            pinned: one.pinned,
            storedBytes: one.storedBytes,
          }),
        );
        const capped = { ...about, rawHardCapBytes: 1e9, distilledCapBytes: 1e9 };
        const plan = planSweep(censusOf(cards, 0, NOW), capped, { analyze: true, dataLoss: true }, NOW);
        const catalogue = {
          ids: Float64Array.from(all, (_, i) => i + 1),
          timesMs: Float64Array.from(times, ({ endMs }) => endMs),
          evictMs: Float64Array.from(all, (one, i) =>
            one.state === 'unanalyzed' ? (times[i]?.endMs ?? 0) : (times[i]?.madeMs ?? 0),
          ),
          endMs: Float64Array.from(times, ({ endMs }) => endMs),
          storedBytes: Float64Array.from(all, (one) => one.storedBytes),
          flags: Uint8Array.from(all, (one) => STATES.indexOf(one.state) + (one.pinned ? PINNED : 0)),
          agentOf: new Uint16Array(all.length),
          projectOf: new Uint32Array(all.length),
          agents: ['codex'],
          projects: [''],
        };
        const going = goingNext(catalogue, capped, nowMs);
        const taken = (pass: string) =>
          plan.passes
            .find((one) => one.pass === pass)
            ?.victims.map(({ card }) => Number(card.uid.slice(6)))
            .sort((a, b) => a - b);
        const rows = (how: number) => [...going].flatMap((one, i) => (one === how ? [i] : []));
        expect(rows(1)).toEqual(taken('backstop') ?? []);
        expect(rows(2)).toEqual(taken('budget') ?? []);
      }),
      { seed: SEED, numRuns: 1000 },
    );
  });
});

describe('totals', () => {
  const LIMITS = { rawMaxAgeDays: 45 } as const;

  test('by project, by agent and by age add up to the same live sessions, and each opens just them', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const nowMs = 400 * DAY_MS;
        const catalogue = catalogueOf(all.map((row) => ({ ...row, timeMs: 1 + row.timeMs * 80 * DAY_MS })));
        const alive = all.filter(({ state }) => state !== 'evicted');
        const totals = totalsOf(catalogue, LIMITS, nowMs);
        for (const groups of Object.values(totals)) {
          const sum = (of: (group: (typeof groups)[number]) => number) =>
            groups.reduce((n, group) => n + of(group), 0);
          expect(sum(({ sessions }) => sessions)).toBe(alive.length);
          expect(sum(({ storedBytes }) => storedBytes)).toBe(
            alive.reduce((n, row) => n + row.storedBytes, 0),
          );
          for (const group of groups) {
            const order = orderBy(catalogue, 'newest');
            const shown = select(catalogue, order, parseFilter(group.filter), null, false, nowMs);
            const opened = Array.from(shown).filter((row) => (catalogue.flags[row] ?? 0) % 4 !== 2);
            expect([group.filter, opened.length]).toEqual([group.filter, group.sessions]);
          }
        }
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  test('two projects of one name are told apart by the folder above', () => {
    const of = (project: string, id: number): Row => ({ ...PLAIN_ROW, id, project });
    const { project } = totalsOf(catalogueOf([of('/home/me/web', 1), of('C:\\code\\web', 2)]), LIMITS, 0);
    expect(project.map(({ name }) => name).sort()).toEqual(['code/web', 'me/web']);
  });
});

test('100,000 sessions sort and filter between two keys', () => {
  const many = Array.from(
    { length: 100_000 },
    (_, i): Row => ({
      id: i + 1,
      timeMs: (i * 7_919) % 100_003,
      storedBytes: (i * 104_729) % 99_991,
      going: i % 3,
      state: STATES[i % 3] ?? 'analyzed',
      pinned: i % 10 === 0,
      agent: AGENTS[i % 3] ?? '',
      project: PROJECTS[i % 4] ?? '',
    }),
  );
  const catalogue = catalogueOf(many);
  const order = orderBy(catalogue, 'stored');
  const startMs = performance.now();
  for (let i = 0; i < 10; i += 1)
    select(catalogue, order, parseFilter('agent:codex state:un project:web pinned'), null, i % 2 === 0);
  const filterMs = (performance.now() - startMs) / 10;
  console.log(`catalogue: 100,000 filtered in ${filterMs.toFixed(1)} ms`);
  expect(filterMs).toBeLessThan(33);
});
