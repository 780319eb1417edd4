/** Agents of the configuration from the folder to the store: whose a file is, and what holds where their table is gone. */
import { describe, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { agentById, agentOfFormat } from '../../src/agents/registry.ts';
import type { Host } from '../../src/domain/agent.ts';
import type { SessionUid } from '../../src/domain/ids.ts';
import type { OwnFormat } from '../../src/domain/own-format.ts';
import { analyzeSession, salvageSession, sessionsToRenew } from '../../src/ingest/analyze.ts';
import { scanAgents } from '../../src/ingest/discover/scan.ts';
import { prepare } from '../../src/ingest/fast-path/prepare.ts';
import { digestOf } from '../../src/ingest/fast-path/prepare-digest.ts';
import { digestsOf, findSession, listSessions } from '../../src/store/read.ts';
import { tombstonesOf } from '../../src/store/read-sources.ts';
import { loseByHand } from '../../src/store/write-sweep.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const ID = '11111111-1111-4111-8111-111111111111';
const JSONL: OwnFormat = { glob: '**/*.jsonl', format: 'jsonl' };

/** A world whose configuration has a table for each of `own`, over the folder `root` of the home. */
class OwnWorld extends World {
  agents: NonNullable<Host['agents']> = {};

  override get host(): Host {
    return { ...super.host, agents: this.agents };
  }

  configure(id: string, own: OwnFormat = JSONL, root = 'logs'): void {
    this.agents = { ...this.agents, [id]: { enabled: true, roots: [join(this.home, root)], own } };
  }

  talk(relPath: string, text = 'hello', more: object = {}): string {
    const lines = [
      { role: 'user', content: text, ...more },
      { role: 'assistant', content: `${text} too` },
    ];
    return this.put(relPath, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  uids(): string[] {
    return [...listSessions(this.db)].map(({ uid }) => uid as string).sort();
  }

  analyze(uid: string) {
    const deps = { db: this.db, clock: this.clock, external: null, host: this.host };
    return analyzeSession(deps, uid as SessionUid, new AbortController().signal);
  }
}

describe('whose a file is', () => {
  test('a file that a known agent has is not stored a second time', async () => {
    using world = new OwnWorld();
    world.configure('mine', JSONL, '.claude');
    world.put(claudePath(ID), promptLine(ID, 'hello'));
    world.talk('.claude/elsewhere/a.jsonl');
    expect(await world.ingest()).toMatchObject({ sessions_new: 2, warnings: [] });
    expect(world.uids()).toEqual([`claude-code:${ID}`, 'mine:elsewhere--a']);
    expect(await world.ingest()).toMatchObject({ sessions_unchanged: 2, files_read: 0 });
  });

  test('of two in the configuration the first has it', async () => {
    using world = new OwnWorld();
    world.configure('one');
    world.configure('two');
    world.talk('logs/a.jsonl');
    await world.ingest();
    expect(world.uids()).toEqual(['one:a']);
    expect(await world.ingest()).toMatchObject({ sessions_unchanged: 1, files_read: 0 });
  });

  test("a folder that is named is no agent's because a glob would match in it", async () => {
    using world = new OwnWorld();
    world.configure('mine');
    world.put(`backup/${claudePath(ID)}`, promptLine(ID, 'hello'));
    world.put('backup/notes/other.jsonl', '{"a":1}\n');
    await world.ingest({ paths: [join(world.home, 'backup')] });
    expect(world.uids()).toEqual([`claude-code:${ID}`]);
  });

  test('a path below its root, or any where it is named, is taken as its', async () => {
    using world = new OwnWorld();
    world.configure('mine');
    const path = world.talk('logs/x/a.jsonl');
    world.talk('logs/x/b.jsonl');
    await world.ingest({ paths: [path] });
    expect(world.uids()).toEqual(['mine:x--a']);
    world.talk('copy/y/c.jsonl');
    await world.ingest({ paths: [join(world.home, 'copy')], agent: agentOfFormat('mine', JSONL).id });
    expect(world.uids()).toEqual(['mine:x--a', 'mine:y--c']);
  });

  test('two files that claim one id and differ are two sessions; a folder that the glob matches is none', async () => {
    using world = new OwnWorld();
    world.configure('mine', { ...JSONL, id: ['sid'] });
    world.talk('logs/x/a.jsonl', 'one', { sid: 's1' });
    world.talk('logs/y/a.jsonl', 'another one', { sid: 's1' });
    world.talk('logs/folder.jsonl/b.jsonl', 'third', { sid: 's2' });
    expect(await world.ingest()).toMatchObject({ warnings: [], failed: 0 });
    expect(world.uids().map((uid) => uid.replace(/\.[0-9a-f]{8}$/, '.*'))).toEqual([
      'mine:s1',
      'mine:s1.*',
      'mine:s2',
    ]);
    expect(await world.ingest()).toMatchObject({ sessions_new: 0, sessions_grown: 0, files_read: 0 });
  });

  test('switched off it is not looked for, and a glob that matches nothing is told by a scan', async () => {
    using world = new OwnWorld();
    world.configure('mine', { ...JSONL, glob: '*.ndjson' });
    world.talk('logs/a.jsonl');
    const told: string[] = [];
    const scans = await scanAgents(world.db, world.host, world.clock, (text) => told.push(text));
    expect(scans).toMatchObject([{ agent: 'mine', proof: 'configuration', sessions: 0 }]);
    expect(told).toEqual([`agents.mine.glob: no file below ${join(world.home, 'logs')} matches *.ndjson`]);
    world.agents = { mine: { enabled: false, roots: [join(world.home, 'logs')], own: JSONL } };
    expect(await world.ingest()).toMatchObject({ sessions_new: 0 });
  });
});

describe('where its table is gone from the configuration', () => {
  test('an analysis fails, names the table, and goes on where it is back', async () => {
    using world = new OwnWorld();
    world.configure('mine');
    world.talk('logs/a.jsonl');
    await world.ingest({ analyze: false });
    const { agents } = world;
    world.agents = {};
    const outcome = await world.analyze('mine:a');
    expect(outcome).toMatchObject({ ok: false, why: expect.stringContaining('[agents.mine]') });
    const row = findSession(world.db, 'mine:a' as SessionUid);
    expect([row?.analyzedAt, row?.analyzeError]).toEqual([null, outcome.ok ? '' : outcome.why]);
    expect(digestsOf(world.db, 'mine:a' as SessionUid)).toEqual([]);
    world.agents = agents;
    expect(await world.analyze('mine:a')).toEqual({ ok: true });
  });

  test('a session keeps its digest, and one that is lost leaves a tombstone of what it had grown to', async () => {
    using world = new OwnWorld();
    world.configure('mine');
    world.talk('logs/a.jsonl');
    world.talk('logs/b.jsonl');
    await world.ingest();
    const grown = world.talk('logs/b.jsonl', 'hello');
    const more = '{"role":"user","content":"more"}\n';
    world.put('logs/b.jsonl', `${await Bun.file(grown).text()}${more}`);
    await world.ingest({ analyze: false });
    world.agents = {};
    expect((await world.analyze('mine:a')).ok).toBe(false);
    expect(findSession(world.db, 'mine:a' as SessionUid)?.analyzedAt).not.toBeNull();
    const uid = 'mine:b' as SessionUid;
    await salvageSession({ db: world.db, clock: world.clock, external: null, host: world.host }, uid);
    const card = findSession(world.db, uid);
    if (card === null) throw new Error('no session');
    const victim = { uid, generation: card.generation, storedBytes: card.storedBytes, reason: 'test' };
    expect(loseByHand(world.db, victim, world.now)).toMatchObject({ kind: 'evicted' });
    expect(tombstonesOf(world.db, uid)[0]?.rawBytes).toBe(card.rawBytes);
  });
});

test('a configuration that does not fit leaves sessions un-analyzed; mended, they and those before are made anew', async () => {
  using world = new OwnWorld();
  world.configure('mine', { ...JSONL, text: ['words'] });
  world.talk('logs/a.jsonl');
  const report = await world.ingest();
  expect(report).toMatchObject({ sessions_new: 1, analyzed: 0, analyze_failed: 1 });
  expect(report.warnings).toEqual([
    'analyze failed for mine:a: no record of a person in 2 has agents.mine.text (words)',
  ]);
  world.configure('mine');
  expect(sessionsToRenew(world.db, world.now, world.host)).toEqual(['mine:a' as SessionUid]);
  await world.analyze('mine:a');
  expect(JSON.parse(world.digestJson('mine:a'))).toMatchObject({ outcome: 'hello too' });
  expect(sessionsToRenew(world.db, world.now, world.host)).toEqual(['mine:a' as SessionUid]);
  expect(sessionsToRenew(world.db, world.now)).toEqual([]);
});

test('why it does not fit holds no secret, though a wrong place led to one', async () => {
  using world = new OwnWorld();
  world.configure('mine', { ...JSONL, role: ['content'] });
  const secret = `ghp_${'a1B2c3D4e5'.repeat(4).slice(0, 36)}`;
  world.talk('logs/a.jsonl', secret);
  const { warnings } = await world.ingest();
  expect(warnings[0]).toContain('agents.mine.role (content) is');
  expect(
    `${warnings} ${findSession(world.db, 'mine:a' as SessionUid)?.analyzeError}`.toLowerCase(),
  ).not.toContain(secret.toLowerCase());
});

test('made ready on another thread it is what the long way stores: the order carries its format', async () => {
  using long = new OwnWorld();
  using ready = new OwnWorld();
  for (const world of [long, ready]) {
    world.configure('mine');
    for (const n of [1, 2, 3]) world.talk(`logs/${n}.jsonl`, `talk ${n}`);
  }
  let queue: Promise<unknown> = Promise.resolve();
  ready.preparer = {
    prepare: (order) => {
      expect(agentById(order.agent)).toBeNull();
      const made = queue.then(() =>
        prepare(order, async (asked) => {
          // As a thread gets it: a copy of plain values.
          const { agent, own = JSONL, ...rest } = structuredClone(asked);
          return await digestOf({ ...rest, agent }, agentOfFormat(agent, own));
        }),
      );
      queue = made.catch(() => undefined);
      return made;
    },
    end: () => undefined,
  };
  await long.ingest();
  await ready.ingest();
  for (const uid of ['mine:1', 'mine:2', 'mine:3']) {
    expect(ready.digestJson(uid)).toBe(long.digestJson(uid));
    expect(ready.stored(uid).equals(long.stored(uid))).toBe(true);
  }
});

test('evicted, it is known again under its tombstone; gone from the disk, it stays in the store', async () => {
  using world = new OwnWorld();
  world.configure('mine');
  const path = world.talk('logs/a.jsonl');
  world.talk('logs/b.jsonl');
  await world.ingest();
  world.evict('mine:a');
  expect(await world.ingest({ full: true })).toMatchObject({ sessions_new: 0, sessions_evicted: 1 });
  rmSync(path);
  rmSync(join(world.home, 'logs/b.jsonl'));
  await world.ingest();
  expect(world.uids()).toEqual(['mine:a', 'mine:b']);
  expect(world.stored('mine:b').length).toBeGreaterThan(0);
});

test('a document with a turn that is nested too deep to be written out gets its digest all the same', async () => {
  using world = new OwnWorld();
  world.configure('mine', { glob: '**/*.json', format: 'json', list: ['messages'] });
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const turn = (role: string, content: string, more = '') =>
    `{"role":"${role}","content":"${content}"${more}}`;
  const turns = [
    turn('user', 'before'),
    turn('assistant', 'deep', `,"data":${deep}`),
    turn('user', 'after', `,"data":${deep}`),
    turn('assistant', 'done'),
  ];
  world.put('logs/a.json', `{"messages":[${turns.join(',')}]}`);
  await world.ingest();
  await world.analyze('mine:a');
  const [digest] = digestsOf(world.db, 'mine:a' as SessionUid);
  expect(JSON.stringify(digest)).toContain('after');
  expect(findSession(world.db, 'mine:a' as SessionUid)?.analyzeError).toBeNull();
});
