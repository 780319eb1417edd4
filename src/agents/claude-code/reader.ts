/**
 * Claude Code's sessions, told as facts.
 * Promises: a line whose facts no digest uses is not parsed, but its time counts and a record glued to it is not missed.
 * Never: counts a record twice that a resume replayed, as long as no more than `SEEN_MAX` ids are to be remembered.
 */

import { ownText, viewOf } from '../../domain/bytes.ts';
import type { FactSink, LineVerdict, RecordReader } from '../../domain/facts.ts';
import type { Iso } from '../../domain/time.ts';
import {
  idKey,
  isRecord,
  type JsonRecord,
  LINE_BYTES_MAX,
  listAt,
  recordAt,
  recordsOf,
  scalarText,
  textAt,
  titleOf,
} from '../kit/json-lines.ts';
import {
  apiErrorText,
  type ClaudePath,
  forkedFrom,
  humanPrompt,
  humanText,
  isCompaction,
  claudeLine as look,
  steeringCommand,
  timeOf,
  tokensOf,
} from './records.ts';
import { ClaudeTools, textOfContent } from './tools.ts';

/** Types that a digest takes nothing from but the time. */
const SKIPPED_TYPES: ReadonlySet<string> = new Set([
  ...['progress', 'file-history-snapshot', 'permission-mode', 'mode', 'last-prompt'],
  ...['agent-name', 'atis-latch', 'worktree-state', 'tools-used', 'cost-state', 'file-history-delta'],
  // What was sent to the model, of which the messages tell all that is for a digest.
  ...['api-request', 'api-request-blob', 'api-request-shape'],
]);
const MAY_BE_SKIPPED: ReadonlySet<string> = new Set([
  ...SKIPPED_TYPES,
  ...['user', 'tool_result', 'system', 'attachment'],
]);
/** Of other records of the client and of what it attaches a digest takes nothing. */
const USED_NOTES: ReadonlySet<string> = new Set(['api_error', 'local_command']);
const USED_ATTACHMENTS: ReadonlySet<string> = new Set(['queued_command', 'file', 'plan_file_reference']);
/** Messages that a human has put in line, and characters held of each. */
const QUEUED_MAX = 100;
const QUEUED_CHARS = 8000;
/** More than this before an answer are no person's typing. */
const UNANSWERED_MAX = 100;
/** Ids remembered to count replayed history once: about 10 MB at most. */
const SEEN_MAX = 100_000;

export function claudeReader(sink: FactSink): RecordReader {
  return new ClaudeReader(sink);
}

class ClaudeReader implements RecordReader {
  private readonly sink: FactSink;
  private readonly tools: ClaudeTools;
  private readonly seen = new Set<string>();
  /** Summaries whose leaf has not been met: most are of other sessions. */
  private readonly leaves = new Map<string, string>();
  /** What a human wrote while the agent worked, until it is met as a message: some versions deliver it unrecorded. */
  private readonly queued: { readonly text: string; readonly at: Iso | null }[] = [];
  /** What a human said before the first answer of this session's own: a fork that copied it says so only of its answers. */
  private unanswered: { readonly text: string; readonly at: Iso | null }[] | null = null;
  private copiedTitle: string | null = null;
  /** Usage of answers is known by these: a sidechain repeats answers of its session as asked for by itself. */
  private readonly usageKeys = new Map<string, { readonly key: string; readonly isSidechain: boolean }>();
  private subagentId: string | null = null;
  private inSubagent = false;
  private subagentAnswer: string | null = null;
  private hasTitle = false;
  private hasProject = false;
  private branch: string | null = null;
  private version: string | null = null;

  constructor(sink: FactSink) {
    this.sink = sink;
    this.tools = new ClaudeTools(sink);
  }

  begin(file: { readonly role: 'main' | 'subagent'; readonly key: string }): void {
    this.finishSubagent();
    this.tellUnanswered(false);
    this.tellQueued();
    this.inSubagent = file.role === 'subagent';
    this.unanswered = this.inSubagent ? null : [];
    this.subagentId = this.inSubagent ? (/agent-([\w-]+)\.jsonl$/.exec(file.key)?.[1] ?? file.key) : null;
  }

