/** A store of each age: brought up to date in one transaction, or refused untouched. */
import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FailureError } from '../../src/domain/errors.ts';
import { takeSweepLock } from '../../src/store/lock.ts';
import { MIGRATIONS } from '../../src/store/migrations/index.ts';
import { openReadable, openWritable } from '../../src/store/open.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const NEWEST = Math.max(...MIGRATIONS.map(({ version }) => version));
const NEXT = { version: NEWEST + 1, name: 'test', sql: 'ALTER TABLE sessions ADD COLUMN mood TEXT;' };
const BROKEN = {
  version: NEWEST + 1,
  name: 'broken',
  sql: 'ALTER TABLE sessions ADD COLUMN mood TEXT; CREATE TABLE sessions (x);',
};
const ID = '11111111-1111-4111-8111-111111111111';

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'done';
  } catch (thrown) {
    return thrown instanceof FailureError ? thrown.failure.code : `bug: ${thrown}`;
  }
}

test('an older store is migrated, its bytes come back, and all but the segments lies beside it', async () => {
  using world = new World();
  world.put(claudePath(ID), promptLine(ID, 'one'));
  await world.ingest();
  openWritable(world.db.path, { migrations: [...MIGRATIONS, NEXT] }).close();
  const bare = new Database(world.db.path);
  expect(bare.query('PRAGMA user_version').get()).toEqual({ user_version: NEWEST + 1 });
  expect(bare.query('SELECT mood, session_uid FROM sessions').all()).toEqual([
    { mood: null, session_uid: `claude-code:${ID}` },
  ]);
  bare.close();
  expect(world.stored(`claude-code:${ID}`).toString()).toBe(promptLine(ID, 'one'));
  const copy = new Database(`${world.db.path}.before-v${NEWEST + 1}`, { readonly: true });
  const tables = copy
    .query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all()
    .map(({ name }) => name);
  expect(tables).toContain('digests');
  expect(tables).not.toContain('segments');
  expect(
    tables.filter((name) => name.startsWith('search')),
    'it is made of the digests',
  ).toEqual([]);
  expect(copy.query('SELECT count(*) AS n FROM digests').get()).toEqual({ n: 1 });
  copy.close();
  expect(
    statSync(`${world.db.path}.before-v${NEWEST + 1}`).mode & 0o077,
    'the copy is for its owner only',
  ).toBe(0);
});

test('a migration that fails leaves the store as it was, and usable', async () => {
  using world = new World();
  world.put(claudePath(ID), promptLine(ID, 'one'));
  await world.ingest();
  expect(codeOf(() => openWritable(world.db.path, { migrations: [...MIGRATIONS, BROKEN] }))).toContain('bug');
  const again = openWritable(world.db.path);
  expect(again.get('PRAGMA user_version')).toEqual({ user_version: NEWEST });
  again.close();
  expect(world.stored(`claude-code:${ID}`).toString()).toBe(promptLine(ID, 'one'));
});

test('a newer store is refused by readers and writers', () => {
  using world = new World();
  const bare = new Database(world.db.path);
  bare.run(`PRAGMA user_version = ${NEWEST + 1}`);
  bare.close();
  expect(codeOf(() => openReadable(world.db.path))).toBe('newer_store');
  expect(codeOf(() => openWritable(world.db.path))).toBe('newer_store');
});

test('a file that is no store, and a database of somebody else, are refused untouched', () => {
  const folder = mkdtempSync(join(tmpdir(), 'session-memory-'));
  const [text, other] = [join(folder, 'text'), join(folder, 'other.db')];
  writeFileSync(text, 'no database at all, but long enough to be looked at\n'.repeat(20));
  const theirs = new Database(other);
  theirs.run('CREATE TABLE t (x)');
  theirs.close();
  for (const path of [text, other]) {
    const before = readFileSync(path);
    expect(codeOf(() => openWritable(path))).toBe('usage');
    expect(codeOf(() => openReadable(path))).toBe('usage');
    expect(readFileSync(path).equals(before)).toBe(true);
  }
  rmSync(folder, { recursive: true });
});

test('no store yet reads as an empty one and is not made', () => {
  const path = join(tmpdir(), `session-memory-none-${crypto.randomUUID()}`, 's.db');
  const db = openReadable(path);
  expect(db.get('SELECT count(*) AS n FROM sessions')).toEqual({ n: 0 });
  db.close();
  expect(existsSync(path)).toBe(false);
});

test('a reader cannot write, in fact and by type', () => {
  using world = new World();
  const reader = openReadable(world.db.path);
  // @ts-expect-error a ReadableDb has no `run`
  expect(() => reader.run("INSERT INTO scans (agent) VALUES ('x')")).toThrow();
  reader.close();
});

test('the sweep lock is one at a time, and dies with its process', async () => {
  using world = new World();
  const path = world.db.path;
  const script = `const { takeSweepLock } = await import(${JSON.stringify(join(import.meta.dir, '../../src/store/lock.ts'))});
    if (takeSweepLock(${JSON.stringify(path)}) !== null) console.log('held'); await new Promise(() => setInterval(() => {}, 1000));`;
  const child = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe' });
  const { value } = await child.stdout.getReader().read();
  expect(Buffer.from(value ?? []).toString(), 'the other process has it').toContain('held');
  expect(takeSweepLock(path)).toBeNull();
  child.kill('SIGKILL');
  await child.exited;
  const lock = takeSweepLock(path);
  expect(lock).not.toBeNull();
  expect(takeSweepLock(path), 'not twice in one process either').toBeNull();
  lock?.release();
});

test('the newest migration names what it brings, so that a store whose header lies about its version is told', () => {
  expect(MIGRATIONS.at(-1)?.brings).toBeString();
});
