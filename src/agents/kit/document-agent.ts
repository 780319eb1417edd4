/**
 * Transcripts that are one JSON document, written anew with every turn, as agents really leave them.
 * Promises: never throws on any bytes; time is bounded by a few readings of them; what cannot be parsed whole gives the
 * records that still stand in it.
 * Never: takes an object within a string for a record.
 */

import { viewOf } from '../../domain/bytes.ts';
import type { DocumentPart, PartCounts } from '../../domain/facts.ts';
import { isRecord, type JsonRecord, objectEnd, parseRecord } from './json-lines.ts';

/** Characters scanned for all objects of one part together, as a multiple of its length: objects lie within objects. */
const SCANS_OF_PART_MAX = 16;
/** What stands before the first list of a document, or behind its last one. */
const FIELDS_CHARS_MAX = 16 * 1024;

/** Objects in `text` for which `accepts` holds, outermost first, in their order; the rest of it may be torn. */
export function objectsWithin(text: string, accepts: (record: JsonRecord) => boolean): JsonRecord[] {
  const found: JsonRecord[] = [];
  let budget = text.length * SCANS_OF_PART_MAX;
  for (let at = text.indexOf('{'); at >= 0 && budget > 0; ) {
    const end = objectEnd(text, at);
    budget -= (end < 0 ? text.length : end) - at;
    const record = end < 0 ? null : parseRecord(text.slice(at, end));
    const isWanted = record !== null && accepts(record);
    if (isWanted) found.push(record);
    at = text.indexOf('{', isWanted ? end : at + 1);
  }
  return found;
}

/** How an agent's document holds its records. */
export interface DocumentShape {
  /** The records of a whole document; null where it is none of this agent's. */
  readonly recordsOf: (document: unknown) => readonly unknown[] | null;
  /** Whether an object that was found alone is one of them. */
  readonly isRecord: (record: JsonRecord) => boolean;
}

/**
 * Tells the records of one part. A record may be told more than once, as it was and as it is: the caller knows them by
 * their ids. `document` is called for a whole one, before its records.
 */
export function readPart(
  bytes: Uint8Array,
  part: DocumentPart,
  shape: DocumentShape,
  tell: (record: JsonRecord) => void,
  document?: (whole: JsonRecord) => void,
): PartCounts {
  const text = viewOf(bytes).toString('utf8');
  const whole = part === 'present' ? parseAny(text) : null;
  const records = whole === null ? null : shape.recordsOf(whole);
  if (records === null) {
    const found = objectsWithin(text, shape.isRecord);
    for (const record of found) tell(record);
    return { read: found.length, unreadable: part === 'present' && text.trim() !== '' ? 1 : 0 };
  }
  if (isRecord(whole)) document?.(whole);
  const readable = records.filter(isRecord);
  for (const record of readable) tell(record);
  // A document without a record yet has been read all the same.
  return { read: Math.max(1, readable.length), unreadable: records.length - readable.length };
}

function parseAny(text: string): unknown {
  try {
    // Editors of Windows put a mark of byte order before it.
    return JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text);
  } catch {
    // Torn: what still stands in it is looked for instead.
    return null;
  }
}

/** Texts and numbers beside a document's lists, and its first and last records, from its first and last bytes. */
export interface DocumentEnds {
  readonly fields: ReadonlyMap<string, string | number>;
  readonly records: readonly JsonRecord[];
  /** The document itself, where it was read as a whole and is no list. */
  readonly whole: JsonRecord | null;
}

/** What a whole document tells; null where the bytes are none. */
export function wholeDocument(bytes: Uint8Array, shape: DocumentShape): DocumentEnds | null {
  const text = viewOf(bytes).toString('utf8');
  return isBegun(text) ? toldByWhole(text, shape) : null;
}

function isBegun(text: string): boolean {
  return /^[\s\0\ufeff]*[[{]/.test(text.slice(0, 1024));
}

function toldByWhole(text: string, shape: DocumentShape): DocumentEnds | null {
  const whole = parseAny(text);
  const all = whole === null ? null : shape.recordsOf(whole);
  if (all === null) return null;
  const fields = new Map<string, string | number>();
  if (isRecord(whole))
    for (const [key, value] of Object.entries(whole))
      if (typeof value === 'string' || typeof value === 'number') fields.set(key, value);
  return { fields, records: all.filter(isRecord), whole: isRecord(whole) ? whole : null };
}

/** What the first and the last bytes tell of a document, whole or not. `head` and `tail` may overlap. */
export function documentEnds(head: Uint8Array, tail: Uint8Array, shape: DocumentShape): DocumentEnds | null {
  const first = viewOf(head).toString('utf8');
  if (!isBegun(first) || areLines(first)) return null;
  const told = toldByWhole(first, shape);
  if (told !== null) return told;
  const last = viewOf(tail).toString('utf8');
  const records = [...objectsWithin(first, shape.isRecord), ...objectsWithin(last, shape.isRecord)];
  const before = first.slice(0, first.indexOf('[')).slice(0, FIELDS_CHARS_MAX);
  const behind = last.slice(last.lastIndexOf(']') + 1).slice(-FIELDS_CHARS_MAX);
  return { fields: fieldsIn(before + behind), records, whole: null };
}

/** Lines of records are no torn document: the members of another agent's first record would be taken for those of one. */
function areLines(text: string): boolean {
  const end = text.indexOf('\n');
  return end >= 0 && /^\s*\{/.test(text.slice(end)) && parseRecord(text.slice(0, end)) !== null;
}

function fieldsIn(text: string): Map<string, string | number> {
  const fields = new Map<string, string | number>();
  for (const [, key = '', value = ''] of text.matchAll(
    /"([A-Za-z_]{1,64})"\s*:\s*("(?:[^"\\]|\\.){0,4096}"|\d{1,16})/g,
  )) {
    const parsed = parseRecord(`{"v":${value}}`)?.['v'];
    if (!fields.has(key) && (typeof parsed === 'string' || typeof parsed === 'number'))
      fields.set(key, parsed);
  }
  return fields;
}
