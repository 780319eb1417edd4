/**
 * Kimi CLI's events and messages, told as facts.
 * Promises: a call that the session's events and those of its subagent both have counts once; so does a prompt that a
 * copy of what was sent repeats.
 */
import type { Iso } from '../../domain/time.ts';
import {
  countAt,
  idKey,
  isRecord,
  type JsonRecord,
  listAt,
  recordAt,
  scalarText,
  textAt,
} from '../kit/json-lines.ts';
import { LinesReader } from '../kit/lines-reader.ts';
import { Once } from '../kit/seen-records.ts';
import { type Called, calledIn, compactionIn, cwdOf, exitIn, humanText, textOf } from './records.ts';

/** Known, and nothing of them is for a digest; `BtwEnd` is an answer beside the work. */
const SILENT: ReadonlySet<string> = new Set([
  ...['TurnEnd', 'StepBegin', 'StepInterrupted', 'StepRetry', 'HookTriggered', 'HookResolved', 'BtwEnd'],
  ...['CompactionBegin', 'CompactionEnd', 'MCPLoadingBegin', 'MCPLoadingEnd', 'Notification', 'ToolCallPart'],
  ...['ApprovalRequest', 'ToolCallRequest', 'QuestionRequest', 'HookRequest'],
]);

/** Whose event it is: the file's own agent's, or one's that it started. `ownFile`: that one writes its events down, too. */
interface Source {
  readonly nested: { readonly id: string; readonly ownFile: boolean } | null;
  readonly at: Iso | null;
  readonly stamp: string;
}

export class KimiCliReader extends LinesReader {
  readonly #once = new Once();
  /** Calls of a shell: of another agent's calls only these have a result to tell. */
  readonly #shells = new Set<string>();
  #isSent = false;
  #file = '';
  /** The session has events, and they are told. */
  #hasEvents = false;
  /** How often a prompt stood in a file of what was sent: without a time only that tells two apart. */
  #times = new Map<string, number>();

  override begin(file: { readonly role: 'main' | 'subagent'; readonly key: string }): void {
    super.begin(file);
    this.#file = file.key;
    this.#isSent = file.role === 'main' && file.key !== 'main';
    this.#times = new Map();
  }

