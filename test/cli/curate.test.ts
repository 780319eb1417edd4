/** `curate`: digests go by a person's hand only, of evicted sessions only, by an event; what is dropped stays in the list. */
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { curateSchema, hoardSchema, importSchema } from '../../src/cli/schemas.by-hand.ts';
import * as schemas from '../../src/cli/schemas.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Home, id, uid } from '../support/home.ts';

/** As `Home.stored`, with 1 and 2 evicted, and a longer session 5, evicted too. */
async function curatable(): Promise<Home> {
  const home = await Home.stored();
  const prompts = Array.from({ length: 40 }, (_, i) =>
    promptLine(id(5), `prompt ${i} ${'word '.repeat(100)}`),
  );
  home.write(claudePath(id(5)), prompts.join(''));
  await home.run(['ingest', '--no-analyze']);
  await home.run(['analyze', uid(5)]);
  await home.run(['evict', uid(1), uid(2), uid(5), '--yes']);
  return home;
}

const digestBytes = async (home: Home, n: number) => {
  const { sessions } = schemas.listSchema.parse(JSON.parse((await home.run(['list', '--json'])).out));
  return sessions.find(({ session_uid: each }) => each === uid(n))?.digest_bytes;
};

test('tells what fills the digests: the largest first, and the oldest of what is evicted', async () => {
  using home = await curatable();
  const found = hoardSchema.parse(JSON.parse((await home.run(['curate', '--json'])).out));
  expect(found.largest[0]?.session_uid).toBe(uid(5));
  expect(found.largest).toHaveLength(4);
  expect(found.oldest.map(({ session_uid: each }) => each)).toEqual([uid(1), uid(5), uid(2)]);
  const limited = hoardSchema.parse(JSON.parse((await home.run(['curate', '--limit', '1', '--json'])).out));
  expect([limited.largest.length, limited.oldest.length]).toEqual([1, 1]);
  expect((await home.run(['curate'])).out).toMatch(/^Digests take .* of 1\.0 GiB\.\n\nThe largest:\n/);
});

describe('drop', () => {
  test('takes out the digest, is a loss, and leaves the row, the event and what is known again', async () => {
    using home = await curatable();
    const told = await home.run(['curate', '--drop', uid(1), '--yes', '--json']);
    const report = curateSchema.parse(JSON.parse(told.out));
    expect([told.code, report.changed, report.lost_data]).toEqual([3, [uid(1)], true]);
    expect([(await home.states())['70000001'], await digestBytes(home, 1)]).toEqual(['evicted', 0]);
    expect((await home.events())[0]).toBe(`digest_dropped ${uid(1)} by hand`);
    expect((await home.run(['show', uid(1)])).out).toContain('dropped by hand');
    expect((await home.run(['verify'])).out).toStartWith('All is well');
    await home.run(['ingest']);
    expect([(await home.states())['70000001'], await digestBytes(home, 1)]).toEqual(['evicted', 0]);
  });

  test('survives export and import', async () => {
    using home = await curatable();
    await home.run(['curate', '--drop', uid(1), '--yes']);
    const file = join(home.path, 'all.smx');
    await home.run(['export', '--all', file]);
    const list = (await home.run(['list', '--json'])).out;
    home.store = join(home.path, 'other', 's.db');
    expect(
      importSchema.parse(JSON.parse((await home.run(['import', '--trust', file, '--json'])).out)).damaged,
    ).toEqual([]);
    expect((await home.run(['list', '--json'])).out).toBe(list);
    expect((await home.run(['verify'])).out).toStartWith('All is well');
  });
});

describe('shrink', () => {
  test('makes a digest shorter, by an event, and it still shows the beginning of each prompt', async () => {
    using home = await curatable();
    const before = (await digestBytes(home, 5)) ?? 0;
    expect(before).toBeGreaterThan(3000);
    const told = await home.run(['curate', '--shrink', uid(5), '--to', '2000', '--yes', '--json']);
    const report = curateSchema.parse(JSON.parse(told.out));
    expect([told.code, report.changed, report.lost_data]).toEqual([0, [uid(5)], false]);
    const after = (await digestBytes(home, 5)) ?? 0;
    expect(after).toBeLessThan(before);
    expect((await home.events())[0]).toBe(`digest_shrunk ${uid(5)} by hand`);
    expect(after).toBe(before - report.bytes_freed);
    expect((await home.run(['show', uid(5)])).out).toContain('prompt 0');
    expect((await home.run(['verify'])).out).toStartWith('All is well');
  });

  test('names each before it is asked, and marks a title that it had to cut', async () => {
    using home = await Home.stored();
    const title = `${'a title that is long '.repeat(6)}end`;
    home.write(claudePath(id(5)), promptLine(id(5), title));
    await home.run(['ingest']);
    await home.run(['evict', uid(5), '--yes']);
    const { out } = await home.run(['curate', '--shrink', uid(5), '--yes']);
    expect(out.split('\n')[1]).toMatch(/ a title that is long .{30,}…$/);
  });

  test('leaves alone what cannot be made shorter', async () => {
    using home = await curatable();
    await home.run(['curate', '--shrink', uid(1), '--to', '1', '--yes']);
    const again = await home.run(['curate', '--shrink', uid(1), '--to', '1', '--yes']);
    expect([again.code, again.out]).toEqual([0, expect.stringContaining('cannot be made shorter')]);
  });
});

test.each([
  [['--drop', uid(1)], 2, 'Add --yes'],
  [['--shrink', uid(1)], 2, 'Add --yes'],
  [['--drop', uid(4), '--yes'], 2, 'not evicted'],
  [['--drop', uid(1), uid(3), '--yes'], 2, 'not evicted'],
  [['--drop', '--shrink', uid(1), '--yes'], 2, 'at once'],
  [['--drop', '--yes'], 2, 'UID is missing'],
  [[uid(1)], 2, 'what to do'],
  [['--drop', uid(1), '--dry-run'], 0, ''],
] as const)('%p changes not one byte, exits %p and says %p', async (args, code, text) => {
  using home = await curatable();
  const before = home.bytes();
  const told = await home.run(['curate', ...args]);
  expect([told.code, told.err]).toEqual([code, expect.stringContaining(text)]);
  expect(home.bytes()).toBe(before);
});

test('a pinned one is left, and the phrase is asked for in a terminal', async () => {
  using home = await curatable();
  await home.run(['pin', uid(2)]);
  expect(await home.run(['curate', '--drop', uid(2), '--yes'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('pinned'),
  });
  const wrong = await home.run(['curate', '--drop', uid(1)], { tty: true, types: 'drop 2 digests' });
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('drop 1 digests')]);
  expect((await home.run(['curate', '--drop', uid(1)], { tty: true, types: 'drop 1 digests' })).code).toBe(3);
});
