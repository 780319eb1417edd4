/**
 * What the store knows of a bucket: which one, who this machine is in it, which machines are in it and where each has put a session.
 * Promises: all of it can be had again from the bucket; no byte of a session hangs on it.
 */
import type { SessionUid } from '../../domain/ids.ts';
import type { Iso } from '../../domain/time.ts';
import type { ReadableDb, WritableDb } from '../connection.ts';
import { FILES_STATE } from './receipts.ts';

export interface RemoteState {
  readonly bucket: string;
  readonly machine: string;
  /** The number of this machine's next commit. */
  readonly next: number;
  /** The ETag of its head as it was written; null: not known, or to be written. */
  readonly head: string | null;
  /** Of its last commit as it lies there; null: not known. */
  readonly last: string | null;
  readonly syncedAt: Iso | null;
}

/** A part of a pack. */
export interface StoredPlace {
  readonly pack: string;
  readonly at: number;
  readonly bytes: number;
}

export interface StoredBytes {
  readonly records: StoredPlace;
  readonly packs: readonly string[];
  readonly generation: number;
  readonly raw_bytes: number;
}

export interface RemoteRecord {
  readonly uid: SessionUid;
  /** Of a state that a later one does not go on from: with its generation, behind a point. */
  readonly machine: string;
  readonly number: number;
  readonly generation: number;
  readonly records: StoredPlace;
  /** The newest state that had bytes; null: none had. */
  readonly bytes: StoredBytes | null;
}

export interface KnownMachine {
  readonly machine: string;
  readonly name: string;
  readonly read: number;
  readonly head: string | null;
  /** The SHA-256 of the last commit that was read, as it lies there; null: not known. */
  readonly last: string | null;
}

/** Null: no bucket was ever set up for this store. */
export function remoteState(db: ReadableDb): RemoteState | null {
  return db.get<RemoteState>(
    'SELECT bucket, machine, next, head, last, synced_at AS syncedAt FROM remote WHERE id = 1',
  );
}

/** From now on this store belongs to that bucket. What was known of another one is dropped. */
export function joinBucket(db: WritableDb, bucket: string, machine: string): void {
  db.writeTransaction(() => {
    if (remoteState(db)?.bucket === bucket) return;
    for (const table of TABLES) db.run(`DELETE FROM ${table}`);
    db.run('INSERT INTO remote (id, bucket, machine, next) VALUES (1, $bucket, $machine, 0)', {
      bucket,
      machine,
    });
  });
}

const TABLES = [
  'remote',
  'remote_pending',
  'remote_machines',
  'remote_records',
  'remote_pieces',
  'remote_marks',
  'remote_receipts',
  'remote_unnamed',
  'remote_tainted',
  'remote_gone',
] as const;

/**
 * This machine goes on under another id: somebody else writes under its own, with a copy of this store. That one is read from now on
 * as any other machine; all states are uploaded anew, and pieces that are there are not.
 */
export function takeNewIdentity(db: WritableDb, machine: string, name: string): void {
  db.writeTransaction(() => {
    const state = remoteState(db);
    if (state === null) return;
    db.run(
      `INSERT INTO remote_machines (machine, name, read, last) VALUES ($machine, $name, $read, $last)
       ON CONFLICT (machine) DO UPDATE SET read = $read, head = NULL, last = $last`,
      { machine: state.machine, name, read: state.next, last: state.last },
    );
    db.run('UPDATE remote SET machine = $machine, next = 0, head = NULL, last = NULL', { machine });
    db.run('DELETE FROM remote_marks');
    db.run('DELETE FROM remote_pending');
  });
}

/**
 * This store belongs to no bucket any more: what it evicts from now on goes nowhere. Sessions of other machines stay, and stay theirs: so
 * they are told of to no other bucket as this machine's own.
 */
export function leaveBucket(db: WritableDb): void {
  db.writeTransaction(() => {
    for (const table of TABLES) db.run(`DELETE FROM ${table}`);
  });
}

