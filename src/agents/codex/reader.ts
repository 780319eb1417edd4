/**
 * Codex's sessions, told as facts.
 * Promises: a line whose facts no digest uses is not parsed, but its time counts and a record glued to it is not missed;
 * history that a fork copied from its parent is told as copied prompts and nothing else.
 * Never: counts a total of tokens twice, however often it is repeated.
 */

import { viewOf } from '../../domain/bytes.ts';
import type { FactSink, LineVerdict, RecordReader } from '../../domain/facts.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { type JsonRecord, LINE_BYTES_MAX, recordAt, recordsOf, textAt, titleOf } from '../kit/json-lines.ts';
import { CopiedHistory, OwnTotal } from './copied.ts';
import {
  type CodexPath,
  cwdOfContext,
  humanText,
  itemOf,
  codexLine as look,
  type Meta,
  messageOf,
  metaOf,
  msOfId,
  textsOf,
  typedCommand,
  usageOf,
} from './records.ts';
import { CodexTools } from './tools.ts';

/** `type/payload type` of lines that a digest takes nothing from but the time. */
const SKIPPED: ReadonlySet<string> = new Set([
  ...['reasoning', 'additional_tools', 'message/developer', 'message/system', 'tool_search_output'].map(
    (type) => `response_item/${type}`,
  ),
  ...[
    'agent_reasoning',
    'agent_reasoning_raw_content',
    'mcp_tool_call_end',
    'web_search_end',
    'task_complete',
  ].map((type) => `event_msg/${type}`),
  ...['turn_aborted', 'context_compacted', 'thread_rolled_back', 'turn_diff', 'background_event'].map(
    (type) => `event_msg/${type}`,
  ),
  ...['exited_review_mode', 'exec_command_begin', 'exec_command_output_delta'].map(
    (type) => `event_msg/${type}`,
  ),
]);
const RESULTS: ReadonlySet<string> = new Set([
  'function_call_output',
  'custom_tool_call_output',
  'exec_command_end',
]);
const USED_ITEMS: ReadonlySet<string> = new Set(['UserMessage', 'Plan', 'CommandExecution', 'FileChange']);
/** What is held of a burst: more is no fresh thread's. */
const HELD_MAX = 2000;
const HELD_BYTES_MAX = 8 * 1024 * 1024;
/** Messages kept until it is known whether this version notes prompts as events. */
const CANDIDATES_MAX = 1000;
const CANDIDATES_CHARS_MAX = 4 * 1024 * 1024;

/** Record types without facts. */
function isBulk(kind: string): boolean {
  // The totals of a `token_usage_record` stand in the `token_count` beside it, too.
  const isBeside = kind === 'world_state' || kind === 'ghost_snapshot' || kind === 'token_usage_record';
  return isBeside || kind.startsWith('inter_agent_communication');
}

export function codexReader(sink: FactSink): RecordReader {
  return new CodexReader(sink);
}

class CodexReader implements RecordReader {
  private readonly sink: FactSink;
  private readonly tools: CodexTools;
  private history = new CopiedHistory();
  /** The first records of a spawned thread, until it is known whether they were copied. */
  private held: JsonRecord[] | null = null;
  private heldBytes = 0;
  private model = '';
  private cwd: string | null = null;
  private ownTotal = new OwnTotal();
  private total = '';
  /** The last answer that was told, and as what it was written. */
  private answered: { readonly text: string; readonly as: 'event' | 'message' } | null = null;
  private lastPrompt = '';
  private hasPrompts = false;
  private hasTitle = false;
  private copiedTitle: string | null = null;
  private readonly candidates: {
    readonly text: string;
    readonly at: Iso | null;
    readonly copied: boolean;
  }[] = [];
  private candidateChars = 0;

  constructor(sink: FactSink) {
    this.sink = sink;
    this.tools = new CodexTools(sink);
  }

  begin(): void {
    this.flush();
    this.history = new CopiedHistory();
    this.ownTotal = new OwnTotal();
    this.total = '';
  }

  end(): void {
    this.flush();
    const { own } = this.history;
    // What its parent was asked is no title of a subagent.
    const title = own?.isSubagent ? own.name : this.copiedTitle;
    if (!this.hasTitle && title !== null) this.sink.title(title, 'prompt');
  }

  private flush(): void {
    this.tellHeld();
    if (!this.hasPrompts) this.tellCandidates();
    this.dropCandidates();
    this.tools.end();
    this.hasPrompts = false;
    this.lastPrompt = '';
  }

  private tellCandidates(): void {
    for (const one of this.candidates) this.tellPrompt(one.text, one.at, one.copied);
    this.dropCandidates();
  }

  private dropCandidates(): void {
    this.candidates.length = 0;
    this.candidateChars = 0;
  }

  line(line: Uint8Array): LineVerdict {
    const view = viewOf(line);
    if (view.length > LINE_BYTES_MAX) return 'unreadable';
    if (look.scan(view, this.isUsed) === 'whole' && this.isSkipped()) {
      const at = look.time();
      if (at !== null && !this.history.isFromBefore(at)) this.sink.time(at);
      return 'skipped';
    }
    let verdict: LineVerdict = 'unreadable';
    for (const record of recordsOf(view).records) if (this.met(record, view.length)) verdict = 'read';
    return verdict;
  }

