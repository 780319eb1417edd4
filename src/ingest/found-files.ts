/**
 * From paths to files: all that agents have on this machine, or at the paths that a person names.
 * Promises: an unchanged file costs one `lstat`; a session in a container counts as a file. Changes nothing.
 */
import { type Stats, statSync } from 'node:fs';
import { basename, dirname, relative, resolve, sep } from 'node:path';
import { type AgentFormat, addedRoots, type FileClass, type Host } from '../domain/agent.ts';
import { FailureError, failure } from '../domain/errors.ts';
import { type SessionUid, sessionUid } from '../domain/ids.ts';
import type { Iso } from '../domain/time.ts';
import type { KnownSource, KnownSources } from '../store/read-sources.ts';
import { agentsOf, enabledAgents } from './agents/index.ts';
import { type Contained, type ContainedFile, containedIn } from './contained/contained.ts';
import { mayHaveFiles, statKeeping } from './contained/stands.ts';
import { bounded, peekFile } from './peek.ts';
import { existingRoots } from './roots.ts';
import { fileAt, foldersAt, type WalkedFile, walk, walkFlat } from './walk.ts';

export interface FoundFile extends WalkedFile {
  readonly agent: AgentFormat;
  readonly root: string;
  readonly class: FileClass;
  /** What the store knows of this very path, null where it is new; not asked, and null, in a session that is left as it is. */
  readonly known: KnownSource | null;
  readonly isChanged: boolean;
  /** Where it is a session within a container; absent: a file of its own. */
  readonly contained?: Contained;
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
  /** Told once all files are listed and before any is opened: what takes a while to start may start. */
  readonly listed?: (files: readonly FoundFile[]) => void;
  /** Takes the databases that were opened; the sessions in them can be read until it is disposed of. */
  readonly opened: DisposableStack;
}

type Files = Iterable<FoundFile> | AsyncIterable<FoundFile>;

