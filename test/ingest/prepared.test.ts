/** What is made ready on another thread is, to the last byte, what the long way stores. */
import { describe, expect, test } from 'bun:test';
import { copyFileSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { agentById } from '../../src/agents/registry.ts';
import { type Preparer, prepare } from '../../src/ingest/fast-path/prepare.ts';
import { digestOf } from '../../src/ingest/fast-path/prepare-digest.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const SAMPLES = join(import.meta.dir, '../../src/demo-samples');
const ID = (n: number) => `4000000${n}-0000-4000-8000-000000000000`;

/** On this thread, one after the other. `before`: what happens to the world just before a session is read. */
function inPlace(
  before: (uid: string) => void = () => undefined,
): Preparer & { orders: string[]; ended: number } {
  let queue: Promise<unknown> = Promise.resolve();
  return {
    orders: [],
    ended: 0,
    prepare(order) {
      this.orders.push(order.uid);
      const agent = agentById(order.agent);
      if (agent === null) throw new Error(order.agent);
      const ready = queue.then(() => {
        before(order.uid);
        return prepare(order, (asked) => digestOf(asked, agent));
      });
      queue = ready.catch(() => undefined);
      return ready;
    },
    end() {
      this.ended += 1;
    },
  };
}

function samples(world: World): void {
  for (const name of readdirSync(join(SAMPLES, 'claude-code'))) {
    const path = join(world.home, '.claude/projects/-home-me-website', name);
    mkdirSync(dirname(path), { recursive: true });
    copyFileSync(join(SAMPLES, 'claude-code', name), path);
  }
  for (const name of readdirSync(join(SAMPLES, 'codex'))) {
    const path = join(world.home, '.codex/sessions/2026/05/31', name);
    mkdirSync(dirname(path), { recursive: true });
    copyFileSync(join(SAMPLES, 'codex', name), path);
  }
  world.put(claudePath(ID(1)), promptLine(ID(1), 'with a subagent'));
  const beside = `.claude/projects/-home-me-project/${ID(1)}`;
  world.put(`${beside}/subagents/agent-aaaaaaaa.jsonl`, promptLine(ID(1), 'of the subagent'));
  world.put(`${beside}/tool-results/long.txt`, 'spilled');
  world.put(claudePath(ID(2)), '');
  world.put(claudePath(ID(3)), promptLine(ID(3), `five MiB ${'and more '.repeat(600_000)}`));
}

/** Every table that an ingest fills, without numbers of rows, paths of this world and inodes. */
function tables(world: World): unknown {
  const plain = (rows: unknown[]) =>
    rows.map((row) => JSON.stringify(row).replaceAll(world.home, 'HOME')).sort();
  return [
    `SELECT session_uid, agent, native_id, project, title, branch, parent_uid, agent_root, started_at, ended_at, ingested_at,
       analyzed_at, digest_at, analyze_error, raw_generation, raw_bytes, stored_bytes, digest_bytes, file_count, state FROM sessions`,
    `SELECT session_uid, role, key, rel_path, encoding, f.raw_bytes, log_bytes, extents, hex(sha256) AS h, gone
       FROM files f JOIN sessions s ON s.id = session_id`,
    `SELECT session_uid, log_offset, g.raw_bytes, hex(sha256) AS h FROM segments g JOIN sessions s ON s.id = session_id`,
    `SELECT session_uid, generation, complete, version, made_at, json FROM digests d JOIN sessions s ON s.id = session_id`,
    `SELECT path, o.agent, session_uid, taken_bytes, hex(head_sha256) AS h, hex(tail_sha256) AS t
       FROM sources o JOIN sessions s ON s.id = session_id`,
    'SELECT * FROM counters',
  ].map((sql) => plain(world.db.all(sql)));
}

describe('sessions that are made ready', () => {
  test('are stored as the long way stores them, digests and all', async () => {
    using long = new World();
    using ready = new World();
    for (const world of [long, ready]) samples(world);
    const preparer = inPlace();
    ready.preparer = preparer;
    const [one, two] = [await long.ingest(), await ready.ingest()];
    expect(preparer.orders.length, 'all but none went this way').toBe(12);
    expect(preparer.ended, 'the threads were let go').toBe(1);
    expect(tables(ready)).toEqual(tables(long));
    expect({ ...two, agents: [] }).toEqual({ ...one, agents: [] });
  });

  test('without digests are stored as the long way stores them, and digested alike afterwards', async () => {
    using long = new World();
    using ready = new World();
    long.isLongWay = true;
    for (const world of [long, ready]) samples(world);
    const [one, two] = [await long.ingest({ analyze: false }), await ready.ingest({ analyze: false })];
    expect([two.sessions_new, two.analyzed, two.analyze_failed]).toEqual([12, 0, 0]);
    expect(tables(ready)).toEqual(tables(long));
    expect({ ...two, agents: [] }).toEqual({ ...one, agents: [] });
    for (const world of [long, ready]) expect((await world.ingest()).analyzed).toBe(10);
    expect(tables(ready)).toEqual(tables(long));
  });

  test('are read as they are then, and what was removed meanwhile goes the long way', async () => {
    using world = new World();
    const paths = [1, 2, 3].map((n) => world.put(claudePath(ID(n)), promptLine(ID(n), `words ${n}`)));
    world.preparer = inPlace((uid) => {
      if (uid.endsWith(ID(1)))
        world.put(claudePath(ID(1)), promptLine(ID(1), 'words 1') + promptLine(ID(1), 'more'));
      if (uid.endsWith(ID(2))) rmSync(paths[1] ?? '');
    });
    const report = await world.ingest();
    expect(world.stored(`claude-code:${ID(1)}`).toString()).toContain('more');
    expect(report).toMatchObject({ sessions_new: 2, failed: 1 });
    expect(report.warnings.join()).toContain(`could not store ${paths[1]}`);
    expect((await world.ingest()).files_read, 'what was read is known').toBe(0);
  });

  test('stop at the hard cap like all others', async () => {
    using long = new World();
    using ready = new World();
    ready.preparer = inPlace();
    for (const world of [long, ready]) {
      for (const n of [1, 2, 3, 4]) {
        const noise = Array.from({ length: 3000 }, (_, i) => Bun.hash(`${n} ${i}`).toString(36)).join('');
        world.put(claudePath(ID(n)), promptLine(ID(n), noise, `2026-05-0${n}T10:00:00.000Z`));
      }
    }
    const options = { hardCapBytes: 60_000 };
    const [one, two] = [await long.ingest(options), await ready.ingest(options)];
    expect(one.sessions_waiting, 'the cap was reached').toBeGreaterThan(0);
    expect(two.sessions_waiting).toBe(one.sessions_waiting);
    expect(tables(ready)).toEqual(tables(long));
  });

  test('that another process stored meanwhile are left to the long way', async () => {
    using world = new World();
    world.put(claudePath(ID(1)), promptLine(ID(1), 'words'));
    const other = inPlace();
    let stolen = false;
    world.preparer = {
      ...other,
      prepare: async (order) => {
        const ready = await other.prepare(order);
        if (!stolen) {
          stolen = true;
          world.preparer = null;
          await world.ingest();
        }
        return ready;
      },
    };
    const report = await world.ingest();
    expect(stolen).toBe(true);
    expect(report).toMatchObject({ sessions_new: 0, failed: 0 });
    expect(world.stored(`claude-code:${ID(1)}`).toString()).toBe(promptLine(ID(1), 'words'));
  });
});
