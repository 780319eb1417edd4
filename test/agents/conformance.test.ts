// Every agent through the same cases: it gets them by being in AGENTS, with a sample beside this; so do two that only a
// configuration knows. What a format cannot tell its sample names as a gap, and the case that needs it says so.

import { afterAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AGENTS, agentOfFormat } from '../../src/agents/registry.ts';
import type { AgentFormat, Host } from '../../src/domain/agent.ts';
import type { Iso } from '../../src/domain/time.ts';
import { discover } from '../../src/ingest/discover/discover.ts';
import { withProjects } from '../../src/ingest/discover/roots.ts';
import { RestoreTree } from '../../src/restore/plan.ts';
import { filesOf } from '../../src/store/read.ts';
import { KnownSources } from '../../src/store/read-sources.ts';
import { Bench, sampleOf, THREE, turn } from './bench.ts';
import { SAMPLES } from './samples/index.ts';
import { OWN_JSON, OWN_JSONL, OWN_MARKDOWN } from './samples/own.ts';
import type { Gap } from './samples/sample.ts';

const ALL = [
  ...AGENTS,
  agentOfFormat('own-jsonl', OWN_JSONL),
  agentOfFormat('own-json', OWN_JSON),
  agentOfFormat('own-markdown', OWN_MARKDOWN),
];

let cases = 0;
const skipped: string[] = [];
afterAll(() => {
  console.log(`conformance: ${cases} cases of ${ALL.length} agents`);
  for (const line of skipped) console.log(`  left out: ${line}`);
});

type Case = (bench: Bench) => Promise<void> | void;

const CASES: Readonly<
  Record<
    string,
    { readonly run: Case; readonly needs?: Gap; readonly growth?: readonly AgentFormat['growth'][] }
  >
