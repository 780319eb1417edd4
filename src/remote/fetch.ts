/**
 * Sessions back out of the bucket: each is whole by every hash that was recorded, or it is not given.
 * Promises: what is in the bucket stays; memory is bounded by a few packs and the session's rows; the next packs are on their way
 * while one is taken in.
 */
import { plainFrame } from '../archive/plain-frame.ts';
import type { Arrival } from '../archive/sessions.ts';
import { incompleteness } from '../archive/whole.ts';
import { fail } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { killPoint } from '../domain/kill-point.ts';
import { Pacer } from '../domain/pacer.ts';
import type { Spool } from '../files/spool.ts';
import type { ArchivedFile, Incoming, IncomingSegment } from '../store/archived.ts';
import type { ReadableDb } from '../store/connection.ts';
import { hashOf, incomingVersion } from '../store/import/incoming.ts';
import {
  isEarlier,
  type RemoteRecord,
  recordsFor,
  remoteState,
  type StoredBytes,
} from '../store/remote/state.ts';
import { sha256 } from '../store/segments.ts';
import type { Bucket } from './bucket.ts';
import { type PackPlace, partOf } from './pack.ts';
import { type ExpectedPack, Packs } from './packs.ts';
import { type PackedPiece, type RemoteSession, readRecords } from './records.ts';

/**
 * Where the bytes of a session lie: first what this machine had, which is what it gives again where nobody went on from that; then the
 * fullest state of any other; behind them those that none went on from.
 */
export function bytesOf(db: ReadableDb, uid: SessionUid): StoredBytes[] {
  return [...presentBytesOf(db, uid), ...fullestFirst(recordsFor(db, uid).filter(isEarlier))];
}

/** The same without those that none went on from: each of them is what the session is now. */
export function presentBytesOf(db: ReadableDb, uid: SessionUid): StoredBytes[] {
  const own = remoteState(db)?.machine;
  const present = recordsFor(db, uid).filter((record) => !isEarlier(record));
  const { ours = [], others = [] } = Object.groupBy(present, ({ machine }) =>
    machine === own ? 'ours' : 'others',
  );
  return [...fullestFirst(ours), ...fullestFirst(others)];
}

function fullestFirst(records: readonly RemoteRecord[]): StoredBytes[] {
  return records
    .flatMap(({ bytes }) => (bytes === null ? [] : [bytes]))
    .sort((a, b) => b.raw_bytes - a.raw_bytes);
}

export interface FetchOptions {
  /** Where the bytes of one state wait until all of it is there. */
  readonly spool: Spool;
  readonly progress: (fetchedBytes: number, totalBytes: number) => void;
}

/** Every state that machines have of one session, as what comes out of an archive. */
export async function* fetched(
  bucket: Bucket,
  uid: SessionUid,
  states: readonly StoredBytes[],
  { spool, progress }: FetchOptions,
): AsyncGenerator<Arrival> {
  const totalBytes = states.reduce((sum, { raw_bytes }) => sum + raw_bytes, 0);
  let fetchedBytes = 0;
  const packs = new Packs(bucket);
  for (const { records } of states) {
    const remote = await sessionAt(packs, records, uid);
    spool.clear();
    const { session, hashes } = await takenIn(packs, uid, remote, spool, (bytes) => {
      fetchedBytes += bytes;
      progress(fetchedBytes, totalBytes);
    });
    const problem = incompleteness(session, true, null, (file) => hashOfFile(session, file, hashes));
    yield problem === null ? { kind: 'session', session } : { kind: 'damaged', uid, problem };
  }
}

/** The rows, digests and pieces of a state. */
export async function sessionAt(packs: Packs, records: PackPlace, uid: SessionUid): Promise<RemoteSession> {
  return readRecords(await packs.get(records.pack), records, uid);
}

/**
 * Pieces with their bytes, each held against its hash; the bytes are gone when the next one is asked for. `isHashed`: whether whoever asks
 * hashes all of that file and holds it against what was recorded: then its pieces are not hashed by themselves.
 */
export async function* piecesIn(
  packs: Packs,
  uid: SessionUid,
  pieces: readonly PackedPiece[],
  isHashed: (key: string) => boolean = () => false,
) {
  packs.expect(inOrder(pieces));
  for (const piece of pieces) {
    const plain = partOf(await packs.get(piece.place.pack), piece.place);
    if (!isHashed(piece.key)) mustHaveItsHash(plain, uid, piece);
    yield { piece, plain };
  }
}

