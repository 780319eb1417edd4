/** A restore that is killed while it replaces a file: what was there and what was to come are whole, wherever it died. */
import { expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tortureBinary } from '../../scripts/torture/binary.ts';
import { ID, RestoreHome, turns } from '../support/restoring.ts';

const POINTS = [
  'restore.temporary-made',
  'restore.temporary-written',
  'restore.held-aside',
  'restore.renamed',
  'restore.replaced',
  'restore.written',
  'store.committed',
];
const OTHER = turns(40, 60);

test.each(POINTS)(
  'at %s',
  async (point) => {
    using home = await RestoreHome.stored();
    writeFileSync(home.main, OTHER);
    const args = ['--store', join(home.path, 'store', 's.db'), 'restore', ID, '--force'];
    const run = async (env: Record<string, string>) => {
      const child = Bun.spawn([await tortureBinary(), ...args], {
        env: { HOME: home.path, LANG: 'C.UTF-8', ...env },
        stdout: 'ignore',
        stderr: 'ignore',
      });
      await child.exited;
      return child;
    };
    const folder = dirname(home.main);
    const whole = () =>
      readdirSync(folder)
        .filter((name) => name.includes('.jsonl') && !name.startsWith('.'))
        .map((name) => readFileSync(join(folder, name), 'utf8'));
    expect((await run({ SESSION_MEMORY_KILL_AT: `${point}:1` })).signalCode, 'it died there').toBe('SIGKILL');
    expect(whole().every((text) => [OTHER, turns(0, 20)].includes(text))).toBe(true);
    expect(whole().length, 'one of both is there').toBeGreaterThan(0);
    const stored = await Promise.all(
      (await home.json('show', ID, '--versions')).versions.map(({ number }: { number: number }) =>
        home.raw('--version', String(number)),
      ),
    );
    expect([...whole(), ...stored]).toContain(OTHER);
    expect(stored).toContain(turns(0, 20));
    // The next one ends it, and leaves no temporary file.
    if (!existsSync(home.main) || readFileSync(home.main, 'utf8') === OTHER)
      await home.must('restore', ID, '--version', await numberOf(home), '--force');
    expect(readFileSync(home.main, 'utf8')).toBe(turns(0, 20));
    expect(readdirSync(folder).filter((name) => name.includes('.session-memory-'))).toEqual([]);
    expect((await home.run('verify')).code).toBe(0);
  },
  60_000,
);

async function numberOf(home: RestoreHome): Promise<string> {
  for (const { number } of (await home.json('show', ID, '--versions')).versions)
    if ((await home.raw('--version', String(number))) === turns(0, 20)) return String(number);
  throw new Error('the stored version is gone');
}
