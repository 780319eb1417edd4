/**
 * Which found sessions a run takes: `--since`, `--project`, and what the configuration excludes. Pure.
 */
import type { Iso } from '../../domain/time.ts';
import type { FoundSession } from './discover.ts';
import type { ExcludeRules } from './exclude.ts';

export interface Selection {
  readonly since: Iso | null;
  readonly project: string | null;
}

type Selectable = Pick<FoundSession, 'endedAt' | 'peek' | 'files'>;

/** What a found session is left out by: a flag, or a pattern as it was written. */
export interface LeftOut {
  /** In the user's own words: `--since`, `--project`, `exclude PATTERN`. */
  readonly rule: string;
  readonly pattern: string | null;
}

/** What leaves the session out; null: it is wanted. `project`: as far as it is known, by its transcript or by the store. */
export function leftOutBy(
  session: Selectable,
  project: string | null,
  selection: Selection,
  exclude: ExcludeRules,
): LeftOut | null {
  if (selection.since !== null && session.endedAt !== null && session.endedAt < selection.since)
    return { rule: '--since', pattern: null };
  if (selection.project !== null && !namesProject(session, project, selection.project))
    return { rule: '--project', pattern: null };
  if (exclude.isEmpty) return null;
  const pattern = exclude.leavesOut({ project, paths: pathsOf(session) });
  return pattern === null ? null : { rule: `exclude ${pattern}`, pattern };
}

/** An unchanged session is not looked into again; its folder's name, which holds the project's, decides then. */
function namesProject(session: Pick<FoundSession, 'files'>, project: string | null, wanted: string): boolean {
  if (project !== null) return project.toLowerCase().includes(wanted.toLowerCase());
  const encoded = wanted.replace(/[^A-Za-z0-9-]/g, '-').toLowerCase();
  return session.files.some((file) => file.relPath.toLowerCase().includes(encoded));
}

/** A session within a database lies where the database does. */
function pathsOf(session: Selectable): string[] {
  return session.files.flatMap((file) => [
    file.path,
    ...(file.contained === undefined ? [] : [file.contained.file.path]),
    ...(file.realPath === undefined ? [] : [file.realPath]),
  ]);
}
