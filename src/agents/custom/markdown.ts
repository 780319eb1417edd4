/**
 * Markdown whose turns begin with a line of a known beginning: a heading, a name in bold, aider's `#### `.
 * Promises: never throws on any bytes; a line is held against plain beginnings, so its cost is linear in what is looked at
 * of it; a file without a turn makes a failed analysis that names the key.
 * Never: takes the heading of an answer (`## User interface`) for a turn.
 */
import type { Peek } from '../../domain/agent.ts';
import { viewOf } from '../../domain/bytes.ts';
import type { FactSink, LineVerdict, RecordReader } from '../../domain/facts.ts';
import { LINE_PROMPT, type OwnFormat, type OwnList, ownValue } from '../../domain/own-format.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { linesWithin, titleOf } from '../kit/json-lines.ts';

/** A beginning stands within it; so does a time in a heading. */
const LOOKED_CHARS = 400;
/** One line, and one turn: a digest keeps far less. */
const LINE_BYTES_KEPT = 64 * 1024;
const TURN_CHARS_MAX = 256 * 1024;
const HEAD_LINES_MAX = 4000;

const TIME = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?/;
/** What may stand between a beginning and the words behind it, and around a time. */
const AROUND: ReadonlySet<string | undefined> = new Set(' \t\r:*_()[]|-—–');
const QUOTES: ReadonlySet<string | undefined> = new Set(' \t\r"\'');

interface Turn {
  readonly side: 'user' | 'assistant';
  /** All of the turn is on lines that begin so; what stands below is the answer. */
  readonly isLine: boolean;
  readonly at: Iso | null;
  /** What the line itself says. */
  readonly text: string;
}

/** What one line is. `value` of a key that names what the line begins with. */
type MarkdownLine =
  | { readonly kind: 'turn'; readonly turn: Turn }
  | { readonly kind: 'value'; readonly key: 'id' | 'time' | 'project' | 'title'; readonly value: string }
  | { readonly kind: 'text'; readonly at: Iso | null };

const VALUES = ['id', 'time', 'project', 'title'] as const;

/** Holds lines against the beginnings. Of one file: its first turn tells whether prompts are lines or what follows one. */
class Beginnings {
  readonly #values: readonly (readonly [key: (typeof VALUES)[number], begins: string])[];
  readonly #user: readonly string[];
  readonly #assistant: readonly string[];
  #isLines: boolean | null = null;

  constructor(own: OwnFormat) {
    this.#values = VALUES.flatMap((key) => sorted(own, key).map((begins) => [key, begins] as const));
    this.#user = sorted(own, 'user');
    this.#assistant = sorted(own, 'assistant');
  }

  /** `text`: the line, or as much of it as is looked at. */
  of(text: string): MarkdownLine {
    const low = text.slice(0, LOOKED_CHARS).toLowerCase();
    const [key, begins = ''] = this.#values.find(([, one]) => low.startsWith(one)) ?? [];
    // Where a line begins as two keys say, the longer beginning is meant.
    const turn = this.#turn(text, low, begins.length);
    if (turn !== null) return { kind: 'turn', turn };
    if (key !== undefined) return { kind: 'value', key, value: without(QUOTES, text.slice(begins.length)) };
    return { kind: 'text', at: text.startsWith('#') ? timeIn(text) : null };
  }

  #turn(text: string, low: string, longerThan: number): Turn | null {
    const user = this.#user.find((begins) => isBegun(low, begins));
    const begins = user ?? this.#assistant.find((one) => isBegun(low, one));
    if (begins === undefined || begins.length <= longerThan) return null;
    const isLine = user !== undefined && (begins === LINE_PROMPT || this.#assistant.length === 0);
    // Answers have headings of the fourth level, too: where turns are headings with names, those are no prompts.
    if (this.#isLines !== null && this.#isLines !== isLine) return null;
    if (user !== undefined) this.#isLines = isLine;
    const rest = text.slice(begins.length);
    const side = user === undefined ? 'assistant' : 'user';
    if (isLine) return { side, isLine, at: null, text: rest.trimEnd() };
    // A time right behind it is the turn's, `## User (2026-05-01 10:00)`; one further on is part of what was said.
    const said = without(AROUND, rest);
    const time = TIME.exec(said.slice(0, LOOKED_CHARS));
    if (time?.index !== 0) return { side, isLine, at: null, text: said };
    return { side, isLine, at: timeIn(said), text: without(AROUND, said.slice(time[0].length)) };
  }
}

/** Linear, where a pattern would try every run of signs to its end. */
function without(signs: ReadonlySet<string | undefined>, text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && signs.has(text[from])) from++;
  while (to > from && signs.has(text[to - 1])) to--;
  return text.slice(from, to);
}

/** Longest first: of `**User` and `**User:**` the second is meant where it stands. */
function sorted(own: OwnFormat, key: OwnList): readonly string[] {
  return ownValue(own, key)
    .map((begins) => begins.toLowerCase())
    .sort((a, b) => b.length - a.length);
}

/** A beginning that ends in a word must be all of the words: `## User interface` is a heading of an answer. */
function isBegun(low: string, begins: string): boolean {
  if (!low.startsWith(begins)) return false;
  if (!/[\p{L}\p{N}]$/u.test(begins)) return true;
  const rest = low.slice(begins.length);
  return !/^\s*[\p{L}\p{N}]/u.test(rest) || TIME.exec(rest)?.index === rest.search(/\S/);
}

function timeIn(text: string): Iso | null {
  const found = TIME.exec(text.slice(0, LOOKED_CHARS))?.[0];
  return found === undefined ? null : parseTime(found.replace(' ', 'T').replaceAll(' ', ''));
}

