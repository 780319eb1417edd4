/**
 * Crush's messages, told as facts.
 * Promises: a message that is told again because it grew counts once; a call is told when it is whole, or at the end.
 * Source: Crush's `internal/message/content.go`, `internal/session/session.go`, `internal/agent/tools`, as public in 2026.
 */

import { ownText } from '../../domain/bytes.ts';
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
  textAt,
} from '../kit/json-lines.ts';
import { Once } from '../kit/seen-records.ts';

const SILENT = new Set(['reasoning', 'image_url']);
/** Tools whose call is a session of its own: its id is that of the message and that of the call. */
const DELEGATES = new Set(['agent', 'agentic_fetch']);
/** What is awaited: calls without their end, summaries that may still grow. */
const OPEN_MAX = 10_000;
const FILES_MAX = 10_000;
/** A shell tells its status in words, behind its output. */
const STATUS_CHARS = 2_000;

/** What a session is called until it is given a name. */
export function isDefaultTitle(title: string): boolean {
  return /^(?:New Session|Untitled Session|New Agent Session|Generate a title)$/i.test(title);
}

interface CrushPart {
  readonly type: string;
  readonly data: JsonRecord;
}

/** The parts of a message's row. */
export function partsOf(row: JsonRecord): CrushPart[] {
  const wrapped = parseRecord(`{"list":${textAt(row, 'parts') ?? '[]'}}`);
  return listAt(wrapped ?? {}, 'list')
    .filter(isRecord)
    .map((part) => ({ type: textAt(part, 'type') ?? '', data: recordAt(part, 'data') }));
}

interface Call {
  readonly name: string;
  readonly input: string;
  readonly messageId: string;
  readonly at: Iso | null;
}

interface CrushMessage {
  readonly id: string;
  readonly role: string;
  readonly at: Iso | null;
  readonly isSummary: boolean;
}

export class CrushReader extends RowsReader {
  readonly #once = new Once();
  readonly #open = new Map<string, Call>();
  /** The sessions that calls began. */
  readonly #begun = new Map<string, string>();
  readonly #summaries = new Map<string, { readonly text: string; readonly at: Iso | null }>();
  readonly #versions = new Map<string, number>();
  readonly #named = new Set<string>();
  #model = '';

  protected row({ from, row }: StoredRow): void {
    if (from === 'messages') this.#message(row);
    else if (from === 'files') this.#file(row);
    else if (from === 'read_files') {
      const path = textAt(row, 'path');
      if (path !== null) this.sink.fileRead(path);
    } else if (from === 'sessions') this.#session(row);
    else this.sink.unknown(from);
  }

