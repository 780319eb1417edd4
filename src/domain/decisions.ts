/**
 * What was decided and why, for who asks afterwards why a session was stored, left, evicted or lost: one line each to whoever listens.
 * Promises: ids, paths, counts and reasons; no text of a transcript, and nothing that a program of the user's said. Costs nothing where nobody listens.
 */

/** `about`: a session's uid, an agent, a command. */
type Listener = (room: string, about: string, decision: string) => void;

let listener: Listener | null = null;

/** `room`: who decided, e.g. `ingest`. */
export function decided(room: string, about: string, decision: string): void {
  listener?.(room, about, decision);
}

/** Null: nobody. Each thread has its own. */
export function listenToDecisions(next: Listener | null): void {
  listener = next;
}
