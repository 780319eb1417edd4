/**
 * Histories of agents, people and deaths, made from seeds, held to the laws after every step; one that breaks a law is shortened.
 * Promises: the same seed, the same history; what is told of a failure is enough to keep it as a test.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome, Part, Round } from './part.ts';
import { type Random, randomOf } from './random.ts';
import { type Action, historyOf } from './simulator-history.ts';
import { type PathAction, pathHistoryOf } from './simulator-paths-history.ts';
import { livePaths } from './simulator-paths-run.ts';
import { type Lived, live } from './simulator-run.ts';

/** Of one round, of each kind of life. */
const HISTORIES = 20;
/** Memory, where the system offers it as a folder: a history is a few hundred files. */
const MEMORY = '/dev/shm';

export const simulator: Part = {
  name: 'simulator',
  about:
    'Lives through made-up histories of agents, people, clocks, copies, moves and deaths, and holds the store to the laws of a model after every step.',
  unavailable: async () => null,
  round,
};

/** A kind of life: how its histories are made, and lived through in a folder. */
interface Kind<One> {
  readonly historyOf: (random: Random) => readonly One[];
  readonly live: Live<One>;
}

type Live<One> = (folder: string, history: readonly One[]) => Promise<Lived>;

/** Sessions as their agents keep them, and files whose place, form or time is another one than an agent gave. */
const SESSIONS: Kind<Action> = { historyOf, live };
const PATHS: Kind<PathAction> = { historyOf: pathHistoryOf, live: livePaths };

async function round(asked: Round): Promise<Outcome> {
  const [sessions, paths] = [await livesOf(asked, SESSIONS), await livesOf(asked, PATHS)];
  const harm = sessions.harm + paths.harm;
  const checks = sessions.checks + paths.checks;
  asked.log(`${HISTORIES} histories of sessions and of paths, ${harm} deaths, ${checks} checks`);
  return { harm, checks, failures: [...sessions.failures, ...paths.failures] };
}

async function livesOf<One>({ seed, folder }: Round, kind: Kind<One>): Promise<Outcome> {
  const failures: string[] = [];
  let harm = 0;
  let checks = 0;
  for (let i = 0; i < HISTORIES && failures.length === 0; i += 1) {
    const history = kind.historyOf(randomOf(seed * HISTORIES + i));
    const lived = await apart(folder, history, kind.live);
    harm += lived.deaths;
    checks += lived.checks;
    if (lived.broken.length > 0) failures.push(await told(folder, history, lived, kind.live));
  }
  return { harm, checks, failures };
}

async function told<One>(
  folder: string,
  history: readonly One[],
  lived: Lived,
  how: Live<One>,
): Promise<string> {
  const short = await shortened(history, async (one) => (await apart(folder, one, how)).broken.length > 0);
  const again = await apart(folder, short, how);
  return `${again.broken[0] ?? lived.broken[0]}\n  ${JSON.stringify(short)}`;
}

/** A history in a folder of its own, which is gone afterwards. */
export const liveApart = (folder: string, history: readonly Action[]) => apart(folder, history, live);
export const livePathsApart = (folder: string, history: readonly PathAction[]) =>
  apart(folder, history, livePaths);

async function apart<One>(folder: string, history: readonly One[], how: Live<One>): Promise<Lived> {
  const own = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : folder, 'session-memory-life-'));
  try {
    return await how(own, history);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

/** Leaves out what it can while it still fails: halves first, then single actions. */
export async function shortened<One>(
  history: readonly One[],
  fails: (history: readonly One[]) => Promise<boolean>,
): Promise<readonly One[]> {
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
