/**
 * The part of making a session ready that is worth a thread of its own: its digest, of bytes that were read elsewhere.
 * Promises: the digest that the analysis of the same bytes makes. Never: touches a disk or a store.
 */
import { makeDigest } from '../../digest/digest.ts';
import { type AgentFormat, toldAs } from '../../domain/agent.ts';
import type { Digest } from '../../domain/digest.ts';
import { aboutOf } from '../session-description.ts';
import { type Digested, type DigestRequest, type PreparedDigest, segmentsOf } from './prepare.ts';

export async function digestOf(order: DigestRequest, agent: AgentFormat): Promise<Digested> {
  const about = await aboutOf(order.peek);
  const made = await makeDigest({
    uid: order.uid,
    agent,
    rawBytes: order.rawBytes,
    now: order.now,
    peekTitle: about.title,
    peekProject: about.project,
    files: order.files.flatMap(({ role, key, rawBytes, memory }) => {
      const told = toldAs(agent, role, key);
      if (told === null) return [];
      const chunks = segmentsOf(new Uint8Array(memory, 0, rawBytes));
      return [{ role: told, key, chunks, ...documentOf(agent, key, chunks) }];
    }),
  });
  const digest = made.ok ? whatIsSaved(made.digest, made.json) : { ok: false as const, why: made.why };
  return { about, digest };
}

/** New: nothing was removed from it yet. */
function documentOf(agent: Pick<AgentFormat, 'isDocument'>, key: string, present: readonly Uint8Array[]) {
  return agent.isDocument?.(key) === true ? { document: { present, removed: [] } } : {};
}

function whatIsSaved(digest: Digest, json: string): PreparedDigest {
  return {
    ok: true,
    json,
    title: digest.title,
    project: digest.project,
    branch: digest.branches.at(-1) ?? null,
    startedAt: digest.started_at,
    endedAt: digest.ended_at,
  };
}
