/**
 * opencode's database in every state that its program may leave it in, or bring it into while it is read. What is stored is
 * one moment of it or what was stored before; nothing in its folder is touched, nothing stays in the temporary folder.
 */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { listSessions } from '../../src/store/read.ts';
import { OpencodeWorld, putPart, putSession } from '../support/opencode-world.ts';

const UID = 'opencode:s1';
const WRITER = join(import.meta.dir, '../support/opencode-writer.ts');

async function startWriter(path: string, mode: string) {
  const writer = Bun.spawn([process.execPath, WRITER, path, mode], { stdout: 'pipe', stderr: 'inherit' });
  for await (const chunk of writer.stdout) if (Buffer.from(chunk).toString().includes('ready')) break;
  return writer;
}

/** The state that every part and the session's own row are of; more than one where it is no moment of the database. */
function statesOf(stored: Buffer): string[] {
  const lines = stored
    .toString()
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line));
  const told = lines.flatMap(({ table, row }) =>
    table === 'part' ? [JSON.parse(row.data).text] : table === 'session' ? [row.title] : [],
  );
  return [...new Set(told.map((text: string) => /^state \d+ /.exec(text)?.[0] ?? text))];
}

describe('while its program writes without a pause', () => {
  for (const mode of ['wal', 'delete']) {
    test(`each reading is one moment of it: ${mode}`, async () => {
      using world = new OpencodeWorld();
      world.made().close();
      using db = new Database(world.path);
      putSession(db, 's1', 60);
      db.close();
      const writer = await startWriter(world.path, mode);
      const seen = new Set<string>();
      try {
        for (let n = 0; n < 60 && seen.size < 4; n++) {
          const isEmpty = [...listSessions(world.db)].some(({ rawBytes }) => rawBytes === 0);
          const { warnings } = await world.ingest();
          // One that was met and could not be read yet is tried by the next analysis, which finds nothing in it.
          const noBytes = isEmpty ? `analyze failed for ${UID}: no record at all` : null;
          for (const warning of warnings.filter((text) => text !== noBytes))
            expect(warning).toContain('its program is writing to it');
          if ([...listSessions(world.db)].every(({ rawBytes }) => rawBytes === 0)) continue;
          const states = statesOf(world.stored(UID));
          expect(states.length).toBe(1);
          seen.add(states[0] ?? '');
        }
      } finally {
        writer.kill('SIGKILL');
        await writer.exited;
      }
      expect(seen.size).toBe(4);
      await world.look();
      expect(statesOf(world.stored(UID)).length).toBe(1);
    }, 60_000);
  }
});

describe('as a program that died left it', () => {
  async function died(world: OpencodeWorld): Promise<void> {
    world.made().close();
    using db = new Database(world.path);
    putSession(db, 's1', 20);
    db.close();
    const writer = await startWriter(world.path, 'stop');
    writer.kill('SIGKILL');
    await writer.exited;
    expect([existsSync(`${world.path}-wal`), existsSync(`${world.path}-shm`)]).toEqual([true, true]);
  }

  test('with its log and the index of that, the log is read', async () => {
    using world = new OpencodeWorld();
    await died(world);
    expect(await world.look()).toMatchObject({ sessions_new: 1, warnings: [] });
    expect(statesOf(world.stored(UID))).toEqual(['state 3 ']);
  });

  test('with its log alone, the log is read', async () => {
    using world = new OpencodeWorld();
    await died(world);
    rmSync(`${world.path}-shm`);
    expect(await world.look()).toMatchObject({ sessions_new: 1, warnings: [] });
    expect(statesOf(world.stored(UID))).toEqual(['state 3 ']);
    expect(await world.look()).toMatchObject({ sessions_unchanged: 1, files_read: 0 });
  });

  test('with its log alone, the database is copied once for all of its sessions, and anew where it has changed', async () => {
    using other = new OpencodeWorld();
    using world = new OpencodeWorld();
    await died(world);
    rmSync(`${world.path}-shm`);
    for (const end of ['', '-wal']) copyFileSync(world.path + end, other.path + end);
    using db = new Database(other.path);
    for (let n = 0; n < 30; n++) putSession(db, `t${n}`, 1);
    // What a reading meets is the log of a program that died again.
    for (const end of ['', '-wal']) copyFileSync(other.path + end, world.path + end);
    let copies = 0;
    const watcher = watch(join(world.folder, 'temp'), (event) => {
      if (event === 'rename') copies += 1;
    });
    expect(await world.look()).toMatchObject({ sessions_new: 31, warnings: [] });
    await Bun.sleep(0);
    watcher.close();
    // Made and removed: of each folder a watch may tell twice.
    expect(copies).toBeLessThan(10);
    putSession(db, 'later', 1);
    for (const end of ['', '-wal']) copyFileSync(other.path + end, world.path + end);
    expect(await world.look()).toMatchObject({ sessions_new: 1, warnings: [] });
  });

  test('with an empty log, with and without its index', async () => {
    using world = new OpencodeWorld();
    await died(world);
    using db = new Database(world.path);
    db.run('PRAGMA wal_checkpoint(TRUNCATE)');
    db.run('PRAGMA locking_mode = NORMAL');
    const bytes = readFileSync(world.path);
    db.close();
    writeFileSync(world.path, bytes);
    writeFileSync(`${world.path}-wal`, '');
    expect(await world.look()).toMatchObject({ sessions_new: 1, warnings: [] });
    expect(statesOf(world.stored(UID))).toEqual(['state 3 ']);
    writeFileSync(`${world.path}-shm`, '');
    expect(await world.look()).toMatchObject({ sessions_unchanged: 1, warnings: [] });
  });

  test('in the middle of a write with a rollback journal, what was there before the write is read', async () => {
    using world = new OpencodeWorld();
    using db = world.made();
    putSession(db, 's1', 300, 'before');
    db.run('PRAGMA cache_size = 2');
    db.run('BEGIN IMMEDIATE');
    db.run(`UPDATE part SET data = '{"type":"text","text":"half done ${'x'.repeat(3000)}"}'`);
    // What a kill at this moment leaves.
    for (const end of ['', '-journal']) copyFileSync(world.path + end, join(world.folder, `left${end}`));
    db.run('ROLLBACK');
    db.close();
    for (const end of ['', '-journal']) copyFileSync(join(world.folder, `left${end}`), world.path + end);
    expect(await world.look()).toMatchObject({ sessions_new: 1, warnings: [] });
    const stored = world.stored(UID).toString();
    expect(stored).not.toContain('half done');
    expect(stored.match(/"table":"part"/g)?.length).toBe(301);
  }, 20_000);
});

