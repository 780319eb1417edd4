/** A value that is nested twenty thousand deep, in whatever place of a record: the session is digested, and what else it says is told. */
import { expect, test } from 'bun:test';
import { AGENTS } from '../../src/agents/registry.ts';
import { makeDigest } from '../../src/digest/digest.ts';
import { toldAs } from '../../src/domain/agent.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import { CWD, sampleOf, THREE } from './bench.ts';

const DEPTH = 20_000;
const DEEP = `${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}`;
const MARK = '@deep@';
const NOW = '2026-11-30T00:00:00.000Z' as Iso;

/** The JSON of a value with each of its texts, numbers and truths in turn nested deep. */
function* deepened(value: unknown): Generator<string> {
  const places: { in: object; key: string }[] = [];
  const copy: unknown = structuredClone({ value });
  const visit = (holder: object) => {
    for (const [key, held] of Object.entries(holder)) {
      if (typeof held === 'object' && held !== null) visit(held);
      else places.push({ in: holder, key });
    }
  };
  if (typeof copy === 'object' && copy !== null) visit(copy);
  for (const { in: holder, key } of places) {
    const before: unknown = Reflect.get(holder, key);
    Reflect.set(holder, key, MARK);
    yield JSON.stringify(Reflect.get(copy as object, 'value')).replace(`"${MARK}"`, DEEP);
    Reflect.set(holder, key, before);
  }
}

/** The text with one of its values nested deep; of a text of lines those of each line. */
function* variants(text: string): Generator<string> {
  try {
    yield* deepened(JSON.parse(text));
  } catch {
    const lines = text.split('\n');
    for (const [n, line] of lines.entries()) {
      if (!line.startsWith('{')) continue;
      for (const deep of deepened(JSON.parse(line))) yield lines.with(n, deep).join('\n');
    }
  }
}

/** Each agent whose transcripts are JSON text, with those of its sample; databases and Markdown have no such values. */
const WITH_JSON = AGENTS.flatMap((agent) => {
  const { sessionId, session } = sampleOf(agent);
  const files = Object.entries(session({ id: sessionId, cwd: CWD, turns: THREE }));
  const texts = files.flatMap(([path, content]) => {
    const file = agent.classify(path);
    const role = file === null ? null : toldAs(agent, file.role, file.key);
    const isJson = typeof content === 'string' && /^\s*[{[]/.test(content);
    return file === null || role === null || !isJson ? [] : [{ role, key: file.key, content }];
  });
  return texts.length === 0 ? [] : [{ id: agent.id, agent, texts }];
});

test('most agents write JSON', () => expect(WITH_JSON.length).toBeGreaterThan(20));

test.each(WITH_JSON)('$id: a digest is made all the same', async ({ id, agent, texts }) => {
  let count = 0;
  for (const { role, key, content } of texts) {
    for (const text of variants(content)) {
      const bytes = Buffer.from(text);
      const isDocument = agent.isDocument?.(key) === true;
      const made = await makeDigest({
        uid: `${id}:x` as SessionUid,
        agent,
        rawBytes: bytes.length,
        now: NOW,
        files: [
          {
            role,
            key,
            chunks: [bytes],
            ...(isDocument ? { document: { present: [bytes], removed: [] } } : {}),
          },
        ],
      });
      expect(made.ok ? made.digest : made.partial).toBeDefined();
      count += 1;
    }
  }
  expect(count).toBeGreaterThan(10);
});
