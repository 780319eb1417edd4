/** Where the files of a session go when it is restored, and what is there already. Writes nothing. */
import { dirname, join, resolve } from 'node:path';
import type {
  AgentFormat,
  AgentImport,
  Host,
  RestoreTarget,
  Resume,
  TextBeside,
} from '../../domain/agent.ts';
import { FailureError, failure } from '../../domain/errors.ts';
import { nativeIdOf, type SessionUid, sessionUid } from '../../domain/ids.ts';
import type { SessionRow } from '../../domain/session.ts';
import { agentById } from '../../ingest/agents/index.ts';
import { wholeLines } from '../../ingest/contained/row-lines.ts';
import { cuttingOf } from '../../ingest/content/records.ts';
import { hashText } from '../../ingest/hash-text.ts';
import { awayMount } from '../../ingest/mounts.ts';
import { RestoreTree } from '../../ingest/restore.ts';
import type { MadeFile, PlannedFile, Restoring } from '../../ingest/restoring.ts';
import { rootsHere, textBeside, withProjects } from '../../ingest/roots.ts';
import type { ReadableDb } from '../../store/connection.ts';
import { filesOf, findSession } from '../../store/read.ts';
import { agentRootOf, bearersOf } from '../../store/read-sources.ts';
import type { StoredFile } from '../../store/rows.ts';
import { fileChunks } from '../../store/segments.ts';
import type { Context } from '../context.ts';
import { liveFiles } from '../wire.ts';
import { chosenVersions, type WantedVersion } from './restore.versions.ts';

/** A restore as it would be: where each file goes and what is there. */
export interface PlannedRestore extends Restoring {
  readonly root: string;
  /** Without words where no way back to work is known. */
  readonly resume: Resume;
  /** What is typed to have the agent take in what was made for it; null where it cannot. */
  readonly importing: readonly string[] | null;
}

/** What tells where sessions are put back. */
interface Places {
  readonly host: Host;
  readonly settings: Pick<Context['settings'], 'storePath'>;
}

/** What the sessions of one call share: a tree for each folder, and who has which place. */
export interface Shared {
  readonly trees: Map<string, RestoreTree>;
  readonly taken: Map<string, SessionUid>;
}

export interface RestoreOptions {
  /** A folder of the user's; null: where the agent looks. */
  readonly to: string | null;
  readonly force: boolean;
  /** Null or absent: the present versions, and a choice where one has lost most of what it held. */
  readonly version?: WantedVersion | null;
}

/** Fails where a file may not be written over, and where a person has to say which version is meant. */
export function planRestore(
  context: Places,
  db: ReadableDb,
  session: SessionRow,
  { to, force, version = null }: RestoreOptions,
  { trees, taken }: Shared = { trees: new Map(), taken: new Map() },
): PlannedRestore {
  const agent = agentById(session.agent, context.host);
  const root = to === null ? ownPlace(context, db, session, agent) : resolve(to);
  if (root === undefined) throw nowhere(session, agent);
  const mount = awayMount(root);
  if (mount !== null)
    throw new FailureError(
      failure(
        'io',
        `${root} lies on ${mount}, which may never answer`,
        `Restore it on the command line, which can leave it: session-memory restore ${session.uid}`,
      ),
    );
  const beside = textBeside(root);
  const target: RestoreTarget = {
    nativeId: agent === null ? nativeIdOf(session.uid) : idFor(db, session, agent, beside),
    project: session.project,
    startedAt: session.startedAt,
    beside,
  };
  const tree = trees.get(root) ?? new RestoreTree(root, force);
  trees.set(root, tree);
  // Of an agent that is not known here, each file has the path that it was found at; the tree holds it below its root.
  const placeOf = (file: StoredFile) => agent?.restorePath(target, file) ?? file.relPath;
  const files = planOf(tree, db, session, { agent, wanted: version, taken, placeOf });
  const main = files.find(({ file }) => file.role === 'main');
  const takesBack = agent?.takesBack;
  const made = takesBack === undefined ? null : madeFor(takesBack, tree, db, session, target, files);
  return {
    ...{ session, agent, root, tree, files, made },
    resume: agent?.resume(main === undefined ? target : { ...target, path: main.path }) ?? {
      cwd: null,
      argv: [],
    },
    notPutBack: to === null ? (agent?.cannotPutBack ?? null) : null,
    importing: made === null || takesBack === undefined ? null : takesBack.argv(made.path),
  };
}

