/** Stores of several machines merged into one: nothing that any of them had is gone, in whatever order they come, however often. */
import { expect, test } from 'bun:test';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { exportStream } from '../../src/archive/export.ts';
import { type ImportReport, importStream } from '../../src/archive/import.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import { salvageSession } from '../../src/ingest/analyze.ts';
import { eventIdentity } from '../../src/store/archived.ts';
import type { WritableDb } from '../../src/store/connection.ts';
import { exportable } from '../../src/store/export.ts';
import { listForgotten } from '../../src/store/forget.ts';
import { openWritable } from '../../src/store/open.ts';
import { digestsOf, filesOf, findSession, listEvents, sessionIdOf } from '../../src/store/read.ts';
import { tombstonesOf } from '../../src/store/read-sources.ts';
import { fileChunks, logChunks } from '../../src/store/segments.ts';
import { verify } from '../../src/store/verify/verify.ts';
import { setPinned } from '../../src/store/write-raw.ts';
import { loseByHand } from '../../src/store/write-sweep.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { SEED } from '../support/seed.ts';

const ID = 'c0000000-0000-4000-8000-000000000001';
const UID = `claude-code:${ID}` as SessionUid;
const line = (text: string) => promptLine(ID, `${text} ${'lorem ipsum '.repeat(20)}`);
const [A, B, C, X] = [line('alpha'), line('beta'), line('gamma'), line('xi')] as const;

const WORDS = [
  ['alpha', A],
  ['beta', B],
  ['gamma', C],
  ['xi', X],
] as const;

/** What became of one session on one machine. Lower case: what was done after the first ingest. */
const MACHINES: Readonly<Record<string, (world: World) => Promise<void>>> = {
  A: (world) => ingest(world, A),
  AB: (world) => ingest(world, A + B),
  ABC: (world) => ingest(world, A + B + C),
  'AB in two steps': async (world) => {
    await ingest(world, A);
    await append(world, B);
  },
  'AB un-analyzed': (world) => ingest(world, A + B, false),
  AX: (world) => ingest(world, A + X),
  X: (world) => ingest(world, X),
  'AB evicted': async (world) => {
    await ingest(world, A + B);
    world.evict(UID);
  },
  'AX evicted': async (world) => {
    await ingest(world, A + X);
    world.evict(UID);
  },
  'A lost': async (world) => {
    await ingest(world, A, false);
    await salvageSession({ db: world.db, clock: world.clock, external: null, host: world.host }, UID);
    const card = findSession(world.db, UID);
    if (card === null) throw new Error('no session');
    loseByHand(
      world.db,
      { uid: UID, generation: card.generation, storedBytes: card.storedBytes, reason: 'test' },
      world.now,
    );
  },
  'A evicted, back as AB': async (world) => {
    await ingest(world, A);
    world.evict(UID);
    await append(world, B);
  },
  'ABC rewritten to AC': async (world) => {
    await ingest(world, A + B + C);
    await ingest(world, A + C);
  },
  'ABC rewritten to AC, un-analyzed': async (world) => {
    await ingest(world, A + B + C, false);
    await ingest(world, A + C, false);
  },
  'AC evicted': async (world) => {
    await ingest(world, A + C);
    world.evict(UID);
  },
  'AB pinned': async (world) => {
    await ingest(world, A + B);
    setPinned(world.db, sessionIdOf(world.db, UID), true, world.now);
  },
  'AB with a sidecar': async (world) => {
    world.put(`.claude/projects/-home-me-project/${ID}/tool-results/r.txt`, 'spilled');
    await ingest(world, A + B);
  },
};

async function ingest(world: World, content: string, analyze = true): Promise<void> {
  world.put(claudePath(ID), content);
  await world.ingest({ analyze });
}

async function append(world: World, content: string): Promise<void> {
  appendFileSync(join(world.home, claudePath(ID)), content);
  await world.ingest();
}

interface Machine {
  readonly name: string;
  readonly file: Uint8Array;
  /** Present versions of its live files, by name. */
  readonly versions: ReadonlyMap<string, string>;
  readonly digests: readonly string[];
  readonly events: readonly string[];
}

