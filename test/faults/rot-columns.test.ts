/** Damage in a row that leaves its page readable: a time or a word that is none is found, mended where something tells it, and stops no command. */
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeRotStore, program, type RotStore } from '../../scripts/torture/rot-store.ts';
import { verifySchema } from '../../src/cli/schemas.ts';
import { agentId } from '../../src/domain/ids.ts';
import { nameOf, TIMES, WORDS } from '../../src/store/verify/books.ts';

const root = mkdtempSync(join(tmpdir(), 'session-memory-rot-columns-'));
let made: RotStore;
beforeAll(async () => {
  made = await makeRotStore(join(root, 'made'));
  // So that each table has a row.
  const db = new Database(made.store, { readonly: true });
  const rewritten = db
    .query<{ uid: string }, []>(
      'SELECT DISTINCT session_uid AS uid FROM versions v JOIN sessions s ON s.id = v.session_id',
    )
    .all();
  db.close();
  for (const { uid } of rewritten) expect((await program(made.home, made.store, 'pin', uid)).code).toBe(0);
  const swept = await program(made.home, made.store, 'sweep', '--yes', '--soft-cap', '3MiB');
  expect(swept.code).toBe(0);
  expect(
    (await program(made.home, made.store, 'forget', [...made.truth.keys()].at(-1) ?? '', '--yes')).code,
  ).toBe(0);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const COLUMNS = Object.entries(TIMES).flatMap(([table, columns]) =>
  columns.map((column) => [table, column] as const),
);
/** A page of zeros, a flipped bit in a digit, a cut. */
const NO_TIMES = [
  '\0'.repeat(24),
  '2026-0:-01T10:00:00.000Z',
  '2026-06-01T10:00:0',
  '2026-06-01T10:00:00.000Z\0',
];

interface Copy {
  readonly store: string;
  run(...args: string[]): ReturnType<typeof program>;
}

/** A copy of the store, with the home of nobody. */
function copy(): Copy {
  const folder = mkdtempSync(join(root, 'copy-'));
  const [store, home] = [join(folder, 's.db'), join(folder, 'home')];
  copyFileSync(made.store, store);
  mkdirSync(home);
  return { store, run: (...args) => program(home, store, ...args) };
}

/** Changes all rows of a column past the program; returns how many. `value`: an SQL expression. */
function put(store: string, table: string, column: string, value: string): number {
  return past(store, `UPDATE ${table} SET ${column} = ${value} WHERE ${column} IS NOT NULL`);
}

function past(store: string, sql: string): number {
  const db = new Database(store);
  const triggers = db
    .query<{ name: string; sql: string }, []>("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
    .all();
  for (const { name } of triggers) db.run(`DROP TRIGGER "${name}"`);
  const { changes } = db.run(sql);
  for (const trigger of triggers) db.run(trigger.sql);
  db.run('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close(true);
  return changes;
}

test.each(COLUMNS)(
  '%s.%s',
  async (table, column) => {
    for (const value of NO_TIMES) {
      const { store, run } = copy();
      expect((await run('verify')).out).toContain('All is well');
      const hits = put(store, table, column, `CAST(x'${Buffer.from(value).toString('hex')}' AS TEXT)`);
      if (hits === 0) {
        // Nothing of this kind is there to be hit, and no time is read out of it.
        expect([table, column]).toBeOneOf([['sessions', 'later_at']]);
        return;
      }
      const found = verifySchema.parse(JSON.parse((await run('verify', '--json')).out));
      expect(found.findings.some(({ problem }) => /^a time of its \w+ is none$/.test(problem))).toBe(true);
      for (const call of [['list'], ['status'], ['history'], ['show', made.evicted[0] ?? '']]) {
        const told = await run(...call);
        expect([call, told.out + told.err]).toEqual([
          call,
          expect.not.stringMatching(/unexpected|NaN|Invalid Date/),
        ]);
      }
      const repaired = await run('verify', '--repair', '--yes');
      expect([value, [0, 3].includes(repaired.code), repaired.err]).toEqual([
        value,
        true,
        expect.any(String),
      ]);
      expect((await run('verify')).out).toContain('All is well');
      for (const uid of made.evicted) expect((await run('show', uid)).code).toBe(0);
    }
  },
  120_000,
);

/** The third letter another one, the last one left out, zeros. */
const NO_WORDS = (column: string) => ({
  flipped: `substr(${column}, 1, 2) || '~' || substr(${column}, 4)`,
  cut: `substr(${column}, 1, length(${column}) - 1)`,
  zeros: `CAST(zeroblob(length(${column})) AS TEXT)`,
});

function rowsOf<Row>(store: string, sql: string): Row[] {
  const db = new Database(store, { readonly: true });
  const rows = db.query<Row, []>(sql).all();
  db.close();
  return rows;
}

const BEARERS = 'SELECT DISTINCT session_uid AS uid FROM files f JOIN sessions s ON s.id = f.session_id';

const WORD_COLUMNS = Object.entries(WORDS).flatMap(([table, columns]) =>
  Object.keys(columns).map((column) => [table, column] as const),
);

test.each(WORD_COLUMNS)(
  '%s.%s is one of its words again, and every transcript is there',
  async (table, column) => {
    const words = `SELECT id, ${column} FROM ${table} ORDER BY id`;
    const before = rowsOf(made.store, words);
    const held = rowsOf<{ uid: string }>(made.store, `${BEARERS} WHERE gone = 0`).filter(({ uid }) =>
      made.truth.has(uid),
    );
    for (const [kind, value] of Object.entries(NO_WORDS(column))) {
      const { store, run } = copy();
      expect(put(store, table, column, value), kind).toBeGreaterThan(0);
      const found = verifySchema.parse(JSON.parse((await run('verify', '--json')).out));
      const named = found.findings.filter(
        ({ problem }) => problem === `one of its files has no ${column} that there is`,
      );
      expect(
        named.map((finding) => ({ uid: finding.session_uid })),
        kind,
      ).toEqual(expect.arrayContaining(rowsOf(store, BEARERS)));
      expect([kind, (await run('verify', '--repair', '--yes')).code]).toEqual([kind, 0]);
      expect((await run('verify')).out).toContain('All is well');
      if (kind !== 'zeros') expect(rowsOf(store, words), kind).toEqual(before);
      for (const { uid } of held.slice(0, 3)) {
        const shown = await run('show', uid, '--raw');
        expect([kind, shown.code, shown.bytes.equals(made.truth.get(uid) ?? Buffer.alloc(0))]).toEqual([
          kind,
          0,
          true,
        ]);
      }
    }
  },
  120_000,
);

test.each([
  '[{0,5]]',
  '[[0,5',
  '7',
  'null',
  '{}',
  '[1,2]',
  '[[0,"a"]]',
  '[[0,5],[3]]',
  '[[-5,10]]',
  '[[0.5,2]]',
  '[[1e300,5]]',
  '[]',
])(
  'files.extents: of %p nothing is given out, it is found, and recorded as lost',
  async (extents) => {
    const [hit] = rowsOf<{ uid: string }>(made.store, `${BEARERS} WHERE extents IS NOT NULL AND gone = 0`);
    const uid = hit?.uid ?? '';
    const { store, run } = copy();
    expect(put(store, 'files', 'extents', `'${extents}'`)).toBeGreaterThan(0);
    for (const call of [
      ['show', uid, '--raw'],
      ['export', uid, `${store}.smx`],
    ]) {
      const told = await run(...call);
      expect([call[0], told.code, told.err]).toEqual([
        call[0],
        1,
        expect.not.stringMatching(/unexpected|This is a bug/),
      ]);
    }
    const found = verifySchema.parse(JSON.parse((await run('verify', '--json')).out));
    expect(found.findings.map((finding) => finding.session_uid)).toEqual([uid]);
    expect((await run('verify', '--repair', '--yes')).code).toBe(3);
    expect((await run('verify')).code).toBe(0);
  },
  120_000,
);

/** Live sessions of one segment, by their rows. */
const SMALL = `SELECT s.id AS id, f.id AS fileId, session_uid AS uid, agent, native_id AS nativeId
  FROM sessions s JOIN files f ON f.session_id = s.id
  WHERE evicted_at IS NULL AND f.extents IS NULL AND (SELECT count(*) FROM segments WHERE file_id = f.id) = 1 ORDER BY s.id`;

interface Small {
  readonly id: number;
  readonly fileId: number;
  readonly uid: string;
  readonly agent: string;
  readonly nativeId: string;
}

const PROVEN: readonly (readonly [string, string, 0 | 3])[] = [
  ['its hash stands, and its agent has it still: taken again', '', 0],
  [
    'nothing proves what its agent has: told as lost, and not given out as empty',
    ', sha256 = zeroblob(32)',
    3,
  ],
];

test.each(PROVEN)(
  'a file whose row says no byte any more, and its segment gone; %s',
  async (_, hash, code) => {
    const { store, run } = copy();
    const [{ fileId, uid } = { fileId: 0, uid: '' }] = rowsOf<Small>(store, SMALL);
    const truth = await run('show', uid, '--raw');
    expect([truth.code, truth.bytes.length > 0]).toEqual([0, true]);
    past(store, `DELETE FROM segments WHERE file_id = ${fileId}`);
    const zeros = `raw_bytes = 0, log_bytes = 0, encoding = CAST(zeroblob(5) AS TEXT)${hash}`;
    past(store, `UPDATE files SET ${zeros} WHERE id = ${fileId}`);
    const repaired = await run('verify', '--repair', '--yes');
    expect(repaired.code).toBe(code);
    expect(repaired.out.includes('nothing was lost')).toBe(code === 0);
    const again = verifySchema.parse(JSON.parse((await run('verify', '--json')).out));
    expect([again.findings, again.lost.map((loss) => loss.session_uid)]).toEqual([
      [],
      code === 0 ? [] : [uid],
    ]);
    const shown = await run('show', uid, '--raw');
    expect([shown.code, shown.bytes.equals(truth.bytes)]).toEqual(code === 0 ? [0, true] : [1, false]);
  },
);

/** Zeros from one byte to another of a text, which columns that lie beside each other in a row make. */
function zeroBytes(store: string, text: string, from: number, to: number): void {
  const bytes = readFileSync(store);
  const at = bytes.indexOf(text);
  expect(at, 'it stands in the file').toBeGreaterThan(0);
  writeFileSync(store, bytes.fill(0, at + from, at + to));
}

test('a session whose name and id are zeros from the middle on has the name that the index has', async () => {
  const { store, run } = copy();
  const [hit = { uid: '', agent: '', nativeId: '' }] = rowsOf<Small>(store, SMALL);
  const columns = hit.uid + hit.agent + hit.nativeId;
  zeroBytes(store, columns, hit.agent.length + 8, columns.length);
  expect((await run('verify')).code).toBe(1);
  expect((await run('verify', '--repair', '--yes')).code).toBe(0);
  expect((await run('verify')).out).toContain('All is well');
  const shown = await run('show', hit.uid, '--raw');
  expect([shown.code, shown.bytes.equals(made.truth.get(hit.uid) ?? Buffer.alloc(0))]).toEqual([0, true]);
});

test('a name of zeros is the one that the index has, and the id beside it stays, though it is no part of the name', async () => {
  const { store, run } = copy();
  const [hit = { uid: '', agent: '', nativeId: '' }] = rowsOf<Small>(store, SMALL);
  const nativeId = 'an id/with a blank';
  const uid = nameOf({ agent: agentId(hit.agent), nativeId });
  for (const table of ['sessions', 'events'])
    past(store, `UPDATE ${table} SET session_uid = '${uid}' WHERE session_uid = '${hit.uid}'`);
  past(store, `UPDATE sessions SET native_id = '${nativeId}' WHERE session_uid = '${uid}'`);
  zeroBytes(store, uid + hit.agent + nativeId, 0, uid.length);
  expect((await run('verify', '--repair', '--yes')).code).toBe(0);
  expect((await run('verify')).out).toContain('All is well');
  expect(rowsOf<Small>(store, SMALL)[0]).toMatchObject({ uid, agent: hit.agent, nativeId });
});

test('of two files whose rows say no byte any more the loss is recorded, and only once', async () => {
  const { store, run } = copy();
  const [{ id, fileId, uid } = { id: 0, fileId: 0, uid: '' }] = rowsOf<Small>(store, SMALL);
  past(store, `DELETE FROM segments WHERE file_id = ${fileId}`);
  const columns = 'session_id, role, key, rel_path, encoding, raw_bytes, log_bytes';
  past(
    store,
    `INSERT INTO files (${columns}) SELECT session_id, 'sidecar', 'beside', 'beside', encoding, 0, 0 FROM files WHERE id = ${fileId}`,
  );
  past(store, `UPDATE files SET raw_bytes = 0, log_bytes = 0, sha256 = NULL WHERE session_id = ${id}`);
  past(store, `UPDATE sessions SET file_count = 2 WHERE id = ${id}`);
  const harmed = `UPDATE files SET encoding = CAST(zeroblob(5) AS TEXT) WHERE id = ${fileId}`;
  const losses = `SELECT reason FROM events WHERE session_id = ${id} AND kind = 'data_loss'`;
  past(store, harmed);
  const first = await run('verify', '--repair', '--yes');
  expect([first.code, rowsOf(store, losses)]).toEqual([
    3,
    [{ reason: expect.stringMatching(/^damaged: no row of its files tells of \d+ of its bytes any more$/) }],
  ]);
  past(store, harmed);
  expect([(await run('verify', '--repair', '--yes')).code, rowsOf(store, losses).length]).toEqual([0, 1]);
  expect([uid, (await run('verify')).code]).toEqual([uid, 0]);
});

test('an event whose session is zeros makes no session, and is told of', async () => {
  const { store, run } = copy();
  const sessions = rowsOf(store, 'SELECT session_uid FROM sessions ORDER BY id');
  const zeros = 'session_id = 0, session_uid = CAST(zeroblob(20) AS TEXT)';
  expect(past(store, `UPDATE events SET ${zeros} WHERE kind = 'pinned'`)).toBeGreaterThan(0);
  expect((await run('verify')).code).toBe(1);
  const repaired = await run('verify', '--repair', '--yes');
  expect([repaired.code, repaired.out]).toEqual([3, expect.stringContaining('events of nobody')]);
  expect((await run('verify')).out).toContain('All is well');
  expect(rowsOf(store, 'SELECT session_uid FROM sessions ORDER BY id')).toEqual(sessions);
});

test.each([
  ['digests', 'json'],
  ['sweeps', 'report'],
  ['runs', 'problems'],
])(
  '%s.%s that is no JSON stops no command, and is no bug',
  async (table, column) => {
    const { store, run } = copy();
    expect((await run('maintain', '--yes', '--no-data-loss')).code).toBe(0);
    expect(put(store, table, column, `'~' || substr(${column}, 2)`)).toBeGreaterThan(0);
    const [uid = ''] = made.evicted;
    const damaged = `a digest of ${uid} is damaged`;
    for (const call of [
      ['status'],
      ['list'],
      ['history'],
      ['history', '--json'],
      ['search', 'the'],
      ['show', uid],
      ['show', uid, '--json'],
      ['show', uid, '--markdown', '--tokens', '2000'],
      ['doctor'],
      ['forget', uid, '--yes'],
    ]) {
      const told = await run(...call);
      expect([call, told.out + told.err]).toEqual([call, expect.not.stringContaining('This is a bug')]);
      const isHit = table === 'digests' && call[0] === 'show';
      if (isHit)
        expect([call, told.code, told.out + told.err]).toEqual([call, 1, expect.stringContaining(damaged)]);
      else if (call[0] !== 'doctor')
        expect([call, told.code, told.err]).toEqual([call, 0, expect.any(String)]);
    }
  },
  120_000,
);