/** All of a state, its bytes put to where they wait. `passed`: so many more plain bytes are there. */
async function takenIn(
  packs: Packs,
  uid: SessionUid,
  { meta, digests, pieces }: RemoteSession,
  spool: Spool,
  passed: (bytes: number) => void,
) {
  const hashes = new LogHashes(meta.files, pieces);
  const moment = new ForAMoment();
  const segments: IncomingSegment[] = [];
  const pacer = new Pacer();
  for await (const { piece, plain } of piecesIn(packs, uid, pieces, (key) => hashes.covers(key))) {
    const { place: _place, ...told } = piece;
    hashes.take(piece, plain);
    const data = await moment.of(plain);
    segments.push({ ...told, stored_bytes: data.length, data: spool.add(data) });
    killPoint('fetch.piece');
    passed(piece.raw_bytes);
    pacer.passed(plain.length + data.length);
  }
  const session: Incoming = { meta, digests, segments };
  return { session, hashes: hashes.all() };
}

function hashOfFile(session: Incoming, file: ArchivedFile, hashes: ReadonlyMap<string, string>): string {
  return hashes.get(file.key) ?? hashOf(incomingVersion(session, file));
}

/** Pieces, compressed with little effort for as long as they wait. */
class ForAMoment {
  #plainNext = 0;

  /** Where that brings nothing the next ones are taken as they are. */
  async of(plain: Uint8Array): Promise<Uint8Array> {
    if (this.#plainNext > 0) {
      this.#plainNext -= 1;
      return plainFrame(plain);
    }
    const data = await Bun.zstdCompress(plain, { level: 1 });
    if (data.length > plain.length * HARD_PART) this.#plainNext = TRIED_EVERY - 1;
    return data;
  }
}

/** What takes more than this part hardly compresses. */
const HARD_PART = 0.5;
/** Transcripts do not change their kind often, and it costs room only until the command ends. */
const TRIED_EVERY = 8;

function mustHaveItsHash(plain: Uint8Array, uid: SessionUid, { sha256: hash, key }: PackedPiece): void {
  if (Buffer.from(sha256(plain)).toString('hex') === hash) return;
  throw fail(
    'corrupt',
    `a piece of ${key} of ${uid} in the bucket does not have the hash that was recorded`,
    'Nothing of it was taken.',
  );
}

/** Packs as the pieces want them, one after the other: a pack stands there again where pieces go to and fro. */
function inOrder(pieces: readonly PackedPiece[]): ExpectedPack[] {
  const packs: { id: string; bytes: number }[] = [];
  for (const { place } of pieces) {
    const last = packs.at(-1);
    if (last?.id === place.pack) last.bytes += place.bytes;
    else packs.push({ id: place.pack, bytes: place.bytes });
  }
  return packs;
}

/**
 * The hash of each log, taken while its pieces come in: read again it would cost as much as the fetch. Only where that log is the
 * file as it is, and its hash was recorded, so that it stands for the hashes of its pieces.
 */
export class LogHashes {
  readonly #covered: ReadonlySet<string>;
  readonly #logs = new Map<string, Bun.CryptoHasher>();

  constructor(files: readonly ArchivedFile[], pieces: readonly PackedPiece[]) {
    const byKey = Map.groupBy(pieces, ({ key }) => key);
    const whole = files.filter(({ key, extents, sha256: hash, log_bytes: bytes }) => {
      const own = byKey.get(key) ?? [];
      return extents === null && hash !== null && own.length > 0 && endOf(own) === bytes;
    });
    this.#covered = new Set(whole.map(({ key }) => key));
  }

  covers(key: string): boolean {
    return this.#covered.has(key);
  }

  take({ key }: PackedPiece, plain: Uint8Array): void {
    if (!this.covers(key)) return;
    const hasher = this.#logs.get(key) ?? new Bun.CryptoHasher('sha256');
    this.#logs.set(key, hasher.update(plain));
  }

  /** Hex, by the files' keys. */
  all(): ReadonlyMap<string, string> {
    return new Map([...this.#logs].map(([key, hasher]) => [key, hasher.digest('hex')]));
  }
}

/** Where pieces end that follow one another from the beginning of a log, as they come; null: they do not. */
function endOf(pieces: readonly PackedPiece[]): number | null {
  let end = 0;
  for (const { log_offset: at, raw_bytes: bytes } of pieces) {
    if (at !== end) return null;
    end += bytes;
  }
  return end;
}
