/** What somebody who may write to the bucket can do to it: each is named, and nothing of it is taken. */
import { describe, expect, test } from 'bun:test';
import { armKillPoints } from '../../src/domain/kill-point.ts';
import { commitName, headName, newId, packName } from '../../src/remote/layout.ts';
import { listSessions } from '../../src/store/read.ts';
import { remoteState } from '../../src/store/remote/state.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { ModelBucket } from '../support/model-bucket.ts';
import { RemoteWorld } from '../support/remote-world.ts';

const id = (n: number) => `b000000${n}-0000-4000-8000-000000000000`;
const uid = (n: number) => `claude-code:${id(n)}`;
const LONG = 60_000;

async function stored(model: ModelBucket, name: string, sessions: readonly number[]): Promise<RemoteWorld> {
  const machine = new RemoteWorld(model, name);
  for (const n of sessions) {
    machine.put(claudePath(id(n)), promptLine(id(n), `session ${n}`));
    await machine.ingest();
    await machine.sync();
  }
  return machine;
}

type Attack = (model: ModelBucket, machine: RemoteWorld) => void;
const packs = (model: ModelBucket) => model.names('packs/');
const first = (names: readonly string[]) => names[0] ?? '';
const swap = (model: ModelBucket, a: string, b: string) => {
  const [one, two] = [model.bytes(a), model.bytes(b)];
  model.put(a, two);
  model.put(b, one);
};

/** By name: what is done, and what is told of it by whoever looks at everything. */
const ATTACKS: readonly (readonly [string, Attack, RegExp])[] = [
  [
    'two packs are swapped',
    (model) => swap(model, packs(model)[0] ?? '', packs(model)[1] ?? ''),
    /put in its place: packs\//,
  ],
  [
    'two commits are swapped',
    (model, { id: own }) => swap(model, commitName(own, 0), commitName(own, 1)),
    /put in its place: log\//,
  ],
  [
    'an old commit is put behind the last one',
    (model, { id: own }) => model.put(commitName(own, 2), model.bytes(commitName(own, 0))),
    /put in its place: log\//,
  ],
  [
    'a pack is cut',
    (model) => model.put(first(packs(model)), model.bytes(first(packs(model))).subarray(0, -1)),
    /changed or cut off/,
  ],
  [
    'a pack is cut to its beginning',
    (model) => model.put(first(packs(model)), model.bytes(first(packs(model))).subarray(0, 20)),
    /cut off/,
  ],
  [
    'a commit is emptied',
    (model, { id: own }) => model.put(commitName(own, 0), new Uint8Array(0)),
    /it is empty/,
  ],
  [
    'a pack is taken away',
    (model) => void model.objects.delete(first(packs(model))),
    /missing from the bucket/,
  ],
  [
    'the newest commit is taken away',
    (model, { id: own }) => void model.objects.delete(commitName(own, 1)),
    /missing from the bucket/,
  ],
  [
    'something foreign stands for a pack',
    (model) => model.put(first(packs(model)), Buffer.from('<html>')),
    /it is foreign/,
  ],
  [
    'a foreign pack is added',
    (model) => model.put(`packs/ab/ab${'0'.repeat(30)}`, Buffer.from('<html>')),
    /it is foreign/,
  ],
  [
    'a foreign head is added',
    (model) => model.put(`heads/${'f'.repeat(32)}`, Buffer.from('1')),
    /heads\/f+: .*it is foreign/,
  ],
  [
    'a head stands in the place of another',
    (model, { id: own }) => model.put(`heads/${'f'.repeat(32)}`, model.bytes(`heads/${own}`)),
    /another object was put in its place/,
  ],
  [
    'a head tells of a commit that is not there',
    (model, { id: own }) => {
      model.objects.delete(commitName(own, 0));
      model.objects.delete(commitName(own, 1));
    },
    /log\/\w+\/0000000001: it is missing/,
  ],
  ['the format is taken away', (model) => void model.objects.delete('format'), /format: it is missing/],
  [
    'the format is that of another bucket',
    (model) => model.put('format', Buffer.from(model.bytes('format').toString().replace(/b0b0/, 'b1b1'))),
    /format: it is of another bucket/,
  ],
  [
    'all keys are taken away',
    (model) => void model.objects.delete(model.names('keys/')[0] ?? ''),
    /no wrapped key/,
  ],
  [
    'the only key is cut',
    (model) => {
      const name = model.names('keys/')[0] ?? '';
      model.put(name, model.bytes(name).subarray(0, -40));
    },
    /keys\/\w+\.age: it is cut off[\s\S]*no wrapped key/,
  ],
  [
    'something foreign stands for the only key',
    (model) => model.put(model.names('keys/')[0] ?? '', Buffer.from('<html>')),
    /keys\/\w+\.age: it is cut off, changed or foreign[\s\S]*no wrapped key/,
  ],
  [
    'a foreign object is added',
    (model) => model.put('packs/readme.txt', Buffer.from('hello')),
    /it is foreign: no object/,
  ],
];

