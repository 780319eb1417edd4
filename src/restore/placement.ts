/**
 * Where a file of a session is put, judged by the list of places that its agent's format declares.
 * Promises: a place is given out only where the agent's own format would find there this very file of this very session, whatever
 * its id, its key and its path say; pure.
 */
import type { AgentFormat, FileClass, RestoreTarget } from '../domain/agent.ts';
import { agentId, nativeIdOf, sessionUid } from '../domain/ids.ts';
import { isPassing, isPlaceOf, nameObstacle, type Platform, placesOf, staysBelow } from '../domain/places.ts';
import type { FileRole } from '../domain/session.ts';
import { hashText } from '../files/hash-text.ts';
import { onDisk } from '../files/on-disk.ts';

export interface FileToPlace {
  readonly role: FileRole;
  readonly key: string;
  readonly relPath: string;
}

/** The session as it is asked for: `target` has the id that the agent is given. */
export interface SessionToPlace {
  readonly agent: string;
  /** As the agent wrote it. */
  readonly nativeId: string;
  readonly target: RestoreTarget;
  /** It came with an archive and was never met here, or nobody vouches for that archive. */
  readonly isForeign: boolean;
  /** A person vouched for the archive: what was set for that one session comes with it. Absent: nobody did. */
  readonly isVouchedFor?: boolean;
  /** It goes to another project's folder: where it was met tells nothing of its place. Absent: it does not. */
  readonly isPlacedAnew?: boolean;
}

/** A path relative to the root; `whyMoved`: as a clause, why it is not the one where the file was met. */
export interface PlacedAt {
  readonly at: string;
  readonly whyMoved?: string;
}

/** Why there is no place, as a clause; `isPassing`: none is needed, for the file was true of one moment alone. */
export interface NoPlace {
  readonly why: string;
  readonly isPassing?: true;
}

export type Placement = PlacedAt | NoPlace;

/** `platform`: whose names count; null: the place alone is asked for, not whether this machine may write such a name. */
export function placement(
  format: AgentFormat | null,
  session: SessionToPlace,
  file: FileToPlace,
  platform: Platform | null,
): Placement {
  if (format === null) return placementOfUnknown(session, file, platform);
  // Where it was met; where that is no place of the file, the one that its key alone tells.
  let why: string | null = null;
  for (const relPath of new Set([session.isPlacedAnew === true ? '' : file.relPath, ''])) {
    const at = format.restorePath(session.target, { ...file, relPath });
    const obstacle = obstacleAt(format, session, file, at, platform);
    if (obstacle === null) return why === null || file.relPath === '' ? { at } : { at, whyMoved: why };
    if (file.role !== 'main' && isPassing(format.places, underOwnId(session, at)))
      return { why: 'it was true of one moment alone', isPassing: true };
    why ??= obstacle;
  }
  return { why: why ?? 'it has no place' };
}

/** Why a file of a session does not belong at a place, as a clause; null where it does. */
export function obstacleAt(
  format: AgentFormat,
  session: SessionToPlace,
  file: FileToPlace,
  at: string,
  platform: Platform | null,
): string | null {
  if (!staysBelow(at)) return `it would leave the folder of ${format.name}`;
  const relPath = underOwnId(session, at);
  const found = isPlaceOf(format.places, relPath) ? foundAt(format, session, file, relPath) : null;
  if (found === null) return `${format.name} keeps no file of a session there`;
  if (found.key !== file.key || (found.role === 'main') !== (file.role === 'main'))
    return 'another file of the session lies there';
  const { nativeId } = found;
  if (nativeId !== null && nativeId !== session.nativeId && nativeId !== ownId(session))
    return 'a file of another session lies there';
  if (platform === null) return null;
  const brings = !session.isForeign || session.isVouchedFor === true;
  if (!brings && format.places.some(({ kind, fits }) => kind === 'settings' && fits(relPath)))
    return 'what was set for a session does not come with an archive of a stranger';
  const met = new Set(session.isForeign ? [] : file.relPath.split('/'));
  return nameObstacle(format.places, at, { platform, met, bytesOf });
}

/** What a format finds at one of its places; null: no file of a session. */
function foundAt(
  format: AgentFormat,
  session: SessionToPlace,
  file: FileToPlace,
  relPath: string,
): Pick<FileClass, 'key' | 'role' | 'nativeId'> | null {
  if (format.own === undefined) return format.classify(relPath);
  // The glob may have been another one when the session was met, and an id that is made of a path another one with it: the list of
  // places alone decides. Only a stranger's path must not be that of another session.
  const underId = { ...session.target, nativeId: ownId(session) };
  const isUnderId = relPath === format.restorePath(underId, { ...file, relPath: '' });
  const claimed = session.isForeign && !isUnderId ? format.classify(relPath)?.nativeId : null;
  return { role: 'main', key: 'main', nativeId: claimed ?? null };
}

/** Two sessions of one id lie at different places under different ids: the place is judged as if it had the session's own. */
function underOwnId(session: SessionToPlace, at: string): string {
  const { nativeId } = session.target;
  const own = ownId(session);
  return nativeId === own || nativeId === '' ? at : at.replaceAll(nativeId, () => own);
}

function ownId({ agent, nativeId }: SessionToPlace): string {
  return nativeIdOf(sessionUid(agentId(agent), nativeId, hashText));
}

const ENDING = /\.(?:jsonl|ndjson|json|log|txt|md|markdown)$/i;
/** No program reads such a file by itself, whatever its name is. */
const LINES = /\.(?:jsonl|ndjson)$/i;

/**
 * Of an agent that is not known here nothing is known of its files: its transcript alone is given out. Where it was met, if that is a name
 * of lines of records; else under the id, in a folder of its own.
 */
function placementOfUnknown(
  session: SessionToPlace,
  { role, relPath }: FileToPlace,
  platform: Platform | null,
): Placement {
  const { agent, target } = session;
  if (role !== 'main') return { why: `no agent ${agent} is known here: only its transcript is given out` };
  const ending = ENDING.exec(relPath)?.[0].toLowerCase() ?? '.jsonl';
  const places = placesOf({ transcript: ['**'] });
  let why: string | null = null;
  for (const at of [...(LINES.test(relPath) ? [relPath] : []), `${agent}/${target.nativeId}${ending}`]) {
    const obstacle = staysBelow(at)
      ? nameObstacle(places, at, { platform: platform ?? 'linux', bytesOf })
      : 'it would leave its folder';
    if (obstacle === null) return { at };
    why ??= obstacle;
  }
  return { why: why ?? 'it has no place' };
}

function bytesOf(name: string): Uint8Array {
  return Buffer.from(onDisk(name));
}
