/**
 * Transcripts that are told by their records: copies lying about, and what lies in an agent's folder where its layout does
 * not know it.
 * Promises: a file is opened only where its name may be a transcript's, or where a person named it; then whatever its name.
 */
import { basename, dirname, relative, sep } from 'node:path';
import type { AgentFormat, LooseName, Peek } from '../../domain/agent.ts';
import { messageOf } from '../../domain/errors.ts';
import { SourceFile } from '../../files/source.ts';
import { fileAt, type WalkedFile, walk } from '../../files/walk.ts';
import { asFound, type DiscoverOptions, type FoundFile } from './as-found.ts';
import { peekFile } from './peek.ts';
import type { AgentRoot } from './roots.ts';

/**
 * All transcripts at or below a place outside any agent's folder, databases too. `leavesOut`: asked of each folder below it, which then
 * is another's to look into.
 */
export async function* looseFiles(
  path: string,
  agents: readonly AgentFormat[],
  options: DiscoverOptions,
  leavesOut: (folder: string) => boolean,
): AsyncGenerator<FoundFile> {
  const isFile = fileAt(path, basename(path)) !== null;
  const files = [...filesAt(path, options, leavesOut)];
  for (const file of files) {
    const name = basename(file.path);
    const fitting = agents.filter((agent) => agent.classify(name)?.container !== undefined);
    for (const agent of fitting)
      yield* asFound(agent, dirname(file.path), { ...file, relPath: name }, new Set(), options);
    if (isFile && fitting.length === 0) yield* databaseAt(file, agents, options);
  }
  for (const file of files) {
    const loose = await asLoose(file, agents, options, { isNamed: isFile, place: null });
    if (loose !== null) yield loose;
  }
}

/** What a database holds that a person named, under whatever name it lies about: its tables say whose it is. */
function databaseAt(file: WalkedFile, agents: readonly AgentFormat[], options: DiscoverOptions): FoundFile[] {
  if (!startsWith(file, SQLITE_MAGIC, options.warn)) return [];
  for (const agent of agents) {
    const relPath = databaseOf(agent);
    if (relPath === null) continue;
    const quiet = { ...options, warn: () => undefined };
    const held = [...asFound(agent, dirname(file.path), { ...file, relPath }, new Set(), quiet)];
    if (held.length > 0) return held;
  }
  return [];
}

/** Where the agent's own database would lie below its root; null where it keeps none. */
function databaseOf(agent: AgentFormat): string | null {
  const paths = agent.places.flatMap(({ at }) => ['', 'main'].map((any) => at.replaceAll('*', any)));
  return paths.find((relPath) => agent.classify(relPath)?.container?.kind === 'rows') ?? null;
}

/** Transcripts at or below a named place, by their records alone. `place`: the root that it lies in, whose layout knows its own. */
export async function* looseOf(
  path: string,
  agents: readonly AgentFormat[],
  options: DiscoverOptions,
  place: AgentRoot,
): AsyncGenerator<FoundFile> {
  const isFile = fileAt(path, basename(path)) !== null;
  const leavesOut = (folder: string) => place.agent.skipsFolder(relativeTo(place.root, folder));
  for (const file of filesAt(path, options, leavesOut)) {
    if (isPlaced(place, file)) continue;
    const loose = await asLoose(file, agents, options, { isNamed: isFile, place });
    if (loose !== null) yield loose;
  }
}

function isPlaced({ agent, root }: AgentRoot, file: WalkedFile): boolean {
  return agent.classify(relativeTo(root, file.path)) !== null;
}

function relativeTo(root: string, path: string): string {
  return relative(root, path).split(sep).join('/');
}

function filesAt(
  path: string,
  options: DiscoverOptions,
  leavesOut: (folder: string) => boolean,
): Iterable<WalkedFile> {
  const single = fileAt(path, basename(path));
  if (single !== null) return [single];
  const skipsFolder = (relPath: string) => leavesOut(`${path}${sep}${relPath}`);
  return walk(path, '', { skipsFolder, warn: options.warn });
}

/** Transcripts in an agent's own folders where its layout does not know them, and how many other files lie there. */
export async function unplacedIn(
  place: AgentRoot,
  agents: readonly AgentFormat[],
  options: DiscoverOptions,
): Promise<{ readonly transcripts: FoundFile[]; readonly others: number }> {
  const { agent, root } = place;
  const rules = { skipsFolder: (relPath: string) => agent.skipsFolder(relPath), warn: () => undefined };
  const transcripts: FoundFile[] = [];
  let others = 0;
  for (const folder of agent.folders) {
    for (const file of walk(root, folder, rules)) {
      if (agent.classify(file.relPath) !== null) continue;
      const loose = await asLoose(file, agents, options, { isNamed: false, place });
      if (loose === null) others += 1;
      else transcripts.push(loose);
    }
  }
  return { transcripts, others };
}

