/** The schema as it is against the schema as the program makes it: what verify names, what a repair does, and that nothing goes meanwhile. */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { FailureError } from '../../src/domain/errors.ts';
import { connect } from '../../src/store/connection.ts';
import { type SchemaRow, triggerFaults } from '../../src/store/guards.ts';
import { migrate } from '../../src/store/migrate.ts';
import { openWritable } from '../../src/store/open.ts';
import { findSession } from '../../src/store/read.ts';
import { loses, repairStore } from '../../src/store/repair/store.ts';
import { schemaFindings } from '../../src/store/verify/schema.ts';
import { loseByHand } from '../../src/store/write-sweep.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const UID = `claude-code:${ID}`;

function fresh() {
  const db = connect(':memory:', 'write');
  migrate(db);
  return db;
}

const OBJECTS = fresh().all<SchemaRow>(
  "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
);
const of = (type: SchemaRow['type']) => OBJECTS.filter((row) => row.type === type);
const problems = (db: ReturnType<typeof fresh>) => schemaFindings(db).map(({ problem }) => problem);

test('of a new store nothing is found, and it has tables, indexes and triggers', () => {
  expect(problems(fresh())).toEqual([]);
  expect(triggerFaults(of('trigger'))).toEqual({ missing: [], changed: [], foreign: [] });
  expect([of('table').length > 10, of('index').length > 10, of('trigger').length > 50]).toEqual([
    true,
    true,
    true,
  ]);
});

describe('each trigger', () => {
  for (const { name, sql, tbl_name } of of('trigger'))
    test(`${name}: missing or changed it is named, by verify and by what lets go`, () => {
      const db = fresh();
      db.exec(`DROP TRIGGER ${name}`);
      expect(problems(db)).toEqual([`the trigger ${name} of ${tbl_name} is missing`]);
      const rows = () => db.all<SchemaRow>("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'");
      expect(triggerFaults(rows())).toEqual({ missing: [name], changed: [], foreign: [] });
      // The same, but it never says no.
      const tame = (sql ?? '').replace(/BEGIN\b[\s\S]*END$/, 'BEGIN SELECT 1; END');
      expect(tame).not.toBe(sql ?? '');
      db.exec(tame);
      expect(problems(db)).toEqual([`the trigger ${name} of ${tbl_name} is not as the program makes it`]);
      expect(triggerFaults(rows())).toEqual({ missing: [], changed: [name], foreign: [] });
    });
});

test('each index that is missing, or on other columns, is named', () => {
  for (const { name, tbl_name, sql } of of('index')) {
    if (sql === null) continue;
    const db = fresh();
    db.exec(`DROP INDEX ${name}`);
    expect(problems(db)).toEqual([`the index ${name} of ${tbl_name} is missing`]);
    db.exec(`CREATE INDEX ${name} ON ${tbl_name} ((1 + 1))`);
    expect(problems(db)).toEqual([`the index ${name} of ${tbl_name} is not as the program makes it`]);
  }
});

test('foreign tables, views, indexes and triggers are named', () => {
  const db = fresh();
  db.exec('CREATE TABLE mine (x)');
  db.exec('CREATE VIEW seen AS SELECT 1 AS one');
  db.exec('CREATE INDEX quick ON sessions (title)');
  db.exec("CREATE TRIGGER helper AFTER INSERT ON sources BEGIN UPDATE sessions SET title = 'x'; END");
  expect(problems(db).sort()).toEqual([
    "the index quick of sessions is none of the program's",
    "the table mine is none of the program's",
    "the trigger helper of sources is none of the program's",
    "the view seen is none of the program's",
  ]);
});

const HARMS: Readonly<Record<string, readonly string[]>> = {
  'without any trigger': of('trigger').map(({ name }) => `DROP TRIGGER ${name}`),
  'with a foreign trigger': [
    "CREATE TRIGGER helper AFTER INSERT ON sources BEGIN UPDATE sessions SET title = 'x'; END",
  ],
  'with a foreign trigger, index and view of odd names': [
    'CREATE TRIGGER "a""b; DROP" AFTER INSERT ON sources BEGIN DELETE FROM sources; END',
    'CREATE INDEX "c d" ON sessions (title)',
    'CREATE VIEW "e--f" AS SELECT 1 AS one',
  ],
  'without its indexes': of('index').flatMap(({ name, sql }) => (sql === null ? [] : [`DROP INDEX ${name}`])),
  'with a foreign table': ['CREATE TABLE mine (x)', "INSERT INTO mine VALUES ('somebody wants this')"],
  'without a table': ['DROP TABLE contents'],
};

describe('a store', () => {
  for (const [what, statements] of Object.entries(HARMS))
    test(`${what}: a repair puts it right and loses nothing`, async () => {
      using world = new World();
      world.put(claudePath(ID), promptLine(ID, 'mine'));
      await world.ingest();
      const { path } = world.db;
      world.db.close();
      {
        using db = new Database(path);
        for (const sql of statements) db.run(sql);
      }
      const own = { open: () => Promise.reject(new Error('not asked')) } as never;
      const options = { own, at: world.now, mayLose: false, dryRun: false, progress: () => undefined };
      const report = await repairStore(path, options);
      expect(report).toMatchObject({ state: 'done', failed: [], after: { findings: [] } });
      expect(loses(report)).toBe(false);
      // Only what a statement cannot put right takes a new file, beside which the old one is kept.
      expect(report.rebuilt !== null).toBe(/table/.test(what));
      using db = closing(openWritable(path));
      expect(problems(db.db)).toEqual([]);
      expect(findSession(db.db, UID as never)?.state).not.toBe('evicted');
    });

  for (const what of ['without any trigger', 'with a foreign trigger'])
    test(`${what}: nothing is let go, and the way out is said`, async () => {
      using world = new World();
      world.put(claudePath(ID), promptLine(ID, 'mine'));
      await world.ingest();
      for (const sql of HARMS[what] ?? []) world.db.exec(sql);
      const refusal = (work: () => unknown) => {
        try {
          work();
        } catch (thrown) {
          if (thrown instanceof FailureError) return thrown.failure;
          throw thrown;
        }
        return null;
      };
      const card = findSession(world.db, UID as never);
      const victim = { uid: UID as never, generation: card?.generation ?? 0, storedBytes: 1, reason: 'x' };
      for (const work of [() => world.evict(UID), () => loseByHand(world.db, victim, world.now)])
        expect(refusal(work)).toMatchObject({
          code: 'corrupt',
          hint: expect.stringContaining('verify --repair'),
        });
      expect(world.stored(UID).toString()).toBe(promptLine(ID, 'mine'));
    });
});

function closing(db: ReturnType<typeof openWritable>) {
  return { db, [Symbol.dispose]: () => db.close() };
}
