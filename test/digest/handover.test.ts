/** A hand-over: within its budget whatever the digest holds, in its order, and nothing left out in silence. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { HANDOVER_TOKENS_MIN, handover } from '../../src/digest/handover.ts';
import type { Digest } from '../../src/domain/digest.ts';
import { openReadable } from '../../src/store/open.ts';
import { digestsOf } from '../../src/store/read.ts';
import { World } from '../support/bench-world.ts';
import { command, prompt, putDigestOf } from '../support/digests.ts';

const UID = 'claude-code:5ea00001-0000-4000-8000-000000000000';

function digestOf(parts: Partial<Digest>): Digest {
  using world = new World();
  const uid = putDigestOf(world.db, 1, parts);
  using db = openReadable(world.db.path);
  return JSON.parse(digestsOf(db, uid)[0]?.json ?? '');
}

const FULL = digestOf({
  title: 'Mend the feeder',
  project: '/home/me/zoo',
  branches: ['main', 'feeder'],
  prompts: [prompt('Mend the feeder'), { ...prompt('of the parent'), copied: true }, prompt('Now the pool')],
  outcome: 'Both run again.',
  todos: [
    { text: 'oil the hinge', status: 'pending' },
    { text: 'buy oil', status: 'completed' },
  ],
  files: { read: ['/home/me/zoo/a.md'], written: [], edited: ['/home/me/zoo/src/feed.ts'] },
  commands: [command('bun test'), { command: 'rm x', exit: 1 }],
  commits: [{ sha: 'abc1234', message: 'Mend it' }],
});

describe('a hand-over', () => {
  test('tells what was asked, what holds, what is open, files, commands that worked, in this order', () => {
    expect(handover(FULL, UID, 2000)).toBe(`# Mend the feeder

From an earlier session (\`${UID}\`, \`/home/me/zoo\`, \`feeder\`).

## Asked

> Mend the feeder

> Now the pool

## Holds now

> Both run again.

> Commit abc1234 Mend it

## Open

- [ ] oil the hinge

## Files changed

- \`src/feed.ts\`

## Commands that worked

- \`bun test\`
`);
  });

  test('keeps what was asked first and last where there is no room for all', () => {
    const asked = Array.from({ length: 60 }, (_, i) =>
      prompt(`request number ${i} ${'and more '.repeat(5)}`),
    );
    const text = handover({ ...FULL, prompts: asked }, UID, 400);
    expect(text).toContain('request number 0 ');
    expect(text).toContain('request number 59 ');
    expect(text).not.toContain('request number 30 ');
    expect(text).toMatch(/_\d+ more left out\._/);
    for (const part of ['Holds now', 'Open', 'Files changed', 'Commands that worked'])
      expect(text).toContain(`## ${part}`);
  });

  test('of commands whose status nobody told has those that are not known to have failed', () => {
    const commands = [
      { command: 'make', exit: null },
      { command: 'make x', exit: null, failed: true as const },
    ];
    const text = handover({ ...FULL, commands }, UID, 2000);
    expect(text).toContain('- `make`\n');
    expect(text).not.toContain('make x');
  });

  test('property: is within its budget, whatever the digest holds', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.constantFrom('検索'.repeat(90), '```\n# x', 'a\n'.repeat(99)),
    );
    const texts = fc.array(text, { maxLength: 30 });
    fc.assert(
      fc.property(
        fc.record({ title: text, asked: texts, files: texts, run: texts, todos: texts, outcome: text }),
        fc.integer({ min: HANDOVER_TOKENS_MIN, max: 3000 }),
        ({ title, asked, files, run, todos, outcome }, tokens) => {
          const digest: Digest = {
            ...FULL,
            title,
            outcome,
            prompts: asked.map(prompt),
            files: { read: [], written: files, edited: [] },
            commands: run.map(command),
            todos: todos.map((todo) => ({ text: todo, status: 'pending' })),
          };
          const told = handover(digest, UID, tokens);
          expect(Buffer.byteLength(told)).toBeLessThanOrEqual(tokens * 3);
          expect(told.endsWith('\n')).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});
