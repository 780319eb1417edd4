/**
 * Words that people put in any request to an agent and in any subject of a commit: how often sessions hold them says little of
 * what they tell, most of all in a store of few or short sessions.
 * Promises: pure; the same for what is asked in any ending.
 */
import { stemOf } from './stem.ts';
import type { Unit } from './words.ts';

/** What such a word counts of what its rareness would give. */
const SHARE = 0.5;

/** Verbs of any change, words of degree, time and place, and what else could stand in any sentence. */
const WORDS = `add allow apply ask avoid begin bring call change check clean cleanup complete create delete do edit enable end
ensure find fix get give go handle help implement improve improvement keep let look make modify move need open pass please
prevent provide put read refactor remove rename replace resolve return run see set show simplify start stop support take tell
test try turn update use want work write
actually again all almost already also always another any around available back bad better big bit both case clear close correct
current currently different directly each either else enough even every everything existing few first full good great here
high important instead just kind last least less like little long lot low main major many maybe minor missing more most much
multiple must never new next nice no nothing now ok okay old one only other part per possible previous proper properly quick
quickly really right same second several similar simple simply single small some something sometimes soon still such sure
thing though three too two usual very way well whole wrong yes yet
about above across after along before behind below between down during off out over since than then through under until up
upon via within without because before when where while`;

const COMMON = new Set(WORDS.split(/\s+/).map(stemOf));

/** The share of its rareness that a thing to find counts: one word that could stand anywhere less than any other. */
export function tellingShare(units: readonly Unit[] | undefined): number {
  const [word, next] = units ?? [];
  return word !== undefined && next === undefined && COMMON.has(stemOf(word.text)) ? SHARE : 1;
}
