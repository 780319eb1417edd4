/** A thread that makes new sessions ready: reads, hashes, compresses and digests them. It knows no store. */

import type { PrepareAsked, PrepareTold } from './cli/preparers.ts';
import { messageOf } from './domain/errors.ts';
import { agentById, agentOfFormat } from './ingest/agents/index.ts';
import { Arena, type Order, type Prepared, prepare } from './ingest/prepare.ts';

declare const self: Worker;

/** What lies outside the heap presses no collector: left to itself the program would pass the memory that it promises. */
const COLLECT_EVERY_BYTES = 32 * 1024 * 1024;

const arena = new Arena();
let sinceCollected = 0;
/** One session at a time: they share the arena. */
let queue: Promise<void> = Promise.resolve();

self.onmessage = ({ data: { id, order } }: MessageEvent<PrepareAsked>) => {
  queue = queue.then(() =>
    prepared(order).then(
      (ready) =>
        // Handed over, not copied.
        self.postMessage({ id, ok: true, prepared: ready } satisfies PrepareTold, buffersOf(ready)),
      (thrown) => self.postMessage({ id, ok: false, message: messageOf(thrown) } satisfies PrepareTold),
    ),
  );
};

async function prepared(order: Order): Promise<Prepared> {
  const agent = order.own === undefined ? agentById(order.agent) : agentOfFormat(order.agent, order.own);
  if (agent === null) throw new Error(`no agent ${order.agent}`);
  const ready = await prepare(order, agent, arena);
  sinceCollected += ready.rawBytes;
  if (sinceCollected >= COLLECT_EVERY_BYTES) {
    sinceCollected = 0;
    Bun.gc(true);
  }
  return ready;
}

function buffersOf(ready: Prepared): ArrayBuffer[] {
  return ready.files.flatMap((file) => file.segments.map(({ data }) => data.buffer as ArrayBuffer));
}
