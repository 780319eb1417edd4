/**
 * The second wave of attacks: what no single plain statement does, but several in a row, another way with conflicts, or
 * a row that nothing points at.
 */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { appendFileSync } from 'node:fs';
import type { SessionUid } from '../../src/domain/ids.ts';
import { sessionIdOf } from '../../src/store/read.ts';
import { verify } from '../../src/store/verify/verify.ts';
import { setPinned } from '../../src/store/write-raw.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const id = (n: number) => `2000000${n}-0000-4000-8000-000000000000`;
const uid = (n: number) => `claude-code:${id(n)}` as SessionUid;
const AT = '2026-06-01T00:00:00.000Z';

/** 1 analyzed, 2 un-analyzed and unread, 3 pinned, 4 evicted, 5 returned grown, 6 returned changed: its old digest beside the new. */
async function hostage(): Promise<World> {
  const world = new World();
  for (const n of [1, 3, 4, 5, 6]) world.put(claudePath(id(n)), promptLine(id(n), `session ${n}`));
  await world.ingest();
  setPinned(world.db, sessionIdOf(world.db, uid(3)), true, world.now);
  for (const n of [4, 5, 6]) world.evict(uid(n));
  appendFileSync(`${world.home}/${claudePath(id(5))}`, promptLine(id(5), 'more'));
  world.put(claudePath(id(6)), promptLine(id(6), 'another beginning'));
  await world.ingest();
  world.put(claudePath(id(2)), promptLine(id(2), 'session 2'));
  await world.ingest({ analyze: false });
  const bare = new Database(world.db.path);
  bare.run(
    `INSERT INTO sweeps (sweep_id, plan_id, started_at, lost_data, report) VALUES ('sweep-1', 'p', '${AT}', 1, '{"lost_data":true}')`,
  );
  bare.close();
  return world;
}

const S = (n: number) => `(SELECT id FROM sessions WHERE session_uid = '${uid(n)}')`;
const G = (n: number) => `(SELECT raw_generation FROM sessions WHERE session_uid = '${uid(n)}')`;
const where = (n: number) => `WHERE session_uid = '${uid(n)}'`;
const event = (kind: string, n: number, verb = 'INSERT', generation = G(n)) =>
  `${verb} INTO events (at, kind, session_id, session_uid, generation, reason)
   VALUES ('${AT}', '${kind}', ${S(n)}, '${uid(n)}', ${generation}, 'attack')`;
const digest = (n: number, generation: string, coversFrom = 0) =>
  `INSERT INTO digests (session_id, generation, covers_from, complete, version, made_at, bytes, json)
   VALUES (${S(n)}, ${generation}, ${coversFrom}, 1, 1, '${AT}', 2, '{}')`;
const segment = (n: number, verb: string, rawBytes: string, columns = 'id') =>
  `${verb} INTO segments (${columns}, session_id, file_id, log_offset, raw_bytes, stored_bytes, sha256, data)
   SELECT id, session_id, file_id, log_offset, ${rawBytes}, 1, zeroblob(32), x'00' FROM segments WHERE session_id = ${S(n)}`;

/** A repair's three steps, each a little wrong below: it says what is damaged, puts the stand-in, takes the damaged one. */
const repaired = (n: number, columns = 'g.id, g.file_id, g.log_offset') =>
  `INSERT INTO events (at, kind, session_id, session_uid, generation, reason, segment_id, file_id, log_offset)
   SELECT '${AT}', 'repaired', ${S(n)}, '${uid(n)}', ${G(n)}, 'attack', ${columns} FROM segments g
   WHERE g.session_id = ${S(n)} ORDER BY id DESC LIMIT 1`;
const standIn = (n: number, rawBytes = 'raw_bytes', sha256 = 'sha256', data = "x'00'") =>
  `INSERT INTO segments (session_id, file_id, log_offset, raw_bytes, stored_bytes, sha256, data)
   SELECT session_id, file_id, log_offset, ${rawBytes}, length(${data}), ${sha256}, ${data} FROM segments
   WHERE session_id = ${S(n)} ORDER BY id DESC LIMIT 1`;
