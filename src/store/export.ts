/**
 * Reads one session as it is archived. Promises: one state of the store for all but the segments' bytes, which are never
 * changed and are checked as they are read; a session that is evicted or stored anew meanwhile fails as busy.
 */
import type { SessionUid } from '../domain/ids.ts';
import type { FilePacking, FileRole } from '../domain/session.ts';
import { withoutPaths } from '../domain/text.ts';
import type {
  ArchivedDigest,
  ArchivedEvent,
  ArchivedMeta,
  ArchivedRow,
  ArchivedSegment,
  ArchivedTombstone,
  ArchivedVersion,
} from './archived.ts';
import type { ReadableDb } from './connection.ts';
import { extentsIn } from './rows.ts';
import { readSegment, type SegmentMeta } from './segments.ts';

export interface Outgoing {
  readonly meta: ArchivedMeta;
  readonly digests: readonly ArchivedDigest[];
  readonly segments: readonly (ArchivedSegment & { readonly id: number; readonly file_id: number })[];
}

/** Every session that can be exported, oldest row first. */
export function exportable(db: ReadableDb): SessionUid[] {
  return db
    .all<{ uid: SessionUid }>(
      'SELECT session_uid AS uid FROM sessions WHERE id NOT IN (SELECT id FROM forgotten) ORDER BY id',
    )
    .map(({ uid }) => uid);
}

/** All of a session but the bytes of its segments; null where it is not there or forgotten. */
export function outgoing(db: ReadableDb, uid: SessionUid): Outgoing | null {
  return db.snapshot(() => {
    const row = db.get<Omit<ArchivedRow, 'pinned'> & { id: number; pinned: number }>(
      `SELECT id, session_uid, agent, native_id, project, title, branch, parent_uid, started_at, ended_at, ingested_at,
         analyzed_at, digest_at, evicted_at, analyze_error, pinned, raw_generation, covers_from, raw_bytes, stored_bytes, file_count,
         origin
       FROM sessions WHERE session_uid = $uid AND id NOT IN (SELECT id FROM forgotten)`,
      { uid },
    );
    if (row === null) return null;
    const { id, pinned, ...rest } = row;
    const meta = {
      ...rest,
      pinned: pinned === 1,
      files: filesOf(db, id),
      // Why an analysis failed may quote a program that names its files.
      analyze_error: rest.analyze_error === null ? null : withoutPaths(rest.analyze_error),
      tombstones: tombstonesOf(db, id),
      events: eventsOf(db, id),
    };
    return { meta, digests: digestsOf(db, id), segments: segmentsOf(db, id) };
  });
}

function filesOf(db: ReadableDb, id: number): ArchivedMeta['files'] {
  const versions = versionsByKey(db, id);
  return db
    .all<{
      role: FileRole;
      key: string;
      rel_path: string;
      encoding: FilePacking;
      raw_bytes: number;
      log_bytes: number;
      extents: string | null;
      sha256: string | null;
      gone: number;
    }>(
      `SELECT role, key, rel_path, encoding, raw_bytes, log_bytes, extents,
         CASE WHEN sha256 IS NULL THEN NULL ELSE lower(hex(sha256)) END AS sha256, gone
       FROM files WHERE session_id = $id ORDER BY id`,
      { id },
    )
    .map((file) => ({
      ...file,
      extents: file.extents === null ? null : extentsIn(file.extents),
      gone: file.gone === 1,
      ...withVersions(versions.get(file.key)),
    }));
}

/** Each with what its bytes said, as far as that was noted. */
function tombstonesOf(db: ReadableDb, id: number): ArchivedTombstone[] {
  return db
    .all<Omit<ArchivedTombstone, 'content'> & { records: number | null; said: string | null }>(
      `SELECT generation, key, raw_bytes, lower(hex(t.sha256)) AS sha256, c.records AS records, lower(hex(c.content)) AS said
       FROM tombstones t LEFT JOIN contents c ON c.sha256 = t.sha256 WHERE session_id = $id ORDER BY t.id`,
      { id },
    )
    .map(({ records, said, ...stone }) =>
      records === null || said === null ? stone : { ...stone, content: { records, sha256: said } },
    );
}

