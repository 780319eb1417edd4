/** The exhaustive small world of a store that has joined a bucket, and a random larger one: nothing is lost, and what goes is there. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Limits } from '../../src/domain/limits.ts';
import type { SessionCard } from '../../src/domain/session.ts';
import { withOnlySafe } from '../../src/policy/census.ts';
import { bytesOf, forecastSweep, planFingerprint, planSweep } from '../../src/policy/plan.ts';
import { YES_TO_ALL } from '../../src/sweep/ports.ts';
import type { Report } from '../../src/sweep/report.ts';
import { sweep } from '../../src/sweep/sweep.ts';
import { card, daysAgo, MemoryStore, memoryDeps, NOW } from '../support/memory-store.ts';
import { SEED } from '../support/seed.ts';

type Kind = 'analyzed' | 'waiting' | 'unreadable' | 'pinned';
/** `old`: an earlier state of it is in the bucket. */
type There = 'whole' | 'old' | 'no';
interface World {
  readonly sessions: readonly (readonly [Kind, There, number])[];
  readonly limits: Limits;
  readonly flags: { readonly analyze: boolean; readonly dataLoss: boolean };
}

function cardsOf({ sessions }: World): SessionCard[] {
  return sessions.map(([kind, , bytes], i) =>
    card(`s${i}`, {
      storedBytes: bytes,
      endedAt: daysAgo(i === 0 ? 60 : 3 - i / 10),
      analyzedAt: kind === 'analyzed' ? daysAgo(2 - i / 10) : null,
      pinned: kind === 'pinned',
      generation: 2,
    }),
  );
}

async function run(
  world: World,
  cards: readonly SessionCard[],
): Promise<{ store: MemoryStore; report: Report }> {
  const generation = { whole: 2, old: 1 };
  const bucket = new Map(
    world.sessions.flatMap(([, there], i): [SessionUid, number][] =>
      there === 'no' ? [] : [[`test:s${i}` as SessionUid, generation[there]]],
    ),
  );
  const unreadable = new Set(
    world.sessions.flatMap(([kind], i) => (kind === 'unreadable' || kind === 'pinned' ? [`test:s${i}`] : [])),
  );
  const store = new MemoryStore(cards, bucket);
  const { limits, flags } = world;
  const options = { limits, flags, reclaim: false, planId: null };
  return { store, report: await sweep(memoryDeps(store, unreadable), options, YES_TO_ALL) };
}

/** Throws with the case where a law is broken. */
async function holdLaws(world: World): Promise<void> {
  const cards = cardsOf(world);
  const { store, report } = await run(world, cards);
  const law = (holds: boolean, name: string) => {
    if (!holds) throw new Error(`${name}\n${JSON.stringify({ world, report, gone: store.gone })}`);
  };
  const numberOf = (uid: string) => Number(uid.slice('test:s'.length));
  const toBucket = store.gone.filter(({ how }) => how === 'in_bucket');
  const { rawHardCapBytes: hard, rawSoftCapBytes: soft } = world.limits;
  law(
    store.gone.every(({ how }) => how !== 'lost') && !report.lost_data,
    'nothing is lost, whatever is consented to',
  );
  law(
    store.gone.every(({ uid }) => world.sessions[numberOf(uid)]?.[1] === 'whole'),
    'who goes is in the bucket as it is',
  );
  law(
    store.gone.every(({ uid }) => world.sessions[numberOf(uid)]?.[0] !== 'pinned'),
    'a pinned session never goes',
  );
  law(
    toBucket.every(({ uid }) => !world.flags.analyze || world.sessions[numberOf(uid)]?.[0] === 'unreadable'),
    'what can be analyzed is never left to the bucket without a digest',
  );
  const left = [...store.cards.values()].filter(
    (one) =>
      one.evictedAt === null &&
      !one.pinned &&
      one.storedBytes > 0 &&
      store.bucket?.get(one.uid) === one.generation,
  );
  law(
    report.final_usage_bytes <= hard || left.length === 0,
    'above the hard cap nothing is left that could go without a loss',
  );
  law(
    report.final_usage_bytes <= soft || left.every((one) => one.analyzedAt === null),
    'above the soft cap nothing evictable is left, and so nothing goes without a digest in its place',
  );
  const last = cards.find(({ uid }) => uid === toBucket.at(-1)?.uid)?.storedBytes ?? 0;
  law(
    toBucket.length === 0 || report.final_usage_bytes + last > hard,
    'the bucket takes no more than down to the hard cap',
  );
  law(
    JSON.stringify(report.bucket_evicted) === JSON.stringify(toBucket.map(({ uid }) => uid)),
    'the report names whom the bucket keeps, in order',
  );
  law(
    report.warnings.some((text) =>
      text.startsWith(`${toBucket.length} un-analyzed session(s) now lie in the bucket only`),
    ) ===
      toBucket.length > 0,
    'and it is said',
  );
  const atWorst = report.plan.passes.find(({ pass }) => pass === 'bucket')?.victims ?? [];
  law(
    toBucket.every(({ uid }) => atWorst.some((one) => one.session_uid === uid)),
    'no more than the plan said at worst',
  );
  law(report.plan.worst_case_data_loss.length === 0, 'the plan loses nothing');
  const census = new MemoryStore(cards, store.bucket).withCensus(NOW, (one) => one);
  const planned = planSweep(census, world.limits, world.flags, NOW);
  const forecast = forecastSweep(census, world.limits, world.flags, NOW);
  law(
    forecast.fingerprint === planFingerprint(planned) &&
      JSON.stringify(forecast.passes.map(({ pass, storedBytes }) => [pass, storedBytes])) ===
        JSON.stringify(planned.passes.map(({ pass, victims }) => [pass, bytesOf(victims)])),
    'a forecast is the plan in numbers',
  );
  const reversed = await run(world, cards.toReversed());
  law(
    JSON.stringify(reversed.store.gone) === JSON.stringify(store.gone),
    'the order of input does not matter',
  );
  const again = await run(world, [...store.cards.values()]);
  law(
    again.store.gone.every(({ how, uid }) => how === 'covered' && report.overflow_analyzed.includes(uid)),
    'a second sweep leaves nobody more to the bucket',
  );
}

