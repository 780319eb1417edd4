/** Several processes open a store that none of them has made yet. */
import { expect, test } from 'bun:test';
import { Program } from '../support/program.ts';

test('a store that another process is just making is not taken for a file that is no store', async () => {
  for (let round = 0; round < 10; round += 1) {
    using program = new Program();
    const results = await Promise.all(
      Array.from({ length: 5 }, (_, i) => program.run(i % 2 === 0 ? 'ingest' : 'agents')),
    );
    expect(results.map(({ code, err }) => [code, err])).toEqual(results.map(() => [0, '']));
  }
}, 60_000);
