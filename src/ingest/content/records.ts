/**
 * A file's records one after the other, by what they say: to see whether another writing of it has them still.
 * Promises: at once, without waiting; memory is bounded by a record, or by a document of a bounded size.
 */
import type { AgentFormat } from '../../domain/agent.ts';
import { type ContentReader, canonicalJson, exactRecord } from '../../domain/content.ts';
import { elementsOf, MATCHED_BYTES_MAX } from '../rewrite.ts';
import { contentFormOf, contentOfLine } from './content.ts';

export interface SaidRecord {
  /** Equal where the records say the same. */
  readonly says: string;
  readonly bytes: number;
}

/** How a file is taken apart. `isOrdered`: whether the order of its records is content. */
export interface Cutting {
  readonly isDocument: boolean;
  readonly isOrdered: boolean;
  /** A reader of the file from its first line on; null: lines are compared by their bytes. */
  readonly reader: (() => ContentReader) | null;
}

/** `agent`: null where it is not known here. */
export function cuttingOf(agent: AgentFormat | null, key: string): Cutting {
  const form = agent === null ? null : contentFormOf(agent, key);
  return {
    isDocument: agent?.isDocument?.(key) === true,
    isOrdered: form?.isOrdered ?? true,
    reader: form === null ? null : () => form.reader('start'),
  };
}

/** What cannot be taken apart: a line or a document that is too long to be held. */
export class TooLong extends Error {}

export function* recordsIn(chunks: Iterable<Uint8Array>, cutting: Cutting): Generator<SaidRecord> {
  if (cutting.isDocument) {
    yield* elementsIn(chunks);
    return;
  }
  const read = cutting.reader?.() ?? null;
  for (const line of linesIn(chunks)) {
    const says = read === null ? bytesOf(line) : contentOrThrow(line, read);
    if (says !== null) yield { says, bytes: line.length };
  }
}

function contentOrThrow(line: Uint8Array, read: ContentReader): string | null {
  try {
    return contentOfLine(line, read);
  } catch (thrown) {
    throw new TooLong('a record is too long', { cause: thrown });
  }
}

/** Without its line break: the last line may have none yet. */
function bytesOf(line: Uint8Array): string | null {
  const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('latin1');
  const said = text.replace(/\r?\n$/, '');
  return said === '' ? null : said;
}

/** Lines with their line break, each a view for as long as the next one is not asked for. */
function* linesIn(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  let torn: Uint8Array[] = [];
  let tornBytes = 0;
  for (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      const part = chunk.subarray(from, end + 1);
      yield torn.length === 0 ? part : Buffer.concat([...torn, part]);
      torn = [];
      tornBytes = 0;
      from = end + 1;
    }
    if (from < chunk.length) torn.push(chunk.slice(from));
    tornBytes += chunk.length - from;
    if (tornBytes > MATCHED_BYTES_MAX) throw new TooLong('a line does not end');
  }
  if (torn.length > 0) yield Buffer.concat(torn);
}

function* elementsIn(chunks: Iterable<Uint8Array>): Generator<SaidRecord> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > MATCHED_BYTES_MAX) throw new TooLong('a document is too long to be held');
    parts.push(chunk.slice());
  }
  const whole = Buffer.concat(parts);
  const pieces = elementsOf(whole);
  if (pieces === null) throw new TooLong('a document has too many elements');
  for (const [from, to] of pieces) {
    if (whole[from] !== 0x7b || (from === 0 && to === whole.length)) continue;
    const text = whole.toString('utf8', from, to);
    const record = exactRecord(text);
    // What stands before the first element begins with a brace too, and is no record.
    if (record !== null) yield { says: canonicalJson(record), bytes: to - from };
  }
}
