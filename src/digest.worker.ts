/** A thread that makes the digests of new sessions, of bytes that it is handed. It knows no store and no disk. */

import { agentById, agentOfFormat } from './agents/registry.ts';
import type { WorkerReply, WorkerRequest } from './cli/threads.ts';
import { messageOf } from './domain/errors.ts';
import type { Digested, DigestRequest } from './ingest/fast-path/prepare.ts';
import { digestOf } from './ingest/fast-path/prepare-digest.ts';

declare const self: Worker;

/** Garbage of so many bytes of transcripts is collected: left to itself the program would pass the memory that it promises. */
const COLLECT_EVERY_BYTES = 32 * 1024 * 1024;

let sinceCollected = 0;
/** One session at a time: two would take the memory of both. */
let queue: Promise<void> = Promise.resolve();

self.onmessage = ({ data: { id, order } }: MessageEvent<WorkerRequest<DigestRequest>>) => {
  queue = queue.then(() =>
    digested(order).then(
      (result) => self.postMessage({ id, ok: true, result } satisfies WorkerReply<Digested>),
      (thrown) =>
        self.postMessage({ id, ok: false, message: messageOf(thrown) } satisfies WorkerReply<Digested>),
    ),
  );
};

async function digested(order: DigestRequest): Promise<Digested> {
  const agent = order.own === undefined ? agentById(order.agent) : agentOfFormat(order.agent, order.own);
  if (agent === null) throw new Error(`no agent ${order.agent}`);
  const made = await digestOf(order, agent);
  // Given back at once: the collector knows nothing of how much it is.
  for (const { memory } of order.files) memory.transfer(0);
  sinceCollected += order.rawBytes;
  if (sinceCollected >= COLLECT_EVERY_BYTES) {
    sinceCollected = 0;
    Bun.gc(true);
  }
  return made;
}
