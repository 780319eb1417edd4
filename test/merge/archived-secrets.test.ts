/** What comes out of an archive for good comes without secrets, whoever wrote it: this program of an older version, or a stranger. */
import { describe, expect, test } from 'bun:test';
import { archiveOf, digestJson, inPieces, session, WHEN } from '../../scripts/torture/forged-archive.ts';
import { type ImportReport, importStream } from '../../src/archive/import.ts';
import { mapTexts } from '../../src/digest/strings.ts';
import type { Digest } from '../../src/domain/digest.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import { analyzeSession } from '../../src/ingest/analyze.ts';
import { digestsOf } from '../../src/store/read.ts';
import { search } from '../../src/store/search/search.ts';
import { promptLine, World } from '../support/bench-world.ts';

const SECRET = ['k0ffer', 'Lantern', '77x'].join('');
const TOLD = `PASS=${SECRET}`;
const id = (n: number) => `e1000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const uid = (n: number) => `claude-code:${id(n)}` as SessionUid;

/** A digest with a text in every field that may have one. */
function fullDigest(n: number): Digest {
  return {
    ...JSON.parse(digestJson(uid(n), ['set up the harbour'])),
    branches: ['main'],
    agent_version: '2',
    parent: 'claude-code:x',
    outcome: 'all is set up',
    files: { read: ['a.ts'], written: ['b.ts'], edited: ['c.ts'] },
    errors: ['it failed (×2)'],
    commands: [{ command: 'ls', exit: 0 }],
    commits: [{ sha: 'abc1234', branch: 'main', message: 'Set it up' }],
    pull_requests: ['https://example.org/1'],
    plans: ['a plan'],
    compactions: ['a summary'],
    todos: [{ text: 'a thing', status: 'done' }],
    subagents: [{ id: 's1', kind: 'explore', task: 'look', result: 'seen' }],
    tools: { Bash: 1 },
    models: ['mock'],
    summary: 'it went well',
    records: { read: 1, unreadable: 0, unknown: { odd: 1 } },
  };
}

/** The digest with its `nth` text replaced; null where it has not so many. */
function withSecretAt(digest: Digest, nth: number): Digest | null {
  let at = -1;
  const changed = mapTexts(digest, (text) => {
    at += 1;
    return at === nth ? TOLD : text;
  });
  return at >= nth ? changed : null;
}

/** One for each text that a digest may have. */
function digestsWithSecret(): readonly string[] {
  const jsons: string[] = [];
  for (let n = 0; ; n += 1) {
    const digest = withSecretAt(fullDigest(n), n);
    if (digest === null) return jsons;
    jsons.push(JSON.stringify(digest));
  }
}

const WORDS = ['title', 'project', 'branch', 'analyze_error'] as const;

/** A session for each text that may hold a secret, of a digest and of a row. */
function archiveOfSecrets(evicted: boolean): Uint8Array {
  const jsons = digestsWithSecret();
  expect(jsons.length).toBeGreaterThan(25);
  const ofDigests = jsons.map((json, n) =>
    session({ uid: uid(n), files: { main: promptLine(id(n), `session ${n}`) }, digest: json, evicted }),
  );
  const ofRows = WORDS.map((word, i) => {
    const n = jsons.length + i;
    const reason = { ...EVENT, reason: `lost: ${TOLD}` };
    return session({
      uid: uid(n),
      files: { main: promptLine(id(n), `session ${n}`) },
      evicted,
      digest: JSON.stringify(fullDigest(n)),
      row: { [word]: TOLD, ...(evicted ? {} : { events: [reason] }) },
    });
  });
  return archiveOf(...ofDigests, ...ofRows);
}

const EVENT = {
  at: WHEN,
  kind: 'restored',
  generation: 1,
  sweep_id: null,
  raw_bytes: 0,
  stored_bytes: 0,
  of_file: false,
};

function imported({ db, clock, host }: World, archive: Uint8Array, trusted: boolean): Promise<ImportReport> {
  const signal = new AbortController().signal;
  return importStream(
    {
      read: db,
      write: db,
      trusted,
      origin: 'in.smx',
      hardCapBytes: 1e9,
      signal,
      now: () => '2026-06-02T00:00:00.000Z' as Iso,
      progress: () => undefined,
      analyze: async (one) => (await analyzeSession({ db, clock, host, external: null }, one, signal)).ok,
    },
    inPieces(archive),
  );
}

/** All that is kept for good: each row but those of raw bytes. */
function keptRows({ db }: World): string {
  return ['sessions', 'digests', 'events', 'files', 'analyses']
    .flatMap((table) => db.all(`SELECT * FROM ${table}`))
    .map((row) => JSON.stringify(row))
    .join('\n');
}

describe.each([
  [true, 'evicted'],
  [true, 'live'],
  [false, 'evicted'],
  [false, 'live'],
] as const)('trusted: %p, %s there', (trusted, state) => {
  test('no secret of any text of a digest or a row comes in', async () => {
    using world = new World();
    const archive = archiveOfSecrets(state === 'evicted');
    const report = await imported(world, archive, trusted);
    expect(report.damaged).toEqual([]);
    expect(report.added.length).toBeGreaterThan(29);
    const kept = keptRows(world);
    expect(kept).not.toContain(SECRET);
    if (trusted || state === 'evicted') expect(kept).toContain('[redacted: password]');
    expect(search(world.db, { text: SECRET, limit: 9 }).hits).toEqual([]);
    const again = await imported(world, archive, trusted);
    expect([again.added, again.merged, again.conflicts]).toEqual([[], [], []]);
    expect(keptRows(world)).toBe(kept);
  });

  test('a digest without a secret comes to the byte', async () => {
    using world = new World();
    const json = JSON.stringify(fullDigest(1), null, 1);
    const evicted = state === 'evicted';
    const files = { main: promptLine(id(1), 'one') };
    await imported(world, archiveOf(session({ uid: uid(1), files, digest: json, evicted })), trusted);
    const [kept] = digestsOf(world.db, uid(1));
    // Of what a stranger has live the digest is made here.
    if (trusted || evicted) expect(kept?.json).toBe(json);
    else expect(kept?.json).toContain('"one"');
  });
});

test('what a trusted archive adds to a session that is here comes without secrets too', async () => {
  using world = new World();
  const [first, more] = [promptLine(id(1), 'one'), promptLine(id(1), 'two')];
  world.put(`.claude/projects/-home-me-project/${id(1)}.jsonl`, first);
  await world.ingest();
  const digest: Digest = { ...fullDigest(1), prompts: [], outcome: `The password is ${SECRET}.` };
  for (const evicted of [false, true]) {
    const files = { main: evicted ? promptLine(id(1), 'another') : first + more };
    const json = JSON.stringify({ ...digest, prompts: [{ at: WHEN, text: 'one' }] });
    await imported(world, archiveOf(session({ uid: uid(1), files, digest: json, evicted })), true);
  }
  const kept = digestsOf(world.db, uid(1)).map(({ json }) => json);
  expect(kept.join()).toContain('[redacted: password]');
  expect(keptRows(world)).not.toContain(SECRET);
});
