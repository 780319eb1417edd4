/**
 * Records of a format that only a person's configuration describes: a role, a text, a time, each somewhere in a record.
 * Promises: as `jsonl.ts`; what a record says in the form of Anthropic's or OpenAI's API is told as for any agent; a
 * configuration that does not fit makes a failed analysis that names the key, never an empty digest.
 */
import type { Peek } from '../../domain/agent.ts';
import type { FactSink } from '../../domain/facts.ts';
import { type OwnFormat, type OwnList, ownValue } from '../../domain/own-format.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { blocksOf, MessageLinesReader, textOfBlocks } from '../kit/anthropic-messages.ts';
import {
  isRecord,
  type JsonRecord,
  listAt,
  parseRecord,
  recordAt,
  textAt,
  titleOf,
} from '../kit/json-lines.ts';
import { peekRecords, type Seen } from '../kit/lines-reader.ts';
import { Once } from '../kit/seen-records.ts';
import { OwnTally } from './tally.ts';

/** Roles that every API has besides a person's and the agent's. */
const INSTRUCTIONS: ReadonlySet<string> = new Set(['system', 'developer']);
const RESULTS: ReadonlySet<string> = new Set(['tool', 'function', 'tool_result']);

/** What a member may be called under a prototype is no member. */
function memberAt(value: unknown, part: string): unknown {
  if (Array.isArray(value)) return /^\d{1,9}$/.test(part) ? value[Number(part)] : undefined;
  return isRecord(value) && Object.hasOwn(value, part) ? value[part] : undefined;
}

function valueAt(record: unknown, path: readonly string[]): unknown {
  let value = record;
  for (const part of path) value = memberAt(value, part);
  return value;
}

/** The configured places in a record, parted once. */
export class Places {
  readonly #paths: Readonly<Partial<Record<OwnList, readonly (readonly string[])[]>>>;
  readonly #user: ReadonlySet<string>;
  readonly #assistant: ReadonlySet<string>;

  constructor(own: OwnFormat) {
    const paths = (key: OwnList) => ownValue(own, key).map((path) => path.split('.'));
    this.#paths = {
      id: paths('id'),
      time: paths('time'),
      role: paths('role'),
      text: paths('text'),
      project: paths('project'),
      title: paths('title'),
    };
    this.#user = words(ownValue(own, 'user'));
    this.#assistant = words(ownValue(own, 'assistant'));
  }

  /** The first text at one of the key's places, or a number as text; null where none is there. */
  text(record: JsonRecord, key: OwnList): string | null {
    for (const path of this.#paths[key] ?? []) {
      const value = valueAt(record, path);
      if (typeof value === 'string' && value !== '') return value;
      if (typeof value === 'number') return String(value);
    }
    return null;
  }

  /** Whose a record is, by its role in any letters; null: neither a person's nor the agent's. */
  sideOf(role: string | null): 'user' | 'assistant' | null {
    const low = role?.toLowerCase() ?? '';
    if (this.#user.has(low)) return 'user';
    return this.#assistant.has(low) ? 'assistant' : null;
  }

  time(record: JsonRecord): Iso | null {
    for (const path of this.#paths.time ?? []) {
      const value = valueAt(record, path);
      const digits = typeof value === 'string' && /^\d{9,13}(?:\.\d+)?$/.test(value) ? Number(value) : value;
      const at = parseTime(digits);
      if (at !== null) return at;
    }
    return null;
  }

  /** What was said, and the record that holds it; `isThere` false where no place of it is in the record. */
  said(record: JsonRecord): { isThere: boolean; content: unknown; holder: JsonRecord } {
    let holder: JsonRecord | null = null;
    for (const path of this.#paths.text ?? []) {
      const within = valueAt(record, path.slice(0, -1));
      if (!isRecord(within)) continue;
      const value = memberAt(within, path.at(-1) ?? '');
      if (value !== undefined) return { isThere: true, content: contentOf(value), holder: within };
      holder ??= within;
    }
    return { isThere: false, content: null, holder: holder ?? record };
  }
}

function words(list: readonly string[]): ReadonlySet<string> {
  return new Set(list.map((word) => word.toLowerCase()));
}

/** A text, or blocks in the form of Anthropic's API; other forms of a text block are made one. */
function contentOf(value: unknown): unknown {
  if (!Array.isArray(value)) return isRecord(value) ? (textIn(value) ?? null) : value;
  return value.map((part) => {
    const text = typeof part === 'string' ? part : isRecord(part) ? textIn(part) : null;
    return text === null ? part : { type: 'text', text };
  });
}

/** `{text}`, `{content}`, `{type: 'input_text', text}`; null for a block of another kind. */
function textIn(block: JsonRecord): string | null {
  const type = textAt(block, 'type');
  if (type !== null && !/text$/.test(type)) return null;
  return textAt(block, 'text') ?? textAt(block, 'content');
}

/** What programs put before a person's words stands in a tag of its own; HTML that a person typed has other names. */
function human(text: string): string | null {
  const typed = text.trim();
  const tag = /^<([a-z]+[_-][a-z_-]{1,40})>/.exec(typed)?.[1];
  return typed === '' || (tag !== undefined && typed.endsWith(`</${tag}>`)) ? null : typed;
}

export function peekJsonl(own: OwnFormat, head: Uint8Array, tail: Uint8Array): Peek | null {
  const { note, timesOf } = looksOf(own);
  return peekRecords(head, tail, note, timesOf);
}

