/**
 * Sessions back out of the bucket, as the stream of an archive: so they go through every check that an archive goes through, and are taken
 * whole or not at all.
 * Promises: what is in the bucket stays; memory is bounded by one pack and its session's rows.
 */
import { bytesFrame, lineFrame } from '../archive/frames.ts';
import { FORMAT, FORMAT_VERSION } from '../archive/records.ts';
import { fail } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { Iso } from '../domain/time.ts';
import type { ReadableDb } from '../store/connection.ts';
import { recordsFor, type StoredBytes } from '../store/remote/state.ts';
import { sha256 } from '../store/segments.ts';
import type { Bucket } from './bucket.ts';
import { partOf } from './pack.ts';
import { type PackedPiece, readRecords } from './records.ts';

/** Where the bytes of a session lie, the fullest state of any machine first. */
export function bytesOf(db: ReadableDb, uid: SessionUid): StoredBytes[] {
  return recordsFor(db, uid)
    .flatMap(({ bytes }) => (bytes === null ? [] : [bytes]))
    .sort((a, b) => b.raw_bytes - a.raw_bytes);
}

export interface FetchOptions {
  readonly now: Iso;
  readonly progress: (fetchedBytes: number, totalBytes: number) => void;
}

/** An archive of one session, of every state that machines have of it. */
export async function* fetched(
  bucket: Bucket,
  uid: SessionUid,
  states: readonly StoredBytes[],
  { now, progress }: FetchOptions,
): AsyncGenerator<Uint8Array> {
  const totalBytes = states.reduce((sum, { raw_bytes }) => sum + raw_bytes, 0);
  yield* lineFrame({ record: 'header', format: FORMAT, version: FORMAT_VERSION, made_at: now, sessions: 1 });
  const packs = new LastPack(bucket);
  let fetchedBytes = 0;
  for (const { records } of states) {
    const { meta, digests, pieces } = readRecords(await packs.get(records.pack), records, uid);
    yield* lineFrame({ record: 'session', ...meta });
    for (const digest of digests) yield* lineFrame({ record: 'digest', ...digest });
    for (const piece of pieces) {
      const data = Bun.zstdCompressSync(await pieceOf(packs, uid, piece), { level: 3 });
      const { place: _place, ...told } = piece;
      yield* lineFrame({ record: 'segment', ...told, stored_bytes: data.length });
      yield* bytesFrame(data);
      fetchedBytes += piece.raw_bytes;
      progress(fetchedBytes, totalBytes);
    }
    yield* lineFrame({ record: 'session_end', session_uid: uid });
  }
  yield* lineFrame({ record: 'end', sessions: states.length });
}

/** One piece, held against its hash. */
export async function pieceOf(
  packs: LastPack,
  uid: SessionUid,
  { place, sha256: hash, key }: PackedPiece,
): Promise<Uint8Array> {
  const plain = partOf(await packs.get(place.pack), place);
  if (Buffer.from(sha256(plain)).toString('hex') === hash) return plain;
  throw fail(
    'corrupt',
    `a piece of ${key} of ${uid} in the bucket does not have the hash that was recorded`,
    'Nothing of it was taken.',
  );
}

/** The pieces of a session mostly lie in the order in which they are wanted. */
export class LastPack {
  readonly #bucket: Bucket;
  #last: { readonly id: string; readonly plain: Uint8Array } | null = null;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  async get(id: string): Promise<Uint8Array> {
    if (this.#last?.id === id) return this.#last.plain;
    this.#last = null;
    const plain = await this.#bucket.pack(id);
    if (plain === null)
      throw fail(
        'not_found',
        `the pack ${id} is missing from the bucket`,
        'Nothing of it was taken. `session-memory remote sync`, then try again; `verify --remote` lists all that is missing.',
      );
    this.#last = { id, plain };
    return plain;
  }
}
