/** `sweep`: the plan, the consent that flags give, the report. Without consent not one byte of the store changes. */
import { EXIT, type ExitCode, failure } from '../../domain/errors.ts';
import { plainLine } from '../../domain/text.ts';
import { AskedAnalyzer } from '../../ingest/asked-analyzer.ts';
import type { SweepFlags } from '../../policy/plan.ts';
import type { ReadableDb, WritableDb } from '../../store/connection.ts';
import { openReadable, openWritable } from '../../store/open.ts';
import type { SweepOptions } from '../../sweep/options.ts';
import { NOT_YET, type Progress, YES_TO_ALL } from '../../sweep/ports.ts';
import { exitCodeOf, type Report } from '../../sweep/report.ts';
import { dryRun, sweep } from '../../sweep/sweep.ts';
import { type Command, type Context, hasScreens, printJson, textFlag } from '../context.ts';
import { printFailure } from '../failure.ts';
import { plural } from '../format.ts';
import { givingBack, ProgressLine } from '../io.ts';
import { planPage, reportPage } from '../report.ts';
import { reportedIn } from '../report-sessions.ts';
import { planDeps, sweepDeps } from '../wire.ts';

export const sweepCommand: Command = async (context) => {
  if (context.flags['dryRun'] === true) return showPlan(context, planOnly(context), EXIT.done);
  if (context.flags['yes'] !== true) {
    // Where a person sits, they are asked pass by pass.
    if (hasScreens(context)) return context.screens(context, 'sweep');
    return askForConsent(context);
  }
  using db = openWritable(context.settings.storePath, { roomForSweep: true });
  const report = await runSweep(context, db, { planId: textFlag(context.flags, 'plan') });
  printReport(context, db, report);
  return exitCodeOf(report);
};

export function sweepFlags(context: Context): SweepFlags {
  return { analyze: context.flags['analyze'] !== false, dataLoss: context.flags['dataLoss'] !== false };
}

/** The plan as it is now, off a store that is open for reading only. */
export function planOnly(context: Context): Report {
  using db = openReadable(context.settings.storePath);
  return dryRun(planDeps(context, db), { limits: context.settings.limits, flags: sweepFlags(context) });
}

export function showPlan(context: Context, report: Report, code: ExitCode): ExitCode {
  if (context.json) printJson<'sweep'>(context.io, report);
  else {
    printWarnings(context, report);
    context.io.out(planPage(context.io, report, context.settings.limits));
  }
  return code;
}

function askForConsent(context: Context): ExitCode {
  const report = planOnly(context);
  const isEmpty =
    report.plan.passes.every(({ victims }) => victims.length === 0) &&
    report.plan.to_analyze.length === 0 &&
    report.plan.worst_case_data_loss.length === 0;
  if (isEmpty) return showPlan(context, report, EXIT.done);
  const needed = failure(
    'consent_needed',
    'this sweep would change the store and needs consent; nothing was changed',
    `Add --yes to consent${report.plan.worst_case_data_loss.length > 0 ? ' (data loss included; --yes --no-data-loss forbids it)' : ''}, --plan ${report.plan_id} with it for exactly this plan, or --dry-run to only look.`,
  );
  if (context.json)
    return printFailure(context.io, true, needed, { plan_id: report.plan_id, plan: report.plan });
  context.io.out(planPage(context.io, report, context.settings.limits));
  return printFailure(context.io, false, needed);
}

/** One sweep with this call's settings, consented by flags; `maintain` uses it too, and may put off what only limits ask for. */
export async function runSweep(
  context: Context,
  db: WritableDb,
  {
    planId = null,
    forgetsEmpty = false,
    putsOff = false,
  }: Partial<Pick<SweepOptions, 'planId' | 'forgetsEmpty'>> & { readonly putsOff?: boolean } = {},
): Promise<Report> {
  const line = new ProgressLine(context.io);
  try {
    // Who is about to be lost is asked for one by one, however often the analyzer has failed.
    const asked = context.flags['dataLoss'] === false ? new AskedAnalyzer() : undefined;
    const deps = sweepDeps(context, db, shownOn(line), asked);
    return await sweep(
      deps,
      {
        limits: context.settings.limits,
        flags: sweepFlags(context),
        reclaim: context.flags['reclaim'] !== false && context.settings.reclaims,
        planId,
        forgetsEmpty,
      },
      putsOff ? NOT_YET : YES_TO_ALL,
    );
  } finally {
    line.clear();
  }
}

/** Who waits is told how many of how many, and how long the rest takes. */
function shownOn(line: ProgressLine): (event: Progress) => void {
  let [evicted, victims] = [0, 0];
  const space = givingBack(line);
  return (event) => {
    if (event.kind === 'pass') [evicted, victims] = [0, event.victims];
    if (event.kind === 'evicted') {
      evicted += 1;
      line.work('sweep: evicted', { count: evicted, total: victims }, event.uid);
    }
    if (event.kind === 'analyzing')
      line.work('sweep: analyzing', { count: event.done + 1, total: event.total }, event.uid);
    if (event.kind === 'reclaiming') space(event.leftBytes);
  };
}

export function printReport(context: Context, db: ReadableDb, report: Report): void {
  if (context.json) {
    printJson<'sweep'>(context.io, report);
    return;
  }
  printWarnings(context, report);
  context.io.out(reportPage(context.io, report, context.settings.limits, reportedIn(db, report)));
}

/** So many that differ in their session alone are each told. */
const ALIKE_TOLD = 3;

/** A hundred equal ones would hide what else there is: they are told once, with their number. */
function printWarnings(context: Context, { warnings, sweep_id: id }: Report): void {
  for (const alike of Map.groupBy(warnings, withoutSession).values()) {
    const told = alike.length <= ALIKE_TOLD ? alike : alike.slice(0, 1);
    for (const warning of told) context.io.err(`warning: ${plainLine(warning)}\n`);
    const left = alike.length - told.length;
    if (left > 0)
      context.io.err(
        `warning: the same of ${plural(left, 'other session')}${id === '' ? '' : `: \`session-memory history ${id} --json\` has all`}\n`,
      );
  }
}

function withoutSession(warning: string): string {
  return warning.replace(/^(analyze failed for|data_loss: evicted un-analyzed) \S+/, '$1');
}
