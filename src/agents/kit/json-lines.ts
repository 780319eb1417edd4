/**
 * Lines of JSON as agents really write them, and as crashes leave them.
 * Promises: never throws on any bytes; time and memory are linear in the line, whatever it holds.
 * Never: drops the rest of a line because its beginning is torn. NUL blocks, glued records and torn prefixes are all
 * found in the wild (anthropics/claude-code#49876, #52387, #50347).
 */
import { isAscii } from 'node:buffer';
import type { LooseName } from '../../domain/agent.ts';
import { ownText, viewOf } from '../../domain/bytes.ts';
import { HEAD_LINES, HEAD_LINES_MAX, TIMES_AT_END } from '../../domain/peek.ts';
import { packingByName } from '../../domain/session.ts';
import type { Iso } from '../../domain/time.ts';

/** `x.jsonl` and `x.jsonl.zst`, the names of most transcripts; some programs have `x.jsonl.gz`. */
export function jsonlName(fileName: string): LooseName | null {
  const named = /^(.*)\.jsonl(?:\.zst|\.gz)?$/s.exec(fileName);
  return named === null ? null : { stem: named[1] ?? '', encoding: packingByName(fileName) };
}

/** A longer line is counted as unreadable and not parsed. An analysis gives out none: it leaves out giant strings first (`digest/lines.ts`). */
export const LINE_BYTES_MAX = 16 * 1024 * 1024;
/** Starts tried in vain within one broken line; more would let a hostile line cost more than its length. */
const STARTS_TRIED_MAX = 64;
/** Characters scanned for all starts of one broken line together, as a multiple of its length. */
const SCANS_OF_LINE_MAX = 4;

export type JsonRecord = { readonly [key: string]: unknown };

export interface LineRecords {
  readonly records: readonly JsonRecord[];
  /** Something on the line could not be read, besides NULs and blanks. */
  readonly torn: boolean;
}

const NOTHING: LineRecords = { records: [], torn: true };

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member `key` as a record, an empty one where it is anything else. */
export function recordAt(record: JsonRecord, key: string): JsonRecord {
  const value = record[key];
  return isRecord(value) ? value : {};
}

/** The member `key` as a list, an empty one where it is anything else. */
export function listAt(record: JsonRecord, key: string): readonly unknown[] {
  const value = record[key];
  return Array.isArray(value) ? value : [];
}

/** The member `key` as non-empty text, else null. */
export function textAt(record: JsonRecord, key: string): string | null {
  const value = record[key];
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A text or a number as text, else an empty one: of a list that is thousands deep none can be made. */
export function scalarText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? `${value}` : '';
}

/** The member `key` as a whole count from 0 up, at most what a number holds exactly; else 0. */
export function countAt(record: JsonRecord, key: string): number {
  const value = record[key];
  return typeof value === 'number' && value > 0 ? Math.min(Math.floor(value), Number.MAX_SAFE_INTEGER) : 0;
}

/** A longer id is a forged one; of many of them only a hash is remembered. */
const ID_CHARS_MAX = 200;

/** An id as something to remember: itself, or where it is endless, a hash of it. */
export function idKey(id: string): string {
  return id.length <= ID_CHARS_MAX ? ownText(id, ID_CHARS_MAX) : `long-${Bun.hash(id).toString(36)}`;
}

/** The text between the first `open` and the next `close`, or null. Linear, where a lazy pattern tries every `open` to the end. */
export function between(text: string, open: string, close: string): string | null {
  const at = text.indexOf(open);
  const end = at < 0 ? -1 : text.indexOf(close, at + open.length);
  return end < 0 ? null : text.slice(at + open.length, end);
}

/** Parses text that should be one JSON object; null where it is none. */
export function parseRecord(text: string): JsonRecord | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    // Not JSON is an answer here, not a failure: the caller tries what else the line may be.
    return null;
  }
}

/** The line without NULs and blanks around it; a view. */
export function trimmed(line: Uint8Array): Buffer {
  let start = 0;
  let end = line.length;
  while (start < end && isPadding(line[start])) start++;
  while (end > start && isPadding(line[end - 1])) end--;
  return viewOf(line).subarray(start, end);
}

/** A NUL or a blank: what may stand around a record. */
export function isPadding(byte: number | undefined): boolean {
  return byte === 0 || byte === 0x20 || byte === 0x0d || byte === 0x09 || byte === 0x0a;
}

/** All records of a line: usually one. Invalid UTF-8 becomes U+FFFD; lone surrogates stay in the strings. */
export function recordsOf(line: Uint8Array): LineRecords {
  if (line.length > LINE_BYTES_MAX) return NOTHING;
  const bytes = trimmed(line);
  // Millions of short lines without a record are told by a look, not by decoding each.
  if (bytes.indexOf(0x7b) < 0) return NOTHING;
  const text = decoded(bytes);
  const whole = text.startsWith('{') ? parseRecord(text) : null;
  return whole === null ? salvage(text) : { records: [whole], torn: false };
}

/** UTF-8 as text. Most lines are ASCII, which as latin1 is the same text at a third of the cost. */
function decoded(bytes: Buffer): string {
  return bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');
}

/** Takes what can be read from a broken line: records between NULs, glued together, or behind a torn one. */
function salvage(text: string): LineRecords {
  const records: JsonRecord[] = [];
  let torn = false;
  const budget = { starts: STARTS_TRIED_MAX, chars: text.length * SCANS_OF_LINE_MAX };
  for (const [piece] of text.matchAll(/[^\0]+/g)) {
    if (piece.trim() === '') continue;
    if (!takePiece(piece, records, budget)) torn = true;
  }
  return { records, torn };
}

