/** Filters within the words of a search: what is one, what is none, and what a shell leaves of quotes. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { textOf, typedQuery } from '../../src/cli/typed-query.ts';
import type { Iso } from '../../src/domain/time.ts';

const NOW = '2026-05-10T00:00:00.000Z' as Iso;
const typed = (text: string) => typedQuery({ text, limit: 1 }, NOW);

describe('filters in the words', () => {
  test.each([
    ['login agent:codex', { text: 'login', agent: 'codex' }],
    ['project:web login', { text: 'login', project: 'web' }],
    ['login project:"my app" redirect', { text: 'login redirect', project: 'my app' }],
    ['login since:7d', { text: 'login', since: '2026-05-03T00:00:00.000Z' }],
    ['login until:2026-04-01', { text: 'login', until: '2026-04-01T00:00:00.000Z' }],
    ['agent:codex', { text: '', agent: 'codex' }],
    ['a "b c" -d e* agent:pi "f', { text: 'a "b c" -d e* "f', agent: 'pi' }],
    ['file:"a b.ts" agent:pi', { text: 'file:"a b.ts"', agent: 'pi' }],
  ])('%s', (text, expected) => {
    expect(typed(text)).toEqual({ limit: 1, ...expected } as ReturnType<typeof typed>);
  });

  test.each([
    'the agent: why',
    'since:the',
    '"agent:codex"',
    'subagent:codex',
    'agent:',
    'http://agent:80/x',
    'file:src/a.ts command:"git push"',
    '',
  ])('none: %s', (text) => {
    expect(typed(text)).toEqual({ text, limit: 1 });
  });

  test('one that a flag says otherwise is a mistake; the same twice is none', () => {
    const query = { text: 'x agent:codex', limit: 1, agent: 'pi' };
    expect(() => typedQuery(query, NOW)).toThrow('agent is asked for twice');
    expect(typedQuery({ ...query, agent: 'codex' }, NOW)).toEqual({ text: 'x', limit: 1, agent: 'codex' });
  });

  test('property: any text at all is a question', () => {
    const part = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('agent:', 'since:', 'project:"', '"', ' ', 'since:1d'),
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        try {
          expect(typeof typed(parts.join('')).text).toBe('string');
        } catch (thrown) {
          expect(String(thrown)).toContain('asked for twice');
        }
      }),
    );
  });
});

test.each([
  [['a', 'b c'], 'a "b c"'],
  [['a b'], 'a b'],
  [['project:my app', 'a'], 'project:"my app" a'],
  [['project:my app a'], 'project:my app a'],
  [['"a b"', 'c'], '"a b" c'],
])('arguments %j are %s', (args, text) => {
  expect(textOf(args)).toBe(text);
});
