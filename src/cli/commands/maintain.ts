/**
 * `maintain`: ingest and sweep in turn while either makes progress; what a schedule or a hook calls. Where room on the disk is short it
 * sweeps first, so that what comes finds room. Leaves a row of what it did, and of what needs a person.
 * Promises: a first sweep that would take most of what is stored is said by one run and done by a later one, save where there is no room.
 */
import {
  EXIT,
  EXIT_OF_CODE,
  type ExitCode,
  FailureError,
  fail,
  failure,
  worstExit,
} from '../../domain/errors.ts';
import { plainLine } from '../../domain/text.ts';
import { AskedAnalyzer } from '../../ingest/asked-analyzer.ts';
import type { IngestReport } from '../../ingest/ingest.ts';
import type { WritableDb } from '../../store/connection.ts';
import { openReadable, openWritable } from '../../store/open.ts';
import { expectBucket } from '../../store/remote/receipts.ts';
import { isRoomShort } from '../../store/room.ts';
import { beginRun, endRun } from '../../store/runs.ts';
import { usage } from '../../store/usage.ts';
import { lockOrFail } from '../../sweep/options.ts';
import { exitCodeOf, type Report } from '../../sweep/report.ts';
import { type Command, type Context, printJson } from '../context.ts';
import { printFailure } from '../failure.ts';
import { firstSweep, firstSweepText, toldFirstSweeps } from '../first-sweep.ts';
import { followDigests } from '../follow-digests.ts';
import type { Io } from '../io.ts';
import { runIngest } from '../one-ingest.ts';
import type { Met } from '../remote-sync.ts';
import type { ReportOf } from '../schemas.by-command.ts';
import { sweepStore } from '../wire.ts';
import { dryIngest, ingestExit, printIngest, sayDiskFull } from './ingest.ts';
import { hadEffect, problemsOf } from './maintain.problems.ts';
import { planOnly, printReport, runSweep, showPlan } from './sweep.ts';

/** Each turn must free or store something; this is only the guard against a bug that does neither for ever. */
const TURNS_MAX = 10_000;
/** Sessions that one run fetches to make their digests. */
const FETCHED_MAX = 10;
/** How often it is asked whether the other sweep is over. */
const LOOK_EVERY_MS = 200;

/** Of a disk that is full although a sweep came first: the caps let no more go. */
const WAY_OUT =
  'What the caps allow is evicted: free some space, or lower --soft-cap or --max-age-days; the next run goes on.';

export const maintain: Command = async (context) => {
  if (context.flags['dryRun'] === true) return dryRun(context);
  if (context.flags['yes'] !== true) return askForConsent(context);
  using db = openWritable(context.settings.storePath, { roomForSweep: true });
  // What is announced is what the sweep would do.
  if (context.settings.remote !== null) expectBucket(db);
  await sweepIsFree(context, db);
  return await noted(context, db);
};

interface Turns {
  readonly ingests: IngestReport[];
  readonly sweeps: Report[];
  /** What was said of a first sweep, and whether it was put off. */
  first: { readonly text: string; readonly putOff: boolean; readonly isNew: boolean } | null;
  /** Meetings with the bucket, where there is one. */
  readonly met: Met[];
}

/** One run, and the row that tells of it however it ends. */
async function noted(context: Context, db: WritableDb): Promise<ExitCode> {
  const { clock, settings, json, io } = context;
  const quiet = context.flags['quiet'] === true;
  const done: Turns = { ingests: [], sweeps: [], first: null, met: [] };
  const startedAt = clock.now();
  // Where room is short nothing is written before the sweep has made some, this row neither.
  const begun = isRoomShort(settings.storePath) ? null : beginRun(db, 'maintain', startedAt);
  const end = (exitCode: ExitCode, problems: readonly string[]) =>
    endRun(db, begun ?? beginRun(db, 'maintain', startedAt), {
      // Having said so is an effect: the next run acts on it.
      finishedAt: clock.now(),
      exitCode,
      hadEffect: hadEffect(done) || done.first?.isNew === true,
      problems,
    });
  try {
    await inTurns(quiet ? { ...context, io: silent(io) } : context, db, done);
    const code = codeOf(done);
    // Once is enough, until it is done.
    const isNews = done.first?.isNew === true || done.sweeps.some(({ bytes_freed: freed }) => freed > 0);
    const told = isNews ? (done.first?.text ?? null) : null;
    const problems = [...problemsOf(done, settings.limits.rawHardCapBytes, told), ...ofBucket(done)];
    end(code, problems);
    if (json) printJson<'maintain'>(io, jsonOf(done, problems));
    else if (quiet) for (const problem of problems) io.err(`session-memory: ${plainLine(problem)}\n`);
    return code;
  } catch (thrown) {
    if (thrown instanceof FailureError) {
      // What is not printed was not said: the next run says it.
      done.first = null;
      end(EXIT_OF_CODE[thrown.failure.code], [
        ...problemsOf(done, settings.limits.rawHardCapBytes, null),
        ...ofBucket(done),
        thrown.failure.message,
      ]);
    }
    throw thrown;
  }
}

