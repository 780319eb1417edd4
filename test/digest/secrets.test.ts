// Secrets of every kind in every place, made up when the test runs (scripts/secrets): how many are redacted, and that ordinary
// text is left alone; that no cut leaves a piece of one; that only the value decides what is a placeholder.

import { describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join as pathOf } from 'node:path';
import fc from 'fast-check';
import { Maker } from '../../scripts/secrets/make.ts';
import { falseFindings, KINDS, recall, tableOf } from '../../scripts/secrets/measure.ts';
import { claudeCode } from '../../src/agents/claude-code/index.ts';
import { CHARS, kept } from '../../src/digest/keep.ts';
import { redactDigest, redactText } from '../../src/digest/redact.ts';
import { Hints } from '../../src/digest/secrets/hints.ts';
import { PLAIN_RULES, secretsIn, secretsOfEach } from '../../src/digest/secrets/secrets.ts';
import { isPlaceholder } from '../../src/digest/secrets/values.ts';
import { digestOf, emptyDigest } from './samples.ts';

const SEED = Number(process.env['FC_SEED'] ?? 20261130) || 20261130;
const join = (...parts: string[]) => parts.join('');

describe(`made-up secrets, seed ${SEED}`, () => {
  test('at least 95 % of them are redacted, and more than half of every kind', async () => {
    const results = await recall(SEED, 1);
    const planted = results.reduce((sum, each) => sum + each.planted, 0);
    const redacted = results.reduce((sum, each) => sum + each.redacted, 0);
    const poor = results.filter((each) => each.redacted * 2 <= each.planted);
    expect(poor.map(({ kind, kept }) => `${kind}: ${kept[0]}`)).toEqual([]);
    expect(redacted / planted).toBeGreaterThanOrEqual(0.95);
    expect(results.length).toBeGreaterThan(200);
  }, 60_000);

  test('are counted by the table of docs/security.md (UPDATE_GOLDEN=1 writes it anew)', async () => {
    const path = pathOf(import.meta.dir, '../../docs/security.md');
    const page = readFileSync(path, 'utf8');
    const [begin, end] = ['<!-- made by test/digest/secrets.test.ts -->\n\n', '\n\n<!-- end -->'];
    const start = page.indexOf(begin) + begin.length;
    const whole = page.slice(0, start) + tableOf(await recall(1, 3)) + page.slice(page.indexOf(end, start));
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, whole);
    expect(page.includes(begin)).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe(whole);
  }, 60_000);

  test('and nothing in ordinary text', async () => {
    expect(await falseFindings(SEED)).toEqual([]);
  }, 60_000);
});

/** The longest piece of `secret` that stands in `text`. */
function longestPiece(text: string, secret: string): number {
  let longest = 0;
  for (let at = 0; at + longest < secret.length; at++)
    while (at + longest < secret.length && text.includes(secret.slice(at, at + longest + 1))) longest++;
  return longest;
}

/** Kinds of one word, of which a piece may be recognised by nobody. */
const TOKENS = KINDS.filter(({ name }) =>
  [
    'AWS Bedrock',
    'Anthropic',
    'Google API',
    'Stripe restricted',
    'Slack user',
    'PyPI',
    'JWT',
    'GitHub OAuth',
    'Grafana cloud',
    'PEM',
  ].includes(name),
);

