/**
 * The composition root: the store behind the sweep's port, the analyzer behind the sweep's and ingest's.
 * Promises: who only reads gets a store that cannot be written.
 */

import { fail } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { SessionRow } from '../domain/session.ts';
import type { Iso } from '../domain/time.ts';
import { fileOfPath, mayBeThere } from '../files/file-names.ts';
import { hashText, nameOfCommand } from '../files/hash-text.ts';
import { awayMount } from '../files/mounts.ts';
import type { AnalyzeDeps } from '../ingest/analyze.ts';
import type { AskedAnalyzer } from '../ingest/asked-analyzer.ts';
import { explainReason } from '../policy/explain.ts';
import type { Victim } from '../policy/passes.ts';
import type { ReadableDb, WritableDb } from '../store/connection.ts';
import { takeSweepLock } from '../store/lock.ts';
import { freeLog } from '../store/log.ts';
import { openReadable, openWritable } from '../store/open.ts';
import { untilWritable } from '../store/patience.ts';
import { diskBytes } from '../store/place.ts';
import { filesOf, findSession, sourcesOf } from '../store/read.ts';
import { reclaim } from '../store/reclaim.ts';
import { countNotThere, expectBucket, hasBucket } from '../store/remote/receipts.ts';
import { whereabouts } from '../store/remote/whereabouts.ts';
import { roomMaker, withReserve } from '../store/reserve.ts';
import { isDiskFull } from '../store/room.ts';
import type { StoredFile } from '../store/rows.ts';
import { census, usage } from '../store/usage.ts';
import {
  beginSweep,
  type EvictionVictim,
  evictCovered,
  finishSweep,
  leaveToBucket,
  loseUncovered,
} from '../store/write-sweep.ts';
import type { Analyzer, Progress, SweepDeps, SweepStore } from '../sweep/ports.ts';
import type { Report } from '../sweep/report.ts';
import { type Context, textFlag } from './context.ts';
import { formatBytes, formatTime } from './format.ts';
import type { VisitSetup } from './visitor.ts';

function evictionOf({ card, reason }: Victim): EvictionVictim {
  return {
    uid: card.uid,
    generation: card.generation,
    storedBytes: card.storedBytes,
    reason: explainReason(reason, formatBytes),
  };
}

function reading(
  db: ReadableDb,
): Pick<SweepStore, 'withCensus' | 'usageBytes' | 'distilledBytes' | 'card' | 'diskBytes' | 'notInBucket'> {
  return {
    withCensus: (now, read) => db.snapshot(() => read(census(db, now))),
    usageBytes: () => usage(db).tier1Bytes,
    distilledBytes: () => usage(db).tier2Bytes,
    card: (uid) => findSession(db, uid),
    diskBytes: () => diskBytes(db.path),
    notInBucket: () => (hasBucket(db) ? countNotThere(db) : null),
  };
}

/** The store as a sweep uses it. */
export function sweepStore(db: WritableDb): SweepStore {
  const roomy = <T>(work: () => T): T => withReserve(db.path, work, () => freeLog(db));
  const evict: SweepStore['evict'] = (victims, context, untilUsageBytes) => {
    try {
      return roomy(() => evictCovered(db, victims.map(evictionOf), { ...context, untilUsageBytes }));
    } catch (thrown) {
      // Half as many need half as much, and what one of them frees is there for the next.
      if (!isDiskFull(thrown) || victims.length < 2) throw thrown;
      const half = Math.ceil(victims.length / 2);
      return [victims.slice(0, half), victims.slice(half)].flatMap((some) =>
        evict(some, context, untilUsageBytes),
      );
    }
  };
  return {
    ...reading(db),
    evict,
    leaveToBucket: (victims, context, untilUsageBytes) =>
      roomy(() => leaveToBucket(db, victims.map(evictionOf), { ...context, untilUsageBytes })),
    lose: (victim, context, hardCapBytes) =>
      roomy(() => loseUncovered(db, evictionOf(victim), { ...context, hardCapBytes })),
    takeLock: () => roomy(() => takeSweepLock(db.path)),
    untilWritable: (onWait, signal) => untilWritable(db, onWait, signal),
    reclaim: (onStep, stopped) => reclaim(db, onStep, stopped),
    begin: (sweep) => roomy(() => beginSweep(db, sweep)),
    finish: (report: Report) =>
      roomy(() =>
        finishSweep(db, {
          sweepId: report.sweep_id,
          finishedAt: report.finished_at,
          lostData: report.lost_data,
          bytesFreed: report.bytes_freed,
          report: JSON.stringify(report),
        }),
      ),
  };
}

