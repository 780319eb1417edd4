/**
 * What of a record is content: two writings of a record that say the same are equal by it, whatever white space, order of keys or
 * bookkeeping of the agent stands around it.
 * Promises: pure; equal exactly where all that the form keeps is equal. What cannot be read as JSON is its own bytes.
 */

export type ContentRecord = { readonly [key: string]: unknown };

/** What of an agent's lines is content. */
export interface ContentForm {
  /** Whether the order of lines is content. Rows of a database and files of a tree have none. */
  readonly isOrdered: boolean;
  /**
   * Whether the hash of it is noted when a session is evicted, so that it stays evicted where its agent has only written it anew. It
   * costs a sweep a look at each line: for agents that are known to do so.
   */
  readonly isRemembered: boolean;
  /** Reads one file's records in order, from its first line or from a later one. */
  reader(from: 'start' | 'later'): ContentReader;
  /**
   * Whether the agent itself wrote a record in another form than before, by what it does to every record: then what is no content may be
   * other than it was, and nobody else changed it. Absent: it never does.
   */
  isOwnForm?(before: ContentRecord, after: ContentRecord): boolean;
}

/** What of a record is content, as a value of plain JSON; null: nothing of it is. */
export type ContentReader = (record: ContentRecord) => unknown;

/** Lines of JSON of which all members are content. */
export const ALL_MEMBERS: ContentForm = {
  isOrdered: true,
  isRemembered: false,
  reader: () => (record) => record,
};

/** A value of plain JSON as a text: of two values it is equal exactly where they are, whatever the order of keys. */
export function canonicalText(value: unknown): string {
  const pieces: string[] = [];
  write(value, pieces);
  return pieces.join('');
}

/**
 * A text stands behind its length, so that nothing in it need be escaped; anything else ends where it is seen to end. Hot path: each
 * new Codex transcript passes here whole, and this takes a third of the time of JSON with its keys in order.
 */
function write(value: unknown, pieces: string[]): void {
  if (typeof value === 'string') writeText(value, pieces);
  else if (typeof value !== 'object' || value === null) pieces.push(`${value ?? null};`);
  else if (Array.isArray(value)) {
    pieces.push('[');
    for (const element of value) write(element, pieces);
    pieces.push(']');
  } else {
    const record = value as ContentRecord;
    pieces.push('{');
    for (const key of Object.keys(record).sort()) {
      const member = record[key];
      if (member === undefined) continue;
      writeText(key, pieces);
      write(member, pieces);
    }
    pieces.push('}');
  }
}

/** Halves of surrogate pairs would all be one character to a hash. */
function writeText(text: string, pieces: string[]): void {
  if (text.isWellFormed()) pieces.push(`${text.length}"`, text);
  else pieces.push('!', JSON.stringify(text));
}

/** Digits that a number of JavaScript may round away. */
const LONG_NUMBER = /\d{16}/;
/** A string of JSON, or a number that stands outside of one. */
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/gs;

/** A record whose long numbers are texts, so that two that differ in their last digit stay different; null where it is none. */
export function exactRecord(text: string): ContentRecord | null {
  const exact = LONG_NUMBER.test(text)
    ? text.replace(STRING_OR_NUMBER, (token) => (token.startsWith('"') ? token : `"\\u0000${token}"`))
    : text;
  try {
    const value: unknown = JSON.parse(exact);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as ContentRecord)
      : null;
  } catch {
    // A torn line is compared as its bytes.
    return null;
  }
}
