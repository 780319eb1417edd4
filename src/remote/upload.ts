/**
 * This store's sessions into the bucket: their bytes in packs, their rows and digests in packs of records, then a commit that names both.
 * Promises: nothing of the store changes but what is noted of the bucket; a commit names only what was written and read back; a run
 * that is killed anywhere leaves at most packs that nothing names; a session that cannot be read whole is named and keeps no other one.
 * Memory is bounded by a few packs.
 */
import { inItsPlaces } from '../archive/places.ts';
import type { AgentFormat } from '../domain/agent.ts';
import { FailureError, fail, messageOf } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { killPoint } from '../domain/kill-point.ts';
import type { Iso } from '../domain/time.ts';
import type { WritableDb } from '../store/connection.ts';
import type { Outgoing } from '../store/export.ts';
import { findSession } from '../store/read.ts';
import {
  eachRecord,
  isEarlier,
  isOf,
  type RemoteRecord,
  recordsFor,
  remoteState,
  type StoredBytes,
} from '../store/remote/state.ts';
import {
  changedSinceUpload,
  forgottenSinceUpload,
  marked,
  noteCommitted,
  notePending,
  type PendingSession,
  piecesOf,
  type StoredPiece,
} from '../store/remote/upload.ts';
import { giveUp, readSegment, sha256 } from '../store/segments.ts';
import { hashFiles } from '../store/write-digests.ts';
import type { Bucket } from './bucket.ts';
import { Filling, movedInto, packsWith } from './filling.ts';
import { provenOf, SentPieces } from './go-on.ts';
import { commitName } from './layout.ts';
import type { PackPlace } from './pack.ts';
import { toUpload } from './plan.ts';
import { type PackedPiece, readRecords } from './records.ts';
import { Sending } from './sending.ts';

/** A commit is made once it has this much: a run that is killed does so much again at most, or reads it back where one session has more. */
const COMMIT_RAW_BYTES = 64 * 1024 * 1024;
const COMMIT_SESSIONS = 500;
/** Bytes are plain ones. */
export interface UploadProgress {
  readonly session: number;
  readonly sessions: number;
  readonly bytes: { readonly done: number; readonly total: number };
}

export interface UploadDeps {
  readonly db: WritableDb;
  readonly bucket: Bucket;
  /** What this machine is called. */
  readonly name: string;
  /** The version of this program. */
  readonly program?: string;
  readonly formatOf: (agent: string) => AgentFormat | null;
  readonly now: () => Iso;
  readonly signal: AbortSignal;
  readonly progress: (progress: UploadProgress) => void;
  /** Plain bytes of a commit; absent: as many as is good. */
  readonly commitBytes?: number;
}

export interface Uploaded {
  sessions: SessionUid[];
  forgotten: SessionUid[];
  /** Plain bytes of transcripts that were not there before. */
  rawBytes: number;
  /** Those that an upload which was interrupted had put there, and that are used again. */
  foundBytes: number;
  /** What they and their records take there. */
  storedBytes: number;
  packs: number;
  commits: number;
  problems: { session_uid: SessionUid; problem: string }[];
}

/** Somebody else has written the commit that was about to be written. */
export class NotAlone extends Error {}

export async function upload(deps: UploadDeps): Promise<Uploaded> {
  const waiting = toUpload(changedSinceUpload(deps.db));
  const totalBytes = waiting.reduce((sum, { newBytes }) => sum + newBytes, 0);
  return inBatches(deps, async (newBatch, done) => {
    let batch = newBatch();
    for (const [i, { uid }] of waiting.entries()) {
      if (deps.signal.aborted) break;
      const passed = () => {
        const bytes = { done: done.rawBytes + done.foundBytes, total: totalBytes };
        deps.progress({ session: i + 1, sessions: waiting.length, bytes });
      };
      passed();
      try {
        await batch.add(uid, passed);
      } catch (thrown) {
        if (!(thrown instanceof FailureError) || !OF_ONE.has(thrown.failure.code)) throw thrown;
        done.problems.push({ session_uid: uid, problem: messageOf(thrown) });
      }
      if (!batch.isFull) continue;
      await batch.commit();
      batch = newBatch();
    }
    await batch.commit(forgottenSinceUpload(deps.db));
  });
}