export async function foundFiles(options: DiscoverOptions): Promise<FoundFile[]> {
  const files: FoundFile[] = [];
  const claimed = agentsOf(options.host).some(({ own }) => own !== undefined) ? new Set<string>() : null;
  for (const some of placesOf(options)) {
    // Only files outside any agent's folder are waited for: a promise for each of the others would cost as much as its `lstat`.
    const all = Symbol.iterator in some ? some : await Array.fromAsync(some);
    for (const file of all) {
      // Of two agents whose file it is the known one has it, else the one that the configuration names first.
      if (file.agent.own !== undefined && claimed?.has(file.path) === true) continue;
      claimed?.add(file.path);
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
  const agents = options.agent === null ? agentsOf(options.host) : [options.agent];
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
  // A session in a database is not taken a second time from the tree or the file that it was migrated from.
  const inRows = new Set<string>();
  if (single !== null) {
    yield* asFound(agent, root, single, inRows, options);
    return;
  }
  const isWhole = relWithin === null || relWithin === '';
  const wants = (relPath: string) =>
    agent.classify(relPath) !== null && agent.looksAt?.(basename(relPath), options.host) !== false;
  const flat = (isWhole ? (agent.flatFolders ?? []) : [])
    .flatMap((pattern) => foldersAt(root, pattern))
    .flatMap((folder) => [...walkFlat(root, folder, wants, options.warn)]);
  // Databases come first: what is in one is known before an older file beside it is met.
  const isRows = ({ relPath }: WalkedFile) => agent.classify(relPath)?.container?.kind === 'rows';
  for (const walked of [...flat.filter(isRows), ...flat.filter((file) => !isRows(file))])
    yield* asFound(agent, root, walked, inRows, options);
  const rules = { skipsFolder: (relPath: string) => agent.skipsFolder(relPath), warn: options.warn };
  const folders = isWhole ? agent.folders.flatMap((pattern) => foldersAt(root, pattern)) : [relWithin];
  for (const folder of folders) {
    for (const walked of walk(root, folder, rules)) yield* asFound(agent, root, walked, inRows, options);
  }
}

/** Nothing where it is not a session's, one file mostly, each session of a container. A list: fifty thousand times a generator is seen. */
function asFound(
  agent: AgentFormat,
  root: string,
  file: WalkedFile,
  inRows: Set<string>,
  options: DiscoverOptions,
): Iterable<FoundFile> {
  const fileClass = agent.classify(file.relPath);
  if (fileClass === null) return [];
  if (fileClass.container !== undefined)
    return heldIn(agent, root, file, { ...fileClass, container: fileClass.container }, inRows, options);
  if (fileClass.nativeId !== null && inRows.has(fileClass.nativeId)) return [];
  const { path, relPath, sizeBytes, mtimeMs, stat, within } = file;
  const isChanged = options.known.stats.get(path) !== stat;
  // Not spread: of 50,000 files that alone would be seen.
  return [
    {
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
    },
  ];
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
  // A root that a project's settings moved tells nothing of the project; the agent's list of projects does.
  const listed = options.host.listedRoots?.[agent.id]?.get(root) ?? null;
  for (const held of containedIn(agent, root, file, container, options.warn, options.opened)) {
    const told = { ...held.contained.peek, project: held.contained.peek.project ?? listed };
    const peek = bounded(told);
    if (container.kind === 'rows') inRows.add(held.contained.peek.nativeId);
    const { stat, stored } = asKnown(agent, held, options.known);
    const isChanged = options.known.stats.get(held.path) !== stat;
    yield {
      ...held,
      stat,
      contained: { ...held.contained, peek: told, stat, ...(stored === undefined ? {} : { stored }) },
      // What was stored of it has a size; what is in the database has one only when it is read.
      sizeBytes: isChanged ? held.sizeBytes : (options.known.of(held.path)?.takenBytes ?? 0),
      agent,
      root,
      class: { ...fileClass, nativeId: peek.nativeId },
      known: null,
      isChanged,
    };
  }
}

/** The stat of a session in a database beside an older tree, and what is stored of it, as far as the tree may have lost files since. */
function asKnown(
  agent: AgentFormat,
  { path, contained }: ContainedFile,
  known: KnownSources,
): Pick<Contained, 'stat' | 'stored'> {
  const { container, peek, stat } = contained;
  const before = known.stats.get(path);
  if (container.kind !== 'rows' || container.older === undefined || !mayHaveFiles(before)) return { stat };
  const uid = () => known.of(path)?.uid ?? sessionUid(agent.id, peek.nativeId, hashText);
  return { stat: statKeeping(stat, before), stored: () => known.transcriptOf(uid()) };
}

function hashText(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('hex');
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
      (isRootOf(agent, path, options.agent !== null) ? path : null);
    if (root === null) continue;
    yield filesOfRoot(agent, root, path === root ? null : path, options);
    return;
  }
  if (stats.isDirectory()) {
    const homes = existingRoots({ ...options.host, homeDir: path, env: {} }, agents).filter(({ root }) =>
      root.startsWith(path + sep),
    );
    for (const { agent, root } of homes) yield filesOfRoot(agent, root, null, options);
    if (homes.length > 0) {
      // An agent that has files in the home folder itself; where nothing else is there, all below is looked through.
      for (const agent of agents.filter(
        (each) => each.projectRoot !== undefined && each.folders.length === 0,
      ))
        yield filesOfRoot(agent, path, null, options);
      return;
    }
  }
  yield looseFiles(path, stats.isDirectory(), agents, options);
}

/** A folder is an agent's root where one of the agent's folders in it holds something of the agent's. */
function isRootOf(agent: AgentFormat, path: string, isNamed: boolean): boolean {
  // The glob of a configuration matches in any folder: it says nothing of whose that is.
  if (agent.own !== undefined && !isNamed) return false;
  const rules = { skipsFolder: (relPath: string) => agent.skipsFolder(relPath), warn: () => undefined };
  for (const folder of agent.folders.flatMap((pattern) => foldersAt(path, pattern))) {
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
