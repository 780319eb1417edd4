/**
 * What an archive may make this program hold. An archive may be anybody's: a few bytes of it must not become many, so everything
 * is measured before it is opened. The bounds stand in docs/security.md too.
 * Promises: of a zstd frame its size is told without opening it; of a JSON text how deep and how wide it is, without parsing it.
 */
import { SEGMENT_BYTES } from '../store/segments.ts';

/** A line holds the rows of one session; the largest genuine one that was seen has some 100 KiB. */
export const LINE_BYTES_MAX = 16 * 1024 * 1024;
/** zstd makes what it cannot compress longer, by less than this. */
const OVERHEAD_BYTES = 128 * 1024;
/** Compressed, as it lies in the file. */
export const RECORD_BYTES_MAX = LINE_BYTES_MAX + OVERHEAD_BYTES;
export const SEGMENT_STORED_BYTES_MAX = SEGMENT_BYTES + OVERHEAD_BYTES;
/** Objects, lists and their members in one line: each may take a hundred times its bytes when it is parsed. */
const VALUES_MAX = 400_000;
const DEPTH_MAX = 32;
export const FILES_MAX = 20_000;
export const SEGMENTS_MAX = 100_000;
export const DIGESTS_MAX = 1000;
/** Of one session, all together. */
export const DIGESTS_BYTES_MAX = 16 * 1024 * 1024;
/** Of one digest: those that are made have 64 KiB at most, and an analyzer's summary may come on top. */
export const DIGEST_BYTES_MAX = 256 * 1024;
/** Names of what should follow are kept in memory: beyond this many characters the rest of a cut file is not named. */
export const NAMES_CHARS_MAX = 8 * 1024 * 1024;
/** Entries of one list of the report; the others are counted. */
export const REPORT_ENTRIES_MAX = 10_000;
/** Bytes that are looked at more than once to find the next whole record behind damage. Then each is looked at once. */
export const REREAD_BYTES_MAX = 64 * 1024 * 1024;
/** A version may name bytes of its log several times (a line that stands in it twice), but not without end. */
export const REPEATS_MAX = 100;

const MAGIC = 0xfd2fb528;
const BLOCK_HEADER_BYTES = 3;

/** What one zstd frame would become, or what is wrong with it: it must say its size, stand alone and be whole. */
export function plainBytesOf(data: Uint8Array): number | string {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length < 6 || bytes.readUInt32LE(0) !== MAGIC) return 'it is no zstd';
  const descriptor = bytes.readUInt8(4);
  const isSingle = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeAt = 5 + (isSingle ? 0 : 1) + dictionaryBytes;
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  if (dictionaryBytes > 0) return 'its zstd wants a dictionary';
  if (sizeBytes === 0) return 'its zstd does not say how much it holds';
  if (bytes.length < sizeAt + sizeBytes) return 'its zstd is cut off';
  const end = frameEnd(bytes, sizeAt + sizeBytes, (descriptor & 4) !== 0);
  if (end === null || end > bytes.length) return 'its zstd is cut off';
  if (end < bytes.length) return 'something stands behind its zstd';
  const size = bytes.readUIntLE(sizeAt, Math.min(sizeBytes, 6)) + (sizeBytes === 2 ? 256 : 0);
  return sizeBytes === 8 && bytes.readUInt16LE(sizeAt + 6) > 0 ? Number.MAX_SAFE_INTEGER : size;
}

/** Where the blocks that begin at `from` end, with their checksum; null where they are no blocks (RFC 8878, 3.1.1.2). */
function frameEnd(bytes: Buffer, from: number, hasChecksum: boolean): number | null {
  for (let at = from; at + BLOCK_HEADER_BYTES <= bytes.length; ) {
    const block = bytes.readUIntLE(at, BLOCK_HEADER_BYTES);
    const type = (block >> 1) & 3;
    if (type === 3) return null;
    // A block of one repeated byte holds that byte only.
    at += BLOCK_HEADER_BYTES + (type === 1 ? 1 : block >> 3);
    if ((block & 1) !== 0) return at + (hasChecksum ? 4 : 0);
  }
  return null;
}

const DAMAGED = 'its zstd is damaged';

