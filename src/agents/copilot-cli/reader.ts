/**
 * GitHub Copilot CLI's events, told as facts.
 * Promises: what its agents say to each other is no prompt; tokens are those of the last `session.shutdown`, which has all of
 * the session, and of calls after it: of each its `session.usage_record`, else what its answers say was put out.
 */
import type { DocumentPart, PartCounts, Tokens } from '../../domain/facts.ts';
import type { Iso } from '../../domain/time.ts';
import { countAt, idKey, isRecord, type JsonRecord, listAt, recordAt, textAt } from '../kit/json-lines.ts';
import { LinesReader } from '../kit/lines-reader.ts';
import { filesOfPatch } from '../kit/patch-headers.ts';
import { exitIn, humanText } from './records.ts';
import { TimelineTeller } from './timeline.ts';

/** Known, and nothing of them is for a digest. */
const SILENT: ReadonlySet<string> = new Set([
  'assistant.turn_start',
  'assistant.turn_end',
  'system.message',
  'session.usage_checkpoint',
  'session.auto_mode_resolved',
  'session.permissions_changed',
  'session.mode_changed',
  'session.resume',
  'permission.requested',
  'permission.completed',
  'system.notification',
  'session.info',
  'session.warning',
  'session.compaction_start',
  'session.truncation',
  'session.idle',
  'session.title_changed',
  'abort',
  'assistant.reasoning',
  'assistant.intent',
  'tool.execution_progress',
  'tool.execution_partial_result',
  'subagent.configured',
  'subagent.selected',
  'subagent.deselected',
  'hook.start',
  'hook.end',
  'session.handoff',
  'session.snapshot_rewind',
  'session.context_changed',
]);
const NONE: Tokens = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 };
interface Usage {
  readonly model: string;
  readonly tokens: Tokens;
}
const CALLS_MAX = 100_000;

export class CopilotReader extends LinesReader {
  /** Since the last shutdown, by call of a model: its record and all pieces of its answer repeat its sum. */
  readonly #since = new Map<string, Usage>();
  /** By model, what the last shutdown said: a smaller sum is a count that began anew. */
  readonly #last = new Map<string, { readonly tokens: Tokens; readonly key: string }>();
  #cwd: string | null = null;
  /** Patches until it is known whether they were applied. */
  readonly #patches = new Map<string, string>();
  /** Files that calls named: a shutdown names them once more. */
  readonly #named = new Set<string>();
  #answer = { id: '', text: '' };
  readonly #timeline = new TimelineTeller(this.sink);
  /** The session has events, which tell what an older document beside them told before. */
  #hasEvents = false;

  part(bytes: Uint8Array, part: DocumentPart): PartCounts {
    return this.#timeline.part(bytes, part, this.#hasEvents);
  }

  protected record(record: JsonRecord): void {
    const type = textAt(record, 'type') ?? '';
    const data = recordAt(record, 'data');
    const at = this.timeOf(record);
    const agent = textAt(record, 'agentId');
    switch (type) {
      case 'session.start':
        return this.#start(data);
      case 'user.message':
        return this.#user(record, at, agent);
      case 'assistant.message':
        return this.#assistant(record, data, at, agent);
      case 'tool.execution_start':
      case 'tool.user_requested':
        return this.#call(data, at);
      case 'tool.execution_complete':
        return this.#result(data, at);
      case 'subagent.started':
        return this.sink.subagent(subagentId(data, agent), { kind: textAt(data, 'agentName') ?? 'task' });
      case 'subagent.completed':
        return;
      case 'subagent.failed':
        return this.sink.subagent(subagentId(data, agent), { result: textAt(data, 'error') ?? 'failed' });
      case 'session.compaction_complete':
        return told(textAt(data, 'summaryContent'), (text) => this.sink.compaction(text, at));
      case 'session.task_complete':
        return told(textAt(data, 'summary'), (text) => this.sink.answer(text, at));
      case 'session.error':
        return told(textAt(data, 'message'), (text) => this.sink.error(text, at));
      case 'session.model_change':
        return told(textAt(data, 'newModel'), (name) => name !== 'auto' && this.sink.model(name));
      case 'session.usage_record':
        return this.#called(recordAt(data, 'usage'), textAt(record, 'id') ?? '');
      case 'session.shutdown':
        return this.#shutdown(data, textAt(record, 'id') ?? '');
      default:
        if (!SILENT.has(type)) this.sink.unknown(type);
    }
  }

  override end(): void {
    this.#timeline.end();
    for (const patch of this.#patches.values()) this.#patched(patch);
    this.#patches.clear();
    for (const [id, { model, tokens }] of this.#since) this.sink.usage(id, model, tokens);
    this.#since.clear();
    super.end();
  }

  #start(data: JsonRecord): void {
    const context = recordAt(data, 'context');
    this.#cwd ??= textAt(context, 'cwd');
    told(textAt(context, 'cwd'), (cwd) => this.sink.project(cwd));
    told(textAt(context, 'branch'), (branch) => this.sink.branch(branch));
    told(textAt(data, 'copilotVersion'), (version) => this.sink.agentVersion(version));
  }

  #user(record: JsonRecord, at: Iso | null, agent: string | null): void {
    const text = humanText(record);
    if (text !== null) {
      this.#hasEvents = true;
      this.prompt(text, at);
    } else if (agent !== null)
      told(textAt(recordAt(record, 'data'), 'content'), (task) => this.sink.subagent(idKey(agent), { task }));
  }

