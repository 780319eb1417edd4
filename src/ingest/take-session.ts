/**
 * One session into Tier 1: which of its files are new, grown, copies, or already evicted, and what follows.
 * Promises: an evicted session whose files are what they were is not stored again, wherever they lie now; one that grew
 * is stored whole; two transcripts that claim one id and differ become two sessions.
 */

import { existsSync } from 'node:fs';
import { dirname, relative, sep } from 'node:path';
import { FailureError, messageOf } from '../domain/errors.ts';
import { divergedUid, type SessionUid, sessionUid } from '../domain/ids.ts';
import { killPoint } from '../domain/kill-point.ts';
import { type Iso, plausibleTime } from '../domain/time.ts';
import type { WritableDb } from '../store/connection.ts';
import { filesOf, findSession } from '../store/read.ts';
import { agentRootOf, otherPathsOf, type Tombstone, tombstonesOf } from '../store/read-sources.ts';
import type { StoredFile } from '../store/rows.ts';
import { removedRanges, sameBytes } from '../store/segments.ts';
import { describeSession, ensureSession } from '../store/write-raw.ts';
import { noteReturn } from '../store/write-return.ts';
import { type About, aboutOf } from './about.ts';
import { openSource } from './contained/contained.ts';
import type { FoundFile, FoundSession } from './discover.ts';
import { fileOfPath, onDisk } from './file-names.ts';
import { awayMount } from './mounts.ts';
import type { Source } from './source.ts';
import { liveFiles, mark, seenOf, type TakeContext, type Taken, takeChanged, takeNew } from './take-file.ts';

/** Another ingest of the same file is done in a moment, or goes on with it itself. */
const SHARED_TRIES = 5;
const SHARED_PAUSE_MS = 20;

export interface TakeDeps {
  readonly db: WritableDb;
  readonly now: Iso;
  readonly full: boolean;
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
  /** Transcripts that claim this session's id but differ: sessions of their own. */
  readonly diverged: readonly FoundSession[];
}

/** Whether what would be stored fits under the hard cap. */
export type Room = 'store' | 'wait' | 'digest_only';

/** Nothing was stored: there is no room now, or never. `continues`: it was evicted, and begins with what was. */
export type NotTaken =
  | { readonly kind: 'wait' }
  | { readonly kind: 'digest_only'; readonly continues: boolean };

/** Asks for room only where something would be stored. */
export async function takeSession(
  deps: TakeDeps,
  found: FoundSession,
  roomFor: () => Promise<Room>,
): Promise<TakenSession | NotTaken> {
  const before = findSession(deps.db, found.uid);
  const seen = before?.evictedAt != null ? await lookAtEvicted(deps, found) : null;
  if (seen?.kind === 'evicted') return seen;
  const room = await roomFor();
  if (room === 'wait') return { kind: 'wait' };
  if (room === 'digest_only') return { kind: 'digest_only', continues: seen?.continues ?? true };
  const row = new DescribedRow(deps, found, await aboutOf(found.peek));
  if (seen !== null) {
    const sessionId = deps.db.writeTransaction(() => row.id());
    noteReturn(deps.db, sessionId, deps.now, seen.continues);
    killPoint('return.noted');
    return takeFiles(deps, found, row, found.files, 'grown');
  }
  const changed = deps.full ? found.files : found.files.filter((file) => file.isChanged);
  return takeFiles(deps, found, row, changed, before === null ? 'new' : 'grown');
}

/**
 * The session's row, with what the transcript's head and tail tell: kept for good, so redacted first, as a digest is.
 * It is made in the very transaction that stores the first of its bytes: a session of which nothing could be read leaves none.
 */
class DescribedRow {
  readonly #deps: TakeDeps;
  readonly #found: FoundSession;
  readonly #about: About;
  #id: number | null = null;

  constructor(deps: TakeDeps, found: FoundSession, about: About) {
    this.#deps = deps;
    this.#found = found;
    this.#about = about;
  }

