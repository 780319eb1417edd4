// Digests of recorded transcripts: what must survive, how large they may be, and that they are always the same.
// Without ../shared/corpus these are skipped, and say so.

import { describe, expect, test } from 'bun:test';
import { AGENTS } from '../../src/agents/registry.ts';
import { makeDigest } from '../../src/digest/digest.ts';
import { DIGEST_BYTES_MAX, type Digest } from '../../src/domain/digest.ts';
import {
  type Asked,
  askedOfClaude,
  askedOfCodex,
  HAS_CORPUS,
  isJson,
  isOfNothing,
  modelsOf,
  type Recorded,
  type RecordedFile,
  recordedSessions,
  records,
  snapshots,
  tokensOfClaude,
  tokensOfCodex,
} from './corpus.ts';
import { NOW, UID } from './samples.ts';

const recorded = test.skipIf(!HAS_CORPUS);
const ALL: readonly Recorded[] = HAS_CORPUS ? recordedSessions() : [];
const SESSIONS = ALL.filter((session) => !isOfNothing(session));
const asked = (session: Recorded): Asked =>
  session.agent === 'codex' ? askedOfCodex(session) : askedOfClaude(session);

async function digested(agentId: string, files: readonly RecordedFile[], chunkBytes = 1 << 20) {
  const agent = AGENTS.find(({ id }) => id === agentId);
  if (agent === undefined) throw new Error(`no agent ${agentId}`);
  const rawBytes = files.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const sources = files.map(({ role, key, bytes }) => ({ role, key, chunks: chunksOf(bytes, chunkBytes) }));
  const outcome = await makeDigest({ uid: UID, agent, rawBytes, now: NOW, files: sources });
  if (!outcome.ok) throw new Error(outcome.why);
  return { ...outcome, rawBytes };
}

function* chunksOf(bytes: Uint8Array, chunkBytes: number) {
  for (let start = 0; start < bytes.length; start += chunkBytes)
    yield bytes.subarray(start, start + chunkBytes);
}

let made: Promise<{ session: Recorded; digest: Digest; json: string; rawBytes: number }[]> | null = null;
function all() {
  made ??= Promise.all(
    SESSIONS.map(async (session) => ({ session, ...(await digested(session.agent, session.files)) })),
  );
  return made;
}

/** Texts as a search sees them: the first `chars`, without the white space around. */
const head = (text: string, chars: number) => text.trim().slice(0, chars).trimEnd();

function missing(wanted: readonly string[], found: readonly string[], chars: number): string[] {
  const heads = new Set(found.map((text) => head(text, chars)));
  return wanted.map((text) => head(text, chars)).filter((text) => !heads.has(text));
}

