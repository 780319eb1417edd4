/**
 * Runs the very call of this process in another one, where it will look at or write to a mount that may never answer.
 * Promises: ctrl-c ends it whatever the mount does; one where nothing moves is named, and left.
 */
import { EXIT, type ExitCode, fail } from '../domain/errors.ts';
import { lookAnywhere } from '../files/mounts.ts';
import type { Context } from './context.ts';
import { SILENT_MS, WatchedProcess } from './watched.ts';

const VARIABLE = 'SESSION_MEMORY_SUPERVISED';
const SIGN_MS = 1_000;

/**
 * Null: this process is the one that does it. `mount`: what may never answer; null: nothing that the call needs. `otherwise`: what
 * else may be given, as the end of a sentence.
 */
export async function supervised(
  context: Context,
  mount: string | null,
  otherwise: string,
): Promise<ExitCode | null> {
  if (context.host.env[VARIABLE] !== undefined) {
    lookAnywhere();
    // Waiting for a program or a person is no silence.
    setInterval(() => undefined, SIGN_MS).unref();
    return null;
  }
  if (mount === null || context.self === null) return null;
  const child = Bun.spawn([...context.self, ...context.argv], {
    stdio: ['inherit', 'inherit', 'inherit'],
    env: { ...(context.host.inheritedEnv ?? context.host.env), [VARIABLE]: '1' },
  });
  const end = await new WatchedProcess(child, SILENT_MS, context.signal).end();
  if (end.kind === 'stopped') return EXIT.interrupted;
  if (end.kind === 'ended') return end.code as ExitCode;
  throw fail(
    'io',
    `${mount} does not answer; it was left after ${SILENT_MS / 1000} s`,
    `Unmount it or wait until it answers; or give ${otherwise} on another file system.`,
  );
}
