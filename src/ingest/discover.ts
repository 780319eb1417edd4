/**
 * From paths to sessions: which files there are, which session each belongs to, which have changed since they were stored.
 * Promises: an unchanged file costs one `lstat`; a changed one at most a look at its head and tail. Changes nothing.
 */
import { type Stats, statSync } from 'node:fs';
import { basename, dirname, relative, resolve, sep } from 'node:path';
import { type AgentFormat, addedRoots, type FileClass, type Host, type Peek } from '../domain/agent.ts';
import { FailureError, failure } from '../domain/errors.ts';
import { type SessionUid, sessionUid } from '../domain/ids.ts';
import { type Iso, isoFromMs, plausibleTime } from '../domain/time.ts';
import type { KnownSource, KnownSources } from '../store/read-sources.ts';
import { AGENTS, enabledAgents } from './agents/index.ts';
import { peekFile } from './peek.ts';
import { existingRoots } from './roots.ts';
import { fileAt, newestMs, type WalkedFile, walk } from './walk.ts';

export interface FoundFile extends WalkedFile {
  readonly agent: AgentFormat;
  readonly root: string;
  readonly class: FileClass;
  /** What the store knows of this very path, null where it is new; not asked, and null, in a session that is left as it is. */
  readonly known: KnownSource | null;
  readonly isChanged: boolean;
}

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

export interface DiscoverOptions {
  readonly host: Host;
  /** Empty: the roots of every agent on this machine. */
  readonly paths: readonly string[];
  readonly agent: AgentFormat | null;
  readonly known: KnownSources;
  /** Whether sessions are taken in which nothing has changed; those of `known` are asked then too. */
  readonly full?: boolean;
  readonly now: Iso;
  /** Sessions that are never stored again, wherever they are found. */
  readonly forgotten?: ReadonlySet<SessionUid>;
  readonly warn: (text: string) => void;
  readonly signal?: AbortSignal;
}

export async function discover(options: DiscoverOptions): Promise<Found> {
  const files = await foundFiles(options);
  const roots = rootsOfFiles(files);
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
  return files.filter((file) => isPlain(file) || !paths.has(file.path.replace(/\.zst$/, '')));
}

type Files = Iterable<FoundFile> | AsyncIterable<FoundFile>;

async function foundFiles(options: DiscoverOptions): Promise<FoundFile[]> {
  const files: FoundFile[] = [];
  for (const some of placesOf(options)) {
    // Only files outside any agent's folder are waited for: a promise for each of the others would cost as much as its `lstat`.
    const all = Symbol.iterator in some ? some : await Array.fromAsync(some);
    for (const file of all) {
      files.push(file);
      if (options.signal?.aborted === true) return files;
    }
  }
  return files;
}

function* placesOf(options: DiscoverOptions): Generator<Files> {
  if (options.paths.length === 0) {
    const wanted = options.agent === null ? enabledAgents(options.host) : [options.agent];
    for (const { agent, root } of existingRoots(options.host, wanted))
      yield filesOfRoot(agent, root, null, options);
    return;
  }
  // A path that is named is wanted, whosever it is.
  const agents = options.agent === null ? AGENTS : [options.agent];
  for (const path of options.paths) yield* placesOfPath(resolve(path), agents, options);
}

/** All that `agent` has under `root`, or under `within`, a folder or file below it. */
function* filesOfRoot(
  agent: AgentFormat,
  root: string,
  within: string | null,
  options: DiscoverOptions,
): Generator<FoundFile> {
  const relWithin = within === null ? null : relative(root, within).split(sep).join('/');
  const single = within === null || relWithin === null ? null : fileAt(within, relWithin);
  if (single !== null) {
    const file = asFound(agent, root, single, options);
    if (file !== null) yield file;
    return;
  }
  const folders = relWithin === null || relWithin === '' ? agent.folders : [relWithin];
  const rules = { skipsFolder: (relPath: string) => agent.skipsFolder(relPath), warn: options.warn };
  for (const folder of folders) {
    for (const walked of walk(root, folder, rules)) {
      const file = asFound(agent, root, walked, options);
      if (file !== null) yield file;
    }
  }
}

