/**
 * Sessions that were made ready, into the store: several in one transaction, each whole or not at all.
 * Promises: a session that another process has begun meanwhile is left to the long way; nothing is stored above the cap.
 */

import { DIGEST_VERSION } from '../../domain/digest.ts';
import { killPoint } from '../../domain/kill-point.ts';
import type { Iso } from '../../domain/time.ts';
import { noteFailure } from '../../store/analyses.ts';
import type { ReadableDb, WritableDb } from '../../store/connection.ts';
import { findSession } from '../../store/read.ts';
import { hasBearer } from '../../store/read-sources.ts';
import { putSessionDigest } from '../../store/write-digests.ts';
import { ensureFile, recountSession, timesOf } from '../../store/write-raw.ts';
import type { FoundFile, FoundSession } from '../discover/discover.ts';
import { describeFound, ensureRow, newFile, storeVersion } from '../store-session.ts';
import type { Prepared, PreparedDigest, PreparedFile, PrepareRequest } from './prepare.ts';
import { PREPARED_BYTES_MAX } from './prepare.ts';

export interface ReadySession {
  readonly found: FoundSession;
  readonly prepared: Prepared;
}

/** An order for each of them, as the store is at one moment; it is asked again when one is stored. */
export function ordersOf(
  db: WritableDb,
  sessions: readonly FoundSession[],
  now: Iso,
): (PrepareRequest | null)[] {
  return db.snapshot(() => sessions.map((found) => orderOf(db, found, now)));
}

/** The order to make a session ready; null where only the long way will do: it is known, compressed, copied, held in a container, or large. */
function orderOf(db: WritableDb, found: FoundSession, now: Iso): PrepareRequest | null {
  const keys = new Set(found.files.map((file) => file.class.key));
  const isPlain = found.files.every(
    (file) => file.known === null && file.class.encoding === 'plain' && file.contained === undefined,
  );
  const rawBytes = found.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  if (!isPlain || keys.size < found.files.length || rawBytes > PREPARED_BYTES_MAX) return null;
  if (found.bearers !== undefined || isKnown(db, found)) return null;
  const { peek } = found;
  return {
    uid: found.uid,
    agent: found.agent.id,
    ...(found.agent.own === undefined ? {} : { own: found.agent.own }),
    now,
    peek: peek === null ? null : { title: peek.title, project: peek.project, branch: peek.branch },
    files: found.files.map((file) => ({
      path: file.path,
      within: file.within,
      role: file.class.role,
      key: file.class.key,
    })),
  };
}

/** Stores them in one transaction; returns those that the store knows by now, which it leaves alone. */
export function storePrepared(
  db: WritableDb,
  batch: readonly ReadySession[],
  now: Iso,
  program: string,
): FoundSession[] {
  return db.writeTransaction(() =>
    batch.flatMap(({ found, prepared }) => {
      if (isKnown(db, found)) return [found];
      storeOne(db, found, prepared, now, program);
      killPoint('ready.session-stored');
      return [];
    }),
  );
}

/** Whether the store has a session of that id: then it must be said whose this one is. */
function isKnown(db: ReadableDb, { agent, nativeId }: FoundSession): boolean {
  return hasBearer(db, agent.id, nativeId);
}

function storeOne(db: WritableDb, found: FoundSession, prepared: Prepared, now: Iso, program: string): void {
  const sessionId = ensureRow(db, found, now);
  describeFound(db, sessionId, found, prepared.about, timesOf(found.peek, now));
  for (const file of found.files) {
    const ready = prepared.files.find(({ path }) => path === file.path);
    if (ready === undefined) continue;
    storeFile(db, sessionId, file, ready);
  }
  recountSession(db, sessionId);
  if (prepared.digest !== null) storeDigest(db, found, prepared.digest, now, program);
}

function storeFile(db: WritableDb, sessionId: number, file: FoundFile, ready: PreparedFile): void {
  const fileId = ensureFile(db, sessionId, newFile(file));
  const { segments: added, rawBytes, sha256 } = ready;
  storeVersion(
    db,
    sessionId,
    { fileId, logBytes: 0, added, rawBytes, extents: null, sha256 },
    {
      path: file.path,
      agent: file.agent.id,
      stat: ready.stat,
      takenBytes: rawBytes,
      headSha256: ready.head,
      tailSha256: ready.tail,
      holdsAll: true,
    },
  );
}

function storeDigest(
  db: WritableDb,
  { uid }: FoundSession,
  digest: PreparedDigest,
  now: Iso,
  program: string,
): void {
  const generation = findSession(db, uid)?.generation ?? 0;
  if (!digest.ok) {
    noteFailure(db, uid, digest.why, { generation, analyzer: '', program }, now);
    return;
  }
  const { ok: _, ...about } = digest;
  putSessionDigest(db, {
    ...about,
    uid,
    generation,
    version: DIGEST_VERSION,
    complete: true,
    now,
    fileHashes: new Map(),
  });
}
