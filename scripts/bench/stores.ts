/**
 * Made-up stores, written by the program's own functions, so that every rule of the database holds in them.
 * Promises: the same sessions at each run; ages count back from `NOW`; a store stays as it was made (runs that change one
 * work on a copy).
 */

import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import type { AgentId, SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import type { WritableDb } from '../../src/store/connection.ts';
import { MIGRATIONS } from '../../src/store/migrations/index.ts';
import { openWritable } from '../../src/store/open.ts';
import { sha256 } from '../../src/store/segments.ts';
import { putSessionDigest } from '../../src/store/write-digests.ts';
import {
  addSegments,
  describeSession,
  ensureFile,
  ensureSession,
  recountSession,
  setFileVersion,
} from '../../src/store/write-raw.ts';
import { cached } from './cache.ts';
import { uuidOf } from './homes.ts';
import { NOW } from './program.ts';

const DAY_MS = 86_400_000;
/** Sessions older than the default age limit in every store of `growingStore`. */
export const VICTIMS = 1000;
/** Every so many digests of `searchStore` hold the word that is looked for. */
export const NEEDLE_EVERY = 5000;
export const NEEDLE = 'quetzalcoatlus';
const BATCH = 5000;

interface Made {
  readonly index: number;
  readonly ageDays: number;
  readonly raw: Uint8Array;
  readonly data: Uint8Array;
  readonly prompt: string;
  /** Absent: a third of them are Codex's, the others Claude Code's. */
  readonly agent?: AgentId;
}

/** `sessions` small analyzed ones, of which `VICTIMS` are older than 45 days, spread evenly. */
export async function growingStore(cache: string, sessions: number): Promise<string> {
  const raw = Buffer.from('{"type":"user","message":{"role":"user","content":"Mend the test."}}\n'.repeat(8));
  const data = zstdCompressSync(raw);
  return store(cache, `store-${sessions}`, '3', sessions, (index) => ({
    index,
    ageDays: index % (sessions / VICTIMS) === 0 ? 46 + (index % 20) : 1 + (index % 4000) / 100,
    raw,
    data,
    prompt: `Why does test ${index} fail, and what would mend it?`,
  }));
}

/** 100 KiB each that compress to as much; even ones are 60 days old, odd ones 50, the older ones stored first as ingest does. */
export async function heavyStore(cache: string, sessions: number): Promise<string> {
  const pool = noise(4 * 1024 * 1024);
  return store(cache, `store-heavy-${sessions}`, '5', sessions, (index) => {
    const from = (index * 7919) % (pool.length - 100 * 1024);
    const raw = pool.subarray(from, from + 100 * 1024);
    const ageDays = (index % 2 === 0 ? 60 : 50) - index / sessions;
    const prompt = `Look at picture ${index}.`;
    return { index, ageDays, raw, data: zstdCompressSync(raw), prompt, agent: 'claude-code' as AgentId };
  });
}

/** The same of Codex, in records of its own: what they say is noted when they go. */
export async function heavyCodexStore(cache: string, sessions: number): Promise<string> {
  const text = noise(4 * 1024 * 1024).toString('base64');
  return store(cache, `store-heavy-codex-${sessions}`, '1', sessions, (index) => {
    const from = (index * 7919) % (text.length - 100 * 1024);
    const lines = Array.from({ length: 50 }, (_, i) =>
      codexLine(text.slice(from + i * 1900, from + (i + 1) * 1900)),
    );
    const raw = Buffer.from(lines.join(''));
    const ageDays = 60 - index / sessions;
    const prompt = `Look at picture ${index}.`;
    return { index, ageDays, raw, data: zstdCompressSync(raw), prompt, agent: 'codex' as AgentId };
  });
}

function codexLine(text: string): string {
  const payload = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] };
  return `${JSON.stringify({ timestamp: NOW, type: 'response_item', payload })}\n`;
}

/** Words of every trade, each in two thirds of the digests of `searchStore`, and all of them in one of 25. */
export const COMMON = ['fix', 'test', 'file', 'error', 'build', 'update', 'config', 'server'] as const;

/** Digests of some 3 KiB of words, as genuine ones have. */
export async function searchStore(cache: string, sessions: number): Promise<string> {
  const raw = Buffer.from('{"type":"user"}\n');
  const data = zstdCompressSync(raw);
  return store(cache, `store-search-${sessions}`, '4', sessions, (index) => {
    const words = Array.from({ length: 420 }, (_, i) => wordOf(index * 131 + i * i));
    for (const [i, common] of COMMON.entries())
      if (Bun.hash(`${index} ${common}`) % 3n > 0n) words[i * 50] = common;
    if (index % NEEDLE_EVERY === 0) words[200] = NEEDLE;
    return { index, ageDays: 1 + (index % 4000) / 100, raw, data, prompt: words.join(' ') };
  });
}

