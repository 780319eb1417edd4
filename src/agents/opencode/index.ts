/**
 * opencode: where its databases are, what in them is a session, and the tree of files that it wrote before 1.2.
 * Promises: as `kit/database-agent.ts`; a session that is in a database is not taken from the tree, which stays behind a migration, but for
 * the messages and parts that only the tree has (`older.ts`).
 * Source: opencode's schema (`session/session.sql.ts`), its migration from files (`storage/json-migration.ts`) and its
 * import (`cli/cmd/import.ts`), as public in 2026.
 */
import type { Host } from '../../domain/agent.ts';
import type {
  ContainedSession,
  FileTree,
  ForeignRows,
  Row,
  RowsContainer,
  TreeContainer,
} from '../../domain/contained.ts';
import { parseTime } from '../../domain/time.ts';
import { fileNameOf, rowsAgent, type StoredRow } from '../kit/database-agent.ts';
import { isRecord, type JsonRecord, parseRecord, recordAt, textAt, titleOf } from '../kit/json-lines.ts';
import type { Seen } from '../kit/lines-reader.ts';
import { opencodeContent } from './content.ts';
import { importText } from './import.ts';
import { OLDER_TREE, sessionFiles } from './older.ts';
import { OUTPUT, spilledOutputs } from './outputs.ts';
import { OpencodeReader } from './reader.ts';

/**
 * Of a week before the newest change, and of so many sessions whenever they were changed, all parts are looked at: a tool's output
 * is emptied long after its message. By number, too: one wrong clock would make all others old.
 */
const RECENT_MS = 7 * 24 * 60 * 60 * 1000;
const RECENT_SESSIONS = 50;

const withoutTree: RowsContainer = {
  kind: 'rows',
  sessions,
  tables: [
    {
      table: 'message',
      where: 'session_id = $id',
      order: 'time_created, id',
      children: { key: 'id', rows: [{ table: 'part', where: 'message_id = $parent', order: 'id' }] },
    },
    // What a half migration left without its message.
    {
      table: 'part',
      where: 'session_id = $id AND message_id NOT IN (SELECT id FROM message WHERE session_id = $id)',
      order: 'id',
      needs: ['session_id'],
      hangsOn: { table: 'message', column: 'message_id' },
    },
    {
      table: 'session_message',
      where: 'session_id = $id',
      order: 'time_created, id',
      needs: ['time_created', 'id'],
    },
    { table: 'todo', where: 'session_id = $id', order: 'position', needs: ['position'] },
    { table: 'session_share', where: 'session_id = $id', order: 'session_id' },
    // Last, since it changes with each answer: what stands before it is stored once.
    { table: 'session', where: 'id = $id', order: 'id' },
  ],
};
const rows: RowsContainer = { ...withoutTree, older: OLDER_TREE };

/** A part is a few KiB with its output; only for progress and for a first guess at room. */
const ABOUT_PART_BYTES = 8 * 1024;

function* sessions(
  db: ForeignRows,
  only: string | null,
  _root: string,
  files: FileTree,
): Iterable<ContainedSession> {
  if (!db.has('session', 'id', 'directory', 'time_updated') || !db.has('message', 'id', 'session_id')) return;
  const of =
    only === null ? { where: '', params: {} } : { where: 'WHERE session_id = $id', params: { id: only } };
  const messages = counted(db, 'message', of);
  const hasParts = db.has('part', 'session_id');
  const parts = hasParts ? counted(db, 'part', { ...of, byCount: true }) : new Map<string, string>();
  const hasTimes = only === null && hasParts && db.has('part', 'time_updated');
  const recentFrom = hasTimes ? startOfRecent(db) : null;
  const optional = ['title', 'parent_id', 'time_created'].filter((name) => db.has('session', name));
  const columns = ['id', 'directory', 'time_updated', ...optional].join(', ');
  const where = only === null ? '' : 'WHERE id = $id';
  const rowless = new Set([...messages.keys(), ...parts.keys()]);
  for (const row of db.each(`SELECT ${columns} FROM session ${where} ORDER BY id`, of.params)) {
    const id = String(row['id']);
    rowless.delete(id);
    const version = [row['time_updated'], messages.get(id) ?? '0', parts.get(id) ?? '0'];
    const isOld = recentFrom === null || Number(row['time_updated']) < recentFrom;
    if (!isOld) version.push(newestPart(db, id));
    yield {
      peek: peekOf(row, id),
      version: version.join('_'),
      aboutBytes: aboutBytes(parts.get(id) ?? messages.get(id)),
    };
  }
  // A migration that was stopped: what is said is there, and what is known of the session is in the tree, if anywhere.
  for (const id of rowless) {
    const [file] = sessionFiles(files, id);
    const info = file === undefined ? null : recordIn(files, file.relPath);
    const version = ['0', messages.get(id) ?? '0', parts.get(id) ?? '0', hasTimes ? newestPart(db, id) : ''];
    yield {
      peek: info === null ? peekOf({}, id) : peekOfInfo(info, id),
      version: version.join('_'),
      aboutBytes: aboutBytes(parts.get(id) ?? messages.get(id)),
    };
  }
}

