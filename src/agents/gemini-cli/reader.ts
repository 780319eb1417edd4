/**
 * Gemini CLI's sessions, told as facts.
 * Promises: a message that is written again with more in it, or by a `$set` of all messages, counts once; what a rewind
 * took back was said, and is told. The project is not told here: files beside the transcript know better (`projects.ts`).
 */
import type { DocumentPart, FactSink, PartCounts, RecordReader } from '../../domain/facts.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { readPart } from '../kit/document-agent.ts';
import { exitOf, outputOfResponse, partsOf, textOfParts } from '../kit/genai-contents.ts';
import { idKey, isRecord, type JsonRecord, listAt, recordAt, textAt, titleOf } from '../kit/json-lines.ts';
import { Once } from '../kit/seen-records.ts';
import { SubagentLines } from '../kit/subagent-files.ts';
import { readToolCall } from '../kit/tool-call.ts';
import {
  ACKNOWLEDGED,
  humanText,
  isHeader,
  isMessage,
  isSummaryBefore,
  MESSAGES,
  messagesOfLine,
  summaryText,
  tokensOf,
} from './records.ts';

const PROMPTS_MAX = 100_000;

export function geminiReader(sink: FactSink): RecordReader {
  return new GeminiReader(sink);
}

class GeminiReader extends SubagentLines implements RecordReader {
  private readonly once = new Once();
  private readonly prompts = new Set<number | bigint>();

  part(bytes: Uint8Array, part: DocumentPart): PartCounts {
    return readPart(
      bytes,
      part,
      MESSAGES,
      (record) => this.record(record),
      (whole) => this.header(whole),
    );
  }

  protected record(record: JsonRecord): boolean {
    const change = record['$set'];
    if (isRecord(change)) {
      this.header(change);
      this.rewritten(messagesOfLine(record));
      return true;
    }
    if ('$rewindTo' in record) return true;
    if (isHeader(record)) this.header(record);
    else if (isMessage(record)) this.message(record);
    else this.sink.unknown(textAt(record, 'type') ?? Object.keys(record)[0] ?? '');
    return true;
  }

  /** All messages anew. Where that is a compaction, what it keeps of them comes again under ids and times of its own. */
  private rewritten(messages: readonly JsonRecord[]): void {
    const summary = messages.findIndex((message, index) => isSummaryBefore(message, messages[index + 1]));
    const madeAt = messages[summary]?.['timestamp'];
    for (const [index, message] of messages.entries()) {
      const isMade = summary >= 0 && index > summary && message['timestamp'] === madeAt;
      if (index === summary) this.compaction(message);
      else if (!isMade || !this.isTold(message)) this.message(message);
    }
  }

  private compaction(message: JsonRecord): void {
    const text = summaryText(message);
    const at = parseTime(message['timestamp']);
    if (at !== null) this.sink.time(at);
    if (this.subagent === null && this.once.isNew('compaction', message, text))
      this.sink.compaction(text, at);
  }

  /** Of what a compaction kept: a prompt that was told, and what the model is made to answer to the summary. */
  private isTold(message: JsonRecord): boolean {
    if (message['type'] !== 'user') return textOfParts(message['content']) === ACKNOWLEDGED;
    const text = humanText(message);
    return text !== null && this.prompts.has(Bun.hash(text));
  }

  private header(header: JsonRecord): void {
    for (const key of ['startTime', 'lastUpdated']) {
      const at = parseTime(header[key]);
      if (at !== null) this.sink.time(at);
    }
    const summary = titleOf(textAt(header, 'summary') ?? '');
    if (summary !== null && this.subagent === null) this.sink.title(summary, 'summary');
  }

  private message(message: JsonRecord): void {
    const at = parseTime(message['timestamp']);
    if (at !== null) this.sink.time(at);
    const type = textAt(message, 'type') ?? '';
    if (type === 'user') this.user(message, at);
    else if (type === 'gemini') this.gemini(message, at);
    else if (type === 'error' && this.once.isNew('error', message)) {
      const text = textOfParts(message['content']);
      if (text !== '') this.sink.error(text, at);
    } else if (!isMessage(message)) this.sink.unknown(type);
  }

  private user(message: JsonRecord, at: Iso | null): void {
    const text = humanText(message);
    if (text === null) return;
    if (this.subagent !== null) this.subagent.task ??= text;
    else if (this.once.isNew('prompt', message, text)) this.prompt(text, at);
  }

  protected override prompt(text: string, at: Iso | null): void {
    super.prompt(text, at);
    if (this.prompts.size < PROMPTS_MAX) this.prompts.add(Bun.hash(text));
  }

  private gemini(message: JsonRecord, at: Iso | null): void {
    const text = textOfParts(message['content']);
    if (text !== '' && this.once.isNew('answer', message, text)) this.answer(text, at);
    const model = textAt(message, 'model') ?? '';
    const tokens = tokensOf(message);
    if (tokens !== null) this.sink.usage(textAt(message, 'id') ?? '', model, tokens);
    else if (model !== '') this.sink.model(model);
    for (const call of listAt(message, 'toolCalls')) if (isRecord(call)) this.call(call, at);
  }

  private call(call: JsonRecord, at: Iso | null): void {
    const name = textAt(call, 'name') ?? 'tool';
    const id = idKey(textAt(call, 'id') ?? '');
    const told = readToolCall(name, recordAt(call, 'args'));
    const status = textAt(call, 'status') ?? '';
    if (this.once.isNew('call', call)) {
      this.sink.tool(name);
      if (told.command !== null) this.sink.command(id, told.command, at, told.cwd);
    }
    const hasFailed = status === 'error' || status === 'cancelled';
    const isDone = hasFailed || status === 'success';
    if (!isDone || !this.once.isNew('result', call)) return;
    this.result(call, id, told.command !== null, hasFailed, at);
    if (hasFailed) return;
    this.done(told);
    if (name === 'write_todos') this.todos(recordAt(call, 'args'), 'description');
  }

  private result(call: JsonRecord, id: string, isCommand: boolean, hasFailed: boolean, at: Iso | null): void {
    const output = outputOf(call);
    if (isCommand) {
      this.sink.commandResult(id, exitOf(output, hasFailed), hasFailed, output);
    } else if (textAt(call, 'status') === 'error' && output !== '') this.sink.error(output, at);
  }
}

/** What a tool answered the model. */
function outputOf(call: JsonRecord): string {
  const texts = partsOf(listAt(call, 'result'), 'functionResponse').map(outputOfResponse);
  return texts.filter((text) => text !== '').join('\n');
}
