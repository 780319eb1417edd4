/**
 * Sessions of other machines in this store: their digest and what their files were, as of a session that is too large to be stored. So
 * they are listed, searched and shown, and a file of them that comes here is known.
 * Promises: no byte is stored or let go by it; what this machine has itself is never touched but for a pin.
 */
import type { SessionUid } from '../../domain/ids.ts';
import type { Iso } from '../../domain/time.ts';
import type { HereOfMirror } from '../../merge/mirror.ts';
import type { ArchivedDigest, ArchivedMeta } from '../archived.ts';
import type { ReadableDb, WritableDb } from '../connection.ts';
import { insertRow } from '../import/new.ts';
import { addEvents } from '../import/rows.ts';
import { sessionIdOf } from '../read.ts';
import { followSearch } from '../search/documents.ts';
import { recordDigestOnly } from '../write-return.ts';

/** How the reason of an eviction begins that never took place here: the session's bytes are with another machine. */
export const MIRROR_REASON = 'on another machine';

interface Row {
  readonly id: number;
  readonly pinned: number;
  readonly origin: string | null;
  readonly endedAt: string | null;
  readonly machine: string | null;
  readonly isForgotten: number;
  readonly generation: number;
}

function rowOf(db: ReadableDb, uid: SessionUid): Row | null {
  return db.get<Row>(
    `SELECT s.id, s.pinned, s.origin, s.ended_at AS endedAt, r.machine AS machine, s.raw_generation AS generation,
       EXISTS (SELECT 1 FROM forgotten f WHERE f.id = s.id) AS isForgotten
     FROM sessions s LEFT JOIN remote_mirrors r ON r.session_id = s.id AND r.generation = s.raw_generation
     WHERE s.session_uid = $uid`,
    { uid },
  );
}

export function hereOf(db: ReadableDb, uid: SessionUid): HereOfMirror {
  const row = rowOf(db, uid);
  if (row === null) return { state: 'absent', pinned: false, machine: null, endedAt: null };
  const { pinned, origin, endedAt, machine, isForgotten } = row;
  const state =
    isForgotten === 1 ? 'forgotten' : machine !== null ? 'mirror' : origin !== null ? 'other' : 'own';
  return { state, pinned: pinned === 1, machine, endedAt };
}

export interface ToldOf {
  readonly machine: string;
  /** What its owner calls it. */
  readonly name: string;
  readonly meta: ArchivedMeta;
  readonly digest: ArchivedDigest;
  /** Its bytes are in the bucket: a file here that is the same need not be stored. */
  readonly hasBytes: boolean;
}

/** Within the caller's transaction. */
export function putMirror(db: WritableDb, { machine, name, meta, digest, hasBytes }: ToldOf, at: Iso): void {
  const uid = meta.session_uid as SessionUid;
  const before = rowOf(db, uid);
  const sessionId = before?.id ?? insertRow(db, { ...meta, ingested_at: at, origin: null });
  if (before !== null) describe(db, sessionId, meta);
  // A pinned session is evicted by nobody; that it is with another machine is no eviction.
  if (before?.pinned === 1) db.run('UPDATE sessions SET pinned = 0 WHERE id = $sessionId', { sessionId });
  const files = hasBytes ? meta.files.filter(({ gone, sha256 }) => !gone && sha256 !== null) : [];
  recordDigestOnly(db, {
    sessionId,
    uid,
    at,
    version: digest.version,
    json: digest.json,
    continues: true,
    reason: `${MIRROR_REASON}: ${name}`,
    files: files.map(({ role, key, rel_path: relPath, encoding, raw_bytes: rawBytes, sha256 }) => ({
      role,
      key,
      relPath,
      encoding,
      rawBytes,
      sha256: Buffer.from(sha256 ?? '', 'hex'),
    })),
  });
  addEvents(db, sessionId, uid, meta.events);
  if (before?.pinned === 1) db.run('UPDATE sessions SET pinned = 1 WHERE id = $sessionId', { sessionId });
  db.run(
    `INSERT INTO remote_mirrors (session_id, generation, machine)
     SELECT id, raw_generation, $machine FROM sessions WHERE id = $sessionId
     ON CONFLICT (session_id) DO UPDATE SET generation = excluded.generation, machine = excluded.machine`,
    { sessionId, machine },
  );
}

