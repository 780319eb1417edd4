/** Our entry among the servers of each agent: put in, left alone, taken out; what others have there keeps every byte. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { parse as parseJsonc } from 'jsonc-parser';
import { parse as parseToml } from 'smol-toml';
import { hookFile } from '../../src/unattended/hook-files.ts';
import { HOOKED, type HookedId } from '../../src/unattended/hooked.ts';
import { bothIn, mcpFile } from '../../src/unattended/mcp-files.ts';
import { type Step, uninstallStep } from '../../src/unattended/steps.ts';

const HOST = { homeDir: '/home/me', env: {}, platform: 'linux' } as const;
const PROGRAM = { argv: ['/bin/session-memory'], platform: 'linux' } as const;
const MOVED = { argv: ['/opt/session-memory', '--store', '/s.db'], platform: 'linux' } as const;
const NO_FILE = () => false;
const IDS = HOOKED.map(({ id }) => id).filter((id) => mcpFile(id, HOST, NO_FILE) !== null);

function fileOf(id: HookedId) {
  const file = mcpFile(id, HOST, NO_FILE);
  if (file === null) throw new Error(`none of ${id}`);
  return file;
}

function installed(
  id: HookedId,
  text: string | null,
  program: Parameters<typeof hookFile>[1] | object = PROGRAM,
) {
  const made = fileOf(id).install(text, program as typeof PROGRAM);
  if ('why' in made) throw new Error(made.why);
  return made.text;
}

/** What `uninstall` leaves of a file; null: it goes. */
function takenOut(id: HookedId, text: string, backup: string | null): string | null {
  const step = uninstallStep(id, fileOf(id), '/f', text, backup) as Step;
  return step.after;
}

const isToml = (id: HookedId) => id === 'codex';
const read = (id: HookedId, text: string) => (isToml(id) ? parseToml(text) : parseJsonc(text));

describe('the entry', () => {
  test('is what the agents\u2019 own commands write', () => {
    const entry = { command: '/bin/session-memory', args: ['mcp'] };
    const found = Object.fromEntries(IDS.map((id) => [fileOf(id).path, read(id, installed(id, null))]));
    expect(found).toEqual({
      '/home/me/.claude.json': { mcpServers: { 'session-memory': { type: 'stdio', ...entry } } },
      '/home/me/.codex/config.toml': { mcp_servers: { 'session-memory': entry } },
      '/home/me/.gemini/settings.json': { mcpServers: { 'session-memory': entry } },
      '/home/me/.qwen/settings.json': { mcpServers: { 'session-memory': entry } },
      '/home/me/.config/opencode/opencode.json': {
        mcp: { 'session-memory': { type: 'local', command: ['/bin/session-memory', 'mcp'], enabled: true } },
      },
      '/home/me/.copilot/mcp-config.json': {
        mcpServers: { 'session-memory': { type: 'local', ...entry, tools: ['*'] } },
      },
      '/home/me/.cursor/mcp.json': { mcpServers: { 'session-memory': entry } },
    });
  });

  test('goes into the file of opencode that is there', () => {
    const path = '/home/me/.config/opencode/opencode.jsonc';
    expect(mcpFile('opencode', HOST, (one) => one === path)?.path).toBe(path);
  });

  test.each(IDS)('of %s: twice is once, a moved program is adopted, and what a person added stays', (id) => {
    const once = installed(id, null);
    expect(installed(id, once)).toBe(once);
    const own = isToml(id)
      ? `${once}startup_timeout_sec = 20\n`
      : once.replace(/\n(\s*)"command"/, '\n$1"timeout": 20,\n$1"command"');
    expect(installed(id, own)).toBe(own);
    const moved = installed(id, own, MOVED);
    expect(fileOf(id).words(moved)).toEqual([...MOVED.argv, 'mcp']);
    expect(moved).toContain('20');
    expect(takenOut(id, once, null)).toBeNull();
  });

  test.each(IDS)('of %s: another server of that name is refused, and stays', (id) => {
    const other = isToml(id)
      ? '[mcp_servers.session-memory]\nurl = "https://example.org"\n'
      : JSON.stringify({
          mcp: { 'session-memory': { url: 'x' } },
          mcpServers: { 'session-memory': { url: 'x' } },
        });
    expect(fileOf(id).install(other, PROGRAM)).toHaveProperty('why');
    expect(uninstallStep(id, fileOf(id), '/f', other, null)).toBeNull();
  });

  test.each([
    ['torn', '{ "a": '],
    ['a list', '[]'],
    ['servers that are a list', '{ "mcpServers": [], "mcp": [] }'],
  ])('JSON that is %s is refused', (_what, text) => {
    for (const id of IDS.filter((one) => !isToml(one)))
      expect(fileOf(id).install(text, PROGRAM)).toHaveProperty('why');
  });

  test.each([
    ['torn', '[a'],
    ['inline', 'mcp_servers = { x = { command = "y" } }\n'],
    ['ours in another form', 'mcp_servers.session-memory = { command = "s", args = ["old", "mcp"] }\n'],
  ])('TOML that is %s is refused', (_what, text) => {
    expect(fileOf('codex').install(text, PROGRAM)).toHaveProperty('why');
  });
});