  end(): void {
    this.finishSubagent();
    this.tellUnanswered(false);
    this.tellQueued();
    if (!this.hasTitle && this.copiedTitle !== null) this.sink.title(this.copiedTitle, 'prompt');
    this.tools.end();
  }

  private finishSubagent(): void {
    if (this.subagentId !== null) {
      this.sink.subagent(
        this.subagentId,
        this.subagentAnswer === null ? {} : { result: this.subagentAnswer },
      );
    }
    this.subagentAnswer = null;
  }

  line(line: Uint8Array): LineVerdict {
    if (line.length > LINE_BYTES_MAX) return 'unreadable';
    const view = viewOf(line);
    if (look.scan(view, this.isUsed) === 'whole' && this.isSkipped()) {
      const at = look.time();
      if (at !== null) this.sink.time(at);
      for (const id of look.all('message.content[].tool_use_id')) this.tools.wentWell(scalarText(id));
      return 'skipped';
    }
    let verdict: LineVerdict = 'unreadable';
    for (const record of recordsOf(view).records) if (this.record(record)) verdict = 'read';
    return verdict;
  }

  /** True as soon as a member tells that the line is not to be skipped: the rest of it is left to the parser. */
  private readonly isUsed = (path: ClaudePath): boolean => {
    if (path === 'type') return !MAY_BE_SKIPPED.has(look.text('type') ?? '');
    if (path === 'message.role') return look.text('message.role') !== 'user';
    // What a human typed while the tool ran stands behind its result, in the same record.
    if (path === 'message.content[].type') return look.text(path) !== 'tool_result';
    if (path === 'message.content[].is_error') return look.value(path) === true;
    return path === 'message.content[].tool_use_id' && this.tools.waitsFor(look.text(path) ?? '');
  };

  /** Of a line without what is used. */
  private isSkipped(): boolean {
    const type = look.text('type') ?? '';
    if (type === 'system') return !USED_NOTES.has(look.text('subtype') ?? '');
    if (type === 'attachment') return !USED_ATTACHMENTS.has(look.text('attachment.type') ?? '');
    // The result of a tool whose call says all: a file read, a search, an edit that went well.
    if (type === 'user' || type === 'tool_result') return look.has('message.content[].tool_use_id');
    return MAY_BE_SKIPPED.has(type);
  }

  /** False where it is no record of Claude Code. */
  private record(record: JsonRecord): boolean {
    const type = textAt(record, 'type');
    if (type === null) return false;
    const at = timeOf(record);
    if (at !== null) this.sink.time(at);
    this.place(record);
    const copied = forkedFrom(record);
    if (copied !== null) this.sink.parent(copied);
    if (type === 'user') this.user(record, at, copied !== null);
    else if (type === 'assistant') this.assistant(record, at, copied !== null);
    else this.other(type, record, at);
    this.titleByLeaf(record);
    return true;
  }

  private place(record: JsonRecord): void {
    const cwd = textAt(record, 'cwd');
    if (cwd !== null) this.tools.cwd = cwd;
    if (cwd !== null && !this.hasProject) {
      this.hasProject = true;
      this.sink.project(cwd);
    }
    const branch = textAt(record, 'gitBranch');
    if (branch !== null && branch !== 'HEAD' && branch !== this.branch) {
      this.branch = branch;
      this.sink.branch(branch);
    }
    const version = textAt(record, 'version');
    if (version !== null && version !== this.version) {
      this.version = version;
      this.sink.agentVersion(version);
    }
  }

  /** True the first time an id is met: a resume or a fork may have replayed it. */
  private isNew(id: string | null): boolean {
    if (id === null) return true;
    const key = idKey(id);
    if (this.seen.has(key)) return false;
    if (this.seen.size < SEEN_MAX) this.seen.add(key);
    return true;
  }

