/**
 * Which files of an archived session may be stored at all. Their names come from whoever wrote the archive, and a restore makes
 * paths of them.
 * Promises: what is refused here is in no store, so that nothing can write it; nothing that an agent's own layout gives is refused.
 */
import type { AgentId } from '../domain/ids.ts';

/** Longer than any path that a file system takes. */
const KEY_CHARS_MAX = 4096;
/** C0 and DEL: no name that is written anywhere has them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\x00-\x1f\x7f]/;

/**
 * Whether a session of an agent may have a file of that name (its key, or its path below the agent's folder). The one place that
 * says so: a closed list of the places that each agent's sessions have belongs here.
 */
export function mayBeStored(_agent: AgentId, key: string): boolean {
  if (key === '' || key.length > KEY_CHARS_MAX || CONTROL.test(key) || key.includes('\\')) return false;
  if (!key.isWellFormed() || /^[A-Za-z]:/.test(key)) return false;
  return key.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}
