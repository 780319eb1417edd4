/** The real process dies at each point of a meeting with the bucket: the next one ends as if nothing had been. */
import { expect, test } from 'bun:test';
import { tortureBinary } from '../../scripts/torture/binary.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { ModelBucket } from '../support/model-bucket.ts';
import { id, Machine, uid } from '../support/remote-machine.ts';

const POINTS = [
  'remote.packs',
  'remote.pending',
  'remote.commit-written',
  'remote.committed',
  'remote.commit-taken',
];
const text = (n: number, lines: number) =>
  Array.from({ length: lines }, (_, i) => promptLine(id(n), `session ${n} step ${i}`)).join('');

test.each(POINTS)(
  'a death at %s loses nothing, doubles nothing and makes no other machine',
  async (point) => {
    const binary = await tortureBinary();
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop', binary);
    using desktop = await Machine.joined(model, 'desktop', binary);
    for (const [n, machine] of [
      [1, laptop],
      [2, desktop],
    ] as const) {
      machine.put(claudePath(id(n)), text(n, 1));
      await machine.ok('ingest');
      await machine.sync();
      machine.put(claudePath(id(n)), text(n, 3));
      await machine.ok('ingest');
    }
    await desktop.sync();
    const env = laptop.env;
    laptop.env = { ...env, SESSION_MEMORY_KILL_AT: `${point}:1` };
    expect((await laptop.run('remote', 'sync')).code).toBe(137);
    laptop.env = env;
    const { notes, problems } = await laptop.sync();
    expect([notes, problems]).toEqual([[], []]);
    await desktop.sync();
    expect(
      model
        .names('some/log/')
        .map((name) => name.split('/').at(-1))
        .sort(),
    ).toEqual([...['0000000000', '0000000000', '0000000001', '0000000001']]);
    for (const machine of [laptop, desktop]) {
      for (const n of [1, 2]) expect((await machine.ok('show', uid(n), '--raw')).out).toBe(text(n, 3));
      expect((await machine.sync()).requests).toBe(1);
      expect((await machine.ok('verify')).out).toStartWith('All is well');
    }
    expect((await laptop.ok('verify', '--remote')).out).toStartWith('All is well');
  },
  300_000,
);
