/**
 * Brings a store's schema up to this program's version.
 * Promises: all or nothing, in one transaction; two processes that open one store at once migrate it once; a store of a
 * newer version, or a file that is no store, is refused untouched; before an existing store is changed, a copy of all
 * but the segments lies beside it.
 */

import { rmSync } from 'node:fs';
import { type FailureError, fail } from '../domain/errors.ts';
import { killPoint } from '../domain/kill-point.ts';
import type { ReadableDb, WritableDb } from './connection.ts';
import { MIGRATIONS, type Migration } from './migrations/index.ts';
import { makePrivateFile } from './place.ts';

/** `PRAGMA application_id`: "SMEM". */
const APPLICATION_ID = 0x534d454d;

/** Each migration adds one: a larger number is no version, but damage. */
const VERSION_MAX = 1000;

/** The version a store is at; 0 for an empty file. Refuses what is not ours and what is newer. */
export function storeVersion(db: ReadableDb, migrations: readonly Migration[] = MIGRATIONS): number {
  // One state: between two questions another process may have made the store.
  const { version, application, tables } = db.snapshot(() => ({
    version: db.get<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0,
    application: db.get<{ application_id: number }>('PRAGMA application_id')?.application_id ?? 0,
    tables: db.get<{ n: number }>('SELECT count(*) AS n FROM sqlite_schema')?.n ?? 0,
  }));
  if (application !== APPLICATION_ID && (tables > 0 || version > 0)) {
    throw fail(
      'usage',
      `not a session-memory store: ${db.path}`,
      'Give the path of a store, or of a file that does not exist yet, as --store.',
    );
  }
  // The tables come with their version, in one transaction.
  if ((version === 0) !== (tables === 0))
    throw damagedFirstPage(db.path, `has lost ${version === 0 ? 'the version of its tables' : 'its tables'}`);
  if (version < 0 || version > VERSION_MAX)
    throw damagedFirstPage(db.path, `says that its tables have version ${version}, which no program made`);
  const newest = newestVersion(migrations);
  if (version > newest) {
    throw fail(
      'newer_store',
      `the store ${db.path} has version ${version}; this program knows up to ${newest}`,
      'Use a newer session-memory; nothing was changed.',
    );
  }
  return version;
}

function damagedFirstPage(path: string, how: string): FailureError {
  return fail(
    'corrupt',
    `the store is damaged: its first page ${how}: ${path}`,
    'Run `session-memory verify --repair`: it makes a new file of what is there.',
  );
}

/** Applies what is missing. Returns the version before. */
export function migrate(db: WritableDb, migrations: readonly Migration[] = MIGRATIONS): number {
  const before = storeVersion(db, migrations);
  if (before === newestVersion(migrations)) return before;
  refuseLyingHeader(db, before, migrations);
  if (before > 0) copyAllButSegments(db, before);
  return db.writeTransaction(() => {
    // Read again under the write lock: another process may have been faster.
    const from = storeVersion(db, migrations);
    for (const migration of migrations.filter(({ version }) => version > from)) {
      db.exec(migration.sql);
      killPoint('migrate.applied');
      db.exec(`PRAGMA user_version = ${migration.version}`);
    }
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    return from;
  });
}

/** A version below that of the tables that are there is rot of the first page: to migrate by it would fail halfway. */
function refuseLyingHeader(db: ReadableDb, version: number, migrations: readonly Migration[]): void {
  const lying = db.snapshot(() => {
    // Asked in the same breath: another process may be migrating it.
    const now = db.get<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0;
    return migrations.find(
      ({ version: brought, brings }) => brought > now && brings !== undefined && isThere(db, brings),
    );
  });
  if (lying === undefined) return;
  throw fail(
    'corrupt',
    `the store ${db.path} says that it has version ${version}, and has tables of version ${lying.version}: its first page is damaged`,
    'Run `session-memory verify --repair`, which makes a new file of its rows.',
  );
}

function isThere(db: ReadableDb, tableOrColumn: string): boolean {
  const [table = '', column] = tableOrColumn.split('.');
  return column === undefined
    ? db.get('SELECT 1 AS found FROM sqlite_schema WHERE name = $table', { table }) !== null
    : db.get('SELECT 1 AS found FROM pragma_table_info($table) WHERE name = $column', { table, column }) !==
        null;
}

function newestVersion(migrations: readonly Migration[]): number {
  return Math.max(...migrations.map(({ version }) => version));
}

/**
 * Digests, tombstones and events exist nowhere else; segments are too many to copy and no migration touches them; the search
 * index is made of the digests.
 */
function copyAllButSegments(db: WritableDb, version: number): void {
  const copyPath = `${db.path}.before-v${version + 1}`;
  // Of an upgrade that was killed; a link is removed as such.
  rmSync(copyPath, { force: true });
  // SQLite would make it with the user's umask.
  makePrivateFile(copyPath);
  killPoint('migrate.copy-made');
  db.run('ATTACH $path AS copy', { path: copyPath });
  let isWhole = true;
  try {
    db.writeTransaction(() => {
      const tables = db.all<{ name: string }>(
        `SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name <> 'segments'
           AND name NOT LIKE 'sqlite_%' AND name <> 'search' AND name NOT LIKE 'search\\_%' ESCAPE '\\'`,
      );
      for (const { name } of tables) db.exec(`CREATE TABLE copy."${name}" AS SELECT * FROM main."${name}"`);
    });
  } catch (thrown) {
    isWhole = false;
    throw thrown;
  } finally {
    db.exec('DETACH copy');
    killPoint('migrate.copied');
    // Half of one would only take room, on a disk that may have none.
    if (!isWhole) rmSync(copyPath, { force: true });
  }
}
