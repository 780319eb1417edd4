/**
 * Files of a restore written beside their places by whoever has a connection of its own, so that several can be at it.
 * Promises: a file is told as staged only where it is whole, has the hashes that were recorded, is on the disk and lies in
 * the folder that was found to be within the root; of any other nothing is left, and whoever asked writes it again himself.
 */
import { basename, join } from 'node:path';
import type { SessionUid } from '../domain/ids.ts';
import { inFolder } from '../files/held-folder.ts';
import type { ReadableDb } from '../store/connection.ts';
import type { StoredFile } from '../store/rows.ts';
import { lentChunks } from '../store/segments.ts';
import type { Staged } from './plan.ts';
import { flushAndClose, removeTemporary, writeOpen } from './write-files.ts';

/** One file to write. Plain values: it is sent to a thread. */
export interface StageOrder extends Pick<Staged, 'temporary' | 'realFolder'> {
  readonly uid: SessionUid;
  readonly file: StoredFile;
}

/** Whoever writes files of a restore on other threads. */
export interface Stager {
  /** For each order whether it is staged. */
  stage(orders: readonly StageOrder[]): Promise<readonly boolean[]>;
}

/** All of them, written one after the other in one state of the store, while those before are flushed. */
export function stageFiles(db: ReadableDb, orders: readonly StageOrder[]): Promise<boolean[]> {
  return Promise.all(db.snapshot(() => orders.map((order) => staged(db, order))));
}

/** Why it cannot be written is of no interest here: whoever asked finds it out and names it. */
async function staged(db: ReadableDb, { uid, file, temporary, realFolder }: StageOrder): Promise<boolean> {
  try {
    // The folder may have become a link since it was looked at.
    const { handle, sha256 } = inFolder(realFolder, (at) =>
      writeOpen(join(at, basename(temporary)), lentChunks(db, uid, file)),
    );
    await flushAndClose(handle);
    if (sha256 === file.sha256 || file.sha256 === null) return true;
  } catch {
    // The same as a wrong hash.
  }
  try {
    inFolder(realFolder, (at) => removeTemporary(join(at, basename(temporary))));
  } catch {
    // The folder is another one by now: nothing of ours is in it.
  }
  return false;
}
