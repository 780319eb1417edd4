/**
 * The screens: the dashboard, or the walk through one sweep. Ink is loaded here and nowhere before.
 * Promises: what happened is printed on the normal screen at the end, and the exit code is that of the sweeps.
 */
import { EXIT, EXIT_PRECEDENCE, type ExitCode, FailureError, failure } from '../domain/errors.ts';
import { openReadable, openWritable } from '../store/open.ts';
import { exitCodeOf, type Report } from '../sweep/report.ts';
import { printReport } from './commands/sweep.ts';
import type { Context } from './context.ts';
import { tuiServices } from './services.ts';

export interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
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
    throw new FailureError(
      failure('usage', 'this terminal (TERM=dumb) cannot show the dashboard', 'Run `session-memory status`.'),
    );
  }
  const reports = await show(context, start, terminal);
  const codes = new Set<ExitCode>(reports.map(exitCodeOf));
  return EXIT_PRECEDENCE.find((code) => codes.has(code)) ?? EXIT.done;
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
    const { failed, reports } = await runTui({
      services: tuiServices(context, { reading, writing }, terminal.startThread),
      start,
      ...terminal,
      colour: context.io.colour,
      unicode: context.io.unicode,
      signal: context.signal,
    });
    for (const report of reports) printReport(context, report);
    if (failed !== null) throw failed;
    return reports;
  } finally {
    reading.close();
    writing.close();
  }
}
