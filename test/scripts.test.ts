// The scripts: what they count, what they sign and pack, and that a start leaves stdout to the program.

import { describe, expect, test } from 'bun:test';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import packageJson from '../package.json' with { type: 'json' };
import { type Entry, tarGz, zip } from '../scripts/archive.ts';
import { countWrongPages, signAdHoc } from '../scripts/macho.ts';
import { countTests } from '../scripts/test.ts';
import { targetHere } from './release/made.ts';

const ROOT = join(import.meta.dir, '..');

const report = (tests: number, failures: number, skipped: number) =>
  `<?xml version="1.0"?>\n<testsuites name="bun test" tests="${tests}" failures="${failures}" skipped="${skipped}">`;

describe('the count', () => {
  test.each([
    ['a good run', report(3, 0, 0), ' 3 pass\n 0 fail\n', 0, { passed: 3, failed: 0 }],
    [
      'a skipped test is neither',
      report(3, 0, 1),
      ' 2 pass\n 1 skip\n 0 fail\n',
      0,
      { passed: 2, failed: 0 },
    ],
    ['a failed test', report(3, 1, 0), ' 2 pass\n 1 fail\n', 1, { passed: 2, failed: 1 }],
    [
      'a file that fails at import, which no report names',
      report(3, 1, 1),
      ' 1 pass\n 2 fail\n 1 error\n',
      1,
      { passed: 1, failed: 2 },
    ],
    ['a test that ends the process', undefined, 'a.test.ts:\n(pass) a\n', 0, { passed: 0, failed: 1 }],
    [
      'a process of several that dies, with the tests that it never came to',
      report(4, 1, 0),
      '(pass) a\n✗ a.test.ts (worker crashed: SIGKILL)\n\n 2 pass\n 1 fail\n',
      1,
      { passed: 3, failed: 1 },
    ],
    ['no test at all', undefined, 'No tests found!\n', 1, { passed: 0, failed: 1 }],
    ['an empty report', report(0, 0, 0), ' 0 pass\n 0 fail\n', 0, { passed: 0, failed: 1 }],
    [
      'an exit code that nothing explains',
      report(3, 0, 0),
      ' 3 pass\n 0 fail\n',
      139,
      { passed: 3, failed: 1 },
    ],
    [
      'a summary that a test printed',
      report(2, 0, 0),
      ' 9 fail\n\n 2 pass\n 0 fail\n',
      0,
      { passed: 2, failed: 0 },
    ],
  ])('%s', (_, junit, said, exitCode, counts) => {
    expect(countTests(junit, said, exitCode)).toEqual(counts);
  });
});

describe('an ad-hoc signature', () => {
  test('matches every page, where the one before did not', () => {
    const stale = machO(300_000);
    expect(countWrongPages(signAdHoc(stale, 'first'))).toBe(0);
    const signed = signAdHoc(stale, 'session-memory');
    signed[100_000] = 1;
    signed[200_000] = 1;
    expect(countWrongPages(signed)).toBe(2);
    expect(countWrongPages(signAdHoc(signed, 'session-memory'))).toBe(0);
  });

  test('is the same for the same bytes', () => {
    expect(signAdHoc(machO(50_000), 'a')).toEqual(signAdHoc(machO(50_000), 'a'));
  });

  test('refuses what is no Mach-O', () => {
    expect(() => signAdHoc(new Uint8Array(100), 'a')).toThrow('not a 64-bit Mach-O');
  });
});

describe('an archive', () => {
  const entries: Entry[] = [
    { path: 'a/LICENSE', bytes: new TextEncoder().encode('free\n'), executable: false },
    { path: 'a/run', bytes: new Uint8Array(1000).fill(7), executable: true },
  ];

  test('is unpacked by the tools that people have', () => {
    using folder = temporaryFolder();
    const pack = join(folder.path, 'a.tar.gz');
    writeFileSync(pack, tarGz(entries));
    const listed = Bun.spawnSync(['tar', 'tvzf', pack]);
    expect(listed.success).toBe(true);
    expect(listed.stdout.toString()).toMatch(/-rw-r--r-- .* 5 .*a\/LICENSE\n-rwxr-xr-x .* 1000 .*a\/run\n/);
    expect(gunzipSync(tarGz(entries)).length % 512).toBe(0);
  });

  test('has the same bytes for the same files', () => {
    expect(tarGz(entries)).toEqual(tarGz(entries));
    expect(zip(entries)).toEqual(zip(entries));
  });

  test('a zip says where each file lies', () => {
    const packed = Buffer.from(zip(entries));
    const end = packed.subarray(packed.length - 22);
    expect([end.readUInt32LE(0), end.readUInt16LE(10)]).toEqual([0x06054b50, 2]);
    expect(packed.readUInt32LE(end.readUInt32LE(16))).toBe(0x02014b50);
  });
});

