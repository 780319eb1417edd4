/** What was evicted or lost comes back by hand, and by nothing else. */
import { describe, expect, test } from 'bun:test';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as schemas from '../../src/cli/schemas.ts';
import { promptLine } from '../support/bench-world.ts';
import { ID, RestoreHome, turns, UID } from '../support/restoring.ts';

async function evicted(...how: readonly string[]): Promise<RestoreHome> {
  const home = await RestoreHome.stored();
  expect((await home.run('evict', ID, '--yes', ...how)).code).toBe(0);
  return home;
}
const state = async (home: RestoreHome) => (await home.json('list')).sessions[0].state;

test.each(['the id', 'a part of the id', 'the file'])(
  'ingest --again with %s stores it whole once more, by an event',
  async (how) => {
    using home = await evicted();
    await home.must('ingest');
    expect(await state(home)).toBe('evicted');
    const named = how === 'the id' ? UID : how === 'the file' ? home.main : ID.slice(0, 8);
    const { out } = await home.must('ingest', '--again', named);
    expect(out).toContain('Took back 1 session');
    expect([await home.raw(), await state(home)]).toEqual([turns(0, 20), 'analyzed']);
    const { events } = schemas.historySchema.parse(await home.json('history'));
    expect(events.find(({ kind }) => kind === 'returned')?.reason).toBe('taken back by hand');
    expect((await home.run('verify')).code).toBe(0);
  },
);

test('the next ingest leaves it as it is, a second --again too, and a sweep may evict it again', async () => {
  using home = await evicted();
  await home.must('ingest', '--again', ID);
  expect((await home.must('ingest')).out).toContain('no file was read');
  expect(await home.json('ingest', '--again', ID)).toMatchObject({
    sessions_taken_back: 0,
    stored_bytes_added: 0,
  });
  await home.must('sweep', '--yes', '--soft-cap', '0', '--max-age-days', 'off');
  await home.must('ingest');
  expect(await state(home)).toBe('evicted');
  await home.must('ingest', '--again', ID);
  expect(await home.raw()).toBe(turns(0, 20));
});

test('show and restore say where its file is, and how it comes back', async () => {
  using home = await evicted();
  const told = await home.run('restore', ID, '--to', join(home.path, 'to'));
  expect([told.code, told.err]).toEqual([1, expect.stringContaining(`ingest --again ${UID}`)]);
  expect(told.err).toContain(home.path);
  const { out } = await home.must('show', ID);
  expect(out).toContain(home.main);
  expect(out).toContain(`ingest --again ${UID}`);
  rmSync(join(home.path, '.claude'), { recursive: true });
  expect((await home.run('restore', ID)).err).not.toContain('--again');
  expect((await home.must('show', ID)).out).not.toContain('--again');
});

test('from a file that was moved away it comes back too', async () => {
  using home = await evicted();
  const kept = join(home.path, 'kept.jsonl');
  renameSync(home.main, kept);
  rmSync(join(home.path, '.claude'), { recursive: true });
  const gone = await home.run('ingest', '--again', ID);
  expect([gone.code, gone.err]).toEqual([1, expect.stringContaining('--again FILE')]);
  await home.must('ingest', '--again', kept);
  expect(await home.raw()).toBe(turns(0, 20));
});

describe('is refused', () => {
  test('of a session that was forgotten, and changes nothing', async () => {
    using home = await RestoreHome.stored();
    await home.must('forget', ID, '--yes');
    for (const named of [ID, home.main]) {
      const told = await home.run('ingest', '--again', named);
      expect(told.err + told.out).toContain('forgotten');
      expect(await state(home)).toBe('evicted');
    }
    expect((await home.run('ingest', '--again', ID)).code).toBe(2);
  });

  test('without a name, with a folder, with files and ids at once', async () => {
    using home = await evicted();
    for (const named of [[], [join(home.path, '.claude')], [ID, home.main], ['nobody']])
      expect([named, (await home.run('ingest', '--again', ...named)).code]).toEqual([named, 2]);
    expect(await state(home)).toBe('evicted');
  });

  test('with an emptied file in the place of its transcript: that is not what was evicted', async () => {
    using home = await evicted();
    writeFileSync(home.main, '');
    for (const _ of ['once', 'and again']) {
      const told = await home.run('ingest', '--again', ID);
      expect([told.code, told.err, await state(home)]).toEqual([
        1,
        expect.stringContaining('was not taken back'),
        'evicted',
      ]);
    }
  });
});

test('a session that was lost un-analyzed comes back as well', async () => {
  using home = new RestoreHome();
  home.write(home.main, turns(0, 20));
  await home.must('ingest', '--no-analyze');
  expect((await home.run('evict', ID, '--yes', '--data-loss')).code).toBe(3);
  await home.must('ingest', '--again', UID);
  expect([await home.raw(), await state(home)]).toEqual([turns(0, 20), 'analyzed']);
});

test('of several that were evicted only the one that is named comes back', async () => {
  using home = await evicted();
  const other = home.main.replace('000000000001', '000000000002');
  home.write(other, promptLine('81000000-0000-4000-8000-000000000002', 'another one'));
  await home.must('ingest');
  await home.must('evict', '81000000-0000-4000-8000-000000000002', '--yes');
  await home.must('ingest', '--again', ID);
  const { sessions } = await home.json('list');
  expect(sessions.map((one: { state: string }) => one.state).sort()).toEqual(['analyzed', 'evicted']);
});
