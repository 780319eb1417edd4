/**
 * Takes secrets out of what an older version kept, of evicted sessions too, and says where they may still be.
 * Promises: where something was taken out, the store's file is written anew, so that no page keeps a piece; what could not be
 * done is a warning that says what to do.
 */
import { FailureError } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { redactKept } from '../ingest/redact-kept.ts';
import type { WritableDb } from '../store/connection.ts';
import { besides, writeAnew } from '../store/forget.ts';
import { writeWordsOut } from '../store/search/documents.ts';
import type { Context } from './context.ts';
import type { ProgressLine } from './io.ts';

export interface CleanedKept {
  readonly cleaned: readonly SessionUid[];
  readonly warnings: readonly string[];
}

export const NOTHING_CLEANED: CleanedKept = { cleaned: [], warnings: [] };

/** `renewed`: whether digests were made anew before, whose older words lie in free pages too. */
export async function cleanKept(
  context: Context,
  db: WritableDb,
  line: ProgressLine,
  renewed: boolean,
): Promise<CleanedKept> {
  const { clock, signal } = context;
  const { cleaned, left } = await redactKept({ db, clock, signal }, (uid) =>
    line.show(`look for secrets in what is kept  ${uid}`),
  );
  const warnings = left.map(({ uid, why }) => `a secret is still in what is kept of ${uid}: ${why}`);
  if (cleaned.length > 0 || renewed) warnings.push(...(await wiped(context, db, line)));
  warnings.push(
    ...besides(db.path).copies.map(
      (path) =>
        `a copy from before an upgrade may hold secrets that were taken out since: ${path}; delete it once this version works for you`,
    ),
  );
  return { cleaned, warnings };
}

async function wiped(context: Context, db: WritableDb, line: ProgressLine): Promise<readonly string[]> {
  line.show('write the store file anew, so that no page keeps a piece');
  try {
    writeWordsOut(db);
    const isEmptied = await writeAnew(db, () => context.signal.aborted);
    return isEmptied
      ? []
      : ['another process reads the store: its log still holds pieces until that process ends'];
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown;
    return [
      `the store file could not be written anew (${thrown.failure.message}): its free pages may hold pieces until a sweep gives them back`,
    ];
  }
}
