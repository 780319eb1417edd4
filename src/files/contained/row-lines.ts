/**
 * A session of a database, or of a tree of small files, as lines of JSON: what Tier 1 stores of it.
 * Promises: the same lines for the same content, whatever the version of SQLite; nothing of a row or a file is lost.
 *
 *     {"format":"session-memory rows","version":1,"agent":"opencode","id":"ses_…","parent":"ses_…"}
 *     {"table":"message","row":{"id":"msg_…","time_created":1779856189299,"data":"{\"role\":…}"}}
 *     {"file":"storage/message/ses_…/msg_….json","text":"{…}"}
 *
 * "parent" only where the session has one. A row has all columns in the table's order. NULL is null, an integer its digits, a real number has a point or an
 * exponent, text is a string; a blob is {"blob":"base64"}, text that is no UTF-8 {"text":"base64"}, an infinite number
 * {"real":"Infinity"}. A file that is no UTF-8 has "base64" in the place of "text".
 */
import { isUtf8 } from 'node:buffer';
import {
  type FileTree,
  type ForeignRows,
  ROWS_FORMAT,
  type Row,
  type RowValue,
  type TableRows,
} from '../../domain/contained.ts';

/** What does not change while the session lives. */
export function headerLine(agent: string, id: string, parent: string | null): string {
  const child = parent === null ? {} : { parent };
  return `${JSON.stringify({ format: ROWS_FORMAT, version: 1, agent, id, ...child })}\n`;
}

/** Lines of files that stand for rows which a database lacks. */
export interface Stand {
  readonly key: string;
  line(): string;
}

export interface Stands {
  /** Those for rows of a table that hang on `parent`. */
  of(table: string, parent: string | null): readonly Stand[];
  /** Those for rows of a table that hang on what is not there. */
  rest(table: string): readonly Stand[];
  has(table: string, key: string): boolean;
}

const NO_STANDS: Stands = { of: () => [], rest: () => [], has: () => false };

/** Lines of all rows of a session, in the order of `tables`, and of the files that stand for rows, in their places. */
export function* rowLines(
  db: ForeignRows,
  tables: readonly TableRows[],
  id: string,
  stands: Stands = NO_STANDS,
): Generator<string> {
  for (const rows of tables) yield* linesOfTable({ db, stands }, rows, { id });
}

interface From {
  readonly db: ForeignRows;
  readonly stands: Stands;
}

type Params = Readonly<Record<string, string>>;

function* linesOfTable(from: From, rows: TableRows, params: Params): Generator<string> {
  yield* linesOfRows(from, rows, params);
  const { table, children, hangsOn } = rows;
  const stands =
    hangsOn === undefined ? from.stands.of(table, params['parent'] ?? null) : from.stands.rest(table);
  for (const { key, line } of stands) {
    yield line();
    for (const child of children?.rows ?? []) yield* linesOfTable(from, child, { ...params, parent: key });
  }
}

function* linesOfRows(from: From, rows: TableRows, params: Params): Generator<string> {
  const { db, stands } = from;
  const { table, children, parts, hangsOn, needs = [] } = rows;
  const columns = db.columns(table);
  if (columns.length === 0 || !needs.every((column) => columns.includes(column))) return;
  const hangsAt = hangsOn === undefined ? -1 : columns.indexOf(hangsOn.column);
  const keyAt = children === undefined ? -1 : columns.indexOf(children.key);
  const values = columns
    .map((column, n) => typedColumn(parts?.[column] ?? quoted(column), n, db.isUtf8, bytesOf(db)))
    .join(', ');
  for (const row of rowsOf(db, rows, values, params)) {
    const above = row[`v${hangsAt}`];
    if (hangsOn !== undefined && above != null && stands.has(hangsOn.table, keyOf(above))) continue;
    const fields = columns.map((column, n) => {
      const value = row[`v${n}`] ?? null;
      refuseTooLong(value, `${table}.${column}`);
      return `${JSON.stringify(column)}:${jsonOf(value)}`;
    });
    yield `{"table":${JSON.stringify(table)},"row":{${fields.join(',')}}}\n`;
    const parent = row[`v${keyAt}`];
    if (children === undefined || parent === undefined || parent === null) continue;
    const key = keyOf(parent);
    for (const child of children.rows) yield* linesOfTable(from, child, { ...params, parent: key });
  }
}

