/**
 * iFlow CLI: Claude Code's records in folders by project. Promises: as `kit/jsonl-agent.ts`. One genuine recording is known.
 */
import type { Iso } from '../domain/time.ts';
import { blocksOf, MessageLinesReader, textOfBlocks } from './kit/anthropic-messages.ts';
import { type JsonRecord, recordAt, textAt } from './kit/json-lines.ts';
import { dashed, placed, transcript } from './kit/jsonl-agent.ts';
import type { Seen } from './kit/lines-reader.ts';

export const iflow = placed({
  id: 'iflow',
  name: 'iFlow CLI',
  proof: 'recordings',
  variable: null,
  homes: [['.iflow']],
  folder: 'projects',
  places: { transcript: ['projects/*/{id}.jsonl'] },
  classify: (relPath) => {
    const id = /^projects\/[^/]+\/(session-[^/]+)\.jsonl$/.exec(relPath)?.[1];
    return id === undefined ? null : transcript(id);
  },
  note,
  reader: (sink) => new IflowReader(sink),
  place: ({ nativeId, project }) => `projects/${dashed(project)}/${nativeId}.jsonl`,
  resume: ({ nativeId }) => ['iflow', '--resume', nativeId],
});

function note(record: JsonRecord, seen: Seen): boolean {
  const id = textAt(record, 'sessionId');
  if (id?.startsWith('session-') !== true || !('message' in record)) return false;
  seen.nativeId ??= id;
  seen.project ??= textAt(record, 'cwd');
  seen.branch ??= textAt(record, 'gitBranch');
  if (record['type'] === 'user') seen.prompt ??= human(textOfBlocks(blocksOf(recordAt(record, 'message'))));
  return true;
}

function human(text: string): string | null {
  return text === '' || /^<[a-z-]+[>\s]/.test(text) ? null : text;
}

class IflowReader extends MessageLinesReader {
  protected override human(text: string): string | null {
    return human(text);
  }

  protected record(record: JsonRecord): void {
    const type = textAt(record, 'type') ?? '';
    const at: Iso | null = this.timeOf(record);
    const [cwd, branch, version] = [
      textAt(record, 'cwd'),
      textAt(record, 'gitBranch'),
      textAt(record, 'version'),
    ];
    if (cwd !== null) this.sink.project(cwd);
    if (branch !== null) this.sink.branch(branch);
    if (version !== null) this.sink.agentVersion(version);
    if (type === 'user' || type === 'assistant')
      this.message(recordAt(record, 'message'), at, textAt(record, 'uuid') ?? '');
    else this.sink.unknown(type);
  }
}
