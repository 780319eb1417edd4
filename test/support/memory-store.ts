/** A sweep's store in memory, written from the rules and from nothing of the product's store. */
import type { SessionUid } from '../../src/domain/ids.ts';
import type { SessionCard } from '../../src/domain/session.ts';
import type { Iso } from '../../src/domain/time.ts';
import { censusOf, withOnlySafe } from '../../src/policy/census.ts';
import type { Fate, SweepDeps, SweepStore } from '../../src/sweep/ports.ts';
import type { Report } from '../../src/sweep/report.ts';

export const NOW = '2026-06-01T00:00:00.000Z' as Iso;
export const daysAgo = (days: number) => new Date(Date.parse(NOW) - days * 86_400_000).toISOString() as Iso;

export function card(name: string, about: Partial<SessionCard> = {}): SessionCard {
  return {
    uid: `test:${name}` as SessionUid,
    agent: 'test' as SessionCard['agent'],
    project: null,
    title: null,
    startedAt: null,
    endedAt: null,
    ingestedAt: daysAgo(1),
    analyzedAt: null,
    evictedAt: null,
    pinned: false,
    generation: 1,
    rawBytes: 0,
    storedBytes: 10,
    ...about,
  };
}

/** Why something went: `covered` by a digest, `lost`, or without a digest and kept by the bucket. */
export type Gone = {
  readonly uid: SessionUid;
  readonly how: 'covered' | 'lost' | 'in_bucket';
  readonly wasAnalyzed: boolean;
};

export class MemoryStore implements SweepStore {
  readonly cards = new Map<SessionUid, SessionCard>();
  readonly gone: Gone[] = [];
  locked = false;
  distilled = 0;
  report: Report | null = null;
  /** What the bucket has, by generation; null: the store has joined none. */
  readonly bucket: ReadonlyMap<SessionUid, number> | null;

  constructor(cards: readonly SessionCard[], bucket: ReadonlyMap<SessionUid, number> | null = null) {
    for (const one of cards) this.cards.set(one.uid, one);
    this.bucket = bucket;
  }

  withCensus<T>(now: Iso, read: (census: ReturnType<typeof censusOf>) => T): T {
    const all = censusOf([...this.cards.values()], this.distilled, now);
    return read(this.bucket === null ? all : withOnlySafe(all, (one) => this.#isInBucket(one)));
  }

  #isInBucket({ uid, generation }: SessionCard): boolean {
    return this.bucket?.get(uid) === generation;
  }

  notInBucket(): number | null {
    if (this.bucket === null) return null;
    return [...this.cards.values()].filter(
      (one) => one.evictedAt === null && !one.pinned && one.storedBytes > 0 && !this.#isInBucket(one),
    ).length;
  }

  usageBytes(): number {
    return [...this.cards.values()].reduce(
      (sum, one) => sum + (one.evictedAt === null ? one.storedBytes : 0),
      0,
    );
  }

  distilledBytes(): number {
    return this.distilled;
  }

  card(uid: SessionUid): SessionCard | null {
    return this.cards.get(uid) ?? null;
  }

  evict: SweepStore['evict'] = (victims, _context, untilUsageBytes) => {
    const fates: Fate[] = [];
    for (const victim of victims) {
      if (untilUsageBytes !== null && this.usageBytes() <= untilUsageBytes) break;
      const now = this.cards.get(victim.card.uid);
      const why =
        this.#changed(now, victim.card) ??
        (now?.analyzedAt == null ? 'no longer analyzed' : null) ??
        this.#notThere(victim.card);
      fates.push(
        why === null
          ? this.#drop(victim.card.uid, 'covered')
          : { uid: victim.card.uid, kind: 'skipped', reason: why },
      );
    }
    return fates;
  };

  leaveToBucket: SweepStore['leaveToBucket'] = (victims, _context, untilUsageBytes) => {
    const fates: Fate[] = [];
    for (const { card: then } of victims) {
      if (untilUsageBytes !== null && this.usageBytes() <= untilUsageBytes) break;
      const now = this.cards.get(then.uid);
      const isDigested = now?.analyzedAt != null ? 'analyzed meanwhile' : null;
      const why = this.#changed(now, then) ?? isDigested ?? this.#notThere(then);
      fates.push(
        why === null ? this.#drop(then.uid, 'in_bucket') : { uid: then.uid, kind: 'skipped', reason: why },
      );
    }
    return fates;
  };

  #notThere(card: SessionCard): string | null {
    return this.bucket === null || this.#isInBucket(card) ? null : 'not in the bucket';
  }

