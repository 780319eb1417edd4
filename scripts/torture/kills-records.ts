/** What the scenes of the kills are made of. */
import type { Box } from './box.ts';

export interface Scene {
  readonly name: string;
  readonly args: readonly string[];
  /** How the command may end when nothing kills it: after a kill there may be less left to do. */
  readonly codes: readonly number[];
  /** Points that an undisturbed run passes at least once. */
  readonly points: readonly string[];
  /** The command writes into the home, which is put back before each run. */
  readonly writesHome?: true;
  /** The store is damaged before the command, which mends it: until it is through nothing is held of it. */
  readonly isDamaged?: true;
  /** Too large for more than a few kills in the short form. */
  readonly isLarge?: true;
  /** Files that the command leaves beside the store for good. */
  readonly leaves?: RegExp;
  prepare(box: Box): Promise<void>;
  /** Waits for what the command left to a process of its own. */
  settled?(box: Box): Promise<void>;
}

export const idOf = (n: number) => `7a000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
export const pathOf = (id: string) => `.claude/projects/-p/${id}.jsonl`;

/** A made-up record of a prompt. */
export function promptOf(id: string, content: string, at = '2026-06-01T10:00:00.000Z'): string {
  return `${JSON.stringify({
    type: 'user',
    sessionId: id,
    cwd: '/p',
    version: '2.1.0',
    gitBranch: 'main',
    message: { role: 'user', content },
    uuid: Bun.hash(content + at).toString(16),
    timestamp: at,
  })}\n`;
}
