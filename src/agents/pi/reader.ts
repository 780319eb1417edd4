/**
 * The entries of pi's sessions, told as facts.
 * Promises: all branches of the tree count, since all were said; an answer's usage counts once, by its entry; of what a fork
 * copied from its parent the prompts are told, as copied, and nothing else.
 */
import type { Tokens } from '../../domain/facts.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { countAt, idKey, isRecord, type JsonRecord, listAt, recordAt, textAt } from '../kit/json-lines.ts';
import { LinesReader } from '../kit/lines-reader.ts';
import { tellTodos } from '../kit/todos.ts';
import { idInPath } from './places.ts';

/** Known, and nothing of them is for a digest. */
const SILENT: ReadonlySet<string> = new Set([
  ...['thinking_level_change', 'custom', 'custom_message', 'label', 'leaf', 'mode_change', 'reset'],
  'session_init',
]);

const PATCHES_MAX = 1000;
const PATCHED = /^\[([^\]\n#]{1,4096})(?:#[^\]\n]{0,64})?\]\s*$/gm;

/** Whether an entry is of the history that a fork began with: it is older than the header that names a parent. */
export function isCopiedBy(fork: JsonRecord | null, entry: JsonRecord): boolean {
  const forkedAt = parseTime(fork?.['timestamp']);
  const at = parseTime(entry['timestamp']);
  return forkedAt !== null && at !== null && at < forkedAt;
}

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
  readonly #patches = new Map<string, string>();
  /** The header of a session that began as another one's. */
  #fork: JsonRecord | null = null;
  /** The one that last answered: who sums up is not told. */
  #answering = '';

  override begin(file: { readonly role: 'main' | 'subagent'; readonly key: string }): void {
    super.begin(file);
    this.#fork = null;
  }

  protected record(record: JsonRecord): void {
    const type = textAt(record, 'type') ?? '';
    this.#count += 1;
    if (type !== 'session' && isCopiedBy(this.#fork, record)) return this.#copied(type, record);
    const at = this.timeOf(record);
    if (type === 'message') this.#message(record, recordAt(record, 'message'), at);
    else if (type === 'session') this.#session(record);
    else if (type === 'session_info') this.#named(textAt(record, 'name'));
    else if (type === 'title' || type === 'title_change') this.#titled(record);
    else if (type === 'model_change')
      this.#model(textAt(record, 'modelId') ?? withoutProvider(textAt(record, 'model')));
    else if (type === 'compaction' || type === 'branch_summary') this.#summary(record, at);
    else if (!SILENT.has(type)) this.sink.unknown(type);
  }

  #copied(type: string, record: JsonRecord): void {
    const message = recordAt(record, 'message');
    const isPrompt = type === 'message' && message['role'] === 'user' && this.subagent === null;
    const text = isPrompt ? textOf(message['content']) : null;
    if (text !== null) this.sink.prompt(text, parseTime(record['timestamp']), true);
    // It goes by that name, too.
    if (type === 'session_info') this.#named(textAt(record, 'name'));
  }

  #session(record: JsonRecord): void {
    const parent = textAt(record, 'parentSession');
    if (parent !== null) this.#fork ??= record;
    // What a subagent's header tells is the session's own.
    if (this.subagent !== null) return;
    const cwd = textAt(record, 'cwd');
    if (cwd !== null) this.sink.project(cwd);
    if (record['titleSource'] !== 'auto') this.#named(textAt(record, 'title'));
    const id = idInPath(parent ?? '');
    if (id !== null) this.sink.parent(id);
    this.#model(textAt(record, 'modelId'));
  }

  #named(title: string | null): void {
    if (title !== null && this.subagent === null) this.sink.title(title, 'custom');
  }

  /** Oh My Pi says who gave the title. */
  #titled(record: JsonRecord): void {
    const title = textAt(record, 'title');
    if (record['source'] === 'user') this.#named(title);
    else if (title !== null && this.subagent === null) this.sink.title(title, 'ai');
  }

  #model(name: string | null): void {
    if (name !== null) this.sink.model(name);
  }

  #summary(record: JsonRecord, at: Iso | null): void {
    if ('usage' in record)
      this.sink.usage(this.#keyOf(record), this.#answering, tokensOf(recordAt(record, 'usage')));
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
    if (model !== '') this.#answering = model;
    if ('usage' in message) this.sink.usage(this.#keyOf(record), model, tokensOf(usage));
    else if (model !== '') this.sink.model(model);
    const text = textOf(message['content']);
    if (text !== null) this.answer(text, at);
    for (const block of listAt(message, 'content')) if (isRecord(block)) this.#call(block, at);
    const error = textAt(message, 'errorMessage');
    if (error !== null && message['stopReason'] === 'error') this.sink.error(error, at);
  }

  /** Ids of entries are short: those of a subagent are not those of its session. */
  #keyOf(record: JsonRecord): string {
    return idKey(`${this.subagent ?? ''}${textAt(record, 'id') ?? this.#count}`);
  }

  #call(block: JsonRecord, at: Iso | null): void {
    if (block['type'] !== 'toolCall') return;
    const patch = textAt(recordAt(block, 'arguments'), 'input');
    const id = idKey(textAt(block, 'id') ?? '');
    // Oh My Pi edits by lines below a header with the file's name: `[PATH#TAG]`.
    if (block['name'] === 'edit' && patch !== null && this.#patches.size < PATCHES_MAX)
      this.#patches.set(id, patch);
    this.call(textAt(block, 'name') ?? 'tool', textAt(block, 'id') ?? '', recordAt(block, 'arguments'), at);
  }

  #result(message: JsonRecord, at: Iso | null): void {
    const output = textOf(message['content']) ?? '';
    const failed = message['isError'] === true;
    const told = recordAt(message, 'details')['exitCode'];
    const said = /(?:Command exited with code|exit code:?) (\d{1,10})\)?\s*$/i.exec(output)?.[1];
    const code = typeof told === 'number' ? told : said === undefined ? null : Number(said);
    const exitCode = code ?? (failed ? null : 0);
    if (!failed) this.#edited(message);
    if (message['toolName'] === 'todo' && this.subagent === null) this.#todos(recordAt(message, 'details'));
    if (message['toolName'] === 'task') this.#spawned(recordAt(message, 'details'));
    this.#patches.delete(idKey(textAt(message, 'toolCallId') ?? ''));
    this.result(
      textAt(message, 'toolCallId') ?? '',
      { exitCode, failed: failed || (code !== null && code !== 0), output },
      at,
    );
  }

  /** A call of Oh My Pi changes one entry or many; its result has the whole list. */
  #todos(details: JsonRecord): void {
    if (!Array.isArray(details['phases'])) return;
    const tasks = details['phases']
      .filter(isRecord)
      .flatMap((phase) => listAt(phase, 'tasks').filter(isRecord));
    tellTodos(this.sink, 'todo', { todos: tasks });
  }

  /** Oh My Pi's subagents run beside the session: what each was to do is known before its own file tells it. */
  #spawned(details: JsonRecord): void {
    for (const told of [...listAt(details, 'progress'), ...listAt(details, 'results')].filter(isRecord)) {
      const id = textAt(told, 'id');
      const task = textAt(told, 'assignment') ?? textAt(told, 'task');
      const kind = textAt(told, 'agent');
      if (id !== null)
        this.sink.subagent(idKey(id), {
          ...(task === null ? {} : { task }),
          ...(kind === null ? {} : { kind }),
        });
    }
  }

  /** The result has the whole path; of several files only the patch has them all. */
  #edited(message: JsonRecord): void {
    const patch = this.#patches.get(idKey(textAt(message, 'toolCallId') ?? ''));
    if (patch === undefined) return;
    const named = [...patch.matchAll(PATCHED)].map(([, path = '']) => path);
    const whole = textAt(recordAt(message, 'details'), 'path');
    const paths = whole !== null && new Set(named).size <= 1 ? [whole] : named;
    for (const path of new Set(paths)) this.sink.fileEdited(path);
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

/** Oh My Pi puts the provider before a model that is chosen, and not before one that answers: `mock/mock-model`. */
function withoutProvider(model: string | null): string | null {
  return model?.replace(/^[^/]*\//, '') ?? null;
}

function tokensOf(usage: JsonRecord): Tokens {
  return {
    input: countAt(usage, 'input'),
    cacheRead: countAt(usage, 'cacheRead'),
    cacheWrite: countAt(usage, 'cacheWrite'),
    output: countAt(usage, 'output'),
    // OpenClaw and Oh My Pi have the longer name.
    reasoning: countAt(usage, 'reasoning') || countAt(usage, 'reasoningTokens'),
  };
}
