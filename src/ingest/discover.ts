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
import type { KnownSource } from '../store/read-sources.ts';
import { AGENTS, enabledAgents } from './agents/index.ts';
import { type Contained, containedIn } from './contained/contained.ts';
import { bounded, peekFile } from './peek-file.ts';
import { existingRoots } from './roots.ts';
import { fileAt, type WalkedFile, walk, walkFlat } from './walk.ts';

export interface FoundFile extends WalkedFile {
  readonly agent: AgentFormat;
  readonly root: string;
  readonly class: FileClass;
  /** What the store knows of this very path, null where it is new. */
  readonly known: KnownSource | null;
  readonly isChanged: boolean;
  /** Where it is a session within a container; absent: a file of its own. */
  readonly contained?: Contained;
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
  readonly known: ReadonlyMap<string, KnownSource>;
  readonly now: Iso;
  /** Sessions that are never stored again, wherever they are found. */
  readonly forgotten?: ReadonlySet<SessionUid>;
  readonly warn: (text: string) => void;
  readonly signal?: AbortSignal;
}

export async function discover(options: DiscoverOptions): Promise<Found> {
  const files: FoundFile[] = [];
  const roots = new Map<string, { agent: AgentFormat; root: string; files: number; rawBytes: number }>();
  for await (const file of foundFiles(options)) {
    files.push(file);
    const name = `${file.agent.id} ${file.root}`;
    const root = roots.get(name) ?? { agent: file.agent, root: file.root, files: 0, rawBytes: 0 };
    root.files += 1;
    root.rawBytes += file.sizeBytes;
    roots.set(name, root);
    if (options.signal?.aborted === true) break;
  }
  const all = await toSessions(withoutCompressedTwins(files), options);
  const sessions = withoutForgotten(all, options.forgotten ?? new Set());
  return {
    sessions,
    forgotten: all.filter(({ uid }) => options.forgotten?.has(uid) === true).length,
    roots: [...roots.values()].map((root) => ({
      ...root,
      sessions: sessions.filter((session) => session.agent === root.agent && session.root === root.root)
        .length,
    })),
    files: files.length,
  };
}

