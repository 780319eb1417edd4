/**
 * `maintain`: ingest and sweep in turn while either makes progress; what cron or a hook calls. Where room on the disk is short it
 * sweeps first, so that what comes finds room.
 */
import {
  EXIT,
  EXIT_OF_CODE,
  EXIT_PRECEDENCE,
  type ExitCode,
  FailureError,
  failure,
} from '../../domain/errors.ts';
import type { IngestReport } from '../../ingest/ingest.ts';
import { openWritable } from '../../store/open.ts';
import { isRoomShort } from '../../store/room.ts';
import { exitCodeOf, type Report } from '../../sweep/report.ts';
import { type Command, type Context, printJson } from '../context.ts';
import { printFailure } from '../failure.ts';
import { followDigests } from '../follow-digests.ts';
import { ingestExit, printIngest, runIngest, sayDiskFull } from './ingest.ts';
import { printReport, runSweep } from './sweep.ts';

/** Each turn must free or store something; this is only the guard against a bug that does neither for ever. */
const TURNS_MAX = 10_000;

/** Of a disk that is full although a sweep came first: the caps let no more go. */
const WAY_OUT =
  'What the caps allow is evicted: free some space, or lower --soft-cap or --max-age-days; the next run goes on.';

export const maintain: Command = async (context) => {
  const { io, json, settings } = context;
  if (context.flags['yes'] !== true) return askForConsent(context);
  const db = openWritable(settings.storePath, { roomForSweep: true });
  const ingests: IngestReport[] = [];
  const sweeps: Report[] = [];
  const sweepNow = async () => {
    const swept = await runSweep(context, db, null);
    sweeps.push(swept);
    if (!json) printReport(context, swept);
    return swept;
  };
  try {
    if (isRoomShort(settings.storePath)) await sweepNow();
    for (let turn = 0; turn < TURNS_MAX && !context.signal.aborted; turn += 1) {
      const report = await runIngest(context, db, { analyze: true }, turn === 0);
      ingests.push(report);
      if (!json) printIngest(context, report);
      const swept = await sweepNow();
      if (report.sessions_waiting === 0 || swept.bytes_freed === 0) break;
    }
    await followDigests(context, db);
  } finally {
    db.close();
  }
  const code = codeOf(ingests, sweeps);
  const last = ingests.at(-1);
  if (last !== undefined && !json) sayDiskFull(context, last, WAY_OUT);
  if (json) printJson(io, { version: 1, ingests, sweeps });
  return code;
};

/** Before anything is done: what a sweep after the ingest would evict cannot be known, so it cannot be asked about later. */
function askForConsent({ io, json }: Context): ExitCode {
  const needed = failure(
    'consent_needed',
    'maintain sweeps without asking and needs consent beforehand; nothing was changed',
    'Add --yes, or --yes --no-data-loss as in the documented cron line. `session-memory ingest` alone needs none.',
  );
  printFailure(io, json, needed);
  return EXIT_OF_CODE[needed.code];
}

/** The worst of all turns; waiting sessions count only where they still wait at the end. */
function codeOf(ingests: readonly IngestReport[], sweeps: readonly Report[]): ExitCode {
  const last = ingests.at(-1);
  if (last === undefined)
    throw new FailureError(failure('interrupted', 'interrupted before anything was done', 'Run it again.'));
  const codes = new Set<ExitCode>([
    ...sweeps.map(exitCodeOf).filter((code) => code !== EXIT.overHardCap),
    ingestExit(last),
  ]);
  const lastSweep = sweeps.at(-1);
  if (lastSweep?.over_hard_cap === true) codes.add(EXIT.overHardCap);
  return EXIT_PRECEDENCE.find((code) => codes.has(code)) ?? EXIT.done;
}
