/** The short form of a year that nobody looks at: see scripts/torture/year.ts for what is held at the end of a month. */
import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tortureBinary } from '../../scripts/torture/binary.ts';
import { liveDays } from '../../scripts/torture/year.ts';
import { SEED } from '../support/seed.ts';

const DAYS = 45;

const folder = mkdtempSync(join(tmpdir(), 'session-memory-year-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('weeks of agents that write and delete, missed hooks, wrong clocks and kills lose nothing', async () => {
  if (process.platform === 'win32') return console.log('skipped: Windows has no ulimit');
  const binary = await tortureBinary();
  const { harm, checks, failures } = await liveDays(
    { seed: SEED, folder, binary, log: () => undefined },
    DAYS,
  );
  expect(failures).toEqual([]);
  expect([harm > 0, checks], 'some days were disturbed, and two months ended').toEqual([true, 2]);
}, 120_000);
