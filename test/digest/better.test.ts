// A digest made anew: where the raw bytes are still there, of what an older version made, and never a worse one.

import { describe, expect, test } from 'bun:test';
import { lossOfFacts } from '../../src/digest/better.ts';
import { withSummary } from '../../src/digest/external.ts';
import { DIGEST_VERSION, type Digest } from '../../src/domain/digest.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import { analyzeSession, sessionsToRenew } from '../../src/ingest/analyze.ts';
import { digestsOf, findSession } from '../../src/store/read.ts';
import { saveDigest } from '../../src/store/write-digests.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { emptyDigest } from './samples.ts';

const ID = (n: number) => `6000000${n}-0000-4000-8000-000000000000`;
const UID = (n: number) => `claude-code:${ID(n)}` as SessionUid;

/** Lays a digest over the present one, as an older version would have made it. */
function older(
  world: World,
  uid: SessionUid,
  change: (digest: Digest) => Digest,
  version = DIGEST_VERSION - 1,
): void {
  const session = findSession(world.db, uid);
  const [stored] = digestsOf(world.db, uid);
  if (session === null || stored === undefined) throw new Error(`no digest of ${uid}`);
  saveDigest(world.db, {
    uid,
    generation: session.generation,
    version,
    complete: true,
    now: world.now,
    fileHashes: new Map(),
    title: null,
    project: null,
    branch: null,
    startedAt: null,
    endedAt: null,
    json: JSON.stringify({ ...change(JSON.parse(stored.json)), version }),
  });
}

function digestOf(world: World, uid: SessionUid): Digest {
  return JSON.parse(digestsOf(world.db, uid)[0]?.json ?? '');
}

const analyze = (world: World, uid: SessionUid) =>
  analyzeSession(
    { db: world.db, clock: world.clock, external: null, host: world.host },
    uid,
    new AbortController().signal,
  );

async function filled(sessions: number): Promise<World> {
  const world = new World();
  for (let n = 1; n <= sessions; n++) world.put(claudePath(ID(n)), promptLine(ID(n), `prompt ${n}`));
  await world.ingest();
  return world;
}

describe('analyze --all', () => {
  test('takes live sessions whose digest an older version made, and no evicted one', async () => {
    using world = await filled(3);
    expect(sessionsToRenew(world.db, world.now)).toEqual([]);
    older(world, UID(1), (digest) => digest);
    older(world, UID(2), (digest) => digest);
    world.evict(UID(2));
    expect(sessionsToRenew(world.db, world.now)).toEqual([UID(1)]);
  });

  test('makes it as this version does, and the session is no newer for it', async () => {
    using world = await filled(1);
    const before = findSession(world.db, UID(1))?.analyzedAt;
    older(world, UID(1), (digest) => ({ ...digest, prompts: [] }));
    world.now = '2026-06-02T00:00:00.000Z' as typeof world.now;
    expect(await analyze(world, UID(1))).toEqual({ ok: true });
    const digest = digestOf(world, UID(1));
    expect([digest.version, digest.prompts.map(({ text }) => text)]).toEqual([DIGEST_VERSION, ['prompt 1']]);
    expect(findSession(world.db, UID(1))?.analyzedAt ?? '').toBe(before ?? 'analyzed');
    expect(sessionsToRenew(world.db, world.now)).toEqual([]);
  });

  test('keeps the older one where the new one would hold less', async () => {
    using world = await filled(1);
    const prompt = { at: null, text: 'one that this version does not see' };
    older(world, UID(1), (digest) => ({ ...digest, prompts: [...digest.prompts, prompt] }));
    expect(await analyze(world, UID(1))).toEqual({ ok: true, kept: 'fewer prompts, 1 where there were 2' });
    expect(digestOf(world, UID(1)).prompts).toContainEqual(prompt);
  });

  test('keeps a summary that was dearly made, though no analyzer is set any more', async () => {
    using world = await filled(1);
    const [stored] = digestsOf(world.db, UID(1));
    const { digest } = await withSummary(JSON.parse(stored?.json ?? ''), 'It fixed the till.');
    older(world, UID(1), () => digest);
    expect(await analyze(world, UID(1))).toEqual({ ok: true });
    expect([digestOf(world, UID(1)).version, digestOf(world, UID(1)).summary]).toEqual([
      DIGEST_VERSION,
      'It fixed the till.',
    ]);
  });

  test('replaces what is damaged', async () => {
    using world = await filled(1);
    const session = findSession(world.db, UID(1));
    saveDigest(world.db, {
      uid: UID(1),
      generation: session?.generation ?? 0,
      version: 1,
      complete: true,
      now: world.now,
      fileHashes: new Map(),
      title: null,
      project: null,
      branch: null,
      startedAt: null,
      endedAt: null,
      json: '{"prompts": [',
    });
    expect(await analyze(world, UID(1))).toEqual({ ok: true });
    expect(digestOf(world, UID(1)).prompts.length).toBe(1);
  });
});

test('less is what counts: what was left out to keep the size is still counted', () => {
  const many = {
    ...emptyDigest,
    commands: [
      { command: 'a', exit: 0 },
      { command: 'b', exit: 0 },
    ],
  };
  const few = { ...emptyDigest, commands: [{ command: 'a', exit: 0 }] };
  expect(lossOfFacts(many, { ...few, omitted: { commands: 1 } })).toBeNull();
  expect(lossOfFacts(few, many)).toBeNull();
  // Two that are told as one that ran twice.
  expect(lossOfFacts(many, { ...emptyDigest, commands: [{ command: 'a', exit: 0, times: 2 }] })).toBeNull();
  expect(lossOfFacts(many, few)).toBe('fewer commands, 1 where there were 2');
  const moved = (written: string[], edited: string[]) => ({
    ...emptyDigest,
    files: { read: [], written, edited },
  });
  expect(lossOfFacts(moved(['a', 'b'], ['b']), moved([], ['a', 'b']))).toBeNull();
  expect(lossOfFacts(emptyDigest, { ...emptyDigest, partial: true })).toBe('it is partial');
});
