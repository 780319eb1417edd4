/**
 * A home, a store and the real program in them, which may be killed at a point, at a moment, or not at all.
 * Promises: nothing outside its folder is touched; a run that was to be killed says whether it was.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

export const NOW = '2026-06-20T12:00:00.000Z';

/** `point`: `name:count`; `afterMs`: a SIGKILL from outside at a moment. */
export type Kill = { readonly point: string } | { readonly afterMs: number } | null;

export interface Ran {
  /** Null where it was killed. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly killed: boolean;
}

export class Box {
  readonly folder: string;
  readonly home: string;
  readonly store: string;
  readonly binary: string;
  env: Record<string, string> = {};
  /** What the program reads on its input; null: nothing. */
  input: string | null = null;
  /** What each file of the home was after each change, by its path below the home. */
  readonly #versions = new Map<string, Buffer[]>();

  constructor(binary: string, folder: string, store = join(folder, 'data', 's.db')) {
    this.binary = binary;
    this.folder = folder;
    this.home = join(folder, 'home');
    this.store = store;
    mkdirSync(this.home, { recursive: true });
  }

  put(relPath: string, content: string | Uint8Array, flag: 'w' | 'a' = 'w'): string {
    const path = join(this.home, relPath);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { flag });
    const known = this.#versions.get(relPath) ?? [];
    this.#versions.set(relPath, [...known, readFileSync(path)]);
    return path;
  }

  /** `relPath`: below the agent's folder. */
  versionsOf(relPath: string): readonly Buffer[] {
    return [...this.#versions].flatMap(([path, versions]) => (path.endsWith(`/${relPath}`) ? versions : []));
  }

  start(args: readonly string[], point?: string) {
    return Bun.spawn([this.binary, '--store', this.store, ...args], {
      cwd: this.home,
      env: {
        PATH: Bun.env['PATH'] ?? '',
        HOME: this.home,
        LANG: 'C.UTF-8',
        SESSION_MEMORY_NOW: NOW,
        ...this.env,
        ...(point === undefined ? {} : { SESSION_MEMORY_KILL_AT: point }),
      },
      stdin: this.input === null ? 'ignore' : new Blob([this.input]),
      stdout: 'pipe',
      stderr: 'pipe',
    });
  }

  async run(args: readonly string[], kill: Kill = null): Promise<Ran> {
    const child = this.start(args, kill !== null && 'point' in kill ? kill.point : undefined);
    const timer =
      kill !== null && 'afterMs' in kill ? setTimeout(() => child.kill('SIGKILL'), kill.afterMs) : null;
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    if (timer !== null) clearTimeout(timer);
    // Nobody but the point and the timer sends this signal.
    const killed = child.signalCode === 'SIGKILL';
    return { code: killed ? null : child.exitCode, out, err, killed };
  }

  /** The same, with the CPU time of the process. */
  async measured(args: readonly string[]): Promise<{ code: number | null; err: string; cpuMs: number }> {
    const child = this.start(args);
    const [err] = await Promise.all([
      new Response(child.stderr).text(),
      new Response(child.stdout).text(),
      child.exited,
    ]);
    return { code: child.exitCode, err, cpuMs: Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1000 };
  }

  /** Throws with what was said where it does not exit with one of `codes`. */
  async must(args: readonly string[], codes: readonly number[] = [0]): Promise<Ran> {
    const ran = await this.run(args);
    if (ran.code === null || !codes.includes(ran.code))
      throw new Error(`${args.join(' ')} exited ${ran.code}: ${ran.err}${ran.out}`);
    return ran;
  }

  /** Keeps the store's folder, and where `withHome` the home, as they are now. */
  keep(withHome: boolean): void {
    copyFolder(dirname(this.store), join(this.folder, 'kept-data'));
    if (withHome) copyFolder(this.home, join(this.folder, 'kept-home'));
  }

  /** Back to what was kept. Files of the home keep their inodes where it was not kept: nothing has changed them. */
  reset(): void {
    copyFolder(join(this.folder, 'kept-data'), dirname(this.store));
    const home = join(this.folder, 'kept-home');
    if (existsSync(home)) copyFolder(home, this.home);
  }

  /** All files beside and below, without what belongs there for good; sorted. */
  leftovers(): string[] {
    const beside = filesIn(dirname(this.store)).filter(
      (name) => !/^s\.db(?:-wal|-shm|\.reserve|\.sweep-lock)?$/.test(name),
    );
    return [...beside, ...filesIn(this.home).filter((name) => name.includes('session-memory-'))];
  }
}

function copyFolder(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  if (existsSync(from)) cpSync(from, to, { recursive: true, preserveTimestamps: true });
}

export function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();
}
