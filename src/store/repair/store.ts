/**
 * `verify --repair` as a whole: in the store where SQLite can read it, else in a new file that takes its place.
 * Promises: without consent nothing is lost and nothing is changed; a store file that is replaced is kept beside as it was, and
 * replaced in one step while no other process has it open; two repairs, or a repair and a sweep, never run at once.
 */
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { FailureError, fail, messageOf } from '../../domain/errors.ts';
import { killPoint } from '../../domain/kill-point.ts';
import type { Iso } from '../../domain/time.ts';
import { connect, type WritableDb } from '../connection.ts';
import { takeSweepLock } from '../lock.ts';
import { openWritable } from '../open.ts';
import { openOwn, plainOrNull } from '../own-files.ts';
import { storeFiles } from '../place.ts';
import { catchUpSearch } from '../search/documents.ts';
import type { Diagnosis } from '../verify/findings.ts';
import { type VerifyResult, verify } from '../verify/verify.ts';
import type { OwnFiles } from './own.ts';
import { nothingLeft, type Rebuilt, rebuild, survey } from './rebuild.ts';
import { applyRepair, planRepair, type RepairStep } from './repair.ts';

export interface RepairOptions {
  readonly own: OwnFiles;
  readonly at: Iso;
  /** Whether what cannot be had again may be recorded as lost. */
  readonly mayLose: boolean;
  readonly dryRun: boolean;
  readonly progress: (done: number, total: number) => void;
}

export interface RepairReport {
  /** `planned`: nothing was changed, because nothing was to be, or because consent is missing. */
  readonly state: 'planned' | 'done';
  readonly steps: readonly RepairStep[];
  /** What came over into a new file; null where the store could be mended as it is. */
  readonly rebuilt: Rebuilt | null;
  /** Where the file as it was is kept, null where it was not replaced. */
  readonly aside: string | null;
  readonly failed: readonly string[];
  /** As it is now, or, where nothing was changed, as it was. */
  readonly after: VerifyResult;
}

/** Whether a report tells of anything that nobody can bring back. */
export function loses({ steps, rebuilt }: Pick<RepairReport, 'steps' | 'rebuilt'>): boolean {
  return steps.some(({ kind }) => kind === 'lose') || (rebuilt?.lost.length ?? 0) > 0;
}

export async function repairStore(path: string, options: RepairOptions): Promise<RepairReport> {
  const lock = takeSweepLock(path);
  if (lock === null)
    throw fail('sweep_running', 'a sweep or a repair is running', 'Try again when it is done.');
  try {
    const inPlace = await repairInPlace(path, options);
    return inPlace ?? (await repairByRebuild(path, options));
  } finally {
    lock.release();
  }
}

/** Null where the store cannot be opened, or has damage that only a new file mends. */
async function repairInPlace(path: string, options: RepairOptions): Promise<RepairReport | null> {
  const db = openOrNull(path);
  if (db === null) return null;
  try {
    const before = checked(db, options);
    if (needsRebuild(before.findings)) return null;
    const steps = await planRepair(db, before.findings, options.own);
    if (options.dryRun || steps.length === 0 || (loses({ steps, rebuilt: null }) && !options.mayLose))
      return { state: 'planned', steps, rebuilt: null, aside: null, failed: [], after: before };
    const failed = await applyRepair(db, steps, options);
    const after = checked(db, options);
    // An index that cannot be made anew stands on rows that contradict each other.
    if (
      needsRebuild(after.findings) ||
      after.findings.some(({ cure }) => cure === 'index' || cure === 'search' || cure === 'schema')
    )
      return null;
    return { state: 'done', steps, rebuilt: null, aside: null, failed, after };
  } finally {
    db.close();
  }
}

async function repairByRebuild(path: string, options: RepairOptions): Promise<RepairReport> {
  const temporary = `${path}.repair`;
  try {
    if (options.dryRun || !options.mayLose) {
      const plan = await rebuilt(path, temporary, { ...options, dryRun: true });
      if (options.dryRun || loses(plan)) return plan;
    }
    using hold = holdStill(path);
    const report = await rebuilt(path, temporary, options);
    const aside = swap(path, temporary, options.at);
    hold.moved();
    return { ...report, aside };
  } finally {
    removeStore(temporary);
  }
}

