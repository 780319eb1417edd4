/**
 * opencode's messages and parts, told as facts: rows of its database or files of its older tree.
 * Promises: a part that is told again because it changed counts once; a tool's result is told when it is there.
 */

import { ownText } from '../../domain/bytes.ts';
import type { Todo } from '../../domain/facts.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { jsonColumn, RowsReader, type StoredRow } from '../kit/database-agent.ts';
import { countAt, idKey, isRecord, type JsonRecord, listAt, recordAt, textAt } from '../kit/json-lines.ts';
import { filesOfPatch } from '../kit/patch-headers.ts';
import { Once } from '../kit/seen-records.ts';
import { isCopied } from './copied.ts';

/** Tables and folders that tell nothing of their own for a digest. */
const SILENT = new Set(['session_message', 'session_share', 'session_diff']);
const PARTS_SILENT = new Set(['step-start', 'snapshot', 'agent', 'reasoning', 'retry', 'file']);
/** Of messages whose role is remembered; beyond, a part is told as an answer. */
const MESSAGES_MAX = 100_000;
const PATHS_MAX = 10_000;
const TODOS_MAX = 1000;
/** Tools that change a file, by their names. */
const CHANGING = /write|edit|patch/i;

interface Message {
  readonly role: string;
  readonly at: Iso | null;
  readonly isSummary: boolean;
  /** A fork repeats it: its prompt is told, as copied, and nothing else. */
  readonly isCopied: boolean;
}

export class OpencodeReader extends RowsReader {
  readonly #once = new Once();
  readonly #messages = new Map<string, Message>();
  /** The folder of the message at hand, and what patches named from it. */
  #cwd: string | null = null;
  readonly #patched = new Map<string, string>();
  /** Calls that have not ended; where the program was stopped they never do. */
  readonly #running = new Map<string, { id: string; tool: string; state: JsonRecord; at: Iso | null }>();
  /** Of all answers, the one of the newest message. */
  #last: { readonly text: string; readonly of: string; readonly at: Iso | null } | null = null;
  #isLastTold = true;
  /** What had changed after a step, whoever changed it; whole paths. */
  readonly #changed = new Set<string>();
  readonly #byTools = new Set<string>();
  /** By position; a list that was written anew begins where it first differs from the one before. */
  #todos: { readonly todo: Todo; readonly position: number }[] = [];

  protected row({ from, isFile, row }: StoredRow): void {
    const kind = isFile ? kindOfFile(from) : from;
    // Early ones have their ids by their names alone.
    const id = textAt(row, 'id') ?? (isFile ? (/([^/]*)\.json$/s.exec(from)?.[1] ?? '') : '');
    if (kind === 'message') this.#message(id, isFile ? row : jsonColumn(row, 'data'));
    else if (kind === 'part') {
      const messageId = isFile ? messageOfFile(from, row) : (textAt(row, 'message_id') ?? '');
      this.#part(id, messageId, isFile ? row : jsonColumn(row, 'data'), row);
    } else if (kind === 'session') this.#session(row);
    // A file of todos is a list, and what the tool wrote into it is told there.
    else if (kind === 'todo') {
      if (!isFile) this.#todo(row);
    } else if (!SILENT.has(kind)) this.sink.unknown(kind);
  }