/** Found and read at once, or first found and then each read by its rowid. */
function* rowsOf(
  db: ForeignRows,
  { table, where, order, byRowid }: TableRows,
  values: string,
  params: Readonly<Record<string, string>>,
): Generator<Row> {
  const from = `FROM ${quoted(table)}`;
  if (byRowid !== true) {
    yield* db.each(`SELECT ${values} ${from} WHERE ${where} ORDER BY ${order}`, params);
    return;
  }
  const found = `SELECT CAST(rowid AS TEXT) AS place ${from} WHERE ${where} ORDER BY ${order}`;
  for (const place of [...db.each(found, params)].map((row) => String(row['place'])))
    yield* db.each(`SELECT ${values} ${from} WHERE rowid = CAST($place AS INTEGER)`, { place });
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * Each value so that its type is told by it and nothing is rounded or mended, as JavaScript would: text as its bytes, real numbers
 * and NULL as they are, all else as text behind a letter. Not two columns for each: a result has two thousand at most.
 */
function typedColumn(name: string, n: number, isTextUtf8: boolean, bytes: string): string {
  const text = isTextUtf8 ? `CAST(${name} AS BLOB)` : `'t' || ${name}`;
  const typed = `CASE typeof(${name}) WHEN 'integer' THEN 'i' || ${name} WHEN 'text' THEN ${text} WHEN 'blob' THEN 'x' || hex(${name}) ELSE ${name} END`;
  return `CASE WHEN ${bytes}(${name}) > ${VALUE_BYTES_MAX} THEN 'z' || ${bytes}(${name}) ELSE ${typed} END AS v${n}`;
}

/** A value is held as a whole, in several forms: one of 900 MB took ten GiB. The longest that was met in a recording has some hundred KiB. */
const VALUE_BYTES_MAX = 64 * 1024 * 1024;

function refuseTooLong(value: RowValue, where: string): void {
  if (typeof value === 'string' && value.startsWith('z'))
    throw new Error(
      `${where} holds a value of ${value.slice(1)} bytes, more than the ${VALUE_BYTES_MAX} that a row may have; its session is not stored`,
    );
}

let bytesFunction: string | null = null;

/** What tells the length of a value in bytes: since SQLite 3.43 without reading it. */
function bytesOf(db: ForeignRows): string {
  const sql = "SELECT 1 AS found FROM pragma_function_list WHERE name = 'octet_length'";
  bytesFunction ??= [...db.each(sql)].length > 0 ? 'octet_length' : 'length';
  return bytesFunction;
}

function jsonOf(value: RowValue): string {
  if (value === null) return 'null';
  if (typeof value === 'number') return realOf(value);
  if (typeof value !== 'string')
    return isUtf8(value) ? JSON.stringify(textOf(value)) : JSON.stringify({ text: base64(value) });
  const told = value.slice(1);
  if (value.startsWith('i')) return told;
  return JSON.stringify(value.startsWith('t') ? told : { blob: Buffer.from(told, 'hex').toString('base64') });
}

/** A value as text, to look for the rows that name it. */
function keyOf(value: RowValue): string {
  if (value instanceof Uint8Array) return textOf(value);
  return typeof value === 'string' ? value.slice(1) : String(value);
}

function realOf(value: number): string {
  if (!Number.isFinite(value)) return JSON.stringify({ real: String(value) });
  const text = Object.is(value, -0) ? '-0' : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** A line a file, in the order given; one that is gone by now is passed over. */
export function* fileLines(tree: FileTree, relPaths: readonly string[]): Generator<string> {
  for (const relPath of relPaths) yield fileLine(tree, relPath) ?? '';
}

/** Null where there is no such file. */
export function fileLine(tree: FileTree, relPath: string): string | null {
  const bytes = tree.read(relPath);
  if (bytes === null) return null;
  const content = isUtf8(bytes) ? { text: textOf(bytes) } : { base64: base64(bytes) };
  return `${JSON.stringify({ file: relPath, ...content })}\n`;
}

/** The file that a stored line holds; null where it holds a row. */
export function fileOfLine(line: Uint8Array): string | null {
  const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength);
  const told = /^\{"file":("(?:[^"\\]|\\.)*")/.exec(text.toString('utf8', 0, PATH_BYTES_MAX))?.[1];
  return told === undefined ? null : String(JSON.parse(told));
}

/** Longer is no path of a file. */
const PATH_BYTES_MAX = 16 * 1024;

/** The lines of stored bytes without their 0x0A, each whole; the last one may be torn. */
export function* wholeLines(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0);
  for (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, from)) {
      yield bytes.subarray(from, end);
      from = end + 1;
    }
    rest = bytes.slice(from);
  }
  if (rest.length > 0) yield rest;
}

/** Decoded without dropping a byte order mark, which `TextDecoder` would. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
