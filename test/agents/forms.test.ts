/**
 * Equal meaning, equal result. A transcript that is written in another form of JSON tells the same: before the
 * analysis, and in its digest. The compact form, as agents write it, is what the others are held against.
 */
import { Database } from 'bun:sqlite';
import { afterAll, describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AGENTS, agentById, agentOfFormat } from '../../src/agents/registry.ts';
import { makeDigest } from '../../src/digest/digest.ts';
import type { AgentFormat, FileClass } from '../../src/domain/agent.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { Iso } from '../../src/domain/time.ts';
import { peekAt } from '../../src/ingest/discover/peek.ts';
import { filesOf, listSessions } from '../../src/store/read.ts';
import { SEED } from '../support/seed.ts';
import { Bench } from './bench.ts';
import { documentIn, endsOf, FORMS, type Form, linesIn, textIn, Writer } from './forms.ts';
import { CORPUS } from './genuine.ts';
import { OWN_JSONL } from './samples/own.ts';

const NOW = '2026-11-24T12:00:00.000Z' as Iso;
const UID = 'x:1' as SessionUid;
const COMPACT: Form = { name: 'compact' };

/** A transcript, or a subagent's, as it lies in a home. */
interface Transcript {
  readonly agent: AgentFormat;
  readonly path: string;
  readonly role: FileClass['role'];
  readonly key: string;
  readonly bytes: Uint8Array;
}

const isDocument = ({ agent, key, path }: Transcript) =>
  agent.isDocument?.(key) === true && !path.endsWith('.jsonl');

function inForm(transcript: Transcript, form: Form, seed: number): Buffer {
  return isDocument(transcript)
    ? documentIn(form, transcript.bytes, seed)
    : linesIn(form, transcript.bytes, seed, transcript.agent.growth === 'rows' ? ['row', 'text'] : []);
}

/** What is told before the analysis, and what after it. */
async function told(transcript: Transcript, bytes: Uint8Array) {
  const { agent, role, key } = transcript;
  const document = isDocument(transcript) ? { document: { present: [bytes], removed: [] } } : {};
  const made = await makeDigest({
    uid: UID,
    agent,
    rawBytes: bytes.length,
    now: NOW,
    files: [{ role: role === 'subagent' ? 'subagent' : 'main', key, chunks: [bytes], ...document }],
  });
  return {
    peek: peekAt(agent, endsOf(bytes), isDocument(transcript)),
    digest: made.ok ? made.json : `${made.why} ${made.partialJson}`,
  };
}

async function expectSame(transcript: Transcript, forms: readonly Form[], seed: number) {
  const compact = inForm(transcript, COMPACT, seed);
  const before = await told(transcript, compact);
  for (const form of forms) {
    const after = await told(transcript, inForm(transcript, form, seed));
    const about = { path: transcript.path, form: form.name, seed };
    expect({ ...about, ...after }).toEqual({ ...about, ...before });
  }
}

function filesUnder(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const all = readdirSync(folder, { recursive: true }).map(String);
  return all.filter((path) => statSync(join(folder, path)).isFile()).sort();
}

/** Transcripts of all agents whose places a home has. */
function transcriptsOf(home: string): Transcript[] {
  return AGENTS.filter(({ growth }) => growth !== 'rows').flatMap((agent) =>
    agent.roots({ homeDir: home, env: {}, platform: 'linux' }).flatMap((root) =>
      agent.folders.flatMap((folder) =>
        filesUnder(join(root, folder)).flatMap((path) => {
          const found = agent.classify(`${folder}/${path}`);
          if (found === null || (found.role !== 'main' && found.role !== 'subagent')) return [];
          const whole = join(root, folder, path);
          return [{ agent, path: whole, role: found.role, key: found.key, bytes: readFileSync(whole) }];
        }),
      ),
    ),
  );
}

/** Recordings that lie by themselves, in folders named after the agent. */
function looseIn(folder: string, idOf: (path: string) => string): Transcript[] {
  return filesUnder(folder).flatMap((path) => {
    const agent = agentById(idOf(path));
    if (agent === null || agent.growth === 'rows' || !/\.jsonl?$/.test(path)) return [];
    const key = path.endsWith('.json') && agent.isDocument !== undefined ? 'chat.json' : 'main';
    return [{ agent, path, role: 'main', key, bytes: readFileSync(join(folder, path)) }];
  });
}

