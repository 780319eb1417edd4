/**
 * Times: UTC, ISO 8601 with milliseconds and `Z`, compared as text.
 * Promises: every `Iso` has the one form in which text order is time order.
 * Never: reads a clock; a `Clock` is handed in.
 */

export type Iso = string & { readonly __iso: true };

/** The only source of time. `monotonicMs` is for time-outs; it never steps back. */
export interface Clock {
  now(): Iso;
  monotonicMs(): number;
  /** True where `SESSION_MEMORY_NOW` holds the clock; the report says so. */
  readonly isSet: boolean;
}

export const DAY_MS = 86_400_000;
/** No agent wrote transcripts before; an earlier stamp is a broken clock or a forged record. */
export const EARLIEST = '2000-01-01T00:00:00.000Z';
const ISO_FORM = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Milliseconds since 1970 as `Iso`; null where that is no time of the years 0 to 9999. */
export function isoFromMs(ms: number): Iso | null {
  if (!Number.isFinite(ms) || ms < -62_167_219_200_000 || ms > 253_402_300_799_999) return null;
  return new Date(ms).toISOString() as Iso;
}

/** Any text or number (ISO with or without offset, epoch seconds or milliseconds) as `Iso`, else null. */
export function parseTime(value: unknown): Iso | null {
  if (typeof value === 'number') return isoFromMs(value < 100_000_000_000 ? value * 1000 : value);
  if (typeof value !== 'string' || value.length > 40) return null;
  if (ISO_FORM.test(value)) return isOfCalendar(value) ? (value as Iso) : null;
  if (!/^\d{4}-\d\d-\d\d/.test(value)) return null;
  // A time without an offset is read as UTC, as agents write it; Date.parse would take the local zone.
  const zoned =
    /(?:Z|[+-]\d\d:?\d\d)$/i.test(value) || value.length === 10 ? value : `${value.replace(' ', 'T')}Z`;
  return isoFromMs(Date.parse(zoned));
}

/** A forged or flipped stamp may name a 30th of February or an hour 24: `Date.parse` takes them for the day after. */
function isOfCalendar(value: string): boolean {
  // Nearly all: what every month has is told by its digits, in a fifth of the time.
  if (
    isWithin(twoDigits(value, 5), 1, 12) &&
    isWithin(twoDigits(value, 8), 1, 28) &&
    twoDigits(value, 11) <= 23 &&
    twoDigits(value, 14) <= 59 &&
    twoDigits(value, 17) <= 59
  )
    return true;
  const ms = Date.parse(value);
  return !Number.isNaN(ms) && isoFromMs(ms) === value;
}

function isWithin(count: number, least: number, most: number): boolean {
  return count >= least && count <= most;
}

function twoDigits(value: string, at: number): number {
  return 10 * (value.charCodeAt(at) - 0x30) + value.charCodeAt(at + 1) - 0x30;
}

/** The time, or null where it counts as absent: before 2000, or more than a day ahead of `now`. */
export function plausibleTime(time: Iso | null, now: Iso): Iso | null {
  if (time === null || time < EARLIEST) return null;
  const latest = lastHorizon?.now === now ? lastHorizon.horizon : horizon(now);
  return time > latest ? null : time;
}

/** Of the `now` that was asked for last: a plan asks several times for each session, always with the same one. */
let lastHorizon: { readonly now: Iso; readonly horizon: Iso } | null = null;

/** The latest time that still counts at `now`: one day ahead. */
export function horizon(now: Iso): Iso {
  if (lastHorizon?.now !== now) lastHorizon = { now, horizon: addMs(now, DAY_MS) };
  return lastHorizon.horizon;
}

/** Whether the clock that said `at` was behind, by what a transcript tells that was there then: `told` did not count yet. */
export function isDisproved(at: Iso, told: Iso): boolean {
  return told > addMs(at, DAY_MS);
}

/** `time` moved by `ms`, held within the years 0 to 9999. */
export function addMs(time: Iso, ms: number): Iso {
  return (
    isoFromMs(Date.parse(time) + ms) ??
    ((ms < 0 ? '0000-01-01T00:00:00.000Z' : '9999-12-31T23:59:59.999Z') as Iso)
  );
}

/** `later - earlier` in milliseconds. */
export function msBetween(earlier: Iso, later: Iso): number {
  return Date.parse(later) - Date.parse(earlier);
}
