/**
 * Cursor: where its databases are, and which of their rows are a session's.
 * Promises: as `kit/database-agent.ts`; no listing reads a message: counts and rowids come from the index of the keys.
 * Source: Cursor is closed. The form is what public readers of it agree on in 2026: empathic/toolpath
 * (`docs/agents/formats/cursor.md`) and others for the keys, their ranges, and what each of them holds.
 *
 * Of the keys of `cursorDiskKV` these are a session's: its data (`composerData`), its messages (`bubbleId`) with what was
 * sent along with each (`messageRequestContext`), what the agent changed in files and what became of it (`codeBlockDiff`,
 * `codeBlockPartialInlineDiffFates`), the states of files to go back to (`checkpointId`, `ofsContent`), and the texts
 * that an edit's message only names by a hash (`composer.content`): else what the agent wrote would stand nowhere. Not:
 * `agentKv`, the same contents again for the server's side and by far the most of the file; `inlineDiff`, of a workspace;
 * heights of rows on the screen.
 */
import type { Host } from '../../domain/agent.ts';
import type {
  ContainedSession,
  FileTree,
  ForeignRows,
  RowsContainer,
  TableRows,
} from '../../domain/contained.ts';
import { parseTime } from '../../domain/time.ts';
import { rowsAgent, type StoredRow } from '../kit/database-agent.ts';
import { type JsonRecord, recordAt, textAt, titleOf } from '../kit/json-lines.ts';
import type { Seen } from '../kit/lines-reader.ts';
import { configFolder } from '../kit/vscode-folders.ts';
import { CursorReader } from './reader.ts';
import { folderOfUri, keyOf, projectOf, promptText, recordOf, textOf } from './records.ts';
import { workspaceRows } from './workspace.ts';

/** The keys that begin with a kind and a session's id, by the index alone. `id` is SQL. */
function keysOf(kind: string, id = '$id', key = 'key'): string {
  return `${key} >= '${kind}:' || ${id} || ':' AND ${key} < '${kind}:' || ${id} || ';'`;
}

/** JSON text of a value, whether it is stored as text or as bytes; an empty object where it is none. */
function jsonOf(value: string): string {
  return `CASE WHEN json_valid(CAST(${value} AS TEXT)) THEN CAST(${value} AS TEXT) ELSE '{}' END`;
}

/**
 * Where a message stands in the conversation: its key is drawn by chance. Nothing of what was taken back. The limit keeps
 * SQLite from reading the session's data again for each message.
 */
const PLACE = `(SELECT min(h.place) FROM (
    SELECT j.key AS place, json_extract(j.value, '$.bubbleId') AS bubble
    FROM cursorDiskKV c, json_each(${jsonOf('c.value')}, '$.fullConversationHeadersOnly') j
    WHERE c.key = 'composerData:' || $id AND j.type = 'object' LIMIT -1) h
  WHERE h.bubble = substr(cursorDiskKV.key, length('bubbleId:' || $id || ':') + 1))`;

/** The contents that an edit's result names, before and after it; letters of a name may be escaped. */
const CONTENTS = `key >= 'composer.content.' AND key < 'composer.content/' AND key IN (
    SELECT json_extract(e.result, side.path)
    FROM (SELECT ${jsonOf(`json_extract(${jsonOf('b.value')}, '$.toolFormerData.result')`)} AS result
        FROM cursorDiskKV b WHERE b.key = $parent AND (instr(b.value, 'composer.content.') > 0 OR instr(b.value, '\\u') > 0) LIMIT 1) e,
      (SELECT '$.beforeContentId' AS path UNION ALL SELECT '$.afterContentId') side)`;

const CHECKPOINT_OF_BUBBLE = `'checkpointId:' || $id || ':' || json_extract(${jsonOf('b.value')}, '$.checkpointId')`;

const byKey = (kind: string): TableRows => ({
  table: 'cursorDiskKV',
  where: keysOf(kind),
  order: 'key',
});

