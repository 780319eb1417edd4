// A release as files: which there are, that two runs give the same bytes, and what each holds.

import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { fileNames } from '../../scripts/releasing/assemble.ts';
import { checksFor, isVersion } from '../../scripts/releasing/checks.ts';
import { lockedParts } from '../../scripts/releasing/sbom.ts';
import { TARGETS } from '../../scripts/releasing/targets.ts';
import { Made, VERSION } from './made.ts';

const ROOT = join(import.meta.dir, '..', '..');
const SHARED = [
  'share/man/man1/session-memory.1',
  'share/bash-completion/completions/session-memory',
  'share/zsh/site-functions/_session-memory',
  'share/fish/vendor_completions.d/session-memory.fish',
];

/** Mode, size and path of what `tar` or `dpkg-deb` lists. */
function listed(command: string[]): Map<string, string> {
  const run = Bun.spawnSync(command);
  expect(run.stderr.toString()).toBe('');
  const rows = run.stdout.toString().trimEnd().split('\n');
  return new Map(rows.map((row) => [row.split(/\s+/).at(-1) ?? '', row.slice(0, 10)]));
}

describe('what is made', () => {
  test('is what the dry run names, no more and no less, and the same bytes a second time', async () => {
    using first = await new Made().make();
    // By another process, at another time, and with other habits.
    using second = new Made();
    const made = join(import.meta.dir, 'made.ts');
    const text = `import { Made } from ${JSON.stringify(made)}; (await new Made(process.argv[1]).make())[Symbol.dispose]();`;
    const command = `umask 077; exec "$0" -e "$1" "$2"`;
    const run = Bun.spawnSync(['sh', '-c', command, process.execPath, text, second.out], {
      env: { PATH: Bun.env['PATH'], TZ: 'Asia/Kathmandu', LC_ALL: 'C', HOME: second.folder },
    });
    expect(run.stderr.toString()).toBe('');
    expect(first.files()).toEqual(fileNames(VERSION));
    for (const path of first.files())
      expect(readFileSync(join(second.out, path)).equals(readFileSync(join(first.out, path))), path).toBe(
        true,
      );
  });

  test('SHA256SUMS has each file beside it, once, and the sums are right', async () => {
    using made = await new Made().make();
    const rows = readFileSync(join(made.out, 'SHA256SUMS'), 'utf8').trimEnd().split('\n');
    const beside = made.files().filter((path) => !path.includes('/') && path !== 'SHA256SUMS');
    expect(rows.map((row) => row.slice(66))).toEqual(beside);
    for (const row of rows) {
      const bytes = readFileSync(join(made.out, row.slice(66)));
      expect(row.slice(0, 66)).toBe(`${createHash('sha256').update(bytes).digest('hex')}  `);
    }
  });

  test('each archive has the program, the licence, the pages, and what shells and man look for', async () => {
    using made = await new Made().make();
    for (const target of TARGETS.filter(({ os }) => os !== 'win32')) {
      const folder = `session-memory-${VERSION}-${target.name}`;
      const files = listed(['tar', 'tvzf', join(made.out, `${folder}.tar.gz`)]);
      expect(files.get(`${folder}/session-memory`)).toBe('-rwxr-xr-x');
      for (const path of ['LICENSE', 'README.md', 'CHANGELOG.md', 'docs/security.md', ...SHARED])
        expect(files.get(`${folder}/${path}`), `${path} for ${target.name}`).toBe('-rw-r--r--');
    }
  });

  test('a recipe names its archives by the sums of SHA256SUMS, and nothing is left to fill in', async () => {
    using made = await new Made().make();
    const sums = readFileSync(join(made.out, 'SHA256SUMS'), 'utf8');
    const recipes = made
      .files()
      .filter((path) => path.startsWith('packaging/') || path === 'session-memory.json');
    expect(recipes).toHaveLength(5);
    for (const path of recipes) {
      const text = readFileSync(join(made.out, path), 'utf8');
      expect(text, path).not.toMatch(/@[A-Z][A-Z0-9 a-z-]*@/);
      expect(text, path).toContain(VERSION);
      const named = text.match(/\b[0-9a-f]{64}\b/g) ?? [];
      expect(named.length, path).toBeGreaterThan(0);
      for (const sum of named) expect(sums, path).toContain(`${sum}  session-memory-${VERSION}-`);
    }
  });

  test.each([
    ['session-memory.json', /-(windows-x64)\.zip",\s+"hash": "(\w+)"/g, 1],
    ['packaging/homebrew/session-memory.rb', /\}-((?:darwin|linux)-\w+)\.tar\.gz"\s+sha256 "(\w+)"/g, 4],
    ['packaging/nix/package.nix', /name = "([\w-]+)";\s+sha256 = "(\w+)"/g, 4],
    ['packaging/aur/.SRCINFO', /-(linux-\w+)\.tar\.gz\s+sha256sums_\w+ = (\w+)/g, 2],
    [
      'packaging/aur/PKGBUILD',
      /source_(\w+)=[\s\S]*?-(linux-\w+)\.tar\.gz[\s\S]*?sha256sums_\1=\('(\w+)'\)/g,
      1,
    ],
    [
      'packaging/aur/PKGBUILD',
      /source_(aarch64)=[\s\S]*?-(linux-\w+)\.tar\.gz[\s\S]*?sha256sums_\1=\('(\w+)'\)/g,
      1,
    ],
  ] as const)('%s has beside each platform its own sum', async (path, pairs, count) => {
    using made = await new Made().make();
    const sums = readFileSync(join(made.out, 'SHA256SUMS'), 'utf8');
    const found = [...readFileSync(join(made.out, path), 'utf8').matchAll(pairs)].map((match) =>
      match.slice(-2),
    );
    expect(found).toHaveLength(count);
    for (const [name, sum] of found)
      expect(sums).toMatch(new RegExp(`^${sum}  \\S+-${name}\\.(?:zip|tar\\.gz)$`, 'm'));
  });

  test('a Debian package is one that dpkg-deb reads, runs no script, and names each folder before its files', async () => {
    if (Bun.which('dpkg-deb') === null) return console.log('skipped: dpkg-deb is not here');
    using made = await new Made().make();
    for (const cpu of ['amd64', 'arm64']) {
      const deb = join(made.out, `session-memory_${VERSION}_${cpu}.deb`);
      const field = Bun.spawnSync([
        'dpkg-deb',
        '-f',
        deb,
        'Package',
        'Version',
        'Architecture',
      ]).stdout.toString();
      expect(field).toBe(`Package: session-memory\nVersion: ${VERSION}\nArchitecture: ${cpu}\n`);
      const control = Bun.spawnSync([
        'sh',
        '-c',
        `dpkg-deb --ctrl-tarfile "$0" | tar t`,
        deb,
      ]).stdout.toString();
      expect(control).toBe('./\n./control\n./md5sums\n');
      const files = listed(['dpkg-deb', '-c', deb]);
      expect(files.get('./usr/bin/session-memory')).toBe('-rwxr-xr-x');
      expect(files.get('./usr/share/man/man1/session-memory.1.gz')).toBe('-rw-r--r--');
      const seen = new Set<string>();
      for (const path of files.keys()) {
        const above = path.replace(/[^/]+\/?$/, '');
        expect(above === '' || seen.has(above), `${above} before ${path}`).toBe(true);
        seen.add(path);
      }
      const into = join(made.folder, cpu);
      expect(Bun.spawnSync(['dpkg-deb', '-x', deb, into]).exitCode).toBe(0);
      const sums = Bun.spawnSync([
        'sh',
        '-c',
        `cd "$1" && dpkg-deb --ctrl-tarfile "$0" | tar xO ./md5sums | md5sum -c`,
        deb,
        into,
      ]);
      expect(sums.exitCode, sums.stdout.toString()).toBe(0);
    }
  });

  test('the list of parts names the program, Bun and every package of it, each with its checksum', async () => {
    using made = await new Made().make();
    const sbom = JSON.parse(readFileSync(join(made.out, `session-memory-${VERSION}.spdx.json`), 'utf8'));
    const names: string[] = sbom.packages.map((each: { name: string }) => each.name);
    for (const name of ['session-memory', 'bun', ...Object.keys(packageJson.dependencies)])
      expect(names).toContain(name);
    for (const name of Object.keys(packageJson.devDependencies).filter((each) => !each.startsWith('@types/')))
      expect(names).not.toContain(name);
    const ids: string[] = sbom.packages.map((each: { SPDXID: string }) => each.SPDXID);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/);
    expect(sbom.creationInfo.created).toBe('2023-11-14T22:13:20Z');
    for (const part of lockedParts(readFileSync(join(ROOT, 'bun.lock'), 'utf8'))) {
      expect(part.sha512, part.name).toMatch(/^[0-9a-f]{128}$/);
      expect(part.license, part.name).not.toBe('NOASSERTION');
    }
  });
});

