/** Tells of a rewrite that took most of what a file held: a stub in the place of a transcript, an emptied file. */
import { FailureError } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { ReadableDb } from '../store/connection.ts';
import { filesOf } from '../store/read.ts';
import type { StoredFile } from '../store/rows.ts';
import { type EarlierVersion, versionsOf } from '../store/versions.ts';
import type { FoundFile } from './discover/discover.ts';
import { factsOf, fullerVersion } from './fuller.ts';

/** A sentence for the person, once for each loss; null: nothing to tell. `before`: the file as it was before this rewrite. */
export function lossText(
  db: ReadableDb,
  uid: SessionUid,
  file: FoundFile,
  before: StoredFile,
): string | null {
  const present = filesOf(db, uid).find(({ fileId, gone }) => fileId === before.fileId && !gone);
  if (present === undefined) return null;
  try {
    const versions = versionsOf(db, uid);
    const version = fullerVersion(db, uid, file.agent, present, versions);
    if (version === null) return null;
    const isTold = fullerVersion(db, uid, file.agent, before, versions)?.number === version.number;
    return isTold ? null : sentence(db, uid, file, version, present);
  } catch (thrown) {
    // An earlier version that cannot be read is for `verify` to tell; what is there was stored.
    if (thrown instanceof FailureError) return null;
    throw thrown;
  }
}

function sentence(
  db: ReadableDb,
  uid: SessionUid,
  { agent, path }: FoundFile,
  version: EarlierVersion,
  present: StoredFile,
): string {
  const { records } = factsOf(db, uid, agent, present);
  const what = agent.isDocument?.(present.key) === true ? 'records' : 'lines';
  const sizes =
    version.records === null || records === null
      ? `${version.rawBytes} bytes before, ${present.rawBytes} now`
      : `${version.records} ${what} before, ${records} now`;
  const wanted = present.role === 'main' ? String(version.number) : 'fullest';
  return `${path} has lost most of what it held: ${sizes}. What it held is kept: \`session-memory restore ${uid} --version ${wanted} --force\` gives it back`;
}
