/**
 * Tells by a few questions whether the rows of a session are what they were, for agents whose tables name it `session_id`.
 * Promises: a session of the last week has another version whenever a row of it was added, removed or became longer or
 * shorter; an older one whenever rows were added or removed, or its own row changed. When it leaves that week its version
 * changes once more, so that a change of equal length within one second is met then. Columns that an update of the agent
 * adds, empty as they are, change nothing. Knows no agent.
 */
import type { ForeignRows, Row } from '../../domain/contained.ts';
import { parseTime } from '../../domain/time.ts';

/** Rows are written anew in their place while their session is at work, or soon after it. */
const RECENT_MS = 7 * 24 * 60 * 60 * 1000;

/** A table with rows of sessions. */
export interface VersionedTable {
  readonly table: string;
  /** Numbers in short rows that become another where the row is written again: looked at in all sessions. */
  readonly stamps?: readonly string[];
  /** Numbers in long rows, and texts by their bytes: to look at them is to read the rows, so only those of the last week. */
  readonly recentStamps?: readonly string[];
  readonly texts?: readonly string[];
}

export interface VersionedSession {
  readonly id: string;
  readonly row: Row;
  readonly version: string;
  /** How many rows of the first of the tables it has. */
  readonly rows: number;
}

/** The rows of `sessions`, or only the one of that id, which have their times of change in `updated_at`. */
export function* versionedSessions(
  db: ForeignRows,
  only: string | null,
  tables: readonly VersionedTable[],
): Generator<VersionedSession> {
  const present = tables.filter(({ table }) => db.has(table, 'session_id'));
  const counts = present.map((table) => counted(db, table, only));
  // Of all sessions, also where one is asked for: what counts as recent must be the same.
  const newest = msOf([...db.each('SELECT max(updated_at) AS at FROM sessions')][0]?.['at']);
  const one = only === null ? { where: '', params: {} } : { where: 'WHERE id = $id', params: { id: only } };
  for (const row of db.each(`SELECT * FROM sessions ${one.where} ORDER BY id`, one.params)) {
    const id = String(row['id']);
    const parts = [hashOf(row), ...counts.map((count) => count.get(id)?.text ?? '0')];
    if (!(msOf(row['updated_at']) < newest - RECENT_MS))
      for (const table of present) parts.push(...lookedAt(db, table, id));
    yield { id, row, version: parts.join('_'), rows: counts[0]?.get(id)?.rows ?? 0 };
  }
}

function msOf(value: unknown): number {
  const time = parseTime(value);
  return time === null ? Number.NaN : Date.parse(time);
}

function hashOf(row: Row): string {
  const values = Object.entries(row).filter(([, value]) => value !== null);
  return Bun.hash(JSON.stringify(values)).toString(36);
}

/** How many rows each session has, which is the newest, and what the stamps come to: told by indexes where there are no stamps. */
function counted(
  db: ForeignRows,
  { table, stamps = [] }: VersionedTable,
  only: string | null,
): Map<string, { readonly rows: number; readonly text: string }> {
  const sums = stamps
    .filter((stamp) => db.has(table, stamp))
    .map((stamp) => `, max(${stamp}) AS "${stamp} newest", total(${stamp}) AS "${stamp} total"`);
  const where = only === null ? '' : 'WHERE session_id = $id';
  const sql = `SELECT session_id, count(*) AS n, max(rowid) AS last${sums.join('')} FROM ${table} ${where} GROUP BY session_id`;
  const found = new Map<string, { rows: number; text: string }>();
  for (const { session_id: id, ...values } of db.each(sql, only === null ? {} : { id: only }))
    found.set(String(id), { rows: Number(values['n']), text: Object.values(values).join('.') });
  return found;
}

function* lookedAt(
  db: ForeignRows,
  { table, recentStamps = [], texts = [] }: VersionedTable,
  id: string,
): Generator<string> {
  const sums = [
    ...recentStamps
      .filter((name) => db.has(table, name))
      .flatMap((name) => [`max(${name})`, `total(${name})`]),
    ...texts.filter((name) => db.has(table, name)).map((name) => `total(length(CAST(${name} AS BLOB)))`),
  ];
  if (sums.length === 0) return;
  const named = sums.map((sum, n) => `${sum} AS s${n}`).join(', ');
  for (const row of db.each(`SELECT ${named} FROM ${table} WHERE session_id = $id`, { id }))
    yield Object.values(row).join('.');
}
