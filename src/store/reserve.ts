/**
 * The reserve: a file beside the store that takes up room until a sweep needs it.
 * Promises: it is given up only to make room for a sweep, piece by piece, so that a run that is killed leaves the next one the
 * rest; it is never a link, and nothing but a plain file is touched.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { type FailureError, fail } from '../domain/errors.ts';
import { killPoint } from '../domain/kill-point.ts';
import { MIB } from '../domain/limits.ts';
import { NO_LINK } from './own-files.ts';
import { storeFiles } from './place.ts';
import { freeBytes, isDiskFull } from './room.ts';

/**
 * Enough for a sweep whose log a reader holds, so that it can only grow: some thousand evictions and the report. The log that
 * was there before needs nothing of it: room for that is in the file already.
 */
export const RESERVE_BYTES = 4 * MIB;
/** Given up at a time: several hundred evictions. */
const PIECE_BYTES = MIB;
/** A store that has no reserve, or a smaller one of an earlier version, gets it where the disk has so much. */
const ROOMY_BYTES = 4 * RESERVE_BYTES;

/** Of a new store: at most half of what the disk has. */
export function makeFirstReserve(path: string): void {
  grow(path, Math.floor((freeBytes(path) ?? 0) / 2));
}

/** At each opening: nothing, unless it is too small and the disk is roomy. */
export function mendReserve(path: string): void {
  if (reserveBytes(path) < RESERVE_BYTES && (freeBytes(path) ?? 0) >= ROOMY_BYTES) grow(path, RESERVE_BYTES);
}

/** After a sweep: as much of it as the disk has room for. The next sweep may need it more than anybody. */
export function restoreReserve(path: string): void {
  grow(path, RESERVE_BYTES);
}

/** 0 where there is none, or something else is in its place. */
export function reserveBytes(path: string): number {
  const stat = lstatSync(storeFiles(path).reserve, { throwIfNoEntry: false });
  return stat?.isFile() === true && stat.nlink === 1 ? stat.size : 0;
}

/** Adds at most so many bytes. No room for a reserve is no reason to stop: of a part of one a sweep has something too. */
function grow(path: string, atMostBytes: number): void {
  const missing = Math.min(RESERVE_BYTES - reserveBytes(path), atMostBytes);
  if (missing <= 0) return;
  let handle: number | null = null;
  try {
    handle = openSync(storeFiles(path).reserve, constants.O_WRONLY | constants.O_CREAT | NO_LINK, 0o600);
    const { size, nlink } = fstatSync(handle);
    // With a second name it is somebody's file, in the place of ours.
    if (nlink !== 1) return;
    fchmodSync(handle, 0o600);
    killPoint('reserve.half-made');
    // Written, not truncated to size: a sparse file holds no room.
    const zeros = new Uint8Array(64 * 1024);
    for (let at = size; at < size + missing; )
      at += writeSync(handle, zeros, 0, Math.min(zeros.length, size + missing - at), at);
    fsyncSync(handle);
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown)) throw thrown;
  } finally {
    if (handle !== null) closeSync(handle);
  }
}

/** Frees some of the reserve's room. False where there is none left. */
function giveUpReserve(path: string): boolean {
  const bytes = reserveBytes(path);
  if (bytes === 0) return false;
  const { reserve } = storeFiles(path);
  if (bytes <= PIECE_BYTES) {
    rmSync(reserve, { force: true });
    return true;
  }
  const handle = openSync(reserve, constants.O_WRONLY | NO_LINK);
  try {
    ftruncateSync(handle, bytes - PIECE_BYTES);
  } finally {
    closeSync(handle);
  }
  killPoint('reserve.given-up');
  return true;
}

/**
 * Runs `work`; while the disk is full for it, gives up one piece of the reserve after the other and runs it again. Only a sweep
 * may do that. `emptyLog`: tried first, since that costs nothing; true where it freed something.
 */
export function withReserve<T>(path: string, work: () => T, emptyLog: () => boolean = () => false): T {
  for (const makeRoom = roomMaker(path, emptyLog); ; ) {
    try {
      return work();
    } catch (thrown) {
      if (!isDiskFull(thrown)) throw thrown;
      if (!makeRoom()) throw reserveUsedUp(path);
    }
  }
}

/** Makes some room at each call, as `withReserve` does; false where there is none left to make. */
export function roomMaker(path: string, emptyLog: () => boolean): () => boolean {
  let canEmpty = true;
  return () => {
    const emptied = canEmpty && emptyLog();
    canEmpty = false;
    return emptied || giveUpReserve(path);
  };
}

/** To say "run a sweep, which has a reserve" to a sweep that has used it up would send people in circles. */
function reserveUsedUp(path: string): FailureError {
  return fail(
    'disk_full',
    `the disk is full, and the reserve of the store is used up: ${path}`,
    'Free a few MiB on that disk, or end what reads the store at the moment, and run it again; nothing is lost, and what was evicted so far stays so.',
  );
}