describe('a secret at a cut', () => {
  test('leaves no 20 characters of itself, wherever it stands and wherever the cut is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...TOKENS),
        fc.nat(),
        fc.integer({ min: 1, max: 260 }),
        fc.integer({ min: 1, max: 260 }),
        async (kind, seed, before, charsMax) => {
          const secret = kind.make(new Maker(seed));
          const text = `${'walk on '.repeat(40).slice(0, before)} ${secret} and on `.padEnd(
            before + 900,
            'so it goes ',
          );
          const { text: clean } = await redactText(kept(text, charsMax), charsMax);
          expect(longestPiece(clean, secret)).toBeLessThan(20);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('does not come forward where others before it were taken out', async () => {
    const maker = new Maker(SEED);
    const token = () => `gh${'p_'}${maker.chars(36)}`;
    const many = Array.from({ length: 45 }, token).join(' ');
    for (let shift = 0; shift < 60; shift++) {
      // Nobody knows it for one before the sign behind it.
      const secret = maker.chars(48);
      const start = CHARS.prompt + 400 - 20 - shift;
      const text = `${many} ${'x'.repeat(start - many.length - 16)} postgres://app:${secret}@db end`;
      const outcome = await digestOf(claudeCode, claudeLine('user', text), claudeLine('assistant', 'done'));
      if (!outcome.ok) throw new Error(outcome.why);
      expect(longestPiece(outcome.json, secret)).toBeLessThan(20);
    }
  });

  test('is in no title, prompt, answer or command of a digest', async () => {
    const maker = new Maker(SEED);
    for (const [max, put] of [
      [CHARS.title, (text: string) => [claudeLine('user', text), claudeLine('assistant', 'done')]],
      [CHARS.prompt, (text: string) => [claudeLine('user', text), claudeLine('assistant', 'done')]],
      [CHARS.outcome, (text: string) => [claudeLine('user', 'hello'), claudeLine('assistant', text)]],
      [CHARS.command, (text: string) => [claudeLine('user', 'hello'), commandLine(text)]],
    ] as const)
      for (let shift = -5; shift < 60; shift += 3) {
        const secret = `AI${'za'}${maker.chars(35)}`;
        const text = `${'walk on '.repeat(600).slice(0, max - shift)} ${secret} and on`;
        const outcome = await digestOf(claudeCode, ...put(text));
        if (!outcome.ok) throw new Error(outcome.why);
        expect(longestPiece(outcome.json, secret)).toBeLessThan(20);
      }
  });
});

function claudeLine(type: 'user' | 'assistant', text: string): string {
  const content = type === 'user' ? text : [{ type: 'text', text }];
  return `${JSON.stringify({ ...claudeRecord(type), message: { role: type, content } })}\n`;
}

function commandLine(command: string): string {
  const content = [{ type: 'tool_use', id: 'toolu_1', name: 'Bash', input: { command } }];
  return `${JSON.stringify({ ...claudeRecord('assistant'), message: { role: 'assistant', content } })}\n`;
}

let records = 0;
const claudeRecord = (type: string) => ({
  type,
  uuid: `00000000-0000-4000-8000-${String(++records).padStart(12, '0')}`,
  sessionId: '11111111-2222-4333-8444-555555555555',
  timestamp: '2026-03-01T10:00:00.000Z',
  cwd: '/srv/app',
});

describe('placeholders are judged by the value alone', () => {
  const TEMPLATES = [
    '<your password>',
    `$\{DB_PASSWORD}`,
    '$PASS',
    '{{ x }}',
    '%PASSWORD%',
    'changeme',
    'xxxx',
    '********',
    'your-api-key-here',
    'YOUR_SECRET',
    'process.env.API_KEY',
    'os.environ["X"]',
    '[redacted: password]',
  ];
  for (const value of TEMPLATES)
    test(`${value} is one`, () => {
      expect(isPlaceholder(value)).toBe(true);
    });

  test('a value that only has such a word in it is none', async () => {
    for (const shape of [
      'My%',
      'your%',
      'Replace-%!',
      'sample%',
      'env_%',
      'Example%#',
      'xxxx%!Q',
      'Hidden%Insert',
      'secret%',
      'test%',
    ]) {
      const value = shape.replace('%', '4kQ9zR');
      const { text } = await redactText(`please replace your example: DB_PASSWORD=${value} of the sample`);
      expect(text).not.toContain(value);
    }
  });
});

describe('what one text shows to be a secret', () => {
  test('is one in every other text of the digest', async () => {
    const secret = join('k0ffer', 'Lantern', '77x');
    const digest = await redactDigest({
      ...emptyDigest,
      prompts: [{ at: null, text: `DB_PASSWORD=${secret}` }],
      outcome: `I have put ${secret} where it belongs.`,
      files: { read: [], written: [`/srv/${secret}.txt`], edited: [] },
    });
    expect(JSON.stringify(digest)).not.toContain(secret);
    expect(digest.files.written).toEqual(['/srv/[redacted: password].txt']);
  });

  test('is looked for once: what was redacted is not redacted again', async () => {
    const maker = new Maker(SEED);
    for (const kind of KINDS)
      for (const text of kind.texts) {
        const once = await redactText(text.replace('{}', () => kind.make(maker)));
        expect(await redactText(once.text)).toEqual({ text: once.text, count: 0 });
      }
  });
});

describe('hints', () => {
  const letters = fc.constantFrom(...'abcxyABX-_=$é密я\0 1İ', '\ud83d');
  const texts = fc.string({ unit: letters, maxLength: 80 });
  /** What each form of a hint means, told by a pattern. */
  const isIn = (hint: string, text: string) => {
    const begins = hint.length > 1 && hint.startsWith('^');
    const ends = hint.length > 1 && hint.endsWith('$');
    const bare = hint.slice(begins ? 1 : 0, ends ? -1 : undefined);
    const literal = bare.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const isExact = bare !== bare.toLowerCase();
    return new RegExp(
      `${begins ? '(?<![A-Za-z])' : ''}${literal}${ends ? '(?![A-Za-z])' : ''}`,
      isExact ? '' : 'i',
    ).test(text);
  };
  const hint = fc
    .tuple(
      fc.constantFrom('', '^'),
      fc.string({ unit: fc.constantFrom(...'abcxyAX-_=密я '), minLength: 1, maxLength: 7 }),
      fc.constantFrom('', '$'),
    )
    .map((parts) => parts.join(''));

  test('never say no where the words that a rule waits for are there', () => {
    const rule = fc.record({
      hints: fc.array(hint, { maxLength: 3 }),
      also: fc.array(hint, { maxLength: 2 }),
    });
    fc.assert(
      fc.property(
        fc.array(rule, { maxLength: 8 }),
        texts,
        fc.array(hint, { maxLength: 3 }),
        (rules, text, more) => {
          const whole = [text, ...more.map((word) => word.replace(/^\^|\$$/g, '')), text].join(' ');
          const able = new Hints(rules).in(whole);
          for (const [index, { hints, also }] of rules.entries()) {
            const waits = (words: readonly string[]) =>
              words.length === 0 || words.some((word) => isIn(word, whole));
            if (waits(hints) && waits(also)) expect(able).toContain(index);
            // Where a letter became two, how a word was written is not asked.
            else if (!whole.includes('İ')) expect(able).not.toContain(index);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('of texts that are looked at together say of each what they say of it alone', () => {
    const rule = fc.record({
      hints: fc.array(hint, { maxLength: 3 }),
      also: fc.array(hint, { maxLength: 2 }),
    });
    const isShort = (word: string) => word.replace(/^\^(?=.)|(?<=.)\$$/g, '').length < 3;
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 8 }), fc.array(texts, { maxLength: 5 }), (rules, together) => {
        const hints = new Hints(rules);
        const places = together.map((text, n) => {
          const start = together.slice(0, n).reduce((sum, { length }) => sum + length + 1, 0);
          return { start, end: start + text.length };
        });
        const able = new Map(
          hints.inEach(together.join('\0'), places).map(({ rule, texts }) => [rule, texts]),
        );
        for (const [place, text] of together.entries())
          for (const [index, { hints: any, also }] of rules.entries()) {
            const here = able.get(index);
            const isAble = here === null || here?.includes(place) === true;
            if (new Hints(rules).in(text).includes(index)) expect(isAble).toBe(true);
            // A short word, and one of a piece with a letter that became two, is asked of the whole piece.
            else if (![...any, ...also].some(isShort) && any.length > 0 && !together.join('').includes('İ'))
              expect(isAble).toBe(false);
          }
      }),
      { numRuns: 1000 },
    );
  });

  test('of a text say the same after another text as before it', () => {
    const hints = new Hints([
      { hints: ['^token$'] },
      { hints: ['AKIA'] },
      { hints: ['sk'] },
      { hints: ['abc'] },
    ]);
    expect(hints.in('a token, akia')).toEqual([0]);
    expect(hints.in('tokens')).toEqual([]);
    expect(hints.in('AKIA ABC sk')).toEqual([1, 2, 3]);
    expect(hints.in('a token, akia')).toEqual([0]);
  });
});

test('the hints of the rules hide no finding: with and without them the same is found', async () => {
  const maker = new Maker(SEED);
  const texts = KINDS.flatMap((kind) => kind.texts.map((text) => text.replace('{}', () => kind.make(maker))));
  const places = (found: readonly { start: number; end: number; kind: string }[]) =>
    found.map(({ start, end, kind }) => `${start}-${end} ${kind}`);
  for (const text of texts)
    for (const rule of PLAIN_RULES) {
      const all = places([...rule.find(text)].filter(({ start, end }) => end > start));
      if (all.length > 0) expect([text, ...places(secretsIn(text))]).toEqual(expect.arrayContaining(all));
    }
}, 60_000);

test('texts that are looked at together have the secrets that each has alone', async () => {
  const maker = new Maker(SEED);
  const texts = KINDS.flatMap((kind) => kind.texts.map((text) => text.replace('{}', () => kind.make(maker))));
  const places = (found: readonly { start: number; end: number; kind: string }[]) =>
    found.map(({ start, end, kind }) => `${start}-${end} ${kind}`).sort();
  const together = await secretsOfEach(texts);
  for (const [place, text] of texts.entries())
    expect([text, ...places(together[place] ?? [])]).toEqual([
      text,
      ...places((await secretsOfEach([text]))[0] ?? []),
    ]);
}, 60_000);

test('a key of Bitcoin with letters that its alphabet leaves out is found: what a rule asks for first is no narrower than the rule', async () => {
  const key = join('5K', 'uHb3ADXR3kIKHzt4QrlWre5FbdKtiax5q0SMWjlZxmWWBiLvz');
  expect((await redactText(`the wallet ${key} is old`)).text).not.toContain(key);
});
