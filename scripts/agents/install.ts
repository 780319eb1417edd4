/**
 * Has npm fetch agents into a folder outside the checkout, each version in a folder of its own.
 * Promises: nothing is installed for the whole machine, and no install script runs; what is there is not fetched again.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Current agents need a newer Node.js than many machines have; npm also chooses their packages by it. */
const NODE = '24.21.0';
const INSTALL_MS = 900_000;

export interface Ran {
  /** Null where it was killed. */
  readonly code: number | null;
  readonly out: string;
}

export function cacheFolder(): string {
  const own = Bun.env['SESSION_MEMORY_AGENTS_CACHE'];
  if (own) return own;
  const base =
    process.platform === 'darwin'
      ? join(homedir(), 'Library/Caches')
      : Bun.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(base, 'session-memory-agents');
}

/** The folders with the programs of an agent, to be put first into a PATH. */
export async function installed(
  id: string,
  version: string,
  packages: readonly string[],
): Promise<readonly string[]> {
  const node = join(await fetched('node', NODE, [`node@${NODE}`], []), 'node/bin');
  const [first = '', ...more] = packages;
  const modules = await fetched(id, version, [`${first}@${version}`, ...more], [node]);
  return [join(modules, '.bin'), node];
}

/** What is kept about an installed version, beside it; null: nothing. */
export function noted(id: string, version: string, name: string): readonly string[] | null {
  const path = join(cacheFolder(), id, version, name);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null;
}

export function noteIn(id: string, version: string, name: string, words: readonly string[]): void {
  writeFileSync(join(cacheFolder(), id, version, name), `${JSON.stringify(words, null, 2)}\n`);
}

export async function newestVersion(name: string): Promise<string> {
  const { code, out } = await run(['npm', 'view', name, 'version'], homedir(), []);
  const version = out.trim().split('\n').at(-1) ?? '';
  if (code !== 0 || !/^\d[\w.-]*$/.test(version)) throw new Error(`npm tells no version of ${name}: ${out}`);
  return version;
}

async function fetched(
  id: string,
  version: string,
  packages: readonly string[],
  bins: readonly string[],
): Promise<string> {
  const folder = join(cacheFolder(), id, version);
  const done = join(folder, 'installed.json');
  const wanted = JSON.stringify(packages);
  if (existsSync(done) && readFileSync(done, 'utf8') === wanted) return join(folder, 'node_modules');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
  const npm = ['npm', 'install', '--save-exact', '--no-audit', '--no-fund', '--ignore-scripts', ...packages];
  const { code, out } = await run(npm, folder, bins);
  if (code !== 0) throw new Error(`npm could not fetch ${packages.join(' ')}: ${out}`);
  writeFileSync(done, wanted);
  return join(folder, 'node_modules');
}

async function run(argv: readonly string[], cwd: string, bins: readonly string[]): Promise<Ran> {
  const child = Bun.spawn([...argv], {
    cwd,
    env: { ...Bun.env, PATH: [...bins, Bun.env['PATH'] ?? ''].join(':') },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: INSTALL_MS,
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code: child.exitCode, out: out + (child.exitCode === 0 ? '' : err) };
}
