/**
 * Claude Code's tools: what a call and its result tell.
 * Promises: a call waits for its result only where the result tells more than the call; memory is bounded.
 */

import { ownText } from '../../domain/bytes.ts';
import type { FactSink, FileChange, Todo } from '../../domain/facts.ts';
import type { Iso } from '../../domain/time.ts';
import { fileChangesIn } from '../kit/file-change.ts';
import { between, idKey, isRecord, type JsonRecord, listAt, recordAt, textAt } from '../kit/json-lines.ts';
import { readToolCall } from '../kit/tool-call.ts';
import { isRefusal, saidInRefusal } from './records.ts';

/** Calls that wait for a result; a transcript torn again and again must not fill the memory. */
const WAITING_MAX = 10_000;
/** The longest path that a system takes. */
const PATH_CHARS = 4096;
/** Of changes to be shown, UTF-16 units; a conversation keeps no more. */
const SHOWN_UNITS_MAX = 24 * 1024 * 1024;
/** Characters held of what a call says until its result comes; no digest shows more. */
const HELD_CHARS = 2000;

/** Which member of a tool's input is the file it works on, and what it does to it. */
const FILE_TOOLS: ReadonlyMap<string, { readonly member: string; readonly does: 'read' | 'write' | 'edit' }> =
  new Map([
    ['Read', { member: 'file_path', does: 'read' }],
    ['NotebookRead', { member: 'notebook_path', does: 'read' }],
    ['Write', { member: 'file_path', does: 'write' }],
    ['Edit', { member: 'file_path', does: 'edit' }],
    ['MultiEdit', { member: 'file_path', does: 'edit' }],
    ['NotebookEdit', { member: 'notebook_path', does: 'edit' }],
  ]);

/** The client's own tools with words that mean something else in a tool's name. */
const OTHER_TOOLS: ReadonlySet<string> = new Set([
  ...[
    'Grep',
    'Glob',
    'LS',
    'Skill',
    'SlashCommand',
    'WebFetch',
    'WebSearch',
    'ToolSearch',
    'KillShell',
    'Workflow',
  ],
  ...['ReadMcpResourceTool', 'TaskGet', 'TaskList', 'TaskStop', 'EnterPlanMode', 'ScheduleWakeup'],
]);
/** A server's answer begins with what it made. */
const LINK_CHARS = 16 * 1024;

type Waiting =
  | { readonly kind: 'command' }
  | { readonly kind: 'agent'; readonly task: string | null; readonly type: string | null }
  | { readonly kind: 'task'; readonly subject: string | null; readonly isOwn: boolean }
  | { readonly kind: 'question'; readonly isOwn: boolean }
  | { readonly kind: 'background'; readonly task: string }
  | { readonly kind: 'links' }
  | { readonly kind: 'plan'; readonly isOwn: boolean };

/** The text of a message's content: a string, or its text blocks. */
export function textOfContent(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  const texts = content.flatMap((block: unknown) =>
    isRecord(block) && block['type'] === 'text' && typeof block['text'] === 'string' ? [block['text']] : [],
  );
  return texts.join('\n');
}

interface Change {
  readonly path: string;
  readonly does: 'write' | 'edit';
  /** For who shows them, with the file. */
  readonly changes?: readonly FileChange[];
}

export class ClaudeTools {
  private readonly sink: FactSink;
  private readonly waiting = new Map<string, Waiting>();
  /** Files of calls that have no result yet, by the call. */
  private readonly changes = new Map<string, readonly Change[]>();
  /** UTF-16 units of the changes that were ever shown or wait to be. */
  private shownUnits = 0;
  private readonly agentIds = new Set<string>();
  /** Calls of commands that went on in the background, by the client's name for them. */
  private readonly background = new Map<string, string>();
  /** The last command typed after `!`; its output is the next message. */
  private typed: string | null = null;
  /** Where commands run, as the record before told it. */
  cwd: string | null = null;

  constructor(sink: FactSink) {
    this.sink = sink;
  }

  waitsFor(callId: string): boolean {
    return this.waiting.has(idKey(callId));
  }

