/**
 * The first sweep of a store may be a surprise: who has years of transcripts and has never read of the age limit sees most of them go.
 */
import { addMs, DAY_MS } from '../domain/time.ts';
import { forecastSweep } from '../policy/plan.ts';
import type { ReadableDb } from '../store/connection.ts';
import { hasEverSwept } from '../store/runs.ts';
import { census, usage } from '../store/usage.ts';
import type { Context } from './context.ts';
import { formatBytes, plural } from './format.ts';

/**
 * That a first sweep within a day would take more than half of all raw bytes, with the setting that changes it; else null.
 * A day: who runs once a day is told by the run before.
 */
export function firstSweepNotice(
  { settings: { limits }, clock }: Pick<Context, 'settings' | 'clock'>,
  db: ReadableDb,
): string | null {
  if (hasEverSwept(db)) return null;
  const then = addMs(clock.now(), DAY_MS);
  const flags = { analyze: true, dataLoss: false };
  const { passes, totalBytes } = db.snapshot(() => ({
    passes: forecastSweep(census(db, then), limits, flags, then).passes,
    totalBytes: usage(db).tier1Bytes,
  }));
  const taken = passes.filter(({ pass }) => pass !== 'overflow');
  const bytes = taken.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
  if (bytes * 2 <= totalBytes) return null;
  const sessions = taken.reduce((sum, pass) => sum + pass.sessions, 0);
  const byAge = taken.find(({ pass }) => pass === 'backstop')?.storedBytes ?? 0;
  const setting =
    byAge * 2 >= bytes
      ? `older than ${limits.rawMaxAgeDays} days: raw_max_age_days in the configuration, or --max-age-days, changes that`
      : `to get under the soft cap: raw_soft_cap_bytes in the configuration, or --soft-cap, changes that`;
  return `the first sweep evicts the raw bytes of ${plural(sessions, 'session')}, ${formatBytes(bytes)} of ${formatBytes(totalBytes)}, ${setting}; their digests stay`;
}
