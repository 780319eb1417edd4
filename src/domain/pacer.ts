/**
 * Calls the collector of garbage now and then. Chunks of files and their compressed forms lie outside the heap, where nothing presses
 * it: left to itself the program would pass the 256 MiB that it promises.
 */

/** Plain bytes of transcripts between two calls: each takes 20 to 40 ms. */
const EVERY_BYTES = 32 * 1024 * 1024;

export class Pacer {
  readonly #everyBytes: number;
  #bytes = 0;

  constructor(everyBytes: number = EVERY_BYTES) {
    this.#everyBytes = everyBytes;
  }

  /** So many bytes went by, and are garbage by now. */
  passed(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes >= this.#everyBytes) this.collect();
  }

  /** Now, whatever went by. */
  collect(): void {
    this.#bytes = 0;
    collectGarbage();
  }
}

/** For who knows that something large is garbage now. The only call of the collector, so that all of them can be found. */
export function collectGarbage(): void {
  Bun.gc(true);
}
