/**
 * The passes, each as a pure choice of victims. What can delete the wrong thing is decided here and nowhere else.
 * Promises: victims come in order of eviction, each with its reason; budget and backstop never name an un-analyzed session; the pass to
 * the bucket names only what is safe there.
 * Never: names a pinned or an evicted session.
 */
import { broken } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { Limits } from '../domain/limits.ts';
import type { SessionCard } from '../domain/session.ts';
import { DAY_MS, type Iso } from '../domain/time.ts';
import { ageMs, type Census, isEvictable, isUnanalyzed, OrderCheck } from './census.ts';

/** Bytes in words, by the caller: the policy knows no form of units. */
export type FormatBytes = (bytes: number) => string;

/** Why a session goes; `explain` puts it into words. */
export type EvictionReason =
  | { readonly kind: 'too_old'; readonly ageDays: number; readonly ageDaysMax: number }
  | { readonly kind: 'over_soft_cap'; readonly usageBytes: number; readonly capBytes: number }
  | { readonly kind: 'over_soft_cap_once_analyzed'; readonly usageBytes: number; readonly capBytes: number }
  | { readonly kind: 'to_bucket'; readonly usageBytes: number; readonly capBytes: number }
  | { readonly kind: 'last_resort'; readonly usageBytes: number; readonly capBytes: number };

export interface Victim {
  readonly card: SessionCard;
  readonly reason: EvictionReason;
}

/** Sessions that the user keeps out, and those that an earlier pass of the same plan already takes. */
export type Excluded = ReadonlySet<SessionUid>;
const NONE: Excluded = new Set();

/** Pass 1: every evictable session strictly older than the limit goes, whatever the usage. */
export function backstopVictims(census: Census, limits: Limits, now: Iso, excluded = NONE): Victim[] {
  const ageDaysMax = limits.rawMaxAgeDays;
  if (ageDaysMax === 'off') return [];
  const victims: Victim[] = [];
  const order = new OrderCheck(now);
  for (const card of census.evictableOlderThan(ageDaysMax)) {
    order.next(card);
    const age = ageMs(card, now);
    if (age === null || age <= ageDaysMax * DAY_MS || !isEvictable(card))
      throw broken(`backstop was offered ${card.uid}`);
    if (excluded.has(card.uid)) continue;
    victims.push({ card, reason: { kind: 'too_old', ageDays: age / DAY_MS, ageDaysMax } });
  }
  return victims;
}

/** Pass 2: while usage is above the soft cap, evictable sessions go in order; stops at the cap or when none is left. */
export function budgetVictims(
  census: Census,
  usageBytes: number,
  limits: Limits,
  now: Iso,
  excluded = NONE,
): Victim[] {
  const capBytes = limits.rawSoftCapBytes;
  if (usageBytes <= capBytes) return [];
  const order = new OrderCheck(now);
  return untilUnder(census.evictable(), usageBytes, capBytes, (card) => {
    order.next(card);
    if (!isEvictable(card)) throw broken(`budget was offered ${card.uid}`);
    return !excluded.has(card.uid);
  }).map(({ card, usageBytes: before }) => ({
    card,
    reason: { kind: 'over_soft_cap', usageBytes: before, capBytes },
  }));
}

/**
 * Instead of a loss, where there is a bucket: un-analyzed sessions whose bytes are safe there go in order while usage is above the hard
 * cap. Nothing is lost by it, so it takes whom it can also where all of them are not enough.
 */
export function toBucketVictims(
  census: Census,
  usageBytes: number,
  limits: Limits,
  now: Iso,
  excluded = NONE,
): Victim[] {
  const capBytes = limits.rawHardCapBytes;
  const { isSafe } = census;
  if (isSafe === undefined || usageBytes <= capBytes) return [];
  const order = new OrderCheck(now);
  return untilUnder(census.unanalyzed(), usageBytes, capBytes, (card) => {
    order.next(card);
    if (!isUnanalyzed(card)) throw broken(`the pass to the bucket was offered ${card.uid}`);
    return !card.pinned && !excluded.has(card.uid) && isSafe(card);
  }).map(({ card, usageBytes: before }) => ({
    card,
    reason: { kind: 'to_bucket', usageBytes: before, capBytes },
  }));
}

