/**
 * What file versions say, by the SHA-256 of their bytes: how an evicted session is known again that its agent has written anew.
 * Promises: it is noted when a session goes; nothing is let go by it; a version that is not in it is compared by its bytes alone.
 */
import type { SessionUid } from '../domain/ids.ts';
import type { ReadableDb, WritableDb } from './connection.ts';
import { NAMED_ID } from './rows.ts';

export interface StoredContent {
  /** Lines that say something. */
  readonly records: number;
  readonly sha256: Uint8Array;
}

/** Keeps what the file version with the hash `of` says. */
export function noteContent(db: WritableDb, of: Uint8Array, content: StoredContent): void {
  db.run(
    `INSERT INTO contents (sha256, records, content) VALUES ($of, $records, $content)
     ON CONFLICT (sha256) DO UPDATE SET records = excluded.records, content = excluded.content`,
    { of, records: content.records, content: content.sha256 },
  );
}

export function hasContent(db: ReadableDb, of: Uint8Array): boolean {
  return db.get('SELECT 1 AS found FROM contents WHERE sha256 = $of', { of }) !== null;
}

export interface EvictedContent extends StoredContent {
  readonly key: string;
  readonly generation: number;
  /** Bytes of the file version. */
  readonly rawBytes: number;
}

/** What the files of an evicted session said, as far as it was kept; newest eviction first. */
export function contentsOfEvicted(db: ReadableDb, uid: SessionUid): EvictedContent[] {
  return db.all<EvictedContent>(
    `SELECT key, generation, t.raw_bytes AS rawBytes, c.records AS records, c.content AS sha256
     FROM tombstones t JOIN contents c ON c.sha256 = t.sha256
     WHERE session_id = ${NAMED_ID} ORDER BY generation DESC, key`,
    { uid },
  );
}
