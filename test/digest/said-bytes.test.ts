/**
 * The size that a digest aims at follows from what is said, not from how its JSON is written.
 */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { claudeCode } from '../../src/agents/claude-code/index.ts';
import { makeDigest } from '../../src/digest/digest.ts';
import { saidBytes } from '../../src/digest/said-bytes.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import { FORMS, type Form, linesIn, Writer } from '../agents/forms.ts';
import { CORPUS, HAS_CORPUS, recordedSessions } from './corpus.ts';
import '../support/seed.ts';

const bytes = (text: string) => Buffer.from(text);
const records = fc.dictionary(fc.string(), fc.jsonValue({ stringUnit: 'binary' }));

describe('the bytes of a record', () => {
  test('are those of its compact form, whatever white space it has', () => {
    fc.assert(
      fc.property(records, fc.constantFrom(1, 2, '\t'), (record, indent) => {
        const compact = JSON.stringify(record);
        expect(saidBytes(bytes(compact))).toBe(Buffer.byteLength(compact));
        expect(saidBytes(bytes(JSON.stringify(record, null, indent)))).toBe(Buffer.byteLength(compact));
        expect(saidBytes(bytes(`${compact}\r`))).toBe(Buffer.byteLength(compact));
      }),
    );
  });

  test('are the same with escapes, however many', () => {
    const form: Form = { name: 'escapes', escapes: true, keys: 'shuffled' };
    fc.assert(
      fc.property(records, fc.integer(), (record, seed) => {
        const compact = JSON.stringify(record);
        expect(saidBytes(bytes(new Writer(form, seed).write(JSON.parse(compact))))).toBe(
          Buffer.byteLength(compact),
        );
      }),
    );
    const short = '{"a":"\\u000a\\u0022\\u005c\\u0041\\ud83d\\ude00\\u00e9\\/"}';
    expect(saidBytes(bytes(short))).toBe(Buffer.byteLength(JSON.stringify(JSON.parse(short))));
  });

  test('are never more than there are, of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (any) => {
        const said = saidBytes(any);
        expect(said >= 0 && said <= any.length).toBe(true);
      }),
    );
  });
});

/** A session whose digest is cut to its size. */
function longSession(): Uint8Array {
  const lines = Array.from({ length: 1000 }, (_, n) => {
    const at = new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString();
    const told = { uuid: `u${n}`, sessionId: 's', cwd: '/w', timestamp: at };
    if (n === 0)
      return JSON.stringify({ type: 'user', ...told, message: { role: 'user', content: 'Try é/è' } });
    const input = { file_path: `/w/é/${'deep/'.repeat(6)}file-${n}.ts` };
    const content = [{ type: 'tool_use', id: `t${n}`, name: 'Read', input }];
    return JSON.stringify({
      type: 'assistant',
      ...told,
      message: { id: `m${n}`, role: 'assistant', content },
    });
  });
  return bytes(`${lines.join('\n')}\n`);
}

async function digestOf(main: Uint8Array): Promise<{ json: string; bytes: number }> {
  const made = await makeDigest({
    uid: 'claude-code:s' as SessionUid,
    agent: claudeCode,
    rawBytes: main.length,
    now: '2026-12-01T00:00:00.000Z' as Iso,
    files: [{ role: 'main', key: 'main', chunks: [main] }],
  });
  if (!made.ok) throw new Error(made.why);
  return { json: made.json, bytes: main.length };
}

describe.each(FORMS)('a digest that is cut to its size, in another form: $name', (form) => {
  test('is the same', async () => {
    const plain = await digestOf(longSession());
    const other = await digestOf(linesIn(form, longSession(), 7));
    expect(JSON.parse(plain.json).files.read.length).toBeLessThan(500);
    expect(JSON.parse(other.json)).toEqual(JSON.parse(plain.json));
  });
});

describe.if(HAS_CORPUS)('recorded sessions in other forms', () => {
  test('have the same digests', async () => {
    const largest = recordedSessions()
      .filter(({ agent }) => agent === 'claude-code')
      .map(({ name }) => readFileSync(join(CORPUS, 'home/.claude/projects', name)))
      .filter(({ length }) => length < 2_000_000)
      .sort((a, b) => b.length - a.length)
      .slice(0, 4);
    for (const main of largest) {
      const plain = await digestOf(linesIn({ name: 'as it is' }, main, 1));
      for (const form of FORMS) expect((await digestOf(linesIn(form, main, 7))).json).toBe(plain.json);
    }
  }, 60_000);
});
