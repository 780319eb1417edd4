/** A law over settings with comments everywhere: after each edit they can be read, and what is not ours is as it was. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { parse } from 'jsonc-parser';
import { hookFile } from '../../src/unattended/hook-files.ts';
import { type Edited, withoutHooks } from '../../src/unattended/hooks-json.ts';
import { treeOf } from '../../src/unattended/json-edit.ts';
import { isOwnEntry, type Program } from '../../src/unattended/own-call.ts';

const PROGRAM: Program = { argv: ['/opt/session-memory'], platform: 'linux' };
const CLAUDE = hookFile('claude-code', { homeDir: '/home/me', env: {}, platform: 'linux' });

const textOf = (edited: Edited | null): string => {
  if (edited === null || 'why' in edited) throw new Error(JSON.stringify(edited));
  return edited.text;
};

/** What stands between two tokens: white space and comments, some of which look like JSON. */
const gap = fc.array(
  fc.constantFrom(' ', '\n', '\r\n', '\t', '/* a, b */', '// c\n', '// "}], \r\n', '/* ] */', '// d \n\n'),
  { maxLength: 3 },
);
/** Gaps, one after the other, for as many tokens as there are. */
const gaps = fc.array(gap, { minLength: 5, maxLength: 40 });

const other = fc.constantFrom<unknown>(
  { hooks: [{ type: 'command', command: 'mine.sh' }] },
  { matcher: 'x', hooks: [] },
  { command: 'my-session-memory hook codex' },
  7,
);
const own = fc.constantFrom<unknown>(
  { hooks: [{ type: 'command', command: '/old/session-memory', args: ['hook', 'claude-code'] }] },
  { command: '/old/session-memory hook claude-code' },
);
const events = fc.dictionary(
  fc.constantFrom('SessionEnd', 'SessionStart', 'PreCompact', 'Stop'),
  fc.array(fc.oneof(other, own), { maxLength: 4 }),
  { maxKeys: 4 },
);

/** Words that stand for a token that holds no gap: an entry of ours goes with all that is in it. */
function tokensOf(value: unknown, isOwnPart: (value: unknown) => boolean): string[] {
  if (typeof value !== 'object' || value === null || isOwnPart(value)) return [JSON.stringify(value)];
  const list = Array.isArray(value);
  const parts = list
    ? value.map((each) => tokensOf(each, isOwnPart))
    : // A name, its colon and what opens its value are one: a list that only we had goes with its name.
      Object.entries(value).map(([name, each]) => {
        const [first = '', ...rest] = tokensOf(each, isOwnPart);
        return [`${JSON.stringify(name)}: ${first}`, ...rest];
      });
  const inner = parts.flatMap((part, i) => (i === 0 ? part : [',', ...part]));
  return [list ? '[' : '{', ...inner, list ? ']' : '}'];
}

const isOurs = (value: unknown): boolean => {
  if (isOwnEntry(value)) return true;
  const hooks =
    typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get('hooks') : [];
  return Array.isArray(hooks) && hooks.length > 0 && hooks.every(isOwnEntry);
};

/** What is left of settings without ours, and without lists that are empty. */
function foreign(text: string): unknown {
  const { hooks = {}, ...rest } = parse(text);
  const lists = Object.entries(hooks as Record<string, unknown[]>)
    .map(([event, list]): [string, unknown[]] => [event, list.filter((each) => !isOurs(each))])
    .filter(([, list]) => list.length > 0);
  return { rest, hooks: Object.fromEntries(lists) };
}

const commentsOf = (text: string) =>
  (text.match(/"(?:[^"\\]|\\.)*"|\/\/[^\r\n]*|\/\*.*?\*\//g) ?? []).filter((each) => !each.startsWith('"'));

test('a comment of one line before an entry of ours keeps the end of its line when the entry goes', () => {
  const ours = '{"hooks":[{"type":"command","command":"/old/session-memory hook claude-code"}]}';
  for (const text of [
    `{"hooks":{"SessionEnd":[{"hooks":[]}, // mine\n ${ours}]}}`,
    `{"hooks":{"SessionEnd":[{"hooks":[]}, // mine\n ${ours}, 7]}}`,
    `{"hooks":{"SessionEnd":[{"hooks":[]} // mine\n , // too\n ${ours} /* and */ ]}}`,
    `{"hooks":{"SessionEnd":[${ours} // mine\n , 7]}}`,
  ]) {
    const left = textOf(withoutHooks(text));
    expect(treeOf(left), left).not.toBeNull();
    expect(foreign(left)).toEqual(foreign(text));
    expect(commentsOf(left)).toEqual(commentsOf(text));
  }
});

test('a property: JSON with comments everywhere can be read after each edit, and all that is not ours is as it was', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string().filter((name) => name !== 'hooks' && name !== '__proto__'),
        fc.jsonValue({ maxDepth: 1 }),
        { maxKeys: 2 },
      ),
      fc.option(events, { nil: undefined }),
      gaps,
      fc.boolean(),
      (more, hooks, between, isLast) => {
        const value = hooks === undefined ? more : isLast ? { ...more, hooks } : { hooks, ...more };
        const tokens = tokensOf(value, isOurs);
        const text = tokens.map((token, i) => token + (between[i % between.length] ?? []).join('')).join('');
        expect(treeOf(text), text).not.toBeNull();
        const once = textOf(CLAUDE.install(text, PROGRAM));
        for (const edited of [once, textOf(withoutHooks(text)), textOf(withoutHooks(once))]) {
          expect(treeOf(edited), edited).not.toBeNull();
          expect(foreign(edited), edited).toEqual(foreign(text));
          expect(commentsOf(edited), edited).toEqual(commentsOf(text));
        }
        expect(textOf(CLAUDE.install(once, PROGRAM))).toBe(once);
        expect(textOf(withoutHooks(once))).not.toContain('session-memory hook claude-code');
      },
    ),
    { numRuns: 1000 },
  );
});
