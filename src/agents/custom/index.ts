/**
 * An agent that nobody knows: its format as a person's configuration tells it (`OwnFormat`).
 * Promises: never throws on any bytes; its glob matches below its roots alone, and its files are never taken for another's.
 * Never: guesses a root, or restores a file to a place that its glob does not match, save under its session's id in the glob's folder.
 */
import type { AgentFormat, FileClass, RestoreTarget, Resume } from '../../domain/agent.ts';
import { agentId } from '../../domain/ids.ts';
import type { OwnFormat } from '../../domain/own-format.ts';
import { closed, namesIn, type Place, placesOf } from '../../domain/places.ts';
import { OwnDocumentReader, peekDocument } from './document.ts';
import { OwnJsonlReader, peekJsonl } from './jsonl.ts';
import { OwnMarkdownReader, peekMarkdown } from './markdown.ts';

const ENDING = /\.(?:jsonl|ndjson|json|log|txt|md|markdown)(?:\.zst)?$/i;

const READERS = {
  jsonl: { peek: peekJsonl, Reader: OwnJsonlReader, ending: 'jsonl' },
  json: { peek: peekDocument, Reader: OwnDocumentReader, ending: 'json' },
  markdown: { peek: peekMarkdown, Reader: OwnMarkdownReader, ending: 'md' },
} as const;

/** The agent of that id. `own`: checked by whoever read it from the configuration. */
export function ownAgent(id: string, own: OwnFormat): AgentFormat {
  const glob = new Bun.Glob(own.glob);
  const folder = fixedFolder(own.glob);
  const levels = own.glob.includes('**') ? Number.POSITIVE_INFINITY : own.glob.split('/').length;
  const { peek, Reader } = READERS[own.format];
  const ending = endingOf(own);
  const places = placesOfGlob(own.glob, below(folder, `{id}.${ending}`));
  const classify = closed(places, (relPath): FileClass | null =>
    glob.match(relPath)
      ? {
          role: 'main',
          nativeId: own.id === undefined ? nameOfPath(relPath) : null,
          key: 'main',
          encoding: relPath.endsWith('.zst') ? 'zstd' : 'plain',
        }
      : null,
  );
  return {
    id: agentId(id),
    name: own.name ?? id,
    proof: 'configuration',
    own,
    growth: own.format === 'json' ? 'rewrite' : 'append',
    ...(own.format === 'json' ? { isDocument: () => true } : {}),
    variables: [],
    // Its roots are the configuration's, as the further roots of any agent.
    roots: () => [],
    rootOf: () => null,
    folders: [folder],
    places,
    classify,
    skipsFolder: (relPath) => relPath.split('/').length >= levels,
    peek: (head, tail) => peek(own, head, tail),
    looseName: (fileName) => ({
      stem: fileName.replace(ENDING, ''),
      encoding: fileName.endsWith('.zst') ? 'zstd' : 'plain',
    }),
    relPathOf: (_peek, fileName) =>
      [fileName, below(folder, fileName)].find((relPath) => glob.match(relPath)) ?? null,
    reader: (sink) => new Reader(sink, id, own),
    // Tier 1 has the plain bytes. A path that its glob does not match came with an import, or from another configuration.
    restorePath: ({ nativeId }, { relPath }) =>
      relPath !== '' && glob.match(relPath)
        ? relPath.replace(/\.zst$/, '')
        : below(folder, `${nativeId}.${ending}`),
    resume: (session) => resume(own, session),
    retention: null,
  };
}

/**
 * What the glob matches, and where a session goes that has no such place. Tier 1 has the plain bytes, so the place of a compressed
 * transcript is the one without that ending; and only a file that ends as transcripts do, or as the glob itself says, is ever written.
 */
function placesOfGlob(pattern: string, apart: string): readonly Place[] {
  const glob = new Bun.Glob(pattern);
  const matches = (relPath: string) => glob.match(relPath) || glob.match(`${relPath}.zst`);
  const isWritten = (relPath: string) =>
    matches(relPath) && (ENDING.test(relPath) || spellsEnding(matches, relPath));
  return [
    { kind: 'transcript', at: pattern, fits: isWritten, names: namesIn(pattern) },
    ...placesOf({ transcript: [apart] }),
    { kind: 'read', at: pattern, fits: (relPath) => glob.match(relPath), names: namesIn(pattern) },
  ];
}

/** No sign that a glob would name. */
const STRANGE = '\u{f8ff}';
/** Longer ones are looked at for too long, and no program gives them. */
const ENDING_CHARS_MAX = 32;

/** Whether a glob spells out how this name ends, or all of a name without a dot: then it takes no other sign anywhere in it. */
function spellsEnding(matches: (relPath: string) => boolean, relPath: string): boolean {
  const name = relPath.slice(relPath.lastIndexOf('/') + 1);
  const ending = name.slice(Math.max(0, name.lastIndexOf('.')));
  if (ending === '.' || ending.length > ENDING_CHARS_MAX) return false;
  const from = relPath.length - ending.length;
  return Array.from({ length: ending.length + 1 }, (_, i) => from + i).every((at) => {
    const [before, after] = [relPath.slice(0, at) + STRANGE, relPath.slice(at)];
    // The dot itself may follow anything; where there is none, the first sign may not.
    const isBeforeDot = at === from && ending.startsWith('.');
    return (isBeforeDot || !matches(before + after)) && (after === '' || !matches(before + after.slice(1)));
  });
}

/** What a file's name ends in that is made for a session: as the glob has it, so that it is found there again. */
function endingOf({ glob, format }: OwnFormat): string {
  const spelled = /\.([A-Za-z0-9_-]{1,32}?)(?:\.zst)?$/.exec(glob)?.[1];
  return spelled === undefined || spelled === 'zst' ? READERS[format].ending : spelled;
}

/** The folders of a glob before its first sign, as a path; '' where it begins with one. */
function fixedFolder(glob: string): string {
  const parts = glob.split('/').slice(0, -1);
  const open = parts.findIndex((part) => /[*?[{\\!]/.test(part));
  return parts.slice(0, open < 0 ? parts.length : open).join('/');
}

function below(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/**
 * A session's name where no record tells one: `2026/05/one.jsonl` → `2026--05--one`. Two paths never share one: a path
 * that this could not be read back from keeps its own form, which a uid holds as a hash.
 */
function nameOfPath(relPath: string): string {
  const path = relPath.replace(ENDING, '');
  const parts = path.split('/');
  const isClear = parts.every((part) => /^[A-Za-z0-9._]+(?:-[A-Za-z0-9._]+)*$/.test(part));
  return isClear ? parts.join('--') : path;
}

/** An id that was too odd for a uid stands in it as a hash: no agent knows that. */
const HASHED_ID = /^x-[0-9a-f]{32}$/;

function resume(own: OwnFormat, { nativeId, project }: RestoreTarget): Resume {
  const words = (own.resume ?? '').split(/\s+/).filter((word) => word !== '');
  const asksId = words.some((word) => word.includes('{id}'));
  if (words.length === 0 || (asksId && HASHED_ID.test(nativeId))) return { cwd: project, argv: [] };
  // Split before the id is put in: whatever it holds, it is part of one word.
  return { cwd: project, argv: words.map((word) => word.replaceAll('{id}', () => nativeId)) };
}
