/**
 * A file's records one after the other, by what they say: to see whether another writing of it has them still.
 * Promises: at once, without waiting; memory is bounded by a record, or by a document of a bounded size.
 */
import type { AgentFormat } from '../../domain/agent.ts';
import { type ContentReader, type ContentRecord, canonicalText, exactRecord } from '../../domain/content.ts';
import { linesOfChunks, TooLong } from '../../files/line-cutter.ts';
import { elementsOf, MATCHED_BYTES_MAX } from '../rewrite.ts';
import { contentFormOf, contentOfLine, isUnread } from './content.ts';

export interface SaidRecord {
  /** Equal where the records say the same. */
  readonly says: string;
  readonly bytes: number;
  /** Whether it is a record of the agent's at all: no block of NULs, no page of a proxy. */
  readonly isReadable: boolean;
  /** Of a row of a database: by any of these it is known again though it says something else. Of all else none. */
  readonly names: readonly string[];
}

/** How a file is taken apart. `isOrdered`: whether the order of its records is content. */
export interface Cutting {
  readonly isDocument: boolean;
  readonly isOrdered: boolean;
  readonly isRows: boolean;
  /** A reader of the file from its first line on; null: lines are compared by their bytes. */
  readonly reader: (() => ContentReader) | null;
}

/** `agent`: null where it is not known here. */
export function cuttingOf(agent: AgentFormat | null, key: string): Cutting {
  const form = agent === null ? null : contentFormOf(agent, key);
  return {
    isDocument: agent?.isDocument?.(key) === true,
    isOrdered: form?.isOrdered ?? true,
    isRows: agent?.growth === 'rows',
    reader: form === null ? null : () => form.reader('start'),
  };
}

export function* recordsIn(chunks: Iterable<Uint8Array>, cutting: Cutting): Generator<SaidRecord> {
  if (cutting.isDocument) {
    yield* elementsIn(chunks);
    return;
  }
  const read = cutting.reader?.() ?? null;
  for (const line of linesOfChunks(chunks)) {
    const says = read === null ? bytesOf(line) : contentOfLine(line, read);
    if (says === null) continue;
    const isReadable = read === null ? /[^\0\s]/.test(says) : !isUnread(says);
    yield { says, bytes: line.length, isReadable, names: cutting.isRows ? namesOfRow(line) : [] };
  }
}

/**
 * A row is written anew in its place, under its key. A number is given again: in a database that was made anew, the first row is 1 again.
 * So one counts with the time at which the row was made; and a row that was put in once more has another number, and says the same.
 */
function namesOfRow(line: Uint8Array): readonly string[] {
  const record = exactRecord(Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('utf8'));
  const row = record?.['row'];
  if (typeof row !== 'object' || row === null) return [];
  const columns = row as ContentRecord;
  const table = String(record?.['table']);
  const key = columns['id'] ?? columns['key'] ?? columns['hash'] ?? '';
  // Long numbers are texts behind a NUL.
  const isNumber = typeof key === 'number' || String(key).startsWith('\0');
  if (!isNumber) return [`${table} ${key}`];
  const made = WHEN_MADE.map((name) => columns[name]).find((at) => at !== undefined && at !== null);
  const said = Object.entries(columns).filter(([name]) => name !== 'id' && !IS_TIME.test(name));
  return [`${table} ${key} ${made ?? ''}`, `${table} ${canonicalText(Object.fromEntries(said))}`];
}

const WHEN_MADE = ['created_timestamp', 'time_created', 'created_at', 'timestamp'];
const IS_TIME = /time|_at$/;

/** Without its line break: the last line may have none yet. */
function bytesOf(line: Uint8Array): string | null {
  const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('latin1');
  const said = text.replace(/\r?\n$/, '');
  return said === '' ? null : said;
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
    if (record !== null) yield { says: canonicalText(record), bytes: to - from, isReadable: true, names: [] };
  }
}
