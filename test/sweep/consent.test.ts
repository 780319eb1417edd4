/** One function for script and terminal: what is asked, in which order, and what a no leaves. */
import { describe, expect, test } from 'bun:test';
import { FailureError } from '../../src/domain/errors.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Consent, Decision, StepName } from '../../src/sweep/ports.ts';
import { YES_TO_ALL } from '../../src/sweep/ports.ts';
import { exitCodeOf, type Report } from '../../src/sweep/report.ts';
import { dryRun, plan, sweep } from '../../src/sweep/sweep.ts';
import { card, daysAgo, MemoryStore, memoryDeps } from '../support/memory-store.ts';

const limits = { rawSoftCapBytes: 10, rawHardCapBytes: 20, rawMaxAgeDays: 45, distilledCapBytes: 100 };
const options = { limits, flags: { analyze: true, dataLoss: true }, reclaim: true, planId: null };

/** old goes by age, new by budget, waits can be analyzed, noise cannot. 20 bytes each. */
const cards = () => [
  card('old', { analyzedAt: daysAgo(9), endedAt: daysAgo(60), storedBytes: 20 }),
  card('new', { analyzedAt: daysAgo(8), endedAt: daysAgo(8), storedBytes: 20 }),
  card('waits', { endedAt: daysAgo(7), storedBytes: 20 }),
  card('noise', { endedAt: daysAgo(6), storedBytes: 30 }),
];
const unreadable = new Set(['test:noise']);

/** Answers by step, and writes down what was asked. */
function person(
  answers: Partial<Record<StepName, Decision>>,
  asked: [StepName, string[]][] = [],
): Consent & { asked: typeof asked } {
  return {
    unattended: false,
    asked,
    ask: async ({ step, victims }) => {
      asked.push([step, victims.map((victim) => victim.card.uid.replace('test:', ''))]);
      return answers[step] ?? { kind: 'run' };
    },
  };
}

describe('steps come in order, each as the store stands then', () => {
  test('yes to all', async () => {
    const store = new MemoryStore(cards());
    const someone = person({});
    const report = await sweep(memoryDeps(store, unreadable), options, someone);
    expect(someone.asked).toEqual([
      ['backstop', ['old']],
      ['budget', ['new']],
      ['analyze', []],
      ['budget_again', ['waits']],
      ['data_loss', ['noise']],
    ]);
    expect(report).toMatchObject({
      backstop_evicted: ['test:old'],
      budget_evicted: ['test:new', 'test:waits'],
      overflow_analyzed: ['test:waits'],
      overflow_data_loss: ['test:noise'],
      warnings: [
        'analyze failed for test:noise: unreadable',
        'data_loss: evicted un-analyzed test:noise to stay under hard cap',
      ],
      bytes_freed: 90,
      final_usage_bytes: 0,
      lost_data: true,
      declined: [],
      skipped: [],
    });
    expect(exitCodeOf(report)).toBe(3);
  });

  test('a script leaves the same as a person who says yes', async () => {
    const [one, two] = [new MemoryStore(cards()), new MemoryStore(cards())];
    await sweep(memoryDeps(one, unreadable), options, YES_TO_ALL);
    await sweep(memoryDeps(two, unreadable), options, person({}));
    expect([...one.cards.values()]).toEqual([...two.cards.values()]);
    expect(one.report).toEqual(two.report);
  });
});

