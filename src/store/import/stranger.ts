/**
 * A session that this store does not have, from an archive that nobody vouches for: its bytes, and what they cannot tell by themselves.
 * Promises: within the caller's transaction, whole or not at all; marked with where it came from; it is pinned by nobody, analyzed
 * by nobody, of a generation of its own; no event, tombstone or digest of the archive comes with bytes. Of one that was evicted
 * there only the digest comes, as a stranger's: it stands for no bytes, here or anywhere, so no file of this machine is taken for it.
 */
import { type Iso, plausibleTime } from '../../domain/time.ts';
import type { ArchivedFile, ArchivedMeta, Incoming } from '../archived.ts';
import type { WritableDb } from '../connection.ts';
import { insertFiles, insertRow } from './new.ts';
import { presentDigest, putEvent, putImportedDigest } from './rows.ts';

export function insertStranger(db: WritableDb, incoming: Incoming, origin: string, now: Iso): void {
  const { meta } = incoming;
  // What a live one is called its bytes tell, when they are analyzed.
  const isLive = meta.evicted_at === null;
  const row: ArchivedMeta = { ...meta, ingested_at: now, origin, title: isLive ? null : meta.title };
  const sessionId = insertRow(db, row);
  const event = { at: now, generation: 0, sweep_id: null, raw_bytes: 0, stored_bytes: 0 };
  if (isLive) {
    const live = meta.files.filter(({ gone }) => !gone).map((file) => withoutClaims(file, now));
    insertFiles(db, sessionId, { ...incoming, meta: { ...row, files: live } });
    putEvent(db, sessionId, meta.session_uid, {
      ...event,
      generation: incoming.segments.length,
      raw_bytes: sumOf(live),
      stored_bytes: incoming.segments.reduce((sum, { stored_bytes: bytes }) => sum + bytes, 0),
      kind: 'imported',
      reason: `from ${origin}, which nobody vouches for`,
    });
    return;
  }
  const digest = presentDigest(incoming);
  if (digest === null) throw new Error(`${meta.session_uid} has neither bytes nor a digest`);
  const place = { sessionId, generation: 0, coversFrom: 0 };
  putImportedDigest(db, place, { ...digest, complete: true, made_at: now, origin });
  putEvent(db, sessionId, meta.session_uid, {
    ...event,
    kind: 'evicted',
    reason: `only its digest came, from ${origin}, which nobody vouches for`,
  });
}

/** What an earlier version was is told by its bytes; its hash and what it counted nobody has held against them. */
function withoutClaims(file: ArchivedFile, now: Iso): ArchivedFile {
  if (file.versions === undefined) return file;
  const versions = file.versions.map((version, i) => ({
    ...version,
    number: i + 1,
    sha256: null,
    records: null,
    replaced_at: plausibleTime(version.replaced_at, now) ?? now,
  }));
  return { ...file, versions };
}

function sumOf(files: readonly ArchivedFile[]): number {
  return files.reduce((sum, { raw_bytes: bytes }) => sum + bytes, 0);
}
