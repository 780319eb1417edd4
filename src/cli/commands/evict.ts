/**
 * `evict UID…`: drops the raw bytes of the named sessions, digests stay. Events, checks and lock are a sweep's.
 * Promises: an un-analyzed session goes only by the typed phrase or by `--data-loss --yes`, as a recorded loss, after what
 * the built-in analyzer can make of it is kept; a pinned one never; a wrong name or a missing consent changes nothing.
 */
import { FailureError } from '../../domain/errors.ts';
import type { SessionUid } from '../../domain/ids.ts';
import type { SessionRow } from '../../domain/session.ts';
import { plainLine } from '../../domain/text.ts';
import type { WritableDb } from '../../store/connection.ts';
import { freeLog } from '../../store/log.ts';
import { openReadable } from '../../store/open.ts';
import { reclaim } from '../../store/reclaim.ts';
import { machineOf } from '../../store/remote/mirror.ts';
import { isInBucket } from '../../store/remote/receipts.ts';
import { withReserve } from '../../store/reserve.ts';
import { diskFull } from '../../store/room.ts';
import { usage } from '../../store/usage.ts';
import {
  type EvictionOutcome,
  type EvictionVictim,
  evictCovered,
  leaveToBucket,
  loseByHand,
} from '../../store/write-sweep.ts';
import { WARNINGS } from '../../sweep/report.ts';
import type { Command, Context } from '../context.ts';
import { formatBytes, plural } from '../format.ts';
import { givingBack, ProgressLine, paint } from '../io.ts';
import { namedSessions, refuseNamed, underSweepLock } from '../named-sessions.ts';
import { carryOut, plannedRow } from '../planned-change.ts';
import type { ReportOf } from '../schemas.by-command.ts';
import { sweepDeps } from '../wire.ts';

interface Plan {
  readonly evict: readonly SessionRow[];
  readonly lose: readonly SessionRow[];
  /** Named, and evicted before. */
  readonly already: readonly { readonly uid: SessionUid; readonly machine: string | null }[];
}

interface Done {
  readonly evicted: SessionUid[];
  readonly lost: SessionUid[];
  readonly skipped: { readonly session_uid: SessionUid; readonly reason: string }[];
  readonly warnings: string[];
  freedBytes: number;
}

export const evict: Command = (context) => {
  const plan = planned(context);
  const done: Done = { evicted: [], lost: [], skipped: [], warnings: [], freedBytes: 0 };
  for (const { uid, machine } of plan.already)
    done.skipped.push({
      session_uid: uid,
      reason: machine === null ? 'evicted before' : `its bytes are on ${machine}, and none of them here`,
    });
  return carryOut<'evict'>(context, {
    ...agreement(context, plan),
    page: planPage(context, plan),
    plan: planJson(plan),
    freesSpace: true,
    make: (db) => apply(context, db, plan, done),
    report: (isDry) => report(context, plan, done, isDry),
    say: (isDry) => say(context, plan, done, isDry),
    outcome: () => ({ dataLost: done.lost.length > 0, interrupted: context.signal.aborted }),
  });
};

/** From the screens, which asked before: those with a digest, and nobody else. Says what it did, a line each. */
export async function evictDigested(
  context: Context,
  db: WritableDb,
  sessions: readonly SessionRow[],
  step: (done: number, total: number) => void,
): Promise<string[]> {
  const going = sessions.filter((one) => one.analyzedAt !== null && one.evictedAt === null && !one.pinned);
  const plan: Plan = { evict: going, lose: [], already: [] };
  const done: Done = { evicted: [], lost: [], skipped: [], warnings: [], freedBytes: 0 };
  // The screens have the terminal.
  const io = { ...context.io, err: () => undefined, stderrIsTty: false };
  await underSweepLock(db.path, () => apply({ ...context, io }, db, plan, done, step));
  const left = going.length - done.evicted.length - done.skipped.length;
  return [
    summary(plan, done, false),
    ...(left > 0 ? [`Stopped by you: ${plural(left, 'session')} not evicted.`] : []),
    ...done.skipped.map(({ session_uid: uid, reason }) => `Left ${plainLine(uid)}: ${plainLine(reason)}.`),
    ...done.warnings,
  ];
}

function planned(context: Context): Plan {
  using db = openReadable(context.settings.storePath);
  const sessions = namedSessions(db, context.args);
  const pinned = sessions.find((session) => session.pinned && session.evictedAt === null);
  if (pinned !== undefined)
    throw refuseNamed(
      `${pinned.uid} is pinned`,
      `Run \`session-memory unpin ${pinned.uid}\` first, or leave it out.`,
    );
  const live = sessions.filter(({ evictedAt }) => evictedAt === null);
  // What is in the bucket as it is here is not lost.
  const isLossless = ({ uid, analyzedAt }: SessionRow) => analyzedAt !== null || isInBucket(db, uid);
  return {
    evict: live.filter(isLossless),
    lose: live.filter((one) => !isLossless(one)),
    already: sessions
      .filter(({ evictedAt }) => evictedAt !== null)
      .map(({ uid }) => ({ uid, machine: machineOf(db, uid) })),
  };
}

/** What was evicted before may have been so by a call that was killed: its space is given back without a question. */
function agreement({ flags }: Context, { evict, lose }: Plan) {
  const loses = lose.length > 0;
  return {
    isEmpty: evict.length + lose.length === 0,
    isYesEnough: !loses || flags['dataLoss'] === true,
    phrase: loses ? `lose ${lose.length} sessions` : `evict ${evict.length} sessions`,
    subject: loses ? `the loss of ${plural(lose.length, 'session')} without a digest` : 'eviction',
    waysOn: loses
      ? 'Run `session-memory analyze` with their ids first, so that digests stay; or add --data-loss --yes to lose them.'
      : 'Add --yes to consent, or --dry-run to only look.',
  };
}

