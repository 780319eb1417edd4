/**
 * Tasks of Cline and Roo Code, told as facts.
 * Promises: of the two forms of a conversation that a task has, what was shown is told; what was sent only where there is
 * nothing else. A record that was written again as it grew counts once.
 */
import type { DocumentPart, PartCounts, ToldRole } from '../../domain/facts.ts';
import type { Iso } from '../../domain/time.ts';
import { blocksOf, DocumentReader, textOfBlocks, timeOfMs, tokensBy } from '../kit/anthropic-messages.ts';
import { readPart } from '../kit/document-agent.ts';
import { isRecord, type JsonRecord, listAt, recordAt, scalarText, textAt } from '../kit/json-lines.ts';
import { Once } from '../kit/seen-records.ts';
import { OwnSubagent } from '../kit/subagent-files.ts';
import {
  ABOUT,
  callsIn,
  callsOfBlock,
  cwdIn,
  DOES,
  humanTextOfMessage,
  jsonOf,
  MESSAGES,
  outcomesOf,
  SHOWN,
} from './records.ts';

const TOKENS = { input: 'tokensIn', output: 'tokensOut', read: 'cacheReads', write: 'cacheWrites' } as const;
const USAGE = {
  input: 'inputTokens',
  output: 'outputTokens',
  read: 'cacheReadTokens',
  write: 'cacheWriteTokens',
} as const;
/** Shown, and nothing that a digest takes. */
const SKIPPED: ReadonlySet<string> = new Set([
  'reasoning',
  'checkpoint_created',
  'checkpoint_saved',
  'api_req_finished',
  'api_req_retried',
  'api_req_deleted',
  'api_req_retry_delayed',
  'shell_integration_warning',
  'shell_integration_warning_with_suggestion',
  'info',
  'mcp_server_request_started',
  'mcp_server_response',
  'mcp_notification',
  'use_mcp_server',
  'clineignore_error',
  'rooignore_error',
  'browser_action',
  'browser_action_launch',
  'browser_action_result',
  'diff_error',
  'hook_status',
  'deleted_api_reqs',
  'load_mcp_documentation',
  'condense_context',
  'generate_explanation',
  'conditional_rules_applied',
  'user_feedback_diff',
  'subtask_result',
  'codebase_search_result',
  'user_edit_todos',
  'task_progress',
  'hook_output',
  'followup',
  'resume_task',
  'resume_completed_task',
  'mistake_limit_reached',
  'auto_approval_max_req_reached',
  'new_task',
  'condense',
  'report_bug',
  'summarize_task',
  'act_mode_respond',
  'command_permission_denied',
  'image',
  'completion_result',
  'subagent',
  'use_subagents',
  'finishTask',
  'switchMode',
  'browser_session_status',
]);
/** Some versions of Cline mark a command that wants to be asked for. */
const MARK = /REQ_APP$/;

export class ClineReader extends DocumentReader {
  private readonly once = new Once();
  private key = 'main';
  /** Something that was shown has been told. */
  private hasShown = false;
  private hasTask = false;
  /** Roo Code shows a task as a text: the first of a present version, never of what was removed. */
  private mayBeTask = false;
  private cwd: string | null = null;
  private lastCommand: string | null = null;

  private subagent: OwnSubagent | null = null;
  /** What Cline notes of a session beside its messages is read. */
  private isAbout = false;

  override begin(file: { readonly role: ToldRole; readonly key: string }): void {
    this.leaveSubagent();
    this.key = file.key;
    const id = /([^/]+)\.messages\.json$/.exec(file.key)?.[1] ?? file.key;
    this.isAbout = file.role === 'beside';
    this.subagent = file.role === 'subagent' ? new OwnSubagent(id) : null;
    this.teller.absolute = (path) =>
      this.cwd === null || /^(?:[\\/]|[A-Za-z]:)/.test(path)
        ? path
        : `${this.cwd}/${path.replace(/^\.\//, '')}`;
  }

  part(bytes: Uint8Array, part: DocumentPart): PartCounts {
    this.teller.beginPart();
    this.mayBeTask = part !== 'removed';
    if (this.isAbout) return readPart(bytes, part, ABOUT, (about) => this.about(about));
    if (this.key === 'main') {
      const counts = readPart(bytes, part, SHOWN, (record) => this.shown(record));
      this.hasShown ||= counts.read > 0 && this.hasTask;
      return counts;
    }
    if (this.subagent !== null) return readPart(bytes, part, MESSAGES, (message) => this.ofSubagent(message));
    return readPart(
      ...([bytes, part, MESSAGES, (message: JsonRecord) => this.message(message)] as const),
      (whole) => this.version(textAt(recordAt(whole, 'origin'), 'version')),
    );
  }

  private about(about: JsonRecord): void {
    const cwd = textAt(about, 'cwd') ?? textAt(about, 'workspace_root');
    const branch = textAt(recordAt(recordAt(about, 'metadata'), 'git'), 'branch');
    if (cwd !== null) this.sink.project(cwd);
    if (branch !== null) this.sink.branch(branch);
  }

  private version(version: string | null): void {
    if (version !== null) this.sink.agentVersion(version);
  }

  override end(): void {
    this.leaveSubagent();
    super.end();
  }

  private leaveSubagent(): void {
    this.subagent?.tell(this.sink);
    this.subagent = null;
  }

  /** What was asked of a subagent is no human's prompt; what it did was done. */
  private ofSubagent(message: JsonRecord): void {
    if (this.subagent === null) return;
    const blocks = blocksOf(message);
    const at = timeOfMs(message['ts']);
    const text = textOfBlocks(blocks);
    if (message['role'] !== 'assistant') {
      this.subagent.task ??= text === '' ? null : text;
      for (const outcome of blocks.flatMap(outcomesOf)) this.teller.result(outcome, at);
      return;
    }
    if (text !== '') this.subagent.answer = text;
    this.calls(blocks, at);
    this.usage(message, at);
  }

