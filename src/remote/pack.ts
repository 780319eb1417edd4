/**
 * Packs: what many sessions hold, one behind the other, compressed as one. A pack is never changed.
 * Promises: what comes out of a pack has been measured before it was opened; memory is bounded by one pack.
 */
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { openedAside } from '../archive/bounds.ts';
import { fail } from '../domain/errors.ts';

/**
 * Plain bytes of a pack of transcripts. What one session shares with the next is found within it; to fetch one session back its packs
 * are fetched whole.
 */
export const PACK_PLAIN_BYTES = 16 * 1024 * 1024;
/**
 * What hardly compresses goes in smaller packs: nothing is found in it from further away, and so one is on its way while the next is
 * compressed and the one before is read back. Bytes that its segments take in the store.
 */
const PACK_STORED_BYTES = 4 * 1024 * 1024;
/** A pack of records is closed beyond this. */
export const RECORDS_PLAIN_BYTES = 4 * 1024 * 1024;
/** The rows of one session, its digests and where each of its pieces lies can be as large as an archive lets them, and no larger. */
export const PACK_PLAIN_BYTES_MAX = 80 * 1024 * 1024;

const WINDOW_LOG = 24;
const LEVEL = 6;
const LITTLE_LEVEL = 3;
const CHUNK_BYTES = 4 * 1024 * 1024;
/** Segments that take more than this part of their plain bytes hardly compress. */
const HARD_PART = 0.5;
/** What cannot be compressed grows by less than this. */
const GROWS_BYTES_MAX = 1024 * 1024;
/** Compressed. */
export const PACK_BYTES_MAX = PACK_PLAIN_BYTES_MAX + GROWS_BYTES_MAX;
const compress = promisify(zstdCompress);

/** Where something lies in a pack: a part of its plain bytes. */
export interface PackPlace {
  readonly pack: string;
  readonly at: number;
  readonly bytes: number;
}

/** With how much effort a pack is compressed. */
export type Effort = 'all' | 'little';

/**
 * A window as large as a pack, and matches from far away: a third less than what each session takes by itself. What hardly compresses
 * would gain less than a hundredth by it, for five times the work.
 */
export async function packed(plain: Uint8Array, effort: Effort): Promise<Uint8Array> {
  if (effort === 'little') return await Bun.zstdCompress(plain, { level: LITTLE_LEVEL });
  return await compress(plain, {
    pledgedSrcSize: plain.length,
    // Mostly in one go: between two pieces of what comes out the compression waits for this thread, which has other work.
    chunkSize: CHUNK_BYTES,
    params: {
      [constants.ZSTD_c_compressionLevel]: LEVEL,
      [constants.ZSTD_c_windowLog]: WINDOW_LOG,
      [constants.ZSTD_c_enableLongDistanceMatching]: 1,
    },
  });
}

export async function unpacked(name: string, data: Uint8Array): Promise<Uint8Array> {
  const plain = await openedAside(data, PACK_PLAIN_BYTES_MAX);
  if (typeof plain !== 'string') return plain;
  throw fail('corrupt', `${name} in the bucket is damaged: ${plain}`, 'Nothing of it was taken.');
}

/** Many syncs have a few KiB to send. */
const FIRST_BYTES = 256 * 1024;

/** Collects what goes into one pack. */
export class PackBuilder {
  readonly id: string;
  #memory: Uint8Array<ArrayBuffer>;
  #bytes = 0;
  #storedBytes = 0;

  /** `memory`: of a pack that is done with. */
  constructor(id: string, memory: Uint8Array<ArrayBuffer> = new Uint8Array(0)) {
    this.id = id;
    this.#memory = memory;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** All of it, until it is released. */
  get plain(): Uint8Array<ArrayBuffer> {
    return this.#memory.subarray(0, this.#bytes);
  }

  get effort(): Effort {
    return this.#storedBytes > this.#bytes * HARD_PART ? 'little' : 'all';
  }

  /** Whether so many more would be too many. What is larger than a pack has one of its own. */
  isFullFor(bytes: number, storedBytes: number): boolean {
    if (this.#bytes === 0) return false;
    return this.#bytes + bytes > PACK_PLAIN_BYTES || this.#storedBytes + storedBytes > PACK_STORED_BYTES;
  }

  /** Takes a copy. `storedBytes`: what it takes in a store, by which it is told how well it compresses. */
  add(part: Uint8Array, storedBytes = 0): PackPlace {
    const place = { pack: this.id, at: this.#bytes, bytes: part.length };
    const end = this.#bytes + part.length;
    if (end > this.#memory.length) {
      const doubled = Math.min(PACK_PLAIN_BYTES, Math.max(FIRST_BYTES, this.#memory.length * 2));
      const larger = new Uint8Array(Math.max(end, doubled));
      larger.set(this.plain);
      this.#memory = larger;
    }
    this.#memory.set(part, this.#bytes);
    this.#bytes = end;
    this.#storedBytes += storedBytes;
    return place;
  }

  /** Its memory, for another one; null where it is larger than most need. What was in it may be gone from now on. */
  release(): Uint8Array<ArrayBuffer> | null {
    const memory = this.#memory;
    this.#memory = new Uint8Array(0);
    return memory.length > 0 && memory.length <= PACK_PLAIN_BYTES ? memory : null;
  }
}

/** What lies at a place of a pack; fails where the pack ends before. */
export function partOf(plain: Uint8Array, { pack, at, bytes }: PackPlace): Uint8Array {
  if (at + bytes <= plain.length) return plain.subarray(at, at + bytes);
  throw fail(
    'corrupt',
    `the pack ${pack} in the bucket ends before what should lie in it`,
    'Nothing of it was taken.',
  );
}
