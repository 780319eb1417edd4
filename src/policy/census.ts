/**
 * What the policy sees of a store, and the order in which sessions go.
 * Promises: one order of eviction for everything (SPEC §3); plain functions of their arguments.
 * Never: reads a clock, a store or a file.
 */
import type { SessionCard } from '../domain/session.ts';
import { DAY_MS, type Iso, msBetween, plausibleTime } from '../domain/time.ts';

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
  /** Live sessions that no digest covers, pinned ones too. */
  unanalyzed(): Iterable<SessionCard>;
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
  return (
    compareText(evictionKey(a, now), evictionKey(b, now)) ||
    compareText(plausibleTime(a.endedAt, now) ?? '', plausibleTime(b.endedAt, now) ?? '') ||
    compareText(a.uid, b.uid)
  );
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
