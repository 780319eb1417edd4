/**
 * Values as people write them: sizes, ages, times.
 * Promises: a value that is not understood is a failure that names it and says how to write it; nothing is guessed.
 */
import { parse as parseMs } from '@lukeed/ms';
import bytesIec from 'bytes-iec';
import { closest, distance } from 'fastest-levenshtein';
import { FailureError, invalid } from '../domain/errors.ts';
import { addMs, DAY_MS, type Iso, parseTime } from '../domain/time.ts';

/** `4GiB`, `500MB` or a number of bytes. `name`: the flag or key, for the message. */
export function parseBytes(text: string | number, name: string): number {
  const parsed =
    typeof text === 'number' ? text : /^\d+$/.test(text.trim()) ? Number(text) : bytesIec.parse(text.trim());
  if (
    parsed === null ||
    !Number.isSafeInteger(Math.floor(parsed)) ||
    parsed < 0 ||
    String(text).trim().startsWith('-')
  ) {
    throw new FailureError(
      invalid(`${name} is not a size: ${text}`, 'Write 4GiB, 500MB, or a number of bytes.'),
    );
  }
  return Math.floor(parsed);
}

/** `45`, `45d`, `2w` or `off`, in days. */
export function parseAgeDays(text: string | number, name: string): number | 'off' {
  if (text === 'off') return 'off';
  const plain = typeof text === 'number' ? text : /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : null;
  const days = plain ?? (typeof text === 'string' ? parseDays(text) : null);
  if (days === null || !Number.isFinite(days) || days < 0) {
    throw new FailureError(invalid(`${name} is not an age in days: ${text}`, 'Write 45, 45d, 2w or off.'));
  }
  return days;
}

function parseDays(text: string): number | null {
  const parsed = parseMs(text.trim());
  return parsed === undefined ? null : parsed / DAY_MS;
}

/** A date or time (UTC unless it says otherwise), or how long ago: `2026-05-01`, `2026-05-01T10:00`, `7d`. */
export function parseSince(text: string, name: string, now: Iso): Iso {
  const time = parseTime(text.trim());
  if (time !== null) return time;
  const ago = parseMs(text.trim());
  if (ago === undefined || ago < 0) {
    throw new FailureError(
      invalid(
        `${name} is not a time: ${text}`,
        'Write 2026-05-01, 2026-05-01T10:00:00Z, or 7d for seven days ago.',
      ),
    );
  }
  return addMs(now, -ago);
}

export function parseCount(text: string, name: string): number {
  const count = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(count)) {
    throw new FailureError(invalid(`${name} is not a whole number: ${text}`, 'Write a number from 0 up.'));
  }
  return count;
}

/** The same of a list that is asked for: none of it would be read as there being none. */
export function parseLimit(text: string): number {
  const limit = parseCount(text, '--limit');
  if (limit > 0) return limit;
  throw new FailureError(invalid('--limit 0 finds nothing', 'Give a number from 1 up.'));
}

/** The value where it is one of the known ones; a failure that names the nearest where not. */
export function oneOf<T extends string>(value: string | null, known: readonly T[], flag: string): T | null {
  if (value === null) return null;
  const found = known.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw new FailureError(
    invalid(
      `${flag} does not know ${value}`,
      `${nearest(value, known) ?? ''} It takes ${known.join(', ')}.`.trim(),
    ),
  );
}

/** Which known word is meant, where one is near. */
export function nearest(word: string, known: readonly string[]): string | null {
  const begun = word.length < 3 ? [] : known.filter((name) => name.startsWith(word));
  if (begun.length === 1) return `Did you mean ${begun[0]}?`;
  const best = closest(word, [...known]);
  return distance(word, best) <= Math.max(2, Math.floor(word.length / 3)) ? `Did you mean ${best}?` : null;
}
