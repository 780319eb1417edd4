/** Journeys through a sweep, on the compiled program in a real terminal. */

import { Database } from 'bun:sqlite';
import { describe, expect } from 'bun:test';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { claudePath, promptLine } from '../../support/bench-world.ts';
import { id, noise, uid } from '../../support/filled.ts';
import { journey } from '../../support/journeys.ts';
import { Program } from '../../support/program.ts';
import { Pty } from '../../support/pty.ts';

const NOW = { SESSION_MEMORY_NOW: '2026-06-01T00:00:00.000Z' };
const TIGHT = ['--soft-cap', '9000', '--hard-cap', '12000', '--max-age-days', 'off'];

/** `count` sessions of about 5 kB, one a day from the first of May on. */
async function stored(count: number, ...flags: string[]): Promise<Program> {
  const program = new Program();
  program.env = NOW;
  for (let n = 1; n <= count; n += 1)
    program.put(
      claudePath(id(n)),
      promptLine(id(n), `words of ${n} ${noise()}`, `2026-05-0${n}T10:00:00.000Z`),
    );
  expect((await program.run('ingest', ...flags)).code).toBe(0);
  return program;
}

/** Every row of every table but what says when and where. */
function tables(program: Program): string {
  const db = new Database(program.store, { readonly: true });
  const names = db
    .query<{ name: string }, []>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    .all();
  const rows = names.flatMap(({ name }) =>
    db
      .query(`SELECT * FROM ${name}`)
      .values()
      .map((row) =>
        `${name} ${JSON.stringify(row, (_, value) => (value instanceof Uint8Array ? Bun.hash(value).toString() : value))}`
          .replaceAll(program.folder, 'FOLDER')
          .replaceAll(/\d{8}t\d{9}-[0-9a-f]{8}/g, 'SWEEP'),
      ),
  );
  db.close();
  return rows
    .map((row) =>
      row
        .replaceAll(/"\d+:\d+:\d+"/g, 'STAT')
        .replaceAll(/"disk_bytes_\w+\\?":\d+/g, 'DISK')
        .replaceAll(/\\"disk_bytes_\w+\\":\d+/g, 'DISK'),
    )
    .join('\n');
}

