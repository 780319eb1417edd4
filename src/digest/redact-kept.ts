/**
 * Takes secrets out of a digest that is made already, and of what a session's row says: by another version, or on another machine.
 * Promises: what holds none stays as it is, to the byte; nothing says less of anything else; the same again changes nothing.
 */
import { DIGEST_BYTES_MAX, type Digest } from '../domain/digest.ts';
import type { KeptWords } from '../domain/session.ts';
import { CHARS, cutMarked, MARK } from './keep.ts';
import { redactDigest, redactTexts } from './redact.ts';
import { shrink } from './shrink.ts';
import { mapTexts } from './strings.ts';

/** Bounds of what a row says, as when it was stored. */
const WORDS: readonly (readonly [keyof KeptWords, number])[] = [
  ['title', CHARS.title],
  ['project', CHARS.path],
  ['branch', CHARS.name],
  ['analyze_error', 2000],
];

/** The digest without secrets; null where there is none in it. Notes its title, by what it was. */
export async function redactKeptDigest(json: string, titles: Map<string, string>): Promise<string | null> {
  const before = digestIn(json);
  if (before === null) return null;
  const asTold = await redactDigest(before);
  const told = wholeTitle(before, asTold);
  const clean = told === null ? asTold : await redactDigest({ ...before, title: told });
  const title = cutMarked(clean.title ?? '', CHARS.title);
  const isTitleSame = told === null || title.startsWith(shownOf(before.title ?? ''));
  if (clean.redacted === before.redacted && isTitleSame) return null;
  if (before.title !== null) titles.set(before.title, title);
  return shrink(clean, Number.POSITIVE_INFINITY, DIGEST_BYTES_MAX).json;
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

/**
 * A title is mostly the first prompt, cut: of half a key in it the whole one is known from there. Null where it is not, or has no key:
 * the prompt begins so and nothing is found in it, so the title was cut when all of it had been looked at.
 */
function wholeTitle({ title, prompts: [prompt] }: Digest, asTold: Digest): string | null {
  if (title === null || prompt === undefined || !title.endsWith('…')) return null;
  const [shown, whole] = [shownOf(title), prompt.text.replace(/\s+/g, ' ').trim()];
  let same = 0;
  while (same < shown.length && shown[same] === whole[same]) same++;
  if (same === shown.length) return asTold.prompts[0]?.text === prompt.text ? null : prompt.text;
  // As far as the first secret that was taken out of the prompt: a title was cut before anybody looked.
  return whole.startsWith(MARK, same) ? prompt.text : null;
}

/** A title without the mark of its cut. */
function shownOf(title: string): string {
  return title.replace(/…$/, '').trim();
}

/** The words without secrets. `titles`: what titles of digests have become, by what they were. */
export async function redactWords<W extends KeptWords>(
  words: W,
  titles: ReadonlyMap<string, string>,
): Promise<W> {
  const clean = await redactTexts(WORDS.map(([word, charsMax]) => ({ text: words[word] ?? '', charsMax })));
  const changed: Record<string, string> = {};
  for (const [index, [word]] of WORDS.entries()) {
    const found = clean[index];
    if (found !== undefined && found.count > 0) changed[word] = found.text;
  }
  const title = words.title === null ? undefined : titles.get(words.title);
  return { ...words, ...changed, ...(title === undefined ? {} : { title }) };
}
