// The recipes of other package managers: read by their own tools where those are here, and run as far as they can be without them.
// What is not here is skipped and named; a plain reading of each is done everywhere.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Made, SCRIPT, VERSION } from './made.ts';

const ROOT = join(import.meta.dir, '..', '..');
const made = new Made();
beforeAll(async () => void (await made.make()));
afterAll(() => made[Symbol.dispose]());
const text = (path: string) => readFileSync(join(made.out, path), 'utf8');

const needed = (tool: string, what: string) => {
  if (Bun.which(tool) === null) console.log(`skipped: ${what} needs ${tool}, which is not here`);
  return Bun.which(tool) === null;
};

/** What opens and closes, in its order, with comments and texts left out; what is left open is returned. */
function leftOpen(words: Iterable<string>, pairs: Readonly<Record<string, string>>): string[] {
  const open: string[] = [];
  for (const word of words) {
    if (pairs[word] !== undefined) open.push(word);
    else if (Object.values(pairs).includes(word) && pairs[open.pop() ?? ''] !== word) open.push(`!${word}`);
  }
  return open;
}

test('Scoop: every key is one that Scoop knows, of its kind', () => {
  const url = z.url({ protocol: /^https$/ });
  const manifest = z.strictObject({
    version: z.literal(VERSION),
    description: z.string(),
    homepage: url,
    license: z.literal('MIT'),
    architecture: z.strictObject({
      '64bit': z.strictObject({ url, hash: z.string().regex(/^[0-9a-f]{64}$/), extract_dir: z.string() }),
    }),
    bin: z.literal('session-memory.exe'),
    checkver: z.literal('github'),
    autoupdate: z.strictObject({
      architecture: z.strictObject({
        '64bit': z.strictObject({ url, extract_dir: z.string(), hash: z.strictObject({ url: z.string() }) }),
      }),
    }),
  });
  const { architecture, autoupdate } = manifest.parse(JSON.parse(text('session-memory.json')));
  const [now, next] = [architecture['64bit'], autoupdate.architecture['64bit']];
  // What is asked for at the next version is named as it is at this one.
  expect(next.url.replaceAll('$version', VERSION)).toBe(now.url);
  expect(next.extract_dir.replaceAll('$version', VERSION)).toBe(now.extract_dir);
});

describe('the AUR', () => {
  const noBash = needed('bash', 'the PKGBUILD');
  const inBash = (script: string, ...words: string[]) =>
    Bun.spawnSync(['bash', '-euo', 'pipefail', '-c', `. "$0"; ${script}`, pkgbuild(), ...words]);
  const pkgbuild = () => join(made.out, 'packaging', 'aur', 'PKGBUILD');

  test.skipIf(noBash)('.SRCINFO says what the PKGBUILD says', () => {
    const rows = text('packaging/aur/.SRCINFO')
      .split('\n')
      .flatMap((line) => {
        const [, key, value] = /^\t(\w+) = (.*)$/.exec(line) ?? [];
        return key === undefined || value === undefined ? [] : [{ key, value }];
      });
    const keys = [...new Set(rows.map(({ key }) => key))];
    const said = inBash(`for key; do declare -n of=$key; printf "$key = %s\\n" "\${of[@]}"; done`, ...keys);
    expect(said.stderr.toString()).toBe('');
    const sorted = (lines: string[]) => lines.filter((line) => line !== '').sort();
    expect(sorted(rows.map(({ key, value }) => `${key} = ${value}`))).toEqual(
      sorted(said.stdout.toString().split('\n')),
    );
  });

  test.skipIf(noBash)(
    'its package() puts program, licence, page and completions where Arch wants them',
    () => {
      for (const name of ['linux-x64', 'linux-arm64']) {
        const [src, pkg] = [join(made.folder, `${name}-src`), join(made.folder, `${name}-pkg`)];
        for (const folder of [src, pkg]) mkdirSync(folder);
        const archive = join(made.out, `session-memory-${VERSION}-${name}.tar.gz`);
        const run = inBash('tar -xzf "$1" -C "$2"; cd "$2"; pkgdir=$3; package', archive, src, pkg);
        expect([run.exitCode, run.stderr.toString()]).toEqual([0, '']);
        expect(readFileSync(join(pkg, 'usr/bin/session-memory'), 'utf8')).toBe(SCRIPT);
        for (const path of [
          'licenses/session-memory-bin/LICENSE',
          'man/man1/session-memory.1',
          'bash-completion/completions/session-memory',
          'zsh/site-functions/_session-memory',
          'fish/vendor_completions.d/session-memory.fish',
        ])
          expect(existsSync(join(pkg, 'usr/share', path)), path).toBe(true);
      }
    },
  );
});

describe('Homebrew', () => {
  test('every block of the formula is closed, and installs only what the archive has', () => {
    const formula = text('packaging/homebrew/session-memory.rb');
    const plain = formula.replace(/^\s*#.*$/gm, '').replace(/"(?:[^"\\]|\\.)*"/g, '""');
    const words = plain.match(/\b(?:class|def|do|end)\b/g) ?? [];
    expect(leftOpen(words, { class: 'end', def: 'end', do: 'end' })).toEqual([]);
    const listing = Bun.spawnSync([
      'tar',
      'tzf',
      join(made.out, `session-memory-${VERSION}-darwin-arm64.tar.gz`),
    ]);
    const files = listing.stdout.toString().split('\n');
    const installed = [...formula.matchAll(/\.install "([^"]+)"/g)].map(([, path]) => path);
    expect(installed).toHaveLength(5);
    for (const path of installed) expect(files).toContain(`session-memory-${VERSION}-darwin-arm64/${path}`);
  });

  test.skipIf(needed('ruby', 'the formula, read by Ruby'))('Ruby reads it', () => {
    const run = Bun.spawnSync(['ruby', '-wc', join(made.out, 'packaging/homebrew/session-memory.rb')]);
    expect([run.stdout.toString(), run.stderr.toString()]).toEqual(['Syntax OK\n', '']);
  });
});

describe('Nix', () => {
  test('every bracket of the package is closed', () => {
    const plain = text('packaging/nix/package.nix')
      .replace(/''[\s\S]*?''/g, '""')
      .replace(/#.*$/gm, '')
      .replace(/"(?:[^"\\]|\\.)*"/g, '""');
    expect(leftOpen(plain, { '{': '}', '[': ']', '(': ')' })).toEqual([]);
    // Both would break the program, and neither is seen before it runs.
    for (const line of ['dontStrip = true;', 'dontPatchELF = true;']) expect(plain).toContain(line);
  });

  test.skipIf(needed('nix-instantiate', 'the package, read by Nix'))('Nix reads it', () => {
    const at = (name: string) => join(made.folder, 'nix', name);
    const run = Bun.spawnSync(['nix-instantiate', '--parse', join(made.out, 'packaging/nix/package.nix')], {
      env: {
        ...Bun.env,
        NIX_STATE_DIR: at('state'),
        NIX_STORE_DIR: at('store'),
        NIX_LOG_DIR: at('log'),
        NIX_CONF_DIR: at('conf'),
      },
    });
    expect(run.exitCode, run.stderr.toString()).toBe(0);
  });
});

test.skipIf(needed('shellcheck', 'the scripts, read by shellcheck'))(
  'shellcheck finds nothing in what people run',
  () => {
    const run = Bun.spawnSync(['shellcheck', '--shell=sh', join(ROOT, 'scripts', 'install.sh')]);
    expect([run.exitCode, run.stdout.toString()]).toEqual([0, '']);
  },
);
