/** A program with three sessions, and how its answers are read. */
import { expect } from 'bun:test';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ZodType } from 'zod';
import { claudePath, promptLine } from './bench-world.ts';
import { Program, type Result } from './program.ts';

export const id = (n: number) => `5000000${n}-0000-4000-8000-000000000000`;
export const uid = (n: number) => `claude-code:${id(n)}`;
/** What does not compress, in digits: letters would come to a word that a test looks for, once in a hundred runs. */
export const noise = () => Buffer.from(crypto.getRandomValues(new Uint8Array(4000))).toString('hex');

export function parsed<T>(schema: ZodType<T>, result: Result): T {
  return schema.parse(result.json());
}

/** Characters that a terminal would act on. */
export function hostileIn(text: string): string[] {
  return [...text].filter((char) => {
    const code = char.codePointAt(0) ?? 0;
    return (
      (code < 32 && char !== '\n' && char !== '\t') ||
      (code >= 127 && code < 160) ||
      (code >= 0x202a && code <= 0x202e)
    );
  });
}

/** Three sessions, oldest first; the third cannot be read by any analyzer. */
export async function filled(...flags: string[]): Promise<Program> {
  const program = new Program();
  program.env = { SESSION_MEMORY_NOW: '2026-06-01T00:00:00.000Z' };
  program.put(claudePath(id(1)), promptLine(id(1), `one ${noise()}`, '2026-05-01T00:00:00.000Z'));
  program.put(claudePath(id(2)), promptLine(id(2), `two ${noise()}`, '2026-05-02T00:00:00.000Z'));
  program.put(claudePath(id(3)), Buffer.from(`\u0001 unreadable ${noise()}\n`));
  expect((await program.run('ingest', ...flags)).code).toBe(0);
  return program;
}

/** Every byte of the store's files. A reader may leave an empty log and its shared memory behind. */
export function storeBytes(program: Program): string {
  const folder = join(program.store, '..');
  return readdirSync(folder)
    .filter((name) => !name.endsWith('-shm') && statSync(join(folder, name)).size > 0)
    .sort()
    .map((name) => `${name} ${Bun.hash(readFileSync(join(folder, name)))}`)
    .join('\n');
}
