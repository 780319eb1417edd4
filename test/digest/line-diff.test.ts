/** Diffs: the text before and the text after can both be read off one, and it is as short as it can be where the texts are small. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type DiffLine, lineDiff, patchLines, wholeDiff } from '../../src/digest/line-diff.ts';

const shown = (lines: readonly DiffLine[]) => lines.map(({ sign, text }) => sign + text);

describe('a diff', () => {
  test.each<[string, string, string, string[]]>([
    ['one line of three', 'a\nb\nc', 'a\nB\nc', [' a', '-b', '+B', ' c']],
    ['nothing', 'a\nb', 'a\nb', []],
    ['a new file', '', 'a\nb', ['+a', '+b']],
    ['a line more at the end', 'a', 'a\nb', [' a', '+b']],
    [
      'two changes far apart, with what is between left out',
      '1\n2\n3\n4\n5\n6\n7\n8\n9',
      'x\n2\n3\n4\n5\n6\n7\n8\ny',
      ['-1', '+x', ' 2', ' 3', '…', ' 7', ' 8', '-9', '+y'],
    ],
  ])('%s', (_, before, after, lines) => {
    expect(shown(lineDiff(before, after))).toEqual(lines);
  });

  const texts = fc.array(fc.constantFrom('a', 'b', 'c', '', '  a', '-x', '+y'), { maxLength: 24 });

  test('gives both texts back: before without +, after without -', () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        const lines = wholeDiff(a.join('\n'), b.join('\n'));
        const without = (sign: string) => lines.filter((one) => one.sign !== sign).map(({ text }) => text);
        expect(without('+').join('\n')).toBe(a.join('\n'));
        expect(without('-').join('\n')).toBe(b.join('\n'));
      }),
    );
  });

  test('has no more lines gone and come than the texts have apart from what they share in order', () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        const lines = wholeDiff(a.join('\n'), b.join('\n'));
        const kept = lines.filter(({ sign }) => sign === ' ').length;
        const [one, other] = [a.join('\n'), b.join('\n')].map((text) =>
          text === '' ? [] : text.split('\n'),
        );
        expect(kept).toBe(longestShared(one ?? [], other ?? []));
      }),
    );
  });

  test('of huge texts is bounded in time: one goes and the other comes', () => {
    const many = (sign: string) => Array.from({ length: 20_000 }, (_, n) => `${sign}${n}`).join('\n');
    const began = performance.now();
    expect(lineDiff(many('a'), many('b'))).toHaveLength(40_000);
    expect(performance.now() - began, 'ms; compared line by line it would be minutes').toBeLessThan(5_000);
  });
});

function longestShared(a: readonly string[], b: readonly string[]): number {
  const rows = Array.from({ length: a.length + 1 }, () => Array<number>(b.length + 1).fill(0));
  for (let i = 1; i <= a.length; i += 1)
    for (let j = 1; j <= b.length; j += 1) {
      const best =
        a[i - 1] === b[j - 1]
          ? (rows[i - 1]?.[j - 1] ?? 0) + 1
          : Math.max(rows[i - 1]?.[j] ?? 0, rows[i]?.[j - 1] ?? 0);
      (rows[i] ?? [])[j] = best;
    }
  return rows[a.length]?.[b.length] ?? 0;
}

test('a patch of an agent is shown by its own lines, without its heads', () => {
  const patch = '@@ class A\n one\n-two\n+TWO\n three';
  expect(shown(patchLines(patch))).toEqual(['…', ' one', '-two', '+TWO', ' three']);
});