/** The same of records that were found in a document. */
export function peekRecordsOf(own: OwnFormat, records: readonly JsonRecord[]): Peek | null {
  const lines = Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const { note, timesOf } = looksOf(own);
  return peekRecords(lines, lines, note, timesOf);
}

function looksOf(own: OwnFormat) {
  const places = new Places(own);
  const note = (record: JsonRecord, seen: Seen): boolean => {
    const id = places.text(record, 'id');
    const side = places.sideOf(places.text(record, 'role'));
    seen.nativeId ??= id;
    seen.project ??= places.text(record, 'project');
    seen.title ??= places.text(record, 'title');
    if (side === 'user')
      seen.prompt ??= human(textOfBlocks(blocksOf({ content: places.said(record).content })));
    return side !== null || id !== null;
  };
  return { note, timesOf: (record: JsonRecord) => [places.time(record)] };
}

export class OwnJsonlReader extends MessageLinesReader {
  readonly #places: Places;
  readonly #tally: OwnTally;
  readonly #once = new Once();

  constructor(sink: FactSink, id: string, own: OwnFormat) {
    super(sink);
    this.#places = new Places(own);
    this.#tally = new OwnTally(id, own);
  }

  trouble(): string | null {
    return this.#tally.trouble();
  }

  protected override human(text: string): string | null {
    return human(text);
  }

  /** A record that was written anew is met again where a rewritten file is read with what it was before. */
  protected override prompt(text: string, at: Iso | null): void {
    if (at === null || this.#once.isNewKey(`prompt ${at} ${Bun.hash(text)}`)) super.prompt(text, at);
  }

  /** Where neither a record's own id nor its time names it. */
  protected unnamed = '';

  /** What stands beside the turns of a document. */
  protected header(record: JsonRecord): void {
    const at = this.#places.time(record);
    if (at !== null) this.sink.time(at);
    this.#about(record);
  }

  protected record(record: JsonRecord): void {
    const at = this.#places.time(record);
    if (at !== null) this.sink.time(at);
    const isHeader = this.#about(record) || this.#places.text(record, 'id') !== null;
    this.#turn(record, at, isHeader);
  }

  #about(record: JsonRecord): boolean {
    const [project, title] = [this.#places.text(record, 'project'), this.#places.text(record, 'title')];
    if (project !== null) this.sink.project(project);
    const named = title === null ? null : titleOf(title);
    if (named !== null) this.sink.title(named, 'ai');
    return project !== null || title !== null;
  }

  #turn(record: JsonRecord, at: Iso | null, isHeader: boolean): void {
    const role = this.#places.text(record, 'role');
    const whose = this.#places.sideOf(role);
    const side = whose ?? otherSide(role);
    const { isThere, content, holder } = this.#places.said(record);
    this.#tally.record(record, role, whose, side === null);
    if (side === 'instructions') return;
    if (side === 'result') return this.#result(holder, content, at);
    if (side === null) {
      if (role !== null || !isHeader) this.sink.unknown(role ?? textAt(record, 'type') ?? 'no role');
      return;
    }
    const calls = side === 'assistant' ? callsOf(holder) : [];
    if (isThere || calls.length > 0) this.#tally.said(side);
    else this.sink.unknown(`${role} without a text`);
    // A session's id on every record is no answer's, under which its tokens count once.
    const own = textAt(holder, 'id');
    const id = own === this.#places.text(record, 'id') ? undefined : own;
    this.message({ ...holder, role: side, content, id }, at, textAt(record, 'uuid') ?? at ?? this.unnamed);
    for (const call of calls) this.#call(call, at);
  }

  /** In the form of OpenAI's API, or flat; arguments as text or as they are. */
  #call(call: JsonRecord, at: Iso | null): void {
    const told = isRecord(call['function']) ? call['function'] : call;
    const id = textAt(call, 'id') ?? textAt(call, 'call_id') ?? '';
    const name = textAt(told, 'name');
    if (name === null || (id !== '' && !this.#once.isNewKey(`call ${id}`))) return;
    const text = textAt(told, 'arguments');
    this.call(name, id, text === null ? recordAt(told, 'arguments') : (parseRecord(text) ?? {}), at);
  }

  #result(holder: JsonRecord, content: unknown, at: Iso | null): void {
    const output = textOfBlocks(blocksOf({ content }));
    const exit = /\b(?:exit[ _]?code|returncode|exit status)"?:? ?(\d{1,10})\b/i.exec(output)?.[1];
    const exitCode = exit === undefined ? null : Number(exit);
    const failed = holder['is_error'] === true;
    this.result(
      textAt(holder, 'tool_call_id') ?? textAt(holder, 'call_id') ?? '',
      { exitCode, failed, output },
      at,
    );
  }
}

function otherSide(role: string | null): 'result' | 'instructions' | null {
  const low = role?.toLowerCase() ?? '';
  if (RESULTS.has(low)) return 'result';
  return INSTRUCTIONS.has(low) ? 'instructions' : null;
}

/** Some write the list down as text. */
function callsOf(holder: JsonRecord): readonly JsonRecord[] {
  const text = textAt(holder, 'tool_calls');
  const within = text === null ? holder : (parseRecord(`{"tool_calls":${text}}`) ?? {});
  return listAt(within, 'tool_calls').filter(isRecord);
}
