/**
 * Kiro CLI: prompts, answers and results, one file a session and a document about it beside. Promises: as `kit/jsonl-agent.ts`. The folder
 * and the id stand in that document and the file's name only.
 */
import type { TextBeside } from '../domain/agent.ts';
import { type Iso, parseTime } from '../domain/time.ts';
import { isRecord, type JsonRecord, listAt, parseRecord, recordAt, textAt } from './kit/json-lines.ts';
import { beside, placed, transcript } from './kit/jsonl-agent.ts';
import { LinesReader, type Seen } from './kit/lines-reader.ts';

const KINDS: ReadonlySet<string> = new Set([
  'Prompt',
  'AssistantMessage',
  'ToolResults',
  'Compaction',
  'Clear',
]);

export const kiroCli = placed({
  id: 'kiro-cli',
  name: 'Kiro CLI',
  proof: 'recordings',
  variable: 'KIRO_HOME',
  homes: [['.kiro']],
  folder: 'sessions',
  places: {
    transcript: ['sessions/cli/{id}.jsonl'],
    sidecar: ['sessions/cli/{id}.json', 'sessions/cli/{id}.history'],
  },
  classify: (relPath) => {
    const [, id, ending] = /^sessions\/cli\/([^/]+?)\.(jsonl|json|history)$/.exec(relPath) ?? [];
    if (id === undefined || ending === undefined) return null;
    return ending === 'jsonl' ? transcript(id) : beside(id, `${id}.${ending}`);
  },
  note,
  timesOf: (record) => [recordAt(recordAt(record, 'data'), 'meta')['timestamp']],
  projectBeside,
  reader: (sink) => new KiroReader(sink),
  place: ({ nativeId }) => `sessions/cli/${nativeId}.jsonl`,
  resume: ({ nativeId }) => ['kiro-cli', 'chat', '--resume-id', nativeId],
});

function projectBeside(relPath: string, beside: TextBeside): string | null {
  const about = parseRecord(beside(relPath.replace(/\.jsonl$/, '.json')) ?? '');
  return about === null ? null : textAt(about, 'cwd');
}

function note(record: JsonRecord, seen: Seen): boolean {
  const kind = textAt(record, 'kind') ?? '';
  if (kind === 'Prompt') seen.prompt ??= textOf(recordAt(record, 'data'));
  return KINDS.has(kind) && textAt(record, 'version') !== null && isRecord(record['data']);
}

function textOf(data: JsonRecord): string | null {
  const texts = listAt(data, 'content').flatMap((part) =>
    isRecord(part) && part['kind'] === 'text' ? (textAt(part, 'data') ?? []) : [],
  );
  return texts.length === 0 ? null : texts.join('\n');
}

class KiroReader extends LinesReader {
  protected record(record: JsonRecord): void {
    const kind = textAt(record, 'kind') ?? '';
    const data = recordAt(record, 'data');
    const at = parseTime(recordAt(data, 'meta')['timestamp']);
    if (at !== null) this.sink.time(at);
    const text = textOf(data);
    if (kind === 'Prompt') {
      if (text !== null) this.prompt(text, at);
    } else if (kind === 'AssistantMessage') this.#answer(data, text, at);
    else if (kind === 'ToolResults') this.#results(data, at);
    else if (kind === 'Compaction') {
      const summary = textAt(data, 'summary') ?? text;
      if (summary !== null) this.sink.compaction(summary, at);
    } else if (kind !== 'Clear') this.sink.unknown(kind);
  }

  #answer(data: JsonRecord, text: string | null, at: Iso | null): void {
    if (text !== null) this.sink.answer(text, at);
    for (const part of listAt(data, 'content')) {
      const call = isRecord(part) && part['kind'] === 'toolUse' ? recordAt(part, 'data') : null;
      if (call === null) continue;
      const [name, input] = [textAt(call, 'name') ?? 'tool', recordAt(call, 'input')];
      this.call(name, textAt(call, 'toolUseId') ?? '', input, at);
      if (name === 'todo_list') this.#todos(input);
    }
  }

  #todos(input: JsonRecord): void {
    for (const [i, task] of listAt(input, 'tasks').entries()) {
      const text = isRecord(task) ? textAt(task, 'task_description') : null;
      if (text !== null) this.sink.todoChanged(String(i + 1), { text, status: 'pending' });
    }
    for (const id of listAt(input, 'completed_task_ids'))
      if (typeof id === 'string' || typeof id === 'number')
        this.sink.todoChanged(String(id), { status: 'completed' });
  }

  #results(data: JsonRecord, at: Iso | null): void {
    for (const part of listAt(data, 'content')) {
      const result = isRecord(part) && part['kind'] === 'toolResult' ? recordAt(part, 'data') : null;
      if (result === null) continue;
      const pieces = listAt(result, 'content').filter(isRecord);
      const told =
        pieces.map((piece) => recordAt(piece, 'data')).find((piece) => 'exit_status' in piece) ?? {};
      const exit = /(\d{1,10})\s*$/.exec(textAt(told, 'exit_status') ?? '')?.[1];
      const output =
        [textAt(told, 'stdout'), textAt(told, 'stderr'), ...pieces.map((piece) => textAt(piece, 'data'))]
          .filter((text) => text !== null)
          .join('\n') || '';
      const exitCode = exit === undefined ? null : Number(exit);
      const failed = textAt(result, 'status') === 'error';
      this.result(textAt(result, 'toolUseId') ?? '', { exitCode, failed, output }, at);
    }
  }
}
