/**
 * The only file that touches the process: arguments, environment, streams, signals, exit code.
 * Promises: nothing heavy is loaded before it is needed; SIGINT and SIGTERM stop at the next safe place, a second one at once.
 */

import { homedir, tmpdir } from 'node:os';
import { environmentAnew, isBegunAnew } from './cli/begin-anew.ts';
import type { Io } from './cli/io.ts';
import { mayBeTerminal, Output } from './cli/output.ts';
import { run } from './cli/run.ts';
import { zoneFrom } from './cli/zone.ts';
import type { Host } from './domain/agent.ts';
import { EXIT } from './domain/errors.ts';
import { armKillPoints, killAt } from './domain/kill-point.ts';
import { toldVariables } from './unattended/told-variables.ts';

declare const SESSION_MEMORY_BUILD:
  | { readonly version: string; readonly commit: string; readonly target: string }
  | undefined;

const begunAnew = isBegunAnew(process.env);
/** As it was given, for programs that are started on the user's behalf. */
const inheritedEnv: Record<string, string> = {};
/** For this program, empty variables count as unset, and so does `CI=false`. */
const env: Record<string, string> = {};
/** A task of Windows has no variables of its own: `install` has them told so. */
const told = toldVariables(process.argv.slice(2));
for (const [name, value] of Object.entries({ ...process.env, ...told.env })) {
  if (value === undefined) continue;
  inheritedEnv[name] = value;
  if (value !== '' && !(name === 'CI' && value === 'false')) env[name] = value;
}

const host: Host = {
  homeDir: env['HOME'] ?? homedir(),
  env,
  inheritedEnv,
  platform: process.platform === 'win32' ? 'win32' : process.platform === 'darwin' ? 'darwin' : 'linux',
};

zoneFrom(inheritedEnv['TZ'], host.platform);

const out = new Output(1, () => process.stdout, outputFailed);
const err = new Output(
  2,
  () => process.stderr,
  () => undefined,
);

/** What is only asked of a terminal is found out when it is asked: it takes longer than all else at the start. */
function io(color: string | null): Io {
  const locale = env['LC_ALL'] ?? env['LC_CTYPE'] ?? env['LANG'] ?? '';
  return {
    out: (text) => out.write(text),
    err: (text) => err.write(text),
    outSlowly: (text) => out.slowly(text),
    outBytes: (bytes) => out.slowly(bytes),
    get stdinIsTty() {
      return mayBeTerminal(0) && process.stdin.isTTY === true;
    },
    get stdoutIsTty() {
      return out.isTty;
    },
    get stderrIsTty() {
      return err.isTty;
    },
    get columns() {
      return out.columns ?? err.columns ?? 100;
    },
    get colour() {
      if (color === 'always') return true;
      const isWanted = color !== 'never' && env['NO_COLOR'] === undefined && env['TERM'] !== 'dumb';
      return isWanted && out.isTty;
    },
    // Where nothing is said these two can all the same; who says `C` wants ASCII.
    unicode:
      /utf-?8/i.test(locale) ||
      (!/^(?:C|POSIX)$/.test(locale) && (process.platform === 'win32' || process.platform === 'darwin')),
  };
}

const stop = new AbortController();
let onScreens = false;
/** While above 0, another program has the terminal, and ctrl-c with it. */
let interruptsHeld = 0;

function outputFailed(error: NodeJS.ErrnoException): void {
  // Whoever reads our output has gone (`| head`): nothing more to say to them.
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  // The terminal under the screens has gone: a sweep ends at its next safe place, and keeps its report.
  if (error.code === 'EIO' && onScreens) return stop.abort();
  // A full disk must not pass for a whole copy.
  err.write(`session-memory: cannot write to stdout: ${error.message}\n  Write it to a place with room.\n`);
  process.exit(EXIT.failed);
}

/** As a shell tells it of a program that a signal ended. */
const EXIT_BY_SIGNAL = { SIGHUP: 129, SIGINT: 130, SIGQUIT: 131, SIGTERM: 143 } as const;
type StopSignal = keyof typeof EXIT_BY_SIGNAL;
/** What ended the screens; null: the person at them. */
let endedBy: StopSignal | null = null;

function catchSignals(): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => onSignal(name));
}

function onSignal(name: StopSignal): void {
  if (name === 'SIGINT' && interruptsHeld > 0) return;
  // A window that is closed sends SIGHUP by the shell and by the system: only the others are impatience.
  if (stop.signal.aborted && name !== 'SIGHUP')
    process.exit(onScreens ? EXIT_BY_SIGNAL[name] : EXIT.interrupted);
  endedBy ??= name;
  stop.abort();
}

