/** What a rule about secrets is, and the few ways in which one is written. */
import { cutValue, standsForNothing, type ValuePlace } from './values.ts';

/** No key is longer, its line ends escaped twice; and nothing else that is looked for is as long as a key. */
export const SECRET_CHARS_MAX = 40_000;

/** Where a secret stands, in UTF-16 units of the text, and what it is. */
export interface Finding {
  readonly start: number;
  readonly end: number;
  readonly kind: string;
  /** It begins as no ordinary text does, so that the lines under it belong to it where it was broken. */
  readonly runsOn?: true;
}

export interface SecretRule {
  readonly kind: string;
  /** The rule only runs on text that has one of these (`hints.ts` says how they are written). */
  readonly hints: readonly string[];
  /** And one of these, where there are some. */
  readonly also?: readonly string[];
  /** What it looks with: the tests draw their texts from these, those that it must find and those that would take it long. */
  readonly patterns: readonly RegExp[];
  /** Without it in a text none of them is looked for. */
  readonly part?: RegExp;
  readonly find: (text: string) => Iterable<Finding>;
}

/** Whether a value is a secret, as it stands there. */
export type Judge = (value: string, place: ValuePlace) => boolean;

/** Words of hints, `'ghp_ gho_'`, a blank in one as `#`; behind ` & ` those of which one has to be there too. */
export function hinted(words: string): Pick<SecretRule, 'hints' | 'also'> {
  const [hints = [], also] = words
    .split(' & ')
    .map((either) => either.split(' ').map((word) => word.replaceAll('#', ' ')));
  return also === undefined ? { hints } : { hints, also };
}

/** What of a pattern is nothing but words, `a|b\\.c`: a hint for each. */
export function hintsOf(words: string, before = '', behind = ''): string {
  const plain = words.replaceAll('\\', '').replaceAll(' ', '#');
  return plain
    .split('|')
    .map((word) => before + word + behind)
    .join(' ');
}

/**
 * All matches of a global pattern at once. `matchAll` copies the pattern at each call, which takes longer than to look through a title.
 */
export function matchesIn(text: string, pattern: RegExp): readonly RegExpExecArray[] {
  pattern.lastIndex = 0;
  let match = pattern.exec(text);
  if (match === null) return NONE;
  const matches: RegExpExecArray[] = [];
  for (; match !== null; match = pattern.exec(text)) {
    matches.push(match);
    if (match[0] === '') pattern.lastIndex++;
  }
  return matches;
}
const NONE: readonly RegExpExecArray[] = [];

/** A form of a service's own: the match is the secret, or its last group. Only what stands for nothing is left. */
export function token(kind: string, hints: string, pattern: RegExp): SecretRule {
  return {
    kind,
    ...hinted(hints),
    patterns: [pattern],
    *find(text) {
      for (const match of matchesIn(text, pattern)) {
        const value = match.findLast((group, index) => index > 0 && group !== undefined) ?? match[0];
        if (standsForNothing(value) || isInData(text, match.index)) continue;
        const end = match.index + match[0].length;
        yield { start: end - value.length, end, kind, runsOn: true };
      }
    },
  };
}

/** A value behind a name, a flag or a word: the last group of the match, with which the match ends. */
export function carried(kind: string, hints: string, pattern: RegExp, judge: Judge): SecretRule {
  return {
    kind,
    ...hinted(hints),
    patterns: [pattern],
    find: (text) => valuesIn(kind, text, 0, pattern, judge),
  };
}

/** The same, looked for within what `region` matches: the words of one command, the pairs of one header. */
export function within(
  kind: string,
  hints: string,
  region: RegExp,
  pattern: RegExp,
  judge: Judge,
): SecretRule {
  return {
    kind,
    ...hinted(hints),
    patterns: [region, pattern],
    *find(text) {
      for (const match of matchesIn(text, region))
        yield* valuesIn(kind, match[0], match.index, pattern, judge, text);
    },
  };
}

/** A rule that costs much at each character, on text that has what every match of it has. */
export function onlyWith(part: RegExp, rule: SecretRule): SecretRule {
  return {
    ...rule,
    part,
    find: (text) => (part.test(text) ? rule.find(text) : []),
  };
}

/** A pattern may begin with the end of a name: so much before it is looked at. */
const NAME_CHARS = 40;

function* valuesIn(
  kind: string,
  text: string,
  offset: number,
  pattern: RegExp,
  judge: Judge,
  whole = text,
): Iterable<Finding> {
  for (const match of matchesIn(text, pattern)) {
    const value = match.findLast((group, index) => index > 0 && group !== undefined);
    if (value === undefined) continue;
    const end = offset + match.index + match[0].length;
    const start = end - value.length;
    const lead = text.slice(match.index, match.index + match[0].length - value.length);
    const name = text.slice(Math.max(0, match.index - NAME_CHARS), match.index) + lead;
    const shown = cutValue(value);
    if (shown === null) continue;
    const isCut = shown !== value;
    const place = { name, lead, before: whole[start - 1] ?? '', after: whole[end] ?? '', isCut };
    if (!judge(shown, place)) continue;
    yield { start, end, kind };
  }
}

/** So much before a key tells whether it stands in the middle of a picture's base64. */
const DATA_CHARS = 48;

/** In the midst of data in base64, where every short beginning of a key comes up by chance. */
export function isInData(text: string, at: number): boolean {
  if (!/[/+]/.test(text[at - 1] ?? '')) return false;
  const run = /[A-Za-z0-9+/]*$/.exec(text.slice(Math.max(0, at - DATA_CHARS), at))?.[0] ?? '';
  return (
    run.length >= DATA_CHARS - 8 && /\d/.test(run) && /[a-z][A-Z]/.test(run) && /[A-Z][a-z]?[A-Z]/.test(run)
  );
}
