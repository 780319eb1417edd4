/**
 * Mistral Vibe: a folder a session, with its messages in the form of OpenAI's API and a document about it beside. Promises: as
 * `kit/jsonl-agent.ts`. Messages have no time and no folder: those stand in the document beside them.
 */
import type { TextBeside } from '../domain/agent.ts';
import { idKey, isRecord, type JsonRecord, listAt, parseRecord, recordAt, textAt } from './kit/json-lines.ts';
import { beside, placed, transcript } from './kit/jsonl-agent.ts';
import { LinesReader, type Seen } from './kit/lines-reader.ts';

export const mistralVibe = placed({
  id: 'mistral-vibe',
  name: 'Mistral Vibe',
  proof: 'recordings',
  variable: 'VIBE_HOME',
  homes: [['.vibe']],
  folder: 'logs',
  places: {
    transcript: ['logs/session/session_{id}/messages.jsonl'],
    sidecar: ['logs/session/session_{id}/**'],
  },
  classify: (relPath) => {
    const [, id, name] = /^logs\/session\/session_([^/]+)\/(.+)$/.exec(relPath) ?? [];
    if (id === undefined || name === undefined) return null;
    return name === 'messages.jsonl' ? transcript(id) : beside(id, name);
  },
  note,
  projectBeside,
  reader: (sink) => new VibeReader(sink),
  place: ({ nativeId }) => `logs/session/session_${nativeId}/messages.jsonl`,
  // A session goes by the beginning of its id, with which its folder's name ends; what would be a flag is none.
  resume: ({ nativeId }) => ['vibe', '--resume', /_([A-Za-z0-9][^_]*)$/.exec(nativeId)?.[1] ?? nativeId],
});

function projectBeside(relPath: string, beside: TextBeside): string | null {
  const about = parseRecord(beside(relPath.replace(/[^/]+$/, 'meta.json')) ?? '');
  return about === null ? null : textAt(recordAt(about, 'environment'), 'working_directory');
}

function note(record: JsonRecord, seen: Seen): boolean {
  if (record['role'] === 'user' && record['injected'] !== true) seen.prompt ??= textAt(record, 'content');
  return textAt(record, 'role') !== null && ('injected' in record || 'message_id' in record);
}

const ROLES: ReadonlySet<string> = new Set(['system', 'developer']);

class VibeReader extends LinesReader {
  protected record(record: JsonRecord): void {
    const role = textAt(record, 'role') ?? '';
    const text = textAt(record, 'content');
    if (role === 'user') this.#user(record, text);
    else if (role === 'assistant') this.#assistant(record, text);
    else if (role === 'tool') this.#result(record, text ?? '');
    else if (!ROLES.has(role)) this.sink.unknown(role === '' ? (textAt(record, 'type') ?? '') : role);
  }

  /** What Vibe put in itself: a summary where it made room, or a command that the person ran with `!`. */
  #user(record: JsonRecord, text: string | null): void {
    if (text === null) return;
    if (record['injected'] !== true) {
      this.prompt(text, null);
      return;
    }
    const command = /^Manual `!` command result[\s\S]*?\n\nCommand: `([\s\S]*?)`\n/.exec(text)?.[1];
    if (command !== undefined)
      this.sink.command(`manual ${idKey(textAt(record, 'message_id') ?? '')}`, command, null);
    else if (/after a context compaction/.test(text)) this.sink.compaction(text, null);
  }

  #assistant(record: JsonRecord, text: string | null): void {
    if (text !== null) this.sink.answer(text, null);
    for (const call of listAt(record, 'tool_calls')) {
      const told = isRecord(call) ? recordAt(call, 'function') : {};
      const name = textAt(told, 'name');
      if (name === null || !isRecord(call)) continue;
      const args = parseRecord(textAt(told, 'arguments') ?? '') ?? {};
      this.call(name, textAt(call, 'id') ?? '', args, null);
      if (name === 'task')
        this.sink.subagent(idKey(textAt(call, 'id') ?? ''), {
          task: textAt(args, 'task') ?? '',
          kind: textAt(args, 'agent') ?? 'task',
        });
    }
  }

  #result(record: JsonRecord, output: string): void {
    const exit = /^returncode: (-?\d{1,10})\s*$/m.exec(output)?.[1];
    const exitCode = exit === undefined ? null : Number(exit);
    const failed = /^<?(?:tool_)?error\b/i.test(output);
    this.result(textAt(record, 'tool_call_id') ?? '', { exitCode, failed, output }, null);
  }
}
