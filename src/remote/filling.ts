/**
 * Pieces and rows of sessions into packs, each kind into its own: a full pack is on its way while the next one is filled.
 * Promises: where something lies is told as it is put; it counts once all is closed.
 */
import type { SessionUid } from '../domain/ids.ts';
import type { Bucket } from './bucket.ts';
import { piecesIn, sessionAt } from './fetch.ts';
import { type PackBuilder, type PackPlace, RECORDS_PLAIN_BYTES } from './pack.ts';
import { Packs } from './packs.ts';
import { type PackedPiece, type RemoteSession, recordsOf } from './records.ts';
import type { Sending } from './sending.ts';

export class Filling {
  readonly #sending: Sending;
  #pieces: PackBuilder;
  #records: PackBuilder;

  constructor(sending: Sending) {
    this.#sending = sending;
    this.#pieces = sending.pack();
    this.#records = sending.pack();
  }

  /** Takes a copy. `storedBytes`: what it takes in a store; 0: not known. */
  async putPiece(plain: Uint8Array, storedBytes: number): Promise<PackPlace> {
    if (this.#pieces.isFullFor(plain.length, storedBytes)) await this.#closePieces();
    return this.#pieces.add(plain, storedBytes);
  }

  async putRecords(session: RemoteSession): Promise<PackPlace> {
    const lines = recordsOf(session);
    if (this.#records.bytes > 0 && this.#records.bytes + lines.length > RECORDS_PLAIN_BYTES)
      await this.#closeRecords();
    return this.#records.add(lines);
  }

  /** All packs as they are; returns when each is there. */
  async close(): Promise<void> {
    await this.#closePieces();
    await this.#closeRecords();
    await this.#sending.done();
  }

  async #closePieces(): Promise<void> {
    const full = this.#pieces;
    this.#pieces = this.#sending.pack();
    await this.#sending.send(full);
  }

  async #closeRecords(): Promise<void> {
    const full = this.#records;
    this.#records = this.#sending.pack();
    await this.#sending.send(full);
  }
}

/** What lies in a pack of records, with all its pieces, into other packs: those that it lay in are needed no more for it. */
export async function movedInto(filling: Filling, bucket: Bucket, uid: SessionUid, place: PackPlace) {
  const packs = new Packs(bucket);
  const { meta, digests, pieces } = await sessionAt(packs, place, uid);
  const moved: PackedPiece[] = [];
  for await (const { piece, plain } of piecesIn(packs, uid, pieces))
    moved.push({ ...piece, place: await filling.putPiece(plain, 0) });
  const records = await filling.putRecords({ meta, digests, pieces: moved });
  return { records, packs: packsWith(moved), pieces: moved, covers_from: meta.covers_from };
}

/** Each pack in which one of the pieces lies. */
export function packsWith(pieces: readonly PackedPiece[]): string[] {
  return [...new Set(pieces.map(({ place }) => place.pack))];
}
