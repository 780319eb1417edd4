/** What a newer version of the program wrote into the bucket: it is named, waits to be read, and keeps nothing else back. */
import { expect, test } from 'bun:test';
import { FailureError } from '../../src/domain/errors.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import { readCommit } from '../../src/remote/commit.ts';
import { commitName, headName } from '../../src/remote/layout.ts';
import { masterKey, seal } from '../../src/remote/seal.ts';
import { findSession } from '../../src/store/read.ts';
import { remoteState } from '../../src/store/remote/state.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { ModelBucket } from '../support/model-bucket.ts';
import { id, uid } from '../support/remote-machine.ts';
import { RemoteWorld } from '../support/remote-world.ts';

const MASTER = await masterKey(Buffer.alloc(32, 7));
const zipped = (value: unknown) => Bun.zstdCompressSync(Buffer.from(JSON.stringify(value)));

test('a machine with a newer version is named with it, and all others are read', async () => {
  using model = await ModelBucket.started();
  using old = new RemoteWorld(model, 'old');
  using newer = new RemoteWorld(model, 'newer');
  using other = new RemoteWorld(model, 'other');
  for (const [n, machine] of [newer, other].entries()) {
    machine.put(claudePath(id(n + 1)), promptLine(id(n + 1), `number ${n + 1}`));
    await machine.ingest();
    await machine.sync();
  }
  const { machine = '', next = 0 } = remoteState(newer.db) ?? {};
  // Its next commit is of a form that nobody here knows.
  const name = commitName(machine, next);
  const said = { version: 7, machine, name: 'newer', program: '9.1.0', number: next, anything: [1] };
  model.put(name, Buffer.from(await seal(MASTER, name, zipped(said))));
  model.put(
    headName(machine),
    Buffer.from(await seal(MASTER, headName(machine), Buffer.from(`${next + 1}\n`))),
  );

  for (const _ of [1, 2]) {
    const { read, uploaded } = await old.sync();
    expect(read.problems.map(({ problem }) => problem)).toEqual([
      expect.stringContaining('newer has a newer version of session-memory (9.1.0)'),
    ]);
    expect(read.problems[0]?.problem).toContain('Update session-memory on this machine');
    expect(uploaded.problems).toEqual([]);
  }
  for (const n of [1, 2]) expect(findSession(old.db, uid(n) as SessionUid)).not.toBeNull();
  await expect(old.collect(), 'what cannot be read may name anything').rejects.toThrow('newer version');
  expect((await old.verified()).findings.map(({ object }) => object)).toEqual([name]);

  // As a version that knows that form would find it: the commit was not passed over.
  const plain = {
    version: 1,
    machine,
    name: 'newer',
    number: next,
    at: old.now,
    sessions: [],
    forgotten: [],
  };
  model.put(name, Buffer.from(await seal(MASTER, name, zipped(plain))));
  const { read } = await old.sync();
  expect([read.commits, read.problems]).toEqual([1, []]);
  expect((await old.sync()).requests).toBe(1);
});

test('a commit of a newer version tells what it can of itself, whatever else stands in it', () => {
  const machine = 'a1'.repeat(16);
  const told = (more: object) => {
    try {
      return readCommit(zipped({ version: 2, ...more }), machine, 0).name;
    } catch (thrown) {
      return thrown instanceof FailureError
        ? `${thrown.failure.code}: ${thrown.failure.message}`
        : String(thrown);
    }
  };
  expect(told({ name: 'desk', program: '2.0.0' })).toStartWith(
    'newer_store: desk has a newer version of session-memory (2.0.0)',
  );
  for (const more of [{}, { name: 7, program: [] }, { name: 'x'.repeat(999), program: null }])
    expect(told(more)).toStartWith('newer_store: a machine has a newer version');
});
