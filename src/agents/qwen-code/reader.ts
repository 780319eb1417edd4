/**
 * Qwen Code's sessions, told as facts.
 * Promises: a record that a branch copied is marked; what a rewind took back was said, and is told.
 * Source: `ChatRecord` in `chatRecordingService.ts` of QwenLM/qwen-code.
 */
import type { FactSink, RecordReader, Tokens } from '../../domain/facts.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { exitOf, outputOfResponse, partsOf, textOfParts } from '../kit/genai-contents.ts';
import {
  countAt,
  idKey,
  isRecord,
  type JsonRecord,
  listAt,
  recordAt,
  textAt,
  titleOf,
} from '../kit/json-lines.ts';
import { Once } from '../kit/seen-records.ts';
import { SubagentLines } from '../kit/subagent-files.ts';
import { readToolCall, type ToolCall } from '../kit/tool-call.ts';

/** Users' records that no human wrote. */
const MADE_BY_PROGRAM: ReadonlySet<string> = new Set([
  'notification',
  'background_task_completed',
  'cron',
  'goal_runtime',
  'agent_launch_prompt',
  'agent_bootstrap',
]);
/** What a digest takes nothing from. */
const SKIPPED: ReadonlySet<string> = new Set([
  'session_notes',
  'ui_telemetry',
  'at_command',
  'attribution_snapshot',
  'notification',
  'cron',
  'session_source',
  'session_execution_engine',
  'omni_recall',
  'session_model',
  'session_approval_mode',
  'rewind',
  'agent_bootstrap',
  'agent_launch_prompt',
  'agent_retry',
  'agent_session_ready',
  'file_history_snapshot',
  'user_text_elements',
  'session_artifact_event',
  'session_artifact_snapshot',
  'session_sources_snapshot',
  'branch_checkpoint',
  'goal_state',
  'goal_runtime',
  'goal_turn_end',
  'realtime_message',
  'turn_result',
  'background_task_completed',
  'managed_session_header_v1',
  'managed_session_event_v1',
  'managed_session_commit_v1',
  'mid_turn_user_message',
]);
/** What the program puts before a prompt, of agents in the background say. */
const REMINDER = /^\s*<system-reminder>[\s\S]*?<\/system-reminder>\s*/;
const HOOK_CONTEXT = /<qwen:user-prompt-submit-context>[\s\S]*?<\/qwen:user-prompt-submit-context>/g;
/** Calls whose results are awaited; a transcript torn again and again must not fill the memory. */
const OPEN_MAX = 10_000;

/** True for a record in this form, of a type that is known or not: others, too, have ids of sessions and of records. */
export function isOfQwen(record: JsonRecord): boolean {
  if (textAt(record, 'sessionId') === null || textAt(record, 'type') === null) return false;
  return 'parts' in recordAt(record, 'message') || 'systemPayload' in record;
}

/** What a human typed, without what hooks added; null for what the program wrote in a user's name. */
export function humanText(record: JsonRecord): string | null {
  if (record['type'] !== 'user' || record['isSidechain'] === true) return null;
  if (MADE_BY_PROGRAM.has(textAt(record, 'subtype') ?? '')) return null;
  const provenance = textAt(record, 'provenance');
  if (provenance !== null && provenance !== 'real_user') return null;
  const sent = textOfParts(recordAt(record, 'message')['parts']).replace(HOOK_CONTEXT, '');
  const text = withoutReminders(textAt(recordAt(record, 'systemPayload'), 'displayText') ?? sent).trim();
  return text === '' ? null : text;
}

function withoutReminders(text: string): string {
  let rest = text;
  for (let found = REMINDER.exec(rest); found !== null; found = REMINDER.exec(rest))
    rest = rest.slice(found[0].length);
  return rest;
}

export function qwenReader(sink: FactSink): RecordReader {
  return new QwenReader(sink);
}

class QwenReader extends SubagentLines implements RecordReader {
  private readonly once = new Once();
  private readonly open = new Map<string, { readonly name: string; readonly told: ToolCall }>();
  private readonly met = new Set<string>();

  protected record(record: JsonRecord): boolean {
    const type = textAt(record, 'type');
    if (type === null) return false;
    const at = parseTime(record['timestamp']);
    if (at !== null) this.sink.time(at);
    this.place(record);
    const isCopied = textAt(recordAt(record, 'forkedFrom'), 'sessionId');
    if (isCopied !== null) this.sink.parent(isCopied);
    // One message may come in several records of one uuid, a thought first; the very same record is history that was copied.
    const content = JSON.stringify(record['message'] ?? record['systemPayload'] ?? '');
    if (!this.once.isNew('record', record, content, 'uuid')) return true;
    if (type === 'user') this.user(record, at, isCopied !== null);
    else if (type === 'assistant') this.assistant(record, at, isCopied !== null);
    else if (type === 'tool_result') this.result(record, at);
    else if (type === 'system') this.system(record, at);
    else this.sink.unknown(type);
    return true;
  }