describe('who looks at everything is told', () => {
  test.each(ATTACKS)(
    '%s',
    async (_, attack, told) => {
      using model = await ModelBucket.started();
      using machine = await stored(model, 'one', [1, 2]);
      expect((await machine.verified()).findings).toEqual([]);
      attack(model, machine);
      const { findings, hit } = await machine.verified();
      expect(findings.map(({ object, problem }) => `${object}: ${problem}`).join('\n')).toMatch(told);
      const isHarmless =
        /foreign \w+ is added|a head stands|behind the last one|the format|all keys|only key/.test(_);
      expect(hit.length > 0 || findings.some(({ object }) => object.startsWith('log/'))).toBe(
        !isHarmless || /behind/.test(_),
      );
    },
    LONG,
  );
});

describe('who joins takes nothing that is not right, and the others', () => {
  test.each(ATTACKS)(
    '%s',
    async (_, attack) => {
      using model = await ModelBucket.started();
      using machine = await stored(model, 'one', [1, 2]);
      attack(model, machine);
      using late = new RemoteWorld(model, 'late');
      const { read } = await late.sync();
      for (const { uid: known } of listSessions(late.db, {})) {
        const text = await late.fetch(known).catch((thrown) => `refused: ${thrown}`);
        const n = Number(known[19]);
        if (!/^(refused|damaged|not in)/.test(text)) expect(text).toBe(promptLine(id(n), `session ${n}`));
      }
      expect(listSessions(late.db, {}).length + read.problems.length).toBeGreaterThan(0);
      // What one object holds is lost; what others hold comes.
      expect(listSessions(late.db, {}).length).toBeGreaterThanOrEqual(/swapped|tells of/.test(_) ? 0 : 1);
    },
    LONG,
  );
});

test(
  'a bucket that is set back to an older state is told, and what is still here is uploaded again',
  async () => {
    using model = await ModelBucket.started();
    using machine = await stored(model, 'one', [1]);
    const before = new Map(model.objects);
    machine.put(claudePath(id(2)), promptLine(id(2), 'session 2'));
    await machine.ingest();
    await machine.sync();
    model.objects.clear();
    for (const [name, object] of before) model.objects.set(name, object);
    const { read, notes, uploaded } = await machine.sync();
    expect(read.problems).toEqual([
      { object: commitName(machine.id, 1), problem: 'it is missing from the bucket' },
    ]);
    expect(notes.join()).toContain('has lost what this machine had put there');
    expect(uploaded.sessions.sort() as string[]).toEqual([uid(1), uid(2)]);
    for (const n of [1, 2]) expect(await machine.fetch(uid(n))).toBe(promptLine(id(n), `session ${n}`));
    expect((await machine.sync()).requests).toBe(1);
  },
  LONG,
);

test(
  'what was evicted here can still be had where the bucket has lost another commit',
  async () => {
    using model = await ModelBucket.started();
    using machine = await stored(model, 'one', [1, 2]);
    machine.evict(uid(1));
    model.objects.delete(commitName(machine.id, 1));
    model.objects.delete(model.names('heads/')[0] ?? '');
    expect((await machine.sync()).notes.join()).toContain('has lost');
    for (const n of [1, 2]) expect(await machine.fetch(uid(n))).toBe(promptLine(id(n), `session ${n}`));
  },
  LONG,
);

