/** The refusal as an attack: statements run by a bare connection that knows nothing of this program. */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { appendFileSync } from 'node:fs';
import type { SessionUid } from '../../src/domain/ids.ts';
import { sessionIdOf } from '../../src/store/read.ts';
import { verify } from '../../src/store/verify/verify.ts';
import { setPinned } from '../../src/store/write-raw.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const id = (n: number) => `1000000${n}-0000-4000-8000-000000000000`;
const uid = (n: number) => `claude-code:${id(n)}` as SessionUid;

/** 1 analyzed, 2 un-analyzed, 3 pinned, 4 evicted, 5 evicted and returned with a second digest. */
async function hostage(): Promise<World> {
  const world = new World();
  for (const n of [1, 3, 4, 5]) world.put(claudePath(id(n)), promptLine(id(n), `session ${n}`));
  await world.ingest();
  setPinned(world.db, sessionIdOf(world.db, uid(3)), true, world.now);
  world.evict(uid(4));
  world.evict(uid(5));
  world.put(claudePath(id(2)), promptLine(id(2), 'session 2'));
  appendFileSync(`${world.home}/${claudePath(id(5))}`, promptLine(id(5), 'more'));
  await world.ingest({ analyze: false });
  return world;
}

const S = (n: number) => `(SELECT id FROM sessions WHERE session_uid = '${uid(n)}')`;
const event = (kind: string, n: number, generation: string) =>
  `INSERT INTO events (at, kind, session_id, session_uid, generation, reason)
   VALUES ('2026-06-01T00:00:00.000Z', '${kind}', ${S(n)}, '${uid(n)}', ${generation}, 'attack')`;
const generation = (n: number) => `(SELECT raw_generation FROM sessions WHERE session_uid = '${uid(n)}')`;

