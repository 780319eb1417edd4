/**
 * What `goose session import` takes, made of the lines of a stored session.
 * Promises: every message of the present version; nothing where the session's own row is not there.
 * Source: Goose's `Session` and `Message` as its export writes them (`session/session_manager.rs`,
 * `conversation/message.rs`), as public in 2026.
 */
import { parseTime } from '../../domain/time.ts';
import { jsonColumn, storedRow } from '../kit/database-agent.ts';
import {
  isRecord,
  type JsonRecord,
  listAt,
  parseRecord,
  recordAt,
  recordsOf,
  textAt,
} from '../kit/json-lines.ts';
import { contentOf } from './reader.ts';

export function importText(lines: Iterable<Uint8Array>): string | null {
  const conversation: JsonRecord[] = [];
  let session: JsonRecord | null = null;
  for (const line of lines) {
    for (const record of recordsOf(line).records) {
      const stored = storedRow(record);
      if (stored?.from === 'messages') conversation.push(messageOf(stored.row));
      else if (stored?.from === 'sessions') session = sessionOf(stored.row);
      else if (stored === null && Array.isArray(record['content'])) conversation.push(olderMessage(record));
      else if (stored === null && typeof record['working_dir'] === 'string') session = sessionOf(record);
    }
  }
  if (session === null) return null;
  return `${JSON.stringify({ ...session, conversation, message_count: conversation.length }, null, 2)}\n`;
}

const VISIBLE = { userVisible: true, agentVisible: true };

function messageOf(row: JsonRecord): JsonRecord {
  return {
    id: row['message_id'] ?? null,
    role: row['role'],
    created: row['created_timestamp'],
    content: contentOf(row),
    metadata: { ...VISIBLE, ...jsonColumn(row, 'metadata_json') },
  };
}

function olderMessage(record: JsonRecord): JsonRecord {
  return {
    id: record['id'] ?? null,
    role: record['role'],
    created: record['created'],
    content: listAt(record, 'content'),
    metadata: { ...VISIBLE, ...recordAt(record, 'metadata') },
  };
}

function sessionOf(row: JsonRecord): JsonRecord {
  const json = (key: string) => parseAny(textAt(row, key));
  const data = row['extension_data'];
  return present({
    id: row['id'],
    working_dir: row['working_dir'],
    name: textAt(row, 'name') ?? textAt(row, 'description') ?? '',
    user_set_name: row['user_set_name'] === 1 || row['user_set_name'] === true,
    session_type: textAt(row, 'session_type') ?? 'user',
    created_at: parseTime(row['created_at']) ?? undefined,
    updated_at: parseTime(row['updated_at']) ?? undefined,
    extension_data: isRecord(data) ? data : jsonColumn(row, 'extension_data'),
    ...tokensOf(row, ''),
    ...tokensOf(row, 'accumulated_'),
    usage: usageOf(row, ''),
    accumulated_usage: usageOf(row, 'accumulated_'),
    accumulated_cost: row['accumulated_cost'],
    schedule_id: row['schedule_id'],
    recipe: json('recipe_json'),
    user_recipe_values: json('user_recipe_values_json'),
    provider_name: row['provider_name'],
    model_config: json('model_config_json'),
    goose_mode: row['goose_mode'],
    project_id: row['project_id'],
    parent_session_id: row['parent_session_id'],
  });
}

/** As versions before 2026 have them. */
function tokensOf(row: JsonRecord, before: string): JsonRecord {
  const names = ['total_tokens', 'input_tokens', 'output_tokens'].map((name) => before + name);
  return Object.fromEntries(names.map((name) => [name, row[name]]));
}

function usageOf(row: JsonRecord, before: string): JsonRecord {
  return present({
    input_tokens: row[`${before}input_tokens`],
    output_tokens: row[`${before}output_tokens`],
    total_tokens: row[`${before}total_tokens`],
    cache_read_input_tokens: row[`${before}cache_read_tokens`],
    cache_write_input_tokens: row[`${before}cache_write_tokens`],
  });
}

function present(record: JsonRecord): JsonRecord {
  return Object.fromEntries(
    Object.entries(record).filter(([, value]) => value !== null && value !== undefined),
  );
}

/** JSON text of any kind of value; undefined where it is none. */
function parseAny(text: string | null): unknown {
  return text === null ? undefined : parseRecord(`{"value":${text}}`)?.['value'];
}
