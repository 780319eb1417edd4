/** An evicted session comes back whole or not at all, and its old digest is not worse off, whatever happens meanwhile. */
import { expect, test } from 'bun:test';
import { appendFileSync } from 'node:fs';
import type { SessionUid } from '../../src/domain/ids.ts';
import { digestsOf, filesOf, findSession } from '../../src/store/read.ts';
import { verify } from '../../src/store/verify/verify.ts';
import { addSegments, ensureFile } from '../../src/store/write-raw.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const ID = '31111111-1111-4111-8111-111111111111';
const UID = `claude-code:${ID}` as SessionUid;
const SUB = `.claude/projects/-home-me-project/${ID}/subagents/agent-aaaaaaaa.jsonl`;

/** A session of a transcript and a subagent's, stored, digested, evicted; then its transcript grows. */
async function grownSinceEvicted(): Promise<World> {
  const world = new World();
  const path = world.put(claudePath(ID), promptLine(ID, 'first words'));
  world.put(SUB, promptLine(ID, 'of the subagent'));
  await world.ingest();
  world.evict(UID);
  appendFileSync(path, promptLine(ID, 'more words'));
  return world;
}

/** A signal that is aborted from the `n`th time on that somebody looks. */
function abortedAtLook(n: number): { signal: AbortSignal; looks: () => number } {
  const { signal } = new AbortController();
  let looks = 0;
  Object.defineProperty(signal, 'aborted', {
    get: () => {
      looks += 1;
      return looks >= n;
    },
  });
  return { signal, looks: () => looks };
}

const digestText = (world: World) =>
  digestsOf(world.db, UID)
    .map(({ json }) => json)
    .join();
const findings = (world: World) =>
  verify(
    world.db,
    () => undefined,
    () => false,
  ).findings;

test('interrupted anywhere while it comes back, the next ingest brings the rest', async () => {
  let interruptions = 0;
  for (let n = 1; ; n += 1) {
    using world = await grownSinceEvicted();
    const { signal, looks } = abortedAtLook(n);
    await world.ingest({}, signal);
    await world.ingest();
    expect(world.stored(UID).toString(), `aborted at look ${n}`).toBe(
      promptLine(ID, 'first words') + promptLine(ID, 'more words'),
    );
    expect(
      filesOf(world.db, UID).filter((file) => file.gone),
      `aborted at look ${n}`,
    ).toEqual([]);
    expect(findSession(world.db, UID)?.state).toBe('analyzed');
    expect(digestText(world), `aborted at look ${n}`).toContain('"aaaaaaaa"');
    expect(findings(world)).toEqual([]);
    if (looks() < n) break;
    interruptions += 1;
  }
  expect(interruptions).toBeGreaterThan(2);
});

test('a file that is stored just when its session is evicted does not come back alone', async () => {
  using world = await grownSinceEvicted();
  const sessionId = world.db.get<{ id: number }>('SELECT id FROM sessions')?.id ?? 0;
  const file = { role: 'sidecar', key: 'late', relPath: 'late', encoding: 'plain' } as const;
  expect(() => ensureFile(world.db, sessionId, file)).toThrow('another process stored or evicted');
  expect(() =>
    addSegments(world.db, { sessionId, fileId: filesOf(world.db, UID)[0]?.fileId ?? 0, logBytes: 0 }, []),
  ).toThrow('another process stored or evicted');
  expect(findSession(world.db, UID)?.state).toBe('evicted');
  expect(digestText(world)).toContain('"aaaaaaaa"');
});

test('too large for the store and with another beginning, it keeps the digest of what was evicted', async () => {
  using world = new World();
  world.put(claudePath(ID), promptLine(ID, 'the first version'));
  await world.ingest();
  world.evict(UID);
  const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(60_000))).toString('base64');
  world.put(claudePath(ID), promptLine(ID, `the second version ${noise}`));
  expect(await world.ingest({ hardCapBytes: 20_000 })).toMatchObject({ sessions_digest_only: 1 });
  expect(digestText(world)).toContain('the first version');
  expect(digestText(world)).toContain('the second version');
  expect(findings(world)).toEqual([]);
});

test('what the agent had removed before the eviction stays in a digest after the return', async () => {
  using world = new World();
  const [one, two, three] = ['one', 'withdrawn', 'three'].map((text) => promptLine(ID, text));
  const path = world.put(claudePath(ID), `${one}${two}`);
  await world.ingest();
  world.put(claudePath(ID), `${one}${three}`);
  await world.ingest();
  expect(digestText(world), 'the digest knows what was removed').toContain('withdrawn');
  world.evict(UID);
  appendFileSync(path, promptLine(ID, 'four'));
  await world.ingest();
  expect(digestText(world)).toContain('four');
  expect(digestText(world)).toContain('withdrawn');
});

test.each([[''], ['\n\n']])(
  'emptied (%j) and written anew it is itself, whether or not an ingest met it between',
  async (left) => {
    for (const isMet of [false, true]) {
      using world = new World();
      world.put(claudePath(ID), promptLine(ID, 'first words'));
      await world.ingest();
      world.evict(UID);
      world.put(claudePath(ID), left);
      if (isMet) await world.ingest();
      const anew = promptLine(ID, 'other words') + promptLine(ID, 'and more');
      world.put(claudePath(ID), anew);
      await world.ingest();
      expect(world.db.all('SELECT session_uid AS uid FROM sessions')).toEqual([{ uid: UID }]);
      expect(world.stored(UID).toString()).toBe(anew);
      expect(digestText(world)).toContain('first words');
      expect(findings(world)).toEqual([]);
    }
  },
);
