/**
 * Goose's messages, told as facts: rows of its database, or lines of the files that it wrote before.
 * Promises: a message that was replaced by itself, or imported from an old file, counts once; what a compaction repeats is
 * no second prompt; what of a conversation was replaced is told where it was stored.
 * Source: Goose's `conversation/message.rs`, `context_mgmt/mod.rs`, `session/extension_data.rs`, as public in 2026.
 */

import { ownText } from '../../domain/bytes.ts';
import type { Todo, Tokens } from '../../domain/facts.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { jsonColumn, RowsReader, type StoredRow } from '../kit/database-agent.ts';
import {
  countAt,
  idKey,
  isRecord,
  type JsonRecord,
  listAt,
  parseRecord,
  recordAt,
  scalarText,
  textAt,
} from '../kit/json-lines.ts';
import { Once } from '../kit/seen-records.ts';

const SILENT = new Set([
  'image',
  'thinking',
  'redactedThinking',
  'reasoning',
  'toolConfirmationRequest',
  'actionRequired',
  'contextLengthExceeded',
  'summarizationRequested',
  'conversationCompacted',
]);
/** Tools that begin a session of another agent, by the last part of their names. */
const DELEGATES = new Set(['delegate', 'subagent', 'create_task', 'execute_task']);
/** Where a shell tells its status in words, it does so at the end. */
const STATUS_CHARS = 300;

/** What a session is called until it is given a name. */
export function isDefaultName(name: string): boolean {
  return /^(?:CLI Session|ACP Session|New Chat|New session(?: \d+)?)$/i.test(name);
}

/** A compaction leaves what it replaced to the human alone, and its summary to the agent. */
export function isVisibleTo(whom: 'user' | 'agent', metadata: JsonRecord): boolean {
  return metadata[`${whom}Visible`] !== false;
}

/** The parts of a message's row. */
export function contentOf(row: JsonRecord): readonly JsonRecord[] {
  const wrapped = parseRecord(`{"list":${textAt(row, 'content_json') ?? '[]'}}`);
  return wrapped === null ? [] : listAt(wrapped, 'list').filter(isRecord);
}

interface GooseMessage {
  readonly role: string;
  readonly at: Iso | null;
  readonly created: unknown;
  readonly content: readonly JsonRecord[];
  readonly metadata: JsonRecord;
}

export class GooseReader extends RowsReader {
  readonly #once = new Once();
  /** A text for the agent alone: a summary, unless the conversation just goes on behind it. */
  #summary: { readonly text: string; readonly at: Iso | null } | null = null;
  #followsSummary = false;
  #total: Tokens | null = null;
  #model = '';
  #hasLedger = false;

  /** A line of an old file is a message or, the first, about the session. */
  protected override record(record: JsonRecord): void {
    if (Array.isArray(record['content']) && 'role' in record)
      this.#message(record, listAt(record, 'content').filter(isRecord), recordAt(record, 'metadata'));
    else if ('working_dir' in record && !('table' in record)) this.#session(record);
    else super.record(record);
  }

  protected row({ from, row }: StoredRow): void {
    if (from === 'messages' || from === 'thread_messages')
      this.#message(row, contentOf(row), jsonColumn(row, 'metadata_json'));
    else if (from === 'usage_ledger') this.#ledger(row);
    else if (from === 'sessions') this.#session(row);
    else this.sink.unknown(from);
  }

