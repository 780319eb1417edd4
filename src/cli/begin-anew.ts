/**
 * This program begun anew in its own place, for a long piece of work: some settings of the runtime are read only when a process
 * starts. It keeps its process id, its arguments and its streams, and what it starts itself gets none of the settings.
 * Promises: at most once; where it cannot be done the work goes on as it is. Never: once anything was changed or said.
 */

/** Below so many new bytes a second start costs more than it brings. */
export const ANEW_BYTES_MIN = 64 * 1024 * 1024;

/**
 * The last compiler takes a sixth of the processor time of such an ingest, and what it makes of a digest's code is no faster; memory
 * that is given back at once is faulted in again at once (milliseconds until it is). Both measured: docs/performance.md.
 */
const SETTINGS: Readonly<Record<string, string>> = { BUN_JSC_useFTLJIT: '0', MIMALLOC_PURGE_DELAY: '200' };

/** Names the settings that were made, to be taken away again. */
const MARK = 'SESSION_MEMORY_BEGUN_ANEW';

type Environment = Record<string, string | undefined>;

/** Takes mark and settings out of the environment; true where this process was begun anew. */
export function isBegunAnew(env: Environment): boolean {
  const made = env[MARK];
  if (made === undefined) return false;
  for (const name of made.split(',')) if (name in SETTINGS) delete env[name];
  delete env[MARK];
  return true;
}

/** The environment to begin anew with. What a person has set stays as it is. */
export function environmentAnew(env: Environment): Record<string, string> {
  const given = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const made = Object.entries(SETTINGS).filter(([name]) => env[name] === undefined);
  return Object.fromEntries([...given, ...made, [MARK, made.map(([name]) => name).join(',')]]);
}
