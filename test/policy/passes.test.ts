/** The rules of the passes as tables worked by hand. */
import { describe, expect, test } from 'bun:test';
import { checkLimits, type Limits } from '../../src/domain/limits.ts';
import type { SessionCard } from '../../src/domain/session.ts';
import type { Iso } from '../../src/domain/time.ts';
import { censusOf, compareEviction } from '../../src/policy/census.ts';
import { backstopVictims, budgetVictims, lastResortVictims } from '../../src/policy/passes.ts';
import { planFingerprint, planSweep } from '../../src/policy/plan.ts';
import { card, daysAgo, NOW } from '../support/memory-store.ts';

const limits = (soft: number, hard: number, days: number | 'off' = 45): Limits => ({
  rawSoftCapBytes: soft,
  rawHardCapBytes: hard,
  rawMaxAgeDays: days,
  distilledCapBytes: 1000,
});
const names = (victims: readonly { card: SessionCard }[]) =>
  victims.map((victim) => victim.card.uid.replace('test:', ''));
const analyzed = (name: string, about: Partial<SessionCard> = {}) =>
  card(name, { analyzedAt: daysAgo(1), endedAt: daysAgo(1), ...about });
const census = (...cards: SessionCard[]) => censusOf(cards, 0, NOW);

describe('backstop evicts what is strictly older than the limit', () => {
  test.each([
    ['45 days to the millisecond stays', analyzed('a', { endedAt: daysAgo(45) }), []],
    ['a millisecond more goes', analyzed('a', { endedAt: daysAgo(45 + 1 / 86_400_000) }), ['a']],
    ['an un-analyzed one stays, however old', card('a', { endedAt: daysAgo(400) }), []],
    ['a pinned one stays', analyzed('a', { endedAt: daysAgo(400), pinned: true }), []],
    ['an evicted one is no victim', analyzed('a', { endedAt: daysAgo(400), evictedAt: daysAgo(2) }), []],
    ['without an end its start counts', analyzed('a', { endedAt: null, startedAt: daysAgo(60) }), ['a']],
    [
      'without both its ingest counts',
      analyzed('a', { endedAt: null, startedAt: null, ingestedAt: daysAgo(60) }),
      ['a'],
    ],
    [
      'without any time it has no age',
      analyzed('a', { endedAt: null, startedAt: null, ingestedAt: null }),
      [],
    ],
    [
      'an end before 2000 is no end',
      analyzed('a', { endedAt: '1999-12-31T23:59:59.999Z' as Iso, startedAt: daysAgo(3) }),
      [],
    ],
    [
      'an end more than a day ahead is no end',
      analyzed('a', { endedAt: daysAgo(-2), startedAt: daysAgo(60) }),
      ['a'],
    ],
    ['an end within a day ahead counts', analyzed('a', { endedAt: daysAgo(-1), startedAt: daysAgo(60) }), []],
    [
      'a size of nothing goes by age all the same',
      analyzed('a', { endedAt: daysAgo(60), storedBytes: 0 }),
      ['a'],
    ],
  ] as const)('%s', (_rule, one, goes) => {
    expect(names(backstopVictims(census(one), limits(1e9, 1e9), NOW))).toEqual([...goes]);
  });

  test('off switches it off', () => {
    expect(
      backstopVictims(census(analyzed('a', { endedAt: daysAgo(999) })), limits(1e9, 1e9, 'off'), NOW),
    ).toEqual([]);
  });

  test('a limit of 0 days takes all that has ended', () => {
    expect(
      names(backstopVictims(census(analyzed('a', { endedAt: daysAgo(0.001) })), limits(1e9, 1e9, 0), NOW)),
    ).toEqual(['a']);
  });
});

describe('the order of eviction', () => {
  test('analyzed_at, else ended_at, else ingested_at, else first of all; ties by ended_at, then session_uid', () => {
    const cards = [
      card('f', { analyzedAt: daysAgo(1), endedAt: daysAgo(9) }),
      card('e', { analyzedAt: daysAgo(2), endedAt: daysAgo(3) }),
      card('d', { analyzedAt: daysAgo(2), endedAt: daysAgo(3) }),
      card('c', { analyzedAt: daysAgo(2), endedAt: daysAgo(4) }),
      card('b', { endedAt: daysAgo(5), ingestedAt: daysAgo(1) }),
      card('a', { ingestedAt: null }),
      card('g', { ingestedAt: daysAgo(0.5) }),
    ];
    const sorted = [...cards]
      .sort((x, y) => compareEviction(x, y, NOW))
      .map((one) => one.uid.replace('test:', ''));
    expect(sorted).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  });
});

describe('budget', () => {
  const three = [
    analyzed('a', { analyzedAt: daysAgo(3) }),
    analyzed('b', { analyzedAt: daysAgo(2) }),
    analyzed('c', { analyzedAt: daysAgo(1) }),
  ];
  test.each([
    ['usage at the soft cap: nothing', 30, 30, []],
    ['one byte above: the oldest analyzed', 29, 29, ['a']],
    ['stops as soon as the cap is met', 20, 20, ['a']],
    ['two where one is not enough', 19, 19, ['a', 'b']],
    ['a cap of 0 takes all', 0, 0, ['a', 'b', 'c']],
  ] as const)('%s', (_rule, soft, hard, goes) => {
    expect(names(budgetVictims(census(...three), 30, limits(soft, hard), NOW))).toEqual([...goes]);
  });

  test('never touches an un-analyzed one, even where nothing else is left', () => {
    const cards = [card('a', { storedBytes: 100 }), analyzed('b')];
    expect(names(budgetVictims(census(...cards), 110, limits(1, 1), NOW))).toEqual(['b']);
  });

  test('passes over what frees nothing', () => {
    const cards = [analyzed('a', { storedBytes: 0, analyzedAt: daysAgo(9) }), analyzed('b')];
    expect(names(budgetVictims(census(...cards), 10, limits(5, 5), NOW))).toEqual(['b']);
  });
});

