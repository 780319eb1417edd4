/** What a command is given, as a thread of the screens can have it: no terminal, nobody to ask, nothing to start. */
import type { Setup } from './background.protocol.ts';
import { clockOf } from './clock.ts';
import type { Context } from './context.ts';
import type { Io } from './io.ts';

const nothing = (): void => undefined;
const later = async (): Promise<void> => undefined;

/** The screens have the terminal. */
const QUIET: Io = {
  out: nothing,
  err: nothing,
  outSlowly: later,
  outBytes: later,
  stdinIsTty: false,
  stdoutIsTty: false,
  stderrIsTty: false,
  columns: 80,
  colour: false,
  unicode: true,
};

export function threadContext(how: Setup, signal: AbortSignal): Context {
  const { settings, flags, host, program, decisionLog, argv, tempFolder, visits } = how;
  return {
    settings,
    flags,
    host,
    signal,
    decisionLog,
    argv,
    tempFolder,
    io: QUIET,
    args: [],
    json: false,
    commands: [],
    version: program,
    clock: clockOf(how.heldNow),
    self: visits?.self ?? null,
    startDigester: null,
    startStager: null,
    ask: async () => null,
    page: async () => false,
    launch: async () => null,
    screens: async () => {
      throw new Error('a thread opens no screens');
    },
  };
}
