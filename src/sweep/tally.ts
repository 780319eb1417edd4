/**
 * What a sweep has done so far, as its report will tell it.
 * Promises: a session stands once, by its last fate, in the order in which the fates fell.
 */
import type { SessionUid } from '../domain/ids.ts';
import { type EvictingPassName, PASS_TO_BUCKET, type Victim } from '../policy/passes.ts';
import type { Fate, StepName } from './ports.ts';
import { type EvictedLists, evictedLists, type Report, WARNINGS } from './report.ts';

type Counted = Pick<
  Report,
  | keyof EvictedLists
  | 'overflow_analyzed'
  | 'overflow_data_loss'
  | 'bytes_freed'
  | 'declined'
  | 'skipped'
  | 'warnings'
  | 'lost_data'
>;

/** What a session went by; both runs of the budget are one. */
export type EvictedBy = EvictingPassName | 'data_loss';

/** Where the report tells of it. */
type Listing = { readonly list: EvictedBy } | { readonly list: 'skipped'; readonly reason: string };

export class Tally {
  readonly #fates = new Map<SessionUid, Listing>();
  readonly analyzed: SessionUid[] = [];
  readonly declined: StepName[] = [];
  readonly warnings: string[] = [];
  freedBytes = 0;
  /** What these said could not be noted before they went. */
  readonly #notNoted = new Set<SessionUid>();
  /** Something was, whatever became of that session since. */
  hasLost = false;

  record(fate: Fate, list: EvictedBy): void {
    if (fate.kind === 'skipped') {
      this.#tell(fate.uid, { list: 'skipped', reason: fate.reason });
      return;
    }
    this.#tell(fate.uid, { list });
    this.freedBytes += fate.freedBytes;
    if (list === 'data_loss') this.hasLost = true;
  }

  warnOnce(text: string): void {
    if (!this.warnings.includes(text)) this.warnings.push(text);
  }

  notNoted(uid: SessionUid): void {
    this.#notNoted.add(uid);
  }

  /** Once, for all that went so; one that stayed can be noted when it goes. */
  warnOfNotNoted(): void {
    const gone = [...this.#notNoted].filter(
      (uid) => !['skipped', undefined].includes(this.#fates.get(uid)?.list),
    );
    if (gone.length > 0) this.warnings.push(WARNINGS.notNoted(gone.length));
  }

  /** What lies in the bucket only and has no digest yet should be known of. */
  warnOfBucketOnly(): void {
    const count = this.#in(PASS_TO_BUCKET.name).length;
    if (count > 0) this.warnings.push(WARNINGS.bucketOnly(count));
  }

  keptOut(uid: SessionUid, isPinned: boolean): void {
    this.#tell(uid, { list: 'skipped', reason: isPinned ? 'pinned by the user' : 'kept out by the user' });
  }

  /** It is no longer kept out, and nothing else has become of it yet. */
  letGo(uid: SessionUid): void {
    this.#fates.delete(uid);
  }

  decline(step: StepName, victims: readonly Victim[]): void {
    this.declined.push(step);
    for (const { card } of victims) this.#tell(card.uid, { list: 'skipped', reason: `${step} was skipped` });
  }

  #tell(uid: SessionUid, told: Listing): void {
    this.#fates.delete(uid);
    this.#fates.set(uid, told);
  }

  #in(list: Listing['list']): SessionUid[] {
    return [...this.#fates].filter(([, told]) => told.list === list).map(([uid]) => uid);
  }

  report(): Counted {
    return {
      ...evictedLists((pass) => this.#in(pass)),
      overflow_analyzed: this.analyzed,
      overflow_data_loss: this.#in('data_loss'),
      bytes_freed: this.freedBytes,
      declined: this.declined,
      skipped: [...this.#fates].flatMap(([session_uid, told]) =>
        told.list === 'skipped' ? [{ session_uid, reason: told.reason }] : [],
      ),
      warnings: this.warnings,
      lost_data: this.hasLost,
    };
  }
}
