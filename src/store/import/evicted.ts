/**
 * A session of which the other store has only a digest, into one that has it live or evicted.
 * Promises: a digest of content that is nowhere else is kept beside what is here; nothing here is evicted by it.
 */
import type { SessionRow } from '../../domain/session.ts';
import type { Iso } from '../../domain/time.ts';
import type { Merge } from '../../merge/decide.ts';
import type { Incoming } from '../archived.ts';
import type { ReadableDb, WritableDb } from '../connection.ts';
import { filesOf } from '../read.ts';
import { fileChunks, removedRanges } from '../segments.ts';
import { adoptDigest, coversFromOf, digestAt, keepBeside, replaceDigest } from './digests.ts';
import { prefixHash } from './incoming.ts';
import { generationOf, presentDigest, putEvent, putImportedDigest, setAnalyzed } from './rows.ts';

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
  const isBeginning = theirFiles(incoming).every((theirs) => {
    const here = files.get(theirs.key);
    if (here === undefined || here.rawBytes < theirs.rawBytes) return false;
    return prefixHash(fileChunks(db, local.uid, here), theirs.rawBytes) === theirs.sha256;
  });
  return isBeginning ? 'known' : 'other';
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
  decided: Merge['digest'],
): void {
  const digest = presentDigest(incoming);
  if (digest === null || decided === 'leave') return;
  if (decided === 'beside') {
    keepBeside(db, { sessionId, uid: local.uid, at }, incoming, [digest]);
    return;
  }
  if (local.evictedAt === null) {
    // A digest is of the whole log: theirs is of no line that was removed here.
    const hasRemoved = filesOf(db, local.uid).some((file) => !file.gone && removedRanges(file).length > 0);
    if (!hasRemoved) adoptDigest(db, sessionId, incoming);
    return;
  }
  const generation = generationOf(db, sessionId);
  const ours = digestAt(db, sessionId, generation);
  if (ours === null) {
    putImportedDigest(db, { sessionId, generation, coversFrom: coversFromOf(db, sessionId) }, digest);
    if (digest.complete)
      setAnalyzed(db, sessionId, {
        analyzedAt: incoming.meta.analyzed_at,
        digestAt: incoming.meta.digest_at,
      });
  } else if (digest.version >= ours.version) {
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
  }
}
