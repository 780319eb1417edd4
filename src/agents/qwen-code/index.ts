/**
 * Qwen Code: where it keeps sessions, what each file is, and where a restored one goes.
 * Promises: decides by paths and bytes alone; touches no disk. Source of the layout: QwenLM/qwen-code,
 * `chatRecordingService.ts` and `storage.ts`.
 */
import type { AgentFormat, AgentImport, FileClass, Host, Peek, RestoreTarget } from '../../domain/agent.ts';
import { ALL_MEMBERS } from '../../domain/content.ts';
import { agentId } from '../../domain/ids.ts';
import { TAIL_LINES } from '../../domain/peek.ts';
import { closed, placesOf } from '../../domain/places.ts';
import type { FileRole } from '../../domain/session.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import {
  headLines,
  type JsonRecord,
  jsonlName,
  lastLines,
  recordAt,
  recordsOf,
  textAt,
  titleOf,
} from '../kit/json-lines.ts';
import { OUTPUT, qwenOutputs } from './outputs.ts';
import { humanText, isOfQwen, qwenReader } from './reader.ts';

const PLACES = placesOf({
  transcript: ['projects/*/chats/{id}.jsonl', 'projects/*/chats/archive/{id}.jsonl'],
  subagent: ['projects/*/subagents/{id}/**/*.jsonl'],
  output: [
    'tmp/*/background-shells/{id}/*',
    // Named by records.
    ...['tmp/*/*.output', 'tmp/*/tool-results/*.txt'],
  ],
  sidecar: [
    ...['worktree', 'pr'].flatMap((name) => [
      `projects/*/chats/{id}.${name}.json`,
      `projects/*/chats/archive/{id}.${name}.json`,
    ]),
    'projects/*/subagents/{id}/**',
    'file-history/{id}/*',
  ],
});
const classify = closed(PLACES, classifyPlace);

/**
 * Qwen Code goes on with a session where its first record says that it began, or where this file beside it says that it went on. Tried with
 * 0.24.4, which writes one whenever a session is opened; a process of number 0 on no machine is none that it waits for.
 */
const runtimeStatus: AgentImport = {
  fileName: statusAt,
  content: (_lines, { nativeId, project, startedAt }) =>
    `${JSON.stringify({
      schema_version: 1,
      pid: 0,
      session_id: nativeId,
      work_dir: project,
      hostname: '',
      started_at: Date.parse(startedAt ?? '') / 1000 || 0,
      qwen_version: null,
    })}\n`,
  isNeeded: (session, isThere) => session.isMoved === true && !isThere(statusAt(session)),
  argv: () => null,
};

export const qwenCode: AgentFormat = {
  id: agentId('qwen-code'),
  name: 'Qwen Code',
  proof: 'recordings',
  growth: 'append',
  variables: ['QWEN_HOME', 'QWEN_RUNTIME_DIR'],
  folders: ['projects', 'file-history'],
  flatFolders: ['tmp/*', 'tmp/*/tool-results', 'tmp/*/background-shells/*'],
  named: qwenOutputs,
  retention: null,
  roots,
  rootOf: (path) =>
    /^(.*?[\\/]\.qwen|\.qwen)(?:[\\/](?:projects|file-history|tmp)(?:[\\/].*)?|[\\/])?$/s.exec(path)?.[1] ??
    /^(.*)[\\/]projects[\\/][^\\/]+[\\/]chats(?:[\\/]archive)?(?:[\\/][^\\/]*)?$/s.exec(path)?.[1] ??
    null,
  places: PLACES,
  classify,
  skipsFolder: (relPath) => /^projects\/[^/]+\/memory$/.test(relPath),
  peek,
  looseName: jsonlName,
  relPathOf,
  reader: qwenReader,
  content: ALL_MEMBERS,
  restorePath,
  otherProject: 'by its place',
  takesBack: runtimeStatus,
  resume: (session) => ({ cwd: session.project, argv: ['qwen', '--resume', session.nativeId] }),
};

function roots(host: Host): readonly string[] {
  const moved = host.env['QWEN_RUNTIME_DIR'] ?? host.env['QWEN_HOME'];
  if (moved) return [moved];
  return [host.platform === 'win32' ? `${host.homeDir}\\.qwen` : `${host.homeDir}/.qwen`];
}

function classifyPlace(relPath: string): FileClass | null {
  if (relPath.startsWith('tmp/')) return classifyOutput(relPath);
  const [top, project, folder, first = '', ...rest] = relPath.split('/');
  // What files were before Qwen Code changed them, by the session.
  if (top === 'file-history' && project && folder !== undefined && first === '')
    return {
      role: 'sidecar',
      nativeId: project,
      key: `${top}/${folder}`,
      encoding: 'plain',
      onlyWithSession: true,
    };
  if (top !== 'projects' || !project) return null;
  // A session that a person archives moves there, with what lies beside it.
  const chat = first === 'archive' ? rest : [first, ...rest];
  if (folder === 'chats') return chat.length === 1 ? classifyChat(chat[0] ?? '') : null;
  if (folder !== 'subagents' || rest.length === 0) return null;
  const key = `subagents/${rest.join('/')}`;
  const role = key.endsWith('.jsonl') ? 'subagent' : 'sidecar';
  return { role, nativeId: first, key, encoding: 'plain', onlyWithSession: true };
}

