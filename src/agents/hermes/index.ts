/**
 * Hermes Agent: its state database, one a profile, and the files that it wrote a session before.
 * Promises: as `kit/database-agent.ts`; a session that is in a database is not taken from the files, which stay behind.
 * Source: NousResearch/hermes-agent (`hermes_state_common.py` for the schema, `hermes_constants.py` for the places), as
 * public in 2026. The index for its search is made of the messages and is no session's.
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
import { rowsAgent, type StoredRow } from '../kit/database-agent.ts';
import { type JsonRecord, parseRecord, recordAt, textAt, titleOf } from '../kit/json-lines.ts';
import type { Seen } from '../kit/lines-reader.ts';
import { HermesReader, promptOf } from './reader.ts';

const rows: RowsContainer = {
  kind: 'rows',
  sessions,
  tables: [
    { table: 'messages', where: 'session_id = $id', order: 'id' },
    // Of one text for many sessions each keeps its own: it would be lost with the last of them.
    {
      table: 'system_prompts',
      where: 'hash = (SELECT system_prompt_hash FROM sessions WHERE id = $id)',
      order: 'hash',
    },
    {
      table: 'session_model_usage',
      where: 'session_id = $id',
      order: 'model, billing_provider, billing_base_url, billing_mode, task',
    },
    // Last, since it changes with each answer: what stands before it is stored once.
    { table: 'sessions', where: 'id = $id', order: 'id' },
  ],
};

/** A message is some KiB with what a tool gave; only for progress and for a first guess at room. */
const ABOUT_MESSAGE_BYTES = 4 * 1024;
/** Of a week before the newest message all rows are looked at: messages are hidden and folded together in their place. */
const RECENT_SECONDS = 7 * 24 * 60 * 60;
/** Long and the same for the session's whole life. */
const UNWATCHED = new Set(['system_prompt', 'tool_names']);

interface Counted {
  readonly count: number;
  readonly text: string;
  readonly last: number;
}

function* sessions(db: ForeignRows, only: string | null): Iterable<ContainedSession> {
  if (!db.has('messages', 'session_id', 'role', 'content')) return;
  const messages = counted(db, only);
  const newest = Math.max(0, ...[...messages.values()].map(({ last }) => last));
  for (const row of sessionRows(db, only)) {
    const id = String(row['id']);
    const counts = messages.get(id) ?? { count: 0, text: '0', last: 0 };
    // A session that was opened and never used has nothing to be kept.
    if (counts.count === 0) continue;
    const own = Bun.hash(JSON.stringify(row)).toString(36);
    const isRecent = counts.last >= newest - RECENT_SECONDS;
    yield {
      peek: peekOf(row, id, counts.last),
      version: [own, counts.text, ...(isRecent ? [contentOf(db, id)] : [])].join('_'),
      aboutBytes: counts.count * ABOUT_MESSAGE_BYTES,
    };
  }
}

/** The rows of the sessions; where there is no table of them, as in the oldest versions, what the messages tell. */
function sessionRows(db: ForeignRows, only: string | null): Iterable<Row> {
  const params: Readonly<Record<string, string>> = only === null ? {} : { id: only };
  if (!db.has('sessions', 'id', 'started_at')) {
    const where = only === null ? '' : 'WHERE session_id = $id';
    return db.each(`SELECT DISTINCT session_id AS id FROM messages ${where} ORDER BY id`, params);
  }
  const columns = db.columns('sessions').filter((name) => !UNWATCHED.has(name));
  const names = columns.map((name) => `"${name.replaceAll('"', '""')}"`).join(', ');
  return db.each(
    `SELECT ${names} FROM sessions ${only === null ? '' : 'WHERE id = $id'} ORDER BY id`,
    params,
  );
}

/** How many messages each session has, and which is the newest; by an index alone. */
function counted(db: ForeignRows, only: string | null): Map<string, Counted> {
  const where = only === null ? '' : 'WHERE session_id = $id';
  const last = db.has('messages', 'timestamp') ? 'max(timestamp)' : '0';
  const sql = `SELECT session_id, count(*) AS n, max(rowid) AS newest, ${last} AS last FROM messages ${where} GROUP BY session_id`;
  return new Map(
    [...db.each(sql, only === null ? {} : { id: only })].map((row) => [
      String(row['session_id']),
      { count: Number(row['n']), text: `${row['n']}.${row['newest']}`, last: Number(row['last']) || 0 },
    ]),
  );
}

/** Changes with what is in the rows of a session's messages. */
function contentOf(db: ForeignRows, id: string): string {
  const flags = ['active', 'compacted'].filter((name) => db.has('messages', name));
  const sums = ['total(length(content))', ...flags.map((name) => `total(${name})`)].join(" || '.' || ");
  const [row] = db.each(`SELECT ${sums} AS sums FROM messages WHERE session_id = $id`, { id });
  return String(row?.['sums'] ?? '');
}