/** All that is sent in batches of one kind; whatever comes of it, no pack is under way any more when it ends. */
async function inBatches(
  deps: UploadDeps,
  send: (newBatch: () => Batch, done: Uploaded) => Promise<void>,
): Promise<Uploaded> {
  const done = nothingYet();
  const sent = new SentPieces(deps);
  const sending = new Sending(deps.bucket, (storedBytes, pack) => {
    done.storedBytes += storedBytes;
    done.packs += 1;
    sent.sent(pack);
  });
  try {
    await send(() => new Batch(deps, done, { sending, sent }), done);
    return done;
  } finally {
    await sending.settled();
  }
}

/** What keeps one session back and no other: it changed while it was read, or its bytes are damaged. */
const OF_ONE: ReadonlySet<string> = new Set(['busy', 'corrupt', 'failed']);

/** A machine may sleep in the middle of an upload; a collector takes what nothing names after a week. */
export const UNDER_WAY_MS_MAX = 86_400_000;

export function tooLate(): FailureError {
  return fail(
    'unreachable',
    'the upload was interrupted for more than a day, and what it had sent may be gone',
    'Nothing counts on it: run `session-memory remote sync` again.',
  );
}

/** Evicted sessions of this machine whose bytes lie beside what was forgotten: out of those packs, into others. */
export async function moveAway(deps: UploadDeps, uids: readonly SessionUid[]): Promise<Uploaded> {
  const machine = remoteState(deps.db)?.machine;
  return inBatches(deps, async (newBatch) => {
    let batch = newBatch();
    for (const uid of uids) {
      if (deps.signal.aborted) break;
      // Where only its rows lie there, they are uploaded again by themselves. All its states in one commit: who reads takes the last for the present.
      for (const { bytes } of inTheirOrder(
        recordsFor(deps.db, uid).filter((record) => isOf(machine, record)),
      ))
        if (bytes !== null) await batch.move(uid, bytes);
      if (!batch.isFull) continue;
      await batch.commit();
      batch = newBatch();
    }
    await batch.commit();
  });
}

/**
 * Evicted sessions of this machine, where a commit that told of them may be lost: where their bytes lie is told once more, or nobody else
 * could find them, and a collector would take their packs for unneeded. No byte is moved. `machine`: the id under which they were told of.
 */
export async function tellAgain(deps: UploadDeps, machine: string): Promise<void> {
  const { db, bucket } = deps;
  const rows = new RowsThere(bucket);
  await inBatches(deps, async (newBatch) => {
    let batch = newBatch();
    for (const [uid, states] of Map.groupBy(eachRecord(db), (record) => record.uid)) {
      if (deps.signal.aborted) break;
      const isEvicted = findSession(db, uid)?.evictedAt != null;
      const own = states.filter((one) => isOf(machine, one) && (isEvicted || isEarlier(one)));
      // All its states in one commit, as they were told first.
      for (const { bytes } of inTheirOrder(own))
        if (bytes !== null) batch.tell(uid, bytes, await rows.coversFrom(uid, bytes.records));
      if (!batch.isFull) continue;
      await batch.commit();
      batch = newBatch();
    }
    await batch.commit();
  });
}

/** What rows in the bucket say; the pack that was read last is held, since sessions lie beside those that went there with them. */
class RowsThere {
  readonly #bucket: Bucket;
  #pack: string | null = null;
  #plain: Uint8Array | null = null;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** Null: they cannot be had, and `verify --remote` names them. */
  async coversFrom(uid: SessionUid, place: PackPlace): Promise<number | null> {
    try {
      if (place.pack !== this.#pack) this.#plain = await this.#bucket.pack(place.pack);
      this.#pack = place.pack;
      return this.#plain === null ? null : readRecords(this.#plain, place, uid).meta.covers_from;
    } catch (thrown) {
      if (thrown instanceof FailureError && thrown.failure.code === 'corrupt') return null;
      throw thrown;
    }
  }
}

/** Those that none went on from come first, the oldest of them before the others. */
export function inTheirOrder(records: readonly RemoteRecord[]): RemoteRecord[] {
  return [...records].sort(
    (a, b) => Number(isEarlier(b)) - Number(isEarlier(a)) || a.generation - b.generation,
  );
}

export function nothingYet(): Uploaded {
  return {
    sessions: [],
    forgotten: [],
    rawBytes: 0,
    foundBytes: 0,
    storedBytes: 0,
    packs: 0,
    commits: 0,
    problems: [],
  };
}

class Batch {
  readonly #deps: UploadDeps;
  readonly #done: Uploaded;
  readonly #filling: Filling;
  readonly #sessions: PendingSession[] = [];
  readonly #sent: SentPieces;
  #rawBytes = 0;
  /** When the first of what it names may have been sent. */
  #startedMs = Date.now();

