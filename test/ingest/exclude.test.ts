/** What `ingest.exclude` leaves out: the specification's words as a table, and laws that hold for any folder. */
import { describe, expect, test } from 'bun:test';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Host } from '../../src/domain/agent.ts';
import { excludeRules } from '../../src/ingest/discover/exclude.ts';
import { matchedPatterns } from '../../src/store/exclude-matches.ts';
import { listSessions } from '../../src/store/read.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const LINUX: Pick<Host, 'homeDir' | 'platform'> = { homeDir: '/home/me', platform: 'linux' };
const WINDOWS: Pick<Host, 'homeDir' | 'platform'> = { homeDir: 'C:\\Users\\Me', platform: 'win32' };
const MAC: Pick<Host, 'homeDir' | 'platform'> = { homeDir: '/Users/me', platform: 'darwin' };

/** Links by hand: a path below a key really lies below its value. */
const LINKS: Readonly<Record<string, string>> = {
  '/home/me/link': '/data/real',
  '/home/me/twice': '/data/real',
};

function real(path: string): string | null {
  for (const [from, to] of Object.entries(LINKS))
    if (path === from || path.startsWith(`${from}/`)) return to + path.slice(from.length);
  return path;
}

function leavesOut(pattern: string, project: string | null, host = LINUX, paths: string[] = []): boolean {
  return excludeRules([pattern], host, real).leavesOut({ project, paths }) !== null;
}

const TABLE: readonly (readonly [pattern: string, project: string, isOut: boolean])[] = [
  ['/srv/a', '/srv/a', true],
  ['/srv/a', '/srv/a/deep/er', true],
  ['/srv/a', '/srv/ab', false],
  ['/srv/a/', '/srv/a', true],
  ['/srv/./a', '/srv/a', true],
  ['/srv/.//./a/.', '/srv/a/b', true],
  ['/srv/.a', '/srv/.a', true],
  ['/srv/a//', '/srv/a/b', true],
  ['/srv/a/**', '/srv/a', true],
  ['/srv/a/**', '/srv/a/b/c', true],
  ['/srv/a/**', '/srv/ab', false],
  ['/srv/a/**/', '/srv/a', true],
  ['/srv/*/x', '/srv/a/x', true],
  ['/srv/*/x', '/srv/a/x/below', true],
  ['/srv/*/x', '/srv/a/b/x', false],
  ['/srv/**/x', '/srv/a/b/x', true],
  ['/srv/**/x', '/srv/x', true],
  ['/srv/*', '/srv', false],
  ['~', '/home/me', true],
  ['~', '/home/me/a', true],
  ['~', '/home/mee', false],
  ['~/a', '/home/me/a', true],
  ['~/a/**', '/home/me/a', true],
  ['~/*/secret', '/home/me/x/secret', true],
  ['~/.hidden*', '/home/me/.hidden-one', true],
  ['secret', '/home/me/secret', true],
  ['secret', '/home/me/secret/deep', true],
  ['secret', '/srv/secret', true],
  ['secret', '/home/me/secrets', false],
  ['secret/', '/home/me/secret', true],
  ['*secret*', '/home/me/my-secrets', true],
  ['*secret*', '/home/me/open', false],
  ['me', '/home/me/open', false],
  ['home', '/home/me/open', false],
  ['me', '/home/me', true],
  ['work/secret', '/home/me/work/secret', true],
  ['work/secret', '/home/me/work/x/secret', false],
  ['./secret', '/home/me/secret', true],
  ['**/secret', '/a/b/secret/c', true],
  ['/srv/[id]', '/srv/[id]', true],
  ['/srv/[id]/**', '/srv/[id]/x', true],
  ['/srv/[id]/*', '/srv/[id]/x', true],
  ['/srv/[ab]', '/srv/a', true],
  ['/srv/{a}', '/srv/{a}', true],
  ['/srv/a?', '/srv/a?', true],
  ['!secret', '/home/me/!secret', true],
  ['!secret', '/home/me/open', false],
  ['!/srv/a', '/srv/b', false],
  ['/srv/Secret', '/srv/secret', false],
  ['/home/me/link', '/data/real', true],
  ['~/link/**', '/data/real/deep', true],
  ['~/link/*', '/data/real/deep', true],
  ['/data/real', '/home/me/link', true],
  ['/data/real', '/home/me/link/deep', true],
  ['real', '/home/me/link', true],
  ['~/link', '/home/me/twice/x', true],
  ['/', '/anything', true],
  ['/**', '/anything', true],
  ['**', '/anything', true],
  ['*', '/anything', true],
];

test.each(TABLE)('%s on %s: %p', (pattern, project, isOut) => {
  expect(leavesOut(pattern, project)).toBe(isOut);
});

