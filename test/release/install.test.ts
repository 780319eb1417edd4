// The install script, in the shells that people have, from a server on loopback: what it installs, and that nothing is
// installed where something is wrong, whatever it is.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { archiveName, TARGETS } from '../../scripts/releasing/targets.ts';
import { SmallDisk } from '../support/disk.ts';
import { Made, SCRIPT, targetHere, VERSION } from './made.ts';

const INSTALL = readFileSync(join(import.meta.dir, '..', '..', 'scripts', 'install.sh'));
const HERE = targetHere();
const ARCHIVE = HERE === undefined ? '' : archiveName(VERSION, HERE);
const BUSYBOX = Bun.which('busybox');
/** What downloads: where there is neither, busybox has one. */
const GETTER =
  ['curl', 'wget'].find((name) => Bun.which(name) !== null) ?? (BUSYBOX === null ? null : 'busybox');
const SHELLS: readonly (readonly string[])[] = [
  ...['dash', 'bash'].filter((name) => Bun.which(name) !== null).map((name) => [name]),
  ...(BUSYBOX === null ? [] : [['busybox', 'sh']]),
];
for (const name of ['dash', 'bash', 'busybox'])
  if (Bun.which(name) === null) console.log(`skipped: the install script in ${name}, which is not here`);
const whyNot =
  GETTER === null
    ? 'the install script needs curl, wget or busybox'
    : HERE === undefined || HERE.os === 'win32'
      ? 'the install script is for Linux and macOS'
      : null;
if (whyNot !== null) console.log(`skipped: ${whyNot}`);

/** What the server does to a file on its way; null: there is none. */
type Alter = (name: string, bytes: Buffer) => Buffer | null;
const asItIs: Alter = (_, bytes) => bytes;

interface Told {
  readonly code: number;
  readonly err: string;
}

