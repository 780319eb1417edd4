/**
 * Sessions of any agent, altered where a person's words stand: a giant picture beside them, or the words taken away.
 * Promises: JSON stays JSON, a database stays one; what the agent wrote besides stays as it was.
 */
import { Database } from 'bun:sqlite';

/** Alphabet and line of base64, so that it is no text of anyone's. */
const LINE = 'iVBORw0KGgoAAAANSUhEUgAABQAAAALQCAIAAADC9aP';

export function pictureOf(bytes: number): string {
  return LINE.repeat(Math.ceil(bytes / LINE.length)).slice(0, bytes);
}

/** The content with `picture` beside each record that has `words`. */
export function withPicture(
  content: string | Uint8Array,
  words: string,
  picture: string,
): string | Uint8Array {
  if (typeof content !== 'string') return inDatabase(content, words, picture);
  const whole = parsed(content);
  if (whole !== undefined) return JSON.stringify(beside(whole, words, picture));
  return content
    .split('\n')
    .map((line) => inText(line, words, picture))
    .join('\n');
}

/** A text: a record, or words of a person. */
function inText(text: string, words: string, picture: string): string {
  if (!text.includes(words)) return text;
  const value = parsed(text);
  if (value !== undefined) return JSON.stringify(beside(value, words, picture));
  return text.replace(words, `${words} ![it](data:image/png;base64,${picture})`);
}

function beside(value: unknown, words: string, picture: string): unknown {
  if (Array.isArray(value)) return value.map((one) => beside(one, words, picture));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([key, one]) => [key, beside(one, words, picture)]);
  const has = Object.values(value).some((one) => typeof one === 'string' && one.includes(words));
  return Object.fromEntries(has ? [...members, ['picture', picture]] : members);
}

function inDatabase(bytes: Uint8Array, words: string, picture: string): Uint8Array {
  // A title stays one, and an id.
  return everyValue(bytes, (text, column) =>
    /title|name|id$/i.test(column) ? text : inText(text, words, picture),
  );
}

/** The text without anything that has one of `words`, and without lists: what is left is only about the session. */
export function withoutWords(text: string, words: readonly string[]): string {
  const value = parsed(text);
  if (value !== undefined) return JSON.stringify(emptied(value, words));
  return words.some((word) => text.includes(word)) ? '' : text;
}

/** The same with each value of a database. */
export function databaseWithoutWords(bytes: Uint8Array, words: readonly string[]): Uint8Array {
  return everyValue(bytes, (text, column) => (/id$/i.test(column) ? text : withoutWords(text, words)));
}

/** The database once for each of its tables, without the rows of that. */
export function databasesWithoutATable(bytes: Uint8Array): readonly Uint8Array[] {
  using db = Database.deserialize(bytes);
  return tablesOf(db).map((name) => {
    using other = Database.deserialize(bytes);
    other.run(`DELETE FROM "${name}"`);
    return other.serialize();
  });
}

function emptied(value: unknown, words: readonly string[]): unknown {
  if (Array.isArray(value)) return [];
  if (typeof value === 'string') return words.some((word) => value.includes(word)) ? '' : value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, emptied(one, words)]));
}

function everyValue(bytes: Uint8Array, alter: (text: string, column: string) => string): Uint8Array {
  using db = Database.deserialize(bytes);
  for (const name of tablesOf(db)) {
    const rows = db.query<Record<string, unknown>, []>(`SELECT rowid AS place_, * FROM "${name}"`).all();
    for (const { place_, ...row } of rows) {
      for (const [column, value] of Object.entries(row)) {
        const isBlob = value instanceof Uint8Array;
        const text = isBlob ? Buffer.from(value).toString() : value;
        const made = typeof text === 'string' ? alter(text, column) : text;
        if (typeof made !== 'string' || made === text) continue;
        const stored = isBlob ? Buffer.from(made) : made;
        // Paths that must differ stay.
        db.query(`UPDATE OR IGNORE "${name}" SET "${column}" = ? WHERE rowid = ?`).run(
          stored,
          place_ as number,
        );
      }
    }
  }
  return db.serialize();
}

function tablesOf(db: Database): readonly string[] {
  return db
    .query<{ name: string }, []>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    .all()
    .map(({ name }) => name);
}

function parsed(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // Lines, or words of a person.
    return undefined;
  }
}
