/**
 * The triggers that refuse what must not happen, held against what the migrations made.
 * Promises: where one is missing, changed or a stranger's, nothing is let go: the database is then not the last guard any more.
 */
import { fail } from '../domain/errors.ts';
import type { ReadableDb, WritableDb } from './connection.ts';
import { MIGRATIONS } from './migrations/index.ts';

/** What a store has under one name, as SQLite keeps it: of a trigger the very text that made it. */
export interface SchemaRow {
  readonly type: 'table' | 'index' | 'trigger' | 'view';
  readonly name: string;
  readonly tbl_name: string;
  /** Null: made by SQLite itself. */
  readonly sql: string | null;
}

export interface TriggerFaults {
  readonly missing: readonly string[];
  readonly changed: readonly string[];
  readonly foreign: readonly string[];
}

/** Told by the text of the migrations alone, since to run them takes longer than many a command. */
export function triggerFaults(rows: readonly Pick<SchemaRow, 'name' | 'sql'>[]): TriggerFaults {
  const text = MIGRATIONS.map(({ sql }) => sql).join('\n');
  const standsAt = new Map<string, number>();
  for (const { 1: verb, 2: name = '', index } of text.matchAll(
    /^(CREATE|DROP) TRIGGER (?:IF EXISTS )?(\w+)/gm,
  )) {
    if (verb === 'CREATE') standsAt.set(name, index);
    else standsAt.delete(name);
  }
  const found = new Map(rows.map(({ name, sql }) => [name, sql ?? '']));
  const isAsMade = (name: string, at: number) => {
    const sql = found.get(name) ?? '';
    return text.startsWith(sql, at) && /^\s*;/.test(text.slice(at + sql.length, at + sql.length + 20));
  };
  const known = [...standsAt];
  return {
    missing: known.flatMap(([name]) => (found.has(name) ? [] : [name])),
    changed: known.flatMap(([name, at]) => (found.has(name) && !isAsMade(name, at) ? [name] : [])),
    foreign: [...found.keys()].filter((name) => !standsAt.has(name)),
  };
}

/** The version of the schema that was last found whole, by connection. */
const guarded = new WeakMap<ReadableDb, number>();

/**
 * To be called within the transaction that lets something go. It costs a number, and once for each connection the reading
 * of all triggers (0.5 ms).
 */
export function mustBeGuarded(db: WritableDb): void {
  const { schema_version: version } = db.get<{ schema_version: number }>('PRAGMA schema_version') ?? {
    schema_version: -1,
  };
  if (guarded.get(db) === version) return;
  const faults = triggerFaults(
    db.all<{ name: string; sql: string }>("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"),
  );
  const lines = (['missing', 'changed', 'foreign'] as const).flatMap((kind) =>
    faults[kind].length === 0 ? [] : [`${kind}: ${shortList(faults[kind])}`],
  );
  if (lines.length > 0)
    throw fail(
      'corrupt',
      `the store has not the rules that keep raw bytes from being dropped wrongly, so nothing is let go: ${lines.join('; ')}: ${db.path}`,
      'Run `session-memory verify --repair`, which makes them anew and removes what is foreign; then run this again.',
    );
  guarded.set(db, version);
}

function shortList(names: readonly string[]): string {
  const more = names.length - 3;
  return names.slice(0, 3).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
