/** An exhaustive small world of sweeps under a person who keeps sessions out and skips passes, held to the rules of the passes. */
import { expect, test } from 'bun:test';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { SessionCard } from '../../src/domain/session.ts';
import type { Consent, Decision, Proposal, StepName } from '../../src/sweep/ports.ts';
import type { Report } from '../../src/sweep/report.ts';
import { sweep } from '../../src/sweep/sweep.ts';
import { card, daysAgo, MemoryStore, memoryDeps } from '../support/memory-store.ts';

type Kind = 'old' | 'young' | 'waits' | 'unreadable';
const KINDS: readonly Kind[] = ['old', 'young', 'waits', 'unreadable'];
const BYTES = 10;
/** Soft and hard cap, in sessions. */
const CAPS = [
  [0, 0],
  [1, 1],
  [0, 1],
  [1, 2],
] as const;
/** At which of the times that a session is shown the person keeps it out. */
const TIMES = ['never', 0, 1] as const;
type Time = (typeof TIMES)[number];
const SKIPPED = [null, 'backstop', 'budget', 'budget_again', 'data_loss'] as const;

interface Case {
  readonly kinds: readonly Kind[];
  readonly keepAt: readonly Time[];
  readonly skips: StepName | null;
  readonly caps: readonly [soft: number, hard: number];
}

function session(kind: Kind, i: number): SessionCard {
  return card(`s${i}`, {
    storedBytes: BYTES,
    endedAt: daysAgo(kind === 'old' ? 60 : 9 - i),
    analyzedAt: kind === 'old' || kind === 'young' ? daysAgo(5) : null,
  });
}

/** Does what the case says, and writes down what it was shown. */
class Person implements Consent {
  readonly unattended = false;
  readonly kept = new Set<SessionUid>();
  /** Someone was kept out of a budget pass, which then takes no other for them. */
  hasThinnedBudget = false;
  readonly shown: Proposal[] = [];
  /** For each proposal, those kept out before it. */
  readonly keptBefore: SessionUid[][] = [];
  readonly #times = new Map<SessionUid, number>();
  readonly #case: Case;

  constructor(world: Case) {
    this.#case = world;
  }

  async ask(proposal: Proposal): Promise<Decision> {
    this.keptBefore.push([...this.kept]);
    this.shown.push(proposal);
    const keepOut = new Set<SessionUid>();
    for (const { card: one } of proposal.victims) {
      const time = this.#times.get(one.uid) ?? 0;
      this.#times.set(one.uid, time + 1);
      if (this.#case.keepAt[Number(one.uid.replace('test:s', ''))] !== time) continue;
      keepOut.add(one.uid);
      this.kept.add(one.uid);
      if (proposal.step !== 'backstop') this.hasThinnedBudget = true;
    }
    return { kind: proposal.step === this.#case.skips ? 'skip' : 'run', keepOut };
  }
}

const isEvictable = (one: SessionCard) => one.analyzedAt !== null && one.evictedAt === null;

function fatesIn(report: Report): SessionUid[] {
  return [
    ...report.backstop_evicted,
    ...report.budget_evicted,
    ...report.overflow_data_loss,
    ...report.skipped.map(({ session_uid }) => session_uid),
  ];
}

async function holdLaws(world: Case): Promise<void> {
  const store = new MemoryStore(world.kinds.map(session));
  const unreadable = new Set(world.kinds.flatMap((kind, i) => (kind === 'unreadable' ? [`test:s${i}`] : [])));
  const person = new Person(world);
  const [soft, hard] = world.caps;
  const limits = {
    rawSoftCapBytes: soft * BYTES,
    rawHardCapBytes: hard * BYTES,
    rawMaxAgeDays: 45,
    distilledCapBytes: 100,
  };
  const law = (holds: boolean, name: string, about?: unknown) => {
    if (!holds) throw new Error(`${name}\n${JSON.stringify({ world, about, gone: store.gone })}`);
  };
  const asking: Consent = {
    unattended: false,
    ask: (proposal) => {
      law(
        proposal.step !== 'data_loss' || ![...store.cards.values()].some(isEvictable),
        'no loss is offered while an evictable session remains, kept out or not',
      );
      return person.ask(proposal);
    },
  };
  const flags = { analyze: true, dataLoss: true };
  const report = await sweep(
    memoryDeps(store, unreadable),
    { limits, flags, reclaim: false, planId: null },
    asking,
  );
  law(person.shown.length <= 12, 'it comes to an end', person.shown.length);
  for (const [i, { step, victims, keptOut }] of person.shown.entries()) {
    const kept = new Set(person.keptBefore[i]);
    law(
      !victims.some(({ card: one }) => kept.has(one.uid)),
      'nobody kept out is a victim of a later pass',
      step,
    );
    law(
      keptOut.every(({ card: one }) => kept.has(one.uid)),
      'only who is kept out is shown as such',
      step,
    );
  }
  law(
    !store.gone.some(({ uid }) => person.kept.has(uid)),
    'kept out of one pass is kept out of every later one',
  );
  const fates = fatesIn(report);
  law(new Set(fates).size === fates.length, 'in the report a session stands once', report);
  const went = (how: 'covered' | 'lost') =>
    store.gone.flatMap((gone) => (gone.how === how ? [gone.uid] : [])).join();
  law(
    [...report.backstop_evicted, ...report.budget_evicted].join() === went('covered'),
    'what went stands among what was evicted',
    report,
  );
  law(report.overflow_data_loss.join() === went('lost'), 'what was lost stands as lost', report);
  for (const uid of person.kept)
    law(
      report.skipped.some((one) => one.session_uid === uid && one.reason === 'kept out by the user'),
      'who was kept out stands as kept out',
      report,
    );
  const held = [...store.cards.values()].filter((one) => isEvictable(one) && person.kept.has(one.uid));
  law(
    !report.over_hard_cap || held.length > 0 || world.skips !== null || person.kept.size > 0,
    'over the hard cap only by a no of the person',
    report,
  );
  const others = [...store.cards.values()].filter((one) => isEvictable(one) && !person.kept.has(one.uid));
  law(
    others.length === 0 ||
      report.final_usage_bytes <=
        (person.hasThinnedBudget ? limits.rawHardCapBytes : limits.rawSoftCapBytes) ||
      ['budget', 'budget_again'].some((step) => report.declined.includes(step)),
    'a pass that was not skipped takes what is left to it, kept out of an earlier one or not',
    report,
  );
  const saysSo = report.warnings.some((text) => text.includes('kept out'));
  const isSkipped = world.skips === 'budget_again';
  law(
    !(report.over_hard_cap && held.length > 0) || saysSo || isSkipped,
    'what is over the cap for the sake of the kept ones is said',
    report,
  );
}

function* combinations<T>(of: readonly T[], length: number): Generator<T[]> {
  if (length === 0) yield [];
  else for (const rest of combinations(of, length - 1)) for (const one of of) yield [...rest, one];
}

test('every sweep of up to three sessions, each kept out at any time, each pass skipped, keeps the laws', async () => {
  let worlds = 0;
  for (const count of [1, 2, 3])
    for (const kinds of combinations(KINDS, count))
      for (const keepAt of combinations(TIMES, count))
        for (const caps of CAPS)
          for (const skips of SKIPPED) {
            worlds += 1;
            await holdLaws({ kinds, keepAt, skips, caps });
          }
  console.log(`world: ${worlds} sweeps under a person`);
  expect(worlds).toBe((4 * 3 + 16 * 9 + 64 * 27) * 4 * 5);
}, 60_000);
