/**
 * What files were before their agents wrote them anew or cut them short.
 * Promises: a version is ranges of the file's log, so it costs a row and no bytes; the fullest and the newest of a file stay as long
 * as its bytes do; each has one number for good, and the present version has the next one.
 */
import type { AgentId, SessionUid } from '../domain/ids.ts';
import type { Iso } from '../domain/time.ts';
import type { ReadableDb, WritableDb } from './connection.ts';
import { type Extent, extentsIn, NAMED_ID, type StoredFile } from './rows.ts';
import { removedRanges } from './segments.ts';
import { setFileVersion } from './write-raw.ts';

/** Rows of one file. A document that is written anew with every turn leaves one a turn. */
const VERSIONS_MAX = 300;
/** Their ranges, as text: a shredded file has thousands in each version. */
const EXTENTS_CHARS_MAX = 2 * 1024 * 1024;

export interface EarlierVersion {
  readonly id: number;
  readonly fileId: number;
  readonly key: string;
  readonly number: number;
  readonly replacedAt: Iso;
  readonly rawBytes: number;
  /** Lines, or the elements of a document; null where they were not counted. */
  readonly records: number | null;
  readonly extents: readonly Extent[];
  /** Hex; null where it is not known. */
  readonly sha256: string | null;
}

interface VersionColumns {
  id: number;
  file_id: number;
  key: string;
  number: number;
  replaced_at: Iso;
  raw_bytes: number;
  records: number | null;
  extents: string;
  sha256: string | null;
}

/** All earlier versions of a session's live files, file by file, the oldest first. */
export function versionsOf(db: ReadableDb, uid: SessionUid): EarlierVersion[] {
  return db
    .all<VersionColumns>(
      `SELECT v.id AS id, v.file_id, f.key, v.number, v.replaced_at, v.raw_bytes, v.records, v.extents, lower(hex(v.sha256)) AS sha256
       FROM versions v JOIN files f ON f.id = v.file_id
       WHERE v.session_id = ${NAMED_ID} ORDER BY v.file_id, v.number`,
      { uid },
    )
    .map((row) => ({
      id: row.id,
      fileId: row.file_id,
      key: row.key,
      number: row.number,
      replacedAt: row.replaced_at,
      rawBytes: row.raw_bytes,
      records: row.records,
      extents: extentsIn(row.extents),
      sha256: row.sha256 === '' ? null : row.sha256,
    }));
}

/** Live sessions whose transcript is, as it is now, only a part of its log, or in another order. */
export function sessionsWrittenAnew(db: ReadableDb): { readonly uid: SessionUid; readonly agent: AgentId }[] {
  return db.all(
    `SELECT DISTINCT s.session_uid AS uid, s.agent FROM files f JOIN sessions s ON s.id = f.session_id
     WHERE f.extents IS NOT NULL AND f.role = 'main' AND f.gone = 0 AND s.evicted_at IS NULL ORDER BY s.session_uid`,
  );
}

/** Whether what a version names can be there: ranges of the log that make up its length. */
export function isWellFormed({ extents, rawBytes }: EarlierVersion, { logBytes }: StoredFile): boolean {
  let bytes = 0;
  for (const [offset, length] of extents) {
    if (!(offset >= 0 && length > 0 && offset + length <= logBytes)) return false;
    bytes += length;
  }
  return bytes === rawBytes;
}

/** Drops what rot has taken of a version, right after the event that says so. */
export function dropVersion(db: WritableDb, id: number): void {
  db.run('DELETE FROM versions WHERE id = $id', { id });
}

/** The number of a file's present version. */
export function presentNumber(versions: readonly EarlierVersion[], fileId: number): number {
  return versions.reduce((most, one) => (one.fileId === fileId ? Math.max(most, one.number) : most), 0) + 1;
}

/** The file as it was, to be read like any other. */
export function asVersion(file: StoredFile, version: EarlierVersion): StoredFile {
  const { rawBytes, extents, sha256 } = version;
  return { ...file, rawBytes, extents, sha256 };
}

/** What no version names any more, in order of storing, in the pieces in which it came and went. */
export function removedPieces(file: StoredFile, versions: readonly EarlierVersion[]): Extent[] {
  const ends = versions.flatMap(({ extents }) =>
    extents.flatMap(([start, length]) => [start, start + length]),
  );
  const breaks = [...new Set(ends)].sort((a, b) => a - b);
  return removedRanges(file).flatMap(([offset, length]) => {
    const inside = breaks.filter((place) => place > offset && place < offset + length);
    const places = [offset, ...inside, offset + length];
    return places.slice(1).map((end, i): Extent => [places[i] ?? offset, end - (places[i] ?? offset)]);
  });
}

