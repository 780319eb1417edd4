/**
 * Sessions within files that hold several: found, and opened as the bytes that Tier 1 stores of them.
 * Promises: a session is opened as one moment of it; what has not changed is not read again; a container that cannot be
 * read is one warning, and its sessions in the store stay what they are.
 */
import { dirname, join, relative, sep } from 'node:path';
import type { AgentFormat, FileClass, Peek } from '../../domain/agent.ts';
import type {
  ContainedSession,
  Container,
  FileTree,
  ForeignRows,
  RowsContainer,
  TextContainer,
} from '../../domain/contained.ts';
import { containedPath, fileOfPath, namesIn } from '../file-names.ts';
import { type Source, SourceFile } from '../source.ts';
import { fileAt, type WalkedFile } from '../walk.ts';
import type { Within } from '../within.ts';
import { ForeignDatabase, foreignTrouble } from './foreign-rows.ts';
import { heldLines } from './held-lines.ts';
import { fileLines, headerLine, rowLines } from './row-lines.ts';
import { SpooledSource } from './spooled.ts';
import { StandingFiles, setOfFiles } from './stands.ts';
import { type TextRange, textRanges } from './text-ranges.ts';

/** How a session lies in its container. */
export interface Contained {
  readonly container: Container;
  readonly peek: Peek & { readonly nativeId: string };
  /** The file that holds it or leads to it. */
  readonly file: WalkedFile;
  readonly root: string;
  /** Where in a text; null in any other container. */
  readonly range: TextRange | null;
  /** Where it is a database: kept open until whoever found it is done. */
  readonly database: ForeignDatabase | null;
  /** What it was when it was listed, in the form of a file's stat. */
  readonly stat: string;
  /** What the store has of it, where files may be held in it that are not there any more; absent: nothing. */
  readonly stored?: () => Iterable<Uint8Array>;
}

/** A session of a container in the place of a file. Its path names no file. */
export interface ContainedFile extends WalkedFile {
  readonly contained: Contained;
}

/** What is not a file of its own, or one by itself. */
export interface Openable extends WalkedFile {
  readonly agent: AgentFormat;
  readonly class: FileClass;
  readonly contained?: Contained;
}

/** The bytes of a found file. */
export function openSource(file: Openable): Source {
  return file.contained === undefined
    ? new SourceFile(file.path, file.class.encoding, file.within)
    : openContained(file.agent, file.path, file.contained);
}

/** The sessions in the container at `file`, each once. What is opened for them goes to `opened`, and is needed as long as they are. */
export function* containedIn(
  agent: AgentFormat,
  root: string,
  file: WalkedFile,
  container: Container,
  warn: (text: string) => void,
  opened: DisposableStack,
): Generator<ContainedFile> {
  const database = container.kind === 'rows' ? new ForeignDatabase(file.path, file.within) : null;
  if (database !== null) opened.use(database);
  const transcripts = container.kind === 'rows' ? container.transcripts : undefined;
  try {
    for (const { session, range, stat } of sessionsIn(container, root, file, database)) {
      const { peek, aboutBytes } = session;
      yield {
        path: containedPath(file.path, peek.nativeId),
        relPath: transcripts?.at(file.relPath, peek.nativeId) ?? agent.relPathOf(peek, '') ?? file.relPath,
        sizeBytes: aboutBytes,
        mtimeMs: peek.endedAt === null ? file.mtimeMs : Date.parse(peek.endedAt),
        stat,
        within: file.within,
        ...(file.realPath === undefined ? {} : { realPath: containedPath(file.realPath, peek.nativeId) }),
        contained: { container, peek, file, root, range, stat, database },
      };
    }
  } catch (thrown) {
    warn(`cannot read ${file.path}: ${foreignTrouble(thrown)}`);
  }
}

interface InContainer {
  readonly session: ContainedSession;
  readonly range: TextRange | null;
  readonly stat: string;
}

function* sessionsIn(
  container: Container,
  root: string,
  file: WalkedFile,
  database: ForeignDatabase | null,
): Iterable<InContainer> {
  if (container.kind === 'rows') {
    const files = new Tree(root, file.within);
    const look = (db: ForeignRows) => ({
      list: [...container.sessions(db, null, root, files)],
      missing: container.older?.missing(db, files, null),
    });
    const { list = [], missing } = database?.look(look) ?? {};
    // Where nothing keeps an id from standing there twice, what hangs on it is of one session.
    const once = new Map(list.map((session) => [session.peek.nativeId, session]));
    for (const [id, session] of once) {
      const beside = setOfFiles(files, missing?.get(id) ?? []);
      yield { session, range: null, stat: statOf('rows', session.version + beside) };
    }
  } else if (container.kind === 'text') {
    using source = new SourceFile(file.path, 'plain', file.within);
    for (const range of textRanges(source, container))
      yield { session: inText(container, source, range, root), range, stat: range.stat };
  } else {
    const session = container.session(new Tree(root, file.within), file.relPath);
    if (session !== null) yield { session, range: null, stat: statOf('tree', session.version) };
  }
}

/** Of the form of a file's stat: its third part is an inode, of which rows have none. */
function statOf(kind: string, version: string): string {
  return `${kind}:${version.replaceAll(':', '-')}:`;
}

