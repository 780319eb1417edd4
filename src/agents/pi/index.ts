/**
 * pi and its family (OpenClaw, Oh My Pi): how each is found, looked at and gone back to; `places.ts` has where their files lie.
 * Promises: decides by paths and bytes alone; touches no disk. All branches of a session's tree stay in its one file.
 */
import type {
  AgentFormat,
  AgentImport,
  AgentRetention,
  Host,
  ListedProject,
  Peek,
  RestoreTarget,
} from '../../domain/agent.ts';
import { ALL_MEMBERS } from '../../domain/content.ts';
import { agentId } from '../../domain/ids.ts';
import { parseTime } from '../../domain/time.ts';
import {
  headLines,
  type JsonRecord,
  jsonlName,
  parseRecord,
  recordAt,
  recordsOf,
  textAt,
} from '../kit/json-lines.ts';
import { peekRecords, type Seen } from '../kit/lines-reader.ts';
import { openClawImport } from './openclaw-import.ts';
import { openClawRetention } from './openclaw-retention.ts';
import { openClawRows } from './openclaw-rows.ts';
import { idInPath, type Layout, OH_MY_PI_LAYOUT, openClawLayout, PI_LAYOUT } from './places.ts';
import { isCopiedBy, PiReader, textOf } from './reader.ts';

interface Family {
  readonly id: string;
  readonly name: string;
  readonly proof: AgentFormat['proof'];
  /** The environment variable that moves the folder `home`. */
  readonly variable: string;
  /** The one that gives the first part of `home` another name. */
  readonly nameVariable?: string;
  /** Where it keeps sessions if that variable is not set; absent: in `home` alone. */
  readonly elsewhere?: (host: Host) => readonly string[];
  /** Another variable that has a say in it. */
  readonly alsoBy?: string;
  /** The one that moves the sessions alone, into a folder without folders of projects. */
  readonly sessionsVariable?: string;
  readonly home: readonly string[];
  /** Below it. */
  readonly folder: string;
  /** Below it, too: what the agent has put away. */
  readonly archive?: string;
  readonly layout: Layout;
  readonly projectList?: AgentFormat['projectList'];
  readonly rootPatterns?: AgentFormat['rootPatterns'];
  readonly resume: (session: RestoreTarget) => readonly string[];
  readonly takesBack?: AgentImport;
  readonly otherProject?: AgentFormat['otherProject'];
  readonly isIts?: AgentFormat['isIts'];
  readonly retention?: AgentRetention;
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
  isIts: (relPath, root, headOf) => !isOhMyPis(relPath, root, headOf),
  // It goes on with a session in the folder that its header names alone; from any other it takes a fork of it.
  otherProject: 'by its place',
  // Of what lies in another session's folder it knows no id.
  resume: ({ nativeId, path, isMoved }) => [
    ...['pi', isMoved === true ? '--fork' : '--session'],
    path != null && isChild(path) ? path : nativeId,
  ],
});

export const ohMyPi = family({
  id: 'omp',
  name: 'Oh My Pi',
  proof: 'recordings',
  // As pi has them.
  variable: 'PI_CODING_AGENT_DIR',
  nameVariable: 'PI_CONFIG_DIR',
  sessionsVariable: 'PI_CODING_AGENT_SESSION_DIR',
  alsoBy: 'XDG_DATA_HOME',
  elsewhere: dataFolder,
  isIts: isOhMyPis,
  home: ['.omp', 'agent'],
  folder: 'sessions',
  archive: 'archive',
  layout: OH_MY_PI_LAYOUT,
  // `--profile NAME`
  rootPatterns: (host) => [
    { folder: `${host.homeDir}/${host.env['PI_CONFIG_DIR'] ?? '.omp'}/profiles`, pattern: '*/agent' },
    ...dataFolder(host).map((folder) => ({ folder: `${folder}/profiles`, pattern: '*' })),
  ],
  // As pi; in a terminal it would ask whether to move the session.
  otherProject: 'by its place',
  resume: ({ nativeId, isMoved }) => ['omp', isMoved === true ? '--fork' : '--session', nativeId],
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
  retention: openClawRetention,
  otherProject: 'from any folder',
});

