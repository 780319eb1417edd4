/** A release that npm has installed, from a registry on loopback, into a prefix and a home of its own. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { npmName, programName, type Target } from '../../scripts/releasing/targets.ts';
import { Made, targetHere } from './made.ts';
import { Registry } from './registry.ts';

const HERE = targetHere();

/** Why npm cannot be tried here; null: it can. */
export const whyNoNpm =
  Bun.which('npm') === null || Bun.which('node') === null
    ? 'npm and Node.js are not here'
    : HERE === undefined || HERE.os === 'win32'
      ? 'the scripts of this test do not run on this system'
      : null;

export class Installed {
  readonly made = new Made();
  readonly prefix = join(this.made.folder, 'prefix');
  readonly command = join(this.prefix, 'bin', 'session-memory');
  readonly #env;
  registry: Registry | undefined;

  /** `npmFolder`: where `npm` and `npx` lie, if not those of this machine are meant. */
  constructor(npmFolder?: string) {
    const path = Bun.env['PATH'] ?? '';
    this.#env = {
      PATH: npmFolder === undefined ? path : `${npmFolder}:${path}`,
      HOME: join(this.made.folder, 'home'),
      npm_config_cache: join(this.made.folder, 'cache'),
      npm_config_prefix: this.prefix,
      npm_config_update_notifier: 'false',
      npm_config_audit: 'false',
      npm_config_fund: 'false',
    };
  }

  /** Makes the release and the registry, and installs nothing. */
  async serve(programs?: (target: Target) => Uint8Array): Promise<void> {
    await this.made.make(programs);
    mkdirSync(this.#env.HOME);
    this.registry = new Registry(join(this.made.out, 'npm'));
  }

  async install(programs?: (target: Target) => Uint8Array): Promise<this> {
    await this.serve(programs);
    const { code, err } = await this.run(['npm', 'install', '--global', 'session-memory']);
    if (code !== 0) throw new Error(err);
    return this;
  }

  async run(
    command: string[],
    more: Record<string, string> = {},
  ): Promise<{ code: number; out: string; err: string; signal: unknown }> {
    const child = this.start(command, more);
    const [out, err, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { code, out, err, signal: child.signalCode };
  }

  start(command: string[], more: Record<string, string> = {}) {
    return Bun.spawn(command, {
      env: { ...this.#env, npm_config_registry: this.registry?.url ?? '', ...more },
      cwd: this.made.folder,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    });
  }

  /** Of the package that holds the program. */
  get program(): string {
    if (HERE === undefined) throw new Error('no target');
    const modules = join(this.prefix, 'lib', 'node_modules', 'session-memory', 'node_modules');
    return join(modules, npmName(HERE), 'bin', programName(HERE));
  }

  async dispose(): Promise<void> {
    await this.registry?.[Symbol.asyncDispose]();
    this.made[Symbol.dispose]();
  }
}
