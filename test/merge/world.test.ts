/** Every state of a session here against everything that an archive can offer of it: the laws of what becomes of it. No store, no disk. */
import { expect, test } from 'bun:test';
import {
  decide,
  type FileStanding,
  type Here,
  type MergeDecision,
  type OfferedSession,
} from '../../src/merge/decide.ts';

const STANDINGS: readonly (FileStanding | null)[] = ['same', 'less', 'more', 'other', 'added', null];
const BOTH = [false, true];

const KINDS = (['live', 'evicted'] as const).flatMap((kind) =>
  BOTH.map((isStrangers) => [kind, isStrangers] as const),
);

const HERES: readonly Here[] = (['absent', 'forgotten', 'live', 'evicted'] as const).flatMap((state) =>
  (state === 'live' || state === 'evicted' ? BOTH : [false]).flatMap((isStrangers) =>
    (state === 'evicted' && isStrangers ? BOTH : [false]).map((isDigestAlone) => ({
      state,
      isStrangers,
      isDigestAlone,
    })),
  ),
);

/** A transcript and one file beside it, each as it may stand to what is here, or not in the archive (null). */
function* offers(trusted: boolean): Generator<OfferedSession> {
  for (const main of STANDINGS)
    for (const beside of STANDINGS)
      for (const [kind, isStrangers] of KINDS)
        for (const holdsAll of BOTH)
          for (const isEmpty of BOTH)
            for (const content of ['same', 'known', 'other'] as const)
              for (const digest of ['none', 'nothing', 'worse', 'better'] as const)
                yield {
                  kind,
                  trusted,
                  isStrangers,
                  isEmpty,
                  holdsAll,
                  content,
                  digest,
                  mains: ['main'],
                  files: new Map(
                    (
                      [
                        ['main', main],
                        ['beside', beside],
                      ] as const
                    ).flatMap(([key, standing]) => (standing === null ? [] : [[key, standing] as const])),
                  ),
                };
}

/** Each pair with what is decided, and a text that names it where a law is broken. */
function* decided(
  trusted: boolean,
): Generator<{ here: Here; offer: OfferedSession; did: MergeDecision; what: string }> {
  for (const here of HERES)
    for (const offer of offers(trusted)) {
      const what = JSON.stringify({ here, offer: { ...offer, files: [...offer.files] } });
      yield { here, offer, did: decide(here, offer), what };
    }
}

/** Fails with the first pairs that break a law. */
function holds(
  trusted: boolean,
  law: (here: Here, offer: OfferedSession, did: MergeDecision) => boolean,
): void {
  const broken: string[] = [];
  let looked = 0;
  for (const { here, offer, did, what } of decided(trusted)) {
    looked += 1;
    if (!law(here, offer, did) && broken.length < 3) broken.push(`${what}: ${JSON.stringify(did)}`);
  }
  expect(broken).toEqual([]);
  expect(looked).toBe(HERES.length * 36 * KINDS.length * 2 * 2 * 3 * 4);
}

test('nothing that is here becomes another for anything that a stranger sends', () => {
  holds(false, (here, _offer, did) => here.state === 'absent' || did.act === 'leave');
});

test('what a stranger adds is marked as his, and an evicted one without a digest adds nothing', () => {
  holds(false, ({ state }, { kind, digest }, did) => {
    if (state !== 'absent') return true;
    if (kind === 'evicted' && digest === 'none') return did.act === 'leave' && did.why === 'empty';
    return did.act === 'add' && did.as === 'stranger';
  });
});

test('a stranger is told of as a conflict exactly where he has something that is not here', () => {
  holds(false, ({ state }, { kind, files, isEmpty, content }, did) => {
    if (state !== 'live' && state !== 'evicted') return true;
    const isNews =
      kind === 'evicted'
        ? content === 'other'
        : state === 'evicted'
          ? !isEmpty || [...files.values()].some((each) => each !== 'same' && each !== 'less')
          : [...files.values()].some((each) => each !== 'same' && each !== 'less');
    return did.act === 'leave' && did.why === (isNews ? 'conflict' : 'nothing_new');
  });
});

test('what was forgotten here stays so, whoever sends it', () => {
  for (const trusted of BOTH)
    holds(
      trusted,
      ({ state }, _offer, did) => state !== 'forgotten' || (did.act === 'leave' && did.why === 'forgotten'),
    );
});

test('an id that is called forgotten has an effect only where a person vouches for it and nothing is here', () => {
  for (const here of HERES)
    for (const trusted of BOTH) {
      const did = decide(here, { kind: 'forgotten', trusted });
      expect(did.act === 'forget', JSON.stringify([here, trusted])).toBe(trusted && here.state === 'absent');
    }
});

test('a present version gives way only to one that begins with all of it, unless nobody stands for it', () => {
  holds(true, (here, { files, isStrangers }, did) =>
    did.act !== 'merge'
      ? true
      : [...did.replaced].every((key) => {
          const standing = files.get(key);
          return standing === 'more' || (standing === 'other' && here.isStrangers && !isStrangers);
        }),
  );
});

