/**
 * What analyze writes: digests, the hashes of files, failures.
 * Promises: `analyzed_at` is set exactly where a complete digest newly covers what is stored; a better digest outlives a worse one.
 */

import { FailureError, messageOf } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { horizon, type Iso } from '../domain/time.ts';
import type { WritableDb } from './connection.ts';
import { filesOf } from './read.ts';
import { NAMED, NAMED_ID, type StoredFile } from './rows.ts';
import { followSearch } from './search/documents.ts';
import { fileChunks, sha256 } from './segments.ts';

export interface NewDigest {
  readonly uid: SessionUid;
  /** The generation that was read; where the session has grown since, nothing is stored. */
  readonly generation: number;
  readonly version: number;
  readonly json: string;
  readonly complete: boolean;
  readonly now: Iso;
  /** What the analysis found out about the session; null leaves what is known. */
  readonly title: string | null;
  readonly project: string | null;
  readonly branch: string | null;
  readonly startedAt: Iso | null;
  readonly endedAt: Iso | null;
  /** Hashes of files, each of the version that was read. */
  readonly fileHashes: ReadonlyMap<StoredFile, Uint8Array>;
  /** It was made of bytes that came back from the bucket, which alone has them. */
  readonly isFetched?: true;
}

export type SaveOutcome = 'saved' | 'same' | 'grown';

/** Stores a digest of the present generation, drops older ones that it covers. `same`: it was there, word for word. */
export function saveDigest(db: WritableDb, digest: NewDigest): SaveOutcome {
  return db.writeTransaction(() => putSessionDigest(db, digest));
}

/** The same inside a transaction of the caller's. */
export function putSessionDigest(db: WritableDb, digest: NewDigest): SaveOutcome {
  const session = db.get<{
    id: number;
    raw_generation: number;
    covers_from: number;
    evicted_at: string | null;
    analyzed_at: string | null;
  }>(`SELECT id, raw_generation, covers_from, evicted_at, analyzed_at FROM sessions WHERE ${NAMED}`, {
    uid: digest.uid,
  });
  if (session === null || session.raw_generation !== digest.generation) return 'grown';
  const isHere = session.evicted_at === null;
  const isAway = digest.isFetched === true && !isHere && session.analyzed_at === null;
  if (!isHere && !isAway) return 'grown';
  for (const [file, sha256] of digest.fileHashes) setFileHash(db, file, sha256);
  const outcome = putDigest(db, session.id, session.covers_from, digest);
  if (outcome === 'saved') followSearch(db, session.id);
  if (!digest.complete) return outcome;
  // A session comes back file by file: where that was cut short, what an older digest stood for is not all there again.
  db.run(
    `DELETE FROM digests WHERE session_id = $id AND generation < $generation AND covers_from >= $coversFrom
       AND NOT EXISTS (SELECT 1 FROM tombstones t WHERE t.session_id = $id AND t.generation = digests.generation
         AND NOT EXISTS (SELECT 1 FROM files f WHERE f.session_id = $id AND f.key = t.key AND f.gone = 0
                           AND f.log_bytes >= t.raw_bytes))`,
    { id: session.id, generation: digest.generation, coversFrom: session.covers_from },
  );
  db.run(
    `UPDATE sessions SET analyzed_at = coalesce(analyzed_at, $now), analyze_error = NULL,
         digest_at = CASE WHEN $same = 1 AND digest_at IS NOT NULL THEN digest_at ELSE $now END,
         title = coalesce($title, title), project = coalesce($project, project), branch = coalesce($branch, branch),
         started_at = coalesce($startedAt, started_at), ended_at = coalesce($endedAt, ended_at),
         later_at = iif(coalesce($endedAt, ended_at) > $horizon, coalesce($endedAt, ended_at), later_at)
       WHERE id = $id`,
    {
      id: session.id,
      now: digest.now,
      horizon: horizon(digest.now),
      same: outcome === 'same' ? 1 : 0,
      title: digest.title,
      project: digest.project,
      branch: digest.branch,
      startedAt: digest.startedAt,
      endedAt: digest.endedAt,
    },
  );
  return outcome;
}

function putDigest(db: WritableDb, sessionId: number, coversFrom: number, digest: NewDigest): SaveOutcome {
  const found = db.get<{ id: number; json: string; complete: number }>(
    'SELECT id, json, complete FROM digests WHERE session_id = $sessionId AND generation = $generation',
    { sessionId, generation: digest.generation },
  );
  const row = {
    json: digest.json,
    bytes: Buffer.byteLength(digest.json),
    version: digest.version,
    complete: digest.complete ? 1 : 0,
    sha256: sha256(Buffer.from(digest.json)),
    now: digest.now,
  };
  if (found === null) {
    db.run(
      `INSERT INTO digests (session_id, generation, covers_from, complete, version, made_at, bytes, json, sha256)
       VALUES ($sessionId, $generation, $coversFrom, $complete, $version, $now, $bytes, $json, $sha256)`,
      { ...row, sessionId, generation: digest.generation, coversFrom },
    );
    return 'saved';
  }
  if (found.json === digest.json || found.complete > row.complete) return 'same';
  db.run(
    `UPDATE digests SET complete = $complete, version = $version, made_at = $now, bytes = $bytes, json = $json,
       sha256 = $sha256
     WHERE id = $id`,
    { ...row, id: found.id },
  );
  return 'saved';
}

/**
 * Reads the files of a session whose present version has no hash, and keeps their hashes: a tombstone needs one. An appended or
 * shortened file has none until an analysis reads it. What cannot be read gets the hash of why, which equals no file; where it stays
 * (`isGoing` false) it gets none, since it may be mended.
 */
export function hashFiles(db: WritableDb, uid: SessionUid, isGoing = true): void {
  const isMissing =
    db.get(
      `SELECT 1 AS found FROM files WHERE session_id = ${NAMED_ID} AND gone = 0 AND sha256 IS NULL LIMIT 1`,
      { uid },
    ) !== null;
  if (!isMissing) return;
  for (const file of filesOf(db, uid)) {
    if (file.gone || file.sha256 !== null) continue;
    const hasher = new Bun.CryptoHasher('sha256');
    try {
      for (const chunk of fileChunks(db, uid, file)) hasher.update(chunk);
    } catch (thrown) {
      // Another process has stored it anew: what stands there now is not damaged, and not this.
      if (thrown instanceof FailureError && thrown.failure.code === 'busy') continue;
      if (!isGoing) continue;
      hasher.update(messageOf(thrown));
    }
    setFileHash(db, file, hasher.digest());
  }
}

/** Keeps the hash of a file as it was read; one that another process has stored anew since keeps none. */
function setFileHash(db: WritableDb, file: StoredFile, sha256: Uint8Array): void {
  db.run(
    `UPDATE files SET sha256 = $sha256 WHERE id = $fileId AND sha256 IS NULL AND gone = 0
       AND raw_bytes = $rawBytes AND log_bytes = $logBytes
       AND coalesce(extents, iif(log_bytes > 0, json_array(json_array(0, log_bytes)), '[]')) = $extents`,
    {
      fileId: file.fileId,
      rawBytes: file.rawBytes,
      logBytes: file.logBytes,
      sha256,
      extents: JSON.stringify(file.extents),
    },
  );
}
