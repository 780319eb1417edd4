/**
 * Which folder of Gemini CLI is which project's: by the file that it puts into each, and by its list of all.
 * Promises: pure; what is no absolute path is no project. Source: google-gemini/gemini-cli, `config/projectRegistry.ts`, and recordings.
 */
import type { TextBeside } from '../../domain/agent.ts';
import { parseRecord, recordAt } from '../kit/json-lines.ts';

/** What a folder was called before it had a name (a slug); Gemini CLI renames such a folder itself. */
export function hashedFolder(project: string): string {
  return new Bun.CryptoHasher('sha256').update(project).digest('hex');
}

/** The project of the folder below `tmp` that a file lies in; null where nothing beside it names one. */
export function projectOfFolder(relPath: string, beside: TextBeside): string | null {
  const folder = folderIn(relPath);
  if (folder === null) return null;
  const marker = beside(`tmp/${folder}/.project_root`)?.trim() ?? '';
  if (isAbsolute(marker)) return marker;
  const listed = [...listedFolders(beside)].find(
    ([project, name]) => name === folder || hashedFolder(project) === folder,
  );
  return listed?.[0] ?? null;
}

/**
 * The folder below `tmp` where this machine's Gemini CLI looks for sessions of a project, where that is another one than the
 * session was found in; null: that one will do.
 */
export function folderHere(project: string | null, relPath: string, beside: TextBeside): string | null {
  const found = folderIn(relPath);
  if (project === null || found === null) return null;
  const listed = listedFolders(beside);
  const own = listed.get(project);
  if (own !== undefined) return own === found ? null : own;
  // What lies in another project's folder would be found there.
  const isOthers = ![null, project].includes(projectOfFolder(relPath, beside));
  return isOthers ? hashedFolder(project) : null;
}

/** The folder below `tmp` that this machine's Gemini CLI has for a project; null where it has none yet. */
export function listedFolder(project: string | null, beside: TextBeside): string | null {
  return project === null ? null : (listedFolders(beside).get(project) ?? null);
}

function folderIn(relPath: string): string | null {
  return /^tmp\/([^/]+)\//.exec(relPath)?.[1] ?? null;
}

function listedFolders(beside: TextBeside): ReadonlyMap<string, string> {
  const projects = recordAt(parseRecord(beside('projects.json') ?? '') ?? {}, 'projects');
  const isFolder = (name: unknown): name is string =>
    typeof name === 'string' && /^[^/\\]+$/.test(name) && !/^\.\.?$/.test(name);
  return new Map(
    Object.entries(projects).flatMap(([project, name]) =>
      isAbsolute(project) && isFolder(name) ? [[project, name] as const] : [],
    ),
  );
}

function isAbsolute(path: string): boolean {
  return /^(?:\/|[A-Za-z]:[\\/]|\\\\)/.test(path);
}