/** The file as a transcript of the first agent whose records it holds; null: of none. */
async function asLoose(
  file: WalkedFile,
  agents: readonly AgentFormat[],
  options: DiscoverOptions,
  { isNamed, place }: { readonly isNamed: boolean; readonly place: AgentRoot | null },
): Promise<FoundFile | null> {
  const names = isNamed ? namesTried(basename(file.path)) : [basename(file.path)];
  let encoding: LooseName['encoding'] | null = null;
  for (const agent of agents) {
    const idOfFolder = place === null ? idByFolder(agent, file.path) : null;
    const name = names.find((each) => agent.looseName(each) !== null || idOfFolder !== null);
    if (name === undefined) continue;
    // Its first bytes say how it is compressed, whatever its name says.
    encoding ??= encodingOf(file, options.warn);
    if (encoding === null) return null;
    const peek = await peekFile(agent, file, encoding, () => undefined);
    const relPath =
      peek === null
        ? null
        : (agent.relPathOf(peek, name) ??
          placeByName(agent, peek, name) ??
          placeByFolder(agent, peek, name, idOfFolder) ??
          (isNamed ? agent.relPathOf({ ...peek, nativeId: folderOf(file.path) }, name) : null));
    const fileClass = relPath === null ? null : agent.classify(relPath);
    if (peek === null || relPath === null || fileClass === null || fileClass.container !== undefined)
      continue;
    return {
      ...file,
      relPath,
      agent,
      root: place?.agent === agent ? place.root : (agent.roots(options.host)[0] ?? dirname(file.path)),
      class: { ...fileClass, encoding, nativeId: fileClass.nativeId ?? peek.nativeId },
      known: null,
      isChanged: options.known.statOf(file.path) !== file.stat,
    };
  }
  return null;
}

/** An id as agents make them, where a file's name has one. */
const ID_IN_NAME = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;

/** The place of a transcript whose records name no session, where its name does; else null. */
function placeByName(agent: AgentFormat, peek: Peek, name: string): string | null {
  const nativeId = ID_IN_NAME.exec(name)?.[0] ?? null;
  return peek.nativeId !== null || nativeId === null ? null : agent.relPathOf({ ...peek, nativeId }, name);
}

/** Whose session a transcript is by the names that it lies under, where these are as in the agent's own folder from the id on. */
interface IdByFolder {
  readonly nativeId: string;
  readonly relPath: string;
}

function idByFolder(agent: AgentFormat, path: string): IdByFolder | null {
  const names = path.split(sep);
  for (const { kind, at, fits } of agent.places) {
    const parts = at.split('/');
    const first = parts.findIndex((part) => part.includes('{id}'));
    // A name alone says too little: any file may be called so.
    if (kind !== 'transcript' || first < 0 || first === parts.length - 1 || at.includes('**')) continue;
    const before = parts.slice(0, first).map((part) => part.replaceAll('*', 'unknown'));
    const after = names.slice(first - parts.length);
    const relPath = [...before, ...after].join('/');
    const nativeId = fits(relPath) ? (agent.classify(relPath)?.nativeId ?? null) : null;
    if (nativeId === null) continue;
    const hasId = (part: string, n: number) =>
      !part.includes('{id}') || part.replaceAll('{id}', nativeId) === after[n];
    if (parts.slice(first).every(hasId)) return { nativeId, relPath };
  }
  return null;
}

/** The place of a transcript whose records name no session, where the folder that it lies in does; else null. */
function placeByFolder(agent: AgentFormat, peek: Peek, name: string, told: IdByFolder | null): string | null {
  if (told === null) return null;
  const place = agent.relPathOf({ ...peek, nativeId: told.nativeId }, name);
  // A session may have several transcripts, each under a name of its own.
  return place !== null && basename(place) === basename(told.relPath) ? place : told.relPath;
}

function folderOf(path: string): string {
  return basename(dirname(path));
}

/** A person may have renamed it: `x.jsonl.bak`, `x.jsonl.2026-11-30`, `x.txt`. */
function namesTried(fileName: string): string[] {
  const parts = fileName.split('.');
  const shorter = parts
    .map((_, i) => parts.slice(0, parts.length - i).join('.'))
    .filter((name) => name !== '');
  const stem = shorter.at(-1) ?? fileName;
  return [...shorter, `${stem}.jsonl`, `${stem}.json`];
}

/** Source: the frame's magic number in RFC 8878, section 3.1.1. */
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
/** Source: the header of a member in RFC 1952, section 2.3.1, with its only method. */
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b, 0x08]);
const MAGICS = [
  ['zstd', ZSTD_MAGIC],
  ['gzip', GZIP_MAGIC],
] as const;
/** Source: the file format of SQLite, section 1.3. */
const SQLITE_MAGIC = Buffer.from('SQLite format 3\0');

/** Null where it cannot be read. */
function encodingOf(file: WalkedFile, warn: (text: string) => void): LooseName['encoding'] | null {
  for (const [encoding, magic] of MAGICS) {
    const isIt = startsWith(file, magic, warn);
    if (isIt !== false) return isIt === null ? null : encoding;
  }
  return 'plain';
}

/** Null where it cannot be read. */
function startsWith(file: WalkedFile, magic: Buffer, warn: (text: string) => void): boolean | null {
  try {
    using source = new SourceFile(file.path, 'plain', file.within);
    return magic.equals(source.readAt(0, magic.length));
  } catch (thrown) {
    warn(`cannot read ${file.path}: ${messageOf(thrown)}`);
    return null;
  }
}
