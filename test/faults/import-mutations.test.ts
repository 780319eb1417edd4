/** The short form of the torture by hostile archives; the long form is `scripts/torture/import.ts`. */
import { expect, test } from 'bun:test';
import { importRound } from '../../scripts/torture/import.ts';
import { SEED } from '../support/seed.ts';

test('hundreds of changed archives crash nothing, and make nothing here worse', async () => {
  const { failures, harm } = await importRound(SEED, 300);
  expect(failures).toEqual([]);
  expect(harm).toBe(450);
}, 120_000);