/** Screens on which nothing was stopped in the middle end as any program does that a signal ends; a sweep has its own code. */
function endingCode(code: number): number {
  return onScreens && endedBy !== null && code === EXIT.done ? EXIT_BY_SIGNAL[endedBy] : code;
}

/** One line from the terminal, which edits and echoes it as it does for any program. The question goes to stderr. */
async function ask(question: string): Promise<string | null> {
  const { createInterface } = await import('node:readline');
  const lines = createInterface({ input: process.stdin, terminal: false });
  err.write(question);
  try {
    return await new Promise<string | null>((resolve) => {
      lines.once('line', resolve);
      lines.once('close', () => resolve(null));
      stop.signal.addEventListener('abort', () => resolve(null));
    });
  } finally {
    lines.close();
    process.stdin.pause();
  }
}

/** An input that is not read to its end would keep this process. */
let inputLeft = false;

async function readInput(bytesMax: number, waitMs: number): Promise<string | null> {
  if (mayBeTerminal(0) && process.stdin.isTTY === true) return null;
  const parts: Uint8Array[] = [];
  let bytes = 0;
  const reader = Bun.stdin.stream().getReader();
  const { promise: late, resolve: isLate } = Promise.withResolvers<null>();
  const timer = setTimeout(() => isLate(null), waitMs);
  for (;;) {
    const piece = await Promise.race([reader.read(), late]).catch(() => null);
    inputLeft = piece?.done !== true;
    if (piece === null || piece.done || bytes >= bytesMax) break;
    parts.push(piece.value);
    bytes += piece.value.length;
  }
  clearTimeout(timer);
  return Buffer.concat(parts).toString('utf8');
}

/** Another program has the terminal, and ctrl-c: the system sends it to both. */
function holdInterrupts(): () => void {
  const passBy = () => undefined;
  interruptsHeld += 1;
  process.on('SIGINT', passBy);
  process.on('SIGQUIT', passBy);
  return () => {
    interruptsHeld -= 1;
    process.off('SIGINT', passBy);
    process.off('SIGQUIT', passBy);
  };
}

/** A stop that was waited for in vain may be told of late: then the terminal is ours again already. */
let isContinueLate = false;
const LATE_MS = 2_000;

/** As the shell's ctrl-z would, if the terminal still sent it. Where nobody could continue us, the system ignores it. */
async function stopProcess(): Promise<void> {
  const continued = new Promise<'continued'>((resolve) =>
    process.once('SIGCONT', () => resolve('continued')),
  );
  const heard = process.listeners('SIGTSTP');
  process.removeAllListeners('SIGTSTP');
  process.kill(process.pid, 'SIGTSTP');
  isContinueLate = (await Promise.race([continued, Bun.sleep(200)])) !== 'continued';
  if (isContinueLate)
    setTimeout(() => {
      isContinueLate = false;
    }, LATE_MS).unref();
  for (const listener of heard) process.on('SIGTSTP', listener);
}

/** Another program asks us to stop, as ctrl-z would: the terminal is given back first. */
function onStop(listener: () => void): () => void {
  if (process.platform === 'win32') return () => undefined;
  process.on('SIGTSTP', listener);
  return () => void process.off('SIGTSTP', listener);
}

/** Who was stopped is told of no new size of the window meanwhile: it is asked for again. */
function onContinue(listener: () => void): () => void {
  if (process.platform === 'win32') return () => undefined;
  const onSignal = () => {
    process.kill(process.pid, 'SIGWINCH');
    if (!isContinueLate) listener();
    isContinueLate = false;
  };
  process.on('SIGCONT', onSignal);
  return () => void process.off('SIGCONT', onSignal);
}

function onExit(listener: () => void): () => void {
  process.on('exit', listener);
  return () => void process.off('exit', listener);
}

function catchCrash(onCrash: (thrown: unknown) => void): () => void {
  process.on('uncaughtException', onCrash);
  process.on('unhandledRejection', onCrash);
  return () => {
    process.off('uncaughtException', onCrash);
    process.off('unhandledRejection', onCrash);
  };
}

// Dropped from every release, and so is what it arms.
armKillPoints(killAt(env['SESSION_MEMORY_KILL_AT'], () => process.kill(process.pid, 'SIGKILL')));

