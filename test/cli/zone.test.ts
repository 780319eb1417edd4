/** The offset that the system's table gives is the one that the runtime has, for every zone whose rules both know. */
import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { zoneIn } from '../../src/cli/zone.ts';
import { Program } from '../support/program.ts';

const FOLDER = '/usr/share/zoneinfo';
/** Half hours, summers that begin in either half of the year, by an hour or half of one, at night and in the evening, none at all. */
const ZONES = [
  ...['UTC', 'Europe/Berlin', 'Europe/Dublin', 'America/New_York', 'America/St_Johns', 'Asia/Kolkata'],
  ...['Asia/Kathmandu', 'Australia/Lord_Howe', 'Australia/Adelaide', 'Pacific/Auckland', 'America/Santiago'],
  ...['Pacific/Chatham', 'Asia/Tokyo', 'Atlantic/Azores', 'America/Sao_Paulo', 'Pacific/Kiritimati'],
];

const areThere = existsSync(`${FOLDER}/Europe/Berlin`);
if (!areThere) console.log('skipped: this system has no tables of zones');

describe.skipIf(!areThere)('a table of the system', () => {
  test.each(ZONES)('of %s', (zone) => {
    const offsetAt = zoneIn(readFileSync(`${FOLDER}/${zone}`));
    if (offsetAt === null) throw new Error('it is none');
    const before = process.env['TZ'];
    process.env['TZ'] = zone;
    try {
      // Half a day and a minute each, so that every hour of the year has its turn; long tables end in 2037, then their rule holds.
      for (let ms = Date.UTC(2001, 0, 1); ms < Date.UTC(2071, 0, 1); ms += 43_260_000)
        if (offsetAt(ms) !== -new Date(ms).getTimezoneOffset() + 0)
          expect([new Date(ms).toISOString(), offsetAt(ms)]).toEqual([
            new Date(ms).toISOString(),
            -new Date(ms).getTimezoneOffset() + 0,
          ]);
    } finally {
      process.env['TZ'] = before ?? 'UTC';
    }
  });
});

test('what is no such table, cut off, or of an older form is left to the runtime', () => {
  const broken = [Buffer.alloc(0), Buffer.from('#!/bin/sh\n'), Buffer.from(`TZif${'\0'.repeat(40)}`)];
  for (const file of broken) expect(zoneIn(file)).toBeNull();
});

test('times are told in the zone of TZ, of a name that no table has too', async () => {
  using program = new Program();
  const told = async (zone: string) => {
    program.env = { SESSION_MEMORY_NOW: '2026-07-01T23:30:00.000Z', TZ: zone };
    return (await program.run('maintain', '--yes', '--json')).code === 0
      ? (await program.run('history', '--all')).out
      : '';
  };
  expect(await told('Europe/Berlin')).toContain('2026-07-02 01:30 UTC+2');
  expect(await told('Asia/Kolkata')).toContain('2026-07-02 05:00 UTC+5:30');
  for (const zone of ['../../etc/passwd', 'No/Such_Zone', ''])
    expect(await told(zone)).toMatch(/2026-07-01 23:30 UTC(?![+-])/);
});
