/**
 * Where the sessions lie in one text of many conversations.
 * Promises: the ranges follow each other and cover the text from its first byte to its last; memory is bounded by a chunk.
 */
import type { TextContainer } from '../../domain/contained.ts';
import type { SourceFile } from '../source.ts';

export interface TextRange {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  /** Of its content: the same text, the same bytes. */
  readonly stat: string;
}

const CHUNK_BYTES = 1024 * 1024;
/** A longer line begins no session. */
const LINE_BYTES_MAX = 4096;

/** What stands before the first line that begins a session belongs to that session; a text without any holds none. */
export function* textRanges(source: SourceFile, container: TextContainer): Generator<TextRange> {
  const counts = new Map<string, number>();
  let open: { id: string; from: number } | null = null;
  for (const { at, id } of starts(source, container)) {
    if (open !== null) yield range(source, open, at);
    const count = (counts.get(id) ?? 0) + 1;
    counts.set(id, count);
    open = { id: count === 1 ? id : `${id}.${count}`, from: open === null ? 0 : at };
  }
  if (open !== null) yield range(source, open, source.sizeBytes);
}

function range(source: SourceFile, { id, from }: { id: string; from: number }, to: number): TextRange {
  const hasher = new Bun.CryptoHasher('sha256');
  for (let at = from; at < to; at += CHUNK_BYTES)
    hasher.update(source.readAt(at, Math.min(CHUNK_BYTES, to - at)));
  // The third part is the inode, as in a file's own stat: so an append is known by it.
  return { id, from, to, stat: `text:${hasher.digest('hex')}:${source.stat.split(':')[2] ?? ''}` };
}

/**
 * Where sessions begin: at the line that says so or, as programs write both at once, at the empty one before it. Were that the
 * last of the session before, it would grow once more when the next one is begun, and come back though it was evicted.
 */
function* starts(source: SourceFile, container: TextContainer): Generator<{ at: number; id: string }> {
  /** The offset of the line before where that is empty. */
  let emptyAt: number | null = null;
  let rest: Uint8Array = new Uint8Array(0);
  let isLongLine = false;
  for (let at = 0; at < source.sizeBytes; at += CHUNK_BYTES) {
    const chunk = Buffer.concat([rest, source.readAt(at, Math.min(CHUNK_BYTES, source.sizeBytes - at))]);
    const base = at - rest.length;
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
      const id =
        isLongLine || end - from > LINE_BYTES_MAX ? null : container.begins(chunk.subarray(from, end));
      if (id !== null) yield { at: emptyAt ?? base + from, id };
      const isEmpty = !isLongLine && (end === from || (end === from + 1 && chunk[from] === 0x0d));
      emptyAt = isEmpty ? base + from : null;
      isLongLine = false;
      from = end + 1;
    }
    rest = chunk.subarray(from);
    if (rest.length <= LINE_BYTES_MAX) continue;
    rest = new Uint8Array(0);
    isLongLine = true;
  }
  if (isLongLine || rest.length === 0) return;
  const id = container.begins(rest);
  if (id !== null) yield { at: emptyAt ?? source.sizeBytes - rest.length, id };
}
