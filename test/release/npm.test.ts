// The npm packages, installed as people install them, from a registry on loopback: only the one of this platform comes, and
// what is started is the program, with its words, its end and its signals.

import { afterAll, describe, expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { npmName, TARGETS } from '../../scripts/releasing/targets.ts';
import { Installed, whyNoNpm } from './installed.ts';
import { SCRIPT, targetHere, VERSION } from './made.ts';

const BINARY = Bun.env['SESSION_MEMORY_BIN'];
const HERE = targetHere();
const whyNot = whyNoNpm;
if (whyNot !== null) console.log(`skipped: ${whyNot}`);

const scripts = whyNot === null ? await new Installed().install() : null;
afterAll(() => scripts?.dispose());

/** The installation whose program is a script. */
function small(): Installed {
  if (scripts === null) throw new Error('not installed');
  return scripts;
}

describe.skipIf(whyNot !== null)('installed by npm', () => {
  test('only the package of this platform is downloaded, and its program is what npm calls', async () => {
    const asked = small().registry?.downloaded.toSorted();
    const platform = HERE === undefined ? '' : npmName(HERE).slice(1).replace('/', '-');
    expect(asked).toEqual([`session-memory-${VERSION}.tgz`, `${platform}-${VERSION}.tgz`].sort());
    expect(readFileSync(small().program, 'utf8')).toBe(SCRIPT);
    expect((await small().run([small().command, '--version'])).out).toBe(
      `session-memory ${VERSION} (test)\n`,
    );
    const page = join(small().prefix, 'share', 'man', 'man1', 'session-memory.1');
    expect(readFileSync(page, 'utf8')).toContain('printed for man');
  });

  test('no package has a script that runs while it is installed, and each says where it can run', () => {
    const { registry } = small();
    if (registry === undefined) throw new Error('no registry');
    expect(registry.names).toHaveLength(TARGETS.length + 1);
    for (const name of registry.names) expect(registry.manifest(name)['scripts'], name).toBeUndefined();
    const optional = Object.fromEntries(TARGETS.map((target) => [npmName(target), VERSION]));
    expect(registry.manifest('session-memory')['optionalDependencies']).toEqual(optional);
    for (const target of TARGETS) {
      const { os, cpu, libc } = registry.manifest(npmName(target));
      expect([os, cpu, libc]).toEqual([
        [target.os],
        [target.cpu],
        target.libc === undefined ? undefined : [target.libc],
      ]);
    }
  });

  test('words pass as they are, and so does the exit code', async () => {
    const words = ['', 'a b', '--flag=$HOME', 'ä"\'\\', 'line\nbreak', '*'];
    const said = await small().run([small().command, 'words', ...words]);
    expect(said.out).toBe(words.map((word) => `<${word}>`).join(''));
    for (const code of [0, 1, 2, 6, 130, 255])
      expect((await small().run([small().command, 'exit', String(code)])).code).toBe(code);
  });

  test('an end by a signal is seen as one', async () => {
    for (const name of ['KILL', 'TERM', 'INT', 'HUP'])
      expect((await small().run([small().command, 'die', name])).signal, name).toBe(`SIG${name}`);
  });

  test.each([
    ['SIGTERM', 'TERM', 7],
    ['SIGHUP', 'HUP', 8],
  ] as const)('%s reaches the program, whose exit code is the one that is seen', async (name, says, code) => {
    const child = small().start([small().command, 'wait']);
    let said = '';
    for await (const piece of child.stdout) {
      const isFirst = said === '';
      said += new TextDecoder().decode(piece);
      if (isFirst) child.kill(name);
    }
    expect([said, await child.exited]).toEqual([`ready\n${says}\n`, code]);
  });

  test('ctrl-c on a terminal reaches the program once: a second one would mean at once', async () => {
    // Two that come at once are one to the system: so it is pressed often. After each, lines go to the program and come
    // back, so that a second one is there before the next is pressed.
    const [presses, linesEach] = [12, 5];
    let said = '';
    let [pressed, typed, tooMany] = [0, 0, 0];
    const count = (word: RegExp) => said.match(word)?.length ?? 0;
    const child = Bun.spawn([small().command, 'wait'], {
      env: { PATH: Bun.env['PATH'] ?? '', HOME: small().made.folder, TERM: 'xterm' },
      terminal: {
        data: (terminal, data) => {
          said += Buffer.from(data).toString('utf8');
          tooMany = Math.max(tooMany, count(/INT/g) - pressed);
          if (!said.includes('ready') || count(/INT/g) < pressed || count(/heard/g) < typed) return;
          if (typed < pressed * linesEach) {
            typed += 1;
            terminal.write('line\n');
          } else if (pressed < presses) {
            pressed += 1;
            terminal.write('\x03');
          } else child.kill('SIGTERM');
        },
      },
    });
    expect(await child.exited).toBe(7);
    expect([count(/INT/g), tooMany]).toEqual([presses, 0]);
  });

  test('a program whose mode was taken away is given it again', async () => {
    chmodSync(small().program, 0o644);
    expect((await small().run([small().command, 'exit', '6'])).code).toBe(6);
    expect(statSync(small().program).mode & 0o111).toBe(0o111);
  });
});

describe.skipIf(whyNot !== null)('installed by npm, without optional packages', () => {
  test('it says which package is not there and how to get it', async () => {
    await using gone = Object.assign(new Installed(), { [Symbol.asyncDispose]: () => gone.dispose() });
    await gone.install();
    rmSync(join(gone.program, '..', '..'), { recursive: true });
    const said = await gone.run([gone.command, '--version']);
    expect([said.code, said.out]).toEqual([1, '']);
    expect(said.err).toContain(HERE === undefined ? '' : `${npmName(HERE)} is not installed`);
    expect(said.err).toContain('npm install --global --include=optional session-memory');
  });
});

if (BINARY === undefined || !existsSync(BINARY))
  console.log(
    'skipped: the real program by npm needs the built binary (SESSION_MEMORY_BIN; ./scripts/test sets it)',
  );

describe.skipIf(whyNot !== null || BINARY === undefined || !existsSync(BINARY))('the real program', () => {
  test('installed by npm, and by npx without being installed, says what it says directly, and fails as it does', async () => {
    await using real = Object.assign(new Installed(), { [Symbol.asyncDispose]: () => real.dispose() });
    const bytes = readFileSync(BINARY ?? '');
    await real.install((target) => (target === HERE ? bytes : Buffer.from(SCRIPT)));
    const firstLine = (text: string) => text.split('\n')[0] ?? '';
    const direct = await real.run([BINARY ?? '', '--version']);
    expect(firstLine(direct.out)).toStartWith('session-memory ');
    const byShim = await real.run([real.command, '--version']);
    expect([firstLine(byShim.out), byShim.code]).toEqual([firstLine(direct.out), 0]);
    const [wrong, wrongDirect] = await Promise.all([
      real.run([real.command, 'no-such-command']),
      real.run([BINARY ?? '', 'no-such-command']),
    ]);
    expect([wrong.code, wrong.out, wrong.err]).toEqual([wrongDirect.code, wrongDirect.out, wrongDirect.err]);
    // The name on the PATH is a script, and this program all the same; it outlives an upgrade.
    mkdirSync(join(real.made.folder, 'home', '.codex'));
    const byName = { PATH: `${dirname(real.command)}:${Bun.env['PATH'] ?? ''}` };
    const checks = await real.run([real.command, 'doctor', '--json'], byName);
    const named = (name: string) =>
      JSON.parse(checks.out).checks.find(({ check }: { check: string }) => check === name);
    expect(named('program')).toMatchObject({ state: 'ok' });
    expect(named('update').message).toBe(
      'installed by npm; to update: npm install --global session-memory@latest',
    );
    const shown = await real.run([real.command, 'install', '--dry-run', '--no-schedule'], byName);
    expect(shown.out).toContain(`"command": "${real.command} hook codex"`);
    // Where it is installed, npx starts that one.
    await real.run(['npm', 'uninstall', '--global', 'session-memory']);
    expect(existsSync(real.command)).toBe(false);
    const byNpx = await real.run(['npx', '--yes', `session-memory@${VERSION}`, '--version']);
    expect([firstLine(byNpx.out), byNpx.code]).toEqual([firstLine(direct.out), 0]);
    // Each says how it came here.
    expect(byShim.out).toContain(
      ', installed by npm; to update: npm install --global session-memory@latest\n',
    );
    expect(byNpx.out).toContain(', run by npx; to update: npx session-memory@latest\n');
    const noted = await real.run([
      'npx',
      '--yes',
      `session-memory@${VERSION}`,
      'install',
      '--dry-run',
      '--no-schedule',
    ]);
    expect(noted.err).toContain('what is installed now will stop working');
  });
});
