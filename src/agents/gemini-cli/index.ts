/**
 * Gemini CLI: where it keeps sessions, what each file is, and where a restored one goes.
 * Promises: decides by paths and bytes alone; touches no disk. Source of the layout: google-gemini/gemini-cli,
 * `chatRecordingService.ts`, `storage.ts`, `sessionCleanup.ts`, and recordings.
 * Never: decodes a project's folder: it is a slug or a hash; a file in it names the project, and the session's own first message.
 */
import type { AgentFormat, FileClass, Host, LooseName, Peek, RestoreTarget } from '../../domain/agent.ts';
import { agentId } from '../../domain/ids.ts';
import { TAIL_LINES } from '../../domain/peek.ts';
import { closed, placesOf } from '../../domain/places.ts';
import type { FileRole } from '../../domain/session.ts';
import { type Iso, parseTime } from '../../domain/time.ts';
import { type DocumentEnds, documentEnds, wholeDocument } from '../kit/document-agent.ts';
import {
  headLines,
  type JsonRecord,
  lastLines,
  recordAt,
  recordsOf,
  textAt,
  titleOf,
} from '../kit/json-lines.ts';
import { geminiContent } from './content.ts';
import { folderHere, hashedFolder, listedFolder, projectOfFolder } from './projects.ts';
import { geminiReader } from './reader.ts';
import { cwdOf, humanText, isHeader, MESSAGES, messagesOfLine } from './records.ts';
import { geminiRetention } from './retention.ts';

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
/** A chat, and what Gemini CLI makes of one that it cannot read. */
const CHAT = /^session-.+\.jsonl?(?:\.unreadable-\d+)?$/;

const PLACES = placesOf({
  transcript: [
    'tmp/*/chats/session-*.jsonl',
    'tmp/*/chats/session-*.json',
    'tmp/*/chats/session-*.unreadable-*',
  ],
  subagent: ['tmp/*/chats/{id}/*.jsonl'],
  output: ['tmp/*/tool-outputs/session-{id}.jsonl', 'tmp/*/tool-outputs/session-{id}/**'],
  sidecar: ['tmp/*/logs/session-{id}.jsonl', 'tmp/*/logs/session-{id}/**', 'tmp/*/{id}/**'],
});
const classify = closed(PLACES, classifyPlace);

export const geminiCli: AgentFormat = {
  id: agentId('gemini-cli'),
  name: 'Gemini CLI',
  proof: 'recordings',
  growth: 'append',
  variables: ['GEMINI_CLI_HOME'],
  folders: ['tmp'],
  retention: geminiRetention,
  roots,
  rootOf: (path) => /^(.*?[\\/]\.gemini|\.gemini)(?:[\\/]tmp(?:[\\/].*)?|[\\/])?$/s.exec(path)?.[1] ?? null,
  places: PLACES,
  classify,
  skipsFolder: (relPath) => /^tmp\/(?:bin|[^/]+\/checkpoints)$/.test(relPath),
  peek,
  projectBeside: projectOfFolder,
  looseName,
  relPathOf,
  reader: geminiReader,
  content: geminiContent,
  isDocument: (key) => key.endsWith('.json'),
  restorePath,
  resume: (session) => ({ cwd: session.project, argv: ['gemini', '--resume', session.nativeId] }),
  otherProject: 'by its place',
};

function roots(host: Host): readonly string[] {
  const slash = host.platform === 'win32' ? '\\' : '/';
  return [`${host.env['GEMINI_CLI_HOME'] ?? host.homeDir}${slash}.gemini`];
}

function classifyPlace(relPath: string): FileClass | null {
  const [top, project, folder = '', ...rest] = relPath.split('/');
  if (top !== 'tmp' || !project || rest.length === 0) return null;
  const name = rest.join('/');
  if (folder === 'chats') return classifyChat(rest);
  if (folder === 'logs' || folder === 'tool-outputs') {
    const id = new RegExp(`^session-(${UUID})(?:\\.jsonl$|/)`, 'i').exec(name)?.[1];
    const role = folder === 'logs' ? 'sidecar' : 'tool-result';
    return id === undefined ? null : besides(role, id, `${folder}/${name}`);
  }
  return new RegExp(`^${UUID}$`, 'i').test(folder) ? besides('sidecar', folder, `session/${name}`) : null;
}

function classifyChat(parts: readonly string[]): FileClass | null {
  const [first = '', second, ...deeper] = parts;
  if (second === undefined)
    return CHAT.test(first)
      ? { role: 'main', nativeId: null, key: keyOfChat(first), encoding: 'plain' }
      : null;
  if (deeper.length > 0 || !second.endsWith('.jsonl')) return null;
  return { role: 'subagent', nativeId: first, key: `chats/${second}`, encoding: 'plain' };
}

/** An old chat may still lie beside the newer one that Gemini CLI made of it. */
function keyOfChat(name: string): string {
  return /\.json(?:\.|$)/.test(name) ? 'chat.json' : 'main';
}

function besides(role: FileRole, nativeId: string, key: string): FileClass {
  return { role, nativeId, key, encoding: 'plain', onlyWithSession: true };
}

function looseName(fileName: string): LooseName | null {
  const stem = /^(.+)\.jsonl$/.exec(fileName)?.[1] ?? /^(session-.+)\.json$/.exec(fileName)?.[1];
  return stem === undefined ? null : { stem, encoding: 'plain' };
}

