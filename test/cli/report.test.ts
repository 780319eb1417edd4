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

test('LC_ALL=C gives bars of ASCII, whatever else the environment says', async () => {
  using program = new Program();
  program.put(claudePath(idOf(1)), promptLine(idOf(1), 'one'));
  await program.run('ingest');
  expect((await program.run('status')).out).toContain('░');
  program.env = { LC_ALL: 'C', LANG: 'de_DE.UTF-8' };
  expect((await program.run('status')).out).not.toMatch(/[\u2500-\u259f]/);
});
