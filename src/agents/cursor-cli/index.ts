/**
 * Cursor CLI: a transcript a session below the folder of its project, with those of its subagents; older ones are plain text.
 * Promises: as `kit/jsonl-agent.ts`. Closed source: the form is that of other programs' tests and notes. Records have no results and
 * no tokens; times only where newer versions put one before a prompt. A project's folder is never decoded: its name is lossy.
 */
import type { AgentFormat, FileClass, Peek } from '../../domain/agent.ts';
import { viewOf } from '../../domain/bytes.ts';
import type { Iso } from '../../domain/time.ts';
import { blocksOf, textOfBlocks } from '../kit/anthropic-messages.ts';
import { isRecord, type JsonRecord, recordAt, textAt, titleOf } from '../kit/json-lines.ts';
import { beside, dashed, placed, transcript } from '../kit/jsonl-agent.ts';
import type { Seen } from '../kit/lines-reader.ts';
import { CursorCliReader, humanText, stampsIn } from './reader.ts';

const FOLDER = 'agent-transcripts';
/** A transcript as plain text, beside which a newer one as lines of JSON may lie: then that one is told. */
const TEXT = 'text.txt';

const format = placed({
  id: 'cursor-cli',
  name: 'Cursor CLI',
  proof: 'documentation',
  variable: 'CURSOR_CONFIG_DIR',
  homes: [['.cursor']],
  folder: 'projects',
  places: {
    transcript: ['jsonl', 'txt'].flatMap((ending) => [
      `projects/*/${FOLDER}/{id}.${ending}`,
      `projects/*/${FOLDER}/{id}/{id}.${ending}`,
    ]),
    subagent: [`projects/*/${FOLDER}/{id}/subagents/*.jsonl`, `projects/*/${FOLDER}/{id}/subagents/*.txt`],
    sidecar: [`projects/*/${FOLDER}/{id}/**`],
  },
  classify,
  // What else lies in a project's folder (terminals, descriptions of tools) is no session's.
  skipsFolder: (relPath) => /^projects\/[^/]+\/(?!agent-transcripts$)[^/]+$/.test(relPath),
  note,
  timesOf,
  reader: (sink) => new CursorCliReader(sink),
  place: ({ nativeId, project }) =>
    `projects/${dashed(project).replace(/^-+/, '')}/${FOLDER}/${nativeId}/${nativeId}.jsonl`,
  nameOf: (key, { nativeId }) => (key === TEXT ? `${nativeId}.txt` : key),
  resume: ({ nativeId }) => ['cursor-agent', '--resume', nativeId],
  resumeNeeds:
    'Cursor CLI goes on from its own database (`chats/<hash of the folder>/<session>/store.db` below `.cursor`), not from the transcript, and that database is not stored here; a session of Cursor’s editor opens in the editor only.',
});

export const cursorCli: AgentFormat = { ...format, peek };

function classify(relPath: string): FileClass | null {
  const [, inner] = /^projects\/[^/]+\/agent-transcripts\/(.+)$/s.exec(relPath) ?? [];
  if (inner === undefined) return null;
  const [, folder, stem, ending] = /^(?:([^/]+)\/)?([^/]+)\.(jsonl|txt)$/.exec(inner) ?? [];
  if (stem !== undefined && (folder === undefined || folder === stem || folder === 'subagents'))
    return ending === 'txt' ? { ...transcript(stem), key: TEXT } : transcript(stem);
  const [, parent, name] = /^([^/]+)\/(.+)$/s.exec(inner) ?? [];
  if (parent === undefined || name === undefined) return null;
  return /^subagents\/[^/]+\.(?:jsonl|txt)$/.test(name)
    ? { role: 'subagent', nativeId: parent, key: name, encoding: 'plain' }
    : beside(parent, name);
}

function note(record: JsonRecord, seen: Seen): boolean {
  const role = textAt(record, 'role');
  if ((role !== 'user' && role !== 'assistant') || !isRecord(record['message']) || 'type' in record)
    return false;
  if (role === 'user') seen.prompt ??= humanText(textOfBlocks(blocksOf(recordAt(record, 'message'))));
  return true;
}

/** Only what a person typed has one. */
function timesOf(record: JsonRecord): readonly Iso[] {
  return record['role'] === 'user' ? stampsIn(textOfBlocks(blocksOf(recordAt(record, 'message')))) : [];
}

function peek(head: Uint8Array, tail: Uint8Array): Peek | null {
  const found = format.peek(head, tail);
  if (found !== null) return found;
  const text = peekText(head);
  if (text === null) return null;
  const times: Iso[] = [...stampsIn(viewOf(head)), ...stampsIn(viewOf(tail))].sort();
  return { ...text, startedAt: times[0] ?? null, endedAt: times.at(-1) ?? null };
}

function peekText(head: Uint8Array): Peek | null {
  const text = viewOf(head).toString('utf8');
  const [, said] = /^\s*user:[ \t]*\r?\n([\s\S]*?)(?:\n(?:user|assistant|A):[ \t]*\r?\n|$)/.exec(text) ?? [];
  if (said === undefined) return null;
  return {
    nativeId: null,
    project: null,
    branch: null,
    parentNativeId: null,
    startedAt: null,
    endedAt: null,
    title: titleOf(humanText(said) ?? ''),
  };
}
