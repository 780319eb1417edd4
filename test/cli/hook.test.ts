/** What an agent's hook may meet: it stores what it should, reads nothing else, and never makes itself heard. */
import { describe, expect, test } from 'bun:test';
import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { agentById } from '../../src/agents/registry.ts';
import * as schemas from '../../src/cli/schemas.ts';
import { ownPlaceOf } from '../../src/ingest/own-place.ts';
import { connect } from '../../src/store/connection.ts';
import { HOOKED } from '../../src/unattended/hooked.ts';
import { startLine } from '../../src/unattended/start-line.ts';
import { claudePath, promptLine } from '../support/bench-world.ts';
import { Program } from '../support/program.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const UID = `claude-code:${ID}`;
const SILENT = { code: 0, out: '', err: '' };

class Hooked extends Program {
  /** Starts a hook, hands it `input` and waits for its end. */
  async hook(input: string | null, ...words: string[]) {
    const started = performance.now();
    const child = Bun.spawn([...this.command, '--store', this.store, 'hook', ...words], {
      env: { PATH: Bun.env['PATH'] ?? '', HOME: this.home, ...this.env },
      stdin: input === null ? 'ignore' : new Blob([input]),
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const [out, err, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { told: { code, out, err }, ms: performance.now() - started };
  }

  event(path: string, name = 'SessionEnd'): string {
    return JSON.stringify({ session_id: ID, transcript_path: path, cwd: '/srv', hook_event_name: name });
  }

  async list() {
    const told = await this.run('list', '--json');
    if (told.code !== 0) throw new Error(told.out);
    return schemas.listSchema.parse(told.json()).sessions;
  }

  /** What a process that was left behind does is done some time later. */
  async until(isSo: (sessions: Awaited<ReturnType<Hooked['list']>>) => boolean): Promise<void> {
    for (let tries = 0; !isSo(await this.list()); tries += 1) {
      if (tries > 200) throw new Error(`it is not so: ${JSON.stringify(await this.list())}`);
      await Bun.sleep(20);
    }
  }
}

describe('a transcript that an event names', () => {
  test('is stored when the hook ends, and digested soon after', async () => {
    using home = new Hooked();
    await home.run('ingest');
    const path = home.put(claudePath(ID), promptLine(ID, 'one'));
    expect((await home.hook(home.event(path), 'claude-code')).told).toEqual(SILENT);
    expect((await home.list()).map(({ session_uid }) => session_uid)).toEqual([UID]);
    await home.until(([session]) => session?.state === 'analyzed');
    writeFileSync(path, promptLine(ID, 'one') + promptLine(ID, 'two'));
    expect((await home.hook(home.event(path, 'PreCompact'), 'claude')).told).toEqual(SILENT);
    expect((await home.list())[0]?.raw_bytes).toBe(statSync(path).size);
    await home.until(([session]) => session?.state === 'analyzed');
  });

  test('makes the store where there is none', async () => {
    using home = new Hooked();
    const path = home.put(claudePath(ID), promptLine(ID, 'one'));
    expect((await home.hook(home.event(path), 'claude-code')).told).toEqual(SILENT);
    expect(await home.list(), 'at once').toHaveLength(1);
    await home.until(([session]) => session?.state === 'analyzed');
  });

  test('of a start brings in all that the agent has, before it deletes what is old', async () => {
    using home = new Hooked();
    home.put(claudePath(ID), promptLine(ID, 'old'));
    const fresh = join(home.home, claudePath('22222222-1111-4111-8111-111111111111'));
    expect((await home.hook(home.event(fresh, 'SessionStart'), 'claude-code')).told).toEqual(SILENT);
    await home.until((sessions) => sessions.some(({ session_uid }) => session_uid === UID));
  });

  test.each([
    [
      'hookEventName and transcriptPath',
      (path: string) => ({ hookEventName: 'sessionEnd', transcriptPath: path }),
    ],
    [
      'a byte order mark and members of no use',
      (path: string) => ({ transcript_path: path, a: [1], b: null }),
    ],
  ])('is found by %s', async (_, eventOf) => {
    using home = new Hooked();
    await home.run('ingest');
    const path = home.put(claudePath(ID), promptLine(ID, 'one'));
    await home.hook(`\ufeff${JSON.stringify(eventOf(path))}`, 'claude-code');
    expect(await home.list()).toHaveLength(1);
  });
});

describe('a path outside the agent’s own places is never read', () => {
  const line = promptLine(ID, 'a secret of somebody else');
  test.each([
    ['elsewhere in the home folder', 'notes/x.jsonl', (home: Hooked) => join(home.home, 'notes/x.jsonl')],
    [
      'by climbing',
      'notes/x.jsonl',
      (home: Hooked) => `${home.home}/.claude/projects/p/../../../notes/x.jsonl`,
    ],
    [
      'by a link',
      'notes/x.jsonl',
      (home: Hooked) => {
        const path = join(home.home, '.claude/projects/p', `${ID}.jsonl`);
        mkdirSync(dirname(path), { recursive: true });
        symlinkSync(join(home.home, 'notes/x.jsonl'), path);
        return path;
      },
    ],
    [
      'in the agent’s folder, and no transcript by its place',
      '.claude/x.jsonl',
      (home: Hooked) => join(home.home, '.claude/x.jsonl'),
    ],
    [
      'of another agent',
      '.codex/sessions/2026/05/01/rollout-x.jsonl',
      (home: Hooked) => join(home.home, '.codex/sessions/2026/05/01/rollout-x.jsonl'),
    ],
    ['that is relative', 'notes/x.jsonl', () => 'notes/x.jsonl'],
  ])('%s', async (_, put, named) => {
    using home = new Hooked();
    await home.run('ingest');
    home.put(put, line);
    const { told } = await home.hook(home.event(named(home)), 'claude-code');
    expect(told).toEqual(SILENT);
    // The agent's own folder is looked at in its place; what lies there by its layout may be stored.
    const stored = (await home.list()).filter(({ title }) => title?.includes('somebody else'));
    expect(stored).toEqual([]);
  });
});

describe('whatever is handed to it, it says nothing and exits 0', () => {
  test.each([
    ['no input', null, ['claude-code']],
    ['an empty one', '', ['claude-code']],
    ['no JSON', '{"transcript_path": ', ['claude-code']],
    ['JSON of another shape', '[1, null, "x"]', ['codex']],
    ['a path of another kind', '{"transcript_path": {"a": 1}}', ['claude-code']],
    ['a path with a NUL', '{"transcript_path": "/a\\u0000b"}', ['claude-code']],
    ['a path as long as no path is', `{"transcript_path": "/${'x'.repeat(100_000)}"}`, ['claude-code']],
    ['a file that is gone', '{"transcript_path": "/nowhere/x.jsonl"}', ['claude-code']],
    ['megabytes', `{"prompt": "${'x'.repeat(3_000_000)}"}`, ['claude-code']],
    ['an agent that nobody knows', '{}', ['no-such-agent']],
    ['no agent', '{}', []],
    ['a flag that nobody knows', '{}', ['claude-code', '--frob']],
    ['a word too many', '{}', ['claude-code', 'more']],
  ])('%s', async (_, input, words) => {
    using home = new Hooked();
    expect((await home.hook(input, ...words)).told).toEqual(SILENT);
  });

  test('each agent that is in the table', async () => {
    using home = new Hooked();
    for (const { id } of HOOKED) expect((await home.hook('{}', id)).told).toEqual(SILENT);
  });

  test('a configuration that cannot be read, a store that is none, a folder that may not be written to', async () => {
    using home = new Hooked();
    const path = home.put(claudePath(ID), promptLine(ID, 'one'));
    home.put('.config/session-memory/config.toml', 'frob = [');
    expect((await home.hook(home.event(path), 'claude-code')).told).toEqual(SILENT);
    home.put('.config/session-memory/config.toml', '');
    mkdirSync(dirname(home.store), { recursive: true });
    writeFileSync(home.store, 'no database at all, but long enough to be looked at\n'.repeat(20));
    expect((await home.hook(home.event(path), 'claude-code')).told).toEqual(SILENT);
    home.store = join(home.folder, 'closed', 's.db');
    mkdirSync(dirname(home.store));
    chmodSync(dirname(home.store), 0o500);
    expect((await home.hook(home.event(path), 'claude-code')).told).toEqual(SILENT);
    chmodSync(dirname(home.store), 0o700);
  });

  test('a store that another process writes to: within a second, and what came is stored once that is over', async () => {
    using home = new Hooked();
    await home.run('ingest');
    const path = home.put(claudePath(ID), promptLine(ID, 'one'));
    const other = connect(home.store, 'write');
    other.exec('BEGIN IMMEDIATE');
    const { told, ms } = await home.hook(home.event(path), 'claude-code');
    expect(told).toEqual(SILENT);
    // Of the program's own second; starting it from source takes its share on a busy machine.
    expect(ms).toBeLessThan(3000);
    other.exec('ROLLBACK');
    other.close();
    await home.until(([session]) => session?.state === 'analyzed');
  });

  test('an input whose other end stays open', async () => {
    using home = new Hooked();
    await home.run('ingest');
    const child = Bun.spawn([...home.command, '--store', home.store, 'hook', 'claude-code'], {
      env: { PATH: Bun.env['PATH'] ?? '', HOME: home.home },
      stdin: 'pipe',
      stdout: 'pipe',
    });
    expect(await child.exited).toBe(0);
    expect(await new Response(child.stdout).text()).toBe('');
  });
});

test('called by the agent that an analyzer started, it stores nothing', async () => {
  using home = new Hooked();
  await home.run('ingest');
  const path = home.put(claudePath(ID), promptLine(ID, 'one'));
  home.env['SESSION_MEMORY_ANALYZING'] = '/tmp/x';
  expect((await home.hook(home.event(path), 'claude-code')).told).toEqual(SILENT);
  expect(await home.list()).toEqual([]);
});

test('a link within the agent’s folder that leads to another of its files names no transcript', () => {
  using home = new Hooked();
  const agent = agentById('claude-code', {});
  if (agent === null) throw new Error('no such agent');
  const host = { homeDir: home.home, env: {}, platform: 'linux' } as const;
  home.put('.claude/.credentials.json', '{}');
  const path = home.put(claudePath(ID), promptLine(ID, 'one'));
  const link = join(dirname(path), 'link.jsonl');
  symlinkSync('../../.credentials.json', link);
  expect([ownPlaceOf(agent, host, path), ownPlaceOf(agent, host, link)]).toEqual([path, null]);
});

describe('at the start of a session one line tells the person that something is at risk', () => {
  const danger = async (id: string, name: string) => {
    using home = new Hooked();
    const path = home.put(claudePath(ID), promptLine(ID, 'one'));
    await home.run('ingest');
    home.env['SESSION_MEMORY_RAW_SOFT_CAP_BYTES'] = '0';
    home.env['SESSION_MEMORY_RAW_HARD_CAP_BYTES'] = '0';
    return (await home.hook(home.event(path, name), id)).told;
  };

  test.each(['claude-code', 'gemini-cli'])(
    '%s shows it, by the one field that is for the person',
    async (id) => {
      const { code, out, err } = await danger(id, 'SessionStart');
      expect([code, err]).toEqual([0, '']);
      expect(JSON.parse(out)).toEqual({
        systemMessage:
          'session-memory: the store is over its hard cap, so new sessions are not stored. Run `session-memory doctor`.',
      });
    },
  );

  test('no other agent hears it, and at no other moment', async () => {
    for (const { id } of HOOKED.filter((agent) => !['claude-code', 'gemini-cli'].includes(agent.id)))
      expect(await danger(id, 'SessionStart'), id).toEqual(SILENT);
    for (const name of ['SessionEnd', 'PreCompact', 'Stop', ''])
      expect(await danger('claude-code', name), name).toEqual(SILENT);
  });

  test('and where all is well nobody does', () => {
    for (const { id } of HOOKED)
      expect(startLine(id, { atRiskNotStored: 0, isOverHardCap: false })).toBeNull();
    expect(startLine('claude-code', { atRiskNotStored: 2, isOverHardCap: false })).toContain(
      '2 sessions are not stored and will soon be deleted by their agent.',
    );
  });
});
