/**
 * One session into Tier 1: which of its files are new, grown, copies, or already evicted, and what follows.
 * Promises: an evicted session whose files are what they were is not stored again, wherever they lie now; one that grew
 * is stored whole; two transcripts that claim one id and differ become two sessions.
 */

import { dirname, relative, sep } from 'node:path';
import { decided } from '../domain/decisions.ts';
import { FailureError, messageOf } from '../domain/errors.ts';
import { divergedUid, type SessionUid, sessionUid } from '../domain/ids.ts';
import { killPoint } from '../domain/kill-point.ts';
import type { Iso } from '../domain/time.ts';
import { openSource } from '../files/contained/contained.ts';
import { fileOfPath, mayBeThere } from '../files/file-names.ts';
import { hashText } from '../files/hash-text.ts';
import type { Assignment } from '../identity/whose.ts';
import { retimeMet } from '../store/clock.ts';
import type { WritableDb } from '../store/connection.ts';
import { contentsOfEvicted } from '../store/contents.ts';
import { filesOf, findSession } from '../store/read.ts';
import { holdsAll, type KnownSource, otherPathsOf, tombstonesOf } from '../store/read-sources.ts';
import type { StoredFile } from '../store/rows.ts';
import { removedRanges } from '../store/segments.ts';
import { timesOf } from '../store/write-raw.ts';
import { noteReturn } from '../store/write-return.ts';
import { assign } from './assign.ts';
import type { FoundFile, FoundSession } from './discover/discover.ts';
import { holdAgainst } from './evicted.ts';
import { aboutOf } from './session-description.ts';
import { describeFound, ensureRow, mark } from './store-session.ts';
import { StoredFiles } from './stored-files.ts';
import { seenOf, type TakeContext, type Taken, takeChanged, takeNew } from './take-file.ts';

/** Another ingest of the same file is done in a moment, or goes on with it itself. */
const SHARED_TRIES = 5;
const SHARED_PAUSE_MS = 20;

export interface TakeDeps {
  readonly db: WritableDb;
  readonly now: Iso;
  readonly full: boolean;
  /** Whether a person takes an evicted session back, though it is what it was. */
  readonly again: (uid: SessionUid) => boolean;
  readonly signal: AbortSignal;
  readonly warn: (text: string) => void;
}

export interface TakenSession {
  readonly uid: SessionUid;
  readonly kind: 'new' | 'grown' | 'unchanged' | 'evicted';
  readonly filesRead: number;
  readonly bytesRead: number;
  /** Files that could not be stored. */
  readonly failed: number;
  readonly interrupted: boolean;
  /** It was evicted, and a person took it back. */
  readonly isTakenBack?: true;
  /** Files beside a copy that are not what is stored: sessions of their own. */
  readonly diverged: readonly FoundSession[];
}

/** It may be the one of its id that was forgotten: nothing of it is stored. */
export interface ForgottenFound {
  readonly kind: 'forgotten';
  readonly uid: SessionUid;
}

/** Whether what would be stored fits under the hard cap. */
export type Admission = 'store' | 'wait' | 'digest_only';

/** The file by which it was told whose a session is, and whether it may take the place of what is stored. */
interface Own {
  readonly file: FoundFile | null;
  readonly mayReplace: boolean;
  /** It says no more than another one. */
  readonly isCopy: boolean;
}

/** Nothing was stored: there is no room now, or never. `continues`: it was evicted, and begins with what was. */
export type NotTaken =
  | { readonly kind: 'wait' }
  | { readonly kind: 'digest_only'; readonly found: FoundSession; readonly continues: boolean }
  | ForgottenFound;

