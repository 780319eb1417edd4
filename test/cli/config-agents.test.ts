/** `[agents.ID]`: what is switched off, what is looked in besides, and how a mistake in it is told. */
import { describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentsOf as agentsHere } from '../../src/agents/registry.ts';
import { loadSettings } from '../../src/cli/config.ts';
import type { AgentSettings, Host } from '../../src/domain/agent.ts';
import { FailureError } from '../../src/domain/errors.ts';
import { type Discovery, discover } from '../../src/ingest/discover/discover.ts';
import { scanAgents } from '../../src/ingest/discover/scan.ts';
import { KnownSources } from '../../src/store/read-sources.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const [HOME_ID, BOX_ID] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];

/** The settings that a file of this text gives, or its refusal as `sentence / way out`, the file's path as FILE. */
async function agentsOf(text: string): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'session-memory-config-'));
  const file = join(folder, 'config.toml');
  writeFileSync(file, text);
  try {
    return (await loadSettings({ homeDir: '/home/me', env: {}, platform: 'linux' }, { config: file })).agents;
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown;
    return `${thrown.failure.message} / ${thrown.failure.hint}`.replaceAll(file, 'FILE');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('an agent is on, and has no further roots, unless its table says otherwise; ~ is the home', async () => {
  expect(await agentsOf('store = "/x"')).toEqual({});
  expect(
    await agentsOf('[agents.codex]\nenabled = false\n[agents.claude-code]\nroots = ["/x/.claude", "~/y"]'),
  ).toEqual({
    codex: { enabled: false, roots: [] },
    'claude-code': { enabled: true, roots: ['/x/.claude', '/home/me/y'] },
  });
});

describe('a mistake names the file, the key and the way out', () => {
  test.each([
    [
      '[agents.claud-code]\nenabled = false',
      'unknown agent claud-code in FILE, line 1 / Did you mean claude-code?',
    ],
    [
      '[agents.lathe]\nroots = ["/x"]',
      'unknown agent lathe in FILE, line 1 / For an agent of your own add glob = "**/*.jsonl" (which files are transcripts) and roots = ["~/.lathe"] (where they lie).',
    ],
    [
      '[agents.codex]\nroot = ["/x"]',
      'unknown key agents.codex.root in FILE, line 2 / The keys of an agent are enabled and roots.',
    ],
    [
      '[agents.codex]\nenabled = "no"',
      'agents.codex.enabled in FILE, line 2 is of a wrong kind / It takes true or false, without quotes.',
    ],
    [
      '[agents.codex]\nroots = "/x"',
      'agents.codex.roots in FILE, line 2 is of a wrong kind / It takes a list of folders: ["/mnt/box/.claude"].',
    ],
    [
      'agents.codex = false',
      'agents.codex in FILE, line 1 is of a wrong kind / It takes a table: its keys are enabled and roots.',
    ],
    [
      '[agents.codex]\nroots = ["box/.codex"]',
      'agents.codex.roots in FILE holds box/.codex, which is not absolute / Write the whole path, or begin it with ~/.',
    ],
  ])('%s', async (text, refusal) => {
    // Behind the way out all agents are named.
    const told = await agentsOf(text);
    expect(typeof told === 'string' ? told.replace(/ Known are .*$/, '') : told).toBe(refusal);
  });
});

/** A world with one session in Claude Code's own folder and one in a folder of another name. */
function twoPlaces(world: World): string {
  world.put(claudePath(HOME_ID), promptLine(HOME_ID, 'at home'));
  world.put(`box/${claudePath(BOX_ID)}`.replace('.claude', 'agent-home'), promptLine(BOX_ID, 'in the box'));
  const root = join(world.host.homeDir, 'box', 'agent-home');
  mkdirSync(root, { recursive: true });
  return root;
}

function found(world: World, claude: AgentSettings, paths: readonly string[] = []): Promise<Discovery> {
  const host: Host = { ...world.host, agents: { 'claude-code': claude } };
  const warn = () => undefined;
  return discover({
    host,
    paths,
    agent: null,
    agents: agentsHere(host),
    known: new KnownSources(world.db),
    now: world.now,
    warn,
    opened: new DisposableStack(),
  });
}

test('a further root is looked in beside the own one; a folder below it is known as its', async () => {
  using world = new World();
  const root = twoPlaces(world);
  const settings = { enabled: true, roots: [root] };
  expect((await found(world, settings)).sessions.map(({ nativeId }) => nativeId).sort()).toEqual([
    HOME_ID,
    BOX_ID,
  ]);
  const below = await found(world, settings, [join(root, 'projects')]);
  expect(below.sessions.map(({ nativeId, root: at }) => [nativeId, at])).toEqual([[BOX_ID, root]]);
});

test('an agent that is switched off is not looked for, and still taken by its path', async () => {
  using world = new World();
  twoPlaces(world);
  const off = { enabled: false, roots: [] };
  expect((await found(world, off)).sessions).toEqual([]);
  const named = await found(world, off, [join(world.host.homeDir, '.claude')]);
  expect(named.sessions.map(({ nativeId }) => nativeId)).toEqual([HOME_ID]);
});

test('a further root that is not there is told by a scan, and is no error', async () => {
  using world = new World();
  twoPlaces(world);
  const told: string[] = [];
  const host: Host = {
    ...world.host,
    agents: { 'claude-code': { enabled: true, roots: ['/gone/.claude'] } },
  };
  const scans = await scanAgents(world.db, host, world.clock, (text) => told.push(text));
  expect(scans.map(({ agent, sessions }) => [agent, sessions])).toEqual([['claude-code', 1]]);
  expect(told).toEqual([
    'agents.claude-code.roots: /gone/.claude is not there now; nothing is found in it until it is',
  ]);
});
