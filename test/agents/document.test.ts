// Transcripts that are one JSON document: what stands in torn ones, in large ones, and how a rewritten one is parted.

import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  type DocumentShape,
  documentEnds,
  objectsWithin,
  readPart,
} from '../../src/agents/kit/document-agent.ts';
import { isRecord } from '../../src/agents/kit/json-lines.ts';
import { WINDOW_BYTES_MAX, windows } from '../../src/digest/windows.ts';
import type { DocumentPart } from '../../src/domain/facts.ts';
import { elementsOf, matchLines } from '../../src/ingest/rewrite.ts';

const SHAPE: DocumentShape = {
  recordsOf: (document) =>
    isRecord(document) && Array.isArray(document['messages']) ? document['messages'] : null,
  isRecord: (record) => typeof record['id'] === 'number',
};
const document = (...ids: number[]) =>
  JSON.stringify({
    title: 'a "quoted" {title}',
    messages: ids.map((id) => ({ id, text: `},{ "${id}" [`, more: [{ a: 1 }] })),
    end: 7,
  });

function read(text: string, part: DocumentPart) {
  const ids: unknown[] = [];
  const counts = readPart(Buffer.from(text), part, SHAPE, ({ id }) => ids.push(id));
  return { ids, ...counts };
}

describe('a document', () => {
  test('that is torn gives the records that are whole, and is counted as unreadable once', () => {
    expect(read(document(1, 2, 3).slice(0, -40), 'present')).toEqual({ ids: [1, 2], read: 2, unreadable: 1 });
    expect(read(document(1, 2, 3).slice(60), 'removed').ids).toEqual([2, 3]);
  });

  test('of another agent gives none', () => {
    expect(read('{"messages":{}}', 'present')).toEqual({ ids: [], read: 0, unreadable: 1 });
    expect(read('[]', 'present')).toEqual({ ids: [], read: 0, unreadable: 1 });
  });

  test('without a record yet is read all the same', () => {
    expect(read('{"messages":[]}', 'present')).toEqual({ ids: [], read: 1, unreadable: 0 });
  });

  test('gives no object that stands in a text', () => {
    expect(objectsWithin('{"a":"{\\"id\\":1}"', SHAPE.isRecord)).toEqual([]);
  });

  test('tells at its ends what stands beside its list, though the middle is not there', () => {
    const text = document(...Array.from({ length: 50 }, (_, n) => n));
    const ends = documentEnds(Buffer.from(text.slice(0, 300)), Buffer.from(text.slice(-200)), SHAPE);
    expect(Object.fromEntries(ends?.fields ?? [])).toEqual({ title: 'a "quoted" {title}', end: 7 });
    expect(ends?.records.map(({ id }) => id)).toContain(0);
    expect(ends?.records.map(({ id }) => id)).toContain(49);
  });

  test('tells the same at its ends with blanks around what is in it', () => {
    const value = JSON.parse(document(...Array.from({ length: 50 }, (_, n) => n)));
    for (const blanks of [1, 2, '\t']) {
      const text = JSON.stringify(value, null, blanks).replaceAll('": ', '" \t:\n ');
      const at = (word: string) => text.indexOf(word);
      const head = Buffer.from(text.slice(0, text.indexOf('}', at('"id"') + 200)));
      const ends = documentEnds(head, Buffer.from(text.slice(text.lastIndexOf('more'))), SHAPE);
      expect(Object.fromEntries(ends?.fields ?? [])).toEqual({ title: 'a "quoted" {title}', end: 7 });
    }
  });

  test('that is lines of records is none: another agent’s first record would lend it its members', () => {
    const lines = `{"data":{"title":"x"},"id":1}\n{"data":{},"id":2}\n`;
    expect(documentEnds(Buffer.from(lines), Buffer.from(lines), SHAPE)).toBeNull();
  });

  test('is read in time that grows with its length, whatever stands in it', () => {
    const hostile = '{"a":['.repeat(200_000);
    expect(objectsWithin(hostile, SHAPE.isRecord)).toEqual([]);
    expect(elementsOf(Buffer.from(hostile))?.at(-1)?.[1]).toBe(hostile.length);
  });
});

describe('windows', () => {
  test('what fits is whole; what does not is cut so that each byte is in one, and a record at a cut in the next', async () => {
    const chunk = (n: number) => new Uint8Array(4 * 1024 * 1024).fill(n);
    const found: { bytes: number; isWhole: boolean; first: number | undefined }[] = [];
    for await (const { bytes, isWhole } of windows([1, 2, 3, 4, 5].map(chunk)))
      found.push({ bytes: bytes.length, isWhole, first: bytes[0] });
    expect(found).toEqual([
      { bytes: WINDOW_BYTES_MAX, isWhole: false, first: 1 },
      { bytes: 5 * 1024 * 1024, isWhole: false, first: 4 },
    ]);
    for await (const { isWhole } of windows([chunk(1)])) expect(isWhole).toBe(true);
  });
});

describe('a rewritten document', () => {
  test('is parted at the objects of its outermost list', () => {
    const bytes = Buffer.from('{"v":[1,{"x":2}],"m":[{"a":"}]"},\n {"b":[{}]}],"e":{}}');
    const pieces = (elementsOf(bytes) ?? []).map(([from, to]) => bytes.subarray(from, to).toString());
    expect(pieces).toEqual([
      '{"v":[1,',
      '{"x":2}',
      '],"m":[',
      '{"a":"}]"}',
      ',\n ',
      '{"b":[{}]}',
      '],"e":{}}',
    ]);
  });

  test('any bytes: the pieces touch and are all of them; what was and what is are the log and its extents', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', 'a', '\n') }),
        fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', ',', 'b') }),
        (one, other) => {
          const [old, now] = [Buffer.from(one), Buffer.from(other)];
          const pieces = elementsOf(old) ?? [];
          expect(pieces.map(([from, to]) => old.subarray(from, to).toString()).join('')).toBe(one);
          const { extents, added } = matchLines([], [[0, old.length]], old, now, old.length, elementsOf);
          const log = Buffer.concat([old, added]);
          expect(extents.map(([from, length]) => log.subarray(from, from + length).toString()).join('')).toBe(
            other,
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});
