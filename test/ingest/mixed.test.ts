/** What an older version left where a transcript took the place of another one with its id, and `verify` tells. */
import { describe, expect, test } from 'bun:test';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mixedSessions } from '../../src/ingest/mixed.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { runIn } from '../support/runtime.ts';

const ID = '71111111-1111-4111-8111-111111111111';
const UID = `claude-code:${ID}`;
const talk = (...texts: string[]) =>
  texts.map((text, n) => promptLine(ID, text, `2026-05-01T10:0${n}:00.000Z`)).join('');
const mixed = (world: World) => [...mixedSessions(world.db, world.host)];

/** A transcript that is written anew, as a version without rows of versions kept it. */
async function rewritten(before: string, after: string): Promise<World> {
  const world = new World();
  const path = world.put(claudePath(ID), before);
  await world.ingest();
  writeFileSync(path, after);
  await world.ingest();
  const trigger = world.db.get<{ sql: string }>(
    "SELECT sql FROM sqlite_schema WHERE name = 'versions_no_delete'",
  );
  world.db.run('DROP TRIGGER versions_no_delete');
  world.db.run('DELETE FROM versions');
  world.db.run(trigger?.sql ?? '');
  return world;
}

const TAKEN = [talk('fire the kiln', 'let it cool'), talk('prune the trees', 'and the hedge')] as const;

test('a transcript that took the place of another one is named with what began and what is shown', async () => {
  using world = await rewritten(...TAKEN);
  expect(mixed(world)).toEqual([{ uid: UID as never, begins: 'fire the kiln', shows: 'prune the trees' }]);
  // It goes on, and is still told.
  appendFileSync(join(world.home, claudePath(ID)), talk('and the lawn'));
  await world.ingest();
  expect(mixed(world).length).toBe(1);
});

describe('nothing is said of', () => {
  test.each<[string, string, string]>([
    ['a transcript that goes on', talk('one', 'two'), talk('one', 'two', 'three')],
    ['one that was taken back', talk('one', 'two', 'three'), talk('one', 'four')],
    [
      'one whose beginning was left out',
      talk('one', 'two', 'three'),
      talk('one', 'two', 'three').slice(talk('one').length),
    ],
    [
      'one that says the same in other words of JSON',
      talk('one', 'two'),
      talk('one', 'two').replaceAll('":', '" : '),
    ],
    ['one that was emptied', talk('one', 'two'), ''],
    ['one that began with no word of a person', '{"type":"mode","mode":"plan"}\n', talk('one', 'two')],
    ['one of which no word of a person is left', talk('one', 'two'), '{"type":"mode","mode":"plan"}\n'],
  ])('%s', async (_what, before, after) => {
    using world = await rewritten(before, after);
    expect(mixed(world)).toEqual([]);
  });

  test('a version that is kept as one, an evicted session, and two sessions of one id', async () => {
    using world = new World();
    const path = world.put(claudePath(ID), TAKEN[0]);
    world.put(claudePath(ID, '-srv-orchard'), talk('mow the lawn'));
    await world.ingest();
    writeFileSync(path, TAKEN[1]);
    await world.ingest();
    expect(mixed(world)).toEqual([]);
    using taken = await rewritten(...TAKEN);
    taken.evict(UID);
    expect(mixed(taken)).toEqual([]);
  });
});

test('verify tells of it and exits 0', async () => {
  using world = await rewritten(...TAKEN);
  const said = await runIn(world.home, ['--store', world.db.path, 'verify', '--json']);
  const told = JSON.parse(said.out);
  expect(told.notes.map((note: { session_uid: string }) => note.session_uid)).toEqual([UID]);
  expect([said.code, told.ok]).toEqual([0, true]);
  const { out } = await runIn(world.home, ['--store', world.db.path, 'verify']);
  expect(out).toContain(`note: ${UID} it began with "fire the kiln" and shows "prune the trees"`);
  const removed = await runIn(world.home, ['--store', world.db.path, 'show', UID, '--removed']);
  expect(`${removed.out}${removed.bytes}`).toContain('fire the kiln');
});