/** On a full disk a sweep's digests live on the reserve too: without them nothing could go, or what goes would be lost. */
export function roomyAnalyzer(db: WritableDb, analyzer: Analyzer): Analyzer {
  const makerOfRoom = () => roomMaker(db.path, () => freeLog(db));
  const roomy =
    (analyze: Analyzer['analyze']): Analyzer['analyze'] =>
    async (uid, signal) => {
      for (const makeRoom = makerOfRoom(); ; ) {
        const outcome = await analyze(uid, signal);
        if (outcome.ok || outcome.noRoom !== true || !makeRoom()) return outcome;
      }
    };
  return {
    analyze: roomy(analyzer.analyze),
    ...(analyzer.analyzeBuiltIn === undefined ? {} : { analyzeBuiltIn: roomy(analyzer.analyzeBuiltIn) }),
    salvage: async (uid) => {
      for (const makeRoom = makerOfRoom(); ; ) {
        const outcome = await analyzer.salvage(uid);
        if (outcome !== 'no_room' || !makeRoom()) return outcome;
      }
    },
    remember: async (uids, signal) => {
      for (const makeRoom = makerOfRoom(); ; ) {
        const outcome = await analyzer.remember(uids, signal);
        if (outcome !== 'no_room' || !makeRoom()) return outcome;
      }
    },
  };
}

/** A store that only answers: what writes throws, since a plan must not change a byte. */
function readOnlySweepStore(db: ReadableDb): SweepStore {
  const refuse = (): never => {
    throw new Error('a plan was about to be applied to a store that is open for reading');
  };
  return {
    ...reading(db),
    evict: refuse,
    leaveToBucket: refuse,
    lose: refuse,
    takeLock: refuse,
    untilWritable: refuse,
    reclaim: refuse,
    begin: refuse,
    finish: refuse,
  };
}

export function analyzeDeps(context: Context, db: WritableDb, asked?: AskedAnalyzer): AnalyzeDeps {
  const { analyzerCommand, analyzerTimeoutS } = context.settings;
  return {
    db,
    clock: context.clock,
    external: analyzerCommand === null ? null : { command: analyzerCommand, timeoutS: analyzerTimeoutS },
    host: context.host,
    program: context.version,
    ...(asked === undefined ? {} : { asked }),
  };
}

/** What an analysis that is made now depends on, beside the session's bytes. */
export function circumstances({ settings, version }: Pick<Context, 'settings' | 'version'>) {
  const { analyzerCommand } = settings;
  return { analyzer: analyzerCommand === null ? '' : nameOfCommand(analyzerCommand), program: version };
}

/** Who looks at what may never answer: this program, started once more; null where it cannot be. */
export function visitorSetup(
  { self, settings, flags }: Pick<Context, 'self' | 'settings' | 'flags'>,
  storePath: string,
): VisitSetup | null {
  if (self === null) return null;
  const { analyzerCommand, analyzerTimeoutS } = settings;
  const config = textFlag(flags, 'config') === null ? [] : ['--config', settings.configPath];
  return {
    self,
    globals: ['--store', storePath, ...config],
    external: analyzerCommand === null ? null : { command: analyzerCommand, timeoutS: analyzerTimeoutS },
  };
}

function common(context: Context, progress: (event: Progress) => void) {
  return {
    clock: context.clock,
    bytes: formatBytes,
    hash: hashText,
    newSweepId: () => newSweepId(context.clock.now()),
    progress,
    signal: context.signal,
  };
}

