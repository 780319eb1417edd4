/**
 * Values that no honest agent writes, in every field of every agent's sample, a field at a time: no command calls it a bug, and the session of another
 * agent beside it is stored. `FC_SEED=N` draws other pairs of field and value.
 */
import { afterAll, describe, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { AGENTS } from '../../src/agents/registry.ts';
import { type Runtime, run } from '../../src/cli/run.ts';
import type { AgentFormat } from '../../src/domain/agent.ts';
import { listSessions } from '../../src/store/read.ts';
import { Bench, sampleOf, THREE, turn } from '../agents/bench.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { columnsOf, isDatabase, placesOf, VALUES, withColumn, withValue } from '../support/hostile-values.ts';
import { Program } from '../support/program.ts';
import { Pty } from '../support/pty.ts';
import { SEED } from '../support/seed.ts';

const HONEST = '99999999-9999-4999-8999-999999999999';
let pairs = 0;
afterAll(() =>
  console.log(`hostile values: ${pairs} pairs of a field and a value, of ${AGENTS.length} agents`),
);

async function said(bench: Bench, ...args: string[]): Promise<{ code: number; text: string }> {
  let text = '';
  const take = (more: string | Uint8Array) => {
    text += typeof more === 'string' ? more : '';
  };
  const never = () => Promise.reject(new Error('nobody is there'));
  const runtime: Runtime = {
    argv: ['--store', bench.db.path, ...args],
    host: bench.host,
    cwd: bench.folder,
    tempFolder: bench.folder,
    version: 'test',
    signal: new AbortController().signal,
    catchSignals: () => undefined,
    debug: true,
    io: () => ({
      out: take,
      err: take,
      outSlowly: async (more) => take(more),
      outBytes: async (more) => take(more),
      stdinIsTty: false,
      stdoutIsTty: false,
      stderrIsTty: false,
      columns: 100,
      colour: false,
      unicode: true,
    }),
    ask: never,
    page: never,
    launch: never,
    screens: never,
    self: null,
    startDigester: null as never,
    startStager: null as never,
  };
  return { code: await run(runtime), text };
}

/** Fails where a command calls it a bug, or shows a control character. */
async function expectSaid(bench: Bench, what: string, ...args: string[]): Promise<void> {
  const { code, text } = await said(bench, ...args);
  const about = `${args.join(' ')}: ${what}`;
  if (text.includes('This is a bug') || code > 6)
    throw new Error(`${about}: exit ${code}: ${text.slice(0, 3000)}`);
}

async function looked(bench: Bench, what: string): Promise<void> {
  bench.put(claudePath(HONEST, '-honest'), promptLine(HONEST, 'an honest word'));
  await expectSaid(bench, what, 'ingest');
  const uids = [...listSessions(bench.db)].map(({ uid }) => String(uid));
  expect(uids, what).toContain(`claude-code:${HONEST}`);
  for (const args of [
    ['agents'],
    ['status'],
    ['list'],
    ['list', '--json'],
    ['search', 'prompt'],
    ['sweep', '--dry-run'],
  ])
    await expectSaid(bench, what, ...args);
  for (const uid of uids) {
    await expectSaid(bench, `${what} of ${uid}`, 'show', uid);
    const to = join(bench.folder, 'to');
    await expectSaid(bench, `${what} of ${uid}`, 'restore', uid, '--to', to);
    rmSync(to, { recursive: true, force: true });
  }
}

/** An id of the same form, another one for each number. */
function idOf(agent: AgentFormat, n: number): string {
  const { sessionId } = sampleOf(agent);
  return sessionId.replace(/[0-9a-f]{4}$/i, n.toString(16).padStart(4, '0'));
}

const valueAt = (n: number) => VALUES[n % VALUES.length] ?? 'null';
/** Pairs are drawn by a number of the seed, the agent and the field, so that each field meets other values with another seed. */
const drawn = (...about: readonly unknown[]) => Number(Bun.hash([SEED, ...about].join(' ')) % 9_999_991n);

describe('a hostile value', () => {
  for (const agent of AGENTS)
    test(`in any field of ${agent.id} stops no command and no other session`, async () => {
      const [first] = Object.entries(using(new Bench(agent), (bench) => bench.files({}))).filter(([, c]) =>
        isDatabase(c),
      );
      if (first !== undefined) {
        for (const column of columnsOf(first[1] as Uint8Array)) {
          // Each takes a database and a store of its own: half of them, drawn by the seed.
          if (drawn(agent.id, column, 'whether') % 2 === 0) continue;
          using bench = new Bench(agent);
          const value = valueAt(drawn(agent.id, column));
          bench.putFiles({
            ...bench.files({}),
            [first[0]]: withColumn(first[1] as Uint8Array, column, value),
          });
          await looked(bench, `${column} = ${value.slice(0, 60)}`);
          pairs += 1;
        }
        return;
      }
      using bench = new Bench(agent);
      {
        const tried: string[] = [];
        const sample = bench.files({});
        for (const [name, content] of Object.entries(sample))
          for (const place of placesOf(content)) {
            const id = idOf(agent, tried.length);
            const n = drawn(agent.id, name, place);
            const files = bench.files({ id });
            const [relPath, bytes] = Object.entries(files)[Object.keys(sample).indexOf(name)] ?? ['', ''];
            const renames = n % 7 === 0;
            bench.putFiles({ ...files, [relPath]: withValue(bytes, place, valueAt(n), renames) });
            tried.push(`${name} ${place} = ${renames ? '(its name is __proto__)' : valueAt(n).slice(0, 60)}`);
          }
        if (tried.length === 0)
          bench.putFiles(bench.files({ cwd: '/srv/ov\0en', turns: [turn(1, '\0\u202e\x1b]0;x')] }));
        await looked(bench, tried.join('\n'));
        pairs += tried.length;
      }
    }, 120_000);
});

function using<R>(bench: Bench, work: (bench: Bench) => R): R {
  using held = bench;
  return work(held);
}

test('the dashboard opens and lists sessions of all agents whose folders and prompts are hostile', async () => {
  using program = new Program();
  for (const [n, cwd] of [
    '/srv/ov\0en',
    '//evil/share',
    'C:\\..\\x',
    'CON/NUL/aux',
    '~/\u202e\x1b[2J',
  ].entries())
    for (const agent of AGENTS) {
      const sample = sampleOf(agent);
      if (sample.project !== undefined) continue;
      using bench = new Bench(agent);
      const turns = [turn(1, `row ${'x'.repeat(n === 0 ? 1_000_000 : 1)}`), ...THREE];
      for (const [relPath, content] of Object.entries(sample.session({ id: idOf(agent, n), cwd, turns })))
        program.put(join(bench.root.slice(bench.home.length + 1), relPath), content);
    }
  const { code, err } = await program.run('ingest');
  expect([code, err.includes('This is a bug')]).toEqual([0, false]);
  await using pty = new Pty(program, []);
  await pty.shows('By project');
  pty.type('b');
  await pty.shows('row x');
  pty.type('\r');
  await pty.shows('Digest');
}, 60_000);