  override end(): void {
    this.#endSummary(true);
    // Since schema 15 each answer's tokens have a row, and the session's totals say the same again.
    if (!this.#hasLedger && this.#total !== null) this.sink.usageTotal(this.#model, this.#total);
    super.end();
  }

  #session(row: JsonRecord): void {
    const project = textAt(row, 'working_dir');
    if (project !== null) this.sink.project(project);
    const name = textAt(row, 'name') ?? textAt(row, 'description');
    const isOwn = row['user_set_name'] === 1 || row['user_set_name'] === true;
    if (name !== null && !isDefaultName(name)) this.sink.title(name, isOwn ? 'custom' : 'ai');
    for (const key of ['created_at', 'updated_at']) this.timeOf(row, key);
    const parent = textAt(row, 'parent_session_id');
    if (parent !== null && this.own.parent === null) this.sink.parent(parent);
    this.#model = textAt(jsonColumn(row, 'model_config_json'), 'model_name') ?? this.#model;
    if (this.#model !== '') this.sink.model(this.#model);
    this.#total = tokensOf(row, 'accumulated_') ?? tokensOf(row, '') ?? this.#total;
    const data = 'extension_data' in row ? extensionData(row) : {};
    const todo = textAt(recordAt(data, 'todo.v0'), 'content') ?? textAt(data, 'todo.v0');
    if (todo !== null) this.#todos(todo);
  }

  #ledger(row: JsonRecord): void {
    const tokens = tokensOf(row, '');
    if (tokens === null) return;
    this.#hasLedger = true;
    this.sink.usage(`ledger ${countAt(row, 'id')}`, textAt(row, 'model') ?? '', tokens);
  }