describe('scripts/start', () => {
  test('from another folder and through a symlink, it says what the program says, and no more', () => {
    using folder = temporaryFolder();
    const link = join(folder.path, 'sm');
    symlinkSync(join(import.meta.dir, '..', 'scripts', 'start'), link);
    const started = Bun.spawnSync([link, '--version'], { cwd: folder.path });
    const direct = Bun.spawnSync([
      process.env['SESSION_MEMORY_BIN'] ?? join(import.meta.dir, '../dist/session-memory'),
      '--version',
    ]);
    expect(started.stdout.toString()).toBe(direct.stdout.toString());
    expect(started.exitCode).toBe(direct.exitCode);
  });

  test('the executable knows the version it was built as, its commit, and what it was built for', () => {
    const program =
      process.env['SESSION_MEMORY_BIN'] ?? join(import.meta.dir, '..', 'dist', 'session-memory');
    const said = Bun.spawnSync([program, '--version']).stdout.toString();
    expect(said).toMatch(/^session-memory \d+\.\d+\.\d+ \((?:[0-9a-f]{12}(?:-dirty)?|unknown)\)\n.+\n$/);
    expect(said).toStartWith(`session-memory ${packageJson.version} (`);
    const target = targetHere();
    if (target !== undefined) expect(said.split('\n')[1]).toStartWith(target.name);
  });
});

test('run from source, it says the version of package.json: a release must not forget one of the two', () => {
  const main = join(import.meta.dir, '..', 'src', 'main.ts');
  const said = Bun.spawnSync([process.execPath, main, '--version']).stdout.toString();
  expect(said).toBe(`session-memory ${packageJson.version} (source)\nfrom source\n`);
});

if (process.platform !== 'linux') console.log('skipped: which C library runs here is asked on Linux only');

describe('a script of package.json', () => {
  const called = Object.entries(packageJson.scripts);

  test('asks no package manager to run it: not all of them can', () => {
    expect(called.filter(([, words]) => /npm_|\bbun\b/.test(words))).toEqual([]);
    for (const [, words] of called) {
      const name = /^\.\/scripts\/run (\w+)$/.exec(words)?.[1];
      if (name !== undefined) expect(existsSync(join(ROOT, 'scripts', `${name}.ts`))).toBe(true);
    }
  });

  test('is run by the one Bun, from wherever npm is called', () => {
    const run = (...words: string[]) =>
      Bun.spawnSync([join(ROOT, 'scripts/run'), ...words], {
        cwd: tmpdir(),
        env: { PATH: '/usr/bin:/bin', HOME: tmpdir(), npm_execpath: '/nowhere/npm-cli.js' },
      });
    expect(run('torture', '--help').exitCode).toBe(0);
    const wrong = run('nonsense');
    expect([wrong.exitCode, wrong.stderr.toString()]).toEqual([
      1,
      'session-memory: there is no scripts/nonsense.ts\n',
    ]);
  });
});

