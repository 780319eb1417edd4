/**
 * Sessions of the bucket into a passing store: their rows first, their bytes when somebody wants them, to wherever they are wanted.
 * Promises: rows say of a session that it is here only where it can be whole; bytes count as here once each of them was held against what
 * was recorded; memory is bounded by a few packs and the rows.
 */
import { importArrivals, spoolFor } from '../archive/import.ts';
import type { Arrival } from '../archive/sessions.ts';
import { incompleteness, notItsHash } from '../archive/whole.ts';
import type { AgentFormat } from '../domain/agent.ts';
import { FailureError, fail } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { killPoint } from '../domain/kill-point.ts';
import { Pacer } from '../domain/pacer.ts';
import type { Iso } from '../domain/time.ts';
import type { Spool } from '../files/spool.ts';
import type { ArchivedFile, Incoming } from '../store/archived.ts';
import { ELSEWHERE } from '../store/elsewhere.ts';
import { hashOf } from '../store/import/incoming.ts';
import type { PassingDb } from '../store/passing.ts';
import { filesOf, findSession } from '../store/read.ts';
import type { StoredBytes } from '../store/remote/state.ts';
import type { StoredFile } from '../store/rows.ts';
import { fileChunks } from '../store/segments.ts';
import { LogHashes, piecesIn, sessionAt } from './fetch.ts';
import type { Packs } from './packs.ts';
import type { PackedPiece } from './records.ts';

export interface ArrivingDeps {
  readonly packs: Packs;
  readonly db: PassingDb;
  readonly formatOf: (agent: string) => AgentFormat | null;
  readonly now: () => Iso;
  readonly signal: AbortSignal;
}

/** A session, and the one state of it that there is in the bucket. */
export interface AwaitedSession {
  readonly uid: SessionUid;
  readonly state: StoredBytes;
}

/**
 * Where bytes of a file's log go as they come. The bytes are gone afterwards. Returns how they are had again, in memory that may be given
 * up; null: nobody wants them.
 */
export type BytesInto = (file: StoredFile, logOffset: number, plain: Uint8Array) => (() => Uint8Array) | null;

interface ToCome {
  readonly files: readonly ArchivedFile[];
  readonly pieces: readonly PackedPiece[];
}

export class Arriving implements Disposable {
  /** Where their rows are, and by which their bytes are read once they have come. */
  readonly db: PassingDb;
  readonly #deps: ArrivingDeps;
  readonly #known = new Map<SessionUid, ToCome>();
  readonly #whole = new Set<SessionUid>();
  readonly #spool: Spool;

  constructor(deps: ArrivingDeps) {
    this.#deps = deps;
    this.db = deps.db;
    this.#spool = spoolFor({ read: deps.db });
  }

  /** Their rows; returns why it cannot be had of each that cannot. */
  async rows(sessions: readonly AwaitedSession[]): Promise<ReadonlyMap<SessionUid, FailureError>> {
    return await toldAsFetch(() => this.#rows(sessions));
  }

  async #rows(sessions: readonly AwaitedSession[]): Promise<ReadonlyMap<SessionUid, FailureError>> {
    const { db, formatOf, now, signal } = this.#deps;
    const failed = new Map<SessionUid, FailureError>();
    const { damaged } = await importArrivals(
      {
        read: db,
        write: db,
        trusted: true,
        isPassing: true,
        origin: 'the bucket',
        hardCapBytes: Number.MAX_SAFE_INTEGER,
        formatOf,
        now,
        signal,
        progress: () => undefined,
        analyze: async () => false,
      },
      this.#arrivals(sessions, failed),
    );
    if (signal.aborted) throw interrupted();
    for (const { uid } of sessions) {
      if (failed.has(uid)) continue;
      const problem = damaged.find((one) => one.session_uid === uid)?.problem;
      if (problem !== undefined) failed.set(uid, notWhole(uid, problem));
      else if (findSession(db, uid)?.evictedAt !== null)
        failed.set(uid, notWhole(uid, 'its bytes are not there'));
    }
    return failed;
  }

