/**
 * Cursor's messages, told as facts: rows of its database, or conversations within one value of older versions.
 * Promises: a message that is told again because it changed counts once; prompts come in the order that the session's own
 * data give, whatever the order of the rows.
 */

import { ownText } from '../../domain/bytes.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { RowsReader, type StoredRow } from '../kit/database-agent.ts';
import { countAt, idKey, isRecord, type JsonRecord, listAt, recordAt, textAt } from '../kit/json-lines.ts';
import { Once } from '../kit/seen-records.ts';
import { folderOfUri, keyOf, projectOf, projectOfContext, promptText, recordOf, textOf } from './records.ts';
import { ToldBubbles } from './told.ts';
import { runOf, type ToolRun } from './tools.ts';
import { conversationsIn } from './workspace.ts';

/** Kinds of keys that tell nothing of their own for a digest. */
const SILENT = new Set([
  'checkpointId',
  'codeBlockDiff',
  'codeBlockPartialInlineDiffFates',
  'ofsContent',
  'composer.content',
]);
const USER: ReadonlySet<unknown> = new Set([1, 'user']);
const ASSISTANT: ReadonlySet<unknown> = new Set([2, 'ai', 'assistant']);
/** Tools whose end is awaited, and what else an assistant's message may be that has no text. */
const RUNNING = new Set(['running', 'loading', 'pending', 'generating']);
const CAPABILITY_COMPACTION = 22;

export class CursorReader extends RowsReader {
  readonly #once = new Once();
  readonly #told = new ToldBubbles();
  readonly #running = new Map<string, { run: ToolRun; at: Iso | null }>();
  #model = '';
  #hasTodos = false;

  protected row({ from, row }: StoredRow): void {
    const text = textOf(row['value']);
    const value = recordOf(text);
    if (from === 'composerHeaders') this.#about(value);
    else if (from === 'ItemTable') this.#conversations(textOf(row['key']) ?? '', value);
    else if (from !== 'cursorDiskKV') this.sink.unknown(ownText(from, 80));
    else this.#keyed(keyOf(row), text, value);
  }

