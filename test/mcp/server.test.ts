/** The server as agents meet it: the official client over a real process, then what no client sends. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import fc from 'fast-check';
import { ANSWER_BYTES_MAX } from '../../src/mcp/frame.ts';
import { answerLine, linesOf, PROTOCOL_VERSIONS, type ToolServer } from '../../src/mcp/rpc.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Program } from '../support/program.ts';

const id = (n: number) => `7000000${n}-0000-4000-8000-000000000000`;
const uid = (n: number) => `claude-code:${id(n)}`;
const NOW = '2026-05-10T00:00:00.000Z';
/** Made up, and of a form that is redacted. */
const KEY = `ghp_${'A1b2C3d4E5f6'.repeat(3)}`;

const program = new Program();

beforeAll(async () => {
  program.env['SESSION_MEMORY_NOW'] = NOW;
  const put = (n: number, text: string, at = `2026-05-0${n}T00:00:00.000Z`, cwd = '/home/me/zoo') =>
    program.put(
      claudePath(id(n)),
      promptLine(id(n), text, at).replace('"/home/me/project"', JSON.stringify(cwd)),
    );
  put(1, `Mend the walrus feeder ${'and the pool '.repeat(400)}`);
  put(2, `Paint the walrus pool with ${KEY}`);
  put(3, 'walrus of this very moment', '2026-05-09T23:55:00.000Z');
  put(4, 'walrus in private', '2026-05-04T00:00:00.000Z', '/home/me/private');
  for (let n = 5; n < 9; n += 1) put(n, `walrus number ${n}`);
  expect((await program.run('ingest')).code).toBe(0);
});
afterAll(() => program[Symbol.dispose]());

async function withClient<T>(
  work: (client: Client) => Promise<T>,
  config = '[ingest]\nexclude = ["private"]\n',
): Promise<T> {
  const path = program.put('mcp.toml', config);
  const [command = '', ...args] = [...program.command, '--store', program.store, '--config', path, 'mcp'];
  const transport = new StdioClientTransport({
    command,
    args,
    env: { PATH: Bun.env['PATH'] ?? '', HOME: program.home, SESSION_MEMORY_NOW: NOW },
    stderr: 'ignore',
  });
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

async function call(client: Client, name: string, args: Record<string, unknown>) {
  const result = await client.callTool({ name, arguments: args });
  const [first] = result.content as { type: string; text: string }[];
  const text = first?.text ?? '';
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(ANSWER_BYTES_MAX);
  return { text, isError: result.isError === true };
}

describe('the official client', () => {
  test('connects, and is told of tools that only read', async () => {
    await withClient(async (client) => {
      expect(client.getServerVersion()?.name).toBe('session-memory');
      await client.ping();
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name)).toEqual(['search_sessions', 'show_session', 'file_history']);
      for (const { annotations } of tools) expect(annotations?.readOnlyHint).toBe(true);
    });
  });

  test('searches: ids first, secrets taken out, the next call named; neither this moment nor what is excluded', async () => {
    await withClient(async (client) => {
      const { text, isError } = await call(client, 'search_sessions', { query: 'walrus', limit: 3 });
      expect(isError).toBe(false);
      expect(text.match(/^\| claude-code:\S+/gm)).toHaveLength(3);
      const next = JSON.parse(/^Next: search_sessions (.*)$/m.exec(text)?.[1] ?? 'null');
      expect(next).toEqual({ query: 'walrus', offset: 3 });
      const rest = await call(client, 'search_sessions', { ...next, limit: 10 });
      const all = `${text}\n${rest.text}`;
      for (const n of [1, 2, 5, 6, 7, 8]) expect(all.split(`| ${uid(n)}`)).toHaveLength(2);
      for (const n of [3, 4]) expect(all).not.toContain(uid(n));
      expect(all).not.toContain(KEY.slice(8));
      const show = JSON.parse(/^Next: show_session (.*)$/m.exec(text)?.[1] ?? 'null');
      expect((await call(client, 'show_session', show)).text).toContain('| # ');
    });
  });

  test('reads a digest page by page, and nothing is lost between two', async () => {
    await withClient(async (client) => {
      let text = '';
      let pages = 0;
      for (let next: Record<string, unknown> | null = { session: id(1) }; next !== null; pages += 1) {
        const answer = await call(client, 'show_session', next);
        text +=
          answer.text
            .match(/^\| .*$/gm)
            ?.map((line) => line.slice(2))
            .join('') ?? '';
        next = JSON.parse(/^Next: show_session (.*)$/m.exec(answer.text)?.[1] ?? 'null');
      }
      expect(pages).toBeGreaterThan(0);
      expect(text).toContain('Mend the walrus feeder and the pool');
      for (const n of [3, 4])
        expect((await call(client, 'show_session', { session: uid(n) })).isError).toBe(true);
    });
  });

  test('has no transcript unless a person allowed it; then without secrets', async () => {
    await withClient(async (client) => {
      const { text, isError } = await call(client, 'read_transcript', { session: id(2) });
      expect([isError, text]).toEqual([true, expect.stringContaining('mcp.transcripts = true')]);
    });
    await withClient(async (client) => {
      expect((await client.listTools()).tools.map(({ name }) => name)).toContain('read_transcript');
      const { text } = await call(client, 'read_transcript', { session: id(2) });
      expect(text).toContain('Paint the walrus pool');
      expect(text).not.toContain(KEY.slice(8));
      expect((await call(client, 'read_transcript', { session: id(2), from: 99 })).text).toContain(
        'no line 99',
      );
    }, '[mcp]\ntranscripts = true\n');
  });

  test('a time that is none is an error, and no word to look for; a project and a time are filters', async () => {
    await withClient(async (client) => {
      const wrong = await call(client, 'search_sessions', { query: 'walrus', since: 'last week' });
      expect([wrong.isError, wrong.text]).toEqual([
        true,
        expect.stringContaining('since is not a time: last week'),
      ]);
      const few = await call(client, 'search_sessions', { query: 'walrus', since: '2026-05-08', limit: 10 });
      expect(few.text.match(/^\| claude-code:\S+/gm)).toEqual([`| ${uid(8)}`]);
      const odd = await call(client, 'search_sessions', { query: 'walrus', project: 'zoo" -walrus "' });
      expect(odd.text).toStartWith('No session');
      const zoo = await call(client, 'search_sessions', { query: 'walrus', project: 'me/zoo', limit: 10 });
      expect(zoo.text.match(/^\| claude-code:\S+/gm)).toHaveLength(6);
    });
  });

  test('a prefix of several sessions, an excluded one and none are one and the same answer', async () => {
    await withClient(async (client) => {
      const said = await Promise.all(
        ['7', uid(4), 'nobody', '70000004'].map((session) => call(client, 'show_session', { session })),
      );
      const without = said.map(({ text }, i) =>
        text.replace(['7', uid(4), 'nobody', '70000004'][i] ?? '', ''),
      );
      expect(new Set(without).size).toBe(1);
      expect(said.every(({ isError }) => isError)).toBe(true);
    });
  });

  test('is told what is wrong with an argument, and of a tool that is not there', async () => {
    await withClient(async (client) => {
      expect((await call(client, 'search_sessions', {})).text).toContain('query is missing');
      expect((await call(client, 'search_sessions', { query: 'x', limit: 'many' })).isError).toBe(true);
      expect((await call(client, 'show_session', { session: 'nobody' })).isError).toBe(true);
      expect(client.callTool({ name: 'delete_session', arguments: {} })).rejects.toThrow(
        'no tool delete_session',
      );
    });
  });
});