const takeOldest = (n: number) =>
  `DELETE FROM segments WHERE id = (SELECT min(id) FROM segments WHERE session_id = ${S(n)})`;
const lossOfFile = (kind: string, n: number) =>
  `INSERT INTO events (at, kind, session_id, session_uid, generation, reason, file_id, log_offset)
   SELECT '${AT}', '${kind}', session_id, '${uid(n)}', ${G(n)}, 'attack', id, 0 FROM files WHERE session_id = ${S(n)}`;

/** What is tried, and its statements; at least one of them must be refused. */
const ATTACKS: readonly (readonly [string, readonly string[]])[] = [
  // The report of a sweep that lost data has no number of its own, but a rowid.
  [
    'overwrite a sweep by its rowid',
    [
      "INSERT OR REPLACE INTO sweeps (rowid, sweep_id, plan_id, started_at) SELECT rowid, 'x', 'x', 'x' FROM sweeps",
    ],
  ],
  [
    'move another sweep onto it',
    [
      "INSERT INTO sweeps (sweep_id, plan_id, started_at) VALUES ('x', 'x', 'x')",
      "UPDATE OR REPLACE sweeps SET rowid = (SELECT rowid FROM sweeps WHERE sweep_id = 'sweep-1') WHERE sweep_id = 'x'",
    ],
  ],
  ['take a report back', ['UPDATE sweeps SET report = NULL, lost_data = 0']],
  ['rename a sweep', ["UPDATE OR REPLACE sweeps SET sweep_id = 'x'"]],

  // Whoever raises a generation could lay an empty digest over the one that is all that is left.
  [
    'cover the digest of an evicted session by an empty one',
    [
      `UPDATE sessions SET raw_generation = raw_generation + 1 ${where(4)}`,
      digest(4, G(4)),
      `DELETE FROM digests WHERE session_id = ${S(4)} AND json <> '{}'`,
    ],
  ],
  [
    'bring it back without bytes, and cover its digest then',
    [
      `UPDATE sessions SET raw_generation = raw_generation + 1, evicted_at = NULL, analyzed_at = NULL, stored_bytes = 0 ${where(4)}`,
      digest(4, G(4)),
      `DELETE FROM digests WHERE session_id = ${S(4)} AND json <> '{}'`,
    ],
  ],
  [
    'say that it has returned, with bytes that are not there',
    [
      event('returned', 4),
      `UPDATE sessions SET raw_generation = raw_generation + 1, evicted_at = NULL, analyzed_at = NULL ${where(4)}`,
    ],
  ],
  [
    'let the old digest of a changed session seem covered',
    [
      `UPDATE sessions SET covers_from = 0 ${where(6)}`,
      `DELETE FROM digests WHERE session_id = ${S(6)} AND generation < ${G(6)}`,
    ],
  ],
  [
    'raise what the next digest may leave out',
    [`UPDATE sessions SET covers_from = raw_generation + 2 ${where(1)}`],
  ],
  ['delete the old digest of a changed session', [`DELETE FROM digests WHERE generation < ${G(6)}`]],
  [
    'raise the generation of an analyzed session',
    [`UPDATE sessions SET raw_generation = raw_generation + 1 ${where(1)}`],
  ],
  [
    'raise a generation by two',
    [`UPDATE sessions SET raw_generation = raw_generation + 2, analyzed_at = NULL ${where(1)}`],
  ],
  [
    'evict and lower the generation in one update',
    [`UPDATE sessions SET evicted_at = '${AT}', raw_generation = raw_generation - 1 ${where(5)}`],
  ],
  ['evict and pin in one update', [`UPDATE sessions SET evicted_at = '${AT}', pinned = 1 ${where(1)}`]],
  ['date an eviction back', [`UPDATE sessions SET evicted_at = '2001-01-01T00:00:00.000Z' ${where(4)}`]],

  // The order of eviction hangs on analyzed_at.
  [
    'move a session to the front',
    [`UPDATE sessions SET analyzed_at = '2001-01-01T00:00:00.000Z' ${where(1)}`],
  ],
  [
    'move a session to the front by an event of a wrong clock that gives it another time',
    [event('retimed', 1), `UPDATE sessions SET analyzed_at = '2001-01-01T00:00:00.000Z' ${where(1)}`],
  ],
  [
    'move a session to the back by an event of a wrong clock that tells of another one',
    [
      event('retimed', 3).replace(AT, '2027-01-01T00:00:00.000Z'),
      `UPDATE sessions SET analyzed_at = '2027-01-01T00:00:00.000Z' ${where(1)}`,
    ],
  ],
  [
    'move a session to the back by an event of a wrong clock that is not the last one',
    [
      event('retimed', 1).replace(AT, '2027-01-01T00:00:00.000Z'),
      event('pinned', 2),
      `UPDATE sessions SET analyzed_at = '2027-01-01T00:00:00.000Z' ${where(1)}`,
    ],
  ],
  [
    'move a session to the back by an event of a wrong clock of another generation',
    [
      event('retimed', 1, 'INSERT', `${G(1)} - 1`).replace(AT, '2027-01-01T00:00:00.000Z'),
      `UPDATE sessions SET analyzed_at = '2027-01-01T00:00:00.000Z' ${where(1)}`,
    ],
  ],
  [
    'call an analyzed session un-analyzed, so that it may be lost',
    [`UPDATE sessions SET analyzed_at = NULL ${where(1)}`],
  ],
  [
    'analyze by a digest that says it is incomplete',
    [
      digest(2, G(2)).replace(', 0, 1, 1,', ', 0, 0, 1,'),
      `UPDATE sessions SET analyzed_at = '${AT}' ${where(2)}`,
    ],
  ],
  [
    'analyze by a digest of the generation before',
    [digest(2, `${G(2)} - 1`), `UPDATE sessions SET analyzed_at = '${AT}' ${where(2)}`],
  ],

  // Another way with conflicts is handed down to the triggers.
  [
    'evict, ignoring that a tombstone cannot be written',
    [`UPDATE files SET sha256 = NULL WHERE session_id = ${S(1)}`, event('evicted', 1, 'INSERT OR IGNORE')],
  ],
  [
    'lose, failing halfway',
    [`UPDATE files SET sha256 = NULL WHERE session_id = ${S(2)}`, event('data_loss', 2, 'INSERT OR FAIL')],
  ],
  ['evict a pinned session, ignoring the refusal', [event('evicted', 3, 'INSERT OR IGNORE')]],
  ['delete nothing but the refusal', ["UPDATE OR IGNORE segments SET data = x'00', stored_bytes = 1"]],
  ['an old event, replacing', [event('data_loss', 5, 'INSERT OR REPLACE', `${G(5)} - 1`)]],

  // A tombstone of content that was never here would keep that content out for good.
  [
    'forge a tombstone of a live session',
    [
      `INSERT INTO tombstones (session_id, generation, key, raw_bytes, sha256) VALUES (${S(1)}, ${G(1)}, 'main', 5, zeroblob(32))`,
    ],
  ],
  [
    'forge a tombstone of an evicted session',
    [
      `INSERT INTO tombstones (session_id, generation, key, raw_bytes, sha256) VALUES (${S(4)}, ${G(4)}, 'main', 5, zeroblob(32))`,
    ],
  ],

  [
    'make a log longer than its segments',
    [`UPDATE files SET log_bytes = log_bytes + 1 WHERE session_id = ${S(1)}`],
  ],
  ['bring back a file of an evicted session', [`UPDATE files SET gone = 0 WHERE session_id = ${S(4)}`]],
  ['give a file to another session', [`UPDATE files SET session_id = ${S(4)} WHERE session_id = ${S(1)}`]],
  [
    'put a segment into a file of another session',
    [
      `INSERT INTO segments (session_id, file_id, log_offset, raw_bytes, stored_bytes, sha256, data)
       SELECT ${S(1)}, id, log_bytes, 1, 1, zeroblob(32), x'00' FROM files WHERE session_id = ${S(2)}`,
    ],
  ],
  [
    'put a segment into an evicted session',
    [
      `UPDATE files SET gone = 0, log_bytes = 0, raw_bytes = 0, sha256 = NULL WHERE session_id = ${S(4)}`,
      `INSERT INTO segments (session_id, file_id, log_offset, raw_bytes, stored_bytes, sha256, data)
       SELECT session_id, id, 0, 1, 1, zeroblob(32), x'00' FROM files WHERE session_id = ${S(4)}`,
    ],
  ],
  ['replace a segment under its other name', [segment(1, 'INSERT OR REPLACE', 'raw_bytes + 5', 'rowid')]],
  [
    'replace a segment by a number in a text',
    [segment(1, 'REPLACE', 'raw_bytes + 5').replace('SELECT id', 'SELECT CAST(id AS TEXT)')],
  ],
  [
    'insert a session that exists, updating it',
    [
      `INSERT INTO sessions (session_uid, agent, native_id) VALUES ('${uid(1)}', 'x', 'x') ON CONFLICT DO UPDATE SET evicted_at = '${AT}'`,
    ],
  ],
  [
    'delete a covered segment with what covers it, at once',
    [segment(1, 'INSERT', 'raw_bytes + 5').replace('SELECT id', 'SELECT id + 1000'), 'DELETE FROM segments'],
  ],

  // A repair may put a segment in the place of one that it says is damaged, and SQLite cannot tell whether that is true.
  ['put a stand-in that nothing asks for', [standIn(1)]],
  ['say that it is damaged, and delete it', [repaired(1), takeOldest(1)]],
  ['put a stand-in of another hash', [repaired(1), standIn(1, 'raw_bytes', 'zeroblob(32)')]],
  ['put a shorter stand-in', [repaired(1), standIn(1, 'raw_bytes - 1')]],
  ['put the same data once more', [repaired(1), standIn(1, 'raw_bytes', 'sha256', 'data')]],
  [
    'delete the segment and its stand-in',
    [repaired(1), standIn(1), `DELETE FROM segments WHERE session_id = ${S(1)}`],
  ],
  [
    'delete the stand-in instead',
    [repaired(1), standIn(1), 'DELETE FROM segments WHERE id = (SELECT max(id) FROM segments)'],
  ],
  [
    'use a repair twice',
    [repaired(1), standIn(1), takeOldest(1), standIn(1, 'raw_bytes', 'sha256', "x'0000'")],
  ],
  [
    'repair what another session has',
    [repaired(1).replace(`WHERE g.session_id = ${S(1)}`, `WHERE g.session_id = ${S(2)}`)],
  ],
  ['repair what is evicted', [repaired(4, '1, 1, 0').replace(`WHERE g.session_id = ${S(4)}`, '')]],
  ['repair what is not there', [repaired(1, 'g.id + 1000, g.file_id, g.log_offset')]],
  ['repair at another place', [repaired(1, 'g.id, g.file_id, g.log_offset + 1')]],
  [
    'let a repair stand for a later generation',
    [repaired(1).replace(`${G(1)}, 'attack'`, `${G(1)} + 1, 'attack'`)],
  ],

  // What rot took of a file is a loss that is told, not a way to let the rest go.
  [
    'evict by the loss of one file',
    [lossOfFile('data_loss', 2), `UPDATE sessions SET evicted_at = '${AT}' ${where(2)}`],
  ],
  [
    'delete by the loss of one file',
    [lossOfFile('data_loss', 2), `DELETE FROM segments WHERE session_id = ${S(2)}`],
  ],
  ['an eviction of one file', [lossOfFile('evicted', 1)]],
  [
    'the loss of a file of another session',
    [lossOfFile('data_loss', 1).replace("session_id, 'claude", `${S(2)}, 'claude`)],
  ],
  ['a return that names a file', [lossOfFile('returned', 4)]],
];

