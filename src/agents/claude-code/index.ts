/**
 * Claude Code: where it keeps sessions, what each file is, and where a restored one goes.
 * Promises: decides by paths and bytes alone; touches no disk. The layout is Anthropic's "claude directory" page and recordings.
 * Never: takes `memory/` or an index for a session; decodes a folder's name (it is lossy: the records tell the cwd).
 */
import type { AgentFormat, FileClass, Host, Peek, RestoreTarget } from '../../domain/agent.ts';
import { ALL_MEMBERS } from '../../domain/content.ts';
import type { TitleSource } from '../../domain/facts.ts';
import { agentId } from '../../domain/ids.ts';
import { TAIL_LINES, TIMES_AT_END } from '../../domain/peek.ts';
import { closed, placesOf } from '../../domain/places.ts';
import type { FileRole } from '../../domain/session.ts';
import type { Iso } from '../../domain/time.ts';
import {
  headLines,
  type JsonRecord,
  jsonlName,
  lastLines,
  latestOf,
  linesWithin,
  recordAt,
  recordsOf,
  textAt,
  timesOfLine,
  titleOf,
} from '../kit/json-lines.ts';
import { Members } from '../kit/json-members.ts';
import { claudePlans, PLAN } from './plans.ts';
import { claudeReader } from './reader.ts';
import { forkedFrom, humanPrompt, claudeLine as look, timeOf } from './records.ts';
import { claudeRetention } from './retention.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** A longer folder name gets a hash by Claude Code that cannot be computed here; the recorded name serves. */
const FOLDER_CHARS_MAX = 200;
/** Folders beside `projects` with files of one session each. */
const OUTER_FOLDERS = ['file-history', 'tasks', 'todos'] as const;

const PLACES = placesOf({
  transcript: ['projects/*/{id}.jsonl', 'projects/*/{id}.orphaned-*.jsonl'],
  subagent: ['projects/*/agent-*.jsonl', 'projects/*/{id}/subagents/**/agent-*.jsonl'],
  output: ['projects/*/{id}/tool-results/**'],
  sidecar: [
    ...['projects/*/{id}/**', 'file-history/{id}/**', 'tasks/{id}/**', 'todos/{id}-agent-*.json'],
    'plans/*.md',
    // Names of its own that begin with a dot.
    ...['tasks/{id}/.lock', 'tasks/{id}/.highwatermark'],
  ],
});
const classify = closed(PLACES, classifyPlace);

export const claudeCode: AgentFormat = {
  id: agentId('claude-code'),
  name: 'Claude Code',
  proof: 'recordings',
  growth: 'append',
  variables: ['CLAUDE_CONFIG_DIR'],
  folders: ['projects', ...OUTER_FOLDERS, 'plans'],
  named: claudePlans,
  retention: claudeRetention,
  roots,
  rootOf,
  places: PLACES,
  classify,
  placedByProject: {
    isFor: (relPath, project) => (recordedFolder(relPath) ?? folderOf(project)) === folderOf(project),
    projects: cwdsIn,
  },
  skipsFolder: (relPath) => /^projects\/[^/]+\/memory$/.test(relPath),
  peek,
  looseName: jsonlName,
  relPathOf,
  reader: claudeReader,
  content: ALL_MEMBERS,
  restorePath,
  resume: (session) => ({ cwd: session.project, argv: ['claude', '--resume', session.nativeId] }),
  otherProject: 'by its place',
};

function roots(host: Host): readonly string[] {
  const moved = host.env['CLAUDE_CONFIG_DIR'];
  if (moved) return [moved];
  return [host.platform === 'win32' ? `${host.homeDir}\\.claude` : `${host.homeDir}/.claude`];
}

function rootOf(path: string): string | null {
  const named =
    /^(.*?[\\/]\.claude|\.claude)(?:[\\/](?:projects|file-history|tasks|todos|plans)(?:[\\/].*)?|[\\/])?$/s.exec(
      path,
    );
  if (named) return named[1] ?? null;
  // CLAUDE_CONFIG_DIR may bear any name; a project's folder is told by its form: an absolute path with `-` for `/`.
  const moved = /^(.*)[\\/]projects[\\/](?:-|[A-Za-z]--)[A-Za-z0-9-]*(?:[\\/].*)?$/s.exec(path);
  return moved?.[1] ?? null;
}

