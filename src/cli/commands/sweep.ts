/** `sweep`: the plan, the consent that flags give, the report. Without consent not one byte of the store changes. */
import { EXIT, EXIT_OF_CODE, type ExitCode, failure } from '../../domain/errors.ts';
import { plainLine } from '../../domain/text.ts';
import { AskedAnalyzer } from '../../ingest/asked-analyzer.ts';
import type { SweepFlags } from '../../policy/plan.ts';
import type { WritableDb } from '../../store/connection.ts';
import { openReadable, openWritable } from '../../store/open.ts';
import { type Progress, YES_TO_ALL } from '../../sweep/ports.ts';
import { exitCodeOf, type Report } from '../../sweep/report.ts';
import { dryRun, sweep } from '../../sweep/sweep.ts';
import { type Command, type Context, hasScreens, printJson, textFlag } from '../context.ts';
import { printFailure } from '../failure.ts';
import { ProgressLine } from '../io.ts';
import { planPage, reportPage } from '../report.ts';
import { planDeps, sweepDeps } from '../wire.ts';

export const sweepCommand: Command = async (context) => {
  if (context.flags['dryRun'] === true) return showPlan(context, planOnly(context), EXIT.done);
  if (context.flags['yes'] !== true) {
    // Where a person sits, they are asked pass by pass.
    if (hasScreens(context)) return context.screens(context, 'sweep');
    return askForConsent(context);
  }
  using db = openWritable(context.settings.storePath, { roomForSweep: true });
  const report = await runSweep(context, db, textFlag(context.flags, 'plan'));
  printReport(context, report);
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
  if (context.json) printFailure(context.io, true, needed, { plan_id: report.plan_id, plan: report.plan });
  else {
    context.io.out(planPage(context.io, report, context.settings.limits));
    printFailure(context.io, false, needed);
  }
  return EXIT_OF_CODE[needed.code];
}

/** One sweep with this call's settings, consented by flags; `maintain` uses it too. */
export async function runSweep(
  context: Context,
  db: WritableDb,
  planId: string | null,
  forgetsEmpty = false,
): Promise<Report> {
  const line = new ProgressLine(context.io);
  try {
    // Who is about to be lost is asked for one by one, however often the analyzer has failed.
    const asked = context.flags['dataLoss'] === false ? new AskedAnalyzer() : undefined;
    const show = (event: Progress) => {
      if (event.kind === 'evicted') line.show(`sweep: evicted ${event.uid}`);
      if (event.kind === 'analyzing')
        line.show(`sweep: analyzing ${event.done + 1}/${event.total}  ${event.uid}`);
      if (event.kind === 'reclaiming')
        line.show(`sweep: giving space back, ${Math.ceil(event.leftBytes / 1024 ** 2)} MiB to go`);
    };
    const deps = sweepDeps(context, db, show, asked);
    return await sweep(
      deps,
      {
        limits: context.settings.limits,
        flags: sweepFlags(context),
        reclaim: context.flags['reclaim'] !== false && context.settings.reclaims,
        planId,
        forgetsEmpty,
      },
      YES_TO_ALL,
    );
  } finally {
    line.clear();
  }
}

export function printReport(context: Context, report: Report): void {
  if (context.json) {
    printJson<'sweep'>(context.io, report);
    return;
  }
  printWarnings(context, report);
  context.io.out(reportPage(context.io, report, context.settings.limits));
}

function printWarnings(context: Context, report: Report): void {
  for (const warning of report.warnings) context.io.err(`warning: ${plainLine(warning)}\n`);
}