async function store(
  cache: string,
  name: string,
  recipe: string,
  sessions: number,
  make: (index: number) => Made,
): Promise<string> {
  const schema = MIGRATIONS.at(-1)?.version ?? 0;
  const folder = await cached(cache, name, `${recipe} schema ${schema}`, (box) => {
    const db = openWritable(join(box, 'store.db'));
    // A store that is lost while it is made is made again; only the time matters here.
    db.exec('PRAGMA synchronous = OFF');
    db.exec('PRAGMA cache_size = -2000000');
    for (let from = 0; from < sessions; from += BATCH) {
      db.writeTransaction(() => {
        for (let i = from; i < Math.min(sessions, from + BATCH); i += 1) putSession(db, make(i));
      });
    }
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
  });
  return join(folder, 'store.db');
}

function putSession(db: WritableDb, made: Made): void {
  const agent = made.agent ?? ((made.index % 3 === 0 ? 'codex' : 'claude-code') as AgentId);
  const nativeId = uuidOf(`session ${made.index}`);
  const uid = `${agent}:${nativeId}` as SessionUid;
  const project = `/home/me/project-${made.index % 200}`;
  const title = `Mend module ${made.index} and say why it broke`;
  const at = new Date(Date.parse(NOW) - made.ageDays * DAY_MS).toISOString() as Iso;
  const id = ensureSession(db, { uid, agent, nativeId, agentRoot: '/home/me/.agent', ingestedAt: at });
  describeSession(db, id, { project, title, branch: 'main', parentUid: null, startedAt: at, endedAt: at });
  const relPath = `projects/${nativeId}.jsonl`;
  const fileId = ensureFile(db, id, { role: 'main', key: 'main', relPath, encoding: 'plain' });
  const hash = sha256(made.raw);
  const segment = { logOffset: 0, rawBytes: made.raw.length, sha256: hash, data: made.data };
  addSegments(db, { sessionId: id, fileId, logBytes: 0 }, [segment]);
  setFileVersion(db, fileId, { rawBytes: made.raw.length, extents: null, sha256: hash });
  recountSession(db, id);
  const json = digestOf(uid, agent, title, project, at, made.prompt);
  const outcome = putSessionDigest(db, {
    uid,
    generation: 1,
    version: 2,
    json,
    complete: true,
    now: at,
    title,
    project,
    branch: 'main',
    startedAt: at,
    endedAt: at,
    fileHashes: new Map(),
  });
  if (outcome !== 'saved') throw new Error(`session ${made.index} could not be made: ${outcome}`);
}

function digestOf(
  uid: SessionUid,
  agent: AgentId,
  title: string,
  project: string,
  at: Iso,
  prompt: string,
): string {
  return JSON.stringify({
    version: 2,
    session_uid: uid,
    agent,
    title,
    project,
    branches: ['main'],
    agent_version: '2.1.0',
    started_at: at,
    ended_at: at,
    parent: null,
    prompts: [{ at, text: prompt }],
    outcome: 'It reads a clock. Give it one that is set by hand.',
    files: { read: ['src/a.ts'], written: [], edited: ['src/b.ts'] },
    commands: [{ command: 'bun test', exit: 0 }],
    errors: [],
    commits: [],
    pull_requests: [],
    plans: [],
    todos: [],
    compactions: [],
    subagents: [],
    tools: { Read: 1, Edit: 1, Bash: 1 },
    models: ['claude-opus-4-5'],
    tokens: { input: 900, cacheRead: 0, cacheWrite: 0, output: 40, reasoning: 0 },
    records: { read: 4, unreadable: 0, unknown: {} },
    redacted: 0,
  });
}

/** Bytes that do not compress, the same at each run. */
function noise(bytes: number): Buffer {
  const parts = Array.from({ length: Math.ceil(bytes / 64) }, (_, i) =>
    new Bun.CryptoHasher('sha512').update(`noise ${i}`).digest(),
  );
  return Buffer.concat(parts).subarray(0, bytes);
}

const SYLLABLES = [
  'ba',
  'du',
  'fen',
  'gor',
  'hel',
  'kim',
  'lo',
  'mar',
  'ne',
  'pol',
  'ris',
  'sta',
  'tu',
  'ven',
];

/** One of some 38,000 words; low numbers are no more frequent than high ones. */
function wordOf(seed: number): string {
  let rest = Number(Bun.hash(String(seed % 38_000)) % 38_416n);
  let word = '';
  for (let i = 0; i < 4; i += 1) {
    word += SYLLABLES[rest % SYLLABLES.length];
    rest = Math.floor(rest / SYLLABLES.length);
  }
  return word;
}
