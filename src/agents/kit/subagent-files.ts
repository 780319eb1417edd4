/** A subagent whose own file is read. Promises: told once, under its id, with what it was to do and what it said last. */
import type { FactSink } from '../../domain/facts.ts';

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
