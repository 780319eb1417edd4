// Secrets that an older version kept: in digests of evicted sessions, in titles, in the search index. They go by `analyze --all`,
// and nothing else changes.

import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import type { Digest } from '../../src/domain/digest.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import { analyzeSession } from '../../src/ingest/analyze.ts';
import { redactKept } from '../../src/ingest/redact-kept.ts';
import { writeAnew } from '../../src/store/forget.ts';
import { keptTexts, replaceTexts } from '../../src/store/kept-texts.ts';
import { digestsOf, findSession, listEvents } from '../../src/store/read.ts';
import { writeWordsOut } from '../../src/store/search/documents.ts';
import { search } from '../../src/store/search/search.ts';
import { saveDigest } from '../../src/store/write-digests.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const ID = (n: number) => `7000000${n}-0000-4000-8000-000000000000`;
const UID = (n: number) => `claude-code:${ID(n)}` as SessionUid;
const SECRET = ['k0ffer', 'Lantern', '77x'].join('');
const KEY = ['AI', 'za', 'SyB3dE5gH7jK9mN2pQ4rS6tU8vW1xY0zAb'].join('');
const LEAD =
  'call the service in the harbour of the old town for me at once, and print what it says about that key: ';

/** Lays over the present digest what an older version would have kept. */
function older(
  world: World,
  uid: SessionUid,
  change: (digest: Digest) => Digest,
  title: string | null = null,
): void {
  const session = findSession(world.db, uid);
  const [stored] = digestsOf(world.db, uid);
  if (session === null || stored === undefined) throw new Error(`no digest of ${uid}`);
  const about = { uid, generation: session.generation, version: 3, complete: true, now: world.now };
  saveDigest(world.db, {
    ...about,
    title,
    project: null,
    branch: null,
    startedAt: null,
    endedAt: null,
    fileHashes: new Map(),
    json: JSON.stringify({ ...change(JSON.parse(stored.json)), version: 3 }),
  });
}

async function filled(...prompts: string[]): Promise<World> {
  const world = new World();
  for (const [index, prompt] of prompts.entries())
    world.put(claudePath(ID(index + 1)), promptLine(ID(index + 1), prompt));
  await world.ingest();
  return world;
}

const cleaned = (world: World, signal = new AbortController().signal) =>
  redactKept({ db: world.db, clock: world.clock, signal }, () => undefined);
const digestAt = (world: World, uid: SessionUid): Digest =>
  JSON.parse(digestsOf(world.db, uid)[0]?.json ?? '');
const hits = (world: World, text: string) =>
  search(world.db, { text, limit: 9 }).hits.map(({ session }) => session.uid);

