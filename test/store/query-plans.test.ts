import { describe, expect, test } from 'bun:test';
import type { AgentId, SessionUid } from '../../src/domain/ids.ts';
import { failedAnalyses } from '../../src/store/analyses.ts';
import type { Params, ReadableDb } from '../../src/store/connection.ts';
import { KnownSources } from '../../src/store/read-sources.ts';
import { search } from '../../src/store/search/search.ts';
import { CENSUS_SQL, COUNTERS_SQL } from '../../src/store/usage.ts';
import { ensureSession } from '../../src/store/write-raw.ts';
import { World } from '../support/bench-world.ts';
import { library } from '../support/digests.ts';

function planOf(world: World, sql: string): string {
  const names = [...sql.matchAll(/\$(\w+)/g)].map((match) => match[1] ?? '');
  const params = Object.fromEntries(names.map((name) => [name, '']));
  return world.db
    .all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, params)
    .map((row) => row.detail)
    .join('\n');
}

/** The same store; `asked` is told the plan of each question that is asked of it, a line a step. */
function explained({ db }: World, asked: (plan: readonly string[]) => void): ReadableDb {
  const explain = (sql: string, params: Params = {}) =>
    asked(db.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, params).map(({ detail }) => detail));
  return {
    path: db.path,
    get: (sql, params) => {
      explain(sql, params);
      return db.get(sql, params);
    },
    all: (sql, params) => {
      explain(sql, params);
      return db.all(sql, params);
    },
    each: (sql, params) => db.each(sql, params),
    snapshot: (read) => db.snapshot(read),
    close: () => undefined,
    [Symbol.dispose]: () => undefined,
  };
}

describe('what is asked often reads no session row by row', () => {
  test.each([
    ['evictable', 'USING INDEX evictable_by_order'],
    ['unanalyzed', 'USING INDEX unanalyzed_by_order'],
    ['olderThan', 'USING INDEX evictable_by_age'],
    ['sumOlderThan', 'USING INDEX evictable_by_age'],
    ['sumBetween', 'USING INDEX evictable_by_age'],
    ['beyondHorizon', 'USING INDEX live_by_last_time'],
    ['toldLater', 'USING INDEX sessions_by_later_time'],
    ['evictableTooEarly', 'USING INDEX evictable_by_order'],
    ['unanalyzedTooEarly', 'USING INDEX unanalyzed_by_order'],
    ['agedTooEarly', 'USING INDEX evictable_by_age'],
  ] as const)('%s', (name, index) => {
    using world = new World();
    const plan = planOf(world, CENSUS_SQL[name]);
    expect(plan.replace('USING COVERING INDEX', 'USING INDEX')).toContain(index);
    expect(plan).not.toContain('SCAN sessions\n');
  });

  test('the next victims come in order without sorting', () => {
    using world = new World();
    expect(planOf(world, CENSUS_SQL.evictable)).not.toContain('TEMP B-TREE');
    expect(planOf(world, CENSUS_SQL.unanalyzed)).not.toContain('TEMP B-TREE');
  });

  test('usage and counts come from counters alone', () => {
    using world = new World();
    expect(planOf(world, COUNTERS_SQL)).toMatch(/^SCAN counters/);
  });
});

test('failed analyses are found by the few that failed, not by each live session', () => {
  using world = new World();
  const plans: string[] = [];
  const watched = explained(world, (plan) => plans.push(...plan));
  failedAnalyses(watched, { analyzer: '', program: '' });
  expect(plans.join('\n')).toContain('INDEX analyses_failed');
  expect(plans.join('\n')).not.toMatch(/SCAN s\b/);
});

test('a segment goes without its bytes being read, save where a repair has said that it is damaged', () => {
  using world = new World();
  const triggers = world.db.all<{ sql: string }>(
    `SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'segments' AND sql LIKE '%DELETE ON segments%'`,
  );
  expect(triggers.length).toBeGreaterThan(0);
  // Whatever columns of OLD a trigger names, SQLite reads for every row before it asks the trigger.
  for (const { sql } of triggers) expect(sql).not.toMatch(/OLD\.data/i);
});

describe('a search reads only sessions that have the words', () => {
  test.each([
    ['words', {}],
    ['filters', { agent: 'codex', project: 'bistro', since: '2026-01-01T00:00:00.000Z' }],
    ['a phrase', { text: '"login page"' }],
  ])('%s', (_what, asked) => {
    using world = library();
    const plans: string[] = [];
    const watched = explained(world, (plan) => plans.push(...plan));
    expect(search(watched, { text: 'login', limit: 20, ...asked }).hits.length).toBeGreaterThan(0);
    expect(plans.filter((detail) => /^SCAN (s|sessions|digests|d|events)\b/.test(detail))).toEqual([]);
    expect(plans.filter((detail) => /^SCAN f VIRTUAL TABLE/.test(detail)).length).toBeGreaterThan(0);
  });
});

test('of known paths those alone are read that are asked about, however many there are', () => {
  using world = new World();
  const plans: string[] = [];
  const watched = explained(world, (plan) => plans.push(plan.join('\n')));
  const known = new KnownSources(watched);
  known.statsIn('/home/me/', ['a', 'b']);
  known.statOf('/home/me/a');
  known.of('/home/me/a');
  expect(plans.length).toBe(3);
  for (const plan of plans) {
    expect(plan).toContain('USING PRIMARY KEY (path=?)');
    expect(plan).not.toMatch(/SCAN (?:o|sources)/);
  }
});

test('what is known of names comes in their order, whatever signs are in them', () => {
  using world = new World();
  const names = [
    'plain',
    'with "quotes"',
    "it's",
    'a,b',
    'ü\u{1f600}',
    '\uef80\uefff',
    '100%',
    '#',
    '\\',
    'new\nline',
  ];
  const kept = names.filter((_, i) => i % 2 === 0);
  world.db.writeTransaction(() => {
    const sessionId = ensureSession(world.db, {
      uid: 'claude-code:x' as SessionUid,
      agent: 'claude-code' as AgentId,
      nativeId: 'x',
      agentRoot: '/r',
      ingestedAt: world.now,
    });
    for (const name of kept)
      world.db.run(
        `INSERT INTO sources (path, agent, session_id, stat, taken_bytes) VALUES ($path, 'claude-code', $sessionId, $stat, 0)`,
        { path: `/r/${name}`, sessionId, stat: `of ${name}` },
      );
  });
  const known = new KnownSources(world.db);
  const told = names.map((name) => (kept.includes(name) ? `of ${name}` : null));
  expect(known.statsIn('/r/', names)).toEqual(told);
  expect(names.map((name) => known.statOf(`/r/${name}`))).toEqual(told);
  expect(known.statsIn('/r/', [])).toEqual([]);
});
