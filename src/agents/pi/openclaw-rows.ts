/**
 * The database that OpenClaw keeps its sessions in since 2026.9: the entries of its transcripts before, a row each.
 * Promises: pure; what is stored of a session is the transcript that OpenClaw wrote before, byte for byte, and takes in again. A session of the last
 * week has another version whenever its entries are others; an older one whenever entries were added or removed, or OpenClaw says that it
 * wrote to it.
 * Source: recordings of OpenClaw 2026.9.6, and its documentation of the schema.
 */
import type { ContainedSession, ForeignRows, HeldLine, Row, RowsContainer } from '../../domain/contained.ts';
import type { Peek } from '../../domain/peek.ts';
import { parseTime } from '../../domain/time.ts';
import { titleOf } from '../kit/json-lines.ts';

type PeekAt = (head: Uint8Array, tail: Uint8Array) => Peek | null;

/** Entries that tell what a session is about: a header and some of the program's own stand before the first prompt. */
const HEAD_ENTRIES = 16;
const TAIL_ENTRIES = 4;
/** An entry is a message with the output of a tool; only for progress and for a first guess at room. */
const ABOUT_ENTRY_BYTES = 2 * 1024;
/** Entries are written anew in their place while their session is at work, or soon after it. */
const RECENT_MS = 7 * 24 * 60 * 60 * 1000;

/** `peek`: what the lines of a transcript tell. */
export function openClawRows(peek: PeekAt): RowsContainer {
  return {
    kind: 'rows',
    tables: [],
    transcripts: { at: transcriptAt, lines },
    sessions: (db, only) => sessions(db, only, peek),
  };
}

function transcriptAt(relPath: string, id: string): string {
  return `${relPath.slice(0, relPath.lastIndexOf('/agent/'))}/sessions/${id}.jsonl`;
}

function* sessions(db: ForeignRows, only: string | null, peek: PeekAt): Iterable<ContainedSession> {
  if (!db.has('transcript_events', 'session_id', 'seq', 'event_json')) return;
  const newest = newestMs(db);
  const where = only === null ? '' : 'WHERE session_id = $id';
  const counted = `SELECT session_id AS id, count(*) AS n, max(seq) AS last FROM transcript_events ${where} GROUP BY session_id`;
  for (const { id: named, n, last } of db.each(counted, only === null ? {} : { id: only })) {
    const id = String(named);
    const window = rowOf(db, 'session_windows', id);
    const rewritten = rowOf(db, 'transcript_rewrite_watermarks', id)?.['generation'] ?? '';
    const saysAt = [window?.['updated_at'], window?.['transcript_updated_at']].map((at) => at ?? '');
    const isOld = Number(window?.['updated_at'] ?? Number.NaN) < newest - RECENT_MS;
    yield {
      peek: peekOf(db, id, window, peek),
      // Of an old one a change that moves none of these was not made by OpenClaw: somebody has edited its database by hand. Then the
      // session is as it was, until it goes on, or `ingest --full` reads it.
      version: [n, last, rewritten, ...saysAt, ...(isOld ? [] : [entriesHash(db, id)])].join('_'),
      aboutBytes: Number(n) * ABOUT_ENTRY_BYTES,
    };
  }
}

function newestMs(db: ForeignRows): number {
  if (!db.has('session_windows', 'updated_at')) return Number.NaN;
  const [row] = db.each('SELECT max(updated_at) AS at FROM session_windows');
  return Number(row?.['at'] ?? Number.NaN);
}

/** The row of a table that has one for each session; null where there is none. */
function rowOf(db: ForeignRows, table: string, id: string): Row | null {
  if (!db.has(table, 'session_id')) return null;
  const [row] = db.each(`SELECT * FROM ${table} WHERE session_id = $id`, { id });
  return row ?? null;
}

/** Of all that the entries are, for one may become another of the same length. */
function entriesHash(db: ForeignRows, id: string): string {
  let hash = 0n;
  for (const line of lines(db, id)) hash = Bun.hash.wyhash('zstd' in line ? line.zstd : line, hash);
  return hash.toString(36);
}

function hasPacked(db: ForeignRows): boolean {
  return db.has('transcript_events', 'event_zstd', 'event_utf8_bytes');
}

function peekOf(db: ForeignRows, id: string, window: Row | null, peek: PeekAt): ContainedSession['peek'] {
  const told = peek(entriesAt(db, id, 'ASC', HEAD_ENTRIES), entriesAt(db, id, 'DESC', TAIL_ENTRIES));
  const node = nodeOf(db, window?.['session_key']);
  const label = node?.['label'];
  return {
    ...(told ?? { project: null, branch: null, title: null, startedAt: null, endedAt: null }),
    ...(typeof label === 'string' && label !== '' ? { title: titleOf(label) } : {}),
    startedAt: told?.startedAt ?? parseTime(window?.['created_at']),
    endedAt: told?.endedAt ?? parseTime(window?.['updated_at']),
    nativeId: id,
    parentNativeId: told?.parentNativeId ?? parentOf(db, node),
    // What is archived is deleted by no rule of age.
    ...(typeof window?.['session_key'] === 'string' && node?.['archived_at'] == null
      ? { keptAs: window['session_key'] }
      : {}),
  };
}

/** Entries at one end of a transcript, in their order. A compressed one is a long one, and tells nothing here. */
function entriesAt(db: ForeignRows, id: string, order: 'ASC' | 'DESC', most: number): Uint8Array {
  const sql = `SELECT CAST(event_json AS BLOB) AS line FROM transcript_events WHERE session_id = $id ORDER BY seq ${order} LIMIT ${most}`;
  const found = [...db.each(sql, { id })].flatMap(({ line }) => (line instanceof Uint8Array ? [line] : []));
  if (order === 'DESC') found.reverse();
  return Buffer.concat(found.flatMap((line) => [line, Buffer.from('\n')]));
}

/** What OpenClaw knows of a conversation, whose history may be of several sessions. */
function nodeOf(db: ForeignRows, key: unknown): Row | null {
  if (typeof key !== 'string' || !db.has('session_nodes', 'session_key')) return null;
  const [row] = db.each('SELECT * FROM session_nodes WHERE session_key = $key', { key });
  return row ?? null;
}

/** A fork tells the session that it came from; what was spawned, the conversation. */
function parentOf(db: ForeignRows, node: Row | null): string | null {
  const forked = node?.['fork_source_session_id'];
  if (typeof forked === 'string' && forked !== '') return forked;
  const spawned = nodeOf(db, node?.['spawned_by'] ?? node?.['parent_session_key']);
  const id = spawned?.['current_session_id'];
  return typeof id === 'string' && id !== '' ? id : null;
}

function* lines(db: ForeignRows, id: string): Iterable<HeldLine> {
  const packed = hasPacked(db)
    ? 'event_zstd, event_utf8_bytes'
    : 'NULL AS event_zstd, NULL AS event_utf8_bytes';
  const sql = `SELECT CAST(event_json AS BLOB) AS line, ${packed} FROM transcript_events WHERE session_id = $id ORDER BY seq`;
  for (const { line, event_zstd: zstd, event_utf8_bytes: bytes } of db.each(sql, { id })) {
    if (line instanceof Uint8Array) yield line;
    else if (zstd instanceof Uint8Array) yield { zstd, bytes: Number(bytes) };
  }
}
