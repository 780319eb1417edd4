/** A thread that makes new sessions ready: reads, hashes, compresses and digests them. It knows no store. */

import type { Asked, Told } from './cli/threads.ts';
import { messageOf } from './domain/errors.ts';
import { agentById, agentOfFormat } from './ingest/agents/index.ts';
import { Arena, type Order, type Prepared, prepare } from './ingest/prepare.ts';

declare const self: Worker;

const arena = new Arena();
/** One session at a time: they share the arena. */
let queue: Promise<void> = Promise.resolve();

self.onmessage = ({ data: { id, order } }: MessageEvent<Asked<Order>>) => {
  queue = queue.then(() =>
    prepared(order).then(
      (ready) =>
        // Handed over, not copied.
        self.postMessage({ id, ok: true, result: ready } satisfies Told<Prepared>, buffersOf(ready)),
      (thrown) => self.postMessage({ id, ok: false, message: messageOf(thrown) } satisfies Told<Prepared>),
    ),
  );
};

async function prepared(order: Order): Promise<Prepared> {
  const agent = order.own === undefined ? agentById(order.agent) : agentOfFormat(order.agent, order.own);
  if (agent === null) throw new Error(`no agent ${order.agent}`);
  return await prepare(order, agent, arena);
}

function buffersOf(ready: Prepared): ArrayBuffer[] {
  return ready.files.flatMap((file) => file.segments.map(({ data }) => data.buffer as ArrayBuffer));
}
