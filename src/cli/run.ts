/**
 * One call of the program: parse, settings, command, exit code.
 * Promises: every failure ends here as one sentence and its way out (or as JSON), nothing from outside unescaped.
 */
import { isAbsolute, resolve } from 'node:path';
import type { Host } from '../domain/agent.ts';
import { decided } from '../domain/decisions.ts';
import {
  EXIT,
  type ExitCode,
  type Failure,
  FailureError,
  fail,
  failure,
  messageOf,
  systemFailure,
} from '../domain/errors.ts';
import { clockOf } from './clock.ts';
import { configPathOf, loadSettings } from './config.ts';
import { type AgentExit, type Context, textFlag } from './context.ts';
import { printFailure } from './failure.ts';
import { commandHelp, helpColumns, programHelp } from './help.ts';
import { type Io, inAscii } from './io.ts';
import { answers, type OwnPlace } from './own-mounts.ts';
import type { Parsed } from './parse.ts';
import { commandWord, plainCall } from './parse-plain.ts';
import { COMMANDS, commandNamed } from './table.ts';

/** What `main.ts` found in the process. */
export interface Runtime {
  readonly argv: readonly string[];
  readonly host: Host;
  readonly cwd: string;
  readonly tempFolder: string;
  readonly version: string;
  /** What it was built for, and how it was installed where that can be told. */
  installation?(): Promise<string>;
  readonly signal: AbortSignal;
  /** From here on a signal stops at the next safe place; before, and where it is never called, it ends the process. */
  catchSignals(): void;
  readonly debug: boolean;
  /** `color`: what `--color` says. */
  io(color: string | null): Io;
  readonly ask: Context['ask'];
  readonly page: Context['page'];
  readonly launch: Context['launch'];
  readonly readInput?: Context['readInput'];
  /** Opens the dashboard or the walk through one sweep; returns the exit code. */
  readonly screens: Context['screens'];
  readonly self: Context['self'];
  readonly beginAnew?: Context['beginAnew'];
  readonly startDigester: Context['startDigester'];
  readonly startStager: Context['startStager'];
}

export async function run(runtime: Runtime): Promise<ExitCode | AgentExit> {
  let json = runtime.argv.includes('--json');
  let io = runtime.io(null);
  try {
    const parsed = plainCall(runtime.argv) ?? (await import('./parse.ts')).parseArgs(runtime.argv);
    io = runtime.io(checkedColor(textFlag(parsed.flags, 'color')));
    json = parsed.flags['json'] === true;
    if (!io.unicode && !json && !isForMachines(parsed)) io = inAscii(io);
    if (parsed.wantsVersion) {
      io.out(`session-memory ${runtime.version}\n`);
      if (runtime.installation !== undefined) io.out(`${await runtime.installation()}\n`);
      return EXIT.done;
    }
    if (parsed.wantsHelp) {
      const columns = helpColumns(io.stdoutIsTty ? io.columns : null);
      io.out(parsed.command === null ? programHelp(columns) : commandHelp(parsed.command, columns));
      return EXIT.done;
    }
    return await runCommand(runtime, parsed, io, json);
  } catch (thrown) {
    if (isHurried(runtime.argv)) return EXIT.done;
    return explain(thrown, io, json, runtime);
  }
}

/** Other programs read it, and take each sign for what it is. */
const isForMachines = ({ command, flags }: Parsed) =>
  flags['markdown'] === true || ['mcp', 'hook', 'completions', 'man'].includes(command?.name ?? '');

