/**
 * A store for a moment: what was fetched lies in it until it is restored or shown.
 * Promises: private, beside the store; where the system allows it the file has no name once it is open, so that a kill leaves nothing of
 * it. What a kill left elsewhere goes when the next one is made. Not for what is to be kept: a crash of the machine may tear it.
 */
import { rmSync, statSync } from 'node:fs';
import { connect, type WritableDb } from './connection.ts';
import { Elsewhere } from './elsewhere.ts';
import { migrate } from './migrate.ts';
import { refuseSharedFolder } from './own-files.ts';
import { makePrivateFile } from './place.ts';
import { storeFilesByKind } from './remove.ts';

export interface PassingDb extends WritableDb {
  readonly elsewhere: Elsewhere;
}

/** One whose segments' bytes lie beside its rows. */
export function openPassingRows(storePath: string): PassingDb {
  return Object.assign(openPassing(storePath, ROWS_PAGE_BYTES), { elsewhere: new Elsewhere() });
}

/** Pieces of some MiB go through large pages in half of the time. */
const PIECES_PAGE_BYTES = 65_536;
/** Each table and index takes a page at least: in large ones the empty tables alone would take 10 MiB, of a disk that may be nearly full. */
const ROWS_PAGE_BYTES = 4096;

/** Opened once: nobody else finds it by its name. */
export function openPassing(storePath: string, pageBytes = PIECES_PAGE_BYTES): WritableDb {
  refuseSharedFolder(storePath);
  removePassing(storePath);
  const path = `${storePath}.fetch-${crypto.randomUUID()}`;
  makePrivateFile(path);
  let db: WritableDb | null = null;
  try {
    db = connect(path, 'write');
    // Before the first table, or it is not taken.
    db.exec(`PRAGMA page_size = ${pageBytes}`);
    // No log and no journal beside it: they would have names.
    db.exec('PRAGMA locking_mode = EXCLUSIVE');
    db.exec('PRAGMA journal_mode = MEMORY');
    db.exec('PRAGMA synchronous = OFF');
    db.exec('PRAGMA foreign_keys = ON');
    // Before anything is in it: to make the tables takes longer than all before, and a kill then leaves nothing either.
    unname(path);
    migrate(db);
  } catch (thrown) {
    db?.close();
    unname(path);
    throw thrown;
  }
  const close = db.close.bind(db);
  return Object.assign(db, {
    close() {
      close();
      unname(path);
    },
  });
}

/** It is made, opened and nameless within a moment; one that another run has just made is left to it. */
const MADE_MS_MAX = 60_000;

/** What a run that was killed has left. */
function removePassing(storePath: string): void {
  for (const path of storeFilesByKind(storePath).passing) {
    const seen = statSync(path, { throwIfNoEntry: false });
    if (seen !== undefined && Date.now() - seen.mtimeMs > MADE_MS_MAX) unname(path);
  }
}

/** Windows deletes no open file: then it goes when it is closed, or when the next one is made. */
function unname(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It is in use.
  }
}