  /** A `tool_use` block. `isOwn`: of the session itself, not of a subagent, whose todos and plans are not the session's. */
  call(block: JsonRecord, isOwn: boolean, at: Iso | null): void {
    const name = textAt(block, 'name');
    const callId = idKey(textAt(block, 'id') ?? '');
    const input = recordAt(block, 'input');
    if (name === null) return;
    this.sink.tool(name);
    if (this.file(callId, name, input)) return;
    if (name === 'Bash' || name === 'PowerShell') this.command(callId, textAt(input, 'command'), at);
    else if (name === 'Task' || name === 'Agent') {
      // A few words and the whole of it: people remember either.
      const parts = [textAt(input, 'description'), textAt(input, 'prompt')].filter((part) => part !== null);
      const task = parts.length === 0 ? null : held(parts.join(': '));
      this.wait(callId, { kind: 'agent', task, type: held(textAt(input, 'subagent_type')) });
    } else if (name === 'TodoWrite' && isOwn) this.sink.todos(todosOf(input));
    else if (name === 'TaskCreate')
      this.wait(callId, { kind: 'task', subject: held(textAt(input, 'subject')), isOwn });
    else if (name === 'TaskUpdate' && isOwn) this.taskUpdate(input);
    else if (name === 'ExitPlanMode' || name === 'exit_plan_mode')
      this.plan(callId, textAt(input, 'plan'), isOwn);
    else if (name === 'AskUserQuestion') this.wait(callId, { kind: 'question', isOwn });
    else if (name === 'BashOutput' || name === 'TaskOutput') {
      const task = textAt(input, 'bash_id') ?? textAt(input, 'task_id');
      if (task !== null) this.wait(callId, { kind: 'background', task: idKey(task) });
    } else if (!OTHER_TOOLS.has(name)) this.other(callId, name, input, at);
  }

  /** A tool of a server or of a version that is not known here: its name and its arguments tell. */
  private other(callId: string, name: string, input: JsonRecord, at: Iso | null): void {
    const told = readToolCall(name, input);
    for (const path of told.read) this.sink.fileRead(path);
    this.change(callId, [
      ...told.written.map((path) => ({ path, does: 'write' }) as const),
      ...told.edited.map((path) => ({ path, does: 'edit' }) as const),
    ]);
    if (told.command !== null) this.command(callId, told.command, at, told.cwd);
    else if (/(?:pull|merge)_?request/i.test(name)) this.wait(callId, { kind: 'links' });
  }

  private file(callId: string, name: string, input: JsonRecord): boolean {
    const tool = FILE_TOOLS.get(name);
    if (tool === undefined) return false;
    const path = textAt(input, tool.member);
    if (path === null) return true;
    if (tool.does === 'read') this.sink.fileRead(path);
    else this.change(callId, [{ path, does: tool.does, changes: this.toShow(input) }]);
    return true;
  }

  /** A write or an edit that fails changes nothing, and only its result says so. */
  private change(callId: string, changes: readonly Change[]): void {
    if (changes.length === 0) return;
    // Of a call without an id no result can be known.
    if (callId === '' || this.changes.size >= WAITING_MAX) this.changed(changes);
    else
      this.changes.set(
        callId,
        changes.map((change) => ({ ...change, path: ownText(change.path, PATH_CHARS) })),
      );
  }

  /** Texts that wait for a result are bounded all together; who shows none has none to wait. */
  private toShow(input: JsonRecord): readonly FileChange[] {
    if (this.sink.fileChanged === undefined || this.shownUnits > SHOWN_UNITS_MAX) return [];
    const changes = fileChangesIn(input);
    for (const change of changes)
      this.shownUnits += 'patch' in change ? change.patch.length : change.before.length + change.after.length;
    return changes;
  }

  private changed(changes: readonly Change[]): void {
    for (const { path, does, changes: shown = [] } of changes) {
      if (does === 'write') this.sink.fileWritten(path);
      else this.sink.fileEdited(path);
      for (const change of shown) this.sink.fileChanged?.(path, change);
    }
  }

  /** A result that says no more than that its call went well. */
  wentWell(callId: string): void {
    const key = idKey(callId);
    const changes = this.changes.get(key);
    if (changes === undefined) return;
    this.changes.delete(key);
    this.changed(changes);
  }

  private wait(callId: string, what: Waiting): void {
    if (this.waiting.size < WAITING_MAX) this.waiting.set(callId, what);
  }

