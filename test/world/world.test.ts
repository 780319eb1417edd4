/** An exhaustive small world and a random larger one, held to the laws of store and sweep. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Limits } from '../../src/domain/limits.ts';
import type { SessionCard } from '../../src/domain/session.ts';
import { type Census, censusOf, namedCards } from '../../src/policy/census.ts';
import { bytesOf, forecastSweep, isEmptyPlan, planFingerprint, planSweep } from '../../src/policy/plan.ts';
import { YES_TO_ALL } from '../../src/sweep/ports.ts';
import type { Report } from '../../src/sweep/report.ts';
import { sweep } from '../../src/sweep/sweep.ts';
import { card, daysAgo, MemoryStore, memoryDeps, NOW } from '../support/memory-store.ts';
import { SEED } from '../support/seed.ts';

type Kind = 'analyzed' | 'waiting' | 'unreadable' | 'pinned' | 'evicted';
interface Case {
  readonly cards: readonly SessionCard[];
  readonly unreadable: ReadonlySet<string>;
  readonly limits: Limits;
}

function session(i: number, kind: Kind, bytes: number, ageDays: number): SessionCard {
  const isAnalyzed = kind === 'analyzed' || kind === 'evicted' || (kind === 'pinned' && i % 2 === 0);
  return card(`s${i}`, {
    storedBytes: bytes,
    endedAt: daysAgo(ageDays),
    analyzedAt: isAnalyzed ? daysAgo(ageDays / 2) : null,
    pinned: kind === 'pinned',
    evictedAt: kind === 'evicted' ? daysAgo(1) : null,
  });
}

async function run(world: Case, cards = world.cards): Promise<{ store: MemoryStore; report: Report }> {
  const store = new MemoryStore(cards);
  const options = {
    limits: world.limits,
    flags: { analyze: true, dataLoss: true },
    reclaim: false,
    planId: null,
  };
  const report = await sweep(memoryDeps(store, world.unreadable), options, YES_TO_ALL);
  return { store, report };
}

const usageOf = (cards: Iterable<SessionCard>) =>
  [...cards].reduce((sum, one) => sum + (one.evictedAt === null ? one.storedBytes : 0), 0);

/** Throws with the case where a law is broken. */
async function holdLaws(world: Case): Promise<void> {
  const { store, report } = await run(world);
  const tell = () =>
    JSON.stringify({ limits: world.limits, cards: world.cards, unreadable: [...world.unreadable], report });
  const law = (holds: boolean, name: string) => {
    if (!holds) throw new Error(`${name}\n${tell()}`);
  };
  const lost = store.gone.filter((gone) => gone.how === 'lost');
  const wasPinned = new Set(world.cards.filter((one) => one.pinned).map((one) => one.uid));
  law(
    store.gone.every((gone) => gone.how === 'lost' || gone.wasAnalyzed),
    'nothing un-analyzed goes but as data loss',
  );
  law(
    store.gone.every((gone) => !wasPinned.has(gone.uid)),
    'a pinned session never goes',
  );
  law(report.final_usage_bytes === usageOf(store.cards.values()), 'usage is what is there');
  law(
    report.over_hard_cap === report.final_usage_bytes > world.limits.rawHardCapBytes,
    'over_hard_cap says what is',
  );
  law(report.lost_data === lost.length > 0, 'lost_data says what was');
  law(report.bytes_freed === usageOf(world.cards) - report.final_usage_bytes, 'freed is before minus after');

  const left = [...store.cards.values()].filter(
    (one) => one.evictedAt === null && !one.pinned && one.storedBytes > 0,
  );
  law(
    report.final_usage_bytes <= world.limits.rawSoftCapBytes || left.every((one) => one.analyzedAt === null),
    'above the soft cap nothing evictable is left',
  );
  const waiting = left
    .filter((one) => one.analyzedAt === null)
    .reduce((sum, one) => sum + one.storedBytes, 0);
  law(
    !report.over_hard_cap || report.final_usage_bytes - waiting > world.limits.rawHardCapBytes,
    'above the hard cap only where losing all would not help',
  );
  const smallestLast = lost.at(-1);
  const lastBytes = world.cards.find((one) => one.uid === smallestLast?.uid)?.storedBytes ?? 0;
  law(
    lost.length === 0 || report.final_usage_bytes + lastBytes > world.limits.rawHardCapBytes,
    'the last resort goes no further than the hard cap',
  );
  law(
    lost.every((gone) => report.plan.worst_case_data_loss.includes(gone.uid)),
    'never more is lost than the plan said at worst',
  );
  law(
    lost.every((gone) => world.unreadable.has(gone.uid)),
    'what can be analyzed is never lost',
  );

  // The backstop runs first: what this sweep analyzed for the first time and is too old goes in the next one, nothing else.
  const again = await run(world, [...store.cards.values()]);
  const nowAnalyzed = new Set(report.overflow_analyzed);
  law(
    again.store.gone.every(
      (gone) => nowAnalyzed.has(gone.uid) && again.report.backstop_evicted.includes(gone.uid),
    ),
    'a second sweep has nothing to do but the backstop of what the first one analyzed',
  );
  law(
    (await run(world, [...again.store.cards.values()])).store.gone.length === 0,
    'a third sweep has nothing to do',
  );
  const reversed = await run(world, [...world.cards].reverse());
  law(
    JSON.stringify(reversed.store.gone) === JSON.stringify(store.gone),
    'the order of input does not matter',
  );
  const roomier = await run({
    ...world,
    limits: {
      ...world.limits,
      rawSoftCapBytes: world.limits.rawSoftCapBytes + 10,
      rawHardCapBytes: world.limits.rawHardCapBytes + 10,
    },
  });
  // Where the cap cannot be met, nothing is lost for it; a cap that can be met may then cost more.
  law(
    report.over_hard_cap || roomier.store.gone.length <= store.gone.length,
    'a bigger cap never drops more',
  );
  const flags = { analyze: true, dataLoss: true };
  const census = censusOf(world.cards, 0, NOW);
  const planned = planSweep(census, world.limits, flags, NOW);
  // A store that adds up sessions by itself, as the real one does.
  const adding: Census = {
    ...census,
    sumOlderThan: (days) => {
      const old = [...census.evictableOlderThan(days)];
      return { sessions: old.length, storedBytes: usageOf(old), named: namedCards(old) };
    },
  };
  for (const one of [census, adding]) {
    const forecast = forecastSweep(one, world.limits, flags, NOW);
    law(
      JSON.stringify(forecast.passes.map(({ sessions, storedBytes }) => [sessions, storedBytes])) ===
        JSON.stringify(planned.passes.map(({ victims }) => [victims.length, bytesOf(victims)])) &&
        forecast.toAnalyze === planned.toAnalyze.length &&
        forecast.worstCaseDataLoss === planned.worstCaseDataLoss.length &&
        forecast.isEmpty === isEmptyPlan(planned) &&
        forecast.fingerprint === planFingerprint(planned),
      'a forecast is the plan in numbers, under the same id',
    );
  }
  const sure = planned.passes
    .filter(({ pass }) => pass !== 'overflow')
    .flatMap(({ victims }) => victims.map((victim) => victim.card.uid));
  law(
    JSON.stringify(store.gone.slice(0, sure.length).map((gone) => gone.uid)) === JSON.stringify(sure),
    'what was planned is what was done',
  );
}

