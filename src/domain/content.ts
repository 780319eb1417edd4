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
   * Whether the hash of it is kept with an evicted session, so that it stays evicted where its agent has only written it anew. It
   * costs an ingest a second look at each line: for agents that are known to do so.
   */
  readonly isRemembered: boolean;
  /** Reads one file's records in order, from its first line or from a later one. */
  reader(from: 'start' | 'later'): ContentReader;
}

/** What of a record is content, as a value of plain JSON; null: nothing of it is. */
export type ContentReader = (record: ContentRecord) => unknown;

/** Lines of JSON of which all members are content. */
export const ALL_MEMBERS: ContentForm = {
  isOrdered: true,
  isRemembered: false,
  reader: () => (record) => record,
};

/** JSON with the keys of every object in the order of their code units, and no white space. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const record = value as ContentRecord;
  let members = '';
  // A new Codex transcript passes here whole: pairs and a comparison of one's own cost a tenth of it.
  for (const key of Object.keys(record).sort()) {
    const member = record[key];
    if (member === undefined) continue;
    members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `{${members}}`;
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
