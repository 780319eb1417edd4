/**
 * SQLite's records and cells, decoded without SQLite, for a store whose pages it refuses to read.
 * Promises: never reads outside the page that it is given; what does not decode is null, not a guess.
 * Source of the format: "Database File Format" of sqlite.org, sections 1.6 and 2.1.
 */

export type Value = null | number | string | Uint8Array;

/** The four kinds of b-tree pages, by their first byte. */
export const PAGE_KIND = {
  indexInterior: 0x02,
  tableInterior: 0x05,
  indexLeaf: 0x0a,
  tableLeaf: 0x0d,
} as const;

/** Where a page's b-tree header begins: page 1 has the file's header before it. */
export function headerAt(pageNo: number): number {
  return pageNo === 1 ? 100 : 0;
}

export interface Varint {
  readonly value: number;
  readonly next: number;
}

/** A varint of at most nine bytes; null where it ends outside, or does not fit a number exactly. */
export function varint(bytes: Uint8Array, at: number): Varint | null {
  let value = 0n;
  for (let i = 0; i < 9; i += 1) {
    const byte = bytes[at + i];
    if (byte === undefined) return null;
    value = i === 8 ? (value << 8n) | BigInt(byte) : (value << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80 || i === 8) return exact(BigInt.asIntN(64, value), at + i + 1);
  }
  return null;
}

function exact(value: bigint, next: number): Varint | null {
  const number = Number(value);
  return Number.isSafeInteger(number) ? { value: number, next } : null;
}

/** How many bytes of a payload lie in the cell itself; the rest is in overflow pages. */
export function localBytes(payloadBytes: number, usableBytes: number, isTable: boolean): number {
  const most = isTable ? usableBytes - 35 : Math.floor(((usableBytes - 12) * 64) / 255) - 23;
  if (payloadBytes <= most) return payloadBytes;
  const least = Math.floor(((usableBytes - 12) * 32) / 255) - 23;
  const wanted = least + ((payloadBytes - least) % (usableBytes - 4));
  return wanted <= most ? wanted : least;
}

/** The columns of a record, null where its header or its length cannot be right. */
export function recordOf(payload: Uint8Array): Value[] | null {
  const header = varint(payload, 0);
  if (header === null || header.value < 1 || header.value > payload.length) return null;
  const values: Value[] = [];
  let body = header.value;
  for (let at = header.next; at < header.value; ) {
    const type = varint(payload, at);
    if (type === null || type.next > header.value || type.value < 0) return null;
    at = type.next;
    const bytes = bytesOfType(type.value);
    if (bytes === null || body + bytes > payload.length) return null;
    const value = valueFrom(type.value, payload.subarray(body, body + bytes));
    if (value === undefined) return null;
    values.push(value);
    body += bytes;
  }
  return body === payload.length ? values : null;
}

const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8];

function bytesOfType(type: number): number | null {
  if (type < INTEGER_BYTES.length) return INTEGER_BYTES[type] ?? null;
  if (type === 7) return 8;
  if (type === 8 || type === 9) return 0;
  return type >= 12 ? Math.floor((type - 12) / 2) : null;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function valueFrom(type: number, bytes: Uint8Array): Value | undefined {
  if (type === 0) return null;
  if (type === 8) return 0;
  if (type === 9) return 1;
  if (type === 7) return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0);
  if (type < 7) return integerOf(bytes);
  if (type % 2 === 0) return bytes.slice();
  try {
    return UTF8.decode(bytes);
  } catch {
    // Text that is no UTF-8 was not written by this program: the row is damaged.
    return undefined;
  }
}

function integerOf(bytes: Uint8Array): number | undefined {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return exact(BigInt.asIntN(bytes.length * 8, value), 0)?.value;
}
