/**
 * The lines of a transcript that a database holds a row each, some of them compressed: as the file would have them.
 * Promises: a compressed line is opened only up to the length that its row tells; one that is not what it says stops its session.
 */
import type { HeldLine } from '../../domain/contained.ts';

/** Their program makes none longer. */
const LINE_BYTES_MAX = 64 * 1024 * 1024;
const NEWLINE = new Uint8Array([0x0a]);

/** It takes long to load, and hardly a line is compressed: a hook, whose agent waits for it, never comes here. */
const loadZlib = (): typeof import('node:zlib') => require('node:zlib');

export function* heldLines(lines: Iterable<HeldLine>): Generator<Uint8Array> {
  for (const line of lines) {
    const plain = line instanceof Uint8Array ? line : opened(line);
    if (plain.includes(0x0a)) throw new Error('a line of its transcript has a line break in it');
    yield plain;
    yield NEWLINE;
  }
}

function opened({ zstd, bytes }: Exclude<HeldLine, Uint8Array>): Uint8Array {
  if (!(bytes >= 0 && bytes <= LINE_BYTES_MAX))
    throw new Error(`a line of its transcript has ${bytes} bytes`);
  const plain = loadZlib().zstdDecompressSync(zstd, { maxOutputLength: bytes + 1 });
  if (plain.length === bytes) return plain;
  throw new Error(`a line of its transcript has ${plain.length} bytes in the place of ${bytes}`);
}
