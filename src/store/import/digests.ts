/**
 * Which of two stores' digests of one content is kept: the better one, in both stores the same.
 * Promises: a digest is called complete only of the very content that it was made of.
 */
import type { SessionRow } from '../../domain/session.ts';
import type { Iso } from '../../domain/time.ts';
import { type ArchivedDigest, type Incoming, kindOf } from '../archived.ts';
import type { ReadableDb, WritableDb } from '../connection.ts';
import { followSearch } from '../search/documents.ts';
import { sha256 } from '../segments.ts';
import { generationOf, presentDigest, putEvent, putImportedDigest, setAnalyzed } from './rows.ts';

export interface DigestRow {
  readonly id: number;
  readonly complete: number;
  readonly version: number;
  readonly bytes: number;
  readonly json: string;
}

export function digestAt(db: ReadableDb, sessionId: number, generation: number): DigestRow | null {
  return db.get<DigestRow>(
    'SELECT id, complete, version, bytes, json FROM digests WHERE session_id = $sessionId AND generation = $generation',
    { sessionId, generation },
  );
}

/** The newest of what is here, and whether it is of all of it; null where there is none. What was evicted as something else is left out, as are strangers' digests. */
export function newestDigest(
  db: ReadableDb,
  sessionId: number,
): (DigestRow & { readonly isOfAll: boolean }) | null {
  const found = db.get<DigestRow & { of_all: number }>(
    `SELECT d.id, complete, version, bytes, json, d.generation = s.raw_generation AS of_all
     FROM digests d JOIN sessions s ON s.id = d.session_id
     WHERE session_id = $sessionId AND d.generation >= s.covers_from AND d.generation >= 0 AND d.origin IS NULL ORDER BY d.generation DESC LIMIT 1`,
    { sessionId },
  );
  return found === null ? null : { ...found, isOfAll: found.of_all === 1 };
}

/** Of two digests of one content: the complete, the newer in form, the longer, then the greater text. */
export function isBetter(theirs: ArchivedDigest, ours: DigestRow): boolean {
  const bytes = Buffer.byteLength(theirs.json);
  const steps = [Number(theirs.complete) - ours.complete, theirs.version - ours.version, bytes - ours.bytes];
  const first = steps.find((step) => step !== 0);
  return first === undefined ? theirs.json > ours.json : first > 0;
}

/** The other store's digest stands for all that is here now. */
export function adoptDigest(db: WritableDb, sessionId: number, incoming: Incoming): void {
  const digest = presentDigest(incoming);
  if (digest === null) return;
  const generation = generationOf(db, sessionId);
  const ours = digestAt(db, sessionId, generation);
  const coversFrom = coversFromOf(db, sessionId);
  if (ours === null) putImportedDigest(db, { sessionId, generation, coversFrom }, digest);
  else replaceDigest(db, sessionId, ours, digest);
  const { analyzed_at: analyzedAt, digest_at: madeAt } = incoming.meta;
  if (!digest.complete || analyzedAt === null) return;
  dropCovered(db, sessionId, generation, coversFrom);
  setAnalyzed(db, sessionId, { analyzedAt, digestAt: madeAt });
}

/** What was evicted came back byte for byte: its digest stands for it as before, whichever of the two stores came first. */
export function letDigestStand(db: WritableDb, sessionId: number, evicted: SessionRow): void {
  const old = digestAt(db, sessionId, evicted.generation);
  const generation = generationOf(db, sessionId);
  if (old?.complete !== 1 || evicted.analyzedAt === null || generation === evicted.generation) return;
  const coversFrom = coversFromOf(db, sessionId);
  db.run(
    `INSERT INTO digests (session_id, generation, covers_from, complete, version, made_at, bytes, json, sha256)
     SELECT session_id, $generation, $coversFrom, complete, version, made_at, bytes, json, sha256 FROM digests WHERE id = $id`,
    { generation, coversFrom, id: old.id },
  );
  dropCovered(db, sessionId, generation, coversFrom);
  followSearch(db, sessionId);
  setAnalyzed(db, sessionId, { analyzedAt: evicted.analyzedAt, digestAt: null });
}

/** Older digests of what the one of this generation is of as well. */
export function dropCovered(db: WritableDb, sessionId: number, generation: number, coversFrom: number): void {
  db.run(
    'DELETE FROM digests WHERE session_id = $sessionId AND generation BETWEEN 0 AND $generation - 1 AND covers_from >= $coversFrom',
    { sessionId, generation, coversFrom },
  );
}

export function replaceDigest(
  db: WritableDb,
  sessionId: number,
  ours: DigestRow,
  digest: ArchivedDigest,
): void {
  db.run(
    `UPDATE digests SET complete = $complete, version = $version, made_at = $madeAt, bytes = $bytes, json = $json,
       sha256 = $sha256 WHERE id = $id`,
    {
      id: ours.id,
      complete: digest.complete ? 1 : 0,
      version: digest.version,
      madeAt: digest.made_at,
      bytes: Buffer.byteLength(digest.json),
      json: digest.json,
      sha256: sha256(Buffer.from(digest.json)),
    },
  );
  followSearch(db, sessionId);
}

export function coversFromOf(db: ReadableDb, sessionId: number): number {
  return (
    db.get<{ covers_from: number }>('SELECT covers_from FROM sessions WHERE id = $sessionId', { sessionId })
      ?.covers_from ?? 0
  );
}

/**
 * Digests of content that is nowhere else, beside what is here: under generations of their own, below zero, each by an event
 * that says so. Those that are here word for word are left out.
 */
export function keepBeside(
  db: WritableDb,
  session: { readonly sessionId: number; readonly uid: string; readonly at: Iso },
  incoming: Incoming,
  digests: readonly ArchivedDigest[],
): void {
  const { sessionId, uid } = session;
  for (const digest of digests) {
    if (isKept(db, sessionId, digest)) continue;
    const bytes = Buffer.byteLength(digest.json);
    const told = incoming.meta.events.find(
      ({ kind, stored_bytes: stored }) => kindOf(kind) === 'digest_added' && stored === bytes,
    );
    putEvent(db, sessionId, uid, {
      at: told?.at ?? session.at,
      kind: 'digest_added',
      generation: told?.generation ?? generationOf(db, sessionId),
      sweep_id: null,
      raw_bytes: 0,
      stored_bytes: bytes,
      reason: 'of what another store had',
    });
    const generation = Math.min(0, lowestOf(db, sessionId)) - 1;
    putImportedDigest(db, { sessionId, generation, coversFrom: generation }, digest);
  }
}

/** Whether it is here word for word. A stranger's may go: it stands in for none of one's own. */
export function isKept(db: ReadableDb, sessionId: number, { json, origin }: ArchivedDigest): boolean {
  return (
    db.get(
      `SELECT 1 AS found FROM digests WHERE session_id = $sessionId AND json = $json
         AND (origin IS NULL OR $isStrangers = 1)`,
      { sessionId, json, isStrangers: origin == null ? 0 : 1 },
    ) !== null
  );
}

function lowestOf(db: ReadableDb, sessionId: number): number {
  return (
    db.get<{ lowest: number | null }>(
      'SELECT min(generation) AS lowest FROM digests WHERE session_id = $sessionId',
      { sessionId },
    )?.lowest ?? 0
  );
}