> = {
  'is found where it lies, with its id, its folder and its times': {
    async run(bench) {
      expect(await bench.take()).toMatchObject({ sessions_new: 1, analyzed: 1, warnings: [] });
      const row = bench.row();
      expect(row.agent).toBe(bench.agent.id);
      if (!gap(bench.agent, 'own id'))
        expect(row.uid as string).toBe(`${bench.agent.id}:${bench.sample.sessionId}`);
      if (!gap(bench.agent, 'project')) expect(row.project).toBe(bench.cwd);
      expect(row.title).toBe('prompt number 1');
      if (!gap(bench.agent, 'times')) expect([row.startedAt, row.endedAt]).not.toContain(null);
      expect(await bench.ingest()).toMatchObject({ sessions_new: 0, sessions_unchanged: 1, files_read: 0 });
    },
  },
  // Of an agent that writes two files at once one may tell the times, and the other one the folder.
  'has the times before its analysis that it has after it, and a folder, if any, that is the same': {
    needs: 'times',
    async run(bench) {
      bench.putFiles(bench.files({}));
      await bench.ingest({ analyze: false });
      const before = bench.row();
      await bench.ingest();
      const { startedAt, endedAt, project } = bench.row();
      expect([before.startedAt, before.endedAt]).toEqual([startedAt, endedAt]);
      // Its first and last lines do not say: it stands within a call of a tool.
      if (bench.agent.id !== 'antigravity') expect(before.project).toBe(project);
    },
  },
  'has its times once a clock that was behind is right': {
    needs: 'times',
    async run(bench) {
      bench.now = '2026-04-28T00:00:00.000Z' as Iso;
      await bench.take();
      bench.now = '2026-05-05T00:00:00.000Z' as Iso;
      await bench.ingest();
      const { started_at, ended_at } = bench.digest();
      expect([started_at, ended_at]).not.toContain(null);
      expect([bench.row().startedAt, bench.row().endedAt]).toEqual([started_at, ended_at]);
    },
  },
  'comes out as it went in': {
    async run(bench) {
      await bench.take();
      const { uid } = bench.row();
      bench.expectStored();
      if (bench.agent.growth === 'rows') return;
      const files = bench.files({});
      const stored = filesOf(bench.db, uid);
      for (const [relPath, content] of Object.entries(files)) {
        const file = stored.find((one) => one.relPath === relPath);
        if (bench.agent.classify(relPath) === null) expect(file).toBeUndefined();
        else expect(bench.stored(uid, file?.key).equals(Buffer.from(content))).toBe(true);
      }
    },
  },
  'tells what was asked, run, written and answered': {
    async run(bench) {
      await bench.take();
      const digest = bench.digest();
      expect(bench.prompts()).toEqual(THREE.map(({ prompt }) => prompt));
      expect(digest.outcome).toBe('answer number 3');
      if (!gap(bench.agent, 'commands'))
        expect(digest.commands.map(({ command }) => command)).toEqual(THREE.map(({ command }) => command));
      const touched = [...digest.files.written, ...digest.files.edited];
      if (!gap(bench.agent, 'written')) expect(touched.sort()).toEqual(THREE.map(({ written }) => written));
      expect(digest.records.unknown).toEqual({});
      expect(digest.records.unreadable).toBe(0);
    },
  },
  'counts tokens once': {
    needs: 'tokens',
    async run(bench) {
      await bench.take();
      const one = bench.sample.tokensOfTurn;
      const all = Object.fromEntries(Object.entries(one).map(([field, count]) => [field, count * 3]));
      expect(bench.digest().tokens).toEqual({ ...one, ...all });
    },
  },
  'grows, and only what is new is added': {
    async run(bench) {
      await bench.take({ turns: THREE.slice(0, 2) });
      expect(await bench.take()).toMatchObject({
        sessions_new: 0,
        sessions_grown: 1,
        analyzed: 1,
        warnings: [],
      });
      const { key } = bench.main();
      const { uid } = bench.row();
      bench.expectStored();
      expect(bench.prompts()).toEqual(THREE.map(({ prompt }) => prompt));
      const log = filesOf(bench.db, uid).find((file) => file.key === key)?.logBytes ?? 0;
      // A header that is written anew may come on top; nothing that was there is stored again.
      expect(log).toBeLessThan(bench.stored(uid, key).length + 1500);
    },
  },
  'keeps what the agent takes out again, and its digest too': {
    async run(bench) {
      await bench.take();
      await bench.take({ turns: [turn(1), turn(3)] });
      const { key } = bench.main({ turns: [turn(1), turn(3)] });
      const { uid } = bench.row();
      bench.expectStored({ turns: [turn(1), turn(3)] });
      expect(bench.removed(uid, key)).toContain('prompt number 2');
      expect(new Set(bench.prompts())).toEqual(new Set(THREE.map(({ prompt }) => prompt)));
    },
  },
  'is kept though its end is torn': {
    growth: ['append', 'rewrite'],
    async run(bench) {
      const { relPath, key, bytes } = bench.main();
      const torn = bytes.subarray(0, -12);
      bench.putFiles({ ...bench.files({}), [relPath]: torn });
      await bench.ingest();
      expect(bench.stored(bench.row().uid, key).equals(torn)).toBe(true);
      expect(bench.prompts()).toContain('prompt number 1');
    },
  },
  'is read though records are glued together and NULs lie between': {
    needs: 'records',
    growth: ['append'],
    async run(bench) {
      const { relPath, key, bytes } = bench.main();
      const lines = bytes.toString().split('\n');
      const broken = Buffer.from(
        lines
          .map((line, n) => (n % 3 === 1 ? `\0\0\0${line}` : `${line}${n % 3 === 2 ? '' : '\n'}`))
          .join(''),
      );
      bench.putFiles({ ...bench.files({}), [relPath]: broken });
      await bench.ingest();
      expect(bench.stored(bench.row().uid, key).equals(broken)).toBe(true);
      expect(bench.prompts()).toEqual(THREE.map(({ prompt }) => prompt));
    },
  },
  'shows no secret in its digest': {
    async run(bench) {
      const secret = `ghp_${'a1B2c3D4e5'.repeat(4).slice(0, 36)}`;
      await bench.take({
        turns: [
          { ...turn(1), command: `curl -H "token: ${secret}" x`, prompt: `use ${secret}`, answer: secret },
        ],
      });
      const digest = bench.digest();
      expect(JSON.stringify(digest)).not.toContain(secret);
      expect(digest.redacted).toBeGreaterThan(0);
    },
  },
  'stays in its place whatever its id claims': {
    async run(bench) {
      for (const id of ['../../../x', 'CON', 'a/../../b', `${'x'.repeat(4096)}`, '\u001b[2J', '']) {
        using other = new Bench(bench.agent);
        await other.take({ id });
        const { uid, project, startedAt } = other.row();
        expect(uid).toMatch(/^[a-z0-9-]+:[A-Za-z0-9][A-Za-z0-9._-]{0,140}$/);
        const tree = new RestoreTree(other.root, false);
        for (const file of filesOf(other.db, uid))
          for (const claimed of [id, uid.slice(uid.indexOf(':') + 1)])
            staysInside(tree, other, file, { nativeId: claimed, project, startedAt });
      }
    },
  },
  'is restored to where it was': {
    async run(bench) {
      await bench.take();
      const { uid, project, startedAt } = bench.row();
      const nativeId = uid.slice(uid.indexOf(':') + 1);
      for (const file of filesOf(bench.db, uid))
        expect(bench.agent.restorePath({ nativeId, project, startedAt }, file)).toBe(file.relPath);
    },
  },
  'names the way back to work': {
    async run(bench) {
      await bench.take();
      const { uid, project, startedAt } = bench.row();
      const nativeId = uid.slice(uid.indexOf(':') + 1);
      expect(bench.agent.resume({ nativeId, project, startedAt }).argv).toEqual(bench.sample.resume);
    },
  },
  'is not there in an empty home': {
    run: async (bench) => {
      expect(await bench.ingest({ agent: bench.agent.id })).toMatchObject({ sessions_new: 0, warnings: [] });
    },
  },
  'has its place on every system': {
    needs: 'own places',
    run(bench) {
      const homes = { linux: '/home/me', darwin: '/Users/me', win32: 'C:\\Users\\me' } as const;
      for (const platform of ['linux', 'darwin', 'win32'] as const)
        expect(bench.agent.roots({ homeDir: homes[platform], env: {}, platform })[0]).toBe(
          bench.sample.roots[platform],
        );
    },
  },
  'is found where its variables move it': {
    async run(bench) {
      const { moved = {}, movedByName = {} } = bench.sample;
      expect(Object.keys({ ...moved, ...movedByName }).sort()).toEqual([...bench.agent.variables].sort());
      for (const [variable, root] of Object.entries(moved)) await isFoundAt(bench, variable, root);
      for (const [variable, root] of Object.entries(movedByName))
        await isFoundAt(bench, variable, root, true);
    },
  },
  'keeps a record that no version of it has, counts it and names it': {
    needs: 'unknown records',
    async run(bench) {
      await bench.take({ unknownType: 'hologram' });
      expect(bench.digest().records.unknown).toEqual({ hologram: 1 });
      expect(bench.prompts()).toEqual(THREE.map(({ prompt }) => prompt));
    },
  },
};