function classifyPlace(relPath: string): FileClass | null {
  const main = asMain(relPath);
  if (main !== null) return main;
  if (PLAN.test(relPath)) return { ...sidecar('', relPath, true), nativeId: null, isNamed: true };
  const [top, first, ...rest] = relPath.split('/');
  if (top === 'projects' && first !== undefined && rest.length > 0) return classifyInProject(rest);
  if (top === 'todos' && first !== undefined && rest.length === 0) return classifyTodo(first);
  if ((top !== 'file-history' && top !== 'tasks') || first === undefined || rest.length === 0) return null;
  return UUID.test(first) ? sidecar(first, `${top}/${rest.join('/')}`, true) : null;
}

/** Nearly every file is a transcript with a UUID for its name: told without taking the path apart, which is seen where they are 50,000. */
function asMain(relPath: string): FileClass | null {
  if (!relPath.startsWith('projects/') || !relPath.endsWith('.jsonl')) return null;
  const slash = relPath.lastIndexOf('/');
  if (slash !== relPath.indexOf('/', 'projects/'.length)) return null;
  const stem = relPath.slice(slash + 1, -'.jsonl'.length);
  return UUID.test(stem) ? fileOf('main', stem, 'main') : null;
}

function classifyInProject(parts: readonly string[]): FileClass | null {
  const [first = '', ...inner] = parts;
  if (first === 'memory') return null;
  if (inner.length > 0) return classifyInSession(first, inner.join('/'));
  if (!first.endsWith('.jsonl')) return null;
  const stem = first.slice(0, -'.jsonl'.length);
  const orphan = /^([0-9a-f-]{36})\.(orphaned-.+)$/i.exec(stem);
  if (orphan?.[1] && UUID.test(orphan[1])) return fileOf('orphaned', orphan[1], `${orphan[2]}.jsonl`);
  // Versions 2.0 to 2.1.0 put subagents beside the sessions; their records carry the parent's id.
  if (/^agent-[\w-]+$/.test(stem)) return fileOf('subagent', null, first);
  return fileOf('main', UUID.test(stem) ? stem : null, 'main');
}

function classifyInSession(session: string, inner: string): FileClass | null {
  const isUuid = UUID.test(session);
  const name = inner.slice(inner.lastIndexOf('/') + 1);
  if (inner.startsWith('subagents/')) {
    if (/^agent-.*\.jsonl$/.test(name)) return fileOf('subagent', isUuid ? session : null, inner);
    if (!isUuid) return null;
    return name.endsWith('.meta.json') ? fileOf('meta', session, inner) : sidecar(session, inner);
  }
  if (!isUuid) return null;
  if (inner.startsWith('tool-results/')) return fileOf('tool-result', session, inner);
  return sidecar(session, `session/${inner}`);
}

function classifyTodo(name: string): FileClass | null {
  const match = /^([0-9a-f-]{36})-(agent-.+\.json)$/i.exec(name);
  return match?.[1] && UUID.test(match[1]) ? sidecar(match[1], `todos/${match[2]}`, true) : null;
}

function fileOf(role: FileRole, nativeId: string | null, key: string): FileClass {
  return { role, nativeId, key, encoding: 'plain' };
}

function sidecar(nativeId: string, key: string, onlyWithSession = false): FileClass {
  const file = fileOf('sidecar', nativeId, key);
  return onlyWithSession ? { ...file, onlyWithSession: true } : file;
}

/** What a peek gathers; the later of two titles of one kind wins, as Claude Code appends them again. */
interface ClaudePeek {
  nativeId: string | null;
  project: string | null;
  branch: string | null;
  parent: string | null;
  isClaude: boolean;
  /** Of the first records that have one. */
  readonly firstTimes: Iso[];
  readonly titles: Map<TitleSource, string>;
  readonly leaves: Map<string, string>;
  /** The first prompt of what a fork copied: its name where it said nothing of its own. */
  copiedTitle: string | null;
}

