/**
 * Makes the next sessions ready while those before them are stored.
 * Promises: they come back in their order; what lies ready in memory is bounded by bytes and by number.
 */
import type { FoundSession } from '../discover/discover.ts';
import type { Prepared, PrepareRequest, Preparer } from './prepare.ts';

const AHEAD_BYTES_MAX = 24 * 1024 * 1024;
const AHEAD_MAX = 64;
/** Sessions of which it is asked together what is to be made ready: each question to the store by itself takes ten times as long. */
const ASKED_TOGETHER = 64;

export class Ahead {
  readonly #preparer: Preparer;
  readonly #ordersOf: OrdersOf;
  readonly #queue: readonly FoundSession[];
  readonly #ready = new Map<FoundSession, Promise<Prepared | null>>();
  /** Of the sessions from `#askedFrom` on. */
  #orders: readonly (PrepareRequest | null)[] = [];
  #askedFrom = 0;
  #next = 0;
  #bytes = 0;

  constructor(preparer: Preparer, sessions: readonly FoundSession[], ordersOf: OrdersOf) {
    this.#preparer = preparer;
    this.#queue = [...sessions];
    this.#ordersOf = ordersOf;
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
      const order = this.#orderAt(this.#next);
      if (order === null) continue;
      this.#bytes += bytes;
      // Whatever goes wrong with it goes wrong on the long way too, and is said there.
      this.#ready.set(
        session,
        this.#preparer.prepare(order).catch(() => null),
      );
    }
  }

  #orderAt(place: number): PrepareRequest | null {
    if (place >= this.#askedFrom + this.#orders.length) {
      this.#askedFrom = place;
      this.#orders = this.#ordersOf(this.#queue.slice(place, place + ASKED_TOGETHER));
    }
    return this.#orders[place - this.#askedFrom] ?? null;
  }
}

/** What to make ready of each; null where only the long way will do. */
export type OrdersOf = (sessions: readonly FoundSession[]) => readonly (PrepareRequest | null)[];

function bytesOf(session: FoundSession): number {
  return session.files.reduce((sum, file) => sum + file.sizeBytes, 0);
}