describe('the protocol', () => {
  const SERVER: ToolServer = {
    version: '1',
    instructions: '',
    tools: [],
    call: async () => ({ text: 'x', isError: false }),
  };
  const ask = async (message: unknown) =>
    JSON.parse((await answerLine(SERVER, JSON.stringify(message))) ?? 'null');

  test.each([...PROTOCOL_VERSIONS])('version %s is spoken as asked', async (version) => {
    const { result } = await ask({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: version },
    });
    expect(result.protocolVersion).toBe(version);
  });

  test('another version is answered with one that is known', async () => {
    const { result } = await ask({
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '1999' },
    });
    expect(PROTOCOL_VERSIONS).toContain(result.protocolVersion);
  });

  test('the newest asks without a beginning', async () => {
    const { result } = await ask({ jsonrpc: '2.0', id: 'a', method: 'server/discover' });
    expect(result.supportedVersions).toEqual([...PROTOCOL_VERSIONS]);
  });

  test.each([
    ['{', -32700],
    ['null', -32600],
    ['{"jsonrpc":"2.0","id":1}', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"no/such"}', -32601],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}', -32602],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}', -32602],
  ])('%s is mistake %d', async (line, code) => {
    expect(JSON.parse((await answerLine(SERVER, line)) ?? 'null').error.code).toBe(code);
  });

  test('a notification and an answer get none; several at once get a list', async () => {
    expect(await answerLine(SERVER, '{"jsonrpc":"2.0","method":"notifications/initialized"}')).toBeNull();
    expect(await answerLine(SERVER, '{"jsonrpc":"2.0","id":4,"result":{}}')).toBeNull();
    const two = await ask([
      { jsonrpc: '2.0', id: 1, method: 'ping' },
      { jsonrpc: '2.0', method: 'notifications/x' },
      { jsonrpc: '2.0', id: 2, method: 'ping' },
    ]);
    expect(two.map((one: { id: number }) => one.id)).toEqual([1, 2]);
  });

  test('property: any line at all is answered once or not at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (line) => {
        const answer = await answerLine(SERVER, line);
        if (answer !== null) expect(typeof JSON.parse(answer)).toBe('object');
      }),
    );
  });

  test('property: lines come whole, however the stream is cut; a giant one does not end it', async () => {
    const text = 'one\n\nzwei ä\nlast';
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 20 })), async (cuts) => {
        const bytes = Buffer.from(text);
        async function* pieces() {
          let at = 0;
          for (const length of [...cuts, bytes.length]) {
            yield bytes.subarray(at, at + length);
            at += length;
          }
        }
        expect(await Array.fromAsync(linesOf(pieces()))).toEqual(text.split('\n'));
      }),
    );
    async function* giant() {
      for (let i = 0; i < 40; i += 1) yield Buffer.alloc(64 * 1024, 'x');
      yield Buffer.from('\nnext\n');
    }
    const lines = await Array.fromAsync(linesOf(giant()));
    expect([lines.length, lines[1]]).toEqual([2, 'next']);
    expect(lines[0]?.length).toBeLessThan(1000);
  });
});