/**
 * The bucket has lost some of what this machine put there: all of it that is still here is uploaded again. Where each session lies stays
 * known: what was evicted here may be there still.
 */
export function dropUploaded(db: WritableDb): void {
  db.writeTransaction(() => {
    for (const table of ['remote_marks', 'remote_pieces', 'remote_receipts', 'remote_pending'] as const)
      db.run(`DELETE FROM ${table}`);
  });
}

/** The same for single sessions. */
export function dropUploadedOf(db: WritableDb, uids: readonly SessionUid[]): void {
  db.writeTransaction(() => {
    for (const uid of uids) {
      db.run('DELETE FROM remote_marks WHERE session_uid = $uid', { uid });
      db.run('DELETE FROM remote_pieces WHERE session_uid = $uid', { uid });
      db.run(
        'DELETE FROM remote_receipts WHERE session_id = (SELECT id FROM sessions WHERE session_uid = $uid)',
        { uid },
      );
    }
  });
}

/** Packs in which something of this machine's own should lie. */
export function packsOfUploaded(db: ReadableDb): Set<string> {
  const machine = remoteState(db)?.machine;
  const packs = new Set<string>();
  for (const { pack } of db.each<{ pack: string }>('SELECT DISTINCT pack FROM remote_pieces'))
    packs.add(pack);
  for (const { machine: of, bytes } of eachRecord(db))
    if (of === machine && bytes !== null) packs.add(bytes.records.pack);
  return packs;
}

/**
 * The same for each session of which something should lie in a pack that is lost. Of one that was evicted here nothing can be uploaded
 * again, and where it lay stays known. Returns those that are live.
 */
export function dropUploadedIn(db: WritableDb, packs: ReadonlySet<string>): SessionUid[] {
  const machine = remoteState(db)?.machine;
  const lost = new Set<SessionUid>();
  if (packs.size === 0) return [];
  for (const { uid, pack } of db.each<{ uid: SessionUid; pack: string }>(
    'SELECT DISTINCT session_uid AS uid, pack FROM remote_pieces',
  ))
    if (packs.has(pack)) lost.add(uid);
  for (const { uid, machine: of, bytes } of eachRecord(db))
    if (of === machine && bytes !== null && packs.has(bytes.records.pack)) lost.add(uid);
  const live = [...lost].filter(
    (uid) =>
      db.get('SELECT 1 AS found FROM sessions WHERE session_uid = $uid AND evicted_at IS NULL', { uid }) !==
      null,
  );
  dropUploadedOf(db, live);
  for (const uid of lost) db.run('DELETE FROM remote_pieces WHERE session_uid = $uid', { uid });
  return live;
}

export function setHead(db: WritableDb, head: string | null): void {
  db.run('UPDATE remote SET head = $head', { head });
}

export function setLast(db: WritableDb, last: string | null): void {
  db.run('UPDATE remote SET last = $last', { last });
}

export function noteSynced(db: WritableDb, at: Iso): void {
  db.run('UPDATE remote SET synced_at = $at', { at });
}

export function machines(db: ReadableDb): KnownMachine[] {
  return db.all<KnownMachine>(
    'SELECT machine, name, read, head, last FROM remote_machines ORDER BY name, machine',
  );
}

/** A person says that it is gone. */
export function noteGone(db: WritableDb, machine: string, at: Iso): void {
  db.run('INSERT INTO remote_gone VALUES ($machine, $at) ON CONFLICT (machine) DO NOTHING', { machine, at });
}

export function goneMachines(db: ReadableDb): KnownMachine[] {
  return db.all<KnownMachine>(
    `SELECT m.machine, m.name, m.read, m.head, m.last FROM remote_gone g JOIN remote_machines m ON m.machine = g.machine
     ORDER BY m.machine`,
  );
}

