// Each rule about secrets, tried with texts that are drawn from its own pattern: what it waits for hides none of its findings,
// and no text makes it take longer than its length.

import { describe, expect, test } from 'bun:test';
import { Maker } from '../../scripts/secrets/make.ts';
import { redactText } from '../../src/digest/redact.ts';
import { Hints } from '../../src/digest/secrets/hints.ts';
import type { SecretRule } from '../../src/digest/secrets/rules.ts';
import { PLAIN_RULES, secretsIn } from '../../src/digest/secrets/secrets.ts';
import { type Choice, NONE, type Node, PatternTexts } from '../support/pattern-texts.ts';

const SEED = Number(process.env['FC_SEED'] ?? 20261130) || 20261130;
const nameOf = (rule: SecretRule) => `${rule.kind} (${rule.hints.join(' ').slice(0, 40)})`;

/** Whatever is left open by `way` is drawn by chance; values are mostly long, and mixed as a machine would. */
function chance(maker: Maker, way: ReadonlyMap<Node, Node>): Choice {
  return {
    branch: (node) => way.get(node) ?? maker.one(node.branches),
    repeat: (node, draw) => {
      const forced = way.get(node);
      if (forced === NONE) return '';
      const least = Math.max(node.min, forced === undefined ? 0 : 1);
      const most = Math.min(node.max, Math.max(least + 2, maker.below(2) * (20 + maker.below(30))));
      const times = least + maker.below(most - least + 1);
      const text = Array.from({ length: times }, draw).join('');
      // Words stand apart where they may.
      return node.item.type === 'chars' && text.includes(' ') && maker.below(2) > 0
        ? text.replace(/^.|.$/gs, ' ')
        : text;
    },
    isAhead: () => maker.below(4) > 0,
    char: (allowed) => {
      if (allowed.includes(' ') && maker.below(5) === 0) return ' ';
      const letters = allowed.replace(/[^A-Za-z0-9]/g, '');
      return maker.one([...(letters === '' || maker.below(12) === 0 ? allowed : letters)]);
    },
  };
}

const hasOf = (text: string, pattern: RegExp) =>
  new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')).test(text);

describe('what a rule waits for', () => {
  test('hides no finding of it: texts from every branch of its pattern', () => {
    const maker = new Maker(SEED);
    const hidden: string[] = [];
    const never: string[] = [];
    let branches = 0;
    for (const rule of PLAIN_RULES) {
      const patterns = rule.patterns.map((pattern) => new PatternTexts(pattern));
      const hints = new Hints([rule]);
      const around = ['', '', '', '', ' ', '\n', '"', '_', 'x', '.', '/', '='];
      for (const own of patterns)
        for (const way of own.branches()) {
          branches++;
          let found = 0;
          for (let tries = 0; tries < 60 && found < 6; tries++) {
            const texts = patterns.map((each) => each.draw(chance(maker, each === own ? way : new Map())));
            const text =
              maker.one(around) +
              texts.join(maker.one(['', ' ', '\n'])) +
              maker.one(around) +
              maker.one(around);
            if (rule.part?.test(text) === false && patterns.every(({ pattern }) => hasOf(text, pattern)))
              hidden.push(`${nameOf(rule)}, its part: ${JSON.stringify(text)}`);
            if (![...rule.find(text)].some(({ start, end }) => end > start)) continue;
            found++;
            if (hints.in(text).length === 0) hidden.push(`${nameOf(rule)}: ${JSON.stringify(text)}`);
          }
          if (found === 0) never.push(nameOf(rule));
        }
    }
    expect(hidden).toEqual([]);
    // What no chance makes: words of a list, numbers of a structure, base32, a second pattern that has to meet the first.
    expect(never.length / branches, [...new Set(never)].join('\n')).toBeLessThan(0.03);
  }, 60_000);

  test('hides no private key without its header, whatever length its DER tells', async () => {
    const maker = new Maker(SEED);
    const lengths = [
      ...Array.from({ length: 128 }, (_, length) => [length]),
      ...Array.from({ length: 256 }, (_, length) => [0x81, length]),
      ...Array.from({ length: 256 }, (_, length) => [0x82, length, maker.below(256)]),
    ];
    const inner = [
      ...[0x02, 0x04, 0x30].flatMap((next) => [0, 1].map((version) => [0x02, 1, version, next])),
      [0x30, 0x57, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d],
      [0x30, 0x1c, 0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01],
    ];
    for (const length of lengths)
      for (const begin of inner) {
        const rest = Array.from({ length: 36 }, () => maker.below(256));
        const key = Buffer.from([0x30, ...length, ...begin, ...rest]).toString('base64');
        const { text } = await redactText(`it is ${key} there`);
        expect(text, key).toBe('it is [redacted: private key] there');
      }
  }, 60_000);
});

describe('hints that hid a finding', () => {
  const secret = new Maker(SEED).chars(32);
  const texts: readonly (readonly [fault: string, text: string])[] = [
    ['a webhook of Make', `https://hook.eu1.make.com/${secret}`],
    ['a webhook of IFTTT', `https://maker.ifttt.com/trigger/x/with/key/${secret}`],
    ['a key of Azure Search', `${secret.repeat(2).slice(0, 42)}AzSeAb12Cd`],
    ['a key of Azure Cache', `${secret.repeat(2).slice(0, 33)}AzCaAb12Cd`],
    ['a key of Azure API Management', `${secret.repeat(3).slice(0, 76)}APIMAb12Cd`],
    ['a hash of LDAP', `userPassword: {SHA}${secret.slice(0, 27)}=`],
    ['a flag with a name before pwd', `tool --db-pwd ${secret}`],
    ['a flag that ends with pass', `tool --dbpass ${secret}`],
    ['a flag with one dash', `tool -userpass ${secret}`],
    ['a flag with a low line', `tool --root_pw ${secret}`],
    ['what makes a password', `restic --pass-command "echo ${secret}"`],
    ['what makes a passphrase', `borg --passphrase-command "echo ${secret}"`],
    ['a password in Romanian', `parol=${secret}`],
    ['a salt of WordPress', `define('NONCE_SALT', '${secret}');`],
    ['a token of HCL', `token "${secret}"`],
    ['a connection string with blanks', 'Server=x;Pwd = kite'],
    ['a key of a certificate', `ca.key: ${secret}`],
    [
      'a key of Bitcoin, extended',
      `yprv${secret
        .replace(/[0OIl5kK]/g, 'z')
        .repeat(4)
        .slice(0, 107)}`,
    ],
  ];
  test.each(texts)('%s is found', (_, text) => {
    expect(secretsIn(text)).not.toEqual([]);
  });
});
