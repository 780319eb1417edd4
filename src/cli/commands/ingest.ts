/** `ingest`: flags to options, progress to stderr, the report to stdout. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { agentsOf } from '../../agents/registry.ts';
import { EXIT, type ExitCode, exitOf } from '../../domain/errors.ts';
import { plainLine } from '../../domain/text.ts';
import { mountOfPath, refreshMounts } from '../../files/mounts.ts';
import { AskedAnalyzer } from '../../ingest/asked-analyzer.ts';
import { existing } from '../../ingest/discover/found-files.ts';
import type { IngestOptions, IngestReport } from '../../ingest/ingest.ts';
import { openWritable } from '../../store/open.ts';
import { type Command, type Context, printJson, textFlag } from '../context.ts';
import { firstSweep, firstSweepText } from '../first-sweep.ts';
import { followDigests } from '../follow-digests.ts';
import { formatBytes, formatCount, plural } from '../format.ts';
import { runIngest } from '../one-ingest.ts';
import { oneOf, parseSince } from '../values.ts';
import { stillEvicted, takenBack } from './ingest.again.ts';

/** What an upgrade left to be indexed anew: a part of it with each ingest. */
const INDEXING_MS_MAX = 2000;

export const ingestCommand: Command = async (context) => {
  const { flags, io } = context;
  const agent = textFlag(flags, 'agent');
  const since = textFlag(flags, 'since');
  const again = flags['again'] === true ? takenBack(context) : null;
  const options: Partial<IngestOptions> = {
    paths: again?.paths ?? context.args.map((path) => resolve(path)),
    ...(again === null ? {} : { again: again.uids }),
    agent: oneOf(
      agent,
      agentsOf(context.host).map((format) => format.id),
      '--agent',
    ),
    since: since === null ? null : parseSince(since, '--since', context.clock.now()),
    project: textFlag(flags, 'project'),
    full: flags['full'] === true,
    dryRun: flags['dryRun'] === true,
    analyze: flags['analyze'] !== false,
  };
  // Before a store is made: a wrong word changes nothing.
  refreshMounts();
  for (const path of options.paths ?? []) if (mountOfPath(path) === null) existing(path);
  if (options.dryRun === true) {
    const report = await dryIngest(context, options);
    if (context.json) printJson<'ingest'>(io, report);
    else printIngest(context, report);
    return ingestExit(report);
  }
  using db = openWritable(context.settings.storePath);
  const report = await runIngest(context, db, options, true, new AskedAnalyzer(), true);
  // Said with what it is about: an ingest that stored nothing has nothing to announce.
  const isChanged = report.sessions_new + report.sessions_grown > 0;
  const first = isChanged ? firstSweep(db, context.settings.limits, context.clock.now()) : null;
  if (first !== null) report.first_sweep = firstSweepText(first);
  if (!options.dryRun) await followDigests(context, db, INDEXING_MS_MAX);
  if (context.json) printJson<'ingest'>(io, report);
  else {
    printIngest(context, report);
    sayDiskFull(
      context,
      report,
      'Run `session-memory maintain`, which sweeps first and has a reserve to work with, or free some space.',
    );
  }
  const left = again === null ? [] : stillEvicted(db, again);
  for (const uid of left)
    io.err(`warning: ${uid} was not taken back: its transcript is left out, unreadable or not there\n`);
  return left.length > 0 ? ingestExit(report) || EXIT.failed : ingestExit(report);
};

/** What an ingest would do. It makes no store: it asks an empty one that is gone afterwards. */
export async function dryIngest(context: Context, options: Partial<IngestOptions>): Promise<IngestReport> {
  const { storePath } = context.settings;
  const isUnborn = !existsSync(storePath);
  const passing = isUnborn ? mkdtempSync(join(context.tempFolder, 'session-memory-dry-run-')) : null;
  const db = openWritable(passing === null ? storePath : join(passing, 'store.db'));
  try {
    return await runIngest(context, db, options);
  } finally {
    db.close();
    if (passing !== null) rmSync(passing, { recursive: true, force: true });
  }
}

export function ingestExit(report: IngestReport): ExitCode {
  return exitOf({
    interrupted: report.interrupted,
    failed: report.failed > 0 || report.disk_full || report.paths_without_transcript.length > 0,
    overHardCap: report.over_hard_cap,
  });
}

