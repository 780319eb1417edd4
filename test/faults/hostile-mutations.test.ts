/** The short form of the torture by hostile transcripts: genuine ones, mutated; the long form is `scripts/torture/hostile.ts`. */
import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestedRound, storedRound } from '../../scripts/torture/hostile.ts';
import { hasCorpus, samples } from '../../scripts/torture/hostile-mutations.ts';
import { SEED } from '../support/seed.ts';

if (!hasCorpus())
  console.log('hostile transcripts: only bundled ones are mutated, ../shared/corpus is not there');
const all = samples();

test('a thousand mutated transcripts crash nothing, and each digest is whole, bounded, inert and the same in pieces', async () => {
  const { failures, harm } = await digestedRound(all, SEED, 1000);
  expect(failures).toEqual([]);
  expect(harm, 'transcripts that really were changed').toBeGreaterThan(900);
}, 120_000);

test('homes of mutated transcripts that change give every byte back, and write nothing outside', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'session-memory-hostile-'));
  try {
    const { failures, harm } = await storedRound(all, SEED, folder, 15);
    expect(failures).toEqual([]);
    expect(harm, 'files that were stored').toBeGreaterThan(30);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
