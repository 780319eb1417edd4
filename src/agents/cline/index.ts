/**
 * Cline and Roo Code: where they keep tasks and sessions, what each file is, and where a restored one goes.
 * Promises: decides by paths and bytes alone; touches no disk. Source of the layout: cline/cline (`disk.ts`, `paths.ts`) and
 * RooCodeInc/Roo-Code. A task has the conversation twice, as it was shown and as it was sent: both are kept, the first is told.
 */
import type { AgentFormat, FileClass, Host, Peek, RestoreTarget, TextBeside } from '../../domain/agent.ts';
import { agentId } from '../../domain/ids.ts';
import { closed, placesOf } from '../../domain/places.ts';
import type { FileRole } from '../../domain/session.ts';
import { blocksOf, textOfBlocks, timeOfMs } from '../kit/anthropic-messages.ts';
import { documentEnds } from '../kit/document-agent.ts';
import { type JsonRecord, parseRecord, textAt, titleOf } from '../kit/json-lines.ts';
import { globalStorages } from '../kit/vscode-folders.ts';
import { ClineReader } from './reader.ts';
import { cwdIn, humanTextOfMessage, MESSAGES, SHOWN } from './records.ts';

/** The files of a task that hold its conversation, by their keys. */
const KEY_OF_FILE: ReadonlyMap<string, string> = new Map([
  ['ui_messages.json', 'main'],
  // Older versions of Cline.
  ['claude_messages.json', 'main'],
  ['api_conversation_history.json', 'model.json'],
]);
const ABOUT: ReadonlySet<string> = new Set([
  'task_metadata.json',
  'context_history.json',
  'history_item.json',
]);
/** What the person set for one task, what it may do without being asked too. */
const SETTINGS = 'settings.json';
const PLACES = placesOf({
  transcript: [...KEY_OF_FILE.keys()]
    .map((name) => `tasks/{id}/${name}`)
    .concat('sessions/{id}/{id}.messages.json'),
  subagent: ['sessions/{id}/agent_*.messages.json'],
  sidecar: [...[...ABOUT].map((name) => `tasks/{id}/${name}`), 'tasks/{id}/**', 'sessions/{id}/{id}.*'],
  settings: [`tasks/{id}/${SETTINGS}`],
});
const classify = closed(PLACES, classifyPlace);
/** Kept verbatim, as a copy of an id in a file's name is. */
const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

export const cline: AgentFormat = agent({
  id: 'cline',
  name: 'Cline',
  proof: 'recordings',
  extension: 'saoudrizwan.claude-dev',
  variables: ['CLINE_DATA_DIR', 'CLINE_DIR', 'XDG_CONFIG_HOME'],
  ownRoots: (host, slash) => {
    const folder = host.env['CLINE_DIR'] ?? `${host.homeDir}${slash}.cline`;
    return [host.env['CLINE_DATA_DIR'] ?? `${folder}${slash}data`];
  },
  named:
    /^(.*[\\/](?:saoudrizwan\.claude-dev|\.cline[\\/]data))(?:[\\/](?:tasks|sessions)(?:[\\/].*)?|[\\/])?$/s,
  isAnotherElsewhere: true,
});

export const rooCode: AgentFormat = agent({
  id: 'roo-code',
  name: 'Roo Code',
  proof: 'documentation',
  extension: 'rooveterinaryinc.roo-cline',
  variables: ['XDG_CONFIG_HOME'],
  ownRoots: () => [],
  named: /^(.*[\\/]rooveterinaryinc\.roo-cline)(?:[\\/](?:tasks|sessions)(?:[\\/].*)?|[\\/])?$/s,
});

interface About {
  readonly id: string;
  readonly name: string;
  readonly extension: string;
  readonly proof: AgentFormat['proof'];
  readonly variables: readonly string[];
  readonly ownRoots: (host: Host, slash: string) => readonly string[];
  readonly named: RegExp;
  readonly isAnotherElsewhere?: true;
}

