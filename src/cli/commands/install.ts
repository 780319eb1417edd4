/**
 * `install`, and what `uninstall` shares with it: our entry in the hooks of each agent that is here, and a schedule in the machine's own scheduler.
 * Promises: shows what it would change and asks before it does; twice is once; entries of others stay; an agent that is not here
 * gets nothing; `uninstall` takes out just that.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EXIT, type ExitCode, failure, messageOf } from '../../domain/errors.ts';
import { plainLine } from '../../domain/text.ts';
import { backupOf, keepBackup, readText, removeFile, writeOwn, writeText } from '../../unattended/disk.ts';
import { noteFolders, removeNotedFolders } from '../../unattended/made-folders.ts';
import { diffLines, type Step } from '../../unattended/steps.ts';
import { type Command, type Context, canAsk, printJson } from '../context.ts';
import { printFailure } from '../failure.ts';
import { plural } from '../format.ts';
import { CRONTAB, type SchedulerKind, scheduleCommands } from '../scheduler.ts';
import type { ReportOf } from '../schemas.by-command.ts';
import { copyOf, hasWork, type Plan, planned, watchedAtSettings } from './install.plan.ts';

/** Lines of one file's difference that are shown. */
const DIFF_LINES_MAX = 60;

export const install: Command = async (context) =>
  (await watchedAtSettings(context)) ?? run(context, planned(context));

export async function run(context: Context, plan: Plan): Promise<ExitCode> {
  const { json, io, flags } = context;
  const isDry = flags['dryRun'] === true;
  const isWork = hasWork(plan);
  // Who consented beforehand may read only the first lines (`| head`): that must not keep it from being done.
  const isConsented = flags['yes'] === true;
  if (!json && !isConsented) printPlan(context, plan);
  if (!isDry && isWork && !isConsented && !(await consents(context, plan))) {
    const needed = failure(
      'consent_needed',
      'nothing was changed',
      'Add --yes to consent, or --dry-run to only look.',
    );
    return printFailure(io, json, needed);
  }
  const failed = isDry || !(isWork || isConsented) ? [] : apply(plan);
  if (json) printJson<'install'>(io, asJson(plan, isDry, failed));
  else {
    if (isConsented) printPlan(context, plan);
    for (const why of failed) io.err(`error: ${plainLine(why)}\n`);
    if (!isDry) for (const note of plan.notes) io.out(`Note: ${plainLine(note)}.\n`);
    if (!isDry && isWork && failed.length === 0 && plan.verb === 'install')
      io.out('Done. `session-memory doctor` says whether it works.\n');
    else if (!isDry && isWork && failed.length === 0) io.out('Done.\n');
  }
  return failed.length > 0 || plan.refused.length > 0 ? EXIT.failed : EXIT.done;
}

export async function consents(context: Context, { verb }: Plan): Promise<boolean> {
  if (!canAsk(context)) return false;
  const answer = await context.ask(`${verb === 'install' ? 'Make' : 'Take out'} these changes? [y/N] `);
  return /^y(es)?$/i.test(answer?.trim() ?? '');
}

/** `isAll` false: what comes behind it says whether there was nothing, and has the notes. */
export function printPlan({ io, flags }: Context, plan: Plan, isAll = true): void {
  for (const { before, after, ...step } of plan.steps) {
    const what = before === null ? 'new' : after === null ? 'removed' : 'changed';
    if (before === after) io.out(`${plainLine(copyOf(plan, step.path))}  (${step.for}, removed)\n`);
    else io.out(`${plainLine(step.path)}  (${step.for}, ${what})\n`);
    const lines = diffLines(before, after);
    for (const text of lines.slice(0, DIFF_LINES_MAX)) io.out(`  ${shownLine(text)}\n`);
    if (lines.length > DIFF_LINES_MAX)
      io.out(`  … and ${plural(lines.length - DIFF_LINES_MAX, 'line')} more\n`);
    io.out('\n');
  }
  if (plan.isStopped && plan.steps.every((step) => step.for !== 'schedule'))
    io.out(`The schedule is there and does not run: ${plan.runs} is told to run it.\n\n`);
  for (const why of plan.warnings) io.err(`warning: ${plainLine(why)}\n`);
  for (const { path, why, for: id } of plan.refused)
    io.err(`warning: ${plainLine(path)} (${id}) is left as it is: ${plainLine(why)}\n`);
  if (!isAll) return;
  if (!hasWork(plan)) io.out(`Nothing to ${plan.verb}.\n`);
  if (flags['dryRun'] === true) for (const note of plan.notes) io.out(`Note: ${plainLine(note)}.\n`);
}