/** Asks for room only where something would be stored. */
export async function takeSession(
  deps: TakeDeps,
  asFound: FoundSession,
  roomFor: (found: FoundSession) => Promise<Admission>,
): Promise<TakenSession | NotTaken> {
  const mains = asFound.files.filter(({ class: { role } }) => role === 'main');
  // Some agents write a session into two files at once: the one that has changed tells whose both are.
  const main = mains.find(({ isChanged }) => isChanged) ?? mains[0];
  const assigned = main === undefined ? null : await assignedTo(deps, asFound, main);
  if (assigned !== null) decided('ingest', assigned.uid, `${assigned.reason}: ${main?.path}`);
  if (assigned?.reason === 'forgotten') return { kind: 'forgotten', uid: assigned.uid };
  const found = assigned === null ? asFound : { ...asFound, uid: assigned.uid };
  // Where it could not be told whose it is, nothing is put in the place of anything.
  const own = {
    file: main ?? null,
    mayReplace: assigned?.mayReplace ?? false,
    isCopy: assigned?.reason === 'copy',
  };
  const before = findSession(deps.db, found.uid);
  const seen = before?.evictedAt != null ? await checkEvictedSession(deps, found) : null;
  if (seen?.kind === 'evicted') return seen;
  const room = await roomFor(found);
  if (room === 'wait') return { kind: 'wait' };
  if (room === 'digest_only') return { kind: 'digest_only', found, continues: seen?.continues ?? true };
  if (seen !== null) {
    const sessionId = (await describer(deps, found))();
    noteReturn(deps.db, sessionId, deps.now, seen.continues, seen.byHand ? 'hand' : 'source');
    killPoint('return.noted');
    const taken = await takeFiles(deps, found, () => sessionId, found.files, 'grown', own);
    return seen.byHand ? { ...taken, isTakenBack: true } : taken;
  }
  const changed = deps.full ? found.files : found.files.filter((file) => file.isChanged);
  if (before === null) {
    const makeRow = rowWithBytes(deps, found, await describer(deps, found));
    return takeFiles(deps, found, makeRow, changed, 'new', own);
  }
  const sessionId = ensureRow(deps.db, found, deps.now);
  // Where nothing is stored, the transcript tells nothing new of the session: only its bookkeeping was written again.
  return takeFiles(deps, found, () => sessionId, changed, 'grown', own, await describer(deps, found));
}

/** Whose it is; where it cannot be read, what its path says, and why is told when it is taken. */
async function assignedTo(
  deps: TakeDeps,
  found: FoundSession,
  main: FoundFile,
): Promise<Assignment<SessionUid> | null> {
  try {
    return await assign(deps.db, found, main, deps.full);
  } catch {
    return null;
  }
}

/**
 * The session's row, for the transaction that stores something of it: where that finds no room, it leaves no row of nothing. One
 * that was rolled back is made again.
 */
function rowWithBytes(deps: TakeDeps, found: FoundSession, describe: () => number): () => number {
  let isDescribed = false;
  return () => {
    const isThere = isDescribed && findSession(deps.db, found.uid) !== null;
    isDescribed = true;
    return isThere ? ensureRow(deps.db, found, deps.now) : describe();
  };
}

/** Makes the session's row, with what the transcript's head and tail tell: kept for good, so redacted first, as a digest is. */
async function describer(deps: TakeDeps, found: FoundSession): Promise<() => number> {
  const { uid, peek } = found;
  const about = await aboutOf(peek, findSession(deps.db, uid));
  // What tells no time, an emptied file too, says nothing of those that are not told yet.
  const isTimed = peek !== null && (peek.startedAt !== null || peek.endedAt !== null);
  const times = isTimed ? timesOf(peek, deps.now) : { startedAt: null, endedAt: null };
  return () =>
    deps.db.writeTransaction(() => {
      const sessionId = ensureRow(deps.db, found, deps.now);
      describeFound(deps.db, sessionId, found, about, times);
      retimeMet(deps.db, sessionId, times, deps.now);
      return sessionId;
    });
}

async function takeFiles(
  deps: TakeDeps,
  found: FoundSession,
  makeRow: () => number,
  files: readonly FoundFile[],
  kindIfStored: 'new' | 'grown',
  own: Own,
  describe: () => void = () => undefined,
): Promise<TakenSession> {
  const context: TakeContext = {
    db: deps.db,
    uid: found.uid,
    now: deps.now,
    signal: deps.signal,
    describe,
    makeRow,
  };
  const diverged: FoundFile[] = [];
  const stored = new StoredFiles(context);
  let filesRead = 0;
  let bytesRead = 0;
  let failed = 0;
  let storedCount = 0;
  let interrupted = false;
  for (const file of ownFirst(files)) {
    if (deps.signal.aborted) interrupted = true;
    if (interrupted) break;
    try {
      const taken = await takeAgainWhileBusy(deps, context, file, stored, own);
      filesRead += taken.readBytes > 0 ? 1 : 0;
      bytesRead += taken.readBytes;
      if (taken.loss !== undefined) deps.warn(taken.loss);
      if (taken.kind === 'diverged') diverged.push(file);
      else if (taken.kind === 'interrupted') interrupted = true;
      else if (taken.kind !== 'same' && taken.kind !== 'copy') storedCount += 1;
    } catch (thrown) {
      // The store's own trouble (a full disk, a failing one) is none of this file's, and the next would have it too.
      if (thrown instanceof FailureError && ['disk_full', 'io'].includes(thrown.failure.code)) throw thrown;
      failed += 1;
      deps.warn(`could not store ${file.path}: ${messageOf(thrown)}`);
    }
  }
  return {
    uid: found.uid,
    kind: storedCount > 0 || interrupted ? kindIfStored : 'unchanged',
    filesRead,
    bytesRead,
    failed,
    interrupted,
    diverged: asSessions(found, diverged),
  };
}

