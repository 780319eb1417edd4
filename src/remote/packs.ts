/**
 * Packs out of the bucket, opened: the next ones are on their way while one is read, and the last ones stay, since sessions lie beside one
 * another.
 * Promises: memory is bounded by a few packs; what a pack held may be gone once the next one was asked for.
 */
import { fail } from '../domain/errors.ts';
import { giveUp } from '../store/segments.ts';
import type { Bucket } from './bucket.ts';

/** On their way at once, where they are small. */
const AHEAD_MOST = 4;
/** Two full ones: each takes up its plain bytes, its compressed and its sealed ones for a moment. */
const AHEAD_BYTES = 32 * 1024 * 1024;
/** Plain bytes of those that stay: a full pack, and one of records. */
const KEPT_BYTES = 20 * 1024 * 1024;

/** A pack that will be asked for. `bytes`: plain ones that it has at least. */
export interface ExpectedPack {
  readonly id: string;
  readonly bytes: number;
}

export class Packs {
  readonly #bucket: Bucket;
  /** Opened, the last one that was asked for at the end. */
  readonly #kept = new Map<string, Uint8Array>();
  readonly #underWay = new Map<string, { readonly bytes: number; readonly plain: Promise<Uint8Array> }>();
  #expected: ExpectedPack[] = [];

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** In the order in which they will be asked for, in the place of what was expected before. A pack may stand there again. */
  expect(packs: readonly ExpectedPack[]): void {
    this.#expected = [...packs];
    // Of those that are on their way already what nobody waits for any more goes by.
    const ids = new Set(packs.map(({ id }) => id));
    for (const id of this.#underWay.keys()) if (!ids.has(id)) this.#underWay.delete(id);
    this.#askAhead();
  }

  async get(id: string): Promise<Uint8Array> {
    const place = this.#expected.findIndex((one) => one.id === id);
    const bytes = this.#expected[place]?.bytes ?? 0;
    this.#expected.splice(0, place + 1);
    let plain = this.#kept.get(id);
    if (plain === undefined) {
      this.#makeRoom(bytes);
      const asked = this.#underWay.get(id)?.plain ?? this.#loaded(id);
      plain = await asked;
      this.#underWay.delete(id);
    }
    this.#kept.delete(id);
    this.#makeRoom(plain.length);
    this.#kept.set(id, plain);
    this.#askAhead();
    return plain;
  }

  #makeRoom(bytes: number): void {
    let kept = bytes;
    for (const plain of this.#kept.values()) kept += plain.length;
    for (const [id, plain] of this.#kept) {
      if (kept <= KEPT_BYTES) return;
      kept -= plain.length;
      this.#kept.delete(id);
      giveUp(plain);
    }
  }

  #askAhead(): void {
    let bytes = [...this.#underWay.values()].reduce((sum, one) => sum + one.bytes, 0);
    for (const one of this.#expected) {
      if (this.#underWay.has(one.id) || this.#kept.has(one.id)) continue;
      bytes += one.bytes;
      if (this.#underWay.size >= AHEAD_MOST || (this.#underWay.size > 0 && bytes > AHEAD_BYTES)) return;
      const plain = this.#loaded(one.id);
      // It is waited for when its turn comes; until then nobody must take its failure for one that was overlooked.
      plain.catch(() => undefined);
      this.#underWay.set(one.id, { bytes: one.bytes, plain });
    }
  }

  async #loaded(id: string): Promise<Uint8Array> {
    const plain = await this.#bucket.pack(id);
    if (plain !== null) return plain;
    throw fail(
      'corrupt',
      `the pack ${id} is missing from the bucket`,
      'Nothing of it was taken. `session-memory remote sync`, then try again; `verify --remote` lists all that is missing.',
    );
  }
}
