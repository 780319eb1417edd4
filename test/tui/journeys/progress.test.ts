/** Journeys through work that takes a while: how far it is can be seen, and it can be stopped. */
import { expect } from 'bun:test';
import { claudePath, promptLine } from '../../support/bench-world.ts';
import { filled, id } from '../../support/filled.ts';
import { journey } from '../../support/journeys.ts';
import { Program } from '../../support/program.ts';
import { Pty } from '../../support/pty.ts';

const SESSIONS = 150;

const stored = async (program: Program): Promise<number> => {
  const { sessions } = (await program.run('list', '--json')).json() as { sessions: unknown[] };
  return sessions.length;
};

journey(
  'a first import is stopped by esc, keeps what it stored, and goes on when it is asked to',
  async () => {
    using program = new Program();
    for (let n = 1; n <= SESSIONS; n += 1) program.put(claudePath(id(n)), promptLine(id(n), `hello ${n}`));
    await using pty = new Pty(program, []);
    await pty.shows('Press enter');
    pty.type('\r');
    await pty.shows(/Ingesting .*of 150/);
    pty.type('\x1b');
    const stopped = await pty.shows('stopped by you ○');
    expect(stopped, 'nobody says that all is well').not.toContain('All stored');
    await pty.shows('You stopped it before all was stored: i goes on.');
    const some = await stored(program);
    expect(some).toBeGreaterThan(0);
    expect(some).toBeLessThan(SESSIONS);
    pty.type('i');
    await pty.shows('watching ●');
    await pty.until((text) => text.includes('analyzed 150 '), 'all of it');
    pty.type('q');
    expect(await pty.ends()).toBe(0);
  },
);

journey('an export of what is marked says how far it is, and that it is written', async () => {
  using program = await filled();
  await using pty = new Pty(program, []);
  await pty.shows('By project');
  pty.type('b');
  await pty.shows('row 1');
  pty.type('A');
  await pty.shows('3 marked');
  pty.type('w');
  await pty.shows('Press enter to write the file.');
  pty.type('\r');
  await pty.shows('Wrote 3 sessions');
  pty.type('\x03');
  await pty.ends();
});
