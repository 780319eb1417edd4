/**
 * Forgetting: a session's bytes, digest, index, title, paths and names leave the store and its files; the id and the event stay.
 * Promises: all rows in one transaction, by one event, whose trigger does the rest (migrations/0003-by-hand.ts); after
 * `writeAnew` no page of the file and no log holds a piece of it. Never: touches the agents' own files.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { SessionUid } from '../domain/ids.ts';
import { killPoint } from '../domain/kill-point.ts';
import { parsedJson } from '../domain/parsed.ts';
import type { SessionRow } from '../domain/session.ts';
import type { Iso } from '../domain/time.ts';
import { connect, type ReadableDb, type WritableDb } from './connection.ts';
import { mustBeGuarded } from './guards.ts';
import { sessionIdOf } from './read.ts';
import { truncatedLog } from './reclaim.ts';
import { storeFilesByKind } from './remove.ts';
import { removeFromSearchIndex } from './search/documents.ts';

/** Ids of all forgotten sessions: what is found under one of them is never stored again. */
export function forgottenUids(db: ReadableDb): ReadonlySet<SessionUid> {
  return new Set(
    db.all<{ uid: SessionUid }>('SELECT session_uid AS uid FROM forgotten').map(({ uid }) => uid),
  );
}

export interface Forgotten {
  readonly uid: SessionUid;
  readonly at: Iso;
}

/**
 * Whether a session was forgotten. The list is only asked about one that has nothing left: where it is damaged, all the others
 * can still be read.
 */
export function forgottenTest(
  db: ReadableDb,
): (session: Pick<SessionRow, 'uid' | 'state' | 'fileCount'>) => boolean {
  let uids: ReadonlySet<SessionUid> | null = null;
  return ({ uid, state, fileCount }) => {
    if (state !== 'evicted' || fileCount > 0) return false;
    uids ??= forgottenUids(db);
    return uids.has(uid);
  };
}

/** All forgotten sessions, in the order of their rows. */
export function listForgotten(db: ReadableDb): Forgotten[] {
  return db.all<Forgotten>('SELECT session_uid AS uid, at FROM forgotten ORDER BY id');
}

/** Sessions that began as a fork or a continuation of this one: copied history of it may be in them. */
export function childrenOf(db: ReadableDb, uid: SessionUid): SessionUid[] {
  return db
    .all<{ uid: SessionUid }>(
      "SELECT session_uid AS uid FROM sessions WHERE parent_uid = $uid OR parent_uid GLOB $uid || '.*' ORDER BY id",
      { uid },
    )
    .map((row) => row.uid);
}

/** Forgets one session. False where it was forgotten before. */
export function forgetSession(db: WritableDb, uid: SessionUid, at: Iso, reason = 'by hand'): boolean {
  // What is freed is overwritten at once, whatever it costs: FAST leaves pages as they are that are freed whole.
  db.exec('PRAGMA secure_delete = ON');
  try {
    return db.writeTransaction(() => {
      mustBeGuarded(db);
      const id = sessionIdOf(db, uid);
      if (db.get('SELECT 1 AS found FROM forgotten WHERE id = $id', { id }) !== null) return false;
      db.run(
        `INSERT INTO events (at, kind, session_id, session_uid, generation, raw_bytes, stored_bytes, reason)
         SELECT $at, 'forgotten', id, session_uid, raw_generation, raw_bytes, stored_bytes, $reason FROM sessions
         WHERE id = $id`,
        { at, id, reason },
      );
      removeFromSearchIndex(db, id);
      scrubReports(db, uid);
      killPoint('forget.forgotten');
      return true;
    });
  } finally {
    db.exec('PRAGMA secure_delete = FAST');
  }
}

/** Records an id that another store has forgotten, where this one has nothing of it. */
export function noteForgotten(db: WritableDb, { uid, at }: Forgotten): void {
  db.writeTransaction(() => {
    db.run(
      `INSERT INTO sessions (session_uid, agent, native_id)
       VALUES ($uid, substr($uid, 1, instr($uid, ':') - 1), substr($uid, instr($uid, ':') + 1))`,
      { uid },
    );
    forgetSession(db, uid, at, 'forgotten in another store');
  });
}

/** A sweep's warnings say of a failed analysis why: that may quote the session. The warning stays, its words go. */
function scrubReports(db: WritableDb, uid: SessionUid): void {
  const rows = db.all<{ sweep_id: string; report: string }>(
    'SELECT sweep_id, report FROM sweeps WHERE report IS NOT NULL AND instr(report, $uid) > 0',
    { uid },
  );
  for (const { sweep_id: sweepId, report } of rows) {
    db.run('UPDATE sweeps SET report = $report WHERE sweep_id = $sweepId', {
      sweepId,
      report: scrubbed(report, uid),
    });
  }
}

/** Null for a damaged report: what it says of the session cannot be told from the rest. */
function scrubbed(report: string, uid: SessionUid): string | null {
  const parsed = parsedJson(report);
  if (typeof parsed !== 'object' || parsed === null) return null;
  const told = 'warnings' in parsed && Array.isArray(parsed.warnings) ? parsed.warnings : [];
  const prefix = `analyze failed for ${uid}:`;
  const warnings = told.map((text: unknown) =>
    typeof text === 'string' && text.startsWith(prefix) ? `${prefix} forgotten` : text,
  );
  return JSON.stringify({ ...parsed, warnings });
}

/**
 * Writes the store file anew from its rows and empties its log, so that no freed page or gap holds what was there.
 * Takes as long and as much room as the file is large. False where a reader kept the log from being emptied.
 */
export async function writeAnew(db: WritableDb, stopped: () => boolean): Promise<boolean> {
  db.exec('VACUUM');
  killPoint('forget.written-anew');
  return truncatedLog(db, stopped);
}

/**
 * Files beside the store that hold rows of older days. `copies`: made before an upgrade that has long succeeded, so they
 * are removed. `asides`: what a repair has put aside; it may hold what nothing else does, so it is only named.
 */
export function besides(storePath: string): { readonly copies: string[]; readonly asides: string[] } {
  const folder = dirname(storePath);
  if (!existsSync(folder)) return { copies: [], asides: [] };
  const name = basename(storePath);
  const names = readdirSync(folder).filter((other) => other.startsWith(`${name}.`));
  const paths = (prefix: string) =>
    names.filter((other) => other.startsWith(`${name}.${prefix}`)).map((other) => join(folder, other));
  // What is removed is known by its whole name; what is only named may have got a longer one from somebody.
  return { copies: storeFilesByKind(storePath).copies, asides: paths('damaged-') };
}

/** Removes the copies that name the session, or that cannot be looked into. Returns those removed. */
export function removeCopies(storePath: string, uids: readonly SessionUid[]): string[] {
  const removed = besides(storePath).copies.filter((path) => uids.some((uid) => names(path, uid)));
  for (const path of removed) rmSync(path, { force: true });
  return removed;
}

function names(path: string, uid: SessionUid): boolean {
  if (/-(?:wal|shm|journal)$/.test(path)) return false;
  try {
    const copy = connect(path, 'read');
    try {
      return copy.get('SELECT 1 AS found FROM sessions WHERE session_uid = $uid', { uid }) !== null;
    } finally {
      copy.close();
    }
  } catch {
    // Half a copy, of an upgrade that was killed: it is of no use, and may hold the session.
    return true;
  }
}
