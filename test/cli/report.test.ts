/** What a plan says on a page: each session with its reason, and of a great many the first, with how many and how much follow. */
import { expect, test } from 'bun:test';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Program } from '../support/program.ts';

const idOf = (n: number) => `7b000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

test('a dry run of a great many lists some and counts the rest; JSON has all', async () => {
  using program = new Program();
  for (let n = 1; n <= 45; n += 1)
    program.put(claudePath(idOf(n)), promptLine(idOf(n), `prompt ${n}`, '2026-01-01T10:00:00.000Z'));
  program.env['SESSION_MEMORY_NOW'] = '2026-06-01T00:00:00.000Z';
  await program.run('ingest');
  const { out } = await program.run('sweep', '--dry-run');
  expect(out.match(/^ {2}claude-code:/gm)?.length).toBe(40);
  expect(out).toMatch(/^ {2}… and 5 more, [\d.]+ \w+: --json has them all$/m);
  const { plan } = JSON.parse((await program.run('sweep', '--dry-run', '--json')).out);
  expect(plan.passes[0].victims.length).toBe(45);
});

test('LC_ALL=C gives pages of ASCII, whatever else the environment says, and leaves JSON and raw bytes alone', async () => {
  using program = new Program();
  program.put(claudePath(idOf(1)), promptLine(idOf(1), 'one → two … three'));
  await program.run('ingest');
  const before = await Promise.all(
    ['status', 'list --json', `show --raw ${idOf(1)}`].map((words) => program.run(...words.split(' '))),
  );
  expect(before[0]?.out).toMatch(/[░·]/);
  program.env = { LC_ALL: 'C', LANG: 'de_DE.UTF-8' };
  for (const words of [
    'status',
    'list',
    `show ${idOf(1)}`,
    'history',
    'sweep --dry-run',
    'doctor',
    'agents',
    `restore ${idOf(1)}`,
    'nonsense',
    '--help',
  ]) {
    const { out, err } = await program.run(...words.split(' '));
    expect([words, `${out}${err}`.match(/[^\n -~]/g)]).toEqual([words, null]);
  }
  const after = await Promise.all(
    ['list --json', `show --raw ${idOf(1)}`].map((words) => program.run(...words.split(' '))),
  );
  expect(after.map(({ out }) => out)).toEqual(before.slice(1).map(({ out }) => out));
  expect((await program.run('show', '--markdown', idOf(1))).out).toContain('one → two … three');
});