const TEXT_HEAD_BYTES = 64 * 1024;
const TEXT_TAIL_BYTES = 16 * 1024;

function inText(
  container: TextContainer,
  source: SourceFile,
  range: TextRange,
  root: string,
): ContainedSession {
  const bytes = range.to - range.from;
  const head = source.readAt(range.from, Math.min(TEXT_HEAD_BYTES, bytes));
  const tailBytes = Math.min(TEXT_TAIL_BYTES, bytes);
  const tail = source.readAt(range.to - tailBytes, tailBytes);
  return { peek: container.peek(range.id, head, tail, root), version: range.stat, aboutBytes: bytes };
}

/** What would be stored of a session, as it is now. */
function openContained(agent: AgentFormat, path: string, contained: Contained): Source {
  const { container, file, peek } = contained;
  const source = new SpooledSource(path);
  try {
    if (container.kind === 'rows') fillRows(source, agent, container, contained);
    else if (container.kind === 'text') fillText(source, container, contained);
    else {
      const tree = new Tree(contained.root, file.within);
      const session = container.session(tree, file.relPath);
      if (session === null) throw new Error('its session is not there any more');
      const lines = fileLines(tree, container.files(tree, file.relPath));
      source.fill(withHeader(agent, peek, lines), statOf('tree', session.version));
    }
    return source;
  } catch (thrown) {
    source[Symbol.dispose]();
    throw new Error(foreignTrouble(thrown));
  }
}

/**
 * The version is that of the listing: to tell it anew would ask about all sessions again for each. Where it has changed since,
 * it is read once more at the next run.
 */
function fillRows(
  source: SpooledSource,
  agent: AgentFormat,
  container: RowsContainer,
  { database, file, peek, root, stat, stored = () => [] }: Contained,
): void {
  database?.look((db) => {
    const files = new Tree(root, file.within);
    const [session] = container.sessions(db, peek.nativeId, root, files);
    if (session === undefined) throw new Error('its session is not there any more');
    const { older, tables } = container;
    const held = container.transcripts?.lines(db, peek.nativeId);
    if (held !== undefined) {
      source.fill(heldLines(held), stat);
      return;
    }
    using stands = older === undefined ? null : new StandingFiles(db, files, older, peek.nativeId, stored());
    const lines = rowLines(db, tables, peek.nativeId, stands ?? undefined);
    source.fill(withHeader(agent, session.peek, lines), stat);
  });
}

function* withHeader(
  agent: AgentFormat,
  { nativeId, parentNativeId }: ContainedSession['peek'],
  lines: Iterable<string>,
): Iterable<string> {
  yield headerLine(agent.id, nativeId, parentNativeId);
  yield* lines;
}

const COPY_BYTES = 1024 * 1024;

function fillText(source: SpooledSource, container: TextContainer, { file, range, peek }: Contained): void {
  using text = new SourceFile(file.path, 'plain', file.within);
  // Where the file has grown since it was looked at, the session may have, too.
  const now =
    text.stat === file.stat ? range : [...textRanges(text, container)].find(({ id }) => id === peek.nativeId);
  if (now === null || now === undefined) throw new Error('its session is not there any more');
  source.fill(pieces(text, now), now.stat);
}

function* pieces(text: SourceFile, { from, to }: TextRange): Iterable<Uint8Array> {
  for (let at = from; at < to; at += COPY_BYTES) yield text.readAt(at, Math.min(COPY_BYTES, to - at));
}

/** Files under an agent's root, for what it says of a tree. */
class Tree implements FileTree {
  readonly #root: string;
  readonly #within: Within;

  constructor(root: string, within: Within) {
    this.#root = root;
    this.#within = within;
  }

  names(relFolder: string): readonly string[] {
    try {
      return namesIn(join(this.#root, relFolder));
    } catch {
      // A message without parts has no folder of them.
      return [];
    }
  }

  stat(relPath: string): string | null {
    return fileAt(join(this.#root, relPath), relPath)?.stat ?? null;
  }

  read(relPath: string): Uint8Array | null {
    const path = join(this.#root, relPath);
    if (fileAt(path, relPath) === null) return null;
    using source = new SourceFile(path, 'plain', this.#within);
    if (source.sizeBytes > TREE_FILE_BYTES_MAX)
      throw new Error(`${path} is too large for a part of a session`);
    return source.readAt(0, source.sizeBytes);
  }
}

/** A message or a part of one; an image within it is some MiB. */
const TREE_FILE_BYTES_MAX = 256 * 1024 * 1024;

/** Opens a session again by the path that the store knows; null where that names a file of its own. */
export function reopen(agents: readonly AgentFormat[], path: string): Source | null {
  const container = fileOfPath(path);
  if (container === path) return null;
  using opened = new DisposableStack();
  for (const agent of agents) {
    const root = agent.rootOf(container) ?? dirname(container);
    const relPath = relative(root, container).split(sep).join('/');
    const held = agent.classify(relPath)?.container;
    const file = held === undefined ? null : fileAt(container, relPath);
    if (held === undefined || file === null) continue;
    for (const found of containedIn(agent, root, file, held, fail, opened))
      if (found.path === path) return openContained(agent, path, found.contained);
  }
  throw new Error(`${container} does not hold it any more`);
}

function fail(text: string): never {
  throw new Error(text);
}
