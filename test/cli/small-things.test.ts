/** Small things that scripts and newcomers meet: what is no bug is not called one, and nothing is said that is not so. */
import { describe, expect, test } from 'bun:test';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Program } from '../support/program.ts';

const ID = '11111111-1111-4111-8111-111111111111';

async function stored(): Promise<Program> {
  const program = new Program();
  program.put(claudePath(ID), promptLine(ID, 'one'));
  await program.run('ingest');
  return program;
}

describe('small things', () => {
  test('restore below a file names the path, and is not called a bug', async () => {
    using program = await stored();
    const { code, err } = await program.run('restore', ID, '--to', `${program.put('FILE', 'x')}/below`);
    expect([code, err.includes('bug')]).toEqual([1, false]);
    expect(err).toContain('FILE/below');
    expect(err).toContain('A file stands where a folder is needed');
  });

  test.each(['list', 'history', 'search x'])(
    '%s --limit 0 is refused, and says nothing of there being none',
    async (words) => {
      using program = await stored();
      const { code, out, err } = await program.run(...words.split(' '), '--limit', '0');
      expect([code, out]).toEqual([2, '']);
      expect(err).toContain('--limit 0 finds nothing');
    },
  );

  test('ingest takes a hard cap below the soft cap, for which it has no use; a sweep does not', async () => {
    using program = await stored();
    expect((await program.run('ingest', '--hard-cap', '1GiB')).code).toBe(0);
    expect((await program.run('sweep', '--dry-run', '--hard-cap', '1GiB')).code).toBe(2);
  });

  test('agents on an empty machine says where it looked', async () => {
    using program = new Program();
    const { out } = await program.run('agents');
    for (const folder of ['.claude', '.codex', '.gemini'])
      expect(out).toContain(`${program.home}/${folder}\n`);
  });

  test('the manual has FILES, ENVIRONMENT and CONFIGURATION', async () => {
    using program = new Program();
    const { out } = await program.run('man');
    for (const part of ['FILES', 'ENVIRONMENT', 'CONFIGURATION']) expect(out).toContain(`.SH ${part}\n`);
  });
});
