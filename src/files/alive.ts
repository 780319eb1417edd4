/**
 * Says that a process is still getting on, from within work that lets no timer run.
 * Promises: nothing happens and next to nothing is spent where nobody listens.
 */

let tell: (() => void) | null = null;

/** From here on `listener` is called now and then, often. */
export function whenAlive(listener: () => void): void {
  tell = listener;
}

/** Called wherever a file system has just answered. */
export function alive(): void {
  if (tell !== null) tell();
}
