/** A plan and a report as a person reads them. Every id and reason is made plain. */

import { EXIT } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { Limits } from '../domain/limits.ts';
import { plainLine } from '../domain/text.ts';
import { explainPass } from '../policy/explain.ts';
import { EVICTING_PASSES, evictedKey, PASS_TO_BUCKET } from '../policy/passes.ts';
import type { RunRow } from '../store/runs.ts';
import type { Report } from '../sweep/report.ts';
import { formatBytes, formatCount, hanging, plural } from './format.ts';
import { type Io, paint, tableColumns } from './io.ts';
import { type Reported, type ReportLine, sessionLines } from './report-sessions.ts';
import { EXIT_MEANINGS } from './spec.ts';

/** How many sessions a page lists one by one; the rest is counted. `--json` has all. */
const LISTED_MAX = 40;

export function planPage(io: Io, report: Report, limits: Limits): string {
  const { plan } = report;
  const lines = [
    `Usage ${formatBytes(report.usage_before_bytes)}; soft cap ${formatBytes(limits.rawSoftCapBytes)}, hard cap ${formatBytes(limits.rawHardCapBytes)}`,
    '',
  ];
  const hasBucket = plan.passes.some(({ pass }) => pass === PASS_TO_BUCKET.name);
  for (const { pass, victims } of plan.passes) {
    const says = explainPass(pass, limits, formatBytes, hasBucket);
    lines.push(paint(io, 'bold', hanging('', says, tableColumns(io))));
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

/** The passes with whom they took, then what came of all of it: the end is what is seen in a terminal. */
export function reportPage(io: Io, report: Report, limits: Limits, reported: Reported): string {
  const shown = passesOf(report, reported).flatMap(({ head, lines }) => {
    const at = head.indexOf(':');
    // Who was lost is named: their ids are all that is left to ask with.
    const told = lines.filter(({ isId }) => !isId || head.startsWith('data_loss'));
    return [
      `${paint(io, 'bold', head.slice(0, at))}${head.slice(at)}`,
      ...told.map(({ text }) => cutTo(io, text)),
    ];
  });
  const { sweep_id: id } = report;
  const named = reported.size === 0 ? [] : [`Ids and reasons: \`session-memory history ${id}\`.`];
  const ids = id === '' ? [] : [...named, `sweep ${id}`];
  const summary = summaryOf(report, limits).map(({ text, isGrave }) =>
    isGrave ? paint(io, 'red', text) : text,
  );
  return [...shown, '', ...summary, ...ids, ''].join('\n');
}

/** The same on the screens: what came of it first. */
export function reportParts(report: Report, limits: Limits, reported: Reported): ReportLine[] {
  const plain = (text: string): ReportLine => ({ text, isId: false });
  return [
    ...summaryOf(report, limits).map(({ text }) => plain(text)),
    plain(''),
    ...passesOf(report, reported).flatMap(({ head, lines }) => [plain(head), ...lines]),
    ...(report.sweep_id === '' ? [] : [plain(''), plain(`sweep ${report.sweep_id}`)]),
  ];
}

interface PassPart {
  readonly head: string;
  readonly lines: readonly ReportLine[];
}

function passesOf(report: Report, reported: Reported): PassPart[] {
  const parts = [
    ...EVICTING_PASSES.map(({ name }) => passPart(name, 'evicted', report[evictedKey(name)], reported)),
    passPart('overflow', 'analyzed', report.overflow_analyzed, reported),
    // Where nothing lies in a bucket only, there may be none.
    ...(report.bucket_evicted.length === 0
      ? []
      : [passPart('bucket', 'left to the bucket alone', report.bucket_evicted, reported)]),
    passPart('data_loss', 'lost without a digest', report.overflow_data_loss, reported),
  ];
  if (report.declined.length > 0)
    parts.push({ head: `Skipped by you: ${report.declined.join(', ')}`, lines: [] });
  // Those with one reason stand together.
  for (const [reason, kept] of Map.groupBy(report.skipped, (one) => one.reason)) {
    const uids = kept.map(({ session_uid: uid }) => uid);
    parts.push({
      head: `kept: ${plural(uids.length, 'session')}: ${plainLine(reason)}`,
      lines: sessionLines(uids, reported),
    });
  }
  return parts;
}

function passPart(pass: string, verb: string, uids: readonly SessionUid[], reported: Reported): PassPart {
  if (uids.length === 0) return { head: `${pass}: nothing`, lines: [] };
  const bytes = uids.reduce((sum, uid) => sum + (reported.get(uid)?.storedBytes ?? 0), 0);
  const size = bytes > 0 ? `, ${formatBytes(bytes)}` : '';
  return {
    head: `${pass}: ${verb} ${plural(uids.length, 'session')}${size}`,
    lines: sessionLines(uids, reported),
  };
}

function summaryOf(report: Report, limits: Limits): { readonly text: string; readonly isGrave: boolean }[] {
  const line = (text: string, isGrave = false) => ({ text, isGrave });
  return [
    line(
      `Freed ${formatBytes(report.bytes_freed)}. Usage ${formatBytes(report.usage_before_bytes)} → ${formatBytes(report.final_usage_bytes)} (soft cap ${formatBytes(limits.rawSoftCapBytes)}, hard cap ${formatBytes(limits.rawHardCapBytes)}); disk ${formatBytes(report.disk_bytes_before)} → ${formatBytes(report.disk_bytes_after)}.`,
    ),
    ...(report.over_hard_cap ? [line('Still over the hard cap.', true)] : []),
    ...(report.lost_data
      ? [
          line(
            `DATA LOSS: ${plural(report.overflow_data_loss.length, 'session')} evicted without a digest of all bytes. See \`session-memory history ${report.sweep_id}\`.`,
            true,
          ),
        ]
      : []),
    ...(report.interrupted ? [line('Interrupted; what was done is recorded.')] : []),
    ...(report.clock_set ? [line(`The clock was held at ${report.started_at}.`)] : []),
  ];
}

function cutTo(io: Io, text: string): string {
  return cutCells(text, tableColumns(io));
}

/** Sentences are broken at words; a row of the list is one line, whatever a title has. */
export function brokenAt(cells: number, { text, isId }: ReportLine): ReportLine[] {
  if (text.startsWith('  ')) return [{ text: cutCells(text, cells), isId }];
  return Bun.wrapAnsi(text, cells, { hard: true, trim: true })
    .split('\n')
    .map((part) => ({ text: part, isId }));
}

function cutCells(text: string, cells: number): string {
  if (!Number.isFinite(cells) || Bun.stringWidth(text) <= cells) return text;
  return `${Bun.sliceAnsi(text, 0, cells - 1)}…`;
}

function uidLines(uids: readonly SessionUid[]): string[] {
  const lines = uids.slice(0, LISTED_MAX).map((uid) => `  ${plainLine(uid)}`);
  return uids.length > LISTED_MAX
    ? [...lines, `  … and ${formatCount(uids.length - LISTED_MAX)} more`]
    : lines;
}
