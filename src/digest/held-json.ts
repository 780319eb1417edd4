/**
 * JSON text that comes in pieces, held whole up to a size; beyond it, without most of each of its giant strings, so that
 * the words beside a pasted picture are read though the picture is not held.
 * Promises: memory is bounded by `capacity`, time is linear in the text, whatever it holds; what is held depends on the
 * text alone, not on its pieces; text that is JSON stays JSON, with only giant strings shortened, also where JSON stands
 * within a string of it, as rows of databases have it.
 * Never: changes text that fits.
 */

/** How much of a giant string stays. Beyond the first only where the text does not fit even so. */
interface Level {
  readonly stringBytes: number;
  /** Whether a string that holds JSON is not cut itself, but the strings in it. */
  readonly isNested: boolean;
}

export const LEVELS: readonly Level[] = [
  // More than a digest shows of any text, also where each character is written as an escape.
  { stringBytes: 64 * 1024, isNested: true },
  { stringBytes: 4 * 1024, isNested: true },
  { stringBytes: 1024, isNested: false },
];

/** Stands where the rest of a string was left out. */
export const CUT_MARK = '…[cut]';
const MARK = Buffer.from(CUT_MARK);
const MARK_AND_QUOTES = Buffer.from(`${CUT_MARK}\\"`);
/** Room for what one byte of the text may add. */
const ROOM_BYTES = 64;
/** A string is giant where it is so much longer than what stays of it. As much as the room, so that nothing is full within one that is left out. */
const WORTH_BYTES = ROOM_BYTES;
/** JSON within a string may have a few signs before it, as Hermes writes it. */
const PREFIX_CHARS = 16;
const BUFFER_BYTES_FIRST = 64 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BLANK = 0x20;

export class HeldJson {
  readonly #capacity: number;
  readonly #levels: readonly Level[];
  #bytes = new Uint8Array(0);
  #length = 0;
  /** Of `#levels`; -1 while nothing is left out. */
  #level = -1;
  #strings = new Strings({ stringBytes: 0, isNested: false });
  /** What is held does not begin where the text does: it cannot be read anew. */
  #isEndOnly = false;

  constructor(capacity: number, levels: readonly Level[] = LEVELS) {
    this.#capacity = capacity;
    this.#levels = levels;
  }

  get length(): number {
    return this.#length;
  }