const KINDS: readonly Kind[] = ['analyzed', 'waiting', 'unreadable', 'pinned', 'evicted'];
const SIZES = [0, 10, 40] as const;
const AGES = [1, 30, 60] as const;
const CAPS = [
  [0, 0],
  [10, 30],
  [30, 30],
  [0, 60],
] as const;

test('every world of up to two sessions, and every kind of three, keeps the laws', async () => {
  let worlds = 0;
  const all = KINDS.flatMap((kind) =>
    SIZES.flatMap((bytes) => AGES.map((age) => [kind, bytes, age] as const)),
  );
  const few = KINDS.flatMap(
    (kind) =>
      [
        [kind, 10, 60],
        [kind, 40, 1],
      ] as const,
  );
  const check = async (sessions: readonly (readonly [Kind, number, number])[]) => {
    const cards = sessions.map(([kind, bytes, age], i) => session(i, kind, bytes, age));
    const unreadable = new Set(
      sessions.flatMap(([kind], i) => (kind === 'unreadable' || kind === 'pinned' ? [`test:s${i}`] : [])),
    );
    for (const [soft, hard] of CAPS) {
      worlds += 1;
      await holdLaws({
        cards,
        unreadable,
        limits: { rawSoftCapBytes: soft, rawHardCapBytes: hard, rawMaxAgeDays: 45, distilledCapBytes: 100 },
      });
    }
  };
  for (const a of all) await check([a]);
  for (const a of all) for (const b of few) await check([a, b]);
  for (const a of few) for (const b of few) for (const c of few) await check([a, b, c]);
  console.log(`world: ${worlds} small worlds`);
  expect(worlds).toBe((45 + 45 * 10 + 1000) * 4);
}, 60_000);