/** Nothing for the many files that never were another: their lines stay as they were. */
function withVersions(versions: readonly ArchivedVersion[] | undefined) {
  return versions === undefined ? {} : { versions };
}

function versionsByKey(db: ReadableDb, id: number): ReadonlyMap<string, ArchivedVersion[]> {
  const byKey = new Map<string, ArchivedVersion[]>();
  const rows = db.all<Omit<ArchivedVersion, 'extents'> & { key: string; extents: string }>(
    `SELECT f.key AS key, number, replaced_at, v.raw_bytes AS raw_bytes, records, v.extents AS extents,
       CASE WHEN v.sha256 IS NULL THEN NULL ELSE lower(hex(v.sha256)) END AS sha256
     FROM versions v JOIN files f ON f.id = v.file_id WHERE v.session_id = $id ORDER BY v.file_id, number`,
    { id },
  );
  for (const { key, ...row } of rows) {
    const version = { ...row, extents: extentsIn(row.extents) };
    byKey.set(key, [...(byKey.get(key) ?? []), version]);
  }
  return byKey;
}

/** Without the paths of this machine: whoever reads the archive need not know where things lie here. */
function eventsOf(db: ReadableDb, id: number): ArchivedEvent[] {
  return db
    .all<Omit<ArchivedEvent, 'of_file'> & { of_file: number }>(
      `SELECT at, kind, generation, sweep_id, raw_bytes, stored_bytes, reason, file_id IS NOT NULL AS of_file
       FROM events WHERE session_id = $id ORDER BY id`,
      { id },
    )
    .map((event) => ({ ...event, reason: withoutPaths(event.reason), of_file: event.of_file === 1 }));
}

function digestsOf(db: ReadableDb, id: number): ArchivedDigest[] {
  return db
    .all<Omit<ArchivedDigest, 'complete'> & { complete: number }>(
      `SELECT generation, covers_from, complete, version, made_at, json, origin FROM digests WHERE session_id = $id
       ORDER BY generation`,
      { id },
    )
    .map((digest) => ({ ...digest, complete: digest.complete === 1 }));
}

function segmentsOf(db: ReadableDb, id: number): Outgoing['segments'] {
  return uncovered(
    db.all(
      `SELECT g.id, g.file_id, f.key, g.log_offset, g.raw_bytes, g.stored_bytes, lower(hex(g.sha256)) AS sha256
       FROM segments g JOIN files f ON f.id = g.file_id WHERE g.session_id = $id
       ORDER BY g.file_id, g.log_offset, g.raw_bytes DESC, g.id DESC`,
      { id },
    ),
  );
}

/**
 * Without those that another one covers, as a larger one does in the middle of a merge, and a newer one that stands in for it. In the
 * order of the query, where what covers a segment comes before it: one look at each.
 */
export function uncovered<S extends Pick<SegmentMeta, 'file_id' | 'log_offset' | 'raw_bytes'>>(
  segments: readonly S[],
): S[] {
  let [fileId, end] = [-1, 0];
  return segments.filter((segment) => {
    const segmentEnd = segment.log_offset + segment.raw_bytes;
    const isCovered = segment.file_id === fileId && segmentEnd <= end;
    if (!isCovered) [fileId, end] = [segment.file_id, segmentEnd];
    return !isCovered;
  });
}

/** A segment's compressed bytes, once its plain ones have proved right. */
export function segmentData(db: ReadableDb, segment: Outgoing['segments'][number], of: string): Uint8Array {
  const meta: SegmentMeta = { ...segment, sha256: Buffer.from(segment.sha256, 'hex') };
  readSegment(db, meta, of);
  // It was there a moment ago; where it is evicted between, the next look at it fails as busy.
  const row = db.get<{ data: Uint8Array }>('SELECT data FROM segments WHERE id = $id', { id: segment.id });
  return row?.data ?? segmentData(db, segment, of);
}
