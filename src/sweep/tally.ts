/**
 * What a sweep has done so far, as its report will tell it.
 * Promises: each session is in the order of action; nothing is taken back.
 */
import type { SessionUid } from '../domain/ids.ts';
import type { Victim } from '../policy/passes.ts';
import type { Fate, StepName } from './ports.ts';
import type { Report } from './report.ts';

type Counted = Pick<
  Report,
  | 'backstop_evicted'
  | 'budget_evicted'
  | 'overflow_analyzed'
  | 'overflow_data_loss'
  | 'bytes_freed'
  | 'declined'
  | 'skipped'
  | 'warnings'
  | 'lost_data'
>;

export class Tally {
  readonly backstop: SessionUid[] = [];
  /** Both budget runs, in order. */
  readonly budget: SessionUid[] = [];
  readonly analyzed: SessionUid[] = [];
  readonly lost: SessionUid[] = [];
  readonly declined: StepName[] = [];
  readonly skipped: { session_uid: SessionUid; reason: string }[] = [];
  readonly warnings: string[] = [];
  freedBytes = 0;

  /** `taken`: the list of this tally that an eviction of this step belongs to. */
  record(fate: Fate, taken: SessionUid[]): void {
    if (fate.kind === 'skipped') {
      this.skipped.push({ session_uid: fate.uid, reason: fate.reason });
      return;
    }
    taken.push(fate.uid);
    this.freedBytes += fate.freedBytes;
  }

  keptOut(
    victims: readonly Victim[],
    keepOut: ReadonlySet<SessionUid>,
    isPinned: (uid: SessionUid) => boolean,
  ): void {
    for (const { card } of victims) {
      if (!keepOut.has(card.uid)) continue;
      const reason = isPinned(card.uid) ? 'pinned by the user' : 'kept out by the user';
      this.skipped.push({ session_uid: card.uid, reason });
    }
  }

  decline(step: StepName, victims: readonly Victim[]): void {
    this.declined.push(step);
    for (const { card } of victims)
      this.skipped.push({ session_uid: card.uid, reason: `${step} was skipped` });
  }

  report(): Counted {
    return {
      backstop_evicted: this.backstop,
      budget_evicted: this.budget,
      overflow_analyzed: this.analyzed,
      overflow_data_loss: this.lost,
      bytes_freed: this.freedBytes,
      declined: this.declined,
      skipped: this.skipped,
      warnings: this.warnings,
      lost_data: this.lost.length > 0,
    };
  }
}