  protected record(record: JsonRecord): void {
    if (this.#isSent) this.#sent(record);
    else if (record['type'] !== 'metadata') {
      const at = this.timeOf(record);
      this.#event(recordAt(record, 'message'), {
        nested: null,
        at,
        stamp: scalarText(record['timestamp']),
      });
    }
  }

  #event(message: JsonRecord, from: Source): void {
    const type = textAt(message, 'type') ?? '';
    const payload = recordAt(message, 'payload');
    switch (type) {
      case 'TurnBegin':
      case 'SteerInput':
        return this.#said(textOf(payload['user_input']), from);
      case 'BtwBegin':
        return this.#said(textAt(payload, 'question') ?? '', from);
      case 'ContentPart':
        return this.#part(payload, from);
      case 'ToolCall':
        return this.#call(calledIn(payload), from.at);
      case 'ToolResult':
        return this.#result(payload, from);
      case 'StatusUpdate':
        return this.#usage(payload, from);
      case 'SubagentEvent':
        return this.#nested(payload, from);
      case 'PlanDisplay':
        return this.#plan(textAt(payload, 'content'), from);
      case 'ApprovalResponse':
      case 'ApprovalRequestResolved':
        // What a human says in refusing a call.
        return this.#said(textAt(payload, 'feedback') ?? '', from);
      default:
        if (!SILENT.has(type)) this.sink.unknown(type);
    }
  }

  #said(text: string, { nested, at }: Source): void {
    const said = humanText(text);
    if (said === null) return;
    if (nested === null) {
      this.#hasEvents ||= this.subagent === null;
      this.prompt(said, at);
    } else if (!nested.ownFile) this.sink.subagent(nested.id, { task: said });
  }

  #part(part: JsonRecord, { nested, at }: Source): void {
    const text = part['type'] === 'text' ? (textAt(part, 'text') ?? '').trim() : '';
    if (text === '') return;
    if (nested === null) this.answer(text, at);
    else if (!nested.ownFile) this.sink.subagent(nested.id, { result: text });
  }

  #call(called: Called | null, at: Iso | null): void {
    if (called === null) return;
    const { id, name, args } = called;
    if (id !== '' && !this.#once.isNewKey(`call ${idKey(id)}`)) return;
    if (typeof args['command'] === 'string') this.#shells.add(idKey(id));
    this.call(name, id, args, at);
    // Before subagents had files of their own.
    const task = name === 'Task' ? textAt(args, 'prompt') : null;
    if (task !== null)
      this.sink.subagent(idKey(id), { task, kind: textAt(args, 'subagent_name') ?? 'subagent' });
  }

  #result(payload: JsonRecord, { nested, at }: Source): void {
    const callId = textAt(payload, 'tool_call_id') ?? '';
    if (nested !== null && !this.#shells.has(idKey(callId))) return;
    const value = recordAt(payload, 'return_value');
    const message = textAt(value, 'message') ?? '';
    const output = textOf(value['output']) || message;
    this.result(callId, { exitCode: exitIn(message), failed: value['is_error'] === true, output }, at);
  }

  #usage(payload: JsonRecord, { nested, stamp }: Source): void {
    const usage = payload['token_usage'];
    const id = textAt(payload, 'message_id');
    if (!isRecord(usage) || (id === null && nested?.ownFile === true)) return;
    this.sink.usage(idKey(id ?? `${nested?.id ?? this.#file} ${stamp}`), '', {
      input: countAt(usage, 'input_other'),
      cacheRead: countAt(usage, 'input_cache_read'),
      cacheWrite: countAt(usage, 'input_cache_creation'),
      output: countAt(usage, 'output'),
      reasoning: 0,
    });
  }

  #nested(payload: JsonRecord, { at, stamp }: Source): void {
    const agent = textAt(payload, 'agent_id');
    const call = textAt(payload, 'parent_tool_call_id') ?? textAt(payload, 'task_tool_call_id') ?? '';
    const id = idKey(agent ?? call);
    const kind = textAt(payload, 'subagent_type');
    if (kind !== null) this.sink.subagent(id, { kind });
    const event = recordAt(payload, 'event');
    // One within another is told by the events of the one that started it.
    if (event['type'] !== 'SubagentEvent')
      this.#event(event, { nested: { id, ownFile: agent !== null }, at, stamp });
  }

  #plan(text: string | null, { nested }: Source): void {
    if (text !== null && nested === null && this.subagent === null) this.sink.plan(text);
  }

  /** A message as it was sent to the model; where the session has events it only tells what these leave out. */
  #sent(record: JsonRecord): void {
    const role = textAt(record, 'role') ?? '';
    const cwd = cwdOf(record);
    if (cwd !== null) this.sink.project(cwd);
    const text = textOf(record['content']);
    const summary = role === 'user' ? compactionIn(text) : null;
    if (summary !== null) this.sink.compaction(summary, null);
    if (!['user', 'assistant', 'tool', 'system'].includes(role) && !role.startsWith('_'))
      this.sink.unknown(role === '' ? (textAt(record, 'type') ?? '') : role);
    if (this.#hasEvents) return;
    if (role === 'user') this.#sentByHuman(text);
    else if (role === 'assistant') this.#sentByModel(record, text);
    else if (role === 'tool') this.#sentByTool(record, text);
  }

  #sentByHuman(text: string): void {
    const said = humanText(text);
    if (said === null) return;
    const hash = Bun.hash(said).toString(36);
    const nth = (this.#times.get(hash) ?? 0) + 1;
    this.#times.set(hash, nth);
    if (this.#once.isNewKey(`prompt ${hash} ${nth}`)) this.prompt(said, null);
  }

  #sentByModel(record: JsonRecord, text: string): void {
    if (text.trim() !== '') this.answer(text.trim(), null);
    for (const call of listAt(record, 'tool_calls')) this.#call(isRecord(call) ? calledIn(call) : null, null);
  }

  #sentByTool(record: JsonRecord, text: string): void {
    const failed = text.startsWith('<system>ERROR');
    const output = text.replace(/^<system>([^<]{0,4096})<\/system>\n?/, failed ? '$1\n' : '').trim();
    this.result(
      textAt(record, 'tool_call_id') ?? '',
      { exitCode: exitIn(text.slice(0, 4096)), failed, output },
      null,
    );
  }
}
