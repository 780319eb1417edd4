/** Rot: bytes of a real store's file are not what they were. Each test changes them, and holds that it did. */
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Damaged, lookAt, repairAndLook } from '../../scripts/torture/rot-laws.ts';
import {
  type Harm,
  harm,
  makeRotStore,
  program,
  type RotStore,
  regionsOf,
  SOME_UID,
} from '../../scripts/torture/rot-store.ts';
import { verifySchema } from '../../src/cli/schemas.ts';

const root = mkdtempSync(join(tmpdir(), 'session-memory-rot-'));
let made: RotStore;
let regions: ReturnType<typeof regionsOf>;

beforeAll(async () => {
  made = await makeRotStore(join(root, 'made'));
  regions = regionsOf(made.store);
});
let copies = 0;
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
  console.log(`rot: ${copies} copies of a store of ${regions.size} parts were damaged`);
});

/** A copy of the store, to be damaged; `own`: whether the agents still have their files. */
function copy(own = true): Damaged {
  copies += 1;
  const folder = mkdtempSync(join(root, 'copy-'));
  const store = join(folder, 's.db');
  copyFileSync(made.store, store);
  const home = own ? made.home : join(folder, 'empty-home');
  mkdirSync(home, { recursive: true });
  if (!own) forgetPaths(store);
  return { ...made, home, store, folder };
}

