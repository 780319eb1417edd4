/** `evict` and `exclude`: what goes by hand goes by an event, with consent, and nothing else goes. */
import { describe, expect, spyOn, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { evictSchema } from '../../src/cli/schemas.by-hand.ts';
import * as schemas from '../../src/cli/schemas.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import * as remembering from '../../src/ingest/remember.ts';
import { takeSweepLock } from '../../src/store/lock.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Home, id, uid } from '../support/home.ts';

describe('evict', () => {
  test('drops the raw bytes of analyzed sessions, by an event, and their digests stay', async () => {
    using home = await Home.stored();
    const told = await home.run(['evict', id(1), uid(2), id(1), '--yes', '--json']);
    const report = evictSchema.parse(JSON.parse(told.out));
    expect([told.code, report.evicted, report.lost_data]).toEqual([0, [uid(1), uid(2)], false]);
    expect(await home.states()).toMatchObject({
      '70000001': 'evicted',
      '70000002': 'evicted',
      '70000004': 'analyzed',
    });
    expect((await home.events()).slice(0, 2)).toEqual([
      `evicted ${uid(2)} by hand`,
      `evicted ${uid(1)} by hand`,
    ]);
    expect((await home.run(['show', id(1)])).out).toContain('hello 1');
    expect((await home.run(['show', id(1), '--raw'])).code).toBe(1);
    expect((await home.run(['verify'])).code).toBe(0);
    // Nor does it come back by itself.
    await home.run(['ingest']);
    expect((await home.states())['70000001']).toBe('evicted');
  });

  test('tells of how many it could not note what they said on a full disk, and lets them go', async () => {
    using home = await Home.stored();
    using _full = spyOn(remembering, 'rememberSessions').mockImplementation(async (_deps, uids) =>
      uids.includes(uid(1) as SessionUid) ? 'no_room' : undefined,
    );
    const told = await home.run(['evict', uid(1), uid(2), '--yes', '--no-reclaim', '--json']);
    const report = evictSchema.parse(JSON.parse(told.out));
    expect([told.code, report.evicted]).toEqual([0, [uid(1), uid(2)]]);
    expect(report.warnings).toEqual([expect.stringContaining('what 1 evicted session(s) said')]);
  });

  test.each([
    [[uid(1)], 2, 'Add --yes'],
    [[uid(3)], 2, 'session-memory analyze'],
    [[uid(3), '--yes'], 2, '--data-loss --yes'],
    [[uid(1), uid(3), '--yes'], 2, '--data-loss --yes'],
    [[uid(3), '--data-loss'], 2, '--data-loss --yes'],
    [[uid(1), uid(4), '--yes'], 2, 'unpin'],
    [[uid(1), 'claude-code:nobody', '--yes'], 2, 'session-memory list'],
    [['7', '--yes'], 2, 'Give more of the id'],
    [[uid(1), uid(3), '--dry-run'], 0, ''],
  ] as const)('%p changes not one byte, exits %p and says %p', async (args, code, way) => {
    using home = await Home.stored();
    const before = home.bytes();
    const told = await home.run(['evict', ...args]);
    expect([told.code, told.err]).toEqual([code, expect.stringContaining(way)]);
    expect(home.bytes()).toBe(before);
  });

  test('of an un-analyzed session is a recorded loss: exit 3, its event, and what could be salvaged', async () => {
    using home = await Home.stored();
    const told = await home.run(['evict', uid(1), uid(3), '--data-loss', '--yes', '--json']);
    const report = evictSchema.parse(JSON.parse(told.out));
    expect([told.code, report.evicted, report.data_loss, report.lost_data]).toEqual([
      3,
      [uid(1)],
      [uid(3)],
      true,
    ]);
    expect((await home.events())[0]).toBe(`data_loss ${uid(3)} by hand`);
    expect((await home.run(['show', uid(3)])).out).toContain('hello 3');
  });

  test.each([
    ['lose 1 sessions', 3, 'evicted'],
    ['lose 1 session', 2, 'unanalyzed'],
    ['yes', 2, 'unanalyzed'],
    ['', 2, 'unanalyzed'],
  ] as const)('in a terminal takes the phrase: %p exits %p', async (types, code, state) => {
    using home = await Home.stored();
    const told = await home.run(['evict', uid(3)], { tty: true, types });
    expect(told.err).toContain('lose 1 sessions');
    expect([told.code, (await home.states())['70000003']]).toEqual([code, state]);
  });

  test('what was evicted before is left, and that is no failure', async () => {
    using home = await Home.stored();
    await home.run(['evict', uid(1), '--yes']);
    const again = await home.run(['evict', uid(1), '--yes']);
    expect([again.code, again.out]).toEqual([0, expect.stringContaining('evicted before')]);
  });

  test('while a sweep runs it exits 6 and changes nothing', async () => {
    using home = await Home.stored();
    const lock = takeSweepLock(home.store);
    const told = await home.run(['evict', uid(1), '--yes', '--json']);
    lock?.release();
    expect([told.code, schemas.errorSchema.parse(JSON.parse(told.out)).error.code]).toEqual([
      6,
      'sweep_running',
    ]);
    expect((await home.states())['70000001']).toBe('analyzed');
  });
});

test('what the configuration excludes is never stored, and ingest says by which rule', async () => {
  using home = await Home.stored();
  home.write(
    claudePath(id(6), '-home-me-private'),
    promptLine(id(6), 'hello 6').replace('/me/project', '/me/private'),
  );
  home.write(claudePath(id(7)), promptLine(id(7), 'hello 7'));
  const config = join(home.path, 'config.toml');
  writeFileSync(config, `[ingest]\nexclude = ["/home/me/private", "**/${id(7)}*"]\n`);
  const told = await home.run(['--config', config, 'ingest']);
  expect(told.out).toContain('1 session left out by exclude /home/me/private.\n');
  expect(told.out).toContain(`1 session left out by exclude **/${id(7)}*.\n`);
  const again = await home.run(['--config', config, 'ingest', '--dry-run', '--json']);
  expect(schemas.ingestSchema.parse(JSON.parse(again.out)).left_out).toEqual([
    { rule: 'exclude /home/me/private', sessions: 1 },
    { rule: `exclude **/${id(7)}*`, sessions: 1 },
  ]);
  expect(Object.keys(await home.states())).not.toContain('70000006');
  expect(Object.keys(await home.states())).not.toContain('70000007');
});
