/**
 * Pins of a walk through a sweep, which another thread writes.
 * Promises: no decision overtakes a pin that was asked for before it, and whom one could not pin stays out of what is decided.
 */
import type { SessionUid } from '../domain/ids.ts';
import type { Decision } from '../sweep/ports.ts';
import type { Services } from './ports.ts';

export class Pins {
  readonly #services: Pick<Services, 'pin'>;
  readonly #failed = new Set<SessionUid>();
  #last: Promise<void> = Promise.resolve();

  constructor(services: Pick<Services, 'pin'>) {
    this.#services = services;
  }

  set(uid: SessionUid, pinned: boolean): Promise<boolean> {
    const written = this.#services.pin([uid], pinned);
    const settled = written.then(
      () => void this.#failed.delete(uid),
      () => void (pinned && this.#failed.add(uid)),
    );
    this.#last = Promise.all([this.#last, settled]).then(() => undefined);
    return written;
  }

  /** The decision, once all that was asked for before is written. */
  async heeded(decision: Decision): Promise<Decision> {
    await this.#last;
    if (decision.kind === 'stop' || this.#failed.size === 0) return decision;
    return { ...decision, keepOut: new Set([...(decision.keepOut ?? []), ...this.#failed]) };
  }
}
