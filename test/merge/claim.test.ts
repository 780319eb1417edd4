/** Every pair of digests that can meet: what the archive's may claim. No store, no disk. */
import { expect, test } from 'bun:test';
import { claimOf, type DigestFacts } from '../../src/merge/claim.ts';
import type { Here } from '../../src/merge/decide.ts';

const BOTH = [false, true];
const HERES: readonly Here[] = (['live', 'evicted'] as const).flatMap((state) =>
  BOTH.flatMap((isStrangers) =>
    (state === 'evicted' && isStrangers ? BOTH : [false]).map((isDigestAlone) => ({
      state,
      isStrangers,
      isDigestAlone,
    })),
  ),
);
const THEIRS: readonly DigestFacts['theirs'][] = [
  null,
  ...BOTH.flatMap((isStrangers) =>
    BOTH.flatMap((complete) => BOTH.map((says) => ({ isStrangers, complete, says, version: 3 }))),
  ),
];
const OURS: readonly DigestFacts['ours'][] = [
  null,
  ...BOTH.flatMap((complete) =>
    BOTH.flatMap((isOfAll) => [2, 3, 4].map((version) => ({ complete, isOfAll, version }))),
  ),
];

/** Every one of them with what it may claim; fails where a law is broken, or none was looked at. */
function holds(law: (here: Here, facts: DigestFacts, claim: ReturnType<typeof claimOf>) => boolean): void {
  const broken: string[] = [];
  let looked = 0;
  for (const here of HERES)
    for (const kind of ['live', 'evicted'] as const)
      for (const theirs of THEIRS)
        for (const ours of OURS)
          for (const adds of BOTH)
            for (const hasRemoved of BOTH)
              for (const isBetter of BOTH)
                for (const losesFacts of BOTH) {
                  const facts = { kind, theirs, ours, adds, hasRemoved, isBetter, losesFacts };
                  const claim = claimOf(here, facts);
                  looked += 1;
                  if (!law(here, facts, claim) && broken.length < 3)
                    broken.push(`${JSON.stringify([here, facts])}: ${claim}`);
                }
  expect(broken).toEqual([]);
  expect(looked).toBe(HERES.length * 2 * THEIRS.length * OURS.length * 16);
}

test("a stranger's digest stands for nothing, and is none to a session that has files", () => {
  holds((here, { theirs }, claim) =>
    theirs?.isStrangers === true ? claim === (here.isDigestAlone ? 'nothing' : 'none') : true,
  );
});

test('what says nothing, though it calls itself complete, is never better', () => {
  holds((_here, { theirs }, claim) => !(theirs?.complete && !theirs.says) || claim !== 'better');
});

test("a stranger's digest that is all there is gives way to a complete one of one's own, and to no other", () => {
  holds((here, { theirs, ours }, claim) => {
    if (!here.isDigestAlone || ours !== null || theirs === null || theirs.isStrangers) return true;
    return (claim === 'better') === (theirs.complete && theirs.says);
  });
});

test('a digest that knows less than the one that is here is not better', () => {
  holds((_here, { ours, losesFacts }, claim) => ours === null || !losesFacts || claim !== 'better');
});

test('a digest without the lines that were removed here does not stand for a log that has them', () => {
  holds(
    ({ state }, { kind, hasRemoved }, claim) =>
      !(kind === 'evicted' && state === 'live' && hasRemoved) || claim !== 'better',
  );
});

test('of what is evicted on both sides no older form takes the place of a newer one', () => {
  holds(
    ({ state }, { kind, theirs, ours }, claim) =>
      !(
        kind === 'evicted' &&
        state === 'evicted' &&
        ours?.isOfAll &&
        (theirs?.version ?? 9) < ours.version
      ) || claim !== 'better',
  );
});

test('the first digest of a session is taken, wherever it comes from but a stranger', () => {
  holds((here, { kind, theirs, ours, hasRemoved }, claim) => {
    const isOfLess = kind === 'evicted' && here.state === 'live' && hasRemoved;
    if (ours !== null || theirs === null || theirs.isStrangers || here.isDigestAlone || isOfLess) return true;
    return claim === (theirs.complete && !theirs.says ? 'nothing' : 'better');
  });
});
