/**
 * How a session is known that an external analyzer's own program leaves behind: an agent that is asked for a summary writes
 * a transcript too, which would be stored, analyzed, and so write the next one. Pure.
 */

/** Set in the analyzer's environment to the folder it runs in: a hook that finds it stores nothing. */
export const ANALYZING = 'SESSION_MEMORY_ANALYZING';

/** The beginning of the name of the fresh folder that an analyzer runs in; six letters and digits follow. */
export const ANALYZER_FOLDER = 'session-memory-analyzing-';

/** Such a folder, or one below it; agents that write a path as one name put signs in the place of separators. */
const WITHIN = new RegExp(`(?:^|[\\\\/-])${ANALYZER_FOLDER}[A-Za-z0-9]{6}(?:$|[\\\\/-])`);

/** Whether a session was worked on in such a folder. `project`: as its transcript has it; `paths`: of its files. */
export function isOfAnalyzer(project: string | null, paths: readonly string[]): boolean {
  if (project !== null) return WITHIN.test(project);
  return paths.some((path) => WITHIN.test(path));
}
