/** `install --mcp`: the server in the settings of agents, on made-up homes. */
import { describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Machine } from '../support/install-machine.ts';

describe('install --mcp', () => {
  /** Agents with settings of their own, one of them with hooks in the same file. */
  function machineWithAgents(): Machine {
    const machine = new Machine('none');
    for (const folder of ['.claude', '.codex', '.gemini', '.config/opencode'])
      mkdirSync(join(machine.home, folder), { recursive: true });
    writeFileSync(join(machine.home, '.claude.json'), '{\n  "numStartups": 3\n}\n');
    writeFileSync(join(machine.home, '.codex/config.toml'), '# mine\nmodel = "x"\n');
    writeFileSync(join(machine.home, '.gemini/settings.json'), '{ // mine\n  "theme": "x"\n}\n');
    return machine;
  }

  test('registers the server with each agent that is here, once, and uninstall takes it out to the byte', async () => {
    using machine = machineWithAgents();
    const before = machine.tree();
    expect((await machine.run('install', '--mcp', '--yes')).code).toBe(0);
    const texts = [
      '.claude.json',
      '.codex/config.toml',
      '.gemini/settings.json',
      '.config/opencode/opencode.json',
    ];
    for (const text of texts.map((path) => machine.text(path)))
      for (const part of ['session-memory', '"mcp"']) expect(text).toContain(part);
    expect(machine.text('.gemini/settings.json')).toContain('"hooks"');
    expect(existsSync(join(machine.home, '.cursor'))).toBe(false);
    const after = machine.tree();
    // Without the flag what is registered stays, and a second time changes nothing.
    for (const args of [['--mcp'], []]) {
      expect((await machine.json('install', ...args, '--yes')).changes).toEqual([]);
      expect(machine.tree()).toEqual(after);
    }
    expect((await machine.run('uninstall', '--yes')).code).toBe(0);
    for (const [path, text] of Object.entries(before))
      expect([path, machine.tree()[path]]).toEqual([path, text]);
    expect(Object.keys(machine.tree()).filter((path) => path.includes('before-session-memory'))).toEqual([]);
    expect(existsSync(join(machine.home, '.config/opencode/opencode.json'))).toBe(false);
  });

  test('is asked for: without the flag no agent gets a server, and a dry run writes nothing', async () => {
    using machine = machineWithAgents();
    const before = machine.tree();
    const dry = await machine.json('install', '--mcp', '--no-hooks', '--dry-run');
    expect(dry.changes.map((change) => change.for)).toEqual([
      'claude-code',
      'codex',
      'gemini-cli',
      'opencode',
    ]);
    expect(machine.tree()).toEqual(before);
    expect((await machine.run('install', '--mcp', '--no-hooks')).code).toBe(2);
    expect(machine.tree()).toEqual(before);
    await machine.run('install', '--yes');
    expect(machine.text('.claude.json')).toBe('{\n  "numStartups": 3\n}\n');
    expect(machine.text('.gemini/settings.json')).not.toContain('mcpServers');
  });

  test('one that cannot be edited is named, and stops no other', async () => {
    using machine = machineWithAgents();
    writeFileSync(join(machine.home, '.claude.json'), '{ torn');
    const { refused, changes } = await machine.json('install', '--mcp', '--no-hooks', '--yes');
    expect(refused.map((one) => one.for)).toEqual(['claude-code']);
    expect(changes.map((change) => change.for)).toEqual(['codex', 'gemini-cli', 'opencode']);
    expect(machine.text('.claude.json')).toBe('{ torn');
  });

  test.each<[string[], string[]]>([
    [['--mcp', '--no-hooks'], []],
    [[], ['--mcp', '--no-hooks']],
    [[], ['--mcp']],
  ])(
    '%p, then %p: uninstall leaves no file, no folder and no copy that was not there',
    async (first, second) => {
      using machine = machineWithAgents();
      for (const folder of ['.copilot', '.pi/agent'])
        mkdirSync(join(machine.home, folder), { recursive: true });
      const before = machine.tree();
      for (const flags of [first, second])
        expect((await machine.run('install', ...flags, '--yes')).code).toBe(0);
      expect(machine.tree()['.copilot/hooks']).toBe('folder');
      const { code, out } = await machine.run('uninstall', '--yes');
      expect([code, out.includes('Note:')]).toEqual([0, false]);
      expect(machine.tree()).toEqual(before);
    },
  );
});