function peekOf(row: Row | JsonRecord, id: string, last: number): ContainedSession['peek'] {
  const text = (key: string) => (typeof row[key] === 'string' && row[key] !== '' ? String(row[key]) : null);
  const ended = [row['ended_at'], row['last_activity_at'], last].map(Number).filter((at) => at > 0);
  return {
    nativeId: id,
    project: text('cwd'),
    branch: text('git_branch'),
    title: titleOf(text('title') ?? ''),
    startedAt: parseTime(row['started_at']),
    endedAt: ended.length === 0 ? null : parseTime(Math.max(...ended)),
    parentNativeId: text('parent_session_id'),
  };
}

/** `sessions/session_<id>.json`, written anew with each turn, and `sessions/<id>.jsonl`, which messengers' sessions have. */
const FILE = /^((?:profiles\/[^/]+\/)?sessions\/)(?:session_([^/]+)\.json|([^/]+)\.jsonl)$/s;

const tree: TreeContainer = {
  kind: 'tree',
  session: (files, relPath) => {
    const [, folder = '', document, lines] = FILE.exec(relPath) ?? [];
    const id = document ?? lines;
    // Where there are both, one leads to the other.
    if (id === undefined || (lines !== undefined && files.stat(`${folder}session_${lines}.json`) !== null))
      return null;
    const bytes = files.read(relPath);
    if (bytes === null) return null;
    const info = document === undefined ? {} : (parseRecord(Buffer.from(bytes).toString()) ?? {});
    const paths = filesOf(files, relPath);
    const stats = paths.map((path) => `${path} ${files.stat(path)}`).join('\n');
    return {
      peek: {
        nativeId: id,
        project: cwdOf(info),
        branch: null,
        title: null,
        parentNativeId: null,
        startedAt: parseTime(info['session_start']),
        endedAt: parseTime(info['last_updated']),
      },
      version: `${paths.length}_${Bun.hash(stats).toString(36)}`,
      aboutBytes: bytes.length,
    };
  },
  files: filesOf,
};

function filesOf(files: FileTree, relPath: string): string[] {
  const [, folder = '', document] = FILE.exec(relPath) ?? [];
  const beside = document === undefined ? null : `${folder}${document}.jsonl`;
  return beside !== null && files.stat(beside) !== null ? [relPath, beside] : [relPath];
}

/** Where a document says it: older versions put it among what the model was run with. */
function cwdOf(info: JsonRecord): string | null {
  return textAt(info, 'cwd') ?? textAt(recordAt(info, 'model_config'), 'cwd');
}

function folders({ homeDir, env, platform }: Host): string[] {
  const slash = platform === 'win32' ? '\\' : '/';
  const own = env['HERMES_HOME'];
  // A profile's home lies in the one that has all of them.
  if (own !== undefined) return [own.replace(/[\\/]+$/, '').replace(/[\\/]profiles[\\/][^\\/]+$/, '')];
  if (platform !== 'win32') return [`${homeDir}/.hermes`];
  return [`${env['LOCALAPPDATA'] ?? [homeDir, 'AppData', 'Local'].join(slash)}${slash}hermes`];
}

export const hermes = rowsAgent({
  id: 'hermes',
  name: 'Hermes Agent',
  // The messages in the tests are genuine, as a recorder read them; the database around them is built from the schema.
  proof: 'documentation',
  variables: ['HERMES_HOME'],
  roots: folders,
  rootOf: (path) =>
    /^(.*?[\\/]\.hermes|.*?[\\/]AppData[\\/]Local[\\/]hermes)(?:$|[\\/])/s.exec(path)?.[1] ?? null,
  // A home has the program itself in it, and what it was taught: nothing is walked.
  flatFolders: ['', 'profiles/*', 'sessions', 'profiles/*/sessions'],
  read: ['', 'profiles/*/'].flatMap((home) => [
    `${home}state.db`,
    `${home}sessions/session_*.json`,
    `${home}sessions/*.jsonl`,
  ]),
  container: (relPath) => {
    if (/^(?:profiles\/[^/]+\/)?state\.db$/s.test(relPath)) return { container: rows };
    const [, , document, lines] = FILE.exec(relPath) ?? [];
    const nativeId = document ?? lines;
    return nativeId === undefined ? null : { container: tree, nativeId };
  },
  note,
  timeFields: ['timestamp', 'started_at', 'session_start'],
  reader: (sink) => new HermesReader(sink),
  resume: ({ nativeId }) => ['hermes', '--resume', nativeId],
});

/** The session's own row comes last; a look at its head finds the first prompt at least. */
function note({ from, isFile, row }: StoredRow, seen: Seen): void {
  if (from === 'sessions' || isFile) {
    seen.project ??= cwdOf(row);
    seen.branch ??= textAt(row, 'git_branch');
    seen.title ??= textAt(row, 'title');
  }
  if (from === 'messages') seen.prompt ??= promptOf(row);
}
