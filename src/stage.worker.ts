/** A thread that writes files of a restore beside their places. It only reads the store. */

import type { StageAsked } from './cli/restore-workers.ts';
import type { WorkerReply, WorkerRequest } from './cli/threads.ts';
import { messageOf } from './domain/errors.ts';
import { stageFiles } from './restore/stage.ts';
import type { ReadableDb } from './store/connection.ts';
import { openReadable } from './store/open.ts';

declare const self: Worker;

/** Orders whose files are written and not yet flushed, at most: each file that is being flushed is open. */
const UNFLUSHED_MAX = 2;

/** Open from the first order until it is told that nothing more comes. */
let db: ReadableDb | null = null;
const unflushed = new Set<Promise<void>>();
let queue: Promise<void> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<WorkerRequest<StageAsked>>) => {
  queue = queue.then(async () => {
    while (unflushed.size >= UNFLUSHED_MAX) await Promise.race(unflushed);
    const one = answer(data).finally(() => unflushed.delete(one));
    unflushed.add(one);
  });
};

async function answer({ id, order: { storePath, files } }: WorkerRequest<StageAsked>): Promise<void> {
  try {
    if (files === null) {
      db?.close();
      db = null;
      self.postMessage({ id, ok: true, result: [] } satisfies WorkerReply<boolean[]>);
      return;
    }
    db ??= openReadable(storePath);
    const result = await stageFiles(db, files);
    self.postMessage({ id, ok: true, result } satisfies WorkerReply<boolean[]>);
  } catch (thrown) {
    self.postMessage({ id, ok: false, message: messageOf(thrown) } satisfies WorkerReply<boolean[]>);
  }
}
