/** The laws of a sweep while everything around it misbehaves: the analyzer, the clock, the user, the agents. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type Fact, factsOf } from '../../scripts/torture/simulator-facts.ts';
import { sweepStore } from '../../src/cli/wire.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import { addMs, DAY_MS, type Iso } from '../../src/domain/time.ts';
import { analyzeSession, salvageSession } from '../../src/ingest/analyze.ts';
import { rememberSessions } from '../../src/ingest/remember.ts';
import { sessionIdOf } from '../../src/store/read.ts';
import { setPinned } from '../../src/store/write-raw.ts';
import {
  type Analyzer,
  type Consent,
  type Proposal,
  type SweepDeps,
  YES_TO_ALL,
} from '../../src/sweep/ports.ts';
import { exitCodeOf, type Report } from '../../src/sweep/report.ts';
import { plan, sweep } from '../../src/sweep/sweep.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { SEED } from '../support/seed.ts';

const HOUR_MS = 3_600_000;
const idOf = (n: number) => `70000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const uidOf = (n: number) => `claude-code:${idOf(n)}` as SessionUid;
const text = (n: number) =>
  `${n} ${new Bun.CryptoHasher('sha512').update(String(n)).digest('base64').repeat(3)}`;

/** Four analyzed sessions, one, two, … ten days old on the world's day; two that wait; none that cannot be read. */
async function world(): Promise<World> {
  const made = new World();
  for (const n of [1, 2, 3, 4])
    made.put(claudePath(idOf(n)), promptLine(idOf(n), text(n), addMs(made.now, -n * 10 * DAY_MS)));
  await made.ingest();
  for (const n of [5, 6])
    made.put(claudePath(idOf(n)), promptLine(idOf(n), text(n), addMs(made.now, -HOUR_MS)));
  await made.ingest({ analyze: false });
  return made;
}

function analyzerOf(made: World): Analyzer {
  const deps = { db: made.db, clock: made.clock, external: null, host: made.host };
  return {
    analyze: (uid, signal) => analyzeSession(deps, uid, signal),
    salvage: (uid) => salvageSession(deps, uid),
    remember: (uids, signal) => rememberSessions(deps, uids, signal),
  };
}

function depsOf(made: World, more: Partial<SweepDeps> = {}): SweepDeps {
  return {
    store: sweepStore(made.db),
    analyzer: analyzerOf(made),
    clock: made.clock,
    bytes: String,
    hash: (what) => new Bun.CryptoHasher('sha256').update(what).digest('hex'),
    newSweepId: () => crypto.randomUUID(),
    progress: () => undefined,
    signal: new AbortController().signal,
    ...more,
  };
}

const TIGHT = {
  rawSoftCapBytes: 0,
  rawHardCapBytes: 0,
  rawMaxAgeDays: 45,
  distilledCapBytes: 2 ** 30,
} as const;
const ALL = { limits: TIGHT, flags: { analyze: true, dataLoss: true }, reclaim: false, planId: null };

/** Gone are only bytes that a digest stands for, or those that the report calls lost. */
function isLawful(facts: ReadonlyMap<string, Fact>, report: Report): void {
  for (const fact of facts.values()) {
    if (fact.evictedAt === null) continue;
    const isCovered = fact.digests.includes(fact.generation);
    const isLost = report.overflow_data_loss.some((uid) => uid === fact.uid);
    expect(isCovered || isLost, `${fact.uid} is gone`).toBe(true);
    expect(fact.events.findLast(({ kind }) => kind === 'evicted' || kind === 'data_loss')?.kind).toBe(
      isLost ? 'data_loss' : 'evicted',
    );
  }
}

