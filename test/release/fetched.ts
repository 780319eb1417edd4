/** A tool that tests try things with, from the package registry, into a folder of the test's own. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Its folder of modules; null: npm is not here, or the registry does not give it within half a minute. */
export async function fetchedFromNpm(name: string, version: string, folder: string): Promise<string | null> {
  if (Bun.which('npm') === null) return null;
  const into = join(folder, `${name}-${version}`);
  const words = ['--prefix', into, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
  const child = Bun.spawn(['npm', 'install', ...words, `${name}@${version}`], {
    cwd: folder,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
    timeout: 30_000,
  });
  const modules = join(into, 'node_modules');
  return (await child.exited) === 0 && existsSync(join(modules, name)) ? modules : null;
}
