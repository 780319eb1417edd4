/** A thread that makes the digests of new sessions, of bytes that it is handed. It knows no store and no disk. */

import { agentById, agentOfFormat } from './agents/registry.ts';
import type { WorkerReply, WorkerRequest } from './cli/threads.ts';
import { messageOf } from './domain/errors.ts';
import { Pacer } from './domain/pacer.ts';
import type { Digested, DigestRequest } from './ingest/fast-path/prepare.ts';
import { digestOf } from './ingest/fast-path/prepare-digest.ts';

declare const self: Worker;

const pacer = new Pacer();
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
  pacer.passed(order.rawBytes);
  return made;
}
