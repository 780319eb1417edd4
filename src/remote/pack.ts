/**
 * Packs: what many sessions hold, one behind the other, compressed as one. A pack is never changed.
 * Promises: what comes out of a pack has been measured before it was opened; memory is bounded by one pack.
 */
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { opened } from '../archive/bounds.ts';
import { fail } from '../domain/errors.ts';

/**
 * Plain bytes of a pack of transcripts. What one session shares with the next is found within it; to fetch one session back its packs
 * are fetched whole.
 */
export const PACK_PLAIN_BYTES = 16 * 1024 * 1024;
/** A pack of records is closed beyond this. */
export const RECORDS_PLAIN_BYTES = 4 * 1024 * 1024;
/** The rows of one session, its digests and where each of its pieces lies can be as large as an archive lets them, and no larger. */
export const PACK_PLAIN_BYTES_MAX = 80 * 1024 * 1024;
/** Compressed: what cannot be compressed grows by less than this. */
export const PACK_BYTES_MAX = PACK_PLAIN_BYTES_MAX + 1024 * 1024;

const WINDOW_LOG = 24;
const LEVEL = 6;
const compress = promisify(zstdCompress);

/** Where something lies in a pack: a part of its plain bytes. */
export interface PackPlace {
  readonly pack: string;
  readonly at: number;
  readonly bytes: number;
}

/** A window as large as a pack, and matches from far away: a third less than what each session takes by itself. */
export async function packed(plain: Uint8Array): Promise<Uint8Array> {
  return await compress(plain, {
    pledgedSrcSize: plain.length,
    params: {
      [constants.ZSTD_c_compressionLevel]: LEVEL,
      [constants.ZSTD_c_windowLog]: WINDOW_LOG,
      [constants.ZSTD_c_enableLongDistanceMatching]: 1,
    },
  });
}

export function unpacked(name: string, data: Uint8Array): Uint8Array {
  const plain = opened(data, PACK_PLAIN_BYTES_MAX);
  if (typeof plain !== 'string') return plain;
  throw fail('corrupt', `${name} in the bucket is damaged: ${plain}`, 'Nothing of it was taken.');
}

/** Collects what goes into one pack. */
export class PackBuilder {
  readonly id: string;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(id: string) {
    this.id = id;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(part: Uint8Array): PackPlace {
    const place = { pack: this.id, at: this.#bytes, bytes: part.length };
    this.#parts.push(part);
    this.#bytes += part.length;
    return place;
  }

  /** All of it. To be asked for once: what it was made of is given up. */
  take(): Uint8Array {
    const plain = Buffer.concat(this.#parts);
    this.#parts = [];
    return plain;
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