/** With the white space that it begins with: it is a part of the layout. */
function shownLine(text: string): string {
  const [start = ''] = /^[+-] [ \t]*/.exec(text) ?? [];
  return start.replaceAll('\t', '    ') + plainLine(text.slice(start.length));
}

/** Does it; what could not be done, a sentence each. A file that cannot be written stops no other. */
export function apply(plan: Plan): string[] {
  const { machine, steps, runs, stops, verb, madeFolders } = plan;
  const failed: string[] = [];
  const tell = (kind: SchedulerKind, installs: boolean) => {
    for (const { argv, mayFail } of scheduleCommands(machine, kind, installs)) {
      const said = machine.ask(argv);
      if (said !== null && said.code !== 0 && !mayFail)
        failed.push(`\`${argv.join(' ')}\` exits ${said.code}`);
    }
  };
  // A scheduler knows by the file what to stop.
  for (const kind of stops) tell(kind, false);
  if (verb === 'install' && machine.prefix === '') noteFolders(madeFolders, filesMade(plan));
  for (const step of steps) {
    try {
      applyStep(plan, step);
    } catch (thrown) {
      failed.push(`${step.path}: ${messageOf(thrown)}`);
    }
  }
  if (stops.includes('systemd')) machine.ask(['systemctl', '--user', 'daemon-reload']);
  if (runs !== null) tell(runs, true);
  if (verb === 'uninstall' && machine.prefix === '') removeNotedFolders(madeFolders, false);
  return failed;
}

/** Files that may need a folder of their own; systemd links a timer that is enabled. */
function filesMade({ steps, crontabCopy }: Plan): string[] {
  return steps.flatMap(({ path, before, after }) => {
    if (path === CRONTAB) return [crontabCopy];
    if (before !== null || after === null) return [];
    return path.endsWith('.timer')
      ? [path, join(dirname(path), 'timers.target.wants', basename(path))]
      : [path];
  });
}

function applyStep(plan: Plan, step: Step): void {
  const { machine } = plan;
  const { path, before, after, backup } = step;
  // Somebody may have written to it while this was shown.
  const now = path === CRONTAB ? machine.crontab() : readText(path);
  if (now !== before && !(now === null && machine.prefix !== ''))
    throw new Error('it has changed meanwhile; run it again');
  if (path === CRONTAB) return applyToCrontab(plan, step);
  if (backup === 'keep' && before !== null && existsSync(path)) keepBackup(path, before);
  if (after === null) removeFile(path);
  else if (after !== before) writeText(path, after);
  if (backup === 'drop') removeFile(backupOf(path));
}

/** Whatever happens to the table, how it was can be read. */
function applyToCrontab({ machine, crontabCopy }: Plan, { before, after, backup }: Step): void {
  if (backup === 'keep') writeOwn(crontabCopy, before ?? '');
  const said = machine.ask(['crontab', '-'], after ?? '');
  if (said?.code !== 0) throw new Error('crontab did not take it');
  if (backup === 'drop') removeFile(crontabCopy);
}

export function asJson(plan: Plan, isDry: boolean, failed: readonly string[]): ReportOf<'install'> {
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
    notes: [...plan.warnings, ...plan.notes],
    failed,
  };
}