/** The path that the store knows first, then plain before compressed, then the longest: copies are held against it. */
function ownFirst(files: readonly FoundFile[]): FoundFile[] {
  const rank = (file: FoundFile) => (file.known !== null ? 0 : file.class.encoding === 'plain' ? 1 : 2);
  return [...files].sort(
    (a, b) => rank(a) - rank(b) || b.sizeBytes - a.sizeBytes || (a.path < b.path ? -1 : 1),
  );
}

/** Looks at a file again where another process was storing it at the same moment; what that one stores need not be stored here. */
async function takeAgainWhileBusy(
  deps: TakeDeps,
  context: TakeContext,
  file: FoundFile,
  stored: StoredFiles,
  own: Own,
): Promise<Taken> {
  for (let tries = 0; tries < SHARED_TRIES; tries += 1) {
    try {
      return await takeOne(deps, context, file, stored.of(file.class.key), own);
    } catch (thrown) {
      stored.forget();
      if (!(thrown instanceof FailureError && thrown.failure.code === 'busy')) throw thrown;
      await Bun.sleep(SHARED_PAUSE_MS);
    }
  }
  return { kind: 'same', readBytes: 0 };
}

async function takeOne(
  deps: TakeDeps,
  context: TakeContext,
  file: FoundFile,
  stored: StoredFile | null,
  own: Own,
): Promise<Taken> {
  using source = openSource(file);
  // Awaited here: `using` closes the source when this function returns.
  if (stored === null) return await takeNew(context, file, source);
  const there = otherPathsOf(deps.db, context.uid, file.class.key, file.path).filter(({ path }) =>
    mayBeThere(path),
  );
  // What a migration left behind lies beside its database, and the database goes on: neither is a copy of the other.
  const isRows = file.contained?.container.kind === 'rows';
  const isBeside = ({ path }: { readonly path: string }) =>
    path.startsWith(file.root + sep) && isInRows(file, path);
  if (!isRows && there.some(isBeside)) return { kind: 'copy', readBytes: 0 };
  const mayReplace = file === own.file ? own.mayReplace : isOnlyOne(context, file, stored, there);
  // Where it has moved, the place where it lies now is the one where it is put back.
  const isMoved = file.contained === undefined && file.relPath !== stored.relPath && there.length === 0;
  const metAt = isMoved
    ? { relPath: file.relPath, agentRoot: file.class.role === 'main' ? file.root : null }
    : null;
  return await takeChanged({ ...context, metAt }, file, source, stored, {
    mayReplace,
    // What came since it was told whose it is is looked at by itself.
    isCopy: file === own.file && own.isCopy && source.stat === file.stat,
    full: deps.full,
  });
}

/**
 * Whether a file beside a transcript may replace what is stored of it: where its path held all of that and no other path still does; a
 * mere copy only where it is the last. Whose it is, its transcript has said.
 */
function isOnlyOne(
  context: TakeContext,
  file: FoundFile,
  stored: StoredFile,
  others: readonly Pick<KnownSource, 'held' | 'takenBytes'>[],
): boolean {
  const isOwn = file.known?.uid === context.uid && file.known.key === file.class.key;
  return isOwn && file.known !== null && holdsAll(stored, file.known)
    ? !others.some((other) => holdsAll(stored, other))
    : others.length === 0;
}

/** Whether a path below the root of `file` names a session in a database. */
function isInRows({ agent, root }: FoundFile, path: string): boolean {
  const container = fileOfPath(path);
  if (container === path) return false;
  return agent.classify(relative(root, container).split(sep).join('/'))?.container?.kind === 'rows';
}

/**
 * Transcripts that share an id and differ: one session a folder, and where several in one folder claim to be the same
 * file, one each. So a file is held against two sessions at most before it has its own, however many share the id.
 */
