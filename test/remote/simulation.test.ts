/**
 * Several machines and one bucket through whatever may happen (`scripts/torture/remote.ts`): a few histories; `bun run torture remote` draws as many as one likes.
 */
import { expect, test } from 'bun:test';
import { remoteHistory } from '../../scripts/torture/remote.ts';

const SEEDS = [3, 14, 19];

test('through drawn histories no byte is missing that was stored, all machines come to know the same, and what is forgotten is gone', async () => {
  const kinds = new Map<string, number>();
  for (const seed of SEEDS) expect((await remoteHistory(seed, kinds)).failures, `seed ${seed}`).toEqual([]);
  console.log(`remote: ${[...kinds].map(([kind, times]) => `${times} ${kind}`).join(', ')}`);
  expect(['evicted', 'left to the bucket'].filter((kind) => !kinds.has(kind))).toEqual([]);
}, 300_000);
