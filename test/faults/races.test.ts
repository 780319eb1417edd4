/** Two processes on one session, step by step: what one does between two looks of the other. Each was once wrong. */
import { describe, expect, test } from 'bun:test';
import { noiseOf } from '../../scripts/torture/random.ts';
import { FailureError } from '../../src/domain/errors.ts';
import { agentOf, type SessionUid } from '../../src/domain/ids.ts';
import { armKillPoints } from '../../src/domain/kill-point.ts';
import { analyzeSession, salvageSession } from '../../src/ingest/analyze.ts';
import type { ReadableDb, WritableDb } from '../../src/store/connection.ts';
import { openReadable } from '../../src/store/open.ts';
import { digestsOf, filesOf } from '../../src/store/read.ts';
import type { StoredFile } from '../../src/store/rows.ts';
import { fileChunks, SEGMENT_BYTES } from '../../src/store/segments.ts';
import { verify } from '../../src/store/verify/verify.ts';
import { ensureFile, ensureSession, recountSession, setFileVersion } from '../../src/store/write-raw.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const idOf = (n: number) => `7a000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const uidOf = (n: number) => `claude-code:${idOf(n)}` as SessionUid;
const line = (n: number, text: string) => promptLine(idOf(n), text);
/** One segment and a small one after it. */
const twoSegments = (n: number, seed: number) =>
  line(n, noiseOf(seed, SEGMENT_BYTES / 2)) +
  line(n, noiseOf(seed + 1, SEGMENT_BYTES / 2)) +
  line(n, noiseOf(seed + 2, 1000));

function main(made: World, n: number): StoredFile {
  const [file] = filesOf(made.db, uidOf(n));
  if (file === undefined) throw new Error(`no file of ${uidOf(n)}`);
  return file;
}

/** A reader that has the first segment of what stands there now; `rest` reads on. */
function halfRead(made: World, n: number): { rest: () => Buffer } {
  const chunks = fileChunks(made.db, uidOf(n), main(made, n));
  const first = chunks.next();
  if (first.done === true) throw new Error('nothing to read');
  const begun = Buffer.from(first.value);
  return { rest: () => Buffer.concat([begun, ...[...chunks].map((chunk) => Buffer.from(chunk))]) };
}

function failureOf(work: () => unknown): FailureError['failure'] {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof FailureError) return thrown.failure;
    throw thrown;
  }
  throw new Error('it did not fail');
}

describe('a reader half through a transcript', () => {
  test('reads on where what it has not read yet is merged with what an agent appends', async () => {
    using made = new World();
    const before = twoSegments(1, 10);
    made.put(claudePath(idOf(1)), before);
    await made.ingest();
    const reader = halfRead(made, 1);
    const lastId = () => made.db.get<{ id: number }>('SELECT max(id) AS id FROM segments')?.id;
    const merged = lastId();
    made.put(claudePath(idOf(1)), before + line(1, 'more'));
    await made.ingest();
    expect(lastId(), 'the small segment was stored anew').not.toBe(merged);
    expect(reader.rest().equals(Buffer.from(before)), 'what it began to read, to the byte').toBe(true);
  });

  test('is told of an eviction, though another session has the numbers of its segments by now', async () => {
    using made = new World();
    made.put(claudePath(idOf(1)), twoSegments(1, 10));
    await made.ingest();
    const reader = halfRead(made, 1);
    made.evict(uidOf(1));
    made.put(claudePath(idOf(2)), twoSegments(2, 20));
    await made.ingest();
    const numbers = made.db.all<{ id: number }>('SELECT id FROM segments ORDER BY id').map(({ id }) => id);
    expect(numbers, 'they are given again').toEqual([1, 2]);
    expect(failureOf(reader.rest)).toMatchObject({
      code: 'busy',
      message: `${uidOf(1)} main was evicted or stored anew while it was read`,
    });
  });

  test('gets no byte of what came back after an eviction', async () => {
    using made = new World();
    made.put(claudePath(idOf(1)), twoSegments(1, 10));
    await made.ingest();
    const reader = halfRead(made, 1);
    made.evict(uidOf(1));
    made.put(claudePath(idOf(1)), twoSegments(1, 30) + line(1, 'longer than it was'));
    await made.ingest();
    expect(main(made, 1).gone, 'it came back').toBe(false);
    expect(failureOf(reader.rest).code).toBe('busy');
  });
});