describe('the last resort', () => {
  const waiting = [
    card('a', { endedAt: daysAgo(3) }),
    card('b', { endedAt: daysAgo(2) }),
    card('c', { endedAt: daysAgo(1) }),
  ];
  test.each([
    ['usage at the hard cap: nothing', 30, []],
    ['goes down to the hard cap and no further', 20, ['a']],
    ['two where one is not enough', 15, ['a', 'b']],
    ['a hard cap of 0 takes all', 0, ['a', 'b', 'c']],
  ] as const)('%s', (_rule, hard, goes) => {
    expect(names(lastResortVictims(waiting, 30, limits(0, hard)).victims)).toEqual([...goes]);
  });

  test('takes none where all of them would not be enough', () => {
    expect(lastResortVictims(waiting, 100, limits(0, 60))).toEqual({ victims: [], insufficient: true });
  });

  test('never takes a pinned one', () => {
    const cards = [card('a', { pinned: true }), card('b', { storedBytes: 20 })];
    expect(names(lastResortVictims(cards, 30, limits(0, 10)).victims)).toEqual(['b']);
  });
});

describe('the plan', () => {
  const flags = { analyze: true, dataLoss: true };
  test('overflow is reached only above the hard cap, after both passes', () => {
    const cards = [
      analyzed('old', { endedAt: daysAgo(60), storedBytes: 40 }),
      analyzed('new', { storedBytes: 60 }),
      card('wait', { storedBytes: 100 }),
    ];
    const plan = planSweep(census(...cards), limits(100, 150), flags, NOW);
    expect(plan.passes.map(({ pass, victims }) => [pass, names(victims)])).toEqual([
      ['backstop', ['old']],
      ['budget', ['new']],
      ['overflow', []],
    ]);
    expect(plan.toAnalyze).toEqual([]);
  });

  test('above the hard cap all un-analyzed are analyzed, pinned ones too, and the worst case is named', () => {
    const cards = [
      card('a', { endedAt: daysAgo(3) }),
      card('p', { endedAt: daysAgo(2), pinned: true }),
      card('b', { endedAt: daysAgo(1) }),
    ];
    const plan = planSweep(census(...cards), limits(15, 20), flags, NOW);
    expect(plan.toAnalyze.map((one) => one.uid)).toEqual(['test:a', 'test:p', 'test:b'] as never);
    expect(names(plan.passes[2]?.victims ?? [])).toEqual(['a', 'b']);
    expect(names(plan.worstCaseDataLoss)).toEqual(['a']);
  });

  test('--no-analyze leaves out the analysis and the second budget, --no-data-loss the worst case', () => {
    const cards = [card('a'), card('b')];
    const plan = planSweep(census(...cards), limits(5, 5), { analyze: false, dataLoss: false }, NOW);
    expect([plan.toAnalyze, plan.passes[2]?.victims, plan.worstCaseDataLoss]).toEqual([[], [], []]);
  });

  test('one session above the cap goes, and the cap is met by nothing left', () => {
    const plan = planSweep(census(analyzed('a', { storedBytes: 1000 })), limits(10, 20), flags, NOW);
    expect([names(plan.passes[1]?.victims ?? []), plan.usageAfterBytes]).toEqual([['a'], 0]);
  });

  test('its fingerprint knows limits, flags and what is stored, and not the time', () => {
    const cards = [analyzed('a'), card('b')];
    const print = (l: Limits, f: typeof flags, now: Iso, ...list: SessionCard[]) =>
      planFingerprint(planSweep(censusOf(list, 0, now), l, f, now));
    const base = print(limits(5, 5), flags, NOW, ...cards);
    expect(print(limits(5, 5), flags, daysAgo(-0.5), ...cards)).toBe(base);
    expect(print(limits(5, 6), flags, NOW, ...cards)).not.toBe(base);
    expect(print(limits(5, 5), { ...flags, dataLoss: false }, NOW, ...cards)).not.toBe(base);
    expect(print(limits(5, 5), flags, NOW, analyzed('a', { generation: 2 }), card('b'))).not.toBe(base);
  });
});

describe('limits are checked before anything is read', () => {
  test.each([
    [limits(2, 1), /soft_cap.*above.*hard_cap/],
    [limits(-1, 1), /raw_soft_cap_bytes/],
    [limits(1, Number.NaN), /raw_hard_cap_bytes/],
    [limits(1, 1, -3), /raw_max_age_days/],
  ])('%p', (wrong, says) => {
    expect(checkLimits(wrong)).toMatchObject({ code: 'usage', message: expect.stringMatching(says) });
  });

  test('0 is a cap like any other', () => {
    expect(checkLimits(limits(0, 0, 0))).toBeNull();
  });
});
