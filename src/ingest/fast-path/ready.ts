/**
 * New sessions, made ready while those before them are stored, and stored several at a time, in their order.
 * Promises: what could not be stored so is left to the long way, which says why; nothing is stored above the hard cap.
 */

import { decided } from '../../domain/decisions.ts';
import { FailureError } from '../../domain/errors.ts';
import { killPoint } from '../../domain/kill-point.ts';
import type { Clock, Iso } from '../../domain/time.ts';
import type { WritableDb } from '../../store/connection.ts';
import { isRoomShort } from '../../store/room.ts';
import { giveUp } from '../../store/segments.ts';
import { usage } from '../../store/usage.ts';
import type { FoundSession } from '../discover/discover.ts';
import { Ahead } from './prefetch.ts';
import type { Preparer } from './prepare.ts';
import { ordersOf, type ReadySession, storePrepared } from './store-prepared.ts';

/** Compressed bytes and sessions in one transaction: fewer commits, and nobody waits long for the lock. */
const BATCH_BYTES = 4 * 1024 * 1024;
const BATCH_SESSIONS = 64;
/** Where room is short, so that most of what fits is stored before one does not fit. */
const BATCH_BYTES_WHEN_SHORT = 512 * 1024;

/** What an ingest counts of them; a part of its report. */
export interface ReadyCounts {
  sessions_new: number;
  files_read: number;
  bytes_read: number;
  analyzed: number;
  analyze_failed: number;
  warnings: string[];
}

export class ReadySessions {
  readonly #db: WritableDb;
  readonly #clock: Clock;
  readonly #program: string;
  readonly #hardCapBytes: number;
  readonly #ahead: Ahead;
  #batch: ReadySession[] = [];
  #batchBytes = 0;
  /** What the store held when the batch was begun: asked for each session, it was a tenth of all storing. */
  #usedBytes = 0;
  /** The batch is stored when it has so many. */
  #fullBytes = BATCH_BYTES;
  #leftAlone: FoundSession[] = [];

  constructor(
    deps: { readonly db: WritableDb; readonly clock: Clock; readonly analyze: { readonly program?: string } },
    preparer: Preparer,
    sessions: readonly FoundSession[],
    hardCapBytes: number,
  ) {
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#program = deps.analyze.program ?? '';
    this.#hardCapBytes = hardCapBytes;
    const now: Iso = deps.clock.now();
    this.#ahead = new Ahead(preparer, sessions, (some) => ordersOf(deps.db, some, now));
  }

  /** False: this session must go the long way, once what is ready before it is flushed. */
  async take(found: FoundSession, counts: ReadyCounts): Promise<boolean> {
    const prepared = await this.#ahead.take(found);
    if (prepared === null) return false;
    if (this.#batch.length === 0) {
      this.#usedBytes = usage(this.#db).tier1Bytes;
      this.#fullBytes = isRoomShort(this.#db.path) ? BATCH_BYTES_WHEN_SHORT : BATCH_BYTES;
    }
    const usedBytes = this.#usedBytes + this.#batchBytes;
    if (usedBytes + prepared.storedBytes > this.#hardCapBytes) return false;
    this.#batch.push({ found, prepared });
    this.#batchBytes += prepared.storedBytes;
    if (this.#batchBytes >= this.#fullBytes || this.#batch.length >= BATCH_SESSIONS) this.flush(counts);
    return true;
  }

  /** Stores what is ready. */
  flush(counts: ReadyCounts): void {
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    if (batch.length === 0) return;
    killPoint('ready.before-batch');
    const left = new Set(this.#stored(batch));
    this.#leftAlone.push(...left);
    killPoint('ready.batch-stored');
    // Stored, or made anew on the long way.
    for (const { prepared } of batch)
      for (const { segments } of prepared.files) for (const { data } of segments) giveUp(data);
    for (const { found, prepared } of batch) {
      if (left.has(found)) continue;
      decided('ingest', found.uid, `new: ${found.files[0]?.path}`);
      counts.sessions_new += 1;
      counts.files_read += prepared.files.filter((file) => file.rawBytes > 0).length;
      counts.bytes_read += prepared.rawBytes;
      if (prepared.digest === null) continue;
      if (prepared.digest.ok) counts.analyzed += 1;
      else {
        counts.analyze_failed += 1;
        counts.warnings.push(`analyze failed for ${found.uid}: ${prepared.digest.why}`);
      }
    }
  }

  /** Sessions for the long way after all; each is given once. */
  leftAlone(): FoundSession[] {
    const left = this.#leftAlone;
    this.#leftAlone = [];
    return left;
  }

  #stored(batch: readonly ReadySession[]): FoundSession[] {
    try {
      return storePrepared(this.#db, batch, this.#clock.now(), this.#program);
    } catch (thrown) {
      // A full disk, a file that another process took up at the same moment: one by one it is said which.
      if (!(thrown instanceof FailureError)) throw thrown;
      return batch.map(({ found }) => found);
    }
  }
}