/** `head` null: what was read does not yet reach the head. */
export function noteMachine(db: WritableDb, { machine, name, read, head, last }: KnownMachine): void {
  db.run(
    `INSERT INTO remote_machines (machine, name, read, head, last) VALUES ($machine, $name, $read, $head, $last)
     ON CONFLICT (machine) DO UPDATE SET name = $name, read = $read, head = $head, last = $last`,
    { machine, name, read, head, last },
  );
}

export interface NewRecord {
  readonly uid: string;
  readonly machine: string;
  readonly number: number;
  readonly generation: number;
  readonly records: StoredPlace;
  readonly packs: readonly string[] | null;
  readonly rawBytes: number;
  /** Bytes of an earlier generation than this are not in these. */
  readonly coversFrom: number | undefined;
}

/** Every pack in which something of it lies. */
export function packsOf({ records, bytes }: Pick<RemoteRecord, 'records' | 'bytes'>): string[] {
  return [records.pack, ...(bytes === null ? [] : [bytes.records.pack, ...bytes.packs])];
}

/** Of this machine, or what it has kept from before a session was evicted and came back as another one. */
export function isOf(machine: string | undefined, { machine: of }: Pick<RemoteRecord, 'machine'>): boolean {
  return of === machine || isEarlierOf(machine, of);
}

function isEarlierOf(machine: string | undefined, of: string): boolean {
  return machine !== undefined && of.startsWith(`${machine}.`);
}

export function isEarlier({ machine }: Pick<RemoteRecord, 'machine'>): boolean {
  return machine.includes('.');
}

/**
 * A session that was evicted may come back as another one, of which nothing of before is a part. What went is nowhere but in the bucket:
 * it stays known beside what is there now.
 */
function keepEarlier(db: WritableDb, { uid, machine, number, packs, coversFrom = 0 }: NewRecord): void {
  if (packs === null) return;
  db.run(
    `INSERT INTO remote_records (session_uid, machine, number, generation, records, bytes)
     SELECT session_uid, machine || '.' || json_extract(bytes, '$.generation'), number, json_extract(bytes, '$.generation'),
       json_extract(bytes, '$.records'), bytes
     FROM remote_records WHERE session_uid = $uid AND machine = $machine AND number <= $number AND bytes IS NOT NULL
       AND json_extract(bytes, '$.generation') < $coversFrom
     ON CONFLICT (session_uid, machine) DO UPDATE SET number = excluded.number, records = excluded.records, bytes = excluded.bytes`,
    { uid, machine, number, coversFrom },
  );
}

/**
 * A later commit of the same machine takes the place of an earlier one; where it has no bytes, or others than went from here, those of
 * before stay known.
 */
export function putRecord(db: WritableDb, record: NewRecord): void {
  const { uid, machine, number, generation, records, packs, rawBytes } = record;
  keepEarlier(db, record);
  const bytes =
    packs === null
      ? null
      : JSON.stringify({ records, packs, generation, raw_bytes: rawBytes } satisfies StoredBytes);
  db.run(
    `INSERT INTO remote_records (session_uid, machine, number, generation, records, bytes)
     VALUES ($uid, $machine, $number, $generation, $records, $bytes)
     ON CONFLICT (session_uid, machine) DO UPDATE SET number = $number, generation = $generation, records = $records,
       bytes = coalesce($bytes, bytes) WHERE number <= $number`,
    { uid, machine, number, generation, records: JSON.stringify(records), bytes },
  );
}

interface RecordColumns {
  readonly uid: SessionUid;
  readonly machine: string;
  readonly number: number;
  readonly generation: number;
  readonly records: string;
  readonly bytes: string | null;
}

const RECORD_COLUMNS = 'session_uid AS uid, machine, number, generation, records, bytes';

function toRecord({ records, bytes, ...row }: RecordColumns): RemoteRecord {
  return { ...row, records: JSON.parse(records), bytes: bytes === null ? null : JSON.parse(bytes) };
}

export function recordsFor(db: ReadableDb, uid: SessionUid): RemoteRecord[] {
  return db
    .all<RecordColumns>(
      `SELECT ${RECORD_COLUMNS} FROM remote_records WHERE session_uid = $uid ORDER BY machine`,
      {
        uid,
      },
    )
    .map(toRecord);
}

