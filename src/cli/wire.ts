/**
 * The composition root: the store behind the sweep's port, the analyzer behind the sweep's and ingest's.
 * Promises: who only reads gets a store that cannot be written.
 */

import { FailureError, failure } from '../domain/errors.ts';
import type { SessionRow } from '../domain/session.ts';
import type { Iso } from '../domain/time.ts';
import type { AnalyzeDeps } from '../ingest/analyze.ts';
import { explainReason } from '../policy/explain.ts';
import type { Victim } from '../policy/passes.ts';
import type { ReadableDb, WritableDb } from '../store/connection.ts';
import { takeSweepLock } from '../store/lock.ts';
import { openReadable, openWritable } from '../store/open.ts';
import { untilWritable } from '../store/patience.ts';
import { diskBytes, withReserve } from '../store/place.ts';
import { filesOf, findSession } from '../store/read.ts';
import { reclaim } from '../store/reclaim.ts';
import type { StoredFile } from '../store/rows.ts';
import { census, usage } from '../store/usage.ts';
import {
  beginSweep,
  type Condemned,
  evictCovered,
  finishSweep,
  loseUncovered,
} from '../store/write-sweep.ts';
import type { Progress, SweepDeps, SweepStore } from '../sweep/ports.ts';
import type { Report } from '../sweep/report.ts';
import { type Context, textFlag } from './context.ts';
import { formatBytes, formatTime } from './format.ts';
import type { VisitSetup } from './visitor.ts';

function condemned({ card, reason }: Victim): Condemned {
  return {
    uid: card.uid,
    generation: card.generation,
    storedBytes: card.storedBytes,
    reason: explainReason(reason, formatBytes),
  };
}

function reading(
  db: ReadableDb,
): Pick<SweepStore, 'withCensus' | 'usageBytes' | 'distilledBytes' | 'card' | 'diskBytes'> {
  return {
    withCensus: (now, read) => db.snapshot(() => read(census(db, now))),
    usageBytes: () => usage(db).tier1Bytes,
    distilledBytes: () => usage(db).tier2Bytes,
    card: (uid) => findSession(db, uid),
    diskBytes: () => diskBytes(db.path),
  };
}

/** The store as a sweep uses it. */
export function sweepStore(db: WritableDb): SweepStore {
  const roomy = <T>(work: () => T): T => withReserve(db.path, work);
  return {
    ...reading(db),
    evict: (victims, context, untilUsageBytes) =>
      roomy(() => evictCovered(db, victims.map(condemned), { ...context, untilUsageBytes })),
    lose: (victim, context, hardCapBytes) =>
      roomy(() => loseUncovered(db, condemned(victim), { ...context, hardCapBytes })),
    takeLock: () => roomy(() => takeSweepLock(db.path)),
    untilWritable: (onWait, signal) => untilWritable(db, onWait, signal),
    reclaim: (onStep, stopped) => reclaim(db, onStep, stopped),
    begin: (sweep) => roomy(() => beginSweep(db, sweep)),
    finish: (report: Report) =>
      finishSweep(db, {
        sweepId: report.sweep_id,
        finishedAt: report.finished_at,
        lostData: report.lost_data,
        bytesFreed: report.bytes_freed,
        report: JSON.stringify(report),
      }),
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
    lose: refuse,
    takeLock: refuse,
    untilWritable: refuse,
    reclaim: refuse,
    begin: refuse,
    finish: refuse,
  };
}

export function analyzeDeps(context: Context, db: WritableDb): AnalyzeDeps {
  const { analyzerCommand, analyzerTimeoutS } = context.settings;
  return {
    db,
    clock: context.clock,
    external: analyzerCommand === null ? null : { command: analyzerCommand, timeoutS: analyzerTimeoutS },
    host: context.host,
  };
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
export function sweepDeps(context: Context, db: WritableDb, progress: (event: Progress) => void): SweepDeps {
  return {
    ...common(context, progress),
    store: sweepStore(db),
    analyzer: {
      analyze: async (uid, signal) =>
        (await import('../ingest/analyze.ts')).analyzeSession(analyzeDeps(context, db), uid, signal),
      salvage: async (uid) =>
        (await import('../ingest/analyze.ts')).salvageSession(analyzeDeps(context, db), uid),
    },
  };
}

/** For a plan that is only shown. */
export function planDeps(context: Context, db: ReadableDb): SweepDeps {
  const never = async (): Promise<never> => {
    throw new Error('a plan analyzes nothing');
  };
  return {
    ...common(context, () => undefined),
    store: readOnlySweepStore(db),
    analyzer: { analyze: never, salvage: never },
  };
}

/** Time first, so that ids sort as they were made; then what makes two of one millisecond differ. */
function newSweepId(now: Iso): string {
  return `${now.replace(/[-:]/g, '').replace('.', '').slice(0, 18).toLowerCase()}-${crypto.randomUUID().slice(0, 8)}`;
}

export function hashText(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('hex');
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
  if (only === undefined) throw new FailureError(failure('usage', `${name} is missing`, 'See --help.'));
  return only;
}

/**
 * The files of a session whose bytes are there, its main transcript first. Session and files are of one moment: another process
 * may evict it after the session was looked up.
 */
export function liveFiles(db: ReadableDb, { uid }: Pick<SessionRow, 'uid'>): StoredFile[] {
  return db.snapshot(() => {
    const session = findSession(db, uid);
    if (session?.state === 'evicted') {
      throw new FailureError(
        failure(
          'evicted',
          `the raw bytes of ${uid} were evicted on ${formatTime(session.evictedAt)}`,
          `Its digest stays: \`session-memory show ${uid}\`; with --markdown it can be handed to an agent to go on from.`,
        ),
      );
    }
    return filesOf(db, uid).filter((file) => !file.gone);
  });
}