describe('a loss', () => {
  journey(
    'is reached by enter alone, and takes the phrase: typed wrong in ten ways it changes nothing',
    async () => {
      using program = await stored(4, '--no-analyze');
      await using pty = new Pty(program, ['sweep', ...TIGHT, '--no-analyze']);
      await pty.shows('[1 backstop]');
      expect(pty.isAlternate, 'the walk is on the alternate screen').toBe(true);
      pty.type('\r');
      await pty.shows('[2 budget]');
      pty.type('\r');
      const loss = await pty.shows('[5 data loss]');
      const count = Number(/DATA LOSS +(\d+) sessions/.exec(loss)?.[1]);
      expect(count, 'as many as bring usage under the hard cap').toBe(2);
      await pty.asksPhrase('lose 2 sessions');
      const before = tables(program);
      const wrong = [
        'lose 3 sessions',
        'lose 1 sessions',
        'lose 2 session',
        'Lose 2 sessions',
        'LOSE 2 SESSIONS',
        'lose  2 sessions',
        'lose 2 sessions ',
        'lose two sessions',
        'ose 2 sessions',
        'lose',
      ];
      for (const phrase of wrong) {
        pty.type(phrase);
        await pty.until((text) => text.includes(`› ${phrase.trimEnd()}`), `what was typed: ${phrase}`);
        pty.type('\r');
        await pty.shows('Not the phrase: nothing was lost');
        expect(tables(program), `after ${phrase}`).toBe(before);
      }
      pty.paste('lose 3 sessions\r');
      await pty.shows('› lose 3 sessions');
      pty.resize(100, 30);
      await pty.until(
        (text) => text.split('\n').length === 30 && text.includes('type lose 2 sessions'),
        'the larger window',
      );
      expect(tables(program), 'a paste and a resize lose nothing').toBe(before);
      pty.type('\x1b');
      await pty.until((text) => text.includes('You need not lose any'), 'the ways are back');
      await pty.asksPhrase('lose 2 sessions');
      pty.type('lose 2 sessions');
      await pty.shows('› lose 2 sessions');
      pty.type('\r');
      expect(await pty.ends(), 'data was lost, as agreed').toBe(3);
      expect(pty.isAlternate, 'the normal screen is back').toBe(false);
      expect(pty.scrollback()).toContain('DATA LOSS: 2 sessions');
      const list = (await program.run('list', '--json')).json() as {
        sessions: { session_uid: string; state: string }[];
      };
      const lost = list.sessions
        .filter(({ state }) => state === 'evicted')
        .map(({ session_uid }) => session_uid);
      expect(lost.sort(), 'the oldest, and just those').toEqual([uid(1), uid(2)]);
    },
  );

  journey('of a list that changed meanwhile loses nothing and shows the new one', async () => {
    using program = await stored(4, '--no-analyze');
    await using pty = new Pty(program, ['sweep', ...TIGHT, '--no-analyze']);
    await pty.shows('[1 backstop]');
    pty.type('\r');
    await pty.shows('[2 budget]');
    pty.type('\r');
    await pty.asksPhrase('lose 2 sessions');
    appendFileSync(
      join(program.home, claudePath(id(1))),
      promptLine(id(1), 'one more', '2026-05-20T10:00:00.000Z'),
    );
    expect((await program.run('ingest', '--no-analyze')).code).toBe(0);
    pty.type('lose 2 sessions');
    await pty.shows('› lose 2 sessions');
    pty.type('\r');
    await pty.shows('The list changed while you read it: nothing was lost');
    const events = (await program.run('history', '--json')).json() as { events: unknown[] };
    expect(events.events).toEqual([]);
    pty.type('\x1b');
    expect(await pty.ends(), 'stopped, and still over the cap').toBe(4);
  });

  journey('is not needed where the built-in analyzer can digest what a broken one could not', async () => {
    using program = await stored(4, '--no-analyze');
    await using pty = new Pty(program, ['sweep', ...TIGHT, '--analyzer', 'exit 1']);
    for (const step of ['[1 backstop]', '[2 budget]', '[3 analyze]', '[4 budget again]']) {
      await pty.shows(step);
      pty.type('\r');
    }
    const loss = await pty.shows('You need not lose any');
    expect(loss, 'one cause, told once').toMatch(/Why: .*status 1, 2 of 2 times/);
    expect(loss).toContain('› 1  digest them with the built-in analyzer, now');
    pty.type('v');
    await pty.shows('What a loss would leave');
    await pty.shows('words of 1');
    pty.type('\x1b');
    await pty.shows('You need not lose any');
    pty.type('t');
    await pty.shows('session-memory · Transcript');
    await pty.shows('You  2026-05-01');
    pty.type('\x1b');
    await pty.shows('You need not lose any');
    pty.type('\r');
    await pty.shows('[4 budget again]');
    await pty.shows('Evict 2 sessions');
    pty.type('\r');
    expect(await pty.ends(), 'all went with a digest').toBe(0);
    expect(pty.scrollback()).toContain('data_loss: nothing');
  });

  journey('can be put off: a raised cap, and an export that can be read back', async () => {
    using program = await stored(4, '--no-analyze');
    await using pty = new Pty(program, ['sweep', ...TIGHT, '--no-analyze']);
    for (const step of ['[1 backstop]', '[2 budget]']) {
      await pty.shows(step);
      pty.type('\r');
    }
    await pty.shows('› 1  digest them');
    pty.type('3');
    const chosen = await pty.shows('› 3  write them to a file');
    expect(chosen, 'where').toContain(program.home.slice(0, 10));
    pty.type('\r');
    await pty.shows('Wrote 2 sessions');
    const [file] = [...new Bun.Glob('session-memory-*.smx').scanSync({ cwd: program.home })];
    using other = new Program();
    other.env = NOW;
    const taken = await other.run('import', '--trust', join(program.home, file ?? ''));
    expect(taken.code, taken.err).toBe(0);
    expect((await other.run('list', '--json')).out).toContain(uid(2));
    pty.type('2');
    await pty.shows('› 2  raise the hard cap');
    pty.type('\r');
    expect(await pty.ends(), 'under the cap that was named').toBe(0);
    expect(pty.scrollback()).toContain('the hard cap was raised to');
    expect((await program.run('history', '--json')).out).not.toContain('"data_loss",');
  });

  journey('is not needed where digests suffice: analyzing, the budget again, done', async () => {
    using program = await stored(4, '--no-analyze');
    await using pty = new Pty(program, ['sweep', ...TIGHT]);
    for (const step of ['[1 backstop]', '[2 budget]', '[3 analyze]', '[4 budget again]']) {
      await pty.shows(step);
      pty.type('\r');
    }
    expect(await pty.ends()).toBe(0);
    expect(pty.scrollback()).toMatch(/data_loss: nothing/);
    expect((await program.run('verify')).code).toBe(0);
  });
});

