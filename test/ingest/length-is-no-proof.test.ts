/**
 * All of a small world: a session, and a file of its id beside it that holds nothing or a beginning. What is as long as the session is not
 * the session, and what says nothing is nobody's: whatever the session becomes, what the file says next is a conversation of its own.
 */
import { expect, test } from 'bun:test';
import { rmSync, utimesSync } from 'node:fs';
import type { SessionUid } from '../../src/domain/ids.ts';
import { listSessions } from '../../src/store/read.ts';
import { verify } from '../../src/store/verify/verify.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const ID = '41111111-1111-4111-8111-111111111111';
const OWN = claudePath(ID, '-srv-kiln');
const BESIDE = claudePath(ID, '-srv-orchard');

const line = (text: string, minute: number) => promptLine(ID, text, `2026-05-01T10:0${minute}:00.000Z`);
const [ONE, TWO, SIX, TEN] = [line('one', 1), line('two', 2), line('six', 3), line('ten', 4)];

const ORDERS = ['it is met first', 'both are met at once'] as const;
/** What the file beside the session holds. */
const BESIDES = { nothing: '', 'a blank line': '\n', 'the beginning': ONE };
/** What the session becomes. `other words`: as long as the beginning. */
const BECOMES = { empty: '', blank: '\n', 'other words': TEN };
const FATES = ['it stays', 'it is evicted then', 'it was evicted before'] as const;

interface Lived {
  readonly world: World;
  readonly uid: SessionUid;
}

/** The session has become what it does, has met its fate, and both files were seen. */
async function lived(
  order: (typeof ORDERS)[number],
  beside: string,
  becomes: string,
  fate: (typeof FATES)[number],
): Promise<Lived> {
  const world = new World();
  world.put(BESIDE, beside);
  if (order === 'it is met first') await world.ingest();
  world.put(OWN, ONE + TWO);
  await world.ingest();
  const uid = holdersOf(world, TWO)[0] as SessionUid;
  if (fate === 'it was evicted before') await world.sweepAway(uid);
  world.put(OWN, becomes);
  await world.ingest();
  if (fate === 'it is evicted then') await world.sweepAway(uid);
  return { world, uid };
}

function holdersOf(world: World, text: string): SessionUid[] {
  return [...listSessions(world.db)]
    .filter(({ evictedAt, uid }) => evictedAt === null && world.stored(uid).includes(text))
    .map(({ uid }) => uid);
}

function mustVerify({ db }: World): void {
  const { findings } = verify(
    db,
    () => undefined,
    () => false,
  );
  expect(findings).toEqual([]);
}

const WORLDS = ORDERS.flatMap((order) =>
  FATES.flatMap((fate) => Object.keys(BESIDES).map((beside) => [order, fate, beside] as const)),
);

test.each(WORLDS)(
  'what another file says is not the session`s: %s, %s, it holds %s',
  async (order, fate, beside) => {
    for (const [name, becomes] of Object.entries(BECOMES))
      for (const isTouched of [false, true]) {
        const { world, uid } = await lived(order, BESIDES[beside as keyof typeof BESIDES], becomes, fate);
        using _ = world;
        rmSync(`${world.home}/${OWN}`);
        if (isTouched) {
          utimesSync(`${world.home}/${BESIDE}`, 1_780_000_000, 1_780_000_000);
          await world.ingest();
        }
        world.put(BESIDE, SIX);
        await world.ingest();
        const holders = holdersOf(world, SIX);
        expect(holders, `${name}, touched: ${isTouched}`).toHaveLength(1);
        expect(holders, `${name}, touched: ${isTouched}`).not.toContain(uid);
        mustVerify(world);
      }
  },
);

test.each(WORLDS)(
  'what its own file says next is: %s, %s, the other one holds %s',
  async (order, fate, beside) => {
    for (const [name, becomes] of Object.entries(BECOMES)) {
      const { world, uid } = await lived(order, BESIDES[beside as keyof typeof BESIDES], becomes, fate);
      using _ = world;
      world.put(OWN, SIX);
      await world.ingest();
      expect(holdersOf(world, SIX), name).toEqual([uid]);
      mustVerify(world);
    }
  },
);

test.each([
  ['a copy of what it was in an earlier life is not its file', 'a copy', false],
  ['its own file is its own, also where it went back to an earlier life', 'its own file', true],
])('of a session that was evicted twice: %s', async (_, who, isSession) => {
  using world = new World();
  world.put(OWN, ONE + TWO);
  await world.ingest();
  const [uid] = holdersOf(world, TWO) as [SessionUid];
  await world.sweepAway(uid);
  world.put(OWN, TEN + TWO);
  await world.ingest();
  await world.sweepAway(uid);
  const [path, other] = who === 'a copy' ? [BESIDE, OWN] : [OWN, BESIDE];
  rmSync(`${world.home}/${other}`, { force: true });
  world.put(path, ONE + TWO);
  await world.ingest();
  expect(holdersOf(world, ONE)).toEqual([]);
  world.put(path, SIX);
  await world.ingest();
  expect(holdersOf(world, SIX)).toHaveLength(1);
  expect(holdersOf(world, SIX).includes(uid)).toBe(isSession);
  mustVerify(world);
});

test('beside a transcript, a copy that is as long as the file does not keep that from being written anew', async () => {
  using world = new World();
  const sub = (transcript: string) => transcript.replace(/\.jsonl$/, '/subagents/agent-aaaaaaaa.jsonl');
  for (const path of [OWN, BESIDE]) world.put(path, line('ask', 0));
  world.put(sub(BESIDE), ONE);
  for (const text of [ONE, ONE + TWO, TEN, SIX + TWO]) {
    world.put(sub(OWN), text);
    await world.ingest();
  }
  const [only, ...more] = [...listSessions(world.db)].map(({ uid }) => uid);
  expect(more).toEqual([]);
  expect(world.stored(only as SessionUid, 'subagents/agent-aaaaaaaa.jsonl').toString()).toBe(SIX + TWO);
  mustVerify(world);
});
