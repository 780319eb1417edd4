/**
 * The schema against what the program's own migrations make.
 * Promises: changes nothing; names each table, index, trigger and view that is missing, changed or not ours, and what puts it right.
 */
import { messageOf } from '../../domain/errors.ts';
import { connect, type ReadableDb, type WritableDb } from '../connection.ts';
import type { SchemaRow } from '../guards.ts';
import { MIGRATIONS } from '../migrations/index.ts';
import type { Diagnosis, SchemaChange } from './findings.ts';

export function schemaFindings(db: ReadableDb): Diagnosis[] {
  try {
    const [ours, theirs] = [byName(knownSchema()), byName(schemaOf(db))];
    return [...new Set([...ours.keys(), ...theirs.keys()])].flatMap((key) =>
      compared(ours.get(key) ?? [], theirs.get(key) ?? []),
    );
  } catch (thrown) {
    return [finding(`the schema cannot be read: ${messageOf(thrown)}`, 'rebuild')];
  }
}

/** Puts one finding right. Within a transaction of the caller's. */
export function applySchemaChange(db: WritableDb, { drop, create }: SchemaChange): void {
  if (drop !== null) db.exec(drop);
  if (create !== null) db.exec(create);
}

function compared(ours: readonly SchemaRow[], theirs: readonly SchemaRow[]): Diagnosis[] {
  const [made] = ours;
  const [found] = theirs;
  if (made === undefined) return theirs.map((row) => foreign(row));
  if (found === undefined) return [missing(made)];
  const isSame = theirs.length === 1 && made.tbl_name === found.tbl_name && plain(made) === plain(found);
  return isSame ? [] : [changed(made, theirs)];
}

function missing(row: SchemaRow): Diagnosis {
  const problem = `${whatIs(row)} is missing`;
  if (isOfSearch(row)) return finding(problem, 'search');
  return row.type === 'table' || row.sql === null
    ? finding(problem, 'rebuild')
    : finding(problem, 'schema', { drop: null, create: row.sql });
}

function changed(row: SchemaRow, theirs: readonly SchemaRow[]): Diagnosis {
  const problem = `${whatIs(row)} is not as the program makes it`;
  if (isOfSearch(row)) return finding(problem, 'search');
  return row.type === 'table' || row.sql === null || theirs.length > 1
    ? finding(problem, 'rebuild')
    : finding(problem, 'schema', { drop: dropOf(row), create: row.sql });
}

/** A foreign table may hold what somebody wants: only a new file, beside which the old one is kept, is without it. */
function foreign(row: SchemaRow): Diagnosis {
  const problem = `${whatIs(row)} is none of the program's`;
  return row.type === 'table'
    ? finding(problem, 'rebuild')
    : finding(problem, 'schema', { drop: dropOf(row), create: null });
}

function dropOf({ type, name }: SchemaRow): string {
  return `DROP ${type.toUpperCase()} "${name.replaceAll('"', '""')}"`;
}

function whatIs({ type, name, tbl_name }: SchemaRow): string {
  return type === 'table' || type === 'view' ? `the ${type} ${name}` : `the ${type} ${name} of ${tbl_name}`;
}

/** The full-text index is made of other rows, and made anew as a whole. */
function isOfSearch({ type, name }: SchemaRow): boolean {
  return type === 'table' && /^search(?:$|_(?!pending))/.test(name);
}

/** White space is SQLite's own where a migration altered a table. */
function plain({ sql }: SchemaRow): string {
  return (sql ?? '').replace(/\s+/g, ' ').trim();
}

function byName(rows: readonly SchemaRow[]): Map<string, SchemaRow[]> {
  return Map.groupBy(rows, ({ type, name }) => `${type} ${name.toLowerCase()}`);
}

/** Without what SQLite keeps for itself: statistics, and indexes that come with a table and are told by its text. */
function schemaOf(db: ReadableDb): SchemaRow[] {
  return db.all<SchemaRow>(
    "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE lower(name) NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
  );
}

let known: readonly SchemaRow[] | null = null;

/** What a new store has. Made once, in memory. */
function knownSchema(): readonly SchemaRow[] {
  if (known !== null) return known;
  using db = connect(':memory:', 'write');
  for (const { sql } of MIGRATIONS) db.exec(sql);
  known = schemaOf(db);
  return known;
}

function finding(problem: string, cure: Diagnosis['cure'], schema?: SchemaChange): Diagnosis {
  const about = { session_uid: null, file: null, problem, cure, place: null };
  return schema === undefined ? about : { ...about, schema };
}
