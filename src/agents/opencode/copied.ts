/**
 * What a fork of opencode or Kilo has copied: `run --session ID --fork` gives each message a new id, and leaves its time.
 * Promises: pure. Seen with opencode 1.18: of a message of its own the id is as old as its time, to the millisecond or two.
 */

/** An id begins with the milliseconds of its making, as far as these digits hold them, and a counter. */
const MINTED = /^msg_([0-9a-f]{9})[0-9a-f]{3}[0-9A-Za-z]{14}$/;
const SPAN_MS = 16 ** 9;
/** A fork is made by hand, long after what it copies. */
const LATER_MS = 1000;

/** Whether a message was written down anew with another id, long after it was said. */
export function isCopied(id: string, createdMs: unknown): boolean {
  const minted = MINTED.exec(id)?.[1];
  if (minted === undefined || typeof createdMs !== 'number' || !Number.isSafeInteger(createdMs)) return false;
  const laterMs = (((Number.parseInt(minted, 16) - createdMs) % SPAN_MS) + SPAN_MS) % SPAN_MS;
  return laterMs >= LATER_MS && laterMs < SPAN_MS / 2;
}
