/** A time is one of the calendar, by its digits as by the runtime's own reckoning. */
import { expect, test } from 'bun:test';
import { parseTime } from '../../src/domain/time.ts';

const two = (count: number) => String(count).padStart(2, '0');
const upTo = (last: number) => Array.from({ length: last + 1 }, (_, n) => n);

/** Whether writing the time out again gives the same text. */
function isOfCalendar(text: string): boolean {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === text;
}

test('every day of a month, and those that are none', () => {
  for (const year of ['0000', '1900', '2000', '2023', '2024', '9999'])
    for (const month of upTo(13))
      for (const day of upTo(32)) {
        const text = `${year}-${two(month)}-${two(day)}T11:59:59.999Z`;
        expect([text, parseTime(text) !== null]).toEqual([text, isOfCalendar(text)]);
      }
});

test('every hour, minute and second, and those that are none', () => {
  const times = [
    ...upTo(25).flatMap((hour) => upTo(61).map((minute) => `${two(hour)}:${two(minute)}:00`)),
    ...upTo(61).flatMap((minute) => upTo(61).map((second) => `23:${two(minute)}:${two(second)}`)),
  ];
  for (const time of [...times, '24:00:00', '24:00:01', '99:99:99']) {
    const text = `2026-03-28T${time}.000Z`;
    expect([text, parseTime(text) !== null]).toEqual([text, isOfCalendar(text)]);
  }
});
