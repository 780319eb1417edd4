/** `remote forget`: a session that every machine and the bucket are rid of at once, and a machine that is gone. */
import { expect, test } from 'bun:test';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { ModelBucket } from '../support/model-bucket.ts';
import { evicted, filesIn, id, Machine } from '../support/remote-machine.ts';

const LONG = 120_000;

test(
  'remote forget takes a session out of the bucket at once, and each machine forgets it at its next sync',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    using desktop = await Machine.joined(model, 'desktop');
    for (const n of [1, 2]) laptop.write(n, `number ${n}`);
    await laptop.ok('ingest');
    await laptop.sync();
    await desktop.sync();
    const packs = model.names('some/packs/');
    const asked = await laptop.run('remote', 'forget', id(1));
    expect([asked.code, asked.err.includes('needs consent')]).toEqual([2, true]);
    expect(model.names('some/packs/')).toEqual(packs);
    const told = await laptop.ok('remote', 'forget', id(1), '--yes');
    expect(told.out).toContain('with pieces of what was forgotten');
    expect(told.out).not.toContain('The bucket has it still');
    expect(packs.some((name) => model.objects.has(name))).toBe(false);
    await desktop.sync();
    expect((await desktop.ok('search', 'number')).out).not.toContain(id(1));
    expect((await desktop.ok('show', id(2), '--raw')).out).toContain('number 2');
    const json = (await laptop.ok('remote', 'forget', id(2), '--yes', '--json')).json() as {
      forgotten: string[];
    };
    expect(json.forgotten).toHaveLength(1);
    for (const wrong of [
      ['remote', 'forget'],
      ['remote', 'forget', id(1), '--machine', 'x'],
    ])
      expect((await laptop.run(...wrong)).code).toBe(2);
  },
  LONG,
);

test(
  'a machine that is gone keeps nothing in the bucket that was forgotten; its other sessions stay, and it may come back',
  async () => {
    using model = await ModelBucket.started();
    using old = await Machine.joined(model, 'old');
    using laptop = await Machine.joined(model, 'laptop');
    for (const n of [1, 2, 3]) old.write(n, `number ${n}`);
    await old.ok('ingest');
    await old.sync();
    const packs = model.names('some/packs/');
    // Its rows are newer than its bytes.
    await old.ok('evict', id(3), '--yes');
    await old.sync();
    await laptop.sync();
    const waits = await laptop.ok('remote', 'forget', id(1), '--yes');
    expect(waits.out).toContain('remote forget --machine NAME');
    expect(packs.every((name) => model.objects.has(name))).toBe(true);
    const wrong = await laptop.run('remote', 'forget', '--machine', 'oldest');
    expect([wrong.code, wrong.err.includes('There are old')]).toEqual([2, true]);

    const told = await laptop.ok('remote', 'forget', '--machine', 'old');
    expect(told.out).toContain('old counts as gone');
    expect(packs.some((name) => model.objects.has(name))).toBe(false);
    expect((await laptop.ok('verify', '--remote')).out).toStartWith('All is well in the bucket');
    using third = await Machine.joined(model, 'third');
    await third.sync();
    for (const machine of [laptop, third])
      for (const n of [2, 3])
        expect((await machine.ok('show', id(n), '--raw')).out).toBe(
          promptLine(id(n), `number ${n}`, `2026-05-0${n}T00:00:00.000Z`),
        );
    expect((await laptop.sync()).requests).toBe(1);

    const back = await old.run('remote', 'sync');
    expect([back.code, back.err]).toEqual([1, expect.stringContaining('goes on under an id of its own')]);
    expect((await old.sync()).problems).toEqual([]);
    expect((await old.ok('list')).out).not.toContain('number 1');
    old.put(
      claudePath(id(2)),
      promptLine(id(2), 'number 2', '2026-05-02T00:00:00.000Z') + promptLine(id(2), 'later'),
    );
    await old.ok('ingest');
    await old.sync();
    await laptop.sync();
    expect((await laptop.ok('search', 'later')).out).toContain(id(2));
    expect((await laptop.ok('show', id(3), '--raw')).out).toContain('number 3');
    expect((await old.ok('verify', '--remote')).out).toStartWith('All is well in the bucket');
  },
  LONG,
);

test(
  'a pack that the bucket has lost is a failure, whichever way its session is asked for, and no wrong usage',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await evicted(model, promptLine(id(1), 'of the bucket alone'));
    for (const name of model.names('some/packs/')) model.objects.delete(name);
    for (const args of [
      ['show', id(1), '--raw'],
      ['restore', id(1)],
      ['restore', id(1), '--dry-run'],
    ]) {
      const told = await laptop.run(...args);
      expect([args[0], told.code]).toEqual([args[0], 1]);
      expect(told.err).toContain('is missing from the bucket');
    }
    expect(filesIn(laptop.home).filter((name) => name.endsWith('.jsonl'))).toEqual([]);
  },
  LONG,
);
