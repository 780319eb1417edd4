/**
 * Subagents with files of their own. Promises: each is told once, under its id, with what it was to do and what it said last.
 */
import type { FactSink, LineVerdict, ToldRole } from '../../domain/facts.ts';
import { type JsonRecord, LINE_BYTES_MAX, recordsOf } from './json-lines.ts';

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
}
