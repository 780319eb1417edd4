/** What the database refuses around the events of a person's hand: nothing passes for one, and each lets pass its own only. */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import type { SessionUid } from '../../src/domain/ids.ts';
import { forgetSession } from '../../src/store/forget.ts';
import { verify } from '../../src/store/verify/verify.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const id = (n: number) => `3000000${n}-0000-4000-8000-000000000000`;
const uid = (n: number) => `claude-code:${id(n)}` as SessionUid;
const AT = '2026-06-01T00:00:00.000Z';

/** 1 analyzed, 2 evicted, 3 evicted and pinned, 4 forgotten, 5 un-analyzed; a sweep whose report names 4 and 1. */
async function hostage(): Promise<World> {
  const world = new World();
  for (const n of [1, 2, 3, 4]) world.put(claudePath(id(n)), promptLine(id(n), `session ${n}`));
  await world.ingest();
  world.put(claudePath(id(5)), promptLine(id(5), 'session 5'));
  await world.ingest({ analyze: false });
  for (const n of [2, 3]) world.evict(uid(n));
  world.db.run('UPDATE sessions SET pinned = 1 WHERE session_uid = $uid', { uid: uid(3) });
  const report = JSON.stringify({
    lost_data: true,
    warnings: [`analyze failed for ${uid(4)}: secret`, `data_loss: evicted un-analyzed ${uid(1)}`],
  });
  world.db.run("INSERT INTO sweeps (sweep_id, plan_id, started_at, report) VALUES ('s', 'p', $at, $report)", {
    at: AT,
    report,
  });
  world.db.run(
    "INSERT INTO sweeps (sweep_id, plan_id, started_at, report) VALUES ('t', 'p', $at, '{\"warnings\":[\"x\"]}')",
    { at: AT },
  );
  forgetSession(world.db, uid(4), world.now);
  return world;
}

const S = (n: number) => `(SELECT id FROM sessions WHERE session_uid = '${uid(n)}')`;
const G = (n: number) => `(SELECT raw_generation FROM sessions WHERE session_uid = '${uid(n)}')`;
const B = (n: number) => `(SELECT bytes FROM digests WHERE session_id = ${S(n)})`;
const event = (kind: string, n: number, before = '0', after = '0', generation = G(n)) =>
  `INSERT INTO events (at, kind, session_id, session_uid, generation, raw_bytes, stored_bytes, reason)
   VALUES ('${AT}', '${kind}', ${S(n)}, '${uid(n)}', ${generation}, ${before}, ${after}, 'attack')`;
const shorten = (n: number) => `UPDATE digests SET json = '{}', bytes = 2 WHERE session_id = ${S(n)}`;