interface GeminiPeek {
  nativeId: string | null;
  project: string | null;
  title: string | null;
  prompt: string | null;
  startedAt: Iso | null;
  endedAt: Iso | null;
}

function peek(head: Uint8Array, tail: Uint8Array): Peek | null {
  const seen: GeminiPeek = {
    nativeId: null,
    project: null,
    title: null,
    prompt: null,
    startedAt: null,
    endedAt: null,
  };
  // A document that is one line is one all the same.
  const isGemini =
    peekDocument(wholeDocument(head, MESSAGES), seen) ||
    peekLines(head, tail, seen) ||
    peekDocument(documentEnds(head, tail, MESSAGES), seen);
  if (!isGemini) return null;
  return {
    nativeId: seen.nativeId,
    project: seen.project,
    branch: null,
    parentNativeId: null,
    title: titleOf(seen.title ?? seen.prompt ?? ''),
    startedAt: seen.startedAt,
    endedAt: seen.endedAt,
  };
}

function peekLines(head: Uint8Array, tail: Uint8Array, seen: GeminiPeek): boolean {
  let isGemini = false;
  for (const line of headLines(head, () => isGemini && (seen.title ?? seen.prompt) !== null)) {
    isGemini = noteLine(line, seen) || isGemini;
  }
  for (const line of isGemini ? lastLines(tail, TAIL_LINES) : []) noteLine(line, seen);
  return isGemini;
}

function noteLine(line: Buffer, seen: GeminiPeek): boolean {
  let isGemini = false;
  for (const record of recordsOf(line).records) {
    isGemini = noteHeader(record, seen) || isGemini;
    const change = recordAt(record, '$set');
    seen.title = textAt(change, 'summary') ?? seen.title;
    noteTime(change['lastUpdated'], seen);
    for (const message of messagesOfLine(record)) isGemini = noteMessage(message, seen) || isGemini;
  }
  return isGemini;
}

function noteTime(value: unknown, seen: GeminiPeek): void {
  const at = parseTime(value);
  if (at !== null && (seen.endedAt === null || at > seen.endedAt)) seen.endedAt = at;
}

function noteHeader(record: JsonRecord, seen: GeminiPeek): boolean {
  if (!isHeader(record)) return false;
  seen.nativeId ??= textAt(record, 'sessionId');
  seen.startedAt ??= parseTime(record['startTime']);
  seen.title = textAt(record, 'summary') ?? seen.title;
  noteTime(record['lastUpdated'], seen);
  const [folder] = Array.isArray(record['directories']) ? record['directories'] : [];
  if (typeof folder === 'string') seen.project ??= folder;
  return true;
}

/** True for a message that only Gemini CLI writes: others, too, have users. */
function noteMessage(message: JsonRecord, seen: GeminiPeek): boolean {
  seen.startedAt ??= parseTime(message['timestamp']);
  noteTime(message['timestamp'], seen);
  seen.project ??= cwdOf(message);
  seen.prompt ??= humanText(message);
  return message['type'] === 'gemini';
}

function peekDocument(ends: DocumentEnds | null, seen: GeminiPeek): boolean {
  if (ends === null) return false;
  const isChat = noteHeader(ends.whole ?? Object.fromEntries(ends.fields), seen);
  for (const message of ends.records) noteMessage(message, seen);
  return isChat;
}

/** A session whose folder is not known goes where old releases looked, which newer ones move by themselves. */
function relPathOf(peeked: Peek, fileName: string): string | null {
  if (peeked.nativeId === null && !CHAT.test(fileName)) return null;
  const name = CHAT.test(fileName) ? fileName : nameOf(peeked.nativeId ?? '', peeked.startedAt);
  return `tmp/${folderOf(peeked.project)}/chats/${name}`;
}

function folderOf(project: string | null): string {
  return project === null ? 'unknown' : hashedFolder(project);
}

function nameOf(nativeId: string, startedAt: Iso | null): string {
  const stamp = (startedAt ?? '1970-01-01T00:00').slice(0, 16).replaceAll(':', '-');
  return `session-${stamp}-${nativeId.slice(0, 8)}.jsonl`;
}

function restorePath(
  session: RestoreTarget,
  file: { readonly role: FileRole; readonly key: string; readonly relPath: string },
): string {
  const recorded = classify(file.relPath);
  if (recorded?.key === file.key) {
    const here =
      session.beside === undefined ? null : folderHere(session.project, file.relPath, session.beside);
    return here === null ? file.relPath : file.relPath.replace(/^tmp\/[^/]+\//, () => `tmp/${here}/`);
  }
  const listed = session.beside === undefined ? null : listedFolder(session.project, session.beside);
  const folder = `tmp/${listed ?? folderOf(session.project)}`;
  const { nativeId } = session;
  if (file.key === 'main') return `${folder}/chats/${nameOf(nativeId, session.startedAt)}`;
  if (file.key === 'chat.json')
    return `${folder}/chats/${nameOf(nativeId, session.startedAt).replace(/l$/, '')}`;
  if (file.key.startsWith('chats/')) return `${folder}/chats/${nativeId}/${file.key.slice('chats/'.length)}`;
  if (file.key.startsWith('session/')) return `${folder}/${nativeId}/${file.key.slice('session/'.length)}`;
  return `${folder}/${file.key}`;
}
