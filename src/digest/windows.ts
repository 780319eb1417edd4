/**
 * A stream of bytes as windows of bounded size.
 * Promises: memory is bounded by `WINDOW_BYTES_MAX` and a chunk; every byte is in a window, and in two where one ends:
 * a record that is cut by the end of one stands whole in the next.
 */

/** What is held of a document at once. */
export const WINDOW_BYTES_MAX = 16 * 1024 * 1024;
const OVERLAP_BYTES = 1024 * 1024;

export interface Window {
  readonly bytes: Uint8Array;
  /** It is all that there is. */
  readonly isWhole: boolean;
}

export async function* windows(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Window> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let isFirst = true;
  for await (const chunk of chunks) {
    if (heldBytes > 0 && heldBytes + chunk.length > WINDOW_BYTES_MAX) {
      const bytes = Buffer.concat(held);
      yield { bytes, isWhole: false };
      isFirst = false;
      held = [bytes.subarray(-OVERLAP_BYTES).slice()];
      heldBytes = Math.min(OVERLAP_BYTES, heldBytes);
      Bun.gc(true);
      await Bun.sleep(0);
    }
    // Copied: the chunk may be a view on memory that is used again.
    held.push(chunk.slice());
    heldBytes += chunk.length;
  }
  if (heldBytes > 0) yield { bytes: Buffer.concat(held), isWhole: isFirst };
}
