/**
 * How far the reader's clock is ahead of UTC, by the system's own table of their zone (TZif, RFC 9636).
 * Hot path: the runtime reads its tables of all zones and languages for that, 5 ms of each command that tells a time (row status-1e6).
 * Promises: what is not understood here, or not there, is asked of the runtime.
 */
import { readPlain } from '../files/plain-file.ts';

type OffsetAt = (ms: number) => number | null;

const FOLDER = '/usr/share/zoneinfo';
const NAME = /^[A-Za-z][\w+-]*(?:\/[\w+-]+){0,2}$/;
/** The largest has 4 KiB. */
const TABLE_BYTES_MAX = 64 * 1024;

let tableOf: (() => string) | null = null;
let offsetAt: OffsetAt | null = null;

/** Once, before a time is told. `name`: the variable `TZ`; undefined: the system's zone. */
export function zoneFrom(name: string | undefined, platform: string): void {
  if (platform === 'win32' || (name !== undefined && !NAME.test(name))) return;
  tableOf = () => (name === undefined ? '/etc/localtime' : `${FOLDER}/${name}`);
}

/** Minutes to add to UTC. */
export function offsetMinutes(at: Date): number {
  if (offsetAt === null) offsetAt = tableOf === null ? () => null : readZone(tableOf());
  return offsetAt(at.getTime()) ?? -at.getTimezoneOffset();
}

function readZone(path: string): OffsetAt {
  try {
    return zoneIn(readPlain(path, TABLE_BYTES_MAX)) ?? (() => null);
  } catch {
    // A system without tables: the runtime has some of its own.
    return () => null;
  }
}

/** Null: it is no such table. */
export function zoneIn(file: Buffer): OffsetAt | null {
  if (file.toString('latin1', 0, 4) !== 'TZif' || file.readUInt8(4) < 0x32) return null;
  // The first part, in 32 bits, is for older readers.
  const first = countsAt(file, 0);
  const second = HEADER_BYTES + bytesOf(first, 4);
  const counts = countsAt(file, second);
  const timesAt = second + HEADER_BYTES;
  const typesAt = timesAt + counts.times * 8;
  const offsetsAt = typesAt + counts.times;
  const rule = ruleOf(file.toString('latin1', timesAt + bytesOf(counts, 8)).trim());
  const offsetOf = (type: number) => file.readInt32BE(offsetsAt + type * 6) / 60;
  return (ms) => {
    const seconds = BigInt(Math.floor(ms / 1000));
    let at = counts.times;
    while (at > 0 && file.readBigInt64BE(timesAt + (at - 1) * 8) > seconds) at -= 1;
    if (at === counts.times) return rule?.(ms) ?? null;
    return offsetOf(at === 0 ? 0 : file.readUInt8(typesAt + at - 1));
  };
}

const HEADER_BYTES = 44;

function countsAt(file: Buffer, from: number) {
  const [ends = 0, standard = 0, leaps = 0, times = 0, types = 0, chars = 0] = [0, 1, 2, 3, 4, 5].map((i) =>
    file.readUInt32BE(from + 20 + i * 4),
  );
  return { ends, standard, leaps, times, types, chars };
}

function bytesOf(
  { ends, standard, leaps, times, types, chars }: ReturnType<typeof countsAt>,
  timeBytes: number,
): number {
  return times * (timeBytes + 1) + types * 6 + chars + leaps * (timeBytes + 4) + standard + ends;
}

const CLOCK = String.raw`([+-]?\d{1,3})(?::(\d\d))?(?::\d\d)?`;
const ABBREVIATION = '(?:<[^>]+>|[A-Za-z]+)';
const DAY = String.raw`,M(\d{1,2})\.(\d)\.(\d)(?:/${CLOCK})?`;
const RULE = new RegExp(`^${ABBREVIATION}${CLOCK}(?:${ABBREVIATION}(?:${CLOCK})?${DAY}${DAY})?$`);

/** What holds behind the last time of the table, as in `CET-1CEST,M3.5.0,M10.5.0/3`. Null: of another form. */
function ruleOf(text: string): OffsetAt | null {
  const found = RULE.exec(text);
  if (found === null) return null;
  const minutes = (at: number) => minutesOf(found[at], found[at + 1]);
  const standard = -(minutes(1) ?? 0);
  if (found[5] === undefined) return () => standard;
  const summer = found[3] === undefined ? standard + 60 : -(minutes(3) ?? 0);
  const turn = (year: number, at: number) => {
    const [month, week, day] = [found[at], found[at + 1], found[at + 2]].map(Number);
    return dayOf(year, month ?? 0, week ?? 0, day ?? 0) + (minutes(at + 3) ?? 120) * 60_000;
  };
  return (ms) => {
    const year = new Date(ms + standard * 60_000).getUTCFullYear();
    const begins = turn(year, 5) - standard * 60_000;
    const ends = turn(year, 10) - summer * 60_000;
    const isSummer = begins < ends ? ms >= begins && ms < ends : ms >= begins || ms < ends;
    return isSummer ? summer : standard;
  };
}

function minutesOf(hours: string | undefined, rest: string | undefined): number | null {
  if (hours === undefined) return null;
  const [whole, more] = [Math.abs(Number(hours)) * 60, Number(rest ?? 0)];
  return hours.startsWith('-') ? -whole - more : whole + more;
}

/** Midnight, in UTC, of the day `day` (0: Sunday) of the week `week` of a month; 5: the last one. */
function dayOf(year: number, month: number, week: number, day: number): number {
  const first = new Date(Date.UTC(year, month - 1, 1)).getUTCDay();
  const date = 1 + ((day - first + 7) % 7) + (week - 1) * 7;
  const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return Date.UTC(year, month - 1, date > days ? date - 7 : date);
}