describe('an analyzer', () => {
  test('that says it has digested and has not, makes nothing evictable and nothing lost', async () => {
    using made = await world();
    const liar: Analyzer = { ...analyzerOf(made), analyze: async () => ({ ok: true }) };
    const report = await sweep(depsOf(made, { analyzer: liar }), ALL, YES_TO_ALL);
    const facts = factsOf(made.db.path);
    isLawful(facts, report);
    expect(report.overflow_data_loss).toEqual([]);
    expect([uidOf(5), uidOf(6)].map((uid) => facts.get(uid)?.evictedAt)).toEqual([null, null]);
    expect(exitCodeOf(report), 'still over the hard cap').toBe(4);
  });

  test('that throws is a warning, and the others are analyzed', async () => {
    using made = await world();
    const good = analyzerOf(made);
    const analyzer: Analyzer = {
      ...good,
      analyze: (uid, signal) =>
        uid === uidOf(5) ? Promise.reject(new Error('it broke')) : good.analyze(uid, signal),
    };
    const report = await sweep(depsOf(made, { analyzer }), ALL, YES_TO_ALL);
    isLawful(factsOf(made.db.path), report);
    expect(report.warnings).toContain(`analyze failed for ${uidOf(5)}: it broke`);
    expect([report.overflow_analyzed, report.overflow_data_loss]).toEqual([[uidOf(6)], [uidOf(5)]]);
  });

  test('that hangs until the user stops it loses nothing', async () => {
    using made = await world();
    const stop = new AbortController();
    const analyzer: Analyzer = {
      analyze: (_uid, signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ ok: false, why: 'stopped' }));
          stop.abort();
        }),
      salvage: async () => undefined,
      remember: async () => undefined,
    };
    const report = await sweep(depsOf(made, { analyzer, signal: stop.signal }), ALL, YES_TO_ALL);
    isLawful(factsOf(made.db.path), report);
    expect([report.overflow_data_loss, report.interrupted]).toEqual([[], true]);
  });

  test('that lets the session grow while it works does not get the grown one evicted', async () => {
    using made = await world();
    const good = analyzerOf(made);
    const analyzer: Analyzer = {
      ...good,
      analyze: async (uid, signal) => {
        const outcome = await good.analyze(uid, signal);
        if (uid === uidOf(5)) {
          made.put(claudePath(idOf(5)), promptLine(idOf(5), text(5)) + promptLine(idOf(5), text(50)));
          await made.ingest({ analyze: false });
        }
        return outcome;
      },
    };
    const report = await sweep(depsOf(made, { analyzer }), ALL, YES_TO_ALL);
    const facts = factsOf(made.db.path);
    isLawful(facts, report);
    expect(facts.get(uidOf(5))?.evictedAt, 'nobody tried to analyze what it is now').toBeNull();
  });
});

describe('the clock between plan and apply', () => {
  const limits = { ...TIGHT, rawSoftCapBytes: 10_000_000, rawHardCapBytes: 10_000_000, rawMaxAgeDays: 25 };

  test.each([
    ['an hour back', -HOUR_MS],
    ['a year forward', 365 * DAY_MS],
  ])('%s: under a plan exactly its victims go', async (_what, stepMs) => {
    using made = await world();
    const deps = depsOf(made);
    const { planId } = plan(deps, { limits, flags: ALL.flags });
    made.now = addMs(made.now, stepMs) as Iso;
    const applied = sweep(deps, { ...ALL, limits, planId }, YES_TO_ALL);
    // The plan's id is of its victims, not of the time: a year later others are due, and it is stale.
    if (stepMs > 0) {
      await expect(applied).rejects.toThrow(/plan/);
      expect([...factsOf(made.db.path).values()].filter(({ evictedAt }) => evictedAt !== null)).toEqual([]);
      return;
    }
    const report = await applied;
    isLawful(factsOf(made.db.path), report);
    expect(report.backstop_evicted).toEqual([uidOf(4), uidOf(3)]);
  });

  test('stepping at every look: nothing un-analyzed goes, and each is old by one of its hours', async () => {
    using made = await world();
    let looks = 0;
    const clock = {
      ...made.clock,
      now: () => addMs(made.now, looks++ % 2 === 0 ? -HOUR_MS : 365 * DAY_MS) as Iso,
    };
    const report = await sweep(depsOf(made, { clock }), { ...ALL, limits }, YES_TO_ALL);
    const facts = factsOf(made.db.path);
    isLawful(facts, report);
    expect([uidOf(5), uidOf(6)].map((uid) => facts.get(uid)?.evictedAt)).toEqual([null, null]);
  });
});