async function machine(name: string, i: number): Promise<Machine> {
  using world = new World();
  world.now = `2026-06-${String(i + 1).padStart(2, '0')}T00:00:00.000Z` as Iso;
  await MACHINES[name]?.(world);
  const { db } = world;
  return {
    name,
    file: await exported(db),
    versions: versionsOf(db),
    digests: digestsOf(db, UID).map(({ json }) => json),
    events: eventsOf(db),
  };
}

async function exported(db: WritableDb): Promise<Uint8Array> {
  const counts = { sessions: 0, live: 0, forgotten: 0, raw_bytes: 0 };
  const report = { ...counts, failed: [], left_out: [], interrupted: false };
  const options = {
    uids: exportable(db),
    forgotten: listForgotten(db),
    now: '2026-07-01T00:00:00.000Z' as Iso,
    signal: new AbortController().signal,
    progress: () => undefined,
  };
  return Buffer.concat(await Array.fromAsync(exportStream(db, options, report)));
}

function imported(db: WritableDb, file: Uint8Array, isDry = false): Promise<ImportReport> {
  async function* chunks() {
    for (let at = 0; at < file.length; at += 1000) yield file.subarray(at, at + 1000);
  }
  const now = () => '2026-08-01T00:00:00.000Z' as Iso;
  const signal = new AbortController().signal;
  return importStream(
    {
      read: db,
      write: isDry ? null : db,
      hardCapBytes: 1e9,
      now,
      signal,
      progress: () => undefined,
      trusted: true,
      origin: 'own.smx',
      analyze: async () => false,
    },
    chunks(),
  );
}

const textOf = (chunks: Iterable<Uint8Array>) =>
  Buffer.concat([...chunks].map((chunk) => Buffer.from(chunk))).toString();
const liveFiles = (db: WritableDb) => filesOf(db, UID).filter(({ gone }) => !gone);
const versionsOf = (db: WritableDb) =>
  new Map(liveFiles(db).map((file) => [file.key, textOf(fileChunks(db, UID, file))]));
const eventsOf = (db: WritableDb) => listEvents(db, { uid: UID }).map(eventIdentity).sort();

