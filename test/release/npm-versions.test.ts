// The npm packages by each npm that people have: 11 warns of scripts that packages run, 12 runs none. Both come from the
// package registry, into a folder of this test's own; what they install comes from a registry on loopback.

import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { npmName } from '../../scripts/releasing/targets.ts';
import { fetchedFromNpm } from './fetched.ts';
import { Installed, whyNoNpm } from './installed.ts';
import { SCRIPT, targetHere, VERSION } from './made.ts';

const HERE = targetHere();
const folder = mkdtempSync(join(tmpdir(), 'session-memory-npm-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Where this npm's commands lie; null: it cannot be had, or does not run on this Node. */
async function fetched(version: string): Promise<string | null> {
  if (whyNoNpm !== null) return null;
  const modules = await fetchedFromNpm('npm', version, folder);
  if (modules === null) return null;
  const commands = join(modules, '.bin');
  const said = Bun.spawnSync([join(commands, 'npm'), '--version'], { cwd: folder });
  return said.stdout.toString().trim() === version ? commands : null;
}

const VERSIONS = ['11.21.2', '12.2.2'] as const;
const npms = await Promise.all(
  VERSIONS.map(async (version) => ({ version, commands: await fetched(version) })),
);
for (const { version, commands } of npms)
  if (commands === null)
    console.log(
      `skipped: npm ${version}: ${whyNoNpm ?? 'the registry does not give it, or it does not run here'}`,
    );

describe.each(npms)('npm $version', ({ commands }) => {
  test.skipIf(commands === null)(
    'brings the package of this platform alone, and the program passes its words, ends and signals',
    async () => {
      await using own = Object.assign(new Installed(commands ?? ''), {
        [Symbol.asyncDispose]: () => own.dispose(),
      });
      await own.install();
      const platform = HERE === undefined ? '' : npmName(HERE).slice(1).replace('/', '-');
      const tarballs = [`session-memory-${VERSION}.tgz`, `${platform}-${VERSION}.tgz`].sort();
      expect(own.registry?.downloaded.toSorted()).toEqual(tarballs);
      expect(readFileSync(own.program, 'utf8')).toBe(SCRIPT);
      expect((await own.run([own.command, 'words', 'a b', '*'])).out).toBe('<a b><*>');
      for (const code of [0, 3, 130])
        expect((await own.run([own.command, 'exit', String(code)])).code).toBe(code);
      expect((await own.run([own.command, 'die', 'TERM'])).signal).toBe('SIGTERM');
      const child = own.start([own.command, 'wait']);
      let said = '';
      for await (const piece of child.stdout) {
        if (said === '') child.kill('SIGTERM');
        said += new TextDecoder().decode(piece);
      }
      expect([said, await child.exited]).toEqual(['ready\nTERM\n', 7]);
    },
  );

  test.skipIf(commands === null)('runs it by npx, out of an empty cache, with its exit code', async () => {
    await using own = Object.assign(new Installed(commands ?? ''), {
      [Symbol.asyncDispose]: () => own.dispose(),
    });
    await own.serve();
    const npx = (...words: string[]) => own.run(['npx', '--yes', `session-memory@${VERSION}`, ...words]);
    const first = await npx('--version');
    expect([first.code, first.out]).toEqual([0, `session-memory ${VERSION} (test)\n`]);
    expect(own.registry?.downloaded).toHaveLength(2);
    expect((await npx('exit', '6')).code).toBe(6);
  });
});
