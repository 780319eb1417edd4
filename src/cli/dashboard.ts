/** No command in a terminal: the dashboard. Ink is loaded here and nowhere before. */
import { EXIT, type ExitCode, FailureError, failure } from '../domain/errors.ts';
import { openReadable, openWritable } from '../store/open.ts';
import type { Context } from './context.ts';
import { formatBytes } from './format.ts';

export interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
}

export async function dashboard(context: Context, terminal: Terminal): Promise<ExitCode> {
  if (context.host.env['TERM'] === 'dumb') {
    throw new FailureError(
      failure('usage', 'this terminal (TERM=dumb) cannot show the dashboard', 'Run `session-memory status`.'),
    );
  }
  // The dashboard watches a file: it is made where there is none yet.
  openWritable(context.settings.storePath).close();
  const db = openReadable(context.settings.storePath);
  try {
    const { runDashboard } = await import('../tui/run.tsx');
    await runDashboard({
      db,
      limits: context.settings.limits,
      clock: context.clock,
      ...terminal,
      colour: context.io.colour,
      unicode: context.io.unicode,
      bytes: formatBytes,
      signal: context.signal,
    });
    return EXIT.done;
  } finally {
    db.close();
  }
}
