/**
 * What an ingest makes of a full disk.
 * Promises: a full disk is told once and is no fault of a file; what is not of the disk is thrown on.
 */
import type { WritableDb } from '../store/connection.ts';
import { isDiskFull } from '../store/room.ts';
import { type ScanRow, saveScans } from '../store/scans.ts';
import { saveUnnamed } from '../store/unnamed-files.ts';

/** A full disk stops the ingest and is told once; anything else is thrown on. */
export function noRoom(thrown: unknown): { readonly kind: 'no_room' } {
  if (isDiskFull(thrown)) return { kind: 'no_room' };
  throw thrown;
}

/** What only tells is no reason to fail where the disk has no room for it. */
export function noteScans(db: WritableDb, scans: readonly ScanRow[], warn: (text: string) => void): void {
  try {
    saveScans(db, scans);
  } catch (thrown) {
    if (!isDiskFull(thrown)) throw thrown;
    warn('the disk is full: what `status` says of sessions at risk is of an earlier look');
  }
}

/** The same of what spares a look at the next run. */
export function noteUnnamed(db: WritableDb, files: Parameters<typeof saveUnnamed>[1]): void {
  try {
    saveUnnamed(db, files);
  } catch (thrown) {
    if (!isDiskFull(thrown)) throw thrown;
  }
}
