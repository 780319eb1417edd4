/**
 * A whole new session made ready in one reading: its segments, hashes and digest. Needs no store, so that it can be done
 * on another thread while the store is written.
 * Promises: the same segments, hashes and digest as storing it and analyzing it afterwards; what is handed on is what was
 * read, whatever the file has become since.
 */
import { makeDigest } from '../digest/digest.ts';
import type { AgentFormat, Peek } from '../domain/agent.ts';
import type { Digest } from '../domain/digest.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { OwnFormat } from '../domain/own-format.ts';
import type { FileRole } from '../domain/session.ts';
import type { Iso } from '../domain/time.ts';
import { SEGMENT_BYTES, sha256 } from '../store/segments.ts';
import type { NewSegment } from '../store/write-raw.ts';
import { type About, aboutOf } from './about.ts';
import { ZSTD_LEVEL } from './segmenter.ts';
import { SourceFile } from './source.ts';
import { marksOfBytes } from './take-file.ts';

/** A session above it is stored piece by piece: what is made ready lies in memory until it is stored. */
export const PREPARED_BYTES_MAX = 16 * 1024 * 1024;

/** What to make ready. Plain values: it is sent to a thread. */
export interface Order {
  readonly uid: SessionUid;
  readonly agent: string;
  /** Of an agent that only the configuration knows: the thread has none. */
  readonly own?: OwnFormat;
  readonly now: Iso;
  readonly peek: Pick<Peek, 'title' | 'project' | 'branch'> | null;
  readonly files: readonly {
    readonly path: string;
    readonly within: string | null;
    readonly role: FileRole;
    readonly key: string;
  }[];
}

export interface PreparedFile {
  readonly path: string;
  /** Size, mtime and inode when it was opened. */
  readonly stat: string;
  readonly rawBytes: number;
  readonly sha256: Uint8Array;
  /** Of its first 4 KiB, and of its last 64 KiB. */
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  readonly segments: readonly NewSegment[];
}

export interface Prepared {
  readonly about: About;
  readonly files: readonly PreparedFile[];
  readonly rawBytes: number;
  readonly storedBytes: number;
  readonly digest: PreparedDigest;
}

export type PreparedDigest =
  | {
      readonly ok: true;
      readonly json: string;
      readonly title: string | null;
      readonly project: string | null;
      readonly branch: string | null;
      readonly startedAt: Iso | null;
      readonly endedAt: Iso | null;
    }
  | { readonly ok: false; readonly why: string };

/** Whoever makes sessions ready: this thread, or others. */
export interface Preparer {
  prepare(order: Order): Promise<Prepared>;
  /** Nothing more will come: threads may go, with their memory. */
  end(): void;
}

/**
 * Memory that one session after the other is read into: new memory for each would cost more than the reading, and pile up
 * outside the heap, where nothing presses the collector.
 */
export class Arena {
  #bytes = new Uint8Array(1024 * 1024);
  #used = 0;

  /** Room for `length` bytes; what was given out before `reset` stays as it is. */
  take(length: number): Uint8Array {
    if (this.#used + length > PREPARED_BYTES_MAX * 2)
      throw new Error('it has grown too large to be held whole');
    if (this.#used + length > this.#bytes.length) {
      // What was given out of the old memory keeps it alive until the session is done.
      this.#bytes = new Uint8Array(
        Math.max(length, Math.min(PREPARED_BYTES_MAX * 2, this.#bytes.length * 2)),
      );
      this.#used = 0;
    }
    this.#used += length;
    return this.#bytes.subarray(this.#used - length, this.#used);
  }

  reset(): void {
    this.#used = 0;
  }
}

/** `arena`: nobody else's until this resolves. */
export async function prepare(order: Order, agent: AgentFormat, arena: Arena): Promise<Prepared> {
  arena.reset();
  const about = await aboutOf(order.peek);
  const read = inDigestOrder(order.files).map((file) => ({ ...file, ...readWhole(file, arena) }));
  const rawBytes = read.reduce((sum, { file }) => sum + file.rawBytes, 0);
  const made = await makeDigest({
    uid: order.uid,
    agent,
    rawBytes,
    now: order.now,
    peekTitle: about.title,
    peekProject: about.project,
    files: read.flatMap(({ role, key, chunks }) =>
      role === 'main' || role === 'subagent'
        ? [{ role, key, chunks, ...documentOf(agent, key, chunks) }]
        : [],
    ),
  });
  const files = read.map(({ file }) => file);
  const segments = files.flatMap((file) => file.segments);
  return {
    about,
    files,
    rawBytes,
    storedBytes: segments.reduce((sum, { data }) => sum + data.length, 0),
    digest: made.ok ? whatIsSaved(made.digest, made.json) : { ok: false, why: made.why },
  };
}

/** New: nothing was removed from it yet. */
function documentOf(agent: AgentFormat, key: string, present: readonly Uint8Array[]) {
  return agent.isDocument?.(key) === true ? { document: { present, removed: [] } } : {};
}

/** The order in which the store gives the files back, and so the one in which a digest reads them. */
function inDigestOrder(files: Order['files']): Order['files'] {
  const rank = (file: Order['files'][number]) => (file.role === 'main' ? 0 : 1);
  return [...files].sort(
    (a, b) => rank(a) - rank(b) || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)),
  );
}

function readWhole(
  { path, within }: Order['files'][number],
  arena: Arena,
): { readonly file: PreparedFile; readonly chunks: readonly Uint8Array[] } {
  using source = new SourceFile(path, 'plain', within);
  const room = arena.take(source.sizeBytes);
  const rawBytes = source.readInto(room, 0);
  const bytes = room.subarray(0, rawBytes);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < rawBytes; at += SEGMENT_BYTES)
    chunks.push(bytes.subarray(at, Math.min(rawBytes, at + SEGMENT_BYTES)));
  const segments = chunks.map((chunk, i) => segmentOf(chunk, i * SEGMENT_BYTES));
  const [only] = segments;
  const whole = only !== undefined && segments.length === 1 ? only.sha256 : sha256(bytes);
  const marks = marksOfBytes(bytes, whole);
  const file = { path, stat: source.stat, rawBytes, sha256: whole, ...marks, segments };
  return { file, chunks };
}

function segmentOf(chunk: Uint8Array, logOffset: number): NewSegment {
  const packed = Bun.zstdCompressSync(chunk, { level: ZSTD_LEVEL });
  // Exactly its bytes: what is handed to another thread takes the memory that it lies in along.
  const data = new Uint8Array(packed);
  return { logOffset, rawBytes: chunk.length, sha256: sha256(chunk), data };
}

function whatIsSaved(digest: Digest, json: string): PreparedDigest {
  return {
    ok: true,
    json,
    title: digest.title,
    project: digest.project,
    branch: digest.branches.at(-1) ?? null,
    startedAt: digest.started_at,
    endedAt: digest.ended_at,
  };
}
