/**
 * How many bytes a session would take in Tier 1, found by compressing it without storing it.
 * Promises: streams; stores nothing. Used only where the plain size might not fit under the hard cap.
 */
import { statSync } from 'node:fs';
import type { SessionUid } from '../domain/ids.ts';
import { openSource } from '../files/contained/contained.ts';
import { onDisk } from '../files/file-names.ts';
import type { Source } from '../files/source.ts';
import type { ReadableDb } from '../store/connection.ts';
import { filesOf } from '../store/read.ts';
import { fileChunks } from '../store/segments.ts';
import { compare } from './compare.ts';
import type { FoundFile } from './discover/discover.ts';
import { toSegments } from './segmenter.ts';

/** How much longer than its values a row's line may be, compressed: far more than it ever is. */
const LINES_OF_ROWS_MAX = 3;

/**
 * Plain bytes that may be added at most, told without reading. A session of rows has no more than all of its database, and may
 * be changed anywhere; how long it is, is a guess until it is read.
 */
export function mostNewBytes(file: FoundFile, isLive: boolean): number {
  const kind = file.contained?.container.kind;
  if (kind === 'tree') return file.sizeBytes * LINES_OF_ROWS_MAX;
  if (file.contained !== undefined && kind === 'rows') {
    const { path, sizeBytes } = file.contained.file;
    const log = statSync(onDisk(`${path}-wal`), { throwIfNoEntry: false })?.size ?? 0;
    return (sizeBytes + log) * LINES_OF_ROWS_MAX;
  }
  return Math.max(0, file.sizeBytes - (isLive ? (file.known?.takenBytes ?? 0) : 0));
}

/** How much of a file's beginning the store has, of a live session. */
export async function takenBytes(
  db: ReadableDb,
  uid: SessionUid,
  file: FoundFile,
  source: Source,
): Promise<number> {
  if (file.contained === undefined) return file.known?.takenBytes ?? 0;
  const stored = filesOf(db, uid).find(({ key, gone }) => key === file.class.key && !gone);
  if (stored === undefined) return 0;
  const { kind, commonBytes, lineStartBytes } = await compare(source.chunks(), fileChunks(db, uid, stored));
  return kind === 'different' ? lineStartBytes : commonBytes;
}

/** `taken`: how much of a file is stored already. `newBytes`: what would be added; `wholeBytes`: all of it. */
export async function storedSizeOf(
  files: readonly FoundFile[],
  taken: (file: FoundFile, source: Source) => Promise<number> | number,
  signal: AbortSignal,
): Promise<{ newBytes: number; wholeBytes: number }> {
  let newBytes = 0;
  let wholeBytes = 0;
  for (const file of files) {
    try {
      using source = openSource(file);
      const before = await taken(file, source);
      for await (const segment of toSegments(source.chunks(), 0)) {
        wholeBytes += segment.data.length;
        if (segment.logOffset + segment.rawBytes > before) newBytes += segment.data.length;
        if (signal.aborted) return { newBytes, wholeBytes };
      }
    } catch {
      // A file that cannot be read takes no room; storing it will name it in a warning.
    }
  }
  return { newBytes, wholeBytes };
}
