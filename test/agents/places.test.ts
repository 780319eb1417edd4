/**
 * Where files of sessions may be written, of every agent: held against a second, hand-written idea of what must never be, and against
 * what each agent really has.
 */
import { describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import * as fc from 'fast-check';
import { AGENTS, agentOfFormat } from '../../src/agents/registry.ts';
import type { AgentFormat } from '../../src/domain/agent.ts';
import { isPlaceOf, nameObstacle, type Platform } from '../../src/domain/places.ts';
import { FILE_ROLES } from '../../src/domain/session.ts';
import { obstacleAt, placement } from '../../src/restore/placement.ts';
import { filesOf } from '../../src/store/read.ts';
import { Bench, sampleOf } from './bench.ts';
import { CORPUS } from './genuine.ts';
import { OWN_JSON, OWN_JSONL, OWN_MARKDOWN } from './samples/own.ts';

const OWN = [
  agentOfFormat('own-jsonl', OWN_JSONL),
  agentOfFormat('own-json', OWN_JSON),
  agentOfFormat('own-markdown', OWN_MARKDOWN),
];
const ALL: readonly AgentFormat[] = [...AGENTS, ...OWN];
const ID = '8c816805-0000-4000-8000-000000000001';
/** In the form that its agent gives ids. */
const ID_OF = (agent: AgentFormat) => sampleOf(agent).sessionId;
const PLATFORMS: readonly Platform[] = ['linux', 'darwin', 'win32'];

/** What agents, shells, editors and tools read or run, by the names of the files; not made of the program's lists. */
const NEVER = [
  ...[
    'settings.json',
    'settings.local.json',
    'config.toml',
    'config.json',
    'mcp.json',
    'hooks.json',
    'auth.json',
  ],
  ...[
    'CLAUDE.md',
    'AGENTS.md',
    'GEMINI.md',
    'QWEN.md',
    'SKILL.md',
    'Makefile',
    'package.json',
    'conftest.py',
  ],
  ...['.envrc', '.mcp.json', '.bashrc', '.git/config', '.git/hooks/post-checkout', '.vscode/tasks.json'],
  ...['.husky/pre-commit', '.claude/settings.json', '.github/workflows/x.yml', '.cursorrules', '.npmrc'],
];
/** Folders of agents' roots where what lies is obeyed. */
const OBEYED = [
  'hooks',
  'commands',
  'agents',
  'skills',
  'plugins',
  'extensions',
  'rules',
  'bin',
  'memory',
  'droids',
];

const isNever = (at: string) =>
  NEVER.some((name) => `/${at.toLowerCase()}`.endsWith(`/${name.toLowerCase()}`)) ||
  at.split('/').some((part) => /^\.(?:git|vscode|husky|claude|github|envrc|ssh)$/i.test(part));

/** What no stranger may write. */
const foreignPlaces = ({ places }: AgentFormat) => places.filter(({ kind }) => kind !== 'settings');

const hostilePart = fc.oneof(
  fc.constantFrom(
    '..',
    '.',
    '',
    'a',
    '~',
    '...',
    '..\\..',
    'C:',
    'con',
    'aux.jsonl',
    'x.',
    'x ',
    'a\\b',
    'Projects',
  ),
  fc.constantFrom(...NEVER.flatMap((name) => name.split('/'))),
  fc.constantFrom(
    ...OBEYED,
    'projects',
    'sessions',
    'tasks',
    'session',
    'subagents',
    'main',
    'chats',
    'threads',
    ID,
  ),
  fc.constantFrom(
    'agent-x.jsonl',
    'x.jsonl',
    'main.json',
    'settings.json\0',
    'x\n',
    '\u202egpj',
    `${'n'.repeat(300)}.jsonl`,
  ),
  fc.string({ maxLength: 12 }),
);
const hostilePath = fc.array(hostilePart, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('/'));

const hostileSession = fc.record({
  nativeId: fc.oneof(fc.constant(ID), hostilePath, hostilePart),
  project: fc.oneof(fc.constant(null), fc.constant('/srv/x'), hostilePath),
});

function hostileFile(agent: AgentFormat) {
  // Also what looks nearly right: real places of the agent with a part changed.
  const near = fc
    .tuple(
      fc.constantFrom(...agent.places.map(({ at }) => at)),
      fc.array(hostilePart, { minLength: 1, maxLength: 4 }),
    )
    .map(([at, parts]) => {
      let n = 0;
      return at.replace(/\*\*\/?|\*|\{id\}/g, () => parts[n++ % parts.length] ?? '');
    });
  const main = fc.record({
    role: fc.constant('main' as const),
    key: fc.constant('main'),
    relPath: fc.oneof(fc.constant(''), hostilePath, near),
  });
  const keyed = fc.tuple(
    fc.constantFrom('session/', 'todos/', 'tasks/', 'file-history/', 'task/', 'subagents/', ''),
    hostilePath,
  );
  const any = fc.record({
    role: fc.constantFrom(...FILE_ROLES),
    key: fc.oneof(
      fc.constantFrom('main', 'chat.json', 'messages.json', 'settings.json', 'model.jsonl'),
      keyed.map(([prefix, path]) => prefix + path),
      near.map((at) => agent.classify(at)?.key ?? at),
    ),
    relPath: fc.oneof(fc.constant(''), hostilePath, near),
  });
  return fc.oneof(any, main);
}

describe.each(ALL.map((agent) => [agent.id as string, agent] as const))('%s', (id, agent) => {
  test('whatever an id, a key and a path say, a file is put where its agent keeps that file of that session, or nowhere', () => {
    let placed = 0;
    fc.assert(
      fc.property(
        hostileSession,
        hostileFile(agent),
        fc.constantFrom(...PLATFORMS),
        (session, file, platform) => {
          const { project } = session;
          const at = (own: string, given: string) =>
            placement(
              agent,
              {
                agent: id,
                nativeId: own,
                target: { nativeId: given, project, startedAt: null },
                isForeign: true,
              },
              file,
              platform,
            );
          const found = at(ID_OF(agent), ID_OF(agent));
          const odd = at(session.nativeId, 'x-00');
          for (const one of [found, odd]) {
            if ('why' in one) continue;
            placed += 1;
            const { at } = one;
            // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be in it
            expect(at).not.toMatch(/[\0-\x1f\x7f\\]/);
            expect([at, posix.normalize(at)]).toEqual([at, at]);
            expect(at.split('/')).not.toContain('..');
            expect(posix.isAbsolute(at)).toBe(false);
            expect(at.split('/').every((part) => Buffer.byteLength(part) <= 255)).toBe(true);
            expect([at, isNever(at)]).toEqual([at, false]);
            expect([at, OBEYED.includes(at.split('/')[0] ?? '') && id !== 'openclaw']).toEqual([at, false]);
            // The agent's own format finds it there again, as that file.
            if (one === found) expect(agent.classify(at)?.key).toBe(file.key);
          }
        },
      ),
      { numRuns: 1500 },
    );
    expect(placed, 'some are put somewhere').toBeGreaterThan(0);
  });

  test('what is found lies at its places, and is put back where it was', async () => {
    using bench = new Bench(agent);
    await bench.take();
    const { uid, nativeId, project, startedAt } = bench.row();
    const target = { nativeId: uid.slice(uid.indexOf(':') + 1), project, startedAt };
    const files = filesOf(bench.db, uid);
    expect(files.length).toBeGreaterThan(0);
    for (const file of files)
      expect(placement(agent, { agent: id, nativeId, target, isForeign: false }, file, 'linux')).toEqual({
        at: file.relPath,
      });
  });

  // Where a person's own glob matches anything, it is their folder that it is in.
  if (agent.own !== undefined) return;
  test('no place is one of settings, hooks, commands or rules', () => {
    const paths = [
      ...NEVER,
      ...OBEYED.flatMap((folder) => [`${folder}/x.md`, `${folder}/x.jsonl`, `${folder}/a/SKILL.md`]),
    ];
    const below = agent.places.map(({ at }) => posix.dirname(at.replaceAll('{id}', ID).replaceAll('*', 'x')));
    for (const path of [...paths, ...below.flatMap((folder) => NEVER.map((name) => `${folder}/${name}`))]) {
      const isWritten =
        isPlaceOf(agent.places, path) &&
        nameObstacle(foreignPlaces(agent), path, { platform: 'linux' }) === null;
      expect([path, isWritten]).toEqual([path, false]);
    }
  });
});

const NAMES: readonly (readonly [string, Platform | null])[] = [
  ...[
    '.x',
    '.git',
    'a\\b',
    'a\u0000',
    'a\nb',
    'a\u001b[2J',
    'a\u202eb',
    '.g\u200cit',
    'sett\u200bings.json',
    '\u200d.git',
    'settings.json',
    'SETTINGS.JSON',
  ].map((name) => [name, null] as const),
  ...[
    'Settings.json ',
    'settings.json.',
    'settings.json::$DATA',
    'ｓettings.json',
    'SETTIN~1.JSO',
    'CLAUDE.MD',
    'n'.repeat(256),
  ].map((name) => [name, null] as const),
  ...['é'.repeat(128), 'x.lnk', 'x.code-workspace', 'Makefile', 'GIT~1'].map((name) => [name, null] as const),
  ...['con', 'NUL', 'aux.jsonl', 'COM1.txt', 'lpt¹', 'x.', 'x ', 'a:b', 'a?', 'a"b', 'a|b', 'C:'].map(
    (name) => [name, 'win32'] as const,
  ),
];

test.each(NAMES)('the name %p from a transcript is written on no system, or not on %p', (name, platform) => {
  const format = AGENTS.find(({ id }) => id === 'copilot-cli');
  if (format === undefined) throw new Error('no such agent');
  const at = `session-state/${ID}/files/${name}`;
  for (const each of platform === null ? PLATFORMS : [platform])
    expect([
      each,
      nameObstacle(format.places, at, { platform: each }) !== null || !isPlaceOf(format.places, at),
    ]).toEqual([each, true]);
  if (platform !== null) expect(nameObstacle(format.places, at, { platform: 'linux' })).toBeNull();
});

test('a file of one session is not put at the place of another one, nor one file at that of another', () => {
  const claude = AGENTS[0];
  if (claude === undefined) throw new Error('no agent');
  const other = ID.replace('8c', '8d');
  const target = { nativeId: ID, project: '/srv/x', startedAt: null };
  const asked = { agent: 'claude-code', nativeId: ID, target, isForeign: true };
  const why = (role: 'main' | 'sidecar', key: string, at: string) =>
    obstacleAt(claude, asked, { role, key, relPath: at }, at, 'linux');
  expect(why('main', 'main', `projects/-srv-x/${ID}.jsonl`)).toBeNull();
  expect(why('main', 'main', `projects/-srv-x/${other}.jsonl`)).toContain('another session');
  expect(why('main', 'main', `file-history/${ID}/x`)).toContain('another file');
  expect(why('sidecar', 'file-history/x', `file-history/${other}/x`)).toContain('another session');
  expect(why('sidecar', 'main', `projects/-srv-x/${ID}.jsonl`)).toContain('another file');
});

test('two sessions of one id lie apart, each with its files', () => {
  const claude = AGENTS[0];
  if (claude === undefined) throw new Error('no agent');
  const apart = { nativeId: `${ID}.0a1b2c3d`, project: '/srv/x', startedAt: null };
  const asked = { agent: 'claude-code', nativeId: ID, target: apart, isForeign: true };
  const file = {
    role: 'tool-result',
    key: 'tool-results/t.txt',
    relPath: `projects/-srv-x/${ID}/tool-results/t.txt`,
  } as const;
  expect(placement(claude, asked, file, 'linux')).toEqual({
    at: `projects/-srv-x/${ID}.0a1b2c3d/tool-results/t.txt`,
  });
});

test('every file of genuine homes that is taken for a session’s is put back where it lay', () => {
  if (!existsSync(CORPUS)) return console.log('skipped: no recordings in ../shared/corpus');
  let seen = 0;
  const look = (path: string) => {
    for (const agent of AGENTS.filter(({ growth }) => growth !== 'rows')) {
      const root = agent.rootOf(path);
      const relPath = root === null ? '' : path.slice(root.length + 1);
      const found = root === null || agent.id === 'aider' ? null : agent.classify(relPath);
      // What holds sessions is read alone.
      if (found === null || found.container !== undefined) continue;
      const nativeId = found.nativeId ?? ID;
      const asked = {
        agent: agent.id,
        nativeId,
        target: { nativeId, project: null, startedAt: null },
        isForeign: true,
        isVouchedFor: true,
      };
      const placed = placement(agent, asked, { ...found, relPath }, 'linux');
      const isMoved = /\.imported-\d+$/.test(relPath) && found.role === 'main';
      expect('at' in placed ? placed.at : `${relPath}: ${placed.why}`).toBe(
        isMoved ? `agents/main/sessions/${nativeId}.jsonl` : relPath,
      );
      seen += 1;
    }
  };
  const walk = (folder: string) => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) walk(path);
      else look(path);
    }
  };
  walk(CORPUS);
  expect(seen).toBeGreaterThan(200);
});