  /** True as soon as a member tells that the line is not to be skipped: the rest of it is left to the parser. */
  private readonly isUsed = (path: CodexPath): boolean => {
    const kind = look.text('type');
    const inner = look.text('payload.type');
    if (kind === null || inner === null) return false;
    if (path === 'payload.call_id') return RESULTS.has(inner) && this.tools.waitsFor(look.text(path) ?? '');
    if (path === 'payload.role')
      return inner === 'message' && !SKIPPED.has(`${kind}/message/${look.text(path)}`);
    const isOpen = inner === 'message' || inner === 'item_completed' || RESULTS.has(inner);
    return (
      (path === 'payload.type' || path === 'type') &&
      !isOpen &&
      !isBulk(kind) &&
      !SKIPPED.has(`${kind}/${inner}`)
    );
  };

  /** Of a line without what is used. A compaction's summary is taken from it. */
  private isSkipped(): boolean {
    if (look.text('record_type') === 'state') return true;
    const { kind, inner } = look.kinds();
    if (isBulk(kind)) return true;
    if (kind === 'compacted') return this.held === null && this.compacted();
    if (RESULTS.has(inner)) return this.held === null && this.isUnusedResult();
    if (inner === 'item_completed') return !USED_ITEMS.has(look.itemText('item.type') ?? '');
    const role = inner === 'message' ? `/${look.itemText('role') ?? ''}` : '';
    return SKIPPED.has(`${kind}/${inner}${role}`);
  }

  /** A compaction repeats the whole history behind its summary: only the summary is taken. True when it was. */
  private compacted(): boolean {
    if (!look.isObject('payload')) return false;
    const text = look.itemText('message');
    const at = look.time();
    this.history.at(at);
    if (text !== null && !this.history.isRunning) this.sink.compaction(text, at);
    return true;
  }

  private isUnusedResult(): boolean {
    const callId = look.itemText('call_id');
    return callId !== null && !this.tools.waitsFor(callId);
  }

  /** False where it is no record of Codex. */
  private met(record: JsonRecord, bytes: number): boolean {
    if (this.held !== null && this.isUndecided(this.held, record)) {
      this.held.push(record);
      this.heldBytes += bytes;
      return itemOf(record).kind !== '';
    }
    this.tellHeld();
    return this.record(record);
  }

  /** True while a spawned thread may still be repeating its parent: in one burst, before any turn whose id tells its time. */
  private isUndecided(held: readonly JsonRecord[], record: JsonRecord): boolean {
    const at = parseTime(record['timestamp']);
    if (this.history.isRunning || metaOf(record) !== null || !this.history.isBurst(at)) return false;
    if (msOfId(textAt(itemOf(record).item, 'turn_id')) !== null) return false;
    return held.length < HELD_MAX && this.heldBytes <= HELD_BYTES_MAX;
  }

  /** No model answers so soon: what stands before a count of tokens in the burst was copied, and the count too. */
  private tellHeld(): void {
    const held = this.held ?? [];
    this.held = null;
    this.heldBytes = 0;
    const last = held.findLastIndex((record) => usageOf(itemOf(record).item, 'total_token_usage') !== null);
    for (const [index, record] of held.entries()) {
      this.history.isRunning = index <= last;
      this.record(record);
    }
    if (held.length > 0) this.history.isRunning = false;
  }

  private record(record: JsonRecord): boolean {
    const meta = metaOf(record);
    const at = parseTime(record['timestamp']);
    const isOwnTime = this.history.at(at);
    if (at !== null && isOwnTime) this.sink.time(at);
    if (meta !== null) {
      this.meta(meta, at);
      return true;
    }
    const { kind, item } = itemOf(record);
    if (kind === '') return 'record_type' in record;
    const human = humanText(record);
    if (human !== null) this.prompt(human, at);
    if (kind === 'turn_context') this.turnContext(item);
    else if (kind === 'event_msg') this.event(item, at);
    else if (kind === 'response_item') this.item(record, item, at);
    else if (kind === 'compacted') {
      const text = textAt(item, 'message');
      if (text !== null && !this.history.isRunning) this.sink.compaction(text, at);
    } else if (!isBulk(kind)) this.sink.unknown(kind);
    return true;
  }

  private meta(meta: Meta, at: Iso | null): void {
    const isOwn = this.history.own === null;
    this.history.meta(meta, at);
    if (!isOwn) return;
    if (meta.at !== null) this.sink.time(meta.at);
    this.place(meta.cwd);
    if (meta.branch !== null) this.sink.branch(meta.branch);
    if (meta.version !== null) this.sink.agentVersion(meta.version);
    if (meta.parent === null) return;
    this.sink.parent(meta.parent);
    if (!meta.isFork) this.held = [];
  }

  private place(cwd: string | null): void {
    if (cwd === null) return;
    if (this.cwd === null) this.sink.project(cwd);
    this.cwd = cwd;
    this.tools.cwd = cwd;
  }

