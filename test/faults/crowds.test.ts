/** The short form of the crowd: eight processes at once on one store while agents write. */
import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crowd } from '../../scripts/torture/crowds.ts';
import { BINARY } from '../support/binary.ts';
import { SEED } from '../support/seed.ts';

const LENGTH_MS = 6_000;
/** The long form holds them to five seconds; here other tests may have the machine. */
const STARVES_MS = 30_000;

const folder = mkdtempSync(join(tmpdir(), 'session-memory-crowd-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(BINARY === undefined)(
  'eight processes on one store: no lock is shown, no byte is wrong, everybody gets on, and all is there at the end',
  async () => {
    const { outcome, runs } = await crowd(
      { binary: BINARY ?? '', folder, seed: SEED },
      LENGTH_MS,
      STARVES_MS,
    );
    expect(outcome.failures).toEqual([]);
    for (const name of ['ingest', 'ingest --full', 'analyze', 'list', 'show', 'restore', 'sweep'])
      expect(runs[name] ?? 0, `${name} got on`).toBeGreaterThan(1);
  },
  120_000,
);