/** The plain bytes of one frame, where it is one and holds no more than `max`; else what is wrong. */
export function opened(data: Uint8Array, max: number): Uint8Array | string {
  const size = boundedSize(data, max);
  if (typeof size === 'string') return size;
  try {
    return ofSize(Bun.zstdDecompressSync(data), size);
  } catch {
    return DAMAGED;
  }
}

/** The same, for what is large: it is opened aside, while this thread has other work. */
export async function openedAside(data: Uint8Array, max: number): Promise<Uint8Array | string> {
  const size = boundedSize(data, max);
  if (typeof size === 'string') return size;
  try {
    return ofSize(await Bun.zstdDecompress(data), size);
  } catch {
    return DAMAGED;
  }
}

function boundedSize(data: Uint8Array, max: number): number | string {
  const size = plainBytesOf(data);
  if (typeof size === 'string' || size <= max) return size;
  return `it would become ${size} bytes, where ${max} are the most`;
}

function ofSize(plain: Uint8Array, size: number): Uint8Array | string {
  return plain.length === size ? plain : 'its zstd does not hold as much as it says';
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
/** What is smaller than this is parsed as it is: it cannot become large. */
const SMALL_BYTES = 64 * 1024;

/** Why a JSON text must not be parsed, or null. Texts that are no JSON may pass: the parser refuses them. */
export function jsonProblem(json: Uint8Array): string | null {
  if (json.length < SMALL_BYTES) return null;
  let [depth, values] = [0, 0];
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === QUOTE) at = stringEnd(json, at);
    else if (byte === OPEN_LIST && isRange(json, at)) {
      at = json.indexOf(CLOSE_LIST, at);
      values += RANGE_VALUES;
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      depth += 1;
      values += 1;
      if (depth > DEPTH_MAX) return 'it is nested too deep';
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1;
    else if (byte === COMMA) values += 1;
    if (values > VALUES_MAX) return `it holds more than ${VALUES_MAX} values`;
  }
  return null;
}

/**
 * What two numbers count as that are a range of a log: a transcript that was written anew many times has hundreds of thousands, and
 * each is small. With the comma behind it, which counts as one, it is half of a value.
 */
const RANGE_VALUES = -0.5;
const RANGE_CHARS_MAX = 40;

function isRange(json: Uint8Array, from: number): boolean {
  const close = json.subarray(from, from + RANGE_CHARS_MAX).indexOf(CLOSE_LIST);
  return close > 0 && /^\[\d+,\d+$/.test(Buffer.from(json.subarray(from, from + close)).toString('latin1'));
}

interface Whole {
  readonly meta: { readonly files: readonly unknown[] };
  readonly digests: readonly { readonly json: string }[];
  readonly segments: readonly unknown[];
}

/** Why a session is more than an archive may hold, or null. */
export function sessionProblem({ meta, digests, segments }: Whole): string | null {
  const digestsBytes = digests.reduce((sum, { json }) => sum + json.length, 0);
  return (
    tooMany(meta.files.length, 'files', FILES_MAX) ??
    tooMany(segments.length, 'segments', SEGMENTS_MAX) ??
    tooMany(digests.length, 'digests', DIGESTS_MAX) ??
    tooMany(digestsBytes, 'bytes of digests', DIGESTS_BYTES_MAX) ??
    rowsProblem(meta)
  );
}

function tooMany(n: number, what: string, max: number): string | null {
  return n > max ? `it has ${n} ${what}, where ${max} are the most` : null;
}

function rowsProblem(rows: object): string | null {
  const json = Buffer.from(JSON.stringify(rows));
  // The line has its kind and a line break beside the rows.
  if (json.length > LINE_BYTES_MAX - OVERHEAD_BYTES) return `its rows take ${json.length} bytes`;
  return jsonProblem(json);
}

/** Where the string that begins at `from` has its closing quote. */
function stringEnd(json: Uint8Array, from: number): number {
  for (let at = from + 1; ; at += 1) {
    const close = json.indexOf(QUOTE, at);
    if (close < 0) return json.length;
    let escapes = 0;
    while (json[close - 1 - escapes] === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return close;
    at = close;
  }
}