function asFound(
  agent: AgentFormat,
  root: string,
  file: WalkedFile,
  options: DiscoverOptions,
): FoundFile | null {
  const fileClass = agent.classify(file.relPath);
  if (fileClass === null) return null;
  const { path, relPath, sizeBytes, mtimeMs, stat, within } = file;
  const isChanged = options.known.stats.get(path) !== stat;
  // Not spread: of 50,000 files that alone would be seen.
  return {
    path,
    relPath,
    sizeBytes,
    mtimeMs,
    stat,
    within,
    agent,
    root,
    class: fileClass,
    known: null,
    isChanged,
  };
}

/** What is at a path that the user gave; a failure where there is nothing. */
export function existing(path: string): Stats {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats !== undefined) return stats;
  throw new FailureError(
    failure(
      'usage',
      `no such file or folder: ${path}`,
      "Give a transcript, or an agent's folder at any level.",
    ),
  );
}

/** A path that the user gave: an agent's root or below, a home folder, or transcripts lying about. */
function* placesOfPath(
  path: string,
  agents: readonly AgentFormat[],
  options: DiscoverOptions,
): Generator<Files> {
  const stats = existing(path);
  for (const agent of agents) {
    const added = addedRoots(agent, options.host).map((root) => resolve(root));
    const root =
      added.find((each) => path === each || path.startsWith(each + sep)) ??
      agent.rootOf(path) ??
      (isRootOf(agent, path) ? path : null);
    if (root === null) continue;
    yield filesOfRoot(agent, root, path === root ? null : path, options);
    return;
  }
  if (stats.isDirectory()) {
    const homes = existingRoots({ ...options.host, homeDir: path, env: {} }, agents).filter(({ root }) =>
      root.startsWith(path + sep),
    );
    for (const { agent, root } of homes) yield filesOfRoot(agent, root, null, options);
    if (homes.length > 0) return;
  }
  yield looseFiles(path, stats.isDirectory(), agents, options);
}

/** A folder is an agent's root where one of the agent's folders in it holds something of the agent's. */
function isRootOf(agent: AgentFormat, path: string): boolean {
  const rules = { skipsFolder: (relPath: string) => agent.skipsFolder(relPath), warn: () => undefined };
  for (const folder of agent.folders) {
    for (const file of walk(path, folder, rules)) {
      if (agent.classify(file.relPath)?.role === 'main') return true;
    }
  }
  return false;
}

/** Files outside any agent's folder: their records tell whose they are. */
async function* looseFiles(
  path: string,
  isDirectory: boolean,
  agents: readonly AgentFormat[],
  options: DiscoverOptions,
): AsyncGenerator<FoundFile> {
  const single = fileAt(path, basename(path));
  const files = isDirectory
    ? walk(path, '', { skipsFolder: () => false, warn: options.warn })
    : single === null
      ? []
      : [single];
  let found = 0;
  for (const file of files) {
    const loose = await asLoose(file, agents, options);
    if (loose === null) continue;
    found += 1;
    yield loose;
  }
  if (found === 0) options.warn(`${path}: no transcript of a known agent`);
}

async function asLoose(
  file: WalkedFile,
  agents: readonly AgentFormat[],
  options: DiscoverOptions,
): Promise<FoundFile | null> {
  for (const agent of agents) {
    const name = agent.looseName(basename(file.path));
    if (name === null) continue;
    const peek = await peekFile(agent, file, name.encoding, options.warn);
    const relPath = peek === null ? null : agent.relPathOf(peek, basename(file.path));
    const fileClass = relPath === null ? null : agent.classify(relPath);
    if (peek === null || relPath === null || fileClass === null) continue;
    const root = agent.roots(options.host)[0] ?? dirname(file.path);
    return {
      ...file,
      relPath,
      agent,
      root,
      class: { ...fileClass, nativeId: fileClass.nativeId ?? peek.nativeId },
      known: null,
      isChanged: options.known.stats.get(file.path) !== file.stat,
    };
  }
  return null;
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
  const peek = await peekFile(session.agent, main, main.class.encoding, () => undefined);
  const endedAt = plausibleTime(peek?.endedAt ?? null, options.now) ?? session.endedAt;
  return { ...session, files, peek, endedAt };
}

function mainOf(files: readonly FoundFile[]): FoundFile | undefined {
  return files.find(isMain) ?? files[0];
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
