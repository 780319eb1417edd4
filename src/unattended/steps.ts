/**
 * What `install` and `uninstall` do to one file, decided before anything is done. Pure.
 */
import type { HookFile } from './hook-files.ts';
import type { Program } from './own-call.ts';

export interface Step {
  /** The agent, or `schedule`. */
  readonly for: string;
  /** Of a file; `crontab` is the scheduler's own. */
  readonly path: string;
  /** Null: it is not there. */
  readonly before: string | null;
  /** Null: it goes. */
  readonly after: string | null;
  /** A copy of how it was is kept, or has done its work. */
  readonly backup: 'keep' | 'drop' | 'none';
}

export interface Refused {
  readonly for: string;
  readonly path: string;
  readonly why: string;
}

export function installStep(
  id: string,
  file: HookFile,
  path: string,
  before: string | null,
  program: Program,
): Step | Refused {
  const made = file.install(before, program);
  if ('why' in made) return { for: id, path, why: made.why };
  // Nothing is kept of a file that is to the byte what some version of this very program has made.
  const isMade = before === null || (file.own(before) !== null && file.remade(null, before) === before);
  return { for: id, path, before, after: made.text, backup: isMade ? 'none' : 'keep' };
}

/** `backup`: how it was before us, where that was kept. Null: nothing of ours is there. */
export function uninstallStep(
  id: string,
  file: HookFile,
  path: string,
  before: string,
  backup: string | null,
): Step | Refused | null {
  const step = (after: string | null, drops: boolean): Step => ({
    for: id,
    path,
    before,
    after,
    backup: drops ? 'drop' : 'none',
  });
  // A copy with our part in it is not how the file was before us.
  const isBefore = backup !== null && file.own(backup) === null;
  if (file.own(before) === null) {
    // Of an uninstall that was killed the copy is left: it has done its work.
    if (backup === before) return step(before, true);
    const left = file.uninstall(before);
    return left !== null && 'why' in left ? { for: id, path, why: left.why } : null;
  }
  // Nothing but our part has changed since: it becomes what it was, to the byte.
  if (isBefore && file.remade(backup, before) === before) return step(backup, true);
  if ((backup === null || file.isOwn) && file.remade(null, before) === before) return step(null, false);
  const without = file.uninstall(before);
  // Somebody has written in what was ours alone.
  if (without === null)
    return backup === null
      ? { ...step(null, false), backup: 'keep' }
      : {
          for: id,
          path,
          why: 'somebody has written in it since, and it has a copy already: remove both by hand',
        };
  return 'why' in without ? { for: id, path, why: without.why } : step(without.text, false);
}

export const isRefused = (step: Step | Refused): step is Refused => 'why' in step;
export const isStep = (step: Step | Refused): step is Step => !('why' in step);

/** Lines that go and come, with what surrounds them left out. */
export function diffLines(before: string | null, after: string | null): string[] {
  const [old, fresh] = [linesOf(before), linesOf(after)];
  let head = 0;
  while (head < Math.min(old.length, fresh.length) && old[head] === fresh[head]) head += 1;
  let tail = 0;
  const most = Math.min(old.length, fresh.length) - head;
  while (tail < most && old.at(-1 - tail) === fresh.at(-1 - tail)) tail += 1;
  return [
    ...old.slice(head, old.length - tail).map((text) => `- ${text}`),
    ...fresh.slice(head, fresh.length - tail).map((text) => `+ ${text}`),
  ];
}

function linesOf(text: string | null): string[] {
  if (text === null || text === '') return [];
  return text.replace(/\r?\n$/, '').split(/\r?\n/);
}
