/**
 * What of an archived session lies at no place of its agent's: it is neither written into an archive nor taken out of one.
 * Promises: pure; a session is given on with all the rest, or not at all where nothing is left.
 */
import type { AgentFormat } from '../domain/agent.ts';
import { agentId, nativeIdOf, type SessionUid, sessionUid } from '../domain/ids.ts';
import type { Shape } from '../domain/shapes.ts';
import { hashText } from '../files/hash-text.ts';
import { type Placement, placement } from '../restore/placement.ts';
import type { ArchivedMeta } from '../store/archived.ts';
import type { exportSchema } from './report.schema.ts';

/** A file that was left out. */
export type LeftFile = Shape<typeof exportSchema>['left_out'][number];

interface Archived {
  readonly meta: ArchivedMeta;
  readonly segments: readonly {
    readonly key: string;
    readonly raw_bytes: number;
    readonly stored_bytes: number;
  }[];
}

export interface Sorted<S extends Archived> {
  /** The session without them; null where it had files and none is left. */
  readonly session: S | null;
  readonly left: readonly LeftFile[];
}

/** `format`: null where no such agent is known. */
export function inItsPlaces<S extends Archived>(session: S, format: AgentFormat | null): Sorted<S> {
  const { meta } = session;
  const without = meta.files.flatMap((file) => {
    const placed = placeOf(meta, format, file);
    return 'why' in placed ? [{ key: file.key, ...placed }] : [];
  });
  if (without.length === 0) return { session, left: [] };
  const isNothingLeft = without.length === meta.files.length;
  // What is only of one moment is missed by nobody, unless the whole session goes with it.
  const left = without
    .filter(({ isPassing }) => isPassing !== true || isNothingLeft)
    .map(({ key, why }) => ({ session_uid: meta.session_uid as SessionUid, key, why }));
  if (isNothingLeft) return { session: null, left };
  const keys = new Set(without.map(({ key }) => key));
  const isKept = ({ key }: { readonly key: string }) => !keys.has(key);
  const files = meta.files.filter(isKept);
  const kept = {
    ...meta,
    files,
    tombstones: meta.tombstones.filter(isKept),
    file_count: files.length,
    raw_bytes: files.reduce((sum, file) => sum + file.raw_bytes, 0),
  };
  return { session: { ...session, meta: kept, segments: session.segments.filter(isKept) }, left };
}

function placeOf(
  meta: ArchivedMeta,
  format: AgentFormat | null,
  file: ArchivedMeta['files'][number],
): Placement {
  const { agent, native_id: nativeId, project, started_at: startedAt } = meta;
  const ownId = nativeIdOf(sessionUid(agentId(agent), nativeId, hashText));
  const session = { agent, nativeId, target: { nativeId: ownId, project, startedAt }, isForeign: true };
  const { role, key, rel_path: relPath } = file;
  return placement(format, session, { role, key, relPath }, null);
}