function peek(head: Uint8Array, tail: Uint8Array): Peek | null {
  const found: ClaudePeek = {
    nativeId: null,
    project: null,
    branch: null,
    parent: null,
    isClaude: false,
    firstTimes: [],
    titles: new Map(),
    leaves: new Map(),
    copiedTitle: null,
  };
  for (const line of headLines(head, () => isTold(found))) {
    if (mayTell(found, line)) noteLine(found, line);
    if (found.firstTimes.length < TIMES_AT_END) found.firstTimes.push(...timesOf(line));
  }
  const ownPrompt = found.titles.get('prompt');
  const last = lastLines(tail, TAIL_LINES);
  for (const line of last) if (mayTell(found, line)) noteLine(found, line);
  // What a fork was asked near its end is not what it was asked first.
  if (found.copiedTitle !== null) found.titles.delete('prompt');
  if (ownPrompt !== undefined) found.titles.set('prompt', ownPrompt);
  if (!found.isClaude) return null;
  const times = found.firstTimes.toSorted();
  return {
    nativeId: found.nativeId,
    project: found.project,
    branch: found.branch,
    title: bestTitle(found.titles) ?? found.copiedTitle,
    startedAt: times[0] ?? null,
    endedAt: latestOf(last, timesOf) ?? times.at(-1) ?? null,
    parentNativeId: found.parent,
  };
}

function isTold({ isClaude, nativeId, project, titles, firstTimes }: ClaudePeek): boolean {
  return isClaude && nativeId !== null && project !== null && titles.size > 0 && firstTimes.length > 0;
}

const timesOf = (line: Buffer): readonly Iso[] => timesOfLine(line, look, timeOf);

function noteLine(found: ClaudePeek, line: Buffer): void {
  for (const one of recordsOf(line).records) note(found, one);
}

const TITLES: ReadonlySet<string> = new Set(['custom-title', 'ai-title', 'summary']);

/** False of a line that can add nothing: to parse all lines of thousands of heads would be most of finding them. */
function mayTell(found: ClaudePeek, line: Buffer): boolean {
  const { branch } = found;
  // A summary names this session only where its leaf is met, which any record may be.
  if (!isTold(found) || !found.titles.has('prompt') || found.leaves.size > 0) return true;
  if (!mayHold(line, WORDS_OF_TITLES)) {
    const mayBeFork = asksForForks(found) && mayHold(line, WORDS_OF_FORKS);
    if (!mayBeFork && !(branch === null && mayHold(line, WORDS_OF_BRANCHES))) return false;
  }
  // Two records on one line are told apart by being parsed.
  if (look.scan(line) !== 'whole') return true;
  if (TITLES.has(look.text('type') ?? '') || (asksForForks(found) && mayBeCopied())) return true;
  const at = look.text('gitBranch');
  return branch === null && at !== null && at !== 'HEAD';
}

/** Of a fork each record is asked: whatever was said before one that is copied is copied, too. */
function asksForForks({ parent, copiedTitle }: ClaudePeek): boolean {
  return parent === null || copiedTitle !== null;
}

function mayBeCopied(): boolean {
  return look.has('forkedFrom') || look.has('requestSessionId');
}

/** What stands in a line of that kind, unless letters of it are escaped. */
const ESCAPE = '\\u';
const WORDS_OF_TITLES = [ESCAPE, '-title"', 'summary"'];
const WORDS_OF_FORKS = ['forkedFrom"', 'requestSessionId"'];
const WORDS_OF_BRANCHES = ['gitBranch"'];

function mayHold(line: Buffer, words: readonly string[]): boolean {
  return words.some((word) => line.indexOf(word) >= 0);
}

function note(found: ClaudePeek, record: JsonRecord): void {
  const sessionId = textAt(record, 'sessionId');
  const type = textAt(record, 'type');
  if (type === null || 'payload' in record || isOfAnother(record)) return;
  if (sessionId !== null || 'leafUuid' in record || type === 'file-history-snapshot') found.isClaude = true;
  found.nativeId ??= sessionId;
  found.project ??= textAt(record, 'cwd');
  const branch = textAt(record, 'gitBranch');
  if (branch !== null && branch !== 'HEAD') found.branch ??= branch;
  const copied = forkedFrom(record);
  found.parent ??= copied;
  noteTitle(found, type, record);
  if (copied === null) return;
  // Newer versions mark the answers alone: what was asked before such an answer is copied with it.
  found.copiedTitle ??= found.titles.get('prompt') ?? null;
  found.titles.delete('prompt');
}