/** Bytes of the log that both name. Neither names a byte twice. */
export function sharedBytes(ours: readonly Extent[], theirs: readonly Extent[]): number {
  const sorted = (extents: readonly Extent[]) => extents.toSorted((a, b) => a[0] - b[0]);
  const [a, b] = [sorted(ours), sorted(theirs)];
  let shared = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [start, length] = a[i] ?? [0, 0];
    const [otherStart, otherLength] = b[j] ?? [0, 0];
    const [end, otherEnd] = [start + length, otherStart + otherLength];
    shared += Math.max(0, Math.min(end, otherEnd) - Math.max(start, otherStart));
    if (end <= otherEnd) i += 1;
    else j += 1;
  }
  return shared;
}

/** Whether `next` lacks something of `file`: only then is what the file was worth a row. */
export function losesBytes(file: Pick<StoredFile, 'extents' | 'rawBytes'>, next: readonly Extent[]): boolean {
  return sharedBytes(file.extents, next) < file.rawBytes;
}

/** What is known of a version when it is replaced. */
export interface VersionFacts {
  readonly records: number | null;
  readonly sha256: Uint8Array | null;
}

/** Keeps what a file is now as a version of it, just before another one takes its place. Returns its number; null: it was empty. */
export function keepVersion(db: WritableDb, file: StoredFile, facts: VersionFacts, at: Iso): number | null {
  if (file.rawBytes === 0) return null;
  return db.writeTransaction(() => {
    const number = nextNumber(db, file.fileId);
    insertVersion(db, file.fileId, {
      number,
      replacedAt: at,
      rawBytes: file.rawBytes,
      records: facts.records,
      extents: file.extents,
      sha256: facts.sha256,
    });
    prune(db, file.fileId);
    return number;
  });
}

export function nextNumber(db: ReadableDb, fileId: number): number {
  const last = db.get<{ last: number | null }>(
    'SELECT max(number) AS last FROM versions WHERE file_id = $fileId',
    { fileId },
  );
  return (last?.last ?? 0) + 1;
}

export function insertVersion(
  db: WritableDb,
  fileId: number,
  version: VersionFacts & Pick<EarlierVersion, 'number' | 'replacedAt' | 'rawBytes' | 'extents'>,
): void {
  db.run(
    `INSERT INTO versions (session_id, file_id, number, replaced_at, raw_bytes, records, extents, sha256)
     SELECT session_id, id, $number, $replacedAt, $rawBytes, $records, $extents, $sha256 FROM files WHERE id = $fileId`,
    { fileId, ...version, extents: JSON.stringify(version.extents) },
  );
}

/** Beyond what is kept the oldest go, but never the fullest or the newest. */
function prune(db: WritableDb, fileId: number): void {
  const rows = db.all<{ id: number; raw_bytes: number; chars: number }>(
    'SELECT id, raw_bytes, length(extents) AS chars FROM versions WHERE file_id = $fileId ORDER BY number',
    { fileId },
  );
  const fullest = rows.reduce(
    (most, row) => (most !== null && most.raw_bytes >= row.raw_bytes ? most : row),
    rows[0] ?? null,
  );
  let [count, chars] = [rows.length, rows.reduce((sum, row) => sum + row.chars, 0)];
  for (const row of rows.slice(0, -1)) {
    if (count <= VERSIONS_MAX && chars <= EXTENTS_CHARS_MAX) return;
    if (row.id === fullest?.id) continue;
    db.run('DELETE FROM versions WHERE id = $id', { id: row.id });
    count -= 1;
    chars -= row.chars;
  }
}

/**
 * Makes `wanted`, which is in its log, the present version of a file; what was the present one is kept. Nothing
 * where the file is that version, or another process has evicted it meanwhile. `facts`: of the present one.
 */
export function makePresent(
  db: WritableDb,
  now: StoredFile,
  wanted: StoredFile,
  facts: VersionFacts,
  at: Iso,
): void {
  if (JSON.stringify(now.extents) === JSON.stringify(wanted.extents)) return;
  keepVersion(db, now, facts, at);
  const [only, second] = wanted.extents;
  const isWhole = second === undefined && only !== undefined && only[0] === 0 && only[1] === now.logBytes;
  setFileVersion(db, now.fileId, {
    rawBytes: wanted.rawBytes,
    extents: isWhole ? null : wanted.extents,
    sha256: wanted.sha256 === null ? null : Buffer.from(wanted.sha256, 'hex'),
  });
}