  #keyed({ kind, id }: { kind: string; id: string }, text: string | null, value: JsonRecord): void {
    if (SILENT.has(kind) || text === null) return;
    const isEmpty = Object.keys(value).length === 0;
    if (kind === 'messageRequestContext') this.#project(projectOfContext(value));
    else if (isEmpty && text !== '{}') this.sink.unknown(ownText(`unreadable ${kind}`, 80));
    else if (kind === 'bubbleId') this.#bubble(id, value);
    else if (kind === 'composerData') this.#composer(value);
    else this.sink.unknown(ownText(kind, 80));
  }

  override end(): void {
    this.#tellPrompts();
    for (const [id, { run, at }] of this.#running) this.call(run.name, id, run.args, at);
    // What was answered last by the order of the conversation, where rows came in another.
    const last = this.#told.lastAnswer();
    if (last !== null) this.sink.answer(last.text, last.at);
    super.end();
  }

  /** What another session asked of this one is no human's prompt. */
  #tellPrompts(): void {
    for (const { text, at } of this.#told.takePrompts()) {
      if (this.own.parent === null) this.prompt(text, at);
      else this.sink.subagent(this.own.id, { task: text });
    }
  }

  #conversations(key: string, value: JsonRecord): void {
    const found = conversationsIn(key, value);
    if (found === null) return this.sink.unknown(ownText(key, 80));
    for (const { about, messages } of found) this.#inline(about, messages);
  }

  /** A conversation whose messages stand in its own data. */
  #inline(about: JsonRecord, messages: readonly unknown[]): void {
    this.#about(about);
    const title = textAt(about, 'chatTitle');
    if (title !== null) this.sink.title(title, 'ai');
    const ids: string[] = [];
    for (const [n, message] of messages.entries()) {
      if (!isRecord(message)) continue;
      const id = textAt(message, 'bubbleId') ?? textAt(message, 'id') ?? `nth ${n}`;
      ids.push(id);
      this.#bubble(id, message);
    }
    this.#told.order = ids;
  }

  /** What both the session's data and the index of sessions say. */
  #about(about: JsonRecord): void {
    this.#project(projectOf(about));
    const title = textAt(about, 'name');
    if (title !== null) this.sink.title(title, 'ai');
    for (const key of ['createdAt', 'lastUpdatedAt', 'lastSendTime']) this.timeOf(about, key);
    for (const repo of listAt(about, 'trackedGitRepos').filter(isRecord))
      for (const branch of listAt(repo, 'branches').filter(isRecord)) {
        const name = textAt(branch, 'branchName');
        if (name !== null) this.sink.branch(name);
      }
  }

  #composer(data: JsonRecord): void {
    const model = textAt(recordAt(data, 'modelConfig'), 'modelName');
    if (model !== null) this.sink.model(model);
    const inline = listAt(data, 'conversation');
    if (inline.length > 0) this.#inline(data, inline);
    else this.#about(data);
    const headers = listAt(data, 'fullConversationHeadersOnly').filter(isRecord);
    if (headers.length > 0) this.#told.order = headers.map((header) => textAt(header, 'bubbleId') ?? '');
    const todos = listAt(data, 'todos').filter(isRecord);
    if (todos.length > 0) this.#todos(todos);
    this.#hasTodos = todos.length > 0;
    const summary = recordAt(recordAt(data, 'latestConversationSummary'), 'summary');
    const text = textAt(summary, 'summary');
    if (text !== null && this.#once.isNewKey(`summary ${Bun.hash(text)}`)) this.sink.compaction(text, null);
  }

  #bubble(id: string, bubble: JsonRecord): void {
    const at = parseTime(bubble['createdAt']) ?? parseTime(recordAt(bubble, 'timingInfo')['clientStartTime']);
    if (at !== null) this.sink.time(at);
    const { type } = bubble;
    if (USER.has(type)) this.#user(id, bubble, at);
    else if (ASSISTANT.has(type)) this.#assistant(id, bubble, at);
    else this.sink.unknown(ownText(typeof type === 'string' ? type : `message ${String(type)}`, 80));
  }

  #user(id: string, bubble: JsonRecord, at: Iso | null): void {
    this.#modelOf(bubble);
    for (const uri of listAt(bubble, 'workspaceUris'))
      if (typeof uri === 'string') this.#project(folderOfUri(uri));
    const text = promptText(bubble);
    if (text === null || !this.#once.isNewKey(`prompt ${idKey(id)} ${Bun.hash(text)}`)) return;
    this.#told.addPrompt(id, text, at);
    if (this.#told.isFull) this.#tellPrompts();
  }

  #assistant(id: string, bubble: JsonRecord, at: Iso | null): void {
    this.#modelOf(bubble);
    const tokens = recordAt(bubble, 'tokenCount');
    const [input, output] = [countAt(tokens, 'inputTokens'), countAt(tokens, 'outputTokens')];
    if (input + output > 0)
      this.sink.usage(idKey(id), this.#model, { input, output, cacheRead: 0, cacheWrite: 0, reasoning: 0 });
    const text = textAt(bubble, 'text') ?? textAt(bubble, 'rawText');
    // A text where room was made is what stands for what was said before.
    if (text !== null && bubble['capabilityType'] === CAPABILITY_COMPACTION) this.sink.compaction(text, at);
    else if (text !== null && text.trim() !== '') {
      this.#told.addAnswer(id, text, at);
      this.sink.answer(text, at);
    }
    const run = runOf(recordAt(bubble, 'toolFormerData'));
    if (run !== null) this.#tool(run, idKey(run.callId ?? id), at);
    const details = recordAt(bubble, 'errorDetails');
    const error = textAt(details, 'message') ?? textAt(details, 'error');
    if (error !== null && this.#once.isNewKey(`error ${idKey(id)}`)) this.sink.error(error, at);
  }

  #modelOf(bubble: JsonRecord): void {
    const model = textAt(recordAt(bubble, 'modelInfo'), 'modelName') ?? textAt(bubble, 'modelType');
    if (model === null) return;
    this.#model = model;
    this.sink.model(model);
  }

  #tool(run: ToolRun, key: string, at: Iso | null): void {
    if (run.status !== null && RUNNING.has(run.status)) {
      if (this.#once.isNewKey(`running ${key}`)) this.#running.set(key, { run, at });
      return;
    }
    this.#running.delete(key);
    if (!this.#once.isNewKey(`tool ${key}`)) return;
    if (run.madeFile === null) this.call(run.name, key, run.args, at);
    else {
      this.sink.tool(run.name);
      this.sink.fileWritten(run.madeFile);
    }
    if (run.plan !== null) this.sink.plan(run.plan);
    if (run.subagent !== null) this.sink.subagent(run.subagent.id ?? key, run.subagent.about);
    if (run.todos.length > 0 && !this.#hasTodos) this.#todos(run.todos);
    const { exitCode, failed, output } = run;
    this.result(key, { exitCode, failed, output }, at);
  }

  #todos(list: readonly JsonRecord[]): void {
    this.sink.todos(
      list.map((todo) => ({
        text: textAt(todo, 'content') ?? '',
        status: (textAt(todo, 'status') ?? 'pending').replace(/^TODO_STATUS_/, '').toLowerCase(),
      })),
    );
  }

  #project(folder: string | null): void {
    if (folder !== null) this.sink.project(folder);
  }
}
