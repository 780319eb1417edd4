/** Our entries in settings files of others, however odd: twice is once, and what is not ours keeps every byte. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { parse } from 'jsonc-parser';
import { hookFile } from '../../src/unattended/hook-files.ts';
import { HOOKED } from '../../src/unattended/hooked.ts';
import { ownHooks, withHooks, withoutHooks } from '../../src/unattended/hooks-json.ts';
import { isOwnEntry, type Program, shellText } from '../../src/unattended/own-call.ts';
import { uninstallStep } from '../../src/unattended/steps.ts';

const PROGRAM: Program = { argv: ['/opt/my tools/session-memory'], platform: 'linux' };
const MOVED: Program = { argv: ['/usr/local/bin/session-memory', '--store', '/srv/s.db'], platform: 'linux' };
const HOST = { homeDir: '/home/me', env: {}, platform: 'linux' } as const;
const CLAUDE = hookFile('claude-code', HOST);
const OTHERS = { type: 'command', command: 'mine.sh' };

const done = (edited: { text: string } | { why: string } | null): string => {
  if (edited === null || 'why' in edited) throw new Error(JSON.stringify(edited));
  return edited.text;
};

/** Settings as people and programs leave them. */
const ODD: Record<string, string> = {
  empty: '{}',
  'empty with a line': '{}\n',
  'over two lines': '{\n}\n',
  'one line': '{"model":"opus","hooks":{"SessionEnd":[{"hooks":[{"type":"command","command":"mine.sh"}]}]}}',
  'one line with spaces': '{ "a": 1, "hooks": {} }',
  tabs: '{\n\t"model": "opus",\n\t"hooks": {\n\t\t"SessionEnd": [\n\t\t\t{ "matcher": "", "hooks": [{ "type": "command", "command": "mine.sh" }] }\n\t\t]\n\t}\n}\n',
  comments:
    '// mine\n{ "z": 1, // last\n  /* why */ "a": [1,2 , 3],\n  "hooks": {\n    // none yet\n  }, }\n',
  'CR LF': '{\r\n    "a": 1,\r\n    "hooks": {\r\n        "Stop": []\r\n    }\r\n}\r\n',
  'a byte order mark': '\ufeff{\n  "a": 1\n}\n',
  'a list that holds a comment': '{\n  "hooks": {\n    "SessionEnd": [ /* mine */ ]\n  }\n}\n',
  'no line at the end':
    '{\n   "hooks": {\n      "PreCompact": [{"hooks":[{"type":"command","command":"x"}]}, {"hooks":[]}]\n   }\n}',
};

