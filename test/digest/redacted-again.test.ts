// What was redacted and cut is redacted again, by `analyze --all` and `import`: a true digest stays as it is, to the byte.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { PLACES } from '../../scripts/secrets/kind.ts';
import { Maker } from '../../scripts/secrets/make.ts';
import { KINDS } from '../../scripts/secrets/measure.ts';
import { ordinaryTexts } from '../../scripts/secrets/ordinary.ts';
import { claudeCode } from '../../src/agents/claude-code/index.ts';
import { CHARS, cutAt } from '../../src/digest/keep.ts';
import { redactDigest, redactText } from '../../src/digest/redact.ts';
import { redactKeptDigest } from '../../src/digest/redact-kept.ts';
import type { Digest } from '../../src/domain/digest.ts';
import { digestOf, emptyDigest } from './samples.ts';

const RUN = 'walk on '.repeat(600);
/** The text so that `seen` characters of it stand before the cut at `charsMax`. */
const atCut = (text: string, charsMax: number, seen: number) =>
  `${RUN.slice(0, Math.max(0, charsMax - seen))} ${text}${' and so on'.repeat(60)}`;

async function digestWith(first: string, second: string, answer: string, command: string): Promise<string> {
  const outcome = await digestOf(
    claudeCode,
    line('user', first),
    line('user', second),
    line('assistant', [
      { type: 'tool_use', id: 'toolu_1', name: 'Bash', input: { command } },
      { type: 'text', text: answer },
    ]),
  );
  if (!outcome.ok) throw new Error(outcome.why);
  return outcome.json;
}

function line(role: 'user' | 'assistant', content: unknown): string {
  const uuid = Bun.randomUUIDv7();
  const common = { sessionId: '11111111-2222-4333-8444-555555555555', cwd: '/srv/app' };
  return `${JSON.stringify({ ...common, type: role, uuid, timestamp: '2026-03-01T10:00:00.000Z', message: { role, content } })}\n`;
}

describe('a digest that was redacted and cut', () => {
  const secret = fc
    .tuple(fc.constantFrom(...KINDS), fc.nat(), fc.nat())
    .map(([kind, at, seed]) =>
      (kind.texts[at % kind.texts.length] ?? '{}').replace('{}', () => kind.make(new Maker(seed))),
    );
  const ordinary = fc.tuple(fc.nat(), fc.nat()).map(([at, seed]) => {
    const texts = ordinaryTexts(new Maker(seed));
    return texts[at % texts.length] ?? '';
  });
  const told = fc
    .tuple(
      fc.oneof(secret, ordinary),
      fc.constantFrom(...PLACES.map(([, put]) => put), (text: string) => text),
    )
    .map(([text, put]) => put(text));

  test('is left as it is, wherever the cut was', async () => {
    await fc.assert(
      fc.asyncProperty(told, fc.integer({ min: -30, max: 300 }), async (text, seen) => {
        const json = await digestWith(
          atCut(text, CHARS.title, seen),
          atCut(text, CHARS.prompt, seen),
          atCut(text, CHARS.outcome, seen),
          atCut(text, CHARS.command, seen),
        );
        const again = await redactKeptDigest(json, new Map());
        expect(again === null ? json : again).toBe(json);
      }),
      { numRuns: 2500 },
    );
  }, 120_000);

  test('so is any ordinary text, cut at any place', async () => {
    for (const text of ordinaryTexts(new Maker(7)))
      for (let charsMax = 1; charsMax <= text.length + 1; charsMax++) {
        const once = await redactText(text, charsMax);
        expect(await redactText(once.text)).toEqual({ text: once.text, count: 0 });
      }
  }, 60_000);

  test('keeps a prompt and a command whose rest is counted: where they end, no word need end', async () => {
    for (const text of ordinaryTexts(new Maker(7))) {
      const cuts = Array.from({ length: text.length }, (_, chars) => text.slice(0, chars + 1));
      const digest: Digest = {
        ...emptyDigest,
        prompts: cuts.map((cut) => ({ at: null, text: cut, cut: 1 })),
        commands: cuts.map((command) => ({ command, exit: 0, cut: 1 })),
      };
      expect(await redactDigest(digest)).toEqual(digest);
    }
  }, 60_000);

  test('keeps its title, which was cut behind a secret that the prompt goes on behind', async () => {
    const token = ['gh', 'p_', new Maker(5).chars(36)].join('');
    const json = await digestWith(`${RUN.slice(0, 80)}${token}, and then push it`, 'b', 'c', 'd');
    const digest: Digest = JSON.parse(json);
    expect(digest.title).toBe(`${RUN.slice(0, 80)}[redacted: GitHub token]…`);
    expect(await redactKeptDigest(json, new Map())).toBeNull();
  });
});

test('a title that an older version cut in the midst of a key loses the half of it', async () => {
  const token = ['gh', 'p_', new Maker(5).chars(36)].join('');
  const json = await digestWith(`use ${token} to push`, 'b', 'c', 'd');
  const old: Digest = { ...JSON.parse(json), title: `use ${token.slice(0, 15)}…` };
  const again = await redactKeptDigest(JSON.stringify(old), new Map());
  expect(again).not.toContain(token.slice(0, 10));
  expect(JSON.parse(again ?? '{}').title).toStartWith('use [redacted: GitHub token]');
});

test('no cut tears the mark that stands in the place of a secret', () => {
  const text = `PASS [redacted: password] and [redacted: AWS access key] at [redacted: JWT]`;
  for (let charsMax = 0; charsMax <= text.length; charsMax++) {
    const cut = cutAt(text, charsMax);
    expect(cut.length).toBeLessThanOrEqual(charsMax);
    expect(text.startsWith(cut)).toBe(true);
    // It only goes back as far as the mark reaches.
    expect(cut.replaceAll(/\[redacted: [^\]]*\]/g, '')).not.toContain('[red');
    expect(charsMax - cut.length).toBeLessThan(26);
  }
});

describe('what a run of tests says is no password', () => {
  test.each([
    '--- PASS: TestSHA256Sum (0.00s)',
    '--- PASS: TestV2Client (0.00s)',
    '    --- PASS: TestParse/case_#01 (0.00s)',
    'PASS: 12/12+3 checks',
    'PASS: TestUpsertStanza_Em…',
    'ok 2 - pass: v2client_x1 # time=0.12ms',
  ])('%s', async (text) => {
    expect(await redactText(text)).toEqual({ text, count: 0 });
  });

  test.each([
    ['PASS=', 'Tr0ub4dor9', ''],
    ['DB_PASS: ', 'Tr0ub4dor9', ''],
    ['smtp:\n  user: bob\n  pass: ', 'Tr0ub4dor9', ''],
    ["{ user: 'bob', pass: '", 'Tr0ub4dor9', "' }"],
    ['openssl rsa -passin pass:', 'Tr0ub4dor9', ''],
  ])('but %s%s is one', async (before, secret, behind) => {
    expect((await redactText(before + secret + behind)).text).toBe(`${before}[redacted: password]${behind}`);
  });
});
