/**
 * What `install` and `uninstall` would change, decided before anything is done: each file, and what a scheduler is told.
 * Promises: entries of others stay; an agent that is not here gets nothing; what cannot be changed safely is refused by name.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type ExitCode, fail, messageOf } from '../../domain/errors.ts';
import { awayMount } from '../../files/mounts.ts';
import { withBlock } from '../../unattended/block.ts';
import { backupOf, obstacle, readText } from '../../unattended/disk.ts';
import { type HookFile, hookFile } from '../../unattended/hook-files.ts';
import { HOOKED, type HookedId, hookedAgent } from '../../unattended/hooked.ts';
import { bothIn, mcpFile } from '../../unattended/mcp-files.ts';
import { nameOf, type Program } from '../../unattended/own-call.ts';
import {
  installStep,
  isRefused,
  isStep,
  type Refused,
  type Step,
  uninstallStep,
} from '../../unattended/steps.ts';
import { type Context, textFlag } from '../context.ts';
import { cannotBeTold, cannotLast, jobOf, programOf, untold } from '../own-program.ts';
import { CRONTAB, isActive, Machine, SCHEDULERS, type SchedulerKind, scheduleSteps } from '../scheduler.ts';
import { supervised } from '../supervised.ts';

export interface Plan {
  readonly verb: 'install' | 'uninstall';
  readonly machine: Machine;
  readonly steps: readonly Step[];
  readonly refused: readonly Refused[];
  /** What is told to run it, each time: it may be stopped though its files are there. */
  readonly runs: SchedulerKind | null;
  /** It is told to, and does not run it now. */
  readonly isStopped: boolean;
  /** Those whose entry goes: they are told before it does. */
  readonly stops: readonly SchedulerKind[];
  /** What has to be known before one consents. */
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
  /** Where the table of cron is kept as it was before it is changed. */
  readonly crontabCopy: string;
  /** The list of folders that `install` made. */
  readonly madeFolders: string;
}

/** Something would be done. */
export const hasWork = ({ steps, isStopped }: Plan): boolean => steps.length > 0 || isStopped;

export const copyOf = ({ crontabCopy }: Plan, path: string): string =>
  path === CRONTAB ? crontabCopy : backupOf(path);

/** As `supervised`, where an agent's settings lie on a mount that may never answer. */
export function watchedAtSettings(context: Context): Promise<ExitCode | null> {
  const files = HOOKED.map(({ id }) => hookFile(id, context.host));
  const mounts = files.flatMap(({ path, signs }) => [path, ...signs].map(awayMount));
  const mount = mounts.find((each) => each !== null) ?? null;
  return supervised(context, mount, '--agent with one whose settings are');
}

export function planned(context: Context): Plan {
  const machine = machineOf(context);
  const program = programOf(context);
  const found = chosenAgents(context).flatMap((id) => filesOf(context, machine, id, program));
  const here = found.filter(({ file }) => isHere(machine, file));
  const hooks = here.map(({ id, file }) =>
    guarded(id, machine.at(file.path), () =>
      installStep(id, file, machine.at(file.path), textOf(machine, file.path), program),
    ),
  );
  const { runs, stops, results } = plannedSchedule(context, machine);
  const all = [...hooks.map(ifPossible), ...results];
  const steps = all.filter(isStep).filter(({ before, after }) => before !== after);
  const asked = textFlag(context.flags, 'agent');
  const lasting = cannotLast(context);
  return {
    verb: 'install',
    machine,
    steps,
    refused: all.filter(isRefused),
    runs,
    stops,
    isStopped: runs !== null && !isActive(machine, runs),
    crontabCopy: crontabCopyOf(context),
    madeFolders: madeFoldersOf(context),
    warnings: [...(lasting === null ? [] : [lasting]), ...untold(context)],
    notes: [
      ...(asked !== null && here.length === 0
        ? [`${asked} is not here: it has no folder on this machine`]
        : []),
      ...here.flatMap(({ file }) =>
        file.afterwards !== undefined && steps.some(({ path }) => path === machine.at(file.path))
          ? [file.afterwards]
          : [],
      ),
      ...scheduleNotes(context, machine, runs),
    ],
  };
}

