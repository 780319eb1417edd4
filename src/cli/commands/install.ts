/**
 * `install` and `uninstall`: our entry in the hooks of each agent that is here, and a schedule in the machine's own scheduler.
 * Promises: shows what it would change and asks before it does; twice is once; entries of others stay; an agent that is not here
 * gets nothing; `uninstall` takes out just that.
 */
import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { agentsOf } from '../../agents/registry.ts';
import { EXIT, EXIT_OF_CODE, type ExitCode, fail, failure, messageOf } from '../../domain/errors.ts';
import { plainLine } from '../../domain/text.ts';
import { backupOf, keepBackup, readText, removeFile, writeText } from '../../unattended/disk.ts';
import { type HookFile, hookFile } from '../../unattended/hook-files.ts';
import { HOOKED, type HookedId, hookedAgent } from '../../unattended/hooked.ts';
import { nameOf, type Program } from '../../unattended/own-call.ts';
import { MAINTAIN, type ScheduledJob } from '../../unattended/schedule.ts';
import { diffLines, installStep, type Refused, type Step, uninstallStep } from '../../unattended/steps.ts';
import { type Command, type Context, canAsk, printJson, textFlag } from '../context.ts';
import { printFailure } from '../failure.ts';
import { plural } from '../format.ts';
import { Machine, SCHEDULERS, type SchedulerKind, scheduleCommands, scheduleSteps } from '../scheduler.ts';

/** Lines of one file's difference that are shown. */
const DIFF_LINES_MAX = 60;

export const install: Command = (context) => run(context, planned(context));
export const uninstall: Command = (context) => run(context, plannedBack(context));

interface Plan {
  readonly verb: 'install' | 'uninstall';
  readonly machine: Machine;
  readonly steps: readonly Step[];
  readonly refused: readonly Refused[];
  /** Whose files or lines change, and what it is told. */
  readonly schedulers: readonly SchedulerKind[];
  readonly notes: readonly string[];
}

const isRefused = (step: Step | Refused): step is Refused => 'why' in step;
const isStep = (step: Step | Refused): step is Step => !('why' in step);

function planned(context: Context): Plan {
  const machine = machineOf(context);
  const found = chosenAgents(context).map((id) => ({
    id,
    file: hookFile(id, context.host, nameOf(programOf(context))),
  }));
  const here = found.filter(({ file }) => isHere(machine, file));
  const results = here.map(({ id, file }) =>
    guarded(id, machine.at(file.path), () =>
      installStep(id, file, machine.at(file.path), textOf(machine, file.path), programOf(context)),
    ),
  );
  const kind = context.flags['schedule'] === false ? null : machine.scheduler();
  const schedule = kind === null ? [] : scheduleSteps(machine, kind, jobOf(context));
  // Where the machine has got another scheduler since, the old one must not run it too.
  const others = kind === null ? [] : kindsOf(context).filter((other) => other !== kind);
  const retired = others.flatMap((other) => scheduleSteps(machine, other, null));
  const steps = [...results.filter(isStep), ...schedule, ...retired].filter(
    ({ before, after }) => before !== after,
  );
  const asked = textFlag(context.flags, 'agent');
  return {
    ...{ verb: 'install', machine, steps, refused: results.filter(isRefused) },
    schedulers: schedule.length > 0 && kind !== null ? [kind] : [],
    notes: [
      ...(asked !== null && here.length === 0
        ? [`${asked} is not here: it has no folder on this machine`]
        : []),
      ...here.flatMap(({ id, file }) =>
        file.afterwards !== undefined && steps.some((step) => step.for === id) ? [file.afterwards] : [],
      ),
      ...scheduleNotes(context, machine, kind),
    ],
  };
}

