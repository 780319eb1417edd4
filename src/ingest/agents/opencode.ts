/**
 * opencode: where its databases are, what in them is a session, and the tree of files that it wrote before 1.2.
 * Promises: as `rows.ts`; a session that is in a database is not taken from the tree, which stays behind a migration.
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
import { isRecord, type JsonRecord, parseRecord, recordAt, textAt, titleOf } from './jsonl.ts';
import type { Seen } from './lines.ts';
import { importText } from './opencode.import.ts';
import { OpencodeReader } from './opencode.reader.ts';
import { fileNameOf, rowsAgent, type StoredRow } from './rows.ts';

const rows: RowsContainer = {
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
    },
    { table: 'session_message', where: 'session_id = $id', order: 'time_created, id' },
    { table: 'todo', where: 'session_id = $id', order: 'position' },
    { table: 'session_share', where: 'session_id = $id', order: 'session_id' },
    // Last, since it changes with each answer: what stands before it is stored once.
    { table: 'session', where: 'id = $id', order: 'id' },
  ],
};

/** A part is a few KiB with its output; only for progress and for a first guess at room. */
const ABOUT_PART_BYTES = 8 * 1024;

/**
 * A session's version: when it and its messages were changed, how many of them and of their parts there are, and when the
 * parts of its last message were changed. All by indexes: the outputs that fill such a database are not read. What it
 * misses: the mark by which an old output is later left out of the model's context.
 */
function* sessions(db: ForeignRows, only: string | null): Iterable<ContainedSession> {
  if (!db.has('session', 'id', 'directory', 'time_updated')) return;
  if (!db.has('message', 'id', 'session_id', 'time_created')) return;
  const optional = ['title', 'parent_id', 'time_created'].filter((name) => db.has('session', name));
  const newest = `(SELECT id FROM message WHERE session_id = s.id ORDER BY time_created DESC, id DESC LIMIT 1)`;
  const facts = [
    '(SELECT count(*) FROM message WHERE session_id = s.id) AS messages',
    ...(db.has('message', 'time_updated')
      ? ['(SELECT max(time_updated) FROM message WHERE session_id = s.id) AS messages_at']
      : []),
    ...(db.has('part', 'session_id') ? ['(SELECT count(*) FROM part WHERE session_id = s.id) AS parts'] : []),
    ...(db.has('part', 'message_id', 'time_updated')
      ? [`(SELECT max(time_updated) FROM part WHERE message_id = ${newest}) AS parts_at`]
      : []),
  ];
  const columns = ['id', 'directory', 'time_updated', ...optional, ...facts].join(', ');
  const sql = `SELECT ${columns} FROM session s ${only === null ? '' : 'WHERE id = $id'} ORDER BY id`;
  for (const row of db.each(sql, only === null ? {} : { id: only })) {
    const { time_updated, messages, messages_at, parts, parts_at } = row;
    yield {
      peek: peekOf(row, String(row['id'])),
      version: [time_updated, messages, messages_at, parts, parts_at].map((part) => part ?? '').join('_'),
      aboutBytes: Number(parts ?? messages ?? 1) * ABOUT_PART_BYTES,
    };
  }
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
    const time = recordAt(info, 'time');
    return {
      peek: peekOf(
        {
          ...{ directory: info['directory'], title: info['title'], parent_id: info['parentID'] },
          ...{ time_created: time['created'], time_updated: time['updated'] },
        },
        id,
      ),
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

function folders(host: Host): string[] {
  const own = host.env['XDG_DATA_HOME'];
  const slash = host.platform === 'win32' ? '\\' : '/';
  // The same place on every system: it asks for no other.
  return [
    own === undefined ? [host.homeDir, '.local', 'share', 'opencode'].join(slash) : `${own}${slash}opencode`,
  ];
}

export const opencode = rowsAgent({
  id: 'opencode',
  name: 'opencode',
  proof: 'documentation',
  variables: ['XDG_DATA_HOME'],
  roots: folders,
  rootOf: (path) =>
    /^(.*?[\\/]\.local[\\/]share[\\/]opencode|.*[\\/]opencode(?=[\\/](?:opencode[^\\/]*\.db|storage|project)(?:$|[\\/])))(?:$|[\\/])/s.exec(
      path,
    )?.[1] ?? null,
  flatFolders: [''],
  folders: ['storage/session', 'project'],
  container: (relPath) => {
    if (/^opencode(?:-[\w.-]+)?\.db$/.test(relPath)) return { container: rows };
    const nativeId = idOf(relPath);
    return nativeId === null ? null : { container: tree, nativeId };
  },
  note,
  timeField: '(?:time_created|time_updated|created|updated)',
  reader: (sink) => new OpencodeReader(sink),
  resume: ({ nativeId }) => ['opencode', '--session', nativeId],
  takesBack: {
    fileName: ({ nativeId }) => `opencode/${fileNameOf(nativeId)}.import.json`,
    content: importText,
    argv: (path) => ['opencode', 'import', path],
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