const build =
  typeof SESSION_MEMORY_BUILD === 'undefined'
    ? { version: '0.2.0', commit: 'source', target: 'from source' }
    : SESSION_MEMORY_BUILD;

// Run from source, the runtime is the program.
const self = [process.execPath, ...(typeof SESSION_MEMORY_BUILD === 'undefined' ? [Bun.main] : [])];

/** Puts a program in the place of this one, under its process id; does not return where it works. */
function replaceBy(path: string, argv: readonly string[], variables: Record<string, string>): void {
  if (process.platform === 'win32' || typeof process.execve !== 'function') return;
  // The runtime calls it an experiment, on stderr, where nobody asked.
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    process.execve(path, [...argv], variables);
  } catch {
    // Its file was replaced meanwhile, or the system has no such call: this program goes on as it is.
    process.emitWarning = emitWarning;
  }
}

/**
 * Lets a program take this one's place, its terminal and its exit code too. What has read from a terminal once may take what is
 * typed for another one, as long as it is there. Does not return where it works.
 */
function become(path: string, argv: readonly string[], cwd: string | null): void {
  const from = process.cwd();
  try {
    if (cwd !== null) process.chdir(cwd);
  } catch {
    // It has gone just now: whoever starts the program beside this one is told.
    return;
  }
  replaceBy(path, argv, inheritedEnv);
  process.chdir(from);
}

/** Does not return where it works. */
function beginAnew(): void {
  // What is run from source has a runtime before it, with arguments of its own.
  if (typeof SESSION_MEMORY_BUILD === 'undefined') return;
  replaceBy(process.execPath, [process.execPath, ...process.argv.slice(2)], environmentAnew(inheritedEnv));
}

const code = await run({
  argv: told.rest,
  host,
  cwd: process.cwd(),
  tempFolder: tmpdir(),
  version: `${build.version} (${build.commit})`,
  installation: async () => {
    const [{ installation }, { ownOrigin }] = await Promise.all([
      import('./cli/origin.ts'),
      import('./cli/own-origin.ts'),
    ]);
    return installation(build.target, ownOrigin({ self }));
  },
  signal: stop.signal,
  catchSignals,
  debug: env['SESSION_MEMORY_DEBUG'] !== undefined,
  io,
  ask,
  readInput,
  page: async (text) =>
    (await import('./cli/pager.ts')).page(text, {
      // Elsewhere an empty variable counts as unset; here it says that no pager is wanted.
      pager: process.env['PAGER'] ?? null,
      env: inheritedEnv,
      platform: host.platform,
      holdInterrupts,
    }),
  launch: async ([command = '', ...args], cwd, isLast = false) => {
    const path = Bun.which(command);
    if (path === null) return null;
    if (isLast) become(path, [command, ...args], cwd);
    // The system sends ctrl-c to both; it is for the one that has the terminal.
    const release = holdInterrupts();
    try {
      const streams = { stdin: 'inherit', stdout: 'inherit', stderr: 'inherit' } as const;
      return await Bun.spawn([path, ...args], { ...streams, ...(cwd === null ? {} : { cwd }) }).exited;
    } finally {
      release();
    }
  },
  self,
  ...(begunAnew ? {} : { beginAnew }),
  startDigester: () => new Worker(new URL('./digest.worker.ts', import.meta.url).href, { smol: true }),
  startStager: () => new Worker(new URL('./stage.worker.ts', import.meta.url).href, { smol: true }),
  screens: async (context, start) => {
    const { openScreens } = await import('./cli/screens.ts');
    onScreens = true;
    if (process.platform !== 'win32') process.on('SIGQUIT', () => onSignal('SIGQUIT'));
    // From here on they are written to by what paints: an error must still find its handler.
    out.stream();
    err.stream();
    // What paints the screens looks at the environment by itself, and takes `CI=false` for a build server.
    // Which colours there are is decided by us; what the library makes of the environment would take bold and inverse too.
    process.env['FORCE_COLOR'] = '1';
    return openScreens(context, start, {
      stdin: process.stdin,
      streams: { stdout: process.stdout, stderr: process.stderr, console, tempFolder: tmpdir() },
      onContinue,
      onStop,
      onExit,
      stopProcess,
      catchCrash,
      startThread: () => new Worker(new URL('./background.worker.ts', import.meta.url).href, { smol: true }),
    });
  },
});
process.exitCode = endingCode(code);
if (inputLeft) process.exit(endingCode(code));