/** Where it cannot be reached that is told; all else goes on. */
async function meetBucket(context: Context, db: WritableDb, done: Turns): Promise<void> {
  // Once a run: the service has been tried again and again already.
  if (done.met.some(({ failure }) => failure !== null)) return;
  const { metBucket, printMet } = await import('../remote-sync.ts');
  const met = await metBucket(context, db);
  if (met === null) return;
  done.met.push(met);
  if (!context.json) printMet(context.io, met);
}

/**
 * What the bucket alone has and was never tried as things are now: a few a run, for each is fetched whole. By lot: some that cannot be
 * fetched must not keep back the others.
 */
async function digestAway(
  context: Context,
  db: WritableDb,
  { met }: Turns,
  asked: AskedAnalyzer,
): Promise<void> {
  if (met.every(({ failure }) => failure !== null)) return;
  const { analyzeAway, awayToAnalyze } = await import('../analyze-away.ts');
  const { inTurn } = await import('../../remote/plan.ts');
  for (const uid of inTurn(awayToAnalyze(context, db), FETCHED_MAX)) {
    if (context.signal.aborted) return;
    await analyzeAway(context, db, uid, asked);
  }
}

/** What of it needs a person. */
function ofBucket({ met }: Turns): string[] {
  return [...new Set(met.flatMap(({ problems }) => problems))];
}

function jsonOf({ ingests, sweeps, met, first }: Turns, problems: readonly string[]): ReportOf<'maintain'> {
  const remote = met.map(({ uploaded, read, requests, problems: amiss }) => ({
    uploaded,
    read,
    requests,
    problems: amiss,
  }));
  return {
    version: 1,
    dry_run: false,
    ingests,
    sweeps,
    ...(met.length === 0 ? {} : { remote }),
    first_sweep_put_off: first?.putOff === true,
    problems: [...problems],
  };
}

async function inTurns(context: Context, db: WritableDb, done: Turns): Promise<void> {
  const { json, settings } = context;
  const asked = new AskedAnalyzer();
  const toldBefore = toldFirstSweeps(db);
  const sweepNow = async (putsOff = false) => {
    const swept = await sweepWhenFree(context, db, putsOff);
    done.sweeps.push(swept);
    // Of passes that were put off there is nothing to tell: that they were is said above.
    if (!json && !putsOff) printReport(context, db, swept);
    return swept;
  };
  if (isRoomShort(settings.storePath)) {
    done.first = ofFirstSweep(context, db, null, toldBefore);
    await sweepNow();
  }
  for (let turn = 0; turn < TURNS_MAX && !context.signal.aborted; turn += 1) {
    const options = { analyze: true, waiting: 'due' } as const;
    const report = await runIngest(context, db, options, turn === 0, asked);
    if (turn === 0) done.first ??= ofFirstSweep(context, db, report, toldBefore);
    if (turn === 0 && done.first !== null) report.first_sweep = done.first.text;
    done.ingests.push(report);
    if (!json) printIngest(context, report);
    // What goes is in the bucket first.
    if (settings.remote !== null) await meetBucket(context, db, done);
    if (turn === 0 && settings.remote !== null) await digestAway(context, db, done, asked);
    const swept = await sweepNow(done.first?.putOff);
    if (report.sessions_waiting === 0 || swept.bytes_freed === 0) break;
  }
  await followDigests(context, db);
  const last = done.ingests.at(-1);
  if (last !== undefined && !json) sayDiskFull(context, last, WAY_OUT);
}

