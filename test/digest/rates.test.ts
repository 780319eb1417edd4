/**
 * Issue 7: what a person asks later is still there when every raw byte has gone. The recorded sessions are ingested, evicted
 * and shown by the command line; what they held is told by a reader of its own (`witness.ts`). The rates are printed.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as schemas from '../../src/cli/schemas.ts';
import { DIGEST_BYTES_MAX, type Digest } from '../../src/domain/digest.ts';
import { runIn } from '../support/runtime.ts';
import {
  at,
  CORPUS,
  HAS_CORPUS,
  isOfNothing,
  modelsOf,
  type Recorded,
  recordedSessions,
  records,
  snapshots,
  tokensOfClaude,
  tokensOfCodex,
} from './corpus.ts';
import { namesWritten, type Witness, witness } from './witness.ts';

const kept: { session: Recorded; seen: Witness; digest: Digest; json: string }[] = [];
let rawBytes = 0;
const folder = HAS_CORPUS ? mkdtempSync(join(tmpdir(), 'session-memory-rates-')) : '';
const rates: string[] = [];

async function told(...args: string[]): Promise<unknown> {
  const { out, err, code } = await runIn(folder, ['--store', join(folder, 's.db'), ...args, '--json']);
  if (code !== 0) throw new Error(`${args.join(' ')}: ${code} ${err}`);
  return JSON.parse(out);
}

/** Growing sessions, taken in snapshot over snapshot: what a later one has no more is asked for too. */
async function grownAll(): Promise<Recorded[]> {
  const grown: Recorded[] = [];
  for (const name of readdirSync(join(CORPUS, 'growth'))) {
    const path = join(folder, '.claude/projects/-home-me', `${name}.jsonl`);
    mkdirSync(dirname(path), { recursive: true });
    const all = snapshots(name);
    for (const bytes of all) {
      writeFileSync(path, bytes);
      await told('ingest');
    }
    const files = all.map((bytes) => ({ role: 'main' as const, key: 'main', bytes }));
    grown.push({ agent: 'claude-code', name: `growth/${name}`, files });
    rmSync(path);
  }
  return grown;
}

async function evictedAll(): Promise<void> {
  for (const agent of ['.claude', '.codex'])
    cpSync(join(CORPUS, 'home', agent), join(folder, agent), { recursive: true });
  await told('ingest');
  for (const agent of ['.claude', '.codex']) rmSync(join(folder, agent), { recursive: true });
  const grown = await grownAll();
  await told('sweep', '--yes', '--soft-cap', '0', '--no-data-loss');
  const { sessions } = schemas.listSchema.parse(await told('list'));
  const recorded = [...recordedSessions(), ...grown];
  for (const { session_uid: uid, state, raw_bytes } of sessions) {
    const session = recorded.find(({ name }) => name.includes(uid.slice(uid.indexOf(':') + 1)));
    if (session === undefined) continue;
    if (isOfNothing(session)) {
      expect(state, uid).toBe('unanalyzed');
      continue;
    }
    expect(state, uid).toBe('evicted');
    const { digest } = schemas.showSchema.parse(await told('show', uid));
    if (digest === null) throw new Error(`no digest of ${uid}`);
    rawBytes += raw_bytes;
    kept.push({ session, seen: witness(session), digest: digest as never, json: JSON.stringify(digest) });
  }
}

/** Its totals go on from its parent's, which stand in another file. */
function isFork(session: Recorded): boolean {
  return session.files
    .flatMap(({ bytes }) => records(bytes))
    .some((line) => at(line, 'payload', 'forked_from_id'));
}

/** Texts as a search sees them: the first `chars`, on one line. */
const head = (text: string, chars: number) => text.replace(/\s+/g, ' ').trim().slice(0, chars).trimEnd();

/** Counts what of `wanted` no text of `found` holds, prints the rate and gives the lost. */
function lost(
  what: string,
  chars: number,
  wanted: (seen: Witness, session: Recorded) => readonly string[],
  found: (digest: Digest) => readonly string[],
): { rate: number; lost: string[] } {
  let all = 0;
  const missing = kept.flatMap(({ session, seen, digest }) => {
    const texts = found(digest).map((text) => head(text, 100_000));
    const heads = [...new Set(wanted(seen, session).map((text) => head(text, chars)))].filter(
      (text) => text !== '',
    );
    all += heads.length;
    return heads
      .filter((text) => !texts.some((each) => each.includes(text)))
      .map((text) => `${session.name}: ${text}`);
  });
  const rate = all === 0 ? 1 : 1 - missing.length / all;
  rates.push(`${what.padEnd(22)} ${all - missing.length} of ${all}  ${(rate * 100).toFixed(2)} %`);
  return { rate, lost: missing };
}

