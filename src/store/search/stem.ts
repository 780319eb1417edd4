/**
 * English words without their endings, so that `redirects` finds `redirected`: the algorithm of M. F. Porter ("An algorithm
 * for suffix stripping", Program 14, 1980), with its author's later changes to step 2.
 * Promises: pure; the same stem for what is indexed and for what is asked. Never: touches what is no word of a to z alone.
 */

/** Shorter ones have no ending to lose; longer ones are no English words. UTF-16 units. */
const STEM_UNITS_MIN = 3;
const STEM_UNITS_MAX = 24;
const PLAIN = /^[a-z]+$/;

const CONSONANT = '[^aeiou]';
const VOWEL = '[aeiouy]';
const CONSONANTS = `${CONSONANT}[^aeiouy]*`;
const VOWELS = `${VOWEL}[aeiou]*`;
/** How many times vowels are followed by consonants, the measure of the paper: at least once, exactly once, at least twice. */
const ONE_UP = new RegExp(`^(?:${CONSONANTS})?${VOWELS}${CONSONANTS}`);
const JUST_ONE = new RegExp(`^(?:${CONSONANTS})?${VOWELS}${CONSONANTS}(?:${VOWELS})?$`);
const TWO_UP = new RegExp(`^(?:${CONSONANTS})?${VOWELS}${CONSONANTS}${VOWELS}${CONSONANTS}`);
const HAS_VOWEL = new RegExp(`^(?:${CONSONANTS})?${VOWEL}`);
/** Consonant, vowel, consonant that is not w, x or y: such a short word keeps its e. */
const SHORT_END = new RegExp(`^${CONSONANTS}${VOWEL}[^aeiouwxy]$`);
const DOUBLED = /([^aeiouylsz])\1$/;

const STEP_2 = endings(
  'ational:ate tional:tion enci:ence anci:ance izer:ize bli:ble alli:al entli:ent eli:e ousli:ous ization:ize ation:ate ator:ate alism:al iveness:ive fulness:ful ousness:ous aliti:al iviti:ive biliti:ble logi:log',
);
const STEP_3 = endings('icate:ic ative: alize:al iciti:ic ical:ic ful: ness:');
const STEP_4 =
  /^(.+?)(al|ance|ence|er|ic|able|ible|ant|ement|ment|ent|ou|ism|ate|iti|ous|ive|ize|(?<=[st])ion)$/;

interface Endings {
  readonly pattern: RegExp;
  readonly by: ReadonlyMap<string, string>;
}

function endings(table: string): Endings {
  const by = new Map(table.split(' ').map((pair) => pair.split(':') as [string, string]));
  return { pattern: new RegExp(`^(.+?)(${[...by.keys()].join('|')})$`), by };
}

const known = new Map<string, string>();
/** The same few thousand words come again and again; more are not kept. */
const KNOWN_MAX = 50_000;

/** The stem of a word in lower case; the word itself where it has none. */
export function stemOf(word: string): string {
  if (word.length < STEM_UNITS_MIN || word.length > STEM_UNITS_MAX) return word;
  const before = known.get(word);
  if (before !== undefined) return before;
  const stem = PLAIN.test(word) ? stripped(word) : word;
  if (known.size < KNOWN_MAX) known.set(word, stem);
  return stem;
}

function stripped(word: string): string {
  // A y at the beginning is a consonant; written large it is none of the vowels above.
  let stem = word.startsWith('y') ? `Y${word.slice(1)}` : word;
  stem = participle(plural(stem));
  const last = /^(.+)y$/.exec(stem)?.[1];
  if (last !== undefined && HAS_VOWEL.test(last)) stem = `${last}i`;
  stem = replaced(replaced(stem, STEP_2), STEP_3);
  const [, before] = STEP_4.exec(stem) ?? [];
  if (before !== undefined && TWO_UP.test(before)) stem = before;
  return finished(stem).toLowerCase();
}

function plural(word: string): string {
  if (/(?:ss|i)es$/.test(word)) return word.slice(0, -2);
  return /[^s]s$/.test(word) ? word.slice(0, -1) : word;
}

function participle(word: string): string {
  if (word.endsWith('eed')) return ONE_UP.test(word.slice(0, -3)) ? word.slice(0, -1) : word;
  const stem = /^(.+)(?:ed|ing)$/.exec(word)?.[1];
  if (stem === undefined || !HAS_VOWEL.test(stem)) return word;
  if (/(?:at|bl|iz)$/.test(stem)) return `${stem}e`;
  if (DOUBLED.test(stem)) return stem.slice(0, -1);
  return SHORT_END.test(stem) ? `${stem}e` : stem;
}

function replaced(word: string, { pattern, by }: Endings): string {
  const [, before, ending] = pattern.exec(word) ?? [];
  if (before === undefined || ending === undefined || !ONE_UP.test(before)) return word;
  return before + (by.get(ending) ?? '');
}

/** The last e, and the second of two l, of a word that is long enough without. */
function finished(word: string): string {
  let stem = word;
  if (stem.endsWith('e')) {
    const before = stem.slice(0, -1);
    if (TWO_UP.test(before) || (JUST_ONE.test(before) && !SHORT_END.test(before))) stem = before;
  }
  return stem.endsWith('ll') && TWO_UP.test(stem) ? stem.slice(0, -1) : stem;
}
