/**
 * The project of a session whose first and last bytes do not tell it, found by reading on.
 * Promises: memory is bounded by one line or one document; what cannot be read tells nothing.
 */
import { LineSplitter } from '../../digest/lines.ts';
import type { FactSink, RecordReader } from '../../domain/facts.ts';
import { openSource } from '../../files/contained/contained.ts';
import type { FoundFile } from './discover.ts';

/** A larger document is not held for one fact. */
const DOCUMENT_BYTES_MAX = 64 * 1024 * 1024;

/** Null where no record of the file tells it. */
export async function projectOf(file: FoundFile): Promise<string | null> {
  let project: string | null = null;
  const reader = file.agent.reader(
    sinkOf((cwd) => {
      project ??= cwd;
    }),
  );
  try {
    using source = openSource(file);
    reader.begin({ role: 'main', key: file.class.key });
    if (file.agent.isDocument?.(file.class.key) === true) {
      if (source.sizeBytes > DOCUMENT_BYTES_MAX) return null;
      const chunks = await Array.fromAsync(source.chunks());
      reader.part?.(Buffer.concat(chunks), 'present');
    } else {
      const lines = new LineSplitter(linesOf(reader), [], reader.readsEmptyLines === true);
      for await (const chunk of source.chunks()) {
        lines.push(chunk);
        if (project !== null) return project;
      }
      lines.end();
    }
    reader.end();
  } catch {
    // Whoever stores it says what is wrong with it.
  }
  return project;
}

function linesOf(reader: RecordReader) {
  return { line: (line: Uint8Array) => void reader.line(line), oversized: () => undefined };
}

/** Hears of the project alone. */
function sinkOf(hearsProject: (cwd: string) => void): FactSink {
  const deaf = () => undefined;
  return {
    time: deaf,
    branch: deaf,
    agentVersion: deaf,
    title: deaf,
    parent: deaf,
    prompt: deaf,
    steering: deaf,
    answer: deaf,
    tool: deaf,
    fileRead: deaf,
    fileWritten: deaf,
    fileEdited: deaf,
    command: deaf,
    commandResult: deaf,
    error: deaf,
    commit: deaf,
    pullRequest: deaf,
    plan: deaf,
    todos: deaf,
    todoChanged: deaf,
    compaction: deaf,
    usage: deaf,
    usageTotal: deaf,
    model: deaf,
    subagent: deaf,
    unknown: deaf,
    project: hearsProject,
  };
}