export function* eachRecord(db: ReadableDb): Generator<RemoteRecord> {
  for (const row of db.each<RecordColumns>(
    `SELECT ${RECORD_COLUMNS} FROM remote_records ORDER BY session_uid, machine`,
  ))
    yield toRecord(row);
}

/** A session that was forgotten: where it lay is no longer known here, and what is left of it there may be collected. */
export function dropRecords(db: WritableDb, uid: SessionUid): void {
  for (const record of recordsFor(db, uid)) taint(db, packsOf(record));
  // What an upload has sent that did not come to its commit holds it too.
  db.run(
    `INSERT INTO remote_tainted SELECT DISTINCT pack FROM remote_pieces WHERE session_uid = $uid
      ON CONFLICT (pack) DO NOTHING`,
    { uid },
  );
  db.run('DELETE FROM remote_records WHERE session_uid = $uid', { uid });
  db.run('DELETE FROM remote_pieces WHERE session_uid = $uid', { uid });
}

/** Packs that hold something of what was forgotten. */
export function taint(db: WritableDb, packs: readonly string[]): void {
  for (const pack of packs)
    db.run('INSERT INTO remote_tainted VALUES ($pack) ON CONFLICT (pack) DO NOTHING', { pack });
}

/** What of each machine lies in the bucket, its newest state of each session that had bytes. */
export function countsByMachine(
  db: ReadableDb,
): ReadonlyMap<string, { readonly sessions: number; readonly rawBytes: number }> {
  const rows = db.all<{ machine: string; sessions: number; rawBytes: number }>(
    `SELECT machine, count(*) AS sessions, sum(json_extract(bytes, '$.raw_bytes')) AS rawBytes
     FROM remote_records WHERE bytes IS NOT NULL GROUP BY machine`,
  );
  return new Map(rows.map(({ machine, ...counts }) => [machine, counts]));
}

/** Sessions with bytes in the bucket of which nothing is told here: their machine has made no digest of them. */
export function untold(db: ReadableDb): SessionUid[] {
  return db
    .all<{ uid: SessionUid }>(
      `SELECT DISTINCT session_uid AS uid FROM remote_records r WHERE bytes IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.session_uid = r.session_uid) ORDER BY session_uid`,
    )
    .map(({ uid }) => uid);
}

/** Of those the ones that a text names: by all of an id, or else by how it begins. */
export function untoldNamed(db: ReadableDb, text: string): SessionUid[] {
  const all = text === '' ? [] : untold(db);
  const own = (uid: SessionUid) => uid.slice(uid.indexOf(':') + 1);
  const exact = all.filter((uid) => uid === text || own(uid) === text);
  return exact.length > 0 ? exact : all.filter((uid) => uid.startsWith(text) || own(uid).startsWith(text));
}

export interface RemoteCounts {
  /** Sessions with bytes in the bucket, of any machine. */
  readonly sessions: number;
  readonly rawBytes: number;
  /** Of this machine: sessions whose bytes, as they are now, are there. */
  readonly safe: number;
}

export function remoteCounts(db: ReadableDb): RemoteCounts {
  const all = db.get<{ sessions: number; rawBytes: number | null }>(
    `SELECT count(*) AS sessions, sum(raw) AS rawBytes FROM (SELECT max(json_extract(bytes, '$.raw_bytes')) AS raw
       FROM remote_records WHERE bytes IS NOT NULL GROUP BY session_uid)`,
  );
  const safe = db.get<{ n: number }>(
    `SELECT count(*) AS n FROM remote_receipts r JOIN sessions s ON s.id = r.session_id
     WHERE s.raw_generation = r.generation AND s.evicted_at IS NULL AND r.files = ${FILES_STATE}`,
  );
  return { sessions: all?.sessions ?? 0, rawBytes: all?.rawBytes ?? 0, safe: safe?.n ?? 0 };
}
