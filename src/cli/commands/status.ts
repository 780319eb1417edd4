/** `status`: reads counters and a plan; no session row by row, no disk but the store's. */
import { EXIT } from '../../domain/errors.ts';
import { cutText, plainLine } from '../../domain/text.ts';
import { failedAnalyses } from '../../store/analyses.ts';
import type { ReadableDb } from '../../store/connection.ts';
import { openReadable } from '../../store/open.ts';
import { diskBytes } from '../../store/place.ts';
import { countBucketOnly } from '../../store/remote/receipts.ts';
import { machines } from '../../store/remote/state.ts';
import { lastRun } from '../../store/runs.ts';
import { lastScans, type ScanRow } from '../../store/scans.ts';
import { counters, usage } from '../../store/usage.ts';
import { forecast } from '../../sweep/sweep.ts';
import { type Command, type Context, printJson } from '../context.ts';
import { firstSweep, firstSweepText, isOfFirstSweep } from '../first-sweep.ts';
import { bar, formatBytes, formatCount, formatTime, hanging, plural, table } from '../format.ts';
import { paint, tableColumns } from '../io.ts';
import { runResult } from '../report.ts';
import { circumstances, planDeps } from '../wire.ts';

export const status: Command = async (context) => {
  const db = openReadable(context.settings.storePath);
  try {
    const found = gather(context, db);
    if (context.json) printJson<'status'>(context.io, found);
    else context.io.out(page(context, found));
    return EXIT.done;
  } finally {
    db.close();
  }
};

type Status = ReturnType<typeof gather>;

function gather(context: Context, db: ReturnType<typeof openReadable>) {
  const { limits } = context.settings;
  return db.snapshot(() => {
    const used = usage(db);
    const rows = counters(db);
    const planned = forecast(planDeps(context, db), { limits, flags: { analyze: true, dataLoss: true } });
    const first = firstSweep(db, limits, context.clock.now(), { made: planned });
    const sum = (state: string) =>
      rows
        .filter((row) => row.state === state)
        .reduce(
          (n, row) => ({
            sessions: n.sessions + row.sessions,
            raw_bytes: n.raw_bytes + row.raw_bytes,
            stored_bytes: n.stored_bytes + row.stored_bytes,
          }),
          { sessions: 0, raw_bytes: 0, stored_bytes: 0 },
        );
    return {
      version: 1 as const,
      store: context.settings.storePath,
      now: context.clock.now(),
      clock_set: context.clock.isSet,
      tier1: {
        used_bytes: used.tier1Bytes,
        raw_bytes: used.rawBytes,
        pinned_bytes: used.pinnedBytes,
        soft_cap_bytes: limits.rawSoftCapBytes,
        hard_cap_bytes: limits.rawHardCapBytes,
        max_age_days: limits.rawMaxAgeDays,
        over_soft_cap: used.tier1Bytes > limits.rawSoftCapBytes,
        over_hard_cap: used.tier1Bytes > limits.rawHardCapBytes,
      },
      tier2: {
        used_bytes: used.tier2Bytes,
        cap_bytes: limits.distilledCapBytes,
        over_cap: used.tier2Bytes > limits.distilledCapBytes,
      },
      disk_bytes: diskBytes(db.path),
      sessions: {
        analyzed: sum('analyzed'),
        unanalyzed: sum('unanalyzed'),
        evicted: sum('evicted'),
        pinned: rows.filter((row) => row.pinned === 1).reduce((n, row) => n + row.sessions, 0),
      },
      agents: rows.map(({ agent, state, pinned, sessions, raw_bytes, stored_bytes, digest_bytes }) => ({
        agent,
        state,
        pinned: pinned === 1,
        sessions,
        raw_bytes,
        stored_bytes,
        digest_bytes,
      })),
      next_sweep: {
        plan_id: planned.planId,
        empty: planned.isEmpty,
        passes: planned.passes.map(({ pass, sessions, storedBytes }) => ({
          pass,
          sessions,
          bytes: storedBytes,
        })),
        to_analyze: planned.toAnalyze,
        worst_case_data_loss: planned.worstCaseDataLoss,
      },
      bucket_only: countBucketOnly(db),
      machines: machines(db).map(({ name }) => name),
      failed_analyses: failedPart(context, db),
      last_run: lastRun(db),
      first_sweep: first === null ? null : firstSweepText(first),
      at_risk: lastScans(db),
    };
  });
}

