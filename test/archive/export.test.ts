/** An export of sessions that are large: listed in one look, interrupted between any two segments, and named where no archive can hold them. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { inPieces } from '../../scripts/torture/forged-archive.ts';
import { DIGESTS_MAX, SEGMENTS_MAX } from '../../src/archive/bounds.ts';
import { type ExportReport, exportStream } from '../../src/archive/export.ts';
import { frames } from '../../src/archive/frames.ts';
import { importStream } from '../../src/archive/import.ts';
import { parseLine } from '../../src/archive/records.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import { uncovered } from '../../src/store/export.ts';
import { generationOf, putEvent, putImportedDigest, putSegment } from '../../src/store/import/rows.ts';
import { filesOf, sessionIdOf } from '../../src/store/read.ts';
import { sha256 } from '../../src/store/segments.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { SEED } from '../support/seed.ts';

const ID = 'c1000000-0000-4000-8000-000000000001';
const UID = `claude-code:${ID}` as SessionUid;
const OTHER = 'c1000000-0000-4000-8000-000000000002';

function begun(): ExportReport {
  const counts = { sessions: 0, live: 0, forgotten: 0, raw_bytes: 0 };
  return { ...counts, failed: [], left_out: [], interrupted: false };
}

function exported({ db }: World, report: ExportReport, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const uids = [UID, `claude-code:${OTHER}` as SessionUid];
  const options = { uids, forgotten: [], now: '2026-07-01T00:00:00.000Z' as Iso, signal };
  return exportStream(db, { ...options, progress: () => undefined }, report);
}

/** Two sessions, the first one with so many segments. */
async function withSegments(count: number): Promise<World> {
  const world = new World();
  for (const id of [ID, OTHER]) world.put(claudePath(id), promptLine(id, 'a word'));
  await world.ingest();
  more(world, count - 1);
  return world;
}

function more({ db }: World, count: number): void {
  const sessionId = sessionIdOf(db, UID);
  const [file] = filesOf(db, UID);
  const plain = Buffer.from('x\n');
  const segment = { rawBytes: plain.length, sha256: sha256(plain), data: Bun.zstdCompressSync(plain) };
  db.writeTransaction(() => {
    for (let at = file?.logBytes ?? 0, n = 0; n < count; n += 1, at += plain.length)
      putSegment(db, { sessionId, fileId: file?.fileId ?? 0, logOffset: at }, segment);
    db.run('UPDATE files SET raw_bytes = log_bytes, sha256 = NULL WHERE session_id = $sessionId', {
      sessionId,
    });
  });
}

test('a session of as many segments as an archive may hold is listed in one look, and its export is interrupted at once', async () => {
  using world = await withSegments(SEGMENTS_MAX);
  const report = begun();
  const stop = new AbortController();
  let chunks = 0;
  for await (const _chunk of exported(world, report, stop.signal)) {
    chunks += 1;
    if (chunks === 10) stop.abort();
  }
  expect(report).toMatchObject({ sessions: 0, interrupted: true, failed: [] });
  expect(chunks).toBeLessThan(100);
  // One more, and no import would take it: the export says so, and goes on.
  more(world, 1);
  const next = begun();
  const stream = exported(world, next, new AbortController().signal);
  const archive = Buffer.concat(await Array.fromAsync(stream));
  expect(next).toMatchObject({ sessions: 1, failed: [{ session_uid: UID }] });
  expect(next.failed[0]?.problem).toContain(`${SEGMENTS_MAX + 1} segments`);
  expect(archive.length).toBeLessThan(100_000);
}, 60_000);

test('a session of more digests than an archive may hold is named by its export', async () => {
  using world = await withSegments(1);
  const { db } = world;
  const sessionId = sessionIdOf(db, UID);
  db.writeTransaction(() => {
    for (let n = 1; n <= DIGESTS_MAX; n += 1) {
      const json = JSON.stringify({ n });
      const bytes = { raw_bytes: 0, stored_bytes: json.length };
      const event = { at: world.now, kind: 'digest_added', sweep_id: null, reason: 'test', ...bytes };
      putEvent(db, sessionId, UID, { ...event, generation: generationOf(db, sessionId) });
      const place = { sessionId, generation: -n, coversFrom: -n };
      putImportedDigest(db, place, {
        generation: -n,
        covers_from: -n,
        complete: true,
        version: 3,
        made_at: world.now,
        json,
      });
    }
  });
  const report = begun();
  await Array.fromAsync(exported(world, report, new AbortController().signal));
  expect(report).toMatchObject({ sessions: 1, failed: [{ session_uid: UID }] });
  expect(report.failed[0]?.problem).toContain(`${DIGESTS_MAX + 1} digests`);
});

test('an export that was interrupted is taken as far as it goes, and what is missing is named', async () => {
  using world = await withSegments(2000);
  const stop = new AbortController();
  const parts: Uint8Array[] = [];
  for await (const chunk of exported(world, begun(), stop.signal)) {
    parts.push(chunk);
    if (parts.length === 200) stop.abort();
  }
  const kinds: string[] = [];
  for await (const frame of frames(inPieces(Buffer.concat(parts))))
    if (frame.kind === 'line') {
      const line = parseLine(frame.line);
      if (typeof line !== 'string') kinds.push(line.record);
    }
  expect(kinds.includes('session_end')).toBe(false);
  using other = new World();
  const report = await importStream(
    {
      read: other.db,
      write: other.db,
      trusted: true,
      origin: 'x',
      hardCapBytes: 1e9,
      now: () => world.now,
      signal: new AbortController().signal,
      progress: () => undefined,
      analyze: async () => false,
    },
    inPieces(Buffer.concat(parts)),
  );
  expect(report.added).toEqual([]);
  expect(report.damaged.map((each) => each.session_uid)).toContain(UID);
});

test('segments that another one covers are left out: one look says what all pairs say', () => {
  const segment = fc.record({
    id: fc.nat(9),
    file_id: fc.nat(2),
    log_offset: fc.nat(6),
    raw_bytes: fc.integer({ min: 1, max: 5 }),
  });
  fc.assert(
    fc.property(fc.uniqueArray(segment, { selector: ({ id }) => id }), (segments) => {
      const covers = (c: (typeof segments)[number], g: (typeof segments)[number]) =>
        c.file_id === g.file_id &&
        c.id !== g.id &&
        c.log_offset <= g.log_offset &&
        c.log_offset + c.raw_bytes >= g.log_offset + g.raw_bytes &&
        (c.raw_bytes > g.raw_bytes || c.id > g.id);
      const sorted = segments.toSorted(
        (a, b) =>
          a.file_id - b.file_id || a.log_offset - b.log_offset || b.raw_bytes - a.raw_bytes || b.id - a.id,
      );
      expect(uncovered(sorted)).toEqual(sorted.filter((g) => !segments.some((c) => covers(c, g))));
    }),
    { seed: SEED },
  );
});
