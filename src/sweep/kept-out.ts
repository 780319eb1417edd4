/**
 * What a person keeps out of a sweep.
 * Promises: who is kept out of one pass is kept out of every later one, until the same person lets it go.
 */
import type { SessionUid } from '../domain/ids.ts';
import type { Choices } from './ports.ts';

export class KeptOut {
  readonly #uids = new Set<SessionUid>();

  get uids(): ReadonlySet<SessionUid> {
    return this.#uids;
  }

  has(uid: SessionUid): boolean {
    return this.#uids.has(uid);
  }

  /** Who is named in both is kept out: of two mistakes that is the one that can be put right. */
  heed({ keepOut, letGo }: Choices): void {
    for (const uid of letGo ?? []) this.#uids.delete(uid);
    for (const uid of keepOut ?? []) this.#uids.add(uid);
  }
}
