/**
 * Cursor before 0.45: a workspace's database has its conversations, many in one value.
 * Promises: each conversation is stored with its part of the value; what was moved to the database of all workspaces, as
 * the value itself says, is not taken here.
 */
import type { ContainedSession, FileTree, ForeignRows, RowsContainer } from '../../domain/contained.ts';
import { parseTime } from '../../domain/time.ts';
import { type JsonRecord, listAt, textAt, titleOf } from '../kit/json-lines.ts';
import { folderOfUri, recordOf, textOf } from './records.ts';

/** A value of many conversations: the list of them, and what in an entry is its id and its messages. */
interface Shape {
  readonly key: string;
  readonly list: string;
  readonly id: string;
  readonly messages: string;
}

const SHAPES: readonly Shape[] = [
  {
    key: 'workbench.panel.aichat.view.aichat.chatdata',
    list: 'tabs',
    id: 'tabId',
    messages: 'bubbles',
  },
  { key: 'composer.composerData', list: 'allComposers', id: 'composerId', messages: 'conversation' },
];

const json = (value: string) =>
  `CASE WHEN json_valid(CAST(${value} AS TEXT)) THEN CAST(${value} AS TEXT) ELSE '{}' END`;

/** The entries of a value that are conversations. */
function entries({ list, messages }: Shape, value: string): string {
  return `json_each(${json(value)}, '$.${list}') j
    WHERE j.type = 'object' AND json_array_length(j.value, '$.${messages}') > 0`;
}

const MOVED = `coalesce(json_extract(${json('value')}, '$.hasMigratedComposerData'), 0) = 1`;

export function workspaceRows(workspace: string): RowsContainer {
  return {
    kind: 'rows',
    sessions: (db, only, _root, files) => sessions(db, only, folderOf(workspace, files)),
    tables: SHAPES.map((shape) => {
      const { key, list, id } = shape;
      const own = `${entries(shape, 'ItemTable.value')} AND json_extract(j.value, '$.${id}') = $id`;
      return {
        table: 'ItemTable',
        where: `key = '${key}' AND NOT ${MOVED} AND EXISTS (SELECT 1 FROM ${own})`,
        order: 'key',
        parts: {
          value: `(SELECT json_object('${list}', json_group_array(json(j.value))) FROM ${own})`,
        },
      };
    }),
  };
}

function* sessions(db: ForeignRows, only: string | null, project: string | null): Iterable<ContainedSession> {
  if (!db.has('ItemTable', 'key', 'value')) return;
  for (const shape of SHAPES) {
    const own = only === null ? '' : `AND json_extract(j.value, '$.${shape.id}') = $id`;
    const sql = `SELECT j.value AS entry FROM (SELECT value FROM ItemTable WHERE key = '${shape.key}' AND NOT ${MOVED}) i,
      ${entries(shape, 'i.value')} ${own}`;
    for (const row of db.each(sql, only === null ? {} : { id: only })) {
      const text = textOf(row['entry']) ?? '';
      const entry = recordOf(text);
      const nativeId = textAt(entry, shape.id);
      if (nativeId === null) continue;
      yield {
        peek: { nativeId, project, branch: null, parentNativeId: null, ...toldBy(entry) },
        version: Bun.hash(text).toString(36),
        aboutBytes: text.length,
      };
    }
  }
}

function toldBy(entry: JsonRecord): Pick<ContainedSession['peek'], 'title' | 'startedAt' | 'endedAt'> {
  const started = parseTime(entry['createdAt']);
  return {
    title: titleOf(textAt(entry, 'name') ?? textAt(entry, 'chatTitle') ?? ''),
    startedAt: started,
    endedAt: parseTime(entry['lastUpdatedAt']) ?? parseTime(entry['lastSendTime']) ?? started,
  };
}

function folderOf(workspace: string, files: FileTree): string | null {
  const bytes = files.read(`workspaceStorage/${workspace}/workspace.json`);
  const folder = bytes === null ? null : textAt(recordOf(Buffer.from(bytes).toString()), 'folder');
  return folder === null ? null : folderOfUri(folder);
}

/** The conversations within a stored value, with their messages; null of a value of another key. */
export function conversationsIn(
  key: string,
  value: JsonRecord,
): readonly { readonly about: JsonRecord; readonly messages: readonly unknown[] }[] | null {
  const shape = SHAPES.find((one) => one.key === key);
  if (shape === undefined) return null;
  return listAt(value, shape.list).flatMap((entry) => {
    const about = typeof entry === 'object' && entry !== null ? (entry as JsonRecord) : {};
    return [{ about, messages: listAt(about, shape.messages) }];
  });
}