describe.if(HAS_CORPUS)('with every raw byte evicted', () => {
  beforeAll(evictedAll, 120_000);
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
    console.log(`of ${kept.length} recorded sessions, ${rawBytes} raw bytes\n${rates.join('\n')}`);
  });

  test('every prompt is there', () => {
    const said = recordedSessions().filter((session) => !isOfNothing(session));
    expect(kept.length).toBe(said.length + readdirSync(join(CORPUS, 'growth')).length);
    expect(
      lost(
        'prompts',
        100,
        ({ prompts }) => prompts,
        (digest) => digest.prompts.map(({ text }) => text),
      ).lost,
    ).toEqual([]);
  });

  test('every name of a file written or edited is there', () => {
    const files = (digest: Digest) => [...digest.files.written, ...digest.files.edited];
    expect(lost('files', 1000, (seen) => seen.files, files).lost).toEqual([]);
  });

  test('at least 98 of 100 files that commands write are there', () => {
    const found = lost(
      'files of commands',
      1000,
      ({ commands }) => namesWritten(commands).map((name) => name.replace(/^\.\//, '')),
      (digest) => [...digest.files.written, ...digest.files.edited],
    );
    expect(found.rate, found.lost.join('\n')).toBeGreaterThanOrEqual(0.98);
  });

  test('at least 98 of 100 commands are there', () => {
    const found = lost(
      'commands',
      50,
      (seen) => seen.commands,
      (digest) => digest.commands.map(({ command }) => command),
    );
    expect(found.rate).toBeGreaterThanOrEqual(0.98);
  });

  test('the last answer is there', () => {
    expect(
      lost(
        'last answers',
        100,
        ({ answers }) => answers.slice(-1),
        (digest) => [digest.outcome ?? ''],
      ).lost,
    ).toEqual([]);
  });

  test('every commit and every pull request is there', () => {
    expect(
      lost(
        'commits',
        40,
        ({ commits }) => commits,
        (digest) => digest.commits.map(({ sha }) => sha ?? ''),
      ).lost,
    ).toEqual([]);
    expect(
      lost(
        'pull requests',
        300,
        (seen) => seen.pullRequests,
        (digest) => digest.pull_requests,
      ).lost,
    ).toEqual([]);
  });

  test('the errors it ended with are there', () => {
    expect(
      lost(
        'last errors',
        60,
        ({ errors }) => errors.slice(-3),
        (digest) => digest.errors,
      ).lost,
    ).toEqual([]);
  });

  test('plans, todos with their status, and summaries of compactions are there', () => {
    expect(
      lost(
        'plans',
        100,
        ({ plans }) => plans,
        ({ plans }) => plans,
      ).lost,
    ).toEqual([]);
    const todo = ({ text, status }: { text: string; status: string }) => `${status} ${text}`;
    expect(
      lost(
        'todos at the end',
        80,
        ({ todos }) => todos.map(todo),
        ({ todos }) => todos.map(todo),
      ).lost,
    ).toEqual([]);
    expect(
      lost(
        'compactions',
        100,
        (seen) => seen.compactions,
        (digest) => digest.compactions,
      ).lost,
    ).toEqual([]);
  });

  test('subagents are there with what they were to do and what came of it', () => {
    const tasks = (digest: Digest) => digest.subagents.map(({ task }) => task ?? '');
    const results = (digest: Digest) => digest.subagents.map(({ result }) => result ?? '');
    expect(lost('subagent tasks', 100, (seen) => seen.subagents.map(({ task }) => task), tasks).lost).toEqual(
      [],
    );
    expect(
      lost('subagent results', 100, (seen) => seen.subagents.map(({ result }) => result), results).lost,
    ).toEqual([]);
  });

  test('tokens and models are those of a naive reader', () => {
    let right = 0;
    const own = kept.filter(({ session }) => !isFork(session));
    for (const { session, digest } of own) {
      const { input, cacheRead, cacheWrite, output } = digest.tokens;
      const [wantedIn, wantedOut] =
        session.agent === 'codex' ? tokensOfCodex(session) : tokensOfClaude(session);
      const models = [...digest.models].sort().join();
      const isRight = input + cacheRead + cacheWrite === wantedIn && output === wantedOut;
      if (isRight && models === modelsOf(session).join()) right++;
    }
    rates.push(`tokens and models      ${right} of ${own.length}`);
    expect(right).toBe(own.length);
  });

  test('digests are small', () => {
    const bytes = kept.map(({ json }) => Buffer.byteLength(json));
    const share = bytes.reduce((sum, each) => sum + each, 0) / rawBytes;
    rates.push(
      `size                   ${(share * 100).toFixed(2)} % of raw, the largest ${Math.max(...bytes)} bytes`,
    );
    expect(Math.max(...bytes)).toBeLessThanOrEqual(DIGEST_BYTES_MAX);
    expect(share).toBeLessThanOrEqual(0.03);
  });
});
