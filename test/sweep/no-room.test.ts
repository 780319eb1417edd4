/** A sweep on a disk that has no room for digests: what was not tried is not lost, and what goes makes room for the next. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { YES_TO_ALL } from '../../src/sweep/ports.ts';
import { exitCodeOf, WARNINGS } from '../../src/sweep/report.ts';
import { sweep } from '../../src/sweep/sweep.ts';
import { card, daysAgo, MemoryStore, memoryDeps } from '../support/memory-store.ts';
import { SEED } from '../support/seed.ts';

const limits = {
  rawSoftCapBytes: 0,
  rawHardCapBytes: 0,
  rawMaxAgeDays: 'off' as const,
  distilledCapBytes: 100,
};
const options = { limits, flags: { analyze: true, dataLoss: true }, reclaim: true, planId: null };

interface Disk {
  /** How many of the sessions can be read at all, oldest first. */
  readonly readable: number;
  readonly unreadable: number;
  /** Digests that the disk has room for, and that each eviction makes room for. */
  readonly room: number;
  readonly gain: number;
}

const disks: fc.Arbitrary<Disk> = fc.record({
  readable: fc.nat(5),
  unreadable: fc.nat(3),
  room: fc.nat(6),
  gain: fc.nat(2),
});

async function swept({ readable, unreadable, room, gain }: Disk) {
  const names = Array.from({ length: readable + unreadable }, (_, n) => `s${n}`);
  const store = new MemoryStore(names.map((name, n) => card(name, { endedAt: daysAgo(30 - n) })));
  const isUnreadable = (uid: string) => Number(uid.slice('test:s'.length)) >= readable;
  let left = room;
  const evict: typeof store.evict = store.evict.bind(store);
  store.evict = (...args) => {
    const fates = evict(...args);
    left += gain * fates.filter(({ kind }) => kind === 'evicted').length;
    return fates;
  };
  const salvaged = new Set<string>();
  const deps = memoryDeps(store, new Set(), {
    analyzer: {
      analyze: async (uid) => {
        if (isUnreadable(uid)) return { ok: false, why: 'unreadable' };
        if (left === 0) return { ok: false, why: 'the disk is full', noRoom: true };
        left -= 1;
        store.analyzed(uid);
        return { ok: true };
      },
      salvage: async (uid) => {
        if (left === 0) return 'no_room';
        left -= 1;
        salvaged.add(uid);
        return undefined;
      },
      remember: async () => undefined,
    },
  });
  const report = await sweep(deps, options, YES_TO_ALL);
  return { store, report, isUnreadable, salvaged };
}

test('nothing is lost that only found no room for its digest, or for what can be kept of it', async () => {
  await fc.assert(
    fc.asyncProperty(disks, async (disk) => {
      const { store, report, isUnreadable, salvaged } = await swept(disk);
      for (const { uid, how } of store.gone) {
        if (how === 'covered') continue;
        expect(isUnreadable(uid), `${uid} could have been analyzed`).toBe(true);
        expect(salvaged.has(uid), `of ${uid} something could have been kept`).toBe(true);
      }
      const isOver = store.usageBytes() > 0;
      expect(report.over_hard_cap).toBe(isOver);
      if (isOver) expect(report.warnings.join('\n')).toMatch(/the disk is too full/);
      expect(exitCodeOf(report)).toBe(report.lost_data ? 3 : isOver ? 4 : 0);
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test('where each eviction makes room for a digest, one that fits is enough for all', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 8 }), async (readable) => {
      const { store, report } = await swept({ readable, unreadable: 0, room: 1, gain: 1 });
      expect(store.usageBytes()).toBe(0);
      expect(report.budget_evicted).toHaveLength(readable);
      expect(report.overflow_data_loss).toEqual([]);
    }),
    { seed: SEED, numRuns: 20 },
  );
});

test('what could not be noted of evicted sessions is told once, with their number, and keeps none from going', async () => {
  const isLarge = fc.array(fc.boolean(), { minLength: 1, maxLength: 250 });
  await fc.assert(
    fc.asyncProperty(isLarge, fc.nat(3), async (large, grown) => {
      const store = new MemoryStore(
        large.map((_, n) => card(`s${n}`, { analyzedAt: daysAgo(20), endedAt: daysAgo(30) })),
      );
      // Some have grown since they were chosen: they stay, and are not told of.
      const evict: typeof store.evict = store.evict.bind(store);
      const hasGrown = (uid: string) => Number(uid.slice('test:s'.length)) < grown;
      store.evict = (victims, ...how) => [
        ...victims.flatMap(({ card: { uid } }) =>
          hasGrown(uid) ? [{ uid, kind: 'skipped' as const, reason: 'it grew' }] : [],
        ),
        ...evict(
          victims.filter(({ card: { uid } }) => !hasGrown(uid)),
          ...how,
        ),
      ];
      const isFull = (uid: string) => large[Number(uid.slice('test:s'.length))] === true;
      const deps = memoryDeps(store, new Set(), {
        analyzer: {
          analyze: async () => ({ ok: false, why: 'nobody asks' }),
          salvage: async () => undefined,
          // As the store does it: with the first that has no room the rest of a batch has nothing noted.
          remember: async (uids) => (uids.some(isFull) ? 'no_room' : undefined),
        },
      });
      const report = await sweep(
        deps,
        { ...options, flags: { analyze: false, dataLoss: false } },
        YES_TO_ALL,
      );
      expect(report.budget_evicted).toHaveLength(Math.max(0, large.length - grown));
      const without = report.budget_evicted.filter(isFull).length;
      const told = report.warnings.filter((text) => text.includes('may be stored again'));
      expect(told).toEqual(without === 0 ? [] : [WARNINGS.notNoted(without)]);
    }),
    { seed: SEED, numRuns: 100 },
  );
});
