/** Files of other programs: what is in the way of a change is known before anything is changed. */
import { afterAll, expect, test } from 'bun:test';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { backupOf, keepBackup, obstacle } from '../../src/unattended/disk.ts';

const folder = mkdtempSync(join(tmpdir(), 'session-memory-disk-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, mode = 0o600): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, '{}');
  chmodSync(path, mode);
  return path;
}

test('a file without the right to write is in nobody’s way when it goes, and not to be changed', () => {
  const path = put('read-only.json', 0o400);
  expect(obstacle(path)).toContain('read-only');
  expect(obstacle(path, true)).toBeNull();
  const link = join(folder, 'link.json');
  symlinkSync(path, link);
  expect(obstacle(link)).toContain('read-only');
  expect(obstacle(put('plain.json'))).toBeNull();
  expect(obstacle(join(folder, 'not/there/yet.json'))).toBeNull();
});

test('a folder where nothing may be written is named, the nearest one that is there', () => {
  if (userInfo().uid === 0) return console.log('skipped: root may write everywhere');
  const path = put('closed/x.json');
  chmodSync(join(folder, 'closed'), 0o500);
  for (const [at, removes] of [
    [path, false],
    [path, true],
    [join(folder, 'closed/a/b.json'), false],
  ] as const)
    expect(obstacle(at, removes)).toBe(`you may not write in ${join(folder, 'closed')}`);
  chmodSync(join(folder, 'closed'), 0o700);
});

test('the copy of a file has its mode, also where that forbids to write, and nothing is left beside it', () => {
  const path = put('own/settings.json', 0o400);
  keepBackup(path, 'as it was');
  expect(statSync(backupOf(path)).mode & 0o777).toBe(0o400);
  expect(readdirSync(join(folder, 'own')).sort()).toEqual([
    'settings.json',
    'settings.json.before-session-memory',
  ]);
});
