/**
 * Where pi and its family keep what belongs to a session, each in a layout of its own.
 * Promises: decides by paths alone; what is told of a file is the same wherever the folder of all sessions lies.
 * Source: badlogic/pi-mono, docs/session.md; openclaw/openclaw, `sessions/artifacts.ts`; and recordings of all three.
 */
import type { FileClass, RestoreTarget } from '../../domain/agent.ts';
import type { RowsContainer } from '../../domain/contained.ts';
import { closed, type Place, placesOf } from '../../domain/places.ts';
import { packingByName } from '../../domain/session.ts';
import { beside, transcript } from '../kit/jsonl-agent.ts';

/** How one agent of the family lays out its files below its root. */
export interface Layout {
  /** As in `AgentFormat`. */
  readonly folders: readonly string[];
  readonly flatFolders: readonly string[];
  readonly places: readonly Place[];
  classify(relPath: string): FileClass | null;
  /** The place of the transcript of a session that has none of its own. `fileName`: of a copy that lies about. */
  place(session: RestoreTarget, fileName?: string): string;
  /** The place of the file of that key, which lies beside the transcript at `main`. */
  beside(main: string, key: string): string;
  /** Where the agent looks for what was found at a path that is no place of its own any more; absent: there. */
  lookedFor?(relPath: string, session: RestoreTarget): string;
}

function layout(open: Layout): Layout {
  return { ...open, classify: closed(open.places, open.classify) };
}

/** Each slash, backslash and colon becomes a dash. */
function folderOf(project: string | null): string {
  return `--${(project ?? '').replace(/^[\\/]/, '').replace(/[\\/:]/g, '-')}--`;
}

const STAMP = String.raw`\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:-\d{3})?Z`;
const STAMPED = new RegExp(`^${STAMP}_(.+)\\.jsonl$`, 's');
/** A transcript is named after its time and its id; its folder of children bears the same name. */
const STAMPED_FOLDER = new RegExp(`^${STAMP}_(.+)$`, 's');

/** The id in the name of a transcript that a header calls its parent; null where the name tells none. */
export function idInPath(path: string): string | null {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  return STAMPED.exec(name)?.[1] ?? /^[^_]+_(.+)\.jsonl$/s.exec(name)?.[1] ?? null;
}

function placeByProject({ nativeId, project, startedAt }: RestoreTarget, fileName = ''): string {
  const stamp = (startedAt ?? '1970-01-01T00:00:00.000Z').replace(/[:.]/g, '-');
  const name = STAMPED.test(fileName) ? fileName : `${stamp}_${nativeId}.jsonl`;
  return `sessions/${folderOf(project)}/${name}`;
}

/**
 * pi: `sessions/<project>/<time>_<id>.jsonl`. A folder of the session's name holds forks and child sessions, at any depth and under
 * any name: sessions of their own, which pi opens by their paths. Where `PI_CODING_AGENT_SESSION_DIR` or the setting `sessionDir`
 * says where sessions lie, there are no folders of projects.
 */
export const PI_LAYOUT: Layout = layout({
  folders: ['sessions', '20*_*'],
  flatFolders: [''],
  places: placesOf({ transcript: ['sessions/**/*.jsonl', '20*_*.jsonl', '20*_*/**/*.jsonl'] }),
  classify: (relPath) => {
    const parts = relPath.split('/');
    const name = parts.at(-1) ?? '';
    if (!name.endsWith('.jsonl')) return null;
    const isIn = parts[0] === 'sessions' ? parts.length > 1 : STAMPED_FOLDER.test(parts[0] ?? '');
    if (!isIn) return null;
    const isPis =
      STAMPED.test(name) || name === 'session.jsonl' || (parts.length < 4 && parts[0] === 'sessions');
    // Extensions keep records of their own in such folders.
    return isPis ? transcript(null) : { ...transcript(null), onlyByContent: true };
  },
  place: placeByProject,
  beside: (main) => main,
});

/** What Oh My Pi's tools spill, and what a subagent gave back. */
const SPILLED = /^(?:\d+\.[\w-]+\.log|.+\.md)$/;

/** The folder of a session's name, wherever Oh My Pi has it. */
const OF_SESSION = ['sessions/*/*_{id}', 'archive/sessions/*/*_{id}', '20*_{id}'];

/**
 * Oh My Pi: the folder of the session's name holds what its subagents said and what its tools spilled; it opens none of them by itself.
 * `omp gc` moves what is old into `archive/`, each transcript compressed, where it looks for none: a restored one goes back among the others.
 * Where `PI_CODING_AGENT_SESSION_DIR` says where sessions lie, there are no folders of projects.
 */
export const OH_MY_PI_LAYOUT: Layout = layout({
  folders: ['sessions', 'archive/sessions', '20*_*'],
  flatFolders: [''],
  places: placesOf({
    transcript: [
      ...['sessions/*/*.jsonl', '20*_*.jsonl'],
      ...['archive/sessions/*/*.jsonl', 'archive/sessions/*/*.jsonl.gz'],
    ],
    subagent: OF_SESSION.map((folder) => `${folder}/**/*.jsonl`),
    output: OF_SESSION.flatMap((folder) => [`${folder}/**/*.log`, `${folder}/**/*.md`]),
  }),
  classify: (relPath) => {
    const found = classifyOhMyPi(unarchived(relPath));
    return found?.role === 'main' ? { ...found, encoding: packingByName(relPath) } : found;
  },
  place: placeByProject,
  beside: (main, key) => `${main.slice(0, -'.jsonl'.length)}/${key.slice('session/'.length)}`,
  lookedFor: unarchived,
});

