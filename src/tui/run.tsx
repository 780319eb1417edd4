/**
 * Opens the dashboard on the alternate screen and closes it again: the one owner of `exit`.
 * Promises: the terminal is as it was afterwards, however it ends.
 */
import { render } from 'ink';
import { createElement } from 'react';
import type { Limits } from '../domain/limits.ts';
import type { Clock } from '../domain/time.ts';
import type { ReadableDb } from '../store/connection.ts';
import { Dashboard } from './Dashboard.tsx';
import { LiveView } from './live.ts';
import { type Screen, step } from './state.ts';

export interface DashboardDeps {
  readonly db: ReadableDb;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly colour: boolean;
  readonly unicode: boolean;
  readonly bytes: (count: number) => string;
  readonly signal: AbortSignal;
}

export async function runDashboard(deps: DashboardDeps): Promise<void> {
  let screen: Screen = { kind: 'dashboard' };
  const live = new LiveView(deps.db, deps.limits, deps.clock);
  const app = render(
    createElement(Dashboard, {
      live,
      colour: deps.colour,
      unicode: deps.unicode,
      bytes: deps.bytes,
      onEvent: (event) => {
        screen = step(screen, event);
        if (screen.kind === 'done') app.unmount();
      },
    }),
    {
      stdin: deps.stdin,
      stdout: deps.stdout,
      exitOnCtrlC: false,
      alternateScreen: true,
      incrementalRendering: true,
    },
  );
  const stop = () => app.unmount();
  deps.signal.addEventListener('abort', stop, { once: true });
  try {
    await app.waitUntilExit();
  } finally {
    deps.signal.removeEventListener('abort', stop);
  }
}
