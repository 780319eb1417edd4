/** A plan and a report as a person reads them. Every id and reason is made plain. */

import { EXIT } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { Limits } from '../domain/limits.ts';
import { plainLine } from '../domain/text.ts';
import { explainPass } from '../policy/explain.ts';
import { EVICTING_PASSES, evictedKey } from '../policy/passes.ts';
import type { RunRow } from '../store/runs.ts';
import type { Report } from '../sweep/report.ts';
import { formatBytes, formatCount, hanging, plural } from './format.ts';
import { type Io, paint, tableColumns } from './io.ts';
import { EXIT_MEANINGS } from './spec.ts';

/** How many sessions a page lists one by one; the rest is counted. `--json` has all. */
const LISTED_MAX = 40;

export function planPage(io: Io, report: Report, limits: Limits): string {
  const { plan } = report;
  const lines = [
    `Usage ${formatBytes(report.usage_before_bytes)}; soft cap ${formatBytes(limits.rawSoftCapBytes)}, hard cap ${formatBytes(limits.rawHardCapBytes)}`,
    '',
  ];
  for (const { pass, victims } of plan.passes) {
    lines.push(paint(io, 'bold', hanging('', explainPass(pass, limits, formatBytes), tableColumns(io))));
    if (pass === 'overflow' && plan.to_analyze.length > 0)
      lines.push(`  would analyze ${plural(plan.to_analyze.length, 'session')}`);
    if (victims.length === 0)
      lines.push(pass === 'overflow' && plan.to_analyze.length === 0 ? '  not reached' : '  nothing');
    for (const victim of victims.slice(0, LISTED_MAX)) {
      lines.push(
        `  ${plainLine(victim.session_uid)}  ${formatBytes(victim.bytes)}  ${plainLine(victim.reason)}`,
      );
    }
    const more = victims.slice(LISTED_MAX);
    const moreBytes = more.reduce((sum, { bytes }) => sum + bytes, 0);
    if (more.length > 0)
      lines.push(`  … and ${formatCount(more.length)} more, ${formatBytes(moreBytes)}: --json has them all`);
  }
  const worst = plan.worst_case_data_loss;
  if (worst.length > 0) {
    lines.push(paint(io, 'bold', 'data_loss: at worst, if every analysis fails, lost without a digest'));
    lines.push(...uidLines(worst));
  }
  lines.push('', `plan_id ${report.plan_id}`, '');
  return lines.join('\n');
}

/** How a run ended, in a word or two. */
export function runResult({
  exit_code: code,
  finished_at: end,
}: Pick<RunRow, 'exit_code' | 'finished_at'>): string {
  if (end === null || code === null) return 'not finished';
  return code === EXIT.done ? 'ok' : (EXIT_MEANINGS[code] ?? `exit ${code}`);
}

export function reportPage(io: Io, report: Report, limits: Limits): string {
  const lines = [
    ...EVICTING_PASSES.flatMap(({ name }) => passLines(io, name, 'evicted', report[evictedKey(name)])),
    ...passLines(io, 'overflow', 'analyzed', report.overflow_analyzed),
    ...passLines(io, 'data_loss', 'lost without a digest', report.overflow_data_loss),
  ];
  if (report.declined.length > 0) lines.push(`Skipped by you: ${report.declined.join(', ')}`);
  for (const { session_uid, reason } of report.skipped.slice(0, LISTED_MAX))
    lines.push(`  kept ${plainLine(session_uid)}: ${plainLine(reason)}`);
  lines.push(
    '',
    `Freed ${formatBytes(report.bytes_freed)}. Usage ${formatBytes(report.usage_before_bytes)} → ${formatBytes(report.final_usage_bytes)} (soft cap ${formatBytes(limits.rawSoftCapBytes)}, hard cap ${formatBytes(limits.rawHardCapBytes)}); disk ${formatBytes(report.disk_bytes_before)} → ${formatBytes(report.disk_bytes_after)}.`,
  );
  if (report.over_hard_cap) lines.push(paint(io, 'red', 'Still over the hard cap.'));
  if (report.lost_data)
    lines.push(
      paint(
        io,
        'red',
        `DATA LOSS: ${plural(report.overflow_data_loss.length, 'session')} evicted without a digest of all bytes. See \`session-memory history ${report.sweep_id}\`.`,
      ),
    );
  if (report.interrupted) lines.push('Interrupted; what was done is recorded.');
  if (report.clock_set) lines.push(`The clock was held at ${report.started_at}.`);
  if (report.sweep_id !== '') lines.push(`sweep ${report.sweep_id}`);
  lines.push('');
  return lines.join('\n');
}

function passLines(io: Io, pass: string, verb: string, uids: readonly SessionUid[]): string[] {
  if (uids.length === 0) return [`${paint(io, 'bold', pass)}: nothing`];
  return [`${paint(io, 'bold', pass)}: ${verb} ${plural(uids.length, 'session')}`, ...uidLines(uids)];
}

function uidLines(uids: readonly SessionUid[]): string[] {
  const lines = uids.slice(0, LISTED_MAX).map((uid) => `  ${plainLine(uid)}`);
  return uids.length > LISTED_MAX
    ? [...lines, `  … and ${formatCount(uids.length - LISTED_MAX)} more`]
    : lines;
}