function family(agent: Family): AgentFormat {
  const {
    id,
    name,
    proof,
    variable,
    nameVariable,
    sessionsVariable,
    elsewhere,
    alsoBy,
    isIts,
    home,
    folder,
    archive,
    layout,
    projectList,
    rootPatterns,
    resume,
    takesBack,
    otherProject,
    retention = null,
  } = agent;
  const pattern = home
    .map((part) => part.replace('.', '\\.'))
    .join('[\\\\/](?:profiles[\\\\/][^\\\\/]+[\\\\/])?');
  const named = new RegExp(
    `^(.*?[\\\\/]${pattern}|${pattern})(?:[\\\\/](?:${[folder, ...(archive === undefined ? [] : [archive])].join('|')})(?:[\\\\/].*)?|[\\\\/])?$`,
    's',
  );
  return {
    id: agentId(id),
    name,
    proof,
    growth: 'append',
    retention,
    variables: [variable, nameVariable, sessionsVariable, alsoBy].filter((name) => name !== undefined),
    ...(isIts === undefined ? {} : { isIts }),
    folders: layout.folders,
    flatFolders: layout.flatFolders,
    ...(projectList === undefined ? {} : { projectList }),
    ...(takesBack === undefined ? {} : { takesBack }),
    ...(otherProject === undefined ? {} : { otherProject }),
    ...(rootPatterns === undefined ? {} : { rootPatterns }),
    roots: (host: Host) => {
      const slash = host.platform === 'win32' ? '\\' : '/';
      const moved = host.env[variable];
      const root = moved ?? [host.homeDir, configName(agent, host), ...home.slice(1)].join(slash);
      const roots = moved === undefined ? [root, ...(elsewhere?.(host) ?? [])] : [root];
      const sessions = sessionsVariable === undefined ? undefined : host.env[sessionsVariable];
      const isWithin = `${sessions ?? ''}${slash}`.startsWith(`${root}${slash}${folder}${slash}`);
      return sessions === undefined || isWithin ? roots : [...roots, sessions];
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

/** The folder in the home folder that all of an agent's is in. */
function configName({ nameVariable, home }: Pick<Family, 'nameVariable' | 'home'>, { env }: Host): string {
  const named = nameVariable === undefined ? undefined : env[nameVariable];
  return named ?? home[0] ?? '';
}

/** Where pi's settings have it keep sessions; a folder relative to each project is in no list. */
function sessionFolders(settingsText: string): readonly ListedProject[] {
  const root = textAt(parseRecord(settingsText) ?? {}, 'sessionDir');
  return root === null || !/^(?:[\\/]|~[\\/]|[A-Za-z]:)/.test(root) ? [] : [{ project: null, root }];
}

/** Where Oh My Pi keeps its data once they were moved there; it asks for no default of that variable. */
function dataFolder({ env, platform }: Host): readonly string[] {
  const data = env['XDG_DATA_HOME'];
  return data === undefined || platform === 'win32' ? [] : [`${data}/omp`];
}

/**
 * pi and Oh My Pi obey the same variables, and may both keep sessions in one folder. pi's folders of projects begin with two dashes, those of
 * Oh My Pi mostly with one; where a name may be of both, the transcript tells, and at last the name of the root.
 */
function isOhMyPis(relPath: string, root: string, headOf: (relPath: string) => Uint8Array | null): boolean {
  const [top = '', ...below] = relPath.split('/');
  const isFlat = top !== 'sessions';
  if (!isFlat && below.length > 1 && !below[0]?.startsWith('--')) return true;
  const path = (isFlat ? [top] : [top, ...below.slice(0, 2)]).join('/');
  const head = headOf(path.endsWith('.jsonl') ? path : `${path}.jsonl`) ?? headOf(relPath);
  const [first] =
    head === null ? [] : [...headLines(head, () => true)].flatMap((line) => recordsOf(line).records);
  if (first !== undefined && (first['type'] === 'title' || 'titleSource' in first)) return true;
  return first === undefined && ohMyPi.rootOf(root) !== null;
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