test.each([
  ['C:\\secret', 'C:\\secret\\x', true],
  ['C:/secret', 'c:\\Secret', true],
  ['~\\secret', 'C:\\Users\\Me\\secret', true],
  ['~/secret/**', 'c:\\users\\me\\SECRET', true],
  ['secret', 'D:\\x\\Secret\\y', true],
  ['users', 'C:\\Users\\Me\\open', false],
  ['C:\\sec*\\x', 'C:\\secret\\x', true],
] as const)('on Windows, %s on %s: %p', (pattern, project, isOut) => {
  expect(leavesOut(pattern, project, WINDOWS)).toBe(isOut);
});

test('on macOS neither case nor the form of an accent tells two folders apart', () => {
  expect(leavesOut('~/Cafe\u0301', '/Users/me/caf\u00e9/x', MAC)).toBe(true);
});

test('the path of a transcript is compared as its project is, and a mere name is not', () => {
  const path = '/home/me/.claude/projects/-x/1.jsonl';
  expect(leavesOut('~/.claude/projects/-x', null, LINUX, [path])).toBe(true);
  expect(leavesOut('**/1*', null, LINUX, [path])).toBe(true);
  expect(leavesOut('projects', null, LINUX, [path])).toBe(false);
});

test.each(['', '.', './', '..', '../x', '/srv/../x', '~other/x', 'a\0b'])(
  'a pattern that can match nothing says so: %p',
  (pattern) => {
    const rules = excludeRules([pattern], LINUX, real);
    expect(rules.idle).toEqual([{ pattern, why: expect.any(String) }]);
    expect(rules.leavesOut({ project: '/srv/x', paths: ['/srv/x/1.jsonl'] })).toBeNull();
  },
);

const name = fc
  .stringMatching(/^[a-z[\]{}!?()$^+. ü-]{1,8}$/)
  .filter((text) => text.trim() === text && !/^[.!~]+/.test(text));

describe('of any folder', () => {
  test('its path, with or without a slash or /** behind it, covers it and all below, and nothing beside', () => {
    fc.assert(
      fc.property(
        fc.array(name, { minLength: 1, maxLength: 4 }),
        name,
        fc.constantFrom('', '/', '/**'),
        (parts, more, end) => {
          const folder = `/srv/${parts.join('/')}`;
          expect(leavesOut(folder + end, folder)).toBe(true);
          expect(leavesOut(folder + end, `${folder}/${more}`)).toBe(true);
          expect(leavesOut(parts.at(-1) ?? '', folder)).toBe(true);
          expect(
            leavesOut(
              `/srv/${parts
                .slice(0, -1)
                .map(() => '*')
                .concat(parts.at(-1) ?? '')
                .join('/')}`,
              folder,
            ),
          ).toBe(true);
          expect(leavesOut(folder.replaceAll(/[?[\]{}]/g, 'x') + end, '/home/me/other')).toBe(false);
        },
      ),
    );
  });
});

const ID = (n: number) => `1234567${n}-0000-4000-8000-000000000000`;

test('a project that head and tail do not tell is found by reading on, before anything is stored', async () => {
  using world = new World();
  const line = (more: object) =>
    `${JSON.stringify({ type: 'user', sessionId: ID(1), uuid: 'u', timestamp: '2026-05-01T10:00:00.000Z', ...more })}\n`;
  const said = (text: string) => ({ message: { role: 'user', content: text } });
  const filler = Array.from({ length: 9 }, (_, n) => line(said(`${n}${'x'.repeat(60_000)}`))).join('');
  world.put(claudePath(ID(1), '-x'), filler + line({ ...said('here'), cwd: '/srv/secret' }) + filler);
  expect(await world.ingest({ exclude: ['/srv/secret'] })).toMatchObject({
    sessions_excluded: 1,
    sessions_new: 0,
  });
  expect(listSessions(world.db)).toEqual([]);
});

test('the folder of a project that is a link is left out under both names, whichever the agent wrote', async () => {
  using world = new World();
  const [link, target] = [join(world.home, 'link'), join(world.folder, 'target')];
  for (const folder of [world.home, join(target, 'deep')]) mkdirSync(folder, { recursive: true });
  symlinkSync(target, link);
  for (const [n, cwd] of [link, target, join(target, 'deep')].entries())
    world.put(claudePath(ID(n)), promptLine(ID(n), 'hi').replace('/home/me/project', cwd));
  for (const pattern of [link, target, `${link}/**`])
    expect(await world.ingest({ exclude: [pattern] })).toMatchObject({
      sessions_excluded: 3,
      sessions_new: 0,
    });
});

test('which patterns ever matched is remembered, and a dry run remembers nothing', async () => {
  using world = new World();
  world.put(claudePath(ID(1)), promptLine(ID(1), 'hi'));
  const exclude = ['/home/me/project', '/nowhere'];
  await world.ingest({ exclude, dryRun: true });
  expect(matchedPatterns(world.db)).toEqual([]);
  await world.ingest({ exclude });
  expect(matchedPatterns(world.db)).toEqual(['/home/me/project']);
});