const ARCHIVED = /^archive\/(sessions\/.+?)(?:(\.jsonl)\.gz)?$/s;

/** Where it was before it was archived. */
function unarchived(relPath: string): string {
  return relPath.replace(ARCHIVED, '$1$2');
}

function classifyOhMyPi(relPath: string): FileClass | null {
  const parts = relPath.split('/');
  const [stem = '', ...rest] = parts[0] === 'sessions' ? parts.slice(2) : parts;
  if (parts[0] !== 'sessions' && rest.length === 0 && !STAMPED.test(stem)) return null;
  if (rest.length === 0) return stem.endsWith('.jsonl') ? transcript(null) : null;
  const nativeId = STAMPED_FOLDER.exec(stem)?.[1];
  const name = rest.at(-1) ?? '';
  if (nativeId === undefined) return null;
  const key = `session/${rest.join('/')}`;
  if (name.endsWith('.jsonl')) return { role: 'subagent', nativeId, key, encoding: 'plain' };
  if (!SPILLED.test(name)) return null;
  return { ...beside(nativeId, key), role: 'tool-result' };
}

/** When a transcript was renamed, and where two were at once, what tells them apart. */
const RENAMED = /^\.(?:bak|reset|deleted)\.(?:\d{4}-?\d\d-?\d\d[T-]|\d{9,})[^/]*$/;
/** A program is writing: no content. */
const PASSING = /\.(?:lock|tmp)$/;
const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
/** What a newer OpenClaw puts aside when it moves its sessions into a database: named after the session's key, then its id. */
const IMPORTED = new RegExp(
  `^(agents/[^/]+)/session-sqlite-import-archive/(?:[^/]*?\\.)?(?:(${UUID})\\.)?(jsonl|trajectory\\.jsonl|trajectory-path\\.json)\\.imported-\\d+$`,
  's',
);

/**
 * OpenClaw: `agents/<agent>/sessions/<id>.jsonl`; renamed, and later compressed, when the session is reset or deleted. Since 2026.9 all of an
 * agent's are in `database`.
 */
export function openClawLayout(database: RowsContainer): Layout {
  const classify = (relPath: string): FileClass | null => {
    if (OPENCLAW_DATABASE.test(relPath)) return { ...transcript(null), container: database };
    const imported = IMPORTED.exec(relPath);
    return imported === null ? classifySession(relPath) : classifyImported(imported[2], imported[3] ?? '');
  };
  return layout({
    folders: ['agents'],
    flatFolders: [],
    places: OPENCLAW_PLACES,
    classify,
    place: ({ nativeId }) => `agents/main/sessions/${nativeId}.jsonl`,
    beside: (main, key) => `${main.slice(0, -'.jsonl'.length)}.${key}`,
    lookedFor: (relPath, { nativeId }) => {
      const imported = IMPORTED.exec(relPath);
      if (imported?.[3] === 'jsonl') return `${imported[1]}/sessions/${nativeId}.jsonl`;
      const renamed = /^(.*\.jsonl)\.[^/]+$/s.exec(relPath);
      return renamed?.[1] !== undefined && classify(relPath)?.role === 'main' ? renamed[1] : relPath;
    },
  });
}

const OPENCLAW_DATABASE = /^agents\/[^/]+\/agent\/openclaw-agent\.sqlite$/s;
const OPENCLAW_PLACES = placesOf({
  transcript: [
    'agents/*/sessions/{id}.jsonl',
    'agents/*/sessions/{id}.jsonl.*',
    'agents/*/session-sqlite-import-archive/*jsonl.imported-*',
  ],
  sidecar: [
    'agents/*/sessions/{id}.trajectory.jsonl',
    'agents/*/sessions/{id}.checkpoint.*.jsonl',
    'agents/*/sessions/{id}.trajectory-path.json',
    'agents/*/sessions/{id}.trajectory-path.json.*',
    'agents/*/session-sqlite-import-archive/*trajectory-path.json.imported-*',
  ],
  read: ['agents/*/agent/openclaw-agent.sqlite'],
});

function classifySession(relPath: string): FileClass | null {
  const match = /^agents\/[^/]+\/sessions\/([^/]+?)\.(jsonl|trajectory-path\.json)((?:\.[^/]+)?)$/s.exec(
    relPath,
  );
  const [, stem = '', kind = '', suffix = ''] = match ?? [];
  if (match === null || PASSING.test(suffix)) return null;
  // Copies that it sets aside and what it traces belong to the session whose name they begin with.
  const aside = /^(.+?)\.(checkpoint\..+|trajectory)$/s.exec(stem);
  if (aside?.[1] !== undefined) return beside(aside[1], `${aside[2]}.${kind}${suffix}`);
  const plain = suffix.replace(/\.zst$/, '');
  if (kind !== 'jsonl' || (plain !== '' && !RENAMED.test(plain))) return beside(stem, `${kind}${suffix}`);
  // Nothing else is left of a session that was reset or deleted.
  return { ...transcript(stem), encoding: plain === suffix ? 'plain' : 'zstd' };
}

function classifyImported(id: string | undefined, kind: string): FileClass | null {
  if (kind !== 'jsonl') return id === undefined ? null : beside(id, kind);
  return id === undefined
    ? { ...transcript(null), onlyByContent: true }
    : { ...transcript(id), beforeRows: true };
}
