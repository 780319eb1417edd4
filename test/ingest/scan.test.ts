import { expect, test } from 'bun:test';
import { appendFileSync, utimesSync } from 'node:fs';
import { scanAgents } from '../../src/ingest/discover/scan.ts';
import { lastScans } from '../../src/store/scans.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';

const [OLD, YOUNG] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];

test('what an agent deletes by itself within a week is at risk, and a whole ingest tells status so', async () => {
  using world = new World();
  const daysAgo = (days: number) => Date.parse(world.now) / 1000 - days * 86_400;
  utimesSync(world.put(claudePath(OLD), promptLine(OLD, 'old')), daysAgo(24), daysAgo(24));
  utimesSync(world.put(claudePath(YOUNG), promptLine(YOUNG, 'young')), daysAgo(1), daysAgo(1));
  const [before] = await scanAgents(world.db, world.host, world.clock, () => undefined);
  expect(before).toMatchObject({
    agent: 'claude-code',
    sessions: 2,
    sessions_not_stored: 2,
    sessions_at_risk: 1,
    at_risk_not_stored: 1,
    deletes_after_days: 30,
  });
  await world.ingest();
  expect(lastScans(world.db)).toMatchObject([
    { sessions: 2, sessions_not_stored: 0, sessions_at_risk: 1, at_risk_not_stored: 0 },
  ]);
});

test('a session that the store has in part is told as grown, a new one is not; each says what its format is known from', async () => {
  using world = new World();
  const path = world.put(claudePath(OLD), promptLine(OLD, 'old'));
  await world.ingest();
  appendFileSync(path, promptLine(OLD, 'more'));
  world.put(claudePath(YOUNG), promptLine(YOUNG, 'young'));
  const [scan] = await scanAgents(world.db, world.host, world.clock, () => undefined);
  expect(scan).toMatchObject({ sessions_not_stored: 2, sessions_grown: 1, proof: 'recordings' });
});

test("the agent's own setting decides when it deletes", async () => {
  using world = new World();
  world.put(claudePath(OLD), promptLine(OLD, 'old'));
  world.put('.claude/settings.json', '{"cleanupPeriodDays": 365}');
  const [scan] = await scanAgents(world.db, world.host, world.clock, () => undefined);
  expect(scan).toMatchObject({ deletes_after_days: 365, sessions_at_risk: 0 });
});