/** `count`: of parts, or of messages where there are none. */
function aboutBytes(count = '1'): number {
  return Number.parseInt(count, 10) * ABOUT_PART_BYTES;
}

/** How many rows each session has and, unless only counted by an index, when the newest of them was changed. */
function counted(
  db: ForeignRows,
  table: 'message' | 'part',
  {
    where,
    params,
    byCount = false,
  }: { where: string; params: Readonly<Record<string, string>>; byCount?: boolean },
): Map<string, string> {
  const time = db.has(table, 'time_updated') ? 'max(time_updated)' : 'NULL';
  const sql = `SELECT session_id, count(*) AS n, ${byCount ? 'NULL' : time} AS at FROM ${table} ${where} GROUP BY session_id`;
  return new Map(
    [...db.each(sql, params)].map((row) => [String(row['session_id']), `${row['n']}.${row['at'] ?? ''}`]),
  );
}

function startOfRecent(db: ForeignRows): number {
  const newest = [
    ...db.each(`SELECT time_updated AS at FROM session ORDER BY time_updated DESC LIMIT ${RECENT_SESSIONS}`),
  ].map((row) => Number(row['at'] ?? 0));
  return Math.min((newest[0] ?? 0) - RECENT_MS, newest.at(-1) ?? 0);
}

function newestPart(db: ForeignRows, id: string): string {
  const [row] = db.each('SELECT max(time_updated) AS at FROM part WHERE session_id = $id', { id });
  return String(row?.['at'] ?? '');
}

function peekOf(row: Row | JsonRecord, id: string): ContainedSession['peek'] {
  const text = (key: string) => (typeof row[key] === 'string' && row[key] !== '' ? String(row[key]) : null);
  const title = text('title');
  return {
    nativeId: id,
    project: text('directory'),
    branch: null,
    title: title === null || isDefaultTitle(title) ? null : titleOf(title),
    startedAt: parseTime(row['time_created']),
    endedAt: parseTime(row['time_updated']),
    parentNativeId: text('parent_id'),
  };
}

/** The same of a session's file in the tree. */
function peekOfInfo(info: JsonRecord, id: string): ContainedSession['peek'] {
  const time = recordAt(info, 'time');
  return peekOf(
    {
      directory: info['directory'],
      title: info['title'],
      parent_id: info['parentID'],
      time_created: time['created'],
      time_updated: time['updated'],
    },
    id,
  );
}

/** What a session is called until it is given a name. */
export function isDefaultTitle(title: string): boolean {
  return /^(?:New|Child) session - \d{4}-/.test(title);
}

/** `storage/session/<project>/<ses>.json`, and before that `project/<slug>/storage/session/info/<ses>.json`. */
const TREE = /^storage\/session\/[^/]+\/([^/]+)\.json$/s;
const OLDEST_TREE = /^(project\/[^/]+\/storage\/session)\/info\/([^/]+)\.json$/s;

const tree: TreeContainer = {
  kind: 'tree',
  session: (files, relPath) => {
    const info = recordIn(files, relPath);
    const id = idOf(relPath);
    if (info === null || id === null) return null;
    const paths = filesOf(files, relPath);
    const stats = paths.map((path) => `${path} ${files.stat(path)}`).join('\n');
    return {
      peek: peekOfInfo(info, id),
      version: `${paths.length}_${Bun.hash(stats).toString(16)}`,
      aboutBytes: paths.reduce((sum, path) => sum + (Number.parseInt(files.stat(path) ?? '0', 10) || 0), 0),
    };
  },
  files: filesOf,
};

function idOf(relPath: string): string | null {
  return TREE.exec(relPath)?.[1] ?? OLDEST_TREE.exec(relPath)?.[2] ?? null;
}

/** Messages in their order, each with its parts; what is about the session last. */
function filesOf(files: FileTree, relPath: string): string[] {
  const id = idOf(relPath) ?? '';
  const oldest = OLDEST_TREE.exec(relPath)?.[1];
  const messages = oldest === undefined ? `storage/message/${id}` : `${oldest}/message/${id}`;
  const partsOf = (message: string) =>
    oldest === undefined ? `storage/part/${message}` : `${oldest}/part/${id}/${message}`;
  const beside = ['todo', 'session_diff', 'session_share']
    .map((folder) => `storage/${folder}/${id}.json`)
    .filter((path) => oldest === undefined && files.stat(path) !== null);
  return [
    ...jsonIn(files, messages).flatMap((path) => [
      path,
      ...jsonIn(files, partsOf(path.slice(path.lastIndexOf('/') + 1, -'.json'.length))),
    ]),
    ...beside,
    relPath,
  ];
}