const KINDS: readonly Kind[] = ['analyzed', 'waiting', 'unreadable', 'pinned'];
const THERE: readonly There[] = ['whole', 'old', 'no'];
const CAPS = [
  [0, 0],
  [10, 30],
  [0, 40],
] as const;

function limitsOf(soft: number, hard: number): Limits {
  return { rawSoftCapBytes: soft, rawHardCapBytes: hard, rawMaxAgeDays: 45, distilledCapBytes: 100 };
}

test('in every world of up to three sessions and a bucket nothing is lost, and who goes is there', async () => {
  const one = KINDS.flatMap((kind) =>
    THERE.flatMap((there) => [10, 40].map((bytes) => [kind, there, bytes] as const)),
  );
  const few = one.filter(([, there, bytes]) => (there === 'whole') === (bytes === 40));
  let worlds = 0;
  const check = async (sessions: World['sessions']) => {
    for (const [soft, hard] of CAPS)
      for (const analyze of sessions.length < 3 ? [true, false] : [true]) {
        worlds += 1;
        await holdLaws({ sessions, limits: limitsOf(soft, hard), flags: { analyze, dataLoss: true } });
      }
  };
  for (const a of one) await check([a]);
  for (const a of one) for (const b of one) await check([a, b]);
  for (const a of few) for (const b of few) for (const c of few) await check([a, b, c]);
  console.log(`world: ${worlds} small worlds with a bucket`);
  expect(worlds).toBe((24 + 24 * 24) * 6 + few.length ** 3 * 3);
}, 60_000);

test('random larger worlds with a bucket keep the laws', async () => {
  const session = fc.tuple(fc.constantFrom(...KINDS), fc.constantFrom(...THERE), fc.nat(50));
  await fc.assert(
    fc.asyncProperty(
      fc.array(session, { maxLength: 12 }),
      fc.nat(200),
      fc.nat(100),
      fc.boolean(),
      fc.boolean(),
      async (sessions, soft, more, analyze, dataLoss) => {
        await holdLaws({ sessions, limits: limitsOf(soft, soft + more), flags: { analyze, dataLoss } });
      },
    ),
    { seed: SEED, numRuns: 300 },
  );
}, 60_000);

test('a session that grows, is pinned or is analyzed before it is left to the bucket stays', async () => {
  for (const change of ['grown', 'pinned', 'analyzed'] as const) {
    const one = card('s0', { storedBytes: 40 });
    const store = new MemoryStore([one], new Map([[one.uid, 1]]));
    const ask = async ({ step }: { step: string }) => {
      if (step === 'bucket') {
        if (change === 'grown') store.cards.set(one.uid, { ...one, generation: 2 });
        if (change === 'pinned') store.cards.set(one.uid, { ...one, pinned: true });
        if (change === 'analyzed') store.analyzed(one.uid);
      }
      return { kind: 'run' as const };
    };
    const options = {
      limits: limitsOf(0, 0),
      flags: { analyze: true, dataLoss: true },
      reclaim: false,
      planId: null,
    };
    const report = await sweep(memoryDeps(store, new Set(['test:s0'])), options, { unattended: true, ask });
    expect([change, report.bucket_evicted, store.gone]).toEqual([change, [], []]);
  }
});

test('withOnlySafe leaves un-analyzed sessions to be analyzed, wherever they are', () => {
  const store = new MemoryStore([card('s0'), card('s1')], new Map());
  const seen = store.withCensus(NOW, (census) => [...withOnlySafe(census, () => false).unanalyzed()]);
  expect(seen.map(({ uid }) => uid as string)).toEqual(['test:s0', 'test:s1']);
});

test('what a person has kept from being analyzed is not left to the bucket either', async () => {
  const one = card('s0', { storedBytes: 40 });
  const store = new MemoryStore([one], new Map([[one.uid, 1]]));
  const consent = {
    unattended: false,
    ask: async ({ step }: { step: string }) => ({
      kind: step === 'analyze' ? ('skip' as const) : ('run' as const),
    }),
  };
  const options = {
    limits: limitsOf(0, 0),
    flags: { analyze: true, dataLoss: true },
    reclaim: false,
    planId: null,
  };
  const report = await sweep(memoryDeps(store), options, consent);
  expect([report.bucket_evicted, report.over_hard_cap, store.gone]).toEqual([[], true, []]);
});