  private calls(blocks: readonly JsonRecord[], at: Iso | null): void {
    for (const block of blocks) {
      if (block['type'] !== 'tool_use') continue;
      const name = textAt(block, 'name') ?? 'tool';
      for (const { id, input } of callsOfBlock(block)) this.teller.call(id, name, input, at);
    }
  }

  private project(text: string): void {
    const cwd = this.cwd === null ? cwdIn(text) : null;
    if (cwd === null) return;
    this.cwd = cwd;
    this.sink.project(cwd);
  }

  private shown(record: JsonRecord): void {
    if (record['partial'] === true) return;
    const at = timeOfMs(record['ts']);
    if (at !== null) this.sink.time(at);
    const kind = textAt(record, 'say') ?? textAt(record, 'ask') ?? '';
    const text = (textAt(record, 'text') ?? '').trim();
    if (kind === 'task' || kind === 'user_feedback' || (kind === 'text' && this.mayBeTask && !this.hasTask))
      this.human(text, at);
    else if (['text', 'completion_result', 'plan_mode_respond'].includes(kind) && text !== '')
      this.teller.answer(textAt(jsonOf(record), 'response') ?? text, at);
    else if (kind === 'api_req_started') this.request(record, text);
    else if (kind === 'command' || kind === 'command_output') this.command(kind, record, text, at);
    else if (kind === 'tool') this.tool(record);
    else if (kind === 'error' || kind === 'api_req_failed') this.error(record, text, at);
    else if (!SKIPPED.has(kind)) this.sink.unknown(kind);
  }

  private human(text: string, at: Iso | null): void {
    this.hasTask = true;
    if (text !== '') this.teller.prompt(text, at);
  }

  private request(record: JsonRecord, text: string): void {
    this.project(text);
    const told = jsonOf(record);
    this.teller.usage(
      `request ${scalarText(record['ts'])}`,
      textAt(recordAt(record, 'modelInfo'), 'modelId') ?? '',
      tokensBy(told, TOKENS),
    );
  }

  private command(kind: string, record: JsonRecord, text: string, at: Iso | null): void {
    if (text === '') return;
    if (kind === 'command_output') {
      if (this.lastCommand !== null) this.sink.commandResult(this.lastCommand, null, false, text);
      return;
    }
    const id = `command ${scalarText(record['ts'])}`;
    if (!this.once.isNewKey(id)) return;
    this.lastCommand = id;
    this.sink.tool('execute_command');
    this.sink.command(id, text.replace(MARK, ''), at, this.cwd);
  }

  private tool(record: JsonRecord): void {
    const told = jsonOf(record);
    const name = textAt(told, 'tool') ?? '';
    if (name === '' || !this.once.isNewKey(`tool ${scalarText(record['ts'])}`)) return;
    this.sink.tool(name);
    const does = DOES[name];
    const each = [told, ...listAt(told, 'batchFiles'), ...listAt(told, 'batchDiffs')].filter(isRecord);
    for (const path of each.map((one) => textAt(one, 'path'))) {
      if (path === null || does === undefined) continue;
      const absolute = this.teller.absolute(path);
      if (does === 'read') this.sink.fileRead(absolute);
      else if (does === 'written') this.sink.fileWritten(absolute);
      else this.sink.fileEdited(absolute);
    }
  }

  private error(record: JsonRecord, text: string, at: Iso | null): void {
    if (text !== '' && this.once.isNewKey(`error ${scalarText(record['ts'])}`)) this.sink.error(text, at);
  }

  /** A message that was sent; where the conversation was shown too, it only tells the folder. */
  private message(message: JsonRecord): void {
    const blocks = blocksOf(message);
    const text = textOfBlocks(blocks);
    const isPlain = this.key === 'messages.json';
    this.project(text);
    if (this.hasShown) return;
    const at = timeOfMs(message['ts']);
    if (at !== null) this.sink.time(at);
    const role = textAt(message, 'role');
    if (role === 'user') this.user(blocks, isPlain, at);
    else if (role === 'assistant') this.assistant(message, blocks, text, at);
    else this.sink.unknown(role ?? '');
  }

  private user(blocks: readonly JsonRecord[], isPlain: boolean, at: Iso | null): void {
    for (const block of blocks) {
      const human = humanTextOfMessage(textAt(block, 'text') ?? '', isPlain);
      if (human !== null) this.human(human, at);
      for (const outcome of outcomesOf(block)) this.teller.result(outcome, at);
    }
  }

  private assistant(message: JsonRecord, blocks: readonly JsonRecord[], text: string, at: Iso | null): void {
    this.teller.answer(text, at);
    this.calls(blocks, at);
    for (const { name, input } of callsIn(text)) {
      const id = `${name} ${Bun.hash(JSON.stringify(input)).toString(36)} ${at ?? ''}`;
      this.teller.call(id, name, input, at, 'now');
    }
    this.usage(message, at);
  }

  private usage(message: JsonRecord, at: Iso | null): void {
    const told = tokensBy(recordAt(message, 'metrics'), USAGE);
    const model = textAt(recordAt(message, 'modelInfo'), 'id') ?? '';
    // What Cline calls input has what came from a cache in it.
    const cached = told === null ? 0 : told.cacheRead + told.cacheWrite;
    const tokens = told === null ? null : { ...told, input: Math.max(0, told.input - cached) };
    this.teller.usage(`message ${textAt(message, 'id') ?? ''}${at ?? ''}`, model, tokens);
  }
}