const rows: RowsContainer = {
  kind: 'rows',
  sessions,
  tables: [
    {
      table: 'cursorDiskKV',
      where: keysOf('bubbleId'),
      order: `${PLACE} NULLS LAST, key`,
      byRowid: true,
      children: {
        key: 'key',
        rows: [
          {
            table: 'cursorDiskKV',
            where: `key = 'messageRequestContext:' || substr($parent, length('bubbleId:') + 1)`,
            order: 'key',
          },
          { table: 'cursorDiskKV', where: CONTENTS, order: 'key' },
          {
            table: 'cursorDiskKV',
            where: `key = (SELECT ${CHECKPOINT_OF_BUBBLE} FROM cursorDiskKV b WHERE b.key = $parent)`,
            order: 'key',
          },
        ],
      },
    },
    // What no message that is there leads to.
    {
      table: 'cursorDiskKV',
      where: `${keysOf('messageRequestContext')} AND NOT EXISTS (SELECT 1 FROM cursorDiskKV b
        WHERE b.key = 'bubbleId:' || substr(cursorDiskKV.key, length('messageRequestContext:') + 1))`,
      order: 'key',
    },
    {
      table: 'cursorDiskKV',
      where: `${keysOf('checkpointId')} AND key NOT IN (SELECT coalesce(${CHECKPOINT_OF_BUBBLE}, '')
        FROM cursorDiskKV b WHERE ${keysOf('bubbleId', '$id', 'b.key')})`,
      order: 'key',
    },
    ...['codeBlockDiff', 'codeBlockPartialInlineDiffFates', 'ofsContent'].map(byKey),
    // Last, since they change with each answer: what stands before them is stored once.
    { table: 'cursorDiskKV', where: "key = 'composerData:' || $id", order: 'key' },
    { table: 'composerHeaders', where: 'composerId = $id', order: 'composerId' },
  ],
};

/** A message with what hangs on it is some KiB; only for progress and for a first guess at room. */
const ABOUT_BUBBLE_BYTES = 8 * 1024;
const COUNTED = [
  'bubbleId',
  'messageRequestContext',
  'checkpointId',
  'codeBlockDiff',
  'codeBlockPartialInlineDiffFates',
  'ofsContent',
];
const LISTED_ID = `substr(k.key, length('composerData:') + 1)`;
/** A key that is written again gets a new rowid, larger than all others: the table replaces on conflict. */
const LISTED = `SELECT ${LISTED_ID} AS id, k.rowid AS place, ${COUNTED.map(
  (kind) => `(SELECT count(*) || '.' || coalesce(max(b.rowid), 0) FROM cursorDiskKV b
    WHERE ${keysOf(kind, LISTED_ID, 'b.key')}) AS ${kind}`,
).join(', ')} FROM cursorDiskKV k`;

function* sessions(
  db: ForeignRows,
  only: string | null,
  _root: string,
  files: FileTree,
): Iterable<ContainedSession> {
  if (!db.has('cursorDiskKV', 'key', 'value')) return;
  const heads = headsOf(db, only);
  const where =
    only === null ? "k.key >= 'composerData:' AND k.key < 'composerData;'" : "k.key = 'composerData:' || $id";
  for (const row of db.each(`${LISTED} WHERE ${where} ORDER BY k.key`, only === null ? {} : { id: only })) {
    const id = String(row['id']);
    const bubbles = Number.parseInt(String(row['bubbleId']), 10);
    const head = heads.get(id);
    // The index of the sessions says what else would have to be read off each of them.
    const about = bubbles > 0 && head !== undefined ? head.about : aboutOf(db, id);
    // A draft that was never sent is no conversation yet.
    if (about === null || (bubbles === 0 && !(Number(about['inline']) > 0))) continue;
    yield {
      peek: peekOf(id, about, files),
      version: [row['place'], ...COUNTED.map((kind) => row[kind]), head?.version ?? ''].join('_'),
      aboutBytes: Math.max(1, bubbles) * ABOUT_BUBBLE_BYTES,
    };
  }
}

interface Head {
  readonly about: JsonRecord;
  /** Empty where its row is not stored with the session. */
  readonly version: string;
}

/** What the index of the sessions tells of each: a table of its own or, before, one value for all. */
function headsOf(db: ForeignRows, only: string | null): Map<string, Head> {
  const heads = new Map<string, Head>();
  if (db.has('composerHeaders', 'composerId', 'value')) {
    const where = only === null ? '' : 'WHERE composerId = $id';
    for (const row of db.each(`SELECT * FROM composerHeaders ${where}`, only === null ? {} : { id: only })) {
      const value = textOf(row['value']) ?? '';
      const times = { createdAt: row['createdAt'], lastUpdatedAt: row['lastUpdatedAt'] };
      const version = Bun.hash(`${value} ${JSON.stringify({ ...row, value: null })}`).toString(36);
      heads.set(String(row['composerId']), { about: { ...times, ...recordOf(value) }, version });
    }
  } else if (only === null && db.has('ItemTable', 'key', 'value')) {
    const sql = `SELECT j.value AS head FROM ItemTable i, json_each(${jsonOf('i.value')}, '$.allComposers') j
      WHERE i.key = 'composer.composerHeaders' AND j.type = 'object'`;
    for (const row of db.each(sql)) {
      const about = recordOf(textOf(row['head']));
      heads.set(textAt(about, 'composerId') ?? '', { about, version: '' });
    }
  }
  return heads;
}

