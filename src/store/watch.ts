/** Notices that another connection has written. */
import type { ReadableDb } from './connection.ts';

/** A number that changes with every commit of another connection; reading it costs microseconds. */
export function dataVersion(db: ReadableDb): number {
  return db.get<{ data_version: number }>('PRAGMA data_version')?.data_version ?? 0;
}
