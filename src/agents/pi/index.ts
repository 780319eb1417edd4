/**
 * pi and its family (OpenClaw, Oh My Pi): how each is found, looked at and gone back to; `places.ts` has where their files lie.
 * Promises: decides by paths and bytes alone; touches no disk. All branches of a session's tree stay in its one file.
 */
import type {
  AgentFormat,
  AgentImport,
  Host,
  ListedProject,
  Peek,
  RestoreTarget,
} from '../../domain/agent.ts';
import { ALL_MEMBERS } from '../../domain/content.ts';
import { agentId } from '../../domain/ids.ts';
import { parseTime } from '../../domain/time.ts';
import { type JsonRecord, jsonlName, parseRecord, recordAt, textAt } from '../kit/json-lines.ts';
import { peekRecords, type Seen } from '../kit/lines-reader.ts';
import { openClawImport } from './openclaw-import.ts';
import { openClawRows } from './openclaw-rows.ts';
import { idInPath, type Layout, OH_MY_PI_LAYOUT, openClawLayout, PI_LAYOUT } from './places.ts';
import { isCopiedBy, PiReader, textOf } from './reader.ts';

interface Family {
  readonly id: string;
  readonly name: string;
  readonly proof: AgentFormat['proof'];
  /** The environment variable that moves the folder `home`. */
  readonly variable: string;
  /** The one that moves the sessions alone, into a folder without folders of projects. */
  readonly sessionsVariable?: string;
  readonly home: readonly string[];
  /** Below it. */
  readonly folder: string;
  readonly layout: Layout;
  readonly projectList?: AgentFormat['projectList'];
  readonly rootPatterns?: AgentFormat['rootPatterns'];
  readonly resume: (session: RestoreTarget) => readonly string[];
  readonly takesBack?: AgentImport;
  readonly otherProject?: AgentFormat['otherProject'];
}

export const pi = family({
  id: 'pi',
  name: 'pi',
  proof: 'recordings',
  variable: 'PI_CODING_AGENT_DIR',
  sessionsVariable: 'PI_CODING_AGENT_SESSION_DIR',
  home: ['.pi', 'agent'],
  folder: 'sessions',
  layout: PI_LAYOUT,
  projectList: { file: 'settings.json', projects: sessionFolders },
  // Of what lies in another session's folder it knows no id.
  resume: ({ nativeId, path }) => ['pi', '--session', path != null && isChild(path) ? path : nativeId],
});

export const ohMyPi = family({
  id: 'omp',
  name: 'Oh My Pi',
  proof: 'recordings',
  variable: 'OMP_CODING_AGENT_DIR',
  home: ['.omp', 'agent'],
  folder: 'sessions',
  layout: OH_MY_PI_LAYOUT,
  // `--profile NAME`
  rootPatterns: ({ homeDir }) => [{ folder: `${homeDir}/.omp/profiles`, pattern: '*/agent' }],
  resume: ({ nativeId }) => ['omp', '--session', nativeId],
});

export const openClaw = family({
  id: 'openclaw',
  name: 'OpenClaw',
  proof: 'recordings',
  variable: 'OPENCLAW_STATE_DIR',
  home: ['.openclaw'],
  folder: 'agents',
  layout: openClawLayout(openClawRows(peek)),
  resume: ({ nativeId }) => ['openclaw', 'agent', '--local', '--session-id', nativeId],
  takesBack: openClawImport,
  otherProject: 'from any folder',
});