  /** A view, good until more is taken. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
    this.#level = -1;
    this.#isEndOnly = false;
    // A huge line is rare; its memory would stay for all that follow.
    if (this.#bytes.length >= this.#capacity) this.#bytes = new Uint8Array(0);
  }

  /** Drops all but the last bytes, so that more of the same text can be taken. */
  keepEnd(bytes: number): void {
    const from = Math.max(0, this.#length - bytes);
    this.#bytes.copyWithin(0, from, this.#length);
    this.#length -= from;
    this.#isEndOnly = true;
  }

  /** Takes `part` from an offset on. Returns up to where: below `part.length` where no more can be held. */
  take(part: Uint8Array, from = 0): number {
    let at = from;
    if (this.#level < 0) {
      at = this.#copy(part, at);
      if (at === part.length) return at;
      this.#cutMore();
    }
    for (;;) {
      at = this.#cut(part, at, this.#capacity - ROOM_BYTES);
      if (at === part.length || !this.#cutMore()) return at;
    }
  }

  #copy(part: Uint8Array, from: number): number {
    const end = Math.min(part.length, from + this.#capacity - this.#length);
    const length = this.#length + end - from;
    if (length > this.#bytes.length) {
      const bytes = Math.max(length, this.#bytes.length * 2, BUFFER_BYTES_FIRST);
      const grown = new Uint8Array(Math.min(this.#capacity, bytes));
      grown.set(this.bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(part.subarray(from, end), this.#length);
    this.#length = length;
    return end;
  }

  /**
   * Reads what is held anew, with less of each string; false where there is no such level any more. It is only done behind a byte
   * that was kept, so that what was left out lies within strings that have ended.
   */
  #cutMore(): boolean {
    const level = this.#levels[this.#level + 1];
    if (level === undefined || this.#isEndOnly) return false;
    const held = this.bytes;
    this.#strings = new Strings(level);
    this.#length = 0;
    // In place: what is written never overtakes what is read.
    this.#cut(held, 0, Number.POSITIVE_INFINITY);
    this.#level++;
    return true;
  }

  /** Appends `part` from `at` on without its giant strings, while less than `lengthMax` is held. */
  #cut(part: Uint8Array, from: number, lengthMax: number): number {
    const out = this.#bytes;
    const strings = this.#strings;
    let length = this.#length;
    let at = from;
    while (at < part.length && length < lengthMax) {
      if (strings.isDropping) {
        at = strings.skip(part, at);
        if (at === part.length) break;
      }
      const byte = part[at++] ?? 0;
      const wasDropping = strings.isDropping;
      const undone = strings.next(byte);
      if (strings.isDropping && !wasDropping) length -= undone;
      else if (wasDropping && !strings.isDropping) {
        const end = strings.isInString ? MARK_AND_QUOTES : MARK;
        out.set(end, length);
        length += end.length;
        if (!strings.isInString) out[length++] = byte;
      } else if (!wasDropping) out[length++] = byte;
    }
    this.#length = length;
    return at;
  }
}

/**
 * Follows JSON text byte by byte: which are of a string, where it is giant, and where it may be cut: between two
 * characters, escaped or not, and only behind a blank or a sign that is not ASCII, so that no half of a secret stays.
 */
class Strings {
  readonly #level: Level;
  isInString = false;
  /** The rest of the present string is left out. */
  isDropping = false;
  /** Within the string of the text: behind a backslash, and digits of a `\u` that are still to come. */
  #isEscaped = false;
  #digits = 0;
  #code = 0;
  #chars = 0;
  /** The last character that is no white space was a bracket that may open JSON: a human's own `[` is followed by a word. */
  #isOpened = false;
  /** The string holds JSON: whether in a string of that, and there the same again. */
  #isNested = false;
  #isInner = false;
  #isInnerEscaped = false;
  #innerDigits = 0;
  /** Bytes of the string so far, and up to the last place where it may be cut. */
  #kept = 0;
  #safe = 0;
  /** The last character was one behind which may be cut. */
  #isBehindBlank = true;

  constructor(level: Level) {
    this.#level = level;
  }

  /** Within a string that is left out: the next byte that matters. */
  skip(part: Uint8Array, from: number): number {
    // Those digits tell where may be cut, and that is past.
    this.#innerDigits = 0;
    if (this.#isEscaped || this.#digits > 0 || this.#isInnerEscaped) return from;
    let at = from;
    while (at < part.length && part[at] !== QUOTE && part[at] !== BACKSLASH) at++;
    return at;
  }

  /** Reads a byte. Where dropping begins with it: how many bytes before it are to be taken back. */
  next(byte: number): number {
    if (!this.isInString) {
      if (byte === QUOTE) this.#begin();
      return 0;
    }
    if (byte === QUOTE && !this.#isEscaped && this.#digits === 0) {
      this.isInString = false;
      this.isDropping = false;
      return 0;
    }
    const undone = this.#measure(byte);
    this.#read(byte);
    return undone;
  }

  #begin(): void {
    this.isInString = true;
    this.#isEscaped = false;
    this.#digits = 0;
    this.#chars = 0;
    this.#isOpened = false;
    this.#isNested = false;
    this.#isInner = false;
    this.#isInnerEscaped = false;
    this.#innerDigits = 0;
    this.#beginText();
  }

  #beginText(): void {
    this.#kept = 0;
    this.#safe = 0;
    this.#isBehindBlank = true;
  }

  #measure(byte: number): number {
    if (this.isDropping || (this.#isNested && !this.#isInner)) return 0;
    const isAtRest =
      !this.#isEscaped && this.#digits === 0 && !this.#isInnerEscaped && this.#innerDigits === 0;
    const isBetween = isAtRest && (byte & 0xc0) !== 0x80;
    if (isBetween && this.#isBehindBlank && this.#kept <= this.#level.stringBytes) this.#safe = this.#kept;
    if (this.#kept++ < this.#level.stringBytes + WORTH_BYTES) return 0;
    this.isDropping = true;
    return this.#kept - 1 - this.#safe;
  }

  /** Undoes the escapes of the string: what it says goes on to `#char`. */
  #read(byte: number): void {
    if (this.#digits > 0) {
      this.#code = this.#code * 16 + digitOf(byte);
      if (--this.#digits === 0) this.#char(this.#code);
    } else if (this.#isEscaped) {
      this.#isEscaped = false;
      if (byte !== 0x75) return this.#char(unescaped(byte));
      this.#digits = 4;
      this.#code = 0;
    } else if (byte === BACKSLASH) this.#isEscaped = true;
    else this.#char(byte);
  }

  /** A character, or a byte of one that is not ASCII. */
  #char(char: number): void {
    if (this.#isNested) return this.#innerChar(char);
    this.#isBehindBlank = isBlank(char);
    if (!this.#level.isNested || this.#chars++ >= PREFIX_CHARS) return;
    const isOpening = char === 0x7b || char === 0x5b;
    this.#isNested = this.#isOpened && (char === QUOTE || isOpening);
    this.#isOpened = isOpening || (this.#isOpened && char <= BLANK);
    if (this.#isNested) this.#innerChar(char);
  }

  #innerChar(char: number): void {
    if (!this.#isInner) {
      this.#isInner = char === QUOTE;
      if (this.#isInner) this.#beginText();
    } else if (this.#innerDigits > 0) this.#innerDigits--;
    else if (this.#isInnerEscaped) {
      this.#isInnerEscaped = false;
      if (char === 0x75) this.#innerDigits = 4;
      this.#isBehindBlank = isBlank(unescaped(char));
    } else if (char === QUOTE) {
      this.#isInner = false;
      this.isDropping = false;
    } else {
      this.#isInnerEscaped = char === BACKSLASH;
      this.#isBehindBlank = isBlank(char);
    }
  }
}

/** What a letter behind a backslash stands for: white space is a blank here, and other letters do not matter. */
function unescaped(letter: number): number {
  return letter === 0x6e || letter === 0x74 || letter === 0x72 ? BLANK : letter;
}

function isBlank(char: number): boolean {
  return char <= BLANK || char >= 0x80;
}

/** 0 for what is no digit: such text is no JSON. */
function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : 0;
}
