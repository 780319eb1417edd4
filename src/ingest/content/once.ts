/**
 * All that was ever stored of a transcript, without what its agent has only written anew: of a removed line that the present version
 * says too, a digest is told once.
 * Promises: lines keep their order in the log; what the agent really removed is told; a file of too many lines is told as it lies.
 */
import type { ContentForm } from '../../domain/content.ts';
import type { SessionUid } from '../../domain/ids.ts';
import { linesOfChunks, TooLong } from '../../files/line-cutter.ts';
import type { ReadableDb } from '../../store/connection.ts';
import type { Extent, StoredFile } from '../../store/rows.ts';
import { fileChunks, rangeChunks } from '../../store/segments.ts';
import { contentOfLine } from './content.ts';

/** Each costs some forty bytes of memory. */
const LINES_MAX = 300_000;
const NEWLINE = new Uint8Array([0x0a]);

/** Lines of the log, each range of it ended by a newline; null where they cannot be told apart. */
export function saidOnce(
  db: ReadableDb,
  uid: SessionUid,
  file: StoredFile,
  form: ContentForm,
): Iterable<Uint8Array> | null {
  const present = presentContents(db, uid, file, form);
  return present === null ? null : linesOnce(db, uid, file, form, present);
}

type Hash = number | bigint;

/** Null where there are too many, or one is too long. */
function presentContents(
  db: ReadableDb,
  uid: SessionUid,
  file: StoredFile,
  form: ContentForm,
): ReadonlySet<Hash> | null {
  const present = new Set<Hash>();
  const read = form.reader('start');
  try {
    for (const line of linesOfChunks(fileChunks(db, uid, file))) {
      const content = contentOfLine(line, read);
      if (present.size === LINES_MAX) return null;
      if (content !== null) present.add(Bun.hash(content));
    }
  } catch (thrown) {
    if (thrown instanceof TooLong) return null;
    throw thrown;
  }
  return present;
}

function* linesOnce(
  db: ReadableDb,
  uid: SessionUid,
  file: StoredFile,
  form: ContentForm,
  present: ReadonlySet<Hash>,
): Generator<Uint8Array> {
  const read = form.reader('start');
  const isNew = (line: Uint8Array): boolean => {
    const content = contentOrUndefined(line, read);
    return content === undefined || (content !== null && !present.has(Bun.hash(content)));
  };
  for (const { range, isPresent } of partsOfLog(file)) {
    const chunks = rangeChunks(db, uid, file, [range]);
    if (isPresent) {
      yield* chunks;
      yield NEWLINE;
    } else yield* endedLines(chunks, isNew);
  }
}

/** The lines that are wanted, up to one that is too long for any digest. */
function* endedLines(
  chunks: Iterable<Uint8Array>,
  isWanted: (line: Uint8Array) => boolean,
): Generator<Uint8Array> {
  try {
    for (const line of linesOfChunks(chunks)) {
      if (!isWanted(line)) continue;
      yield line.slice();
      yield NEWLINE;
    }
  } catch (thrown) {
    if (!(thrown instanceof TooLong)) throw thrown;
  }
}

/** Undefined where the line is too long to tell. */
function contentOrUndefined(
  line: Uint8Array,
  read: ReturnType<ContentForm['reader']>,
): string | null | undefined {
  try {
    return contentOfLine(line, read);
  } catch (thrown) {
    if (thrown instanceof TooLong) return undefined;
    throw thrown;
  }
}

/** The log as ranges, in its order: those that the present version names, and those that it does not. */
function partsOfLog(file: StoredFile): { readonly range: Extent; readonly isPresent: boolean }[] {
  const parts: { range: Extent; isPresent: boolean }[] = [];
  let end = 0;
  for (const [offset, length] of file.extents.toSorted((a, b) => a[0] - b[0])) {
    if (offset > end) parts.push({ range: [end, offset - end], isPresent: false });
    const from = Math.max(end, offset);
    if (offset + length > from) parts.push({ range: [from, offset + length - from], isPresent: true });
    end = Math.max(end, offset + length);
  }
  if (end < file.logBytes) parts.push({ range: [end, file.logBytes - end], isPresent: false });
  return parts;
}
