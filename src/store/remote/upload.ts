/**
 * What of the store is not in the bucket yet, and what is noted once it is.
 * Promises: what a commit is about to say is noted before it is written, so that a run that is killed between the two is told from
 * somebody else who writes under the same id; a receipt is only of what was read back.
 */
import type { SessionUid } from '../../domain/ids.ts';
import { killPoint } from '../../domain/kill-point.ts';
import type { Iso } from '../../domain/time.ts';
import type { ReadableDb, WritableDb } from '../connection.ts';
import { type Outgoing, outgoing } from '../export.ts';
import { FILES_STATE, filesState, putReceipt } from './receipts.ts';
import { dropRecords, packsOf, putRecord, recordsFor, type StoredPlace } from './state.ts';

/**
 * A session's state in one text: what it holds, what is known of it, what was decided. Two states that differ in anything that another
 * machine would be told have different marks. A title or a project comes with a digest or a file.
 */
const MARK = `s.raw_generation || '.' || s.covers_from || '.' || s.pinned || '.' || (s.evicted_at IS NOT NULL) || '.' || s.raw_bytes || '.' ||
  coalesce(s.analyzed_at, '') || '.' || coalesce(s.ended_at, '') || '.' || length(coalesce(s.title, '')) || '.' ||
  length(coalesce(s.project, '')) || '.' || coalesce((SELECT group_concat(d.generation || ':' || hex(substr(d.sha256, 1, 8)), ',')
    FROM digests d WHERE d.session_id = s.id), '') || '.' ||
  ${FILES_STATE}`;

/** Here as this machine's own: neither forgotten nor only told of by another machine. */
const OWN = `NOT EXISTS (SELECT 1 FROM forgotten g WHERE g.id = s.id)
  AND NOT EXISTS (SELECT 1 FROM remote_mirrors r WHERE r.session_id = s.id AND r.generation = s.raw_generation)`;

export interface UploadRow {
  readonly uid: SessionUid;
  readonly mark: string;
  readonly uploaded: string | null;
  /** Plain bytes that are not in the bucket, about: what lies in a log and in no version of it is not counted. */
  readonly newBytes: number;
}

/** What of a session was never uploaded; all of one of which nothing was. */
const NEW_BYTES = `CASE WHEN s.evicted_at IS NOT NULL THEN 0 WHEN m.mark IS NULL THEN s.raw_bytes ELSE
  (SELECT coalesce(sum(g.raw_bytes), 0) FROM segments g WHERE g.session_id = s.id AND NOT EXISTS
    (SELECT 1 FROM remote_pieces p WHERE p.session_uid = s.session_uid AND p.sha256 = g.sha256)) END`;

/** Sessions whose state is not the one that was uploaded last, the oldest row first. */
export function changedSinceUpload(db: ReadableDb): UploadRow[] {
  return db.all<UploadRow>(
    `SELECT s.session_uid AS uid, ${MARK} AS mark, m.mark AS uploaded, ${NEW_BYTES} AS newBytes
     FROM sessions s LEFT JOIN remote_marks m ON m.session_uid = s.session_uid
     WHERE ${OWN} AND m.mark IS NOT (${MARK}) ORDER BY s.id`,
  );
}

/** How many there are. */
export function countChanged(db: ReadableDb): number {
  return (
    db.get<{ n: number }>(
      `SELECT count(*) AS n FROM sessions s LEFT JOIN remote_marks m ON m.session_uid = s.session_uid
       WHERE ${OWN} AND m.mark IS NOT (${MARK})`,
    )?.n ?? 0
  );
}

/** A session with all its rows, and its mark, of one moment; null where it is not there any more. */
export function marked(
  db: ReadableDb,
  uid: SessionUid,
): { readonly whole: Outgoing; readonly mark: string; readonly files: string } | null {
  return db.snapshot(() => {
    const whole = outgoing(db, uid);
    const row = db.get<{ mark: string }>(
      `SELECT ${MARK} AS mark FROM sessions s WHERE s.session_uid = $uid`,
      { uid },
    );
    return whole === null || row === null ? null : { whole, mark: row.mark, files: filesState(db, uid) };
  });
}

const FORGOTTEN_MARK = 'forgotten';

/** Forgotten ids that the bucket does not know of. */
export function forgottenSinceUpload(db: ReadableDb): { readonly uid: SessionUid; readonly at: Iso }[] {
  return db.all(
    `SELECT f.session_uid AS uid, f.at AS at FROM forgotten f LEFT JOIN remote_marks m ON m.session_uid = f.session_uid
     WHERE m.mark IS NOT '${FORGOTTEN_MARK}' ORDER BY f.id`,
  );
}

export interface StoredPiece {
  /** Hex. */
  readonly sha256: string;
  readonly raw_bytes: number;
  readonly pack: string;
  readonly at: number;
}

/** A piece that a run has put there which did not come to its commit: nothing names its pack. */
export interface SentPiece extends StoredPiece {
  /** Null: it is not known any more. */
  readonly sentAt: Iso | null;
}

/** Where pieces of a session lie in the bucket: those that are named there, by their SHA-256 in hex, and those that were only sent. */
export function piecesOf(
  db: ReadableDb,
  uid: SessionUid,
): { readonly named: Map<string, StoredPiece>; readonly sent: readonly SentPiece[] } {
  const rows = db.all<SentPiece>(
    `SELECT lower(hex(sha256)) AS sha256, raw_bytes, pack, place AS at,
       (SELECT since FROM remote_unnamed u WHERE u.pack = p.pack) AS sentAt
     FROM remote_pieces p WHERE session_uid = $uid ORDER BY rowid`,
    { uid },
  );
  const packs = new Set(recordsFor(db, uid).flatMap(packsOf));
  const { named = [], sent = [] } = Object.groupBy(rows, ({ pack }) => (packs.has(pack) ? 'named' : 'sent'));
  return { named: new Map(named.map((row) => [row.sha256, row])), sent };
}