/** What a session's own data tell, without its messages; null where there are none. */
function aboutOf(db: ForeignRows, id: string): JsonRecord | null {
  const fields = ['name', 'createdAt', 'lastUpdatedAt', 'workspaceIdentifier', 'subagentInfo'];
  const parts = fields.map((field) => `'${field}', json_extract(v, '$.${field}')`).join(', ');
  const sql = `SELECT json_object(${parts}, 'inline', coalesce(json_array_length(v, '$.conversation'), 0)) AS about
    FROM (SELECT ${jsonOf('value')} AS v FROM cursorDiskKV WHERE key = 'composerData:' || $id AND value IS NOT NULL)`;
  const [row] = db.each(sql, { id });
  return row === undefined ? null : recordOf(textOf(row['about']));
}

function peekOf(id: string, about: JsonRecord, files: FileTree): ContainedSession['peek'] {
  return {
    nativeId: id,
    project: projectOf(about) ?? folderOfWorkspace(about, files),
    branch: null,
    title: titleOf(textAt(about, 'name') ?? ''),
    startedAt: parseTime(about['createdAt']),
    endedAt: parseTime(about['lastUpdatedAt']) ?? parseTime(about['createdAt']),
    parentNativeId: textAt(recordAt(about, 'subagentInfo'), 'parentComposerId'),
  };
}

/** Where only the id of the workspace is told, its folder stands in a file. */
function folderOfWorkspace(about: JsonRecord, files: FileTree): string | null {
  const id = textAt(recordAt(about, 'workspaceIdentifier'), 'id');
  if (id === null || !/^[\w-]{1,128}$/.test(id)) return null;
  const bytes = files.read(`workspaceStorage/${id}/workspace.json`);
  const folder = bytes === null ? null : textAt(recordOf(Buffer.from(bytes).toString()), 'folder');
  return folder === null ? null : folderOfUri(folder);
}

function folders(host: Host): string[] {
  const slash = host.platform === 'win32' ? '\\' : '/';
  return [[configFolder(host), 'Cursor', 'User'].join(slash)];
}

export const cursor = rowsAgent({
  id: 'cursor',
  name: 'Cursor',
  proof: 'documentation',
  variables: ['XDG_CONFIG_HOME'],
  roots: folders,
  // Other editors have files of the same names.
  rootOf: (path) => /^(.*[\\/]Cursor[\\/]User)(?:$|[\\/])/s.exec(path)?.[1] ?? null,
  flatFolders: ['globalStorage', 'workspaceStorage/*'],
  read: ['globalStorage/state.vscdb', 'workspaceStorage/*/state.vscdb', 'state.vscdb'],
  container: (relPath) => {
    // By itself it is a copy that lies about.
    if (/^(?:globalStorage\/)?state\.vscdb$/.test(relPath)) return { container: rows };
    const [, workspace] = /^workspaceStorage\/([^/]+)\/state\.vscdb$/s.exec(relPath) ?? [];
    return workspace === undefined ? null : { container: workspaceRows(workspace) };
  },
  note,
  timeFields: ['createdAt', 'lastUpdatedAt'],
  reader: (sink) => new CursorReader(sink),
  resume: () => ['cursor', '.'],
  resumeNeeds: 'Cursor has no command that opens a chat: it stands in the history of the folder.',
});

/** The session's own row comes last; a look at its head finds the first prompt at least. */
function note({ from, row }: StoredRow, seen: Seen): void {
  const value = recordOf(textOf(row['value']));
  const kind = from === 'cursorDiskKV' ? keyOf(row).kind : from;
  if (kind === 'composerHeaders' || kind === 'composerData') {
    seen.title ??= textAt(value, 'name');
    seen.project ??= projectOf(value);
  }
  if (kind === 'bubbleId' && value['type'] === 1) seen.prompt ??= promptText(value);
}
