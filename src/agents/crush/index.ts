/**
 * Crush: where its databases are, one a project, and what in them is a session.
 * Promises: as `kit/database-agent.ts`; projects are found by Crush's own list of them, and by what is known of other agents' sessions.
 * Source: Crush's migrations (`internal/db/migrations`), its folders (`internal/config/load.go`), its list of projects
 * (`internal/projects/projects.go`) and its command line (`internal/cmd/root.go`), as public in 2026.
 */
import type { Host, ListedProject } from '../../domain/agent.ts';
import type { ContainedSession, ForeignRows, Row, RowsContainer } from '../../domain/contained.ts';
import { parseTime } from '../../domain/time.ts';
import { rowsAgent, type StoredRow } from '../kit/database-agent.ts';
import { isRecord, listAt, parseRecord, textAt, titleOf } from '../kit/json-lines.ts';
import type { Seen } from '../kit/lines-reader.ts';
import { type VersionedTable, versionedSessions } from '../kit/row-versions.ts';
import { CrushReader, isDefaultTitle, partsOf } from './reader.ts';

/** An answer is written anew as it comes, some thirty times a second; times of change are in seconds. */
const CHANGING: readonly VersionedTable[] = [
  { table: 'messages', recentStamps: ['updated_at'], texts: ['parts'] },
  { table: 'files', recentStamps: ['updated_at'], texts: ['content'] },
  { table: 'read_files', stamps: ['read_at'] },
];

const rows: RowsContainer = {
  kind: 'rows',
  sessions,
  // Crush itself has them in the order of their seconds; within one they were added in that of their row numbers.
  tables: [
    { table: 'messages', where: 'session_id = $id', order: 'created_at, rowid' },
    { table: 'files', where: 'session_id = $id', order: 'created_at, rowid' },
    { table: 'read_files', where: 'session_id = $id', order: 'path' },
    { table: 'sessions', where: 'id = $id', order: 'id' },
  ],
};

/** A message with the output of a tool; only for progress and for a first guess at room. */
const ABOUT_MESSAGE_BYTES = 4 * 1024;

function* sessions(db: ForeignRows, only: string | null, root: string): Iterable<ContainedSession> {
  const isOurs =
    db.has('sessions', 'id', 'title', 'prompt_tokens', 'updated_at') &&
    db.has('messages', 'id', 'session_id', 'parts', 'created_at');
  if (!isOurs) return;
  for (const { id, row, version, rows: messages } of versionedSessions(db, only, CHANGING))
    yield { peek: peekOf(row, id, root), version, aboutBytes: (messages + 1) * ABOUT_MESSAGE_BYTES };
}

/** No row names the project: it is the folder that holds `.crush`, or what the list says of a folder of another name. */
function peekOf(row: Row, id: string, root: string): ContainedSession['peek'] {
  const text = (key: string) => (typeof row[key] === 'string' && row[key] !== '' ? String(row[key]) : null);
  const title = text('title');
  return {
    nativeId: id,
    project: /^(.+)[\\/]\.crush$/s.exec(root)?.[1] ?? null,
    branch: null,
    title: title === null || isDefaultTitle(title) ? null : titleOf(title),
    startedAt: parseTime(row['created_at']),
    endedAt: parseTime(row['updated_at']),
    parentNativeId: text('parent_session_id'),
  };
}

/** The folder of what Crush keeps for all projects: the list of them, and the sessions of its server. */
function folders({ env, homeDir, platform }: Host): string[] {
  const slash = platform === 'win32' ? '\\' : '/';
  const own = env['CRUSH_GLOBAL_DATA'];
  if (own !== undefined) return [own];
  const data = env['XDG_DATA_HOME'];
  if (data !== undefined) return [`${data}${slash}crush`];
  if (platform === 'win32') return [`${env['LOCALAPPDATA'] ?? `${homeDir}\\AppData\\Local`}\\crush`];
  return [`${homeDir}/.local/share/crush`];
}

/** `{"projects":[{"path":…,"data_dir":…,"last_accessed":…}]}`; `data_dir` is absolute, but for early versions. */
function projects(text: string): ListedProject[] {
  return listAt(parseRecord(text) ?? {}, 'projects').flatMap((entry) => {
    const project = isRecord(entry) ? textAt(entry, 'path') : null;
    return !isRecord(entry) || project === null ? [] : [{ project, root: textAt(entry, 'data_dir') }];
  });
}

const FOLDER =
  /^(.*?[\\/]\.crush|.*?[\\/]\.local[\\/]share[\\/]crush|.*?[\\/]AppData[\\/]Local[\\/]crush)(?:$|[\\/])/s;

export const crush = rowsAgent({
  id: 'crush',
  name: 'Crush',
  proof: 'documentation',
  variables: ['CRUSH_GLOBAL_DATA', 'XDG_DATA_HOME'],
  roots: folders,
  rootOf: (path) => FOLDER.exec(path)?.[1] ?? null,
  flatFolders: [''],
  read: ['crush.db'],
  container: (relPath) => (relPath === 'crush.db' ? { container: rows } : null),
  projectRoot: (project, { platform }) => `${project}${platform === 'win32' ? '\\' : '/'}.crush`,
  projectList: { file: 'projects.json', projects },
  note,
  timeFields: ['created_at', 'updated_at'],
  reader: (sink) => new CrushReader(sink),
  resume: ({ nativeId }) => ['crush', '--session', nativeId],
});

/** The session's own row comes last; a look at its head finds the first prompt at least. */
function note({ from, row }: StoredRow, seen: Seen): void {
  const title = from === 'sessions' ? textAt(row, 'title') : null;
  if (title !== null && !isDefaultTitle(title)) seen.title ??= title;
  if (from !== 'messages' || row['role'] !== 'user') return;
  for (const { type, data } of partsOf(row)) if (type === 'text') seen.prompt ??= textAt(data, 'text');
}