  lose: SweepStore['lose'] = (victim, _context, hardCapBytes) => {
    const skip = (reason: string): Fate => ({ uid: victim.card.uid, kind: 'skipped', reason });
    if (this.bucket !== null) return skip('nothing is lost where there is a bucket');
    if (this.usageBytes() <= hardCapBytes) return skip('no longer needed');
    const others = [...this.cards.values()].filter(
      (one) => one.evictedAt === null && !one.pinned && one.analyzedAt !== null && one.storedBytes > 0,
    );
    if (others.length > 0) return skip('an analyzed one can go');
    const now = this.cards.get(victim.card.uid);
    const why = this.#changed(now, victim.card) ?? (now?.analyzedAt != null ? 'analyzed meanwhile' : null);
    return why === null ? this.#drop(victim.card.uid, 'lost') : skip(why);
  };

  #changed(now: SessionCard | undefined, then: SessionCard): string | null {
    if (now === undefined || now.evictedAt !== null) return 'evicted meanwhile';
    if (now.pinned) return 'pinned meanwhile';
    return now.generation === then.generation ? null : 'grew meanwhile';
  }

  #drop(uid: SessionUid, how: Gone['how']): Fate {
    const one = this.cards.get(uid);
    if (one === undefined) throw new Error('dropped twice');
    this.gone.push({ uid, how, wasAnalyzed: one.analyzedAt !== null });
    this.cards.set(uid, { ...one, evictedAt: NOW });
    return { uid, kind: 'evicted', freedBytes: one.storedBytes };
  }

  async untilWritable(): Promise<boolean> {
    return true;
  }

  takeLock() {
    if (this.locked) return null;
    this.locked = true;
    return {
      release: () => {
        this.locked = false;
      },
    };
  }

  diskBytes(): number {
    return this.usageBytes();
  }

  async reclaim(onStep: (leftBytes: number) => void): Promise<void> {
    onStep(0);
  }

  begin(): void {
    if (this.report !== null) throw new Error('a sweep began after its report');
  }

  finish(report: Report): void {
    this.report = report;
  }

  /** Marks a session analyzed, as a digest would. */
  analyzed(uid: SessionUid): void {
    const one = this.cards.get(uid);
    if (one !== undefined) this.cards.set(uid, { ...one, analyzedAt: NOW });
  }
}

/** Dependencies around a memory store; sessions in `unreadable` fail to be analyzed. */
export function memoryDeps(
  store: MemoryStore,
  unreadable: ReadonlySet<string> = new Set(),
  overrides: Partial<SweepDeps> = {},
): SweepDeps {
  return {
    store,
    analyzer: {
      analyze: async (uid) => {
        if (unreadable.has(uid)) return { ok: false, why: 'unreadable' };
        store.analyzed(uid);
        return { ok: true };
      },
      salvage: async () => undefined,
      remember: async () => undefined,
    },
    clock: { now: () => NOW, monotonicMs: () => 0, isSet: true },
    bytes: String,
    hash: (text) => new Bun.CryptoHasher('sha256').update(text).digest('hex'),
    newSweepId: () => 'sweep-1',
    progress: () => undefined,
    signal: new AbortController().signal,
    ...overrides,
  };
}