  async *#arrivals(
    sessions: readonly AwaitedSession[],
    failed: Map<SessionUid, FailureError>,
  ): AsyncGenerator<Arrival> {
    for (const { uid, state } of sessions) {
      try {
        const { meta, digests, pieces } = await sessionAt(this.#deps.packs, state.records, uid);
        const segments = pieces.map(({ place: _place, ...told }) => ({
          ...told,
          stored_bytes: ELSEWHERE.length,
          data: () => ELSEWHERE,
        }));
        const session: Incoming = { meta, digests, segments };
        const problem = incompleteness(session, true, null, () => null);
        this.#known.set(uid, { files: meta.files, pieces });
        yield problem === null ? { kind: 'session', session } : { kind: 'damaged', uid, problem };
      } catch (thrown) {
        if (!isOfOne(thrown)) throw thrown;
        failed.set(uid, thrown);
      }
    }
  }

  isWhole(uid: SessionUid): boolean {
    return this.#whole.has(uid);
  }

  /** All its bytes, where nobody wants them elsewhere to where they wait. `passed`: so many more plain bytes are there. */
  async bytes(
    uid: SessionUid,
    passed: (bytes: number) => void,
    into: BytesInto | null = null,
  ): Promise<void> {
    if (!this.#whole.has(uid)) await toldAsFetch(() => this.#bytes(uid, passed, into));
  }

  async #bytes(uid: SessionUid, passed: (bytes: number) => void, into: BytesInto | null): Promise<void> {
    const { db, packs, signal } = this.#deps;
    const { files, pieces } = this.#known.get(uid) ?? { files: [], pieces: [] };
    // What lies at no place of its agent's was left out.
    const stored = new Map(filesOf(db, uid).map((file) => [file.key, file]));
    const wanted = pieces.filter(({ key }) => stored.has(key));
    const hashes = new LogHashes(files, wanted);
    const put = into ?? ((_file, _offset, plain) => this.#spool.copy(plain));
    const pacer = new Pacer();
    for await (const { piece, plain } of piecesIn(packs, uid, wanted, (key) => hashes.covers(key))) {
      if (signal.aborted) throw interrupted();
      const file = stored.get(piece.key);
      if (file === undefined) continue;
      hashes.take(piece, plain);
      const read = put(file, piece.log_offset, plain);
      if (read !== null) db.elsewhere.put({ file_id: file.fileId, log_offset: piece.log_offset }, read);
      killPoint('fetch.piece');
      passed(piece.raw_bytes);
      pacer.passed(plain.length);
    }
    this.#mustHaveTheirHashes(uid, files, stored, hashes.all());
    this.#whole.add(uid);
  }

  #mustHaveTheirHashes(
    uid: SessionUid,
    files: readonly ArchivedFile[],
    stored: ReadonlyMap<string, StoredFile>,
    hashes: ReadonlyMap<string, string>,
  ): void {
    for (const { key, sha256: recorded, gone } of files) {
      const file = stored.get(key);
      if (file === undefined || gone || recorded === null) continue;
      const hash = hashes.get(key) ?? hashOf(fileChunks(this.#deps.db, uid, file));
      if (hash !== recorded) throw notWhole(uid, notItsHash({ key }));
    }
  }

  /** Nobody wants the bytes of any of them any more; their rows stay. */
  letGo(): void {
    this.#spool.clear();
    this.db.elsewhere.clear();
    this.#known.clear();
    this.#whole.clear();
  }

  [Symbol.dispose](): void {
    this.letGo();
    this.#spool[Symbol.dispose]();
    this.db.close();
  }
}

/** What a request says that was told to stop is meant for uploads. */
async function toldAsFetch<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof FailureError && thrown.failure.code === 'interrupted') throw interrupted();
    throw thrown;
  }
}

/** What keeps one session from coming, and no other one. */
function isOfOne(thrown: unknown): thrown is FailureError {
  return thrown instanceof FailureError && ['not_found', 'corrupt'].includes(thrown.failure.code);
}

function notWhole(uid: SessionUid, problem: string): FailureError {
  return fail(
    'corrupt',
    `${uid} cannot be fetched whole: ${problem}`,
    'Nothing of it was taken. `session-memory verify --remote` lists what is wrong in the bucket.',
  );
}

export function interrupted(): FailureError {
  return fail(
    'interrupted',
    'interrupted; nothing was taken',
    'Run it again: it fetches from the beginning.',
  );
}