/** `sessions_failed`: how many of the un-analyzed ones do not merely wait. */
function failedPart(context: Context, db: ReadableDb) {
  const groups = failedAnalyses(db, circumstances(context));
  return {
    sessions_failed: groups.reduce((sum, { sessions }) => sum + sessions, 0),
    reasons: groups.map(({ reason, sessions, example, nextTryAt }) => ({
      reason,
      sessions,
      example_uid: example,
      next_try_at: nextTryAt,
    })),
  };
}

function page(context: Context, found: Status): string {
  const { io } = context;
  const { tier1, tier2, sessions } = found;
  const width = Math.min(76, Math.max(20, io.columns - 4));
  const cap = Math.max(tier1.hard_cap_bytes, 1);
  const state = (name: 'analyzed' | 'unanalyzed') =>
    `${formatCount(sessions[name].sessions)} · ${formatBytes(sessions[name].stored_bytes)}`;
  const flag = tier1.over_hard_cap
    ? paint(io, 'red', '  over the hard cap')
    : tier1.over_soft_cap
      ? paint(io, 'yellow', '  over the soft cap')
      : '';
  const row = (label: string, text: string) => hanging(label.padEnd(13), text, tableColumns(io));
  return [
    `${paint(io, 'bold', 'Tier 1 · raw transcripts')}  ${formatBytes(tier1.used_bytes)} of ${formatBytes(tier1.hard_cap_bytes)}, soft cap ${formatBytes(tier1.soft_cap_bytes)}${flag}`,
    bar(tier1.used_bytes, cap, tier1.soft_cap_bytes, width, io.unicode),
    `  analyzed ${state('analyzed')}   un-analyzed ${state('unanalyzed')}   pinned ${formatCount(sessions.pinned)}   evicted ${formatCount(sessions.evicted.sessions)}`,
    `${paint(io, 'bold', 'Tier 2 · digests')}  ${formatBytes(tier2.used_bytes)} of ${formatBytes(tier2.cap_bytes)}, alert only${tier2.over_cap ? paint(io, 'yellow', '  over its cap') : ''}`,
    row('Disk', `${formatBytes(found.disk_bytes)} at ${plainLine(found.store)}`),
    row('Next sweep', nextSweep(found)),
    ...bucketLines(found).map((text) => row('Bucket', plainLine(text))),
    ...(found.first_sweep === null ? [] : [row('First sweep', plainLine(found.first_sweep))]),
    ...lastRunLines(found).map(([label, text]) => row(label, text)),
    ...failedLines(found).map(([label, text]) => row(label, text)),
    ...found.at_risk.map((scan) => row('At risk', atRisk(scan))),
    ...(found.agents.length === 0
      ? ['', 'Nothing stored yet. Run `session-memory ingest`.']
      : ['', agentTable(found, tableColumns(io)).trimEnd()]),
    '',
  ].join('\n');
}

function nextSweep(found: Status): string {
  const { passes, to_analyze: toAnalyze, worst_case_data_loss: loss } = found.next_sweep;
  const parts = passes.map(({ pass, sessions, bytes }) => {
    if (pass === 'overflow' && toAnalyze === 0 && loss === 0) return 'overflow not reached';
    if (pass === 'bucket' && sessions > 0)
      return `at worst ${plural(sessions, 'session')} left to the bucket alone`;
    return sessions === 0
      ? `${pass} nothing`
      : `${pass} ${plural(sessions, 'session')} · ${formatBytes(bytes)}`;
  });
  const worst = loss > 0 ? `   at worst ${plural(loss, 'session')} lost` : '';
  return `${parts.join('   ')}${toAnalyze > 0 ? `   ${formatCount(toAnalyze)} to analyze` : ''}${worst}`;
}

