/**
 * From files to sessions: which session each belongs to, which have changed since they were stored.
 * Promises: a session that is left as it is costs no question; a changed one at most a look at its head and tail. Changes nothing.
 */

import { basename, dirname, sep } from 'node:path';
import type { AgentFormat, Peek, TextBeside } from '../../domain/agent.ts';
import { type SessionUid, sessionUid } from '../../domain/ids.ts';
import { type Iso, isoFromMs, plausibleTime } from '../../domain/time.ts';
import { hashText } from '../../files/hash-text.ts';
import { newestMs } from '../../files/walk.ts';
import type { KnownSource } from '../../store/read-sources.ts';
import { idOfCopy, mainOf } from './as-found.ts';
import { type DiscoverOptions, type FoundFile, foundFiles } from './found-files.ts';
import { claimNamed } from './named.ts';
import { bounded, peekFile } from './peek.ts';
import { textBeside } from './roots.ts';

export type { FoundFile } from './found-files.ts';

/** A transcript as found on disk, with the files that lie beside it; whose it is, is known once it is held against what is stored. */
export interface FoundSession {
  readonly agent: AgentFormat;
  readonly root: string;
  readonly nativeId: string;
  /** What its path is known as, else the uid that its id alone would give it. */
  readonly uid: SessionUid;
  readonly files: readonly FoundFile[];
  /** What the main transcript's head and tail tell; null where nothing changed or there is no readable transcript. */
  readonly peek: Peek | null;
  /** Its end as far as can be told without reading it, the order of a batch; null where it is left as it is, too. */
  readonly endedAt: Iso | null;
  readonly isChanged: boolean;
  /** No other transcript of this run bears its id. */
  readonly isOnly: boolean;
  /** All transcripts of this run that bear its id and are to be looked at, itself among them, where there are several. */
  readonly bearers?: FoundSession[];
}

export interface Discovery {
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
  /** Files that only records name, and no transcript here does. */
  readonly unnamed: readonly FoundFile[];
}

