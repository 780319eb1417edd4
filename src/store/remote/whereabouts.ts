/**
 * Where the raw bytes of a session are that are not in this store.
 * Promises: told by what is known here; nothing is asked of a network.
 */
import type { SessionUid } from '../../domain/ids.ts';
import type { ReadableDb } from '../connection.ts';
import { machineOf, mirrored } from './mirror.ts';

export interface Whereabouts {
  /** The name of the machine that tells of it, where this one never had it; else null. */
  readonly machine: string | null;
  /** The bucket has bytes of it, as it is now or was: `restore` and `show --raw` fetch them. */
  readonly inBucket: boolean;
}

const THERE =
  'EXISTS (SELECT 1 FROM remote_records b WHERE b.session_uid = s.session_uid AND b.bytes IS NOT NULL)';

export function whereabouts(db: ReadableDb, uid: SessionUid): Whereabouts {
  const there = db.get<{ inBucket: number }>(
    `SELECT ${THERE} AS inBucket FROM sessions s WHERE s.session_uid = $uid`,
    { uid },
  );
  return { machine: machineOf(db, uid), inBucket: there?.inBucket === 1 };
}

/** The same for whoever asks of very many. */
export function allWhereabouts(db: ReadableDb): (uid: SessionUid) => Whereabouts {
  const machines = mirrored(db);
  const there = new Set(
    db
      .all<{ uid: SessionUid }>(
        'SELECT DISTINCT session_uid AS uid FROM remote_records WHERE bytes IS NOT NULL',
      )
      .map(({ uid }) => uid),
  );
  return (uid) => ({ machine: machines.get(uid) ?? null, inBucket: there.has(uid) });
}

/** Of sessions by their numbers those of which the bucket has bytes. */
export function inBucketOf(db: ReadableDb, ids: readonly number[]): ReadonlySet<number> {
  return new Set(
    db
      .all<{ id: number }>(
        `SELECT s.id AS id FROM sessions s WHERE s.id IN (SELECT value FROM json_each($ids)) AND ${THERE}`,
        { ids: JSON.stringify(ids) },
      )
      .map(({ id }) => id),
  );
}

/** In a few words, of raw bytes that are not here; null: nothing else than that they went from here is known of them. */
export function awayText({ machine, inBucket }: Whereabouts): string | null {
  if (machine !== null) return `on ${machine}`;
  return inBucket ? 'raw in the bucket' : null;
}