function textOfLine(line: Uint8Array): string {
  return viewOf(line).toString('utf8', 0, LINE_BYTES_KEPT).replace(/\r$/, '');
}

export function peekMarkdown(own: OwnFormat, head: Uint8Array, tail: Uint8Array): Peek | null {
  const beginnings = new Beginnings(own);
  const told = new Map<string, string>();
  const times: Iso[] = [];
  let isTurn = false;
  let prompt: string | null = null;
  let awaits = false;
  let count = 0;
  for (const bytes of linesWithin(head)) {
    if (count++ > HEAD_LINES_MAX) break;
    const text = textOfLine(bytes);
    const line = beginnings.of(text);
    const at = atOf(line);
    if (at !== null) times.push(at);
    if (line.kind === 'value' && line.value !== '' && !told.has(line.key)) told.set(line.key, line.value);
    if (line.kind === 'text' && awaits) prompt ??= titleOf(text);
    if (line.kind !== 'turn') continue;
    isTurn = true;
    awaits = line.turn.side === 'user';
    if (awaits) prompt ??= titleOf(line.turn.text);
  }
  if (!isTurn && !told.has('id')) return null;
  for (const bytes of linesWithin(tail)) {
    const at = atOf(beginnings.of(textOfLine(bytes)));
    if (at !== null) times.push(at);
  }
  times.sort();
  return {
    nativeId: told.get('id') ?? null,
    project: told.get('project') ?? null,
    branch: null,
    title: titleOf(told.get('title') ?? prompt ?? ''),
    parentNativeId: null,
    startedAt: times[0] ?? null,
    endedAt: times.at(-1) ?? null,
  };
}

function atOf(line: MarkdownLine): Iso | null {
  if (line.kind === 'turn') return line.turn.at;
  if (line.kind === 'text') return line.at;
  return line.key === 'time' ? (timeIn(line.value) ?? parseTime(line.value)) : null;
}

export class OwnMarkdownReader implements RecordReader {
  readonly isText = true;
  readonly #sink: FactSink;
  readonly #id: string;
  readonly #own: OwnFormat;
  #beginnings: Beginnings;
  #turn: Turn | null = null;
  #said: string[] = [];
  #chars = 0;
  #lines = 0;
  #prompts = 0;
  #answers = 0;
  #hasLinePrompts = false;
  #hasTitle = false;
  #hasOwnTitle = false;

  constructor(sink: FactSink, id: string, own: OwnFormat) {
    this.#sink = sink;
    this.#id = id;
    this.#own = own;
    this.#beginnings = new Beginnings(own);
  }

  begin(): void {
    this.#flush();
    this.#beginnings = new Beginnings(this.#own);
  }

  line(bytes: Uint8Array): LineVerdict {
    // No text has one: a database or an image that the glob matches.
    if (viewOf(bytes).subarray(0, LINE_BYTES_KEPT).indexOf(0) >= 0) return 'unreadable';
    this.#lines++;
    const text = textOfLine(bytes);
    const line = this.#beginnings.of(text);
    const at = atOf(line);
    if (at !== null) this.#sink.time(at);
    if (line.kind === 'value') this.#value(line.key, line.value);
    else if (line.kind === 'turn') this.#begun(line.turn);
    else this.#text(text);
    return 'read';
  }

  end(): void {
    this.#flush();
  }

  trouble(): string | null {
    if (this.#lines === 0) return null;
    if (this.#prompts === 0) return `no line of ${this.#lines} begins as ${this.#key('user')} says`;
    // The line of a prompt may be the last one; a turn with all the rest of the file below it has swallowed the answers.
    if (this.#answers === 0 && !this.#hasLinePrompts)
      return `no answer in ${this.#lines} lines: none begins as ${this.#key('assistant')} says`;
    return null;
  }

  #key(key: 'user' | 'assistant'): string {
    const begins = ownValue(this.#own, key);
    const shown = begins.slice(0, 4).map((one) => `"${one}"`);
    return `agents.${this.#id}.${key} (${shown.join(', ')}${begins.length > 4 ? ', …' : ''})`;
  }

  #value(key: (typeof VALUES)[number], value: string): void {
    if (value === '') return;
    if (key === 'project') this.#sink.project(value);
    const title = key === 'title' && !this.#hasOwnTitle ? titleOf(value) : null;
    if (title === null) return;
    this.#hasOwnTitle = true;
    this.#sink.title(title, 'ai');
  }

  #begun(turn: Turn): void {
    // A prompt of several lines begins each of them.
    const goesOn = turn.isLine && this.#turn?.isLine === true;
    if (!goesOn) {
      this.#flush();
      this.#turn = turn;
    }
    this.#keep(turn.text);
  }

  #text(text: string): void {
    if (this.#turn === null) return;
    if (this.#turn.isLine) {
      this.#flush();
      this.#turn = { side: 'assistant', isLine: false, at: null, text: '' };
    }
    this.#keep(text);
  }

  #keep(text: string): void {
    if (this.#chars >= TURN_CHARS_MAX) return;
    this.#said.push(text);
    this.#chars += text.length + 1;
  }

  #flush(): void {
    const turn = this.#turn;
    const said = this.#said.join('\n').trim();
    this.#turn = null;
    this.#said = [];
    this.#chars = 0;
    if (turn === null || said === '') return;
    if (turn.side === 'assistant') {
      this.#answers++;
      this.#sink.answer(said, turn.at);
      return;
    }
    this.#prompts++;
    this.#hasLinePrompts ||= turn.isLine;
    this.#sink.prompt(said, turn.at);
    const title = this.#hasTitle ? null : titleOf(said);
    if (title === null) return;
    this.#hasTitle = true;
    this.#sink.title(title, 'prompt');
  }
}