  constructor(
    deps: UploadDeps,
    done: Uploaded,
    { sending, sent }: { readonly sending: Sending; readonly sent: SentPieces },
  ) {
    this.#deps = deps;
    this.#done = done;
    this.#filling = new Filling(sending);
    this.#sent = sent;
  }

  get isFull(): boolean {
    return (
      this.#rawBytes >= (this.#deps.commitBytes ?? COMMIT_RAW_BYTES) ||
      this.#sessions.length >= COMMIT_SESSIONS
    );
  }

  /** `passed`: called as more of its bytes are taken. */
  async add(uid: SessionUid, passed: () => void): Promise<void> {
    const { db, formatOf } = this.#deps;
    // What no analysis has read has no hash yet. It may go from here as it is, and is known again by its hash.
    db.writeTransaction(() => hashFiles(db, uid, false));
    const found = marked(db, uid);
    if (found === null) return;
    const { mark, whole, files } = found;
    // What no agent keeps is not given out again by whoever fetches it. All of it is uploaded, but nothing goes here that would not come back.
    const { session: restorable, left } = inItsPlaces(whole, formatOf(whole.meta.agent));
    if (restorable === null) {
      this.#done.problems.push({
        session_uid: uid,
        problem: 'none of its files is one that its agent keeps',
      });
      return;
    }
    const { meta, digests } = whole;
    const isLive = meta.evicted_at === null;
    const missing = isLive ? missingIn(whole) : null;
    if (missing !== null) {
      // What lies there may be whole, and must not be replaced by less.
      const problem = `bytes of ${missing} are missing in the store: \`session-memory verify\` tells which`;
      this.#done.problems.push({ session_uid: uid, problem });
      return;
    }
    const [first] = isLive ? left : [];
    if (first !== undefined)
      this.#done.problems.push({
        session_uid: uid,
        problem: `it stays here too: ${first.key} would not come back, ${first.why}`,
      });
    const pieces = isLive ? await this.#piecesOf(uid, whole, passed) : [];
    const records = await this.#filling.putRecords({ meta, digests, pieces });
    this.#sessions.push({
      uid,
      mark,
      files: first === undefined ? files : null,
      generation: meta.raw_generation,
      records,
      raw_bytes: meta.raw_bytes,
      covers_from: meta.covers_from,
      packs: isLive ? packsWith(pieces) : null,
      pieces: pieces.map(storedPiece),
    });
  }

  /** Bytes that are nowhere but in the bucket, into packs of their own; the packs that they lay in are needed no more for them. */
  async move(uid: SessionUid, state: StoredBytes): Promise<void> {
    const { pieces, ...moved } = await movedInto(this.#filling, this.#deps.bucket, uid, state.records);
    for (const { raw_bytes: bytes } of pieces) this.#count(bytes);
    this.#sessions.push({
      uid,
      mark: null,
      files: null,
      generation: state.generation,
      raw_bytes: state.raw_bytes,
      ...moved,
      pieces: pieces.map(storedPiece),
    });
  }

  /** The same bytes where they lie; what cannot be had is not told of. */
  tell(uid: SessionUid, { generation, records, packs, raw_bytes }: StoredBytes, from: number | null): void {
    if (from === null) return;
    this.#sessions.push({
      uid,
      mark: null,
      files: null,
      generation,
      records,
      packs,
      raw_bytes,
      covers_from: from,
      pieces: [],
    });
  }

  #count(bytes: number): void {
    this.#rawBytes += bytes;
    this.#done.rawBytes += bytes;
  }

  /** Where each of its segments lies; those that are not in the bucket yet go into the pack that is being filled. */
  async #piecesOf(uid: SessionUid, session: Outgoing, passed: () => void): Promise<PackedPiece[]> {
    const known = await this.#knownOf(uid, session, passed);
    const isLarge = missingBytes(session, known) >= (this.#deps.commitBytes ?? COMMIT_RAW_BYTES);
    const pieces: PackedPiece[] = [];
    for (const segment of session.segments) {
      const { id: _id, file_id: _file, stored_bytes: _stored, ...told } = segment;
      const there = known.get(segment.sha256);
      if (there === undefined || there.raw_bytes !== segment.raw_bytes) {
        const meta = { ...segment, sha256: Buffer.from(segment.sha256, 'hex') };
        const plain = readSegment(this.#deps.db, meta, `${uid} ${segment.key}`);
        const place = await this.#filling.putPiece(plain, segment.stored_bytes);
        this.#count(plain.length);
        giveUp(plain);
        passed();
        const stored = { sha256: told.sha256, raw_bytes: told.raw_bytes, pack: place.pack, at: place.at };
        if (isLarge) this.#sent.add(uid, stored);
        known.set(segment.sha256, stored);
        pieces.push({ ...told, place });
      } else pieces.push({ ...told, place: { pack: there.pack, at: there.at, bytes: there.raw_bytes } });
    }
    return pieces;
  }

  /** What lies in the bucket of it already, also what a run has put there that did not come to its commit. */
  async #knownOf(uid: SessionUid, session: Outgoing, passed: () => void): Promise<Map<string, StoredPiece>> {
    const { named, sent } = piecesOf(this.#deps.db, uid);
    if (sent.length === 0) return named;
    const own = new Set(session.segments.map((segment) => segment.sha256));
    const going = { ...this.#deps, agoMsMax: UNDER_WAY_MS_MAX };
    const { pieces, agoMs } = await provenOf(
      going,
      uid,
      sent.filter((piece) => own.has(piece.sha256)),
      (bytes) => {
        this.#done.foundBytes += bytes;
        this.#rawBytes += bytes;
        passed();
      },
    );
    this.#startedMs = Math.min(this.#startedMs, Date.now() - agoMs);
    for (const piece of pieces) named.set(piece.sha256, piece);
    return named;
  }

  /** All packs, and then the commit that names them. */
  async commit(forgotten: readonly { readonly uid: SessionUid; readonly at: Iso }[] = []): Promise<void> {
    const { db, bucket, name, program, now } = this.#deps;
    await this.#filling.close();
    killPoint('remote.packs');
    if (this.#sessions.length === 0 && forgotten.length === 0) return;
    if (Date.now() - this.#startedMs > UNDER_WAY_MS_MAX) throw tooLate();
    const state = remoteState(db);
    if (state === null) throw new Error('a bucket is joined before anything is uploaded');
    const { machine, next: number, last } = state;
    const at = now();
    const sealed = await bucket.sealedCommit({
      machine,
      name,
      number,
      at,
      forgotten,
      ...(program === undefined ? {} : { program }),
      ...(last === null ? {} : { before: last }),
      sessions: this.#sessions.map(({ uid, generation, records, packs, raw_bytes, covers_from }) => ({
        uid,
        generation,
        records,
        packs,
        raw_bytes,
        covers_from,
      })),
    });
    const pending = {
      machine,
      number,
      at,
      sessions: this.#sessions,
      forgotten: forgotten.map(({ uid }) => uid),
    };
    const hash = sha256(sealed);
    notePending(db, pending, hash);
    const made = await bucket.client.create(commitName(machine, number), sealed);
    if (made === 'exists') throw new NotAlone();
    killPoint('remote.commit-written');
    noteCommitted(db, pending, hash);
    this.#done.commits += 1;
    this.#done.sessions.push(...this.#sessions.map(({ uid }) => uid));
    this.#done.forgotten.push(...pending.forgotten);
  }
}

function missingBytes({ segments }: Outgoing, known: ReadonlyMap<string, StoredPiece>): number {
  return segments
    .filter((segment) => !known.has(segment.sha256))
    .reduce((sum, { raw_bytes: bytes }) => sum + bytes, 0);
}

/** The first file of which bytes are not there; null: all are. */
function missingIn({ meta, segments }: Outgoing): string | null {
  const byKey = Map.groupBy(segments, ({ key }) => key);
  for (const { key, log_bytes: bytes } of meta.files) {
    let end = 0;
    for (const segment of byKey.get(key) ?? [])
      if (segment.log_offset <= end) end = Math.max(end, segment.log_offset + segment.raw_bytes);
    if (end < bytes) return key;
  }
  return null;
}

function storedPiece({ sha256: hash, raw_bytes, place }: PackedPiece): StoredPiece {
  return { sha256: hash, raw_bytes, pack: place.pack, at: place.at };
}
