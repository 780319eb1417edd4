/**
 * Where zstd frames begin and end, told from their headers alone (RFC 8878, section 3.1).
 * Promises: tells a file of whole frames from one that was cut off or goes on with something else. The runtime's
 * decompressor is silent about both: it gives what it has, and the rest of the file would be lost without a word.
 * Never: decompresses, or keeps more than a header.
 */

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const MAGIC_BYTES = 4;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];

/** What the bytes at hand are: a header of so many bytes is awaited, or so many bytes are passed over. */
type FrameStep =
  | { readonly kind: 'magic' | 'skippable' | 'descriptor' | 'block'; readonly bytes: number }
  | { readonly kind: 'over'; readonly bytes: number; readonly then: 'magic' | 'block' };

const START: FrameStep = { kind: 'magic', bytes: MAGIC_BYTES };
const BLOCK: FrameStep = { kind: 'block', bytes: BLOCK_HEADER_BYTES };

export class ZstdFrames {
  #step: FrameStep = START;
  #header = new Uint8Array(0);
  #hasChecksum = false;

  /** Takes the next bytes of the file; throws where they are no zstd. */
  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const step = this.#step;
      const wanted = step.bytes - this.#header.length;
      const part = chunk.subarray(at, at + wanted);
      at += part.length;
      if (step.kind === 'over') {
        const left = step.bytes - part.length;
        this.#step = left > 0 ? { ...step, bytes: left } : step.then === 'magic' ? START : BLOCK;
        continue;
      }
      this.#header = Buffer.concat([this.#header, part]);
      if (this.#header.length < step.bytes) return;
      this.#step = this.#after(step.kind, Buffer.from(this.#header));
      this.#header = new Uint8Array(0);
    }
  }

  /** The file has ended; throws where it ended within a frame. */
  end(): void {
    if (this.#step.kind !== 'magic' || this.#header.length > 0)
      throw new Error('it ends in the middle of a zstd frame');
  }

  #after(kind: Exclude<FrameStep['kind'], 'over'>, header: Buffer): FrameStep {
    if (kind === 'magic') return magicStep(header.readUInt32LE());
    if (kind === 'skippable') return over(header.readUInt32LE(), 'magic');
    if (kind === 'descriptor') {
      const descriptor = header.readUInt8();
      this.#hasChecksum = (descriptor & 4) !== 0;
      return over(fieldsBytes(descriptor), 'block');
    }
    if (kind === 'block') {
      const block = header.readUIntLE(0, BLOCK_HEADER_BYTES);
      const isLast = (block & 1) !== 0;
      // A block of one repeated byte holds that byte only.
      const bytes = ((block >> 1) & 3) === 1 ? 1 : block >> 3;
      return isLast ? over(bytes + (this.#hasChecksum ? CHECKSUM_BYTES : 0), 'magic') : over(bytes, 'block');
    }
    return kind satisfies never;
  }
}

function magicStep(magic: number): FrameStep {
  if (magic === MAGIC) return { kind: 'descriptor', bytes: 1 };
  if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE) return { kind: 'skippable', bytes: 4 };
  throw new Error('it holds something that is no zstd frame');
}

/** Bytes of a frame's header behind its descriptor: window, dictionary's id, size of the content. */
function fieldsBytes(descriptor: number): number {
  const isSingle = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (isSingle ? 1 : 0) : 1 << sizeFlag;
  return (isSingle ? 0 : 1) + (DICTIONARY_ID_BYTES[descriptor & 3] ?? 0) + sizeBytes;
}

function over(bytes: number, then: 'magic' | 'block'): FrameStep {
  if (bytes > 0) return { kind: 'over', bytes, then };
  return then === 'magic' ? START : BLOCK;
}
