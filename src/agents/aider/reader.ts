/**
 * Aider's history of a chat, told as facts: its text is for people, and is read by what each line begins and ends with.
 * Promises: never throws on any bytes; memory is bounded by one answer; a line that looks like another kind costs an answer
 * some of its text at most.
 *
 *     # aider chat started at 2026-05-25 17:59:34      in local time, without a zone
 *     #### what the user typed··                       two blanks at the end of each line
 *     > what aider says: tokens, edits, questions··
 *     all else is the model's answer
 *
 * The start is read as UTC, as every time without a zone is: the same bytes give the same digest on any machine. It may be
 * some hours off, and is the only time that is told.
 */

import { ownText, viewOf } from '../../domain/bytes.ts';
import type { FactSink, LineVerdict, RecordReader } from '../../domain/facts.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { LINE_BYTES_MAX, titleOf } from '../kit/json-lines.ts';

const START = /^# aider chat started at (\d{4}-\d\d-\d\d) (\d\d):(\d\d):(\d\d)\s*$/;
/** No line that begins a chat is longer. */
const START_BYTES_MAX = 64;
/** More of one prompt or answer than any sink keeps. */
const TEXT_CHARS_MAX = 256 * 1024;
/** What a question was about, and what was added to one answer's commands. */
const SUBJECTS_MAX = 200;

/** The id of the chat that begins with this line: its time, as a file's name may hold it; null where none does. */
export function chatStart(line: Uint8Array): string | null {
  if (line[0] !== 0x23 || line.length > START_BYTES_MAX) return null;
  const [, day, hour, minute, second] = START.exec(viewOf(line).toString('latin1')) ?? [];
  return day === undefined ? null : `${day}T${hour}-${minute}-${second}`;
}

/** When the chat of that id was started; of one beside others of the same second its number is passed over. */
export function timeOfId(id: string): Iso | null {
  const [, day, hour, minute, second] = /^([\d-]{10})T(\d\d)-(\d\d)-(\d\d)/.exec(id) ?? [];
  return day === undefined ? null : parseTime(`${day}T${hour}:${minute}:${second}.000Z`);
}

/** The title that a chat's first bytes give it: what the user asked first. */
export function firstPrompt(head: Uint8Array): string | null {
  let title: string | null = null;
  const prompt = (text: string) => {
    title ??= titleOf(text);
  };
  const sink = new Proxy({} as FactSink, {
    get: (_, fact) => (fact === 'prompt' ? prompt : () => undefined),
  });
  const reader = new AiderReader(sink);
  for (const line of linesOf(head)) {
    reader.line(line);
    if (title !== null) return title;
  }
  reader.end();
  return title;
}

/** Lines without their 0x0A, the empty ones, too; the last may be torn. */
export function* linesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(0x0a, from);
    yield bytes.subarray(from, end < 0 ? bytes.length : end);
    from = end < 0 ? bytes.length : end + 1;
  }
}

/** Commands of aider's own that ask the model something; the others only change what aider does. */
const ASKING = /^\/(?:ask|code|architect|context|help|ok|chat-mode\s+\w+)\s+\S/;
/** What it runs for the user; `/git` is followed by what git is told. */
const RUNNING = /^(?:!|\/run\s|\/test\s|\/(?=git\s))\s*(\S.*)$/s;
/** A question of aider's with the answer behind it; where one answer was for all, it stands as if the user had typed it. */
const QUESTION = /^(.*?)\s*\(Y\)es\/\(N\)o.*\[[^\]]*\]:?\s*(\w*)$/s;
/** How aider was started, which it notes first: with what it was to do at once, that is all that a person may have said. */
const STARTED_WITH = /^.{0,300}?\baider(?:\.exe)?\s.{0,2000}?--?m(?:essage|sg)?[\s=]+\S/s;
const FAILURE =
  /^(?:litellm\.\w+|The LLM did not conform to|Exception while updating files|Unable to (?:commit|create)\b|Empty response received|Model \S+ has hit a token limit)/;