const SET: Readonly<Record<string, { readonly key: string; readonly at: string }>> = {
  cline: { key: 'task/settings.json', at: `tasks/${ID}/settings.json` },
  'roo-code': { key: 'task/settings.json', at: `tasks/${ID}/settings.json` },
  droid: { key: 'settings.json', at: `sessions/-home-me/${ID}.settings.json` },
};

test('what a person set for one session is given back, also from an archive of their own, and never from one of a stranger', () => {
  const setting = ALL.filter(({ places }) => places.some(({ kind }) => kind === 'settings'));
  expect(setting.map(({ id }) => id as string).sort()).toEqual(Object.keys(SET).sort());
  for (const agent of setting) {
    const { key = '', at = '' } = SET[agent.id] ?? {};
    const file = { role: 'meta', key, relPath: at } as const;
    const target = { nativeId: ID, project: '/home/me', startedAt: null };
    const asked = { agent: agent.id, nativeId: ID, target };
    const whole = { at: expect.stringContaining('settings.json') };
    expect(placement(agent, { ...asked, isForeign: false }, file, 'linux')).toEqual(whole);
    expect(placement(agent, { ...asked, isForeign: true, isVouchedFor: true }, file, 'linux')).toEqual(whole);
    for (const relPath of [at, '', 'x', at.toUpperCase()])
      expect(
        placement(agent, { ...asked, isForeign: true }, { ...file, relPath }, 'linux'),
        relPath,
      ).toHaveProperty('why');
  }
});