  private prompt(human: { readonly text: string; readonly certain: boolean }, at: Iso | null): void {
    if (!human.certain) {
      if (this.hasPrompts) return;
      this.candidates.push({ text: human.text, at, copied: this.history.isRunning });
      this.candidateChars += human.text.length;
      // More than a version that notes prompts writes before the first note: this one notes none.
      if (this.candidates.length >= CANDIDATES_MAX || this.candidateChars > CANDIDATES_CHARS_MAX)
        this.tellCandidates();
      return;
    }
    this.hasPrompts = true;
    this.dropCandidates();
    this.tellPrompt(human.text, at, this.history.isRunning);
  }

  private tellPrompt(text: string, at: Iso | null, copied: boolean): void {
    const key = `${at} ${text}`;
    if (key === this.lastPrompt) return;
    this.lastPrompt = key;
    const title = titleOf(text);
    if (copied) this.copiedTitle ??= title;
    else if (!this.hasTitle && title !== null) {
      this.hasTitle = true;
      this.sink.title(title, 'prompt');
      // What another thread asked of a subagent is its task, and no human's prompt.
      const { own } = this.history;
      if (own?.isSubagent)
        this.sink.subagent(own.id ?? '', { task: text, ...(own.kind === null ? {} : { kind: own.kind }) });
    }
    if (this.history.own?.isSubagent !== true) this.sink.prompt(text, at, copied);
  }

  private turnContext(item: JsonRecord): void {
    this.history.turn(textAt(item, 'turn_id'));
    if (this.history.isRunning) return;
    this.place(textAt(item, 'cwd'));
    const model = textAt(item, 'model');
    if (model === null || model === this.model) return;
    this.model = model;
    this.sink.model(model);
  }

  private event(item: JsonRecord, at: Iso | null): void {
    const type = item['type'];
    if (type === 'task_started') this.history.turn(textAt(item, 'turn_id'));
    else if (type === 'token_count') this.tokens(item);
    else if (this.history.isRunning) return;
    else if (type === 'agent_message') this.answer(textAt(item, 'message'), at, 'event');
    else if (type === 'exec_command_end') this.tools.commandEnd(item, at);
    else if (type === 'patch_apply_end') this.tools.patchEnd(item);
    else if (type === 'item_completed') this.completed(recordAt(item, 'item'), at);
    else if (type === 'entered_review_mode') this.review(item, at);
    else if (type === 'thread_name_updated') this.name(textAt(item, 'thread_name'));
    else if (type === 'error' || type === 'stream_error') {
      const message = textAt(item, 'message');
      if (message !== null) this.sink.error(message, at);
    }
  }

  private completed(done: JsonRecord, at: Iso | null): void {
    const text = done['type'] === 'Plan' ? textAt(done, 'text') : null;
    if (text !== null) this.sink.plan(text);
    this.tools.completed(done, at);
  }

  /** A review is asked for by a menu: what was chosen there is the human's prompt. */
  private review(item: JsonRecord, at: Iso | null): void {
    const asked = textAt(item, 'user_facing_hint') ?? textAt(recordAt(item, 'target'), 'instructions');
    this.sink.prompt(asked === null ? '/review' : `/review ${asked}`, at);
  }

  private name(text: string | null): void {
    const title = text === null ? null : titleOf(text);
    if (title !== null) this.sink.title(title, 'custom');
  }

  /** It writes each answer twice, as what its screen shows and as what its model said; the second of a pair is none. */
  private answer(text: string | null, at: Iso | null, as: 'event' | 'message'): void {
    if (text === null || this.history.isRunning) return;
    const isSecond = this.answered?.text === text && this.answered.as !== as;
    this.answered = isSecond ? null : { text, as };
    if (!isSecond) this.sink.answer(text, at);
  }

  private item(record: JsonRecord, item: JsonRecord, at: Iso | null): void {
    if (this.cwd === null) this.place(cwdOfContext(record));
    if (this.history.isRunning) return;
    const typed = typedCommand(record);
    if (typed !== null) this.tools.typed(typed, at);
    if (item['type'] === 'message') {
      const texts = item['role'] === 'assistant' ? textsOf(item) : [];
      if (texts.length > 0) this.answer(texts.join('\n'), at, 'message');
    } else if (item['type'] === 'agent_message') this.told(item);
    else this.tools.item(item, at);
  }

  /** What one thread wrote to another: to a subagent its task. What only the model's server can read is left out. */
  private told(item: JsonRecord): void {
    const { own } = this.history;
    if (own?.isSubagent !== true || own.id === null) return;
    const task = messageOf(item);
    if (task !== '') this.sink.subagent(own.id, { task });
  }

  private tokens(item: JsonRecord): void {
    const now = usageOf(item, 'total_token_usage');
    if (now === null) return;
    if (this.history.isRunning) {
      if (this.history.isOwn) this.ownTotal.copied(now);
      return;
    }
    const key = `${this.model} ${Object.values(now).join(' ')}`;
    if (key === this.total) return;
    this.total = key;
    const isChild = this.history.own?.parent != null;
    this.sink.usageTotal(this.model, this.ownTotal.of(now, usageOf(item, 'last_token_usage'), isChild));
  }
}