function agent(about: About): AgentFormat {
  const { id, name, proof, extension, variables, ownRoots, named, isAnotherElsewhere } = about;
  return {
    id: agentId(id),
    name,
    proof,
    growth: 'rewrite',
    variables,
    retention: null,
    folders: ['tasks', 'sessions'],
    roots: (host) => [
      ...ownRoots(host, host.platform === 'win32' ? '\\' : '/'),
      ...globalStorages(host, extension),
    ],
    rootOf: (path) => named.exec(path)?.[1] ?? null,
    places: PLACES,
    classify,
    skipsFolder: (relPath) => /^tasks\/[^/]+\/checkpoints$/.test(relPath),
    peek,
    projectBeside,
    // A task's files have the same names in all tasks: without their folder they say nothing.
    looseName: () => null,
    relPathOf: () => null,
    reader: (sink) => new ClineReader(sink),
    isDocument: () => true,
    restorePath,
    ...(isAnotherElsewhere === undefined ? {} : { isAnotherElsewhere }),
    tells: (key) => /^session\/(?!agent_)[^/]+(?<!\.messages)\.json$/.test(key),
    resume: ({ nativeId, project }) => {
      // The command line's own ids have letters behind the time; the editor's have none.
      if (/^\d+_\w+$/.test(nativeId)) return { cwd: project, argv: ['cline', '-i', '--id', nativeId] };
      const needs = `Open ${name} in the editor that the session was of; it lists what its own index of tasks names.`;
      return { cwd: project, argv: ['code', project ?? '.'], needs };
    },
  };
}

function classifyPlace(relPath: string): FileClass | null {
  const [top, id = '', ...rest] = relPath.split('/');
  const name = rest.join('/');
  if (!ID.test(id) || name === '') return null;
  if (top === 'tasks') return classifyTask(id, name);
  if (top !== 'sessions' || rest.length !== 1) return null;
  if (name === `${id}.messages.json`) return fileOf('main', id, 'messages.json');
  if (/^agent_[^.]+\.messages\.json$/.test(name)) return fileOf('subagent', id, `session/${name}`);
  return name.startsWith(`${id}.`)
    ? { ...fileOf('meta', id, `session/${name}`), onlyWithSession: true }
    : null;
}

function classifyTask(id: string, name: string): FileClass {
  const key = KEY_OF_FILE.get(name);
  if (key !== undefined) return fileOf('main', id, key);
  return {
    ...fileOf(ABOUT.has(name) || name === SETTINGS ? 'meta' : 'sidecar', id, `task/${name}`),
    onlyWithSession: true,
  };
}

function fileOf(role: FileRole, nativeId: string, key: string): FileClass {
  return { role, nativeId, key, encoding: 'plain' };
}

function peek(head: Uint8Array, tail: Uint8Array): Peek | null {
  const shown = documentEnds(head, tail, SHOWN);
  const ends = shown === null || shown.records.length === 0 ? documentEnds(head, tail, MESSAGES) : shown;
  if (ends === null || ends.records.length === 0) return null;
  const times = ends.records.map(({ ts }) => timeOfMs(ts)).filter((at) => at !== null);
  const [first] = ends.records;
  return {
    nativeId: null,
    branch: null,
    parentNativeId: null,
    project: cwdOf(ends.records, ends === shown),
    title: titleOf((ends === shown ? textAt(first ?? {}, 'text') : firstPrompt(ends.records)) ?? ''),
    startedAt: times.toSorted()[0] ?? null,
    endedAt: times.toSorted().at(-1) ?? null,
  };
}

/** The first that a record tells: a request that was shown, or a message that was sent. */
function cwdOf(records: readonly JsonRecord[], isShown: boolean): string | null {
  for (const record of records) {
    const text = isShown ? textAt(record, 'text') : textOfBlocks(blocksOf(record));
    const cwd = isShown && record['say'] !== 'api_req_started' ? null : cwdIn(text ?? '');
    if (cwd !== null) return cwd;
  }
  return null;
}

/** What Cline notes of a session beside its messages. */
function projectBeside(relPath: string, beside: TextBeside): string | null {
  const id = /^sessions\/([^/]+)\//.exec(relPath)?.[1];
  const about = id === undefined ? null : parseRecord(beside(`sessions/${id}/${id}.json`) ?? '');
  return about === null ? null : (textAt(about, 'cwd') ?? textAt(about, 'workspace_root'));
}

function firstPrompt(messages: readonly JsonRecord[]): string | null {
  for (const message of messages) {
    for (const block of message['role'] === 'user' ? blocksOf(message) : []) {
      const text = humanTextOfMessage(textAt(block, 'text') ?? '', true);
      if (text !== null) return text;
    }
  }
  return null;
}

function restorePath(
  session: RestoreTarget,
  file: { readonly role: FileRole; readonly key: string; readonly relPath: string },
): string {
  if (classify(file.relPath)?.key === file.key) return file.relPath;
  const { nativeId } = session;
  if (file.key === 'messages.json') return `sessions/${nativeId}/${nativeId}.messages.json`;
  if (file.key.startsWith('session/')) return `sessions/${nativeId}/${file.key.slice('session/'.length)}`;
  const name = [...KEY_OF_FILE].find(([, key]) => key === file.key)?.[0] ?? file.key.replace(/^task\//, '');
  return `tasks/${nativeId}/${name}`;
}
