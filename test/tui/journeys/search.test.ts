/** A journey through the search screen, on the compiled program in a real terminal. */
import { expect, test } from 'bun:test';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { claudePath, promptLine } from '../../support/bench-world.ts';
import { filled, hostileIn, id, uid } from '../../support/filled.ts';
import { BINARY, Pty } from '../../support/pty.ts';

const journey = test.skipIf(BINARY === undefined);

journey('search: mistyped, meant, read, restored, and an evicted one found all the same', async () => {
  using program = await filled();
  program.put(
    claudePath(id(6)),
    promptLine(id(6), 'Mend the walrus \u001b[31mfeeder 日本語', '2026-05-06T10:00:00.000Z'),
  );
  program.put(claudePath(id(7)), promptLine(id(7), 'Paint the walrus pool', '2026-05-04T10:00:00.000Z'));
  await program.run('ingest');
  expect((await program.run('evict', id(7), '--yes')).code).toBe(0);
  await using pty = new Pty(program, []);
  await pty.shows('watching ●');
  pty.type('/');
  await pty.shows('/ _');
  pty.type('wlarus');
  await pty.shows('walrus for wlarus');
  await pty.shows('2 of 5 sessions');
  pty.type('\t');
  const list = await pty.shows('/ walrus_');
  expect(list).toContain('✗');
  expect(list).toContain('日本語');
  expect(hostileIn(list)).toEqual([]);
  pty.type(' feedr');
  await pty.shows('feeder for feedr');
  pty.type('\x7f');
  await pty.shows('1 of 5 sessions');
  pty.type('\r');
  await pty.shows('enter digest');
  await pty.shows(uid(6));
  pty.type('\r');
  await pty.shows('Asked');
  pty.type('\x1b');
  await pty.shows('1 of 5 sessions');
  pty.type('t');
  await pty.shows('session-memory · Transcript');
  await pty.shows(/^ You/m);
  pty.type('\x1b');
  await pty.shows('1 of 5 sessions');
  const path = join(program.home, claudePath(id(6)));
  const whole = readFileSync(path);
  rmSync(path);
  pty.type('r');
  await pty.shows('Press enter to write them');
  pty.type('\r');
  await pty.shows('byte for byte');
  expect(readFileSync(path).equals(whole), 'restored').toBe(true);
  pty.type('\x1b');
  await pty.shows('1 of 5 sessions');
  pty.type('/');
  await pty.shows('/ walrus feed_');
  pty.type('\x15feeder walrus');
  await pty.shows('/ feeder walrus_');
  await pty.shows('1 of 5 sessions');
  pty.type('\r');
  await pty.shows('enter digest');
  pty.type('m');
  await pty.shows('like:');
  pty.type('q');
  await pty.shows('By project');
  pty.type('q');
  expect(await pty.ends()).toBe(0);
  expect(pty.isAlternate).toBe(false);
});
