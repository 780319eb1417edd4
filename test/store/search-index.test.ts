/** The search index: it follows the digests, holds nothing of what is forgotten, and damage to it stops nothing else. */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { forgetSession, writeAnew } from '../../src/store/forget.ts';
import { MIGRATIONS } from '../../src/store/migrations/index.ts';
import { openWritable } from '../../src/store/open.ts';
import { repairStore } from '../../src/store/repair/store.ts';
import {
  catchUpSearch,
  indexSome,
  rebuildSearchIndex,
  searchPending,
} from '../../src/store/search/documents.ts';
import { search } from '../../src/store/search/search.ts';
import { verify } from '../../src/store/verify/verify.ts';
import { World } from '../support/bench-world.ts';
import { digestUid, found, library, prompt, putDigestOf } from '../support/digests.ts';

describe('the index', () => {
  test('follows a digest that is replaced and one that is dropped', () => {
    using world = library();
    putDigestOf(world.db, 1, { title: 'all new' });
    expect(found(world, 'cookie')).toEqual([]);
    expect(found(world, 'new')).toEqual([1]);
    expect(searchPending(world.db)).toBe(0);
  });

  test('is undone with the transaction that wrote the digest', () => {
    using world = library();
    expect(() =>
      world.db.writeTransaction(() => {
        putDigestOf(world.db, 4, { title: 'never happened' });
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect(found(world, 'happened')).toEqual([]);
    expect(searchPending(world.db)).toBe(0);
    putDigestOf(world.db, 4, { title: 'it did now' });
    expect(found(world, 'now'), 'and the next one is not taken for it').toEqual([4]);
  });

  test('catches up with what another program wrote', () => {
    using world = library();
    const bare = new Database(world.db.path);
    const changed = JSON.stringify({ title: 'rewritten by hand' });
    bare.run('UPDATE digests SET json = ?, bytes = length(CAST(? AS BLOB)) WHERE session_id = 1', [
      changed,
      changed,
    ]);
    bare.close();
    expect(searchPending(world.db)).toBe(1);
    expect(search(world.db, { text: 'x', limit: 1 }).notIndexed).toBe(1);
    expect(catchUpSearch(world.db)).toBe(0);
    expect([found(world, 'rewritten'), found(world, 'cookie')]).toEqual([[1], []]);
  });

  test('is made of the digests that were there before it was', () => {
    using old = new World();
    const path = `${old.folder}/old.db`;
    const before = openWritable(path, { migrations: MIGRATIONS.filter(({ version }) => version < 2) });
    before.close();
    // The digest is written as a program of that day would: without an index to follow it.
    const bare = new Database(path);
    const json = JSON.stringify({ title: 'of old days' });
    bare.run(
      "INSERT INTO sessions (session_uid, agent, native_id) VALUES ('claude-code:a', 'claude-code', 'a')",
    );
    bare.run(
      `INSERT INTO digests (session_id, generation, covers_from, complete, version, made_at, bytes, json)
       VALUES (1, 0, 0, 1, 1, '2026-01-01T00:00:00.000Z', length(?), ?)`,
      [json, json],
    );
    bare.close();
    const db = openWritable(path);
    expect(search(db, { text: 'old days', limit: 1 }).notIndexed).toBe(1);
    expect(catchUpSearch(db)).toBe(0);
    expect(search(db, { text: 'old days', limit: 1 }).hits.length).toBe(1);
    db.close();
  });

  test('of an older version is found by whole words at once, and by stems when it is made anew', () => {
    using old = new World();
    const path = `${old.folder}/old.db`;
    const before = openWritable(path, { migrations: MIGRATIONS.filter(({ version }) => version < 10) });
    const json = JSON.stringify({ title: 'Redirects of parseArgs' });
    before.run("INSERT INTO sessions (session_uid, agent, native_id) VALUES ('codex:a', 'codex', 'a')");
    before.run(
      `INSERT INTO digests (session_id, generation, covers_from, complete, version, made_at, bytes, json)
       VALUES (1, 0, 0, 1, 1, '2026-01-01T00:00:00.000Z', length($json), $json)`,
      { json },
    );
    before.run("INSERT INTO search (rowid, title) VALUES (1, 'redirects of parseargs')");
    before.run('DELETE FROM search_pending');
    before.close();
    const db = openWritable(path);
    const hits = (text: string) => search(db, { text, limit: 1 }).hits.length;
    expect([searchPending(db), hits('redirects'), hits('parseArgs'), hits('redirecting')]).toEqual([
      1, 1, 1, 0,
    ]);
    expect(catchUpSearch(db)).toBe(0);
    expect([hits('redirects'), hits('redirecting'), hits('args')]).toEqual([1, 1, 1]);
    db.close();
  });

  test('is made anew beginning with the newest session', () => {
    using world = library();
    world.db.run('INSERT INTO search_pending (session_id) SELECT DISTINCT session_id FROM digests');
    expect(indexSome(world.db, 1)).toBe(1);
    expect(world.db.all('SELECT session_id AS id FROM search_pending')).toEqual([{ id: 1 }, { id: 2 }]);
  });

  test('is smaller than half of the digests it is made of', async () => {
    using world = new World();
    const words = Array.from({ length: 2000 }, (_, i) => Bun.hash(`${i}`).toString(36).slice(0, 6));
    for (let n = 1; n <= 150; n += 1) {
      const text = Array.from({ length: 400 }, (_, i) => words[(i * i * 7 + n * 13) % words.length]).join(
        ' ',
      );
      putDigestOf(world.db, n, { prompts: [prompt(text)] });
    }
    rebuildSearchIndex(world.db);
    catchUpSearch(world.db);
    const sizes = world.db.get<{ part: number; whole: number }>(
      `SELECT (SELECT sum(length(block)) FROM search_data) AS part, (SELECT sum(bytes) FROM digests) AS whole`,
    );
    expect((sizes?.part ?? 0) / (sizes?.whole ?? 1)).toBeLessThan(0.5);
  });

  test('holds no word of a session that is forgotten', async () => {
    using world = library();
    putDigestOf(world.db, 4, { prompts: [prompt('the codeword is xylophonist')] });
    const text = () => readFileSync(world.db.path, 'latin1') + readFileSync(`${world.db.path}-wal`, 'latin1');
    expect(text()).toContain('xylophonist');
    forgetSession(world.db, digestUid(4), world.now);
    expect(found(world, 'xylophonist')).toEqual([]);
    expect(await writeAnew(world.db, () => false)).toBe(true);
    for (const part of ['xylophonist', 'ylophonist', 'codeword']) expect(text()).not.toContain(part);
    expect(found(world, 'login').sort(), 'the others stay').toEqual([1, 2]);
  });
});

describe('a damaged index', () => {
  const HARMS = [
    ['its blocks are noise', (path: string) => overwrite(path, 'search_data', 0xa5)],
    ['its blocks are zeroes', (path: string) => overwrite(path, 'search_data', 0)],
    ['its list of sizes is noise', (path: string) => overwrite(path, 'search_docsize', 0xa5)],
    ['its table is gone', (path: string) => using(path, (bare) => bare.run('DROP TABLE search'))],
  ] as const;

  function using<T>(path: string, work: (bare: Database) => T): T {
    const bare = new Database(path);
    try {
      return work(bare);
    } finally {
      bare.close(true);
    }
  }

  /** As a bad disk would, on all pages of one table; a page's first bytes say what it is. */
  function overwrite(path: string, table: string, byte: number): void {
    const pages = using(path, (bare) => {
      bare.run('PRAGMA wal_checkpoint(TRUNCATE)');
      return bare
        .query<{ no: number }, [string]>('SELECT pageno AS no FROM dbstat WHERE name = ?')
        .all(table);
    });
    const handle = openSync(path, 'r+');
    for (const { no } of pages)
      writeSync(handle, Buffer.alloc(4096 - 8, byte), 0, 4096 - 8, (no - 1) * 4096 + 8);
    closeSync(handle);
    expect(pages.length).toBeGreaterThan(0);
  }

  function harmed(harm: (path: string) => void): World {
    const world = library();
    const { path } = world.db;
    world.db.close();
    harm(path);
    return Object.assign(world, { db: openWritable(path) });
  }

  test.each(HARMS)('%s: search says so, and how to mend it', (_what, harm) => {
    using world = harmed(harm);
    expect(() => search(world.db, { text: 'login', limit: 1 })).toThrow('the search index is damaged');
  });

  test.each(HARMS)('%s: digests are written and sessions forgotten all the same', (_what, harm) => {
    using world = harmed(harm);
    putDigestOf(world.db, 5, { title: 'written meanwhile' });
    expect(world.db.get('SELECT count(*) AS n FROM digests')).toEqual({ n: 4 });
    try {
      forgetSession(world.db, digestUid(2, 'codex'), world.now);
    } catch (thrown) {
      // Pages that SQLite cannot free: it says so, because words of the session are still in them.
      expect(String(thrown)).toContain('the store is damaged');
    }
    expect(world.db.get('SELECT count(*) AS n FROM digests')).toEqual({ n: 3 });
    expect(world.db.get('SELECT count(*) AS n FROM forgotten')).toEqual({ n: 1 });
  });

  test.each(HARMS)('%s: verify tells, a repair makes it anew, of every digest', async (_what, harm) => {
    using world = harmed(harm);
    const { path } = world.db;
    expect(
      verify(
        world.db,
        () => undefined,
        () => false,
      ).findings.length,
    ).toBeGreaterThan(0);
    world.db.close();
    const options = {
      own: { chunks: nothing },
      at: world.now,
      mayLose: false,
      dryRun: false,
      progress: () => undefined,
    };
    const report = await repairStore(path, options);
    expect({ state: report.state, failed: report.failed, left: report.after.findings }).toEqual({
      state: 'done',
      failed: [],
      left: [],
    });
    Object.assign(world, { db: openWritable(path) });
    expect([found(world, 'login').sort(), found(world, '索')]).toEqual([[1, 2], [3]]);
  });
});

async function* nothing(): AsyncGenerator<Uint8Array> {
  // The agent has no files any more.
}
