/** Reports of programs before this one: a pass that they did not have took nobody, and all else is as it was. */
import { Database } from 'bun:sqlite';
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reportParts } from '../../src/cli/report.ts';
import { historySchema } from '../../src/cli/schemas.ts';
import { EVICTING_PASSES, evictedKey } from '../../src/policy/passes.ts';
import { NOT_YET } from '../../src/sweep/ports.ts';
import { reportSchema } from '../../src/sweep/report.schema.ts';
import { allEvicted, evictedLists } from '../../src/sweep/report.ts';
import { storedReport } from '../../src/sweep/stored-report.ts';

const OLD = join(import.meta.dir, '../store/old');
const LIMITS = { rawSoftCapBytes: 10, rawHardCapBytes: 20, rawMaxAgeDays: 45, distilledCapBytes: 100 };

/** One of each older program: what it wrote into its own store. */
const REPORTS = readdirSync(OLD)
  .filter((name) => name.endsWith('.zst.base64'))
  .map((name): [string, string] => {
    const packed = readFileSync(join(OLD, name), 'utf8');
    const file = Buffer.from(Bun.zstdDecompressSync(Buffer.from(packed, 'base64')));
    // Bytes 18 and 19 say that there is a log beside it, which a store in memory has not.
    file.fill(1, 18, 20);
    using db = Database.deserialize(file);
    const row = db.query<{ report: string }, []>('SELECT report FROM sweeps').get();
    return [name, row?.report ?? ''];
  });

/** What a report says of passes that its program did not have. */
const NOBODY = evictedLists(() => []);

describe.each(REPORTS)('a report of %s', (_, recorded) => {
  test('is given out as it was recorded, and is what the schema says', () => {
    const report = storedReport(recorded);
    const parsed: unknown = reportSchema.strict().parse(report);
    expect(report).toEqual({ ...NOBODY, ...JSON.parse(recorded) });
    expect(parsed).toEqual(report);
  });

  test.each(EVICTING_PASSES.map(({ name }) => name))(
    'without the key of %s, as by a program that had no such pass, is still what the schema of history says',
    (pass) => {
      const { [evictedKey(pass)]: _, ...others } = JSON.parse(recorded);
      const report = storedReport(JSON.stringify(others));
      if (report === null) throw new Error('it is a report');
      expect(report).toEqual({ ...NOBODY, ...others });
      expect(allEvicted(report)).not.toContain(undefined);
      const { sweep_id, plan_id, started_at, finished_at, lost_data, bytes_freed } = report;
      const sweep = { sweep_id, plan_id, started_at, finished_at, lost_data, bytes_freed, report };
      const history = { version: 1, sweeps: [sweep], runs: [], events: [] };
      const parsed: unknown = historySchema.parse(history);
      expect(parsed).toEqual(history);
      const heads = reportParts(report, LIMITS, new Map()).map(({ text }) => text);
      expect(heads).toContain(`${pass}: nothing`);
    },
  );
});

test.each(['', '{"version":1', '\0\0', 'null', '7'])('a damaged report %p is none', (json) => {
  expect(storedReport(json)).toBeNull();
});

test('a sweep that is only announced skips every pass that evicts', async () => {
  for (const { name } of EVICTING_PASSES) {
    const asked = { step: name, victims: [] } as unknown as Parameters<typeof NOT_YET.ask>[0];
    expect([name, await NOT_YET.ask(asked)]).toEqual([name, { kind: 'skip' }]);
  }
});
