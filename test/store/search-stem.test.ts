/** Stems: the examples of the paper, and that index, query and marks agree on what is one word. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Matcher } from '../../src/store/search/match.ts';
import { parseQuery } from '../../src/store/search/query.ts';
import { stemOf } from '../../src/store/search/stem.ts';
import { IndexTerms } from '../../src/store/search/words.ts';

/** Steps 1a to 5b of M. F. Porter's paper, a few of each. */
const EXAMPLES =
  'caresses:caress ponies:poni ties:ti caress:caress cats:cat feed:feed agreed:agre plastered:plaster bled:bled motoring:motor sing:sing conflated:conflat troubled:troubl sized:size hopping:hop tanned:tan falling:fall hissing:hiss fizzed:fizz failing:fail filing:file happy:happi sky:sky relational:relat conditional:condit rational:ration digitizer:digit operator:oper feudalism:feudal decisiveness:decis hopefulness:hope callousness:callous triplicate:triplic formative:form formalize:formal electrical:electr hopeful:hope goodness:good revival:reviv allowance:allow inference:infer airliner:airlin adjustable:adjust irritant:irrit replacement:replac adjustment:adjust dependent:depend adoption:adopt communism:commun activate:activ effective:effect probate:probat rate:rate cease:ceas controll:control roll:roll';

test.each(EXAMPLES.split(' ').map((pair) => pair.split(':') as [string, string]))('%s: %s', (word, stem) => {
  expect(stemOf(word)).toBe(stem);
});

test.each(['E0308', 'sha256', 'café', '検索', 'Größe', 'a', 'is', 'x'.repeat(40)])('%s has none', (word) => {
  expect(stemOf(word)).toBe(word);
});

describe('what has one stem', () => {
  const ROOTS =
    'redirect fix happi runn config applic initial valid cach migrat parse stabil depend real log size retri copi index queri relat sensib';
  const ENDINGS =
    ' s es ed ing er ers y ies ied e ation ations ational ize ized ility ably ably ness ment al ally ive';
  const word = fc
    .tuple(fc.constantFrom(...ROOTS.split(' ')), fc.constantFrom(...ENDINGS.split(' ')))
    .map(([root, ending]) => root + ending);

  test('property: is found by index and look alike, in any other form', () => {
    fc.assert(
      fc.property(word, word, (text, asked) => {
        fc.pre(stemOf(text) === stemOf(asked));
        const terms = new IndexTerms();
        terms.add(`before ${text} after`);
        expect(terms.list()).toContain(stemOf(asked));
        const matcher = new Matcher(parseQuery(asked).groups.map(({ any }) => any));
        const found = matcher.find(`before ${text} after`, null)?.found ?? [];
        expect(found, `${asked} in ${text}`).toEqual([{ group: 0, start: 7, end: 7 + text.length }]);
      }),
      { numRuns: 2000 },
    );
  });
});
