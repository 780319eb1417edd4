/**
 * From paths to files: all that agents have on this machine, or at the paths that a person names.
 * Promises: an unchanged file costs one `lstat`; a session in a container counts as a file. Changes nothing.
 */
import { type Stats, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { type AgentFormat, type Host, isEnabled } from '../../domain/agent.ts';
import { fail } from '../../domain/errors.ts';
import { realPathOf } from '../../files/file-names.ts';
import { awayMount } from '../../files/mounts.ts';
import { SourceFile } from '../../files/source.ts';
import { fileAt, foldersAt, isLink, type WalkedFile, walkFlat, walkTogether } from '../../files/walk.ts';
import { addFound, asFound, type DiscoverOptions, type FoundFile } from './as-found.ts';
import { looseFiles, looseOf } from './loose.ts';
import { type AgentRoot, existingRoots, rootsHere, rootsToNowhere } from './roots.ts';
import { whosePlace } from './whose-place.ts';

export type { DiscoverOptions, FoundFile } from './as-found.ts';

type Files = Iterable<FoundFile> | AsyncIterable<FoundFile>;

export async function foundFiles(options: DiscoverOptions): Promise<FoundFile[]> {
  const files: FoundFile[] = [];
  const empty = new Set(options.paths);
  const claimed = options.agents.some(({ own }) => own !== undefined) ? new Set<string>() : null;
  for await (const { named, files: some } of placesOf(options)) {
    // Only files outside any agent's folder are waited for: a promise for each of the others would cost as much as its `lstat`.
    const all = Symbol.iterator in some ? some : await Array.fromAsync(some);
    if (addUnclaimed(files, all, claimed) && named !== null) empty.delete(named);
    if (options.signal?.aborted === true) return files;
  }
  for (const path of empty) options.nothingAt?.(path);
  return onceEach(ofOneAgent(files), options.paths.length > 1);
}

/** Whether there were any. Of two agents whose file it is the known one has it, else the one that the configuration names first. */
function addUnclaimed(into: FoundFile[], files: Iterable<FoundFile>, claimed: Set<string> | null): boolean {
  let hasAny = false;
  for (const file of files) {
    hasAny = true;
    if (file.agent.own !== undefined && claimed?.has(file.path) === true) continue;
    claimed?.add(file.path);
    into.push(file);
  }
  return hasAny;
}

/** Relatives may have the same root: a file that the layouts of both know is that one's whose it is by what it holds. */
function ofOneAgent(files: FoundFile[]): FoundFile[] {
  if (files.every(({ agent }) => agent.isIts === undefined)) return files;
  const relatives = new Map<string, Set<AgentFormat>>();
  for (const { agent, root } of files)
    if (agent.isIts !== undefined) relatives.set(root, (relatives.get(root) ?? new Set()).add(agent));
  const heads = new Map<string, Uint8Array | null>();
  return files.filter(({ agent, root, relPath }) => {
    const isAlone = (relatives.get(root)?.size ?? 0) < 2;
    const headOf = (path: string) => {
      const known = heads.get(`${root} ${path}`);
      const head = known === undefined ? firstBytes(join(root, path)) : known;
      heads.set(`${root} ${path}`, head);
      return head;
    };
    return isAlone || agent.isIts?.(relPath, root, headOf) !== false;
  });
}

/** Enough for the header of a transcript. */
const HEAD_BYTES = 4096;

/** Null where nothing can be read. */
function firstBytes(path: string): Uint8Array | null {
  if (awayMount(path) !== null) return null;
  try {
    using file = new SourceFile(path, 'plain', null);
    return file.readAt(0, HEAD_BYTES);
  } catch {
    return null;
  }
}

/** Two roots may lead to one folder by links, and two named paths lie in each other: whoever met a file first has it. */
function onceEach(files: FoundFile[], mayMeetTwice: boolean): FoundFile[] {
  if (!mayMeetTwice && files.every((file) => file.realPath === undefined)) return files;
  const met = new Set<string>();
  return files.filter((file) => {
    const place = file.realPath ?? file.path;
    return !met.has(place) && met.add(place);
  });
}

interface SearchedPlace {
  /** The path that a person named; null: a root that was looked for. */
  readonly named: string | null;
  readonly files: Files;
}

async function* placesOf(options: DiscoverOptions): AsyncGenerator<SearchedPlace> {
  if (options.paths.length === 0) {
    const wanted =
      options.agent === null
        ? options.agents.filter((agent) => isEnabled(agent, options.host))
        : [options.agent];
    for (const root of rootsToNowhere(options.host, wanted))
      options.warn(`skipped ${root}: a link that leads nowhere`);
    for (const { agent, root } of existingRoots(options.host, wanted))
      yield { named: null, files: filesOfRoot(agent, root, null, options) };
    return;
  }
  // A path that is named is wanted, whosever it is.
  const agents = options.agent === null ? options.agents : [options.agent];
  for (const named of options.paths) {
    for await (const files of placesOfPath(resolve(named), agents, options)) yield { named, files };
  }
}

/** All that `agent` has under `root`, or under `within`, a folder or file below it. */
function filesOfRoot(
  agent: AgentFormat,
  root: string,
  within: string | null,
  options: DiscoverOptions,
): readonly FoundFile[] {
  const relWithin = within === null ? null : relative(root, within).split(sep).join('/');
  const single = within === null || relWithin === null ? null : fileAt(within, relWithin);
  // A session in a database is not taken a second time from the tree or the file that it was migrated from.
  const inRows = new Set<string>();
  if (single !== null) return asFound(agent, root, single, inRows, options);
  const found: FoundFile[] = [];
  const isWhole = relWithin === null || relWithin === '';
  const wants = (relPath: string) =>
    agent.classify(relPath) !== null && agent.looksAt?.(basename(relPath), options.host) !== false;
  const flat = (isWhole ? (agent.flatFolders ?? []) : [])
    .flatMap((pattern) => foldersAt(root, pattern))
    .flatMap((folder) => [...walkFlat(root, folder, wants, options.warn)]);
  // Databases come first: what is in one is known before an older file beside it is met.
  const isRows = ({ relPath }: WalkedFile) => agent.classify(relPath)?.container?.kind === 'rows';
  for (const walked of [...flat.filter(isRows), ...flat.filter((file) => !isRows(file))])
    addFound(found, agent, root, walked, inRows, options);
  const skipsFolder = (relPath: string) => agent.skipsFolder(relPath);
  const known = (before: string, names: readonly string[]) => options.known.statsIn(before, names);
  const rules = { skipsFolder, warn: options.warn, known };
  const folders = isWhole ? agent.folders.flatMap((pattern) => foldersAt(root, pattern)) : [relWithin];
  for (const folder of folders) {
    for (const files of walkTogether(root, folder, rules))
      for (const walked of files) addFound(found, agent, root, walked, inRows, options);
    if (options.signal?.aborted === true) break;
  }
  return found;
}

/** What is at a path that the user gave; a failure where there is nothing. */
export function existing(path: string): Stats {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats !== undefined) return stats;
  throw fail(
    'usage',
    `no such file or folder: ${path}`,
    "Give a transcript, or an agent's folder at any level.",
  );
}

