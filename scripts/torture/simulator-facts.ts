/**
 * What a store holds, read straight off its tables: no code of the program's stands between.
 * Promises: changes nothing; bytes are put together from segments and ranges as ARCHITECTURE describes them.
 */
import { Database } from 'bun:sqlite';

export interface Fact {
  readonly uid: string;
  readonly pinned: boolean;
  readonly generation: number;
  readonly storedBytes: number;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly ingestedAt: string | null;
  readonly analyzedAt: string | null;
  readonly evictedAt: string | null;
  /** The main transcript as it would be given out; null where the session is evicted. */
  readonly version: Buffer | null;
  /** All that was ever stored of it since it came. */
  readonly log: Buffer;
  /** The same of a subagent's transcript beside it; null where there is none, or no more. */
  readonly beside: Held | null;
  /** Whether a digest tells of the subagent. */
  readonly tellsOfBeside: boolean;
  /** Generations that a complete digest stands for. */
  readonly digests: readonly number[];
  /** Of an evicted session: files that no tombstone of this generation remembers. */
  readonly withoutTombstone: number;
  /** Of the whole session: kind and generation. */
  readonly events: readonly { readonly kind: string; readonly generation: number }[];
}

/** A file: its present version and its log. */
export interface Held {
  readonly version: Buffer;
  readonly log: Buffer;
}

interface SessionRow {
  readonly id: number;
  readonly session_uid: string;
  readonly pinned: number;
  readonly raw_generation: number;
  readonly stored_bytes: number;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly ingested_at: string | null;
  readonly analyzed_at: string | null;
  readonly evicted_at: string | null;
}

export function factsOf(store: string): Map<string, Fact> {
  using db = new Database(store, { readonly: true });
  // Who made the store may have died before its first table.
  if (db.query("SELECT 1 FROM sqlite_schema WHERE name = 'sessions'").get() === null) return new Map();
  const rows = db.query<SessionRow, []>('SELECT * FROM sessions').all();
  return new Map(rows.map((row) => [row.session_uid, factOf(db, row)]));
}

function factOf(db: Database, row: SessionRow): Fact {
  const main = heldOf(db, row.id, "key = 'main'");
  return {
    uid: row.session_uid,
    pinned: row.pinned === 1,
    generation: row.raw_generation,
    storedBytes: row.stored_bytes,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    ingestedAt: row.ingested_at,
    analyzedAt: row.analyzed_at,
    evictedAt: row.evicted_at,
    version: row.evicted_at === null ? (main?.version ?? null) : null,
    log: main?.log ?? Buffer.alloc(0),
    beside: heldOf(db, row.id, "role = 'subagent'"),
    tellsOfBeside:
      db
        .query<unknown, [number]>('SELECT 1 FROM digests WHERE session_id = ? AND json LIKE \'%"id":"a1"%\'')
        .get(row.id) !== null,
    withoutTombstone:
      db
        .query<{ n: number }, [number]>(
          `SELECT count(*) AS n FROM files f JOIN sessions s ON s.id = f.session_id WHERE s.id = ? AND s.evicted_at IS NOT NULL
             AND f.gone = 1 AND NOT EXISTS (SELECT 1 FROM tombstones t WHERE t.session_id = s.id AND t.key = f.key)`,
        )
        .get(row.id)?.n ?? 0,
    digests: db
      .query<{ generation: number }, [number]>(
        'SELECT generation FROM digests WHERE session_id = ? AND complete = 1 ORDER BY generation',
      )
      .all(row.id)
      .map(({ generation }) => generation),
    events: db
      .query<{ kind: string; generation: number }, [number]>(
        'SELECT kind, generation FROM events WHERE session_id = ? AND file_id IS NULL ORDER BY id',
      )
      .all(row.id),
  };
}

function heldOf(db: Database, sessionId: number, which: string): Held | null {
  const file = db
    .query<{ id: number; extents: string | null; raw_bytes: number }, [number]>(
      `SELECT id, extents, raw_bytes FROM files WHERE session_id = ? AND ${which} AND gone = 0`,
    )
    .get(sessionId);
  if (file === null) return null;
  const log = logOf(db, file.id);
  const ranges: [number, number][] = file.extents === null ? [[0, file.raw_bytes]] : JSON.parse(file.extents);
  return { log, version: Buffer.concat(ranges.map(([at, length]) => log.subarray(at, at + length))) };
}

/** Segments in their order; of two that hold a byte the later one is the larger. */
function logOf(db: Database, fileId: number): Buffer {
  const segments = db
    .query<{ log_offset: number; raw_bytes: number; data: Uint8Array }, [number]>(
      'SELECT log_offset, raw_bytes, data FROM segments WHERE file_id = ? ORDER BY log_offset, id',
    )
    .all(fileId);
  const end = segments.reduce((most, one) => Math.max(most, one.log_offset + one.raw_bytes), 0);
  const log = Buffer.alloc(end);
  for (const { log_offset: at, data } of segments) log.set(Bun.zstdDecompressSync(data), at);
  return log;
}
