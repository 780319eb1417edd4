/**
 * What `opencode import` takes, made of the rows of a stored session.
 * Promises: every message and part of the present version; nothing where the session's own row is not there.
 * Source: opencode's `cli/cmd/import.ts` and `session/session.ts` (`fromRow`), as public in 2026.
 */
import { type JsonRecord, parseRecord, recordsOf, textAt } from './jsonl.ts';
import { messageOfFile } from './opencode.reader.ts';
import { jsonColumn, type StoredRow, storedRow } from './rows.ts';

interface Message {
  readonly info: JsonRecord;
  readonly parts: JsonRecord[];
}

export function importText(lines: Iterable<Uint8Array>): string | null {
  const messages = new Map<string, Message>();
  let info: JsonRecord | null = null;
  for (const line of lines) {
    for (const record of recordsOf(line).records) {
      const stored = storedRow(record);
      if (stored === null) continue;
      const kind = stored.isFile ? kindOf(stored.from) : stored.from;
      if (kind === 'session') info = stored.isFile ? stored.row : sessionInfo(stored.row);
      else if (kind === 'message') addMessage(messages, stored);
      else if (kind === 'part') addPart(messages, stored);
    }
  }
  return info === null ? null : `${JSON.stringify({ info, messages: [...messages.values()] }, null, 2)}\n`;
}

function kindOf(path: string): string {
  const [, kind = ''] = /(?:^|\/)(message|part)\//.exec(path) ?? [];
  return kind !== '' ? kind : /(?:^|\/)session\/[^/]+\/[^/]+\.json$/.test(path) ? 'session' : '';
}

function addMessage(messages: Map<string, Message>, { isFile, row }: StoredRow): void {
  const id = textAt(row, 'id') ?? '';
  const info = isFile ? row : { ...jsonColumn(row, 'data'), id, sessionID: row['session_id'] };
  messages.set(id, { info, parts: messages.get(id)?.parts ?? [] });
}

function addPart(messages: Map<string, Message>, { from, isFile, row }: StoredRow): void {
  const messageID = isFile ? messageOfFile(from, row) : (textAt(row, 'message_id') ?? '');
  const part = isFile
    ? row
    : { ...jsonColumn(row, 'data'), id: row['id'], sessionID: row['session_id'], messageID };
  messages.get(messageID)?.parts.push(part);
}

/** The columns of the row as the record that opencode makes of it; what is NULL is left out. */
function sessionInfo(row: JsonRecord): JsonRecord {
  const json = (key: string) => parseAny(textAt(row, key));
  const summary = {
    ...{
      additions: row['summary_additions'],
      deletions: row['summary_deletions'],
      files: row['summary_files'],
    },
    diffs: json('summary_diffs'),
  };
  const time = {
    ...{ created: row['time_created'], updated: row['time_updated'] },
    ...{ compacting: row['time_compacting'], archived: row['time_archived'] },
  };
  return present({
    ...{ id: row['id'], slug: row['slug'], projectID: row['project_id'], workspaceID: row['workspace_id'] },
    ...{ directory: row['directory'], path: row['path'], parentID: row['parent_id'], title: row['title'] },
    ...{ version: row['version'], agent: row['agent'], model: json('model') },
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