/** What would fail is not proposed. */
function ifPossible(step: Step | Refused): Step | Refused {
  if (isRefused(step) || step.path === CRONTAB || step.before === step.after) return step;
  const why = obstacle(step.path, step.after === null);
  return why === null ? step : { for: step.for, path: step.path, why };
}

/** Where an agent's hooks are, and its servers: those where it was asked for, or where ours is already. */
function filesOf(context: Context, machine: Machine, id: HookedId, program: Program) {
  const hook = hookFile(id, context.host, nameOf(program));
  const mcp = mcpFileOf(context, machine, id);
  const hasHooks = context.flags['hooks'] !== false;
  const hasMcp =
    mcp !== null &&
    (context.flags['mcp'] === true || (hasHooks && mcp.own(textOrEmpty(machine, mcp.path)) !== null));
  return inFiles(id, hook, mcp, [...(hasHooks ? [hook] : []), ...(hasMcp ? [mcp] : [])]);
}

function mcpFileOf({ host }: Context, machine: Machine, id: HookedId): HookFile | null {
  return mcpFile(id, host, (path) => existsSync(machine.at(path)) || existsSync(path));
}

function textOrEmpty(machine: Machine, path: string): string {
  try {
    return textOf(machine, path) ?? '';
  } catch {
    // What cannot be read is refused where it is changed.
    return '';
  }
}

/** What both put into one file is one change of it; what of ours is in it already is known by both. */
function inFiles(
  id: HookedId,
  hook: HookFile,
  mcp: HookFile | null,
  wanted: HookFile[] = mcp === null ? [hook] : [hook, mcp],
): { id: HookedId; file: HookFile }[] {
  const isOne = mcp !== null && hook.path === mcp.path && wanted.length > 0;
  const files = isOne ? [bothIn(hook, mcp, wanted)] : wanted;
  return files.map((file) => ({ id, file }));
}

function plannedSchedule(
  context: Context,
  machine: Machine,
): Pick<Plan, 'runs' | 'stops'> & { results: (Step | Refused)[] } {
  const kind = context.flags['schedule'] === false ? null : machine.scheduler();
  if (kind === null) return { runs: null, stops: [], results: [] };
  const why = cannotBeTold(context);
  if (why !== null) return { runs: null, stops: [], results: [{ for: 'schedule', path: kind, why }] };
  const results = scheduleSteps(machine, kind, jobOf(context)).map(ifPossible);
  // Where the machine has got another scheduler since, the old one must not run it too.
  const others = kindsOf(context)
    .filter((other) => other !== kind)
    .map((other) => ({ other, steps: scheduleSteps(machine, other, null) }))
    .filter(({ steps }) => steps.length > 0);
  return {
    runs: results.some(isRefused) ? null : kind,
    stops: others.map(({ other }) => other),
    results: [...results, ...others.flatMap(({ steps }) => steps)],
  };
}

export function plannedBack(context: Context): Plan {
  const machine = machineOf(context);
  const name = nameOf(programOf(context));
  const files = chosenAgents(context).flatMap((id) =>
    context.flags['hooks'] === false
      ? []
      : inFiles(id, hookFile(id, context.host, name), mcpFileOf(context, machine, id)),
  );
  const hooks = files.flatMap(({ id, file }) => {
    const path = machine.at(file.path);
    const step = guarded(id, path, () => {
      const before = readText(path);
      return before === null ? null : uninstallStep(id, file, path, before, readText(backupOf(path)));
    });
    return step === null ? [] : [step];
  });
  const wanted = context.flags['schedule'] === false ? [] : kindsOf(context);
  const schedules = wanted.flatMap((kind) => {
    const steps = scheduleSteps(machine, kind, null);
    return steps.length === 0 ? [] : [{ kind, steps }];
  });
  const crontabCopy = crontabCopyOf(context);
  const all = [
    ...hooks,
    ...schedules.flatMap(({ steps }) => steps.map((step) => withCopy(step, crontabCopy))),
  ].map(ifPossible);
  return {
    verb: 'uninstall',
    machine,
    steps: all.filter(isStep),
    refused: all.filter(isRefused),
    runs: null,
    isStopped: false,
    stops: schedules.map(({ kind }) => kind),
    crontabCopy,
    madeFolders: madeFoldersOf(context),
    warnings: [],
    notes: all.filter(isStep).flatMap((step) => leftNote(step, crontabCopy)),
  };
}

