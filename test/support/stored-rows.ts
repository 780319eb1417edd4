/** Holds what is stored of a database's session against the database, by a reader that shares no code with the program. */
import { Database } from 'bun:sqlite';
import { expect } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Every row of all tables but `others`, as JSON lines would hold it; integers by their digits. */
export function rowsIn(database: Uint8Array, others: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'session-memory-rows-'));
  try {
    writeFileSync(join(folder, 'x.db'), database);
    using db = new Database(join(folder, 'x.db'), { safeIntegers: true });
    const tables = db
      .query<{ name: string }, []>(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
      )
      .all()
      .map(({ name }) => name)
      .filter((name) => !others.includes(name));
    return tables.flatMap((table) =>
      db
        .query<Record<string, unknown>, []>(`SELECT * FROM "${table}"`)
        .all()
        .map((row) =>
          JSON.stringify({ table, row }, (_, value) => (typeof value === 'bigint' ? Number(value) : value)),
        ),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The stored lines hold each row once, and nothing else but the line that says what they are. */
export function expectRows(stored: Uint8Array, database: Uint8Array, others: readonly string[] = []): void {
  const [header, ...lines] = Buffer.from(stored).toString().trimEnd().split('\n');
  expect(JSON.parse(header ?? '')).toMatchObject({ format: 'session-memory rows', version: 1 });
  const held = lines.map((line) => JSON.stringify(JSON.parse(line)));
  expect(held.sort()).toEqual(rowsIn(database, others).sort());
}

/** A database's bytes, made by `statements` and rows by table. */
export function databaseOf(
  statements: readonly string[],
  rows: readonly (readonly [
    table: string,
    row: Readonly<Record<string, string | number | null | Uint8Array>>,
  ])[],
): Uint8Array {
  using db = new Database(':memory:');
  for (const statement of statements) db.run(statement);
  for (const [table, row] of rows) {
    const names = Object.keys(row);
    const places = names.map(() => '?').join(', ');
    db.query(`INSERT INTO ${table} (${names.map((name) => `"${name}"`).join(', ')}) VALUES (${places})`).run(
      ...Object.values(row),
    );
  }
  return db.serialize();
}
