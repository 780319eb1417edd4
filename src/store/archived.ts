/**
 * A session as it leaves one store and enters another: everything of its rows but what belongs to one machine (row numbers,
 * where its agent's folder is, which paths were seen).
 */
import type { FilePacking, FileRole } from '../domain/session.ts';
import { withoutPaths } from '../domain/text.ts';
import type { Iso } from '../domain/time.ts';
import type { Extent } from './rows.ts';

export interface ArchivedFile {
  readonly role: FileRole;
  readonly key: string;
  readonly rel_path: string;
  readonly encoding: FilePacking;
  readonly raw_bytes: number;
  readonly log_bytes: number;
  /** Ranges of the log that make the present version; null: all of it. */
  readonly extents: readonly Extent[] | null;
  /** Hex. */
  readonly sha256: string | null;
  /** Evicted: its size and hash are all that is known. */
  readonly gone: boolean;
  /** What it was before, the oldest first; absent in archives of older programs. */
  readonly versions?: readonly ArchivedVersion[] | undefined;
}

export interface ArchivedVersion {
  readonly number: number;
  readonly replaced_at: Iso;
  readonly raw_bytes: number;
  readonly records: number | null;
  readonly extents: readonly Extent[];
  /** Hex. */
  readonly sha256: string | null;
}

export interface ArchivedTombstone {
  readonly generation: number;
  readonly key: string;
  readonly raw_bytes: number;
  /** Hex. */
  readonly sha256: string;
  /** What these bytes say, by which they are known again once their agent has written them anew; absent where nothing was noted. */
  readonly content?: { readonly records: number; readonly sha256: string } | undefined;
}

export interface ArchivedEvent {
  readonly at: Iso;
  readonly kind: string;
  readonly generation: number;
  readonly sweep_id: string | null;
  readonly raw_bytes: number;
  readonly stored_bytes: number;
  readonly reason: string;
  /** About a part of one file: it never let the session go. */
  readonly of_file: boolean;
}

export interface ArchivedRow {
  readonly session_uid: string;
  readonly agent: string;
  readonly native_id: string;
  readonly project: string | null;
  readonly title: string | null;
  readonly branch: string | null;
  readonly parent_uid: string | null;
  readonly started_at: Iso | null;
  readonly ended_at: Iso | null;
  readonly ingested_at: Iso | null;
  readonly analyzed_at: Iso | null;
  readonly digest_at: Iso | null;
  readonly evicted_at: Iso | null;
  readonly analyze_error: string | null;
  readonly pinned: boolean;
  readonly raw_generation: number;
  readonly covers_from: number;
  readonly raw_bytes: number;
  /** As it is, or was when it was evicted. */
  readonly stored_bytes: number;
  readonly file_count: number;
  /** The archive of a stranger that its own store had it from; absent in archives of older programs. */
  readonly origin?: string | null | undefined;
}

export interface ArchivedMeta extends ArchivedRow {
  readonly files: readonly ArchivedFile[];
  readonly tombstones: readonly ArchivedTombstone[];
  /** In the order in which they were written. */
  readonly events: readonly ArchivedEvent[];
}

export interface ArchivedDigest {
  readonly generation: number;
  readonly covers_from: number;
  readonly complete: boolean;
  readonly version: number;
  readonly made_at: Iso;
  readonly json: string;
  /** As that of a session. */
  readonly origin?: string | null | undefined;
}

export interface ArchivedSegment {
  readonly key: string;
  readonly log_offset: number;
  readonly raw_bytes: number;
  readonly stored_bytes: number;
  /** Hex, of the plain bytes. */
  readonly sha256: string;
}

export interface IncomingSegment extends ArchivedSegment {
  /** zstd, as it is stored. */
  data(): Uint8Array;
}

/** A whole session that was read off a file and checked. */
export interface Incoming {
  readonly meta: ArchivedMeta;
  readonly digests: readonly ArchivedDigest[];
  /** Those of one file in the order of its log, without a gap. */
  readonly segments: readonly IncomingSegment[];
}

const byKey = new WeakMap<readonly IncomingSegment[], ReadonlyMap<string, IncomingSegment[]>>();

/** The segments of one file. Asked for each of a session's files, so they are parted once. */
export function segmentsOfFile({ segments }: Incoming, key: string): readonly IncomingSegment[] {
  let parted = byKey.get(segments);
  if (parted === undefined) {
    parted = Map.groupBy(segments, (segment) => segment.key);
    byKey.set(segments, parted);
  }
  return parted.get(key) ?? [];
}

/** An event of another store tells, and lets nothing go. */
const IMPORTED = 'imported ';

export function importedKind(kind: string): string {
  return kind.startsWith(IMPORTED) ? kind : IMPORTED + kind;
}

/** Whether it happened in another store. */
export function isImported(kind: string): boolean {
  return kind.startsWith(IMPORTED);
}

/** What happened, wherever it did. */
export function kindOf(kind: string): string {
  return kind.startsWith(IMPORTED) ? kind.slice(IMPORTED.length) : kind;
}

/** Two events are one where they say the same, whichever store wrote them, and whether or not it left its paths out. */
export function eventIdentity(
  event: Omit<ArchivedEvent, 'of_file' | 'sweep_id' | 'at'> & { readonly at: string },
): string {
  return JSON.stringify([
    event.at,
    kindOf(event.kind),
    event.generation,
    event.raw_bytes,
    event.stored_bytes,
    withoutPaths(event.reason),
  ]);
}