describe.each(Object.entries(ODD))('a file that is %s', (_, text) => {
  const once = done(CLAUDE.install(text, PROGRAM));

  test('has our entry beside all that it had, once', () => {
    expect(done(CLAUDE.install(once, PROGRAM))).toBe(once);
    const plain = (each: string) => parse(each.replace(/^\ufeff/, ''));
    const [before, after] = [plain(text), plain(once)];
    for (const [event, list] of Object.entries(after.hooks as Record<string, unknown[]>)) {
      const others = list.filter((entry) => !JSON.stringify(entry).includes('session-memory'));
      expect(others).toEqual(before.hooks?.[event] ?? []);
    }
    expect({ ...after, hooks: 0 }).toEqual({ ...before, hooks: 0 });
    expect([...(ownHooks(once)?.keys() ?? [])]).toEqual(
      expect.arrayContaining(['SessionStart', 'PreCompact', 'SessionEnd']),
    );
  });

  test('is the same bytes after it was taken out, also where the executable was moved in between', () => {
    const moved = done(CLAUDE.install(once, MOVED));
    for (const now of [once, moved]) {
      const step = uninstallStep('claude-code', CLAUDE, '/x', now, text);
      expect(step).toMatchObject({ after: text, backup: 'drop' });
    }
  });

  test('keeps each comment, its line ends and what a person added since', () => {
    const comments = (each: string) => each.match(/\/\/.*|\/\*.*?\*\//g) ?? [];
    expect(comments(once)).toEqual(comments(text));
    if (text.includes('\r\n')) expect(once.replaceAll('\r\n', '')).not.toContain('\n');
    const grown = done(
      withHooks(
        once,
        new Map<string, unknown>([['Notification', { hooks: [OTHERS] }], ...(ownHooks(once) ?? [])]),
      ),
    );
    const left = parse(done(withoutHooks(grown)).replace(/^\ufeff/, ''));
    expect(left.hooks.Notification).toEqual([{ hooks: [OTHERS] }]);
    expect(JSON.stringify(left)).not.toContain('session-memory');
  });
});

test('a property: whatever the settings, in whatever layout, install twice and uninstall leave them as they were', () => {
  const entry = fc.record({ hooks: fc.array(fc.constant(OTHERS), { maxLength: 2 }) });
  const hooks = fc.dictionary(
    fc.constantFrom('SessionEnd', 'SessionStart', 'PreCompact', 'Stop', 'Odd "name"'),
    fc.array(entry, { maxLength: 3 }),
    { maxKeys: 4 },
  );
  const settings = fc.tuple(
    fc.dictionary(
      fc.string().filter((name) => name !== 'hooks'),
      fc.jsonValue({ maxDepth: 2 }),
      { maxKeys: 4 },
    ),
    fc.option(hooks, { nil: undefined }),
  );
  fc.assert(
    fc.property(
      settings,
      fc.constantFrom<string | number>(0, 1, 2, 4, 8, '\t'),
      fc.constantFrom('\n', '\r\n'),
      fc.constantFrom('', '\n', '\n\n'),
      fc.constantFrom('', '\ufeff', '// top\n', '/* a { */ '),
      ([more, some], indent, eol, end, start) => {
        const value = some === undefined ? more : { ...more, hooks: some };
        const text = (start + JSON.stringify(value, null, indent) + end).replaceAll('\n', eol);
        const once = done(CLAUDE.install(text, PROGRAM));
        expect(done(CLAUDE.install(once, PROGRAM))).toBe(once);
        expect(uninstallStep('claude-code', CLAUDE, '/x', once, text)).toMatchObject({ after: text });
        // Without the copy of how it was: no entry of anybody else is missing.
        const cleaned = parse(done(withoutHooks(once)).replace(/^\ufeff/, ''));
        const full = (all: object | undefined) =>
          Object.entries(all ?? {}).filter(([, list]) => list.length > 0);
        expect(full(cleaned.hooks)).toEqual(full(some));
        expect({ ...cleaned, hooks: 0 }).toEqual({ ...more, hooks: 0 });
      },
    ),
    { numRuns: 300 },
  );
});

describe('an entry of ours', () => {
  test.each([
    [{ command: '/a b/session-memory', args: ['hook', 'codex'] }, true],
    [{ command: "'/a b/session-memory' hook codex" }, true],
    [{ command: 'C:\\x\\session-memory.exe', args: ['--store', 'C:\\s.db', 'hook', 'pi'] }, true],
    [{ command: '/old/session-memory-linux-x64 --config "/a b" hook claude-code' }, true],
    [{ command: '/x/bun /x/src/main.ts hook claude-code' }, true],
    [{ command: '/x/session-memory', args: ['status'] }, false],
    [{ command: 'echo session-memory hook codex; rm -rf x' }, false],
    [{ command: 'my-session-memory hook codex' }, false],
    [{ command: 'session-memory hook nobody' }, false],
    [{ command: 'session-memory hook codex && notify-send done' }, false],
    ['session-memory hook codex', false],
  ])('%j: %p', (entry, isOwn) => {
    expect(isOwnEntry(entry)).toBe(isOwn);
  });

  test('of an executable that was moved is adopted, doubles are taken out, and events that are wanted no more', () => {
    const own = (path: string) => ({
      hooks: [{ type: 'command', command: `${path}/session-memory`, args: ['hook', 'claude-code'] }],
    });
    const lists = { SessionEnd: [own('/old'), { hooks: [OTHERS] }, own('/older')], Stop: [own('/old')] };
    const now = parse(done(CLAUDE.install(JSON.stringify({ hooks: lists }, null, 2), MOVED)));
    expect(now.hooks.SessionEnd).toHaveLength(2);
    expect(now.hooks.SessionEnd[0].hooks[0]).toMatchObject({ command: MOVED.argv[0], async: true });
    expect(now.hooks.Stop).toBeUndefined();
  });

  test('that a person put beside another is replaced and taken out alone', () => {
    const text = `{"hooks":{"SessionEnd":[{"matcher":"x","hooks":[${JSON.stringify(OTHERS)},{"type":"command","command":"/old/session-memory hook claude-code"}]}]}}`;
    const now = parse(done(CLAUDE.install(text, PROGRAM)));
    const commands = now.hooks.SessionEnd[0].hooks.map((hook: { command: string }) => hook.command);
    expect(commands).toEqual(['mine.sh', PROGRAM.argv[0]]);
    expect(parse(done(withoutHooks(text))).hooks.SessionEnd).toEqual([{ matcher: 'x', hooks: [OTHERS] }]);
  });
});

test.each([
  ['a list', '[1]'],
  ['torn', '{ "a": '],
  ['hooks that are no object', '{"hooks": []}'],
  ['an event that is no list', '{"hooks": {"SessionEnd": {}}}'],
  ['a member twice', '{"hooks": {}, "hooks": {}}'],
  ['an event twice', '{"hooks": {"SessionEnd": [], "SessionEnd": []}}'],
  ['no JSON at all', 'hello'],
])('%s is refused', (_, text) => {
  expect(CLAUDE.install(text, PROGRAM)).toHaveProperty('why');
});

test('every agent: installed from nothing twice is once, known as ours, and gone after uninstall', () => {
  for (const { id } of HOOKED) {
    const file = hookFile(id, HOST);
    const once = done(file.install(null, PROGRAM));
    expect(done(file.install(once, PROGRAM)), id).toBe(once);
    expect(file.own(once), id).not.toBeNull();
    expect(uninstallStep(id, file, file.path, once, null), id).toMatchObject({ after: null });
    expect(once, id).toContain(id);
  }
});

test('an executable of another name knows its own entries, and not those of other programs', () => {
  const renamed: Program = { argv: ['/opt/sm.2'], platform: 'linux' };
  const file = hookFile('claude-code', HOST, 'sm.2');
  const others =
    '{"hooks":{"SessionEnd":[{"hooks":[{"type":"command","command":"/opt/smx2 hook claude-code"}]}]}}';
  const once = done(file.install(others, renamed));
  expect(done(file.install(once, renamed))).toBe(once);
  expect(uninstallStep('claude-code', file, '/x', once, others)).toMatchObject({ after: others });
  expect(done(file.uninstall(once))).toBe(others);
});

test('words for a shell come out as they went in', () => {
  const words = ['a b', "it's", '$HOME', '`x`', '', 'plain', '"q"', 'é\n'];
  const { stdout } = Bun.spawnSync(['sh', '-c', `printf '%s\\0' ${shellText(PROGRAM, words)}`]);
  expect(stdout.toString().split('\0').slice(0, -1)).toEqual(words);
});
