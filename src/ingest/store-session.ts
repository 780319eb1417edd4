/**
 * Where both ways of storing a session end, the one that reads as it stores and the one that stores what was made ready.
 * Promises: what either of them writes of a session and of a file is written here, in the caller's transaction.
 */
import { sessionUid } from '../domain/ids.ts';
import type { Iso } from '../domain/time.ts';
import { hashText } from '../files/hash-text.ts';
import type { WritableDb } from '../store/connection.ts';
import type { Extent } from '../store/rows.ts';
import {
  addSegments,
  describeSession,
  ensureSession,
  markSource,
  type NewSegment,
  noteMetAt,
  type SourceMark,
  setFileVersion,
  type timesOf,
} from '../store/write-raw.ts';
import type { FoundFile, FoundSession } from './discover/discover.ts';
import type { About } from './session-description.ts';

/** The session's row; made where there is none. */
export function ensureRow(db: WritableDb, found: FoundSession, now: Iso): number {
  const { uid, agent, nativeId, root } = found;
  return ensureSession(db, { uid, agent: agent.id, nativeId, agentRoot: root, ingestedAt: now });
}

/** What a transcript's head and tail tell of when; `laterAt`: a time ahead of the clock. */
export type Times = Pick<ReturnType<typeof timesOf>, 'startedAt' | 'endedAt'> & {
  readonly laterAt?: Iso | null;
};

/** Writes what the head and tail tell, redacted. */
export function describeFound(
  db: WritableDb,
  sessionId: number,
  { agent, nativeId, peek }: FoundSession,
  about: About,
  times: Times,
): void {
  const parent = peek?.parentNativeId ?? null;
  describeSession(db, sessionId, {
    ...about,
    ...times,
    parentUid: parent === null || parent === nativeId ? null : sessionUid(agent.id, parent, hashText),
  });
}

/** What is new of a file, and the version that names it. */
export interface FileVersion {
  readonly fileId: number;
  /** End of the file's log before. */
  readonly logBytes: number;
  readonly added: readonly NewSegment[];
  readonly rawBytes: number;
  /** Null: the whole log. */
  readonly extents: readonly Extent[] | null;
  readonly sha256: Uint8Array | null;
}

/** Stores it. `seen`: how the path looked from which it was read; the session's counters are the caller's. */
export function storeVersion(
  db: WritableDb,
  sessionId: number,
  version: FileVersion,
  seen: SeenSource,
  metAt: MetAt | null = null,
): void {
  const { fileId, logBytes, added, rawBytes, extents, sha256 } = version;
  addSegments(db, { sessionId, fileId, logBytes }, added);
  setFileVersion(db, fileId, { rawBytes, extents, sha256 });
  mark(db, sessionId, seen, fileId, metAt);
}

/** How a path looked when it was read. */
export type SeenSource = Omit<SourceMark, 'sessionId' | 'fileId'>;

/** Where a file lies now, if that is not where it was last met and nothing lies there any more. */
export interface MetAt {
  readonly relPath: string;
  readonly agentRoot: string | null;
}

/** Notes what was seen of a path; in one transaction with where the file is met now, for who is known is not looked at again. */
export function mark(
  db: WritableDb,
  sessionId: number,
  seen: SeenSource,
  fileId: number | null,
  metAt: MetAt | null = null,
): void {
  markSource(db, { ...seen, sessionId, fileId });
  if (metAt !== null && fileId !== null && seen.holdsAll) noteMetAt(db, { sessionId, fileId }, metAt);
}

export function newFile(file: FoundFile) {
  return { role: file.class.role, key: file.class.key, relPath: file.relPath, encoding: file.class.encoding };
}