async function runCommand(
  runtime: Runtime,
  parsed: Parsed,
  io: Io,
  json: boolean,
): Promise<ExitCode | AgentExit> {
  const { flags } = parsed;
  if (parsed.command?.onlyReads !== true) runtime.catchSignals();
  const config = absolute(runtime, textFlag(flags, 'config'));
  await ownPlaceAnswers(runtime, parsed, {
    path: configPathOf(runtime.host, config),
    what: 'The configuration',
    flag: '--config',
  });
  const settings = await loadSettings(
    runtime.host,
    {
      config,
      store: absolute(runtime, textFlag(flags, 'store')),
      raw_soft_cap_bytes: textFlag(flags, 'softCap') ?? undefined,
      raw_hard_cap_bytes: textFlag(flags, 'hardCap') ?? undefined,
      raw_max_age_days: textFlag(flags, 'maxAgeDays') ?? undefined,
      distilled_cap_bytes: textFlag(flags, 'distilledCap') ?? undefined,
      'analyzer.command': textFlag(flags, 'analyzer') ?? undefined,
    },
    parsed.command?.name === 'config' && parsed.args.length > 0,
    parsed.command?.name === 'ingest',
  );
  await ownPlaceAnswers(runtime, parsed, {
    path: resolve(runtime.cwd, settings.storePath),
    what: 'The store',
    flag: '--store',
  });
  if (settings.sharedFolder) (await import('../store/own-files.ts')).allowSharedFolder(true);
  const context: Context = {
    io,
    args: parsed.args,
    flags,
    json,
    settings: { ...settings, storePath: resolve(runtime.cwd, settings.storePath) },
    host: { ...runtime.host, agents: settings.agents },
    clock: clockOf(runtime.host.env['SESSION_MEMORY_NOW'] ?? null),
    version: runtime.version,
    commands: COMMANDS,
    signal: runtime.signal,
    tempFolder: runtime.tempFolder,
    ask: runtime.ask,
    page: runtime.page,
    launch: runtime.launch,
    ...(runtime.readInput === undefined ? {} : { readInput: runtime.readInput }),
    screens: runtime.screens,
    argv: runtime.argv,
    decisionLog: absolute(runtime, runtime.host.env['SESSION_MEMORY_LOG'] ?? null) ?? null,
    self: runtime.self,
    ...(runtime.beginAnew === undefined ? {} : { beginAnew: runtime.beginAnew }),
    startDigester: runtime.startDigester,
    startStager: runtime.startStager,
  };
  const { decisionLog } = context;
  if (decisionLog !== null) {
    const trouble = (await import('./decision-log.ts')).startDecisionLog(decisionLog);
    if (trouble !== null) io.err(`${trouble}\n`);
  }
  return ended(parsed.command?.name ?? 'no command', await called(runtime, parsed, context));
}

/** Whoever calls a hurried command waits for it. */
const HURRIED_MS = 500;

/** What looks at one mount for this program is left by whoever started it. */
async function ownPlaceAnswers(
  { self, signal }: Runtime,
  { command }: Parsed,
  place: OwnPlace,
): Promise<void> {
  if (command?.name === 'visit') return;
  await answers(place, self, signal, command?.isHurried === true ? HURRIED_MS : undefined);
}

function ended(command: string, code: ExitCode | AgentExit): ExitCode | AgentExit {
  decided('call', command, `exit ${code}`);
  return code;
}

async function called(runtime: Runtime, parsed: Parsed, context: Context): Promise<ExitCode | AgentExit> {
  const { io, json } = context;
  if (parsed.command !== null) return (await parsed.command.load())(context);
  if (io.stdinIsTty && io.stdoutIsTty && !json) return runtime.screens(context, 'dashboard');
  const status = COMMANDS.find((spec) => spec.name === 'status');
  return status === undefined ? EXIT.failed : (await status.load())(context);
}

/** Whoever calls such a command would take a failure of ours for an answer of its own. */
function isHurried(argv: readonly string[]): boolean {
  return commandNamed(commandWord(argv) ?? '')?.isHurried === true;
}

function absolute(runtime: Runtime, path: string | null): string | undefined {
  if (path === null) return undefined;
  return isAbsolute(path) ? path : resolve(runtime.cwd, path);
}

function checkedColor(color: string | null): string | null {
  if (color === null || ['auto', 'always', 'never'].includes(color)) return color;
  throw fail('usage', `--color takes auto, always or never, not ${color}`, 'Write --color never.');
}

function explain(thrown: unknown, io: Io, json: boolean, runtime: Runtime): ExitCode {
  if (runtime.signal.aborted) return EXIT.interrupted;
  const known = thrown instanceof FailureError ? thrown.failure : systemFailure(thrown);
  const shown: Failure =
    known ??
    failure(
      'failed',
      `unexpected: ${messageOf(thrown)}`,
      'This is a bug: please report it with the command that you ran. Nothing that was stored is lost.',
    );
  const code = printFailure(io, json, shown);
  if (known === null && runtime.debug && thrown instanceof Error) io.err(`${thrown.stack ?? ''}\n`);
  return code;
}
