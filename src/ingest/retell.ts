/**
 * Sessions whose times did not count when they were read, since the clock was behind: they are told again once they do.
 * Promises: reads the ends of what is stored, of such sessions alone; nothing is found by reading all of them.
 */

import { agentById } from '../agents/registry.ts';
import { horizon } from '../domain/time.ts';
import { retimeAll, retimeSession } from '../store/clock.ts';
import { filesOf, findSession, sessionIdOf, sessionsToldLater } from '../store/read.ts';
import { fileChunks } from '../store/segments.ts';
import { describeSession, timesOf } from '../store/write-raw.ts';
import { type AnalyzeDeps, analyzeSession } from './analyze.ts';

/** Tells the times of such sessions again; those with a digest get it anew. What the store noted under a wrong clock is put right. */
export async function retellTimes(deps: AnalyzeDeps, signal: AbortSignal): Promise<void> {
  const now = deps.clock.now();
  for (const { uid, laterAt } of sessionsToldLater(deps.db, horizon(now))) {
    if (signal.aborted) return;
    const session = findSession(deps.db, uid);
    const agent = session === null ? null : agentById(session.agent, deps.host);
    const main = filesOf(deps.db, uid).find(({ role, gone }) => role === 'main' && !gone);
    if (session === null || agent === null || main === undefined) continue;
    const { head, tail } = ends(fileChunks(deps.db, uid, main));
    const times = timesOf(agent.peek(head, tail), now);
    deps.db.writeTransaction(() => {
      describeSession(deps.db, sessionIdOf(deps.db, uid), { ...nothingElse, ...times });
      retimeSession(deps.db, uid, laterAt, now);
    });
    if (session.analyzedAt !== null) await analyzeSession(deps, uid, signal);
  }
  retimeAll(deps.db, now);
}

const nothingElse = { project: null, title: null, branch: null, parentUid: null } as const;

const HEAD_BYTES = 256 * 1024;
const TAIL_BYTES = 64 * 1024;

/** The first and the last bytes of a stored file. */
function ends(chunks: Iterable<Uint8Array>): { readonly head: Uint8Array; readonly tail: Uint8Array } {
  let head: Uint8Array | null = null;
  let tail: Uint8Array = new Uint8Array(0);
  for (const chunk of chunks) {
    head ??= chunk.slice(0, HEAD_BYTES);
    tail =
      chunk.length >= TAIL_BYTES
        ? chunk.slice(-TAIL_BYTES)
        : Buffer.concat([tail, chunk]).subarray(-TAIL_BYTES);
  }
  return { head: head ?? tail, tail };
}
