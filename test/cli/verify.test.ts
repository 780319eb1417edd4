/** `verify`: what is whole passes, what is not is named and exits 1, and looking changes nothing. */
import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as schemas from '../../src/cli/schemas.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { runIn } from '../support/runtime.ts';

const ID = 'a0000000-0000-4000-8000-000000000001';
const OTHER = 'a0000000-0000-4000-8000-000000000002';

class Home implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'session-memory-verify-'));
  readonly store = join(this.path, 's.db');

  put(id: string): void {
    const path = join(this.path, claudePath(id));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, promptLine(id, 'hello'));
  }

  run(...args: string[]) {
    return runIn(this.path, ['--store', this.store, ...args]);
  }

  /** Does to the store what no program may: a bad disk knows no triggers. */
  damage(sql: string): void {
    const db = new Database(this.store, { readwrite: true, strict: true });
    const triggers = db
      .query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
      .all();
    for (const { name } of triggers) db.run(`DROP TRIGGER ${name}`);
    db.run(sql);
    db.close(true);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

test.each([
  [
    'a byte of a segment',
    "UPDATE segments SET data = CAST(substr(data, 1, length(data) - 1) || x'00' AS BLOB) WHERE id = 1",
    'main',
  ],
  ['a hash', 'UPDATE segments SET sha256 = zeroblob(32) WHERE id = 1', 'main'],
  ['a lost segment', 'DELETE FROM segments WHERE id = 1', null],
  ['a forged eviction', "UPDATE sessions SET evicted_at = '2026-01-01T00:00:00.000Z' WHERE id = 1", null],
])('%s is named with its session, and its neighbour still reads back', async (_what, sql, file) => {
  using home = new Home();
  home.put(ID);
  home.put(OTHER);
  await home.run('ingest');
  expect((await home.run('verify')).out).toMatch(/^All is well: 2 sessions, 2 segments, /);
  home.damage(sql);
  const told = await home.run('verify', '--json');
  const found = schemas.verifySchema.parse(JSON.parse(told.out));
  expect([told.code, found.ok]).toEqual([1, false]);
  const hit = found.findings.filter(({ session_uid: uid }) => uid === `claude-code:${ID}`);
  expect(hit.length).toBeGreaterThan(0);
  if (file !== null) expect(hit.map((finding) => finding.file)).toContain(file);
  expect(found.findings.filter(({ session_uid: uid }) => uid === `claude-code:${OTHER}`)).toEqual([]);
  expect((await home.run('show', OTHER, '--raw')).bytes.toString()).toBe(promptLine(OTHER, 'hello'));
});

test('bytes that would not be what went in are not given out', async () => {
  using home = new Home();
  home.put(ID);
  await home.run('ingest');
  home.damage('UPDATE segments SET sha256 = zeroblob(32)');
  rmSync(join(home.path, claudePath(ID)));
  const raw = await home.run('show', ID, '--raw');
  expect([raw.code, raw.bytes.length]).toEqual([1, 0]);
  const restored = await home.run('restore', ID);
  expect([restored.code, restored.err]).toEqual([1, expect.stringContaining('session-memory')]);
  expect(() => readFileSync(join(home.path, claudePath(ID)))).toThrow();
});

test('a file that is no store is refused, and left as it is', async () => {
  using home = new Home();
  writeFileSync(
    home.store,
    'my diary, of some length so that nobody takes it for an empty file\n'.repeat(50),
  );
  const before = readFileSync(home.store, 'utf8');
  for (const args of [['status'], ['verify'], ['ingest'], ['sweep', '--yes']]) {
    const { code, err } = await home.run(...args);
    // A wrong file is wrong usage: nothing was changed.
    expect([code, err], args[0]).toEqual([2, expect.stringContaining(home.store)]);
    expect(err).not.toContain('unexpected');
  }
  expect(readFileSync(home.store, 'utf8')).toBe(before);
});

test('what a repair does is told as a sentence: the verb, a colon and what it is done to', async () => {
  using home = new Home();
  home.put(ID);
  await home.run('ingest');
  const db = new Database(home.store, { readwrite: true });
  db.run('DROP TRIGGER sessions_no_replace');
  db.close(true);
  const told = 'the trigger sessions_no_replace of sessions is missing';
  expect((await home.run('verify')).out).toContain(`${told}\n`);
  const dry = await home.run('verify', '--repair', '--dry-run');
  expect(dry.out).toContain(`Would make anew, as the program has it: ${told}\n`);
  const { code, out } = await home.run('verify', '--repair');
  expect([code, out]).toEqual([0, expect.stringContaining(`Make anew, as the program has it: ${told}\n`)]);
});