/** True when all of `piece` was read. */
function takePiece(piece: string, into: JsonRecord[], budget: { starts: number; chars: number }): boolean {
  let at = 0;
  let complete = true;
  while (at < piece.length && budget.starts > 0 && budget.chars > 0) {
    const start = nextStart(piece, at);
    if (start < 0) break;
    if (piece.slice(at, start).trim() !== '') complete = false;
    const end = objectEnd(piece, start);
    budget.chars -= (end < 0 ? piece.length : end) - start;
    const record = end > 0 && endsRecord(piece, end) ? parseRecord(piece.slice(start, end)) : null;
    if (record === null) {
      complete = false;
      // Only what was tried in vain is counted: any number of whole records may be glued together.
      budget.starts--;
      at = start + 1;
    } else {
      into.push(record);
      at = end;
    }
  }
  return complete && piece.slice(at).trim() === '';
}

/** A record ends where the piece ends or the next one begins; an object inside a torn record ends in `,`, `]` or `}`. */
function endsRecord(text: string, end: number): boolean {
  const at = blanksEnd(text, end);
  return at === text.length || isStart(text, at);
}

/** Where an object with a first key begins. */
function nextStart(text: string, from: number): number {
  let at = text.indexOf('{', from);
  while (at >= 0 && !isStart(text, at)) at = text.indexOf('{', at + 1);
  return at;
}

function isStart(text: string, at: number): boolean {
  return text[at] === '{' && text[blanksEnd(text, at + 1)] === '"';
}

function blanksEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++;
  return at;
}

/** The index behind the object that begins at `start`, or -1 where it does not end. */
export function objectEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = stringEnd(text, at);
      if (at < 0) return -1;
    } else if (code === 0x7b || code === 0x5b) depth++;
    else if ((code === 0x7d || code === 0x5d) && --depth === 0) return at + 1;
  }
  return -1;
}

/** The index of the quote that ends the string opened at `open`, or -1. */
function stringEnd(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5c) at++;
    else if (code === 0x22) return at;
  }
  return -1;
}

/** The lines of a piece of a file that have something on them, views without their 0x0A; the last one may be torn. */
export function* linesWithin(bytes: Uint8Array): Generator<Buffer> {
  const view = viewOf(bytes);
  let start = 0;
  while (start < view.length) {
    const end = view.indexOf(0x0a, start);
    const stop = end < 0 ? view.length : end;
    if (!isEmptyLine(view, start, stop)) yield view.subarray(start, stop);
    start = stop + 1;
  }
}

/** The lines of a head that a first look takes; from `HEAD_LINES` on `isTold` is asked before each whether it is enough. */
export function* headLines(head: Uint8Array, isTold: () => boolean): Generator<Buffer> {
  let count = 0;
  for (const line of linesWithin(head)) {
    if (count >= HEAD_LINES_MAX || (count >= HEAD_LINES && isTold())) return;
    count++;
    yield line;
  }
}

/** The last `count` lines of a piece of a file, in their order. */
export function lastLines(bytes: Uint8Array, count: number): readonly Buffer[] {
  return linesFromEnd(bytes).take(count).toArray().reverse();
}

/**
 * The lines of a piece of a file that have something on them, the last one first. What seems to be the rest of a line that begins before the
 * piece is none.
 */
export function* linesFromEnd(bytes: Uint8Array): Generator<Buffer> {
  const view = viewOf(bytes);
  for (let stop = view.length; stop > 0; ) {
    const start = view.lastIndexOf(0x0a, stop - 1) + 1;
    const isRest = start === 0 && view[paddingEnd(view)] !== 0x7b;
    if (!isRest && !isEmptyLine(view, start, stop)) yield view.subarray(start, stop);
    stop = start - 1;
  }
}

function paddingEnd(view: Buffer): number {
  let at = 0;
  while (isPadding(view[at])) at++;
  return at;
}

/** The latest of the last times of lines, looked for from their end. */
export function latestOf(lines: readonly Buffer[], timesOf: (line: Buffer) => readonly Iso[]): Iso | null {
  const times: Iso[] = [];
  for (let n = lines.length - 1; n >= 0 && times.length < TIMES_AT_END; n--) {
    const line = lines[n];
    if (line !== undefined) times.push(...timesOf(line));
  }
  return times.sort().at(-1) ?? null;
}

/** The times of a line's records; of one that the end of a head cuts off the time that stands before. */
export function timesOfLine(
  line: Buffer,
  look: { scan(line: Buffer): string; time(): Iso | null },
  timeOf: (record: JsonRecord) => Iso | null,
): readonly Iso[] {
  const times = look.scan(line) === 'broken' ? recordsOf(line).records.map(timeOf) : [look.time()];
  return times.filter((at) => at !== null);
}

/** Nothing, or the half of a line end that is not 0x0A. */
function isEmptyLine(view: Buffer, start: number, stop: number): boolean {
  return stop === start || (stop === start + 1 && view[start] === 0x0d);
}

/** A title is shown shorter; whoever keeps it cuts it, once a secret at the cut was seen whole. */
const TITLE_CHARS_MAX = 1024;

/** Text on one line, at most `charsMax` UTF-16 units, for a title; a string of its own. */
export function titleOf(text: string, charsMax = TITLE_CHARS_MAX): string | null {
  const line = text
    .slice(0, charsMax * 8)
    .replace(/\s+/g, ' ')
    .trim();
  if (line === '') return null;
  if (line.length <= charsMax) return ownText(line, charsMax);
  return `${ownText(line, charsMax - 1).replace(/\ufffd$/, '')}…`;
}