describe('where it cannot be read', () => {
  const kept: Record<string, (world: OpencodeWorld) => undefined | (() => void)> = {
    'its program is writing to it': ({ path }) => {
      const owner = new Database(path);
      owner.run('BEGIN EXCLUSIVE');
      return () => owner.close();
    },
    'it is damaged, or no SQLite database': ({ path }) =>
      void writeFileSync(path, 'no database at all, however long it may be\n'.repeat(1000)),
  };
  for (const [why, spoil] of Object.entries(kept)) {
    test(`what is stored stays, and that is said: ${why}`, async () => {
      using world = new OpencodeWorld();
      const db = world.made();
      putSession(db, 's1');
      db.close();
      await world.look();
      const before = world.stored(UID);
      const undo = spoil(world);
      const report = await world.look();
      undo?.();
      expect(report.warnings.join()).toContain(why);
      expect(report).toMatchObject({ sessions_new: 0, sessions_grown: 0, sessions_found: 0 });
      expect(world.stored(UID).equals(before)).toBe(true);
    }, 20_000);
  }

  test('a database, or its folder, that is gone changes nothing in the store', async () => {
    using world = new OpencodeWorld();
    const db = world.made();
    putSession(db, 's1');
    db.close();
    await world.look();
    const before = world.stored(UID);
    rmSync(world.path);
    expect(await world.look()).toMatchObject({ sessions_found: 0, warnings: [] });
    renameSync(world.root, join(world.folder, 'gone'));
    expect(await world.ingest()).toMatchObject({ sessions_found: 0, warnings: [] });
    expect(world.stored(UID).equals(before)).toBe(true);
    expect([...listSessions(world.db)].length).toBe(1);
  });

  test('one that is gone, or has become another, between being listed and being opened is a warning', async () => {
    for (const meanwhile of [
      (world: OpencodeWorld) => rmSync(world.path),
      (world: OpencodeWorld) => rmSync(world.root, { recursive: true }),
      (world: OpencodeWorld) => {
        rmSync(world.path);
        symlinkSync('/etc/passwd', world.path);
      },
      (world: OpencodeWorld) => {
        using db = new Database(world.path);
        for (const table of ['session', 'message', 'part']) db.run(`DELETE FROM ${table}`);
      },
    ]) {
      using world = new OpencodeWorld();
      const db = world.made();
      putSession(db, 's1');
      putSession(db, 's2');
      db.close();
      world.meanwhile = () => meanwhile(world);
      const report = await world.ingest();
      expect(report).toMatchObject({ failed: 2 });
      expect(report.warnings.length).toBe(2);
      for (const { rawBytes } of listSessions(world.db)) expect(rawBytes).toBe(0);
    }
  });

  test('a link that leads out of the root is not followed', async () => {
    using world = new OpencodeWorld();
    mkdirSync(join(world.folder, 'outside'));
    const outside = join(world.folder, 'outside/opencode.db');
    const db = world.made(undefined, 'DELETE', outside);
    putSession(db, 's1');
    db.close();
    symlinkSync(outside, world.path);
    const { warnings, sessions_found } = await world.look();
    expect(sessions_found).toBe(0);
    expect(warnings.join()).toContain('a link that leaves');
  });

  test('a folder that may only be read is read', async () => {
    using world = new OpencodeWorld();
    const db = world.made(undefined, 'WAL');
    putSession(db, 's1');
    db.close();
    chmodSync(world.path, 0o444);
    chmodSync(world.root, 0o555);
    expect(await world.look()).toMatchObject({ sessions_new: 1, warnings: [] });
    chmodSync(world.root, 0o755);
    world.expectSame(UID);
  });
});

test('a transcript that was restored does not take the place of what the database has by now', async () => {
  using world = new OpencodeWorld();
  const db = world.made();
  putSession(db, 's1');
  await world.look();
  const path = world.put('restored/opencode/s1.jsonl', world.stored(UID));
  putPart(db, 'more', 's1_2', 's1', 'more');
  db.run('UPDATE session SET time_updated = time_updated + 5');
  await world.look();
  world.expectSame(UID);
  await world.ingest({ paths: [path] });
  world.expectSame(UID);
  db.close();
});