/** A path that the user gave: an agent's root or below, a home folder, or transcripts lying about. */
async function* placesOfPath(
  named: string,
  agents: readonly AgentFormat[],
  options: DiscoverOptions,
): AsyncGenerator<Files> {
  const stats = existing(named);
  // Whoever names a link to a file means the file.
  const path = stats.isFile() && isLink(named) ? realPathOf(named) : named;
  const asked = { path, isFile: stats.isFile(), isAgentNamed: options.agent !== null };
  const place = await whosePlace(asked, agents, options.host);
  if (place !== null) {
    const { agent, root } = place;
    if (path === root || agent.folders.some((folder) => path === join(root, folder)))
      for (const each of [agent, ...relativesIn(root, agent, agents, options.host)])
        yield filesOfRoot(each, root, path === root ? null : path, options);
    else yield filesInRoot([place], path, agents, options);
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
  // A backup of a home folder may lie below it at any depth.
  const within: { readonly folder: string; readonly places: readonly AgentRoot[] }[] = [];
  const isRoot = (folder: string) => {
    const owners = agents.filter((agent) => agent.rootOf(folder) === folder);
    if (owners.length === 0) return false;
    const own = owners.map((agent) => ({ agent, root: folder }));
    within.push({ folder, places: [...own, ...rootsInside(folder, agents, options.host)] });
    return true;
  };
  yield looseFiles(path, agents, options, isRoot);
  for (const { folder, places } of within) yield filesInRoot(places, folder, agents, options);
}

/** Roots of other agents within one that lies in a home folder. */
function rootsInside(folder: string, agents: readonly AgentFormat[], host: Host): AgentRoot[] {
  const home = { ...host, homeDir: dirname(folder), env: {} };
  return existingRoots(home, agents).filter(({ root }) => root.startsWith(folder + sep));
}

/** Those who may have the same root as this agent: as this machine has it, else where the root's name does not tell whose it is. */
function relativesIn(
  root: string,
  agent: AgentFormat,
  agents: readonly AgentFormat[],
  host: Host,
): readonly AgentFormat[] {
  if (agent.isIts === undefined || agent.rootOf(root) !== null) return [];
  const others = agents.filter((other) => other !== agent && other.isIts !== undefined);
  const hasIt = (one: AgentFormat) => rootsHere(one, host).some((own) => resolve(own) === root);
  return hasIt(agent) ? others.filter(hasIt) : others;
}

/**
 * What lies at or below a named place in the root of an agent, or of several: by their layouts, and what these do not know by its
 * records.
 */
async function* filesInRoot(
  places: readonly AgentRoot[],
  path: string,
  agents: readonly AgentFormat[],
  options: DiscoverOptions,
): AsyncGenerator<FoundFile> {
  const placed = new Set<string>();
  for (const { agent, root } of places) {
    for (const file of filesOfRoot(
      agent,
      root,
      path === root || root.startsWith(path + sep) ? null : path,
      options,
    )) {
      placed.add(file.contained?.file.path ?? file.path);
      yield file;
    }
  }
  const [place] = places;
  if (place === undefined) return;
  for await (const file of looseOf(path, agents, options, place)) if (!placed.has(file.path)) yield file;
}