test("what a stranger sent to another store of one's own changes nothing that is one's own here, and is vouched for by nobody", () => {
  holds(true, (here, { isStrangers }, did) => {
    if (!isStrangers || here.state === 'absent') return true;
    if (!here.isStrangers) return did.act === 'leave';
    return did.act === 'merge' && !did.vouches && did.facts !== 'all';
  });
});

test("one's own bytes always come in", () => {
  holds(true, ({ state }, { kind, isEmpty, isStrangers }, did) => {
    if (kind === 'evicted' || state === 'forgotten' || isStrangers) return true;
    if (state === 'absent') return did.act === 'add' && did.as === 'own';
    if (did.act !== 'merge') return false;
    return did.bytes === (state === 'live' ? 'grow' : isEmpty ? 'none' : 'return');
  });
});

test('a digest stands for bytes only where it is of all of them, says something and is no poorer', () => {
  holds(true, (here, { kind, holdsAll, content, digest }, did) => {
    if (did.act !== 'merge' || did.digest !== 'adopt') return true;
    return digest === 'better' && (kind === 'evicted' ? content === 'same' || here.isDigestAlone : holdsAll);
  });
});

test('a digest of something else that was evicted is kept beside, and told', () => {
  holds(true, ({ state, isStrangers }, { kind, content, digest }, did) => {
    if (did.act !== 'merge' || kind !== 'evicted' || state === 'absent') return true;
    const isBeside = content === 'other' && digest !== 'none' && did.digest !== 'adopt';
    return (did.digest === 'beside') === isBeside && did.conflict === (isBeside && !isStrangers);
  });
});

test('facts that are here are replaced by those of the same transcript, or of one that goes on from it', () => {
  holds(true, ({ state, isStrangers }, { kind, files, content }, did) => {
    if (did.act !== 'merge' || did.facts === 'missing') return true;
    if (did.facts === 'all') return isStrangers;
    if (kind === 'evicted') return content === 'same';
    return state === 'evicted' || files.get('main') === 'same' || files.get('main') === 'more';
  });
});

test("a stranger's session becomes one's own only where an archive of one's own has all of it, or takes its place", () => {
  holds(true, (here, { kind, holdsAll, content }, did) => {
    if (did.act !== 'merge' || !did.vouches) return true;
    const isSame = kind === 'live' ? holdsAll : content === 'same' || did.digest === 'adopt';
    return here.isStrangers && isSame && did.digest !== 'beside';
  });
});

test('of what is vouched for no digest of a stranger is the present one', () => {
  holds(true, ({ isDigestAlone }, { kind }, did) => {
    if (did.act !== 'merge' || !did.vouches || !isDigestAlone) return true;
    // Bytes that come back raise the generation, for which no digest stands yet.
    return kind === 'live' ? did.bytes === 'return' : did.digest === 'adopt';
  });
});

/** How the same offer stands to what has come of it. */
function afterwards(here: Here, offer: OfferedSession, did: MergeDecision): readonly [Here, OfferedSession] {
  const came = did.act === 'merge' && did.bytes !== 'none';
  const again = (standing: FileStanding): FileStanding =>
    standing === 'more' || standing === 'added' || (did.act === 'merge' && did.replaced.size > 0)
      ? 'same'
      : standing;
  const files = new Map(
    [...offer.files].map(([key, standing]) => [
      key,
      standing === 'other' ? ('less' as const) : again(standing),
    ]),
  );
  const isOwn = did.act === 'merge' && did.vouches;
  const digest =
    offer.digest === 'better' && did.act === 'merge' && did.digest === 'adopt' ? 'worse' : offer.digest;
  const isTakenOver = did.act === 'merge' && did.digest === 'adopt' && offer.kind === 'evicted';
  const isBeside = did.act === 'merge' && did.digest === 'beside';
  const content = isTakenOver ? 'same' : isBeside ? 'known' : offer.content;
  return [
    {
      state: came ? 'live' : here.state,
      isStrangers: here.isStrangers && !isOwn,
      isDigestAlone: here.isDigestAlone && !isOwn && !came,
    },
    { ...offer, files, digest, content },
  ];
}

test('the same again is nothing new', () => {
  holds(true, (here, offer, did) => {
    // What was added is live or evicted here now; the store's own tests bring it again.
    if (did.act !== 'merge' || here.state === 'absent') return true;
    const [now, again] = afterwards(here, offer, did);
    const next = decide(now, again);
    if (next.act === 'leave') return did.vouches === false && offer.isStrangers;
    if (next.act !== 'merge') return false;
    const isQuiet = next.replaced.size === 0 && !next.conflict && !next.vouches && next.bytes !== 'return';
    // A digest that was not taken at first may be wanted for what has come by then, once.
    return isQuiet && (next.digest === 'leave' || did.digest === 'leave');
  });
});
