/**
 * How fast work goes and how long the rest takes, in words. Pure.
 * Promises: nothing is claimed before it can be known; the whole of the work is the measure, so that one slow piece makes no figure jump.
 */
import { formatBytes, formatCount } from './format.ts';

export interface Work {
  readonly done: number;
  /** Null: not known. */
  readonly total: number | null;
  /** Monotonic milliseconds since it began. */
  readonly elapsedMs: number;
  readonly unit: 'bytes' | 'pieces';
}

/** Before that much time and that share a figure would be a guess. */
const KNOWN_AFTER_MS = 1_500;
const KNOWN_SHARE = 0.005;

/** `12.3 MiB/s, 40 s left`; empty: nothing can be said yet. */
export function paceText({ done, total, elapsedMs, unit }: Work): string {
  if (elapsedMs < KNOWN_AFTER_MS || done <= 0) return '';
  const perS = done / (elapsedMs / 1000);
  const rate = unit === 'bytes' ? `${formatBytes(perS)}/s` : piecesText(perS);
  if (total === null || done >= total || done / total < KNOWN_SHARE) return rate;
  return `${rate}, ${timeText((total - done) / perS)} left`;
}

/** Slow work is told by the minute: `0 a second` would say that nothing happens. */
function piecesText(perS: number): string {
  if (perS >= 10) return `${formatCount(Math.round(perS))}/s`;
  return perS >= 1 ? `${perS.toFixed(1)}/s` : `${(perS * 60).toFixed(perS * 60 >= 10 ? 0 : 1)}/min`;
}

/** `9 s`, `4 min`, `1 h 20 min`, `3 d`: as exactly as anybody can know it. */
export function timeText(seconds: number): string {
  const s = Math.max(1, Math.ceil(seconds));
  if (s < 90) return `${s} s`;
  const min = Math.ceil(s / 60);
  if (min < 60) return `${min} min`;
  const h = Math.floor(min / 60);
  if (h >= 48) return `${Math.ceil(h / 24)} d`;
  return h >= 10 || min % 60 === 0 ? `${Math.ceil(min / 60)} h` : `${h} h ${min % 60} min`;
}