/** What is tried, and what it would do if it were let. */
const ATTACKS: readonly (readonly [string, string])[] = [
  ['delete all segments', 'DELETE FROM segments'],
  ['delete one segment', `DELETE FROM segments WHERE session_id = ${S(1)}`],
  ['change its bytes', `UPDATE segments SET data = x'00', stored_bytes = 1 WHERE session_id = ${S(1)}`],
  ['change its hash', `UPDATE segments SET sha256 = zeroblob(32)`],
  ['move it to another session', `UPDATE segments SET session_id = ${S(4)} WHERE session_id = ${S(1)}`],
  ['move it along its log', `UPDATE segments SET log_offset = log_offset + 1`],
  [
    'replace a segment by its id',
    `INSERT OR REPLACE INTO segments SELECT id, session_id, file_id, log_offset, 1, 1, zeroblob(32), x'00' FROM segments WHERE session_id = ${S(1)}`,
  ],
  [
    'replace into',
    `REPLACE INTO segments SELECT id, session_id, file_id, log_offset, 1, 1, zeroblob(32), x'00' FROM segments WHERE session_id = ${S(1)}`,
  ],
  [
    'update or replace onto another id',
    `UPDATE OR REPLACE segments SET id = (SELECT max(id) FROM segments) WHERE session_id = ${S(1)}`,
  ],
  [
    'lay an equal segment over it',
    `INSERT INTO segments (session_id, file_id, log_offset, raw_bytes, stored_bytes, sha256, data) SELECT session_id, file_id, log_offset, raw_bytes, 1, zeroblob(32), x'00' FROM segments WHERE session_id = ${S(1)}`,
  ],
  [
    'lay a smaller segment over it',
    `INSERT INTO segments (session_id, file_id, log_offset, raw_bytes, stored_bytes, sha256, data) SELECT session_id, file_id, log_offset, 1, 1, zeroblob(32), x'00' FROM segments WHERE session_id = ${S(1)}`,
  ],
  [
    'leave a gap in a log',
    `INSERT INTO segments (session_id, file_id, log_offset, raw_bytes, stored_bytes, sha256, data) SELECT session_id, file_id, 999999, 1, 1, zeroblob(32), x'00' FROM segments WHERE session_id = ${S(1)}`,
  ],
  ['delete sessions', 'DELETE FROM sessions'],
  ['delete one session', `DELETE FROM sessions WHERE session_uid = '${uid(1)}'`],
  [
    'replace a session',
    `INSERT OR REPLACE INTO sessions (id, session_uid, agent, native_id) SELECT id, session_uid, agent, native_id FROM sessions WHERE session_uid = '${uid(1)}'`,
  ],
  [
    'replace a session by its uid',
    `REPLACE INTO sessions (session_uid, agent, native_id) VALUES ('${uid(1)}', 'x', 'x')`,
  ],
  [
    'rename a session onto another',
    `UPDATE OR REPLACE sessions SET session_uid = '${uid(1)}' WHERE session_uid = '${uid(2)}'`,
  ],
  ['renumber a session', `UPDATE OR REPLACE sessions SET id = ${S(1)} WHERE session_uid = '${uid(2)}'`],
  [
    'call an analyzed session evicted',
    `UPDATE sessions SET evicted_at = '2026-06-01T00:00:00.000Z' WHERE session_uid = '${uid(1)}'`,
  ],
  [
    'call an un-analyzed session evicted',
    `UPDATE sessions SET evicted_at = '2026-06-01T00:00:00.000Z' WHERE session_uid = '${uid(2)}'`,
  ],
  ['call an evicted session live', `UPDATE sessions SET evicted_at = NULL WHERE session_uid = '${uid(4)}'`],
  [
    'call an un-analyzed session analyzed',
    `UPDATE sessions SET analyzed_at = '2026-06-01T00:00:00.000Z' WHERE session_uid = '${uid(2)}'`,
  ],
  [
    'lower a generation to that of an old digest',
    `UPDATE sessions SET raw_generation = raw_generation - 1 WHERE session_uid = '${uid(5)}'`,
  ],
  [
    'a session born evicted',
    `INSERT INTO sessions (session_uid, agent, native_id, evicted_at) VALUES ('a:b', 'a', 'b', '2026-06-01T00:00:00.000Z')`,
  ],
  ['an eviction of an un-analyzed session', event('evicted', 2, generation(2))],
  ['an eviction of a returned session that only its old digest covers', event('evicted', 5, generation(5))],
  ['an eviction of a pinned session', event('evicted', 3, generation(3))],
  ['a data loss of a pinned session', event('data_loss', 3, generation(3))],
  ['a data loss forged for an older generation', event('data_loss', 5, `${generation(5)} - 1`)],
  ['a data loss forged for a later generation', event('data_loss', 2, `${generation(2)} + 1`)],
  ['a second data loss of an evicted session', event('data_loss', 4, generation(4))],
  [
    'a data loss under another name',
    `INSERT INTO events (at, kind, session_id, session_uid, generation, reason) VALUES ('2026-06-01T00:00:00.000Z', 'data_loss', ${S(2)}, '${uid(1)}', ${generation(2)}, 'attack')`,
  ],
  ['take an event back', 'DELETE FROM events'],
  ['rewrite an event', `UPDATE events SET kind = 'data_loss', generation = ${generation(5)}`],
  [
    'replace an event',
    `INSERT OR REPLACE INTO events (id, at, kind, session_id, session_uid, generation, reason) SELECT id, at, 'noted', session_id, session_uid, generation, 'attack' FROM events`,
  ],
  [
    'a digest of another generation',
    `INSERT INTO digests (session_id, generation, covers_from, complete, version, made_at, bytes, json) VALUES (${S(5)}, ${generation(5)} + 1, 0, 1, 1, '2026', 2, '{}')`,
  ],
  [
    'move a digest to the present generation',
    `UPDATE digests SET generation = ${generation(5)} WHERE session_id = ${S(5)}`,
  ],
  [
    'give a digest to another session',
    `UPDATE digests SET session_id = ${S(2)}, generation = ${generation(2)} WHERE session_id = ${S(1)}`,
  ],
  ['delete the digest of an evicted session', `DELETE FROM digests WHERE session_id = ${S(4)}`],
  [
    'empty the digest of an evicted session',
    `UPDATE digests SET json = '{}', bytes = 2 WHERE session_id = ${S(4)}`,
  ],
  [
    'replace the digest of an evicted session',
    `REPLACE INTO digests (session_id, generation, covers_from, complete, version, made_at, bytes, json) SELECT session_id, generation, 0, 1, 1, '2026', 2, '{}' FROM digests WHERE session_id = ${S(4)}`,
  ],
  ['delete digests', 'DELETE FROM digests'],
  ['delete files', 'DELETE FROM files'],
  [
    'replace a file',
    `REPLACE INTO files (session_id, role, key, rel_path, encoding) SELECT session_id, role, key, rel_path, encoding FROM files WHERE session_id = ${S(1)}`,
  ],
  ['call a file gone', `UPDATE files SET gone = 1 WHERE session_id = ${S(1)}`],
  ['shorten a log', `UPDATE files SET log_bytes = 0 WHERE session_id = ${S(1)}`],
  ['forget tombstones', 'DELETE FROM tombstones'],
  ['rewrite tombstones', 'UPDATE tombstones SET sha256 = zeroblob(32)'],
  [
    'forget sweeps',
    `INSERT INTO sweeps (sweep_id, plan_id, started_at, report) VALUES ('x', 'x', 'x', '{}'); DELETE FROM sweeps`,
  ],
];