/** What is elsewhere, and with whom. */
function bucketLines({ bucket_only: only, machines: others }: Status): string[] {
  return [
    ...(only === 0
      ? []
      : [
          `${plural(only, 'un-analyzed session')} in the bucket only: nothing is lost; \`session-memory analyze\` makes ${only === 1 ? 'its digest' : 'their digests'}`,
        ]),
    ...(others.length === 0
      ? []
      : [
          `sessions of ${others.join(', ')} are known here too: \`list\`, \`show\` and \`search\` name the machine; of them nothing was evicted here, though they are counted so`,
        ]),
  ];
}

const PROBLEMS_SHOWN = 3;

/** A label, and what it is for; without one it goes on with the row before. */
type Labelled = readonly [label: string, text: string];

function lastRunLines({ last_run: run }: Status): Labelled[] {
  if (run === null) return [];
  const again = run.times > 1 ? `, the last of ${formatCount(run.times)} that found nothing to do` : '';
  // That stands in a row of its own, as it is now.
  const problems = run.problems.filter((text) => !isOfFirstSweep(text));
  const more = problems.length - PROBLEMS_SHOWN;
  return [
    ['Last run', `${run.command} at ${formatTime(run.started_at)}: ${runResult(run)}${again}`],
    ...problems.slice(0, PROBLEMS_SHOWN).map((text): Labelled => ['', plainLine(text)]),
    ...(more > 0 ? [['', `and ${formatCount(more)} more: see --json`] as const] : []),
  ];
}

/** How many causes are shown one by one. */
const CAUSES_SHOWN = 3;

function failedLines({ now, failed_analyses: { sessions_failed: total, reasons } }: Status): Labelled[] {
  if (total === 0) return [];
  const shown = reasons.slice(0, CAUSES_SHOWN).map(({ reason, sessions, next_try_at: at }): Labelled => {
    const when = at === null || at <= now ? 'at the next `maintain`' : `after ${formatTime(at)}`;
    return [
      '',
      `${formatCount(sessions)} × ${cutText(plainLine(reason), REASON_CHARS)}; tried again ${when}`,
    ];
  });
  const more = reasons.length - shown.length;
  return [
    ['Failed', `the analysis of ${plural(total, 'session')}, which stay un-analyzed until it works`],
    ...shown,
    ...(more > 0 ? [['', `and ${formatCount(more)} more causes: see --json`] as const] : []),
  ];
}

const REASON_CHARS = 160;

function atRisk(scan: ScanRow): string {
  const since = `as of ${formatTime(scan.scanned_at)}`;
  if (scan.deletes_after_days === null && scan.sessions_at_risk === 0)
    return `${scan.agent} deletes nothing by itself (${since})`;
  const isDue = scan.first_deletion_at !== null && scan.first_deletion_at <= scan.scanned_at;
  const after = scan.deletes_after_days === null ? '' : ` after ${scan.deletes_after_days} days`;
  const first = isDue ? ', the first at its next start' : '';
  return `${plural(scan.sessions_at_risk, 'session')} of ${scan.agent} go within a week by its own clean-up${after}${first}; ${formatCount(scan.at_risk_not_stored)} not stored yet (${since})`;
}

function agentTable(found: Status, columns: number): string {
  return table(
    [
      { title: 'AGENT' },
      { title: 'STATE' },
      { title: 'SESSIONS', align: 'right' },
      { title: 'RAW', align: 'right' },
      { title: 'STORED', align: 'right' },
      { title: 'DIGESTS', align: 'right' },
    ],
    found.agents.map((row) => [
      row.agent,
      row.pinned ? `${row.state}, pinned` : row.state,
      formatCount(row.sessions),
      formatBytes(row.raw_bytes),
      formatBytes(row.state === 'evicted' ? 0 : row.stored_bytes),
      formatBytes(row.digest_bytes),
    ]),
    columns,
  );
}