/**
 * The id that the agent is given: its own, though another session may bear it too; only where that one would lie at the very same place, the
 * one of the session's uid. An id that is no plain name has become a harmless one.
 */
function idFor(db: ReadableDb, session: SessionRow, agent: AgentFormat, beside: TextBeside): string {
  const [own, apart] = [idOfAgent(session), nativeIdOf(session.uid)];
  if (own === apart) return own;
  const placeOf = (row: SessionRow): string | null => {
    const { project, startedAt } = row;
    const main = filesOf(db, row.uid).find(({ role, gone }) => role === 'main' && !gone);
    return main === undefined
      ? null
      : agent.restorePath({ nativeId: idOfAgent(row), project, startedAt, beside }, main);
  };
  const place = placeOf(session);
  const others = bearersOf(db, session.agent, session.nativeId).filter(({ uid }) => uid !== session.uid);
  const isTaken = others.some(({ uid, isEvicted }) => {
    const other = isEvicted ? null : findSession(db, uid);
    return other !== null && placeOf(other) === place;
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
        rootsHere(agent, agent.projectList === undefined ? host : withProjects(host, db)),
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
  // Made anew each time it is read: as a whole it may be larger than memory.
  const lines = { [Symbol.iterator]: () => wholeLines(fileChunks(db, session.uid, main.file)) };
  const made = takesBack.content(lines);
  if (made === null) return null;
  const path = tree.place(takesBack.fileName(target));
  const chunks = {
    *[Symbol.iterator]() {
      for (const text of typeof made === 'string' ? [made] : made) yield Buffer.from(text);
    },
  };
  let rawBytes = 0;
  for (const chunk of chunks) rawBytes += chunk.length;
  const { place, stat } = tree.check(path, chunks, rawBytes, null);
  return { path, chunks, place, stat };
}

/** There is no folder to restore to: the agent is not known here, or its configuration was given none. */
function nowhere({ agent: id }: SessionRow, agent: AgentFormat | null): FailureError {
  if (agent !== null)
    return new FailureError(failure('failed', `no folder of ${agent.name} is known here`, 'Give --to DIR.'));
  return new FailureError(
    failure(
      'failed',
      `no agent ${id} is known here, so it is not known where it looks`,
      `Give --to DIR. Where [agents.${id}] was in the configuration, put it back; else a newer session-memory may know it.`,
    ),
  );
}

/** Where each file goes. All is checked before anything is written: a half restored session would be worse than none. */
function planOf(
  tree: RestoreTree,
  db: ReadableDb,
  session: SessionRow,
  { agent, wanted, taken, placeOf }: HowToPlan,
): PlannedFile[] {
  const own = new Set<string>();
  const files = chosenVersions(db, session, agent, liveFiles(db, session), wanted).map((chosen) => {
    const { file } = chosen;
    const path = tree.place(placeOf(file));
    // Ids and keys are the agent's, or a forger's: two of them may mean one place.
    const other = own.has(path) ? session.uid : taken.get(path);
    if (other !== undefined) throw clash(path, session.uid, other);
    own.add(path);
    const chunks = { [Symbol.iterator]: () => fileChunks(db, session.uid, file) };
    const look = tree.check(path, chunks, file.rawBytes, cuttingOf(agent, file.key));
    return { ...chosen, path, ...look };
  });
  for (const { path } of files) taken.set(path, session.uid);
  return files;
}

interface HowToPlan {
  readonly agent: AgentFormat | null;
  readonly wanted: WantedVersion | null;
  readonly taken: Map<string, SessionUid>;
  readonly placeOf: (file: StoredFile) => string;
}

function clash(path: string, uid: SessionUid, other: SessionUid): FailureError {
  return new FailureError(
    failure(
      'failed',
      uid === other
        ? `two files of ${uid} would be restored to ${path}`
        : `${uid} and ${other} would be restored to one place, ${path}`,
      `See \`session-memory show ${uid} --files\`; \`show --raw\` gives the main transcript.`,
    ),
  );
}

/** Of the agent's folders on this machine the one where the session was found; a backup that was ingested is none of them. */
function whereAgentLooks(roots: readonly string[], foundIn: string | null): string | undefined {
  return roots.find((root) => root === foundIn) ?? roots[0];
}
