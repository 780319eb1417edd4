/**
 * The digest of a session that lies in the bucket only: made of its bytes as they are fetched, in a passing store.
 * Promises: no byte of it comes back into Tier 1; a failure is remembered as any other, so that it is fetched again for a reason only.
 */
import { DIGEST_VERSION } from '../domain/digest.ts';
import { FailureError, messageOf } from '../domain/errors.ts';
import type { SessionUid } from '../domain/ids.ts';
import { isUnchanged } from '../domain/retry.ts';
import { type AnalyzeResult, analyzeSession } from '../ingest/analyze.ts';
import type { AskedAnalyzer } from '../ingest/asked-analyzer.ts';
import { lastAttempt, noteFailure, noteSuccess } from '../store/analyses.ts';
import type { ReadableDb, WritableDb } from '../store/connection.ts';
import { digestsOf, findSession } from '../store/read.ts';
import { bucketOnly } from '../store/remote/receipts.ts';
import { saveDigest } from '../store/write-digests.ts';
import type { Context } from './context.ts';
import { withBytes } from './fetched.ts';
import { analyzeDeps, circumstances } from './wire.ts';

/** Those of which a digest may come out now: never tried as things are, or never at all. */
export function awayToAnalyze(context: Context, db: ReadableDb): SessionUid[] {
  if (context.settings.remote === null) return [];
  return bucketOnly(db)
    .filter(({ uid, generation }) => {
      const last = lastAttempt(db, uid);
      return last === null || !isUnchanged(last, { generation, ...circumstances(context) });
    })
    .map(({ uid }) => uid);
}

export async function analyzeAway(
  context: Context,
  db: WritableDb,
  uid: SessionUid,
  asked?: AskedAnalyzer,
): Promise<AnalyzeResult> {
  const session = findSession(db, uid);
  if (session === null) return { ok: false, why: 'the session is not known' };
  const present = { generation: session.generation, ...circumstances(context) };
  try {
    return await withBytes({ ...context, args: [uid] }, uid, async (_, passing) => {
      const outcome = await analyzeSession(analyzeDeps(context, passing ?? db, asked), uid, context.signal);
      // It came back meanwhile.
      if (passing === null) return outcome;
      if (!outcome.ok) {
        const isOfIt = !context.signal.aborted && outcome.noRoom !== true && outcome.isUntried !== true;
        if (isOfIt) noteFailure(db, uid, outcome.why, present, context.clock.now());
        return outcome;
      }
      if (!keep(context, db, passing, uid, session.generation))
        return { ok: false, why: 'it came back, or was forgotten, while it was analyzed' };
      noteSuccess(db, uid, present, context.clock.now());
      return outcome;
    });
  } catch (thrown) {
    // The bucket cannot be reached, or has lost it: that says nothing of what a digest would be.
    if (!(thrown instanceof FailureError) || thrown.failure.code === 'interrupted') throw thrown;
    return { ok: false, why: messageOf(thrown) };
  }
}

function keep(
  { clock }: Context,
  db: WritableDb,
  passing: ReadableDb,
  uid: SessionUid,
  generation: number,
): boolean {
  const session = findSession(passing, uid);
  const made = digestsOf(passing, uid).find((one) => one.complete && one.generation === session?.generation);
  if (session === null || made === undefined) return false;
  const { title, project, branch, startedAt, endedAt } = session;
  const saved = saveDigest(db, {
    uid,
    generation,
    version: DIGEST_VERSION,
    json: made.json,
    complete: true,
    now: clock.now(),
    title,
    project,
    branch,
    startedAt,
    endedAt,
    fileHashes: new Map(),
    isFetched: true,
  });
  return saved !== 'grown';
}
