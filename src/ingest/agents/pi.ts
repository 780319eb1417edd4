/**
 * pi and its family (OpenClaw, Oh My Pi): where they keep sessions, what each file is, and where a restored one goes.
 * Promises: decides by paths and bytes alone; touches no disk. Source of the layout: badlogic/pi-mono, docs/session.md, and
 * recordings; OpenClaw's and Oh My Pi's are by documentation only. All branches of a session's tree stay in its one file.
 */
import type { AgentFormat, FileClass, Host, Peek, RestoreTarget } from '../../domain/agent.ts';
import { ALL_MEMBERS } from '../../domain/content.ts';
import { agentId } from '../../domain/ids.ts';
import type { FileRole } from '../../domain/session.ts';
import { type JsonRecord, jsonlName, recordAt, textAt } from './jsonl.ts';
import { peekRecords, type Seen } from './lines.ts';
import { PiReader, textOf } from './pi.reader.ts';

interface Family {
  readonly id: string;
  readonly name: string;
  readonly proof: AgentFormat['proof'];
  readonly variable: string;
  /** The folder that the variable moves, below the home. */
  readonly home: readonly string[];
  /** Below it. */
  readonly folder: string;
  /** Sessions lie by agent (`agents/main/sessions/x.jsonl`), not by project. */
  readonly byAgent: boolean;
  readonly resume: (session: RestoreTarget) => readonly string[];
}

export const pi = family({
  id: 'pi',
  name: 'pi',
  proof: 'recordings',
  variable: 'PI_CODING_AGENT_DIR',
  home: ['.pi', 'agent'],
  folder: 'sessions',
  byAgent: false,
  resume: ({ nativeId }) => ['pi', '--session', nativeId],
});

export const ohMyPi = family({
  id: 'omp',
  name: 'Oh My Pi',
  proof: 'documentation',
  variable: 'OMP_CODING_AGENT_DIR',
  home: ['.omp', 'agent'],
  folder: 'sessions',
  byAgent: false,
  resume: ({ nativeId }) => ['omp', '--session', nativeId],
});

export const openClaw = family({
  id: 'openclaw',
  name: 'OpenClaw',
  proof: 'documentation',
  variable: 'OPENCLAW_STATE_DIR',
  home: ['.openclaw'],
  folder: 'agents',
  byAgent: true,
  resume: () => ['openclaw', 'tui'],
});

function family({ id, name, proof, variable, home, folder, byAgent, resume }: Family): AgentFormat {
  const pattern = home.map((part) => part.replace('.', '\\.')).join('[\\\\/]');
  const named = new RegExp(
    `^(.*?[\\\\/]${pattern}|${pattern})(?:[\\\\/]${folder}(?:[\\\\/].*)?|[\\\\/])?$`,
    's',
  );
  const classifyOwn = byAgent ? classifyByAgent : classify;
  return {
    id: agentId(id),
    ...{ name, proof, growth: 'append', variables: [variable], folders: [folder], retention: null },
    roots: (host: Host) => {
      const slash = host.platform === 'win32' ? '\\' : '/';
      return [host.env[variable] ?? [host.homeDir, ...home].join(slash)];
    },
    rootOf: (path) => named.exec(path)?.[1] ?? null,
    classify: classifyOwn,
    skipsFolder: () => false,
    peek: (head, tail) => peekRecords(head, tail, note),
    looseName: jsonlName,
    relPathOf: (peeked, fileName) => relPathOf(peeked, fileName, byAgent),
    reader: (sink) => new PiReader(sink),
    content: ALL_MEMBERS,
    restorePath: (session, file) => restorePath(session, file, classifyOwn, byAgent),
    resume: (session) => ({ cwd: session.project, argv: resume(session) }),
  };
}

/** A file's name ends with the id, which its header may contradict: then the header is right. */
function classify(relPath: string): FileClass | null {
  const [top, project, name, ...rest] = relPath.split('/');
  if (top !== 'sessions' || !project || name === undefined || rest.length > 0) return null;
  return name.endsWith('.jsonl') ? { role: 'main', nativeId: null, key: 'main', encoding: 'plain' } : null;
}

function classifyByAgent(relPath: string): FileClass | null {
  const match = /^agents\/[^/]+\/sessions\/([^/]+)\.jsonl(\.[a-z]+[^/]*)?$/.exec(relPath);
  const [, stem = '', suffix] = match ?? [];
  if (match === null) return null;
  // Renamed when a session is reset or deleted (openclaw/openclaw, `sessions/artifacts.ts`): nothing else is left of it.
  const isRenamed = suffix !== undefined && /^\.(?:bak|reset|deleted)\.\d{4}-?\d\d-?\d\d[T-]/.test(suffix);
  // Copies that it sets aside belong to the session whose name they begin with.
  const copy = /^(.+?)\.(checkpoint\..+)$/.exec(stem);
  if (copy?.[1] !== undefined && copy[2] !== undefined) return aside(copy[1], `${copy[2]}.jsonl`);
  if (suffix !== undefined && !isRenamed) return aside(stem, `jsonl${suffix}`);
  return { role: 'main', nativeId: stem, key: 'main', encoding: 'plain' };
}

function aside(nativeId: string, key: string): FileClass {
  return { role: 'sidecar', nativeId, key, encoding: 'plain', onlyWithSession: true };
}

function note(record: JsonRecord, seen: Seen): boolean {
  const type = textAt(record, 'type') ?? '';
  if (type === 'session') {
    seen.nativeId ??= textAt(record, 'id');
    seen.project ??= textAt(record, 'cwd');
    seen.title ??= textAt(record, 'title');
    return 'version' in record || 'provider' in record || seen.project !== null;
  }
  if (type === 'session_info') seen.title = textAt(record, 'name') ?? seen.title;
  const message = recordAt(record, 'message');
  if (type === 'message' && message['role'] === 'user') seen.prompt ??= textOf(message['content']);
  return false;
}

function relPathOf(peeked: Peek, fileName: string, byAgent: boolean): string | null {
  if (peeked.nativeId === null) return null;
  if (byAgent) return `agents/main/sessions/${peeked.nativeId}.jsonl`;
  const name = /^\d{4}-\d\d-\d\dT.+_.+\.jsonl$/.test(fileName)
    ? fileName
    : nameOf(peeked.nativeId, peeked.startedAt);
  return `sessions/${folderOf(peeked.project)}/${name}`;
}

function restorePath(
  session: RestoreTarget,
  file: { readonly role: FileRole; readonly key: string; readonly relPath: string },
  classified: (relPath: string) => FileClass | null,
  byAgent: boolean,
): string {
  if (classified(file.relPath)?.key === file.key) return file.relPath;
  if (byAgent) {
    const name = file.key === 'main' ? 'jsonl' : file.key;
    return `agents/main/sessions/${session.nativeId}.${name}`;
  }
  return `sessions/${folderOf(session.project)}/${nameOf(session.nativeId, session.startedAt)}`;
}

/** As pi does it: each slash, backslash and colon becomes a dash. */
function folderOf(project: string | null): string {
  return `--${(project ?? '').replace(/^[\\/]/, '').replace(/[\\/:]/g, '-')}--`;
}

function nameOf(nativeId: string, startedAt: string | null): string {
  return `${(startedAt ?? '1970-01-01T00:00:00.000Z').replace(/[:.]/g, '-')}_${nativeId}.jsonl`;
}