export class AiderReader implements RecordReader {
  readonly readsEmptyLines = true;
  readonly isText = true;
  readonly #sink: FactSink;
  #at: Iso | null = null;
  #model = '';
  #prompt: string[] = [];
  #answer: string[] = [];
  #answerChars = 0;
  /** Something was typed: what stands before is no answer, but whatever fell into the history. */
  #hasTyped = false;
  /** A history that an editor trimmed has no blanks at the ends of its lines. */
  #hasBlanks = false;
  #isFenced = false;
  /** What the next question of aider's is about. */
  #subjects: string[] = [];
  readonly #created = new Set<string>();
  #mayRun = false;
  #count = 0;

  constructor(sink: FactSink) {
    this.#sink = sink;
  }

  begin(): void {
    // A session is one file.
  }

  line(line: Uint8Array): LineVerdict {
    if (line.length > LINE_BYTES_MAX) return 'unreadable';
    const start = timeOfId(chatStart(line) ?? '');
    if (start !== null) {
      this.#flush();
      this.#at = start;
      this.#sink.time(start);
      return 'read';
    }
    const text = viewOf(line).toString('utf8').replaceAll('\0', '').replace(/\r$/, '');
    // A line as long as any may be was cut: its end is not known.
    const ends = text.endsWith('  ') || line.length === LINE_BYTES_MAX;
    const isQuoted = text.startsWith('> ') || text === '>';
    const isTyped = text.startsWith('#### ');
    if ((isQuoted || isTyped) && ends) this.#hasBlanks = true;
    // The model writes headings and quotations, too; what aider writes ends with two blanks.
    if (isTyped && (ends || !this.#hasBlanks)) this.#typed(text.slice(5).trimEnd());
    else if (isQuoted && (ends || !this.#isFenced)) this.#told(text.slice(2).trim());
    else this.#answered(text);
    return text === '' ? 'skipped' : 'read';
  }

  end(): void {
    this.#flush();
  }

  #typed(text: string): void {
    this.#endAnswer();
    this.#hasTyped = true;
    if (this.#prompt.length < TEXT_CHARS_MAX / 64) this.#prompt.push(text);
    this.#isFenced = false;
  }

  #answered(text: string): void {
    this.#endPrompt();
    if (/^\s*(?:`{3,}|~{3,})/.test(text)) this.#isFenced = !this.#isFenced;
    if (this.#answerChars >= TEXT_CHARS_MAX) return;
    this.#answer.push(ownText(text, TEXT_CHARS_MAX - this.#answerChars));
    this.#answerChars += text.length + 1;
  }

  #flush(): void {
    this.#endPrompt();
    this.#endAnswer();
    this.#isFenced = false;
    this.#subjects = [];
    this.#mayRun = false;
    this.#hasTyped = false;
  }

  #endPrompt(): void {
    const lines = this.#prompt;
    if (lines.length === 0) return;
    this.#prompt = [];
    const text = lines.join('\n').trim();
    if (text === '' || text === '<blank>' || QUESTION.test(text)) return;
    this.#mayRun = false;
    const [, command] = RUNNING.exec(text) ?? [];
    if (command !== undefined) this.#command(command);
    else if (!text.startsWith('/') || ASKING.test(text) || /^\/\S*\//.test(text))
      this.#sink.prompt(text, this.#isFirst() ? this.#at : null);
    else this.#sink.steering(text, this.#at);
  }

  /** Only of the first prompt it is about known when it was asked. */
  #isFirst(): boolean {
    this.#count += 1;
    return this.#count === 1;
  }

  #command(command: string): void {
    this.#count += 1;
    this.#sink.command(`c${this.#count}`, command, null);
  }

  #endAnswer(): void {
    const text = withoutThinking(this.#answer.join('\n')).trim();
    this.#answer = [];
    this.#answerChars = 0;
    if (text !== '' && this.#hasTyped) this.#sink.answer(text, null);
  }

  #told(text: string): void {
    this.#endPrompt();
    this.#endAnswer();
    this.#isFenced = false;
    const [, question, reply] = QUESTION.exec(text) ?? [];
    if (question !== undefined) this.#asked(question, /^[ya]/i.test(reply ?? ''));
    else if (!this.#edit(text) && !this.#setting(text)) this.#notice(text);
  }

  #asked(question: string, isYes: boolean): void {
    if (question === 'Create new file?' && isYes)
      for (const path of this.#subjects.slice(-1)) this.#created.add(path);
    if (question.startsWith('Run shell command')) this.#mayRun = isYes;
    else if (question === 'Add command output to the chat?') this.#mayRun = false;
    this.#subjects = [];
  }

  #edit(text: string): boolean {
    const [, edited] = /^Applied edit to (.+)$/s.exec(text) ?? [];
    if (edited !== undefined) {
      if (this.#created.delete(edited)) this.#sink.fileWritten(edited);
      else this.#sink.fileEdited(edited);
      return true;
    }
    const [, added] = /^Added (.+?) to (?:the chat(?: \(read-only\))?|read-only files)\.?$/s.exec(text) ?? [];
    if (added === undefined || /^\d+ lines? of output$/.test(added) || /\*/.test(added)) return false;
    this.#sink.fileRead(added);
    return true;
  }

  #setting(text: string): boolean {
    const [, version] = /^Aider v(\S+)/.exec(text) ?? [];
    if (version !== undefined) this.#sink.agentVersion(version);
    const [, model] = /^(?:Main model|Model): (\S+)/.exec(text) ?? [];
    if (model !== undefined) {
      this.#model = model;
      this.#sink.model(model);
    }
    const [, other] = /^(?:Weak|Editor) model: (\S+)/.exec(text) ?? [];
    if (other !== undefined) this.#sink.model(other);
    return version !== undefined || model !== undefined || other !== undefined;
  }

  #notice(text: string): void {
    const [, sha, message] = /^Commit ([0-9a-f]{7,40}) (.+)$/s.exec(text) ?? [];
    const [, running] = /^Running (.+)$/s.exec(text) ?? [];
    if (STARTED_WITH.test(text)) this.#sink.steering(text, this.#at);
    if (text.startsWith('Tokens: ')) this.#tokens(text);
    else if (sha !== undefined && message !== undefined) this.#sink.commit({ sha, message });
    else if (running !== undefined && this.#mayRun) this.#command(running);
    else if (FAILURE.test(text)) this.#sink.error(text, null);
    else if (text !== '' && this.#subjects.length < SUBJECTS_MAX) this.#subjects.push(ownText(text, 4096));
  }

  /** `sent` counts what a cache took and gave; all are rounded from a thousand on. */
  #tokens(text: string): void {
    this.#mayRun = false;
    this.#subjects = [];
    const of = (what: string) => {
      const [, count, thousand] = new RegExp(`([\\d.]+)(k?) ${what}`).exec(text) ?? [];
      return Math.round(Number(count ?? 0) * (thousand === 'k' ? 1000 : 1)) || 0;
    };
    const [cacheWrite, cacheRead] = [of('cache write'), of('cache hit')];
    this.#count += 1;
    this.#sink.usage(`t${this.#count}`, this.#model, {
      input: Math.max(0, of('sent') - cacheWrite - cacheRead),
      cacheWrite,
      cacheRead,
      output: of('received'),
      reasoning: 0,
    });
  }
}

/** A model's thinking stands before its answer, between marks of aider's; where it was stopped within, all is thinking. */
function withoutThinking(text: string): string {
  const marked = text.lastIndexOf('► **ANSWER**');
  if (marked >= 0) return text.slice(marked + '► **ANSWER**'.length);
  const [mark] = /<thinking-content-[0-9a-f]{32}>/.exec(text) ?? [];
  if (mark === undefined) return text;
  const end = text.lastIndexOf(mark.replace('<', '</'));
  return text.slice(0, text.indexOf(mark)) + (end < 0 ? '' : text.slice(end + mark.length + 1));
}