/** What happens while a person thinks about a step. */
type Meddling =
  | { readonly kind: 'pin' | 'unpin' | 'grow' | 'evict'; readonly n: number }
  | { readonly kind: 'nothing' };

const meddling: fc.Arbitrary<Meddling> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('pin' as const, 'unpin' as const, 'grow' as const, 'evict' as const),
    n: fc.integer({ min: 1, max: 6 }),
  }),
  fc.constant({ kind: 'nothing' as const }),
);

class Meddler implements Consent {
  readonly unattended: boolean;
  /** Who was shown in a step that was let run, as they were then. */
  readonly agreed = new Map<string, number>();
  readonly #world: World;
  readonly #todo: Meddling[];
  #grown = 0;

  constructor(made: World, todo: readonly Meddling[], unattended: boolean) {
    this.#world = made;
    this.#todo = [...todo];
    this.unattended = unattended;
  }

  async ask({ victims, toAnalyze }: Proposal) {
    for (const { card } of victims) this.agreed.set(card.uid, card.generation);
    for (const card of toAnalyze) this.agreed.delete(card.uid);
    await this.meddle();
    return { kind: 'run' as const };
  }

  async meddle(): Promise<void> {
    const next = this.#todo.shift() ?? { kind: 'nothing' };
    if (next.kind === 'nothing') return;
    const { db, now } = this.#world;
    const uid = uidOf(next.n);
    if (next.kind === 'pin' || next.kind === 'unpin') {
      setPinned(db, sessionIdOf(db, uid), next.kind === 'pin', now);
      return;
    }
    if (next.kind === 'evict') {
      const fact = factsOf(db.path).get(uid);
      if (fact?.analyzedAt != null && fact.evictedAt === null && !fact.pinned) this.#world.evict(uid);
      return;
    }
    this.#grown += 1;
    const more = Array.from({ length: this.#grown }, (_, i) =>
      promptLine(idOf(next.n), `more ${i} ${text(i)}`),
    );
    this.#world.put(claudePath(idOf(next.n)), promptLine(idOf(next.n), text(next.n)) + more.join(''));
    await this.#world.ingest({ analyze: false });
  }
}

test.each([
  ['a person who looks', false],
  ['a script', true],
])(
  'pins, growth and evictions between every two steps, and %s: nothing goes unseen, nothing pinned, nothing without a digest',
  async (_who, unattended) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(meddling, { maxLength: 12 }),
        fc.integer({ min: 0, max: 8_000 }),
        async (todo, capBytes) => {
          using made = await world();
          const meddler = new Meddler(made, todo, unattended);
          const good = analyzerOf(made);
          const analyzer: Analyzer = {
            ...good,
            analyze: async (uid, signal) => {
              const outcome = await good.analyze(uid, signal);
              await meddler.meddle();
              return outcome;
            },
          };
          const pinnedAtEviction: string[] = [];
          const store = sweepStore(made.db);
          const watched: SweepDeps['store'] = {
            ...store,
            evict: (victims, context, until) => {
              const before = factsOf(made.db.path);
              const fates = store.evict(victims, context, until);
              for (const fate of fates) {
                const was = before.get(fate.uid);
                if (fate.kind === 'evicted' && was?.pinned === true) pinnedAtEviction.push(fate.uid);
                if (fate.kind === 'evicted' && !unattended)
                  expect(meddler.agreed.get(fate.uid), `${fate.uid} went as it was shown`).toBe(
                    was?.generation ?? -1,
                  );
              }
              return fates;
            },
          };
          const limits = { ...TIGHT, rawSoftCapBytes: capBytes, rawHardCapBytes: capBytes };
          const report = await sweep(depsOf(made, { analyzer, store: watched }), { ...ALL, limits }, meddler);
          expect(pinnedAtEviction).toEqual([]);
          isLawful(factsOf(made.db.path), report);
          expect(report.overflow_data_loss, 'all of them can be read').toEqual([]);
        },
      ),
      { seed: SEED, numRuns: 40 },
    );
  },
  60_000,
);
