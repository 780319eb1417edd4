/** A store near its hard cap: what fits is stored, and the rest waits. */
import { describe, expect, test } from 'bun:test';
import { appendFileSync } from 'node:fs';
import type { SessionUid } from '../../src/domain/ids.ts';
import { digestsOf, findSession, listSessions } from '../../src/store/read.ts';
import { usage } from '../../src/store/usage.ts';
import { verify } from '../../src/store/verify/verify.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const UID = `claude-code:${ID}` as SessionUid;

const clean = (world: World) =>
  expect(
    verify(
      world.db,
      () => undefined,
      () => false,
    ).findings,
  ).toEqual([]);

describe('the hard cap', () => {
  const random = (bytes: number) => {
    const noise = new Uint8Array(bytes);
    crypto.getRandomValues(noise);
    return Buffer.from(noise).toString('base64');
  };

  test('ingest stops before usage would pass it and says how many wait', async () => {
    using world = new World();
    for (const [i, day] of ['01', '02', '03'].entries()) {
      const id = `4000000${i}-0000-4000-8000-000000000000`;
      world.put(claudePath(id), promptLine(id, random(30_000), `2026-05-${day}T00:00:00.000Z`));
    }
    const report = await world.ingest({ hardCapBytes: 70_000 });
    expect(report).toMatchObject({ sessions_new: 2, sessions_waiting: 1, over_hard_cap: true });
    expect(usage(world.db).tier1Bytes).toBeLessThanOrEqual(70_000);
    expect(listSessions(world.db, { sort: 'ended' }).map((row) => row.uid)).toEqual([
      'claude-code:40000001-0000-4000-8000-000000000000',
      'claude-code:40000000-0000-4000-8000-000000000000',
    ] as SessionUid[]);
  });

  test('a session that alone exceeds it is digested from its source and recorded as evicted', async () => {
    using world = new World();
    const path = world.put(claudePath(ID), promptLine(ID, `big ${random(60_000)}`));
    const report = await world.ingest({ hardCapBytes: 20_000 });
    expect(report).toMatchObject({ sessions_digest_only: 1, sessions_waiting: 0 });
    expect(findSession(world.db, UID)).toMatchObject({ state: 'evicted' });
    expect(digestsOf(world.db, UID)).toHaveLength(1);
    expect(await world.ingest({ hardCapBytes: 20_000 })).toMatchObject({
      files_read: 0,
      sessions_digest_only: 0,
    });
    appendFileSync(path, promptLine(ID, 'more'));
    expect(await world.ingest({ hardCapBytes: 20_000 })).toMatchObject({ sessions_digest_only: 1 });
    expect(digestsOf(world.db, UID)[0]?.json).toContain('more');
    clean(world);
  });

  test('one that alone exceeds it and says nothing is left where it is, and nothing is evicted', async () => {
    using world = new World();
    const metadata = JSON.stringify({ type: 'custom-title', customTitle: random(60_000), sessionId: ID });
    world.put(claudePath(ID), `{"torn\n${metadata}\n\r\n`);
    const report = await world.ingest({ hardCapBytes: 20_000 });
    expect(report.sessions_digest_only).toBe(0);
    expect(report.warnings.join()).toContain(
      'cannot be digested (nothing that a person said or an agent did in 2 lines (1 unreadable)): it was left where it is',
    );
    expect([...listSessions(world.db)]).toEqual([]);
    clean(world);
  });

  test('a document that alone exceeds it is digested like one that is stored', async () => {
    using world = new World();
    const messages = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'big' },
          { type: 'image', data: random(60_000) },
        ],
      },
    ];
    const id = 'T-11111111-1111-4111-8111-111111111111';
    world.put(
      `.local/share/amp/threads/${id}.json`,
      JSON.stringify({ v: 1, id, created: 1_777_000_000_000, messages }),
    );
    expect(await world.ingest({ hardCapBytes: 20_000 })).toMatchObject({
      sessions_digest_only: 1,
      warnings: [],
    });
    expect(JSON.parse(world.digestJson(`amp:${id}`)).prompts).toMatchObject([{ text: 'big' }]);
  });
});
