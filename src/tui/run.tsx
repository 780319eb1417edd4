/**
 * Opens the screens on the alternate screen and closes them again: the one owner of `exit`.
 * Promises: the terminal is as it was afterwards, however it ends; nothing runs any more when it resolves.
 */
import { render } from 'ink';
import { createElement } from 'react';
import type { SessionUid } from '../domain/ids.ts';
import { App } from './App.tsx';
import { Controller } from './controller.ts';
import { filtered, MOUSE_OFF, MOUSE_ON, MouseFilter, WHEEL_AS_BEFORE, WHEEL_ON } from './mouse.ts';
import type { Services } from './ports.ts';

export interface TuiOptions {
  readonly services: Services;
  readonly start: 'dashboard' | 'sweep';
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly colour: boolean;
  readonly unicode: boolean;
  readonly signal: AbortSignal;
  readonly stopProcess: () => Promise<void>;
  /** Calls when the process ends, however it does, until it is called off. */
  readonly onExit: (listener: () => void) => () => void;
  /** Calls with what others wrote to the terminal meanwhile, as lines. */
  readonly onOverheard: (listener: (lines: readonly string[]) => void) => void;
  /** Calls when the shell has continued the process, until it is called off. */
  readonly onContinue: (listener: () => void) => () => void;
  /** Calls when another program asks the process to stop, as ctrl-z would, until it is called off. */
  readonly onStop: (listener: () => void) => () => void;
  /** Hands over what nobody caught, until it is called off. */
  readonly catchCrash: (onCrash: (thrown: unknown) => void) => () => void;
}

export interface TuiResult {
  /** The ids of the sweeps that were run, oldest first: their reports are in the store. */
  readonly sweeps: readonly string[];
  /** What the sweep that was the whole task failed with; null: it did not. */
  readonly failed: unknown;
  /** Whose agent is to go on with it now; null: none. */
  readonly resumes: SessionUid | null;
}

/** To the first cell, and all from there on away. */
const WIPE = '\x1b[H\x1b[J';

export async function runTui(options: TuiOptions): Promise<TuiResult> {
  const { stdin, stdout } = options;
  const ended = Promise.withResolvers<void>();
  const size = { columns: stdout.columns ?? 80, rows: stdout.rows ?? 24 };
  const controller = new Controller(options.services, options.start, size, ended.resolve);
  controller.start();
  const element = () =>
    createElement(App, {
      controller,
      theme: { unicode: options.unicode },
      colour: options.colour,
      stopProcess: options.stopProcess,
    });
  let crash: unknown = null;
  // All of this before the first frame: whoever sees that may press a key or send a signal at once. What is typed would be echoed
  // else, and a stop would leave the shell on our screen.
  if (stdin.isTTY) stdin.setRawMode(true);
  controller.terminal.mouse = (on) => void stdout.write(on ? MOUSE_ON : MOUSE_OFF);
  controller.terminal.giveBack = () => void stdout.write(MOUSE_OFF + WHEEL_AS_BEFORE);
  controller.terminal.takeAgain = () => {
    stdout.write(WHEEL_ON);
    if (controller.snapshot().hasMouse) stdout.write(MOUSE_ON);
  };
  controller.terminal.takeAgain();
  const mouse = new MouseFilter((report) => controller.dispatch({ kind: 'mouse', ...report }));
  const callOffs = [
    options.onExit(() => controller.terminal.giveBack()),
    options.onContinue(() => controller.continued()),
    options.onStop(() => controller.suspended()),
    options.catchCrash((thrown) => {
      crash ??= thrown;
      ended.resolve();
    }),
  ];
  const app = render(element(), {
    stdin: filtered(stdin, (piece) => (controller.snapshot().hasMouse ? mouse.pass(piece) : piece)),
    stdout,
    exitOnCtrlC: false,
    alternateScreen: true,
    incrementalRendering: true,
    maxFps: 60,
    // Whoever calls this sits at a terminal: what the environment says of build servers is not asked.
    interactive: true,
    // What others write is kept off the terminal before it comes to that.
    patchConsole: false,
  });
  controller.terminal.repaint = () => {
    app.clear();
    stdout.write(WIPE);
    app.rerender(element());
  };
  controller.terminal.copyText = (text) =>
    void stdout.write(`\x1b]52;c;${Buffer.from(text, 'utf8').toString('base64')}\x07`);
  options.onOverheard((lines) => controller.dispatch({ kind: 'overheard', lines }));
  // Terminals differ in what they leave of a frame in a window of another size.
  const onResize = () => controller.resized();
  stdout.on('resize', onResize);
  const interrupt = () => controller.dispatch({ kind: 'interrupt' });
  options.signal.addEventListener('abort', interrupt, { once: true });
  if (options.signal.aborted) interrupt();
  // A connection that is gone answers no question any more.
  stdin.once('end', interrupt);
  try {
    // A bug in a component ends Ink itself.
    await Promise.race([ended.promise, app.waitUntilExit()]);
  } finally {
    options.signal.removeEventListener('abort', interrupt);
    stdin.off('end', interrupt);
    stdout.off('resize', onResize);
    controller.terminal.giveBack();
    app.unmount();
    await app.waitUntilExit().catch(() => undefined);
    await controller.stop();
    for (const callOff of callOffs) callOff();
  }
  if (crash !== null) throw crash;
  return { sweeps: controller.sweeps, failed: controller.failed, resumes: controller.resumes };
}