  private user(record: JsonRecord, at: Iso | null, copied: boolean): void {
    const uuid = textAt(record, 'uuid');
    const isFirst = this.isNew(uuid);
    const text = textOfContent(recordAt(record, 'message')['content']);
    if (isCompaction(record, text)) {
      if (!this.inSubagent && text !== '' && isFirst) this.sink.compaction(text, at);
      return;
    }
    const isOwn = isFirst && !copied && !this.inSubagent && record['isSidechain'] !== true;
    for (const block of listAt(recordAt(record, 'message'), 'content')) {
      if (isRecord(block) && block['type'] === 'tool_result')
        this.tools.result(block, record['toolUseResult'], at, isOwn);
    }
    if (isFirst && text.startsWith('<')) this.tools.note(text, uuid, at);
    const prompt = this.inSubagent || !isFirst ? null : humanPrompt(record);
    if (prompt !== null) this.prompt(prompt, at, copied);
    else if (isOwn && record['isMeta'] !== true) this.steering(text, at);
  }

  private steering(text: string, at: Iso | null): void {
    const typed = steeringCommand(text);
    if (typed === null) return;
    this.unqueue(typed);
    this.sink.steering(typed, at);
  }

  private prompt(text: string, at: Iso | null, copied: boolean): void {
    this.unqueue(text);
    // So many without an answer are not held, and not told out of their order.
    if (this.unanswered !== null && this.unanswered.length >= UNANSWERED_MAX) this.tellUnanswered(false);
    if (!copied && this.unanswered !== null) this.unanswered.push({ text, at });
    else this.tellPrompt(text, at, copied);
  }

  /** Whose the answer is tells whose the prompts before it are; from the first of the session's own on all are its own. */
  private tellUnanswered(copied: boolean): void {
    const prompts = this.unanswered ?? [];
    this.unanswered = copied ? [] : null;
    for (const { text, at } of prompts) this.tellPrompt(text, at, copied);
  }

  private tellPrompt(text: string, at: Iso | null, copied: boolean): void {
    this.sink.prompt(text, at, copied);
    const title = this.hasTitle ? null : titleOf(text);
    if (title === null) return;
    if (copied) this.copiedTitle ??= title;
    else {
      this.hasTitle = true;
      this.sink.title(title, 'prompt');
    }
  }

  private assistant(record: JsonRecord, at: Iso | null, copied: boolean): void {
    const message = recordAt(record, 'message');
    const text = textOfContent(message['content']);
    const model = textAt(message, 'model') ?? '';
    if (model === '<synthetic>' || record['isApiErrorMessage'] === true) {
      if (record['isApiErrorMessage'] === true && text !== '') this.sink.error(text, at);
      return;
    }
    const isSidechain = record['isSidechain'] === true;
    if (!isSidechain && this.unanswered !== null) this.tellUnanswered(copied);
    if (text !== '') this.answer(text, isSidechain, at);
    if (copied) return;
    this.usage(record, message, model);
    for (const block of listAt(message, 'content')) {
      if (!isRecord(block) || block['type'] !== 'tool_use') continue;
      const isOwn = !this.inSubagent && record['isSidechain'] !== true;
      if (this.isNew(textAt(block, 'id'))) this.tools.call(block, isOwn, at);
    }
  }

  private answer(text: string, isSidechain: boolean, at: Iso | null): void {
    if (this.inSubagent) this.subagentAnswer = text;
    else if (!isSidechain) this.sink.answer(text, at);
  }

  private usage(record: JsonRecord, message: JsonRecord, model: string): void {
    const tokens = tokensOf(message);
    if (tokens === null) {
      if (model !== '') this.sink.model(model);
      return;
    }
    const id = idKey(textAt(message, 'id') ?? textAt(record, 'uuid') ?? '');
    const isSidechain = this.inSubagent || record['isSidechain'] === true;
    const key = `${id} ${textAt(record, 'requestId') ?? ''}`;
    const known = this.usageKeys.get(id);
    if (known === undefined && this.usageKeys.size < SEEN_MAX) this.usageKeys.set(id, { key, isSidechain });
    const isRepeated = known !== undefined && (isSidechain || known.isSidechain);
    this.sink.usage(isRepeated ? known.key : key, model, tokens);
  }

  /** A human's message put in line, to be told if it is never met as one; taken back, it is the human's no more. */
  private queue(record: JsonRecord, at: Iso | null): void {
    if (this.inSubagent) return;
    if (record['operation'] === 'popAll') this.queued.length = 0;
    if (record['operation'] !== 'enqueue' || this.queued.length >= QUEUED_MAX) return;
    const text = humanText(textOfContent(record['content']))?.trim();
    if (text) this.queued.push({ text: ownText(text, QUEUED_CHARS), at });
  }