const BUNDLED = join(import.meta.dir, '../../src/demo-samples');

describe('a transcript in any form of JSON tells the same', () => {
  test('the bundled recordings', async () => {
    const all = looseIn(BUNDLED, (path) => path.split('/')[0] ?? '');
    expect(all.length).toBe(9);
    for (const transcript of all) await expectSame(transcript, FORMS, SEED);
  }, 60_000);

  test.each([...AGENTS, agentOfFormat('own-jsonl', OWN_JSONL)].map((agent) => [agent.id, agent] as const))(
    'the sample of %s',
    async (id, agent) => {
      using bench = new Bench(agent);
      if (id === 'aider') return expect(bench.sample.gaps).toContain('records');
      await bench.take();
      const { uid } = bench.row();
      const files = filesOf(bench.db, uid).filter(({ role }) => role === 'main' || role === 'subagent');
      expect(files.length).toBeGreaterThan(0);
      for (const { key, role, relPath } of files)
        await expectSame({ agent, path: relPath, role, key, bytes: bench.stored(uid, key) }, FORMS, SEED);
    },
    60_000,
  );

  const rows = AGENTS.filter(({ growth }) => growth === 'rows');
  test.each(rows.map((agent) => [agent.id, agent] as const))(
    'the database of %s',
    async (_id, agent) => {
      const facts = [];
      for (const form of [COMPACT, ...FORMS]) {
        using bench = new Bench(agent);
        bench.putFiles(bench.files({}));
        rewritten(join(bench.root, bench.main().relPath), form);
        await bench.ingest({ analyze: false });
        const before = [...listSessions(bench.db)].map(factsOf);
        await bench.ingest({ full: true });
        const all = { before, after: [...listSessions(bench.db)].map(factsOf), digest: bench.digest() };
        facts.push(JSON.stringify(all).replaceAll(bench.folder, ''));
      }
      for (const one of facts) expect(one).toBe(facts[0] ?? '');
    },
    60_000,
  );
});

const factsOf = (row: object) => {
  const { title, project, branch, startedAt, endedAt, parentUid } = row as Record<string, unknown>;
  return { title, project, branch, startedAt, endedAt, parentUid };
};

/** Each text of a database that is JSON, in another form. */
function rewritten(path: string, form: Form): void {
  using db = new Database(path);
  const writer = new Writer(form, SEED);
  const tables = db.query<{ name: string }, []>("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  for (const { name: table } of tables) {
    const columns = db.query<{ name: string }, []>(`PRAGMA table_info("${table}")`).all();
    for (const { name } of columns) {
      const found = db
        .query<{ id: number; text: string }, []>(
          `SELECT rowid AS id, "${name}" AS text FROM "${table}" WHERE typeof("${name}") = 'text'`,
        )
        .all();
      for (const { id, text } of found)
        db.query(`UPDATE "${table}" SET "${name}" = ? WHERE rowid = ?`).run(textIn(text, writer), id);
    }
  }
}

const homes = ['home', ...filesOfFolder(join(CORPUS, 'recorded')).map((name) => `recorded/${name}`)];
const recorded = existsSync(join(CORPUS, 'home'));
if (!recorded) console.log('skipped: no recordings in ../shared/corpus');

function filesOfFolder(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

let counted = 0;
afterAll(() => console.log(`forms of JSON: ${counted} recordings`));

describe.if(recorded)('a recording in any form of JSON tells the same', () => {
  const all = [
    ...homes.flatMap((home) => transcriptsOf(join(CORPUS, home))),
    ...looseIn(join(CORPUS, 'growth'), () => 'claude-code'),
    ...looseIn(join(CORPUS, 'other'), (path) => path.split('/')[0] ?? ''),
    ...looseIn(join(CORPUS, 'synthetic'), (path) => path.split('/')[0] ?? ''),
  ];
  const ids = [...new Set(all.map(({ agent }) => agent.id))];
  test.each(ids.map((id) => [id]))(
    '%s',
    async (id) => {
      const own = all.filter(({ agent }) => agent.id === id);
      for (const [n, transcript] of own.entries()) {
        counted++;
        // Every other one in all at once, which takes its time.
        const form = n % 2 === 0 ? FORMS.at(-1) : FORMS[((n - 1) / 2) % FORMS.length];
        await expectSame(transcript, form === undefined ? FORMS : [form], SEED + n);
      }
    },
    600_000,
  );
});
