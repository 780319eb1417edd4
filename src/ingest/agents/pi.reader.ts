/**
 * The entries of pi's sessions, told as facts.
 * Promises: all branches of the tree count, since all were said; an answer's usage counts once, by its entry.
 */
import type { Tokens } from '../../domain/facts.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { countAt, idKey, isRecord, type JsonRecord, listAt, recordAt, textAt } from './jsonl.ts';
import { LinesReader } from './lines.ts';

/** Known, and nothing of them is for a digest. */
const SILENT: ReadonlySet<string> = new Set([
  ...['thinking_level_change', 'custom', 'custom_message', 'label', 'leaf', 'mode_change', 'reset'],
]);

/** The text of a message: a string, or the texts of its blocks. */
export function textOf(content: unknown): string | null {
  if (typeof content === 'string') return content === '' ? null : content;
  if (!Array.isArray(content)) return null;
  const texts = content.flatMap((block) =>
    isRecord(block) && (block['type'] === 'text' || block['type'] === undefined)
      ? [textAt(block, 'text') ?? '']
      : [],
  );
  const text = texts.filter((each) => each !== '').join('\n');
  return text === '' ? null : text;
}

export class PiReader extends LinesReader {
  #count = 0;

  protected record(record: JsonRecord): void {
    const type = textAt(record, 'type') ?? '';
    const at = this.timeOf(record);
    this.#count += 1;
    if (type === 'message') this.#message(record, recordAt(record, 'message'), at);
    else if (type === 'session') this.#session(record);
    else if (type === 'session_info') this.#named(textAt(record, 'name'));
    else if (type === 'model_change') this.#model(textAt(record, 'modelId') ?? textAt(record, 'model'));
    else if (type === 'compaction' || type === 'branch_summary') this.#summary(record, at);
    else if (!SILENT.has(type)) this.sink.unknown(type);
  }

  #session(record: JsonRecord): void {
    const cwd = textAt(record, 'cwd');
    if (cwd !== null) this.sink.project(cwd);
    this.#named(textAt(record, 'title'));
    // The parent is named by the path of its file.
    const parent = /_([^_/\\]+)\.jsonl$/.exec(textAt(record, 'parentSession') ?? '')?.[1];
    if (parent !== undefined) this.sink.parent(parent);
    this.#model(textAt(record, 'modelId'));
  }

  #named(title: string | null): void {
    if (title !== null) this.sink.title(title, 'custom');
  }

  #model(name: string | null): void {
    if (name !== null) this.sink.model(name);
  }

  #summary(record: JsonRecord, at: Iso | null): void {
    const text = textAt(record, 'summary');
    if (text !== null) this.sink.compaction(text, at);
    const details = recordAt(record, 'details');
    for (const path of listAt(details, 'readFiles')) if (typeof path === 'string') this.sink.fileRead(path);
    for (const path of listAt(details, 'modifiedFiles'))
      if (typeof path === 'string') this.sink.fileEdited(path);
  }

  #message(record: JsonRecord, message: JsonRecord, entryAt: Iso | null): void {
    const at = entryAt ?? parseTime(message['timestamp']);
    const role = textAt(message, 'role') ?? '';
    if (role === 'user') {
      const text = textOf(message['content']);
      if (text !== null) this.prompt(text, at);
    } else if (role === 'assistant') this.#assistant(record, message, at);
    else if (role === 'toolResult') this.#result(message, at);
    else if (role === 'bashExecution') this.#bash(record, message, at);
    else if (
      !['custom', 'hookMessage', 'branchSummary', 'compactionSummary', 'system', 'developer'].includes(role)
    )
      this.sink.unknown(`message ${role}`);
  }

  #assistant(record: JsonRecord, message: JsonRecord, at: Iso | null): void {
    const model = textAt(message, 'model') ?? '';
    const usage = recordAt(message, 'usage');
    const key = textAt(record, 'id') ?? `${this.#count}`;
    if ('usage' in message) this.sink.usage(idKey(key), model, tokensOf(usage));
    else if (model !== '') this.sink.model(model);
    const text = textOf(message['content']);
    if (text !== null) this.sink.answer(text, at);
    for (const block of listAt(message, 'content')) if (isRecord(block)) this.#call(block, at);
    const error = textAt(message, 'errorMessage');
    if (error !== null && message['stopReason'] === 'error') this.sink.error(error, at);
  }

  #call(block: JsonRecord, at: Iso | null): void {
    if (block['type'] !== 'toolCall') return;
    this.call(textAt(block, 'name') ?? 'tool', textAt(block, 'id') ?? '', recordAt(block, 'arguments'), at);
  }

  #result(message: JsonRecord, at: Iso | null): void {
    const output = textOf(message['content']) ?? '';
    const failed = message['isError'] === true;
    const exit = /(?:Command exited with code|exit code:?) (\d{1,10})\s*$/i.exec(output)?.[1];
    const exitCode = exit === undefined ? (failed ? null : 0) : Number(exit);
    this.result(textAt(message, 'toolCallId') ?? '', { exitCode, failed, output }, at);
  }

  /** A command that the person ran with `!`. */
  #bash(record: JsonRecord, message: JsonRecord, at: Iso | null): void {
    const command = textAt(message, 'command');
    if (command === null) return;
    const id = `bash ${textAt(record, 'id') ?? this.#count}`;
    const code = message['exitCode'];
    this.sink.command(id, command, at);
    const exit = typeof code === 'number' ? code : null;
    this.sink.commandResult(id, exit, exit !== null && exit !== 0, textAt(message, 'output') ?? '');
  }
}

function tokensOf(usage: JsonRecord): Tokens {
  return {
    input: countAt(usage, 'input'),
    cacheRead: countAt(usage, 'cacheRead'),
    cacheWrite: countAt(usage, 'cacheWrite'),
    output: countAt(usage, 'output'),
    reasoning: countAt(usage, 'reasoning'),
  };
}