/** Everything that must be the same afterwards. */
function facts(path: string): string {
  using db = new Database(path, { readonly: true });
  const tables = ['sessions', 'segments', 'files', 'digests', 'events', 'tombstones', 'counters'];
  return JSON.stringify(tables.map((table) => db.query(`SELECT * FROM ${table} ORDER BY 1, 2, 3`).all()));
}

describe.each([
  ['recursive_triggers off, foreign_keys off', 'PRAGMA recursive_triggers = OFF; PRAGMA foreign_keys = OFF'],
  ['recursive_triggers on, foreign_keys on', 'PRAGMA recursive_triggers = ON; PRAGMA foreign_keys = ON'],
])('a bare connection with %s', (_name, pragmas) => {
  test('is refused whatever it tries, and every byte stays', async () => {
    using world = await hostage();
    const before = facts(world.db.path);
    for (const [what, sql] of ATTACKS) {
      const bare = new Database(world.db.path);
      bare.run(pragmas);
      expect(() => bare.run(sql), `${what}: refused`).toThrow(/refused|constraint/i);
      bare.close();
      if (!sql.includes('INTO sweeps'))
        expect(facts(world.db.path) === before, `${what}: nothing has changed`).toBe(true);
    }
    expect(world.stored(uid(1)).toString()).toBe(promptLine(id(1), 'session 1'));
    expect(world.stored(uid(2)).toString()).toBe(promptLine(id(2), 'session 2'));
    expect(
      verify(
        world.db,
        () => undefined,
        () => false,
      ).findings,
    ).toEqual([]);
  });
});

test('what is allowed is one event, and it takes the bytes with it', async () => {
  using world = await hostage();
  const bare = new Database(world.db.path);
  bare.run(event('evicted', 1, generation(1)));
  bare.run(event('data_loss', 2, generation(2)));
  expect(
    bare.query(`SELECT count(*) AS n FROM segments WHERE session_id IN (${S(1)}, ${S(2)})`).get(),
  ).toEqual({ n: 0 });
  expect(
    bare.query(`SELECT count(*) AS n FROM tombstones WHERE session_id IN (${S(1)}, ${S(2)})`).get(),
  ).toEqual({ n: 2 });
  bare.close();
  expect(
    verify(
      world.db,
      () => undefined,
      () => false,
    ).findings,
  ).toEqual([]);
});