  override end(): void {
    for (const id of [...this.#open.keys()]) this.#tell(id);
    super.end();
    for (const { text, at } of this.#summaries.values()) this.sink.compaction(text, at);
    // Its first version is a file as it was found; what no call named was changed by a tool of an editor's server.
    for (const [path, versions] of this.#versions)
      if (versions > 1 && !this.#isNamed(path)) this.sink.fileEdited(path);
  }

  #session(row: JsonRecord): void {
    const title = textAt(row, 'title');
    if (title !== null && !isDefaultTitle(title)) this.sink.title(title, 'ai');
    for (const key of ['created_at', 'updated_at']) this.timeOf(row, key);
    const [input, output] = [countAt(row, 'prompt_tokens'), countAt(row, 'completion_tokens')];
    // All that the database keeps are those of the last answer, what came from a cache among them.
    if (input + output > 0)
      this.sink.usageTotal(this.#model, { input, cacheRead: 0, cacheWrite: 0, output, reasoning: 0 });
    const todos = parseRecord(`{"list":${textAt(row, 'todos') ?? '[]'}}`);
    const list = listAt(todos ?? {}, 'list').filter(isRecord);
    if (list.length > 0) this.#todos(list);
  }

  #todos(list: readonly JsonRecord[]): void {
    this.sink.todos(
      list.map((todo) => ({ text: textAt(todo, 'content') ?? '', status: textAt(todo, 'status') ?? '' })),
    );
  }

  #file(row: JsonRecord): void {
    const path = textAt(row, 'path');
    if (path === null || !this.#once.isNew('file', row)) return;
    const versions = this.#versions.get(path) ?? 0;
    if (versions > 0 || this.#versions.size < FILES_MAX)
      this.#versions.set(ownText(path, 4096), versions + 1);
  }

  #message(row: JsonRecord): void {
    const id = textAt(row, 'id') ?? '';
    const at = parseTime(row['created_at']);
    if (at !== null) this.sink.time(at);
    const role = textAt(row, 'role') ?? '';
    const model = textAt(row, 'model');
    if (role === 'assistant' && model !== null) {
      this.#model = ownText(model, 200);
      this.sink.model(model);
    }
    const message = { id, role, at, isSummary: row['is_summary_message'] === 1 };
    for (const [n, part] of partsOf(row).entries()) this.#part(part, message, n);
  }

  #part({ type, data }: CrushPart, message: CrushMessage, n: number): void {
    if (type === 'text') this.#text(data, message);
    else if (type === 'tool_call') this.#call(data, message);
    else if (type === 'tool_result') this.#result(data, message.at);
    else if (type === 'shell_command') this.#typed(data, message, n);
    else if (type === 'finish') this.#finish(data, message);
    else if (type === 'binary') {
      const path = textAt(data, 'Path');
      if (path !== null && message.role === 'user') this.sink.fileRead(path);
    } else if (!SILENT.has(type)) this.sink.unknown(ownText(type, 80));
  }

  #text(data: JsonRecord, { id, role, at, isSummary }: CrushMessage): void {
    const text = textAt(data, 'text');
    if (text === null) return;
    if (isSummary) {
      // It is written as it comes: the longest that was stored stands for it.
      const known = this.#summaries.get(idKey(id));
      if ((known?.text.length ?? 0) < text.length && this.#summaries.size < OPEN_MAX)
        this.#summaries.set(idKey(id), { text, at });
    } else if (role === 'assistant') this.sink.answer(text, at);
    else if (role === 'user' && this.#once.isNewKey(`prompt ${idKey(id)}`)) this.asked(text, at);
  }

  #call(data: JsonRecord, { id: messageId, at }: CrushMessage): void {
    const id = idKey(textAt(data, 'id') ?? '');
    if (this.#once.isNewKey(`call ${id}`) || this.#open.has(id)) {
      const call = { name: textAt(data, 'name') ?? '', input: textAt(data, 'input') ?? '', messageId, at };
      if (this.#open.has(id) || this.#open.size < OPEN_MAX) this.#open.set(id, call);
    }
    if (data['finished'] === true) this.#tell(id);
  }

  #tell(id: string): void {
    const call = this.#open.get(id);
    if (call === undefined) return;
    this.#open.delete(id);
    const { name, messageId, at } = call;
    const input = parseRecord(call.input) ?? {};
    this.call(name, id, input, at);
    const path = textAt(input, 'file_path');
    if (path !== null && this.#named.size < FILES_MAX) this.#named.add(ownText(path, 4096));
    if (name === 'todos') this.#todos(listAt(input, 'todos').filter(isRecord));
    if (!DELEGATES.has(name)) return;
    const child = `${messageId}$$${id}`;
    this.#begun.set(id, child);
    const task = textAt(input, 'prompt');
    this.sink.subagent(child, task === null ? {} : { task });
  }

  #result(data: JsonRecord, at: Iso | null): void {
    const id = idKey(textAt(data, 'tool_call_id') ?? '');
    this.#tell(id);
    if (!this.#once.isNewKey(`result ${id}`)) return;
    const output = textAt(data, 'content') ?? '';
    const failed = data['is_error'] === true;
    const child = this.#begun.get(id);
    if (child !== undefined && output !== '' && !failed) this.sink.subagent(child, { result: output });
    this.result(id, { exitCode: statusOf(output, failed, jsonColumn(data, 'metadata')), failed, output }, at);
  }

  /** What a human ran himself, after `!`. */
  #typed(data: JsonRecord, { id, at }: CrushMessage, n: number): void {
    const command = textAt(data, 'command');
    const key = `typed ${idKey(id)} ${n}`;
    if (command === null || !this.#once.isNewKey(key)) return;
    const code = data['exit_code'];
    this.sink.command(key, command, at);
    this.sink.commandResult(key, typeof code === 'number' ? code : null, false, textAt(data, 'output') ?? '');
  }

  #finish(data: JsonRecord, { id, at }: CrushMessage): void {
    if (data['reason'] !== 'error' && data['reason'] !== 'content_filter') return;
    const said = [textAt(data, 'message'), textAt(data, 'details')]
      .filter((text) => text !== null)
      .join(': ');
    if (said !== '' && this.#once.isNewKey(`error ${idKey(id)}`)) this.sink.error(said, at);
  }

  /** Calls may name a file from their project on. */
  #isNamed(path: string): boolean {
    if (this.#named.has(path)) return true;
    const parts = path.split(/[\\/]/);
    return parts.some((_, n) => n > 0 && this.#named.has(parts.slice(n).join('/')));
  }
}

/** Only a status other than 0 is told in words; a command that has ended without one went well. */
function statusOf(output: string, failed: boolean, metadata: JsonRecord): number | null {
  const code = /(?:^|\n)Exit code (\d{1,10})\s*(?:\n\s*<cwd>[^\n]*<\/cwd>\s*)?$/.exec(
    output.slice(-STATUS_CHARS),
  )?.[1];
  if (code !== undefined) return Number(code);
  const isOver = countAt(metadata, 'end_time') > 0 && metadata['background'] !== true;
  return isOver && !failed && !/Command was aborted before completion/.test(output.slice(-STATUS_CHARS))
    ? 0
    : null;
}