/** What a pass decides on: the store as it stands when its turn comes. */
export interface PassInput {
  readonly census: Census;
  /** Less than the census says where a plan lets earlier passes free something. */
  readonly usageBytes: number;
  readonly limits: Limits;
  readonly now: Iso;
  readonly excluded: Excluded;
}

/** A pass that evicts without a loss: what has a digest, or is safe in the bucket. */
interface EvictingPassRow<Name extends string> {
  readonly name: Name;
  readonly select: (input: PassInput) => Victim[];
  /** The usage in bytes at which it stops; null: it takes all that it selects. */
  readonly untilBytes: (limits: Limits) => number | null;
  /** What it does under these limits, in one sentence. */
  readonly says: (limits: Limits, bytes: FormatBytes) => string;
  /** What it is, for a list of words: the end of "first pass: …". */
  readonly means: string;
  /** Why those go that it takes, as the end of "14 sessions go: …". */
  readonly why: (limits: Limits) => string;
  /** What is said where a person is asked whether it may run. */
  readonly asked: AskedWords;
}

/** Of one pass, whoever is about to go: a screen puts the numbers before it. */
export interface AskedWords {
  /** As the end of "Evict 14 sessions: …"; `isShort` where there is little room. */
  readonly takes: (isShort: boolean) => string;
  /** The sentence where it takes nobody. */
  readonly takesNobody: (limits: Limits, usageBytes: number) => string;
  /** A second sentence, either way. */
  readonly more: (limits: Limits) => string;
}

function row<Name extends string>(pass: EvictingPassRow<Name>): EvictingPassRow<Name> {
  return pass;
}

const BUDGET = row({
  name: 'budget',
  select: ({ census, usageBytes, limits, now, excluded }) =>
    budgetVictims(census, usageBytes, limits, now, excluded),
  untilBytes: (limits) => limits.rawSoftCapBytes,
  says: (limits, bytes) =>
    `budget: evict analyzed sessions, oldest analyzed first, until usage is at most ${bytes(limits.rawSoftCapBytes)}`,
  means: 'over the soft cap, evicts the oldest digests first until under it',
  why: () => 'to get under the soft cap',
  asked: {
    takes: (isShort) => `${isShort ? 'oldest' : 'oldest analyzed'} first, to the soft cap`,
    takesNobody: (limits, usageBytes) =>
      usageBytes <= limits.rawSoftCapBytes
        ? 'Usage is within the soft cap.'
        : 'Over the soft cap, but no analyzed session can go.',
    more: () => 'Raw bytes go, the digests stay. What has no digest is not touched.',
  },
});

/** In the order in which they run, before the overflow. The plan, the run and its report follow this list: one more pass is one more row. */
export const EVICTING_PASSES = [
  row({
    name: 'backstop',
    select: ({ census, limits, now, excluded }) => backstopVictims(census, limits, now, excluded),
    untilBytes: () => null,
    says: ({ rawMaxAgeDays }) =>
      rawMaxAgeDays === 'off'
        ? 'backstop: switched off'
        : `backstop: evict analyzed sessions older than ${rawMaxAgeDays} days`,
    means: 'evicts what is older than the age limit',
    why: ({ rawMaxAgeDays }) => `older than ${rawMaxAgeDays} days`,
    asked: {
      takes: () => 'analyzed and too old',
      takesNobody: () => 'No analyzed session is too old.',
      more: ({ rawMaxAgeDays }) =>
        rawMaxAgeDays === 'off'
          ? 'The backstop is switched off.'
          : `The limit is ${rawMaxAgeDays} days. Raw bytes go, the digests stay.`,
    },
  }),
  BUDGET,
] as const;

/** The last step of the overflow in a store that has joined a bucket, where any other has the data loss. */
export const PASS_TO_BUCKET = row({
  name: 'bucket',
  select: ({ census, usageBytes, limits, now, excluded }) =>
    toBucketVictims(census, usageBytes, limits, now, excluded),
  untilBytes: (limits) => limits.rawHardCapBytes,
  says: (limits, bytes) =>
    `bucket: if usage is still above ${bytes(limits.rawHardCapBytes)}, leave un-analyzed sessions that are in the bucket to it alone; nothing is lost`,
  means: 'over the hard cap, leaves un-analyzed sessions to the bucket alone',
  why: () => 'to get under the hard cap; their bytes are in the bucket',
  asked: {
    takes: (isShort) =>
      isShort ? 'the bucket keeps them' : 'un-analyzed, to the hard cap; the bucket keeps them',
    takesNobody: (limits, usageBytes) =>
      usageBytes <= limits.rawHardCapBytes
        ? 'Usage is within the hard cap.'
        : 'Over the hard cap, but no un-analyzed session in the bucket can go.',
    more: () =>
      'Their bytes stay in the bucket only, and come back whenever they are wanted. Nothing is lost.',
  },
});

