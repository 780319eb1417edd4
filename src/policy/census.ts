/**
 * What the policy sees of a store, and the order in which sessions go.
 * Promises: one order of eviction for everything; plain functions of their arguments.
 * Never: reads a clock, a store or a file.
 */
import { broken } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { SessionCard } from '../domain/session.ts';
import { DAY_MS, type Iso, msBetween, plausibleTime } from '../domain/time.ts';

/** Cards that nobody looks at one by one. */
export interface CardSum {
  readonly sessions: number;
  readonly storedBytes: number;
  /** What `namedCards` gives of them, in order of eviction. */
  readonly named: string;
}

/** A store at one moment. The iterables may be lazy, are in order of eviction, and are walked only as far as needed. */
export interface Census {
  /** Stored bytes of all live sessions. */
  readonly usageBytes: number;
  /** Stored bytes of live sessions that are pinned. */
  readonly pinnedBytes: number;
  readonly distilledBytes: number;
  evictable(): Iterable<SessionCard>;
  /** Evictable sessions older than `ageDaysMax`, strictly. */
  evictableOlderThan(ageDaysMax: number): Iterable<SessionCard>;
  /** The same ones added up, by a store that does so quicker than it can give them out. */
  sumOlderThan?(ageDaysMax: number): CardSum;
  /** Live sessions that no digest covers, pinned ones too. */
  unanalyzed(): Iterable<SessionCard>;
  /** Whether its bytes are safe elsewhere. Where this is told, nothing goes that is not, and nothing is lost. */
  isSafe?(card: SessionCard): boolean;
}

/** Analyzed, covered, not pinned, not evicted. `analyzedAt` is set exactly while the digest covers every stored byte. */
export function isEvictable(card: SessionCard): boolean {
  return card.analyzedAt !== null && !card.pinned && card.evictedAt === null;
}

/** Live and not covered by a digest. */
export function isUnanalyzed(card: SessionCard): boolean {
  return card.analyzedAt === null && card.evictedAt === null;
}

/** The key of the order: `analyzed_at`, else `ended_at`, else `ingested_at`, else the empty string. */
export function evictionKey(card: SessionCard, now: Iso): string {
  return (
    plausibleTime(card.analyzedAt, now) ??
    plausibleTime(card.endedAt, now) ??
    plausibleTime(card.ingestedAt, now) ??
    ''
  );
}

/** Negative where `a` goes before `b`; ties by `ended_at`, then `session_uid`. Total: 0 only for the same session. */
export function compareEviction(a: SessionCard, b: SessionCard, now: Iso): number {
  return compareText(evictionKey(a, now), evictionKey(b, now)) || compareTied(a, b, now);
}

function compareTied(a: SessionCard, b: SessionCard, now: Iso): number {
  return (
    compareText(plausibleTime(a.endedAt, now) ?? '', plausibleTime(b.endedAt, now) ?? '') ||
    compareText(a.uid, b.uid)
  );
}

/** Cards and what is stored of each, as JSON: what a plan's fingerprint names. */
export function namedCards(cards: Iterable<SessionCard>): string {
  const named: [SessionUid, number, number][] = [];
  for (const { uid, generation, storedBytes } of cards) named.push([uid, generation, storedBytes]);
  return JSON.stringify(named);
}

/** Holds whoever made cards to the one order: a store that sorts otherwise is a bug. */
export class OrderCheck {
  readonly #now: Iso;
  #last: SessionCard | null = null;
  #lastKey = '';

  constructor(now: Iso) {
    this.#now = now;
  }

  /** The next card. Throws where it goes before the one before it, or is the same. */
  next(card: SessionCard): void {
    const key = evictionKey(card, this.#now);
    const last = this.#last;
    if (
      last !== null &&
      key <= this.#lastKey &&
      (key < this.#lastKey || compareTied(last, card, this.#now) >= 0)
    )
      throw broken(`sessions out of order: ${last.uid} before ${card.uid}`);
    this.#last = card;
    this.#lastKey = key;
  }
}

/** Milliseconds since the session ended (else started, else was ingested); null where no time is known. */
export function ageMs(card: SessionCard, now: Iso): number | null {
  const since =
    plausibleTime(card.endedAt, now) ??
    plausibleTime(card.startedAt, now) ??
    plausibleTime(card.ingestedAt, now);
  return since === null ? null : msBetween(since, now);
}

/** Strictly older: exactly at the limit stays. A session without an age is never too old. */
export function isOlderThan(card: SessionCard, ageDaysMax: number, now: Iso): boolean {
  const age = ageMs(card, now);
  return age !== null && age > ageDaysMax * DAY_MS;
}

/**
 * The same store where nothing goes that is nowhere else: only sessions are evictable whose bytes are safe elsewhere. All are still
 * analyzed, and count as they did.
 */
export function withOnlySafe(census: Census, isSafe: (card: SessionCard) => boolean): Census {
  const { sumOlderThan: _sum, ...rest } = census;
  return {
    ...rest,
    isSafe,
    evictable: () => safeOf(census.evictable(), isSafe),
    evictableOlderThan: (days) => safeOf(census.evictableOlderThan(days), isSafe),
  };
}

function* safeOf(
  cards: Iterable<SessionCard>,
  isSafe: (card: SessionCard) => boolean,
): Generator<SessionCard> {
  for (const card of cards) if (isSafe(card)) yield card;
}

/** A census of cards in memory, in whatever order they come. */
export function censusOf(cards: readonly SessionCard[], distilledBytes: number, now: Iso): Census {
  const ordered = [...cards].sort((a, b) => compareEviction(a, b, now));
  const live = ordered.filter((card) => card.evictedAt === null);
  const sum = (list: readonly SessionCard[]) => list.reduce((bytes, card) => bytes + card.storedBytes, 0);
  return {
    usageBytes: sum(live),
    pinnedBytes: sum(live.filter((card) => card.pinned)),
    distilledBytes,
    evictable: () => ordered.filter(isEvictable),
    evictableOlderThan: (days) => ordered.filter((card) => isEvictable(card) && isOlderThan(card, days, now)),
    unanalyzed: () => ordered.filter(isUnanalyzed),
  };
}

/** By code units, as SQLite's BINARY collation orders ASCII; never by locale. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