function plannedBack(context: Context): Plan {
  const machine = machineOf(context);
  const results = chosenAgents(context).flatMap((id) => {
    const file = hookFile(id, context.host, nameOf(programOf(context)));
    const path = machine.at(file.path);
    const step = guarded(id, path, () => {
      const before = readText(path);
      return before === null ? null : uninstallStep(id, file, path, before, readText(backupOf(path)));
    });
    return step === null ? [] : [step];
  });
  const wanted = context.flags['schedule'] === false ? [] : kindsOf(context);
  const schedulers = wanted.filter((kind) => scheduleSteps(machine, kind, null).length > 0);
  const steps = [
    ...results.filter(isStep),
    ...schedulers.flatMap((kind) => scheduleSteps(machine, kind, null)),
  ];
  const kept = results
    .filter(isStep)
    .filter(({ path, backup }) => backup === 'none' && existsSync(backupOf(path)));
  const notes = kept.map(
    ({ path }) =>
      `${backupOf(path)} is how the file was before install; it has changed since, so that is left`,
  );
  return { verb: 'uninstall', machine, steps, refused: results.filter(isRefused), schedulers, notes };
}

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
  if (flags['hooks'] === false) return [];
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

/** As others call this program: by the name on the PATH where that leads to it, since it outlives an upgrade. */
export function programOf({ self, host, settings, flags }: Context): Program {
  const [executable, ...source] = self ?? [];
  if (executable === undefined)
    throw fail('failed', 'this program does not know where it lies', 'Run the installed executable.');
  const named = Bun.which('session-memory', { PATH: host.env['PATH'] ?? '' });
  const isSame = named !== null && source.length === 0 && realpathSync(named) === realpathSync(executable);
  const isMoved = settings.origins.store.startsWith('--') || settings.origins.store.startsWith('$');
  const config = textFlag(flags, 'config') ?? host.env['SESSION_MEMORY_CONFIG'] ?? null;
  return {
    platform: host.platform,
    argv: [
      ...[isSame ? named : executable, ...source],
      ...(isMoved ? ['--store', settings.storePath] : []),
      ...(config === null ? [] : ['--config', settings.configPath]),
    ],
  };
}

/** Folders of agents that only a shell's start-up file names would be empty to a scheduler. */
export function jobOf(context: Context): ScheduledJob {
  const names = agentsOf(context.host).flatMap(({ variables }) => variables);
  const wanted = new Set([...names, 'XDG_DATA_HOME', 'XDG_CONFIG_HOME']);
  const set = Object.entries(context.host.env).filter(
    ([name, value]) => wanted.has(name) && !/[\r\n]/.test(value),
  );
  return { argv: [...programOf(context).argv, ...MAINTAIN], env: Object.fromEntries(set.sort()) };
}

function scheduleNotes(context: Context, machine: Machine, kind: SchedulerKind | null): string[] {
  if (context.flags['schedule'] === false) return [];
  if (kind === null)
    return [
      `no scheduler was found here: have something run \`${jobOf(context).argv.join(' ')}\` every hour`,
    ];
  if (kind !== 'systemd' || machine.prefix !== '') return [];
  const linger = machine.ask(['loginctl', 'show-user', '--property=Linger', context.host.env['USER'] ?? '']);
  return linger?.out.includes('Linger=no') === true
    ? ['the timer runs only while you are logged in; `loginctl enable-linger` has it run always']
    : [];
}

async function run(context: Context, plan: Plan): Promise<ExitCode> {
  const { json, io, flags } = context;
  const isDry = flags['dryRun'] === true;
  const hasWork = plan.steps.length > 0;
  // Who consented beforehand may read only the first lines (`| head`): that must not keep it from being done.
  const isConsented = flags['yes'] === true;
  if (!json && !isConsented) printPlan(context, plan);
  if (!isDry && hasWork && !isConsented && !(await consents(context, plan))) {
    const needed = failure(
      'consent_needed',
      'nothing was changed',
      'Add --yes to consent, or --dry-run to only look.',
    );
    printFailure(io, json, needed);
    return EXIT_OF_CODE[needed.code];
  }
  const failed = isDry || !hasWork ? [] : apply(plan);
  if (json) printJson(io, asJson(plan, isDry, failed));
  else {
    if (isConsented) printPlan(context, plan);
    for (const why of failed) io.err(`error: ${plainLine(why)}\n`);
    if (!isDry) for (const note of plan.notes) io.out(`Note: ${plainLine(note)}.\n`);
    if (!isDry && hasWork && failed.length === 0 && plan.verb === 'install')
      io.out('Done. `session-memory doctor` says whether it works.\n');
    else if (!isDry && hasWork && failed.length === 0) io.out('Done.\n');
  }
  return failed.length > 0 || plan.refused.length > 0 ? EXIT.failed : EXIT.done;
}

