/**
 * Conversations as messages with blocks in the form of Anthropic's API: texts, uses of tools, their results. Agents keep
 * them as lines (`MessageLinesReader`), which are told as they come, or as one document (`DocumentReader`), whose parts
 * repeat each other: there a call waits for its result.
 * Promises: pure; what was told once is not told again; an answer that is written again under its id counts its tokens
 * once; odd values are nothing. Knows no agent.
 */
import type { FactSink, FileChange, PartCounts, RecordReader, Tokens, ToldRole } from '../../domain/facts.ts';
import { type Iso, isoFromMs } from '../../domain/time.ts';
import { fileChangesIn } from './file-change.ts';
import {
  countAt,
  idKey,
  isRecord,
  type JsonRecord,
  listAt,
  recordAt,
  textAt,
  titleOf,
} from './json-lines.ts';
import { LinesReader } from './lines-reader.ts';
import { Once } from './seen-records.ts';
import { readToolCall, type ToolCall } from './tool-call.ts';

/** Calls whose results are awaited. */
const OPEN_MAX = 10_000;
/** 2001 to 2100: other numbers are no times in milliseconds. */
const MS_MIN = 1e12;
const MS_MAX = 4_102_444_800_000;

/** A time in milliseconds as agents write it; null for any other value. */
export function timeOfMs(value: unknown): Iso | null {
  return typeof value === 'number' && value >= MS_MIN && value < MS_MAX ? isoFromMs(value) : null;
}

/** The blocks of a message; a content that is one text is one block. */
export function blocksOf(message: JsonRecord): readonly JsonRecord[] {
  const text = textAt(message, 'content');
  return text === null ? listAt(message, 'content').filter(isRecord) : [{ type: 'text', text }];
}

/** Text blocks, one below the other; empty where there is none. */
export function textOfBlocks(blocks: readonly JsonRecord[]): string {
  return blocks
    .flatMap((block) => (block['type'] === 'text' ? [textAt(block, 'text') ?? ''] : []))
    .filter((text) => text !== '')
    .join('\n');
}

/** What a result of a tool told. */
export interface ToolOutcome {
  readonly callId: string;
  readonly output: string;
  readonly exit: number | null;
  readonly hasFailed: boolean;
}

/** Of `tool_result` blocks of the API itself. */
export function outcomeOf(block: JsonRecord): ToolOutcome | null {
  const callId = textAt(block, 'tool_use_id');
  if (block['type'] !== 'tool_result' || callId === null) return null;
  return { callId, output: textOfBlocks(blocksOf(block)), exit: null, hasFailed: block['is_error'] === true };
}

interface OpenCall extends ToolCall {
  readonly changes: readonly FileChange[];
}

/** Tells messages as facts, each once however often a document says it. */
export class MessageTeller {
  readonly #sink: FactSink;
  readonly #once = new Once();
  readonly #open = new Map<string, OpenCall>();
  #hasTitle = false;
  /** How often a prompt stood in the part that is being read: without a time only that tells two apart. */
  #times = new Map<string, number>();
  /** How paths that are not absolute are made so. */
  absolute: (path: string) => string = (path) => path;

  constructor(sink: FactSink) {
    this.#sink = sink;
  }

  beginPart(): void {
    this.#times = new Map();
  }

