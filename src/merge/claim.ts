/**
 * What a digest of an archive may claim beside the one that is here.
 * Promises: pure; a stranger's stands for nothing of one's own, and one that says nothing for nothing at all; of two of the same the
 * one that is here stays, unless the other is better and knows no less.
 */
import type { Here, OfferedSession } from './decide.ts';

export interface DigestFacts {
  readonly kind: OfferedSession['kind'];
  /** The archive's of its present content; null: none, or of no form. */
  readonly theirs: {
    /** Its store had it from a stranger's archive. */
    readonly isStrangers: boolean;
    readonly complete: boolean;
    readonly version: number;
    /** It tells of something that was said or done. */
    readonly says: boolean;
  } | null;
  /** The newest one here of what theirs is of, strangers' left out; null: none. */
  readonly ours: { readonly complete: boolean; readonly version: number; readonly isOfAll: boolean } | null;
  /** Bytes come of which the one here knows nothing. */
  readonly adds: boolean;
  /** What is live here has lines that its agent removed. */
  readonly hasRemoved: boolean;
  /** Of two of the same content theirs would be kept, in any store. */
  readonly isBetter: boolean;
  /** Theirs lacks something that the one here tells. */
  readonly losesFacts: boolean;
}

export function claimOf(here: Here, facts: DigestFacts): OfferedSession['digest'] {
  const { kind, theirs, ours } = facts;
  if (theirs === null) return 'none';
  if (theirs.isStrangers) return here.isDigestAlone ? 'nothing' : 'none';
  if (theirs.complete ? !theirs.says : here.isDigestAlone) return 'nothing';
  // A digest is of the whole log: one that was made without the lines that were removed here is of less.
  if (kind === 'evicted' && here.state === 'live' && facts.hasRemoved) return 'worse';
  if (ours === null) return 'better';
  // Of what is evicted on both sides nothing can be read again: an older form takes no newer one's place.
  const isOlder = kind === 'evicted' && here.state === 'evicted' && theirs.version < ours.version;
  if (isOlder && ours.isOfAll) return 'worse';
  const isOfLess = !ours.isOfAll || (!ours.complete && theirs.complete) || facts.adds;
  if (!isOfLess && !facts.isBetter) return 'worse';
  return facts.losesFacts ? 'worse' : 'better';
}
