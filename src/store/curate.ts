/**
 * What fills the digests, and what a person takes out of them by hand.
 * Promises: only of evicted, unpinned sessions, each by an event that names the bytes before and after; the schema refuses
 * anything else, so nothing drops a digest by itself.
 */
import type { SessionUid } from '../domain/ids.ts';
import { killPoint } from '../domain/kill-point.ts';
import type { SessionRow } from '../domain/session.ts';
import type { Iso } from '../domain/time.ts';
import type { ReadableDb, WritableDb } from './connection.ts';
import { mustBeGuarded } from './guards.ts';
import { SESSION_COLUMNS, type SessionColumns, toSession } from './rows.ts';
import { followSearch } from './search/documents.ts';
import { sha256 } from './segments.ts';

export interface Hoard {
  readonly largest: readonly SessionRow[];
  /** Evicted ones, which are all that can be curated. */
  readonly oldest: readonly SessionRow[];
  /** Evicted ones that began as a fork of another one that has a digest: what they share is in both. */
  readonly forks: readonly SessionRow[];
}

/** At most `limit` of each kind. */
export function hoard(db: ReadableDb, limit: number): Hoard {
  const rows = (rest: string) =>
    db
      .all<SessionColumns>(`SELECT ${SESSION_COLUMNS} FROM sessions ${rest} LIMIT $limit`, { limit })
      .map(toSession);
  return {
    largest: rows('WHERE digest_bytes > 0 ORDER BY digest_bytes DESC, session_uid'),
    oldest: rows('WHERE digest_bytes > 0 AND evicted_at IS NOT NULL ORDER BY age_key, session_uid'),
    forks: rows(
      `WHERE digest_bytes > 0 AND evicted_at IS NOT NULL AND parent_uid IS NOT NULL
         AND EXISTS (SELECT 1 FROM sessions p WHERE p.session_uid = sessions.parent_uid AND p.digest_bytes > 0)
       ORDER BY digest_bytes DESC, session_uid`,
    ),
  };
}

/** Bytes that went: 0 where nothing could. `why`: what has changed since it was looked at. */
export type Curated = { readonly freedBytes: number } | { readonly why: string };

interface CurateRow {
  readonly id: number;
  readonly raw_generation: number;
  readonly digest_bytes: number;
}

function curatable(db: ReadableDb, uid: SessionUid): CurateRow | string {
  const row = db.get<CurateRow & { evicted_at: string | null; pinned: number }>(
    'SELECT id, raw_generation, digest_bytes, evicted_at, pinned FROM sessions WHERE session_uid = $uid',
    { uid },
  );
  if (row === null) return 'no longer there';
  if (row.evicted_at === null) return 'it came back meanwhile';
  if (row.pinned === 1) return 'pinned meanwhile';
  return row.digest_bytes === 0 ? 'it has no digest' : row;
}

/** Drops all digests of one session; its row, its tombstones and its events stay. */
export function dropDigests(db: WritableDb, uid: SessionUid, at: Iso): Curated {
  return db.writeTransaction(() => {
    const row = curatable(db, uid);
    if (typeof row === 'string') return { why: row };
    note(db, { row, uid, at, kind: 'digest_dropped', before: row.digest_bytes, after: 0 });
    followSearch(db, row.id);
    killPoint('curate.dropped');
    return { freedBytes: row.digest_bytes };
  });
}

/** Puts a shorter digest in the place of each of a session's. `shorter`: null where it can make it no shorter. */
export function shrinkDigests(
  db: WritableDb,
  uid: SessionUid,
  at: Iso,
  shorter: (json: string) => string | null,
): Curated {
  return db.writeTransaction(() => {
    const row = curatable(db, uid);
    if (typeof row === 'string') return { why: row };
    let freedBytes = 0;
    const digests = db.all<{ id: number; bytes: number; json: string }>(
      'SELECT id, bytes, json FROM digests WHERE session_id = $id ORDER BY id',
      { id: row.id },
    );
    for (const { id, bytes, json } of digests) {
      const short = shorter(json);
      if (short === null || Buffer.byteLength(short) >= bytes) continue;
      const after = Buffer.byteLength(short);
      note(db, { row, uid, at, kind: 'digest_shrunk', before: bytes, after });
      db.run('UPDATE digests SET json = $short, bytes = $after, sha256 = $hash WHERE id = $id', {
        id,
        short,
        after,
        hash: sha256(Buffer.from(short)),
      });
      freedBytes += bytes - after;
    }
    if (freedBytes > 0) followSearch(db, row.id);
    killPoint('curate.shrunk');
    return { freedBytes };
  });
}

function note(
  db: WritableDb,
  event: {
    readonly row: CurateRow;
    readonly uid: SessionUid;
    readonly at: Iso;
    readonly kind: 'digest_dropped' | 'digest_shrunk';
    readonly before: number;
    readonly after: number;
  },
): void {
  const { row, ...told } = event;
  mustBeGuarded(db);
  db.run(
    `INSERT INTO events (at, kind, session_id, session_uid, generation, raw_bytes, stored_bytes, reason)
     VALUES ($at, $kind, $id, $uid, $generation, $before, $after, 'by hand')`,
    { ...told, id: row.id, generation: row.raw_generation },
  );
}