describe('a no', () => {
  journey(
    'to one session, a pin, a skipped pass and a stop are what report, history and status say',
    async () => {
      using program = await stored(5);
      await using pty = new Pty(program, [
        'sweep',
        '--soft-cap',
        '0',
        '--hard-cap',
        '1GiB',
        '--max-age-days',
        '28',
      ]);
      await pty.shows('[1 backstop]');
      pty.type('n');
      await pty.shows('[2 budget]');
      await pty.shows('Evict 5 sessions');
      pty.type(' ');
      await pty.shows('Evict 4 sessions');
      pty.type('p');
      await pty.shows('Evict 3 sessions');
      pty.type('\r');
      expect(await pty.ends()).toBe(0);
      const { sweeps } = (await program.run('history', '--json')).json() as {
        sweeps: {
          report: {
            declined: string[];
            skipped: { session_uid: string; reason: string }[];
            budget_evicted: string[];
          };
        }[];
      };
      expect(sweeps[0]?.report.declined).toEqual(['backstop']);
      expect(sweeps[0]?.report.skipped).toContainEqual({
        session_uid: uid(1),
        reason: 'kept out by the user',
      });
      expect(sweeps[0]?.report.skipped).toContainEqual({ session_uid: uid(2), reason: 'pinned by the user' });
      expect(sweeps[0]?.report.budget_evicted).toEqual([uid(3), uid(4), uid(5)]);
      const status = (await program.run('status', '--json')).json() as {
        sessions: { pinned: number; evicted: { sessions: number } };
      };
      expect([status.sessions.pinned, status.sessions.evicted.sessions]).toEqual([1, 3]);
    },
  );

  journey('to the budget is asked again before any loss, and esc leaves all as it is', async () => {
    using program = await stored(3);
    program.put(claudePath(id(9)), Buffer.from(`\u0001 unreadable ${noise()}\n`));
    await program.run('ingest');
    const before = (await program.run('list', '--json')).out;
    await using pty = new Pty(program, [
      'sweep',
      '--soft-cap',
      '0',
      '--hard-cap',
      '0',
      '--max-age-days',
      'off',
    ]);
    await pty.shows('[1 backstop]');
    pty.type('\r');
    await pty.shows('[2 budget]');
    pty.type('n');
    await pty.shows('[3 analyze]');
    pty.type('\r');
    await pty.shows('[4 budget again]');
    pty.type('n');
    const again = await pty.shows(/shown again before any loss|These can still go/);
    expect(again, 'not the loss, the pass that was skipped').toContain('[4 budget again]');
    pty.type('\x1b');
    expect(await pty.ends(), 'still over the hard cap').toBe(4);
    expect((await program.run('list', '--json')).out).toBe(before);
  });
});

journey('another process changes a victim of a pass: it is not evicted unseen', async () => {
  using program = await stored(3);
  await using pty = new Pty(program, [
    'sweep',
    '--soft-cap',
    '0',
    '--hard-cap',
    '1GiB',
    '--max-age-days',
    'off',
  ]);
  await pty.shows('[1 backstop]');
  pty.type('\r');
  await pty.shows('Evict 3 sessions');
  await program.run('pin', uid(2));
  pty.type('\r');
  await pty.shows('The store changed while you read: nothing was done');
  await pty.shows('Evict 2 sessions');
  pty.type('\r');
  expect(await pty.ends()).toBe(0);
  const list = (await program.run('list', '--state', 'evicted', '--json')).out;
  expect(list).not.toContain(uid(2));
  expect(list).toContain(uid(3));
});

journey(
  'kill -9 in the middle of a sweep leaves a store that verifies, and the next sweep goes on',
  async () => {
    using program = await stored(9);
    await using pty = new Pty(program, [
      'sweep',
      '--soft-cap',
      '0',
      '--hard-cap',
      '1GiB',
      '--max-age-days',
      'off',
    ]);
    await pty.shows('[1 backstop]');
    pty.type('\r');
    await pty.shows('Evict 9 sessions');
    pty.type('\r');
    pty.kill('SIGKILL');
    expect(await pty.ends()).not.toBe(0);
    expect((await program.run('verify')).code, 'whole sessions and tombstones').toBe(0);
    const next = await program.run(
      'sweep',
      '--yes',
      '--soft-cap',
      '0',
      '--hard-cap',
      '1GiB',
      '--max-age-days',
      'off',
    );
    expect(next.code).toBe(0);
    expect((await program.run('list', '--state', 'evicted', '--json')).out).toContain(uid(9));
  },
);

journey('two terminals on one store: the second sees what the first did', async () => {
  using program = await stored(2);
  await using first = new Pty(program, [
    'sweep',
    '--soft-cap',
    '0',
    '--hard-cap',
    '1GiB',
    '--max-age-days',
    'off',
  ]);
  await using second = new Pty(program, []);
  await second.shows('analyzed 2 ');
  await first.shows('[1 backstop]');
  first.type('\r');
  await first.shows('Evict 2 sessions');
  first.type('\r');
  expect(await first.ends()).toBe(0);
  await second.shows('evicted 2');
  second.type('q');
  expect(await second.ends()).toBe(0);
});

journey('a person who says yes to all and a script leave equal tables', async () => {
  using asked = await stored(4);
  using script = new Program();
  script.env = NOW;
  for (let n = 1; n <= 4; n += 1)
    script.put(claudePath(id(n)), await Bun.file(join(asked.home, claudePath(id(n)))).bytes());
  await script.run('ingest');
  const flags = ['sweep', '--soft-cap', '9000', '--hard-cap', '1GiB', '--max-age-days', '29'];
  expect((await script.run(...flags, '--yes')).code).toBe(0);
  await using pty = new Pty(asked, flags);
  await pty.shows('[1 backstop]');
  pty.type('\r');
  await pty.shows('[2 budget]');
  pty.type('\r');
  expect(await pty.ends()).toBe(0);
  expect(tables(asked)).toBe(tables(script));
});