test(
  'a copy of a store that goes on as well takes an id of its own, and both are read by the others',
  async () => {
    using model = await ModelBucket.started();
    using original = await stored(model, 'original', [1]);
    using copy = new RemoteWorld(model, 'copy');
    copy.setBack(original.image());
    for (const [n, machine] of [
      [2, original],
      [3, copy],
    ] as const) {
      machine.put(claudePath(id(n)), promptLine(id(n), `session ${n}`));
      await machine.ingest();
    }
    await original.sync();
    const { notes } = await copy.sync();
    expect(notes.join()).toContain('goes on under an id of its own');
    expect(copy.id).not.toBe(original.id);
    await original.sync();
    using third = new RemoteWorld(model, 'third');
    await third.sync();
    for (const machine of [original, copy, third]) {
      await machine.sync();
      for (const n of [1, 2, 3])
        expect(await machine.fetch(uid(n)), `${n} from ${machine.name}`).toBe(
          promptLine(id(n), `session ${n}`),
        );
    }
  },
  LONG,
);

test(
  'a run that died before its commit does not take that of a copy for its own',
  async () => {
    using model = await ModelBucket.started();
    using original = await stored(model, 'original', [1]);
    using copy = new RemoteWorld(model, 'copy');
    copy.setBack(original.image());
    for (const [n, machine] of [
      [2, original],
      [3, copy],
    ] as const) {
      machine.put(claudePath(id(n)), promptLine(id(n), `session ${n}`));
      await machine.ingest();
    }
    armKillPoints((name) => {
      if (name === 'remote.pending') throw new Error('killed');
    });
    await expect(original.sync()).rejects.toThrow('killed');
    armKillPoints(null);
    const own = original.id;
    await copy.sync();
    expect([copy.id, (await original.sync()).notes.length]).toEqual([own, 1]);
    expect(original.id).not.toBe(own);
    await original.sync();
    for (const n of [1, 2, 3]) expect(await original.fetch(uid(n))).toBe(promptLine(id(n), `session ${n}`));
  },
  LONG,
);

test(
  'an answer to a commit that was lost makes no second commit, and no other id',
  async () => {
    using model = await ModelBucket.started();
    using machine = await stored(model, 'one', [1]);
    const own = machine.id;
    machine.put(claudePath(id(2)), promptLine(id(2), 'session 2'));
    await machine.ingest();
    // Each try of the commit takes place, and none of them is answered.
    model.fault = ({ method, key }) =>
      method !== 'LIST' && key.startsWith('log/') ? { kind: 'lost' } : null;
    await expect(machine.sync()).rejects.toThrow('cannot be reached');
    expect(model.names(`log/${own}/`)).toHaveLength(2);
    model.fault = () => null;
    const { notes, uploaded } = await machine.sync();
    expect([notes, uploaded.sessions, machine.id]).toEqual([[], [], own]);
    expect(remoteState(machine.db)?.next).toBe(2);
    expect((await machine.sync()).requests).toBe(1);
  },
  LONG,
);

test(
  'a pack that does not come back as it was written is not counted on',
  async () => {
    using model = await ModelBucket.started();
    using machine = new RemoteWorld(model, 'one');
    machine.put(claudePath(id(1)), promptLine(id(1), 'session 1'));
    await machine.ingest();
    model.fault = ({ method, key }) => {
      if (method === 'GET' && key.startsWith('packs/')) model.put(key, Buffer.from('rotten'));
      return null;
    };
    await expect(machine.sync()).rejects.toThrow('did not come back');
    expect(model.names('log/')).toEqual([]);
    expect(await machine.fetch(uid(1))).toBe('not in the bucket');
    expect(packName(newId())).toStartWith('packs/');
  },
  LONG,
);

test(
  'an object of a number far ahead costs neither memory nor what its machine writes later',
  async () => {
    using model = await ModelBucket.started();
    using machine = await stored(model, 'one', [1]);
    using reader = new RemoteWorld(model, 'reader');
    await reader.sync();
    model.put(commitName(machine.id, 9_999_999_999), Buffer.from('put there by somebody else'));
    model.put(headName(machine.id), Buffer.from('as well'));
    const { read } = await reader.sync();
    expect(read.problems.length).toBeLessThan(2000);
    expect(read.problems.map(({ problem }) => problem).join()).toContain('foreign');
    model.objects.delete(commitName(machine.id, 9_999_999_999));
    machine.put(claudePath(id(2)), promptLine(id(2), 'session 2'));
    await machine.ingest();
    await machine.sync();
    expect((await reader.sync()).read.sessions.join()).toBe(uid(2));
    expect(await reader.fetch(uid(2))).toBe(promptLine(id(2), 'session 2'));
  },
  LONG,
);
