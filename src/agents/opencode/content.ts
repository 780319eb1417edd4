/**
 * What of opencode's rows and files is content.
 * Promises: a session is equal by it in the tree of before 1.2 and in the database that the tree is migrated
 * into, and after its own import has written it again, which changes times of rows and the order of keys.
 * Source: sst/opencode, `storage/json-migration.ts`.
 */
import { type ContentForm, type ContentRecord, exactRecord } from '../../domain/content.ts';
import { isRecord, textAt } from '../kit/json-lines.ts';

export const opencodeContent: ContentForm = {
  // The tree has messages in the order of their names, the database in the order of their times.
  isOrdered: false,
  isRemembered: true,
  reader: () => contentOf,
};

/** Tables and folders that opencode makes of the rest: lists that a tool's calls have set, what changes come to, who shares. */
const DERIVED: ReadonlySet<string> = new Set(['todo', 'session_share', 'session_diff']);
/** Columns of the database's own. */
const TIMES: ReadonlySet<string> = new Set(['time_created', 'time_updated']);

function contentOf(record: ContentRecord): unknown {
  const table = textAt(record, 'table');
  if (table !== null && isRecord(record['row'])) return ofRow(table, record['row']);
  const file = textAt(record, 'file');
  const text = textAt(record, 'text');
  const kind = file === null ? null : kindOf(file);
  if (kind !== null && DERIVED.has(kind)) return null;
  return (kind === null || text === null ? null : ofFile(kind, text)) ?? record;
}

/** `storage/<kind>/…`, and before that `project/<slug>/storage/session/<kind>/…`. */
function kindOf(file: string): string | null {
  const kind =
    /^project\/[^/]+\/storage\/session\/([^/]+)\//.exec(file)?.[1] ?? /^storage\/([^/]+)\//.exec(file)?.[1];
  return kind === undefined ? null : kind === 'info' ? 'session' : kind;
}

function ofRow(table: string, row: ContentRecord): unknown {
  if (DERIVED.has(table)) return null;
  if (table === 'session') return session(row, row['parent_id']);
  const data = textAt(row, 'data');
  const told = data === null ? null : exactRecord(data);
  if (table === 'message' && told !== null) return message(row['id'], told);
  if (table === 'part' && told !== null) return part(row['id'], row['message_id'], told);
  return { table, row: Object.fromEntries(Object.entries(row).filter(([name]) => !TIMES.has(name))) };
}

/** Null where it is no record of a known kind. */
function ofFile(kind: string, text: string): unknown {
  const told = exactRecord(text);
  if (told === null) return null;
  if (kind === 'session') return session(told, told['parentID']);
  if (kind === 'message') return message(told['id'], told);
  return kind === 'part' ? part(told['id'], told['messageID'], told) : null;
}

function session(told: ContentRecord, parent: unknown): unknown {
  return ['session', told['title'] ?? null, told['directory'] ?? null, parent ?? null];
}

function message(id: unknown, { id: _, sessionID: _session, ...told }: ContentRecord): unknown {
  return ['message', id, told];
}

function part(
  id: unknown,
  of: unknown,
  { id: _, sessionID: _session, messageID: _message, time, ...told }: ContentRecord,
): unknown {
  // When something began that is said to have no end: Kilo's import leaves it out.
  const ended = isRecord(time) && 'end' in time ? { time } : {};
  return ['part', id, of, { ...told, ...ended }];
}
