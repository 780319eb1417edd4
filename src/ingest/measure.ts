/**
 * How many bytes a session would take in Tier 1, found by compressing it without storing it.
 * Promises: streams; stores nothing. Used only where the plain size might not fit under the hard cap.
 */
import { openSource } from './contained/contained.ts';
import type { FoundFile } from './discover.ts';
import { toSegments } from './segmenter.ts';

/** `takenBytes`: how much of a file is stored already. `newBytes`: what would be added; `wholeBytes`: all of it. */
export async function storedSizeOf(
  files: readonly FoundFile[],
  takenBytes: (file: FoundFile) => number,
  signal: AbortSignal,
): Promise<{ newBytes: number; wholeBytes: number }> {
  let newBytes = 0;
  let wholeBytes = 0;
  for (const file of files) {
    try {
      using source = openSource(file);
      for await (const segment of toSegments(source.chunks(), 0)) {
        wholeBytes += segment.data.length;
        if (segment.logOffset + segment.rawBytes > takenBytes(file)) newBytes += segment.data.length;
        if (signal.aborted) return { newBytes, wholeBytes };
      }
    } catch {
      // A file that cannot be read takes no room; storing it will name it in a warning.
    }
  }
  return { newBytes, wholeBytes };
}
