/** Where the files of a session go when it is restored, and what is there already. Writes nothing. */
import { resolve } from 'node:path';
import { type AgentFormat, type RestoreTarget, type Resume, rootsOf } from '../../domain/agent.ts';
import { FailureError, failure } from '../../domain/errors.ts';
import { nativeIdOf, type SessionUid } from '../../domain/ids.ts';
import type { SessionRow } from '../../domain/session.ts';
import { agentById } from '../../ingest/agents/index.ts';
import { RestoreTree } from '../../ingest/restore.ts';
import type { PlannedFile, Restoring } from '../../ingest/restore-many.ts';
import type { ReadableDb } from '../../store/connection.ts';
import { agentRootOf } from '../../store/read-sources.ts';
import type { StoredFile } from '../../store/rows.ts';
import { fileChunks } from '../../store/segments.ts';
import type { Context } from '../context.ts';
import { liveFiles } from '../wire.ts';

/** A restore as it would be: where each file goes and what is there. */
export interface PlannedRestore extends Restoring {
  readonly root: string;
  readonly resume: Resume;
}

/** What the sessions of one call share: a tree for each folder, and who has which place. */
export interface Shared {
  readonly trees: Map<string, RestoreTree>;
  readonly taken: Map<string, SessionUid>;
}

/** `to`: a folder of the user's; null: where the agent looks. Fails where a file may not be written over. */
export function planRestore(
  context: Pick<Context, 'host'>,
  db: ReadableDb,
  session: SessionRow,
  { to, force }: { readonly to: string | null; readonly force: boolean },
  { trees, taken }: Shared = { trees: new Map(), taken: new Map() },
): PlannedRestore {
  const agent = agentOf(session);
  const root =
    to === null ? whereAgentLooks(rootsOf(agent, context.host), agentRootOf(db, session.uid)) : resolve(to);
  if (root === undefined)
    throw new FailureError(failure('failed', `no folder of ${agent.name} is known here`, 'Give --to DIR.'));
  const target: RestoreTarget = {
    nativeId: nativeIdOf(session.uid),
    project: session.project,
    startedAt: session.startedAt,
  };
  const tree = trees.get(root) ?? new RestoreTree(root, force);
  trees.set(root, tree);
  const files = planOf(tree, db, session, taken, (file) => agent.restorePath(target, file));
  return { session, root, tree, files, resume: agent.resume(target) };
}

/** The agent of a session; a failure that says what to do where this program does not know it. */
function agentOf(session: SessionRow): AgentFormat {
  const agent = agentById(session.agent);
  if (agent === null) {
    throw new FailureError(
      failure(
        'failed',
        `this program does not know the agent ${session.agent}`,
        'Use a newer session-memory; `show --raw` gives the transcript.',
      ),
    );
  }
  return agent;
}

/** Where each file goes. All is checked before anything is written: a half restored session would be worse than none. */
function planOf(
  tree: RestoreTree,
  db: ReadableDb,
  session: SessionRow,
  taken: Map<string, SessionUid>,
  placeOf: (file: StoredFile) => string,
): PlannedFile[] {
  const own = new Set<string>();
  const files = liveFiles(db, session).map((file) => {
    const path = tree.place(placeOf(file));
    // Ids and keys are the agent's, or a forger's: two of them may mean one place.
    const other = own.has(path) ? session.uid : taken.get(path);
    if (other !== undefined) throw clash(path, session.uid, other);
    own.add(path);
    return { file, path, place: tree.check(path, fileChunks(db, session.uid, file), file.rawBytes) };
  });
  for (const { path } of files) taken.set(path, session.uid);
  return files;
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