/** What a background command said lies under its session's id; what other tools spilled is named by records. */
function classifyOutput(relPath: string): FileClass | null {
  const output = { role: 'tool-result', encoding: 'plain', onlyWithSession: true } as const;
  if (OUTPUT.test(relPath)) return { ...output, nativeId: null, key: relPath, isNamed: true };
  const [, id, name] = /^tmp\/[^/]+\/background-shells\/([^/]+)\/([^/]+)$/s.exec(relPath) ?? [];
  return id === undefined ? null : { ...output, nativeId: id, key: `background-shells/${name}` };
}

function classifyChat(name: string): FileClass | null {
  const [, id, ending] = /^(.+?)\.(jsonl|(?:worktree|pr)\.json)$/.exec(name) ?? [];
  if (id === undefined || ending === undefined) return null;
  if (ending === 'jsonl') return { role: 'main', nativeId: id, key: 'main', encoding: 'plain' };
  return { role: 'sidecar', nativeId: id, key: `chats/${ending}`, encoding: 'plain', onlyWithSession: true };
}

function peek(head: Uint8Array, tail: Uint8Array): Peek | null {
  const records = headOf(head);
  const last = lastLines(tail, TAIL_LINES).flatMap(recordsIn);
  const [first] = records;
  if (first === undefined) return null;
  const prompt = records.map(humanText).find((text) => text !== null) ?? '';
  const named = [...records, ...last].findLast(({ subtype }) => subtype === 'custom_title');
  const custom = named === undefined ? null : textAt(recordAt(named, 'systemPayload'), 'customTitle');
  return {
    nativeId: textAt(first, 'sessionId'),
    project: firstText(records, 'cwd'),
    branch: firstText(records, 'gitBranch'),
    title: titleOf(custom ?? prompt),
    startedAt: parseTime(first['timestamp']),
    endedAt: latestOf(last) ?? latestOf(records),
    parentNativeId: parentOf(records),
  };
}

/** Records of the first lines, and on from there to the first prompt. */
function headOf(head: Uint8Array): readonly JsonRecord[] {
  const records: JsonRecord[] = [];
  let hasPrompt = false;
  for (const line of headLines(head, () => hasPrompt)) {
    for (const record of recordsIn(line)) {
      records.push(record);
      hasPrompt ||= humanText(record) !== null;
    }
  }
  return records;
}

function recordsIn(line: Buffer): readonly JsonRecord[] {
  return recordsOf(line).records.filter(isOfQwen);
}

function firstText(records: readonly JsonRecord[], key: string): string | null {
  for (const record of records) {
    const text = textAt(record, key);
    if (text !== null) return text;
  }
  return null;
}

function parentOf(records: readonly JsonRecord[]): string | null {
  for (const record of records) {
    const parent =
      textAt(recordAt(record, 'forkedFrom'), 'sessionId') ??
      textAt(recordAt(record, 'systemPayload'), 'parentSessionId');
    if (parent !== null) return parent;
  }
  return null;
}

function latestOf(records: readonly JsonRecord[]): Iso | null {
  let latest: Iso | null = null;
  for (const record of records) {
    const at = parseTime(record['timestamp']);
    if (at !== null && (latest === null || at > latest)) latest = at;
  }
  return latest;
}

/** Qwen Code's name of a project's folder of passing files. */
function hashOf(project: string | null): string {
  return new Bun.CryptoHasher('sha256').update(project ?? '').digest('hex');
}

/** Qwen Code's name of a project's folder: every character other than an ASCII letter or digit becomes `-`. */
function folderOf(project: string | null): string {
  return (project ?? '-').replace(/[^A-Za-z0-9]/g, '-').slice(0, 200);
}

function statusAt({ nativeId, project }: RestoreTarget): string {
  return `projects/${folderOf(project)}/chats/${nativeId}.runtime.json`;
}

function relPathOf(peeked: Peek): string | null {
  return peeked.nativeId === null
    ? null
    : `projects/${folderOf(peeked.project)}/chats/${peeked.nativeId}.jsonl`;
}

function restorePath(
  session: RestoreTarget,
  file: { readonly role: FileRole; readonly key: string; readonly relPath: string },
): string {
  if (classify(file.relPath)?.key === file.key) return file.relPath;
  if (OUTPUT.test(file.key)) return file.key;
  if (file.key.startsWith('background-shells/'))
    return `tmp/${hashOf(session.project)}/background-shells/${session.nativeId}/${file.key.slice('background-shells/'.length)}`;
  if (file.key.startsWith('file-history/'))
    return `file-history/${session.nativeId}/${file.key.slice('file-history/'.length)}`;
  const folder = `projects/${folderOf(session.project)}`;
  if (file.key === 'main') return `${folder}/chats/${session.nativeId}.jsonl`;
  if (file.key.startsWith('chats/'))
    return `${folder}/chats/${session.nativeId}.${file.key.slice('chats/'.length)}`;
  return `${folder}/subagents/${session.nativeId}/${file.key.replace(/^subagents\//, '')}`;
}
