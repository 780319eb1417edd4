/** Where the files of a session go when it is restored, and what is there already. Writes nothing. */
import { lstatSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { agentById, enabledAgents } from '../../agents/registry.ts';
import type {
  AgentFormat,
  AgentImport,
  Host,
  RestoreTarget,
  Resume,
  TextBeside,
} from '../../domain/agent.ts';
import { type FailureError, fail } from '../../domain/errors.ts';
import { nativeIdOf, type SessionUid, sessionUid } from '../../domain/ids.ts';
import type { SessionRow } from '../../domain/session.ts';
import { wholeLines } from '../../files/contained/row-lines.ts';
import { hashText } from '../../files/hash-text.ts';
import { mountOfRoot } from '../../files/mounts.ts';
import { onDisk } from '../../files/on-disk.ts';
import { cuttingOf } from '../../ingest/content/records.ts';
import { isFolder, rootsHere, textBeside, withProjects } from '../../ingest/discover/roots.ts';
import { listingOf, type NameToAdd } from '../../restore/listed-names.ts';
import {
  type NoPlace,
  obstacleAt,
  type PlacedAt,
  type Placement,
  placement,
  type SessionToPlace,
} from '../../restore/placement.ts';
import { RestoreTree } from '../../restore/plan.ts';
import type { MadeFile, PlannedFile, Restoring } from '../../restore/replaced-files.ts';
import type { ReadableDb } from '../../store/connection.ts';
import { filesOf, findSession } from '../../store/read.ts';
import { agentRootOf, bearersOf } from '../../store/read-sources.ts';
import { machineOf } from '../../store/remote/mirror.ts';
import type { StoredFile } from '../../store/rows.ts';
import { fileChunks } from '../../store/segments.ts';
import { asVersion, versionsOf } from '../../store/versions.ts';
import type { Context } from '../context.ts';
import { liveFiles } from '../wire.ts';
import { resumeOf } from './restore.resume.ts';
import { chosenVersions, type WantedVersion } from './restore.versions.ts';

/** A restore as it would be: where each file goes and what is there. */
export interface PlannedRestore extends Restoring {
  readonly root: string;
  /** Files of the session that are not written, because they belong to none of its agent's places. */
  readonly refused: readonly RefusedFile[];
  /** The transcript, where it goes elsewhere than it was met on this machine; null: it does not. */
  readonly moved: MovedFile | null;
  /** Without words where no way back to work is known. */
  readonly resume: Resume;
  /** What is typed to have the agent take in what was made for it; null where it cannot. */
  readonly importing: readonly string[] | null;
  /** The name that is added to its agent's list; null: none needs to be. */
  readonly listing: NameToAdd | null;
}

export interface RefusedFile {
  /** Its name within the session: anything, where it came with an archive. */
  readonly key: string;
  /** A clause. */
  readonly why: string;
}

/** Paths relative to the agent's folder. */
export interface MovedFile {
  readonly from: string;
  readonly to: string;
  /** A clause; null where its agent simply has it there. */
  readonly why: string | null;
}

/** What tells where sessions are put back. */
interface Places {
  readonly host: Host;
  readonly settings: Pick<Context['settings'], 'storePath'>;
  /** The store of this machine, where the bytes are out of a passing one; absent: they are out of it. */
  readonly known?: ReadableDb;
}

/** What the sessions of one call share: a tree for each root and the agent's folders in it, what is under each root, and who has which place. */
export interface Shared {
  readonly trees: Map<string, RestoreTree>;
  readonly taken: Map<string, SessionUid>;
  /** Absent: it is looked at for each. */
  readonly besides?: Map<string, TextBeside>;
}

export interface RestoreOptions {
  /** A folder of the user's; null: where the agent looks. */
  readonly to: string | null;
  readonly force: boolean;
  /** Null or absent: the present versions, and a choice where one has lost most of what it held. */
  readonly version?: WantedVersion | null;
  /** A project's folder in the place of the session's own, absolute, with no link in it; null or absent: its own. */
  readonly project?: string | null;
}

/** Fails where a file may not be written over, and where a person has to say which version is meant. */
export function planRestore(
  context: Places,
  db: ReadableDb,
  session: SessionRow,
  { to, force, version = null, project: wantedProject = null }: RestoreOptions,
  { trees, taken, besides }: Shared = { trees: new Map(), taken: new Map() },
): PlannedRestore {
  const agent = agentById(session.agent, context.host);
  const known = context.known ?? db;
  if (wantedProject !== null && agent?.otherProject === undefined) throw noOtherProject(session, agent);
  const otherProject = wantedProject ?? projectHere({ db, known }, session, agent);
  const root = to === null ? ownPlace(context, known, session, agent) : resolve(to);
  if (root === undefined) throw nowhere(session, agent);
  // In a folder of the user's none is the agent's, nor beside the store.
  const folders = to === null && agent?.cannotPutBack === undefined ? (agent?.folders ?? []) : [];
  const mount = mountOfRoot({ folders }, root);
  if (mount !== null)
    throw fail(
      'io',
      `${root} lies on ${mount}, which may never answer`,
      `Restore it on the command line, which can leave it: session-memory restore ${session.uid}`,
    );
  const texts = besides?.get(root) ?? textBeside(root);
  besides?.set(root, texts);
  const target: RestoreTarget = {
    nativeId: agent === null ? nativeIdOf(session.uid) : idFor({ db, known }, session, agent, texts),
    project: otherProject ?? session.project,
    isMoved: otherProject !== null,
    startedAt: session.startedAt,
    beside: texts,
  };
  // In a folder of our own lies what an earlier restore has put there: this one goes on from it, and what is nowhere else is put beside.
  const isOurs = to === null && agent?.cannotPutBack !== undefined;
  const tree = treeIn(trees, root, force || isOurs, folders);
  const beside = isOurs ? treeBeside(context, known, session, agent, { trees, force }) : null;
  const isForeign = cameWithArchive(known, session);
  const isVouchedFor = session.origin === null;
  const asked: SessionToPlace = {
    agent: session.agent,
    nativeId: session.nativeId,
    target,
    isForeign,
    isVouchedFor,
    isPlacedAnew: otherProject !== null && agent?.otherProject === 'by its place',
  };
  const { platform } = context.host;
  const plan = planOf(tree, db, session, { agent, asked, platform, beside, wanted: version, taken });
  const { files } = plan;
  const main = files.find(({ file }) => file.role === 'main');
  const placed = main === undefined ? target : { ...target, path: main.path };
  const { made, needs } = importFile(tree, db, session, { agent, root, target: placed, files, taken });
  if (made !== null) taken.set(made.path, session.uid);
  const resume = resumeOf(agent, session, {
    asked,
    placed,
    otherProject,
    path: main?.path,
    machine: machineOf(known, session.uid),
  });
  const { nativeId } = target;
  const listing = to === null ? listingOf(db, { agent, session, nativeId, main, tree, beside: texts }) : null;
  return {
    session,
    agent,
    root,
    tree,
    ...plan,
    made,
    resume: needs === null ? resume : { ...resume, needs },
    notPutBack: to === null ? (agent?.cannotPutBack ?? null) : null,
    importing: made === null ? null : (agent?.takesBack?.argv(made.path) ?? null),
    listing,
  };
}

/** The same tree for all that goes to one root. */
function treeIn(
  trees: Map<string, RestoreTree>,
  root: string,
  force: boolean,
  folders: readonly string[],
): RestoreTree {
  const place = JSON.stringify([root, ...folders]);
  const tree = trees.get(place) ?? new RestoreTree(root, force, folders);
  trees.set(place, tree);
  return tree;
}

/** Where the agent has what lies beside sessions that cannot be put back; null where it is not here, or may never answer. */
function treeBeside(
  { host }: Places,
  db: ReadableDb,
  { uid }: SessionRow,
  agent: AgentFormat | null,
  { trees, force }: { readonly trees: Map<string, RestoreTree>; readonly force: boolean },
): RestoreTree | null {
  if (agent?.canPutBack === undefined) return null;
  const folders = (agent.flatFolders ?? []).filter((folder) => folder !== '');
  const root = whereAgentLooks(rootsHere(agent, host), agentRootOf(db, uid));
  return root === undefined || mountOfRoot({ folders }, root) !== null
    ? null
    : treeIn(trees, root, force, folders);
}

/** The file for the agent's own import, where it takes sessions so and this one needs it. `needs`: what else it needs, as a sentence. */
function importFile(
  tree: RestoreTree,
  db: ReadableDb,
  session: SessionRow,
  {
    agent,
    root,
    target,
    files,
    taken,
  }: {
    readonly agent: AgentFormat | null;
    readonly root: string;
    readonly target: RestoreTarget;
    readonly files: readonly PlannedFile[];
    readonly taken: ReadonlyMap<string, SessionUid>;
  },
): { readonly made: MadeFile | null; readonly needs: string | null } {
  const takesBack = agent?.takesBack;
  if (takesBack === undefined) return { made: null, needs: null };
  const isNeeded =
    takesBack.isNeeded?.(target, (at) => taken.has(join(root, at)) || isThere(root, at)) ?? true;
  if (isNeeded !== true) return { made: null, needs: typeof isNeeded === 'string' ? isNeeded : null };
  return { made: madeFor(takesBack, tree, db, session, target, files), needs: null };
}

/**
 * The project as this machine knows it, where another machine has gone on with a session of ours in a folder of its own: by what its records
 * say, or by where its agent has put the transcript. Null: it is the same, or the session was never met here.
 */
function projectHere(
  { db, known }: { readonly db: ReadableDb; readonly known: ReadableDb },
  { uid, project }: SessionRow,
  agent: AgentFormat | null,
): string | null {
  if (db === known || agent?.otherProject === undefined || agentRootOf(known, uid) === null) return null;
  const here = findSession(known, uid)?.project ?? null;
  const placeIn = (within: ReadableDb) => filesOf(within, uid).find(({ role }) => role === 'main')?.relPath;
  return here === project && placeIn(known) === placeIn(db) ? null : here;
}

function isThere(root: string, relPath: string): boolean {
  return lstatSync(onDisk(join(root, relPath)), { throwIfNoEntry: false }) !== undefined;
}

/**
 * Whether what is known of the session is what an archive says: nothing of it was ever met on this machine, or only what such an archive
 * had put there.
 */
function cameWithArchive(db: ReadableDb, { uid, origin }: SessionRow): boolean {
  return origin !== null || agentRootOf(db, uid) === null;
}

/**
 * The id that the agent is given: its own, though another session may bear it too; only where that one would lie at the very same place, the
 * one of the session's uid. An id that is no plain name has become a harmless one.
 */
function idFor(
  { db, known }: { readonly db: ReadableDb; readonly known: ReadableDb },
  session: SessionRow,
  agent: AgentFormat,
  beside: TextBeside,
): string {
  const [own, apart] = [idOfAgent(session), nativeIdOf(session.uid)];
  if (own === apart) return own;
  const placeOf = (row: SessionRow, within: ReadableDb): string | null => {
    const { project, startedAt } = row;
    const main = filesOf(within, row.uid).find(({ role, gone }) => role === 'main' && !gone);
    return main === undefined
      ? null
      : agent.restorePath({ nativeId: idOfAgent(row), project, startedAt, beside }, main);
  };
  const place = placeOf(session, db);
  const others = bearersOf(known, session.agent, session.nativeId).filter(({ uid }) => uid !== session.uid);
  const isTaken = others.some(({ uid, isEvicted }) => {
    const other = isEvicted ? null : findSession(known, uid);
    return other !== null && placeOf(other, known) === place;
  });
  return isTaken ? apart : own;
}

function idOfAgent({ agent, nativeId }: SessionRow): string {
  return nativeIdOf(sessionUid(agent, nativeId, hashText));
}

/** Where a session goes that is not restored to a folder of the user's; undefined where no place is known. */
function ownPlace(
  { host, settings }: Places,
  db: ReadableDb,
  session: SessionRow,
  agent: AgentFormat | null,
): string | undefined {
  if (agent === null) return undefined;
  return agent.cannotPutBack === undefined
    ? whereAgentLooks(
        rootsHere(
          agent,
          agent.projectList === undefined ? host : withProjects(host, db, enabledAgents(host)),
        ),
        agentRootOf(db, session.uid),
      )
    : join(dirname(settings.storePath), 'restored');
}

/** What the agent's own import takes, beside the transcript that it is made of. */
function madeFor(
  takesBack: AgentImport,
  tree: RestoreTree,
  db: ReadableDb,
  session: SessionRow,
  target: RestoreTarget,
  files: readonly PlannedFile[],
): MadeFile | null {
  const main = files.find(({ file }) => file.role === 'main');
  if (main === undefined) return null;
  const made = madeOf(takesBack, db, session, target, main.file);
  if (made === null) return null;
  const path = tree.place(takesBack.fileName(target), () => 'a link is not followed');
  let rawBytes = 0;
  for (const chunk of made) rawBytes += chunk.length;
  const { place, stat } = tree.check(path, made, rawBytes, null);
  const { fileId } = main.file;
  const earlier = {
    *[Symbol.iterator]() {
      for (const version of versionsOf(db, session.uid)) {
        if (version.fileId !== fileId) continue;
        const then = madeOf(takesBack, db, session, target, asVersion(main.file, version));
        if (then !== null) yield then;
      }
    },
  };
  return { path, chunks: made, earlier, place, stat };
}

/** Made anew each time it is read: as a whole it may be larger than memory. Null: the version tells too little. */
function madeOf(
  takesBack: AgentImport,
  db: ReadableDb,
  { uid }: SessionRow,
  target: RestoreTarget,
  file: StoredFile,
): { [Symbol.iterator](): Iterator<Uint8Array> } | null {
  const lines = { [Symbol.iterator]: () => wholeLines(fileChunks(db, uid, file)) };
  const made = takesBack.content(lines, target);
  if (made === null) return null;
  return {
    *[Symbol.iterator]() {
      for (const text of typeof made === 'string' ? [made] : made) yield Buffer.from(text);
    },
  };
}

function noOtherProject({ agent: id, uid }: SessionRow, agent: AgentFormat | null): FailureError {
  return fail(
    'failed',
    `${uid} was not restored: ${agent?.name ?? id} ${agent?.onlyInProject ?? "is not known to go on with a session in another project's folder"}`,
    'Leave out --project; or give --to DIR for its files alone.',
  );
}

/** There is no folder to restore to: the agent is not known here, or its configuration was given none. */
function nowhere({ agent: id }: SessionRow, agent: AgentFormat | null): FailureError {
  if (agent !== null) return fail('failed', `no folder of ${agent.name} is known here`, 'Give --to DIR.');
  return fail(
    'failed',
    `no agent ${id} is known here, so it is not known where it looks`,
    `Give --to DIR. Where [agents.${id}] was in the configuration, put it back; else a newer session-memory may know it.`,
  );
}

/** Where each file goes. All is checked before anything is written: a half restored session would be worse than none. */
function planOf(
  tree: RestoreTree,
  db: ReadableDb,
  session: SessionRow,
  { agent, asked, platform, beside, wanted, taken }: HowToPlan,
): Pick<PlannedRestore, 'files' | 'refused' | 'moved'> {
  const own = new Set<string>();
  const live = liveFiles(db, session);
  const { places, unplaced, moved } = placesIn(live, (file) => placement(agent, asked, file, platform));
  const placed = live.filter(({ fileId }) => places.has(fileId));
  const isTranscript = ({ role }: StoredFile) => role === 'main';
  if (placed.length === 0 || (live.some(isTranscript) && !placed.some(isTranscript)))
    throw noPlace(session, unplaced);
  const files = chosenVersions(db, session, agent, placed, wanted).map((chosen) => {
    const { file } = chosen;
    const at = places.get(file.fileId) ?? '';
    const other = beside !== null && agent?.canPutBack?.(file.key) === true ? beside : null;
    const path = (other ?? tree).place(at, (ledTo) =>
      agent === null ? 'a link is not followed' : obstacleAt(agent, asked, file, ledTo, platform),
    );
    // Ids and keys are the agent's, or a forger's: two of them may mean one place.
    const taker = own.has(path) ? session.uid : taken.get(path);
    if (taker !== undefined) throw clash(path, session.uid, taker);
    own.add(path);
    const chunks = { [Symbol.iterator]: () => fileChunks(db, session.uid, file) };
    const look = (other ?? tree).check(path, chunks, file.rawBytes, cuttingOf(agent, file.key));
    return { ...chosen, path, ...look, ...(other === null ? {} : { tree: other }) };
  });
  for (const { path } of files) taken.set(path, session.uid);
  const refused = unplaced.filter(({ isPassing }) => isPassing !== true);
  return { files, refused, moved: asked.isForeign || agent?.cannotPutBack !== undefined ? null : moved };
}

interface HowToPlan {
  readonly agent: AgentFormat | null;
  readonly asked: SessionToPlace;
  readonly platform: Host['platform'];
  /** Where what can be put back goes of a session that cannot. */
  readonly beside: RestoreTree | null;
  readonly wanted: WantedVersion | null;
  readonly taken: Map<string, SessionUid>;
}

/** The places of files, by their numbers, those that have none, and whether the transcript lies elsewhere than it was met. */
function placesIn(files: readonly StoredFile[], placeOf: (file: StoredFile) => Placement) {
  const places = new Map<number, string>();
  const unplaced: (NoPlace & { readonly key: string })[] = [];
  let moved: MovedFile | null = null;
  for (const file of files) {
    const placed = placeOf(file);
    if ('at' in placed) places.set(file.fileId, placed.at);
    else unplaced.push({ key: file.key, ...placed });
    if ('at' in placed && file.role === 'main') moved ??= movedTo(placed, file);
  }
  return { places, unplaced, moved };
}

/** Null where it lies where it was met; a compressed one was met under a longer name. */
function movedTo({ at, whyMoved }: PlacedAt, { relPath }: StoredFile): MovedFile | null {
  const isThere = relPath === '' || relPath === at || relPath === `${at}.zst`;
  return isThere ? null : { from: relPath, to: at, why: whyMoved ?? null };
}

/** Nothing of the session has a place, or not its transcript, without which the rest is none. */
function noPlace({ uid }: SessionRow, refused: readonly RefusedFile[]): FailureError {
  const told = refused.slice(0, 3).map(({ key, why }) => `${key} (${why})`);
  const more = refused.length > told.length ? `, and ${refused.length - told.length} more` : '';
  return fail(
    'failed',
    `${uid} was not restored: its files are none that its agent keeps of a session: ${told.join(', ')}${more}`,
    `\`session-memory show ${uid} --raw\` gives the bytes of its transcript.`,
  );
}

function clash(path: string, uid: SessionUid, other: SessionUid): FailureError {
  return fail(
    'failed',
    uid === other
      ? `two files of ${uid} would be restored to ${path}`
      : `${uid} and ${other} would be restored to one place, ${path}`,
    `See \`session-memory show ${uid} --files\`; \`show --raw\` gives the main transcript.`,
  );
}

/**
 * Of the agent's folders on this machine the one where the session was found (a backup that was ingested is none of them), else the first
 * one that is there: an agent that lives in a container only has no folder in the usual place.
 */
function whereAgentLooks(roots: readonly string[], foundIn: string | null): string | undefined {
  return roots.find((root) => root === foundIn) ?? roots.find(isFolder) ?? roots[0];
}