test('random larger worlds keep the laws', async () => {
  const arbitrary = fc.record({
    sessions: fc.array(fc.tuple(fc.constantFrom(...KINDS), fc.nat(50), fc.nat(90)), { maxLength: 12 }),
    soft: fc.nat(200),
    more: fc.nat(100),
  });
  await fc.assert(
    fc.asyncProperty(arbitrary, async ({ sessions, soft, more }) => {
      const cards = sessions.map(([kind, bytes, age], i) => session(i, kind, bytes, age));
      const unreadable = new Set(
        sessions.flatMap(([kind], i) => (kind === 'unreadable' ? [`test:s${i}`] : [])),
      );
      await holdLaws({
        cards,
        unreadable,
        limits: {
          rawSoftCapBytes: soft,
          rawHardCapBytes: soft + more,
          rawMaxAgeDays: 45,
          distilledCapBytes: 100,
        },
      });
    }),
    { seed: SEED, numRuns: 400 },
  );
}, 60_000);

test('sessions that grow, are pinned or go between two steps are skipped, and no law breaks', async () => {
  const arbitrary = fc.array(
    fc.tuple(
      fc.constantFrom<Kind>('analyzed', 'unreadable', 'waiting'),
      fc.integer({ min: 1, max: 50 }),
      fc.nat(90),
      fc.constantFrom('grow', 'pin', 'evict', 'none'),
    ),
    { minLength: 1, maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(arbitrary, fc.nat(60), async (sessions, cap) => {
      const cards = sessions.map(([kind, bytes, age], i) => session(i, kind, bytes, age));
      const unreadable = new Set(
        sessions.flatMap(([kind], i) => (kind === 'unreadable' ? [`test:s${i}`] : [])),
      );
      const store = new MemoryStore(cards);
      const changed = new Set<string>();
      const meddle = () => {
        for (const [i, [, , , what]] of sessions.entries()) {
          const one = store.cards.get(`test:s${i}` as SessionCard['uid']);
          if (one === undefined || one.evictedAt !== null || what === 'none' || changed.has(one.uid))
            continue;
          changed.add(one.uid);
          if (what === 'grow')
            store.cards.set(one.uid, { ...one, generation: one.generation + 1, analyzedAt: null });
          if (what === 'pin') store.cards.set(one.uid, { ...one, pinned: true });
          if (what === 'evict') store.cards.set(one.uid, { ...one, evictedAt: NOW });
        }
      };
      const ask = async () => {
        meddle();
        return { kind: 'run' as const };
      };
      const consent = { unattended: true, ask };
      const limits = {
        rawSoftCapBytes: cap,
        rawHardCapBytes: cap,
        rawMaxAgeDays: 45,
        distilledCapBytes: 100,
      };
      const report = await sweep(
        memoryDeps(store, unreadable),
        { limits, flags: { analyze: true, dataLoss: true }, reclaim: false, planId: null },
        consent,
      );
      for (const gone of store.gone) {
        expect(gone.how === 'lost' || gone.wasAnalyzed, JSON.stringify({ sessions, cap, report })).toBe(true);
        expect(store.cards.get(gone.uid)?.pinned).toBe(false);
      }
    }),
    { seed: SEED, numRuns: 300 },
  );
}, 60_000);
