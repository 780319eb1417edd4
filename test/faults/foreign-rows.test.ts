/**
 * What may stand in opencode's tables beside what opencode puts there: each value comes out as SQLite has it, and a table that
 * is none, or holds what names no session, stops nothing else.
 */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { listSessions } from '../../src/store/read.ts';
import { OPENCODE_SCHEMA } from '../agents/samples/opencode.ts';
import { OpencodeWorld, putSession } from '../support/opencode-world.ts';

/** Without types and keys: any value may stand in any column. */
const LOOSE = OPENCODE_SCHEMA.filter((sql) => sql.startsWith('CREATE TABLE')).map((sql) =>
  sql
    .replace(/\b(text|integer|real)\b/g, '')
    .replaceAll('PRIMARY KEY', '')
    .replaceAll('NOT NULL', '')
    .replace(/, +\(session_id, position\)/, ''),
);

const linesOf = (world: OpencodeWorld, uid: string) => world.stored(uid).toString().trimEnd().split('\n');

describe('values', () => {
  const VALUES: readonly [sql: string, json: string][] = [
    ['9007199254740993', '9007199254740993'],
    ['-9223372036854775808', '-9223372036854775808'],
    ['0.1', '0.1'],
    ['-0.0', '-0.0'],
    ['1e300', '1e+300'],
    ['9e999', '{"real":"Infinity"}'],
    ['3.0', '3.0'],
    ["'a' || char(0) || 'b'", '"a\\u0000b"'],
    ["CAST(x'61ff62' AS TEXT)", '{"text":"Yf9i"}'],
    ["x'00ff'", '{"blob":"AP8="}'],
    ["x''", '{"blob":""}'],
    ["''", '""'],
    ['NULL', 'null'],
    ["char(65279) || 'bom'", '"\ufeffbom"'],
    ['char(128512) || char(8232)', '"😀\u2028"'],
  ];
  test('each is told exactly', async () => {
    using world = new OpencodeWorld();
    using db = world.made(LOOSE);
    putSession(db, 's1');
    for (const [n, [sql]] of VALUES.entries())
      db.run(`INSERT INTO todo (session_id, position, content) VALUES ('s1', ${n}, ${sql})`);
    expect(await world.look()).toMatchObject({ sessions_new: 1, analyzed: 1, warnings: [] });
    const told = linesOf(world, 'opencode:s1').flatMap(
      (line) => /^\{"table":"todo".*"content":(.*),"status":null/s.exec(line)?.[1] ?? [],
    );
    expect(told).toEqual(VALUES.map(([, json]) => json));
  });

  test('a table of two thousand columns is told whole', async () => {
    using world = new OpencodeWorld();
    using db = world.made();
    const known = db.query('SELECT * FROM message').columnNames.length;
    const more = Array.from({ length: 2000 - known }, (_, n) => `"c ""${n}" DEFAULT ${n}`);
    db.run('DROP TABLE message');
    const own = 'id, session_id, time_created, time_updated, data';
    db.run(`CREATE TABLE message (${own}, ${more.join(', ')})`);
    putSession(db, 's1', 1);
    expect(await world.look()).toMatchObject({ sessions_new: 1, warnings: [] });
    const [message = ''] = linesOf(world, 'opencode:s1').filter((line) =>
      line.startsWith('{"table":"message"'),
    );
    expect(Object.keys(JSON.parse(message).row).length).toBe(2000);
    expect(JSON.parse(message).row['c "1994']).toBe(1994);
  }, 60_000);
});

describe('ids', () => {
  const IDS = [
    ...['', 'a#b', 'a/b', '../../x', 'a\nb', 'a\u0000b', '%23', 'CON', ' ', '😀', "'; DROP TABLE part; --"],
    ...['x'.repeat(1024 * 1024), 'x'.repeat(100_000)],
  ];
  test('of any text are sessions of their own, each found again', async () => {
    using world = new OpencodeWorld();
    using db = world.made();
    for (const [n, id] of IDS.entries()) putSession(db, id, 1, `session ${n}`);
    expect(await world.look()).toMatchObject({
      sessions_new: IDS.length,
      analyzed: IDS.length,
      warnings: [],
    });
    const rows = [...listSessions(world.db)];
    for (const [n, id] of IDS.entries()) {
      const row = rows.find(({ title }) => title === `asked session ${n}` || title === `session ${n}`);
      expect(row?.uid).toMatch(/^opencode:[A-Za-z0-9][A-Za-z0-9._-]{0,140}$/);
      const [header = '', ...lines] = linesOf(world, row?.uid ?? '');
      expect(JSON.parse(header).id).toBe(id);
      expect(lines.length).toBe(5);
    }
    expect(await world.look()).toMatchObject({ sessions_unchanged: IDS.length, files_read: 0 });
    const paths = world.db.all<{ path: string }>('SELECT path FROM sources');
    expect(Math.max(...paths.map(({ path }) => path.length))).toBeLessThan(16_384);
  }, 30_000);

  test('that are integers, blobs, NULL or double stop no other session', async () => {
    using world = new OpencodeWorld();
    using db = world.made(LOOSE);
    for (const id of [7, 7.5, 's1', 's2', 's2', null, new Uint8Array([1, 2])]) putSession(db, id, 1);
    const report = await world.look();
    const uids = [...listSessions(world.db)]
      .filter(({ rawBytes }) => rawBytes > 0)
      .map(({ uid }) => uid as string);
    expect(uids).toContain('opencode:s1');
    expect(uids).toContain('opencode:s2');
    // Both rows of one id, and what hangs on it.
    expect(linesOf(world, 'opencode:s2').filter((line) => line.startsWith('{"table":"session"')).length).toBe(
      2,
    );
    for (const warning of report.warnings) expect(warning).toMatch(/could not store|cannot read/);
    expect((await world.look()).sessions_grown).toBe(0);
  });
});

describe('tables', () => {
  test('views and triggers in their place are not asked', async () => {
    for (const name of ['session', 'message', 'part']) {
      using world = new OpencodeWorld();
      using db = world.made();
      putSession(db, 's1', 1);
      db.run(`ALTER TABLE ${name} RENAME TO real_${name}`);
      // Would never end.
      db.run(
        `CREATE VIEW ${name} AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT r.* FROM real_${name} r, n`,
      );
      db.run(`CREATE TRIGGER t INSTEAD OF INSERT ON ${name} BEGIN SELECT RAISE(ABORT, 'no'); END`);
      const report = await world.look();
      // Without its parts a session says nothing, and is kept.
      const nothing = 'analyze failed for opencode:s1: nothing that a person said or an agent did in 4 lines';
      expect(report.warnings).toEqual(name === 'part' ? [nothing] : []);
      expect(report.sessions_found).toBe(name === 'part' ? 1 : 0);
    }
  });

  test('of another version, with columns more or less, give what they have', async () => {
    using world = new OpencodeWorld();
    using db = new Database(world.path);
    for (const sql of [
      'CREATE TABLE session (id text, directory text, time_updated any)',
      'CREATE TABLE message (id text, session_id text, time_created any, data text, "new one" blob)',
      'CREATE TABLE part (id text, message_id text, data text)',
      "INSERT INTO session VALUES ('s1', '/home/me/project', '2026-05-01T10:00:00Z')",
      `INSERT INTO message VALUES ('m1', 's1', 1, '{"role":"user"}', x'00')`,
      `INSERT INTO part VALUES ('p1', 'm1', '{"type":"text","text":"hi"}')`,
    ])
      db.run(sql);
    expect(await world.look()).toMatchObject({ sessions_new: 1, analyzed: 1, warnings: [] });
    expect(linesOf(world, 'opencode:s1').length).toBe(4);
    expect(JSON.parse(world.digestJson('opencode:s1')).prompts).toMatchObject([{ text: 'hi' }]);
  });

  test('text in UTF-16 is told as text', async () => {
    using world = new OpencodeWorld();
    using db = new Database(world.path);
    db.run("PRAGMA encoding = 'UTF-16le'");
    for (const sql of OPENCODE_SCHEMA) db.run(sql);
    putSession(db, 's1', 1, 'grüße');
    expect(await world.look()).toMatchObject({ sessions_new: 1, warnings: [] });
    expect(JSON.parse(world.digestJson('opencode:s1')).prompts).toMatchObject([{ text: 'asked grüße' }]);
  });

  test('a session far in the future hides no change of the others', async () => {
    using world = new OpencodeWorld();
    using db = world.made();
    putSession(db, 's1', 2);
    putSession(db, 's2', 1, 'hi', Date.parse('2999-01-01T00:00:00Z'));
    await world.look();
    db.run(
      `UPDATE part SET data = '{"type":"text","text":"changed"}', time_updated = time_updated + 9 WHERE id = 's1_p000001'`,
    );
    expect(await world.look()).toMatchObject({ sessions_grown: 1 });
    expect(world.stored('opencode:s1').toString()).toContain('changed');
  });
});
