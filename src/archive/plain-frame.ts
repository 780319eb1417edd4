/**
 * Bytes in a zstd frame without being compressed (RFC 8878, 3.1.1): what hardly compresses is stored for a moment in a fraction of the
 * time, and read as any other.
 */
const MAGIC = 0xfd2fb528;
/** One segment, and the size of the content in four bytes. */
const DESCRIPTOR = 0xa0;
const HEADER_BYTES = 9;
const BLOCK_HEADER_BYTES = 3;
/** No block may be larger. */
const BLOCK_BYTES_MAX = 128 * 1024;
const BYTES_MAX = 0xffff_ffff;

export function plainFrame(plain: Uint8Array): Uint8Array {
  if (plain.length > BYTES_MAX) throw new Error('a plain frame is smaller than 4 GiB');
  const blocks = Math.max(1, Math.ceil(plain.length / BLOCK_BYTES_MAX));
  const frame = Buffer.allocUnsafeSlow(HEADER_BYTES + blocks * BLOCK_HEADER_BYTES + plain.length);
  frame.writeUInt32LE(MAGIC, 0);
  frame.writeUInt8(DESCRIPTOR, 4);
  frame.writeUInt32LE(plain.length, 5);
  let at = HEADER_BYTES;
  for (let n = 0; n < blocks; n += 1) {
    const block = plain.subarray(n * BLOCK_BYTES_MAX, (n + 1) * BLOCK_BYTES_MAX);
    const isLast = n === blocks - 1 ? 1 : 0;
    at = frame.writeUIntLE((block.length << 3) | isLast, at, BLOCK_HEADER_BYTES);
    frame.set(block, at);
    at += block.length;
  }
  return frame;
}
