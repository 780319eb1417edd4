/** Threads that make digests for an ingest: what comes of them, and what becomes of the sessions of one that dies. */
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { PreparerThreads } from '../../src/cli/digest-workers.ts';
import { Threads, type WorkerRequest } from '../../src/cli/threads.ts';
import type { DigestRequest } from '../../src/ingest/fast-path/prepare.ts';
import { ingest } from '../../src/ingest/ingest.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const ID = (n: number) => `5000000${n}-0000-4000-8000-000000000000`;
const ENOUGH = 64 * 1024 * 1024;

function worldOf(sessions: number): World {
  const world = new World();
  for (let n = 1; n <= sessions; n++) world.put(claudePath(ID(n)), promptLine(ID(n), `words of ${n}`));
  return world;
}

const fakeFields = { onmessage: null, onerror: null, addEventListener: () => undefined };

/** A worker that does what `asked` does, in place of a thread. */
function fake(asked: (worker: Worker, message: WorkerRequest<DigestRequest>) => void): () => Worker {
  return () => {
    const worker = {
      ...fakeFields,
      postMessage: (message: WorkerRequest<DigestRequest>) => asked(worker as unknown as Worker, message),
      terminate: () => undefined,
    };
    return worker as unknown as Worker;
  };
}

test('a thread makes the digests that the long way makes', async () => {
  using long = worldOf(9);
  using world = worldOf(9);
  using threads = new PreparerThreads(
    () => new Worker(new URL(join(import.meta.dir, '../../src/digest.worker.ts'), 'file://').href),
  );
  world.preparer = threads.forBytes(ENOUGH);
  expect(world.preparer, 'threads were started').not.toBeNull();
  await long.ingest();
  expect(await world.ingest()).toMatchObject({ sessions_new: 9, analyzed: 9, failed: 0, warnings: [] });
  for (let n = 1; n <= 9; n++) {
    expect(world.digestJson(`claude-code:${ID(n)}`)).toBe(long.digestJson(`claude-code:${ID(n)}`));
    expect(world.stored(`claude-code:${ID(n)}`).equals(long.stored(`claude-code:${ID(n)}`))).toBe(true);
  }
});

test.each([
  [
    'dies at the third session',
    fake((worker, { id }) => {
      const event = id < 3 ? { data: { id, ok: false, message: 'no' } } : { message: 'killed' };
      queueMicrotask(() =>
        id < 3
          ? worker.onmessage?.call(worker, event as MessageEvent)
          : worker.onerror?.call(worker, event as ErrorEvent),
      );
    }),
  ],
  [
    'fails at each',
    fake((worker, { id }) =>
      queueMicrotask(() =>
        worker.onmessage?.call(worker, { data: { id, ok: false, message: 'out of memory' } } as MessageEvent),
      ),
    ),
  ],
  [
    'cannot even be handed the bytes',
    fake(() => {
      throw new Error('could not be cloned');
    }),
  ],
])('sessions of a thread that %s go the long way', async (_how, start) => {
  using world = worldOf(9);
  using threads = new PreparerThreads(start);
  world.preparer = threads.forBytes(ENOUGH);
  expect(await world.ingest()).toMatchObject({ sessions_new: 9, analyzed: 9, failed: 0, warnings: [] });
  expect(world.stored(`claude-code:${ID(9)}`).toString()).toBe(promptLine(ID(9), 'words of 9'));
});

test('where not all can be started, those that can do it, and they are ended too', async () => {
  using world = worldOf(3);
  const ended: number[] = [];
  let tried = 0;
  const threads = new Threads<string, string>();
  const started = threads.start(3, () => {
    tried += 1;
    const n = tried;
    if (n === 2) throw new Error('resource temporarily unavailable');
    const worker = {
      ...fakeFields,
      postMessage(this: Worker, { id, order }: WorkerRequest<string>) {
        queueMicrotask(() => this.onmessage?.({ data: { id, ok: true, result: order } } as MessageEvent));
      },
      terminate: () => ended.push(n),
    };
    return worker as unknown as Worker;
  });
  expect([started, tried]).toEqual([true, 2]);
  expect(await threads.ask('done by the first')).toBe('done by the first');
  await threads.askEach('all');
  threads.end();
  expect(ended).toEqual([1]);
  expect(threads.isRunning).toBe(false);
  using none = new PreparerThreads(() => {
    throw new Error('no more threads');
  });
  expect(none.forBytes(ENOUGH)).toBeNull();
  world.preparer = none;
  expect(await world.ingest()).toMatchObject({ sessions_new: 3, analyzed: 3, failed: 0 });
});

test('nothing is started for sessions that a rule leaves out', async () => {
  using world = worldOf(3);
  const asked: number[] = [];
  const deps = {
    db: world.db,
    host: world.host,
    clock: world.clock,
    analyze: { db: world.db, clock: world.clock, external: null, host: world.host },
    preparer: (newBytes: number) => {
      asked.push(newBytes);
      return null;
    },
    progress: () => undefined,
    signal: new AbortController().signal,
  };
  const options = {
    paths: [],
    agent: null,
    since: null,
    project: null,
    full: false,
    dryRun: false,
    analyze: true,
    exclude: ['/home/me/*'],
    hardCapBytes: 6 * 1024 ** 3,
  };
  expect(await ingest(deps, options)).toMatchObject({ sessions_excluded: 3, sessions_new: 0 });
  expect(asked).toEqual([0]);
  expect(await ingest(deps, { ...options, exclude: [] })).toMatchObject({ sessions_new: 3 });
  expect(asked[1], 'all that was new').toBeGreaterThan(0);
});

test('threads are started only where there is enough for them, and never where there are none', () => {
  let started = 0;
  using threads = new PreparerThreads(() => {
    started += 1;
    return fake(() => undefined)();
  });
  expect(threads.forBytes(1024)).toBeNull();
  expect(started).toBe(0);
  expect(threads.forBytes(ENOUGH)).not.toBeNull();
  expect(started).toBeGreaterThan(0);
  expect(new PreparerThreads(null).forBytes(ENOUGH)).toBeNull();
});
