/**
 * Makes the next sessions ready while those before them are stored.
 * Promises: they come back in their order; what lies ready in memory is bounded by bytes and by number.
 */
import type { FoundSession } from '../discover/discover.ts';
import type { Prepared, PrepareRequest, Preparer } from './prepare.ts';

const AHEAD_BYTES_MAX = 24 * 1024 * 1024;
const AHEAD_MAX = 64;

export class Ahead {
  readonly #preparer: Preparer;
  readonly #orderOf: (session: FoundSession) => PrepareRequest | null;
  readonly #queue: FoundSession[];
  readonly #ready = new Map<FoundSession, Promise<Prepared | null>>();
  #next = 0;
  #bytes = 0;

  constructor(
    preparer: Preparer,
    sessions: readonly FoundSession[],
    orderOf: (session: FoundSession) => PrepareRequest | null,
  ) {
    this.#preparer = preparer;
    this.#queue = [...sessions];
    this.#orderOf = orderOf;
    this.#fill();
    this.#endWhenDone();
  }

  /** The session made ready; null where it must go the long way. */
  async take(session: FoundSession): Promise<Prepared | null> {
    const ready = this.#ready.get(session);
    if (ready === undefined) return null;
    const prepared = await ready;
    this.#ready.delete(session);
    this.#bytes -= bytesOf(session);
    this.#fill();
    this.#endWhenDone();
    return prepared;
  }

  #endWhenDone(): void {
    if (this.#ready.size === 0 && this.#next === this.#queue.length) this.#preparer.end();
  }

  #fill(): void {
    for (; this.#next < this.#queue.length; this.#next += 1) {
      const session = this.#queue[this.#next];
      if (session === undefined) return;
      const bytes = bytesOf(session);
      const isFull =
        this.#ready.size >= AHEAD_MAX || (this.#ready.size > 0 && this.#bytes + bytes > AHEAD_BYTES_MAX);
      if (isFull) return;
      const order = this.#orderOf(session);
      if (order === null) continue;
      this.#bytes += bytes;
      // Whatever goes wrong with it goes wrong on the long way too, and is said there.
      this.#ready.set(
        session,
        this.#preparer.prepare(order).catch(() => null),
      );
    }
  }
}

function bytesOf(session: FoundSession): number {
  return session.files.reduce((sum, file) => sum + file.sizeBytes, 0);
}
