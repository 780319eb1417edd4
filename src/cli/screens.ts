/**
 * The screens: the dashboard, or the walk through one sweep. Ink is loaded here and nowhere before.
 * Promises: what happened is printed on the normal screen at the end, and the exit code is that of the sweeps.
 */
import { EXIT, type ExitCode, fail, worstExit } from '../domain/errors.ts';
import { openReadable, openWritable } from '../store/open.ts';
import { findSweep } from '../store/read.ts';
import { expectBucket } from '../store/remote/receipts.ts';
import { exitCodeOf, type Report } from '../sweep/report.ts';
import { storedReport } from '../sweep/stored-report.ts';
import type { PlannedRestore } from './commands/restore.plan.ts';
import { startAgent } from './commands/restore.ts';
import { printReport } from './commands/sweep.ts';
import type { AgentExit, Context } from './context.ts';
import { OwnTerminal, type TerminalStreams } from './own-terminal.ts';
import { plannedAs } from './screen-restore.ts';
import { tuiServices } from './services.ts';

export interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly streams: TerminalStreams;
  /** Calls when the shell has continued the process, until it is called off. */
  onContinue(listener: () => void): () => void;
  /** Calls when another program asks the process to stop, as ctrl-z would, until it is called off. */
  onStop(listener: () => void): () => void;
  /** Calls when the process ends, however it does, until it is called off. */
  onExit(listener: () => void): () => void;
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
): Promise<ExitCode | AgentExit> {
  if (context.host.env['TERM'] === 'dumb') {
    throw fail(
      'usage',
      'this terminal (TERM=dumb) cannot show the dashboard',
      'Run `session-memory status`.',
    );
  }
  const { reports, resumed } = await show(context, start, terminal);
  const code = worstExit(new Set<ExitCode>(reports.map(exitCodeOf)));
  if (resumed === null) return code;
  // The store is closed by now: the agent has the terminal, for hours maybe. What is typed is for it alone.
  terminal.stdin.pause();
  const ended = await startAgent(context, resumed, code === EXIT.done);
  return ended === EXIT.done ? code : ended;
}

interface Shown {
  readonly reports: readonly Report[];
  /** With what its agent is started; null: none is. */
  readonly resumed: PlannedRestore | null;
}

async function show(context: Context, start: 'dashboard' | 'sweep', terminal: Terminal): Promise<Shown> {
  // The screens follow a file: it is made where there is none yet. A sweep must start on a full disk too.
  const writing = openWritable(context.settings.storePath, { roomForSweep: start === 'sweep' });
  const reading = openReadable(context.settings.storePath);
  if (context.settings.remote !== null) expectBucket(reading);
  try {
    const services = tuiServices(context, reading, terminal.startThread);
    // Another thread reads the store meanwhile.
    const { runTui } = await import('../tui/run.tsx');
    const { failed, sweeps, resumes } = await alone(context, terminal, (own) =>
      runTui({
        services,
        start,
        stdin: terminal.stdin,
        stdout: own.screen,
        onOverheard: (listener) => {
          own.onHeard = listener;
        },
        onContinue: terminal.onContinue,
        onStop: terminal.onStop,
        onExit: terminal.onExit,
        stopProcess: terminal.stopProcess,
        catchCrash: terminal.catchCrash,
        colour: context.io.colour,
        unicode: context.io.unicode,
        signal: context.signal,
      }),
    );
    const reports = sweeps.flatMap((id) => {
      const report = storedReport(findSweep(reading, id)?.report ?? null);
      return report === null ? [] : [report];
    });
    for (const report of reports) printReport(context, reading, report);
    if (failed !== null) throw failed;
    return {
      reports,
      resumed: resumes === null ? null : plannedAs(context, reading, resumes, { force: true, to: null }),
    };
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