/** A store in which `meanwhile` happens just before the first bytes of a segment are read. */
function interrupted(db: WritableDb, meanwhile: () => void): { db: WritableDb; wasHit: () => boolean } {
  let isHit = false;
  const before = (sql: string) => {
    if (isHit || !/\bdata FROM segments/.test(sql)) return;
    isHit = true;
    meanwhile();
  };
  const own: WritableDb = {
    path: db.path,
    get: (sql, params) => {
      before(sql);
      return db.get(sql, params);
    },
    all: (sql, params) => db.all(sql, params),
    each: (sql, params) => db.each(sql, params),
    snapshot: (read) => db.snapshot(read),
    close: () => db.close(),
    [Symbol.dispose]: () => db.close(),
    run: (sql, params) => db.run(sql, params),
    exec: (sql) => db.exec(sql),
    writeTransaction: (work) => db.writeTransaction(work),
    part: (work) => db.part(work),
    afterCommit: (work, id) => db.afterCommit(work, id),
  };
  return { db: own, wasHit: () => isHit };
}

describe('the hash of a file', () => {
  const first = line(1, 'first');
  /** A session whose file was appended to, so that its hash is not known, and that waits for its analysis. */
  async function appended(): Promise<World> {
    const made = new World();
    made.put(claudePath(idOf(1)), first);
    await made.ingest({ analyze: false });
    made.put(claudePath(idOf(1)), first + line(1, 'second'));
    await made.ingest({ analyze: false });
    expect(main(made, 1).sha256).toBeNull();
    return made;
  }
  /** What an ingest does where the agent has taken its last line back: the log stays as it is, the version is a part of it. */
  const takeBack = (made: World) =>
    setFileVersion(made.db, main(made, 1).fileId, {
      rawBytes: first.length,
      extents: [[0, first.length]],
      sha256: null,
    });

  test.each([
    ['an analysis', analyzeSession],
    ['a salvage', salvageSession],
  ] as const)(
    'as %s has read it is not kept for what an ingest has made of it since',
    async (_what, work) => {
      using made = await appended();
      const { db, wasHit } = interrupted(made.db, () => takeBack(made));
      const deps = { db, clock: made.clock, external: null, host: made.host };
      await work(deps, uidOf(1), new AbortController().signal);
      expect(wasHit(), 'it came in between').toBe(true);
      expect(made.stored(uidOf(1)).toString()).toBe(first);
      expect(
        verify(
          made.db,
          () => undefined,
          () => false,
        ).findings,
      ).toEqual([]);
    },
  );
});

test.each([[true], [false]])(
  'a session whose agent took its last line back can be evicted (analyzed again: %p)',
  async (analyze) => {
    using made = new World();
    const [one, two] = [line(1, 'first'), line(1, 'second')];
    made.put(claudePath(idOf(1)), one + two);
    await made.ingest();
    made.put(claudePath(idOf(1)), one);
    await made.ingest({ analyze });
    expect([made.stored(uidOf(1)).toString(), made.removed(uidOf(1))]).toEqual([one, two]);
    made.evict(uidOf(1));
    const tombstone = made.db.get<{ raw_bytes: number; sha256: Uint8Array }>(
      'SELECT raw_bytes, sha256 FROM tombstones',
    );
    expect(tombstone?.raw_bytes).toBe(one.length);
    expect(Buffer.from(tombstone?.sha256 ?? []).toString('hex')).toBe(
      new Bun.CryptoHasher('sha256').update(one).digest('hex'),
    );
  },
);