const gap = (agent: AgentFormat, name: Gap) => sampleOf(agent).gaps?.includes(name) === true;

function staysInside(
  tree: RestoreTree,
  bench: Bench,
  file: {
    role: 'main' | 'subagent' | 'tool-result' | 'meta' | 'orphaned' | 'sidecar';
    key: string;
    relPath: string;
  },
  session: { nativeId: string; project: string | null; startedAt: Iso | null },
): void {
  const place = bench.agent.restorePath(session, file);
  try {
    expect(tree.place(place).startsWith(`${bench.root}/`)).toBe(true);
  } catch (thrown) {
    // Refusing is the other way to write nothing outside.
    expect(String(thrown)).toContain('refused to write outside');
  }
}

/** `byName`: the variable names a folder of the home, which is another one then. */
async function isFoundAt(bench: Bench, variable: string, root: string, byName = false): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'session-memory-moved-'));
  try {
    const machine: Host = {
      homeDir: byName ? folder : bench.home,
      env: { [variable]: byName ? 'moved' : join(folder, 'moved') },
      platform: 'linux',
    };
    const { project } = bench.sample;
    const put = (path: string, content: string | Uint8Array) => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    };
    // What lists projects is moved, not the projects.
    const ofSession = project === undefined ? join(folder, root) : bench.root;
    for (const [relPath, content] of Object.entries(project?.list(bench.cwd) ?? {}))
      put(join(folder, root, relPath), content);
    for (const [relPath, content] of Object.entries(bench.files({}))) put(join(ofSession, relPath), content);
    const host = withProjects(machine, bench.db, [bench.agent]);
    const warnings: string[] = [];
    const warn = (text: string) => warnings.push(text);
    using opened = new DisposableStack();
    const found = await discover({
      opened,
      host,
      paths: [],
      agent: bench.agent,
      agents: [],
      known: new KnownSources(bench.db),
      now: bench.now,
      warn,
    });
    expect(found.sessions.length).toBe(1);
    expect(found.sessions[0]?.root).toBe(ofSession);
    expect(warnings).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.each(ALL.map((agent) => [agent.id as string, agent] as const))('%s', (id, agent) => {
  for (const [name, { run, needs, growth }] of Object.entries(CASES)) {
    if (needs !== undefined && gap(agent, needs)) {
      skipped.push(`${id} has no ${needs}: ${name}`);
      continue;
    }
    if (growth !== undefined && !growth.includes(agent.growth)) continue;
    cases++;
    test(name, async () => {
      using bench = new Bench(agent);
      await run(bench);
    });
  }
});

test('every sample is of an agent in the list', () => {
  const ids: readonly string[] = ALL.map(({ id }) => id);
  expect(Object.keys(SAMPLES).filter((id) => !ids.includes(id))).toEqual([]);
});
