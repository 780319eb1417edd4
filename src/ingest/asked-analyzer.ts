/**
 * The external analyzer over one run: one that fails again and again for one cause is not asked for every session that is left.
 * Never: lets a session count as tried that it was not asked for.
 */
import { causeOf } from '../domain/retry.ts';

/** So many failures of one cause in a row are no accident of single sessions. */
export const EQUAL_FAILURES_MAX = 20;

export const GIVEN_UP = `the analyzer was not asked for all sessions: it had failed ${EQUAL_FAILURES_MAX} times in a row`;

export class AskedAnalyzer {
  #cause: string | null = null;
  #why = '';
  #count = 0;
  #told = false;

  get isGivenUp(): boolean {
    return this.#count >= EQUAL_FAILURES_MAX;
  }

  /** What became of asking it once; `why`: null where it answered. Failures of the transcript are none of its own. */
  heard(why: string | null): void {
    const cause = why === null ? null : causeOf(why);
    this.#count = cause === null ? 0 : cause === this.#cause ? this.#count + 1 : 1;
    this.#cause = cause;
    this.#why = why ?? '';
  }

  /** That it is not asked any more in this run, to be said once; else null. */
  notice(): string | null {
    if (!this.isGivenUp || this.#told) return null;
    this.#told = true;
    return `the analyzer failed ${EQUAL_FAILURES_MAX} times in a row (${this.#why}); this run does not ask it again. What has no digest yet waits, and is tried again by \`session-memory maintain\``;
  }
}
