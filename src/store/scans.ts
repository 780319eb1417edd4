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
  /** Those at risk; absent: what was last seen of them holds. */
  readonly at_risk?: readonly { readonly session_uid: string; readonly goes_at: string }[];
}

export function saveScans(db: WritableDb, scans: readonly ScanRow[]): void {
  db.writeTransaction(() => {
    db.run('DELETE FROM scans');
    const seen = scans.filter(({ at_risk }) => at_risk !== undefined);
    const isKept = ({ agent, root }: Root) =>
      scans.some((scan) => scan.agent === agent && scan.root === root && scan.at_risk === undefined);
    for (const { agent, root } of db.all<Root>('SELECT DISTINCT agent, root FROM at_risk'))
      if (!isKept({ agent, root }))
        db.run('DELETE FROM at_risk WHERE agent = $agent AND root = $root', { agent, root });
    for (const { agent, root, at_risk: atRisk = [] } of seen)
      for (const { session_uid: uid, goes_at } of atRisk)
        db.run(
          `INSERT OR REPLACE INTO at_risk (agent, root, session_id, goes_at)
           SELECT $agent, $root, id, $goes_at FROM sessions WHERE session_uid = $uid`,
          { agent, root, uid, goes_at },
        );
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

interface Root {
  readonly agent: string;
  readonly root: string;
}

export function lastScans(db: ReadableDb): ScanRow[] {
  return db.all<ScanRow>('SELECT * FROM scans ORDER BY agent, root');
}

/** By the store's number of a session: when its agent deletes it, in milliseconds since 1970, as the last scan saw it. */
export function sessionsAtRisk(db: ReadableDb): Map<number, number> {
  const rows = db.all<{ id: number; at: string }>(
    'SELECT session_id AS id, min(goes_at) AS at FROM at_risk GROUP BY session_id',
  );
  return new Map(rows.map(({ id, at }) => [id, Date.parse(at)]));
}
