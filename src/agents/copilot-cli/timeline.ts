/**
 * Documents of Copilot CLI's first generation, told as facts.
 * Promises: as `kit/anthropic-messages.ts`: what one part of a document told is not told again by the next.
 */
import type { DocumentPart, FactSink, PartCounts } from '../../domain/facts.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { MessageTeller } from '../kit/anthropic-messages.ts';
import { readPart } from '../kit/document-agent.ts';
import { isRecord, type JsonRecord, listAt, parseRecord, recordAt, textAt } from '../kit/json-lines.ts';
import { Once } from '../kit/seen-records.ts';
import { DOCUMENT, exitIn, humanTextOfMessage, isEntry } from './records.ts';

const SILENT: ReadonlySet<string> = new Set(['info', 'warning']);

export class TimelineTeller {
  readonly #sink: FactSink;
  readonly #teller: MessageTeller;
  readonly #once = new Once();

  constructor(sink: FactSink) {
    this.#sink = sink;
    this.#teller = new MessageTeller(sink);
  }

  /** `isTold`: nothing is to be told again: the session has events that tell it. */
  part(bytes: Uint8Array, part: DocumentPart, isTold: boolean): PartCounts {
    this.#teller.beginPart();
    return readPart(
      bytes,
      part,
      DOCUMENT,
      (record) => {
        if (isTold) return;
        if (isEntry(record)) this.#entry(record);
        else this.#message(record);
      },
      (whole) => this.#time(whole['startTime']),
    );
  }

  end(): void {
    this.#teller.end();
  }

  #time(value: unknown): Iso | null {
    const at = parseTime(value);
    if (at !== null) this.#sink.time(at);
    return at;
  }

  #entry(entry: JsonRecord): void {
    const at = this.#time(entry['timestamp']);
    const type = textAt(entry, 'type') ?? '';
    const text = textAt(entry, 'text') ?? '';
    if (type === 'user') {
      if (text.trim() !== '') this.#teller.prompt(text.trim(), at);
    } else if (type === 'copilot') this.#teller.answer(text, at);
    else if (type.startsWith('tool_call_')) this.#call(entry, type, at);
    else if (!SILENT.has(type) && this.#once.isNew(type, entry)) {
      if (type === 'error' && text !== '') this.#sink.error(text, at);
      else this.#sink.unknown(type);
    }
  }

  #call(entry: JsonRecord, type: string, at: Iso | null): void {
    const callId = textAt(entry, 'callId') ?? textAt(entry, 'id') ?? '';
    const name = textAt(entry, 'name') ?? textAt(entry, 'toolTitle') ?? 'tool';
    this.#teller.call(callId, name, recordAt(entry, 'arguments'), at);
    if (type !== 'tool_call_completed') return;
    const result = recordAt(entry, 'result');
    const output = textAt(result, 'log') ?? '';
    const hasFailed = (textAt(result, 'type') ?? 'success') !== 'success';
    this.#teller.result({ callId, output, exit: exitIn(output), hasFailed }, at);
  }

  #message(message: JsonRecord): void {
    const role = textAt(message, 'role') ?? '';
    const text = textAt(message, 'content') ?? '';
    if (role === 'user') {
      const human = humanTextOfMessage(message);
      if (human !== null) this.#teller.prompt(human, null);
    } else if (role === 'assistant') this.#answer(message, text);
    else if (role === 'tool') {
      const callId = textAt(message, 'tool_call_id') ?? '';
      this.#teller.result({ callId, output: text, exit: exitIn(text), hasFailed: false }, null);
    } else if (role !== 'system') this.#sink.unknown(role === '' ? (textAt(message, 'type') ?? '') : role);
  }

  #answer(message: JsonRecord, text: string): void {
    this.#teller.answer(text, null);
    for (const call of listAt(message, 'tool_calls')) {
      const told = isRecord(call) ? recordAt(call, 'function') : {};
      const name = textAt(told, 'name');
      const args = parseRecord(textAt(told, 'arguments') ?? '') ?? {};
      if (name !== null && isRecord(call))
        this.#teller.call(textAt(call, 'id') ?? JSON.stringify(told), name, args, null);
    }
  }
}