/** Of a forgotten session's files those stay that another session with its id has: one that differs, and was not forgotten. */
function withoutForgotten(
  sessions: readonly FoundSession[],
  forgotten: ReadonlySet<SessionUid>,
): FoundSession[] {
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
function withoutCompressedTwins(files: readonly FoundFile[]): FoundFile[] {
  const paths = new Set(files.map((file) => file.path));
  return files.filter(
    (file) => file.class.encoding === 'plain' || !paths.has(file.path.replace(/\.zst$/, '')),
  );
}

async function* foundFiles(options: DiscoverOptions): AsyncGenerator<FoundFile> {
  if (options.paths.length === 0) {
    const wanted = options.agent === null ? enabledAgents(options.host) : [options.agent];
    for (const { agent, root } of existingRoots(options.host, wanted))
      yield* filesOfRoot(agent, root, null, options);
    return;
  }
  // A path that is named is wanted, whosever it is.
  const agents = options.agent === null ? AGENTS : [options.agent];
  for (const path of options.paths) yield* filesOfPath(resolve(path), agents, options);
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
  // A session in a database is not taken a second time from the tree that it was migrated from.
  const inRows = new Set<string>();
  if (single !== null) {
    yield* asFound(agent, root, single, inRows, options);
    return;
  }
  const isWhole = relWithin === null || relWithin === '';
  const wants = (relPath: string) =>
    agent.classify(relPath) !== null && agent.looksAt?.(basename(relPath), options.host) !== false;
  for (const folder of isWhole ? (agent.flatFolders ?? []) : []) {
    for (const walked of walkFlat(root, folder, wants, options.warn))
      yield* asFound(agent, root, walked, inRows, options);
  }
  const rules = { skipsFolder: (relPath: string) => agent.skipsFolder(relPath), warn: options.warn };
  for (const folder of isWhole ? agent.folders : [relWithin]) {
    for (const walked of walk(root, folder, rules)) yield* asFound(agent, root, walked, inRows, options);
  }
}

function* asFound(
  agent: AgentFormat,
  root: string,
  file: WalkedFile,
  inRows: Set<string>,
  options: DiscoverOptions,
): Generator<FoundFile> {
  const fileClass = agent.classify(file.relPath);
  if (fileClass === null) return;
  if (fileClass.container !== undefined) {
    yield* heldIn(agent, root, file, { ...fileClass, container: fileClass.container }, inRows, options);
    return;
  }
  const known = options.known.get(file.path) ?? null;
  yield { ...file, agent, root, class: fileClass, known, isChanged: known?.stat !== file.stat };
}

/** The sessions in a container, each as a file. */
function* heldIn(
  agent: AgentFormat,
  root: string,
  file: WalkedFile,
  fileClass: FileClass & Required<Pick<FileClass, 'container'>>,
  inRows: Set<string>,
  options: DiscoverOptions,
): Generator<FoundFile> {
  const { container, nativeId } = fileClass;
  if (nativeId !== null && inRows.has(nativeId)) return;
  for (const held of containedIn(agent, root, file, container, options.warn)) {
    const peek = bounded(held.contained.peek);
    if (container.kind === 'rows') inRows.add(held.contained.peek.nativeId);
    const known = options.known.get(held.path) ?? null;
    const isChanged = known?.stat !== held.stat;
    yield {
      ...held,
      sizeBytes: isChanged ? held.sizeBytes : (known?.takenBytes ?? 0),
      agent,
      root,
      class: { ...fileClass, nativeId: peek.nativeId },
      known,
      isChanged,
    };
  }
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
async function* filesOfPath(
  path: string,
  agents: readonly AgentFormat[],
  options: DiscoverOptions,
): AsyncGenerator<FoundFile> {
  const stats = existing(path);
  for (const agent of agents) {
    const added = addedRoots(agent, options.host).map((root) => resolve(root));
    const root =
      added.find((each) => path === each || path.startsWith(each + sep)) ??
      agent.rootOf(path) ??
      (isRootOf(agent, path) ? path : null);
    if (root === null) continue;
    yield* filesOfRoot(agent, root, path === root ? null : path, options);
    return;
  }
  if (stats.isDirectory()) {
    const homes = existingRoots({ ...options.host, homeDir: path, env: {} }, agents).filter(({ root }) =>
      root.startsWith(path + sep),
    );
    for (const { agent, root } of homes) yield* filesOfRoot(agent, root, null, options);
    if (homes.length > 0) {
      // An agent that has files in the home folder itself; where nothing else is there, all below is looked through.
      for (const agent of agents.filter(
        (each) => each.projectRoot !== undefined && each.folders.length === 0,
      ))
        yield* filesOfRoot(agent, path, null, options);
      return;
    }
  }
  yield* looseFiles(path, stats.isDirectory(), agents, options);
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
    for (const agent of agents) {
      if (agent.classify(basename(file.path))?.container === undefined) continue;
      const inRoot = { ...file, relPath: basename(file.path) };
      for (const held of asFound(agent, dirname(file.path), inRoot, new Set(), options)) {
        found += 1;
        yield held;
      }
    }
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
    const known = options.known.get(file.path) ?? null;
    const root = agent.roots(options.host)[0] ?? dirname(file.path);
    return {
      ...file,
      relPath,
      agent,
      root,
      class: { ...fileClass, nativeId: fileClass.nativeId ?? peek.nativeId },
      known,
      isChanged: known?.stat !== file.stat,
    };
  }
  return null;
}

function hashText(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('hex');
}

/** Files by session, oldest session first. */
async function toSessions(files: readonly FoundFile[], options: DiscoverOptions): Promise<FoundSession[]> {
  const groups = new Map<string, FoundFile[]>();
  for (const file of files) {
    const nativeId = await nativeIdOfFile(file, options);
    const name = `${file.agent.id}\0${nativeId}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [file]);
    else group.push(file);
  }
  const sessions: FoundSession[] = [];
  for (const [name, group] of groups) {
    const first = group[0];
    if (first === undefined || group.every((file) => file.class.onlyWithSession === true)) continue;
    sessions.push(await toSession(first.agent, name.slice(name.indexOf('\0') + 1), group, options));
  }
  return sessions.sort((a, b) => compareText(a.endedAt ?? '', b.endedAt ?? '') || compareText(a.uid, b.uid));
}

async function nativeIdOfFile(file: FoundFile, options: DiscoverOptions): Promise<string> {
  if (file.class.nativeId !== null) return file.class.nativeId;
  if (file.known !== null) return file.known.nativeId;
  const peek = await peekFile(file.agent, file, file.class.encoding, options.warn);
  // A transcript that tells nothing is still kept: under its own name.
  return peek?.nativeId ?? file.agent.looseName(basename(file.path))?.stem ?? basename(file.path);
}

async function toSession(
  agent: AgentFormat,
  nativeId: string,
  files: readonly FoundFile[],
  options: DiscoverOptions,
): Promise<FoundSession> {
  const isChanged = files.some((file) => file.isChanged);
  const main = files.find((file) => file.class.role === 'main') ?? files[0];
  const peek = isChanged && main !== undefined ? await peekOf(agent, main) : null;
  const mtime = isoFromMs(Math.max(...files.map((file) => file.mtimeMs)));
  return {
    agent,
    root: main?.root ?? '',
    nativeId,
    uid: sessionUid(agent.id, nativeId, hashText),
    files,
    peek,
    endedAt: plausibleTime(peek?.endedAt ?? null, options.now) ?? plausibleTime(mtime, options.now),
    isChanged,
  };
}

/** A container has told it already. */
async function peekOf(agent: AgentFormat, main: FoundFile): Promise<Peek | null> {
  return main.contained === undefined
    ? await peekFile(agent, main, main.class.encoding, () => undefined)
    : bounded(main.contained.peek);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
