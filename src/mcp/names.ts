/**
 * Ids of sessions where they stand outside the marks, among our own words. Pure, but for the look for secrets.
 * Promises: an id that could be read as a sentence, or that holds a secret, stands there in no answer. Agents let people choose
 * ids, and a transcript is called by its file's name.
 */
import { redactText } from '../digest/redact.ts';

/** Letters that make a word. */
const WORD = /[A-Z]?[a-z]{3,}|[A-Z]{3,}/g;
const HEX = /^[0-9a-f]+$/i;
/** An agent's name has up to two, and an id of three more is a name; more may be an order. */
const WORDS_MAX = 5;

/** The id as it may stand anywhere; null where it may not. */
export async function calmName(uid: string): Promise<string | null> {
  const words = (uid.match(WORD) ?? []).filter((word) => !HEX.test(word));
  if (words.length > WORDS_MAX) return null;
  return (await redactText(uid)).count === 0 ? uid : null;
}
