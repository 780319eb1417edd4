/**
 * A file below an agent's root as what it holds of sessions: itself, or each session of a container.
 * Promises: no file is opened that is no container. Changes nothing.
 */
import type { AgentFormat, FileClass, Host } from '../../domain/agent.ts';
import { type SessionUid, sessionUid } from '../../domain/ids.ts';
import type { Iso } from '../../domain/time.ts';
import { type Contained, type ContainedFile, containedIn } from '../../files/contained/contained.ts';
import { mayHaveFiles, statKeeping } from '../../files/contained/stands.ts';
import { hashText } from '../../files/hash-text.ts';
import type { WalkedFile } from '../../files/walk.ts';
import type { KnownSource, KnownSources } from '../../store/read-sources.ts';
import { bounded } from './peek.ts';

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
  /** All that a path may be of, and that are looked for where they are enabled; of no use where `agent` names one. */
  readonly agents: readonly AgentFormat[];
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
  /** Told of each of `paths` where nothing was found. */
  readonly nothingAt?: (path: string) => void;
  /** Takes the databases that were opened; the sessions in them can be read until it is disposed of. */
  readonly opened: DisposableStack;
}

/** Nothing where it is not a session's, one file mostly, each session of a container. */
export function asFound(
  agent: AgentFormat,
  root: string,
  file: WalkedFile,
  inRows: Set<string>,
  options: DiscoverOptions,
): FoundFile[] {
  const found: FoundFile[] = [];
  addFound(found, agent, root, file, inRows, options);
  return found;
}

/** The same, added to what is found: of 50,000 files a list for each would be seen. */
export function addFound(
  into: FoundFile[],
  agent: AgentFormat,
  root: string,
  file: WalkedFile,
  inRows: Set<string>,
  options: DiscoverOptions,
): void {
  const fileClass = agent.classify(file.relPath);
  if (fileClass === null) return;
  const { container } = fileClass;
  if (container !== undefined) {
    const ofContainer = { ...fileClass, container };
    for (const held of heldIn(agent, root, file, ofContainer, inRows, options)) into.push(held);
    return;
  }
  if (fileClass.beforeRows === true && inRows.has(fileClass.nativeId ?? '')) return;
  const { path, relPath, sizeBytes, mtimeMs, stat, within, realPath } = file;
  const known = file.knownStat === undefined ? options.known.statOf(path) : file.knownStat;
  const isChanged = known !== stat;
  // Not spread: of 50,000 files that alone would be seen.
  const found: FoundFile = {
    path,
    relPath,
    sizeBytes,
    mtimeMs,
    stat,
    within,
    agent,
    root,
    class: isNamedAsCopy(fileClass) ? { ...fileClass, nativeId: null } : fileClass,
    known: null,
    isChanged,
  };
  into.push(realPath === undefined ? found : { ...found, realPath });
}

const UUID_CHARS = 36;
/** An id as most agents make them, with what they write before it; a synced folder or a person may have written more around it. */
const ID_IN_NAME = /[^\s]*[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;

/** The id that a transcript's name has within it, and more: `ID 2`, `Copy of ID`, a conflict copy; null: it has none, or is one. */
export function idOfCopy(name: string): string | null {
  const id = name.length > UUID_CHARS ? (ID_IN_NAME.exec(name)?.[0] ?? null) : null;
  return id === name ? null : id;
}

/** Then its records say whose it is. */
function isNamedAsCopy({ nativeId, role }: FileClass): boolean {
  return nativeId !== null && role === 'main' && idOfCopy(nativeId) !== null;
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
    const before = options.known.statOf(held.path);
    const { stat, stored } = asKnown(agent, held, before, options.known);
    const isChanged = before !== stat;
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
  before: string | null,
  known: KnownSources,
): Pick<Contained, 'stat' | 'stored'> {
  const { container, peek, stat } = contained;
  if (container.kind !== 'rows' || container.older === undefined || !mayHaveFiles(before)) return { stat };
  const uid = () => known.of(path)?.uid ?? sessionUid(agent.id, peek.nativeId, hashText);
  return { stat: statKeeping(stat, before), stored: () => known.transcriptOf(uid()) };
}

/**
 * The transcript of a session as it was found; a file beside it where there is none. Of two files that one agent writes at once it is
 * the one that the store, too, has first: what was shown tells of times and folders, what was sent to the model does not.
 */
export function mainOf({ files }: { readonly files: readonly FoundFile[] }): FoundFile | undefined {
  let main: FoundFile | undefined;
  for (const file of files)
    if (file.class.role === 'main' && (main === undefined || file.class.key < main.class.key)) main = file;
  return main ?? files[0];
}
