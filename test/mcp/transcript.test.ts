/** Lines of a transcript for an agent: numbered as they are, and no part of a secret in them, whichever are asked for. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { shownLines } from '../../src/mcp/transcript.ts';

const ALL = { from: 1, lines: 1000, charsEach: 800, charsMax: 1e6 };
const bytesOf = (text: string) => [Buffer.from(text)];

/** A key as it lies in a file: made up, and a line of it looks like nothing by itself. */
function keyLines(lines: number): string[] {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  let state = 7;
  const next = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return letters[(state >> 12) % 64] ?? 'A';
  };
  const body = Array.from({ length: lines }, () => Array.from({ length: 64 }, next).join(''));
  return ['-----BEGIN RSA PRIVATE KEY-----', ...body, '-----END RSA PRIVATE KEY-----'];
}

const KEY = keyLines(50);
const TEXT = ['one', 'two', ...KEY, 'last'].map((line) => `${line}\n`).join('');

test('a private key over real lines does not come out, whichever of its lines are asked for', async () => {
  const count = KEY.length + 3;
  for (let from = 1; from <= count; from += 1) {
    for (const lines of [1, 2, 20]) {
      const shown = await shownLines(bytesOf(TEXT), { ...ALL, from, lines });
      expect(shown.lines.map(({ number }) => number)).toEqual(
        Array.from({ length: Math.min(lines, count - from + 1) }, (_, i) => from + i),
      );
      expect(shown.hasMore).toBe(from + lines <= count);
      const said = shown.lines.map(({ text }) => text).join('\n');
      for (const part of KEY.slice(1, -1)) expect(said, `from ${from}`).not.toContain(part.slice(0, 20));
    }
  }
});

test('a key whose begin lies at the end of a giant line, and one that begins within a line and goes on, do not come out', async () => {
  const giant = 'x '.repeat(100_000);
  const body = KEY.slice(1, -1);
  for (const text of [
    `${giant}${KEY.join('\n')}\nend`,
    `${KEY.join('\\n')}${giant}\nend`,
    `${body.join('\n')}\n${KEY.at(-1)}`,
  ])
    for (let from = 1; from < 55; from += 1) {
      const shown = await shownLines(bytesOf(text), { ...ALL, from, lines: 1 });
      for (const part of body)
        expect(shown.lines[0]?.text.slice(0, 800) ?? '').not.toContain(part.slice(0, 20));
    }
});

test('a property: lines come with their numbers and their text, however the bytes are cut', async () => {
  const line = fc.oneof(fc.constantFrom('', 'é', '\r', 'a b'), fc.stringMatching(/^[a-z ]{0,12}$/));
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 12 }),
      fc.boolean(),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      fc.integer({ min: 1, max: 14 }),
      fc.integer({ min: 1, max: 14 }),
      async (some, isEnded, cuts, from, lines) => {
        const text = some.join('\n') + (isEnded && some.length > 0 ? '\n' : '');
        const all = text === '' ? [] : text.replace(/\n$/, '').split('\n');
        const bytes = Buffer.from(text);
        function* pieces() {
          let at = 0;
          for (let i = 0; at < bytes.length; i += 1) {
            const end = at + (cuts[i % cuts.length] ?? 1);
            yield bytes.subarray(at, end);
            at = end;
          }
        }
        const shown = await shownLines(pieces(), { ...ALL, from, lines });
        expect(shown.lines).toEqual(
          all.map((each, i) => ({ number: i + 1, text: each })).slice(from - 1, from - 1 + lines),
        );
        expect(shown.hasMore).toBe(all.length > from - 1 + lines);
      },
    ),
  );
});

test('of many long lines no more are looked at than an answer holds', async () => {
  const text = `${'word '.repeat(1000)}\n`.repeat(100);
  const shown = await shownLines(bytesOf(text), { ...ALL, lines: 60, charsMax: 4000 });
  expect([shown.lines.length, shown.hasMore]).toEqual([5, true]);
});
