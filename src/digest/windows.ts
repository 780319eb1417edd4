/**
 * A stream of bytes that is one JSON document, as windows of bounded size.
 * Promises: memory is bounded by `WINDOW_BYTES_MAX` and a chunk. A document of that size is one window, and so is a larger
 * one that is no longer without its giant strings (`held-json.ts`). Of any other every byte that is not of such a string is
 * in a window, and in two where one ends: a record that is cut by the end of one stands whole in the next.
 */
import { collectGarbage } from '../domain/pacer.ts';
import { HeldJson, LEVELS } from './held-json.ts';

/** What is held of a document at once. */
export const WINDOW_BYTES_MAX = 16 * 1024 * 1024;
const OVERLAP_BYTES = 1024 * 1024;

export interface Window {
  /** A view, good until the next window is asked for. */
  readonly bytes: Uint8Array;
  /** It is all that there is. */
  readonly isWhole: boolean;
}

export async function* windows(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Window> {
  // What does not fit even so comes by pieces: cutting its texts shorter would only lose more.
  const held = new HeldJson(WINDOW_BYTES_MAX, LEVELS.slice(0, 1));
  let isFirst = true;
  for await (const chunk of chunks) {
    for (let at = held.take(chunk); at < chunk.length; at = held.take(chunk, at)) {
      yield { bytes: held.bytes, isWhole: false };
      isFirst = false;
      held.keepEnd(OVERLAP_BYTES);
      collectGarbage();
      await Bun.sleep(0);
    }
  }
  if (held.length > 0) yield { bytes: held.bytes, isWhole: isFirst };
}