const TABLES = ['sessions', 'segments', 'files', 'digests', 'events', 'tombstones', 'counters', 'sweeps'];

/** Everything that must be the same afterwards. */
function facts(db: Database): string {
  return JSON.stringify(TABLES.map((table) => db.query(`SELECT * FROM ${table} ORDER BY 1, 2, 3`).all()));
}

function findings(world: World) {
  return verify(
    world.db,
    () => undefined,
    () => false,
  ).findings;
}

describe.each([
  ['OFF', 'OFF'],
  ['OFF', 'ON'],
  ['ON', 'OFF'],
  ['ON', 'ON'],
])('a bare connection with recursive_triggers %s and foreign_keys %s', (recursive, foreign) => {
  test('is refused at some step, and every byte stays', async () => {
    using world = await hostage();
    for (const [what, statements] of ATTACKS) {
      const bare = new Database(world.db.path);
      bare.run(`PRAGMA recursive_triggers = ${recursive}`);
      bare.run(`PRAGMA foreign_keys = ${foreign}`);
      const before = facts(bare);
      bare.run('BEGIN');
      expect(() => {
        for (const sql of statements) bare.run(sql);
      }, `${what}: refused`).toThrow(/refused|constraint/i);
      bare.run('ROLLBACK');
      expect(facts(bare) === before, `${what}: nothing has changed`).toBe(true);
      bare.close();
    }
    expect(world.stored(uid(1)).toString()).toBe(promptLine(id(1), 'session 1'));
    expect(world.stored(uid(2)).toString()).toBe(promptLine(id(2), 'session 2'));
    expect(world.stored(uid(3)).toString()).toBe(promptLine(id(3), 'session 3'));
    expect(world.stored(uid(5)).toString()).toBe(promptLine(id(5), 'session 5') + promptLine(id(5), 'more'));
    expect(world.stored(uid(6)).toString()).toBe(promptLine(id(6), 'another beginning'));
    expect(findings(world)).toEqual([]);
  });
});

