/** Rows of the tables as values of the domain. The one place where a column's name meets a field's. */
import type { AgentId, SessionUid } from '../domain/ids.ts';
import { parsedJson } from '../domain/parsed.ts';
import type {
  FilePacking,
  FileRole,
  SessionCard,
  SessionFile,
  SessionRow,
  SessionState,
} from '../domain/session.ts';
import type { Iso } from '../domain/time.ts';

/** Columns of `SESSION_COLUMNS`, as SQLite gives them. The store's own checks stand for the brands. */
export interface SessionColumns {
  id: number;
  session_uid: SessionUid;
  agent: AgentId;
  native_id: string;
  project: string | null;
  title: string | null;
  branch: string | null;
  parent_uid: SessionUid | null;
  started_at: Iso | null;
  ended_at: Iso | null;
  ingested_at: Iso | null;
  analyzed_at: Iso | null;
  digest_at: Iso | null;
  evicted_at: Iso | null;
  analyze_error: string | null;
  pinned: number;
  raw_generation: number;
  raw_bytes: number;
  stored_bytes: number;
  digest_bytes: number;
  file_count: number;
  state: SessionState;
  origin: string | null;
}

/**
 * The row of the session `$uid`, held against its name as the table has it: a damaged index must not lead to another one.
 * The plus keeps SQLite from reading the name out of that index again.
 */
export const NAMED = `id = (SELECT id FROM sessions WHERE session_uid = $uid) AND +session_uid = $uid`;
/** Its number. */
export const NAMED_ID = `(SELECT id FROM sessions WHERE ${NAMED})`;

/** What a plan needs, under the names of the domain: of thousands of victims nothing is read or made anew that is not used. */
export const CARD_COLUMNS = `session_uid AS uid, agent, project, title, started_at AS startedAt, ended_at AS endedAt,
  ingested_at AS ingestedAt, analyzed_at AS analyzedAt, evicted_at AS evictedAt, pinned, raw_generation AS generation,
  raw_bytes AS rawBytes, stored_bytes AS storedBytes`;

/** Rows of `CARD_COLUMNS`, as they come. */
export type CardColumns = {
  -readonly [K in keyof SessionCard]: K extends 'pinned' ? number | boolean : SessionCard[K];
};

/** The same objects, with their pin as the domain has it. */
export function toCards<Row extends CardColumns>(rows: Row[]): (Row & SessionCard)[] {
  for (const row of rows) row.pinned = row.pinned === 1;
  return rows as (Row & SessionCard)[];
}

export const SESSION_COLUMNS = `id, session_uid, agent, native_id, project, title, branch, parent_uid, started_at, ended_at, ingested_at,
  analyzed_at, digest_at, evicted_at, analyze_error, pinned, raw_generation, raw_bytes, stored_bytes, digest_bytes,
  file_count, state, origin`;

export function toSession(row: SessionColumns): SessionRow {
  return {
    uid: row.session_uid,
    agent: row.agent,
    nativeId: row.native_id,
    project: row.project,
    title: row.title,
    branch: row.branch,
    parentUid: row.parent_uid,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    ingestedAt: row.ingested_at,
    analyzedAt: row.analyzed_at,
    digestAt: row.digest_at,
    evictedAt: row.evicted_at,
    analyzeError: row.analyze_error,
    pinned: row.pinned === 1,
    generation: row.raw_generation,
    rawBytes: row.raw_bytes,
    storedBytes: row.stored_bytes,
    digestBytes: row.digest_bytes,
    fileCount: row.file_count,
    state: row.state,
    origin: row.origin,
  };
}

/** A range of a file's log: [offset, length], bytes. */
export type Extent = readonly [number, number];

export interface FileColumns {
  id: number;
  role: FileRole;
  key: string;
  rel_path: string;
  encoding: FilePacking;
  raw_bytes: number;
  log_bytes: number;
  extents: string | null;
  sha256: Uint8Array | null;
  gone: number;
  stored_bytes: number;
  segment_count: number;
}

/** A file with what is needed to read it. */
export interface StoredFile extends SessionFile {
  readonly encoding: FilePacking;
  /** Bytes of all that was ever stored of it. */
  readonly logBytes: number;
  /** The present version, as ranges of the log in order. */
  readonly extents: readonly Extent[];
  /** True for the tombstone of an evicted file. */
  readonly gone: boolean;
}

/** Ranges that cannot be read are none: then the file is not as long as it says, and whoever reads it fails loudly. */
export function extentsIn(text: string): readonly Extent[] {
  const value = parsedJson(text);
  return Array.isArray(value) && value.every(isExtent) ? value : [];
}

/** Two whole numbers from 0 up. */
export function isExtent(value: unknown): value is Extent {
  return Array.isArray(value) && value.length === 2 && value.every(isOffset);
}

function isOffset(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

export function toFile(row: FileColumns): StoredFile {
  const extents: readonly Extent[] =
    row.extents === null ? (row.log_bytes > 0 ? [[0, row.log_bytes]] : []) : extentsIn(row.extents);
  return {
    fileId: row.id,
    role: row.role,
    key: row.key,
    relPath: row.rel_path,
    encoding: row.encoding,
    rawBytes: row.raw_bytes,
    storedBytes: row.stored_bytes,
    sha256: row.sha256 === null ? null : Buffer.from(row.sha256).toString('hex'),
    removedBytes:
      row.gone === 1 ? 0 : row.log_bytes - extents.reduce((bytes, [, length]) => bytes + length, 0),
    segmentCount: row.segment_count,
    logBytes: row.log_bytes,
    extents,
    gone: row.gone === 1,
  };
}
