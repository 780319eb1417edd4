/**
 * The screens: the dashboard, or the walk through one sweep. Ink is loaded here and nowhere before.
 * Promises: what happened is printed on the normal screen at the end, and the exit code is that of the sweeps.
 */
import { type ExitCode, fail, worstExit } from '../domain/errors.ts';
import { openReadable, openWritable } from '../store/open.ts';
import { exitCodeOf, type Report } from '../sweep/report.ts';
import { printReport } from './commands/sweep.ts';
import type { Context } from './context.ts';
import { OwnTerminal, type TerminalStreams } from './own-terminal.ts';
import { tuiServices } from './services.ts';

export interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly streams: TerminalStreams;
  /** Calls when the shell has continued the process, until it is called off. */
  onContinue(listener: () => void): () => void;
  /** Calls when another program asks the process to stop, as ctrl-z would, until it is called off. */
  onStop(listener: () => void): () => void;
  /** Stops the process as ctrl-z does, until the shell continues it. */
  stopProcess(): Promise<void>;
  /** Hands over what nobody caught, until it is called off. */
  catchCrash(onCrash: (thrown: unknown) => void): () => void;
  /** Starts the background thread. */
  startThread(): Worker;
}

/** A sweep that fails before its end is what the program fails with. */
export async function openScreens(
  context: Context,
  start: 'dashboard' | 'sweep',
  terminal: Terminal,
): Promise<ExitCode> {
  if (context.host.env['TERM'] === 'dumb') {
    throw fail(
      'usage',
      'this terminal (TERM=dumb) cannot show the dashboard',
      'Run `session-memory status`.',
    );
  }
  const reports = await show(context, start, terminal);
  const codes = new Set<ExitCode>(reports.map(exitCodeOf));
  return worstExit(codes);
}

async function show(
  context: Context,
  start: 'dashboard' | 'sweep',
  terminal: Terminal,
): Promise<readonly Report[]> {
  // The screens follow a file: it is made where there is none yet. A sweep must start on a full disk too.
  const writing = openWritable(context.settings.storePath, { roomForSweep: start === 'sweep' });
  const reading = openReadable(context.settings.storePath);
  try {
    const { runTui } = await import('../tui/run.tsx');
    const { failed, reports } = await alone(context, terminal, (own) =>
      runTui({
        services: tuiServices(context, { reading, writing }, terminal.startThread),
        start,
        stdin: terminal.stdin,
        stdout: own.screen,
        onOverheard: (listener) => {
          own.onHeard = listener;
        },
        onContinue: terminal.onContinue,
        onStop: terminal.onStop,
        stopProcess: terminal.stopProcess,
        catchCrash: terminal.catchCrash,
        colour: context.io.colour,
        unicode: context.io.unicode,
        signal: context.signal,
      }),
    );
    for (const report of reports) printReport(context, reading, report);
    if (failed !== null) throw failed;
    return reports;
  } finally {
    reading.close();
    writing.close();
  }
}

/** Nothing but `show` writes to the terminal; what else would have is printed when it is over, however it ends. */
async function alone<T>(
  context: Context,
  terminal: Terminal,
  show: (own: OwnTerminal) => Promise<T>,
): Promise<T> {
  const own = await OwnTerminal.take(terminal.streams);
  try {
    return await show(own);
  } finally {
    const lines = own.release();
    if (lines.length > 0)
      context.io.err(
        `session-memory: this was written to the terminal while the screens were up, and kept off them:\n${lines.map((line) => `  ${line}\n`).join('')}`,
      );
  }
}
