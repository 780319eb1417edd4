/**
 * What `restore --force` would replace is stored first.
 * Promises: only what lies where its agent has it; nothing is called stored that was not found in the store again, byte for byte.
 */
import { messageOf } from '../../domain/errors.ts';
import { plainLine } from '../../domain/text.ts';
import { isBeginningOf } from '../../restore/present-file.ts';
import type { Restoring, StoredAs } from '../../restore/replaced-files.ts';
import type { WritableDb } from '../../store/connection.ts';
import { emptyLog } from '../../store/log.ts';
import { filesOf, sessionOfPath } from '../../store/read.ts';
import { fileChunks } from '../../store/segments.ts';
import type { Context } from '../context.ts';
import { runIngest } from '../one-ingest.ts';

/** Places that a restore would put something else into. */
export function replacedPaths({ files }: Restoring): string[] {
  return files.filter(({ place }) => place === 'replace').map(({ path }) => path);
}

/** Ingests these files; returns what has them now. What is not among it (left out, no room, no transcript) is put beside. */
export async function storeFirst(
  context: Context,
  db: WritableDb,
  paths: readonly string[],
): Promise<ReadonlyMap<string, StoredAs>> {
  try {
    // What it warns of is told by what becomes of the file: it is found in the store afterwards, or put beside.
    await runIngest(context, db, { paths, full: true, analyze: false }, false);
  } catch (thrown) {
    // It is put beside instead.
    context.io.err(`warning: could not store what is there: ${plainLine(messageOf(thrown))}\n`);
  }
  // The file that it is of may go in a moment, and a commit alone is not on the disk where the power fails.
  emptyLog(db);
  const stored = new Map<string, StoredAs>();
  for (const path of paths) {
    const found = storedAt(db, path);
    if (found !== null) stored.set(path, found);
  }
  return stored;
}

function storedAt(db: WritableDb, path: string): StoredAs | null {
  const known = sessionOfPath(db, path);
  const file =
    known === null ? undefined : filesOf(db, known.uid).find(({ fileId }) => fileId === known.fileId);
  if (known === null || file === undefined || file.gone) return null;
  try {
    return isBeginningOf(path, fileChunks(db, known.uid, file)) ? { uid: known.uid, file } : null;
  } catch {
    // It cannot be read, here or there: then nothing is proven.
    return null;
  }
}
