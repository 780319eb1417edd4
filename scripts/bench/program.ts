/** The program under test, with its JSON held to its schema: a result that is not what it should be throws. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { type Ran, type RunOptions, runCommand } from './process.ts';
import type { Bench } from './row.ts';

/** The clock of all made stores: their sessions' ages are counted back from it. */
export const NOW = '2026-11-01T00:00:00.000Z';

export interface Subject {
  readonly bench: Bench;
  readonly store: string;
  readonly home: string;
}

export async function runProgram(
  { bench, store, home }: Subject,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  const env = { HOME: home, SESSION_MEMORY_NOW: NOW, ...options.env };
  return runCommand(bench, [bench.binary, '--store', store, ...args], { ...options, env });
}

/** The same with `--json`; `isRight` says whether it did what it was measured for. */
export async function runJson<T>(
  subject: Subject,
  args: readonly string[],
  expected: { readonly schema: z.ZodType<T>; readonly isRight: (result: T) => boolean },
  options: RunOptions = {},
): Promise<Ran & { readonly json: T }> {
  const ran = await runProgram(subject, [...args, '--json'], options);
  const json = expected.schema.parse(JSON.parse(ran.out));
  if (!expected.isRight(json)) {
    throw new Error(`${args.join(' ')} did not do what it was asked: ${ran.out.slice(0, 600)}`);
  }
  return { ...ran, json };
}

/** A copy of a made store in the scratch folder, for runs that change it. */
export function copyStore(bench: Bench, store: string): string {
  const folder = join(bench.scratch, 'store');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'store.db');
  for (const end of ['-wal', '-shm', '.sweep-lock', '.reserve']) {
    Bun.spawnSync(['rm', '-f', path + end]);
  }
  copyFileSync(store, path);
  return path;
}
