/** Members of a record are found in its bytes as `JSON.parse` would find them, in whatever form it is written. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Members } from '../../src/agents/kit/json-members.ts';
import { drawn, FORMS, Writer } from './forms.ts';

const PATHS = [
  'type',
  'time',
  'payload',
  'payload.type',
  'payload.inner.time',
  'list[].type',
  'list[].id.x',
] as const;
const NAMES = [
  'type',
  'time',
  'payload',
  'inner',
  'list',
  'id',
  'x',
  'other',
  'tÿpe',
  '',
  '"',
  '\\',
  'ty',
  'types',
];

const value = fc.letrec<{ any: unknown; object: Record<string, unknown> }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('"time":"x"', '}{"type":1', '\\', '\\"', 'a'.repeat(40), `${'b'.repeat(31)}"`),
    ),
    fc.oneof(
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.array(tie('any'), { maxLength: 4 }),
    tie('object'),
  ),
  object: fc.dictionary(fc.constantFrom(...NAMES), tie('any'), { maxKeys: 6 }) as fc.Arbitrary<
    Record<string, unknown>
  >,
})).object;

const writing = fc.record({ record: value, form: fc.constantFrom(...FORMS), seed: fc.nat() });
const written = ({ record, form, seed }: { record: unknown; form: (typeof FORMS)[number]; seed: number }) =>
  Buffer.from(new Writer(form, seed).write(record));

/** What stands at a path of a parsed value; through a list all that stand there. */
function at(record: unknown, path: string): unknown {
  const [name = '', ...rest] = path.split('.');
  const key = name.replace(/\[\]$/, '');
  const inner = isObject(record) && Object.hasOwn(record, key) ? record[key] : undefined;
  if (!name.endsWith('[]')) return rest.length === 0 ? inner : at(inner, rest.join('.'));
  const elements = Array.isArray(inner) ? inner : [];
  return elements.map((one) => at(one, rest.join('.'))).filter((one) => one !== undefined);
}

const isObject = (one: unknown): one is Record<string, unknown> =>
  typeof one === 'object' && one !== null && !Array.isArray(one);

const found = (members: Members<(typeof PATHS)[number]>, path: (typeof PATHS)[number]) =>
  path.includes('[]') ? members.all(path) : members.value(path);

test('whole, whatever stands around it that is no record', () => {
  const members = new Members(PATHS);
  const padding = fc.constantFrom('', ' ', '\r', '\0\0', '\t \r');
  fc.assert(
    fc.property(writing, padding, padding, (one, before, behind) => {
      const bytes = written(one);
      const parsed: unknown = JSON.parse(bytes.toString());
      expect(members.scan(Buffer.concat([Buffer.from(before), bytes, Buffer.from(behind)]))).toBe('whole');
      for (const path of PATHS) {
        expect(found(members, path)).toEqual(at(parsed, path));
        if (!path.includes('[]')) {
          const text = at(parsed, path);
          expect(members.text(path)).toBe(typeof text === 'string' && text !== '' ? text : null);
          expect(members.has(path)).toBe(text !== undefined);
          expect(members.isObject(path)).toBe(isObject(text));
        }
      }
    }),
    { numRuns: 2000 },
  );
});

test('cut anywhere it is not whole, and what is found of it is what stands there', () => {
  const members = new Members(PATHS);
  fc.assert(
    fc.property(writing, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (one, share) => {
      const bytes = written(one);
      const parsed: unknown = JSON.parse(bytes.toString());
      const cut = bytes.subarray(0, Math.floor(bytes.length * share));
      const scanned = members.scan(cut);
      expect(['cut', 'broken']).toContain(scanned);
      if (scanned === 'broken') return expect(cut.toString('latin1').trim()).toBe('');
      for (const path of PATHS.filter((each) => !each.includes('[]')))
        if (members.has(path)) expect(members.value(path)).toEqual(at(parsed, path));
    }),
    { numRuns: 2000 },
  );
});

test('a second record on the line, or a torn one before it, is never passed over', () => {
  const members = new Members(PATHS);
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      writing,
      writing,
      share,
      fc.constantFrom('', ' ', '\0', '\r'),
      (one, other, part, between) => {
        const first = written(one);
        const torn = first.subarray(0, Math.ceil(first.length * part));
        fc.pre(torn.toString('latin1').trim() !== '');
        const line = Buffer.concat([torn, Buffer.from(between), written(other)]);
        if (members.scan(line) === 'whole') expect(() => JSON.parse(line.toString())).not.toThrow();
      },
    ),
    { numRuns: 2000 },
  );
});

test('a key that is written twice means its last value, as for a parser', () => {
  const members = new Members(PATHS);
  const line =
    '{"type":"a","payload":{"type":"b"},"list":[{"type":1}],"payload":3,"list":[],"ty\\u0070e":"c"}';
  expect(members.scan(Buffer.from(line))).toBe('whole');
  const parsed: unknown = JSON.parse(line);
  for (const path of PATHS) expect(found(members, path)).toEqual(at(parsed, path));
});

test('the caller may have enough, and a list of endless elements is left to a parser', () => {
  const members = new Members(PATHS);
  const asked: string[] = [];
  const line = Buffer.from('{"time":1,"type":"x","payload":{"type":2}}');
  const isEnough = (path: string) => asked.push(path) === 2;
  expect(members.scan(line, isEnough)).toBe('stopped');
  expect(asked).toEqual(['time', 'type']);
  const many = Array.from({ length: 1001 }, () => ({ type: 1 }));
  expect(members.scan(Buffer.from(JSON.stringify({ list: many })))).toBe('broken');
});

test('any bytes at all are looked through, in time that grows with them', () => {
  const members = new Members(PATHS);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(['whole', 'cut', 'broken']).toContain(members.scan(Buffer.from(bytes)));
    }),
    { numRuns: 2000 },
  );
  const random = drawn(7);
  for (const piece of ['\\', '{"a":', '[', '\\"', '" ', '{"list":[{"type":', '}'])
    members.scan(Buffer.from(`{"a":"${piece.repeat(200_000 + Math.floor(random() * 10))}`));
});

test('a text is read as it stands, whatever text was read in its place before', () => {
  const quoted = (bytes: readonly number[]) =>
    Buffer.concat([Buffer.from('{"type":"'), Buffer.from(bytes), Buffer.from('"}')]);
  // ASCII, the two bytes of `é`, the same character in latin1, which is no UTF-8, and an escape.
  const texts = [[], [0x61], [0x62], [0xc3, 0xa9], [0xe9], [0xe9, 0x61], [0x5c, 0x6e], [0x61, 0x62], [0xc3]];
  for (const before of texts) {
    for (const after of texts) {
      const [members, alone] = [new Members(['type']), new Members(['type'])];
      members.scan(quoted(before));
      members.value('type');
      expect(members.scan(quoted(after))).toBe('whole');
      alone.scan(quoted(after));
      expect(members.value('type')).toBe(alone.value('type'));
      expect(members.value('type')).toBe(JSON.parse(quoted(after).toString()).type);
    }
  }
});
