/**
 * The names of sessions: Codex appends each to an index of its own, where a person may give one too (`/rename`); the last one counts.
 * Promises: pure; of an index that is read once, each session is looked up.
 * Tried with Codex 0.171: it lists a session that was put back by the name that a line of ours gives it, and `codex resume NAME` finds it.
 */
import type { AgentList, TextBeside } from '../../domain/agent.ts';
import { headLines, parseRecord, recordsOf, textAt, titleOf } from '../kit/json-lines.ts';
import { humanText, metaOf } from './records.ts';

const INDEX = 'session_index.jsonl';
/** Of a line with another id Codex makes nothing. */
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const codexNames: AgentList = {
  file: INDEX,
  names: namesIn,
  isFromList,
  line: (id, name, at) => (ID.test(id) ? JSON.stringify({ id, thread_name: name, updated_at: at }) : null),
};

/** Whatever a title was ever made of: a prompt, its own or a copied one, or what the session that spawned it calls it. */
function isFromList(title: string, head: Uint8Array): boolean {
  const wanted = letters(title);
  for (const line of headLines(head, () => false))
    for (const record of recordsOf(line).records)
      for (const text of [humanText(record)?.text, metaOf(record)?.name])
        if (text != null && letters(titleOf(text) ?? '').startsWith(wanted)) return false;
  return wanted !== '';
}

/** What is kept of a title may have lost white space, and what a terminal would act on. */
const letters = (text: string) => text.replace(/[^\p{L}\p{N}]+/gu, '');

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