test('no id that a store gives out becomes a flag of the command to go on', () => {
  for (const nativeId of ['a_--yolo', 'a_-x', 'a--b', 'x_', ID, 'session_20260101_120000_ab12cd34'])
    for (const agent of ALL) {
      const { argv } = agent.resume({ nativeId, project: null, startedAt: null });
      const told = argv.filter((word) => word.includes('yolo') || word === '-x' || word === '');
      expect([agent.id, told.filter((word) => word.startsWith('-') || word === '')]).toEqual([agent.id, []]);
    }
});

test('a path of many thousand signs is told in no time', () => {
  const long = ['_'.repeat(60_000), 'a/'.repeat(30_000), 'session-.unreadable-'.repeat(3_000)];
  const began = performance.now();
  for (const agent of ALL)
    for (const text of long)
      for (const prefix of ['', 'sessions/x/', 'tmp/x/chats/'])
        expect(agent.classify(`${prefix}${text}/x`)).toBeNull();
  expect(performance.now() - began).toBeLessThan(2_000);
});

test('an odd name that was met on this machine is given back, and the same one of an archive is not written', () => {
  const [claude] = AGENTS;
  if (claude === undefined) throw new Error('no agent');
  const target = { nativeId: ID, project: null, startedAt: null };
  for (const name of [
    'agent-a\nb.jsonl',
    'agent-\u001b]0;x\u0007.jsonl',
    'agent-a\\b.jsonl',
    'agent-\u202eb.jsonl',
  ]) {
    const key = `subagents/${name}`;
    const file = { role: 'subagent', key, relPath: `projects/-srv-x/${ID}/${key}` } as const;
    const asked = { agent: claude.id, nativeId: ID, target };
    expect(placement(claude, { ...asked, isForeign: false }, file, 'linux')).toEqual({ at: file.relPath });
    expect(placement(claude, { ...asked, isForeign: true }, file, 'linux')).toHaveProperty('why');
  }
});