const ATTACKS: readonly (readonly [string, readonly string[]])[] = [
  ['drop the digest of a live session', [event('digest_dropped', 1)]],
  ['drop the digest of a pinned one', [event('digest_dropped', 3)]],
  ['drop one of another generation', [event('digest_dropped', 2, '0', '0', `${G(2)} - 1`)]],
  ['delete a digest without an event', [`DELETE FROM digests WHERE session_id = ${S(2)}`]],
  ['shrink without an event', [shorten(2)]],
  ['shrink another one than the event says', [event('digest_shrunk', 2, B(2), '2'), shorten(3)]],
  ['shrink to another size than the event says', [event('digest_shrunk', 2, B(2), '3'), shorten(2)]],
  ['shrink what was of another size', [event('digest_shrunk', 2, '7', '2'), shorten(2)]],
  [
    'shrink by an event that is no longer the last',
    [event('digest_shrunk', 2, B(2), '2'), event('noted', 1), shorten(2)],
  ],
  [
    'shrink a digest and call it incomplete',
    [
      event('digest_shrunk', 2, B(2), '2'),
      `UPDATE digests SET json = '{}', bytes = 2, complete = 0 WHERE session_id = ${S(2)}`,
    ],
  ],
  [
    'replace a digest by an older version of it',
    [
      event('digest_replaced', 2, B(2), '2'),
      `UPDATE digests SET json = '{}', bytes = 2, version = version - 1 WHERE session_id = ${S(2)}`,
    ],
  ],
  [
    'add a digest without an event',
    [
      `INSERT INTO digests (session_id, generation, covers_from, complete, version, made_at, bytes, json) VALUES (${S(2)}, -1, -1, 1, 1, '${AT}', 2, '{}')`,
    ],
  ],
  [
    'add a digest that could let another go',
    [
      event('digest_added', 2, '0', '2'),
      `INSERT INTO digests (session_id, generation, covers_from, complete, version, made_at, bytes, json) VALUES (${S(2)}, ${G(2)} + 1, 0, 1, 1, '${AT}', 2, '{}')`,
    ],
  ],
  [
    'evict by a digest of another store',
    [
      event('digest_added', 5, '0', '2'),
      `INSERT INTO digests (session_id, generation, covers_from, complete, version, made_at, bytes, json) VALUES (${S(5)}, ${G(5)}, -1, 1, 1, '${AT}', 2, '{}')`,
    ],
  ],
  [
    'forget without an event',
    [`INSERT INTO forgotten (id, session_uid, at) VALUES (${S(1)}, '${uid(1)}', '${AT}')`],
  ],
  [
    'forget by a note',
    [event('noted', 1), `INSERT INTO forgotten (id, session_uid, at) VALUES (${S(1)}, '${uid(1)}', '${AT}')`],
  ],
  [
    'forget under another name',
    [
      `INSERT INTO events (at, kind, session_id, session_uid, generation, reason) VALUES ('${AT}', 'forgotten', ${S(1)}, '${uid(2)}', ${G(1)}, 'attack')`,
    ],
  ],
  ['forget another generation', [event('forgotten', 1, '0', '0', `${G(1)} + 1`)]],
  ['forget twice', [event('forgotten', 4)]],
  ['remember', ['DELETE FROM forgotten']],
  ['remember by another name', [`UPDATE forgotten SET session_uid = 'a:b'`]],
  [
    'replace what is forgotten',
    [`REPLACE INTO forgotten (id, session_uid, at) VALUES (${S(4)}, 'a:b', '${AT}')`],
  ],
  ['call it live', [`UPDATE sessions SET evicted_at = NULL WHERE session_uid = '${uid(4)}'`]],
  [
    'return it',
    [
      event('returned', 4),
      `UPDATE sessions SET raw_generation = raw_generation + 1, evicted_at = NULL WHERE session_uid = '${uid(4)}'`,
    ],
  ],
  ['title it again', [`UPDATE sessions SET title = 'secret' WHERE session_uid = '${uid(4)}'`]],
  [
    'give it a file',
    [
      `INSERT INTO files (session_id, role, key, rel_path, encoding) VALUES (${S(4)}, 'main', 'main', 'x', 'plain')`,
    ],
  ],
  [
    'give it a digest',
    [
      `INSERT INTO digests (session_id, generation, covers_from, complete, version, made_at, bytes, json) VALUES (${S(4)}, ${G(4)}, 0, 1, 1, '${AT}', 2, '{}')`,
    ],
  ],
  [
    'give it a path',
    [
      `INSERT INTO sources (path, agent, session_id, stat, taken_bytes) VALUES ('/secret', 'a', ${S(4)}, '', 0)`,
    ],
  ],
  ['move a path to it', [`UPDATE sources SET session_id = ${S(4)}`]],
  ['delete what is not of the forgotten', [`DELETE FROM files WHERE session_id = ${S(1)}`]],
  ['delete the tombstones of another', [`DELETE FROM tombstones WHERE session_id = ${S(2)}`]],
  ['reword the event of another', [`UPDATE events SET reason = 'forgotten' WHERE session_id = ${S(2)}`]],
  [
    'make another event of it',
    [`UPDATE events SET kind = 'evicted', reason = 'forgotten' WHERE session_id = ${S(4)}`],
  ],
  [
    'take a loss out of a report',
    [`UPDATE sweeps SET report = json_set(report, '$.lost_data', json('false')) WHERE sweep_id = 's'`],
  ],
  [
    'take a warning out of it',
    [`UPDATE sweeps SET report = json_remove(report, '$.warnings[1]') WHERE sweep_id = 's'`],
  ],
  [
    'reword a report that names no forgotten session',
    [`UPDATE sweeps SET report = '{"warnings":["y"]}' WHERE sweep_id = 't'`],
  ],
  [
    'a tombstone that no eviction of another store has',
    [
      `INSERT INTO tombstones (session_id, generation, key, raw_bytes, sha256) VALUES (${S(2)}, 0, 'main', 1, zeroblob(32))`,
    ],
  ],
  [
    'an eviction by an event of another store',
    [event('imported evicted', 1), `DELETE FROM segments WHERE session_id = ${S(1)}`],
  ],
  [
    'a loss by an event of another store',
    [
      event('imported data_loss', 5),
      `UPDATE sessions SET evicted_at = '${AT}' WHERE session_uid = '${uid(5)}'`,
    ],
  ],
];

function facts(path: string): string {
  const db = new Database(path, { readonly: true });
  const tables = [
    'sessions',
    'segments',
    'files',
    'digests',
    'tombstones',
    'forgotten',
    'sweeps',
    'counters',
  ];
  try {
    return JSON.stringify(tables.map((table) => db.query(`SELECT * FROM ${table} ORDER BY 1, 2, 3`).all()));
  } finally {
    db.close();
  }
}

const findings = (world: World) =>
  verify(
    world.db,
    () => undefined,
    () => false,
  ).findings;

describe.each([['OFF'], ['ON']])('a bare connection with recursive_triggers %s', (recursive) => {
  test('is refused whatever it tries by hand, and everything stays', async () => {
    using world = await hostage();
    expect(findings(world)).toEqual([]);
    const before = facts(world.db.path);
    for (const [what, statements] of ATTACKS) {
      const bare = new Database(world.db.path);
      bare.run(`PRAGMA recursive_triggers = ${recursive}`);
      bare.run('BEGIN IMMEDIATE');
      expect(() => statements.map((sql) => bare.run(sql)), what).toThrow(/refused|constraint/i);
      bare.run('COMMIT');
      bare.close();
      expect(facts(world.db.path) === before, `${what}: nothing has changed`).toBe(true);
    }
    expect(findings(world)).toEqual([]);
  });
});

test('one event forgets, drops or shrinks, and that alone', async () => {
  using world = await hostage();
  const bare = new Database(world.db.path);
  bare.run(event('digest_shrunk', 2, B(2), '2'));
  bare.run(shorten(2));
  expect(bare.query(`SELECT json FROM digests WHERE session_id = ${S(2)}`).all()).toEqual([{ json: '{}' }]);
  bare.run(event('digest_dropped', 2));
  expect(bare.query(`SELECT json FROM digests WHERE session_id = ${S(2)}`).all()).toEqual([]);
  expect(() => bare.run(`DELETE FROM digests WHERE session_id = ${S(3)}`)).toThrow('refused');
  bare.run(event('forgotten', 1));
  for (const table of ['files', 'segments', 'digests', 'tombstones', 'sources'])
    expect(bare.query(`SELECT * FROM ${table} WHERE session_id = ${S(1)}`).all(), table).toEqual([]);
  bare.close();
  expect(world.stored(uid(5)).toString()).toBe(promptLine(id(5), 'session 5'));
});