  /** Asked within a transaction. */
  id(): number {
    if (this.#id !== null) return this.#id;
    const { db, now } = this.#deps;
    const { uid, agent, nativeId, peek } = this.#found;
    const known = findSession(db, uid)?.title ?? null;
    const parent = peek?.parentNativeId ?? null;
    this.#id = ensureRow(this.#deps, this.#found);
    describeSession(db, this.#id, {
      ...this.#about,
      title: known === null ? this.#about.title : null,
      parentUid: parent === null || parent === nativeId ? null : sessionUid(agent.id, parent, hashText),
      startedAt: plausibleTime(peek?.startedAt ?? null, now),
      endedAt: plausibleTime(peek?.endedAt ?? null, now),
    });
    return this.#id;
  }

  /** A transaction that failed took the row with it. */
  forget(): void {
    this.#id = null;
  }
}

function ensureRow(deps: TakeDeps, found: FoundSession): number {
  const { uid, agent, nativeId, root } = found;
  return ensureSession(deps.db, { uid, agent: agent.id, nativeId, agentRoot: root, ingestedAt: deps.now });
}

async function takeFiles(
  deps: TakeDeps,
  found: FoundSession,
  row: DescribedRow,
  files: readonly FoundFile[],
  kindIfStored: 'new' | 'grown',
): Promise<TakenSession> {
  const context: TakeContext = {
    ...{ db: deps.db, uid: found.uid, signal: deps.signal },
    get sessionId() {
      return row.id();
    },
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
      const taken = await takeShared(deps, context, file, stored, row);
      filesRead += taken.readBytes > 0 ? 1 : 0;
      bytesRead += taken.readBytes;
      if (taken.kind === 'diverged') diverged.push(file);
      else if (taken.kind === 'interrupted') interrupted = true;
      else if (taken.kind !== 'same' && taken.kind !== 'copy') storedCount += 1;
    } catch (thrown) {
      row.forget();
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
async function takeShared(
  deps: TakeDeps,
  context: TakeContext,
  file: FoundFile,
  stored: StoredFiles,
  row: DescribedRow,
): Promise<Taken> {
  for (let tries = 0; tries < SHARED_TRIES; tries += 1) {
    try {
      return await takeOne(deps, context, file, stored.of(file.class.key));
    } catch (thrown) {
      stored.forget();
      row.forget();
      if (!(thrown instanceof FailureError && thrown.failure.code === 'busy')) throw thrown;
      await Bun.sleep(SHARED_PAUSE_MS);
    }
  }
  return { kind: 'same', readBytes: 0 };
}

/**
 * The live stored files of a session by their keys, read once: to look at all of them for each would make a session of
 * thousands of files take hours. A key is looked up once; what it leads to may be changed by that, so all is read anew
 * where the same key comes again.
 */
class StoredFiles {
  readonly #context: TakeContext;
  #byKey: Map<string, StoredFile> | null = null;
  readonly #asked = new Set<string>();

  constructor(context: TakeContext) {
    this.#context = context;
  }

  of(key: string): StoredFile | null {
    if (this.#asked.has(key)) this.forget();
    this.#asked.add(key);
    this.#byKey ??= liveFiles(this.#context);
    return this.#byKey.get(key) ?? null;
  }

  forget(): void {
    this.#byKey = null;
    this.#asked.clear();
  }
}

async function takeOne(
  deps: TakeDeps,
  context: TakeContext,
  file: FoundFile,
  stored: StoredFile | null,
): Promise<Taken> {
  using source = openSource(file);
  // Awaited here: `using` closes the source when this function returns.
  if (stored === null) return await takeNew(context, file, source);
  const isOwn = file.known?.uid === context.uid && file.known.key === file.class.key;
  const isRows = file.contained?.container.kind === 'rows';
  const there = otherPathsOf(deps.db, context.uid, file.class.key, file.path).filter(({ path }) =>
    mayBeThere(path),
  );
  // What a migration left behind lies beside its database, and the database goes on: neither is a copy of the other.
  const beside = there.filter(({ path }) => path.startsWith(file.root + sep));
  if (!isRows && beside.some(({ path }) => isInRows(file, path))) return { kind: 'copy', readBytes: 0 };
  const others = isRows ? there.filter((other) => !beside.includes(other)) : there;
  // A path may replace what is stored where it held all of it and no other path still does; a mere copy only where it is the last.
  const heldAll = isOwn && file.known?.takenBytes === stored.rawBytes;
  // A database is the live one, whatever was restored from it; of two, the one in the root that the session was first met in.
  const isFirst = file.root === agentRootOf(deps.db, context.uid);
  const isLive = isRows && (isFirst || (isOwn && !others.some(({ path }) => fileOfPath(path) !== path)));
  const mayReplace =
    isLive ||
    (heldAll ? !others.some(({ takenBytes }) => takenBytes === stored.rawBytes) : others.length === 0);
  return await takeChanged(context, file, source, stored, { mayReplace, full: deps.full });
}

/** On a mount that may not answer it counts as there: what is copied from it replaces nothing. */
function mayBeThere(path: string): boolean {
  return awayMount(path) !== null || existsSync(onDisk(fileOfPath(path)));
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
  const isFirst = found.uid === sessionUid(found.agent.id, found.nativeId, hashText);
  for (const file of files) {
    const known = file.known?.uid;
    const ofFolder = divergedUid(found.uid, hashText(dirname(file.path)));
    const isTaken = byUid.get(ofFolder)?.some((other) => other.class.key === file.class.key) === true;
    const ofNew = isFirst && !isTaken ? ofFolder : divergedUid(found.uid, hashText(file.path));
    const uid = known?.startsWith(`${found.uid}.`) === true ? known : ofNew;
    const group = byUid.get(uid);
    if (group === undefined) byUid.set(uid, [file]);
    else group.push(file);
  }
  return [...byUid].map(([uid, group]) => ({ ...found, uid, files: group }));
}

type Look =
  | (TakenSession & { readonly kind: 'evicted' })
  | { readonly kind: 'changed'; readonly continues: boolean };

/** Holds the files of an evicted session against its tombstones. The same content is known again under any path. */
async function lookAtEvicted(deps: TakeDeps, found: FoundSession): Promise<Look> {
  const tombstones = tombstonesOf(deps.db, found.uid);
  const newest = tombstones.filter((stone) => stone.generation === tombstones[0]?.generation);
  const continued = new Set<string>();
  let filesRead = 0;
  let bytesRead = 0;
  let isSame = true;
  for (const file of found.files) {
    if (file.known !== null && !file.isChanged && file.known.uid === found.uid) {
      continued.add(file.class.key);
      continue;
    }
    try {
      using source = openSource(file);
      const { sameAs, startsWith, readBytes } = await hold(source, tombstones);
      filesRead += 1;
      bytesRead += readBytes;
      for (const stone of startsWith) continued.add(stone.key);
      if (sameAs === null) isSame = false;
      else
        mark({ db: deps.db, sessionId: ensureRow(deps, found) }, seenOf(file, source, sameAs.rawBytes), null);
    } catch (thrown) {
      deps.warn(`cannot read ${file.path}: ${messageOf(thrown)}`);
    }
  }
  if (!isSame) {
    // What the agent had removed is in the old digest and in no source any more: no new digest covers that.
    const hadRemoved = filesOf(deps.db, found.uid).some(
      (file) => file.gone && removedRanges(file).length > 0,
    );
    return { kind: 'changed', continues: !hadRemoved && newest.every((stone) => continued.has(stone.key)) };
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

/** Which tombstone's content a file is, and which ones it begins with. */
async function hold(source: Source, tombstones: readonly Tombstone[]) {
  const marks = [...new Set(tombstones.map((stone) => stone.rawBytes))].sort((a, b) => a - b);
  const hasher = new Bun.CryptoHasher('sha256');
  const hashAt = new Map<number, Uint8Array>();
  let at = 0;
  const take = (chunk: Uint8Array) => {
    let rest = chunk;
    for (const place of marks) {
      if (place < at || place > at + rest.length || hashAt.has(place)) continue;
      hasher.update(rest.subarray(0, place - at));
      rest = rest.subarray(place - at);
      at = place;
      hashAt.set(place, hasher.copy().digest());
    }
    hasher.update(rest);
    at += rest.length;
  };
  take(new Uint8Array(0));
  for await (const chunk of source.chunks()) take(chunk);
  const startsWith = tombstones.filter((stone) => {
    const hash = hashAt.get(stone.rawBytes);
    return hash !== undefined && sameBytes(hash, stone.sha256);
  });
  return { sameAs: startsWith.find((stone) => stone.rawBytes === at) ?? null, startsWith, readBytes: at };
}

function hashText(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('hex');
}