export async function discover(options: DiscoverOptions): Promise<Discovery> {
  const files = await foundFiles(options);
  const roots = rootsOfFiles(files);
  options.listed?.(files);
  const { sessions: all, unnamed } = await toSessions(withoutCompressedTwins(files), options);
  const forgotten = options.forgotten ?? new Set();
  const hasOthers = ({ agent, nativeId, isChanged, uid }: FoundSession) =>
    isChanged &&
    options.known.uidsOf(agent.id, nativeId).some((other) => other !== uid && !forgotten.has(other));
  const sessions = withoutForgotten(all, forgotten, hasOthers);
  return {
    sessions,
    forgotten:
      forgotten.size === 0 ? 0 : all.filter((each) => forgotten.has(each.uid) && !hasOthers(each)).length,
    roots: roots.map((root) => ({
      ...root,
      sessions: sessions.filter((session) => session.agent === root.agent && session.root === root.root)
        .length,
    })),
    files: files.length,
    unnamed,
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
    if (root?.agent !== file.agent || root.root !== file.root)
      root = roots.find((each) => each.agent === file.agent && each.root === file.root);
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
  hasOthers: (session: FoundSession) => boolean,
): readonly FoundSession[] {
  if (forgotten.size === 0) return sessions;
  return sessions.flatMap((session) => {
    // Whether one that is only found was forgotten is told by holding it against others of its id, where there are any.
    if (!forgotten.has(session.uid) || hasOthers(session)) return [session];
    const others = new Set(session.files.map((file) => file.known?.uid));
    return [...others].flatMap((uid) => {
      if (uid === undefined || forgotten.has(uid)) return [];
      const files = session.files.filter((file) => file.known?.uid === uid);
      const isChanged = files.some((file) => file.isChanged);
      return [{ ...session, uid, files, isChanged, isOnly: false }];
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

/** Ids of which the store is asked together: each question by itself is a transaction of its own, and takes as long as ten. */
const ASKED_TOGETHER = 64;

/** Files by session: those that may be taken first, the oldest of them first; then the others, as they were found. */
async function toSessions(
  files: readonly FoundFile[],
  options: DiscoverOptions,
): Promise<{ sessions: FoundSession[]; unnamed: readonly FoundFile[] }> {
  const ids = await idsByRecords(files, options);
  const { groups, open } = inGroups(files, ids);
  const unnamed = open.length === 0 ? open : await claimNamed(groups, open, options);
  const { left, asked } = partedSessions(groups, options);
  const beside = new Map<string, TextBeside>();
  const taken: FoundSession[] = [];
  for (let at = 0; at < asked.length; at += ASKED_TOGETHER) {
    for (const group of withKnown(asked.slice(at, at + ASKED_TOGETHER), options)) {
      const bearers: FoundSession[] = [];
      for (const session of group) bearers.push(withBeside(await lookedAt(session, options), beside));
      taken.push(...(bearers.length > 1 ? bearers.map((each) => bearing(each, bearers)) : bearers));
    }
  }
  taken.sort((a, b) => compareText(a.endedAt ?? '', b.endedAt ?? '') || compareText(a.uid, b.uid));
  return { sessions: [...taken, ...left], unnamed };
}

type Groups = Map<AgentFormat, Map<string, FoundFile[]>>;

// What follows runs for each of 50,000 files, and is not of the functions that wait for something: the runtime is slow in those.

/** Whose the files are that do not say it by their names: their records do, or nothing. */
async function idsByRecords(
  files: readonly FoundFile[],
  options: DiscoverOptions,
): Promise<ReadonlyMap<FoundFile, string | null>> {
  const ids = new Map<FoundFile, string | null>();
  for (const file of files.filter(isSilent)) ids.set(file, await nativeIdOfFile(file, options));
  return ids;
}

/** Files by the agent and the id of their session; `open`: those that only records name. */
function inGroups(
  files: readonly FoundFile[],
  ids: ReadonlyMap<FoundFile, string | null>,
): { groups: Groups; open: FoundFile[] } {
  const groups: Groups = new Map();
  const open: FoundFile[] = [];
  for (const file of files) {
    const nativeId = file.class.nativeId ?? ids.get(file) ?? null;
    if (nativeId === null) {
      if (file.class.isNamed === true) open.push(file);
      continue;
    }
    let ofAgent = groups.get(file.agent);
    if (ofAgent === undefined) {
      ofAgent = new Map();
      groups.set(file.agent, ofAgent);
    }
    const group = ofAgent.get(nativeId);
    if (group === undefined) ofAgent.set(nativeId, [file]);
    else group.push(file);
  }
  return { groups, open };
}

/** Sessions that are left as they are, and the others by their ids. */
function partedSessions(
  groups: Groups,
  options: DiscoverOptions,
): { readonly left: FoundSession[]; readonly asked: FoundSession[][] } {
  const forgotten = options.forgotten ?? new Set();
  const left: FoundSession[] = [];
  const asked: FoundSession[][] = [];
  for (const [agent, ofAgent] of groups) {
    for (const [nativeId, group] of ofAgent) {
      if (group.every(isOnlyWithSession)) continue;
      const transcripts = byTranscript(group);
      let bearers: FoundSession[] | null = null;
      for (const files of transcripts) {
        const session = toSession(agent, nativeId, files, transcripts.length === 1);
        const isForgotten = forgotten.size > 0 && forgotten.has(session.uid);
        if (!session.isChanged && options.full !== true && !isForgotten) {
          left.push(session);
          continue;
        }
        if (bearers === null) {
          bearers = [];
          asked.push(bearers);
        }
        bearers.push(session);
      }
    }
  }
  return { left, asked };
}

/**
 * Files of one id by the transcript that they are part of or lie beside: where one key comes twice there are two. Those beside none
 * go with the first, which is named by the id.
 */
function byTranscript(files: readonly FoundFile[]): (readonly FoundFile[])[] {
  if (files.length === 1) return [files];
  const mains = files.filter(isMain);
  if (mains.length < 2 || new Set(mains.map(keyOf)).size === mains.length) return [files];
  mains.sort((a, b) => Number(b.class.nativeId !== null) - Number(a.class.nativeId !== null));
  const groups: FoundFile[][] = [];
  const isIn = (group: readonly FoundFile[], file: FoundFile) =>
    dirname(group[0]?.path ?? '') === dirname(file.path);
  for (const main of mains) {
    const part = groups.find((group) => isIn(group, main) && !group.map(keyOf).includes(keyOf(main)));
    if (part === undefined) groups.push([main]);
    else part.push(main);
  }
  const folders = groups.map((group): [string, FoundFile[]] => [dirname(group[0]?.path ?? '') + sep, group]);
  for (const file of files) {
    if (isMain(file)) continue;
    const beside = folders.find(([folder]) => file.path.startsWith(folder)) ?? folders[0];
    beside?.[1].push(file);
  }
  return groups;
}

/** They are told of each other once all of them are known. */
function bearing(session: FoundSession, bearers: FoundSession[]): FoundSession {
  const told = { ...session, bearers };
  bearers[bearers.indexOf(session)] = told;
  return told;
}

/** Null where its records would have to say whose it is, and do not. */
async function nativeIdOfFile(file: FoundFile, options: DiscoverOptions): Promise<string | null> {
  const known = options.known.nativeIdOf(file.path);
  if (known !== null || file.class.isNamed === true) return known;
  const peek = await peekFile(file.agent, file, file.class.encoding, options.warn);
  if (peek === null && file.class.onlyByContent === true) return null;
  // A transcript that tells nothing is still kept: under its own name.
  const name = file.agent.looseName(basename(file.path))?.stem ?? basename(file.path);
  return peek?.nativeId ?? idOfCopy(name) ?? name;
}

/** A session as far as names and stats tell. */
function toSession(
  agent: AgentFormat,
  nativeId: string,
  files: readonly FoundFile[],
  isOnly: boolean,
): FoundSession {
  return {
    agent,
    root: mainOf({ files })?.root ?? '',
    nativeId,
    uid: sessionUid(agent.id, nativeId, hashText),
    files,
    peek: null,
    endedAt: null,
    isChanged: files.some(isChangedFile),
    isOnly,
  };
}

/** When a session ended, by its files alone. */
export function endByFiles({ files }: Pick<FoundSession, 'files'>, now: Iso): Iso | null {
  return plausibleTime(isoFromMs(newestMs(files)), now);
}

// Functions of their own: one made anew for each of 50,000 sessions is garbage that is seen.
const isSilent = (file: FoundFile) => file.class.nativeId === null;
const isPlain = (file: FoundFile) => file.class.encoding === 'plain';
const isOnlyWithSession = (file: FoundFile) => file.class.onlyWithSession === true;
const isChangedFile = (file: FoundFile) => file.isChanged;
const keyOf = (file: FoundFile) => file.class.key;
const isMain = (file: FoundFile) => file.class.role === 'main';

/** Sessions with what the store knows of their files. */
function withKnown(groups: readonly FoundSession[][], options: DiscoverOptions): FoundSession[][] {
  const told = (session: FoundSession): FoundSession => ({
    ...session,
    files: session.files.map((file) => ({ ...file, known: knownAs(file, options) })),
  });
  return options.known.together(() => groups.map((group) => group.map(told)));
}

/** The same with what its transcript tells. */
async function lookedAt(session: FoundSession, options: DiscoverOptions): Promise<FoundSession> {
  const { files } = session;
  const main = mainOf({ files });
  const uid = main?.known?.uid ?? session.uid;
  const byFiles = endByFiles(session, options.now);
  if (!session.isChanged || main === undefined) return { ...session, uid, endedAt: byFiles };
  const { agent } = session;
  // A container has told it already.
  const peek =
    main.contained === undefined ? await peekedTogether(agent, main, files) : bounded(main.contained.peek);
  const endedAt = plausibleTime(peek?.endedAt ?? null, options.now) ?? byFiles;
  return { ...session, uid, peek, endedAt };
}

/** Of two files that one agent writes at once one may tell the times, and the other the folder. */
async function peekedTogether(
  agent: AgentFormat,
  main: FoundFile,
  files: readonly FoundFile[],
): Promise<Peek | null> {
  const others = files.filter((file) => isMain(file) && file.class.key !== main.class.key);
  let told: Peek | null = null;
  for (const file of [main, ...others]) {
    const peek = await peekFile(agent, file, file.class.encoding, () => undefined, file.relPath);
    told = told === null || peek === null ? (told ?? peek) : filledUp(told, peek);
  }
  return told;
}

function filledUp(told: Peek, other: Peek): Peek {
  return {
    ...told,
    project: told.project ?? other.project,
    title: told.title ?? other.title,
    branch: told.branch ?? other.branch,
    startedAt: told.startedAt ?? other.startedAt,
    endedAt: told.endedAt ?? other.endedAt,
  };
}

/** What is known of a file's path; an agent that compresses a transcript in its place only adds to the name. */
function knownAs({ path, class: { encoding } }: FoundFile, { known }: DiscoverOptions): KnownSource | null {
  const other = encoding === 'zstd' ? path.replace(/\.zst$/, '') : `${path}.zst`;
  return known.of(path) ?? (other === path ? null : known.of(other));
}

/** The same with what files beside its transcript say of it: its project, its name. */
function withBeside(session: FoundSession, texts: Map<string, TextBeside>): FoundSession {
  const { agent, peek, root, nativeId } = session;
  const main = mainOf(session);
  if (peek === null || main === undefined) return session;
  const { projectBeside, titleBeside, startedBeside } = agent;
  if ([projectBeside, titleBeside, startedBeside].every((asked) => asked === undefined)) return session;
  const beside = texts.get(root) ?? textBeside(root);
  texts.set(root, beside);
  const project = agent.projectBeside?.(main.relPath, beside) ?? null;
  const title = agent.titleBeside?.(nativeId, beside) ?? null;
  const startedAt = peek.startedAt === null ? (agent.startedBeside?.(nativeId, beside) ?? null) : null;
  if (project === null && title === null && startedAt === null) return session;
  const told = {
    ...(startedAt === null ? {} : { startedAt }),
    ...(project === null ? {} : { project }),
    ...(title === null ? {} : { title, isListed: true as const }),
  };
  return { ...session, peek: bounded({ ...peek, ...told }) };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