/** As on another machine: what the marks name is not there. */
function forgetPaths(store: string): void {
  const db = new Database(store);
  db.run("UPDATE sources SET path = '/nowhere' || path");
  db.run('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close(true);
}

/** The middle page of a region, and a place in it. */
function placeIn(name: string, share: number): number {
  const places = regions.get(name) ?? [];
  const [first, length] = places[places.length >> 1] ?? [0, 0];
  expect(length, `the store has a part ${name}`).toBeGreaterThan(0);
  return first + Math.floor(length * share);
}

function told(text: string) {
  return verifySchema.parse(JSON.parse(text));
}

const SOME_PARTS = [
  'schema root',
  'sqlite_schema leaf',
  'sessions internal',
  'sessions leaf',
  'sqlite_autoindex_sessions_1 leaf',
  'sessions_native leaf',
  'sessions_by_age leaf',
  'files leaf',
  'sqlite_autoindex_files_1 leaf',
  'segments internal',
  'segments leaf',
  'segments overflow',
  'segments_by_file leaf',
  'digests internal',
  'digests leaf',
  'digests overflow',
  'tombstones leaf',
  'events leaf',
  'events_by_session leaf',
  'counters leaf',
  'sources leaf',
  'scans leaf',
  'forgotten leaf',
  'map of pages',
  'freelist',
];

describe('a whole page of zeros', () => {
  test.each(SOME_PARTS)(
    'in %s: nothing wrong is given out, and a repair mends or records it',
    async (part) => {
      const damaged = copy();
      expect(
        harm(damaged.store, {
          kind: 'zero',
          offset: placeIn(part, 0),
          size: part === 'schema root' ? 3900 : 4096,
        }),
      ).toBeGreaterThan(0);
      const look = await lookAt(damaged);
      expect(look.broken).toEqual([]);
      if (part !== 'freelist') expect(look.findings.length).toBeGreaterThan(0);
      const { broken, lost } = await repairAndLook(damaged);
      expect(broken).toEqual([]);
      // The agents still have every file, so whatever page it was, no transcript is lost.
      expect(lost).toEqual([]);
    },
  );
});

describe('a single bit', () => {
  test.each(SOME_PARTS.flatMap((part) => [0.0004, 0.6].map((share) => [part, share] as const)))(
    'in %s at %d: nothing wrong is given out, and a repair mends or records it',
    async (part, share) => {
      const damaged = copy();
      expect(harm(damaged.store, { kind: 'flip', offset: placeIn(part, share), size: 2 })).toBe(1);
      expect((await lookAt(damaged)).broken).toEqual([]);
      expect((await repairAndLook(damaged)).broken).toEqual([]);
    },
  );
});

test.each([
  ['sqlite_autoindex_files_1 leaf', 'a session whose files no index leads to is not taken for an empty one'],
  ['files leaf', 'a file whose row holds only zeros is not given out as an empty one'],
])('zeros inside of %s: %s', async (part) => {
  // Cells are laid down from the end of a page.
  for (const share of [0.72, 0.8, 0.9]) {
    const damaged = copy(share !== 0.8);
    expect(
      harm(damaged.store, { kind: 'zero', offset: placeIn(part, share), size: 1200 }),
      `share ${share}`,
    ).toBeGreaterThan(0);
    expect((await lookAt(damaged)).broken, `share ${share}`).toEqual([]);
    expect((await repairAndLook(damaged)).broken, `share ${share}`).toEqual([]);
  }
});

test('every byte of the file header may be flipped: a clear word, no wrong byte, and a repair', async () => {
  for (let offset = 0; offset < 100; offset += 9) {
    const damaged = copy();
    expect(harm(damaged.store, { kind: 'flip', offset, size: 0 })).toBe(1);
    expect((await lookAt(damaged)).broken, `byte ${offset}`).toEqual([]);
  }
});

test.each([60, 61])(
  'a version of its tables that no program will have, by a flip of byte %d, is damage',
  async (offset) => {
    const damaged = copy();
    expect(harm(damaged.store, { kind: 'flip', offset, size: 4 })).toBe(1);
    expect((await lookAt(damaged)).broken).toEqual([]);
    const { broken, lost, code } = await repairAndLook(damaged);
    expect([broken, lost, code]).toEqual([[], [], 0]);
  },
);

test('a store that is refused is let go, so that a repair in the same process can take its place', async () => {
  const damaged = copy();
  expect(harm(damaged.store, { kind: 'zero', offset: 25, size: 66 })).toBeGreaterThan(0);
  expect((await lookAt(damaged)).broken).toEqual([]);
  expect((await repairAndLook(damaged)).broken).toEqual([]);
});

test.each([0.3, 0.7, 0.999])(
  'a file cut off at %d of its length is mended from the agents’ own',
  async (share) => {
    const damaged = copy();
    const { size } = statSync(damaged.store);
    expect(harm(damaged.store, { kind: 'cut', offset: Math.floor(size * share), size: 0 })).toBeGreaterThan(
      0,
    );
    expect((await lookAt(damaged)).broken).toEqual([]);
    expect((await repairAndLook(damaged)).broken).toEqual([]);
  },
);

test('of a file of which nothing is left says so, and what to do; moved away, the agents’ own are stored anew', async () => {
  const damaged = copy();
  expect(harm(damaged.store, { kind: 'cut', offset: 4233, size: 0 })).toBeGreaterThan(0);
  for (const args of [['verify'], ['verify', '--repair', '--yes']]) {
    const { code, err } = await program(damaged.home, damaged.store, ...args);
    expect([code, err]).toEqual([1, expect.stringContaining('nothing of it can be read')]);
    expect(err).toContain('Move it away');
  }
  renameSync(damaged.store, `${damaged.store}.kept`);
  expect((await program(damaged.home, damaged.store, 'ingest')).code).toBe(0);
  expect((await program(damaged.home, damaged.store, 'verify')).out).toStartWith('All is well');
});

/** A byte of the stored data of one session's only segment, found by its content. */
function dataOf(store: string, uid: string): number {
  const db = new Database(store, { readonly: true });
  const row = db
    .query<{ data: Uint8Array }, [string]>(
      'SELECT data FROM segments WHERE session_id = (SELECT id FROM sessions WHERE session_uid = ?)',
    )
    .get(uid);
  db.close(true);
  const at = row === null ? -1 : readFileSync(store).indexOf(row.data.subarray(-40));
  expect(at).toBeGreaterThan(0);
  return at + 20;
}

const HIT = SOME_UID;
const HARM = (damaged: Damaged): Harm => ({ kind: 'flip', offset: dataOf(damaged.store, HIT), size: 0 });

describe('a flipped byte of one segment', () => {
  test('is named with its session and file; all others stay readable', async () => {
    const damaged = copy();
    expect(harm(damaged.store, HARM(damaged))).toBe(1);
    const answer = await program(damaged.home, damaged.store, 'verify', '--json');
    expect([
      answer.code,
      told(answer.out).findings.map(({ session_uid, file }) => [session_uid, file]),
    ]).toEqual([1, [[HIT, 'main']]]);
    const look = await lookAt(damaged);
    expect([look.broken, look.unreadable]).toEqual([[], [HIT]]);
  });

  test('is taken again from the agent’s own file without asking, and no other row is touched', async () => {
    const damaged = copy();
    const rows = (store: string) => {
      const db = new Database(store, { readonly: true });
      const all = db
        .query(
          'SELECT id, session_id, log_offset, hex(data) FROM segments WHERE session_id <> (SELECT id FROM sessions WHERE session_uid = ?) ORDER BY id',
        )
        .all(HIT);
      db.close(true);
      return Bun.hash(JSON.stringify(all));
    };
    const before = rows(damaged.store);
    expect(harm(damaged.store, HARM(damaged))).toBe(1);
    const repaired = await program(damaged.home, damaged.store, 'verify', '--repair');
    expect([repaired.code, repaired.out]).toEqual([0, expect.stringContaining('Repaired, nothing was lost')]);
    expect(rows(damaged.store)).toBe(before);
    expect((await program(damaged.home, damaged.store, 'show', HIT, '--raw')).bytes).toEqual(
      made.truth.get(HIT) ?? Buffer.alloc(0),
    );
    expect((await program(damaged.home, damaged.store, 'verify')).out).toStartWith('All is well');
  });

  test('without the agent’s file asks, changes nothing until --yes, then is a recorded loss and exit 3', async () => {
    const damaged = copy(false);
    expect(harm(damaged.store, HARM(damaged))).toBe(1);
    const bytes = () => Bun.hash(readFileSync(damaged.store));
    const before = bytes();
    const dry = await program(damaged.home, damaged.store, 'verify', '--repair', '--dry-run');
    expect([dry.code, dry.out]).toEqual([0, expect.stringContaining('Nothing was changed')]);
    const asked = await program(damaged.home, damaged.store, 'verify', '--repair');
    expect([asked.code, asked.err]).toEqual([2, expect.stringContaining('--yes')]);
    expect(asked.out).toContain(HIT);
    expect(bytes()).toBe(before);
    const done = await program(damaged.home, damaged.store, 'verify', '--repair', '--yes', '--json');
    expect([done.code, told(done.out).repair?.lost_data]).toEqual([3, true]);
    const history = JSON.parse((await program(damaged.home, damaged.store, 'history', '--json')).out);
    expect(history.events.filter((event: { kind: string }) => event.kind === 'data_loss')).toEqual([
      expect.objectContaining({ session_uid: HIT }),
    ]);
    const again = await program(damaged.home, damaged.store, 'verify', '--json');
    expect([again.code, told(again.out).lost.map(({ session_uid }) => session_uid)]).toEqual([0, [HIT]]);
    expect((await program(damaged.home, damaged.store, 'show', HIT, '--raw')).code).toBe(1);
  });

  test('stays when the agent’s file has changed at that place', async () => {
    const damaged = copy();
    expect(harm(damaged.store, HARM(damaged))).toBe(1);
    const db = new Database(damaged.store);
    const source = db
      .query<{ path: string }, [string]>(
        'SELECT path FROM sources WHERE session_id = (SELECT id FROM sessions WHERE session_uid = ?)',
      )
      .get(HIT);
    const other = join(damaged.folder, 'other.jsonl');
    writeFileSync(other, 'x'.repeat(made.truth.get(HIT)?.length ?? 0));
    db.run('UPDATE sources SET path = ? WHERE path = ?', [other, source?.path ?? '']);
    db.close(true);
    expect((await program(damaged.home, damaged.store, 'verify', '--repair')).code).toBe(2);
  });
});

test('a damaged digest of a live session is made again by the next ingest; of an evicted one it is a loss', async () => {
  for (const [uid, code] of [
    [HIT, 0],
    [made.evicted[0] ?? '', 3],
  ] as const) {
    const damaged = copy();
    const db = new Database(damaged.store, { readonly: true });
    const row = db
      .query<{ json: string }, [string]>(
        'SELECT json FROM digests WHERE session_id = (SELECT id FROM sessions WHERE session_uid = ?)',
      )
      .get(uid);
    db.close(true);
    const at = readFileSync(damaged.store).indexOf(Buffer.from(row?.json.slice(0, 300) ?? '-'));
    expect(at).toBeGreaterThan(0);
    expect(harm(damaged.store, { kind: 'flip', offset: at + 250, size: 0 })).toBe(1);
    const found = told((await program(damaged.home, damaged.store, 'verify', '--json')).out).findings;
    expect(found.map(({ session_uid, problem }) => [session_uid, problem])).toEqual([
      [uid, 'a digest of it is damaged'],
    ]);
    expect((await program(damaged.home, damaged.store, 'verify', '--repair', '--yes')).code).toBe(code);
    expect((await program(damaged.home, damaged.store, 'ingest')).code).toBe(0);
    expect((await program(damaged.home, damaged.store, 'verify')).code).toBe(0);
  }
});

describe('the log and the shared memory', () => {
  /** A copy whose last session is in the log only, as after a crash. */
  function withLog(): { damaged: Damaged; uid: string } {
    const damaged = copy();
    const db = new Database(damaged.store);
    const uid = HIT;
    db.run('PRAGMA wal_autocheckpoint = 0');
    db.run('UPDATE sessions SET pinned = 1 WHERE session_uid = ?', [uid]);
    for (const tail of ['-wal', '-shm']) copyFileSync(damaged.store + tail, `${damaged.store}.kept${tail}`);
    copyFileSync(damaged.store, `${damaged.store}.kept`);
    db.close(true);
    for (const tail of ['', '-wal', '-shm']) renameSync(`${damaged.store}.kept${tail}`, damaged.store + tail);
    expect(statSync(`${damaged.store}-wal`).size).toBeGreaterThan(0);
    return { damaged, uid };
  }

  test.each([
    ['the log is lost', (store: string) => rmSync(`${store}-wal`)],
    ['the shared memory is lost', (store: string) => rmSync(`${store}-shm`)],
    ['both are lost', (store: string) => void ['-wal', '-shm'].map((tail) => rmSync(store + tail))],
    ['the log is cut off', (store: string) => truncateSync(`${store}-wal`, 5000)],
    [
      'the log has a flipped byte',
      (store: string) => expect(harm(`${store}-wal`, { kind: 'flip', offset: 3000, size: 0 })).toBe(1),
    ],
    [
      'the shared memory is garbage',
      (store: string) => writeFileSync(`${store}-shm`, Buffer.alloc(32_768, 0xa5)),
    ],
    ['garbage follows the log', (store: string) => appendFileSync(`${store}-wal`, Buffer.alloc(9000, 7))],
  ])('%s: no session gives a wrong byte, and the store goes on', async (_what, lose) => {
    const { damaged } = withLog();
    lose(damaged.store);
    const look = await lookAt(damaged);
    expect([look.broken, look.unreadable]).toEqual([[], []]);
    expect((await repairAndLook(damaged)).broken).toEqual([]);
  });

  test('the log of another store: no wrong byte, a clear word, and a repair', async () => {
    const { damaged } = withLog();
    const other = join(damaged.folder, 'other.db');
    expect((await program(join(root, 'made/home'), other, 'ingest', '--agent', 'codex')).code).toBe(0);
    const db = new Database(other);
    db.run('PRAGMA wal_autocheckpoint = 0');
    db.run('UPDATE sessions SET pinned = 1');
    copyFileSync(`${other}-wal`, `${damaged.store}-wal`);
    db.close(true);
    rmSync(`${damaged.store}-shm`);
    expect((await lookAt(damaged)).broken).toEqual([]);
  });
});

test('the file as it was is kept beside the mended one, for its owner only, and nothing else', async () => {
  const damaged = copy();
  expect(
    harm(damaged.store, { kind: 'zero', offset: placeIn('segments internal', 0), size: 4096 }),
  ).toBeGreaterThan(0);
  // SQLite notes in the file's header that its log was written back; every page is as it was.
  const pages = (path: string) => Bun.hash(readFileSync(path).subarray(100));
  const before = pages(damaged.store);
  const { code, out } = await program(damaged.home, damaged.store, 'verify', '--repair', '--json');
  expect(code).toBe(0);
  const aside = told(out).repair?.aside ?? '';
  expect(pages(aside)).toBe(before);
  expect([statSync(aside).mode & 0o777, statSync(damaged.store).mode & 0o777]).toEqual([0o600, 0o600]);
  expect(readdirSync(damaged.folder).filter((name) => name.includes('.repair'))).toEqual([]);
});

test('a repair waits for nobody: while the store is open elsewhere a new file does not take its place', async () => {
  const damaged = copy();
  expect(
    harm(damaged.store, { kind: 'zero', offset: placeIn('sessions_by_age leaf', 0), size: 4096 }),
  ).toBeGreaterThan(0);
  const open = new Database(damaged.store);
  open.run('BEGIN');
  open.query('SELECT count(*) FROM counters').get();
  const { code, err } = await program(damaged.home, damaged.store, 'verify', '--repair');
  open.run('ROLLBACK');
  open.close(true);
  expect([code, err]).toEqual([1, expect.stringContaining('another process has the store open')]);
  expect(existsSync(`${damaged.store}.repair`)).toBe(false);
  expect((await program(damaged.home, damaged.store, 'verify', '--repair')).code).toBe(0);
});