/** Where the ingest had to stop for it. `wayOut`: what helps, which depends on what was done already. */
export function sayDiskFull({ io, settings }: Context, report: IngestReport, wayOut: string): void {
  if (!report.disk_full) return;
  const waiting = plural(report.sessions_waiting, 'session');
  io.err(`warning: the disk is full: ${settings.storePath}: ${waiting} wait. ${wayOut}\n`);
}

/** Warnings to stderr, what was done to stdout. */
export function printIngest(context: Context, report: IngestReport): void {
  const { io } = context;
  for (const warning of report.warnings) io.err(`warning: ${plainLine(warning)}\n`);
  for (const path of report.paths_without_transcript) io.err(nothingAt(context, path));
  io.out(`${ingestSentences(report).join('\n')}\n`);
}

/** Whoever names a path means something by it: what was not found there is a failure, as it is for a backup program. */
function nothingAt({ host }: Context, path: string): string {
  const known = `${formatCount(agentsOf(host).length)} known agents`;
  return `error: no transcript was found at ${plainLine(path)}: looked for files that the layout of one of ${known} knows, and for files with their records (JSON lines, JSON; plain or zstd)\n  Unpack what is packed otherwise; describe an agent of your own in the configuration: see \`session-memory config init\`.\n`;
}

function ingestSentences(report: IngestReport): string[] {
  if (report.sessions_found === 0 && report.paths_without_transcript.length + report.failed > 0)
    return ['No session was found.'];
  if (report.sessions_found === 0)
    return ['No session was found. `session-memory agents` says where was looked.'];
  const changed = report.sessions_new + report.sessions_grown + report.sessions_digest_only;
  const leftOut = report.left_out.map(
    ({ rule, sessions }) => `${plural(sessions, 'session')} left out by ${plainLine(rule)}.`,
  );
  if (report.dry_run)
    return [
      `Would store ${plural(report.sessions_new, 'new session')} and add to ${formatCount(report.sessions_grown)}; ${formatCount(report.sessions_unchanged)} unchanged.`,
      ...leftOut,
    ];
  const lines: string[] = [];
  if (changed === 0 && report.files_read === 0 && report.failed === 0)
    lines.push(`Nothing new: ${plural(report.sessions_unchanged, 'session')} unchanged, no file was read.`);
  else {
    lines.push(
      `Stored ${plural(report.sessions_new, 'new session')}, added to ${formatCount(report.sessions_grown)}; ${formatCount(report.sessions_unchanged)} unchanged. Read ${formatBytes(report.bytes_read)} in ${plural(report.files_read, 'file')}, ${formatBytes(report.stored_bytes_added)} added.`,
    );
  }
  if (report.analyzed > 0 || report.analyze_failed > 0)
    lines.push(
      `Analyzed ${formatCount(report.analyzed)}${report.analyze_failed > 0 ? `, ${formatCount(report.analyze_failed)} failed` : ''}.`,
    );
  if (report.sessions_taken_back > 0)
    lines.push(
      `Took back ${plural(report.sessions_taken_back, 'session')}. The next sweep may evict it again by the usual rules; \`session-memory pin UID\` keeps it.`,
    );
  if (report.sessions_evicted > 0)
    lines.push(
      `${plural(report.sessions_evicted, 'evicted session')} unchanged at the source: not stored again.`,
    );
  if (report.sessions_digest_only > 0)
    lines.push(
      `${plural(report.sessions_digest_only, 'session')} alone above the hard cap: kept as digests only.`,
    );
  lines.push(...leftOut);
  if (report.sessions_forgotten > 0)
    lines.push(`${plural(report.sessions_forgotten, 'forgotten session')} found and not stored.`);
  if (report.failed > 0) lines.push(`${plural(report.failed, 'file')} could not be stored.`);
  if (report.over_hard_cap)
    lines.push(
      `Stopped at the hard cap: ${plural(report.sessions_waiting, 'session')} wait. Run \`session-memory sweep\`, or \`session-memory maintain\`, which does both.`,
    );
  if (report.disk_full)
    lines.push(`Stopped before the disk is full: ${plural(report.sessions_waiting, 'session')} wait.`);
  if (report.first_sweep !== undefined) lines.push(`Note: ${report.first_sweep}.`);
  if (report.interrupted) lines.push('Interrupted; what is done is kept, the next run goes on.');
  return lines;
}