describe('taken out again', () => {
  const JSONC = [
    '{}',
    '{ }\n',
    '{"a":1}',
    '{\n  // mine\n  "a": [1, 2], // and this\n  /* b */ "mcpServers": {\n    "other": { "command": "x" } // y\n  },\n  "mcp": {},\n}\n',
    '{\r\n\t"mcpServers": { "o": { "command": "x" } },\r\n\t"mcp": { "o": {} }\r\n}\r\n',
    '\ufeff{\n    "z": null\n}',
  ];
  const TOML = [
    '# mine\nmodel = "x"\n\n[mcp_servers.other]\ncommand = "y" # z\n',
    'model = "x"',
    '[projects."/a b"]\r\ntrust_level = "trusted"\r\n',
    'text = """\n[mcp_servers.session-memory]\n"""\n',
    'list = [\n  [1],\n  [2],\n]\n\n\n',
  ];

  test.each(IDS)('of %s: the file is what it was, to the byte', (id) => {
    for (const before of isToml(id) ? TOML : JSONC) {
      const text = installed(id, before);
      expect(read(id, text)).not.toEqual(read(id, before));
      expect(takenOut(id, text, before)).toBe(before);
    }
  });

  test('and what was written in it since stays', () => {
    const text = installed('codex', 'model = "x"\n');
    const since = text.replace('[mcp_servers', '[a]\nb = 1\n\n[mcp_servers');
    const more = `${since}\n# about c\n[c]\nd = 2\n`;
    expect(parseToml(takenOut('codex', more, 'model = "x"\n') ?? '')).toEqual({
      model: 'x',
      a: { b: 1 },
      c: { d: 2 },
    });
    expect(takenOut('codex', more, 'model = "x"\n')).toContain('# about c\n[c]');
    const claude = installed('claude-code', '{\n  "n": 1\n}\n').replace('"n": 1', '"n": 2');
    expect(takenOut('claude-code', claude, '{\n  "n": 1\n}\n')).toBe('{\n  "n": 2\n}\n');
  });

  test('property: any settings keep all but our entry, whatever else stands there', () => {
    const name = fc.string({ minLength: 1, maxLength: 8 }).filter((word) => word !== '__proto__');
    const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string(), { maxLength: 3 }));
    const servers = fc.dictionary(name, fc.record({ command: fc.string() }), { maxKeys: 3 });
    const settings = fc.tuple(
      fc.dictionary(name, value, { maxKeys: 4 }),
      servers,
      fc.constantFrom(0, 2, '\t'),
    );
    fc.assert(
      fc.property(settings, ([others, list, indent]) => {
        const before = JSON.stringify({ ...others, mcpServers: list }, null, indent);
        const text = installed('gemini-cli', before);
        expect(JSON.parse(text)).toEqual({
          ...JSON.parse(before),
          mcpServers: { ...list, 'session-memory': { command: '/bin/session-memory', args: ['mcp'] } },
        });
        expect(takenOut('gemini-cli', text, before)).toBe(before);
      }),
    );
  });
});

test('hooks and servers in one file are one change, and go together', () => {
  const both = bothIn(hookFile('gemini-cli', HOST), fileOf('gemini-cli'));
  for (const before of ['{}\n', '{\n  // mine\n  "theme": "x"\n}\n', null]) {
    const made = both.install(before, PROGRAM);
    const text = 'text' in made ? made.text : '';
    expect(Object.keys(parseJsonc(text))).toEqual(expect.arrayContaining(['hooks', 'mcpServers']));
    expect((uninstallStep('gemini-cli', both, '/f', text, before) as Step).after).toBe(before);
    const alone = installed('gemini-cli', before);
    expect((uninstallStep('gemini-cli', both, '/f', alone, before) as Step).after).toBe(before);
  }
});
