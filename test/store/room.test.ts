/** Room on the disk: what is committed can always be written back, whoever reads or writes beside it. */
import { Database } from 'bun:sqlite';
import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { connect, storeError, type WritableDb } from '../../src/store/connection.ts';
import { isDiskFull, refuseLastRoom } from '../../src/store/room.ts';
import { SmallDisk } from '../support/disk.ts';
import { SEED } from '../support/seed.ts';

const folder = mkdtempSync(join(tmpdir(), 'session-memory-room-'));
const small = new SmallDisk(8);
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  small[Symbol.dispose]();
});

type Step =
  | { readonly kind: 'insert'; readonly kilobytes: number }
  | { readonly kind: 'delete' | 'vacuum' | 'hold' | 'let_go' | 'other_checkpoints' | 'roll_back' };

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('insert' as const), kilobytes: fc.nat(600) }) },
    fc.record({
      kind: fc.constantFrom('delete', 'vacuum', 'hold', 'let_go', 'other_checkpoints', 'roll_back'),
    }),
  ),
  { minLength: 1, maxLength: 25 },
) as fc.Arbitrary<Step[]>;

function fresh(path: string): WritableDb {
  for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
  const db = connect(path, 'write');
  db.exec('PRAGMA auto_vacuum = INCREMENTAL');
  db.exec('PRAGMA journal_mode = WAL');
  db.exec('PRAGMA synchronous = OFF');
  db.writeTransaction(() => db.exec('CREATE TABLE piles (id INTEGER PRIMARY KEY, data BLOB)'));
  return db;
}

const INSERT = 'INSERT INTO piles (data) VALUES (zeroblob($bytes))';

function take(db: WritableDb, step: Step, reader: Database, other: Database): void {
  switch (step.kind) {
    case 'insert':
      db.run(INSERT, { bytes: step.kilobytes * 1024 });
      return;
    case 'delete':
      db.run('DELETE FROM piles WHERE id = (SELECT min(id) FROM piles)');
      return;
    case 'vacuum':
      db.all('PRAGMA incremental_vacuum(20)');
      return;
    case 'hold':
      if (!reader.inTransaction) reader.run('BEGIN');
      reader.query('SELECT count(*) FROM piles').get();
      return;
    case 'let_go':
      if (reader.inTransaction) reader.run('COMMIT');
      return;
    case 'other_checkpoints':
      other.query('PRAGMA wal_checkpoint(PASSIVE)').get();
      return;
    case 'roll_back':
      expect(() =>
        db.writeTransaction(() => {
          db.run(INSERT, { bytes: 300_000 });
          throw new Error('rolled back');
        }),
      ).toThrow('rolled back');
      return;
    default:
      throw step satisfies never;
  }
}

test('the file has the room of every page as soon as it is committed, so that the log needs none', () => {
  const path = join(folder, 'claims.db');
  fc.assert(
    fc.property(steps, (taken) => {
      const db = fresh(path);
      const reader = new Database(path, { readonly: true });
      const other = new Database(path, { readwrite: true });
      try {
        for (const step of taken) {
          take(db, step, reader, other);
          const pages = db.get<{ page_count: number }>('PRAGMA page_count')?.page_count ?? 0;
          const { blocks, size } = statSync(path);
          expect(size, JSON.stringify(step)).toBeGreaterThanOrEqual(pages * 4096);
          // Not a hole in a file, which has a size and no room.
          expect(blocks * 512).toBeGreaterThanOrEqual(pages * 4096);
        }
        if (reader.inTransaction) reader.run('COMMIT');
        const [done] = db.all<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)');
        const pages = db.get<{ page_count: number }>('PRAGMA page_count')?.page_count ?? 0;
        expect([done?.busy, statSync(path).size], 'and it is no longer than it has to be').toEqual([
          0,
          pages * 4096,
        ]);
      } finally {
        for (const each of [reader, other, db]) each.close();
      }
    }),
    { seed: SEED, numRuns: 60 },
  );
});

test.skipIf(!small.isMounted)('what finds no room is not committed, and the log can be written back', () => {
  const path = join(small.path, 'full.db');
  const db = fresh(path);
  const reader = new Database(path, { readonly: true });
  // A reader keeps the log from being used anew: each commit needs the room twice.
  reader.run('BEGIN');
  reader.query('SELECT count(*) FROM piles').get();
  let stored = 0;
  expect(() => {
    for (; ; stored += 1) db.run(INSERT, { bytes: 300_000 });
  }).toThrow('the disk is full');
  expect(stored).toBeGreaterThan(3);
  small.fill();
  expect(small.freeBytes).toBe(0);
  reader.close();
  expect(db.all<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)')[0]?.busy).toBe(0);
  expect(db.get('SELECT count(*) AS n FROM piles')).toEqual({ n: stored });
  db.close();
});

test.skipIf(!small.isMounted)(
  'what is stored leaves the last MiB, its second copy and free pages counted',
  () => {
    const path = join(small.path, 'left.db');
    small.free();
    for (const name of readdirSync(small.path)) rmSync(join(small.path, name));
    const db = fresh(path);
    small.fill(3 * 1024 ** 2);
    const fits = (bytes: number) => {
      try {
        refuseLastRoom(db, bytes);
        return true;
      } catch (thrown) {
        if (!isDiskFull(thrown)) throw thrown;
        return false;
      }
    };
    const room = small.freeBytes - 1024 ** 2;
    expect([fits(room / 2 - 4096), fits(room / 2 + 4096), fits(0)]).toEqual([true, false, true]);
    db.run(INSERT, { bytes: 400_000 });
    db.run('DELETE FROM piles');
    db.all('PRAGMA wal_checkpoint(TRUNCATE)');
    const after = small.freeBytes - 1024 ** 2;
    expect(fits(after / 2 + 150_000), 'free pages of the file take the second copy').toBe(true);
    small.fill(512 * 1024);
    expect(fits(1)).toBe(false);
    db.close();
  },
);

test.skipIf(!small.isMounted)(
  'an I/O error is a full disk where nothing can be written, and is itself elsewhere',
  () => {
    const error = Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_WRITE' });
    small.fill(0);
    expect(isDiskFull(storeError(join(small.path, 's.db'), error))).toBe(true);
    expect(readdirSync(small.path).filter((name) => name.includes('room'))).toEqual([]);
    const elsewhere = storeError(join(folder, 's.db'), error);
    expect(isDiskFull(elsewhere)).toBe(false);
    expect(elsewhere).toHaveProperty('failure.code', 'io');
    expect(readdirSync(folder).filter((name) => name.includes('room'))).toEqual([]);
  },
);
