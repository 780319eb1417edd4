/**
 * What is told of a session again though nothing of it is new: its times, where they did not count when they were read, since the clock was
 * behind; its name, where a person gave it one in its agent's list since.
 * Promises: reads what is stored of such sessions alone; nothing is found by reading all of them.
 */

import { join } from 'node:path';
import { agentById } from '../agents/registry.ts';
import type { AgentFormat } from '../domain/agent.ts';
import type { SessionRow } from '../domain/session.ts';
import { horizon } from '../domain/time.ts';
import { retimeAll, retimeSession } from '../store/clock.ts';
import { filesOf, findSession, sessionIdOf, sessionsToldLater } from '../store/read.ts';
import { agentRootOf, bearersOf } from '../store/read-sources.ts';
import { fileChunks } from '../store/segments.ts';
import { describeSession, timesOf } from '../store/write-raw.ts';
import { type AnalyzeDeps, analyzeSession } from './analyze.ts';
import { smallText } from './discover/roots.ts';
import { aboutOf } from './session-description.ts';

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

/**
 * Gives sessions the names that they have in the lists under these roots; those with a digest get it anew, without asking an analyzer of the
 * person's again. Of several sessions of one id a list does not say which it means.
 */
export async function retellNames(
  deps: AnalyzeDeps,
  roots: readonly { readonly agent: AgentFormat; readonly root: string }[],
  signal: AbortSignal,
): Promise<void> {
  for (const { agent, root } of roots) {
    const { namedIn } = agent;
    if (namedIn === undefined) continue;
    for (const [nativeId, name] of namedIn.names(smallText(join(root, namedIn.file)) ?? '')) {
      if (signal.aborted) return;
      const [only, ...others] = bearersOf(deps.db, agent.id, nativeId);
      if (only === undefined || others.length > 0) continue;
      const session = findSession(deps.db, only.uid);
      if (session === null || session.evictedAt !== null || session.title === name) continue;
      if (agentRootOf(deps.db, session.uid) === root) await retellName(deps, session, name, signal);
    }
  }
}

async function retellName(
  deps: AnalyzeDeps,
  session: SessionRow,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const { uid, title: before, analyzedAt } = session;
  const { title } = await aboutOf({ title: name, project: null, branch: null, isListed: true });
  if (title === null || title === before) return;
  deps.db.writeTransaction(() => {
    const times = { startedAt: null, endedAt: null };
    describeSession(deps.db, sessionIdOf(deps.db, uid), { ...nothingElse, ...times, title });
  });
  if (analyzedAt !== null) await analyzeSession({ ...deps, external: null }, uid, signal);
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
