/**
 * Cursor CLI's transcripts, told as facts: lines of JSON, or the plain text of older versions.
 * Promises: where a session has both, the text is not told again. A call has no id and no result: each counts as one.
 */

import { viewOf } from '../../domain/bytes.ts';
import type { LineVerdict } from '../../domain/facts.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { blocksOf, MessageLinesReader, textOfBlocks } from '../kit/anthropic-messages.ts';
import { type JsonRecord, recordAt, textAt } from '../kit/json-lines.ts';
import { CursorText } from './text.ts';

const STAMP = /<timestamp>([^<]{1,80})<\/timestamp>/g;
const OPEN = '<user_query>';
const CLOSE = '</user_query>';
/** Stands in an answer for thoughts that are not shown. */
const REDACTED = '[REDACTED]';
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** What a person typed; null for what Cursor put beside it. */
export function humanText(text: string): string | null {
  const queries = queriesIn(text);
  if (queries.length > 0) return queries.join('\n');
  const rest = text.replace(STAMP, '').trim();
  return rest === '' || /^<[a-z_-]+[>\s]/.test(rest) ? null : rest;
}

function queriesIn(text: string): readonly string[] {
  const queries: string[] = [];
  for (let open = text.indexOf(OPEN); open >= 0; ) {
    const close = text.indexOf(CLOSE, open);
    if (close < 0) break;
    const said = text.slice(open + OPEN.length, close).trim();
    if (said !== '') queries.push(said);
    open = text.indexOf(OPEN, close);
  }
  return queries;
}

/** The times that newer versions put before a prompt: `Friday, Sep 4, 2026, 2:21 AM (UTC+8)`. One without its zone is none. */
export function stampsIn(text: string | Buffer): readonly Iso[] {
  const all = typeof text === 'string' ? text : text.toString('latin1');
  return [...all.matchAll(STAMP)].map(([, stamp = '']) => timeOf(stamp)).filter((at) => at !== null);
}

function timeOf(stamp: string): Iso | null {
  const [, month = '', day = '', year, hour, minute, half, offset] =
    /^(?:[A-Z][a-z]+, )?([A-Z][a-z]{2})[a-z]* (\d{1,2}), (\d{4}), (\d{1,2}):(\d\d) (AM|PM) \(UTC([+-]\d{1,2}(?::\d\d)?)?\)$/.exec(
      stamp,
    ) ?? [];
  const monthNumber = MONTHS.indexOf(month) + 1;
  if (monthNumber === 0) return null;
  const [, sign = '+', hours = '0', minutes = '00'] = /^([+-])(\d+)(?::(\d\d))?$/.exec(offset ?? '') ?? [];
  const two = (value: number | string) => String(value).padStart(2, '0');
  const hour24 = (Number(hour) % 12) + (half === 'PM' ? 12 : 0);
  return parseTime(
    `${year}-${two(monthNumber)}-${two(day)}T${two(hour24)}:${minute}:00${sign}${two(hours)}:${minutes}`,
  );
}

export class CursorCliReader extends MessageLinesReader {
  #calls = 0;
  #isText = false;
  /** The session's transcript was told from lines of JSON. */
  #hasLines = false;
  #text: CursorText | null = null;

  override begin(file: { readonly role: 'main' | 'subagent'; readonly key: string }): void {
    this.#endText();
    super.begin(file);
    this.#isText = file.key.endsWith('.txt');
    if (this.#isText && !(file.role === 'main' && this.#hasLines))
      this.#text = new CursorText({
        user: (text) => this.#user(text),
        answer: (text) => this.answer(text, null),
        call: (name, args) => this.call(name, '', args, null),
      });
  }

  get isText(): boolean {
    return this.#isText;
  }

  override line(line: Uint8Array): LineVerdict {
    if (!this.#isText) return super.line(line);
    if (this.#text === null) return 'skipped';
    return this.#text.line(viewOf(line).toString('utf8')) ? 'read' : 'unreadable';
  }

  override end(): void {
    this.#endText();
    super.end();
  }

  protected override human(text: string): string | null {
    return humanText(text);
  }

  protected record(record: JsonRecord): void {
    const role = textAt(record, 'role');
    const type = textAt(record, 'type');
    if (role === 'user' || role === 'assistant') {
      this.#hasLines ||= this.subagent === null;
      const message = recordAt(record, 'message');
      const at = role === 'user' ? this.#timeIn(textOfBlocks(blocksOf(message))) : null;
      this.message({ ...message, role }, at, '');
    } else if (type === 'turn_ended') {
      const error = textAt(record, 'error');
      if (error !== null) this.sink.error(error, null);
    } else this.sink.unknown(type ?? role ?? '');
  }

  protected override answer(text: string, at: Iso | null): void {
    const said = text.replaceAll(REDACTED, '').trim();
    if (said !== '') super.answer(said, at);
  }

  protected override call(name: string, callId: string, args: JsonRecord, at: Iso | null): void {
    super.call(name, callId === '' ? `call ${++this.#calls}` : callId, args, at);
    if (this.subagent !== null) return;
    const plan = name === 'CreatePlan' ? textAt(args, 'plan') : null;
    if (plan !== null) this.sink.plan(plan);
  }

  #user(text: string): void {
    const at = this.#timeIn(text);
    const said = humanText(text);
    if (said !== null) this.prompt(said, at);
  }

  #timeIn(text: string): Iso | null {
    const [at = null] = stampsIn(text);
    if (at !== null) this.sink.time(at);
    return at;
  }

  #endText(): void {
    this.#text?.end();
    this.#text = null;
  }
}