function asSessions(found: FoundSession, files: readonly FoundFile[]): FoundSession[] {
  const byUid = new Map<SessionUid, FoundFile[]>();
  // A name has one mark: what differs from a twin is a twin of the same id.
  const plain = sessionUid(found.agent.id, found.nativeId, hashText);
  for (const file of files) {
    const known = file.known?.uid;
    const ofFolder = divergedUid(plain, hashText(dirname(file.path)));
    const isTaken = byUid.get(ofFolder)?.some((other) => other.class.key === file.class.key) === true;
    const ofNew = found.uid === plain && !isTaken ? ofFolder : divergedUid(plain, hashText(file.path));
    const isTwin = known !== found.uid && known?.startsWith(`${plain}.`) === true;
    const uid = isTwin ? known : ofNew;
    const group = byUid.get(uid);
    if (group === undefined) byUid.set(uid, [file]);
    else group.push(file);
  }
  return [...byUid].map(([uid, group]) => ({ ...found, uid, files: group }));
}

type SessionChange =
  | (TakenSession & { readonly kind: 'evicted' })
  | { readonly kind: 'changed'; readonly continues: boolean; readonly byHand: boolean };

/** The key of a main transcript. */
const MAIN = 'main';

/** Holds the files of an evicted session against its tombstones. The same content is known again under any path. */
async function checkEvictedSession(deps: TakeDeps, found: FoundSession): Promise<SessionChange> {
  const tombstones = tombstonesOf(deps.db, found.uid);
  const contents = contentsOfEvicted(deps.db, found.uid);
  const newest = tombstones.filter((stone) => stone.generation === tombstones[0]?.generation);
  const known = filesOf(deps.db, found.uid);
  const continued = new Set<string>();
  let filesRead = 0;
  let bytesRead = 0;
  let isSame = true;
  // Without its transcript a session is not the one that was evicted, nor with a stub of it.
  const main = newest.find(({ key }) => key === MAIN);
  let isWhole = main === undefined;
  for (const file of found.files) {
    const { key } = file.class;
    const stored = known.find((one) => one.key === key) ?? null;
    const isOwn = file.known?.uid === found.uid && stored !== null && holdsAll(stored, file.known);
    if (file.known !== null && !file.isChanged && file.known.uid === found.uid) {
      continued.add(key);
      if (key === MAIN && isOwn && file.known.takenBytes === main?.rawBytes) isWhole = true;
      continue;
    }
    try {
      using source = openSource(file);
      const { sameAs, startsWith, saysNothing, readBytes } = await holdAgainst(
        file,
        source,
        tombstones,
        contents,
      );
      filesRead += 1;
      bytesRead += readBytes;
      for (const stone of startsWith) continued.add(stone.key);
      if (sameAs === null && !saysNothing) {
        isSame = false;
        continue;
      }
      // An emptied file tells nothing of whose its path is: what comes there next is held against what the path held before.
      if (sameAs === null && file.known?.uid === found.uid && file.known.key === key) continue;
      // Any empty file is what one that was emptied is, and what it was before another life is not what it was in the last.
      const isSaid = sameAs !== null && !saysNothing;
      const isLast = sameAs?.generation === tombstones.find((stone) => stone.key === key)?.generation;
      if (key === MAIN && sameAs !== null && (isSaid || isOwn)) isWhole = true;
      const seen = seenOf(file, source, sameAs?.rawBytes ?? 0, { holdsAll: isOwn || (isSaid && isLast) });
      // Of its file, so that another path of it is known to hold the same.
      mark(deps.db, ensureRow(deps.db, found, deps.now), seen, stored?.fileId ?? null);
    } catch (thrown) {
      deps.warn(`cannot read ${file.path}: ${messageOf(thrown)}`);
    }
  }
  if (!isSame || (isWhole && deps.again(found.uid))) {
    // What the agent had removed is in the old digest and in no source any more: no new digest covers that.
    const hadRemoved = known.some((file) => file.gone && removedRanges(file).length > 0);
    const continues = !hadRemoved && newest.every((stone) => continued.has(stone.key));
    return { kind: 'changed', continues, byHand: isSame };
  }
  return {
    uid: found.uid,
    kind: 'evicted',
    filesRead,
    bytesRead,
    failed: 0,
    interrupted: false,
    diverged: [],
  };
}