test('a session that came back by half does not lose the digest of its other half', async () => {
  using made = new World();
  const beside = claudePath(idOf(1)).replace('.jsonl', '/subagents/agent-a1.jsonl');
  const first = line(1, 'first');
  made.put(claudePath(idOf(1)), first);
  made.put(beside, line(1, 'of the subagent'));
  await made.ingest();
  made.evict(uidOf(1));
  const before = digestsOf(made.db, uidOf(1));
  expect(before.map(({ complete }) => complete)).toEqual([true]);
  made.put(claudePath(idOf(1)), first + line(1, 'second'));
  let hits = 0;
  armKillPoints((name) => {
    if (name === 'ingest.new') hits += 1;
    if (hits > 0) throw new Error('dead');
  });
  await made.ingest({ analyze: false }).then(
    () => undefined,
    () => undefined,
  );
  armKillPoints(null);
  expect(hits, 'it died after the first of its two files').toBeGreaterThan(0);
  const keys = () => filesOf(made.db, uidOf(1)).flatMap(({ key, gone }) => (gone ? [] : [key]));
  expect(keys()).toEqual(['main']);
  const deps = { db: made.db, clock: made.clock, external: null, host: made.host };
  expect(await analyzeSession(deps, uidOf(1), new AbortController().signal)).toEqual({ ok: true });
  made.evict(uidOf(1));
  const after = digestsOf(made.db, uidOf(1)).map(({ json }) => json);
  expect(after, 'the old one stands for the subagent still').toContain(before[0]?.json ?? '');
  made.put(claudePath(idOf(1)), first + line(1, 'second') + line(1, 'third'));
  made.put(beside, line(1, 'of the subagent') + line(1, 'and more'));
  await made.ingest();
  expect(keys()).toEqual(['main', 'subagents/agent-a1.jsonl']);
  expect(digestsOf(made.db, uidOf(1)), 'one of all of it is enough').toHaveLength(1);
});

test('an empty file that was stored as the run died counts as a file afterwards', async () => {
  using made = new World();
  made.isLongWay = true;
  made.put(claudePath(idOf(1)), '');
  let hits = 0;
  armKillPoints((name) => {
    if (name === 'ingest.new') hits += 1;
    if (hits > 0) throw new Error('dead');
  });
  await made.ingest({ analyze: false }).then(
    () => undefined,
    () => undefined,
  );
  armKillPoints(null);
  expect(hits, 'it died right after it was stored').toBeGreaterThan(0);
  await made.ingest();
  const counted = made.db.get<{ file_count: number }>('SELECT file_count FROM sessions');
  expect(counted?.file_count).toBe(1);
});

test('a session that is stored between the look at its files and at their count is not called damaged', () => {
  using made = new World();
  const sessionId = ensureSession(made.db, {
    uid: uidOf(1),
    agent: agentOf(uidOf(1)),
    nativeId: idOf(1),
    agentRoot: '/x',
    ingestedAt: made.now,
  });
  const reader = openReadable(made.db.path);
  let hits = 0;
  const own: ReadableDb = {
    path: reader.path,
    get: (sql, params) => {
      if (/file_count AS counted/.test(sql) && hits++ === 0)
        made.db.writeTransaction(() => {
          ensureFile(made.db, sessionId, {
            role: 'main',
            key: 'main',
            relPath: 'x.jsonl',
            encoding: 'plain',
          });
          recountSession(made.db, sessionId);
        });
      return reader.get(sql, params);
    },
    all: (sql, params) => reader.all(sql, params),
    each: (sql, params) => reader.each(sql, params),
    snapshot: (read) => reader.snapshot(read),
    close: () => reader.close(),
    [Symbol.dispose]: () => reader.close(),
  };
  try {
    expect(filesOf(own, uidOf(1))).toEqual([]);
    expect(hits).toBe(1);
    expect(filesOf(own, uidOf(1)).map(({ key }) => key)).toEqual(['main']);
  } finally {
    own.close();
  }
});
