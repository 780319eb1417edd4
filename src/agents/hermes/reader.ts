/**
 * Hermes Agent's messages, told as facts: rows of its database, or records of the files that it wrote before.
 * Promises: a message that is told again because it changed counts once; what the program says to itself is no prompt.
 */

import { ownText } from '../../domain/bytes.ts';
import type { Tokens } from '../../domain/facts.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { RowsReader, type StoredRow } from '../kit/database-agent.ts';
import {
  countAt,
  idKey,
  isRecord,
  type JsonRecord,
  linesWithin,
  listAt,
  parseRecord,
  recordAt,
  recordsOf,
  textAt,
} from '../kit/json-lines.ts';
import { Once } from '../kit/seen-records.ts';

/** Who speaks without telling anything of the work. */
const SILENT_ROLES = new Set(['system', 'developer', 'session_meta']);
/** Rows of a user's that no human wrote, as `display_kind` says. */
const NOT_HUMAN = new Set(['hidden', 'model_switch', 'internal_notification', 'process_complete']);
/** What the program puts into a conversation in a human's place, where it does not say so by `display_kind`. */
const BY_PROGRAM =
  /^\s*\[(?:ASYNC DELEGATION |Continuing toward your standing goal|IMPORTANT: Background process |System: Your previous |System: The previous |Your active task list was preserved across)/;
/** A skill that was called by its name: its whole text stands before what was typed. */
const SKILL = /^\s*\[IMPORTANT: The user has invoked the "([^"\n]{1,200})" skill/;
const TYPED = 'The user has provided the following instruction alongside the skill invocation: ';
const SUMMARY = /^\s*\[CONTEXT (?:COMPACTION|SUMMARY)\b/;
/** Before a content that is no text but a list of parts. */
const PARTS_PREFIX = '\u0000json:';
/** Prompts are held until it is known whether a human began the session; of more characters the first are told. */
const HELD_CHARS_MAX = 8 * 1024 * 1024;

/** The text of a message; parts that are none are left out. */
function contentOf(row: JsonRecord): string {
  const content = row['content'];
  const parts =
    typeof content === 'string' && content.startsWith(PARTS_PREFIX)
      ? parseRecord(`{"parts":${content.slice(PARTS_PREFIX.length)}}`)?.['parts']
      : content;
  if (typeof parts === 'string') return parts;
  if (!Array.isArray(parts)) return '';
  return parts
    .filter(isRecord)
    .flatMap((part) => textAt(part, 'text') ?? [])
    .join('\n');
}

/** What a human wrote; null of any other message. */
export function promptOf(row: JsonRecord): string | null {
  const text = contentOf(row);
  const isHuman = row['role'] === 'user' && !NOT_HUMAN.has(textAt(row, 'display_kind') ?? '');
  if (!isHuman || text.trim() === '' || isSummary(row, text) || BY_PROGRAM.test(text)) return null;
  const skill = SKILL.exec(text)?.[1];
  return skill === undefined ? text : `/${skill} ${typedBehind(text)}`.trim();
}

/** The last one: a skill's own text may say the same words. */
function typedBehind(text: string): string {
  const at = text.lastIndexOf(TYPED);
  return at < 0 ? '' : (text.slice(at + TYPED.length).split('\n\n[Runtime note: ')[0] ?? '');
}

function isSummary(row: JsonRecord, text: string): boolean {
  return row['_compressed_summary'] === 1 || SUMMARY.test(text);
}

export class HermesReader extends RowsReader {
  readonly #once = new Once();
  readonly #tools = new Map<string, string>();
  #held: { text: string; at: Iso | null }[] = [];
  #heldChars = 0;
  #isSubagent = false;
  #hasUsages = false;
  #hasDocument = false;

  protected row({ from, isFile, row, text }: StoredRow): void {
    if (isFile) this.#file(from, row, text);
    else if (from === 'messages') this.#message(row, textAt(row, 'id') ?? String(row['id'] ?? ''));
    else if (from === 'session_model_usage') this.#usage(row);
    else if (from === 'sessions') this.#session(row);
    else if (from !== 'system_prompts') this.sink.unknown(ownText(from, 80));
  }

  override end(): void {
    this.#tellHeld();
    super.end();
  }

  /** A document has all messages, and what the lines beside it say again is not told. */
  #file(path: string, document: JsonRecord, text: string): void {
    if (!path.endsWith('.jsonl')) {
      this.#hasDocument = true;
      this.#session(document);
      for (const [n, message] of listAt(document, 'messages').entries())
        if (isRecord(message)) this.#message(message, `document ${n}`);
    } else if (!this.#hasDocument) {
      let n = 0;
      for (const line of linesWithin(Buffer.from(text)))
        for (const record of recordsOf(line).records) this.#message(record, `line ${n++}`);
    }
  }

  #session(row: JsonRecord): void {
    const project = textAt(row, 'cwd') ?? textAt(recordAt(row, 'model_config'), 'cwd');
    if (project !== null) this.sink.project(project);
    const branch = textAt(row, 'git_branch');
    if (branch !== null) this.sink.branch(branch);
    const title = textAt(row, 'title');
    if (title !== null) this.sink.title(title, row['title_source'] === 'user' ? 'custom' : 'ai');
    for (const key of ['started_at', 'ended_at', 'session_start', 'last_updated']) this.timeOf(row, key);
    const config = parseRecord(textAt(row, 'model_config') ?? '') ?? {};
    const source = textAt(row, 'source');
    this.#isSubagent ||= source === 'subagent' || source === 'tool' || '_delegate_from' in config;
    const model = textAt(row, 'model') ?? '';
    this.sink.model(model);
    const tokens = tokensOf(row);
    if (!this.#hasUsages && Object.values(tokens).some((count) => count > 0))
      this.sink.usageTotal(model, tokens);
  }

  /** Totals of a model for one kind of work; a later telling is the same one grown. */
  #usage(row: JsonRecord): void {
    this.#hasUsages = true;
    const names = ['model', 'billing_provider', 'billing_base_url', 'billing_mode', 'task'];
    const key = idKey(names.map((name) => textAt(row, name) ?? '').join(' '));
    this.sink.usage(key, textAt(row, 'model') ?? '', tokensOf(row));
  }

  #message(row: JsonRecord, id: string): void {
    const role = textAt(row, 'role') ?? '';
    const at = parseTime(row['timestamp']);
    if (at !== null) this.sink.time(at);
    const key = idKey(`${role} ${id}`);
    const text = contentOf(row);
    if (role === 'user') this.#user(row, key, text, at);
    else if (role === 'assistant') this.#assistant(row, text, at);
    else if (role === 'tool') this.#result(row, text, at);
    else if (!SILENT_ROLES.has(role)) this.sink.unknown(ownText(role, 80));
  }

  #user(row: JsonRecord, key: string, text: string, at: Iso | null): void {
    if (isSummary(row, text)) {
      if (this.#once.isNewKey(`${key} ${Bun.hash(text)}`)) this.sink.compaction(text, at);
      return;
    }
    const prompt = promptOf(row);
    if (prompt === null || !this.#once.isNewKey(`${key} ${Bun.hash(prompt)}`)) return;
    this.#held.push({ text: prompt, at });
    this.#heldChars += prompt.length;
    if (this.#heldChars > HELD_CHARS_MAX) this.#tellHeld();
  }

  /** What another session asked of this one is no human's prompt. */
  #tellHeld(): void {
    for (const { text, at } of this.#held) {
      if (this.#isSubagent) this.sink.subagent(this.own.id, { task: text });
      else this.prompt(text, at);
    }
    this.#held = [];
    this.#heldChars = 0;
  }

  #assistant(row: JsonRecord, text: string, at: Iso | null): void {
    if (text.trim() !== '') {
      if (isSummary(row, text)) this.sink.compaction(text, at);
      else this.sink.answer(text, at);
    }
    for (const call of callsOf(row)) {
      const told = recordAt(call, 'function');
      const name = textAt(told, 'name') ?? textAt(call, 'name');
      const id = idKey(textAt(call, 'id') ?? textAt(call, 'call_id') ?? '');
      if (name === null || !this.#once.isNewKey(`call ${id}`)) continue;
      const args = argumentsOf(told['arguments'] ?? call['arguments']);
      if (this.#tools.size < OPEN_MAX) this.#tools.set(id, name);
      this.call(name, id, args, at);
      if (name === 'todo') this.#todos(listAt(args, 'todos'));
      if (name === 'delegate_task') this.#delegated(id, args);
    }
  }

  #delegated(id: string, args: JsonRecord): void {
    const tasks = [args, ...listAt(args, 'tasks')].filter(isRecord);
    for (const [n, task] of tasks.entries()) {
      const goal = textAt(task, 'goal');
      const kind = textAt(task, 'role');
      if (goal === null) continue;
      this.sink.subagent(`${id} ${n}`, { task: goal, ...(kind === null ? {} : { kind }) });
    }
  }

  #todos(list: readonly unknown[]): void {
    if (list.length === 0) return;
    this.sink.todos(
      list.filter(isRecord).map((todo) => ({
        text: textAt(todo, 'content') ?? '',
        status: textAt(todo, 'status') ?? 'pending',
      })),
    );
  }

  /** The list after the call stands in the result: a call may change a part of it only. */
  #result(row: JsonRecord, output: string, at: Iso | null): void {
    const id = idKey(textAt(row, 'tool_call_id') ?? '');
    const name = this.#tools.get(id) ?? textAt(row, 'tool_name') ?? '';
    this.#tools.delete(id);
    const told = parseRecord(output);
    if (name === 'todo' && told !== null) this.#todos(listAt(told, 'todos'));
    const exit = told?.['exit_code'];
    const exitCode = typeof exit === 'number' ? exit : null;
    const error = told === null ? null : textAt(told, 'error');
    const failed = error !== null || told?.['success'] === false || row['finish_reason'] === 'error';
    const shown = (told === null ? null : textAt(told, 'output')) ?? error ?? output;
    this.result(id, { exitCode, failed, output: failed ? (error ?? shown) : shown }, at);
  }
}

/** Calls whose results are awaited. */
const OPEN_MAX = 10_000;

/** The calls of a message: JSON text in a database, a list in a file. */
function callsOf(row: JsonRecord): readonly JsonRecord[] {
  const text = textAt(row, 'tool_calls');
  const calls = text === null ? row['tool_calls'] : parseRecord(`{"calls":${text}}`)?.['calls'];
  return Array.isArray(calls) ? calls.filter(isRecord) : [];
}

function argumentsOf(value: unknown): JsonRecord {
  if (isRecord(value)) return value;
  return typeof value === 'string' ? (parseRecord(value) ?? {}) : {};
}

function tokensOf(row: JsonRecord): Tokens {
  return {
    input: countAt(row, 'input_tokens'),
    cacheRead: countAt(row, 'cache_read_tokens'),
    cacheWrite: countAt(row, 'cache_write_tokens'),
    output: countAt(row, 'output_tokens'),
    reasoning: countAt(row, 'reasoning_tokens'),
  };
}
