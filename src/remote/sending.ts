/**
 * Packs on their way into the bucket, several at once: while one is read back the next is sent and a third compressed.
 * Promises: memory is bounded by a few packs, whatever their number; none counts as sent before it was read back; the failure of one is
 * told to whoever waits for all.
 */
import { Pacer } from '../domain/pacer.ts';
import type { Bucket } from './bucket.ts';
import { newId } from './layout.ts';
import { PACK_PLAIN_BYTES, PackBuilder } from './pack.ts';

/** One is compressed, one sent, one read back; more would take memory, and wait for the same line. */
const PACKS_AT_ONCE = 3;
/**
 * Plain bytes: to compress a full pack takes several times its size, so two of them go at once. The records of one session may be as large as
 * several packs, and go alone.
 */
const BYTES_AT_ONCE = 2 * PACK_PLAIN_BYTES;

export class Sending {
  readonly #bucket: Bucket;
  readonly #sent: (storedBytes: number, id: string) => void;
  /** Those under way; each takes itself out at its end. */
  readonly #underWay = new Map<PackBuilder, Promise<void>>();
  /** Those that nobody knows yet to have come there. */
  #all: Promise<void>[] = [];
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  readonly #pacer = new Pacer();

  /** `sent`: called with each pack that was read back. */
  constructor(bucket: Bucket, sent: (storedBytes: number, id: string) => void) {
    this.#bucket = bucket;
    this.#sent = sent;
  }

  /** An empty pack, in memory that an earlier one has done with: to have it cleared anew takes longer than to fill it. */
  pack(): PackBuilder {
    return new PackBuilder(newId(), this.#spare.pop());
  }

  /** Returns once there is room for the next one. */
  async send(pack: PackBuilder): Promise<void> {
    if (pack.bytes === 0) return this.#keep(pack);
    while (this.#isFullFor(pack.bytes)) await Promise.race(this.#underWay.values());
    const sent = this.#put(pack);
    const tracked = sent.finally(() => this.#underWay.delete(pack));
    // It is waited for in `done`; until then nobody must take its failure for one that was overlooked.
    tracked.catch(() => undefined);
    this.#underWay.set(pack, tracked);
    this.#all.push(tracked);
  }

  /** When all are there. Where one fails the others are still under way: see `settled`. */
  async done(): Promise<void> {
    await Promise.all(this.#all);
    this.#all = [];
  }

  /** When none is under way any more, whatever came of it: what is there by then is noted, and need not be sent again. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#all);
    this.#all = [];
  }

  #isFullFor(bytes: number): boolean {
    const others = [...this.#underWay.keys()].reduce((sum, pack) => sum + pack.bytes, 0);
    return this.#underWay.size >= PACKS_AT_ONCE || (others > 0 && others + bytes > BYTES_AT_ONCE);
  }

  async #put(pack: PackBuilder): Promise<void> {
    const { bytes } = pack;
    const sealed = await this.#bucket.sealedPack(pack.id, pack.plain, pack.effort);
    this.#keep(pack);
    await this.#bucket.putPack(pack.id, sealed);
    this.#sent(sealed.length, pack.id);
    // Packs come faster than the collector looks; what they leave behind must not add up.
    this.#pacer.passed(bytes + sealed.length);
  }

  #keep(pack: PackBuilder): void {
    const memory = pack.release();
    if (memory !== null && this.#spare.length < PACKS_AT_ONCE) this.#spare.push(memory);
  }
}
