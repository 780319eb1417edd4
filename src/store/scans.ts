/** The last scan of each agent's folder, so that `status` need not look at the disk. */
import type { Iso } from '../domain/time.ts';
import type { ReadableDb, WritableDb } from './connection.ts';

export interface ScanRow {
  readonly agent: string;
  readonly root: string;
  readonly scanned_at: Iso;
  readonly sessions: number;
  readonly raw_bytes: number;
  readonly sessions_not_stored: number;
  readonly sessions_at_risk: number;
  readonly at_risk_not_stored: number;
  readonly deletes_after_days: number | null;
  /** When the first of those at risk goes; null where none is. */
  readonly first_deletion_at: Iso | null;
}

export function saveScans(db: WritableDb, scans: readonly ScanRow[]): void {
  db.writeTransaction(() => {
    db.run('DELETE FROM scans');
    for (const {
      agent,
      root,
      scanned_at,
      sessions,
      raw_bytes,
      sessions_not_stored,
      sessions_at_risk,
      at_risk_not_stored,
      deletes_after_days,
      first_deletion_at,
    } of scans) {
      db.run(
        `INSERT INTO scans (agent, root, scanned_at, sessions, raw_bytes, sessions_not_stored, sessions_at_risk,
           at_risk_not_stored, deletes_after_days, first_deletion_at)
         VALUES ($agent, $root, $scanned_at, $sessions, $raw_bytes, $sessions_not_stored, $sessions_at_risk,
           $at_risk_not_stored, $deletes_after_days, $first_deletion_at)`,
        {
          agent,
          root,
          scanned_at,
          sessions,
          raw_bytes,
          sessions_not_stored,
          sessions_at_risk,
          at_risk_not_stored,
          deletes_after_days,
          first_deletion_at,
        },
      );
    }
  });
}

export function lastScans(db: ReadableDb): ScanRow[] {
  return db.all<ScanRow>('SELECT * FROM scans ORDER BY agent, root');
}
