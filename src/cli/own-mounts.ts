/**
 * Whether the store and the configuration lie where something answers: on a share whose server is gone each command would wait
 * for good, and some could only be killed.
 * Promises: nothing is started, and nothing but the table of mounts is read, where all lies on this machine's own disks.
 */
import { fail } from '../domain/errors.ts';
import { awayMount } from '../files/mounts.ts';
import type { Context } from './context.ts';
import type { VisitOrder } from './visitor.ts';
import { SILENT_MS, WatchedProcess } from './watched.ts';

export interface OwnPlace {
  readonly path: string;
  /** As a sentence begins. */
  readonly what: string;
  /** How another one is named. */
  readonly flag: string;
}

/** Fails where the mount that the place lies on does not answer. `self`: null where this program cannot be started once more. */
export async function answers(
  { path, what, flag }: OwnPlace,
  self: Context['self'],
  signal: AbortSignal,
  silentMs = SILENT_MS,
): Promise<void> {
  const mount = awayMount(path);
  if (mount === null || self === null) return;
  const order: VisitOrder = { kind: 'look', mount, path };
  const child = Bun.spawn([...self, 'visit', JSON.stringify(order)], {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  const end = await new WatchedProcess(child, silentMs, signal).end();
  if (end.kind === 'ended') return;
  // Of one that was stopped the signal is told; to go on would be to wait there.
  throw fail(
    'io',
    `${mount} does not answer; it was left after ${silentMs / 1000} s. ${what} lies on it: ${path}`,
    `Unmount it or wait until it answers; or name one on another file system with ${flag}.`,
  );
}
