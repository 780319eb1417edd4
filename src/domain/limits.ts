/**
 * The caps and the age that a sweep works under.
 * Promises: a `Limits` value has been checked; soft is never above hard.
 */
import { type Failure, invalid } from './errors.ts';

export const GIB = 1024 ** 3;
export const MIB = 1024 ** 2;

export interface Limits {
  readonly rawSoftCapBytes: number;
  readonly rawHardCapBytes: number;
  /** Days; `off` switches the backstop off. */
  readonly rawMaxAgeDays: number | 'off';
  /** Digests above it are reported, never dropped. */
  readonly distilledCapBytes: number;
}

/** 4 and 6 GiB hold some months of one heavy user; 45 days outlive the agents' own 30. */
export const DEFAULT_LIMITS: Limits = {
  rawSoftCapBytes: 4 * GIB,
  rawHardCapBytes: 6 * GIB,
  rawMaxAgeDays: 45,
  distilledCapBytes: GIB,
};

/** The limits, or why they cannot be worked under. 0 is a cap like any other. */
export function checkLimits(limits: Limits): Failure | null {
  const named = [
    ['raw_soft_cap_bytes', limits.rawSoftCapBytes],
    ['raw_hard_cap_bytes', limits.rawHardCapBytes],
    ['distilled_cap_bytes', limits.distilledCapBytes],
  ] as const;
  for (const [name, bytes] of named) {
    if (!Number.isSafeInteger(bytes) || bytes < 0) {
      return invalid(
        `${name} must be a whole number of bytes from 0 up, not ${bytes}`,
        'Give a size such as 4GiB, 500MB or 0.',
      );
    }
  }
  const days = limits.rawMaxAgeDays;
  if (days !== 'off' && (!Number.isFinite(days) || days < 0)) {
    return invalid(
      `raw_max_age_days must be a number of days from 0 up, or "off", not ${days}`,
      'Give a number such as 45, or "off".',
    );
  }
  if (limits.rawSoftCapBytes > limits.rawHardCapBytes) {
    return invalid(
      `raw_soft_cap_bytes (${limits.rawSoftCapBytes}) is above raw_hard_cap_bytes (${limits.rawHardCapBytes})`,
      'Lower the soft cap (--soft-cap) or raise the hard cap (--hard-cap).',
    );
  }
  return null;
}
