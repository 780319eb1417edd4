/**
 * The rarer writes of ingest: a session that comes back after its eviction, and one that is only ever digested.
 */
import type { SessionUid } from '../domain/ids.ts';
import type { Iso } from '../domain/time.ts';
import type { WritableDb } from './connection.ts';
import { followSearch } from './search/documents.ts';
import { sha256 } from './segments.ts';
import { ensureFile, type NewFile, noteEvent, recountSession } from './write-raw.ts';

/**
 * Before an evicted session is stored whole again; without it the schema refuses its segments. `continues`: what was evicted
 * stands unchanged at the start of what is there now, so that a new digest covers the old one too; otherwise the old digest
 * stays beside the new one.
 */
export function noteReturn(
  db: WritableDb,
  sessionId: number,
  at: Iso,
  continues: boolean,
  from: 'source' | 'hand' = 'source',
): void {
  db.writeTransaction(() => putReturn(db, sessionId, at, continues, from));
}

/** The same within the caller's transaction. `hand`: a person wanted it. `imported`: its bytes come from another store. */
export function putReturn(
  db: WritableDb,
  sessionId: number,
  at: Iso,
  continues: boolean,
  from: 'source' | 'hand' | 'imported' = 'source',
): void {
  if (!continues)
    db.run('UPDATE sessions SET covers_from = raw_generation + 1 WHERE id = $sessionId', { sessionId });
  // All of its files come back. Where this run is killed after the first, the next must not take the others for known.
  db.run("UPDATE sources SET stat = 'returning' WHERE session_id = $sessionId", { sessionId });
  const reason =
    from === 'imported'
      ? 'imported from another store'
      : from === 'hand'
        ? 'taken back by hand'
        : continues
          ? 'grew since it was evicted'
          : 'changed since it was evicted; its old digest stays';
  noteEvent(db, { kind: 'returned', sessionId, at, reason });
}

export interface DigestOnly {
  readonly sessionId: number;
  readonly uid: SessionUid;
  readonly at: Iso;
  readonly version: number;
  readonly json: string;
  readonly reason: string;
  /** As for `noteReturn`, where it was evicted before. */
  readonly continues: boolean;
  readonly files: readonly (NewFile & { readonly rawBytes: number; readonly sha256: Uint8Array })[];
}

/** A session too large for Tier 1: its digest is kept, its files are remembered by size and hash, no byte is stored. */
export function recordDigestOnly(db: WritableDb, session: DigestOnly): void {
  const { sessionId } = session;
  db.writeTransaction(() => {
    // One that came back grown is of a new generation; a digest and an event stand for one generation only.
    const isEvicted =
      db.get('SELECT 1 AS found FROM sessions WHERE id = $sessionId AND evicted_at IS NOT NULL', {
        sessionId,
      }) !== null;
    if (isEvicted) putReturn(db, sessionId, session.at, session.continues);
    db.run(
      `UPDATE sessions SET raw_generation = raw_generation + 1, evicted_at = NULL, analyzed_at = NULL, stored_bytes = 0
       WHERE id = $sessionId AND evicted_at IS NOT NULL`,
      { sessionId },
    );
    for (const file of session.files) {
      const fileId = ensureFile(db, sessionId, file);
      db.run('UPDATE files SET raw_bytes = $rawBytes, sha256 = $sha256 WHERE id = $fileId', {
        fileId,
        rawBytes: file.rawBytes,
        sha256: file.sha256,
      });
    }
    recountSession(db, sessionId);
    db.run(
      `INSERT INTO digests (session_id, generation, covers_from, complete, version, made_at, bytes, json, sha256)
       SELECT id, raw_generation, covers_from, 1, $version, $at, $bytes, $json, $sha256 FROM sessions WHERE id = $sessionId`,
      {
        sessionId,
        version: session.version,
        at: session.at,
        bytes: Buffer.byteLength(session.json),
        json: session.json,
        sha256: sha256(Buffer.from(session.json)),
      },
    );
    db.run(
      `DELETE FROM digests WHERE session_id = $sessionId
         AND generation < (SELECT raw_generation FROM sessions WHERE id = $sessionId)
         AND covers_from >= (SELECT covers_from FROM sessions WHERE id = $sessionId)`,
      { sessionId },
    );
    followSearch(db, sessionId);
    db.run('UPDATE sessions SET analyzed_at = $at, digest_at = $at WHERE id = $sessionId', {
      sessionId,
      at: session.at,
    });
    db.run(
      `INSERT INTO events (at, kind, session_id, session_uid, generation, raw_bytes, stored_bytes, reason)
       SELECT $at, 'evicted', id, session_uid, raw_generation, raw_bytes, 0, $reason FROM sessions WHERE id = $sessionId`,
      { sessionId, at: session.at, reason: session.reason },
    );
  });
}