  override end(): void {
    // What a tool wrote has been told as that.
    for (const path of this.#changed.difference(this.#byTools)) this.sink.fileEdited(path);
    if (this.#last !== null && !this.#isLastTold) this.sink.answer(this.#last.text, this.#last.at);
    for (const [key, { id, tool, state, at }] of this.#running) this.#called(key, id, tool, state, at);
    if (this.#todos.length > 0) this.sink.todos(this.#todos.map(({ todo }) => todo));
    super.end();
  }

  #session(row: JsonRecord): void {
    const project = textAt(row, 'directory');
    if (project !== null) this.sink.project(project);
    const title = textAt(row, 'title');
    if (title !== null && !/^(?:New|Child) session - \d{4}-/.test(title)) this.sink.title(title, 'ai');
    const version = textAt(row, 'version');
    if (version !== null) this.sink.agentVersion(version);
    const time = recordAt(row, 'time');
    for (const at of [row['time_created'] ?? time['created'], row['time_updated'] ?? time['updated']]) {
      const parsed = parseTime(at);
      if (parsed !== null) this.sink.time(parsed);
    }
  }

  #message(id: string, data: JsonRecord): void {
    const role = textAt(data, 'role') ?? '';
    const { created } = recordAt(data, 'time');
    const at = parseTime(created);
    const copied = isCopied(id, created);
    if (at !== null && !copied) this.sink.time(at);
    if (role !== 'user' && role !== 'assistant') return this.sink.unknown(ownText(role, 80));
    if (this.#messages.size < MESSAGES_MAX)
      this.#messages.set(idKey(id), { role, at, isSummary: data['summary'] === true, isCopied: copied });
    if (role === 'user' || copied) return;
    const cwd = textAt(recordAt(data, 'path'), 'cwd');
    if (cwd !== null) this.sink.project(cwd);
    this.#cwd = cwd ?? this.#cwd;
    const model = textAt(data, 'modelID') ?? textAt(recordAt(data, 'model'), 'modelID');
    if (model !== null) this.sink.usage(idKey(id), model, tokensOf(recordAt(data, 'tokens')));
    const error = recordAt(data, 'error');
    const message = textAt(recordAt(error, 'data'), 'message') ?? textAt(error, 'name');
    if (message !== null && this.#once.isNewKey(`error ${idKey(id)}`)) this.sink.error(message, at);
  }

  #part(id: string, messageId: string, data: JsonRecord, row: JsonRecord): void {
    const message = this.#messages.get(idKey(messageId));
    const at =
      parseTime(row['time_created']) ?? parseTime(recordAt(data, 'time')['start']) ?? message?.at ?? null;
    const type = textAt(data, 'type') ?? '';
    if (message?.isCopied === true && (type !== 'text' || message.role !== 'user')) return;
    if (type === 'text') this.#text(id, message, data, at);
    else if (type === 'tool') this.#tool(id, data, at);
    else if (type === 'patch') {
      for (const path of listAt(data, 'files'))
        if (typeof path === 'string' && this.#changed.size < PATHS_MAX) this.#changed.add(path);
    } else if (type === 'subtask') {
      const task = textAt(data, 'prompt') ?? textAt(data, 'description');
      const kind = textAt(data, 'agent');
      if (this.#once.isNewKey(`subtask ${idKey(id)}`))
        this.sink.subagent(id, { ...(task === null ? {} : { task }), ...(kind === null ? {} : { kind }) });
    } else if (type !== 'step-finish' && type !== 'compaction' && !PARTS_SILENT.has(type))
      this.sink.unknown(ownText(type, 80));
  }

  #text(id: string, message: Message | undefined, data: JsonRecord, at: Iso | null): void {
    const text = textAt(data, 'text');
    // A synthetic text was put there by the program: a file's content, a reminder.
    if (text === null || data['synthetic'] === true || data['ignored'] === true) return;
    if (message?.role !== 'user') {
      if (message?.isSummary === true) {
        if (this.#once.isNewKey(`summary ${idKey(id)} ${Bun.hash(text)}`)) this.sink.compaction(text, at);
      } else this.#answer(text, message?.at ?? at, at);
      return;
    }
    if (!this.#once.isNewKey(`prompt ${idKey(id)}`)) return;
    if (message.isCopied) this.sink.prompt(text, message.at, true);
    else this.asked(text, at);
  }

  /** Files of an older tree stand beside rows, and what was stored first is read first: the last answer is told by its time. */
  #answer(text: string, of: Iso | null, at: Iso | null): void {
    this.sink.answer(text, at);
    this.#isLastTold = of === null || this.#last === null || of >= this.#last.of;
    if (this.#isLastTold) this.#last = { text, of: of ?? '', at };
  }

  #tool(id: string, data: JsonRecord, at: Iso | null): void {
    const tool = textAt(data, 'tool') ?? '';
    const callId = textAt(data, 'callID') ?? id;
    const state = recordAt(data, 'state');
    const status = textAt(state, 'status');
    const key = idKey(`${id} ${callId}`);
    if (status === 'pending' || status === 'running') {
      if (!this.#once.isNewKey(`running ${key}`)) return;
      this.#running.set(key, { id, tool, state, at });
      return;
    }
    this.#running.delete(key);
    if (!this.#once.isNewKey(`tool ${key}`)) return;
    this.#called(key, id, tool, state, at);
    const { exit } = recordAt(state, 'metadata') as { exit?: unknown };
    const failed = status === 'error';
    const output = textAt(state, failed ? 'error' : 'output') ?? '';
    this.result(key, { exitCode: typeof exit === 'number' ? exit : null, failed, output }, at);
  }

  protected override pathOf(path: string): string {
    return this.#patched.get(path) ?? path;
  }

  /** A patch names files from the folder that it runs in; what had changed after a step goes by whole paths. */
  #filesOfPatch(input: JsonRecord): readonly string[] {
    return filesOfPatch(textAt(input, 'patchText') ?? '').map(({ path }) => {
      const isWhole = this.#cwd === null || /^(?:[/\\~]|[A-Za-z]:)/.test(path);
      const whole = isWhole ? path : `${this.#cwd}/${path.replace(/^(?:\.\/)+/, '')}`;
      if (this.#patched.size < PATHS_MAX) this.#patched.set(path, whole);
      return whole;
    });
  }

  #called(key: string, id: string, tool: string, state: JsonRecord, at: Iso | null): void {
    const input = recordAt(state, 'input');
    const hasChanged = CHANGING.test(tool) && textAt(state, 'status') === 'completed';
    const whole = wholePathIn(state);
    const patched = this.#filesOfPatch(input);
    for (const path of hasChanged ? [...(whole === null ? [] : [whole]), ...patched] : [])
      if (this.#byTools.size < PATHS_MAX) this.#byTools.add(path);
    this.call(tool, key, input, at);
    if (tool === 'task') this.#task(id, input, state);
    if (tool === 'todowrite') this.#todoList(listAt(input, 'todos'));
  }

  #task(id: string, input: JsonRecord, state: JsonRecord): void {
    const metadata = recordAt(state, 'metadata');
    const task = textAt(input, 'prompt') ?? textAt(input, 'description');
    const kind = textAt(input, 'subagent_type');
    const result = textAt(state, 'output');
    this.sink.subagent(textAt(metadata, 'sessionId') ?? id, {
      ...(task === null ? {} : { task }),
      ...(kind === null ? {} : { kind }),
      ...(result === null ? {} : { result }),
    });
  }

  #todoList(list: readonly unknown[]): void {
    this.sink.todos(
      list.filter(isRecord).map((todo) => ({
        text: textAt(todo, 'content') ?? '',
        status: textAt(todo, 'status') ?? '',
      })),
    );
  }

  #todo(row: JsonRecord): void {
    const todo = { text: textAt(row, 'content') ?? '', status: textAt(row, 'status') ?? '' };
    const position = countAt(row, 'position');
    this.#todos = this.#todos.filter((other) => other.position < position);
    if (this.#todos.length < TODOS_MAX) this.#todos.push({ todo, position });
  }
}

/** A call may name its file from the folder that it runs in; its result has the whole path. */
function wholePathIn(state: JsonRecord): string | null {
  const metadata = recordAt(state, 'metadata');
  const whole = textAt(metadata, 'filepath') ?? textAt(recordAt(metadata, 'filediff'), 'file');
  return whole ?? textAt(recordAt(state, 'input'), 'filePath');
}

function kindOfFile(path: string): string {
  const [, kind] = /(?:^|\/)(message|part|todo|session_diff|session_share)\//.exec(path) ?? [];
  return kind ?? (/(?:^|\/)session\/[^/]+\/[^/]+\.json$/s.test(path) ? 'session' : 'file');
}

/** A part says whose it is; early ones do so by their folder alone. */
export function messageOfFile(path: string, row: JsonRecord): string {
  return textAt(row, 'messageID') ?? path.split('/').at(-2) ?? '';
}

function tokensOf(tokens: JsonRecord) {
  const cache = recordAt(tokens, 'cache');
  return {
    input: countAt(tokens, 'input'),
    cacheRead: countAt(cache, 'read'),
    cacheWrite: countAt(cache, 'write'),
    // Reasoning stands beside the output.
    output: countAt(tokens, 'output') + countAt(tokens, 'reasoning'),
    reasoning: countAt(tokens, 'reasoning'),
  };
}