/** The copy of the table of cron has done its work where that becomes what it was before us. */
function withCopy(step: Step | Refused, copy: string): Step | Refused {
  if (isRefused(step) || step.path !== CRONTAB) return step;
  const kept = guarded(step.for, copy, () => withBlock(readText(copy) ?? '\0', null));
  return 'text' in kept && kept.text === step.after ? { ...step, backup: 'drop' } : step;
}

/** Of a copy that stays. */
function leftNote({ path, backup }: Step, crontabCopy: string): string[] {
  if (path === CRONTAB)
    return backup === 'keep' ? [`${crontabCopy} is how the table of cron was before this`] : [];
  if (backup === 'keep') return [`${backupOf(path)} is how the file was: somebody had written in it`];
  return backup === 'none' && existsSync(backupOf(path))
    ? [`${backupOf(path)} is how the file was before install; it has changed since, so that is left`]
    : [];
}

const crontabCopyOf = ({ settings }: Context) =>
  join(dirname(settings.storePath), 'crontab.before-session-memory');

const madeFoldersOf = ({ settings }: Context) => join(dirname(settings.storePath), 'folders.made-by-install');

/** Those that this system may have: a machine that has got systemd since may still have our line of cron. */
function kindsOf({ host }: Context): readonly SchedulerKind[] {
  return SCHEDULERS.filter((kind) =>
    host.platform === 'darwin'
      ? kind === 'launchd'
      : host.platform === 'win32'
        ? kind === 'task'
        : kind === 'systemd' || kind === 'cron',
  );
}

function machineOf({ flags, host }: Context): Machine {
  const prefix = textFlag(flags, 'prefix');
  return new Machine(host, prefix === null ? '' : resolve(prefix));
}

function chosenAgents({ flags }: Context): readonly HookedId[] {
  if (flags['hooks'] === false && flags['mcp'] !== true) return [];
  const word = textFlag(flags, 'agent');
  if (word === null) return HOOKED.map(({ id }) => id);
  const agent = hookedAgent(word);
  if (agent !== null) return [agent.id];
  const ids = HOOKED.map(({ id }) => id).join(', ');
  throw fail('usage', `no hooks are known of ${word}`, `Agents with hooks are ${ids}.`);
}

function isHere(machine: Machine, { signs }: HookFile): boolean {
  return signs.some((sign) => existsSync(sign) || existsSync(machine.at(sign)));
}

/** Below a prefix that holds nothing yet it is the machine's own file that would be changed. */
function textOf(machine: Machine, path: string): string | null {
  return readText(machine.at(path)) ?? (machine.prefix === '' ? null : readText(path));
}

function guarded<T>(id: string, path: string, work: () => T): T | Refused {
  try {
    return work();
  } catch (thrown) {
    return { for: id, path, why: messageOf(thrown) };
  }
}

function scheduleNotes(context: Context, machine: Machine, kind: SchedulerKind | null): string[] {
  if (context.flags['schedule'] === false) return [];
  if (kind === null)
    return [
      `no scheduler was found here: have something run \`${jobOf(context).argv.join(' ')}\` every hour`,
    ];
  if (kind !== 'systemd' || machine.prefix !== '') return [];
  const { USER: user } = context.host.env;
  const linger = machine.ask(['loginctl', 'show-user', '--property=Linger', ...(user ? [user] : [])]);
  return linger?.out.includes('Linger=no') === true
    ? ['the timer runs only while you are logged in; `loginctl enable-linger` has it run always']
    : [];
}