describe('secrets that an older version kept', () => {
  test('leave the digest of an evicted session, its title and the index, by one event', async () => {
    using world = await filled('set up the lantern service');
    older(
      world,
      UID(1),
      (digest) => ({ ...digest, outcome: `The password is ${SECRET}.`, title: `PASS=${SECRET} x` }),
      `PASS=${SECRET} x`,
    );
    world.evict(UID(1));
    expect(hits(world, SECRET)).toEqual([UID(1)]);
    expect(await cleaned(world)).toEqual({ cleaned: [UID(1)], left: [] });
    const digest = digestAt(world, UID(1));
    expect([digest.outcome, digest.title, digest.redacted]).toEqual([
      'The password is [redacted: password].',
      'PASS=[redacted: password] x',
      2,
    ]);
    expect(findSession(world.db, UID(1))?.title).toBe('PASS=[redacted: password] x');
    expect(digest.prompts.map(({ text }) => text)).toEqual(['set up the lantern service']);
    expect(hits(world, SECRET)).toEqual([]);
    expect(hits(world, 'lantern service')).toEqual([UID(1)]);
    expect(listEvents(world.db, { uid: UID(1) }).map(({ kind, reason }) => [kind, reason])).toContainEqual([
      'digest_replaced',
      'secrets were taken out of it',
    ]);
    expect(findSession(world.db, UID(1))?.digestBytes).toBe(digestsOf(world.db, UID(1))[0]?.bytes ?? -1);
  });

  test('are in no byte of the store once it is written anew', async () => {
    using world = await filled('hello');
    older(world, UID(1), (digest) => ({ ...digest, outcome: `PASS=${SECRET}` }), `PASS=${SECRET}`);
    world.evict(UID(1));
    await cleaned(world);
    writeWordsOut(world.db);
    expect(await writeAnew(world.db, () => false)).toBe(true);
    expect(readFileSync(world.db.path).toString('latin1').toLowerCase()).not.toContain(SECRET.toLowerCase());
  });

  for (const isKnown of [false, true])
    test(`go from a title that was cut in the midst of one, where the prompt has it ${isKnown ? 'taken out' : 'whole'}`, async () => {
      using world = await filled('hello');
      const prompt = `${LEAD}${KEY} and print it`;
      const title = `${prompt.slice(0, 119)}…`;
      const text = isKnown ? prompt.replace(KEY, '[redacted: Google API key]') : prompt;
      older(world, UID(1), (digest) => ({ ...digest, prompts: [{ at: null, text }], title }), title);
      world.evict(UID(1));
      await cleaned(world);
      const titles = [digestAt(world, UID(1)).title, findSession(world.db, UID(1))?.title];
      expect(titles[0]).toBe(titles[1] ?? '');
      expect(titles[0]).not.toContain(KEY.slice(0, 8));
      expect(titles[0]?.startsWith('call the service')).toBe(true);
    });

  test('are looked for in vain the second time, and nothing is written', async () => {
    using world = await filled('hello', 'an ordinary session');
    older(world, UID(1), (digest) => ({ ...digest, outcome: `PASS=${SECRET}` }));
    world.evict(UID(1));
    await cleaned(world);
    const before = [digestsOf(world.db, UID(1)), digestsOf(world.db, UID(2)), listEvents(world.db, {})];
    expect(await cleaned(world)).toEqual({ cleaned: [], left: [] });
    expect([digestsOf(world.db, UID(1)), digestsOf(world.db, UID(2)), listEvents(world.db, {})]).toEqual(
      before,
    );
  });

  test('go from a live session too, which stays analyzed and evictable', async () => {
    using world = await filled('hello');
    older(world, UID(1), (digest) => ({ ...digest, outcome: `PASS=${SECRET}` }), `PASS=${SECRET}`);
    const before = findSession(world.db, UID(1));
    expect((await cleaned(world)).cleaned).toEqual([UID(1)]);
    const after = findSession(world.db, UID(1));
    expect(JSON.stringify([digestAt(world, UID(1)), after])).not.toContain(SECRET);
    expect([after?.analyzedAt, after?.generation]).toEqual([before?.analyzedAt, before?.generation]);
    world.evict(UID(1));
  });

  test('go from a digest that stays because the new one would be worse', async () => {
    using world = await filled('hello');
    older(world, UID(1), (digest) => ({
      ...digest,
      prompts: [...digest.prompts, { at: null, text: `one more: PASS=${SECRET}` }],
    }));
    const deps = { db: world.db, clock: world.clock, external: null, host: world.host };
    const outcome = await analyzeSession(deps, UID(1), new AbortController().signal);
    expect(outcome).toEqual({ ok: true, kept: 'fewer prompts, 1 where there were 2' });
    expect(digestAt(world, UID(1)).prompts[1]?.text).toBe('one more: PASS=[redacted: password]');
  });

  test('of what has changed since it was read nothing is replaced', async () => {
    using world = await filled('hello');
    const [session] = keptTexts(world.db);
    if (session === undefined) throw new Error('no session');
    older(world, UID(1), (digest) => ({ ...digest, outcome: 'said meanwhile' }));
    const jsons = new Map([[session.digests[0]?.id ?? 0, '{}']]);
    expect(replaceTexts(world.db, session, session.words, jsons, world.now)).toBe(false);
    expect(digestAt(world, UID(1)).outcome).toBe('said meanwhile');
  });
});
