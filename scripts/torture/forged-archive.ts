/**
 * Archives written by hand, as a stranger may: any record, with hashes that are right. And the records of a genuine one, to change them.
 * Promises: shares with the program only how a record lies in the file; what the records say is told here.
 */
import { bytesFrame, frames, lineFrame } from '../../src/archive/frames.ts';

/** A line, as the object it says or as text that may be no JSON; or the bytes behind a line about a segment. */
export type Piece =
  | { readonly kind: 'line'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bytes'; readonly data: Uint8Array };

export type Row = Record<string, unknown>;

export const WHEN = '2026-05-02T10:00:00.000Z';

const sha256 = (data: Uint8Array | string) => new Bun.CryptoHasher('sha256').update(data).digest('hex');
const line = (value: unknown): Piece => ({ kind: 'line', value });

/** With hashes that are right, whatever the records say. */
export function written(pieces: readonly Piece[]): Uint8Array {
  return Buffer.concat(pieces.flatMap(frameOf));
}

function frameOf(piece: Piece): Uint8Array[] {
  if (piece.kind === 'line') return lineFrame(piece.value);
  if (piece.kind === 'bytes') return bytesFrame(piece.data);
  const [header = new Uint8Array(0), data = new Uint8Array(0)] = bytesFrame(Bun.zstdCompressSync(piece.text));
  Buffer.from(header.buffer, header.byteOffset).writeUInt32LE(1, KIND_AT);
  return [header, data];
}

/** Where a record's header says whether a line follows. */
const KIND_AT = 12;

/** The records of an archive, in their order. */
export async function piecesOf(archive: Uint8Array): Promise<Piece[]> {
  const pieces: Piece[] = [];
  for await (const frame of frames(inPieces(archive))) {
    if (frame.kind === 'line') pieces.push(line(JSON.parse(frame.line)));
    else if (frame.kind === 'bytes') pieces.push({ kind: 'bytes', data: frame.data });
    else throw new Error(`a genuine archive is damaged: ${frame.why}`);
  }
  return pieces;
}

export async function* inPieces(archive: Uint8Array, bytes = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < archive.length; at += bytes) yield archive.subarray(at, at + bytes);
}

/** A whole archive around the records of sessions. */
export function archiveOf(...sessions: readonly (readonly Piece[])[]): Uint8Array {
  const n = sessions.length;
  return written([
    line({ record: 'header', format: 'session-memory export', version: 1, made_at: WHEN, sessions: n }),
    ...sessions.flat(),
    line({ record: 'end', sessions: n }),
  ]);
}

export const forgotten = (uid: string): Piece[] => [
  line({ record: 'forgotten', session_uid: uid, at: WHEN }),
];

export interface Forged {
  readonly uid: string;
  /** By name: the bytes of each file. */
  readonly files: Readonly<Record<string, string>>;
  /** The digest's JSON, by generation 1; absent: none. */
  readonly digest?: string;
  /** Only the digest is said to be left of it. */
  readonly evicted?: boolean;
  /** Its store had it from this archive of a stranger: it, its digest, or both. */
  readonly origin?: { readonly session: string | null; readonly digest: string | null };
  /** Whatever else the row says. */
  readonly row?: Row;
}

/** The records of one session: one segment a file. */
export function session({ uid, files, digest, evicted = false, origin, row = {} }: Forged): Piece[] {
  const [agent = '', nativeId = ''] = uid.split(':');
  const all = Object.entries(files);
  const generation = evicted ? 1 : Math.max(1, all.filter(([, content]) => content !== '').length);
  const rawBytes = all.reduce((sum, [, content]) => sum + Buffer.byteLength(content), 0);
  const analyzed = digest === undefined ? null : WHEN;
  const meta = {
    record: 'session',
    session_uid: uid,
    agent,
    native_id: nativeId,
    project: '/srv/foreign',
    title: 'a foreign title',
    branch: 'foreign',
    parent_uid: null,
    started_at: WHEN,
    ended_at: WHEN,
    ingested_at: WHEN,
    analyzed_at: analyzed,
    digest_at: analyzed,
    evicted_at: evicted ? WHEN : null,
    analyze_error: null,
    pinned: false,
    raw_generation: generation,
    covers_from: 0,
    raw_bytes: rawBytes,
    stored_bytes: 100,
    file_count: all.length,
    files: all.map(([key, content]) => fileRow(key, content, evicted)),
    tombstones: evicted ? all.map(([key, content]) => stone(key, content)) : [],
    events: evicted ? [eviction(rawBytes)] : [],
    ...(origin === undefined ? {} : { origin: origin.session }),
    ...row,
  };
  return [
    line(meta),
    ...(digest === undefined ? [] : [digestRow(digest, generation, origin?.digest ?? null)]),
    ...(evicted ? [] : all.flatMap(([key, content]) => segmentOf(key, content))),
    line({ record: 'session_end', session_uid: uid }),
  ];
}

function fileRow(key: string, content: string, gone: boolean): Row {
  const bytes = Buffer.byteLength(content);
  const role = key === 'main' ? 'main' : 'sidecar';
  return {
    role,
    key,
    rel_path: key,
    encoding: 'plain',
    raw_bytes: bytes,
    log_bytes: gone ? 0 : bytes,
    extents: null,
    sha256: sha256(content),
    gone,
  };
}

const stone = (key: string, content: string): Row => ({
  generation: 1,
  key,
  raw_bytes: Buffer.byteLength(content),
  sha256: sha256(content),
});

const eviction = (bytes: number): Row => ({
  at: WHEN,
  kind: 'evicted',
  generation: 1,
  sweep_id: null,
  raw_bytes: bytes,
  stored_bytes: 100,
  reason: 'forged',
  of_file: false,
});

function digestRow(json: string, generation: number, origin: string | null): Piece {
  const version = 3;
  return line({
    record: 'digest',
    generation,
    covers_from: 0,
    complete: true,
    version,
    made_at: WHEN,
    json,
    ...(origin === null ? {} : { origin }),
  });
}

function segmentOf(key: string, content: string): Piece[] {
  if (content === '') return [];
  const data = Bun.zstdCompressSync(Buffer.from(content));
  const told = { key, log_offset: 0, raw_bytes: Buffer.byteLength(content), stored_bytes: data.length };
  return [line({ record: 'segment', ...told, sha256: sha256(content) }), { kind: 'bytes', data }];
}

/** A digest of the right form that tells of those prompts. */
export function digestJson(uid: string, prompts: readonly string[]): string {
  const [agent = ''] = uid.split(':');
  const none = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 };
  return JSON.stringify({
    version: 3,
    session_uid: uid,
    agent,
    title: prompts[0] ?? null,
    project: '/srv/foreign',
    branches: [],
    agent_version: null,
    started_at: WHEN,
    ended_at: WHEN,
    parent: null,
    prompts: prompts.map((text) => ({ at: WHEN, text })),
    outcome: null,
    files: { read: [], written: [], edited: [] },
    commands: [],
    errors: [],
    commits: [],
    pull_requests: [],
    plans: [],
    todos: [],
    compactions: [],
    subagents: [],
    tools: {},
    models: [],
    tokens: none,
    records: { read: prompts.length, unreadable: 0, unknown: {} },
    redacted: 0,
  });
}
