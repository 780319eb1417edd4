// The page that `show` prints: for a person, and harmless for a terminal.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { digestPage } from '../../src/digest/page.ts';
import { mapTexts } from '../../src/digest/strings.ts';
import type { Digest } from '../../src/domain/digest.ts';
import type { Iso } from '../../src/domain/time.ts';
import { emptyDigest } from './samples.ts';

const SESSION: Digest = {
  ...emptyDigest,
  title: 'Fix the till',
  project: '/home/ann/shop',
  branches: ['main', 'fix/till'],
  agent_version: '2.1.0',
  started_at: '2026-03-01T10:00:00.000Z' as Iso,
  ended_at: '2026-03-01T10:30:00.000Z' as Iso,
  prompts: [{ at: '2026-03-01T10:00:00.000Z' as Iso, text: 'The till rounds\nwrongly', cut: 1234 }],
  outcome: 'It rounds to cents now.',
  files: {
    read: ['/home/ann/shop/README.md'],
    written: [],
    edited: ['/home/ann/shop/till.ts', '/etc/till.conf'],
  },
  commands: [
    { command: 'bun test', exit: 1, times: 3 },
    { command: 'git push', exit: 0 },
    { command: 'make', exit: null, failed: true },
    { command: 'sleep 9', exit: null },
  ],
  commits: [{ sha: '1a2b3c4', branch: 'fix/till', message: 'Round to cents' }],
  todos: [
    { text: 'test it', status: 'completed' },
    { text: 'ship it', status: 'pending' },
  ],
  tools: { Bash: 4, Edit: 1 },
  models: ['opus'],
  tokens: { input: 1234567, cacheRead: 0, cacheWrite: 0, output: 89, reasoning: 0 },
  omitted: { reads: 1200 },
  redacted: 1,
};

describe('the page', () => {
  test('tells what someone will ask, in that order, and nothing empty', () => {
    expect(digestPage(SESSION, 80)).toBe(`Fix the till

Agent     claude-code 2.1.0
Project   /home/ann/shop
Branch    main, fix/till
When      2026-03-01 10:00 to 10:30 UTC (30 min)
Models    opus
Tokens    1,234,567 in, 89 out

Asked (1)
  - 2026-03-01 10:00  The till rounds
    wrongly… (1,234 more characters)

Outcome
  It rounds to cents now.

Todos at the end (2)
  - [x] test it
  - [ ] ship it

Files edited (2)
  till.ts
  /etc/till.conf

Files read (1 of 1,201)
  README.md

Commits (1)
  1a2b3c4 Round to cents (fix/till)

Commands (4), each with its exit status
       1  bun test  (3 times)
       0  git push
  failed  make
       -  sleep 9

Tools
  Bash ×4, Edit

Left out to keep the size: 1,200 reads.
1 secret redacted.
`);
  });

  test('tells many pull requests by their numbers, and a file once', () => {
    const urls = Array.from({ length: 13 }, (_, n) => `https://github.com/o/r/pull/${n + 1}`);
    const page = digestPage(
      { ...emptyDigest, pull_requests: urls, files: { read: [], written: ['/a'], edited: ['/a', '/b'] } },
      80,
    );
    expect(page).toContain(`Files written (1)
  /a

Files edited (1)
  /b

Pull requests (6 of 13)
  https://github.com/o/r/pull/1
`);
    expect(page).toContain(`
Pull requests, 7 more
  https://github.com/o/r/pull/ 7, 8, 9, 10, 11, 12, 13
`);
  });

  test('of a lost session says that it is partial', () => {
    expect(digestPage({ ...emptyDigest, partial: true }, 80)).toContain('Partial: what could be made of it');
  });

  test('keeps the indentation of code where a line goes on', () => {
    const outcome = `Do:\n    ${'word '.repeat(12).trim()}`;
    const lines = digestPage({ ...emptyDigest, outcome }, 40).split('\n');
    const begun = lines.indexOf('  Do:');
    expect(lines.slice(begun, begun + 3)).toEqual([
      '  Do:',
      // 40 columns less 2 and 4: seven words take 34.
      '      word word word word word word word',
      '      word word word word word',
    ]);
  });

  test('is the same with emphasis, but for the emphasis, and begins with what the store knows', () => {
    const mark = (text: string) => `\u001b[1m${text}\u001b[22m`;
    const look = { heading: mark, faint: mark, bad: mark };
    const page = digestPage(SESSION, 60, look, [['State', 'evicted']]);
    expect(page.replaceAll('\u001b[1m', '').replaceAll('\u001b[22m', '')).toBe(
      digestPage(SESSION, 60, undefined, [['State', 'evicted']]),
    );
    expect(page.split('\n')[2]).toBe(`${mark('State     ')}evicted`);
    expect(page).toContain(mark('     1'));
  });

  test('wraps texts to the width, and leaves paths whole', () => {
    const long = 'word '.repeat(100);
    const path = `/${'folder/'.repeat(30)}file.ts`;
    const page = digestPage(
      {
        ...SESSION,
        outcome: long,
        prompts: [{ at: null, text: long }],
        files: { ...SESSION.files, edited: [path] },
      },
      60,
    );
    const lines = page.split('\n');
    expect(lines).toContain(`  ${path}`);
    expect(lines.filter((line) => Bun.stringWidth(line) > 60)).toEqual([`  ${path}`]);
  });
});

test('nothing in a digest acts on the terminal or begins a line of its own', () => {
  const hostile = fc.array(
    fc.constantFrom(
      '\u001b]0;x\u0007',
      '\u001b[2J',
      '\u001b',
      '\u009b31m',
      '\r',
      '\0',
      '\u202e',
      '\u2028',
      '\u0008',
      'a',
      '字',
      ' ',
    ),
    { minLength: 1, maxLength: 12 },
  );
  fc.assert(
    fc.property(hostile, fc.integer({ min: -5, max: 200 }), (parts, width) => {
      const evil = parts.join('');
      const all = {
        ...SESSION,
        summary: 's',
        errors: ['e'],
        plans: ['p'],
        compactions: ['c'],
        subagents: [{ id: 'i', task: 't' }],
        pull_requests: ['u'],
        parent: 'p',
      };
      const page = digestPage(
        mapTexts(all, () => evil),
        width,
      );
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      expect(page).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
      expect(page.endsWith('\n')).toBe(true);
    }),
  );
});
