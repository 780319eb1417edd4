/**
 * Programs that the rig starts, and what they leave running.
 * Promises: only processes of the rig are ended, told by the throw-away home in their environment, each by its id.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { Ran } from './install.ts';

/** No turn takes so long but one that hangs, on a machine with much else to do either. */
const TURN_MS = 300_000;
const LOOK_MS = 50;

export interface Started {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Killed as soon as this is so, as by a machine that loses its power. */
  readonly killWhen?: () => boolean;
}

export async function run(argv: readonly string[], { cwd, env, timeoutMs, killWhen }: Started): Promise<Ran> {
  const child = Bun.spawn([...argv], {
    ...{ cwd, env: { ...env }, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' },
    ...{ timeout: timeoutMs ?? TURN_MS, killSignal: 'SIGKILL' },
  });
  const texts = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  while (killWhen !== undefined && child.exitCode === null && child.signalCode === null) {
    if (killWhen()) child.kill('SIGKILL');
    await Bun.sleep(LOOK_MS);
  }
  await child.exited;
  // What it leaves running holds its output open.
  if (child.exitCode === null) endThoseOf(env['HOME'] ?? '');
  const [out, err] = await texts;
  return { code: child.exitCode, out: out + err };
}

/** In a terminal: once `ready` shows, the text is typed, and once `done` is so, `quit`. */
export async function runInTerminal(
  argv: readonly string[],
  { cwd, env, timeoutMs = TURN_MS }: Started,
  typed: {
    readonly ready: RegExp;
    readonly text: string;
    readonly done: () => boolean;
    readonly quit: string;
  },
): Promise<Ran> {
  let out = '';
  const take = (_terminal: unknown, data: Uint8Array) => {
    out += Buffer.from(data).toString();
  };
  const child = Bun.spawn([...argv], {
    ...{ cwd, env: { ...env, TERM: 'xterm-256color' }, timeout: timeoutMs, killSignal: 'SIGKILL' },
    terminal: { cols: 120, rows: 40, data: take },
  });
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  const until = async (condition: () => boolean) => {
    while (!isOver() && !condition()) await Bun.sleep(LOOK_MS);
  };
  await until(() => typed.ready.test(out));
  child.terminal?.write(typed.text);
  // Typed and sent at once, a text counts as pasted with its line break.
  await until(() => Bun.stripANSI(out).includes(typed.text));
  child.terminal?.write('\r');
  await until(typed.done);
  child.terminal?.write(typed.quit);
  await child.exited;
  endThoseOf(env['HOME'] ?? '');
  return { code: child.exitCode, out: Bun.stripANSI(out) };
}

/** Ends what runs with that home: daemons and commands that an agent left behind. Where there is no `/proc`, nothing. */
export function endThoseOf(home: string): void {
  if (home === '') return;
  for (const pid of processesOf(home)) {
    try {
      process.kill(pid, constants.signals.SIGKILL);
    } catch (thrown) {
      // It has ended meanwhile.
      if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
    }
  }
}

function processesOf(home: string): number[] {
  return ids()
    .map(Number)
    .filter((pid) => pid !== process.pid && environmentOf(pid).includes(`HOME=${home}`));
}

function ids(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
