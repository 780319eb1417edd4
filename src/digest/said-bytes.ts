/**
 * How long a record of JSON is, however it is written: its bytes as compact UTF-8.
 * Promises: equal for two writings of one record that differ in white space and escapes; never above the bytes that are there;
 * bytes that are no JSON have a length too. Time is linear in the line, and next to nothing where it is compact already.
 */
import { viewOf } from '../domain/bytes.ts';

/** White space is everywhere or nowhere: a line whose first bytes have none outside of strings is compact. */
const LOOKED_AT_BYTES = 96;
const ESCAPE = Buffer.from('\\u');
const SLASH = Buffer.from('\\/');
/** Escapes that compact JSON keeps, as two bytes: backspace, tab, line feed, form feed, carriage return, quote, backslash. */
const SHORT = new Set([0x08, 0x09, 0x0a, 0x0c, 0x0d, 0x22, 0x5c]);

/** Of a line or a document of JSON, in bytes. */
export function saidBytes(bytes: Uint8Array): number {
  const view = viewOf(bytes);
  const isSpaced = blanks(view, LOOKED_AT_BYTES) > 0 || isBlank(view[view.length - 1]);
  const saved = isSpaced ? blanks(view, view.length) : 0;
  return view.length - saved - saveable(view, ESCAPE) - saveable(view, SLASH);
}

/** White space outside of strings within the first bytes. */
function blanks(view: Buffer, within: number): number {
  const stop = Math.min(within, view.length);
  let count = 0;
  for (let at = 0; at < stop; at++) {
    const byte = view[at];
    if (byte === 0x22) at = stringEnd(view, at);
    else if (isBlank(byte)) count++;
  }
  return count;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a;
}

/** Where the quote stands that ends the string which is opened at `open`; where none does, the end. */
function stringEnd(view: Buffer, open: number): number {
  let quote = view.indexOf(0x22, open + 1);
  while (quote >= 0 && isEscaped(view, quote)) quote = view.indexOf(0x22, quote + 1);
  return quote < 0 ? view.length : quote;
}

/** Whether an odd run of backslashes stands before it. */
function isEscaped(view: Buffer, at: number): boolean {
  let before = at - 1;
  while (view[before] === 0x5c) before--;
  return (at - 1 - before) % 2 === 1;
}

/** What the escapes of that kind take more than the characters that they stand for. */
function saveable(view: Buffer, kind: Buffer): number {
  let saved = 0;
  for (let at = view.indexOf(kind); at >= 0; at = view.indexOf(kind, at + 2)) {
    if (isEscaped(view, at)) continue;
    saved += kind === SLASH ? 1 : savedBy(view, at);
  }
  return saved;
}

function savedBy(view: Buffer, at: number): number {
  const unit = unitAt(view, at);
  if (Number.isNaN(unit)) return 0;
  if (SHORT.has(unit)) return 4;
  if (unit < 0x20) return 0;
  if (unit < 0x80) return 5;
  if (unit < 0x800) return 4;
  // Of a pair each half counts for two of its four bytes; a half by itself stays an escape.
  if (isHigh(unit)) return isLow(unitAt(view, at + 6)) ? 4 : 0;
  if (isLow(unit)) return isHigh(unitAt(view, at - 6)) ? 4 : 0;
  return 3;
}

/** The code unit of the escape at `at`; NaN where there is none. */
function unitAt(view: Buffer, at: number): number {
  if (view[at] !== 0x5c || view[at + 1] !== 0x75 || isEscaped(view, at)) return Number.NaN;
  const digits = view.toString('latin1', at + 2, at + 6);
  return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : Number.NaN;
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
