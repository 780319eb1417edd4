/**
 * All that is known of how secrets look, in the order of how sure each rule is: a finding of an earlier one names it.
 * Promises: pure, and linear in the text; a rule of one service is one line in its file.
 */

import { LINT_HINTS, loadLint } from '../lint.ts';
import { CARRIER_RULES } from './carriers.ts';
import { COMMAND_RULES } from './commands.ts';
import { ENCODED_RULES, encodedRule } from './encoded.ts';
import { Hints } from './hints.ts';
import { KEY_RULES } from './keys.ts';
import { PROSE_RULES } from './prose.ts';
import type { Finding, SecretRule } from './rules.ts';
import { SERVICE_RULES } from './services.ts';
import { isPlaceholder } from './values.ts';

export type { Finding } from './rules.ts';

export const PLAIN_RULES: readonly SecretRule[] = [
  ...KEY_RULES,
  ...SERVICE_RULES,
  ...ENCODED_RULES,
  ...CARRIER_RULES,
  ...COMMAND_RULES,
  ...PROSE_RULES,
];
const RULES: readonly SecretRule[] = [
  ...PLAIN_RULES,
  encodedRule((decoded) => findings(decoded, PLAIN_RULES.length).length > 0),
];
const HINTS = new Hints(RULES);

/** What stands in the place of a secret. Only of a kind that is known: nothing hides in brackets. */
const MARKS = new RegExp(
  `\\[redacted: (?:${[...new Set([...RULES.map(({ kind }) => kind), ...LINT_HINTS.keys()])]
    .map((kind) => kind.replaceAll('.', '\\.'))
    .join('|')})\\]`,
  'g',
);

/** What was taken out before is none. No rule reads across a NUL, and the places of all else stay as they are. */
function withoutMarks(text: string): string {
  return text.includes('[redacted: ') ? text.replace(MARKS, (mark) => '\0'.repeat(mark.length)) : text;
}

/** Every secret that our own rules find, in no order, some of them in one another. */
export function secretsIn(text: string): Finding[] {
  return findings(withoutMarks(text), RULES.length);
}

/** By the first so many rules. */
function findings(text: string, rules: number): Finding[] {
  const found: Finding[] = [];
  for (const index of HINTS.in(text)) {
    if (index >= rules) break;
    for (const finding of RULES[index]?.find(text) ?? [])
      if (finding.end > finding.start) found.push(finding);
  }
  return found;
}

/** Between two texts of a piece: no rule reads across a NUL. */
const SEPARATOR = '\n\0\n';

type AnyRule = Pick<SecretRule, 'hints' | 'also'> & {
  readonly find: (text: string) => Iterable<Finding> | Promise<Iterable<Finding>>;
};
interface AllRules {
  readonly rules: readonly AnyRule[];
  readonly hints: Hints;
}
let all: AllRules | null = null;

/** Ours and then secretlint's, which name a finding only where none of ours does. */
async function allRules(): Promise<AllRules> {
  if (all !== null) return all;
  const lint = (await loadLint()).map(
    ({ hints, find }): AnyRule => ({
      hints,
      find: async (text) =>
        (await find(text)).filter(({ start, end }) => !isPlaceholder(text.slice(start, end))),
    }),
  );
  const rules: readonly AnyRule[] = [...RULES, ...lint];
  all = { rules, hints: new Hints(rules) };
  return all;
}

/**
 * The secrets of each of some texts, by all rules, in no order, some of them in one another. Texts are looked at together: what
 * a rule waits for stands in few of them, and only those are given to it.
 */
export async function secretsOfEach(texts: readonly string[]): Promise<readonly (readonly Finding[])[]> {
  const { rules, hints } = await allRules();
  const own = texts.map(withoutMarks);
  const piece = own.join(SEPARATOR);
  const places: { readonly start: number; readonly end: number }[] = [];
  let start = 0;
  for (const text of own) {
    places.push({ start, end: start + text.length });
    start += text.length + SEPARATOR.length;
  }
  const found: Finding[][] = texts.map(() => []);
  for (const { rule, texts: some } of hints.inEach(piece, places)) {
    const find = rules[rule]?.find;
    if (find === undefined) continue;
    if (some === null) share(await find(piece), places, found);
    else for (const place of some) found[place]?.push(...(await find(own[place] ?? '')));
  }
  return found;
}

/** Findings of a piece, to the texts that they lie in. */
function share(
  findings: Iterable<Finding>,
  places: readonly { readonly start: number; readonly end: number }[],
  found: readonly Finding[][],
): void {
  for (const finding of findings) {
    const text = lastAt(places, finding.start);
    const place = places[text];
    if (place === undefined || finding.start >= place.end) continue;
    const end = Math.min(finding.end, place.end) - place.start;
    found[text]?.push({ ...finding, start: finding.start - place.start, end });
  }
}

/** The last place that begins at or before it. */
function lastAt(places: readonly { readonly start: number }[], at: number): number {
  let low = 0;
  let high = places.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((places[middle]?.start ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}
