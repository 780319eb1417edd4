/**
 * Takes out of what is already kept the secrets that an older version did not know: digests, and what the rows of sessions say.
 * Promises: a digest changes only where a secret is in it; it never says less of anything else, and stands for the same bytes.
 * Never: reads raw bytes; a live session's digest is better made anew, which is the caller's to do first.
 */
import { redactKeptDigest, redactWords } from '../digest/redact-kept.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { Clock } from '../domain/time.ts';
import type { WritableDb } from '../store/connection.ts';
import { isReplaceable, keptTexts, replaceTexts } from '../store/kept-texts.ts';

export interface Cleaned {
  /** Sessions that held a secret. */
  readonly cleaned: SessionUid[];
  /** Sessions with a digest that holds one still, each with the reason. */
  readonly left: { readonly uid: SessionUid; readonly why: string }[];
}

/** All sessions, one after the other. `shown`: told before each. */
export async function redactKept(
  deps: { readonly db: WritableDb; readonly clock: Clock; readonly signal: AbortSignal },
  shown: (uid: SessionUid) => void,
): Promise<Cleaned> {
  const result: Cleaned = { cleaned: [], left: [] };
  for (const session of keptTexts(deps.db)) {
    if (deps.signal.aborted) break;
    shown(session.uid);
    const jsons = new Map<number, string>();
    const titles = new Map<string, string>();
    for (const digest of session.digests) {
      const json = await redactKeptDigest(digest.json, titles);
      if (json === null) continue;
      if (isReplaceable(session, digest)) jsons.set(digest.id, json);
      else result.left.push({ uid: session.uid, why: LEFT_OLDER });
    }
    const words = await redactWords(session.words, titles);
    if (jsons.size === 0 && Bun.deepEquals(words, session.words)) continue;
    if (replaceTexts(deps.db, session, words, jsons, deps.clock.now())) result.cleaned.push(session.uid);
    else result.left.push({ uid: session.uid, why: 'it changed meanwhile; run it again' });
  }
  return result;
}

const LEFT_OLDER =
  'it came back after it was evicted, and a digest of what it was before cannot change while it is here; run it again once it is evicted';