/** Another machine's digest of a session that is here, or that a third one tells of: it takes the place of what that one said before. */
export function putBeside(
  db: WritableDb,
  uid: SessionUid,
  machine: string,
  { json, made_at: madeAt }: { readonly json: string; readonly made_at: string },
): void {
  db.run(
    `INSERT INTO remote_digests (session_id, machine, made_at, json) SELECT id, $machine, $madeAt, $json FROM sessions
     WHERE session_uid = $uid
     ON CONFLICT (session_id, machine) DO UPDATE SET made_at = excluded.made_at, json = excluded.json WHERE json IS NOT excluded.json`,
    { uid, machine, madeAt, json },
  );
  followSearch(db, sessionIdOf(db, uid));
}

/** What is told of it now is told by its own, or by the machine itself. */
export function dropBeside(db: WritableDb, uid: SessionUid, machine: string): void {
  const { changes } = db.run(
    `DELETE FROM remote_digests WHERE machine = $machine
       AND session_id = (SELECT id FROM sessions WHERE session_uid = $uid)`,
    { uid, machine },
  );
  if (changes > 0) followSearch(db, sessionIdOf(db, uid));
}

export interface BesideDigest {
  /** What that machine's owner calls it. */
  readonly machine: string;
  readonly madeAt: string;
  readonly json: string;
}

/** What other machines' digests tell of it, by the name of the machine. */
export function besideOf(db: ReadableDb, uid: SessionUid): BesideDigest[] {
  return db.all(
    `SELECT coalesce(m.name, substr(d.machine, 1, 8)) AS machine, d.made_at AS madeAt, d.json AS json
     FROM remote_digests d LEFT JOIN remote_machines m ON m.machine = d.machine
     WHERE d.session_id = (SELECT id FROM sessions WHERE session_uid = $uid) ORDER BY 1, d.machine`,
    { uid },
  );
}

function describe(db: WritableDb, sessionId: number, meta: ArchivedMeta): void {
  db.run(
    `UPDATE sessions SET project = coalesce($project, project), title = coalesce($title, title), branch = coalesce($branch, branch),
       parent_uid = coalesce($parent, parent_uid), started_at = coalesce($startedAt, started_at), ended_at = coalesce($endedAt, ended_at)
     WHERE id = $sessionId`,
    {
      sessionId,
      project: meta.project,
      title: meta.title,
      branch: meta.branch,
      parent: meta.parent_uid,
      startedAt: meta.started_at,
      endedAt: meta.ended_at,
    },
  );
}

/** The name of the machine that a session is only told of by; null: this machine has it itself. */
export function machineOf(db: ReadableDb, uid: SessionUid): string | null {
  return (
    db.get<{ name: string }>(
      `SELECT m.name AS name FROM sessions s JOIN remote_mirrors r ON r.session_id = s.id AND r.generation = s.raw_generation
         JOIN remote_machines m ON m.machine = r.machine WHERE s.session_uid = $uid`,
      { uid },
    )?.name ?? null
  );
}

/** The same by their numbers, of those that are asked for. */
export function machinesOf(db: ReadableDb, ids: readonly number[]): ReadonlyMap<number, string> {
  return new Map(
    db
      .all<{ id: number; name: string }>(
        `SELECT s.id AS id, m.name AS name FROM remote_mirrors r JOIN sessions s ON s.id = r.session_id
           JOIN remote_machines m ON m.machine = r.machine
         WHERE r.session_id IN (SELECT value FROM json_each($ids)) AND r.generation = s.raw_generation`,
        { ids: JSON.stringify(ids) },
      )
      .map(({ id, name }) => [id, name]),
  );
}

/** The same of all of them. */
export function mirrored(db: ReadableDb): ReadonlyMap<SessionUid, string> {
  return new Map(
    db
      .all<{ uid: SessionUid; name: string }>(
        `SELECT s.session_uid AS uid, m.name AS name FROM remote_mirrors r JOIN sessions s ON s.id = r.session_id
           JOIN remote_machines m ON m.machine = r.machine WHERE r.generation = s.raw_generation`,
      )
      .map(({ uid, name }) => [uid, name]),
  );
}
