/**
 * From files to sessions: which session each belongs to, which have changed since they were stored.
 * Promises: a session that is left as it is costs no question; a changed one at most a look at its head and tail. Changes nothing.
 */

import { basename } from 'node:path';
import type { AgentFormat, Peek } from '../domain/agent.ts';
import { type SessionUid, sessionUid } from '../domain/ids.ts';
import { type Iso, isoFromMs, plausibleTime } from '../domain/time.ts';
import { type DiscoverOptions, type FoundFile, foundFiles } from './found-files.ts';
import { bounded, peekFile } from './peek.ts';
import { newestMs } from './walk.ts';

export type { FoundFile } from './found-files.ts';

/** A session as found on disk: its files, by the folder that they lie in. */
export interface FoundSession {
  readonly agent: AgentFormat;
  readonly root: string;
  readonly nativeId: string;
  readonly uid: SessionUid;
  readonly files: readonly FoundFile[];
  /** What the main transcript's head and tail tell; null where nothing changed or there is no readable transcript. */
  readonly peek: Peek | null;
  /** Its end as far as can be told without reading it; the order of a batch. */
  readonly endedAt: Iso | null;
  readonly isChanged: boolean;
}

export interface Found {
  readonly sessions: readonly FoundSession[];
  /** Sessions that were found and are forgotten; they are not among the others. */
  readonly forgotten: number;
  readonly roots: readonly {
    readonly agent: AgentFormat;
    readonly root: string;
    readonly files: number;
    readonly rawBytes: number;
    readonly sessions: number;
  }[];
  readonly files: number;
}

export async function discover(options: DiscoverOptions): Promise<Found> {
  const files = await foundFiles(options);
  const roots = rootsOfFiles(files);
  options.listed?.(files);
  const all = await toSessions(withoutCompressedTwins(files), options);
  const forgotten = options.forgotten ?? new Set();
  const sessions = withoutForgotten(all, forgotten);
  return {
    sessions,
    forgotten: forgotten.size === 0 ? 0 : all.filter(({ uid }) => forgotten.has(uid)).length,
    roots: roots.map((root) => ({
      ...root,
      sessions: sessions.filter((session) => session.agent === root.agent && session.root === root.root)
        .length,
    })),
    files: files.length,
  };
}

interface RootTotals {
  readonly agent: AgentFormat;
  readonly root: string;
  files: number;
  rawBytes: number;
}

function rootsOfFiles(files: readonly FoundFile[]): RootTotals[] {
  const roots: RootTotals[] = [];
  // Files come root by root: nearly every one is of the same as the one before it.
  let root: RootTotals | undefined;
  for (const file of files) {
    const isOfRoot = (each: RootTotals) => each.agent === file.agent && each.root === file.root;
    if (root === undefined || !isOfRoot(root)) root = roots.find(isOfRoot);
    if (root === undefined) {
      root = { agent: file.agent, root: file.root, files: 0, rawBytes: 0 };
      roots.push(root);
    }
    root.files += 1;
    root.rawBytes += file.sizeBytes;
  }
  return roots;
}

/** Of a forgotten session's files those stay that another session with its id has: one that differs, and was not forgotten. */
function withoutForgotten(
  sessions: readonly FoundSession[],
  forgotten: ReadonlySet<SessionUid>,
): readonly FoundSession[] {
  if (forgotten.size === 0) return sessions;
  return sessions.flatMap((session) => {
    if (!forgotten.has(session.uid)) return [session];
    const others = new Set(session.files.map((file) => file.known?.uid));
    return [...others].flatMap((uid) => {
      if (uid === undefined || forgotten.has(uid)) return [];
      const files = session.files.filter((file) => file.known?.uid === uid);
      return [{ ...session, uid, files, isChanged: files.some((file) => file.isChanged) }];
    });
  });
}

