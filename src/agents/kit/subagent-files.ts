/**
 * Subagents with files of their own. Promises: each is told once, under its id, with what it was to do and what it said last.
 */
import type { FactSink, LineVerdict, ToldRole } from '../../domain/facts.ts';
import type { Iso } from '../../domain/time.ts';
import {
  isRecord,
  type JsonRecord,
  LINE_BYTES_MAX,
  listAt,
  recordsOf,
  textAt,
  titleOf,
} from './json-lines.ts';
import type { ToolCall } from './tool-call.ts';

/** A subagent whose file is read. */
export class OwnSubagent {
  readonly id: string;
  task: string | null = null;
  answer: string | null = null;

  constructor(id: string) {
    this.id = id;
  }

  tell(sink: FactSink): void {
    const { id, task, answer } = this;
    sink.subagent(id, {
      ...(task === null ? {} : { task }),
      ...(answer === null ? {} : { result: answer }),
    });
  }
}

/** Reads lines of a session's own file and of those of its subagents, which are named by their ids. */
export abstract class SubagentLines {
  protected readonly sink: FactSink;
  /** Whose file is read; null: the session's own. */
  protected subagent: OwnSubagent | null = null;
  #hasTitle = false;

  constructor(sink: FactSink) {
    this.sink = sink;
  }

  begin(file: { readonly role: ToldRole; readonly key: string }): void {
    this.end();
    const id = /([^/]+)\.jsonl$/.exec(file.key)?.[1] ?? file.key;
    this.subagent = file.role === 'subagent' ? new OwnSubagent(id) : null;
  }

  end(): void {
    this.subagent?.tell(this.sink);
    this.subagent = null;
  }

  line(line: Uint8Array): LineVerdict {
    if (line.length > LINE_BYTES_MAX) return 'unreadable';
    let verdict: LineVerdict = 'unreadable';
    for (const record of recordsOf(line).records) if (this.record(record)) verdict = 'read';
    return verdict;
  }

  /** Whether it is a record of this agent's. */
  protected abstract record(record: JsonRecord): boolean;

  /** A prompt of a human; the first one is a title where there is no better. */
  protected prompt(text: string, at: Iso | null, isCopied = false): void {
    this.sink.prompt(text, at, isCopied);
    const title = this.#hasTitle ? null : titleOf(text);
    if (title === null) return;
    this.#hasTitle = true;
    this.sink.title(title, 'prompt');
  }

  /** What the agent said; in a subagent's file, what that one said. */
  protected answer(text: string, at: Iso | null): void {
    if (this.subagent !== null) this.subagent.answer = text;
    else this.sink.answer(text, at);
  }

  /** The files of a call that did not fail: of one that did nothing was read or changed. */
  protected done(call: ToolCall): void {
    for (const path of call.read) this.sink.fileRead(path);
    for (const path of call.written) this.sink.fileWritten(path);
    for (const path of call.edited) this.sink.fileEdited(path);
  }

  /** The session's own list of todos, as a call sets it; `key`: the member that holds a todo's text. */
  protected todos(args: JsonRecord, key: string): void {
    if (this.subagent !== null) return;
    const list = listAt(args, 'todos').filter(isRecord);
    this.sink.todos(
      list.map((todo) => ({ text: textAt(todo, key) ?? '', status: textAt(todo, 'status') ?? 'pending' })),
    );
  }
}
