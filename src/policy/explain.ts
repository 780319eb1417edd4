/** Decisions in words. Every sentence is made from a reason's data. */
import type { Limits } from '../domain/limits.ts';
import { type EvictionReason, evictingPass, type FormatBytes, type PassName } from './passes.ts';

/** Why one session goes, as the end of "UID goes: …". */
export function explainReason(reason: EvictionReason, bytes: FormatBytes): string {
  switch (reason.kind) {
    case 'too_old':
      return `${reason.ageDays.toFixed(1)} days old, the limit is ${reason.ageDaysMax}; its digest stays`;
    case 'over_soft_cap':
      return `usage ${bytes(reason.usageBytes)} is over the soft cap ${bytes(reason.capBytes)}, oldest analyzed first; its digest stays`;
    case 'over_soft_cap_once_analyzed':
      return `goes once it is analyzed: usage ${bytes(reason.usageBytes)} is over the soft cap ${bytes(reason.capBytes)}`;
    case 'to_bucket':
      return `un-analyzed, and usage ${bytes(reason.usageBytes)} is over the hard cap ${bytes(reason.capBytes)}: the bucket alone keeps it`;
    case 'last_resort':
      return `data loss: un-analyzed, and usage ${bytes(reason.usageBytes)} is over the hard cap ${bytes(reason.capBytes)}`;
    default:
      return reason satisfies never;
  }
}

/** What a pass does under these limits, one sentence. `hasBucket`: nothing is lost there. */
export function explainPass(pass: PassName, limits: Limits, bytes: FormatBytes, hasBucket: boolean): string {
  const last = hasBucket ? '' : ', and lose un-analyzed sessions as the last resort';
  return (
    evictingPass(pass)?.says(limits, bytes) ??
    `overflow: if usage is still above ${bytes(limits.rawHardCapBytes)}, analyze what waits, run the budget again${last}`
  );
}