/** For a sweep that is applied. Analysis is loaded when it is first needed. */
export function sweepDeps(
  context: Context,
  db: WritableDb,
  progress: (event: Progress) => void,
  asked?: AskedAnalyzer,
): SweepDeps {
  if (context.settings.remote !== null) expectBucket(db);
  let looked: Promise<string | null> | null = null;
  return {
    ...common(context, progress),
    store: sweepStore(db),
    bucketStill: () => {
      looked ??= import('./bucket-look.ts').then(({ lookAtBucket }) => lookAtBucket(context, db));
      return looked;
    },
    analyzer: roomyAnalyzer(db, {
      ...(context.settings.analyzerCommand === null
        ? {}
        : {
            analyzeBuiltIn: async (uid: SessionUid, signal: AbortSignal) =>
              (await import('../ingest/analyze.ts')).analyzeSession(
                { ...analyzeDeps(context, db), external: null },
                uid,
                signal,
              ),
          }),
      analyze: async (uid, signal) =>
        (await import('../ingest/analyze.ts')).analyzeSession(analyzeDeps(context, db, asked), uid, signal),
      salvage: async (uid) =>
        (await import('../ingest/analyze.ts')).salvageSession(analyzeDeps(context, db), uid),
      remember: async (uids, signal) =>
        (await import('../ingest/remember.ts')).rememberSessions({ db, host: context.host }, uids, signal),
    }),
  };
}

/** For a plan that is only shown. */
export function planDeps(context: Context, db: ReadableDb): SweepDeps {
  if (context.settings.remote !== null) expectBucket(db);
  const never = async (): Promise<never> => {
    throw new Error('a plan analyzes nothing');
  };
  return {
    ...common(context, () => undefined),
    store: readOnlySweepStore(db),
    analyzer: { analyze: never, salvage: never, remember: never },
  };
}

/** Time first, so that ids sort as they were made; then what makes two of one millisecond differ. */
function newSweepId(now: Iso): string {
  return `${now.replace(/[-:]/g, '').replace('.', '').slice(0, 18).toLowerCase()}-${crypto.randomUUID().slice(0, 8)}`;
}

/**
 * The store for writing, once `look` has found what the call names in it: a wrong id fails before there is anything to
 * create, so that a mistyped call leaves no store behind.
 */
export function openAfterLook(path: string, look: (db: ReadableDb) => void): WritableDb {
  const db = openReadable(path);
  try {
    look(db);
  } finally {
    db.close();
  }
  return openWritable(path);
}

/** The one argument that a command needs. */
export function onlyArg(context: Context, name: string): string {
  const [only] = context.args;
  if (only === undefined) throw fail('usage', `${name} is missing`, 'See --help.');
  return only;
}

/**
 * Where a session's own files still are on this machine, or may be, on a mount that may not answer; a database that has held it counts,
 * whether it still does or not.
 */
export function ownPaths(db: ReadableDb, uid: SessionUid): string[] {
  const paths = sourcesOf(db, uid).map(({ path }) => fileOfPath(path));
  return [...new Set(paths)].filter(mayBeThere);
}

/** The transcript, or a copy of it, that is there for certain; what is left beside one that is gone is not the session. */
export function ownPathSeen(db: ReadableDb, uid: SessionUid): string | undefined {
  const transcripts = sourcesOf(db, uid).filter(({ isBeside }) => isBeside === 0);
  return transcripts
    .map(({ path }) => fileOfPath(path))
    .find((path) => mayBeThere(path) && awayMount(path) === null);
}

/** How what was evicted can be had again, where its agent still has it. */
function backText(db: ReadableDb, uid: SessionUid): string {
  const path = ownPathSeen(db, uid);
  return path === undefined
    ? ''
    : `Its agent's own file is still there, ${path}: \`session-memory ingest --again ${uid}\` stores it once more. `;
}

/**
 * The files of a session whose bytes are there, its main transcript first. Session and files are of one moment: another process
 * may evict it after the session was looked up.
 */
export function liveFiles(db: ReadableDb, { uid }: Pick<SessionRow, 'uid'>): StoredFile[] {
  return db.snapshot(() => {
    const session = findSession(db, uid);
    if (session?.state === 'evicted') {
      const { machine, inBucket } = whereabouts(db, uid);
      const unmet = inBucket
        ? 'The bucket has its bytes: with [remote] in the configuration `restore` and `show --raw` fetch them. '
        : '';
      throw fail(
        'evicted',
        machine === null
          ? `the raw bytes of ${uid} were evicted on ${formatTime(session.evictedAt)}`
          : `the raw bytes of ${uid} are not on this machine but on ${machine}${inBucket ? '' : ', which has put none of them into the bucket'}`,
        `${unmet}${backText(db, uid)}Its digest stays: \`session-memory show ${uid}\`; with --markdown it can be handed to an agent to go on from.`,
      );
    }
    return filesOf(db, uid).filter((file) => !file.gone);
  });
}