describe('of every recorded session', () => {
  recorded('a digest can be made', async () => {
    expect((await all()).length).toBe(SESSIONS.length);
    expect(SESSIONS.filter(({ agent }) => agent === 'claude-code').length).toBeGreaterThan(90);
    expect(SESSIONS.filter(({ agent }) => agent === 'codex').length).toBeGreaterThan(50);
  });

  recorded('no digest can be made of one in which nothing was said or done', async () => {
    const empty = ALL.filter(isOfNothing);
    expect(empty.length).toBe(4);
    for (const { agent, files } of empty)
      expect(digested(agent, files)).rejects.toThrow('nothing that a person said or an agent did in 1 line');
  });

  recorded('every prompt of a human survives', async () => {
    const lost = (await all()).flatMap(({ session, digest }) => {
      const found = digest.prompts.map(({ text }) => text);
      return missing(asked(session).prompts, [...found, ...found.flatMap((text) => text.split('\n'))], 100);
    });
    expect(lost).toEqual([]);
  });

  recorded('every file that was written or edited survives by name', async () => {
    const lost = (await all()).flatMap(({ session, digest }) =>
      missing(asked(session).files, [...digest.files.written, ...digest.files.edited], 1000),
    );
    expect(lost).toEqual([]);
  });

  recorded('98 of 100 commands survive by their first 50 characters', async () => {
    let commands = 0;
    const lost = (await all()).flatMap(({ session, digest }) => {
      commands += asked(session).commands.length;
      return missing(
        asked(session).commands,
        digest.commands.map(({ command }) => command),
        50,
      );
    });
    expect(commands).toBeGreaterThan(400);
    expect(lost.length / commands).toBeLessThanOrEqual(0.02);
  });

  recorded('tokens are those of a naive reader that counts each answer once', async () => {
    for (const { session, digest } of await all()) {
      const isFork = session.files
        .flatMap(({ bytes }) => records(bytes))
        .some((record) => isJson(record['payload']) && record['payload']['forked_from_id']);
      if (isFork) continue;
      const { input, cacheRead, cacheWrite, output } = digest.tokens;
      const expected = session.agent === 'codex' ? tokensOfCodex(session) : tokensOfClaude(session);
      expect([session.name, input + cacheRead + cacheWrite, output]).toEqual([session.name, ...expected]);
    }
  });

  recorded('every model that answered survives', async () => {
    for (const { session, digest } of await all()) {
      expect([session.name, ...[...digest.models].sort()]).toEqual([session.name, ...modelsOf(session)]);
    }
  });

  recorded(
    'the same bytes give the same digest, in whatever chunks they come',
    async () => {
      for (const { session, json } of await all()) {
        expect((await digested(session.agent, session.files, 7919)).json).toBe(json);
      }
    },
    60_000,
  );

  recorded(
    'a digest is within 64 KiB, and all are within 3 % of the raw bytes, of each agent too',
    async () => {
      for (const agent of ['claude-code', 'codex']) {
        const own = (await all()).filter(({ session }) => session.agent === agent);
        const bytes = own.map(({ json }) => Buffer.byteLength(json));
        const rawBytes = own.reduce((sum, each) => sum + each.rawBytes, 0);
        expect(Math.max(...bytes)).toBeLessThanOrEqual(DIGEST_BYTES_MAX);
        expect(bytes.reduce((sum, each) => sum + each, 0) / rawBytes).toBeLessThanOrEqual(0.03);
      }
    },
  );
});

describe('a transcript that something tore', () => {
  const main = (bytes: Uint8Array): RecordedFile => ({ role: 'main', key: 'main', bytes });

  recorded('tells both records of a glued line', async () => {
    for (const [name, from] of [
      ['3a782158', 0],
      ['4fec7ea0', 4],
    ] as const) {
      for (const bytes of snapshots(name).slice(from)) {
        const { digest } = await digested('claude-code', [main(bytes)]);
        expect(digest.records.unreadable).toBe(0);
        const prompts = askedOfClaude({ agent: 'claude-code', name, files: [main(bytes)] }).prompts;
        expect(
          missing(
            prompts,
            digest.prompts.map(({ text }) => text),
            100,
          ),
        ).toEqual([]);
      }
    }
  });

  recorded('loses the torn record only, wherever the end was cut off', async () => {
    const bytes = snapshots('4fec7ea0')[0] ?? new Uint8Array();
    const whole = await digested('claude-code', [main(bytes)]);
    const lines = Buffer.from(bytes)
      .toString('latin1')
      .split('\n')
      .filter((line) => line !== '').length;
    for (let end = bytes.length - 1; end > bytes.length / 2; end -= 9973) {
      const { digest } = await digested('claude-code', [main(bytes.subarray(0, end))]);
      expect(digest.records.unreadable).toBeLessThanOrEqual(1);
      expect(digest.records.read).toBeLessThanOrEqual(lines);
      expect(whole.digest.prompts.slice(0, digest.prompts.length)).toEqual([...digest.prompts]);
    }
  });

  recorded('loses one line to a block of NULs, and the rest is read', async () => {
    const bytes = Buffer.from(snapshots('1ed0d37a')[0] ?? []);
    const whole = await digested('claude-code', [main(bytes)]);
    const between = bytes.indexOf(10, bytes.length / 2) + 1;
    const holed = Buffer.concat([bytes.subarray(0, between), Buffer.alloc(700), bytes.subarray(between)]);
    const { digest } = await digested('claude-code', [main(holed)]);
    expect(digest.records.unreadable).toBe(0);
    expect(digest.prompts).toEqual(whole.digest.prompts);
  });
});