/** Every pass that evicts without a loss, in the order in which they run. */
export const LOSSLESS_PASSES = [...EVICTING_PASSES, PASS_TO_BUCKET] as const;
export type EvictingPass = (typeof LOSSLESS_PASSES)[number];
export type EvictingPassName = EvictingPass['name'];

export function evictingPass(pass: string): EvictingPass | null {
  return LOSSLESS_PASSES.find(({ name }) => name === pass) ?? null;
}

/** Under this key a report lists whom the pass evicted. */
export function evictedKey<Name extends EvictingPassName>(pass: Name): `${Name}_evicted` {
  return `${pass}_evicted`;
}
export type EvictedKey = `${EvictingPassName}_evicted`;

/** The one that runs again once the overflow has made digests. */
export const PASS_AFTER_ANALYSIS: EvictingPass = BUDGET;

export type PassName = EvictingPassName | 'overflow';
/** Those of a store without a bucket. */
export const PASSES: readonly PassName[] = [...EVICTING_PASSES.map(({ name }) => name), 'overflow'];
export const ALL_PASSES: readonly PassName[] = [...PASSES, PASS_TO_BUCKET.name];

/** Pass 3 (a): every live un-analyzed session, pinned ones too: a digest harms nothing. */
export function sessionsToAnalyze(census: Census, now: Iso): SessionCard[] {
  const order = new OrderCheck(now);
  const waiting = [...census.unanalyzed()];
  for (const card of waiting) order.next(card);
  return waiting;
}

/** Pass 3 (b) as a forecast: what the second budget pass takes if every analysis succeeds. */
export function budgetOnceAnalyzed(
  analyzed: readonly SessionCard[],
  usageBytes: number,
  limits: Limits,
): Victim[] {
  const capBytes = limits.rawSoftCapBytes;
  return untilUnder(analyzed, usageBytes, capBytes, (card) => !card.pinned).map(
    ({ card, usageBytes: before }) => ({
      card,
      reason: { kind: 'over_soft_cap_once_analyzed', usageBytes: before, capBytes },
    }),
  );
}

/** The outcome of pass 3 (c): whom it takes, or that taking all of them would not be enough. */
export interface LastResort {
  readonly victims: readonly Victim[];
  /** True where usage is above the hard cap and all candidates together would not bring it under: none is taken. */
  readonly insufficient: boolean;
}

/** Pass 3 (c), the last resort: un-analyzed sessions in order while usage is above the hard cap, and no further. */
export function lastResortVictims(
  candidates: readonly SessionCard[],
  usageBytes: number,
  limits: Limits,
): LastResort {
  const capBytes = limits.rawHardCapBytes;
  const losable = candidates.filter((card) => isUnanalyzed(card) && !card.pinned);
  const taken = untilUnder(losable, usageBytes, capBytes, () => true);
  const freedBytes = taken.reduce((bytes, { card }) => bytes + card.storedBytes, 0);
  if (usageBytes - freedBytes > capBytes) return { victims: [], insufficient: true };
  return {
    victims: taken.map(({ card, usageBytes: before }) => ({
      card,
      reason: { kind: 'last_resort', usageBytes: before, capBytes },
    })),
    insufficient: false,
  };
}

/** Takes cards while `usageBytes` is above `capBytes`. One that frees nothing is passed over: dropping it helps nobody. */
function untilUnder(
  cards: Iterable<SessionCard>,
  usageBytes: number,
  capBytes: number,
  takes: (card: SessionCard) => boolean,
): { card: SessionCard; usageBytes: number }[] {
  const taken: { card: SessionCard; usageBytes: number }[] = [];
  let leftBytes = usageBytes;
  if (leftBytes <= capBytes) return taken;
  for (const card of cards) {
    if (!takes(card) || card.storedBytes === 0) continue;
    taken.push({ card, usageBytes: leftBytes });
    leftBytes -= card.storedBytes;
    if (leftBytes <= capBytes) break;
  }
  return taken;
}
