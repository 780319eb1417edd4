/**
 * Factory Droid: a header and messages, in folders by project. Promises: as `kit/jsonl-agent.ts`. Source: recordings of other programs'
 * tests, and a session of 0.225.
 */

import type { DocumentPart, PartCounts } from '../domain/facts.ts';
import { blocksOf, MessageLinesReader, textOfBlocks, tokensBy } from './kit/anthropic-messages.ts';
import { type DocumentShape, readPart } from './kit/document-agent.ts';
import { countAt, isRecord, type JsonRecord, recordAt, textAt } from './kit/json-lines.ts';
import { beside, dashed, placed, transcript } from './kit/jsonl-agent.ts';
import type { Seen } from './kit/lines-reader.ts';

export const droid = placed({
  id: 'droid',
  name: 'Factory Droid',
  proof: 'recordings',
  variable: null,
  homes: [['.factory']],
  folder: 'sessions',
  places: {
    transcript: ['sessions/*/{id}.jsonl', 'sessions/{id}.jsonl'],
    // The model, the tokens, and what it may do without being asked.
    settings: ['sessions/*/{id}.settings.json', 'sessions/{id}.settings.json'],
  },
  classify: (relPath) => {
    const [, id, ending] = /^sessions\/(?:[^/]+\/)?([^/]+?)\.(jsonl|settings\.json)$/.exec(relPath) ?? [];
    if (id === undefined || ending === undefined) return null;
    return ending === 'jsonl' ? transcript(id) : beside(id, ending);
  },
  note,
  reader: (sink) => new DroidReader(sink),
  tells: (key) => key === 'settings.json',
  place: ({ nativeId, project }) => `sessions/${dashed(project)}/${nativeId}.jsonl`,
  nameOf: (key, { nativeId }) => `${nativeId}.${key}`,
  resume: ({ nativeId }) => ['droid', '--resume', nativeId],
});

const SILENT: ReadonlySet<string> = new Set(['todo_state', 'session_end', 'agent_turn_outcome']);

function note(record: JsonRecord, seen: Seen): boolean {
  const type = textAt(record, 'type');
  if (type === 'session_start') {
    seen.nativeId ??= textAt(record, 'id');
    seen.project ??= textAt(record, 'cwd');
    seen.title ??= textAt(record, 'sessionTitle') ?? textAt(record, 'title');
    return true;
  }
  const message = recordAt(record, 'message');
  if (type === 'message' && message['role'] === 'user')
    seen.prompt ??= human(textOfBlocks(blocksOf(message)));
  return false;
}

/** Reminders stand before what was typed, in blocks of their own or in one with it. */
function human(text: string): string | null {
  const typed = text.replace(/<system-reminder>[\s\S]*?<\/system-reminder>/g, '').trim();
  return typed === '' || typed.startsWith('<system-') ? null : typed;
}

/** The settings of a session, which have its tokens, too. */
const SETTINGS: DocumentShape = {
  recordsOf: (document) => (isRecord(document) ? [document] : null),
  isRecord: (record) => 'tokenUsage' in record,
};
const TOKENS = {
  input: 'inputTokens',
  output: 'outputTokens',
  read: 'cacheReadTokens',
  write: 'cacheCreationTokens',
} as const;

class DroidReader extends MessageLinesReader {
  part(bytes: Uint8Array, part: DocumentPart): PartCounts {
    return readPart(bytes, part, SETTINGS, (settings) => {
      const usage = recordAt(settings, 'tokenUsage');
      const tokens = tokensBy(usage, TOKENS);
      const reasoning = countAt(usage, 'thinkingTokens');
      if (tokens !== null) this.sink.usageTotal(textAt(settings, 'model') ?? '', { ...tokens, reasoning });
    });
  }

  protected override human(text: string): string | null {
    return human(text);
  }

  protected record(record: JsonRecord): void {
    const type = textAt(record, 'type') ?? '';
    const at = this.timeOf(record);
    if (type === 'session_start') {
      const [cwd, title] = [textAt(record, 'cwd'), textAt(record, 'sessionTitle') ?? textAt(record, 'title')];
      if (cwd !== null) this.sink.project(cwd);
      if (title !== null) this.sink.title(title, 'ai');
    } else if (type === 'message') this.message(recordAt(record, 'message'), at, textAt(record, 'id') ?? '');
    else if (type === 'compaction_state' || type === 'compaction') {
      const summary = textAt(record, 'summaryText') ?? textAt(record, 'summary');
      if (summary !== null) this.sink.compaction(summary, at);
    } else if (!SILENT.has(type)) this.sink.unknown(type);
  }
}
