// A digest as Markdown: read by people and agents, and never more than text, whatever a transcript holds.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { digestMarkdown } from '../../src/digest/markdown.ts';
import { mapTexts } from '../../src/digest/strings.ts';
import type { Digest } from '../../src/domain/digest.ts';
import type { Iso } from '../../src/domain/time.ts';
import { emptyDigest } from './samples.ts';

const SESSION: Digest = {
  ...emptyDigest,
  title: 'Fix the till',
  project: '/home/ann/shop',
  started_at: '2026-03-01T10:00:00.000Z' as Iso,
  ended_at: '2026-03-03T11:00:00.000Z' as Iso,
  prompts: [{ at: '2026-03-01T10:00:00.000Z' as Iso, text: 'The till rounds\n\n# wrongly' }],
  outcome: 'Rounds to <b>cents</b> ![x](http://x.test/y.png)',
  files: { read: [], written: [], edited: ['/home/ann/shop/till.ts', '/home/ann/`odd`.ts'] },
  commands: [
    { command: 'bun test', exit: 1, times: 3 },
    { command: 'cat <<EOF\n```\nEOF', exit: 0 },
    { command: 'sleep 9', exit: null },
  ],
  subagents: [{ id: 'a', kind: 'Explore', task: 'Find it', result: 'Here' }],
  redacted: 1,
};

test('a session as Markdown', () => {
  expect(digestMarkdown(SESSION, [['Session', 'claude-code:1']])).toBe(`# Fix the till

- Session: \`claude-code:1\`
- Agent: claude-code
- Project: \`/home/ann/shop\`
- When: 2026-03-01 10:00 to 2026-03-03 11:00 UTC (2 days)

## Asked (1)

**2026-03-01 10:00**

> The till rounds
>
> # wrongly

## Outcome

> Rounds to \\<b>cents\\</b> !\\[x](http://x.test/y.png)

## Files edited (2)

- \`till.ts\`
- \`\`/home/ann/\`odd\`.ts\`\`

## Commands (3), each with its exit status

- \`bun test\` (exit 1, 3 times)
- exit 0:

  \`\`\`\`sh
  cat <<EOF
  \`\`\`
  EOF
  \`\`\`\`

- \`sleep 9\` (exit not told)

## Subagents (1)

**Explore**

> Find it

Result:

> Here

_1 secret redacted._
`);
});

test('no text begins a line of its own, or brings HTML or a control character', () => {
  const hostile = fc.array(
    fc.constantFrom(
      '\n# x',
      '\n',
      '```',
      '`',
      '<script>',
      '![',
      '\u001b[2J',
      '\u009b',
      '\u202e',
      '\r',
      '\0',
      '> ',
      '- ',
      'a',
      ' ',
    ),
    { minLength: 1, maxLength: 12 },
  );
  fc.assert(
    fc.property(hostile, (parts) => {
      const all = {
        ...SESSION,
        summary: 's',
        errors: ['e'],
        plans: ['p'],
        compactions: ['c'],
        pull_requests: ['u'],
        parent: 'p',
      };
      const text = digestMarkdown(mapTexts(all, () => parts.join('')));
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
      const known =
        /^(?:# .*|## (?:Summary|Asked|Outcome|Plans|Files|Pull|Commands|Errors|Subagents|Compactions|Tools|Commits).*|- .*|>.*|\*\*.*\*\*|Result:|_.*_| {2}.*|)$/;
      expect(text.split('\n').filter((line) => !known.test(line))).toEqual([]);
    }),
  );
});