/** Qwen Code's records have the same frame, and contents of another form. */
function isOfAnother(record: JsonRecord): boolean {
  return 'systemPayload' in record || 'parts' in recordAt(record, 'message');
}

function noteTitle(found: ClaudePeek, type: string, record: JsonRecord): void {
  const uuid = textAt(record, 'uuid');
  if (type === 'custom-title') setTitle(found, 'custom', textAt(record, 'customTitle'));
  else if (type === 'ai-title') setTitle(found, 'ai', textAt(record, 'aiTitle'));
  else if (type === 'summary') {
    const leaf = textAt(record, 'leafUuid');
    const summary = textAt(record, 'summary');
    if (leaf !== null && summary !== null) found.leaves.set(leaf, summary);
  } else if (type === 'user' && !found.titles.has('prompt')) {
    setTitle(found, 'prompt', humanPrompt(record));
  }
  // A file begins with summaries of other sessions; only one whose leaf is a record of this file names it.
  if (uuid !== null && found.leaves.has(uuid)) setTitle(found, 'summary', found.leaves.get(uuid) ?? null);
}

function setTitle(found: ClaudePeek, source: TitleSource, text: string | null): void {
  const title = text === null ? null : titleOf(text);
  if (title !== null) found.titles.set(source, title);
}

function bestTitle(titles: ReadonlyMap<TitleSource, string>): string | null {
  return titles.get('custom') ?? titles.get('ai') ?? titles.get('summary') ?? titles.get('prompt') ?? null;
}

/** Claude Code's name of a project's folder: every character other than an ASCII letter, digit or `-` becomes `-`. */
function folderOf(cwd: string): string {
  return cwd.replace(/[^A-Za-z0-9-]/g, '-');
}

function relPathOf(peeked: Peek, fileName: string): string | null {
  const folder = folderOf(peeked.project ?? '/');
  if (/^agent-[\w-]+\.jsonl$/.test(fileName)) return `projects/${folder}/${fileName}`;
  const stem = fileName.replace(/\.jsonl$/, '');
  const id = UUID.test(stem) ? stem : peeked.nativeId;
  return id === null ? null : `projects/${folder}/${id}.jsonl`;
}

function restorePath(
  session: RestoreTarget,
  file: { readonly role: FileRole; readonly key: string; readonly relPath: string },
): string {
  const folder = `projects/${projectFolder(session.project, file.relPath)}`;
  const id = session.nativeId;
  const { role, key } = file;
  if (role === 'main') return `${folder}/${id}.jsonl`;
  if (role === 'orphaned') return `${folder}/${id}.${key}`;
  if (PLAN.test(key)) return key;
  if (key.startsWith('todos/')) return `todos/${id}-${key.slice('todos/'.length)}`;
  const outer = OUTER_FOLDERS.find((name) => key.startsWith(`${name}/`));
  if (outer !== undefined) return `${outer}/${id}/${key.slice(outer.length + 1)}`;
  if (key.startsWith('session/')) return `${folder}/${id}/${key.slice('session/'.length)}`;
  return key.includes('/') ? `${folder}/${id}/${key}` : `${folder}/${key}`;
}

/** A folder stands near a record's beginning; the rest of the line is not looked at. */
const folder = new Members(['cwd']);
const isFound = (): boolean => true;

/** Hot path: asked of each transcript whose place is not that of its first folder. */
function cwdsIn(head: Uint8Array, tail: Uint8Array): readonly string[] {
  const cwds = new Set<string>();
  for (const line of [...linesWithin(head), ...linesWithin(tail)]) {
    const isWhole = folder.scan(line, isFound) !== 'broken';
    const named = isWhole ? [folder.text('cwd')] : recordsOf(line).records.map((one) => textAt(one, 'cwd'));
    for (const cwd of named) if (cwd !== null) cwds.add(cwd);
  }
  return [...cwds];
}

function recordedFolder(relPath: string): string | undefined {
  return /^projects\/([^/]+)\//.exec(relPath)?.[1];
}

/** Where the transcript was last met, which `claude --resume` finds by its id; else where it looks from the project's cwd. */
function projectFolder(project: string | null, relPath: string): string {
  const named = project === null ? null : folderOf(project);
  return recordedFolder(relPath) ?? named?.slice(0, FOLDER_CHARS_MAX) ?? '-';
}
