/**
 * Histories of agents, people and deaths, made from seeds, held to the laws after every step; one that breaks a law is shortened.
 * Promises: the same seed, the same history; what is told of a failure is enough to keep it as a test.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome, Part, Round } from './part.ts';
import { randomOf } from './random.ts';
import { type Action, historyOf } from './simulator-history.ts';
import { type Lived, live } from './simulator-run.ts';

/** Of one round. */
const HISTORIES = 20;
/** Memory, where the system offers it as a folder: a history is a few hundred files. */
const MEMORY = '/dev/shm';

export const simulator: Part = {
  name: 'simulator',
  about:
    'Lives through made-up histories of agents, people, clocks and deaths, and holds the store to the laws of a model after every step.',
  unavailable: async () => null,
  round,
};

async function round({ seed, folder, log }: Round): Promise<Outcome> {
  const failures: string[] = [];
  let harm = 0;
  let checks = 0;
  for (let i = 0; i < HISTORIES && failures.length === 0; i += 1) {
    const history = historyOf(randomOf(seed * HISTORIES + i));
    const lived = await liveApart(folder, history);
    harm += lived.deaths;
    checks += lived.checks;
    if (lived.broken.length > 0) failures.push(await told(folder, history, lived));
  }
  log(`${HISTORIES} histories, ${harm} deaths, ${checks} checks`);
  return { harm, checks, failures };
}

async function told(folder: string, history: readonly Action[], lived: Lived): Promise<string> {
  const short = await shortened(history, async (one) => (await liveApart(folder, one)).broken.length > 0);
  const again = await liveApart(folder, short);
  return `${again.broken[0] ?? lived.broken[0]}\n  ${JSON.stringify(short)}`;
}

/** A history in a folder of its own, which is gone afterwards. */
export async function liveApart(folder: string, history: readonly Action[]): Promise<Lived> {
  const own = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : folder, 'session-memory-life-'));
  try {
    return await live(own, history);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

/** Leaves out what it can while it still fails: halves first, then single actions. */
export async function shortened(
  history: readonly Action[],
  fails: (history: readonly Action[]) => Promise<boolean>,
): Promise<readonly Action[]> {
  let short = history;
  for (let size = Math.ceil(history.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < short.length; ) {
      const without = [...short.slice(0, at), ...short.slice(at + size)];
      if (without.length < short.length && (await fails(without))) short = without;
      else at += size;
    }
  }
  return short;
}