  prompt(text: string, at: Iso | null): void {
    const hash = Bun.hash(text).toString(36);
    const nth = (this.#times.get(hash) ?? 0) + 1;
    this.#times.set(hash, nth);
    if (!this.#once.isNewKey(`prompt ${hash} ${at ?? nth}`)) return;
    this.#sink.prompt(text, at);
    const title = this.#hasTitle ? null : titleOf(text);
    if (title === null) return;
    this.#hasTitle = true;
    this.#sink.title(title, 'prompt');
  }

  answer(text: string, at: Iso | null): void {
    if (text.trim() !== '') this.#sink.answer(text.trim(), at);
  }

  usage(key: string, model: string, tokens: Tokens | null): void {
    if (tokens !== null) this.#sink.usage(key, model, tokens);
    else if (model !== '') this.#sink.model(model);
  }

  /** `paths: 'now'` where no result will tell that it went well. */
  call(id: string, name: string, input: JsonRecord, at: Iso | null, paths: 'now' | 'later' = 'later'): void {
    const key = idKey(id);
    if (!this.#once.isNewKey(`call ${key}`)) return;
    // Texts are held for who shows them, and for nobody else.
    const changes = this.#sink.fileChanged === undefined ? [] : fileChangesIn(input);
    const told: OpenCall = { ...readToolCall(name, input), changes };
    this.#sink.tool(name);
    if (told.command !== null) this.#sink.command(key, told.command, at, told.cwd);
    if (paths === 'now') this.#paths(told);
    else if (this.#open.size < OPEN_MAX) this.#open.set(key, told);
  }

  /** All uses of tools among blocks. */
  calls(blocks: readonly JsonRecord[], at: Iso | null): void {
    for (const block of blocks) {
      if (block['type'] !== 'tool_use') continue;
      this.call(textAt(block, 'id') ?? '', textAt(block, 'name') ?? 'tool', recordAt(block, 'input'), at);
    }
  }

  result({ callId, output, exit, hasFailed }: ToolOutcome, at: Iso | null): void {
    const key = idKey(callId);
    const call = this.#open.get(key);
    if (call === undefined) return;
    this.#open.delete(key);
    if (call.command !== null) this.#sink.commandResult(key, exit, hasFailed, output);
    else if (hasFailed && output !== '') this.#sink.error(output, at);
    if (!hasFailed) this.#paths(call);
  }

  /** A call without a result was still running, or its result is lost: what it was about is told all the same. */
  end(): void {
    for (const call of this.#open.values()) this.#paths(call);
    this.#open.clear();
  }

  #paths(told: OpenCall): void {
    for (const path of told.read) this.#sink.fileRead(this.absolute(path));
    for (const path of told.written) this.#sink.fileWritten(this.absolute(path));
    for (const path of told.edited) this.#sink.fileEdited(this.absolute(path));
    const path = told.written[0] ?? told.edited[0];
    if (path === undefined) return;
    for (const change of told.changes) this.#sink.fileChanged?.(this.absolute(path), change);
  }
}

/** Tokens by the names that an agent gives them: `input` counts only what came from no cache. */
export function tokensBy(
  usage: JsonRecord,
  names: { readonly input: string; readonly output: string; readonly read: string; readonly write: string },
): Tokens | null {
  const input = countAt(usage, names.input);
  const output = countAt(usage, names.output);
  const cacheRead = countAt(usage, names.read);
  const cacheWrite = countAt(usage, names.write);
  if (input + output + cacheRead + cacheWrite === 0) return null;
  return { input, output, cacheRead, cacheWrite, reasoning: 0 };
}

/** A reader of documents only: a line of one tells nothing. */
export abstract class DocumentReader implements RecordReader {
  protected readonly sink: FactSink;
  protected readonly teller: MessageTeller;

  constructor(sink: FactSink) {
    this.sink = sink;
    this.teller = new MessageTeller(sink);
  }

  begin(_file: { readonly role: ToldRole; readonly key: string }): void {
    // Most need not know which file it is.
  }

  line(): 'unreadable' {
    return 'unreadable';
  }

  abstract part(bytes: Uint8Array, part: 'removed' | 'present' | 'piece'): PartCounts;

  end(): void {
    this.teller.end();
  }
}

const TOKENS = {
  input: 'input_tokens',
  output: 'output_tokens',
  read: 'cache_read_input_tokens',
  write: 'cache_creation_input_tokens',
} as const;
const NO_TOKENS: Tokens = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0, reasoning: 0 };

/** A reader of lines with a message in each; what stands around the message is the agent's. */
export abstract class MessageLinesReader extends LinesReader {
  readonly #once = new Once();

  /** Null where the text is not what a human typed. */
  protected abstract human(text: string): string | null;

  protected message(message: JsonRecord, at: Iso | null, entryId: string): void {
    if (message['role'] === 'user') this.#user(message, at);
    else if (message['role'] === 'assistant') this.#assistant(message, at, entryId);
  }

  #user(message: JsonRecord, at: Iso | null): void {
    const text = textOfBlocks(blocksOf(message));
    const human = text === '' ? null : this.human(text);
    if (human !== null) this.prompt(human, at);
    for (const block of listAt(message, 'content')) {
      if (!isRecord(block) || block['type'] !== 'tool_result') continue;
      const output = textOfBlocks(blocksOf(block)) || outputOfResponse(recordAt(block, 'content'));
      const failed = block['is_error'] === true;
      const exit = /\b(?:exit|exited with) code:? (\d{1,10})\b/i.exec(output)?.[1];
      const exitCode = exit === undefined ? null : Number(exit);
      this.result(textAt(block, 'tool_use_id') ?? '', { exitCode, failed, output }, at);
    }
  }

  #assistant(message: JsonRecord, at: Iso | null, entryId: string): void {
    const model = textAt(message, 'model') ?? textAt(message, 'modelId') ?? '';
    const tokens = tokensBy(recordAt(message, 'usage'), TOKENS) ?? NO_TOKENS;
    if ('usage' in message) this.sink.usage(idKey(textAt(message, 'id') ?? entryId), model, tokens);
    else if (model !== '') this.sink.model(model);
    const text = textOfBlocks(blocksOf(message));
    if (text !== '') this.answer(text, at);
    for (const block of listAt(message, 'content')) {
      if (!isRecord(block) || block['type'] !== 'tool_use' || !this.#once.isNew('call', block)) continue;
      this.call(textAt(block, 'name') ?? 'tool', textAt(block, 'id') ?? '', recordAt(block, 'input'), at);
    }
  }
}

/** What a tool answered in the form of Google's API, within a block of this one. */
function outputOfResponse(content: JsonRecord): string {
  const response = recordAt(recordAt(recordAt(content, 'responseParts'), 'functionResponse'), 'response');
  return textAt(response, 'output') ?? textAt(response, 'error') ?? textAt(content, 'text') ?? '';
}
