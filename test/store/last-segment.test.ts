/** A log ends where a segment ends, whichever that is, and what holds it to that does not look through all of them each time. */
import { expect, test } from 'bun:test';
import { holding, type SegmentMeta } from '../../src/store/segments.ts';
import { World } from '../support/bench-world.ts';

interface Span {
  readonly at: number;
  readonly length: number;
}

let made = 0;

function newFile(world: World): { readonly sessionId: number; readonly fileId: number } {
  made += 1;
  const { lastInsertRowid: sessionId } = world.db.run(
    "INSERT INTO sessions (session_uid, agent, native_id) VALUES ($uid, 'test', $uid)",
    { uid: `test:${made}` },
  );
  const { lastInsertRowid: fileId } = world.db.run(
    `INSERT INTO files (session_id, role, key, rel_path, encoding) VALUES ($sessionId, 'main', 'main', 'x', 'plain')`,
    { sessionId },
  );
  return { sessionId, fileId };
}

function put({ db }: World, file: ReturnType<typeof newFile>, { at, length }: Span): void {
  db.run(
    `INSERT INTO segments (session_id, file_id, log_offset, raw_bytes, stored_bytes, sha256, data)
     VALUES ($sessionId, $fileId, $at, $length, 1, zeroblob(32), x'00')`,
    { ...file, at, length },
  );
}

const logBytes = ({ db }: World, fileId: number) =>
  db.get<{ log_bytes: number }>('SELECT log_bytes FROM files WHERE id = $fileId', { fileId })?.log_bytes ??
  -1;

/** Segments of a log of up to `end` bytes: one after the other, and at last one that covers any number of the last ones and more. */
function* logs(end: number): Generator<readonly Span[]> {
  function* rows(from: number): Generator<readonly Span[]> {
    yield [];
    for (let length = 1; from + length <= end; length += 1)
      for (const rest of rows(from + length)) yield [{ at: from, length }, ...rest];
  }
  for (const row of rows(0)) {
    if (row.length === 0) continue;
    yield row;
    const last = row.reduce((most, { at, length }) => Math.max(most, at + length), 0);
    for (const { at } of row) yield [...row, { at, length: last - at + 1 }];
  }
}

test('in each small log the end may be set forward to where a segment ends, and nowhere else', () => {
  using bare = new World();
  // Else no end lies before a segment's: what holds it forward is looked at here, not what keeps it from going back.
  bare.db.exec('DROP TRIGGER files_log_grows');
  let [allowed, refused] = [0, 0];
  for (const log of logs(4)) {
    const file = newFile(bare);
    for (const span of log) put(bare, file, span);
    const ends = new Set(log.map(({ at, length }) => at + length));
    expect(logBytes(bare, file.fileId)).toBe(Math.max(...ends));
    for (let from = 0; from <= 6; from += 1) {
      for (let to = from + 1; to <= 6; to += 1) {
        const set = (end: number) =>
          bare.db.run('UPDATE files SET log_bytes = $end WHERE id = $fileId', { end, fileId: file.fileId });
        set(0);
        if (from > 0 && !ends.has(from)) continue;
        if (from > 0) set(from);
        if (ends.has(to)) {
          set(to);
          allowed += 1;
        } else {
          expect(() => set(to)).toThrow('the log of a file ends where its last segment does');
          refused += 1;
        }
      }
    }
  }
  expect(Math.min(allowed, refused)).toBeGreaterThan(100);
});

test('the last of 12,000 segments costs what the first one does', () => {
  using world = new World();
  const file = newFile(world);
  const timesMs: number[] = [];
  world.db.writeTransaction(() => {
    for (let batch = 0; batch < 120; batch += 1) {
      const start = performance.now();
      for (let n = 0; n < 100; n += 1) put(world, file, { at: batch * 100 + n, length: 1 });
      timesMs.push(performance.now() - start);
    }
  });
  // The quickest of twenty: what else the machine does stands in none of them for long. It was 40 times once.
  const quickest = (times: readonly number[]) => Math.min(...times);
  expect(quickest(timesMs.slice(-20)) / quickest(timesMs.slice(0, 20))).toBeLessThan(5);
});

test('the segment that holds a byte is the last one that does, in every small log', () => {
  for (const log of logs(5)) {
    const segments = log
      .map(({ at, length }, n) => ({ id: n, log_offset: at, raw_bytes: length }))
      .sort((a, b) => a.log_offset - b.log_offset || a.id - b.id) as unknown as SegmentMeta[];
    for (let at = 0; at <= 7; at += 1)
      expect(holding(segments, at)?.id).toBe(
        segments.findLast((one) => one.log_offset <= at && at < one.log_offset + one.raw_bytes)?.id,
      );
  }
});