function family(agent: Family): AgentFormat {
  const {
    id,
    name,
    proof,
    variable,
    sessionsVariable,
    home,
    folder,
    layout,
    projectList,
    rootPatterns,
    resume,
    takesBack,
    otherProject,
  } = agent;
  const pattern = home
    .map((part) => part.replace('.', '\\.'))
    .join('[\\\\/](?:profiles[\\\\/][^\\\\/]+[\\\\/])?');
  const named = new RegExp(
    `^(.*?[\\\\/]${pattern}|${pattern})(?:[\\\\/]${folder}(?:[\\\\/].*)?|[\\\\/])?$`,
    's',
  );
  return {
    id: agentId(id),
    ...{ name, proof, growth: 'append', retention: null },
    variables: sessionsVariable === undefined ? [variable] : [variable, sessionsVariable],
    folders: layout.folders,
    flatFolders: layout.flatFolders,
    ...(projectList === undefined ? {} : { projectList }),
    ...(takesBack === undefined ? {} : { takesBack }),
    ...(otherProject === undefined ? {} : { otherProject }),
    ...(rootPatterns === undefined ? {} : { rootPatterns }),
    roots: (host: Host) => {
      const slash = host.platform === 'win32' ? '\\' : '/';
      const root = host.env[variable] ?? [host.homeDir, ...home].join(slash);
      const sessions = sessionsVariable === undefined ? undefined : host.env[sessionsVariable];
      const isWithin = `${sessions ?? ''}${slash}`.startsWith(`${root}${slash}${folder}${slash}`);
      return sessions === undefined || isWithin ? [root] : [root, sessions];
    },
    rootOf: (path) => named.exec(path)?.[1] ?? null,
    places: layout.places,
    classify: layout.classify,
    skipsFolder: () => false,
    peek,
    looseName: jsonlName,
    relPathOf: ({ nativeId, project, startedAt }, fileName) =>
      nativeId === null ? null : layout.place({ nativeId, project, startedAt }, fileName),
    reader: (sink) => new PiReader(sink),
    content: ALL_MEMBERS,
    restorePath: (session, { key, relPath }) => {
      if (layout.classify(relPath)?.key === key) return layout.lookedFor?.(relPath, session) ?? relPath;
      const main = layout.place(session);
      const place = key === 'main' ? main : layout.beside(main, key);
      // A key that no file of the agent's has is a stranger's: it names no place.
      return key === 'main' || layout.classify(place)?.key === key
        ? place
        : `${main}.${Bun.hash(key).toString(36)}`;
    },
    resume: (session) => ({ cwd: session.project, argv: resume(session) }),
  };
}

/** Where pi's settings have it keep sessions; a folder relative to each project is in no list. */
function sessionFolders(settingsText: string): readonly ListedProject[] {
  const root = textAt(parseRecord(settingsText) ?? {}, 'sessionDir');
  return root === null || !/^(?:[\\/]|~[\\/]|[A-Za-z]:)/.test(root) ? [] : [{ project: null, root }];
}

/** Whether a transcript lies in the folder of another. */
function isChild(path: string): boolean {
  return /[\\/]sessions[\\/][^\\/]+[\\/][^\\/]+[\\/]|[\\/]\d{4}-\d\d-\d\dT[^\\/]*_[^\\/]+[\\/]/.test(path);
}

/** A fork begins with its parent's entries: its own first prompt is what it is about, and it began when it was made. */
function peek(head: Uint8Array, tail: Uint8Array): Peek | null {
  let forked: JsonRecord | null = null;
  let isCopied = false;
  const note = (record: JsonRecord, seen: Seen): boolean => {
    const type = textAt(record, 'type') ?? '';
    if (type === 'session') {
      seen.nativeId ??= textAt(record, 'id');
      seen.project ??= textAt(record, 'cwd');
      seen.title ??= textAt(record, 'title');
      const parent = textAt(record, 'parentSession');
      if (parent !== null) forked ??= record;
      seen.parentNativeId ??= idInPath(parent ?? '');
      return 'version' in record || 'provider' in record || seen.project !== null;
    }
    if (type === 'session_info') seen.title = textAt(record, 'name') ?? seen.title;
    if (type === 'title' || type === 'title_change') seen.title = textAt(record, 'title') ?? seen.title;
    const message = recordAt(record, 'message');
    const prompt = type === 'message' && message['role'] === 'user' ? textOf(message['content']) : null;
    if (prompt === null || (seen.prompt !== null && !isCopied)) return false;
    const isCopy = isCopiedBy(forked, record);
    if (!isCopy || seen.prompt === null) seen.prompt = prompt;
    isCopied = isCopy;
    return false;
  };
  const peeked = peekRecords(head, tail, note);
  const forkedAt = parseTime((forked ?? ({} as JsonRecord))['timestamp']);
  return peeked === null || forkedAt === null ? peeked : { ...peeked, startedAt: forkedAt };
}
