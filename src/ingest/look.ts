/**
 * A look at one file on disk beside the version that is stored of it.
 * Promises: an append to a known file is proven by two hashes; all else is held against the stored bytes, and where those differ against
 * what they say. Changes nothing.
 */
import type { SessionUid } from '../domain/ids.ts';
import type { Source } from '../files/source.ts';
import type { Standing } from '../identity/whose.ts';
import type { ReadableDb } from '../store/connection.ts';
import type { KnownSource } from '../store/read-sources.ts';
import type { StoredFile } from '../store/rows.ts';
import { fileChunks, sameBytes, sha256 } from '../store/segments.ts';
import { compare } from './compare.ts';
import { bringsMore, type ContentComparison, compareContent, contentFormOf } from './content/content.ts';
import type { FoundFile } from './discover/discover.ts';

const HEAD_BYTES = 4096;
const TAIL_BYTES = 64 * 1024;

/** How a file stands to the stored version of it, and where the first difference lies. */
export interface FileLook {
  readonly standing: Exclude<Standing, 'unknown'>;
  /** Its bytes are others, and say the same as the stored ones, more, or less. */
  readonly isWrittenAnew: boolean;
  /** Where the line begins in which the first difference lies. */
  readonly lineStartBytes: number;
  /** The cheap proof was enough: nothing was read. */
  readonly isPlainAppend: boolean;
  readonly readBytes: number;
}

/** Holds a file against what is stored of it. `full`: byte by byte, whatever its marks say. */
export async function lookAt(
  { db, uid }: { readonly db: ReadableDb; readonly uid: SessionUid },
  file: FoundFile,
  source: Source,
  stored: StoredFile,
  full: boolean,
): Promise<FileLook> {
  const plain = { isWrittenAnew: false, lineStartBytes: 0, isPlainAppend: false, readBytes: 0 };
  if (!full && isPlainAppend(uid, file, source, stored))
    return { ...plain, standing: 'grown', isPlainAppend: true };
  const { kind, commonBytes, lineStartBytes } = await compare(source.chunks(), fileChunks(db, uid, stored));
  const look = { ...plain, standing: kind, lineStartBytes, readBytes: commonBytes };
  if (kind === 'same' || kind === 'grown') return look;
  const says = await contentDifference(db, uid, file, source, stored, lineStartBytes);
  return says === 'different' ? look : { ...look, standing: says, isWrittenAnew: true };
}

/** How what a file says stands to what is stored of it, from the first line on that differs. */
async function contentDifference(
  db: ReadableDb,
  uid: SessionUid,
  file: FoundFile,
  source: Source,
  stored: StoredFile,
  fromLine: number,
): Promise<ContentComparison> {
  const form = contentFormOf(file.agent, file.class.key);
  if (form === null) return 'different';
  // Where the order is no content, what differs may stand anywhere.
  const from = form.isOrdered ? fromLine : 0;
  const ours = fromByte(fileChunks(db, uid, stored), from);
  return compareContent(form, ours, source.chunks(from), from === 0 ? 'start' : 'later');
}

/**
 * Whether a file of lines that says the same as its stored version holds what is not stored: `lineStartBytes` of the look at it. What an agent
 * has put into a database, or taken over from one, is in another form throughout.
 */
export async function holdsMore(
  { db, uid }: { readonly db: ReadableDb; readonly uid: SessionUid },
  file: FoundFile,
  source: Source,
  stored: StoredFile,
  lineStartBytes: number,
): Promise<boolean> {
  const form = contentFormOf(file.agent, file.class.key);
  if (form === null || !form.isOrdered) return false;
  return bringsMore(
    form,
    () => fromByte(fileChunks(db, uid, stored), lineStartBytes),
    () => source.chunks(lineStartBytes),
  );
}

/** The cheap proof of an append: the same inode, the same head, the same tail before where it ended. */
function isPlainAppend(uid: SessionUid, file: FoundFile, source: Source, stored: StoredFile): boolean {
  const known: KnownSource | null = file.known;
  if (known === null || known.headSha256 === null || known.tailSha256 === null || source.encoding !== 'plain')
    return false;
  // Rows are changed in their place, wherever they stand.
  if (file.contained?.container.kind === 'rows' || file.contained?.container.kind === 'tree') return false;
  // What is known of this path may be of another session that claims the same id.
  if (known.uid !== uid || known.key !== file.class.key) return false;
  if (known.takenBytes !== stored.rawBytes || source.sizeBytes <= known.takenBytes) return false;
  if (known.stat.split(':')[2] !== source.stat.split(':')[2]) return false;
  const marks = marksOf(source, known.takenBytes);
  return sameBytes(marks.head, known.headSha256) && sameBytes(marks.tail, known.tailSha256);
}

interface Marks {
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}

export function marksOf(source: Source, takenBytes: number): Marks {
  const tailBytes = Math.min(TAIL_BYTES, takenBytes);
  return {
    head: sha256(source.readAt(0, Math.min(HEAD_BYTES, takenBytes))),
    tail: sha256(source.readAt(takenBytes - tailBytes, tailBytes)),
  };
}

/** The same of all that was taken, where it lies in memory. `whole`: its hash, which a short file's tail has too. */
export function marksOfBytes(taken: Uint8Array, whole: Uint8Array): Marks {
  return {
    head: taken.length <= HEAD_BYTES ? whole : sha256(taken.subarray(0, HEAD_BYTES)),
    tail: taken.length <= TAIL_BYTES ? whole : sha256(taken.subarray(-TAIL_BYTES)),
  };
}

/** What follows the first bytes. */
export function* fromByte(chunks: Iterable<Uint8Array>, from: number): Generator<Uint8Array> {
  let skip = from;
  for (const chunk of chunks) {
    const part = chunk.subarray(Math.min(skip, chunk.length));
    skip -= chunk.length - part.length;
    if (part.length > 0) yield part;
  }
}