function jsonIn(files: FileTree, folder: string): string[] {
  return files
    .names(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => `${folder}/${name}`);
}

function recordIn(files: FileTree, relPath: string): JsonRecord | null {
  const bytes = files.read(relPath);
  return bytes === null ? null : parseRecord(Buffer.from(bytes).toString());
}

/** The same place on every system: it asks for no other. */
function folders(host: Host, name: string): string[] {
  const own = host.env['XDG_DATA_HOME'];
  const slash = host.platform === 'win32' ? '\\' : '/';
  return [own === undefined ? [host.homeDir, '.local', 'share', name].join(slash) : `${own}${slash}${name}`];
}

const SPILLS = { at: 'tool-output/tool_*', name: OUTPUT, named: spilledOutputs } as const;

export const opencode = rowsAgent({
  id: 'opencode',
  name: 'opencode',
  // Recorded parts, in a database that a test builds around them with the published schema.
  proof: 'recordings',
  variables: ['XDG_DATA_HOME'],
  roots: (host) => folders(host, 'opencode'),
  rootOf: (path) =>
    /^(.*?[\\/]\.local[\\/]share[\\/]opencode|.*[\\/]opencode(?=[\\/](?:opencode[^\\/]*\.db|storage|project)(?:$|[\\/])))(?:$|[\\/])/s.exec(
      path,
    )?.[1] ?? null,
  flatFolders: ['', 'tool-output'],
  spills: SPILLS,
  folders: ['storage/session', 'project'],
  read: ['opencode*.db', 'storage/session/*/*.json', 'project/*/storage/session/info/*.json'],
  container: (relPath) => {
    if (/^opencode(?:-[\w.-]+)?\.db$/.test(relPath)) return { container: rows };
    const nativeId = idOf(relPath);
    return nativeId === null ? null : { container: tree, nativeId };
  },
  note,
  timeFields: ['time_created', 'time_updated', 'created', 'updated'],
  reader: (sink) => new OpencodeReader(sink),
  content: opencodeContent,
  resume: ({ nativeId }) => ['opencode', '--session', nativeId],
  otherProject: 'from any folder',
  isAnotherElsewhere: true,
  takesBack: {
    fileName: ({ nativeId }) => `opencode/${fileNameOf(nativeId)}.import.json`,
    content: importText,
    argv: (path) => ['opencode', 'import', path],
  },
});

/** Made of opencode, with the same tables and the same import; its older versions were an editor's extension. */
export const kilo = rowsAgent({
  id: 'kilo',
  name: 'Kilo',
  proof: 'recordings',
  variables: ['XDG_DATA_HOME'],
  roots: (host) => folders(host, 'kilo'),
  rootOf: (path) =>
    /^(.*?[\\/]\.local[\\/]share[\\/]kilo|.*[\\/]kilo(?=[\\/]kilo[^\\/]*\.db$))(?:$|[\\/])/s.exec(
      path,
    )?.[1] ?? null,
  flatFolders: ['', 'tool-output'],
  spills: SPILLS,
  read: ['kilo*.db'],
  container: (relPath) => (/^kilo(?:-[\w.-]+)?\.db$/.test(relPath) ? { container: withoutTree } : null),
  note,
  timeFields: ['time_created', 'time_updated', 'created', 'updated'],
  reader: (sink) => new OpencodeReader(sink),
  content: opencodeContent,
  resume: ({ nativeId }) => ['kilo', 'run', '-s', nativeId],
  otherProject: 'from any folder',
  isAnotherElsewhere: true,
  takesBack: {
    fileName: ({ nativeId }) => `kilo/${fileNameOf(nativeId)}.import.json`,
    content: importText,
    argv: (path) => ['kilo', 'import', path],
  },
});

/** The session's own row comes last; a look at its head finds the first prompt at least. */
function note({ from, isFile, row }: StoredRow, seen: Seen): void {
  const isSession = isFile ? idOf(from) !== null : from === 'session';
  if (isSession) {
    seen.project ??= textAt(row, 'directory');
    const title = textAt(row, 'title');
    if (title !== null && !isDefaultTitle(title)) seen.title ??= title;
  }
  const data = isFile ? row : parseRecord(textAt(row, 'data') ?? '');
  if (data?.['type'] === 'text') seen.prompt ??= textAt(data, 'text');
  const path = isRecord(data?.['path']) ? textAt(data['path'], 'cwd') : null;
  seen.project ??= path;
}