/** A server with one release, a home, and a folder of temporary files. */
class Place implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'session-memory-install-'));
  readonly home = join(this.folder, 'home');
  readonly temp = join(this.folder, 'temp');
  readonly tools = join(this.folder, 'tools');
  readonly program = join(this.home, '.local', 'bin', 'session-memory');
  readonly #server: Bun.Server<undefined>;
  readonly asked: string[] = [];
  /** The shell that runs the script. */
  kill: () => void = () => undefined;

  constructor(alter: Alter = asItIs) {
    for (const path of [this.home, this.temp, this.tools]) mkdirSync(path);
    if (GETTER === 'busybox' && BUSYBOX !== null) symlinkSync(BUSYBOX, join(this.tools, 'wget'));
    this.#server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: (request) => {
        const { pathname } = new URL(request.url);
        this.asked.push(pathname);
        const [, name = ''] = pathname.match(/^\/(?:latest\/download|download\/v1\.2\.3)\/([^/]+)$/) ?? [];
        const path = join(made.out, name);
        const bytes = name !== '' && existsSync(path) ? alter(name, readFileSync(path)) : null;
        return bytes === null ? new Response('', { status: 404 }) : new Response(bytes);
      },
    });
  }

  async run(
    shell: readonly string[],
    words: readonly string[] = [],
    given: { script?: Uint8Array; temp?: string; env?: Record<string, string> } = {},
  ): Promise<Told> {
    // Piped into the shell, as people do it.
    const child = Bun.spawn([...shell, '-s', '--', ...words], {
      env: {
        PATH: `${this.tools}:${Bun.env['PATH']}`,
        HOME: this.home,
        TMPDIR: given.temp ?? this.temp,
        LC_ALL: 'C.UTF-8',
        SESSION_MEMORY_BASE_URL: `http://127.0.0.1:${this.#server.port}`,
        ...given.env,
      },
      cwd: this.folder,
      stdin: given.script ?? INSTALL,
      stdout: 'pipe',
      stderr: 'pipe',
    });
    this.kill = () => child.kill('SIGTERM');
    const [out, err, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    expect(out).toBe('');
    return { code, err };
  }

  /** All files below the home and the folder of temporary files. */
  files(): string[] {
    return [this.home, this.temp].flatMap((path) =>
      readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => join(entry.parentPath, entry.name)),
    );
  }

  [Symbol.dispose](): void {
    this.#server.stop(true);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const made = new Made();
beforeAll(async () => void (await made.make()));
afterAll(() => made[Symbol.dispose]());

const OLD = '#!/bin/sh\necho old\n';

/** A program that is there already, as an earlier version would be. */
function withOld(place: Place): void {
  mkdirSync(join(place.home, '.local', 'bin'), { recursive: true });
  writeFileSync(place.program, OLD);
  chmodSync(place.program, 0o755);
}

/** Nothing but the old program is there, and it is as it was. */
function expectUntouched(place: Place): void {
  expect(place.files()).toEqual([place.program]);
  expect(readFileSync(place.program, 'utf8')).toBe(OLD);
}

const flipped = (bytes: Buffer, at: number) => {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};
const archiveAs =
  (change: (bytes: Buffer) => Buffer | null): Alter =>
  (name, bytes) =>
    name === ARCHIVE ? change(bytes) : bytes;
const sumsAs =
  (change: (text: string) => string): Alter =>
  (name, bytes) =>
    name === 'SHA256SUMS' ? Buffer.from(change(bytes.toString('utf8'))) : bytes;

const DAMAGES: readonly (readonly [string, Alter, string])[] = [
  ['one bit of the archive is wrong', archiveAs((bytes) => flipped(bytes, bytes.length >> 1)), 'is damaged'],
  ['its last byte is wrong', archiveAs((bytes) => flipped(bytes, bytes.length - 1)), 'is damaged'],
  ['the archive ends early', archiveAs((bytes) => bytes.subarray(0, bytes.length - 100)), 'is damaged'],
  ['the archive is empty', archiveAs(() => Buffer.alloc(0)), 'is damaged'],
  ['the archive is not there', archiveAs(() => null), 'could not download'],
  ['there are no sums', (name, bytes) => (name === 'SHA256SUMS' ? null : bytes), 'could not download'],
  ['the sums are empty', sumsAs(() => ''), 'has no archive for'],
  ['the sums are a page in HTML', sumsAs(() => '<html>Sign in</html>'), 'has no archive for'],
  [
    'the sums are cut in the line',
    sumsAs((text) => text.slice(0, text.indexOf(ARCHIVE) + 20)),
    'has no archive for',
  ],
  ['a sum is short', sumsAs((text) => text.replaceAll(/^[0-9a-f]/gm, '')), 'has no archive for'],
  [
    'a name leads elsewhere',
    sumsAs((text) => text.replaceAll('  session', '  ../session')),
    'has no archive for',
  ],
];

describe.skipIf(whyNot !== null)('the install script', () => {
  for (const shell of SHELLS) {
    const name = shell.join(' ');

    test(`in ${name} installs the latest, says what and where, and leaves nothing else`, async () => {
      using place = new Place();
      const { code, err } = await place.run(shell);
      expect(err).toContain(`installed session-memory ${VERSION} (test) as ${place.program}\n`);
      expect(err).toContain('is not on your PATH');
      expect([code, place.files()]).toEqual([0, [place.program]]);
      expect(readFileSync(place.program, 'utf8')).toBe(SCRIPT);
      expect(Bun.spawnSync([place.program, '--version']).stdout.toString()).toBe(
        `session-memory ${VERSION} (test)\n`,
      );
      expect(place.asked).toEqual(['/latest/download/SHA256SUMS', `/latest/download/${ARCHIVE}`]);
    });

    test(`in ${name} takes a version and a folder, and puts the new program over the old one`, async () => {
      using place = new Place();
      withOld(place);
      const before = await place.run(shell, ['--version', `v${VERSION}`, '--to', 'a folder/bin']);
      expect([before.code, place.asked[0]]).toEqual([0, `/download/v${VERSION}/SHA256SUMS`]);
      expect(existsSync(join(place.folder, 'a folder', 'bin', 'session-memory'))).toBe(true);
      expect(readFileSync(place.program, 'utf8')).toBe(OLD);
      expect((await place.run(shell)).code).toBe(0);
      expect(readFileSync(place.program, 'utf8')).toBe(SCRIPT);
    });

    test.each(DAMAGES)(`in ${name} installs nothing where %s`, async (_, alter, message) => {
      using place = new Place(alter);
      withOld(place);
      const { code, err } = await place.run(shell);
      expect(err).toContain(message);
      expect(err).toEndWith('session-memory: nothing was installed\n');
      expect(code).toBe(1);
      expectUntouched(place);
    });

    test(`in ${name} installs nothing where the program does not run here`, async () => {
      using broken = await new Made().make(() => Buffer.from('#!/bin/sh\necho no libstdc >&2\nexit 127\n'));
      using other = new Place((file) => readFileSync(join(broken.out, file)));
      withOld(other);
      const { code, err } = await other.run(shell);
      expect([code, err]).toEqual([
        1,
        expect.stringContaining('  no libstdc\nsession-memory: the program does not run here'),
      ]);
      expectUntouched(other);
    });

    test(`in ${name} installs nothing where it may not, and says how to name another place`, async () => {
      using place = new Place();
      withOld(place);
      const file = join(place.folder, 'file');
      writeFileSync(file, '');
      for (const to of ['/proc/session-memory', join(file, 'bin'), join(place.folder, 'taken')]) {
        mkdirSync(join(place.folder, 'taken', 'session-memory'), { recursive: true });
        const { code, err } = await place.run(shell, ['--to', to]);
        expect([code, err], to).toEqual([1, expect.stringContaining('--to')]);
        expect(err).toEndWith('session-memory: nothing was installed\n');
        expectUntouched(place);
      }
    });

    test(`in ${name} refuses what it does not know, before it asks for anything`, async () => {
      using place = new Place();
      for (const words of [['--force'], ['0.1.0'], ['--version'], ['--to', '']]) {
        const { code, err } = await place.run(shell, words);
        expect([code, err]).toEqual([1, expect.stringContaining('usage: install.sh')]);
      }
      expect([place.asked, place.files()]).toEqual([[], []]);
    });

    test(`in ${name} with too little room anywhere installs the whole program or nothing`, async () => {
      using disk = new SmallDisk(1);
      if (!disk.isMounted) return;
      const folder = join(disk.path, 'bin');
      const program = join(folder, 'session-memory');
      const codes = new Set<number>();
      for (const temp of [disk.path, undefined]) {
        for (const kibibytes of [0, 4, 8, 16, 24, 28, 32, 64]) {
          using place = new Place();
          mkdirSync(folder);
          writeFileSync(program, 'old');
          disk.fill(kibibytes * 1024);
          const { code, err } = await place.run(shell, ['--to', folder], temp === undefined ? {} : { temp });
          codes.add(code);
          expect(readFileSync(program, 'utf8'), err).toBe(code === 0 ? SCRIPT : 'old');
          if (code !== 0) expect(err).toContain('room');
          expect(readdirSync(folder)).toEqual(['session-memory']);
          disk.free();
          rmSync(folder, { recursive: true });
          expect([...readdirSync(disk.path), ...place.files()]).toEqual([]);
        }
      }
      expect([...codes].sort()).toEqual([0, 1]);
    });

    test(`in ${name}, ended while it downloads, leaves nothing behind`, async () => {
      let end: () => void = () => undefined;
      using place = new Place((_, bytes) => {
        end();
        return bytes;
      });
      withOld(place);
      end = () => place.kill();
      const { code } = await place.run(shell);
      expect(code).toBe(143);
      expectUntouched(place);
    });

    test(`in ${name}, cut anywhere, runs not a word of itself`, async () => {
      using place = new Place();
      withOld(place);
      const start = INSTALL.indexOf('{');
      const whole = INSTALL.lastIndexOf('}');
      const cuts = [
        start + 1,
        ...Array.from({ length: 40 }, (_, i) => start + 1 + Math.floor((i * (whole - start)) / 40)),
      ];
      for (let cut = whole - 40; cut <= whole; cut += 1) cuts.push(cut);
      for (const cut of cuts) {
        const { code } = await place.run(shell, [], { script: INSTALL.subarray(0, cut) });
        expect(code, `cut at ${cut}`).not.toBe(0);
      }
      expect(place.asked).toEqual([]);
      expectUntouched(place);
    });
  }

  /** What the script calls besides what downloads and what sums up. */
  const ALWAYS = [
    'cat',
    'chmod',
    'cp',
    'getconf',
    'gzip',
    'head',
    'ldd',
    'mkdir',
    'mktemp',
    'mv',
    'rm',
    'sed',
    'sh',
  ];
  const MORE = ['tar', 'uname', 'bash'];

  /** A PATH of these programs alone; `busybox wget` is its `wget`. Null where one is not here. */
  function pathOf(place: Place, names: readonly string[]): string | null {
    const folder = join(place.folder, 'only');
    mkdirSync(folder);
    for (const name of [...ALWAYS, ...MORE, ...names]) {
      const path = Bun.which(name.split(' ')[0] ?? '');
      if (path === null && names.includes(name)) return null;
      if (path !== null) symlinkSync(path, join(folder, name.split(' ').at(-1) ?? ''));
    }
    return folder;
  }

  test.each([
    ['curl', 'sha256sum'],
    ['wget', 'shasum'],
    ['busybox wget', 'openssl'],
  ])('needs no more than %s and %s', async (getter, summer) => {
    using place = new Place();
    const path = pathOf(place, [getter, summer]);
    if (path === null)
      return console.log(`skipped: the install script with ${getter} and ${summer}: not here`);
    const good = await place.run([join(path, 'sh')], [], { env: { PATH: path } });
    expect([good.code, existsSync(place.program)], good.err).toEqual([0, true]);
    using damaged = new Place(archiveAs((bytes) => flipped(bytes, bytes.length >> 1)));
    const bad = await damaged.run([join(path, 'sh')], [], { env: { PATH: path } });
    expect([bad.code, bad.err, damaged.files()]).toEqual([1, expect.stringContaining('is damaged'), []]);
    using gone = new Place(() => null);
    const none = await gone.run([join(path, 'sh')], [], { env: { PATH: path } });
    expect([none.code, none.err, gone.files()]).toEqual([
      1,
      expect.stringContaining('could not download'),
      [],
    ]);
  });

  test.each([
    [['sha256sum'], 'needs curl or wget'],
    [['curl'], 'needs sha256sum, shasum or openssl'],
  ])('with %p alone says what it %s', async (names, message) => {
    using place = new Place();
    const path = pathOf(place, names);
    if (path === null) return console.log(`skipped: the install script with ${names} alone: not here`);
    const { code, err } = await place.run([join(path, 'sh')], [], { env: { PATH: path } });
    expect([code, err, place.files()]).toEqual([1, expect.stringContaining(message), []]);
    expect(err).toEndWith('session-memory: nothing was installed\n');
  });

  test('there is an archive for every system that it can name', () => {
    const text = INSTALL.toString('utf8');
    for (const { os, cpu } of TARGETS.filter((target) => target.os !== 'win32')) {
      expect(text).toContain(`os=${os} `);
      expect(text).toContain(`cpu=${cpu} `);
    }
  });
});