test('a repair takes one segment for another of the same hash, and the digest stands', async () => {
  using world = await hostage();
  const bare = new Database(world.db.path);
  const before = bare.query(`SELECT raw_generation, analyzed_at FROM sessions ${where(1)}`).get();
  bare.run(repaired(1));
  bare.run(standIn(1));
  bare.run(takeOldest(1));
  expect(bare.query(`SELECT hex(data) AS data FROM segments WHERE session_id = ${S(1)}`).all()).toEqual([
    { data: '00' },
  ]);
  expect(bare.query(`SELECT raw_generation, analyzed_at FROM sessions ${where(1)}`).get()).toEqual(before);
  expect(bare.query(`SELECT stored_bytes FROM sessions ${where(1)}`).get()).toEqual({ stored_bytes: 1 });
  bare.run(lossOfFile('data_loss', 2));
  bare.close();
  expect(world.stored(uid(2)).toString()).toBe(promptLine(id(2), 'session 2'));
});

describe('counters stay the sums of the sessions', () => {
  test.each([
    [`UPDATE OR REPLACE sessions SET pinned = 1 ${where(1)}`],
    [`UPDATE OR IGNORE sessions SET pinned = 1 ${where(1)}`],
    [
      "INSERT OR REPLACE INTO sessions (session_uid, agent, native_id) VALUES ('claude-code:new', 'claude-code', 'new')",
    ],
    [
      "INSERT OR IGNORE INTO sessions (session_uid, agent, native_id) VALUES ('claude-code:new', 'claude-code', 'new')",
    ],
    [event('evicted', 1, 'INSERT OR REPLACE')],
    [event('data_loss', 2, 'INSERT OR IGNORE')],
  ])('whatever way with conflicts: %s', async (sql) => {
    using world = await hostage();
    const bare = new Database(world.db.path);
    bare.run(sql);
    bare.close();
    expect(findings(world)).toEqual([]);
  });
});

test('the schema opens and refuses in the SQLite that this machine has', async () => {
  const program = Bun.which('sqlite3');
  if (program === null) {
    console.log('skipped: no sqlite3 on this machine, so only the built-in SQLite was tried');
    return;
  }
  using world = await hostage();
  const ask = (sql: string) => Bun.spawnSync([program, world.db.path, sql]);
  expect(ask(`DELETE FROM segments`).stderr.toString()).toContain('refused');
  expect(ask(event('evicted', 1)).stderr.toString()).toBe('');
  expect(
    ask(`SELECT count(*) FROM segments WHERE session_id = ${S(1)}`)
      .stdout.toString()
      .trim(),
  ).toBe('0');
  expect(findings(world)).toEqual([]);
});
