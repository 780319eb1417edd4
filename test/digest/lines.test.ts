// Lines as the ingest wants them: split on 0x0A only, whatever the chunks, in bounded memory.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { LINE_BYTES_HELD, LineSplitter } from '../../src/digest/lines.ts';

function split(chunks: readonly Uint8Array[], breaks: readonly number[] = [], withEmpty = false) {
  const lines: string[] = [];
  let oversized = 0;
  const splitter = new LineSplitter(
    {
      line: (line) => {
        lines.push(Buffer.from(line).toString('latin1'));
      },
      oversized: () => {
        oversized++;
      },
    },
    breaks,
    withEmpty,
  );
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return { lines, oversized };
}

const text = (value: string) => Buffer.from(value, 'latin1');

describe('lines', () => {
  test('end at 0x0A only: not at CR, NUL or the line separators of Unicode', () => {
    expect(split([text('a\r\nb\0c\u0085d\nlast')]).lines).toEqual(['a\r', 'b\0c\u0085d', 'last']);
  });

  test('an unterminated last line is a line, an empty one is none', () => {
    expect(split([text('one\n\ntwo')]).lines).toEqual(['one', 'two']);
    expect(split([text('one\n')]).lines).toEqual(['one']);
    expect(split([]).lines).toEqual([]);
  });

  test('empty lines come where they are asked for, whatever the chunks', () => {
    const bytes = text('\n\na\n\nb\n');
    for (let at = 0; at <= bytes.length; at++)
      expect(split([bytes.subarray(0, at), bytes.subarray(at)], [], true).lines).toEqual([
        '',
        '',
        'a',
        '',
        'b',
      ]);
  });

  test('a forced break ends a line without a newline, also at a chunk border and at the very end', () => {
    expect(split([text('torn{"a":1}\nnext')], [4]).lines).toEqual(['torn', '{"a":1}', 'next']);
    expect(split([text('torn'), text('whole\n')], [4]).lines).toEqual(['torn', 'whole']);
    expect(split([text('torn')], [4]).lines).toEqual(['torn']);
    expect(split([text('ab'), text('cd')], [3, 1]).lines).toEqual(['a', 'bc', 'd']);
  });

  test('a line above 16 MiB is skipped to its end and counted once; the next one is read', () => {
    const mebibyte = new Uint8Array(1024 * 1024).fill(0x78);
    const long = Array.from({ length: 20 }, () => mebibyte);
    expect(split([text('a\n'), ...long, text('\nb\n')])).toEqual({ lines: ['a', 'b'], oversized: 1 });
    expect(split([...long])).toEqual({ lines: [], oversized: 1 });
  });

  test('a line of exactly 16 MiB is read', () => {
    const { lines, oversized } = split([new Uint8Array(LINE_BYTES_HELD - 1).fill(0x78), text('y\n')]);
    expect(lines.map((line) => line.length)).toEqual([LINE_BYTES_HELD]);
    expect(oversized).toBe(0);
  });

  test('the same bytes give the same lines however they are cut into chunks', () => {
    const bytes = fc.array(fc.constantFrom(0x0a, 0x0d, 0x00, 0x61, 0xff), { maxLength: 60 });
    fc.assert(
      fc.property(
        bytes,
        fc.array(fc.nat(60), { maxLength: 6 }),
        fc.array(fc.nat(60), { maxLength: 4 }),
        (all, cuts, breaks) => {
          const whole = Uint8Array.from(all);
          const places = [
            0,
            ...cuts.filter((cut) => cut <= whole.length).sort((a, b) => a - b),
            whole.length,
          ];
          const chunks = places.slice(1).map((place, index) => whole.subarray(places[index], place));
          expect(split(chunks, breaks)).toEqual(split([whole], breaks));
          if (breaks.length === 0) {
            const naive = Buffer.from(whole)
              .toString('latin1')
              .split('\n')
              .filter((line) => line !== '' && line !== '\r');
            expect(split(chunks).lines).toEqual(naive);
          }
        },
      ),
    );
  });

  test('a line in thousands of chunks is joined in linear time', () => {
    const chunk = new Uint8Array(256).fill(0x78);
    const chunks = Array.from({ length: 40_000 }, () => chunk);
    expect(split(chunks).lines[0]?.length).toBe(40_000 * 256);
  });
});
