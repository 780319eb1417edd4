/**
 * Takes out of what is already kept the secrets that an older version did not know: digests, and what the rows of sessions say.
 * Promises: a digest changes only where a secret is in it; it never says less of anything else, and stands for the same bytes.
 * Never: reads raw bytes; a live session's digest is better made anew, which is the caller's to do first.
 */
import { CHARS, cutMarked } from '../digest/keep.ts';
import { redactDigest, redactTexts } from '../digest/redact.ts';
import { shrink } from '../digest/shrink.ts';
import { mapTexts } from '../digest/strings.ts';
import { DIGEST_BYTES_MAX, type Digest } from '../domain/digest.ts';
import type { SessionUid } from '../domain/ids.ts';
import type { Clock } from '../domain/time.ts';
import type { WritableDb } from '../store/connection.ts';
import {
  isReplaceable,
  type KeptTexts,
  type KeptWords,
  keptTexts,
  replaceTexts,
} from '../store/kept-texts.ts';

export interface Cleaned {
  /** Sessions that held a secret. */
  readonly cleaned: SessionUid[];
  /** Sessions with a digest that holds one still, each with the reason. */
  readonly left: { readonly uid: SessionUid; readonly why: string }[];
}

/** Bounds of what a row says, as when it was stored. */
const WORDS: readonly (readonly [keyof KeptWords, number])[] = [
  ['title', CHARS.title],
  ['project', CHARS.path],
  ['branch', CHARS.name],
  ['analyze_error', 2000],
];

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
      const json = await cleanDigest(digest.json, titles);
      if (json === null) continue;
      if (isReplaceable(session, digest)) jsons.set(digest.id, json);
      else result.left.push({ uid: session.uid, why: LEFT_OLDER });
    }
    const words = await cleanWords(session, titles);
    if (jsons.size === 0 && Bun.deepEquals(words, session.words)) continue;
    if (replaceTexts(deps.db, session, words, jsons, deps.clock.now())) result.cleaned.push(session.uid);
    else result.left.push({ uid: session.uid, why: 'it changed meanwhile; run it again' });
  }
  return result;
}

const LEFT_OLDER =
  'it came back after it was evicted, and a digest of what it was before cannot change while it is here; run it again once it is evicted';

/** The digest without secrets; null where there is none in it. Notes its title, by what it was. */
async function cleanDigest(json: string, titles: Map<string, string>): Promise<string | null> {
  const before = digestIn(json);
  if (before === null) return null;
  // A title is mostly the first prompt, cut: of half a key in it the whole one is known from there.
  const told =
    before.title !== null && isCutOf(before.title, before.prompts[0]?.text) ? before.prompts[0]?.text : null;
  const whole: Digest = told == null ? before : { ...before, title: told };
  const clean = await redactDigest(whole);
  if (before.title !== null && clean.title !== null)
    titles.set(before.title, cutMarked(clean.title, CHARS.title));
  const isSame =
    clean.redacted === before.redacted &&
    (told == null || cutMarked(clean.title ?? '', CHARS.title) === before.title);
  return isSame ? null : shrink(clean, Number.POSITIVE_INFINITY, DIGEST_BYTES_MAX).json;
}

/** A digest that cannot be read has no words that are shown or found; it is not for here to repair. */
function digestIn(json: string): Digest | null {
  try {
    const digest: Digest = JSON.parse(json);
    // A text that is missing in an older form is found here, and not in the midst of a replacement.
    mapTexts(digest, (text) => text.slice(0));
    return digest;
  } catch {
    // Neither JSON nor a digest: nothing of it is shown or found.
    return null;
  }
}

/** As far as the first secret that was taken out of the prompt: a title was cut before anybody looked. */
function isCutOf(title: string, prompt: string | undefined): boolean {
  if (prompt === undefined || !title.endsWith('…')) return false;
  const [shown, whole] = [title.slice(0, -1).trim(), prompt.replace(/\s+/g, ' ').trim()];
  let same = 0;
  while (same < shown.length && shown[same] === whole[same]) same++;
  return same === shown.length || whole.startsWith('[redacted: ', same);
}

async function cleanWords({ words }: KeptTexts, titles: ReadonlyMap<string, string>): Promise<KeptWords> {
  const clean = await redactTexts(WORDS.map(([word, charsMax]) => ({ text: words[word] ?? '', charsMax })));
  const changed: Record<string, string> = {};
  for (const [index, [word]] of WORDS.entries()) {
    const found = clean[index];
    if (found !== undefined && found.count > 0) changed[word] = found.text;
  }
  const title = words.title === null ? undefined : titles.get(words.title);
  return { ...words, ...changed, ...(title === undefined ? {} : { title }) };
}
