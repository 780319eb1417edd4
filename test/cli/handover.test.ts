/** `show UID --markdown --tokens N`: as long as it is told to be, and refused where that makes no sense. */
import { expect, test } from 'bun:test';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Home, id, uid } from '../support/home.ts';

test('a hand-over fits its budget; one that makes no sense is wrong usage', async () => {
  using home = new Home();
  home.write(claudePath(id(1)), promptLine(id(1), `Mend the feeder ${'and the pool '.repeat(300)}`));
  expect((await home.run(['ingest'])).code).toBe(0);
  const { out, code } = await home.run(['show', id(1), '--markdown', '--tokens', '300']);
  expect(code).toBe(0);
  expect(out).toContain(uid(1));
  expect(out).toContain('## Asked\n\n> Mend the feeder');
  expect(Buffer.byteLength(out)).toBeLessThanOrEqual(900);
  for (const args of [
    ['--tokens', '300'],
    ['--markdown', '--tokens', '3'],
    ['--markdown', '--tokens', 'x'],
  ])
    expect((await home.run(['show', id(1), ...args])).code).toBe(2);
});
