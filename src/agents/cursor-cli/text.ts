/**
 * The plain text that older versions of Cursor CLI leave: `user:` and `assistant:` alone on a line, and in an answer
 * `[Thinking]`, `[Tool call] NAME` and `[Tool result]`, whose bodies are indented.
 * Promises: memory is bounded however long a text is. Source: other programs' tests (kenn-io/agentsview, `cursor_test.go`).
 */
import { type JsonRecord, parseRecord } from '../kit/json-lines.ts';

/** Of one text or one call; what a digest keeps of either is far less. */
const CHARS_MAX = 256 * 1024;

export interface TextTold {
  user(text: string): void;
  answer(text: string): void;
  call(name: string, args: JsonRecord): void;
}

export class CursorText {
  readonly #told: TextTold;
  #role: 'user' | 'assistant' | null = null;
  #said = new Bounded();
  /** What an indented line belongs to. */
  #body: { readonly call: string; readonly lines: Bounded } | 'left out' | null = null;

  constructor(told: TextTold) {
    this.#told = told;
  }

  /** False before the first marker: that is no transcript. */
  line(line: string): boolean {
    const text = line.replace(/\r$/, '');
    const role = /^(user|assistant|A):[ \t]*$/.exec(text)?.[1];
    if (role !== undefined) {
      this.end();
      this.#role = role === 'user' ? 'user' : 'assistant';
    } else if (this.#role === 'user') this.#said.add(text);
    else if (this.#role === 'assistant') this.#inAnswer(text);
    return this.#role !== null;
  }

  /** Tells what was said last. */
  end(): void {
    this.#endBody();
    const said = this.#said.text().trim();
    this.#said = new Bounded();
    if (said === '') return;
    if (this.#role === 'user') this.#told.user(said);
    else this.#told.answer(said);
  }

  #inAnswer(text: string): void {
    const call = /^\[Tool call\] (.{1,200})$/.exec(text)?.[1];
    if (call !== undefined || /^\[(?:Thinking|Tool result)\]/.test(text)) {
      this.#endBody();
      this.#body = call === undefined ? 'left out' : { call: call.trim(), lines: new Bounded() };
      return;
    }
    if (this.#body !== null && /^(?:\s|$)/.test(text)) {
      if (this.#body !== 'left out') this.#body.lines.add(text);
      return;
    }
    this.#endBody();
    this.#said.add(text);
  }

  #endBody(): void {
    const body = this.#body;
    this.#body = null;
    if (body !== null && body !== 'left out') this.#told.call(body.call, argsIn(body.lines.text()));
  }
}

/** A JSON object, a patch, or one argument a line: `command: ls` or `command=ls`; an argument may go on below. */
function argsIn(text: string): JsonRecord {
  const whole = parseRecord(text.trim());
  if (whole !== null) return whole;
  const indent = /^[ \t]*(?=\S)/m.exec(text)?.[0] ?? '';
  const lines = text.split('\n').map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
  if (lines.some((line) => /^(?:\*\*\* |@@)/.test(line))) return { patch: lines.join('\n') };
  const args = new Map<string, string>();
  let last: string | null = null;
  for (const line of lines) {
    const [, key, value = ''] = /^([A-Za-z_]\w{0,63})[ \t]*[:=][ \t]?(.*)$/.exec(line) ?? [];
    if (key !== undefined) args.set(key, value);
    else if (last !== null) args.set(last, `${args.get(last)}\n${line}`);
    last = key ?? last;
  }
  return Object.fromEntries([...args].map(([key, value]) => [key, value.trimEnd()]));
}

/** Lines up to a size; what is beyond is dropped. */
class Bounded {
  readonly #lines: string[] = [];
  #chars = 0;

  add(line: string): void {
    const room = CHARS_MAX - this.#chars;
    if (room <= 0) return;
    this.#lines.push(line.slice(0, room));
    this.#chars += line.length + 1;
  }

  text(): string {
    return this.#lines.join('\n');
  }
}
