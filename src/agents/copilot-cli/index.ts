/**
 * GitHub Copilot CLI: where it keeps sessions, what each file is, and where a restored one goes.
 * Promises: decides by paths and bytes alone; touches no disk. Closed source: the layout is that of recordings. Three
 * generations: `history-session-state/session_<id>_<ms>.json`, one document; `session-state/<id>.jsonl` from 0.0.342;
 * `session-state/<id>/events.jsonl` from 0.0.378. A session may lie in two of them: then its events are told.
 */
import type { AgentFormat, FileClass, Host, LooseName, Peek, RestoreTarget } from '../../domain/agent.ts';
import { viewOf } from '../../domain/bytes.ts';
import { ALL_MEMBERS } from '../../domain/content.ts';
import { agentId } from '../../domain/ids.ts';
import { closed, placesOf } from '../../domain/places.ts';
import type { FileRole } from '../../domain/session.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { documentEnds, wholeDocument } from '../kit/document-agent.ts';
import { type JsonRecord, jsonlName, recordAt, textAt, titleOf } from '../kit/json-lines.ts';
import { peekRecords, type Seen } from '../kit/lines-reader.ts';
import { CopilotReader } from './reader.ts';
import { DOCUMENT, humanText, humanTextOfMessage } from './records.ts';

const OLD = 'history-session-state';
/** Documents come behind the events that tell the same. */
const OLD_KEY = 'timeline/';
const KIND = /^(?:session|user|assistant|tool|subagent|system|permission|hook)\.[a-z_]+$/;

const PLACES = placesOf({
  transcript: ['session-state/{id}/events.jsonl', 'session-state/{id}.jsonl', `${OLD}/*.json`],
  sidecar: ['session-state/{id}/.workspace-fork.lock', 'session-state/{id}/**'],
  // Says which process has the session open: true of no machine but this one, and only now.
  passing: ['session-state/{id}/inuse.*.lock', 'session-state/{id}/inuse.*.hold'],
});
const classify = closed(PLACES, classifyPlace);

export const copilotCli: AgentFormat = {
  id: agentId('copilot-cli'),
  name: 'GitHub Copilot CLI',
  proof: 'recordings',
  growth: 'append',
  variables: ['COPILOT_HOME'],
  folders: ['session-state', OLD],
  retention: null,
  roots,
  rootOf: (path) =>
    /^(.*?[\\/]\.copilot|\.copilot)(?:[\\/](?:history-)?session-state(?:[\\/].*)?|[\\/])?$/s.exec(
      path,
    )?.[1] ?? null,
  places: PLACES,
  classify,
  skipsFolder: () => false,
  peek: (head, tail) => peekRecords(head, tail, note) ?? peekDocument(head, tail),
  looseName,
  relPathOf: ({ nativeId }, fileName) => {
    if (oldNameOf(fileName) !== null) return `${OLD}/${fileName}`;
    return nativeId === null ? null : `session-state/${nativeId}/events.jsonl`;
  },
  reader: (sink) => new CopilotReader(sink),
  content: ALL_MEMBERS,
  isDocument: (key) => key.startsWith(OLD_KEY),
  restorePath,
  resume: (session) => ({ cwd: session.project, argv: ['copilot', '--resume', session.nativeId] }),
  otherProject: 'from any folder',
};

function roots(host: Host): readonly string[] {
  const slash = host.platform === 'win32' ? '\\' : '/';
  return [host.env['COPILOT_HOME'] ?? `${host.homeDir}${slash}.copilot`];
}

function classifyPlace(relPath: string): FileClass | null {
  const [top, id = '', ...rest] = relPath.split('/');
  if (top === OLD) return rest.length === 0 ? classifyOld(id) : null;
  if (top !== 'session-state' || id === '') return null;
  // Releases before the folders had one file a session.
  const flat = /^(.+)\.jsonl$/.exec(id)?.[1];
  if (rest.length === 0)
    return flat === undefined ? null : { role: 'main', nativeId: flat, key: 'main', encoding: 'plain' };
  const name = rest.join('/');
  if (name === 'events.jsonl') return { role: 'main', nativeId: id, key: 'main', encoding: 'plain' };
  return { role: 'sidecar', nativeId: id, key: name, encoding: 'plain', onlyWithSession: true };
}

/** `session_<id>_<ms>.json`. */
function oldNameOf(fileName: string): { readonly id: string; readonly name: string } | null {
  const [, id, ms] = /^session_(.+)_(\d{1,16})\.json$/.exec(fileName) ?? [];
  return id === undefined ? null : { id, name: `session_${ms}.json` };
}

function classifyOld(fileName: string): FileClass | null {
  const stem = /^(.+)\.json$/.exec(fileName)?.[1];
  const { id, name } = oldNameOf(fileName) ?? { id: stem, name: 'session.json' };
  return id === undefined
    ? null
    : { role: 'main', nativeId: id, key: `${OLD_KEY}${name}`, encoding: 'plain' };
}

function looseName(fileName: string): LooseName | null {
  const stem = oldNameOf(fileName)?.id;
  return stem === undefined ? jsonlName(fileName) : { stem, encoding: 'plain' };
}

function note(record: JsonRecord, seen: Seen): boolean {
  const type = textAt(record, 'type') ?? '';
  const data = recordAt(record, 'data');
  if (type === 'session.start') {
    const context = recordAt(data, 'context');
    seen.nativeId ??= textAt(data, 'sessionId');
    seen.project ??= textAt(context, 'cwd');
    seen.branch ??= textAt(context, 'branch');
  }
  if (type === 'user.message') seen.prompt ??= humanText(record);
  return KIND.test(type) && 'data' in record;
}

function peekDocument(head: Uint8Array, tail: Uint8Array): Peek | null {
  // A single line of another agent's is a document too, and may name a session.
  const mayBeTorn = /"(?:chatMessages|timeline)"\s*:\s*\[/.test(viewOf(head).toString('latin1'));
  const ends = mayBeTorn ? documentEnds(head, tail, DOCUMENT) : wholeDocument(head, DOCUMENT);
  const id = ends?.fields.get('sessionId');
  const startedAt = parseTime(ends?.fields.get('startTime'));
  if (ends === null || typeof id !== 'string' || (ends.records.length === 0 && startedAt === null))
    return null;
  const prompts = ends.records.map((one) => {
    if (one['role'] === 'user') return humanTextOfMessage(one);
    return one['type'] === 'user' ? textAt(one, 'text') : null;
  });
  const times: Iso[] = ends.records.map((one) => parseTime(one['timestamp'])).filter((at) => at !== null);
  return {
    nativeId: id,
    project: null,
    branch: null,
    parentNativeId: null,
    title: titleOf(prompts.find((text) => text !== null) ?? ''),
    startedAt: startedAt ?? times.toSorted()[0] ?? null,
    endedAt: times.toSorted().at(-1) ?? startedAt,
  };
}

function restorePath(
  session: RestoreTarget,
  file: { readonly role: FileRole; readonly key: string; readonly relPath: string },
): string {
  if (file.key.startsWith(OLD_KEY)) {
    if (classify(file.relPath)?.key === file.key) return file.relPath;
    const [, ms = ''] = /(_\d+)\.json$/.exec(file.key) ?? [];
    return `${OLD}/${ms === '' ? '' : 'session_'}${session.nativeId}${ms}.json`;
  }
  const isFlat = /^session-state\/[^/]+\.jsonl$/.test(file.relPath);
  if (file.key === 'main' && isFlat) return `session-state/${session.nativeId}.jsonl`;
  return `session-state/${session.nativeId}/${file.key === 'main' ? 'events.jsonl' : file.key}`;
}
