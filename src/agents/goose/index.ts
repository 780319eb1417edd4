/**
 * Goose: where its database is, what in it is a session, and the file a session that it wrote before 1.10.
 * Promises: as `kit/database-agent.ts`; a session that is in the database is not taken from its old file, which stays behind the import.
 * Source: Goose's schema and its import of old files (`session/session_manager.rs`, `session/legacy.rs`), its folders
 * (`config/paths.rs`) and its command line (`goose-cli/src/cli.rs`), as public in 2026; schemas 1 to 17.
 */
import type { Host } from '../../domain/agent.ts';
import type { ContainedSession, ForeignRows, Row, RowsContainer } from '../../domain/contained.ts';
import { parseTime } from '../../domain/time.ts';
import { fileNameOf, jsonColumn, rowsAgent, type StoredRow } from '../kit/database-agent.ts';
import { isRecord, type JsonRecord, listAt, textAt, titleOf } from '../kit/json-lines.ts';
import type { Seen } from '../kit/lines-reader.ts';
import { type VersionedTable, versionedSessions } from '../kit/row-versions.ts';
import { importText } from './import.ts';
import { contentOf, GooseReader, isDefaultName, isVisibleTo } from './reader.ts';

/** A message is replaced without a word in its session's row: by a shorter history, by a title that is given to a call. */
const CHANGING: readonly VersionedTable[] = [
  { table: 'messages', texts: ['content_json', 'metadata_json'] },
  { table: 'usage_ledger' },
  { table: 'thread_messages', texts: ['content_json', 'metadata_json'] },
];

const rows: RowsContainer = {
  kind: 'rows',
  sessions,
  // By their numbers, which rise as they are added: what stands before a row stays where it is.
  tables: [
    { table: 'messages', where: 'session_id = $id', order: 'id' },
    { table: 'thread_messages', where: 'session_id = $id', order: 'id' },
    { table: 'usage_ledger', where: 'session_id = $id', order: 'id' },
    { table: 'sessions', where: 'id = $id', order: 'id' },
  ],
};

/** A message with the output of a tool; only for progress and for a first guess at room. */
const ABOUT_MESSAGE_BYTES = 2 * 1024;

function* sessions(db: ForeignRows, only: string | null): Iterable<ContainedSession> {
  const isOurs =
    db.has('sessions', 'id', 'working_dir', 'updated_at') &&
    db.has('messages', 'id', 'session_id', 'content_json', 'created_timestamp');
  if (!isOurs) return;
  for (const { id, row, version, rows: messages } of versionedSessions(db, only, CHANGING))
    yield { peek: peekOf(row, id), version, aboutBytes: (messages + 1) * ABOUT_MESSAGE_BYTES };
}

function peekOf(row: Row, id: string): ContainedSession['peek'] {
  const text = (key: string) => (typeof row[key] === 'string' && row[key] !== '' ? String(row[key]) : null);
  const name = text('name') ?? text('description');
  return {
    nativeId: id,
    project: text('working_dir'),
    branch: null,
    title: name === null || isDefaultName(name) ? null : titleOf(name),
    startedAt: parseTime(row['created_at']),
    endedAt: parseTime(row['updated_at']),
    parentNativeId: text('parent_session_id'),
  };
}

/** On macOS as on Linux, whatever is usual there. */
function folders({ env, homeDir, platform }: Host): string[] {
  const own = env['GOOSE_PATH_ROOT'];
  if (platform === 'win32') {
    const roaming = env['APPDATA'] ?? `${homeDir}\\AppData\\Roaming`;
    return [own === undefined ? `${roaming}\\Block\\goose\\data` : `${own}\\data`];
  }
  if (own !== undefined) return [`${own}/data`];
  return [`${env['XDG_DATA_HOME'] ?? `${homeDir}/.local/share`}/goose`];
}

const DATABASE = /^(.*)[\\/]sessions[\\/]sessions\.db(?:$|[-#])/s;
const FOLDER = /^(.*?[\\/](?:share[\\/]goose|goose[\\/]data))(?:$|[\\/])/s;

export const goose = rowsAgent({
  id: 'goose',
  name: 'Goose',
  proof: 'documentation',
  variables: ['GOOSE_PATH_ROOT', 'XDG_DATA_HOME'],
  roots: folders,
  rootOf: (path) => DATABASE.exec(path)?.[1] ?? FOLDER.exec(path)?.[1] ?? null,
  flatFolders: ['sessions'],
  read: ['sessions/sessions.db', 'sessions/*.jsonl'],
  container: (relPath) => {
    if (relPath === 'sessions/sessions.db') return { container: rows };
    const nativeId = /^sessions\/([^/]+)\.jsonl$/s.exec(relPath)?.[1];
    return nativeId === undefined ? null : { nativeId };
  },
  note,
  noteOlder,
  timeFields: ['created_timestamp', 'created_at', 'updated_at', 'created'],
  reader: (sink) => new GooseReader(sink),
  resume: ({ nativeId }) => ['goose', 'session', '--resume', '--session-id', nativeId],
  resumeNeeds:
    'Goose gives what it imports an id of its own: where the old one is not in its database any more, resume the one that `goose session list` shows.',
  takesBack: {
    fileName: ({ nativeId }) => `goose/${fileNameOf(nativeId)}.import.json`,
    content: importText,
    argv: (path) => ['goose', 'session', 'import', path],
  },
});

/** The session's own row comes last; a look at its head finds the first prompt at least. */
function note({ from, row }: StoredRow, seen: Seen): void {
  if (from === 'sessions') noteSession(row, seen);
  else if (from === 'messages' || from === 'thread_messages')
    noteMessage(textAt(row, 'role'), contentOf(row), jsonColumn(row, 'metadata_json'), seen);
}

/** The first line of an old file is about the session, any other a message. */
function noteOlder(record: JsonRecord, seen: Seen): boolean {
  if (Array.isArray(record['content'])) {
    const metadata = isRecord(record['metadata']) ? record['metadata'] : {};
    noteMessage(textAt(record, 'role'), listAt(record, 'content').filter(isRecord), metadata, seen);
    return false;
  }
  if (typeof record['working_dir'] !== 'string' || !('message_count' in record || 'description' in record))
    return false;
  noteSession(record, seen);
  return true;
}

function noteSession(row: JsonRecord, seen: Seen): void {
  seen.project ??= textAt(row, 'working_dir');
  const name = textAt(row, 'name') ?? textAt(row, 'description');
  if (name !== null && !isDefaultName(name)) seen.title ??= name;
}

function noteMessage(
  role: string | null,
  content: readonly JsonRecord[],
  metadata: JsonRecord,
  seen: Seen,
): void {
  if (role !== 'user' || !isVisibleTo('user', metadata)) return;
  for (const part of content) if (part['type'] === 'text') seen.prompt ??= textAt(part, 'text');
}
