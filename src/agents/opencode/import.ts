/**
 * What `opencode import` takes, made of the rows of a stored session.
 * Promises: every message and part of the present version; nothing where the session's own row is not there.
 * Source: opencode's `cli/cmd/import.ts` and `session/session.ts` (`fromRow`), as public in 2026.
 */

import { viewOf } from '../../domain/bytes.ts';
import { jsonColumn, type StoredRow, storedRow } from '../kit/database-agent.ts';
import { type JsonRecord, parseRecord, textAt } from '../kit/json-lines.ts';
import { messageOfFile } from './reader.ts';

/** In pieces: a session may be larger than what memory is promised to hold. `lines` are gone through more than once. */
export function importText(lines: Iterable<Uint8Array>): Iterable<string> | null {
  let info: JsonRecord | null = null;
  for (const stored of rowsIn(lines))
    if (kindOf(stored) === 'session') info = stored.isFile ? stored.row : sessionInfo(stored.row);
  if (info === null) return null;
  const begin = `{"info":${JSON.stringify(info)},"messages":[`;
  return {
    *[Symbol.iterator]() {
      yield begin;
      yield* messagesIn(lines);
      yield ']}\n';
    },
  };
}

/** Each message is stored with its parts behind it. A part without its message has no place in what is imported. */
function* messagesIn(lines: Iterable<Uint8Array>): Generator<string> {
  let open: string | null = null;
  let parts = 0;
  for (const stored of rowsIn(lines)) {
    const kind = kindOf(stored);
    if (kind === 'message') {
      yield `${open === null ? '' : ']},'}\n{"info":${JSON.stringify(messageInfo(stored))},"parts":[`;
      open = textAt(stored.row, 'id') ?? '';
      parts = 0;
    } else if (kind === 'part' && messageIdOf(stored) === open) {
      yield `${parts === 0 ? '' : ','}\n${JSON.stringify(partOf(stored, open))}`;
      parts += 1;
    }
  }
  if (open !== null) yield ']}';
}

/** A line may be longer than what a digest reads: an image is a part. */
function* rowsIn(lines: Iterable<Uint8Array>): Generator<StoredRow> {
  for (const line of lines) {
    const record = parseRecord(viewOf(line).toString('utf8'));
    const stored = record === null ? null : storedRow(record);
    if (stored !== null) yield stored;
  }
}

function kindOf({ from, isFile }: StoredRow): string {
  if (!isFile) return from;
  const [, kind = ''] = /(?:^|\/)(message|part)\//.exec(from) ?? [];
  return kind !== '' ? kind : /(?:^|\/)session\/[^/]+\/[^/]+\.json$/.test(from) ? 'session' : '';
}

function messageInfo({ isFile, row }: StoredRow): JsonRecord {
  return isFile ? row : { ...jsonColumn(row, 'data'), id: row['id'], sessionID: row['session_id'] };
}

function messageIdOf({ from, isFile, row }: StoredRow): string {
  return isFile ? messageOfFile(from, row) : (textAt(row, 'message_id') ?? '');
}

function partOf({ isFile, row }: StoredRow, messageID: string): JsonRecord {
  return isFile
    ? row
    : { ...jsonColumn(row, 'data'), id: row['id'], sessionID: row['session_id'], messageID };
}

/** The columns of the row as the record that opencode makes of it; what is NULL is left out. */
function sessionInfo(row: JsonRecord): JsonRecord {
  const json = (key: string) => parseAny(textAt(row, key));
  const summary = {
    additions: row['summary_additions'],
    deletions: row['summary_deletions'],
    files: row['summary_files'],
    diffs: json('summary_diffs'),
  };
  const time = {
    created: row['time_created'],
    updated: row['time_updated'],
    compacting: row['time_compacting'],
    archived: row['time_archived'],
  };
  return present({
    id: row['id'],
    slug: row['slug'],
    projectID: row['project_id'],
    workspaceID: row['workspace_id'],
    directory: row['directory'],
    path: row['path'],
    parentID: row['parent_id'],
    title: row['title'],
    version: row['version'],
    agent: row['agent'],
    model: json('model'),
    share: row['share_url'] == null ? undefined : { url: row['share_url'] },
    summary: summary.additions == null ? undefined : present(summary),
    revert: json('revert'),
    permission: json('permission'),
    time: present(time),
  });
}

function present(record: JsonRecord): JsonRecord {
  return Object.fromEntries(
    Object.entries(record).filter(([, value]) => value !== null && value !== undefined),
  );
}

/** JSON text of any kind of value; undefined where it is none. */
function parseAny(text: string | null): unknown {
  const wrapped = text === null ? null : parseRecord(`{"value":${text}}`);
  return wrapped?.['value'];
}