  /** Tells what stands in every record only where it is new. */
  private place(record: JsonRecord): void {
    const tell = (field: string, to: (text: string) => void) => {
      const text = textAt(record, field);
      if (text === null || this.met.has(`${field} ${text}`) || this.met.size > OPEN_MAX) return;
      this.met.add(`${field} ${text}`);
      to(text);
    };
    if (!this.met.has('project')) tell('cwd', (cwd) => this.sink.project(cwd));
    if (textAt(record, 'cwd') !== null) this.met.add('project');
    tell('gitBranch', (branch) => this.sink.branch(branch));
    tell('version', (version) => this.sink.agentVersion(version));
  }

  private user(record: JsonRecord, at: Iso | null, isCopied: boolean): void {
    const text = humanText(record);
    if (this.subagent !== null) {
      this.subagent.task ??= text ?? textOfParts(recordAt(record, 'message')['parts']);
    } else if (text !== null) this.prompt(text, at, isCopied);
  }

  private assistant(record: JsonRecord, at: Iso | null, isCopied: boolean): void {
    const parts = listAt(recordAt(record, 'message'), 'parts');
    const text = textOfParts(parts);
    const isOwn = this.subagent !== null || record['isSidechain'] !== true;
    if (text !== '' && isOwn) this.answer(text, at);
    if (isCopied) return;
    const model = textAt(record, 'model') ?? '';
    const tokens = tokensOf(recordAt(record, 'usageMetadata'));
    if (tokens !== null) this.sink.usage(textAt(record, 'uuid') ?? '', model, tokens);
    else if (model !== '') this.sink.model(model);
    for (const call of partsOf(parts, 'functionCall')) this.call(call, at);
  }

  private call(call: JsonRecord, at: Iso | null): void {
    const name = textAt(call, 'name') ?? 'tool';
    const id = idKey(textAt(call, 'id') ?? '');
    const told = readToolCall(name, recordAt(call, 'args'));
    this.sink.tool(name);
    if (told.command !== null) this.sink.command(id, told.command, at, told.cwd);
    if (this.open.size < OPEN_MAX) this.open.set(id, { name, told });
    if (name === 'todo_write') this.todos(recordAt(call, 'args'), 'content');
  }

  private result(record: JsonRecord, at: Iso | null): void {
    const about = recordAt(record, 'toolCallResult');
    const status = textAt(about, 'status') ?? '';
    const hasFailed = status === 'error' || status === 'cancelled';
    for (const response of partsOf(listAt(recordAt(record, 'message'), 'parts'), 'functionResponse')) {
      const id = idKey(textAt(response, 'id') ?? textAt(about, 'callId') ?? '');
      const call = this.open.get(id);
      const output = outputOfResponse(response);
      this.open.delete(id);
      if (call?.told.command) this.sink.commandResult(id, exitOf(output, hasFailed), hasFailed, output);
      else if (status === 'error' && output !== '') this.sink.error(output, at);
      if (call !== undefined && !hasFailed) this.done(call.told);
    }
  }

  private system(record: JsonRecord, at: Iso | null): void {
    const payload = recordAt(record, 'systemPayload');
    const subtype = textAt(record, 'subtype') ?? '';
    if (subtype === 'custom_title') {
      const title = titleOf(textAt(payload, 'customTitle') ?? '');
      const source = payload['titleSource'] === 'auto' ? 'ai' : 'custom';
      if (title !== null && this.subagent === null) this.sink.title(title, source);
    } else if (subtype === 'chat_compression') this.compaction(payload, at);
    else if (subtype === 'parent_session') {
      const parent = textAt(payload, 'parentSessionId');
      if (parent !== null) this.sink.parent(parent);
    } else if (subtype === 'slash_command') this.slash(payload, at);
    else if (!SKIPPED.has(subtype)) this.sink.unknown(subtype === '' ? 'system' : `system ${subtype}`);
  }

  private slash(payload: JsonRecord, at: Iso | null): void {
    const typed = textAt(payload, 'rawCommand');
    const isTyped = payload['phase'] === 'invocation' && payload['hiddenInvocation'] !== true;
    if (typed !== null && isTyped && this.subagent === null) this.sink.prompt(typed, at);
  }

  /** The summary is the first content of the history that goes on. */
  private compaction(payload: JsonRecord, at: Iso | null): void {
    const [first] = listAt(payload, 'compressedHistory');
    const text = isRecord(first) ? textOfParts(first['parts']) : '';
    if (text !== '' && this.subagent === null) this.sink.compaction(text, at);
  }
}

/** Prompt tokens count cached ones too; thoughts stand beside the candidates only where the total says so. */
function tokensOf(usage: JsonRecord): Tokens | null {
  const prompt = countAt(usage, 'promptTokenCount');
  const candidates = countAt(usage, 'candidatesTokenCount');
  if (prompt + candidates === 0) return null;
  const cacheRead = countAt(usage, 'cachedContentTokenCount');
  const reasoning = countAt(usage, 'thoughtsTokenCount');
  const isWithin = prompt + candidates === countAt(usage, 'totalTokenCount');
  return {
    input: Math.max(0, prompt - cacheRead),
    cacheRead,
    cacheWrite: 0,
    output: isWithin ? candidates : candidates + reasoning,
    reasoning,
  };
}