  private command(callId: string, command: string | null, at: Iso | null, cwd = this.cwd): void {
    if (command === null) return;
    this.sink.command(callId, command, at, cwd ?? this.cwd);
    this.wait(callId, { kind: 'command' });
  }

  private taskUpdate(input: JsonRecord): void {
    const id = textAt(input, 'taskId');
    if (id === null) return;
    const status = textAt(input, 'status');
    const text = textAt(input, 'subject');
    this.sink.todoChanged(id, { ...(status === null ? {} : { status }), ...(text === null ? {} : { text }) });
  }

  /** Newer versions keep the plan in a file and tell it with the result. */
  private plan(callId: string, plan: string | null, isOwn: boolean): void {
    if (plan === null) this.wait(callId, { kind: 'plan', isOwn });
    else if (isOwn) this.sink.plan(plan);
  }

  /** A `tool_result` block and the structured result beside the message. */
  result(block: JsonRecord, structured: unknown, at: Iso | null, isOwn: boolean): void {
    const callId = idKey(textAt(block, 'tool_use_id') ?? '');
    const text = textOfContent(block['content']);
    const failed = block['is_error'] === true;
    if (!failed) this.wentWell(callId);
    this.changes.delete(callId);
    const waiting = this.waiting.get(callId);
    this.waiting.delete(callId);
    if (failed && !isRefusal(text)) this.error(text, at);
    const said = failed && isOwn ? saidInRefusal(text) : null;
    if (said !== null) this.sink.prompt(said, at);
    if (waiting === undefined) return;
    const told = isRecord(structured) ? structured : {};
    if (waiting.kind === 'command') this.commandResult(callId, block, told, text);
    else if (waiting.kind === 'question') {
      if (waiting.isOwn && !failed) this.answered(told, at);
    } else if (waiting.kind === 'background') this.looked(waiting.task, told, text);
    else if (waiting.kind === 'links') this.links(structured, text);
    else if (waiting.kind === 'agent') this.agentResult(callId, waiting, told, text);
    else if (waiting.kind === 'task') this.taskCreated(waiting.subject, waiting.isOwn, told, text);
    else if (waiting.kind === 'plan') {
      const plan = textAt(told, 'plan');
      if (plan !== null && waiting.isOwn) this.sink.plan(plan);
    } else waiting satisfies never;
  }

  private commandResult(callId: string, block: JsonRecord, told: JsonRecord, text: string): void {
    const failed = block['is_error'] === true;
    const task = textAt(told, 'backgroundTaskId');
    if (task !== null && this.background.size < WAITING_MAX) this.background.set(idKey(task), callId);
    this.sink.commandResult(callId, exitCode(text, failed, block, told), failed, text);
  }

  /** A look at a command in the background: it may have ended. */
  private looked(task: string, told: JsonRecord, text: string): void {
    const callId = this.background.get(task);
    const inner = recordAt(told, 'task');
    const code = inner['exitCode'] ?? told['exitCode'];
    const output = textAt(inner, 'output') ?? textAt(told, 'stdout') ?? text;
    if (callId !== undefined && isStatus(code)) this.sink.commandResult(callId, code, code !== 0, output);
  }

  /** What a human chose or wrote when asked is a prompt like any other; the question is needed to read it. */
  private answered(told: JsonRecord, at: Iso | null): void {
    for (const [question, answer] of Object.entries(recordAt(told, 'answers'))) {
      const text = Array.isArray(answer)
        ? answer.filter((one) => typeof one === 'string').join(', ')
        : answer;
      if (typeof text === 'string' && text !== '') this.sink.prompt(`${text}\n(asked: ${question})`, at);
    }
  }

  private links(structured: unknown, text: string): void {
    const told = text === '' && structured !== undefined ? (JSON.stringify(structured) ?? '') : text;
    const url = /https:\/\/[^\s"'\\)\]]{1,300}\/(?:pull|merge_requests)\/\d{1,9}/.exec(
      told.slice(0, LINK_CHARS),
    )?.[0];
    if (url !== undefined) this.sink.pullRequest(url);
  }

  private error(text: string, at: Iso | null): void {
    const plain = text.replace(/<\/?tool_use_error>/g, '').trim();
    if (plain !== '') this.sink.error(plain, at);
  }

