/**
 * A session of which the other store has only a digest, into one that has it live or evicted.
 * Promises: a digest of content that is nowhere else is kept beside what is here; nothing here is evicted by it.
 */
import { invariant } from '../../domain/errors.ts';
import type { SessionRow } from '../../domain/session.ts';
import type { Iso } from '../../domain/time.ts';
import type { Merge } from '../../merge/decide.ts';
import type { Incoming } from '../archived.ts';
import type { ReadableDb, WritableDb } from '../connection.ts';
import { filesOf } from '../read.ts';
import { fileChunks } from '../segments.ts';
import { putReturn } from '../write-return.ts';
import { adoptDigest, coversFromOf, digestAt, dropCovered, keepBeside, replaceDigest } from './digests.ts';
import { prefixHash } from './incoming.ts';
import { insertEvicted } from './new.ts';
import { generationOf, lettingGo, presentDigest, putEvent, raiseTo } from './rows.ts';

/** Files by name, length and hash, of an evicted session or of one whose versions are all hashed; null where one is not, or none is there. */
function contentOf(
  files: readonly { key: string; rawBytes: number; sha256: string | null }[],
): string | null {
  if (files.length === 0 || files.some((file) => file.sha256 === null)) return null;
  return JSON.stringify(files.map(({ key, rawBytes, sha256: hash }) => [key, rawBytes, hash]).sort());
}

function theirFiles({ meta }: Incoming) {
  return meta.files.map(({ key, raw_bytes: rawBytes, sha256: hash }) => ({ key, rawBytes, sha256: hash }));
}

/** How what was evicted there stands to what is, or was, here: the same; its beginning, or a digest that is here; or something else. */
export function contentOfEvicted(
  db: ReadableDb,
  local: SessionRow,
  incoming: Incoming,
): 'same' | 'known' | 'other' {
  const sight = contentAtSight(db, local, incoming);
  if (sight !== 'other' || local.evictedAt !== null) return sight;
  const files = new Map(
    filesOf(db, local.uid)
      .filter(({ gone }) => !gone)
      .map((file) => [file.key, file]),
  );
  const there = theirFiles(incoming);
  // Of no file nothing is known.
  const isBeginning = there.every((theirs) => {
    const here = files.get(theirs.key);
    if (here === undefined || here.rawBytes < theirs.rawBytes) return false;
    return prefixHash(fileChunks(db, local.uid, here), theirs.rawBytes) === theirs.sha256;
  });
  return isBeginning && there.length > 0 ? 'known' : 'other';
}

/** Of a stranger's, evicted: no file of it ever came. */
export function isDigestAlone(db: ReadableDb, local: SessionRow): boolean {
  return local.origin !== null && local.evictedAt !== null && filesOf(db, local.uid).length === 0;
}

/** The same without reading what is stored: the beginning of what is here counts as something else. */
export function contentAtSight(
  db: ReadableDb,
  local: SessionRow,
  incoming: Incoming,
): 'same' | 'known' | 'other' {
  if (isSameContent(db, local, incoming)) return 'same';
  const json = presentDigest(incoming)?.json ?? '';
  const known = db.get(
    'SELECT 1 AS found FROM digests d JOIN sessions s ON s.id = d.session_id WHERE session_uid = $uid AND json = $json',
    { uid: local.uid, json },
  );
  return known === null ? 'other' : 'known';
}

export function isSameContent(db: ReadableDb, local: SessionRow, incoming: Incoming): boolean {
  const ours = filesOf(db, local.uid).filter(({ gone }) => local.evictedAt !== null || !gone);
  const content = contentOf(ours);
  return content !== null && content === contentOf(theirFiles(incoming));
}

/** The other store has only a digest of it. */
export function mergeEvicted(
  db: WritableDb,
  { sessionId, local, at }: { readonly sessionId: number; readonly local: SessionRow; readonly at: Iso },
  incoming: Incoming,
  decided: Merge,
): void {
  const digest = presentDigest(incoming);
  if (digest === null || decided.digest === 'leave') return;
  if (decided.digest === 'beside') {
    keepBeside(db, { sessionId, uid: local.uid, at }, incoming, [digest]);
    return;
  }
  if (isDigestAlone(db, local)) {
    takeOver(db, { sessionId, local, at }, incoming);
    return;
  }
  const generation = generationOf(db, sessionId);
  const ours = digestAt(db, sessionId, generation);
  if (local.evictedAt !== null && ours !== null) {
    const [rawBytes, storedBytes] = [ours.bytes, Buffer.byteLength(digest.json)];
    const event = {
      at,
      kind: 'digest_replaced',
      generation,
      sweep_id: null,
      raw_bytes: rawBytes,
      stored_bytes: storedBytes,
    };
    putEvent(db, sessionId, local.uid, { ...event, reason: 'a better one was imported' });
    replaceDigest(db, sessionId, ours, digest);
  } else adoptDigest(db, sessionId, incoming);
}

/**
 * A stranger's session of which a digest alone is here becomes the one that the other store evicted: its files as they were remembered
 * there, its digest, its eviction. The stranger's digest goes, which one's own covers: it never stood for a byte.
 */
function takeOver(
  db: WritableDb,
  { sessionId, local, at }: { readonly sessionId: number; readonly local: SessionRow; readonly at: Iso },
  incoming: Incoming,
): void {
  const own = lettingGo(incoming.meta);
  invariant(own !== null, 'what was evicted has an event that let it go');
  putReturn(db, sessionId, at, true, 'imported');
  db.run(
    `UPDATE sessions SET raw_generation = raw_generation + 1, evicted_at = NULL, analyzed_at = NULL, stored_bytes = 0, pinned = 0
     WHERE id = $sessionId`,
    { sessionId },
  );
  raiseTo(db, sessionId, incoming.meta.raw_generation);
  const [generation, coversFrom] = [generationOf(db, sessionId), coversFromOf(db, sessionId)];
  insertEvicted(db, { sessionId, generation, coversFrom }, incoming, own, null);
  dropCovered(db, sessionId, generation, coversFrom);
  if (local.pinned) db.run('UPDATE sessions SET pinned = 1 WHERE id = $sessionId', { sessionId });
}
