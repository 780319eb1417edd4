/** An exhaustive small world of sweeps in which a person, asked about a loss, takes another way: nothing is lost by any of them. */
import { expect, test } from 'bun:test';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { SessionCard } from '../../src/domain/session.ts';
import type { Consent, Decision, Proposal, SweepDeps } from '../../src/sweep/ports.ts';
import { sweep } from '../../src/sweep/sweep.ts';
import { card, daysAgo, MemoryStore, memoryDeps } from '../support/memory-store.ts';

/** `refused`: the program of the user's fails on it, the built-in analyzer does not; `unreadable`: both do. */
type Kind = 'young' | 'refused' | 'unreadable';
const KINDS: readonly Kind[] = ['young', 'refused', 'unreadable'];
const BYTES = 10;
const WAYS = ['digest', 'raise', 'skip', 'anew', 'ask_on', 'run'] as const;
type Way = (typeof WAYS)[number];

class Person implements Consent {
  readonly unattended = false;
  readonly shown: Proposal[] = [];
  readonly #way: Way;
  readonly #keepsFirst: boolean;

  constructor(way: Way, keepsFirst: boolean) {
    this.#way = way;
    this.#keepsFirst = keepsFirst;
  }

  async ask(proposal: Proposal): Promise<Decision> {
    this.shown.push(proposal);
    if (proposal.step !== 'data_loss') return { kind: 'run' };
    const first = proposal.victims[0]?.card.uid;
    const keepOut: ReadonlySet<SessionUid> = new Set(this.#keepsFirst && first !== undefined ? [first] : []);
    // The way once; then there may be nothing of the kind any more, and it is a no.
    const times = this.shown.filter(({ step }) => step === 'data_loss').length;
    if (times > 1) return { kind: this.#way === 'run' ? 'run' : 'skip' };
    return this.#way === 'raise'
      ? { kind: 'raise', hardCapBytes: proposal.usageBytes, keepOut }
      : { kind: this.#way, keepOut };
  }
}

function session(kind: Kind, i: number): SessionCard {
  return card(`s${i}`, {
    storedBytes: BYTES,
    endedAt: daysAgo(9 - i),
    analyzedAt: kind === 'young' ? daysAgo(5) : null,
  });
}

/** The store, and the program of the user's beside the built-in analyzer. */
function depsOf(store: MemoryStore, kinds: readonly Kind[]): SweepDeps {
  const unreadable = new Set(kinds.flatMap((kind, i) => (kind === 'unreadable' ? [`test:s${i}`] : [])));
  const refused = new Set(kinds.flatMap((kind, i) => (kind === 'young' ? [] : [`test:s${i}`])));
  const builtIn = memoryDeps(store, unreadable).analyzer.analyze;
  const asked = memoryDeps(store, refused).analyzer;
  return { ...memoryDeps(store), analyzer: { ...asked, analyzeBuiltIn: builtIn } };
}

async function holdLaws(kinds: readonly Kind[], caps: readonly [number, number], way: Way, keeps: boolean) {
  const store = new MemoryStore(kinds.map(session));
  const person = new Person(way, keeps);
  const [soft, hard] = caps;
  const limits = {
    rawSoftCapBytes: soft * BYTES,
    rawHardCapBytes: hard * BYTES,
    rawMaxAgeDays: 45,
    distilledCapBytes: 100,
  };
  const report = await sweep(
    depsOf(store, kinds),
    { limits, flags: { analyze: true, dataLoss: true }, reclaim: false, planId: null },
    person,
  );
  const law = (holds: boolean, name: string) => {
    if (!holds) throw new Error(`${name}\n${JSON.stringify({ kinds, caps, way, keeps, report })}`);
  };
  const losses = person.shown.filter(({ step }) => step === 'data_loss');
  law(person.shown.length <= 14, 'it comes to an end');
  law(way === 'run' || report.overflow_data_loss.length === 0, 'nothing but the loss loses');
  law(
    losses.every(({ victims, failures }) => victims.every(({ card: one }) => failures.has(one.uid))),
    'only who was tried in vain is offered to be lost',
  );
  if (losses.length === 0) return 0;
  if (way === 'raise') law(!report.over_hard_cap, 'what was raised holds what is stored');
  if (way === 'digest') {
    const digested = kinds.flatMap((kind, i) => (kind === 'refused' ? [`test:s${i}`] : []));
    law(
      digested.every((uid) => (report.overflow_analyzed as readonly string[]).includes(uid)),
      'the built-in analyzer digests all that it can read',
    );
    law(
      losses.slice(1).every(({ ways }) => ways.digestible.sessions === 0),
      'and is not offered again for the others',
    );
  }
  return 1;
}

test('whatever way is taken instead of a loss, nothing is lost', async () => {
  let offered = 0;
  const worlds = [1, 2, 3, 4].flatMap((count) =>
    Array.from({ length: KINDS.length ** count }, (_, n) =>
      Array.from(
        { length: count },
        (__, i) => KINDS[Math.floor(n / KINDS.length ** i) % KINDS.length] ?? 'young',
      ),
    ),
  );
  for (const kinds of worlds)
    for (const caps of [
      [0, 0],
      [0, 1],
      [1, 2],
    ] as const)
      for (const way of WAYS)
        for (const keeps of [false, true]) offered += await holdLaws(kinds, caps, way, keeps);
  console.log(`world: ${offered} sweeps that came to a loss`);
  expect(offered).toBeGreaterThan(1000);
});

test('a program that fails for one cause twenty times in a row is not asked on before the person said so', async () => {
  const kinds: Kind[] = Array.from({ length: 30 }, () => 'refused');
  const store = new MemoryStore(
    kinds.map((kind, i) => session(kind, i % 9)).map((one, i) => ({ ...one, ...idOf(i) })),
  );
  const asked: string[] = [];
  const analyzer: SweepDeps['analyzer'] = {
    ...memoryDeps(store).analyzer,
    analyze: async (uid) => {
      asked.push(uid);
      return { ok: false, why: 'exit 1' };
    },
    analyzeBuiltIn: memoryDeps(store).analyzer.analyze,
  };
  const shown: Proposal[] = [];
  const consent: Consent = {
    unattended: false,
    ask: async (proposal) => {
      shown.push(proposal);
      if (proposal.step !== 'data_loss') return { kind: 'run' };
      return shown.filter(({ step }) => step === 'data_loss').length === 1
        ? { kind: 'ask_on' }
        : { kind: 'digest' };
    },
  };
  const limits = { rawSoftCapBytes: 0, rawHardCapBytes: 0, rawMaxAgeDays: 45, distilledCapBytes: 100 };
  const options = { limits, flags: { analyze: true, dataLoss: true }, reclaim: false, planId: null };
  const report = await sweep({ ...memoryDeps(store), analyzer }, options, consent);
  const [first, second] = shown.filter(({ step }) => step === 'data_loss');
  expect(first?.ways).toEqual({
    digestible: { sessions: 30, rawBytes: expect.any(Number) },
    notAsked: 10,
    insufficient: true,
  });
  expect(first?.victims).toEqual([]);
  expect(second?.ways.notAsked).toBe(0);
  expect(asked).toHaveLength(30);
  expect(report.overflow_data_loss).toEqual([]);
  expect(report.overflow_analyzed).toHaveLength(30);
  expect(report.final_usage_bytes).toBe(0);
});

function idOf(i: number) {
  return { uid: card(`s${i}`, {}).uid };
}