function victimOf({ uid, generation, storedBytes }: SessionRow): EvictionVictim {
  return { uid, generation, storedBytes, reason: 'by hand' };
}

async function apply(
  context: Context,
  db: WritableDb,
  plan: Plan,
  done: Done,
  step: (done: number, total: number) => void = () => undefined,
): Promise<void> {
  const line = new ProgressLine(context.io);
  const roomy = <T>(work: () => T): T => withReserve(db.path, work, () => freeLog(db));
  const { analyzer, bucketStill } = sweepDeps(context, db, () => undefined);
  const note = (fate: EvictionOutcome, taken: SessionUid[]) => {
    if (fate.kind === 'skipped') done.skipped.push({ session_uid: fate.uid, reason: fate.reason });
    else {
      taken.push(fate.uid);
      done.freedBytes += fate.freedBytes;
      const [count, total] = [done.evicted.length + done.lost.length, plan.evict.length + plan.lose.length];
      step(count, total);
      line.work('evict', { count, total }, fate.uid);
    }
  };
  let notNoted = 0;
  for (const session of plan.evict) {
    if (context.signal.aborted) break;
    const isCovered = session.analyzedAt !== null;
    const reason = (await bucketStill?.()) ?? null;
    // What has a digest goes by what was read back there, also where it cannot be looked now.
    if (reason !== null && !isCovered) {
      note({ uid: session.uid, kind: 'skipped', reason }, done.evicted);
      continue;
    }
    const remembered = isCovered
      ? await analyzer.remember([session.uid], context.signal)
      : await analyzer.salvage(session.uid);
    if (context.signal.aborted) break;
    const by = { sweepId: null, at: context.clock.now(), untilUsageBytes: null };
    const evictOne = isCovered ? evictCovered : leaveToBucket;
    for (const fate of roomy(() => evictOne(db, [victimOf(session)], by))) {
      note(fate, done.evicted);
      if (fate.kind === 'evicted' && remembered === 'no_room') notNoted += 1;
    }
  }
  if (notNoted > 0) done.warnings.push(WARNINGS.notNoted(notNoted));
  for (const session of plan.lose) {
    if (context.signal.aborted) break;
    if ((await analyzer.salvage(session.uid)) === 'no_room') throw diskFull(db.path);
    const fate = roomy(() => loseByHand(db, victimOf(session), context.clock.now()));
    note(fate, done.lost);
    if (fate.kind === 'evicted') done.warnings.push(`data_loss: evicted un-analyzed ${fate.uid} by hand`);
  }
  if (context.flags['reclaim'] !== false && !context.signal.aborted)
    await reclaim(db, givingBack(line), () => context.signal.aborted).catch((thrown) => {
      // What is evicted is evicted and told; only the space waits.
      if (!(thrown instanceof FailureError)) throw thrown;
      done.warnings.push(WARNINGS.reclaimFailed(thrown.failure.message));
    });
  line.clear();
}

function planJson({ evict, lose }: Plan) {
  const row = ({ uid, storedBytes }: SessionRow) => ({ session_uid: uid, bytes: storedBytes });
  return { evict: evict.map(row), lose: lose.map(row) };
}

function planPage(context: Context, { evict, lose }: Plan): string {
  const row = (one: SessionRow) => plannedRow(one, one.storedBytes);
  const part = (head: string, some: readonly SessionRow[]) =>
    some.length === 0 ? [] : [paint(context.io, 'bold', head), ...some.map(row)];
  return [
    ...part(
      'evict: raw bytes go, digests stay',
      evict.filter(({ analyzedAt }) => analyzedAt !== null),
    ),
    ...part(
      'evict: un-analyzed, the bucket alone keeps the bytes',
      evict.filter(({ analyzedAt }) => analyzedAt === null),
    ),
    ...(lose.length > 0
      ? [
          paint(context.io, 'red', 'DATA LOSS: no digest covers these; what they hold is lost'),
          ...lose.map(row),
        ]
      : []),
    '',
  ].join('\n');
}

function usageBytes({ settings }: Context): number {
  using db = openReadable(settings.storePath);
  return usage(db).tier1Bytes;
}

function report(context: Context, plan: Plan, done: Done, isDry: boolean): ReportOf<'evict'> {
  return {
    version: 1,
    dry_run: isDry,
    evicted: done.evicted,
    data_loss: done.lost,
    skipped: done.skipped,
    bytes_freed: done.freedBytes,
    final_usage_bytes: usageBytes(context),
    warnings: done.warnings,
    lost_data: done.lost.length > 0,
    interrupted: context.signal.aborted,
    plan: planJson(plan),
  };
}

function say(context: Context, plan: Plan, done: Done, isDry: boolean): void {
  const { io } = context;
  for (const warning of done.warnings) io.err(`warning: ${plainLine(warning)}\n`);
  for (const { session_uid, reason } of done.skipped)
    io.out(`Left ${plainLine(session_uid)}: ${plainLine(reason)}.\n`);
  io.out(`${summary(plan, done, isDry)} Usage is ${formatBytes(usageBytes(context))}.\n`);
}

function summary({ evict, lose }: Plan, done: Done, dryRun: boolean): string {
  if (dryRun)
    return `Would evict ${plural(evict.length, 'session')}${lose.length > 0 ? ` and lose ${plural(lose.length, 'session')} without a digest` : ''}; nothing was changed.`;
  const lost =
    done.lost.length > 0 ? ` DATA LOSS: ${plural(done.lost.length, 'session')} lost without a digest.` : '';
  return `Evicted ${plural(done.evicted.length, 'session')}, freed ${formatBytes(done.freedBytes)}.${lost}`;
}