/** The new file, mended as far as it goes. */
async function rebuilt(path: string, temporary: string, options: RepairOptions): Promise<RepairReport> {
  removeStore(temporary);
  const made = rebuild(path, temporary);
  killPoint('repair.rebuilt');
  using db = connect(temporary, 'write');
  const before = checked(db, options);
  const steps = await planRepair(db, before.findings, options.own);
  if (options.dryRun)
    return { state: 'planned', steps, rebuilt: made, aside: null, failed: [], after: before };
  const failed = await applyRepair(db, steps, options);
  catchUpSearch(db);
  const after = checked(db, options);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  return { state: 'done', steps, rebuilt: made, aside: null, failed, after };
}

function checked(db: WritableDb, options: RepairOptions): VerifyResult {
  return verify(db, options.progress, () => false);
}

function needsRebuild(findings: readonly Diagnosis[]): boolean {
  return findings.some(({ cure }) => cure === 'rebuild');
}

/** Null where the file is a damaged store; throws where it is none, or where it only cannot be had now. */
function openOrNull(path: string): WritableDb | null {
  try {
    return openWritable(path);
  } catch (thrown) {
    const code = thrown instanceof FailureError ? thrown.failure.code : 'failed';
    if (code !== 'corrupt' && code !== 'usage' && code !== 'failed') throw thrown;
    if (survey(path) === null) throw code === 'corrupt' ? nothingLeft(path) : thrown;
    return null;
  }
}

interface Hold extends Disposable {
  /** The path names another file now: whoever still waits for the old one must fail instead of writing to it. */
  moved(): void;
}

/** Keeps every other process out of the store, and its log written back, for as long as SQLite can open it. */
function holdStill(path: string): Hold {
  const db = exclusive(path);
  // Closing any handle on the file would drop the locks that are held on it: this one is closed last.
  const handle = openOwn(path, constants.O_RDWR);
  return {
    moved: () => void writeSync(handle, new Uint8Array(16), 0, 16, 0),
    [Symbol.dispose]: () => {
      db?.close();
      closeSync(handle);
    },
  };
}

function exclusive(path: string): WritableDb | null {
  let db: WritableDb | null = null;
  try {
    db = connect(path, 'write');
    db.exec('PRAGMA busy_timeout = 2000');
    // It leaves this mode only when nobody else has it open.
    db.exec('PRAGMA journal_mode = DELETE');
    db.exec('BEGIN EXCLUSIVE');
    return db;
  } catch (thrown) {
    db?.close();
    if (!(thrown instanceof FailureError) || thrown.failure.code !== 'busy') return null;
    throw fail(
      'busy',
      `another process has the store open, and a new file must take its place: ${path}`,
      'Close it (a dashboard, a running ingest), then repair again.',
    );
  }
}

/** Keeps the old file beside, then puts the new one in its place. Returns where the old one is. */
function swap(path: string, temporary: string, at: Iso): string {
  const aside = freeName(`${path}.damaged-${at.replaceAll(/[-:.]/g, '')}`);
  try {
    keep(path, aside);
    for (const tail of ['-wal', '-journal']) if (existsSync(path + tail)) keep(path + tail, aside + tail);
    killPoint('repair.kept');
    // Before the new file is there: SQLite would take the old log for its own.
    for (const tail of ['-wal', '-shm', '-journal']) rmSync(path + tail, { force: true });
    sync(temporary);
    renameSync(temporary, path);
    killPoint('repair.swapped');
    sync(dirname(path));
    return aside;
  } catch (thrown) {
    throw fail(
      'io',
      `cannot put the mended store in its place: ${messageOf(thrown)}`,
      'Free some space, then repair again.',
    );
  }
}

/** A repair that was killed at the same moment of a held clock has left one; half of a copy as it may be, it is not ours to replace. */
function freeName(name: string): string {
  const isTaken = (path: string) =>
    ['', '-wal', '-journal'].some((tail) => lstatSync(path + tail, { throwIfNoEntry: false }) !== undefined);
  let free = name;
  for (let n = 2; isTaken(free); n += 1) free = `${name}-${n}`;
  return free;
}

function keep(from: string, to: string): void {
  plainOrNull(from);
  // Never over what is there, nor through a link.
  copyFileSync(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  chmodSync(to, 0o600);
  sync(to);
}

function sync(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function removeStore(path: string): void {
  const { db, wal, shm } = storeFiles(path);
  for (const file of [db, wal, shm]) rmSync(file, { force: true });
}
