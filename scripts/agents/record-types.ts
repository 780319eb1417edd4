/**
 * Which kinds of records a transcript holds, told by their own words for it, so that two versions of an agent can be compared.
 * Promises: pure; no content of a record is in what it tells.
 */

/** Where records say what they are, outermost first. */
const FIELDS = ['table', 'type', 'subtype', 'role', 'kind'];
const INNER = ['payload', 'event', 'message', 'data', 'attachment'];
const NAME = /^[\w.:/-]{1,60}$/;

export function recordTypesOf(transcript: string): string[] {
  const lines = transcript.split('\n').flatMap(parsed);
  // A document is one record with a list of them.
  const records =
    lines.length === 0 ? parsed(transcript).flatMap((each) => Object.values(each).flat()) : lines;
  return [...new Set(records.flatMap((record) => typeOf(record)))].sort();
}

function parsed(text: string): Record<string, unknown>[] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? [value as Record<string, unknown>] : [];
  } catch {
    return [];
  }
}

/** For example `response_item/message/assistant`; nothing where a record does not say what it is. */
function typeOf(record: unknown): string[] {
  const words = wordsOf(record);
  return words.length === 0 ? [] : [words.join('/')];
}

function wordsOf(record: unknown): string[] {
  if (typeof record !== 'object' || record === null) return [];
  const fields = record as Record<string, unknown>;
  const own = FIELDS.map((field) => fields[field]).filter(
    (value): value is string => typeof value === 'string' && NAME.test(value),
  );
  return [...own, ...INNER.flatMap((field) => wordsOf(fields[field]))];
}
