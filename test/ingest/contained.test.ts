/**
 * Sessions within a database through all that befalls a session in the store: the cap, evictions, `--full`, repairs, purges,
 * exports. A database is looked at for what is in it now, so each of these must ask it anew.
 */
import type { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { AGENTS } from '../../src/agents/registry.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import { reopen } from '../../src/files/contained/contained.ts';
import { Spool } from '../../src/files/spool.ts';
import { watchFolders } from '../../src/ingest/discover/watch.ts';
import { forgetSession } from '../../src/store/forget.ts';
import { findSession, listSessions } from '../../src/store/read.ts';
import { usage } from '../../src/store/usage.ts';
import { OpencodeWorld, putPart, putSession } from '../support/opencode-world.ts';

const UID = 'opencode:s1' as SessionUid;

/** Without a log where what is beside the database is held against what it was: of one process, all share its index. */
function begun(world: OpencodeWorld, mode = 'DELETE'): Database {
  const db = world.made(undefined, mode);
  putSession(db, 's1', 3);
  return db;
}

function grow(db: Database, id = 'more', text = 'more'): void {
  putPart(db, id, 's1_2', 's1', text);
  db.run("UPDATE session SET time_updated = time_updated + 5 WHERE id = 's1'");
}

/** Text that does not compress. */
const noise = (bytes: number, seed = 'x') =>
  Array.from({ length: Math.ceil(bytes / 64) }, (_, n) =>
    createHash('sha256').update(`${seed}${n}`).digest('hex'),
  ).join('');

describe('the cap', () => {
  test('is held by what rows really take, though their length is a guess until they are read', async () => {
    using world = new OpencodeWorld();
    using db = begun(world);
    putPart(db, 'big', 's1_2', 's1', noise(400_000));
    const options = { hardCapBytes: 500_000 };
    expect(await world.look(options)).toMatchObject({ sessions_new: 1, over_hard_cap: false });
    const before = world.stored(UID);
    grow(db, 'more', noise(600_000, 'y'));
    expect(await world.look(options)).toMatchObject({ sessions_waiting: 1, over_hard_cap: true });
    expect(usage(world.db).tier1Bytes).toBeLessThan(500_000);
    expect(world.stored(UID).equals(before)).toBe(true);
    expect(await world.look()).toMatchObject({ sessions_grown: 1, over_hard_cap: false });
    world.expectSame(UID);
  });

  test('leaves in what still fits, however large the database', async () => {
    using world = new OpencodeWorld();
    using db = begun(world);
    putPart(db, 'big', 's1_2', 's1', noise(400_000));
    for (let n = 2; n < 9; n++) putSession(db, `s${n}`, 1);
    await world.look({ hardCapBytes: 500_000 });
    grow(db);
    expect(await world.look({ hardCapBytes: 500_000 })).toMatchObject({
      sessions_grown: 1,
      sessions_waiting: 0,
    });
  });

  test('a session that alone exceeds it is digested from the database, once', async () => {
    using world = new OpencodeWorld();
    using db = begun(world);
    putPart(db, 'big', 's1_2', 's1', noise(600_000));
    const options = { hardCapBytes: 300_000 };
    expect(await world.look(options)).toMatchObject({ sessions_digest_only: 1 });
    expect(JSON.parse(world.digestJson(UID)).prompts).toMatchObject([{ text: 'asked hi' }]);
    expect(await world.look(options)).toMatchObject({ sessions_digest_only: 0, sessions_unchanged: 1 });
  });
});

test('what is evicted comes back only where its rows have changed', async () => {
  using world = new OpencodeWorld();
  using db = begun(world);
  await world.look();
  world.evict(UID);
  expect(await world.look()).toMatchObject({ sessions_new: 0, sessions_grown: 0, files_read: 0 });
  expect(await world.look({ full: true })).toMatchObject({ sessions_new: 0, sessions_grown: 0 });
  // Told as changed, and the same all the same.
  world.db.run("UPDATE sources SET stat = 'rows:1:'");
  expect(await world.look()).toMatchObject({ sessions_evicted: 1, sessions_grown: 0 });
  expect(findSession(world.db, UID)?.evictedAt).not.toBeNull();
  grow(db);
  expect(await world.look()).toMatchObject({ sessions_grown: 1, warnings: [] });
  world.expectSame(UID);
});

test('--full holds every row against what is stored, and adds what no version told', async () => {
  using world = new OpencodeWorld();
  using db = begun(world);
  await world.look();
  expect(await world.look({ full: true })).toMatchObject({ sessions_grown: 0, stored_bytes_added: 0 });
  db.run("UPDATE part SET data = replace(data, 'asked', 'begged')");
  expect(await world.look()).toMatchObject({ sessions_grown: 0 });
  expect(await world.look({ full: true })).toMatchObject({ sessions_grown: 1, warnings: [] });
  world.expectSame(UID);
  expect(world.removed(UID)).toContain('asked hi');
});

test('is opened again by the path that the store knows, and refused where it is not there', async () => {
  using world = new OpencodeWorld();
  using db = begun(world);
  for (const id of ['a#b', 'ü/x', 'n\u0000l']) putSession(db, id, 1);
  await world.look();
  for (const { uid } of listSessions(world.db)) {
    const path = world.db.get<{ path: string }>(
      'SELECT path FROM sources o JOIN sessions s ON s.id = o.session_id WHERE s.session_uid = $uid',
      { uid },
    )?.path;
    using source = reopen(AGENTS, path ?? '');
    if (source === null) throw new Error('no container');
    expect(Buffer.from(source.readAt(0, source.sizeBytes)).equals(world.stored(uid))).toBe(true);
  }
  expect(() => reopen(AGENTS, `${world.path}#none`)).toThrow('does not hold it any more');
  expect(() => reopen(AGENTS, `${world.path}.gone#s1`)).toThrow('does not hold it any more');
});

test('what is forgotten is not stored again, and the other sessions of the database are', async () => {
  using world = new OpencodeWorld();
  using db = begun(world);
  putSession(db, 's2');
  await world.look();
  forgetSession(world.db, UID, world.now);
  grow(db);
  db.run("UPDATE session SET title = 'renamed', time_updated = time_updated + 9 WHERE id = 's2'");
  expect(await world.look()).toMatchObject({ sessions_forgotten: 1, sessions_grown: 1, sessions_new: 0 });
  expect(await world.look({ full: true })).toMatchObject({ sessions_forgotten: 1 });
  expect(
    [...listSessions(world.db)].filter(({ rawBytes }) => rawBytes > 0).map(({ uid }) => uid as string),
  ).toEqual(['opencode:s2']);
});

test('a write to the log alone is seen by whoever watches the folder', async () => {
  using world = new OpencodeWorld();
  using db = begun(world, 'WAL');
  const seen = Promise.withResolvers<void>();
  const watch = watchFolders([{ path: world.root, recursive: false }], seen.resolve, seen.reject);
  grow(db);
  await seen.promise;
  watch.close();
});

test('bytes that a spool has written out are let go', async () => {
  using world = new OpencodeWorld();
  using spool = new Spool(join(world.folder, 'spool'));
  const refs: WeakRef<Uint8Array>[] = [];
  const again: (() => Uint8Array)[] = [];
  for (let n = 0; n < 12; n++) {
    const piece = new Uint8Array(4 * 1024 * 1024).fill(n);
    refs.push(new WeakRef(piece));
    again.push(spool.add(piece));
  }
  await Bun.sleep(0);
  Bun.gc(true);
  // The first four stay in memory; the last may still lie on the stack.
  expect(refs.slice(4, -1).filter((ref) => ref.deref() !== undefined).length).toBeLessThan(2);
  for (const [n, piece] of again.entries()) expect(piece()[0]).toBe(n);
});
