/**
 * Views on bytes, and short texts made of them.
 * Promises: a view copies nothing; a text of one's own holds on to nothing but itself.
 */

/** A view on bytes that has Buffer's fast searches; copies nothing. */
export function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Where a short text is written to be read back: memory made for each takes twice as long as the copy. */
const SCRATCH_BYTES = 16 * 1024;
/** A UTF-16 unit is at most three bytes of UTF-8. */
const SCRATCH_CHARS = Math.floor(SCRATCH_BYTES / 3);
/** Made when it is needed: most commands copy no text. */
let scratch: Buffer | null = null;

/**
 * The first `charsMax` UTF-16 units, well-formed, as a string of their own. A slice would keep the whole text in memory, and so would a
 * text that was cut from one before; bytes made of it do not.
 */
export function ownText(text: string, charsMax: number): string {
  const first = text.length > charsMax ? text.slice(0, charsMax) : text;
  if (first.length > SCRATCH_CHARS) return Buffer.from(first).toString('utf8');
  scratch ??= Buffer.alloc(SCRATCH_BYTES);
  return scratch.toString('utf8', 0, scratch.write(first));
}
