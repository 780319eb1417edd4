/**
 * Sessions within a database and within a text, through the real program: a damaged piece is taken again from where the session
 * lies, an export goes into another store, and what is restored is what was stored.
 */
import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { answered, chat, typed } from '../agents/samples/aider.ts';
import { OPENCODE_SCHEMA } from '../agents/samples/opencode.ts';
import { putPart, putSession } from '../support/opencode-world.ts';
import { Program } from '../support/program.ts';

const ROWS = 'opencode:s1';
const TEXT = 'aider:2026-05-01T10-00-00';

class Home extends Program {
  readonly database = this.put('.local/share/opencode/opencode.db', '');
  readonly history = this.put(
    '.aider.chat.history.md',
    chat('2026-05-01 10:00:00', typed('first'), answered('one')) +
      chat('2026-05-02 10:00:00', typed('second')),
  );

  constructor() {
    super();
    this.env = { SESSION_MEMORY_NOW: '2026-06-01T00:00:00Z', TMPDIR: this.folder };
    using db = new Database(this.database);
    for (const sql of OPENCODE_SCHEMA) db.run(sql);
    putSession(db, 's1', 5);
    putSession(db, 's2', 5);
  }

  ownFiles(): string[] {
    return [this.database, this.history].map((path) =>
      createHash('md5').update(readFileSync(path)).digest('hex'),
    );
  }

  raw = async (uid: string) => (await this.run('show', uid, '--raw')).out;

  damage(sql: string): void {
    using db = new Database(this.store);
    for (const { name } of db
      .query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
      .all())
      db.run(`DROP TRIGGER "${name}"`);
    db.run(sql);
  }
}

test('a damaged piece is taken again from the database and from the history', async () => {
  using home = new Home();
  expect((await home.run('ingest')).code).toBe(0);
  const own = home.ownFiles();
  const before = [await home.raw(ROWS), await home.raw(TEXT)];
  home.damage('UPDATE segments SET data = zeroblob(length(data))');
  expect((await home.run('verify')).code).toBe(1);
  const repaired = await home.run('verify', '--repair');
  expect([repaired.out, repaired.code]).toEqual([expect.stringContaining('Take again'), 0]);
  expect([await home.raw(ROWS), await home.raw(TEXT)]).toEqual(before);
  expect((await home.run('verify')).code).toBe(0);
  expect(home.ownFiles()).toEqual(own);
  expect(readdirSync(home.folder).sort()).toEqual(['data', 'home']);
});

test('what the database has no more is said to be lost, not made up', async () => {
  using home = new Home();
  await home.run('ingest');
  using db = new Database(home.database);
  db.run("UPDATE part SET data = replace(data, 'hi', 'ho')");
  home.damage(
    `UPDATE segments SET data = zeroblob(length(data)) WHERE session_id = (SELECT id FROM sessions WHERE session_uid = '${ROWS}')`,
  );
  const asked = await home.run('verify', '--repair');
  expect([asked.code, asked.out]).toEqual([2, expect.stringContaining('Would lose opencode:s1')]);
});

test('an export goes into another store, which the same sources then have nothing to add to', async () => {
  using home = new Home();
  await home.run('ingest');
  const file = join(home.folder, 'all.zst');
  expect((await home.run('export', '--all', file)).code).toBe(0);
  const before = [await home.raw(ROWS), await home.raw(TEXT)];
  home.store = join(home.folder, 'other', 's.db');
  expect((await home.run('import', '--trust', file)).code).toBe(0);
  expect([await home.raw(ROWS), await home.raw(TEXT)]).toEqual(before);
  expect((await home.run('ingest', '--json')).json()).toMatchObject({ sessions_new: 0, sessions_grown: 0 });
  using db = new Database(home.database);
  putPart(db, 'more', 's1_2', 's1', 'more');
  db.run("UPDATE session SET time_updated = time_updated + 5 WHERE id = 's1'");
  expect((await home.run('ingest', '--json')).json()).toMatchObject({ sessions_new: 0, sessions_grown: 1 });
  expect(await home.raw(ROWS)).toContain('more');
});

test('restored elsewhere and forgotten, both say what still holds them', async () => {
  using home = new Home();
  await home.run('ingest');
  const own = home.ownFiles();
  for (const uid of [ROWS, TEXT]) {
    const to = join(home.folder, 'to');
    const restored = await home.run('restore', uid, '--to', to, '--json');
    expect(restored.code).toBe(0);
    const { files } = restored.json() as { files: string[] };
    expect(readFileSync(files[0] ?? '', 'utf8')).toBe(await home.raw(uid));
    const forgotten = (await home.run('forget', uid, '--yes', '--json')).json();
    expect(forgotten).toMatchObject({ own_files: [uid === ROWS ? home.database : home.history] });
  }
  expect(home.ownFiles()).toEqual(own);
  expect((await home.run('ingest', '--json')).json()).toMatchObject({
    sessions_new: 0,
    sessions_forgotten: 2,
  });
});