  #message(row: JsonRecord, content: readonly JsonRecord[], metadata: JsonRecord): void {
    const created = row['created_timestamp'] ?? row['created'];
    const at = parseTime(created);
    if (at !== null) this.sink.time(at);
    const message = { role: textAt(row, 'role') ?? '', at, created, content, metadata };
    if (message.role !== 'user' && message.role !== 'assistant')
      return this.sink.unknown(ownText(message.role, 80));
    this.#texts(message);
    for (const part of content) this.#part(part, at);
  }

  #texts(message: GooseMessage): void {
    const { role, at, created, content, metadata } = message;
    const text = content
      .flatMap((part) => (part['type'] === 'text' && isForHumans(part) ? [textAt(part, 'text') ?? ''] : []))
      .filter((each) => each !== '')
      .join('\n');
    const isForAgent = !isVisibleTo('user', metadata) && isVisibleTo('agent', metadata);
    if (isForAgent && role === 'assistant' && text !== '') {
      // What tells the agent to go on: only a compaction has it.
      this.#endSummary(true);
      this.#followsSummary = true;
      return;
    }
    this.#endSummary(role === 'user' && !isForAgent);
    if (text === '') return;
    const key = `${role} ${scalarText(created)} ${Bun.hash(text)}`;
    if (isForAgent) {
      if (this.#once.isNewKey(`summary ${key}`)) this.#summary = { text, at };
    } else if (role === 'assistant') {
      this.#followsSummary = false;
      this.sink.answer(text, at);
    } else if (this.#once.isNewKey(key)) this.#human(text, at);
  }

  #human(text: string, at: Iso | null): void {
    const isKnown = !this.#once.isNewKey(`text ${Bun.hash(text)}`);
    // The last prompt stands behind a summary once more, for the agent to go on with.
    const isRepeated = isKnown && this.#followsSummary;
    this.#followsSummary = false;
    if (!isRepeated) this.asked(text, at);
  }

  /** Also what stands for one call of a tool is for the agent alone; no summary is told for it. */
  #endSummary(isOne: boolean): void {
    const summary = this.#summary;
    this.#summary = null;
    if (summary === null || !isOne) return;
    this.sink.compaction(summary.text, summary.at);
    this.#followsSummary = true;
  }

  #part(part: JsonRecord, at: Iso | null): void {
    const type = textAt(part, 'type') ?? '';
    if (type === 'toolRequest' || type === 'frontendToolRequest') this.#request(part, at);
    else if (type === 'toolResponse') this.#response(part, at);
    else if (type === 'systemNotification') {
      const said = textAt(part, 'msg');
      if (part['notificationType'] === 'creditsExhausted' && said !== null) this.sink.error(said, at);
    } else if (type !== 'text' && !SILENT.has(type)) this.sink.unknown(ownText(type, 80));
  }

  #request(part: JsonRecord, at: Iso | null): void {
    const id = textAt(part, 'id') ?? '';
    if (!this.#once.isNewKey(`call ${idKey(id)}`)) return;
    const call = recordAt(part, 'toolCall');
    const failure = textAt(call, 'error');
    if (failure !== null) return this.sink.error(failure, at);
    const value = recordAt(call, 'value');
    const name = textAt(value, 'name') ?? 'tool';
    const own = name.slice(name.lastIndexOf('__') + 1).replace(/^_/, '');
    const args = recordAt(value, 'arguments');
    // Goose's editor creates a file by `write`.
    const isWritten = own === 'text_editor' && args['command'] === 'write';
    this.call(name, id, isWritten ? { ...args, command: 'create' } : args, at);
    if (own === 'todo_write') this.#todos(textAt(args, 'content') ?? '');
    const task = textAt(args, 'instructions') ?? textAt(args, 'prompt') ?? textAt(args, 'task');
    if (DELEGATES.has(own)) this.sink.subagent(id, task === null ? {} : { task });
  }

  #response(part: JsonRecord, at: Iso | null): void {
    const id = textAt(part, 'id') ?? '';
    if (!this.#once.isNewKey(`result ${idKey(id)}`)) return;
    const result = recordAt(part, 'toolResult');
    const failure = textAt(result, 'error');
    const value = result['value'];
    const content = isRecord(value) ? listAt(value, 'content') : Array.isArray(value) ? value : [];
    // The human and the agent may be given the same text, each once.
    const texts = new Set(content.flatMap((each) => (isRecord(each) ? (textAt(each, 'text') ?? []) : [])));
    const output = failure ?? [...texts].join('\n');
    const failed = failure !== null || (isRecord(value) && value['isError'] === true);
    const told = isRecord(value) ? recordAt(value, 'structuredContent')['exit_code'] : undefined;
    const exitCode = typeof told === 'number' ? told : failed ? statusIn(output) : null;
    this.result(id, { exitCode, failed, output }, at);
  }

  /** The list is text of the agent's own making: lines with a box are its entries, anything else is a plan. */
  #todos(content: string): void {
    const list: Todo[] = [];
    for (const [, box = ' ', text = ''] of content.matchAll(/^[ \t]*[-*+] \[([ xX~-])\] ?(.*)$/gm))
      list.push({ text: text.trim(), status: /x/i.test(box) ? 'completed' : 'pending' });
    if (list.length > 0) this.sink.todos(list);
    else if (content.trim() !== '') this.sink.plan(content.trim());
  }
}

/** Of a row its column is JSON text, of an old file a record. */
function extensionData(row: JsonRecord): JsonRecord {
  return isRecord(row['extension_data']) ? row['extension_data'] : jsonColumn(row, 'extension_data');
}

function isForHumans(part: JsonRecord): boolean {
  const audience = recordAt(part, 'annotations')['audience'];
  return !Array.isArray(audience) || audience.length === 0 || audience.includes('user');
}

function statusIn(output: string): number | null {
  const code = /\bexit(?:ed with)?(?: exit)? (?:code|status):? (\d{1,10})\b/i.exec(
    output.slice(-STATUS_CHARS),
  )?.[1];
  return code === undefined ? null : Number(code);
}

/** Goose counts what came from a cache or went to one as input, too. */
function tokensOf(row: JsonRecord, before: '' | 'accumulated_'): Tokens | null {
  const count = (name: string) => countAt(row, `${before}${name}_tokens`);
  const [cacheRead, cacheWrite] = [count('cache_read'), count('cache_write')];
  const [input, output] = [Math.max(0, count('input') - cacheRead - cacheWrite), count('output')];
  if (input + output + cacheRead + cacheWrite === 0) return null;
  return { input, output, cacheRead, cacheWrite, reasoning: 0 };
}
