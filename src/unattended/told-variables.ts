/** Variables that stand as words before all others of a call: `--env NAME=VALUE`. Some schedulers have no other way to tell them. Pure. */

export const TOLD = '--env';

/** What stands first in a call's own words. */
export function toldVariables(words: readonly string[]): {
  readonly env: Readonly<Record<string, string>>;
  readonly rest: readonly string[];
} {
  const env: Record<string, string> = {};
  let at = 0;
  for (; words[at] === TOLD; at += 2) {
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(words[at + 1] ?? '') ?? [];
    if (name === undefined || value === undefined) break;
    env[name] = value;
  }
  return { env, rest: words.slice(at) };
}
