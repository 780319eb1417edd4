/** Whether a digest is what was written: before raw bytes go that it stands for, and for `verify`. */
import type { Digest } from '../domain/digest.ts';
import { fail } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { parsedJson } from '../domain/parsed.ts';
import type { ReadableDb, WritableDb } from './connection.ts';
import { sameBytes, sha256 } from './segments.ts';

export interface DigestText {
  readonly json: string;
  /** Of the JSON; null: made by a version that kept none. */
  readonly sha256: Uint8Array | null;
}

export function isDigestWhole({ json, sha256: recorded }: DigestText): boolean {
  if (recorded !== null) return sameBytes(sha256(Buffer.from(json)), recorded);
  // Whatever it was, it is none now.
  return parsedJson(json) !== undefined;
}

/** A stored digest; null where it is no JSON any more. Whether it is the one that was written is told by its hash. */
export function digestIn(json: string): Digest | null {
  const value = parsedJson(json);
  return typeof value === 'object' && value !== null ? (value as Digest) : null;
}

/** The same, for whoever shows it: fails, with the way out, instead of null. */
export function readDigest(uid: SessionUid, json: string): Digest {
  const digest = digestIn(json);
  if (digest !== null) return digest;
  throw fail(
    'corrupt',
    `a digest of ${uid} is damaged`,
    'Run `session-memory verify --repair`: it is made anew where the raw bytes are stored still.',
  );
}

/** Whether each complete digest of the session's present content is whole; false where there is none. */
export function hasWholeDigest(db: ReadableDb, sessionId: number, generation: number): boolean {
  const digests = db.all<DigestText>(
    'SELECT json, sha256 FROM digests WHERE session_id = $sessionId AND generation = $generation AND complete = 1',
    { sessionId, generation },
  );
  return digests.length > 0 && digests.every(isDigestWhole);
}

/** A live session whose digest is damaged waits for a new one: it is made of the bytes, which are all there. */
export function forgetDigest(db: WritableDb, uid: SessionUid): void {
  db.run(
    `UPDATE sessions SET raw_generation = raw_generation + 1, analyzed_at = NULL, analyze_error = NULL
     WHERE session_uid = $uid AND evicted_at IS NULL`,
    { uid },
  );
}