async function consents(context: Context, { verb }: Plan): Promise<boolean> {
  if (!canAsk(context)) return false;
  const answer = await context.ask(`${verb === 'install' ? 'Make' : 'Take out'} these changes? [y/N] `);
  return /^y(es)?$/i.test(answer?.trim() ?? '');
}

function printPlan({ io, flags }: Context, plan: Plan): void {
  for (const { before, after, ...step } of plan.steps) {
    const what = before === null ? 'new' : after === null ? 'removed' : 'changed';
    if (before === after) io.out(`${plainLine(backupOf(step.path))}  (${step.for}, removed)\n`);
    else io.out(`${plainLine(step.path)}  (${step.for}, ${what})\n`);
    const lines = diffLines(before, after);
    for (const text of lines.slice(0, DIFF_LINES_MAX)) io.out(`  ${shownLine(text)}\n`);
    if (lines.length > DIFF_LINES_MAX)
      io.out(`  … and ${plural(lines.length - DIFF_LINES_MAX, 'line')} more\n`);
    io.out('\n');
  }
  for (const { path, why, for: id } of plan.refused)
    io.err(`warning: ${plainLine(path)} (${id}) is left as it is: ${plainLine(why)}\n`);
  if (plan.steps.length === 0) io.out(`Nothing to ${plan.verb}.\n`);
  if (flags['dryRun'] === true) for (const note of plan.notes) io.out(`Note: ${plainLine(note)}.\n`);
}

/** With the white space that it begins with: it is a part of the layout. */
function shownLine(text: string): string {
  const [start = ''] = /^[+-] [ \t]*/.exec(text) ?? [];
  return start.replaceAll('\t', '    ') + plainLine(text.slice(start.length));
}

/** Does it; what could not be done, a sentence each. A file that cannot be written stops no other. */
function apply({ verb, machine, steps, schedulers }: Plan): string[] {
  const failed: string[] = [];
  const tell = (kinds: readonly SchedulerKind[]) => {
    for (const { argv, mayFail } of kinds.flatMap((kind) =>
      scheduleCommands(machine, kind, verb === 'install'),
    )) {
      const said = machine.ask(argv);
      if (said !== null && said.code !== 0 && !mayFail)
        failed.push(`\`${argv.join(' ')}\` exits ${said.code}`);
    }
  };
  if (verb === 'uninstall') tell(schedulers);
  for (const step of steps) {
    try {
      applyStep(machine, step);
    } catch (thrown) {
      failed.push(`${step.path}: ${messageOf(thrown)}`);
    }
  }
  if (verb === 'install') tell(schedulers);
  else if (schedulers.includes('systemd')) machine.ask(['systemctl', '--user', 'daemon-reload']);
  return failed;
}

function applyStep(machine: Machine, { path, before, after, backup }: Step): void {
  // Somebody may have written to it while this was shown.
  const now = path === 'crontab' ? machine.crontab() : readText(path);
  if (now !== before && !(now === null && machine.prefix !== ''))
    throw new Error('it has changed meanwhile; run it again');
  if (path === 'crontab') {
    const said = machine.ask(['crontab', '-'], after ?? '');
    if (said?.code !== 0) throw new Error('crontab did not take it');
    return;
  }
  if (backup === 'keep' && before !== null && existsSync(path)) keepBackup(path, before);
  if (after === null) removeFile(path);
  else if (after !== before) writeText(path, after);
  if (backup === 'drop') removeFile(backupOf(path));
}

function asJson(plan: Plan, isDry: boolean, failed: readonly string[]) {
  return {
    version: 1,
    dry_run: isDry,
    changes: plan.steps.map(({ before, after, ...step }) => ({
      for: step.for,
      path: step.path,
      action: before === null ? 'new' : after === null ? 'removed' : 'changed',
      diff: diffLines(before, after),
    })),
    refused: plan.refused,
    notes: plan.notes,
    failed,
  };
}
