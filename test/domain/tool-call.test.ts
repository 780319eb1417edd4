// What the name and the arguments of any tool tell: servers of MCP and editors name theirs alike.

import { describe, expect, test } from 'bun:test';
import { commandOfArgv, readToolCall } from '../../src/agents/kit/tool-call.ts';

const PATCH =
  '*** Begin Patch\n*** Add File: n.ts\n+x\n*** Update File: u.ts\n*** Move to: m.ts\n*** End Patch';
const PATCHED = { written: ['n.ts', 'm.ts'], edited: ['u.ts'] };
const NOTHING = { read: [], written: [], edited: [], command: null, cwd: null };

describe('a tool call', () => {
  test.each([
    ['mcp__filesystem__write_file', { path: '/a', content: 'x' }, { written: ['/a'] }],
    [
      'mcp__filesystem__edit_file',
      { path: '/a', edits: [{ oldText: 'x', newText: 'y' }] },
      { edited: ['/a'] },
    ],
    ['mcp__filesystem__move_file', { source: '/a', destination: '/b' }, { written: ['/b'] }],
    ['mcp__filesystem__read_multiple_files', { paths: ['/a', '/b'] }, { read: ['/a', '/b'] }],
    ['mcp__filesystem__create_directory', { path: '/a' }, {}],
    ['mcp__filesystem__list_directory', { path: '/a' }, {}],
    [
      'mcp__github__push_files',
      { files: [{ path: 'a.ts', content: '' }, { path: 'b.ts' }] },
      { written: ['a.ts', 'b.ts'] },
    ],
    ['mcp__serena__replace_symbol_body', { relative_path: 'a.py', body: '' }, { edited: ['a.py'] }],
    ['mcp__acp__Edit', { file_path: '/a' }, { edited: ['/a'] }],
    ['mcp__acp__Bash', { command: 'ls' }, { command: 'ls' }],
    ['desktop-commander.start_process', { command: 'make', timeout_ms: 1 }, { command: 'make' }],
    ['str_replace_based_edit_tool', { command: 'create', path: '/a' }, { written: ['/a'] }],
    ['str_replace_editor', { command: 'view', path: '/a' }, { read: ['/a'] }],
    ['replaceStringInFile', { filePath: '/a' }, { edited: ['/a'] }],
    ['search_replace', { file_path: '/a', content: 'x' }, { edited: ['/a'] }],
    ['find_and_replace', { path: '/a' }, { edited: ['/a'] }],
    ['search_files', { path: '/a' }, {}],
    ['replace_in_directory', { path: '/a' }, {}],
    ['run_in_terminal', { command: 'npm test', cwd: '/w' }, { command: 'npm test', cwd: '/w' }],
    ['container.exec', { cmd: ['bash', '-lc', 'ls -l'], workdir: '/w' }, { command: 'ls -l', cwd: '/w' }],
    ['unified_exec', { input: ['git', 'status'] }, { command: 'git status' }],
    ['SlashCommand', { command: '/review' }, {}],
    ['mcp__linear__create_issue', { title: 'x' }, {}],
    ['apply_patch', { input: PATCH }, PATCHED],
    ['apply_patch', { patchText: PATCH }, PATCHED],
    ['ApplyPatch', { patch: PATCH }, PATCHED],
    ['read_patch', { patch: 'no patch' }, {}],
    ['write_file', { path: '/a', input: PATCH }, { written: ['/a'] }],
    ['view_image', { path: 7, file_path: ['x'] }, {}],
    ['__', {}, {}],
  ] as const)('%s %o', (name, input, told) => {
    expect(readToolCall(name, input)).toEqual({ ...NOTHING, ...told });
  });
});

test.each([
  [['bash', '-lc', 'a && b'], 'a && b'],
  [['/usr/bin/zsh', '-i', '-c', 'a'], 'a'],
  [['pwsh.exe', '-NoProfile', '-Command', 'Get-Item .'], 'Get-Item .'],
  [['cmd', '/c', 'dir'], 'dir'],
  [['git', 'commit', '-c', 'x'], 'git commit -c x'],
  [['bash'], 'bash'],
  [[], null],
] as const)('the command of %o is %s', (argv, command) => {
  expect(commandOfArgv(argv)).toBe(command);
});
