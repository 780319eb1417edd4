/**
 * The agent's own file as a place to take lost bytes from again.
 * Promises: reads only what it is asked for; says which bytes stand where, and leaves it to a recorded hash whether they are
 * the ones that were lost.
 */
import type { StoredFile } from '../rows.ts';

/** Handed in by the caller: the store knows no agent. */
export interface OwnFiles {
  /** The plain bytes of the file at `path` from `fromByte` on; throws where it cannot be read. */
  chunks(path: string, fromByte: number): AsyncIterable<Uint8Array>;
}

/**
 * `length` bytes of a file's log from `logOffset` on, where they stand in the file as it now is; null where the file is shorter,
 * or where the agent had removed some of them, which no file has any more.
 */
export async function ownRange(
  own: OwnFiles,
  path: string,
  file: Pick<StoredFile, 'extents'>,
  logOffset: number,
  length: number,
): Promise<Uint8Array | null> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const stretch = inVersion(file, logOffset + done, length - done);
    if (
      stretch === null ||
      !(await readInto(own, path, stretch.offset, bytes.subarray(done, done + stretch.length)))
    )
      return null;
    done += stretch.length;
  }
  return bytes;
}

/** Whether the agent's file is, byte for byte, the version that was stored last. */
export async function hasRecordedHash(
  own: OwnFiles,
  path: string,
  file: Pick<StoredFile, 'sha256' | 'rawBytes'>,
): Promise<boolean> {
  if (file.sha256 === null) return false;
  const hasher = new Bun.CryptoHasher('sha256');
  let left = file.rawBytes;
  for await (const chunk of own.chunks(path, 0)) {
    // What was appended since is not part of it.
    hasher.update(chunk.subarray(0, Math.min(left, chunk.length)));
    left -= Math.min(left, chunk.length);
    if (left === 0) break;
  }
  return left === 0 && hasher.digest('hex') === file.sha256;
}

/** Where a byte of the log stands in the file's present version, and for how long the two go side by side. */
function inVersion(
  file: Pick<StoredFile, 'extents'>,
  logOffset: number,
  length: number,
): { readonly offset: number; readonly length: number } | null {
  let before = 0;
  for (const [start, bytes] of file.extents) {
    if (start <= logOffset && logOffset < start + bytes)
      return { offset: before + logOffset - start, length: Math.min(length, start + bytes - logOffset) };
    before += bytes;
  }
  return null;
}

async function readInto(own: OwnFiles, path: string, offset: number, into: Uint8Array): Promise<boolean> {
  let done = 0;
  for await (const chunk of own.chunks(path, offset)) {
    const piece = chunk.subarray(0, into.length - done);
    into.set(piece, done);
    done += piece.length;
    if (done === into.length) break;
  }
  return done === into.length;
}