  /** What is met is told where it is met. */
  private unqueue(text: string): void {
    for (let index = this.queued.length - 1; index >= 0; index--)
      if (text.includes(this.queued[index]?.text ?? '')) this.queued.splice(index, 1);
  }

  private tellQueued(): void {
    for (const { text, at } of this.queued.splice(0)) this.prompt(text, at, false);
  }

  private other(type: string, record: JsonRecord, at: Iso | null): void {
    if (type === 'custom-title') this.title(textAt(record, 'customTitle'), 'custom');
    else if (type === 'ai-title') this.title(textAt(record, 'aiTitle'), 'ai');
    else if (type === 'summary') this.summary(record);
    else if (type === 'pr-link') {
      const url = textAt(record, 'prUrl');
      if (url !== null) this.sink.pullRequest(url);
    } else if (type === 'system') this.system(record, at);
    else if (type === 'attachment') this.attachment(record, at);
    else if (type === 'queue-operation') this.queue(record, at);
    else if (!SKIPPED_TYPES.has(type)) this.sink.unknown(type);
  }

  private title(text: string | null, source: 'custom' | 'ai' | 'summary'): void {
    const title = text === null || this.inSubagent ? null : titleOf(text);
    if (title !== null) this.sink.title(title, source);
  }

  private system(record: JsonRecord, at: Iso | null): void {
    if (record['subtype'] === 'api_error') this.sink.error(apiErrorText(record), at);
    // Some versions note a slash command here alone.
    const typed =
      record['subtype'] === 'local_command' && !this.inSubagent ? textAt(record, 'content') : null;
    const prompt = typed?.startsWith('<command-') ? humanText(typed) : null;
    if (typed === null || !this.isNew(textAt(record, 'uuid'))) return;
    if (prompt !== null) this.prompt(prompt, at, false);
    else this.steering(typed, at);
  }

  /** What a human typed while the agent worked is delivered as an attachment and nowhere else; so is a file named by `@`. */
  private attachment(record: JsonRecord, at: Iso | null): void {
    const attachment = recordAt(record, 'attachment');
    const file = attachment['type'] === 'file' ? textAt(attachment, 'filename') : null;
    if (file !== null) this.sink.fileRead(file);
    if (this.inSubagent || record['isSidechain'] === true) return;
    const plan = attachment['type'] === 'plan_file_reference' ? textAt(attachment, 'planContent') : null;
    if (plan !== null) this.sink.plan(plan);
    if (attachment['type'] === 'queued_command') this.queuedCommand(record, attachment, at);
  }

  private queuedCommand(record: JsonRecord, attachment: JsonRecord, at: Iso | null): void {
    const text = textOfContent(attachment['prompt']);
    if (text.startsWith('<task-notification>')) this.tools.note(text, textAt(record, 'uuid'), at);
    if (attachment['commandMode'] === 'bash') this.tools.bang(text, textAt(record, 'uuid'), at);
    const prompt = attachment['commandMode'] === 'prompt' || attachment['commandMode'] === undefined;
    const human = prompt ? humanText(text) : null;
    if (human !== null && this.isNew(textAt(record, 'uuid'))) this.prompt(human, at, false);
  }

  /** A file begins with summaries of other sessions; only one whose leaf is a record of this file names it. */
  private summary(record: JsonRecord): void {
    const uuid = textAt(record, 'leafUuid');
    const summary = titleOf(textAt(record, 'summary') ?? '');
    if (uuid === null || summary === null) return;
    const leaf = idKey(uuid);
    if (this.seen.has(leaf)) this.title(summary, 'summary');
    else if (this.leaves.size < SEEN_MAX) this.leaves.set(leaf, summary);
  }

  private titleByLeaf(record: JsonRecord): void {
    const uuid = textAt(record, 'uuid');
    if (uuid === null) return;
    const key = idKey(uuid);
    const summary = this.leaves.get(key);
    if (summary !== undefined) this.title(summary, 'summary');
    if (this.seen.size < SEEN_MAX) this.seen.add(key);
  }
}