/** What is said of a first sweep, and whether this run leaves it to a later one: where there is no room it cannot. */
function ofFirstSweep(
  { settings, clock }: Context,
  db: WritableDb,
  report: IngestReport | null,
  toldBefore: readonly string[],
): Turns['first'] {
  const { limits, storePath } = settings;
  const first = firstSweep(db, limits, clock.now(), { told: toldBefore });
  if (first === null) return null;
  const { text, isTold } = first;
  if (isTold) return { text: `${text}. An earlier run has announced it`, putOff: false, isNew: false };
  const isOver = report?.over_hard_cap === true || usage(db).tier1Bytes > limits.rawHardCapBytes;
  const putOff = !isOver && report?.disk_full !== true && !isRoomShort(storePath);
  const then = putOff
    ? 'This run took none of them; the next one does. `session-memory sweep` does it now'
    : `${isOver ? 'At the hard cap' : 'On a full disk'} it cannot be announced first`;
  return { text: `${text}. ${then}`, putOff, isNew: true };
}

/** Where another sweep runs: fails before anything is changed, or waits for its end. */
async function sweepIsFree(context: Context, db: WritableDb): Promise<void> {
  const store = sweepStore(db);
  for (let hasSaid = false; context.flags['wait'] === true && !context.signal.aborted; hasSaid = true) {
    const lock = store.takeLock();
    if (lock !== null) return lock.release();
    if (!hasSaid && context.flags['quiet'] !== true)
      context.io.err('Another sweep is running: waiting for its end.\n');
    await Bun.sleep(LOOK_EVERY_MS);
  }
  lockOrFail({ store }).release();
}

/** One that began after the ingest did is waited for too, where that was asked for. */
async function sweepWhenFree(context: Context, db: WritableDb, putsOff: boolean): Promise<Report> {
  for (;;) {
    try {
      return await runSweep(context, db, { forgetsEmpty: true, putsOff });
    } catch (thrown) {
      const isHeld = thrown instanceof FailureError && thrown.failure.code === 'sweep_running';
      if (!isHeld || context.flags['wait'] !== true || context.signal.aborted) throw thrown;
      await sweepIsFree(context, db);
    }
  }
}

/** What is said is said by the problems at the end. */
function silent(io: Io): Io {
  const nothing = async () => undefined;
  return {
    out: () => undefined,
    err: () => undefined,
    outSlowly: nothing,
    outBytes: nothing,
    stdinIsTty: false,
    stdoutIsTty: false,
    stderrIsTty: false,
    columns: io.columns,
    colour: false,
    unicode: io.unicode,
  };
}

/** Two looks at what is there now: what a sweep after the ingest would do is known only then. */
async function dryRun(context: Context): Promise<ExitCode> {
  const { io, settings, clock } = context;
  const report = await dryIngest(context, { analyze: true, dryRun: true });
  const plan = planOnly(context);
  using db = openReadable(settings.storePath);
  const first = firstSweep(db, settings.limits, clock.now());
  const problems = first === null ? [] : [firstSweepText(first)];
  const putOff = first?.isTold === false && !plan.over_hard_cap && !isRoomShort(settings.storePath);
  if (context.json) {
    const done = { ingests: [report], sweeps: [plan], first_sweep_put_off: putOff, problems };
    printJson<'maintain'>(io, { version: 1, dry_run: true, ...done });
    return EXIT.done;
  }
  printIngest(context, report);
  io.out('\nA sweep of what is stored already:\n');
  showPlan(context, plan, EXIT.done);
  for (const problem of problems) io.out(`Note: ${plainLine(problem)}.\n`);
  return EXIT.done;
}

/** Before anything is done: what a sweep after the ingest would evict cannot be known, so it cannot be asked about later. */
function askForConsent({ io, json }: Context): ExitCode {
  const needed = failure(
    'consent_needed',
    'maintain sweeps without asking and needs consent beforehand; nothing was changed',
    'Add --yes, or --yes --no-data-loss as in the documented cron line; --dry-run only looks. `session-memory ingest` alone needs none.',
  );
  return printFailure(io, json, needed);
}

/** The worst of all turns; waiting sessions count only where they still wait at the end. */
function codeOf({ ingests, sweeps, met }: Turns): ExitCode {
  const last = ingests.at(-1);
  if (last === undefined) throw fail('interrupted', 'interrupted before anything was done', 'Run it again.');
  const codes = new Set<ExitCode>([
    ...sweeps.map(exitCodeOf).filter((code) => code !== EXIT.overHardCap),
    ingestExit(last),
  ]);
  if (met.some(({ problems }) => problems.length > 0)) codes.add(EXIT.failed);
  const lastSweep = sweeps.at(-1);
  if (lastSweep?.over_hard_cap === true) codes.add(EXIT.overHardCap);
  return worstExit(codes);
}