test('a part of the lock file is looked for beside the one that needs it first', () => {
  const row = (name: string, needs: Record<string, string> = {}) => [
    name,
    '',
    { dependencies: needs },
    'sha512-AAAA',
  ];
  const lock = {
    workspaces: { '': { dependencies: { a: '1', '@s/b': '1' } } },
    packages: {
      a: row('a@1.0.0', { c: '1' }),
      '@s/b': row('@s/b@1.0.0', { c: '2', d: '1' }),
      c: row('c@1.0.0'),
      '@s/b/c': row('c@2.0.0', { d: '1' }),
      d: row('d@1.0.0'),
      unused: row('unused@1.0.0'),
    },
  };
  const parts = (text: string) => lockedParts(text).map(({ name, version }) => `${name}@${version}`);
  expect(parts(JSON.stringify(lock))).toEqual(['@s/b@1.0.0', 'a@1.0.0', 'c@1.0.0', 'c@2.0.0', 'd@1.0.0']);
  const { d: _, ...without } = lock.packages;
  expect(() => parts(JSON.stringify({ ...lock, packages: without }))).toThrow('bun.lock has no d');
});

describe('before a release', () => {
  const good = {
    packageVersion: '1.2.3',
    changelog:
      '# Changelog\n\n## [1.2.3] - 2026-11-30\n\n### Added\n- A thing.\n\n## [1.2.2] - 2026-01-01\n- Older.\n',
    commit: '0123456789ab',
  };
  const wrong = (state: Partial<typeof good>) =>
    checksFor('1.2.3', { ...good, ...state }).flatMap((check) => (check.wrong === null ? [] : [check.wrong]));

  test('nothing is wrong where all is so', () => expect(wrong({})).toEqual([]));

  test.each([
    ['another version in package.json', { packageVersion: '1.2.2' }, 'write 1.2.3 there'],
    ['a changed tree', { commit: '0123456789ab-dirty' }, 'git status'],
    ['no checkout', { commit: 'unknown' }, 'nobody could build these bytes again'],
    ['no section', { changelog: '# Changelog\n\n## [1.2.2] - 2026-01-01\n- Older.\n' }, 'add it above'],
    ['no day', { changelog: '## [1.2.3] - unreleased\n- A thing.\n' }, 'end it with the day'],
    [
      'an empty section',
      { changelog: '## [1.2.3] - 2026-11-30\n\n## [1.2.2] - 2026-01-01\n- Older.\n' },
      'has no line',
    ],
  ])('%s stops it, and the message says what to do', (_, state, message) => {
    expect(wrong(state).join('\n')).toContain(message);
    expect(wrong(state)).toHaveLength(1);
  });

  test('a version is three numbers, and may be one to come', () => {
    expect(['0.2.0', '1.0.0-rc.1'].map(isVersion)).toEqual([true, true]);
    expect(['', 'v0.2.0', '0.2', '../x', '0.2.0 ', '0.2.0-', '0.2.0/1'].some(isVersion)).toBe(false);
  });

  test.each([
    [[], 'name one VERSION'],
    [['0.1'], 'name one VERSION'],
    [['0.1.0', '--only', 'linux-x65'], 'no such target: linux-x65'],
    [['0.1.0', '--force'], "'--force'"],
  ])('%p is refused with the usage, and nothing is made', (words, message) => {
    const run = Bun.spawnSync([process.execPath, join(ROOT, 'scripts', 'release.ts'), ...words]);
    expect(run.exitCode).toBe(2);
    expect(run.stderr.toString()).toContain(message);
    expect(run.stderr.toString()).toContain('usage: ./scripts/release VERSION');
  });
});

test('everything that names the repository names the one of package.json', () => {
  const listing = Bun.spawnSync(['git', 'ls-files', '-z', '*.md', '*.sh', '*.yml', 'packaging'], {
    cwd: ROOT,
  });
  if (!listing.success) return console.log('skipped: this is no git checkout');
  const paths = listing.stdout
    .toString()
    .split('\0')
    .filter((path) => path !== '');
  const others = paths.flatMap((path) =>
    [...readFileSync(join(ROOT, path), 'utf8').matchAll(/github\.com\/([\w.-]+\/session-memory)\b/g)]
      .filter(([, name]) => name !== packageJson.repository)
      .map(([, name]) => `${path}: ${name}`),
  );
  expect(others).toEqual([]);
});
