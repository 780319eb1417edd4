/** Sessions of an archive are stored some at a time: each is still whole or not there, whatever becomes of its neighbours. */
import { expect, test } from 'bun:test';
import { type ExportReport, exportStream } from '../../src/archive/export.ts';
import { type ImportReport, importStream } from '../../src/archive/import.ts';
import { FailureError, fail } from '../../src/domain/errors.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import type { WritableDb } from '../../src/store/connection.ts';
import { searchPending } from '../../src/store/search/documents.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const SESSIONS = 7;
const idOf = (n: number) => `ba7c0000-0000-4000-8000-00000000000${n}`;
const uidOf = (n: number) => `claude-code:${idOf(n)}` as SessionUid;
const NOW = '2026-07-01T00:00:00.000Z' as Iso;

async function archiveOf(numbers: readonly number[]): Promise<Buffer> {
  using world = new World();
  for (const n of numbers) world.put(claudePath(idOf(n)), promptLine(idOf(n), `a word about number${n}`));
  await world.ingest();
  const report: ExportReport = {
    sessions: 0,
    live: 0,
    forgotten: 0,
    raw_bytes: 0,
    failed: [],
    left_out: [],
    interrupted: false,
  };
  const options = { uids: numbers.map(uidOf), forgotten: [], now: NOW, signal: new AbortController().signal };
  const stream = exportStream(world.db, { ...options, progress: () => undefined }, report);
  return Buffer.concat(await Array.fromAsync(stream));
}

async function imported(db: WritableDb, chunks: AsyncIterable<Uint8Array>): Promise<ImportReport> {
  return importStream(
    {
      read: db,
      write: db,
      trusted: true,
      origin: 'a test',
      hardCapBytes: 2 ** 40,
      now: () => NOW,
      signal: new AbortController().signal,
      progress: () => undefined,
      analyze: async () => false,
    },
    chunks,
  );
}

async function* whole(archive: Uint8Array): AsyncGenerator<Uint8Array> {
  yield archive;
}

/** All that is told of sessions, without the numbers that rows happen to have. */
function told({ db }: World): unknown {
  return {
    sessions: db.all(
      'SELECT session_uid, stored_bytes, raw_generation, analyzed_at FROM sessions ORDER BY 1',
    ),
    segments: db.all('SELECT hex(sha256) AS hash, raw_bytes FROM segments ORDER BY 1'),
    digests: db.all('SELECT json FROM digests ORDER BY 1'),
    counters: db.all('SELECT * FROM counters ORDER BY 1, 2, 3'),
    found: db.all("SELECT count(*) AS n FROM search WHERE search MATCH 'number0 OR number1 OR number3'"),
    pending: searchPending(db),
    unfinished: db.all('SELECT session_uid FROM sessions WHERE id NOT IN (SELECT session_id FROM files)'),
  };
}

/** From here on nothing of these sessions can be stored beyond its row and its files. */
function refusing({ db }: World, uids: readonly SessionUid[]): void {
  const names = uids.map((uid) => `'${uid}'`).join(', ');
  db.exec(`CREATE TEMP TRIGGER planted BEFORE INSERT ON main.segments
    WHEN (SELECT session_uid FROM sessions WHERE id = NEW.session_id) IN (${names})
    BEGIN SELECT RAISE(ABORT, 'planted'); END`);
}

const ALL = Array.from({ length: SESSIONS }, (_, n) => n);

test.each<{ fails: number[] }>([
  { fails: [] },
  { fails: [0] },
  { fails: [2] },
  { fails: [6] },
  { fails: [1, 2, 5] },
  { fails: ALL },
])(
  'of sessions of which %o cannot be stored, those are named and the others are as if they had come alone',
  async ({ fails }) => {
    using world = new World();
    using other = new World();
    refusing(world, fails.map(uidOf));
    const report = await imported(world.db, whole(await archiveOf(ALL)));
    const rest = ALL.filter((n) => !fails.includes(n));
    expect(report.added.toSorted()).toEqual(rest.map(uidOf));
    expect(report.damaged.map(({ session_uid: uid }) => uid).toSorted()).toEqual(fails.map(uidOf));
    if (rest.length > 0) await imported(other.db, whole(await archiveOf(rest)));
    expect(told(world)).toEqual(told(other));
  },
);

test('what was whole before a pipe broke off is stored', async () => {
  using world = new World();
  const archive = await archiveOf(ALL);
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield archive.subarray(0, archive.length - 200);
    throw new Error('the pipe broke');
  }
  await expect(imported(world.db, broken())).rejects.toThrow('the pipe broke');
  const stored = world.db.get<{ n: number }>('SELECT count(*) AS n FROM sessions')?.n ?? 0;
  expect(stored).toBeGreaterThanOrEqual(SESSIONS - 1);
});

test('a session that comes twice in one archive is one, and nothing new the second time', async () => {
  using world = new World();
  const archive = await archiveOf([0, 1, 0, 2]);
  const report = await imported(world.db, whole(archive));
  expect(report).toMatchObject({ added: [0, 1, 2].map(uidOf), unchanged: 1, damaged: [] });
  const again = await imported(world.db, whole(archive));
  expect(again).toMatchObject({ added: [], unchanged: 4, damaged: [] });
});

test('a part that fails takes back itself and what was to follow it, within its transaction', () => {
  using world = new World();
  const { db } = world;
  const followed: number[][] = [];
  const follow = (_db: WritableDb, ids: readonly number[]) => void followed.push([...ids]);
  const pattern = (name: string) =>
    db.run('INSERT INTO exclude_matches VALUES ($name, $at)', { name, at: NOW });
  db.writeTransaction(() => {
    pattern('before');
    db.part(() => {
      pattern('kept');
      db.afterCommit(follow, 1);
    });
    expect(() =>
      db.part(() => {
        pattern('lost');
        db.afterCommit(follow, 2);
        throw new Error('planted');
      }),
    ).toThrow('planted');
    pattern('after');
  });
  const names = db.all<{ pattern: string }>('SELECT pattern FROM exclude_matches ORDER BY pattern');
  expect(names.map(({ pattern: name }) => name)).toEqual(['after', 'before', 'kept']);
  expect(followed).toEqual([[1]]);
});

test('where a part has ended the transaction it fails as the store does, whatever it threw', () => {
  using world = new World();
  const { db } = world;
  const ended = (thrown: Error) => () =>
    db.writeTransaction(() =>
      db.part(() => {
        db.exec('ROLLBACK');
        throw thrown;
      }),
    );
  const codeOf = (work: () => unknown) => {
    try {
      work();
    } catch (thrown) {
      return thrown instanceof FailureError ? thrown.failure.code : null;
    }
    return null;
  };
  const codes = [fail('corrupt', 'a', 'b'), fail('disk_full', 'a', 'b'), new Error('a')].map((thrown) =>
    codeOf(ended(thrown)),
  );
  expect(codes).toEqual(['io', 'disk_full', 'io']);
});
