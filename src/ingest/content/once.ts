/**
 * All that was ever stored of a transcript, without what its agent has only written anew: of a removed line that the present version
 * says too, a digest is told once.
 * Promises: lines keep their order in the log; what the agent really removed is told; a file of too many lines is told as it lies.
 */
import type { ContentForm } from '../../domain/content.ts';
import type { SessionUid } from '../../domain/ids.ts';
import type { ReadableDb } from '../../store/connection.ts';
import type { Extent, StoredFile } from '../../store/rows.ts';
import { fileChunks, rangeChunks } from '../../store/segments.ts';
import { linesIn } from '../rewrite.ts';
import { contentOfLine } from './content.ts';

/** Each costs some forty bytes of memory. */
const LINES_MAX = 300_000;
const NEWLINE = new Uint8Array([0x0a]);

/** Lines of the log, each range of it ended by a newline; null where they cannot be told apart. */
export async function saidOnce(
  db: ReadableDb,
  uid: SessionUid,
  file: StoredFile,
  form: ContentForm,
): Promise<AsyncIterable<Uint8Array> | null> {
  const present = await presentContents(db, uid, file, form);
  return present === null ? null : linesOnce(db, uid, file, form, present);
}

type Hash = number | bigint;

async function presentContents(
  db: ReadableDb,
  uid: SessionUid,
  file: StoredFile,
  form: ContentForm,
): Promise<ReadonlySet<Hash> | null> {
  const present = new Set<Hash>();
  const read = form.reader('start');
  for await (const line of linesIn(fileChunks(db, uid, file))) {
    const content = line === null ? undefined : contentOrUndefined(line, read);
    if (content === undefined || present.size === LINES_MAX) return null;
    if (content !== null) present.add(Bun.hash(content));
  }
  return present;
}

/** Undefined where the line is too long to tell. */
function contentOrUndefined(
  line: Uint8Array,
  read: ReturnType<ContentForm['reader']>,
): string | null | undefined {
  try {
    return contentOfLine(line, read);
  } catch {
    return undefined;
  }
}

async function* linesOnce(
  db: ReadableDb,
  uid: SessionUid,
  file: StoredFile,
  form: ContentForm,
  present: ReadonlySet<Hash>,
): AsyncGenerator<Uint8Array> {
  const read = form.reader('start');
  for (const { range, isPresent } of partsOfLog(file)) {
    const chunks = rangeChunks(db, uid, file, [range]);
    if (isPresent) {
      for (const chunk of chunks) yield chunk;
      yield NEWLINE;
      continue;
    }
    for await (const line of linesIn(chunks)) {
      const content = line === null ? undefined : contentOrUndefined(line, read);
      if (line === null || (content !== undefined && (content === null || present.has(Bun.hash(content)))))
        continue;
      yield line.slice();
      yield NEWLINE;
    }
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
