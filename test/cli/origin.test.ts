// How the program says it was installed: by where it lies, and never by a guess; and which command brings a newer one.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { type Around, installation, originOf, updateOf } from '../../src/cli/origin.ts';
import { wordsOf } from '../../src/unattended/own-call.ts';

const nowhere: Around = { isThere: () => false, mayWrite: () => true };
const everywhere: Around = { isThere: () => true, mayWrite: () => true };
const PROGRAM = 'node_modules/@session-memory/linux-x64/bin/session-memory';
const MODULES = `session-memory/${PROGRAM}`;

// The paths are those that each package manager made when it was run.
test.each([
  [`/usr/local/lib/node_modules/${MODULES}`, 'installed by npm', 'npm install --global'],
  [`/home/me/.npm-global/lib/node_modules/${MODULES}`, 'installed by npm', 'npm install --global'],
  ['/usr/lib/node_modules/@session-memory/linux-x64/bin/session-memory', 'installed by npm', 'npm install'],
  [
    'C:\\Users\\me\\AppData\\Roaming\\npm\\node_modules\\session-memory\\node_modules\\@session-memory\\win32-x64\\bin\\session-memory.exe',
    'installed by npm',
    'npm install',
  ],
  [
    'C:\\Program Files\\nodejs\\node_modules\\session-memory\\node_modules\\@session-memory\\win32-x64\\bin\\session-memory.exe',
    'installed by npm',
    'npm install',
  ],
  [`/home/me/.npm/_npx/1f/${PROGRAM}`, 'run by npx', 'npx '],
  [`/home/me/.bun/install/cache/.bunx-0/session-memory@latest/${PROGRAM}`, 'run by bunx', 'bunx '],
  [`/tmp/bunx-1000-session-memory@latest/${PROGRAM}`, 'run by bunx', 'bunx '],
  [
    `/home/me/.cache/pnpm/dlx/1fd2/mx38-czh/node_modules/.pnpm/@session-memory+linux-x64@1.2.3/${PROGRAM}`,
    'run by pnpm dlx',
    'pnpm dlx ',
  ],
  [
    `/home/me/.local/share/pnpm/global/5/.pnpm/@session-memory+linux-x64@1.0.0/${PROGRAM}`,
    'installed by pnpm',
    'pnpm add --global',
  ],
  [
    `/home/me/.local/share/pnpm/store/v11/links/@session-memory/linux-x64/1.2.3/379d/${PROGRAM}`,
    'installed by pnpm',
    'pnpm add --global',
  ],
  [`/home/me/.bun/install/global/${PROGRAM}`, 'installed by Bun', 'bun add --global'],
  [`/home/me/.config/yarn/global/${PROGRAM}`, 'installed by Yarn', 'yarn global add'],
  [
    `/home/me/.local/share/mise/installs/npm-session-memory/1.0.0/lib/node_modules/${MODULES}`,
    'installed by mise',
    'mise upgrade',
  ],
  [`/home/me/app/${PROGRAM}`, 'package of a project', null],
  ['/opt/homebrew/Cellar/session-memory/1.0.0/bin/session-memory', 'Homebrew', 'brew upgrade session-memory'],
  ['/home/linuxbrew/.linuxbrew/Cellar/session-memory/1/bin/session-memory', 'Homebrew', 'brew upgrade'],
  ['C:\\Users\\me\\scoop\\apps\\session-memory\\1.0.0\\session-memory.exe', 'Scoop', 'scoop update'],
  ['/nix/store/abc-session-memory-1.0.0/bin/session-memory', 'Nix', null],
  ['/home/me/.local/bin/session-memory', 'a file of its own', 'curl -fsSL '],
  ['C:\\tools\\session-memory.exe', 'a file of its own', null],
  ['/home/me/bin/sm', 'a file of its own', null],
] as const)('%s', (path, how, update) => {
  const origin = originOf(path, nowhere);
  if (origin === null) throw new Error('nothing is told');
  expect(origin.how).toContain(how);
  if (update === null) expect([origin.update, origin.otherwise === undefined]).toEqual([null, false]);
  else expect(origin.update).toStartWith(update);
  // What lies in a cache is taken away by emptying that, and is told how to stay.
  expect(origin.how.startsWith('run by')).toBe(origin.toStay !== undefined);
});

test('a program of the system is of the package whose records are there, and of none where there are none', () => {
  const with_ = (record: string) =>
    originOf('/usr/bin/session-memory', {
      isThere: (path) => path.startsWith(record),
      mayWrite: () => true,
    });
  const debian = with_('/var/lib/dpkg/info/session-memory.list');
  expect(debian).toMatchObject({ how: 'installed as a Debian package', update: null });
  expect(debian === null ? '' : updateOf(debian)).toEndWith('sudo apt install ./session-memory_*.deb');
  expect(with_('/var/lib/pacman/')?.how).toBe('installed by pacman');
  expect(with_('/var/lib/rpm')).toBeNull();
});

test('in a folder of the system nothing is told where no record says who put it there', () => {
  for (const path of ['/usr/bin/session-memory', '/usr/sbin/session-memory', '/bin/session-memory'])
    expect(originOf(path, nowhere), path).toBeNull();
  expect(originOf('/usr/bin/sm', everywhere)).toBeNull();
  expect(installation('linux-x64', null)).toBe('linux-x64');
});

test('a program that was built in a checkout is brought up to date there', () => {
  const origin = originOf('/home/me/a b/dist/session-memory', everywhere);
  expect(origin).toEqual({
    how: 'built in a checkout',
    update: "git -C '/home/me/a b' pull && '/home/me/a b/scripts/build'",
    remove: null,
  });
  expect(originOf('/home/me/a b/dist/session-memory', nowhere)?.how).toContain('a file of its own');
});

test('a program that no package manager knows is replaced where it lies, whatever the folder is called', () => {
  const segment = fc
    .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
    .filter((word) => !/[/\0]/.test(word) && word !== 'node_modules' && word !== 'dist');
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 6 }), fc.boolean(), (segments, mayWrite) => {
      const folder = `/home/${segments.join('/')}`;
      const origin = originOf(`${folder}/session-memory`, { isThere: () => false, mayWrite: () => mayWrite });
      const words = wordsOf(origin?.update ?? '');
      expect(words.at(-1)).toBe(folder);
      expect(words.slice(-4, -1)).toEqual(['-s', '--', '--to']);
      expect(words.includes('sudo')).toBe(!mayWrite);
      expect(wordsOf(origin?.remove ?? '').at(-1)).toBe(`${folder}/session-memory`);
    }),
  );
});

test('the line says the platform, how, and the command that brings a newer one', () => {
  const origin = originOf(`/usr/lib/node_modules/${MODULES}`, nowhere);
  expect(installation('linux-x64', origin)).toBe(
    'linux-x64, installed by npm; to update: npm install --global session-memory@latest',
  );
});
