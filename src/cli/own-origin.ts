/** How this very program came onto this machine. Apart from the rest of what is known of it: `--version` needs no more than this. */
import { accessSync, constants, existsSync } from 'node:fs';
import { realPathOrNull } from '../files/within.ts';
import type { Context } from './context.ts';
import { type Origin, originOf } from './origin.ts';

/** Null: nothing tells it, or it is run from its source. */
export function ownOrigin({ self }: Pick<Context, 'self'>): Origin | null {
  const [executable, ...source] = self ?? [];
  const path = executable === undefined || source.length > 0 ? null : realPathOrNull(executable);
  return path === null ? null : originOf(path, { isThere: existsSync, mayWrite });
}

function mayWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
