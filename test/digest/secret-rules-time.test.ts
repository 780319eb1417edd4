// No text makes a rule about secrets take longer than its length: texts drawn from its own pattern, with each of its repetitions
// repeated, filled with what else stands in it, with and without an end.

import { describe, expect, test } from 'bun:test';
import type { SecretRule } from '../../src/digest/secrets/rules.ts';
import { PLAIN_RULES, secretsIn } from '../../src/digest/secrets/secrets.ts';
import {
  isGiven,
  isNamed,
  isPassword,
  isPlaceholder,
  isProse,
  isWord,
  looksRandom,
  looksSecret,
  standsForNothing,
} from '../../src/digest/secrets/values.ts';
import { type Choice, type Node, PatternTexts, type Repeat } from '../support/pattern-texts.ts';

const FILLS = ['a', ' ', ',', '1', '-', '/', '\\', '"', '\n', '=', '.', '!'];

/** The first of everything, `fill` where it may stand; of `repeat` so many. */
function first(fill: string, way: ReadonlyMap<Node, Node>, repeat?: Repeat, times = 0): Choice {
  return {
    branch: (node) => way.get(node) ?? node.branches[0] ?? node,
    repeat: (node, draw) => draw().repeat(node === repeat ? times : Math.max(1, Math.min(node.min, 64))),
    char: (allowed) => (allowed.includes(fill) ? fill : (allowed[0] ?? '')),
    isAhead: () => true,
  };
}

/** A kind of text: its maker, given how many characters it should have about, and whether it can have a doubling in it. */
interface Hostile {
  readonly make: (chars: number) => string;
  readonly isNested: boolean;
}

/** Each branch of a pattern over and over, whole, without its end and a line each; each repetition longer than any bound. */
function* hostileTo(rule: SecretRule): Iterable<Hostile> {
  const patterns = rule.patterns.map((pattern) => new PatternTexts(pattern));
  const opens = patterns[0]?.draw(first('a', new Map())) ?? '';
  for (const [index, own] of patterns.entries()) {
    const before = index === 0 ? '' : `${opens}\n`;
    const repeats = own.repeats();
    // What an own loop of the rule repeats has no repetition around it that shows.
    const isNested =
      /y/.test(own.pattern.flags) || repeats.some(({ node }) => node.max > 8 && isMixed(node.item));
    for (const fill of FILLS) {
      const ways = FILLS.indexOf(fill) < (isNested ? 5 : 2) ? own.branches() : [];
      for (const way of ways)
        for (const unit of unitsOf(own.draw(first(fill, way))))
          yield { make: (chars) => before + unit.repeat(Math.ceil(chars / unit.length)), isNested };
      for (const { node, way } of repeats) {
        const unit = own.draw(first(fill, way), node.item);
        if (unit === '') continue;
        const drawn = (chars: number) => own.draw(first(fill, way, node, Math.ceil(chars / unit.length)));
        yield { make: (chars) => before + drawn(chars), isNested };
        yield { make: (chars) => `${before}${drawn(chars).slice(0, -1)}\0`, isNested };
      }
    }
  }
}

/** More than one of a class of characters: it may be told apart in more than one way. */
function isMixed(node: Node): boolean {
  if (node.type === 'repeat') return true;
  if (node.type === 'all') return node.items.some(isMixed);
  return node.type === 'any';
}

const unitsOf = (whole: string) => (whole === '' ? [] : [whole, whole.slice(0, -1) || whole, `${whole}\n`]);

