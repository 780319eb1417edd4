/**
 * What agents whose transcripts are lines of JSON share: a look at both ends of a file, and a reader of its records.
 * Promises: as `json-lines.ts`: never throws on any bytes; time and memory are linear in a line. Knows no agent.
 */
import type { Peek } from '../../domain/agent.ts';
import type { FactSink, FileChange, LineVerdict, RecordReader, ToldRole } from '../../domain/facts.ts';
import { TAIL_LINES } from '../../domain/peek.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { fileChangesIn } from './file-change.ts';
import {
  headLines,
  idKey,
  type JsonRecord,
  LINE_BYTES_MAX,
  lastLines,
  recordsOf,
  titleOf,
} from './json-lines.ts';
import { tellTodos } from './todos.ts';
import { readToolCall, type ToolCall } from './tool-call.ts';

/** What the first records of a transcript have told so far. */
export interface Seen {
  nativeId: string | null;
  project: string | null;
  branch: string | null;
  parentNativeId: string | null;
  /** A name that the session was given. */
  title: string | null;
  /** The first prompt that a human wrote. */
  prompt: string | null;
}

/** The values of a record that are its own times, as they stand in it. */
export type TimesOf = (record: JsonRecord) => readonly unknown[];

/**
 * Looks through the records of a head and a tail; `note` keeps what one tells and says whether only this agent writes such a
 * record. Null where no record is.
 */
export function peekRecords(
  head: Uint8Array,
  tail: Uint8Array,
  note: (record: JsonRecord, seen: Seen) => boolean,
  timesOf: TimesOf = (record) => [record['timestamp']],
): Peek | null {
  const seen: Seen = {
    nativeId: null,
    project: null,
    branch: null,
    parentNativeId: null,
    title: null,
    prompt: null,
  };
  const times: Iso[] = [];
  let isOurs = false;
  const look = (line: Buffer) => {
    for (const record of recordsOf(line).records) {
      isOurs = note(record, seen) || isOurs;
      for (const at of timesOf(record).map(parseTime)) if (at !== null) times.push(at);
    }
  };
  for (const line of headLines(head, () => isOurs && (seen.title ?? seen.prompt) !== null)) {
    look(line);
  }
  for (const line of lastLines(tail, TAIL_LINES)) look(line);
  if (!isOurs) return null;
  times.sort();
  return {
    nativeId: seen.nativeId,
    project: seen.project,
    branch: seen.branch,
    parentNativeId: seen.parentNativeId,
    title: titleOf(seen.title ?? seen.prompt ?? ''),
    startedAt: times[0] ?? null,
    endedAt: times.at(-1) ?? null,
  };
}

/** Calls whose results are still to come; what a flood of them touched is told at once. */
const CALLS_OPEN_MAX = 1000;

interface Changing extends ToolCall {
  readonly changes: readonly FileChange[];
}

/** Reads lines; what a record means is the agent's. */
export abstract class LinesReader implements RecordReader {
  protected readonly sink: FactSink;
  /** Of the file that is being read: a subagent's own, else null. */
  protected subagent: string | null = null;
  #hasTitle = false;
  /** What the subagent whose file is read was to do, and what it said last. */
  #own: { task: string | null; answer: string | null } = { task: null, answer: null };

  constructor(sink: FactSink) {
    this.sink = sink;
  }

  begin(file: { readonly role: ToldRole; readonly key: string }): void {
    this.#leave();
    this.subagent = file.role === 'subagent' ? file.key : null;
  }

  line(line: Uint8Array): LineVerdict {
    if (line.length > LINE_BYTES_MAX) return 'unreadable';
    const { records } = recordsOf(line);
    for (const record of records) this.record(record);
    return records.length > 0 ? 'read' : 'unreadable';
  }

  end(): void {
    this.#leave();
  }

  /** The subagent's file is read: what it was about is told under the name that its path gives it. */
  #leave(): void {
    // Where no result came, it may have been done.
    for (const call of this.#changing.values()) this.#changed(call);
    this.#changing.clear();
    const { task, answer } = this.#own;
    if (this.subagent !== null)
      this.sink.subagent(idKey(/^[^/]+\/([^/]+?)(?:\.jsonl|\/.*)?$/.exec(this.subagent)?.[1] ?? ''), {
        ...(task === null ? {} : { task }),
        ...(answer === null ? {} : { result: answer }),
      });
    this.#own = { task: null, answer: null };
    this.subagent = null;
  }

  protected abstract record(record: JsonRecord): void;

  /** The time of a record, which becomes the session's too. */
  protected timeOf(record: JsonRecord, key = 'timestamp'): Iso | null {
    const at = parseTime(record[key]);
    if (at !== null) this.sink.time(at);
    return at;
  }

  /** A prompt of a human; the first one is a title where there is no better. In a subagent's file it is the task. */
  protected prompt(text: string, at: Iso | null): void {
    if (this.subagent !== null) {
      this.#own.task ??= text;
      return;
    }
    this.sink.prompt(text, at);
    const title = this.#hasTitle ? null : titleOf(text);
    if (title === null) return;
    this.#hasTitle = true;
    this.sink.title(title, 'prompt');
  }

  /** What the agent said; in a subagent's file, what that one said. */
  protected answer(text: string, at: Iso | null): void {
    if (this.subagent === null) this.sink.answer(text, at);
    else this.#own.answer = text;
  }

  /** How a path that a call names is told; an agent whose calls name files below the project makes them whole. */
  protected pathOf(path: string): string {
    return path;
  }

  readonly #commands = new Set<string>();
  /** Calls that write or edit files, until it is known what came of them. */
  readonly #changing = new Map<string, Changing>();

  /** A call of a tool: what it runs, the files that it names, the todos that it sets. `counts`: its name is told here, and nowhere else. */
  protected call(name: string, callId: string, args: JsonRecord, at: Iso | null, counts = true): void {
    const call = readToolCall(name, args);
    const id = idKey(callId);
    if (counts) this.sink.tool(name);
    if (this.subagent === null) tellTodos(this.sink, name, args);
    if (call.command !== null) {
      this.#commands.add(id);
      this.sink.command(id, call.command, at, call.cwd);
    }
    for (const path of call.read) this.sink.fileRead(this.pathOf(path));
    if (call.written.length + call.edited.length === 0) return;
    // Texts are held for who shows them, and for nobody else.
    const changes = this.sink.fileChanged === undefined ? [] : fileChangesIn(args);
    const changing = { ...call, changes };
    if (callId === '' || this.#changing.size >= CALLS_OPEN_MAX) this.#changed(changing);
    else this.#changing.set(id, changing);
  }

  #changed({ written, edited, changes }: Changing): void {
    for (const path of written) this.sink.fileWritten(this.pathOf(path));
    for (const path of edited) this.sink.fileEdited(this.pathOf(path));
    const path = written[0] ?? edited[0];
    if (path === undefined) return;
    for (const change of changes) this.sink.fileChanged?.(this.pathOf(path), change);
  }

  /** What came of it: a command's status and output; of another tool its failure. `exitCode` null: not told. */
  protected result(
    callId: string,
    told: { readonly exitCode: number | null; readonly failed: boolean; readonly output: string },
    at: Iso | null,
  ): void {
    const { exitCode, failed, output } = told;
    const id = idKey(callId);
    const call = this.#changing.get(id);
    if (call !== undefined && !failed) this.#changed(call);
    this.#changing.delete(id);
    if (this.#commands.delete(id)) this.sink.commandResult(id, exitCode, failed, output);
    else if (failed && output !== '' && this.subagent === null) this.sink.error(output, at);
  }
}
