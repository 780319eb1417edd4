/**
 * Values that no honest agent writes, put into the places of a session that an agent would have written: a field at a time, in JSON and in the
 * rows of a database. From the samples and RFC 8259 alone, never from the program's own code.
 */
import { Database } from 'bun:sqlite';

/** As they stand in JSON: some of them no program could hold and write again. */
export const VALUES: readonly string[] = [
  ...[
    '"\\u0000"',
    '"/srv/ov\\u0000en"',
    '"a\\u0000/../b"',
    '"\\ud800"',
    '"\\udfff/\\ud83d"',
    '"\\u202e\\u2066"',
  ],
  ...[
    '"\\u001b]0;owned\\u0007\\u001b[2J"',
    '"../../../../tmp/x"',
    '"C:\\\\Users\\\\..\\\\x/../y"',
    '"a/b\\\\c:d"',
  ],
  ...[
    '"//evil/share"',
    '"\\\\\\\\evil\\\\share"',
    '"/net/evil/x"',
    '"CON"',
    '"."',
    '".."',
    '"-rf"',
    '"%00"',
    '"~"',
  ],
  ...[
    '"__proto__"',
    '"constructor"',
    '"hasOwnProperty"',
    '{"__proto__":{"x":1}}',
    '{"constructor":{"prototype":1}}',
  ],
  ...[
    '"+275760-09-13T00:00:00.001Z"',
    '"-000001-01-01T00:00:00Z"',
    '"0000-00-00T00:00:00.000Z"',
    '"99999-12-31T23:59:59Z"',
  ],
  ...[
    '"10000-01-01T00:00:00.000Z"',
    '"0000-01-01T00:00:00.000Z"',
    '1e308',
    '-1',
    '-1e15',
    '8.64e15',
    '9007199254740993',
  ],
  ...[
    '1e999',
    '0.1',
    '"123"',
    '"NaN"',
    '"-Infinity"',
    'null',
    'true',
    '[]',
    '{}',
    '""',
    '" "',
    '[[["x"]]]',
    '[null]',
  ],
  ...[
    `"${'a'.repeat(1_000_000)}"`,
    `${'['.repeat(3000)}${']'.repeat(3000)}`,
    `{"a":${'{"a":'.repeat(2000)}1${'}'.repeat(2001)}`,
  ],
];

const MARK = '@@hostile@@';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The places of a document's leaves; elements of a list count as one place. */
function placesIn(value: Json, at: string, places: Set<string>): void {
  if (Array.isArray(value)) for (const one of value) placesIn(one, `${at}/*`, places);
  else if (typeof value === 'object' && value !== null)
    for (const [key, one] of Object.entries(value)) placesIn(one, `${at}/${key}`, places);
  else places.add(at);
}

/** The document with the value in each such place. `renames`: the name before it becomes `__proto__`, and the value stays. */
function replaced(value: Json, at: string, place: string, renames: boolean): Json {
  if (at === place && !renames) return MARK;
  if (Array.isArray(value)) return value.map((one) => replaced(one, `${at}/*`, place, renames));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, one]) => {
    const below = `${at}/${key}`;
    return below === place && renames ? ['__PROTO__', one] : [key, replaced(one, below, place, renames)];
  });
  return Object.fromEntries(entries);
}

/** Null where it is no JSON. */
function parsed(text: string): Json | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isDocument(text: string): boolean {
  const value = parsed(text);
  return typeof value === 'object' && value !== null;
}

/** Every place of a file of JSON, one document or one a line; none where it is something else. */
export function placesOf(content: string | Uint8Array): string[] {
  const text = Buffer.from(content).toString();
  const places = new Set<string>();
  for (const part of isDocument(text) ? [text] : text.split('\n')) {
    const value = parsed(part);
    if (typeof value === 'object' && value !== null) placesIn(value, '', places);
  }
  return [...places];
}

/** The file with the value, as it stands in JSON, in that place of it. */
export function withValue(
  content: string | Uint8Array,
  place: string,
  value: string,
  renames: boolean,
): string {
  const text = Buffer.from(content).toString();
  const one = (part: string) => {
    const document = parsed(part);
    if (typeof document !== 'object' || document === null) return part;
    return JSON.stringify(replaced(document, '', place, renames))
      .replaceAll(`"${MARK}"`, () => value)
      .replaceAll('"__PROTO__"', '"__proto__"');
  };
  return isDocument(text) ? one(text) : text.split('\n').map(one).join('\n');
}

export function isDatabase(content: string | Uint8Array): boolean {
  return typeof content !== 'string' && Buffer.from(content.subarray(0, 15)).toString() === 'SQLite format 3';
}

/** Every column of a database, and every place of the JSON in it. */
export function columnsOf(content: Uint8Array): string[] {
  using db = Database.deserialize(content);
  const columns = db
    .query<{ t: string; c: string }, []>(
      "SELECT s.name AS t, c.name AS c FROM sqlite_schema s, pragma_table_info(s.name) c WHERE s.type = 'table'",
    )
    .all();
  return columns.flatMap(({ t, c }) => {
    const rows = db.query<{ v: unknown }, []>(`SELECT DISTINCT "${c}" AS v FROM "${t}"`).all();
    const texts = rows.flatMap(({ v }) => (typeof v === 'string' || v instanceof Uint8Array ? [v] : []));
    const places = new Set(texts.flatMap((text) => placesOf(text)));
    return [`${t}.${c}`, ...[...places].map((place) => `${t}.${c}${place}`)];
  });
}

/** The database with the value in that column of each row, or in that place of its JSON. What it refuses stays. */
export function withColumn(content: Uint8Array, column: string, value: string): Uint8Array {
  using db = Database.deserialize(content);
  const [, table = '', name = '', place = ''] = /^([^.]+)\.([^/]+)(.*)$/s.exec(column) ?? [];
  for (const { id, v } of db
    .query<{ id: number; v: unknown }, []>(`SELECT rowid AS id, "${name}" AS v FROM "${table}"`)
    .all()) {
    const put = (to: unknown) => {
      try {
        db.query(`UPDATE "${table}" SET "${name}" = ? WHERE rowid = ?`).run(to as never, id);
      } catch {
        // A constraint of the agent's own keeps it out.
      }
    };
    if (place === '') {
      const plain = parsed(value);
      put(typeof plain === 'object' && plain !== null ? value : plain);
    } else if (typeof v === 'string') put(withValue(v, place, value, false));
    else if (v instanceof Uint8Array) put(Buffer.from(withValue(v, place, value, false)));
  }
  return db.serialize();
}
