/**
 * Which found sessions a run takes: `--since`, `--project`, and what the configuration excludes. Pure.
 */
import type { Iso } from '../domain/time.ts';
import type { FoundSession } from './discover.ts';

export interface Selection {
  readonly since: Iso | null;
  readonly project: string | null;
  readonly exclude: readonly string[];
}

/** What leaves the session out, in the user's own words (`--since`, `--project`, `exclude PATTERN`); null: it is wanted. */
export function leftOutBy(
  session: Pick<FoundSession, 'endedAt' | 'peek' | 'files'>,
  selection: Selection,
): string | null {
  const project = session.peek?.project ?? null;
  if (selection.since !== null && session.endedAt !== null && session.endedAt < selection.since)
    return '--since';
  if (selection.project !== null && !namesProject(session, project, selection.project)) return '--project';
  if (selection.exclude.length === 0) return null;
  const paths = session.files.map((file) => file.path);
  const pattern = selection.exclude.find((each) => excludes(each, project, paths));
  return pattern === undefined ? null : `exclude ${pattern}`;
}

/** An unchanged session is not looked into again; its folder's name, which holds the project's, decides then. */
function namesProject(session: Pick<FoundSession, 'files'>, project: string | null, wanted: string): boolean {
  if (project !== null) return project.toLowerCase().includes(wanted.toLowerCase());
  const encoded = wanted.replace(/[^A-Za-z0-9-]/g, '-').toLowerCase();
  return session.files.some((file) => file.relPath.toLowerCase().includes(encoded));
}

/** A pattern with `*`, `?` or `[` is a glob over the whole path; any other names a folder and all below it. */
export function excludes(pattern: string, project: string | null, paths: readonly string[]): boolean {
  const candidates = project === null ? paths : [project, ...paths];
  if (/[*?[]/.test(pattern)) {
    const glob = new Bun.Glob(pattern);
    return candidates.some((path) => glob.match(path));
  }
  const folder = pattern.replace(/[\\/]+$/, '');
  return candidates.some(
    (path) => path === folder || path.startsWith(`${folder}/`) || path.startsWith(`${folder}\\`),
  );
}
