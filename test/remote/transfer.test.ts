/** How bytes go to and fro: several packs at once within bounds, each read back; whole, or not at all. */
import { expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { opened, plainBytesOf } from '../../src/archive/bounds.ts';
import { plainFrame } from '../../src/archive/plain-frame.ts';
import type { Bucket } from '../../src/remote/bucket.ts';
import { newId } from '../../src/remote/layout.ts';
import { PACK_PLAIN_BYTES, PackBuilder, packed, unpacked } from '../../src/remote/pack.ts';
import { Sending } from '../../src/remote/sending.ts';

const MIB = 1024 ** 2;
const piece = new Uint8Array(20 * MIB);

test('bytes in a frame that is not compressed are read as any other, whatever their number', () => {
  const block = 128 * 1024;
  const sizes = fc.oneof(
    fc.nat(3 * block),
    fc.tuple(fc.nat(3), fc.integer({ min: -1, max: 1 })).map(([n, d]) => Math.max(0, n * block + d)),
  );
  fc.assert(
    fc.property(sizes, (size) => {
      const plain = randomBytes(size);
      const frame = plainFrame(plain);
      expect(plainBytesOf(frame)).toBe(size);
      expect(plain.equals(zstdDecompressSync(frame))).toBe(true);
      const read = opened(frame, size);
      expect(typeof read === 'string' ? read : plain.equals(read)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('a pack is closed by what it holds and by what that takes compressed, and larger pieces go alone', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 20 * MIB }), fc.integer({ min: 1, max: 100 })), {
        maxLength: 12,
      }),
      (parts) => {
        let [bytes, stored] = [0, 0];
        const pack = new PackBuilder(newId());

        for (const [size, percent] of parts) {
          const storedBytes = Math.floor((size * percent) / 100);
          const isTooMuch = bytes > 0 && (bytes + size > 16 * MIB || stored + storedBytes > 4 * MIB);
          expect(pack.isFullFor(size, storedBytes)).toBe(isTooMuch);
          if (isTooMuch) break;
          expect(pack.add(piece.subarray(0, size), storedBytes)).toEqual({
            pack: pack.id,
            at: bytes,
            bytes: size,
          });
          bytes += size;
          stored += storedBytes;
          expect(pack.plain.length).toBe(bytes);
          expect(pack.effort).toBe(stored > bytes / 2 ? 'little' : 'all');
        }
      },
    ),
    { numRuns: 10 },
  );
});

test('what is packed comes out as it was, with much effort and with little', async () => {
  const plain = Buffer.concat([randomBytes(300_000), Buffer.alloc(300_000, 'words '), randomBytes(5)]);
  for (const effort of ['all', 'little'] as const)
    for (const bytes of [plain, Buffer.alloc(0)])
      expect(Buffer.compare(await unpacked('it', await packed(bytes, effort)), bytes)).toBe(0);
});

/** A bucket that takes as long for each step as a number says, and notes how much is under way. */
class Slow {
  readonly put: string[] = [];
  packsMost = 0;
  bytesMost = 0;
  #packs = 0;
  #bytes = 0;
  readonly #turns: readonly number[];
  readonly #fails: (id: string) => boolean;
  #step = 0;

  constructor(turns: readonly number[], fails: (id: string) => boolean = () => false) {
    this.#turns = turns;
    this.#fails = fails;
  }

  get bucket(): Bucket {
    return this as unknown as Bucket;
  }

  async sealedPack(_id: string, plain: Uint8Array): Promise<Uint8Array> {
    this.#packs += 1;
    this.#bytes += plain.length;
    this.packsMost = Math.max(this.packsMost, this.#packs);
    this.bytesMost = Math.max(this.bytesMost, this.#bytes);
    await this.#wait();
    return Uint8Array.from(plain.subarray(0, HEAD_BYTES));
  }

  async putPack(id: string, sealed: Uint8Array): Promise<void> {
    await this.#wait();
    this.#packs -= 1;
    this.#bytes -= new DataView(sealed.buffer).getUint32(0);
    // What was compressed is what was put into that pack, not what its memory holds by now.
    expect(Buffer.from(sealed.subarray(4)).toString()).toBe(id);
    if (this.#fails(id)) throw new Error(`${id} is refused`);
    this.put.push(id);
  }

  async #wait(): Promise<void> {
    this.#step += 1;
    for (let n = this.#turns[this.#step % this.#turns.length] ?? 0; n > 0; n -= 1)
      await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** Its length, and its id. */
const HEAD_BYTES = 4 + 32;

/** It says in its first bytes how long it is, and which one. */
function filled(sending: Sending, bytes: number): PackBuilder {
  const pack = sending.pack();
  const plain = Buffer.alloc(bytes);
  plain.writeUInt32BE(bytes);
  plain.write(pack.id, 4);
  pack.add(plain);
  return pack;
}

const sizes = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: HEAD_BYTES, max: 1000 }) },
    { weight: 1, arbitrary: fc.constant(17 * MIB) },
  ),
  { maxLength: 9 },
);
const waits = fc.array(fc.nat(4), { minLength: 1, maxLength: 8 });

test('up to three packs are under way at once, a large one alone, and all of them arrive', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, waits, async (all, turns) => {
      const slow = new Slow(turns);
      let storedBytes = 0;
      const sending = new Sending(slow.bucket, (bytes) => {
        storedBytes += bytes;
      });
      const sent: string[] = [];
      for (const bytes of all) {
        const pack = filled(sending, bytes);
        sent.push(pack.id);
        await sending.send(pack);
      }
      await sending.send(sending.pack());
      await sending.done();
      expect(slow.put.toSorted()).toEqual(sent.toSorted());
      expect(storedBytes).toBe(HEAD_BYTES * sent.length);
      expect(slow.packsMost).toBeLessThanOrEqual(3);
      expect(slow.bytesMost).toBeLessThanOrEqual(Math.max(2 * PACK_PLAIN_BYTES, ...all));
      if (all.length >= 3 && all.every((bytes) => bytes <= 1000)) expect(slow.packsMost).toBe(3);
    }),
    { numRuns: 12 },
  );
}, 60_000);

test('a pack that fails is told to whoever waits for all, whenever it failed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.nat(5), waits, async (count, at, turns) => {
      let bad = '';
      const slow = new Slow(turns, (id) => id === bad);
      const sending = new Sending(slow.bucket, () => undefined);
      let told: unknown = null;
      try {
        for (let i = 0; i < count; i += 1) {
          const pack = filled(sending, 100);
          if (i === at % count) bad = pack.id;
          await sending.send(pack);
        }
        await sending.done();
      } catch (thrown) {
        told = thrown;
      }
      expect(String(told)).toContain(`${bad} is refused`);
    }),
    { numRuns: 12 },
  );
});