/** What a person can ask of the session, without what says only in which order it came. */
function facts(db: WritableDb) {
  const session = findSession(db, UID);
  const isLive = session?.evictedAt === null;
  return {
    state: isLive ? 'live' : 'evicted',
    pinned: session?.pinned,
    startedAt: session?.startedAt,
    endedAt: session?.endedAt,
    // Which of two that differ is the present one is the business of the store that it was in first; no line of either is gone.
    lines: liveFiles(db)
      .map(
        (file) =>
          [
            file.key,
            textOf(logChunks(db, UID, file))
              .split('\n')
              .sort(),
          ] as const,
      )
      .sort(),
    tombstones: [
      ...new Set(
        tombstonesOf(db, UID).map(
          ({ key, rawBytes, sha256 }) => `${key} ${rawBytes} ${Buffer.from(sha256).toString('hex')}`,
        ),
      ),
    ].sort(),
    // A return by import is an event of this store alone.
    events: eventsOf(db).filter((event) => !/"2026-08-01/.test(event)),
  };
}

async function merged(
  machines: readonly Machine[],
  look: (db: WritableDb, machines: readonly Machine[]) => Promise<void> | void,
): Promise<void> {
  using world = new World();
  mkdirSync(join(world.folder, 'merged'));
  const db = openWritable(join(world.folder, 'merged', 's.db'));
  try {
    for (const { file, name } of machines) {
      const said = await imported(db, file, true);
      const done = await imported(db, file);
      expect(done.damaged).toEqual([]);
      const outcome = ({ added, merged: more, unchanged }: ImportReport) => ({ added, more, unchanged });
      expect(outcome(said), `a dry run of ${name} in ${names(machines)}`).toEqual(outcome(done));
    }
    await look(db, machines);
  } finally {
    db.close();
  }
}

const findings = (db: WritableDb) =>
  verify(
    db,
    () => undefined,
    () => false,
  ).findings;

const pool = await Promise.all(Object.keys(MACHINES).map(machine));
// By their numbers: a failure tells names, not stores.
const some = fc
  .subarray([...pool.keys()], { minLength: 1, maxLength: 4 })
  .chain((chosen) => fc.shuffledSubarray(chosen, { minLength: chosen.length }));
const chosenOf = (numbers: readonly number[]) => numbers.flatMap((i) => pool[i] ?? []);
const names = (machines: readonly Machine[]) => machines.map(({ name }) => name).join(', ');

test('nothing that any machine had is gone', async () => {
  await fc.assert(
    fc.asyncProperty(some, (numbers) =>
      merged(chosenOf(numbers), (db, machines) => {
        expect(findings(db), names(machines)).toEqual([]);
        const logs = new Map(liveFiles(db).map((file) => [file.key, textOf(logChunks(db, UID, file))]));
        const digests = digestsOf(db, UID).map(({ json }) => json);
        for (const { name, versions, events } of machines) {
          for (const [key, content] of versions)
            expect(logs.get(key) ?? '', `${name} in ${names(machines)}`).toContain(
              content.slice(0, content.indexOf('\n') + 1),
            );
          for (const [key, content] of versions)
            for (const part of content.split(/(?<=\n)/))
              expect(logs.get(key) ?? '', `${name} in ${names(machines)}`).toContain(part);
          expect(facts(db).events).toEqual(expect.arrayContaining([...events]));
        }
        // What may be evicted has a digest of each of its lines, removed ones too.
        if (findSession(db, UID)?.analyzedAt !== null)
          for (const [word, each] of WORDS)
            if ([...logs.values()].some((log) => log.includes(each)))
              expect(digests.join(' '), `${word} in ${names(machines)}`).toContain(`${word} lorem`);
        // Of what is nowhere raw any more, its digest is here.
        for (const { name, digests: theirs } of machines.filter(({ versions }) => versions.size === 0)) {
          const lines = name.startsWith('AX')
            ? [A, X]
            : name.startsWith('AB')
              ? [A, B]
              : name.startsWith('AC')
                ? [A, C]
                : [A];
          const isRaw = [...logs.values()].some((log) => lines.every((each) => log.includes(each)));
          if (!isRaw && theirs.length > 0)
            expect(
              digests.some((json) => theirs.includes(json) || name === 'A lost'),
              `${name} in ${names(machines)}`,
            ).toBe(true);
        }
      }),
    ),
    { seed: SEED, numRuns: 14 },
  );
}, 60_000);

test('the order does not matter', async () => {
  await fc.assert(
    fc.asyncProperty(some, async (numbers) => {
      await merged(chosenOf(numbers), (db, machines) => {
        const first = facts(db);
        return merged([...machines].reverse(), (other) => {
          expect(facts(other), names(machines)).toEqual(first);
        });
      });
    }),
    { seed: SEED, numRuns: 10 },
  );
}, 60_000);

test('again is nothing new', async () => {
  await fc.assert(
    fc.asyncProperty(some, fc.nat(), (numbers, n) =>
      merged(chosenOf(numbers), async (db, machines) => {
        const before = JSON.stringify([facts(db), digestsOf(db, UID), db.all('SELECT * FROM sessions')]);
        const again = machines[n % machines.length];
        if (again === undefined) return;
        const report = await imported(db, again.file);
        const what = `${again.name} again after ${names(machines)}`;
        expect([report.added, report.merged, report.unchanged, report.conflicts], what).toEqual([
          [],
          [],
          1,
          [],
        ]);
        expect(JSON.stringify([facts(db), digestsOf(db, UID), db.all('SELECT * FROM sessions')]), what).toBe(
          before,
        );
        // Nor does what was merged teach those it came from anything twice.
        const whole = await exported(db);
        expect((await imported(db, whole)).unchanged, what).toBe(1);
      }),
    ),
    { seed: SEED, numRuns: 14 },
  );
}, 60_000);
