/**
 * What of a run needs a person, and whether it did anything. Pure.
 * Never: counts a failed analysis: it is tried again, and `status` tells of it.
 */
import type { IngestReport } from '../../ingest/ingest.ts';
import { type Report, WARNINGS } from '../../sweep/report.ts';
import { formatBytes, plural } from '../format.ts';

/** What is told of one run beyond it is counted. */
const TOLD_MAX = 10;

export interface TurnReports {
  readonly ingests: readonly IngestReport[];
  readonly sweeps: readonly Report[];
}

/** A sentence each, those that matter most first. `first`: what is to be said of a first sweep. */
export function problemsOf(
  { ingests, sweeps }: TurnReports,
  hardCapBytes: number,
  first: string | null,
): string[] {
  const last = ingests.at(-1);
  const sweep = sweeps.at(-1);
  const lost = sweeps.flatMap(({ overflow_data_loss: uids }) => uids).length;
  const warnings = [...ingests, ...sweeps].flatMap((report) => report.warnings).filter(isForAPerson);
  const told = [...new Set([...(first === null ? [] : [first]), ...warnings])];
  return [
    ...(lost > 0 ? [`DATA LOSS: ${plural(lost, 'session')} evicted without a digest of all bytes`] : []),
    ...(last?.disk_full === true
      ? [`the disk is full: ${plural(last.sessions_waiting, 'session')} wait to be stored`]
      : []),
    ...(sweep?.over_hard_cap === true
      ? [`still over the hard cap: ${formatBytes(sweep.final_usage_bytes)} of ${formatBytes(hardCapBytes)}`]
      : []),
    ...(last?.over_hard_cap === true
      ? [`${plural(last.sessions_waiting, 'session')} wait to be stored: there is no room under the hard cap`]
      : []),
    ...(last !== undefined && last.failed > 0 ? [`${plural(last.failed, 'file')} could not be stored`] : []),
    ...told.slice(0, TOLD_MAX),
    ...(told.length > TOLD_MAX ? [`and ${told.length - TOLD_MAX} more warnings`] : []),
  ];
}

function isForAPerson(warning: string): boolean {
  if (warning === WARNINGS.notReclaimed || warning.startsWith('data_loss: ')) return false;
  return !warning.startsWith('analyze failed for ');
}

/** Whether anything was stored, digested, evicted or lost. */
export function hadEffect({ ingests, sweeps }: TurnReports): boolean {
  const stored = ingests.some(
    (report) =>
      report.sessions_new + report.sessions_grown + report.sessions_digest_only + report.analyzed > 0,
  );
  return stored || sweeps.some((report) => report.sweep_id !== '');
}
