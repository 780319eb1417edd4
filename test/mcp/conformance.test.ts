/**
 * The official conformance suite against the server for agents.
 * It speaks HTTP alone, so that a bridge stands between. Three of its scenarios are met by any server with tools, and run against the
 * program; three need tools of the suite's own, and run against the protocol of the program with these tools. All others ask for what
 * the server does not offer, or test HTTP itself.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answerLine, type ToolServer } from '../../src/mcp/rpc.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { asking, overHttp } from '../support/mcp-over-http.ts';
import { Program } from '../support/program.ts';

const SUITE = join(import.meta.dir, '../../node_modules/@modelcontextprotocol/conformance/dist/index.js');
const OF_THE_PROGRAM = ['server-initialize', 'ping', 'tools-list'];
const WITH_ITS_TOOLS = ['tools-call-simple-text', 'tools-call-error', 'json-schema-2020-12'];
/** What a scenario needs that is not here, by how its name begins. */
const NOT_OFFERED: readonly (readonly [begin: string, why: string])[] = [
  ['resources-', 'there are tools, and no resources'],
  ['prompts-', 'there are tools, and no prompts'],
  ['completion-', 'it completes arguments of prompts and resources'],
  ['logging-', 'the server says nothing by itself'],
  ['tools-call-with-', 'the server says nothing by itself'],
  ['tools-call-sampling', 'the server asks nothing'],
  ['tools-call-elicitation', 'the server asks nothing'],
  ['elicitation-', 'the server asks nothing'],
  ['tools-call-image', 'an answer is text'],
  ['tools-call-audio', 'an answer is text'],
  ['tools-call-embedded-resource', 'an answer is text'],
  ['tools-call-mixed-content', 'an answer is text'],
  ['server-sse-', 'it tests HTTP'],
  ['dns-rebinding-', 'it tests HTTP'],
];

interface Check {
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string;
}

const folder = mkdtempSync(join(tmpdir(), 'session-memory-conformance-'));
const program = new Program();
beforeAll(async () => {
  const id = '70000001-0000-4000-8000-000000000000';
  program.put(claudePath(id), promptLine(id, 'Mend the walrus feeder', '2026-05-01T00:00:00.000Z'));
  expect((await program.run('ingest')).code).toBe(0);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  program[Symbol.dispose]();
});

async function suite(...args: readonly string[]): Promise<{ code: number; out: string }> {
  const child = Bun.spawn([process.execPath, SUITE, ...args], {
    cwd: folder,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    // It runs in a folder of its own, and needs nothing of the person's.
    env: { PATH: Bun.env['PATH'] ?? '', HOME: folder, BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0' },
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code: child.exitCode ?? -1, out: out + err };
}

/** What the suite found, each check with what is wrong. */
async function outcomeOf(scenario: string, url: string): Promise<{ code: number; checks: Check[] }> {
  const results = join(folder, scenario);
  const args = ['server', '--url', url, '--scenario', scenario, '--output-dir', results];
  const { code, out } = await suite(...args);
  const names = existsSync(results) ? readdirSync(results, { recursive: true, encoding: 'utf8' }) : [];
  const written = names.find((name) => name.endsWith('checks.json'));
  if (written === undefined) throw new Error(`${scenario} told nothing: ${out}`);
  const checks = JSON.parse(readFileSync(join(results, written), 'utf8')) as Check[];
  return { code, checks: checks.map(({ id, status, errorMessage = '' }) => ({ id, status, errorMessage })) };
}

function expectAllWell({ code, checks }: { code: number; checks: Check[] }): void {
  expect(checks.filter(({ status }) => status !== 'SUCCESS')).toEqual([]);
  expect(checks.length).toBeGreaterThan(0);
  expect(code).toBe(0);
}

describe('the conformance suite', () => {
  test.each(OF_THE_PROGRAM)('%s, against the program', async (scenario) => {
    const child = Bun.spawn([...program.command, '--store', program.store, 'mcp'], {
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'ignore',
      env: { PATH: Bun.env['PATH'] ?? '', HOME: program.home, BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0' },
    });
    const address = overHttp(asking(child));
    try {
      expectAllWell(await outcomeOf(scenario, address.url));
    } finally {
      await address.stop();
      child.stdin.end();
    }
    expect(await child.exited).toBe(0);
  });

  test.each(WITH_ITS_TOOLS)('%s, against the protocol with tools of the suite', async (scenario) => {
    const address = overHttp((line) => answerLine(TOOLS, line));
    try {
      expectAllWell(await outcomeOf(scenario, address.url));
    } finally {
      await address.stop();
    }
  });

  test('each of its scenarios is run, or told why not', async () => {
    const { code, out } = await suite('list', '--server');
    const all = [...out.matchAll(/^ +- (\S+)/gm)].map(([, name = '']) => name);
    expect([code, all.length > 20]).toEqual([0, true]);
    const isRun = (name: string) => [...OF_THE_PROGRAM, ...WITH_ITS_TOOLS].includes(name);
    const reasons = new Map<string, string>();
    for (const name of all.filter((each) => !isRun(each)))
      reasons.set(name, NOT_OFFERED.find(([begin]) => name.startsWith(begin))?.[1] ?? '');
    console.log(`not run: ${[...reasons].map(([name, why]) => `${name} (${why})`).join(', ')}`);
    expect([...reasons].filter(([, why]) => why === '')).toEqual([]);
    expect(all.filter(isRun).sort()).toEqual([...OF_THE_PROGRAM, ...WITH_ITS_TOOLS].sort());
  });
});

/** As the suite describes them. */
const TOOLS: ToolServer = {
  version: '1',
  instructions: '',
  tools: [
    { name: 'test_simple_text', description: 'Says a text', inputSchema: { type: 'object' } },
    { name: 'test_error_handling', description: 'Fails', inputSchema: { type: 'object' } },
    {
      name: 'json_schema_2020_12_tool',
      description: 'Has a schema',
      inputSchema: {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        $defs: { address: { type: 'object', properties: { street: { type: 'string' } } } },
        properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
        additionalProperties: false,
      },
    },
  ],
  call: async (name) => ({ text: `${name} was called`, isError: name === 'test_error_handling' }),
};