/** They were read back; no commit names them yet. Of a session that was forgotten meanwhile they are to go. */
export function noteSent(db: WritableDb, uid: SessionUid, pieces: readonly StoredPiece[], at: Iso): void {
  db.writeTransaction(() => {
    const isOurs = db.get(`SELECT 1 AS found FROM sessions s WHERE session_uid = $uid AND ${OWN}`, { uid });
    for (const piece of pieces) {
      if (isOurs === null) {
        db.run('INSERT INTO remote_tainted VALUES ($pack) ON CONFLICT (pack) DO NOTHING', {
          pack: piece.pack,
        });
        continue;
      }
      putPiece(db, uid, piece);
      db.run('INSERT INTO remote_unnamed VALUES ($pack, $at) ON CONFLICT (pack) DO NOTHING', {
        pack: piece.pack,
        at,
      });
    }
  });
}

/** They are not there, or not for long: they are sent again. */
export function dropSent(db: WritableDb, uid: SessionUid, pack: string): void {
  db.run('DELETE FROM remote_pieces WHERE session_uid = $uid AND pack = $pack', { uid, pack });
}

export interface PendingSession {
  readonly uid: SessionUid;
  /** Null: its bytes were only moved, and its rows are to be uploaded again. */
  readonly mark: string | null;
  /** What its files were, for the receipt; null: there is none to be given. */
  readonly files: string | null;
  readonly generation: number;
  readonly records: StoredPlace;
  readonly packs: readonly string[] | null;
  readonly raw_bytes: number;
  readonly covers_from: number;
  readonly pieces: readonly StoredPiece[];
}

export interface PendingCommit {
  readonly machine: string;
  readonly number: number;
  readonly at: Iso;
  readonly sessions: readonly PendingSession[];
  readonly forgotten: readonly SessionUid[];
}

export function notePending(db: WritableDb, commit: PendingCommit, sha256: Uint8Array): void {
  db.run(
    'INSERT OR REPLACE INTO remote_pending (id, number, sha256, json) VALUES (1, $number, $sha256, $json)',
    {
      number: commit.number,
      sha256,
      json: JSON.stringify(commit),
    },
  );
  killPoint('remote.pending');
}

export function pendingCommit(
  db: ReadableDb,
): { readonly commit: PendingCommit; readonly sha256: Uint8Array } | null {
  const row = db.get<{ json: string; sha256: Uint8Array }>(
    'SELECT json, sha256 FROM remote_pending WHERE id = 1',
  );
  return row === null ? null : { commit: JSON.parse(row.json), sha256: row.sha256 };
}

export function dropPending(db: WritableDb): void {
  db.run('DELETE FROM remote_pending');
}

/** The commit is in the bucket, and so is all that it names. `sealed`: its SHA-256 there. */
export function noteCommitted(
  db: WritableDb,
  { machine, number, at, sessions, forgotten }: PendingCommit,
  sealed: Uint8Array,
): void {
  db.writeTransaction(() => {
    for (const session of sessions) {
      const { uid, mark, files, generation, records, packs, raw_bytes: rawBytes, pieces } = session;
      const coversFrom = session.covers_from;
      putRecord(db, { uid, machine, number, generation, records, packs, rawBytes, coversFrom });
      if (mark === null) db.run('DELETE FROM remote_marks WHERE session_uid = $uid', { uid });
      else putMark(db, uid, mark);
      if (packs === null) continue;
      db.run('DELETE FROM remote_pieces WHERE session_uid = $uid', { uid });
      for (const piece of pieces) putPiece(db, uid, piece);
      for (const pack of packs) db.run('DELETE FROM remote_unnamed WHERE pack = $pack', { pack });
      if (files !== null) putReceipt(db, { uid, generation, files }, at);
    }
    for (const uid of forgotten) {
      dropRecords(db, uid);
      putMark(db, uid, FORGOTTEN_MARK);
    }
    db.run(
      'UPDATE remote SET next = $next, head = NULL, last = $last WHERE machine = $machine AND next <= $number',
      { next: number + 1, number, machine, last: Buffer.from(sealed).toString('hex') },
    );
    dropPending(db);
  });
  killPoint('remote.committed');
}

function putMark(db: WritableDb, uid: SessionUid, mark: string): void {
  db.run(
    'INSERT INTO remote_marks VALUES ($uid, $mark) ON CONFLICT (session_uid) DO UPDATE SET mark = $mark',
    { uid, mark },
  );
}

function putPiece(db: WritableDb, uid: SessionUid, piece: StoredPiece): void {
  db.run(
    `INSERT INTO remote_pieces (session_uid, sha256, raw_bytes, pack, place) VALUES ($uid, $sha256, $rawBytes, $pack, $at)
     ON CONFLICT (session_uid, sha256) DO NOTHING`,
    {
      uid,
      sha256: Buffer.from(piece.sha256, 'hex'),
      rawBytes: piece.raw_bytes,
      pack: piece.pack,
      at: piece.at,
    },
  );
}

/** What was learned of forgotten ids from another machine is not told again. */
export function noteForgottenThere(db: WritableDb, uid: SessionUid): void {
  dropRecords(db, uid);
  putMark(db, uid, FORGOTTEN_MARK);
}
