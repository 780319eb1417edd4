// How the program says it was installed: by where it lies, and never by a guess.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { installation, originOf } from '../../src/cli/origin.ts';

const nowhere = () => false;
const MODULES = 'session-memory/node_modules/@session-memory/linux-x64/bin/session-memory';

test.each([
  [`/usr/local/lib/node_modules/${MODULES}`, 'installed by npm', 'npm install --global'],
  ['/usr/lib/node_modules/@session-memory/linux-x64/bin/session-memory', 'installed by npm', 'npm install'],
  [
    'C:\\Users\\me\\AppData\\Roaming\\npm\\node_modules\\session-memory\\node_modules\\@session-memory\\win32-x64\\bin\\session-memory.exe',
    'installed by npm',
    'npm install',
  ],
  ['/home/me/.npm/_npx/1f/node_modules/@session-memory/linux-x64/bin/session-memory', 'run by npx', 'npx '],
  [
    '/home/me/.local/share/pnpm/global/5/.pnpm/@session-memory+linux-x64@1.0.0/node_modules/@session-memory/linux-x64/bin/session-memory',
    'installed by pnpm',
    'pnpm add',
  ],
  [
    '/home/me/.bun/install/global/node_modules/@session-memory/linux-x64/bin/session-memory',
    'installed by Bun',
    'bun add',
  ],
  ['/home/me/app/node_modules/@session-memory/linux-x64/bin/session-memory', 'package of a project', null],
  ['/opt/homebrew/Cellar/session-memory/1.0.0/bin/session-memory', 'Homebrew', 'brew upgrade'],
  ['C:\\Users\\me\\scoop\\apps\\session-memory\\1.0.0\\session-memory.exe', 'Scoop', 'scoop update'],
  ['/nix/store/abc-session-memory-1.0.0/bin/session-memory', 'Nix', null],
] as const)('%s', (path, how, update) => {
  const origin = originOf(path, nowhere);
  expect(origin?.how).toContain(how);
  if (update === null) expect(origin?.update).toBeNull();
  else expect(origin?.update).toStartWith(update);
});

test('a program of the system is of the package whose records are there, and of none where there are none', () => {
  const with_ = (record: string) =>
    originOf('/usr/bin/session-memory', (path) => path.startsWith(record))?.how;
  expect(with_('/var/lib/dpkg/info/session-memory.list')).toBe('installed as a Debian package');
  expect(with_('/var/lib/pacman/')).toBe('installed by pacman');
  expect(with_('/var/lib/rpm')).toBeUndefined();
});

test('a path that no package manager makes tells nothing, whatever records are there', () => {
  const segment = fc.stringMatching(/^[a-z.-]{1,12}$/).filter((word) => word !== 'node_modules');
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 6 }), (segments) => {
      const path = `/home/${segments.join('/')}/session-memory`;
      expect(originOf(path, () => true)).toBeNull();
      expect(installation('linux-x64', null)).toBe('linux-x64');
    }),
  );
});

test('the line says the platform, how, and the command that brings a newer one', () => {
  const origin = originOf(`/usr/lib/node_modules/${MODULES}`, nowhere);
  expect(installation('linux-x64', origin)).toBe(
    'linux-x64, installed by npm; to update: npm install --global session-memory@latest',
  );
});