/** Of the processor: what other programs do meanwhile does not count. */
function millisecondsOf(look: () => unknown): number {
  const before = process.cpuUsage();
  look();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** The least of some, for the compiler and the collector of the runtime take their part now and then. */
function least(look: () => unknown, most: number): number {
  let best = millisecondsOf(look);
  for (let times = 0; times < 6 && best > most; times++) best = Math.min(best, millisecondsOf(look));
  return best;
}

/** From short to long, in small steps: what takes twice as long for each character is found while it still ends. */
const STEPS = [4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 64, 96, 128, 256, 1024];
const MS_PER_CHAR = 5e-3;
const MS_OF_A_CALL = 20;

/** What is slow about a rule with a text, or null. */
function slowness(rule: SecretRule, { make, isNested }: Hostile): string | null {
  const took = (chars: number, most: number) => {
    const text = make(chars);
    return least(() => [...rule.find(text)], most);
  };
  let ms = 0;
  for (const chars of [...(isNested ? STEPS : []), 4096]) {
    // The first call of all takes the most.
    ms = took(chars, MS_OF_A_CALL + chars * MS_PER_CHAR);
    if (ms > MS_OF_A_CALL + chars * MS_PER_CHAR) return `${chars} characters take ${ms} ms`;
  }
  if (ms < 0.3) return null;
  // What looks back from everywhere takes four times as long for twice the length, until its bound ends it.
  const [short, long] = [took(16_384, 4), took(65_536, 65)];
  return long > 65 && long / short > 7
    ? `65,536 characters take ${long} ms, a quarter of them ${short} ms`
    : null;
}

test('no text of its own parts makes a rule take longer than its length', () => {
  const slow: string[] = [];
  for (const rule of PLAIN_RULES) {
    const seen = new Set<string>();
    for (const hostile of hostileTo(rule)) {
      const shape = hostile.make(64);
      if (seen.has(shape)) continue;
      seen.add(shape);
      const why = slowness(rule, hostile);
      if (why !== null) slow.push(`${rule.kind}: ${why} of ${JSON.stringify(shape.slice(0, 120))}`);
      if (slow.length > 20) break;
    }
  }
  expect(slow).toEqual([]);
}, 240_000);

test('nor does a value take its judges longer: runs of two signs and one behind them', () => {
  const signs = ['a', '1', '-', '.', '/', '=', '!', '$', '{', '<', '…'];
  const place = { name: 'x=', lead: '=', before: '=', after: '' };
  const judges: readonly (readonly [string, (value: string) => unknown])[] = [
    ['isPlaceholder', isPlaceholder],
    ['standsForNothing', standsForNothing],
    ['looksSecret', looksSecret],
    ['looksRandom', looksRandom],
    ['isNamed', (value) => isNamed(value, place)],
    ['isGiven', (value) => isGiven(value, place)],
    ['isPassword', (value) => isPassword(value, place)],
    ['isWord', isWord],
    ['isProse', isProse],
  ];
  const slow: string[] = [];
  for (const one of signs)
    for (const two of signs)
      for (const last of signs)
        for (const [name, judge] of judges) {
          const value = one.repeat(1500) + (two + one).repeat(500) + two.repeat(1500) + last;
          if (least(() => judge(value), 6) > 6) slow.push(`${name}: ${one}${two}${last}`);
        }
  expect(slow).toEqual([]);
}, 60_000);

describe('what took long', () => {
  const header = ['-----BEGIN PRIV', 'ATE KEY-----\n'].join('');
  const rows: readonly (readonly [fault: string, text: string])[] = [
    ['a private key with lines of Version', header + `Version: ${', '.repeat(900)}\n`.repeat(4)],
    ['a private key with very many such lines', header + `Version: ${', '.repeat(40)}\n`.repeat(5000)],
    ['headers in the fields of headers', `${header}Comment: ${header}`.repeat(4000)],
    ['marks of PuTTY in fields', 'x-Private-Lines: 1\n'.repeat(15_000)],
    ['keys without a header in fields', `Comment: -MIIBVQIBADAN${'A'.repeat(20)}\n`.repeat(7000)],
    ['backslashes before a letter of an escape', `${header}${'\\'.repeat(200)}n`.repeat(1200)],
    ['the hash of a password that never comes to its salt', `argon2$1${'a:'.repeat(150_000)}`],
    ['hashes of passwords that have no salt', 'argon2$1:'.repeat(33_000)],
    ['a bearer of one letter', `Bearer ${'a'.repeat(8000)}= `.repeat(30)],
    ['an authorization of exclamation marks', `Authorization: Basic ${'!'.repeat(8000)}= `.repeat(30)],
  ];
  test.each(rows)('%s takes no second for 300 kB', (_, text) => {
    const find = () => secretsIn(text);
    expect(least(find, 1000)).toBeLessThan(1000);
  });
});
