/**
 * Gives restored sessions the names back that only a list of their agent's had.
 * Promises: a line is added at the end, and nothing else is changed there; never what came with a stranger's archive, nor a name that is
 * not whole. A name that the agent has given since stays, where the transcript was there all the time.
 */
import type { AgentFormat, AgentList, TextBeside } from '../domain/agent.ts';
import { FailureError } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { SessionRow } from '../domain/session.ts';
import type { Iso } from '../domain/time.ts';
import type { ReadableDb } from '../store/connection.ts';
import { fileChunks } from '../store/segments.ts';
import type { RestoreTree } from './plan.ts';
import type { PlannedFile } from './replaced-files.ts';

/** A name that is to be added to a list. */
export interface NameToAdd {
  /** The list, absolute. */
  readonly path: string;
  readonly name: string;
  readonly nativeId: string;
  readonly list: AgentList;
}

/** What of a restore is looked at. `nativeId`: the id that the agent is given. */
export interface ToList {
  readonly agent: AgentFormat | null;
  readonly session: SessionRow;
  readonly nativeId: string;
  readonly main: PlannedFile | undefined;
  readonly tree: RestoreTree;
  readonly beside: TextBeside;
}

/** How what is kept of a title ends where it was cut, and what stands in it for a secret. */
const NOT_WHOLE = /…$|\[redacted: /;

/** The name that the list of its agent lacks; null where it lacks none. */
export function listingOf(
  db: ReadableDb,
  { agent, session, nativeId, main, tree, beside }: ToList,
): NameToAdd | null {
  const list = agent?.namedIn;
  const { title: name } = session;
  if (list === undefined || main === undefined || name === null || session.origin !== null) return null;
  if (NOT_WHOLE.test(name) || list.line(nativeId, name, '' as Iso) === null) return null;
  const now = agent?.titleBeside?.(nativeId, beside) ?? null;
  const isPutBack = main.place === 'free' || main.place === 'replace';
  if (now === name || (now !== null && !isPutBack)) return null;
  if (!list.isFromList(name, headOf(db, session, main))) return null;
  return { path: tree.place(list.file), name, nativeId, list };
}

function headOf(db: ReadableDb, { uid }: SessionRow, { file }: PlannedFile): Uint8Array {
  for (const bytes of fileChunks(db, uid, file)) return bytes;
  return new Uint8Array();
}

interface NamedAgain {
  readonly session: SessionRow;
  readonly tree: RestoreTree;
  readonly listing: NameToAdd | null;
}

/** Adds the names of sessions that are in their places, those of one list at a time. Returns why it could not, as a clause, by session. */
export function addToLists(restored: readonly NamedAgain[], at: Iso): ReadonlyMap<SessionUid, string> {
  const failed = new Map<SessionUid, string>();
  const byPath = Map.groupBy(restored, ({ listing }) => listing?.path ?? null);
  for (const [path, sessions] of byPath) {
    if (path === null) continue;
    const lines = sessions.map(({ listing }) =>
      listing === null ? '' : `${listing.list.line(listing.nativeId, listing.name, at)}\n`,
    );
    try {
      sessions[0]?.tree.append(path, lines.join(''));
    } catch (thrown) {
      if (!(thrown instanceof FailureError)) throw thrown;
      for (const { session } of sessions) failed.set(session.uid, thrown.failure.message);
    }
  }
  return failed;
}