  #assistant(record: JsonRecord, data: JsonRecord, at: Iso | null, agent: string | null): void {
    const id = textAt(data, 'messageId') ?? textAt(record, 'id') ?? '';
    const model = textAt(data, 'model') ?? '';
    this.#note(textAt(data, 'apiCallId') ?? id, model, { ...NONE, output: countAt(data, 'outputTokens') });
    if (model !== '') this.sink.model(model);
    for (const call of listAt(data, 'toolRequests'))
      if (isRecord(call)) told(textAt(call, 'name'), (name) => this.sink.tool(name));
    const text = textAt(data, 'content');
    if (text === null) return;
    // A long answer comes in pieces.
    this.#answer = this.#answer.id === id ? { id, text: this.#answer.text + text } : { id, text };
    if (agent === null) this.sink.answer(this.#answer.text, at);
    else this.sink.subagent(idKey(agent), { result: this.#answer.text });
  }

  #called(usage: JsonRecord, recordId: string): void {
    const model = textAt(usage, 'model') ?? '';
    this.#note(textAt(usage, 'apiCallId') ?? recordId, model, tokensOf(usage));
  }

  #note(callId: string, model: string, tokens: Tokens): void {
    const key = idKey(callId);
    const before = this.#since.get(key)?.tokens ?? NONE;
    if (sizeOf(tokens) === 0 || this.#since.size >= CALLS_MAX) return;
    const output = Math.max(tokens.output, before.output);
    const larger = sizeOf(tokens) > sizeOf(before) ? tokens : before;
    this.#since.set(key, { model, tokens: { ...larger, output } });
  }

  protected override pathOf(path: string): string {
    if (this.#cwd === null || /^(?:[/\\~]|[A-Za-z]:)/.test(path)) return path;
    return `${this.#cwd}/${path.replace(/^(?:\.\/)+/, '')}`;
  }

  #call(data: JsonRecord, at: Iso | null): void {
    const name = textAt(data, 'toolName') ?? 'tool';
    told(textAt(recordAt(data, 'arguments'), 'path'), (path) => this.#names(this.pathOf(path)));
    this.call(name, textAt(data, 'toolCallId') ?? '', recordAt(data, 'arguments'), at, false);
    if (name === 'apply_patch')
      told(textAt(data, 'arguments'), (patch) => this.#patch(textAt(data, 'toolCallId') ?? '', patch));
  }

  /** The arguments of `apply_patch` are the patch itself, as a text (github/copilot-cli#4327). */
  #patch(callId: string, patch: string): void {
    if (this.#patches.size < CALLS_MAX) this.#patches.set(idKey(callId), patch);
  }

  #patched(patch: string): void {
    for (const { path, isNew } of filesOfPatch(patch)) {
      const whole = this.pathOf(path);
      this.#names(whole);
      if (isNew) this.sink.fileWritten(whole);
      else this.sink.fileEdited(whole);
    }
  }

  #names(path: string): void {
    if (this.#named.size < CALLS_MAX) this.#named.add(path);
  }

  #result(data: JsonRecord, at: Iso | null): void {
    const result = recordAt(data, 'result');
    const output =
      textAt(result, 'detailedContent') ??
      textAt(result, 'content') ??
      textAt(recordAt(data, 'error'), 'message') ??
      '';
    const failed = data['success'] === false;
    const callId = textAt(data, 'toolCallId') ?? '';
    const patch = this.#patches.get(idKey(callId));
    this.#patches.delete(idKey(callId));
    if (patch !== undefined && !failed) this.#patched(patch);
    const status = recordAt(data, 'shellExecution')['exitCode'];
    const exitCode =
      exitIn(output) ?? (typeof status === 'number' && Number.isInteger(status) ? status : null);
    this.result(callId, { exitCode, failed, output }, at);
  }

  #shutdown(data: JsonRecord, id: string): void {
    this.#since.clear();
    for (const [model, metric] of Object.entries(recordAt(data, 'modelMetrics'))) {
      const tokens = tokensOf(recordAt(isRecord(metric) ? metric : {}, 'usage'));
      const last = this.#last.get(model);
      // The sums go on where a session is resumed.
      const goesOn = last !== undefined && FIELDS.every((field) => tokens[field] >= last.tokens[field]);
      const key = goesOn ? last.key : `${id} ${model}`;
      this.#last.set(model, { tokens, key });
      this.sink.usage(key, model, tokens);
    }
    for (const path of listAt(recordAt(data, 'codeChanges'), 'filesModified'))
      if (typeof path === 'string' && !this.#named.has(this.pathOf(path)))
        this.sink.fileEdited(this.pathOf(path));
  }
}

const FIELDS = ['input', 'cacheRead', 'cacheWrite', 'output', 'reasoning'] as const;

/** What Copilot calls input has what came from a cache in it, and output the reasoning. */
function tokensOf(usage: JsonRecord): Tokens {
  const [cacheRead, cacheWrite] = [countAt(usage, 'cacheReadTokens'), countAt(usage, 'cacheWriteTokens')];
  return {
    input: Math.max(0, countAt(usage, 'inputTokens') - cacheRead - cacheWrite),
    cacheRead,
    cacheWrite,
    reasoning: countAt(usage, 'reasoningTokens'),
    output: countAt(usage, 'outputTokens'),
  };
}

const sizeOf = (tokens: Tokens) => FIELDS.reduce((sum, field) => sum + tokens[field], 0);

/** Its own id, by which its records are marked; versions that mark none name it by the call that asked for it. */
function subagentId(data: JsonRecord, agent: string | null): string {
  return idKey(agent ?? textAt(data, 'toolCallId') ?? textAt(data, 'agentName') ?? '');
}

function told(text: string | null, tell: (text: string) => unknown): void {
  if (text !== null) tell(text);
}
