/** Where a digest came from decides what it may let go: the database itself refuses a stranger's, whatever stands above it. */
import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { archiveOf, digestJson, inPieces, session } from '../../scripts/torture/forged-archive.ts';
import { importStream } from '../../src/archive/import.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import { findSession } from '../../src/store/read.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const id = (n: number) => `e0000000-0000-4000-8000-00000000000${n}`;
const uid = (n: number) => `claude-code:${id(n)}` as SessionUid;
const AT = '2026-06-01T00:00:00.000Z';

/** 1 analyzed, 2 not, 3 evicted; of a stranger 4 live and not analyzed, 5 a digest alone. */
async function hostage(): Promise<World> {
  const world = new World();
  for (const n of [1, 3]) world.put(claudePath(id(n)), promptLine(id(n), `session ${n}`));
  await world.ingest();
  world.evict(uid(3));
  world.put(claudePath(id(2)), promptLine(id(2), 'session 2'));
  await world.ingest({ analyze: false });
  const archive = archiveOf(
    session({ uid: uid(4), files: { main: promptLine(id(4), 'session 4') } }),
    session({ uid: uid(5), files: { main: 'x' }, evicted: true, digest: digestJson(uid(5), ['five']) }),
  );
  const report = await importStream(
    {
      read: world.db,
      write: world.db,
      trusted: false,
      origin: 'in.smx',
      hardCapBytes: 1e9,
      now: () => AT as Iso,
      signal: new AbortController().signal,
      progress: () => undefined,
      analyze: async () => false,
    },
    inPieces(archive),
  );
  expect(report.added).toEqual([uid(4), uid(5)]);
  return world;
}

const S = (n: number) => `(SELECT id FROM sessions WHERE session_uid = '${uid(n)}')`;
const G = (n: number) => `(SELECT raw_generation FROM sessions WHERE session_uid = '${uid(n)}')`;
const digest = (n: number, origin: string, generation = G(n)) =>
  `INSERT INTO digests (session_id, generation, covers_from, complete, version, made_at, bytes, json, origin)
   VALUES (${S(n)}, ${generation}, 0, 1, 3, '${AT}', 2, '{}', ${origin})`;
const analyzed = (n: number) => `UPDATE sessions SET analyzed_at = '${AT}' WHERE session_uid = '${uid(n)}'`;
const event = (kind: string, n: number) =>
  `INSERT INTO events (at, kind, session_id, session_uid, generation, reason)
   VALUES ('${AT}', '${kind}', ${S(n)}, '${uid(n)}', ${G(n)}, 'attack')`;

const ATTACKS: readonly (readonly [string, readonly string[]])[] = [
  ["a stranger's digest beside bytes of this machine", [digest(2, "'in.smx'")]],
  ["a stranger's digest beside bytes of a stranger", [digest(4, "'in.smx'")]],
  ["a stranger's digest of an evicted session of this machine", [digest(3, "'in.smx'")]],
  ['call a session analyzed that has none', [analyzed(2)]],
  ["call a session analyzed of which only a stranger's digest is there", [analyzed(5)]],
  ['evict what was never analyzed', [event('evicted', 4)]],
  ["a stranger's digest called this machine's", [`UPDATE digests SET origin = NULL`]],
  [
    "this machine's digest called a stranger's",
    [`UPDATE digests SET origin = 'x' WHERE session_id = ${S(1)}`],
  ],
  ["a stranger's session called this machine's", ['UPDATE sessions SET origin = NULL']],
  [
    "this machine's session called a stranger's",
    [`UPDATE sessions SET origin = 'x' WHERE session_uid = '${uid(1)}'`],
  ],
  [
    'vouched for by the event of another',
    [event('vouched', 1), `UPDATE sessions SET origin = NULL WHERE session_uid = '${uid(4)}'`],
  ],
  [
    'vouched for by an event that is not the last',
    [
      event('vouched', 4),
      event('pinned', 1),
      `UPDATE sessions SET origin = NULL WHERE session_uid = '${uid(4)}'`,
    ],
  ],
];

test.each(ATTACKS)('refused: %s', async (_what, statements) => {
  using world = await hostage();
  const bare = new Database(world.db.path);
  bare.run('BEGIN');
  expect(() => {
    for (const sql of statements) bare.run(sql);
  }).toThrow(/refused/);
  bare.close();
});

test("with every trigger of before, a stranger's complete digest of the present bytes lets them go by none of them", async () => {
  using world = await hostage();
  const bare = new Database(world.db.path);
  // As a bug above it may: the one trigger that keeps such a digest out is gone, all others are there.
  bare.run('DROP TRIGGER digests_of_strangers');
  bare.run(digest(2, "'in.smx'"));
  expect(() => bare.run(analyzed(2))).toThrow(/refused/);
  expect(() => bare.run(event('evicted', 2))).toThrow(/refused/);
  bare.close();
  expect(world.stored(uid(2)).toString()).toBe(promptLine(id(2), 'session 2'));
});

test("a stranger's newer digest does not let this machine's older one go", async () => {
  using world = await hostage();
  const bare = new Database(world.db.path);
  bare.run('DROP TRIGGER digests_of_strangers');
  bare.run(
    `UPDATE sessions SET raw_generation = raw_generation + 1, analyzed_at = NULL WHERE session_uid = '${uid(1)}'`,
  );
  bare.run(digest(1, "'in.smx'"));
  expect(() => bare.run(`DELETE FROM digests WHERE session_id = ${S(1)} AND origin IS NULL`)).toThrow(
    /refused/,
  );
  bare.close();
});

test('a vouched session, and one that is analyzed here, go as any other', async () => {
  using world = await hostage();
  const bare = new Database(world.db.path);
  bare.run(event('vouched', 4));
  bare.run(`UPDATE sessions SET origin = NULL WHERE session_uid = '${uid(4)}'`);
  bare.run(digest(4, 'NULL'));
  bare.run(analyzed(4));
  bare.run(event('evicted', 4));
  bare.close();
  expect(findSession(world.db, uid(4))?.state).toBe('evicted');
  expect(findSession(world.db, uid(5))?.state).toBe('evicted');
});
