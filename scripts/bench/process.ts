/**
 * Runs a program and says what it cost.
 * Promises: wall time from before the start to the end; CPU time of the process and of the children that it waited for; the
 * peak of memory as the kernel holds it for this process alone (a child's `maxrss` would begin with its parent's peak).
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, Measured } from './row.ts';

export interface Ran extends Measured {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Bytes; 0 unless asked for. */
  readonly peakBytes: number;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly watchesMemory?: boolean;
  /** What it reads on its input; absent: nothing. */
  readonly input?: string;
  /** The exit code that means success. */
  readonly code?: number;
}

const MEMORY_EVERY_MS = 4;

/** Throws where the exit code is another one than expected, with what was said. */
export async function runCommand(
  bench: Bench,
  command: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  const box = mkdtempSync(join(bench.scratch, 'out-'));
  const [out, err] = [join(box, 'out'), join(box, 'err')];
  const began = performance.now();
  const child = Bun.spawn([...command], {
    cwd: options.cwd ?? bench.scratch,
    env: { PATH: Bun.env['PATH'] ?? '', HOME: bench.scratch, LANG: 'C.UTF-8', ...options.env },
    stdin: options.input === undefined ? 'ignore' : Buffer.from(options.input),
    stdout: Bun.file(out),
    stderr: Bun.file(err),
  });
  let peakBytes = 0;
  const timer =
    options.watchesMemory === true
      ? setInterval(() => {
          peakBytes = Math.max(peakBytes, peakOf(child.pid));
        }, MEMORY_EVERY_MS)
      : null;
  const code = await child.exited;
  const wallMs = performance.now() - began;
  if (timer !== null) clearInterval(timer);
  const cpuMs = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1000;
  const text = { out: readFileSync(out, 'utf8'), err: readFileSync(err, 'utf8') };
  rmSync(box, { recursive: true });
  if (code !== (options.code ?? 0)) {
    throw new Error(`${command.join(' ').slice(0, 300)} ended with ${code}:\n${text.err || text.out}`);
  }
  return { code, ...text, wallMs, cpuMs, peakBytes, value: wallMs };
}

/** The peak of resident memory so far, in bytes; 0 of a process that has ended. */
export function peakOf(pid: number): number {
  const status = procFile(pid, 'status');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

/** Resident memory now, in bytes; 0 of a process that has ended. */
export function residentOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(procFile(pid, 'status'))?.[1] ?? 0) * 1024;
}

/** User and system time so far of all its threads. The kernel counts in hundredths of a second. */
export function cpuMsOf(pid: number): number {
  const fields = procFile(pid, 'stat').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    // It has ended, or this is no Linux.
    return '';
  }
}

/** Reads all files below the folders once, so that both sides find them in memory. */
export function warm(...paths: readonly string[]): void {
  Bun.spawnSync(['find', ...paths, '-type', 'f', '-exec', 'cat', '{}', '+'], {
    stdout: 'ignore',
    stderr: 'ignore',
  });
}

/** Lets the disk finish what earlier runs wrote, so that nobody pays for another's bytes. */
export function settle(): void {
  Bun.spawnSync(['sync']);
}