describe('the Bun that is fetched', () => {
  const setup = join(import.meta.dir, '..', 'scripts', 'setup.sh');
  const version = packageJson.packageManager.replace('bun@', '');
  /** What stands in a program: its loader, among other bytes. */
  const linked = (loader: string) => `\x7fELF\x02\x01\0\0/usr/bin/x\0${loader}\0\0GNU\0/lib/ld-other.so\0`;
  const PROGRAMS: Record<string, string> = {
    glibc: linked('/lib64/ld-linux-x86-64.so.2'),
    'glibc-arm': linked('/lib/ld-linux-aarch64.so.1'),
    nix: linked('/nix/store/x-glibc-2.40/lib/ld-linux-x86-64.so.2'),
    musl: linked('/lib/ld-musl-x86_64.so.1'),
    'linked-whole': '\x7fELF\x02\x01\0\0nothing of a loader\0',
    script: '#!/bin/sh\nexec something\n',
  };
  const FAKES: Record<string, string> = {
    uname: '#!/bin/sh\ncase $1 in -s) echo Linux ;; *) echo x86_64 ;; esac\n',
    // Its last word is the package; what it leaves there is as much of Bun as is asked for.
    npm: `#!/bin/sh
for package; do :; done
echo "$package" >>"$ASKED"
name=\${package%@*}
mkdir -p "node_modules/$name/bin"
printf '#!/bin/sh\\necho %s\\n' "${version}" >"node_modules/$name/bin/bun"
`,
  };

  /** Runs `script` with the functions of setup.sh, in a checkout of its own, on a machine of these programs; which packages were asked for. */
  function fetched(programs: readonly string[], script: string, ownBun?: string): string[] {
    using folder = temporaryFolder();
    const at = (name: string) => join(folder.path, name);
    writeFileSync(at('package.json'), JSON.stringify(packageJson));
    for (const [name, text] of Object.entries({ ...PROGRAMS, ...FAKES }))
      writeFileSync(at(name), text, { mode: 0o755 });
    if (ownBun !== undefined) {
      mkdirSync(at(`.bun/${version}`), { recursive: true });
      writeFileSync(at(`.bun/${version}/bun`), ownBun, { mode: 0o755 });
    }
    const faked = '. "$SETUP"; running_programs() { printf "%s\\n" $PROGRAMS; }; eval "$SCRIPT"';
    const env = {
      PATH: `${folder.path}:/usr/bin:/bin`,
      self: at('scripts/start'),
      SETUP: setup,
      SCRIPT: script,
      ASKED: at('asked'),
      PROGRAMS: programs.map(at).join(' '),
    };
    const run = Bun.spawnSync(['sh', '-c', faked], { env, cwd: folder.path });
    expect(run.exitCode, run.stderr.toString()).toBe(0);
    return existsSync(at('asked')) ? readFileSync(at('asked'), 'utf8').trim().split('\n') : [];
  }

  test.each([
    ['glibc', ['glibc']],
    ['glibc', ['glibc-arm']],
    ['glibc', ['nix', 'musl']],
    ['musl', ['musl']],
    ['musl', ['missing', 'linked-whole', 'script', 'musl', 'glibc']],
    ['glibc', ['script', 'linked-whole', 'glibc']],
  ])('is made for %s, which the programs that run here are linked to: %j', (libc, programs) => {
    const suffix = libc === 'musl' ? '-musl' : '';
    expect(fetched(programs, 'fetch_bun')).toEqual([`@oven/bun-linux-x64${suffix}@${version}`]);
  });

  test('takes the place of one that is there and does not run, as after a fetch for another library', () => {
    const script = 'find_bun; [ "$bun" = "$own_bun" ]; "$bun" --version >/dev/null';
    expect(fetched(['glibc'], script, '#!/no/such/loader\n')).toHaveLength(1);
    expect(fetched(['glibc'], script, `#!/bin/sh\necho ${version}\n`), 'one that runs stays').toEqual([]);
  });

  test.skipIf(process.platform !== 'linux')('is of the library that this very Bun runs with', () => {
    const ask = `. "${setup}"; libc_here; libc_of "${process.execPath}"`;
    const run = Bun.spawnSync(['sh', '-c', ask], { env: { PATH: process.env['PATH'] ?? '', self: setup } });
    const [here, ours] = run.stdout.toString().trim().split('\n');
    expect(here).toBe(ours);
  });
});

test('packages that are installed here are not taken for installed in a copy that shares its files', () => {
  using folder = temporaryFolder();
  const at = (name: string) => join(folder.path, name);
  const setup = join(import.meta.dir, '..', 'scripts', 'setup.sh');
  for (const root of ['here', 'copy']) {
    mkdirSync(at(`${root}/node_modules`), { recursive: true });
    writeFileSync(at(`${root}/package.json`), JSON.stringify(packageJson));
    writeFileSync(at(`${root}/bun.lock`), 'old');
  }
  writeFileSync(at('bun'), '#!/bin/sh\npwd >>"$ASKED"\n', { mode: 0o755 });
  const install = (root: string) => {
    const script = '. "$SETUP"; bun=$BUN; install_packages';
    const env = { PATH: '/usr/bin:/bin', self: at(`${root}/scripts/start`), SETUP: setup, BUN: at('bun') };
    mkdirSync(at(`${root}/scripts`), { recursive: true });
    const run = Bun.spawnSync(['sh', '-c', script], { env: { ...env, ASKED: at('asked') } });
    expect(run.exitCode, run.stderr.toString()).toBe(0);
  };
  install('here');
  // As `cp -al` does.
  linkSync(at('here/node_modules/.installed-lock'), at('copy/node_modules/.installed-lock'));
  writeFileSync(at('here/bun.lock'), 'new');
  install('here');
  writeFileSync(at('copy/bun.lock'), 'new');
  install('copy');
  const asked = readFileSync(at('asked'), 'utf8').trim().split('\n');
  expect(asked.map((path) => basename(path))).toEqual(['here', 'here', 'copy']);
});

/** The least that a signature stands on: a header, two segments, and a signature of zeros at the end. */
function machO(codeBytes: number): Uint8Array {
  const signatureAt = Math.ceil(codeBytes / 16) * 16;
  const file = Buffer.alloc(signatureAt + 64);
  file.writeUInt32LE(0xfeedfacf, 0);
  file.writeUInt32LE(3, 16);
  const segment = (at: number, name: string, fileAt: number, bytes: number) => {
    file.writeUInt32LE(0x19, at);
    file.writeUInt32LE(72, at + 4);
    file.write(name, at + 8);
    file.writeBigUInt64LE(BigInt(fileAt), at + 40);
    file.writeBigUInt64LE(BigInt(bytes), at + 48);
  };
  segment(32, '__TEXT', 0, 16_384);
  segment(104, '__LINKEDIT', 16_384, file.length - 16_384);
  file.writeUInt32LE(0x1d, 176);
  file.writeUInt32LE(16, 180);
  file.writeUInt32LE(signatureAt, 184);
  file.writeUInt32LE(64, 188);
  return file;
}

function temporaryFolder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'session-memory-scripts-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
