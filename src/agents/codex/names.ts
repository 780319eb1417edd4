/**
 * The names of sessions: Codex appends each to an index of its own, where a person may give one too (`/rename`); the last one counts.
 * Promises: pure; of an index that is read once, each session is looked up.
 */
import type { TextBeside } from '../../domain/agent.ts';
import { parseRecord, textAt, titleOf } from '../kit/json-lines.ts';

const INDEX = 'session_index.jsonl';

/** Of each folder's index, read once for all of its sessions. */
const read = new WeakMap<TextBeside, ReadonlyMap<string, string>>();

export function nameInIndex(nativeId: string, beside: TextBeside): string | null {
  const names = read.get(beside) ?? namesIn(beside(INDEX) ?? '');
  read.set(beside, names);
  return names.get(nativeId) ?? null;
}

function namesIn(index: string): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const line of index.split('\n')) {
    const record = parseRecord(line) ?? {};
    const id = textAt(record, 'id');
    const name = titleOf(textAt(record, 'thread_name') ?? '');
    if (id !== null && name !== null) names.set(id, name);
  }
  return names;
}
