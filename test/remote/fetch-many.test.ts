/** Sessions out of the bucket with no more requests than are needed: dry runs, many at once, many files, more than fits into memory. */
import { expect, test } from 'bun:test';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import * as schemas from '../../src/cli/schemas.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { ModelBucket } from '../support/model-bucket.ts';
import { evicted, filesIn, id, longText, Machine, uid } from '../support/remote-machine.ts';

const LONG = 120_000;
const several = (out: string): z.output<typeof schemas.restoreSeveralSchema> =>
  schemas.restoreSeveralSchema.parse(JSON.parse(out));

test(
  'a dry run fetches the rows alone where nothing is at the place, and says what the restore does',
  async () => {
    using model = await ModelBucket.started();
    const text = longText(1, 9_000_000);
    using laptop = await evicted(model, text);
    laptop.write(2, 'a small one');
    await laptop.ok('ingest');
    await laptop.sync();
    await laptop.ok('evict', id(2), '--yes');
    rmSync(join(laptop.home, claudePath(id(2))));
    const packs = () => model.takeLog().filter((line) => line.startsWith('GET some/packs/')).length;
    for (const [names, rows] of [
      [[id(1)], 1],
      [[id(2), id(1)], 2],
    ] as const) {
      packs();
      const would = JSON.parse((await laptop.ok('restore', ...names, '--dry-run', '--json')).out);
      expect([names, packs()]).toEqual([names, rows]);
      expect(JSON.stringify(would)).toContain(claudePath(id(1)));
    }
    expect(filesIn(join(laptop.home, '.claude'))).toEqual([]);
    // Something is there: whether it is the same can be told only by its bytes.
    laptop.put(claudePath(id(1)), text);
    await laptop.ok('restore', id(1), '--dry-run');
    expect(packs()).toBe(model.names('some/packs/').length - 2);
    laptop.put(claudePath(id(1)), text.slice(0, -1));
    expect((await laptop.run('restore', id(1), '--dry-run')).code).toBe(1);
  },
  LONG,
);

test(
  'sessions that lie in one pack are restored with one request for it, whatever their number',
  async () => {
    using model = await ModelBucket.started();
    using laptop = await Machine.joined(model, 'laptop');
    const all = [1, 2, 3, 4, 5, 6];
    for (const n of all) laptop.write(n, `number ${n}`);
    await laptop.ok('ingest');
    await laptop.sync();
    await laptop.ok('evict', ...all.map(id), '--yes');
    rmSync(join(laptop.home, '.claude'), { recursive: true });
    model.takeLog();
    const told = several((await laptop.ok('restore', ...all.toReversed().map(id), '--json')).out);
    expect(model.takeLog().filter((line) => line.startsWith('GET some/packs/'))).toHaveLength(2);
    // As they were asked for.
    expect(told.restored.map(({ session_uid }) => session_uid)).toEqual(all.toReversed().map(uid));
    for (const n of all)
      expect(readFileSync(join(laptop.home, claudePath(id(n))), 'utf8')).toContain(`number ${n}`);
  },
  LONG,
);

test(
  'a session of many files comes whole, and so does one that no longer fits into memory',
  async () => {
    using model = await ModelBucket.started();
    const text = longText(1, 26_000_000);
    using laptop = await Machine.joined(model, 'laptop');
    laptop.put(claudePath(id(1)), text);
    const main = claudePath(id(2));
    laptop.put(main, promptLine(id(2), 'with subagents'));
    // More than are open at once.
    for (let n = 0; n < 70; n += 1)
      laptop.put(
        main.replace('.jsonl', `/subagents/agent-${n}.jsonl`),
        n === 0 ? '' : promptLine(id(2), `agent ${n}`).replace('{', '{"isSidechain":true,'),
      );
    await laptop.ok('ingest');
    await laptop.sync();
    const files = filesIn(join(laptop.home, '.claude')).map(
      (name) => [name, readFileSync(join(laptop.home, '.claude', name), 'utf8')] as const,
    );
    await laptop.ok('evict', id(1), id(2), '--yes');
    rmSync(join(laptop.home, '.claude'), { recursive: true });
    expect(Buffer.from((await laptop.ok('show', id(1), '--raw')).bytes).toString()).toBe(text);
    for (const together of [false, true]) {
      if (together) await laptop.ok('restore', id(1), id(2));
      else for (const n of [1, 2]) await laptop.ok('restore', id(n));
      for (const [name, bytes] of files) {
        const path = join(laptop.home, '.claude', name);
        if (bytes !== '' || existsSync(path)) expect(readFileSync(path, 'utf8')).toBe(bytes);
      }
      rmSync(join(laptop.home, '.claude'), { recursive: true });
    }
  },
  LONG,
);