  private agentResult(
    callId: string,
    call: { readonly task: string | null; readonly type: string | null },
    told: JsonRecord,
    text: string,
  ): void {
    const id = idKey(textAt(told, 'agentId') ?? /^agentId: ([\w-]+)/m.exec(text)?.[1] ?? callId);
    const isLaunch = told['isAsync'] === true || told['status'] === 'async_launched';
    if (this.agentIds.size < WAITING_MAX) this.agentIds.add(id);
    const result = isLaunch ? '' : textOfContent(told['content']) || text;
    this.tellAgent(id, call, result);
  }

  private tellAgent(
    id: string,
    call: { readonly task: string | null; readonly type: string | null },
    result: string,
  ): void {
    this.sink.subagent(id, {
      ...(call.task === null ? {} : { task: call.task }),
      ...(call.type === null ? {} : { kind: call.type }),
      ...(result === '' ? {} : { result }),
    });
  }

  private taskCreated(subject: string | null, isOwn: boolean, told: JsonRecord, text: string): void {
    const task = recordAt(told, 'task');
    const id = textAt(task, 'id') ?? /Task #(\w+)/.exec(text)?.[1];
    const name = textAt(task, 'subject') ?? subject;
    if (isOwn && id !== undefined && name !== null)
      this.sink.todoChanged(id, { text: name, status: 'pending' });
  }

  /** What the client adds to a message in tags: the end of what ran in the background, a command typed after `!`. */
  note(text: string, uuid: string | null, at: Iso | null): void {
    if (text.startsWith('<task-notification>')) this.backgroundEnd(text);
    else if (text.startsWith('<bash-input>'))
      this.bang(between(text, '<bash-input>', '</bash-input>') ?? '', uuid, at);
    else if (text.startsWith('<bash-stdout>') && this.typed !== null) {
      this.sink.commandResult(this.typed, null, false, text);
      this.typed = null;
    }
  }

  private backgroundEnd(text: string): void {
    const id = between(text, '<task-id>', '</task-id>');
    const result = between(text, '<result>', '</result>');
    if (id === null) return;
    if (result !== null && this.agentIds.has(id)) this.sink.subagent(id, { result });
    const callId = this.background.get(idKey(id));
    const code = /\bexit code (\d{1,9})\b/.exec(between(text, '<summary>', '</summary>') ?? '')?.[1];
    if (callId !== undefined && code !== undefined)
      this.sink.commandResult(callId, Number(code), code !== '0', '');
  }

  /** A command that a human typed after `!`. */
  bang(text: string, uuid: string | null, at: Iso | null): void {
    const command = text.trim();
    if (command === '') return;
    this.typed = uuid ?? command;
    this.sink.command(this.typed, command, at, this.cwd);
  }

  /** Agents that were called and never answered are told all the same. */
  end(): void {
    for (const [callId, call] of this.waiting) if (call.kind === 'agent') this.tellAgent(callId, call, '');
    this.waiting.clear();
    // Nothing says that these failed: the session was left, or what came of them is not in the transcript.
    for (const changes of this.changes.values()) this.changed(changes);
    this.changes.clear();
  }
}

function held(text: string | null): string | null {
  return text === null ? null : ownText(text, HELD_CHARS);
}

function todosOf(input: JsonRecord): readonly Todo[] {
  return listAt(input, 'todos').flatMap((entry) => {
    const text = isRecord(entry) ? textAt(entry, 'content') : null;
    return isRecord(entry) && text !== null ? [{ text, status: textAt(entry, 'status') ?? 'pending' }] : [];
  });
}

/** An exit status is a small whole number; a forged one need not be. */
function isStatus(code: unknown): code is number {
  return Number.isInteger(code) && Math.abs(Number(code)) < 2 ** 32;
}

/**
 * Claude Code tells a code only in the text of a failure; a result that is told to be no error ended with 0, unless
 * it still runs, was interrupted, or its code was read as something else (`grep` without a match).
 */
function exitCode(text: string, failed: boolean, block: JsonRecord, told: JsonRecord): number | null {
  if (failed) {
    const code = /^(?:Error: )?Exit code (\d{1,9})\b/.exec(text)?.[1];
    return code === undefined ? null : Number(code);
  }
  const isOpen =
    'backgroundTaskId' in told || told['interrupted'] === true || 'returnCodeInterpretation' in told;
  return block['is_error'] === false && !isOpen ? 0 : null;
}
