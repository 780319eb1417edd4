/**
 * What lies at a place where a file is to be restored, held against what is stored of it.
 * Promises: reads only, and only a regular file; nothing is called there that does not hold all that is stored, by its bytes or by
 * what it says; memory is bounded as for an ingest.
 */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { TooLong } from '../files/line-cutter.ts';
import { openUnwaiting } from '../files/plain-file.ts';
import { type Cutting, recordsIn } from '../ingest/content/records.ts';
import { countLines } from '../ingest/fuller.ts';

/**
 * `same`: these very bytes. `there`: all that is stored, and more, or another writing of it. `less`: the beginning of what is
 * stored. `other`: anything else.
 */
export type PresentFile =
  | { readonly kind: 'same' | 'less' | 'other' }
  | { readonly kind: 'there'; readonly further: Further };

/** What a file has beyond what is stored. */
export interface Further {
  readonly bytes: number;
  /** Lines, or elements of a document. */
  readonly records: number;
}

const CHUNK_BYTES = 1024 * 1024;

/** The bytes of a regular file from `fromByte` on. Each chunk is a view for as long as the next one is not asked for. */
export function* diskChunks(path: string, fromByte = 0): Generator<Uint8Array> {
  const handle = openUnwaiting(path, false);
  try {
    if (!fstatSync(handle).isFile()) return;
    const buffer = new Uint8Array(CHUNK_BYTES);
    for (let at = fromByte; ; ) {
      const read = readSync(handle, buffer, 0, buffer.length, at);
      if (read === 0) return;
      at += read;
      yield buffer.subarray(0, read);
    }
  } finally {
    closeSync(handle);
  }
}

/** `stored`: may be asked for its bytes more than once. `cutting`: null where only bytes count. */
export function heldAt(
  path: string,
  stored: Iterable<Uint8Array>,
  storedBytes: number,
  cutting: Cutting | null,
): PresentFile {
  const common = commonBytes(diskChunks(path), stored);
  if (common === storedBytes) {
    const further = measured(diskChunks(path, common));
    return further.bytes === 0 ? { kind: 'same' } : { kind: 'there', further };
  }
  if (measured(diskChunks(path, common), 1).bytes === 0) return { kind: 'less' };
  const records = cutting === null ? null : furtherRecords(path, stored, cutting);
  if (records === null) return { kind: 'other' };
  const { bytes } = measured(diskChunks(path));
  return { kind: 'there', further: { bytes: Math.max(0, bytes - storedBytes), records } };
}

/** What is there to be read, up to about `enoughBytes`. */
function measured(chunks: Iterable<Uint8Array>, enoughBytes = Number.POSITIVE_INFINITY): Further {
  let bytes = 0;
  const counted = {
    *[Symbol.iterator]() {
      for (const chunk of chunks) {
        bytes += chunk.length;
        yield chunk;
        if (bytes >= enoughBytes) return;
      }
    },
  };
  const records = countLines(counted);
  return { bytes, records };
}

/** Whether the file is these very bytes, or the beginning of them. */
export function isBeginningOf(path: string, stored: Iterable<Uint8Array>): boolean {
  const common = commonBytes(diskChunks(path), stored);
  return measured(diskChunks(path, common), 1).bytes === 0;
}

/** Bytes from the start that are equal. */
function commonBytes(ours: Iterable<Uint8Array>, theirs: Iterable<Uint8Array>): number {
  const other = theirs[Symbol.iterator]();
  let rest: Uint8Array = new Uint8Array(0);
  let common = 0;
  try {
    for (const chunk of ours) {
      for (let at = 0; at < chunk.length; ) {
        while (rest.length === 0) {
          const next = other.next();
          if (next.done === true) return common;
          rest = next.value;
        }
        const length = Math.min(chunk.length - at, rest.length);
        const equal = equalBytes(chunk.subarray(at, at + length), rest.subarray(0, length));
        common += equal;
        if (equal < length) return common;
        at += length;
        rest = rest.subarray(length);
      }
    }
    return common;
  } finally {
    other.return?.();
  }
}

function equalBytes(a: Uint8Array, b: Uint8Array): number {
  if (Buffer.compare(a, b) === 0) return a.length;
  let at = 0;
  while (a[at] === b[at]) at += 1;
  return at;
}

/**
 * How many records the file has beyond those that are stored, where it has all of those, in their order where that is content;
 * null where it lacks one, or nothing can be told.
 */
function furtherRecords(path: string, stored: Iterable<Uint8Array>, cutting: Cutting): number | null {
  try {
    return cutting.isOrdered ? beyondInOrder(path, stored, cutting) : beyondAsSets(path, stored, cutting);
  } catch (thrown) {
    if (thrown instanceof TooLong) return null;
    throw thrown;
  }
}

function beyondInOrder(path: string, stored: Iterable<Uint8Array>, cutting: Cutting): number | null {
  const wanted = recordsIn(stored, cutting);
  try {
    let next = wanted.next();
    // What has no record says something all the same: that is told by its bytes.
    if (next.done === true) return null;
    let further = 0;
    for (const { says } of recordsIn(diskChunks(path), cutting)) {
      if (next.done !== true && next.value.says === says) next = wanted.next();
      else further += 1;
    }
    return next.done === true ? further : null;
  } finally {
    wanted.return(undefined);
  }
}

function beyondAsSets(path: string, stored: Iterable<Uint8Array>, cutting: Cutting): number | null {
  const wanted = new Map<string, number>();
  const hashOf = (says: string) => new Bun.CryptoHasher('sha256').update(says).digest('base64');
  for (const { says } of recordsIn(stored, cutting)) {
    const hash = hashOf(says);
    wanted.set(hash, (wanted.get(hash) ?? 0) + 1);
  }
  if (wanted.size === 0) return null;
  let further = 0;
  for (const { says } of recordsIn(diskChunks(path), cutting)) {
    const hash = hashOf(says);
    const count = wanted.get(hash) ?? 0;
    if (count === 0) further += 1;
    else if (count === 1) wanted.delete(hash);
    else wanted.set(hash, count - 1);
  }
  return wanted.size === 0 ? further : null;
}
