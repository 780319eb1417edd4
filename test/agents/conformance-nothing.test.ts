// Every agent, also those that only a configuration knows and those with a database, through the same two laws: no digest of
// nothing, and a record above 16 MiB gives at least its words.

import { describe, expect, test } from 'bun:test';
import { AGENTS, agentOfFormat } from '../../src/agents/registry.ts';
import { type DigestOutcome, makeDigest } from '../../src/digest/digest.ts';
import type { AgentFormat } from '../../src/domain/agent.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import { listSessions } from '../../src/store/read.ts';
import { pictureOf, withoutWords, withPicture } from './altered.ts';
import { Bench, saysSomething, THREE } from './bench.ts';
import { OWN_JSON, OWN_JSONL, OWN_MARKDOWN } from './samples/own.ts';

const ALL = [
  ...AGENTS,
  agentOfFormat('own-jsonl', OWN_JSONL),
  agentOfFormat('own-json', OWN_JSON),
  agentOfFormat('own-markdown', OWN_MARKDOWN),
];
const TORN = '{"type":"user","message":{"content":"torn\n'.repeat(5);
const MIB = 1024 * 1024;

/** The analysis of a transcript of these bytes, whatever file they stand in. */
function analysisOf(agent: AgentFormat, key: string, text: string): Promise<DigestOutcome> {
  const chunks = [Buffer.from(text)];
  const document = agent.isDocument?.(key) === true ? { document: { present: chunks, removed: [] } } : {};
  return makeDigest({
    uid: `${agent.id}:x` as SessionUid,
    agent,
    rawBytes: 100_000,
    now: '2026-06-01T00:00:00.000Z' as Iso,
    files: [{ role: 'main', key, chunks, ...document }],
  });
}

/** The text that is stored of the sample's session, and the key of its file. */
async function storedText(agent: AgentFormat, turns = THREE): Promise<{ key: string; text: string }> {
  using bench = new Bench(agent);
  await bench.take({ turns });
  const { key } = bench.main({ turns });
  const [row] = listSessions(bench.db);
  return { key, text: row === undefined ? '' : bench.stored(row.uid, key).toString() };
}

const WORDS = THREE.flatMap((turn) => Object.values(turn) as string[]);

describe.each(ALL.map((agent) => [agent.id as string, agent] as const))('%s', (_id, agent) => {
  test('has no digest of unreadable lines and a blank one', async () => {
    const { key } = await storedText(agent);
    for (const text of [
      `${TORN}\r\n`,
      `\r\n${TORN}`,
      `${TORN} \t\r\n\r\n`,
      '\r\n',
      `${TORN}null\n[]\n{}\n42\n`,
    ]) {
      const made = await analysisOf(agent, key, text);
      expect(made.ok).toBe(false);
      if (!made.ok) expect(made.why).toMatch(/\bno(?:thing)? /);
    }
    if (agent.growth === 'rows') return;
    using bench = new Bench(agent);
    bench.putFiles({ [bench.main().relPath]: `${TORN}\r\n` });
    await bench.ingest();
    for (const { state } of listSessions(bench.db)) expect(state).toBe('unanalyzed');
  });

  test('has no digest of what is only about a session, alone and beside unreadable lines', async () => {
    using bench = new Bench(agent);
    await bench.take({ turns: [] });
    for (const { state, analyzeError } of listSessions(bench.db)) {
      expect(state).toBe('unanalyzed');
      expect(analyzeError).not.toBeNull();
    }
    const { key, text } = await storedText(agent, []);
    for (const other of [`${text}${TORN}\r\n`, `${TORN}${text}`, `${text}\r\n`])
      expect((await analysisOf(agent, key, other)).ok).toBe(false);
  });

  test('has a digest of a record beside unreadable lines only where it says something', async () => {
    const { key, text } = await storedText(agent);
    let digests = 0;
    for (const line of text.split('\n')) {
      for (const one of [line, withoutWords(line, WORDS)]) {
        const made = await analysisOf(agent, key, `${TORN}${one}\n\r\n`);
        if (made.ok) expect(saysSomething(made.digest)).toBe(true);
        if (made.ok) digests++;
      }
    }
    // A document is none by a part of it, and a configured agent needs both sides; of all others some record says something.
    if (agent.isDocument?.(key) !== true && agent.own === undefined) expect(digests).toBeGreaterThan(0);
    const all = text
      .split('\n')
      .map((line) => withoutWords(line, WORDS))
      .join('\n');
    const made = await analysisOf(agent, key, `${TORN}${all}\r\n`);
    if (made.ok) expect(saysSomething(made.digest)).toBe(true);
  });

  test('is not woken by what says nothing in the place of an evicted transcript', async () => {
    if (agent.growth === 'rows') return;
    using bench = new Bench(agent);
    await bench.take();
    const { uid } = bench.row();
    bench.evict(uid);
    const { relPath, bytes } = bench.main();
    for (const nothing of ['', '\n', ' \t\r\n\r\n', '\0'.repeat(bytes.length)]) {
      bench.putFiles({ [relPath]: nothing });
      await bench.ingest();
      expect(listSessions(bench.db).map(({ state }) => state)).toEqual(['evicted']);
    }
  });

  test('gives the words of a record above 16 MiB, and all of its bytes', async () => {
    using bench = new Bench(agent);
    const picture = pictureOf(17 * MIB);
    const files = Object.entries(bench.files({})).map(([relPath, content]) => [
      relPath,
      agent.classify(relPath) === null ? content : withPicture(content, 'prompt number 2', picture),
    ]);
    bench.putFiles(Object.fromEntries(files));
    await bench.ingest();
    const { uid } = bench.row();
    const { key, relPath } = bench.main();
    const stored = bench.stored(uid, key);
    expect(stored.includes(picture)).toBe(true);
    if (agent.growth !== 'rows')
      expect(stored.equals(Buffer.from(Object.fromEntries(files)[relPath]))).toBe(true);
    const prompts = bench.prompts().map((text) => text.split(/ (?:!\[it\]|…\[cut\])/)[0]);
    expect(prompts).toEqual(THREE.map(({ prompt }) => prompt));
    expect(bench.digest()).toMatchObject({ outcome: 'answer number 3', records: { unreadable: 0 } });
  }, 60_000);
});
