/**
 * A whole new session made ready in one reading: its segments and hashes here, compressed on the runtime's threads, its
 * digest by whoever is handed the bytes, which may be another thread. Needs no store.
 * Promises: the same segments, hashes and digest as storing it and analyzing it afterwards; all of them are of the bytes
 * that were read, whatever the file has become since.
 */
import type { Peek } from '../../domain/agent.ts';
import type { SessionUid } from '../../domain/ids.ts';
import type { OwnFormat } from '../../domain/own-format.ts';
import type { FileRole } from '../../domain/session.ts';
import type { Iso } from '../../domain/time.ts';
import { SourceFile } from '../../files/source.ts';
import type { Within } from '../../files/within.ts';
import { SEGMENT_BYTES, sha256 } from '../../store/segments.ts';
import type { NewSegment } from '../../store/write-raw.ts';
import { marksOfBytes } from '../look.ts';
import { toSegments } from '../segmenter.ts';
import { type About, aboutOf } from '../session-description.ts';

/** A session above it is stored piece by piece: what is made ready lies in memory until it is stored. */
export const PREPARED_BYTES_MAX = 16 * 1024 * 1024;

/** What to make ready. */
export interface PrepareRequest {
  readonly uid: SessionUid;
  readonly agent: string;
  /** Of an agent that only the configuration knows: the thread has none. */
  readonly own?: OwnFormat;
  readonly now: Iso;
  readonly peek: Pick<Peek, 'title' | 'project' | 'branch'> | null;
  readonly files: readonly {
    readonly path: string;
    readonly within: Within | null;
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

export interface Prepared extends Digested {
  readonly files: readonly PreparedFile[];
  readonly rawBytes: number;
  readonly storedBytes: number;
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

/** What a digest is made of. Plain values and memory that is handed over: it is sent to a thread. */
export interface DigestRequest extends Omit<PrepareRequest, 'files'> {
  readonly rawBytes: number;
  /** In the order in which the store gives them back, and so the one in which a digest reads them. */
  readonly files: readonly {
    readonly role: FileRole;
    readonly key: string;
    /** Of `memory`, from its start. */
    readonly rawBytes: number;
    readonly memory: ArrayBuffer;
  }[];
}

export interface Digested {
  readonly about: About;
  /** Null: none was asked for; it is made later. */
  readonly digest: PreparedDigest | null;
}

/** Makes a digest; has the memory of the files for itself. */
export type Digester = (order: DigestRequest) => Promise<Digested>;

/** Whoever makes sessions ready: this thread, or others. */
export interface Preparer {
  prepare(order: PrepareRequest): Promise<Prepared>;
  /** Nothing more will come: threads may go, with their memory. */
  end(): void;
}

/** Makes sessions ready that are only to be stored: no thread is needed for that. */
export function withoutDigests(): Preparer {
  return {
    prepare: (order) =>
      prepare(order, async ({ peek, files }) => {
        // Given back at once: the collector knows nothing of how much it is.
        for (const { memory } of files) memory.transfer(0);
        return { about: await aboutOf(peek), digest: null };
      }),
    end: () => undefined,
  };
}

/** Rejects where a file cannot be read or the digester is gone; a session that makes no digest says so in what it resolves to. */
export async function prepare(order: PrepareRequest, digest: Digester): Promise<Prepared> {
  const read = inDigestOrder(order.files).map((file) => ({ ...file, ...readWhole(file) }));
  const rawBytes = read.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (rawBytes > 2 * PREPARED_BYTES_MAX) throw new Error('it has grown too large to be held whole');
  const files: PreparedFile[] = [];
  // Compressed to the end before the memory goes: what is handed over is gone from here.
  for (const { path, stat, bytes } of read) files.push(await preparedFile(path, stat, bytes));
  const digested = await digest({
    ...order,
    rawBytes,
    files: read.map(({ role, key, bytes }) => ({ role, key, rawBytes: bytes.length, memory: bytes.buffer })),
  });
  const segments = files.flatMap((file) => file.segments);
  return {
    ...digested,
    files,
    rawBytes,
    storedBytes: segments.reduce((sum, { data }) => sum + data.length, 0),
  };
}

/** The order in which the store gives the files back, and so the one in which a digest reads them. */
function inDigestOrder(files: PrepareRequest['files']): PrepareRequest['files'] {
  const rank = (file: PrepareRequest['files'][number]) => (file.role === 'main' ? 0 : 1);
  return [...files].sort(
    (a, b) => rank(a) - rank(b) || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)),
  );
}

interface ReadFile {
  /** Size, mtime and inode when it was opened. */
  readonly stat: string;
  /** At the start of memory that is theirs alone. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

function readWhole({ path, within }: PrepareRequest['files'][number]): ReadFile {
  using source = new SourceFile(path, 'plain', within);
  if (source.sizeBytes > PREPARED_BYTES_MAX) throw new Error('it has grown too large to be held whole');
  // Not zeroed first: of what is not read nothing is handed on. Of no pool: it is given away.
  const bytes = Buffer.allocUnsafeSlow(source.sizeBytes);
  return { stat: source.stat, bytes: bytes.subarray(0, source.readInto(bytes, 0)) };
}

async function preparedFile(path: string, stat: string, bytes: Uint8Array): Promise<PreparedFile> {
  const segments = await Array.fromAsync(toSegments(segmentsOf(bytes), 0));
  const [only] = segments;
  const whole = only !== undefined && segments.length === 1 ? only.sha256 : sha256(bytes);
  return { path, stat, rawBytes: bytes.length, sha256: whole, ...marksOfBytes(bytes, whole), segments };
}

/** Bytes as the pieces that become segments; views. */
export function segmentsOf(bytes: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += SEGMENT_BYTES)
    pieces.push(bytes.subarray(at, Math.min(bytes.length, at + SEGMENT_BYTES)));
  return pieces;
}
