/**
 * What the store keeps of a session for good in words, and how such words are replaced: by the same without the secrets that an
 * older version let through.
 * Promises: one transaction a session, and nothing where the session or a digest of it has changed since it was read; the
 * digest of an evicted session is replaced by an event each. Never: touches raw bytes, or what a digest covers.
 */
import type { SessionUid } from '../domain/ids.ts';
import { killPoint } from '../domain/kill-point.ts';
import type { KeptWords } from '../domain/session.ts';
import type { Iso } from '../domain/time.ts';
import type { ReadableDb, WritableDb } from './connection.ts';
import { followSearch } from './search/documents.ts';
import { sha256 } from './segments.ts';

export interface KeptDigest {
  readonly id: number;
  readonly generation: number;
  readonly json: string;
}

export interface KeptTexts {
  readonly id: number;
  readonly uid: SessionUid;
  readonly generation: number;
  readonly isEvicted: boolean;
  readonly words: KeptWords;
  readonly digests: readonly KeptDigest[];
}

const PAGE_SESSIONS = 200;

/** Every session that has not been forgotten, a page at a time. */
export function* keptTexts(db: ReadableDb): Iterable<KeptTexts> {
  for (let after = 0; ; ) {
    const rows = db.all<
      KeptWords & { id: number; uid: SessionUid; generation: number; evicted_at: string | null }
    >(
      `SELECT id, session_uid AS uid, raw_generation AS generation, evicted_at, project, title, branch, analyze_error
       FROM sessions WHERE id > $after AND id NOT IN (SELECT id FROM forgotten) ORDER BY id LIMIT $limit`,
      { after, limit: PAGE_SESSIONS },
    );
    for (const { id, uid, generation, evicted_at: evictedAt, ...words } of rows)
      yield { id, uid, generation, isEvicted: evictedAt !== null, words, digests: digestsAt(db, id) };
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

function digestsAt(db: ReadableDb, id: number): readonly KeptDigest[] {
  return db.all<KeptDigest>('SELECT id, generation, json FROM digests WHERE session_id = $id ORDER BY id', {
    id,
  });
}

/** Whether the schema lets this digest be replaced: of an evicted session any, of a live one that of its present bytes. */
export function isReplaceable(session: KeptTexts, digest: KeptDigest): boolean {
  return session.isEvicted || digest.generation === session.generation;
}

/** `jsons`: by the digest's number. False where something of the session has changed since it was read. */
export function replaceTexts(
  db: WritableDb,
  session: KeptTexts,
  words: KeptWords,
  jsons: ReadonlyMap<number, string>,
  at: Iso,
): boolean {
  return db.writeTransaction(() => {
    if (!isUnchanged(db, session)) return false;
    for (const digest of session.digests) {
      const json = jsons.get(digest.id);
      if (json !== undefined) replaceDigest(db, session, digest, json, at);
    }
    db.run(
      `UPDATE sessions SET project = $project, title = $title, branch = $branch, analyze_error = $analyze_error
       WHERE id = $id`,
      { ...words, id: session.id },
    );
    if (jsons.size > 0) followSearch(db, session.id);
    killPoint('kept-texts.replaced');
    return true;
  });
}

function replaceDigest(db: WritableDb, session: KeptTexts, digest: KeptDigest, json: string, at: Iso): void {
  const [before, after] = [Buffer.byteLength(digest.json), Buffer.byteLength(json)];
  const { id, uid, generation, isEvicted } = session;
  if (isEvicted)
    db.run(
      `INSERT INTO events (at, kind, session_id, session_uid, generation, raw_bytes, stored_bytes, reason)
       VALUES ($at, 'digest_replaced', $id, $uid, $generation, $before, $after, 'secrets were taken out of it')`,
      { at, id, uid, generation, before, after },
    );
  db.run('UPDATE digests SET json = $json, bytes = $after, sha256 = $hash WHERE id = $digest', {
    json,
    after,
    digest: digest.id,
    hash: sha256(Buffer.from(json)),
  });
}

function isUnchanged(db: ReadableDb, session: KeptTexts): boolean {
  const row = db.get<KeptWords & { generation: number; evicted_at: string | null }>(
    `SELECT raw_generation AS generation, evicted_at, project, title, branch, analyze_error
     FROM sessions WHERE id = $id AND id NOT IN (SELECT id FROM forgotten)`,
    { id: session.id },
  );
  if (row === null) return false;
  const { generation, evicted_at: evictedAt, ...words } = row;
  return (
    generation === session.generation &&
    (evictedAt !== null) === session.isEvicted &&
    Bun.deepEquals(words, session.words) &&
    Bun.deepEquals(digestsAt(db, session.id), session.digests)
  );
}
