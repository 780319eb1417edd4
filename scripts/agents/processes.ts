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
/** A screen that nothing was drawn on for so long waits for what is typed. */
const REST_MS = 1500;
/** Where nothing came of what was typed and nothing is drawn for so long, it is typed again; who quits puts things away meanwhile. */
const AGAIN_MS = 15_000;

export interface Started {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Killed as soon as this is so, as by a machine that loses its power. */
  readonly killWhen?: () => boolean;
}

export async function run(argv: readonly string[], { cwd, env, timeoutMs, killWhen }: Started): Promise<Ran> {
  const child = Bun.spawn([...argv], {
    cwd,
    env: { ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    timeout: timeoutMs ?? TURN_MS,
    killSignal: 'SIGKILL',
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

/** In a terminal: once `ready` shows, the text is typed, and once `done` is so and the screen rests, `quit`. */
export async function runInTerminal(
  argv: readonly string[],
  { cwd, env, timeoutMs = TURN_MS, killWhen }: Started,
  typed: {
    readonly ready: RegExp;
    readonly text: string;
    readonly done: () => boolean;
    readonly quit: string;
  },
): Promise<Ran> {
  let out = '';
  let drawnAt = performance.now();
  const take = (_terminal: unknown, data: Uint8Array) => {
    out += Buffer.from(data).toString();
    drawnAt = performance.now();
  };
  const child = Bun.spawn([...argv], {
    cwd,
    env: { ...env, TERM: 'xterm-256color' },
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    terminal: { cols: 120, rows: 40, data: take },
  });
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  const until = async (condition: () => boolean) => {
    while (!isOver() && !condition()) {
      if (killWhen?.() === true) child.kill('SIGKILL');
      await Bun.sleep(LOOK_MS);
    }
  };
  const isAtRest = (restMs: number) => performance.now() - drawnAt > restMs;
  // What is typed too early is lost, or taken otherwise, on a machine with much else to do above all: it is typed again.
  const type = async (keys: string, isTaken: () => boolean, restMs: number) => {
    do {
      child.terminal?.write(keys);
      drawnAt = performance.now();
      await until(() => isTaken() || isAtRest(restMs));
    } while (!isOver() && !isTaken());
  };
  await until(() => typed.ready.test(out) && isAtRest(REST_MS));
  // Typed and sent at once, a text counts as pasted with its line break.
  await type(typed.text, () => Bun.stripANSI(out).includes(typed.text), AGAIN_MS);
  await until(() => isAtRest(REST_MS));
  await type('\r', typed.done, AGAIN_MS);
  await until(() => isAtRest(REST_MS));
  // At work it takes the word for an order to stop that.
  await type(typed.quit, isOver, AGAIN_MS);
  await child.exited;
  endThoseOf(env['HOME'] ?? '');
  return { code: child.exitCode, out: Bun.stripANSI(out) };
}

/** Sends each request, a line of JSON, once the one before was answered; throws where an answer is an error. */
export async function converse(
  argv: readonly string[],
  { cwd, env }: Started,
  requests: readonly object[],
): Promise<void> {
  const child = Bun.spawn([...argv], {
    cwd,
    env: { ...env },
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'ignore',
    timeout: TURN_MS,
    killSignal: 'SIGKILL',
  });
  const waiting = [...requests];
  const send = () => {
    child.stdin.write(`${JSON.stringify(waiting.shift())}\n`);
    child.stdin.flush();
  };
  let text = '';
  const decoder = new TextDecoder();
  send();
  for await (const chunk of child.stdout) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const answer of lines.map((line) => JSON.parse(line))) {
      if (answer.error !== undefined) throw new Error(`${argv.join(' ')}: ${JSON.stringify(answer.error)}`);
      if (answer.result === undefined) continue;
      if (waiting.length > 0) send();
      else child.kill();
    }
  }
  await child.exited;
  if (waiting.length > 0) throw new Error(`${argv.join(' ')} ended before it answered`);
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
