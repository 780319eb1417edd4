/**
 * GitHub Copilot CLI's events, told as facts.
 * Promises: what its agents say to each other is no prompt; tokens are those of `session.shutdown`, which has all of them, and
 * of answers after the last one, which have only what was put out.
 */
import type { DocumentPart, PartCounts } from '../../domain/facts.ts';
import type { Iso } from '../../domain/time.ts';
import { countAt, idKey, isRecord, type JsonRecord, listAt, recordAt, textAt } from '../kit/json-lines.ts';
import { LinesReader } from '../kit/lines-reader.ts';
import { filesOfPatch } from '../kit/patch-headers.ts';
import { exitIn, humanText } from './records.ts';
import { TimelineTeller } from './timeline.ts';

/** Known, and nothing of them is for a digest. */
const SILENT: ReadonlySet<string> = new Set([
  ...['assistant.turn_start', 'assistant.turn_end', 'system.message', 'session.usage_checkpoint'],
  ...['session.auto_mode_resolved', 'session.permissions_changed', 'session.mode_changed', 'session.resume'],
  ...[
    'permission.requested',
    'permission.completed',
    'system.notification',
    'session.info',
    'session.warning',
  ],
  ...['session.compaction_start', 'session.truncation', 'session.idle', 'session.title_changed', 'abort'],
  ...['assistant.reasoning', 'assistant.intent', 'tool.execution_progress', 'tool.execution_partial_result'],
  ...['hook.start', 'hook.end', 'session.handoff', 'session.snapshot_rewind', 'session.context_changed'],
]);
interface Usage {
  readonly model: string;
  readonly output: number;
}

export class CopilotReader extends LinesReader {
  /** Of answers since the last shutdown, by message: pieces of one answer repeat its sum. */
  readonly #since = new Map<string, Usage>();
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
        return this.sink.subagent(subagentId(data), { kind: textAt(data, 'agentName') ?? 'task' });
      case 'subagent.completed':
        return;
      case 'subagent.failed':
        return this.sink.subagent(subagentId(data), { result: textAt(data, 'error') ?? 'failed' });
      case 'session.compaction_complete':
        return told(textAt(data, 'summaryContent'), (text) => this.sink.compaction(text, at));
      case 'session.task_complete':
        return told(textAt(data, 'summary'), (text) => this.sink.answer(text, at));
      case 'session.error':
        return told(textAt(data, 'message'), (text) => this.sink.error(text, at));
      case 'session.model_change':
        return told(textAt(data, 'newModel'), (name) => name !== 'auto' && this.sink.model(name));
      case 'session.shutdown':
        return this.#shutdown(data, textAt(record, 'id') ?? '');
      default:
        if (!SILENT.has(type)) this.sink.unknown(type);
    }
  }

  override end(): void {
    this.#timeline.end();
    for (const [id, { model, output }] of this.#since)
      this.sink.usage(id, model, { input: 0, cacheRead: 0, cacheWrite: 0, output, reasoning: 0 });
    this.#since.clear();
    super.end();
  }

  #start(data: JsonRecord): void {
    const context = recordAt(data, 'context');
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
    const output = countAt(data, 'outputTokens');
    const key = idKey(id);
    if (output > 0 && this.#since.size < 100_000)
      this.#since.set(key, { model, output: Math.max(output, this.#since.get(key)?.output ?? 0) });
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

  #call(data: JsonRecord, at: Iso | null): void {
    const name = textAt(data, 'toolName') ?? 'tool';
    this.call(name, textAt(data, 'toolCallId') ?? '', recordAt(data, 'arguments'), at, false);
    if (name === 'apply_patch') told(textAt(data, 'arguments'), (patch) => this.#patch(patch));
  }

  /** The arguments of `apply_patch` are the patch itself, as a text (github/copilot-cli#4327). */
  #patch(patch: string): void {
    for (const { path, isNew } of filesOfPatch(patch))
      if (isNew) this.sink.fileWritten(path);
      else this.sink.fileEdited(path);
  }

  #result(data: JsonRecord, at: Iso | null): void {
    const result = recordAt(data, 'result');
    const output =
      textAt(result, 'detailedContent') ??
      textAt(result, 'content') ??
      textAt(recordAt(data, 'error'), 'message') ??
      '';
    const told = { exitCode: exitIn(output), failed: data['success'] === false, output };
    this.result(textAt(data, 'toolCallId') ?? '', told, at);
  }

  #shutdown(data: JsonRecord, id: string): void {
    this.#since.clear();
    for (const [model, metric] of Object.entries(recordAt(data, 'modelMetrics'))) {
      const usage = recordAt(isRecord(metric) ? metric : {}, 'usage');
      const [cacheRead, cacheWrite] = [countAt(usage, 'cacheReadTokens'), countAt(usage, 'cacheWriteTokens')];
      const reasoning = countAt(usage, 'reasoningTokens');
      // What it calls input has what came from a cache in it, and output the reasoning.
      this.sink.usage(`${id} ${model}`, model, {
        input: Math.max(0, countAt(usage, 'inputTokens') - cacheRead - cacheWrite),
        ...{ cacheRead, cacheWrite, reasoning, output: countAt(usage, 'outputTokens') },
      });
    }
    for (const path of listAt(recordAt(data, 'codeChanges'), 'filesModified'))
      if (typeof path === 'string') this.sink.fileEdited(path);
  }
}

function subagentId(data: JsonRecord): string {
  return idKey(textAt(data, 'toolCallId') ?? textAt(data, 'agentName') ?? '');
}

function told(text: string | null, tell: (text: string) => unknown): void {
  if (text !== null) tell(text);
}
