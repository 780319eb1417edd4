/**
 * Opens a store for reading or for writing.
 * Promises: a store that does not exist reads as an empty one and is not created by reading; a writer creates it private
 * and current; nothing opens a store that this program does not fully understand.
 */

import { statSync } from 'node:fs';
import { FailureError, fail, messageOf } from '../domain/errors.ts';
import { killPoint } from '../domain/kill-point.ts';
import { connect, type ReadableDb, storeError, type WritableDb } from './connection.ts';
import { emptyLogAlone, freeLog, LOG_PAGES } from './log.ts';
import { migrate, storeVersion } from './migrate.ts';
import { MIGRATIONS, type Migration } from './migrations/index.ts';
import { plainOrNull, refuseSharedFolder } from './own-files.ts';
import { makePrivateFile } from './place.ts';
import { makeFirstReserve, mendReserve, restoreReserve, withReserve } from './reserve.ts';
import { isDiskFull, isRoomShort } from './room.ts';

/** How long a second creator waits for the first, in 20 ms steps: switching to WAL takes no part in the busy timeout. */
const CREATE_TRIES = 500;

export function openReadable(path: string): ReadableDb {
  if ((plainOrNull(path)?.size ?? 0) === 0) return emptyStore(path);
  const db = thoughFull(path, () => reading(path, () => connect(path, 'read')));
  if (isCurrent(db)) return db;
  db.close();
  // Created but not yet migrated by its first writer, or older: the writer's way brings it up to date.
  const writer = openWritable(path);
  writer.close();
  return connect(path, 'read');
}

/** False where it is to be brought up to date. What is no store, or a newer one, is closed and refused. */
function isCurrent(db: ReadableDb): boolean {
  try {
    return reading(db.path, () => storeVersion(db)) === MIGRATIONS.at(-1)?.version;
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

export interface OpenOptions {
  readonly roomForSweep?: boolean;
  readonly migrations?: readonly Migration[];
  /** Another writer is waited for so long, and a store of an older version is left as it is: both fail as busy. */
  readonly patienceMs?: number;
}

/** `roomForSweep`: on a full disk the reserve is given up so that SQLite can open at all, and made again at the end. */
export function openWritable(path: string, options: OpenOptions = {}): WritableDb {
  refuseFolder(path);
  refuseSharedFolder(path);
  makePrivateFile(path);
  killPoint('open.file-made');
  const migrations = options.migrations ?? MIGRATIONS;
  const open = () => thoughFull(path, () => prepared(path, migrations, options.patienceMs));
  if (options.roomForSweep === true) return withReserve(path, () => forSweep(open()));
  const db = open();
  mendReserve(path);
  if (isRoomShort(path)) db.exec(`PRAGMA wal_autocheckpoint = ${LOG_PAGES.short}`);
  return db;
}

/** Where room is short a sweep begins with what frees some without a write, and its log stays small; else that is only slow. */
function forSweep(db: WritableDb): WritableDb {
  try {
    if (isRoomShort(db.path)) {
      db.exec(`PRAGMA wal_autocheckpoint = ${LOG_PAGES.sweepWhenShort}`);
      freeLog(db);
    }
  } catch (thrown) {
    db.close();
    throw thrown;
  }
  const close = db.close.bind(db);
  return Object.assign(db, {
    close() {
      close();
      restoreReserve(db.path);
    },
  });
}

/**
 * A full disk has no room for SQLite's shared-memory file; what lies in the log beside the store is freed for it. The rest of that
 * goes into the reserve before others take it: there may be none any more.
 */
function thoughFull<T>(path: string, open: () => T): T {
  try {
    return open();
  } catch (thrown) {
    if (!isDiskFull(thrown) || !emptyLogAlone(path)) throw thrown;
    const opened = open();
    restoreReserve(path);
    return opened;
  }
}

/** A file in the place of a folder on the way there is an error even where nothing need exist. */
function statOrFail(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (thrown) {
    throw fail(
      'io',
      `cannot reach the store ${path}: ${messageOf(thrown)}`,
      'Give another --store, or mend the folders on the way to it.',
    );
  }
}

function prepared(path: string, migrations: readonly Migration[], patienceMs?: number): WritableDb {
  for (let tries = 0; ; tries += 1) {
    const db = reading(path, () => connect(path, 'write'));
    try {
      if (patienceMs !== undefined) db.exec(`PRAGMA busy_timeout = ${patienceMs}`);
      const version = storeVersion(db, migrations);
      const isOlder = version !== 0 && version !== migrations.at(-1)?.version;
      if (patienceMs !== undefined && isOlder) throw notYet(path);
      // Only before the first table does SQLite take this; only with it does freed space go back to the disk.
      if (version === 0) db.exec('PRAGMA auto_vacuum = INCREMENTAL');
      db.exec('PRAGMA journal_mode = WAL');
      db.exec('PRAGMA synchronous = NORMAL');
      db.exec('PRAGMA secure_delete = FAST');
      db.exec('PRAGMA journal_size_limit = 4194304');
      db.exec('PRAGMA foreign_keys = ON');
      migrate(db, migrations);
      killPoint('open.migrated');
      if (version === 0) makeFirstReserve(path);
      return db;
    } catch (thrown) {
      db.close();
      const busy = thrown instanceof FailureError && thrown.failure.code === 'busy';
      if (!busy || patienceMs !== undefined || tries >= CREATE_TRIES) throw thrown;
      Bun.sleepSync(20);
    }
  }
}

function notYet(path: string): FailureError {
  return fail(
    'busy',
    `the store is not of this version yet: ${path}`,
    'Any other command brings it up to date.',
  );
}

function refuseFolder(path: string): void {
  if (statOrFail(path)?.isDirectory() !== true) return;
  throw fail('usage', `the store is a folder: ${path}`, 'Give a file, such as store.db in it, as --store.');
}

function emptyStore(path: string): ReadableDb {
  const db = connect(':memory:', 'write');
  migrate(db);
  return Object.assign(db, { path });
}

function reading<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    const known = storeError(path, thrown);
    if (known instanceof FailureError) throw known;
    throw new Error(`cannot open ${path}: ${messageOf(thrown)}`, { cause: thrown });
  }
}
