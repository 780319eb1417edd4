/**
 * What of Codex's records is content.
 * Promises: `codex migrate-rollouts` (0.171) changes nothing of it, nor of its order. Seen on the 50 rollouts of the recorded home
 * that it rewrites: an `ordinal` in every line; `session_id` and `history_mode` in the first; later `session_meta`, some
 * `turn_context` and some `token_count` left out, and other settings in those that stay; `metadata` taken out of response items; events of
 * what was said and done told as completed items.
 */
import type { ContentForm, ContentRecord } from '../../domain/content.ts';
import { isRecord, listAt, recordAt, textAt } from '../kit/json-lines.ts';
import { textsOf } from './records.ts';

export const codexContent: ContentForm = {
  isOrdered: true,
  isRemembered: true,
  reader,
  isOwnForm: (before, after) => 'ordinal' in after !== 'ordinal' in before,
};

/** Settings and counters, which Codex writes again at will. */
const BOOKKEEPING: ReadonlySet<string> = new Set(['turn_context']);

function reader(from: 'start' | 'later'): (record: ContentRecord) => unknown {
  let hasMeta = from === 'later';
  return (record) => {
    const type = textAt(record, 'type') ?? '';
    if (BOOKKEEPING.has(type)) return null;
    const { ordinal: _, ...rest } = record;
    if (!isRecord(record['payload'])) return rest;
    const { payload } = record;
    const told = (content: unknown) => ({ at: record['timestamp'] ?? null, content });
    if (type === 'session_meta') {
      // Later ones are of the sessions that this one was forked or resumed from.
      if (hasMeta) return null;
      hasMeta = true;
      const { session_id: _id, history_mode: _mode, ...meta } = payload;
      return told(withoutNulls(meta));
    }
    if (type === 'response_item' || type === 'compacted') return told(withoutNulls(payload));
    if (type !== 'event_msg') return rest;
    if (payload['type'] === 'token_count') return null;
    const event = eventOf(payload);
    return event === null ? rest : told(event);
  };
}

/** At any depth: newer versions write members that older ones left out, and leave out what they noted of a turn beside its items. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) {
    const kept = value.map(withoutNulls);
    return kept.some((element, index) => element !== value[index]) ? kept : value;
  }
  if (!isRecord(value)) return value;
  // Hot path: hardly a record has any, and only such a one is made anew.
  let kept: Record<string, unknown> | null = null;
  for (const key in value) {
    const member = value[key];
    const told = member === null || isTurn(key, member) ? undefined : withoutNulls(member);
    if (told === member) continue;
    kept ??= Object.assign(Object.create(null) as Record<string, unknown>, value);
    if (told === undefined) delete kept[key];
    else kept[key] = told;
  }
  return kept ?? value;
}

/** Which turn an item is of. */
function isTurn(key: string, value: unknown): boolean {
  return key === 'metadata' && isRecord(value) && Object.keys(value).every((name) => name === 'turn_id');
}

/** What an event tells in both of its forms, the older one and the completed item; null: it has one form. */
function eventOf(event: ContentRecord): unknown {
  const item = event['type'] === 'item_completed' ? recordAt(event, 'item') : null;
  const kind = item === null ? event['type'] : item['type'];
  const of = item ?? event;
  const call = of['id'] ?? of['call_id'] ?? null;
  switch (kind) {
    case 'user_message':
      return ['user', of['message'] ?? '', [...listAt(of, 'images'), ...listAt(of, 'local_images')]];
    case 'UserMessage':
      return ['user', textsOf(of).join(''), picturesOf(of)];
    case 'agent_message':
      return ['agent', of['message'] ?? ''];
    case 'AgentMessage':
      return ['agent', textsOf(of).join('')];
    case 'exec_command_end':
    case 'CommandExecution':
      return ['ran', call, of['command'] ?? null, of['exit_code'] ?? null, of['aggregated_output'] ?? ''];
    case 'patch_apply_end':
    case 'FileChange':
      return ['patched', call, of['changes'] ?? null, of['status'] ?? null];
    case 'web_search_end':
    case 'WebSearch':
      return ['searched', call, of['query'] ?? null];
    case 'mcp_tool_call_end': {
      const asked = recordAt(of, 'invocation');
      return ['called', call, asked['server'] ?? null, asked['tool'] ?? null, asked['arguments'] ?? null];
    }
    case 'McpToolCall':
      return ['called', call, of['server'] ?? null, of['tool'] ?? null, of['arguments'] ?? null];
    case 'context_compacted':
    case 'ContextCompaction':
      return ['compacted'];
    default:
      return null;
  }
}

/** Where the pictures of a message lie, in their order. */
function picturesOf(item: ContentRecord): readonly unknown[] {
  return listAt(item, 'content').flatMap((part) => {
    if (!isRecord(part) || 'text' in part) return [];
    const { type: _, ...told } = part;
    return Object.values(told).filter((value) => typeof value === 'string');
  });
}
