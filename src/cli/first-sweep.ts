/**
 * The first sweep of a store may be a surprise: who has years of transcripts and has never read of the age limit sees most of them go.
 * So a run of `maintain` says so and takes none of them; the next one does.
 * Promises: what is taken was told by an earlier run, under the same limit. Nothing is kept of it but that run's row.
 */
import type { Limits } from '../domain/limits.ts';
import { addMs, DAY_MS, type Iso } from '../domain/time.ts';
import type { PassName } from '../policy/passes.ts';
import { forecastSweep, type SweepForecast } from '../policy/plan.ts';
import type { ReadableDb } from '../store/connection.ts';
import { hasEverSwept, problemsThatBegin } from '../store/runs.ts';
import { census, passingAge, usage } from '../store/usage.ts';
import { formatBytes, plural } from './format.ts';

export interface FirstSweep {
  /** What it takes and the setting that changes it; what comes next is said behind it. */
  readonly text: string;
  /** An earlier run has said so, under the same limit. */
  readonly isTold: boolean;
}

const BEGINS = 'the first sweep evicts the raw bytes of ';

export const isOfFirstSweep = (problem: string): boolean => problem.startsWith(BEGINS);

/** What runs have told of it until now. */
export function toldFirstSweeps(db: ReadableDb): readonly string[] {
  return hasEverSwept(db) ? [] : problemsThatBegin(db, BEGINS);
}

/**
 * A first sweep within a day that would take more than half of all raw bytes; else null. A day: who runs once a day is told by the
 * run before, and has that long. `told`: of runs that had ended before this one began, so that of two at once none counts for the other.
 * `made`: the forecast of now, where that is made anyway.
 */
export function firstSweep(
  db: ReadableDb,
  limits: Limits,
  now: Iso,
  { told = null, made = null }: { told?: readonly string[] | null; made?: SweepForecast | null } = {},
): FirstSweep | null {
  if (hasEverSwept(db)) return null;
  const { taken, totalBytes } = db.snapshot(() => ({
    taken: takenWithinADay(db, limits, now, made),
    totalBytes: usage(db).tier1Bytes,
  }));
  const bytes = taken.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
  if (bytes * 2 <= totalBytes) return null;
  const sessions = taken.reduce((sum, pass) => sum + pass.sessions, 0);
  const byAge = taken.find(({ pass }) => pass === 'backstop')?.storedBytes ?? 0;
  const { cause, setting } = byAge * 2 >= bytes ? ofAge(limits) : ofCap(limits);
  const what = `${BEGINS}${plural(sessions, 'session')}, ${formatBytes(bytes)} of ${formatBytes(totalBytes)}, ${cause}`;
  return {
    text: `${what}; their digests stay. ${setting} changes that`,
    isTold: (told ?? toldFirstSweeps(db)).some((text) => text.includes(`, ${cause};`)),
  };
}

/** What each pass takes; those over the hard cap left out. Where age alone decides, only the sessions of one more day are looked at. */
function takenWithinADay(
  db: ReadableDb,
  limits: Limits,
  now: Iso,
  made: SweepForecast | null,
): readonly { readonly pass: PassName; readonly sessions: number; readonly storedBytes: number }[] {
  const then = addMs(now, DAY_MS);
  const [backstop, ...others] = made?.passes ?? [];
  if (backstop === undefined || others.some(({ sessions }) => sessions > 0)) {
    const flags = { analyze: true, dataLoss: false };
    const { passes } = forecastSweep(census(db, then), limits, flags, then);
    return passes.filter(({ pass }) => pass !== 'overflow' && pass !== 'bucket');
  }
  if (limits.rawMaxAgeDays === 'off') return [backstop];
  const more = passingAge(db, limits.rawMaxAgeDays, now, then);
  return [
    {
      pass: backstop.pass,
      sessions: backstop.sessions + more.sessions,
      storedBytes: backstop.storedBytes + more.storedBytes,
    },
  ];
}

interface Cause {
  readonly cause: string;
  readonly setting: string;
}

const ofAge = ({ rawMaxAgeDays }: Limits): Cause => ({
  cause: `older than ${rawMaxAgeDays} days`,
  setting: '`raw_max_age_days` in the configuration, or --max-age-days,',
});
const ofCap = ({ rawSoftCapBytes }: Limits): Cause => ({
  cause: `to get under the soft cap of ${formatBytes(rawSoftCapBytes)}`,
  setting: '`raw_soft_cap_bytes` in the configuration, or --soft-cap,',
});

/** For who looks between two runs. */
export function firstSweepText({ text, isTold }: FirstSweep): string {
  return `${text}. ${
    isTold
      ? 'A run of `maintain` has said so, and the next one takes what is due'
      : 'The next run of `maintain` says so and takes none of them; the one after it does'
  }`;
}