/** Where a transcript lies beside its compressed form, the agent reads the plain one; the other is about to go. */
function withoutCompressedTwins(files: readonly FoundFile[]): readonly FoundFile[] {
  if (files.every(isPlain)) return files;
  const paths = new Set(files.map((file) => file.path));
  const isTwin = ({ path }: FoundFile) => path.endsWith('.zst') && paths.has(path.slice(0, -'.zst'.length));
  return files.filter((file) => isPlain(file) || !isTwin(file));
}

function hashText(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('hex');
}

/** Files by session: those that may be taken first, the oldest of them first; then the others, as they were found. */
async function toSessions(files: readonly FoundFile[], options: DiscoverOptions): Promise<FoundSession[]> {
  const groups = new Map<AgentFormat, Map<string, FoundFile[]>>();
  for (const file of files) {
    // Awaited only where it must be: nearly every file says it by its name, and a promise costs more than all else here.
    const nativeId = file.class.nativeId ?? (await nativeIdOfFile(file, options));
    let ofAgent = groups.get(file.agent);
    if (ofAgent === undefined) {
      ofAgent = new Map();
      groups.set(file.agent, ofAgent);
    }
    const group = ofAgent.get(nativeId);
    if (group === undefined) ofAgent.set(nativeId, [file]);
    else group.push(file);
  }
  const forgotten = options.forgotten ?? new Set();
  const isForgotten = ({ uid }: FoundSession) => forgotten.size > 0 && forgotten.has(uid);
  const taken: FoundSession[] = [];
  const left: FoundSession[] = [];
  for (const [agent, ofAgent] of groups) {
    for (const [nativeId, group] of ofAgent) {
      if (group.every(isOnlyWithSession)) continue;
      const session = toSession(agent, nativeId, group, options);
      const isLeft = !session.isChanged && options.full !== true && !isForgotten(session);
      if (isLeft) left.push(session);
      else taken.push(await askedAbout(session, options));
    }
  }
  taken.sort((a, b) => compareText(a.endedAt ?? '', b.endedAt ?? '') || compareText(a.uid, b.uid));
  return [...taken, ...left];
}

async function nativeIdOfFile(file: FoundFile, options: DiscoverOptions): Promise<string> {
  const known = options.known.nativeIdOf(file.path);
  if (known !== null) return known;
  const peek = await peekFile(file.agent, file, file.class.encoding, options.warn);
  // A transcript that tells nothing is still kept: under its own name.
  return peek?.nativeId ?? file.agent.looseName(basename(file.path))?.stem ?? basename(file.path);
}

/** A session as far as names and stats tell. */
function toSession(
  agent: AgentFormat,
  nativeId: string,
  files: readonly FoundFile[],
  options: DiscoverOptions,
): FoundSession {
  return {
    agent,
    root: mainOf(files)?.root ?? '',
    nativeId,
    uid: sessionUid(agent.id, nativeId, hashText),
    files,
    peek: null,
    endedAt: plausibleTime(isoFromMs(newestMs(files)), options.now),
    isChanged: files.some(isChangedFile),
  };
}

// Functions of their own: one made anew for each of 50,000 sessions is garbage that is seen.
const isPlain = (file: FoundFile) => file.class.encoding === 'plain';
const isOnlyWithSession = (file: FoundFile) => file.class.onlyWithSession === true;
const isChangedFile = (file: FoundFile) => file.isChanged;
const isMain = (file: FoundFile) => file.class.role === 'main';

/** The same with what the store knows of its files, and what its transcript tells. */
async function askedAbout(session: FoundSession, options: DiscoverOptions): Promise<FoundSession> {
  const files = session.files.map((file) => ({ ...file, known: options.known.of(file.path) }));
  const main = mainOf(files);
  if (!session.isChanged || main === undefined) return { ...session, files };
  // A container has told it already.
  const peek =
    main.contained === undefined
      ? await peekFile(session.agent, main, main.class.encoding, () => undefined)
      : bounded(main.contained.peek);
  const endedAt = plausibleTime(peek?.endedAt ?? null, options.now) ?? session.endedAt;
  return { ...session, files, peek, endedAt };
}

function mainOf(files: readonly FoundFile[]): FoundFile | undefined {
  return files.find(isMain) ?? files[0];
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