describe('a no', () => {
  test('to the loss loses nothing, is on record, and leaves usage over the cap', async () => {
    const store = new MemoryStore(cards());
    const report = await sweep(
      memoryDeps(store, unreadable),
      options,
      person({ data_loss: { kind: 'skip' } }),
    );
    expect(report).toMatchObject({
      overflow_data_loss: [],
      lost_data: false,
      over_hard_cap: true,
      declined: ['data_loss'],
      skipped: [{ session_uid: 'test:noise', reason: 'data_loss was skipped' }],
    });
    expect(exitCodeOf(report)).toBe(4);
  });

  test('to a pass is asked again before any loss, and where it stays no nothing is lost', async () => {
    const store = new MemoryStore(cards());
    const someone = person({ budget: { kind: 'skip' }, budget_again: { kind: 'skip' } });
    const report = await sweep(memoryDeps(store, unreadable), options, someone);
    expect(someone.asked.map(([step]) => step)).toEqual([
      'backstop',
      'budget',
      'analyze',
      'budget_again',
      'budget_again',
    ]);
    expect(report.overflow_data_loss).toEqual([]);
    expect(report.declined).toContain('budget');
  });

  test('to one session keeps that one out of the pass', async () => {
    const store = new MemoryStore(cards());
    const keepOut = new Set(['test:old' as SessionUid]);
    const report = await sweep(
      memoryDeps(store, unreadable),
      options,
      person({ backstop: { kind: 'run', keepOut }, budget: { kind: 'stop' } }),
    );
    expect(report.backstop_evicted).toEqual([]);
    expect(report.skipped).toMatchObject([
      { session_uid: 'test:old', reason: 'kept out by the user' },
    ] as object[]);
  });

  const uids = (...names: string[]) => new Set(names.map((name) => `test:${name}` as SessionUid));

  test('to one session, taken back in a later pass, lets it go there', async () => {
    const store = new MemoryStore(cards());
    const answers = {
      backstop: { kind: 'run', keepOut: uids('old') },
      budget: { kind: 'run', letGo: uids('old') },
    } as const;
    const report = await sweep(memoryDeps(store, unreadable), options, person(answers));
    expect(report).toMatchObject({ backstop_evicted: [], skipped: [] });
    expect(report.budget_evicted, 'in the order of eviction').toEqual([...uids('old', 'new', 'waits')]);
  });

  test('to the sessions that could go without a loss loses nothing in their place, and is said once', async () => {
    const store = new MemoryStore(cards());
    const someone = person({
      backstop: { kind: 'run', keepOut: uids('old') },
      budget: { kind: 'run', keepOut: uids('new') },
    });
    const report = await sweep(memoryDeps(store, unreadable), options, someone);
    expect(someone.asked.map(([step]) => step)).toEqual([
      ...(['backstop', 'budget', 'analyze', 'budget_again', 'budget_again'] as const),
    ]);
    expect(report).toMatchObject({ overflow_data_loss: [], over_hard_cap: true });
    expect(report.warnings.filter((text) => text.includes('you kept out 2 session(s)'))).toHaveLength(1);
    expect(exitCodeOf(report)).toBe(4);
  });

  test('to one that would be lost shows the shorter list anew, or loses none where that is not enough', async () => {
    const noise = (name: string) => card(name, { endedAt: daysAgo(6), storedBytes: 30 });
    const two = [noise('one'), noise('two')];
    const run = async (keepOut: ReadonlySet<SessionUid>, rawHardCapBytes: number) => {
      const store = new MemoryStore(two);
      const someone = person({ data_loss: { kind: 'run', keepOut } });
      const all = { ...options, limits: { ...limits, rawHardCapBytes } };
      const report = await sweep(memoryDeps(store, uids('one', 'two')), all, someone);
      return { report, shown: someone.asked.filter(([step]) => step === 'data_loss').map(([, who]) => who) };
    };
    const enough = await run(uids('one'), 30);
    expect(enough.shown).toEqual([['one'], ['two']]);
    expect(enough.report).toMatchObject({ overflow_data_loss: ['test:two'] } as object);
    const short = await run(uids('one'), 20);
    expect(short.shown).toEqual([['one', 'two']]);
    expect(short.report.overflow_data_loss).toEqual([]);
    expect(short.report.warnings.at(-1)).toContain('without the 1 session(s) that you kept out');
  });

  test('to a pass is no word about its sessions: the next pass may take them', async () => {
    const store = new MemoryStore(cards());
    const report = await sweep(
      memoryDeps(store, unreadable),
      options,
      person({ backstop: { kind: 'skip' } }),
    );
    expect(report.budget_evicted).toContain('test:old' as SessionUid);
    expect(report.skipped, 'the last fate of each counts').toEqual([]);
  });

  test('stop leaves what was done and does no more', async () => {
    const store = new MemoryStore(cards());
    const report = await sweep(memoryDeps(store, unreadable), options, person({ budget: { kind: 'stop' } }));
    expect(report).toMatchObject({
      backstop_evicted: ['test:old'],
      budget_evicted: [],
      overflow_analyzed: [],
    });
    expect(store.gone).toHaveLength(1);
  });
});

describe('the lock', () => {
  const code = async (work: Promise<unknown>) =>
    work.then(
      () => 'done',
      (thrown) => (thrown instanceof FailureError ? thrown.failure.code : 'bug'),
    );

  test('held by another sweep: nothing is changed', async () => {
    const store = new MemoryStore(cards());
    store.locked = true;
    expect(await code(sweep(memoryDeps(store, unreadable), options, YES_TO_ALL))).toBe('sweep_running');
    expect(store.gone).toEqual([]);
  });

  test('is free while a person thinks, and held while a step is applied', async () => {
    const store = new MemoryStore(cards());
    const whileAsked: boolean[] = [];
    const whileApplied: boolean[] = [];
    const consent: Consent = {
      unattended: false,
      ask: async () => {
        whileAsked.push(store.locked);
        return { kind: 'run' };
      },
    };
    const deps = memoryDeps(store, unreadable, {
      progress: (event) => {
        if (event.kind === 'evicted') whileApplied.push(store.locked);
      },
    });
    await sweep(deps, options, consent);
    expect([new Set(whileAsked), new Set(whileApplied)]).toEqual([new Set([false]), new Set([true])]);
    expect(store.locked).toBe(false);
  });

  test('a stale plan is refused before anything is changed, and an exact one takes just its victims', async () => {
    const store = new MemoryStore(cards());
    const { planId } = plan(memoryDeps(store), options);
    store.cards.set(
      'test:new' as SessionUid,
      card('new', { analyzedAt: daysAgo(8), endedAt: daysAgo(8), storedBytes: 20, generation: 2 }),
    );
    expect(await code(sweep(memoryDeps(store, unreadable), { ...options, planId }, YES_TO_ALL))).toBe(
      'stale_plan',
    );
    expect(store.gone).toEqual([]);
    const again = plan(memoryDeps(store), options).planId;
    const report = await sweep(memoryDeps(store, unreadable), { ...options, planId: again }, YES_TO_ALL);
    expect([...report.backstop_evicted, ...report.budget_evicted, ...report.overflow_data_loss]).toEqual([
      'test:old',
      'test:new',
      'test:waits',
      'test:noise',
    ] as SessionUid[]);
  });
});

test('a dry run has the plan and changes nothing', () => {
  const store = new MemoryStore(cards());
  const report: Report = dryRun(memoryDeps(store), options);
  expect(report).toMatchObject({
    dry_run: true,
    bytes_freed: 0,
    backstop_evicted: [],
    final_usage_bytes: 90,
    plan: { to_analyze: ['test:waits', 'test:noise'], worst_case_data_loss: ['test:waits', 'test:noise'] },
  });
  expect([store.gone, exitCodeOf(report)]).toEqual([[], 0]);
});
