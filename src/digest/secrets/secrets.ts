/**
 * All that is known of how secrets look, in the order of how sure each rule is: a finding of an earlier one names it.
 * Promises: pure, and linear in the text; a rule of one service is one line in its file.
 */

import { LINT_HINTS } from '../lint.ts';
import { CARRIER_RULES } from './carriers.ts';
import { COMMAND_RULES } from './commands.ts';
import { ENCODED_RULES, encodedRule } from './encoded.ts';
import { Hints } from './hints.ts';
import { KEY_RULES } from './keys.ts';
import { PROSE_RULES } from './prose.ts';
import type { Finding, SecretRule } from './rules.ts';
import { SERVICE_RULES } from './services.ts';

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

/** Every secret that our own rules find, in no order, some of them in one another. What was taken out before is none. */
export function secretsIn(text: string): Finding[] {
  // No rule reads across a NUL, and the places of all else stay as they are.
  return findings(
    text.includes('[redacted: ') ? text.replace(MARKS, (mark) => '\0'.repeat(mark.length)) : text,
    RULES.length,
  );
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
