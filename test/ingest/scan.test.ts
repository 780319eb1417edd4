import { expect, test } from 'bun:test';
import { appendFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { scanAgents } from '../../src/ingest/discover/scan.ts';
import { lastScans } from '../../src/store/scans.ts';
import { claudePath, promptLine, World } from '../support/bench-world.ts';
import { runIn } from '../support/runtime.ts';

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

/** A chat of Gemini CLI: the header says when it was written last. */
function chat(id: string, minute: string, lastUpdated = `2026-05-31T10:${minute}:00.000Z`): [string, string] {
  const lines = [
    { sessionId: id, projectHash: 'a1', startTime: lastUpdated, lastUpdated, kind: 'main' },
    { id: `u${minute}`, timestamp: lastUpdated, type: 'user', content: [{ text: 'moor the barge' }] },
    { id: `g${minute}`, timestamp: lastUpdated, type: 'gemini', content: 'moored', model: 'm' },
  ];
  const text = lines.map((one) => `${JSON.stringify(one)}\n`).join('');
  return [`.gemini/tmp/quay/chats/session-2026-05-31T10-${minute}-${id.slice(0, 8)}.jsonl`, text];
}

test('Gemini CLI deletes a resumed session at its next start: that is told, of one session, before and after it is stored', async () => {
  using world = new World();
  for (const minute of ['10', '20']) world.put(...chat(OLD, minute));
  world.put(...chat(YOUNG, '30'));
  const due = { sessions: 2, sessions_at_risk: 1, sessions_due: 1, first_deletion_at: world.now };
  const scans = () => scanAgents(world.db, world.host, world.clock, () => undefined);
  expect(await scans()).toMatchObject([{ agent: 'gemini-cli', ...due }]);
  await world.ingest();
  expect(await scans()).toMatchObject([{ agent: 'gemini-cli', ...due, sessions_not_stored: 0 }]);
  expect(lastScans(world.db)).toMatchObject([
    { sessions: 2, sessions_at_risk: 1, first_deletion_at: world.now },
  ]);
  // Nothing is deleted where that is switched off.
  world.put('.gemini/settings.json', '{"general":{"sessionRetention":{"enabled":false}}}');
  expect(await scans()).toMatchObject([{ sessions_due: 0, sessions_at_risk: 0, deletes_after_days: null }]);
});

test('Gemini CLI judges age by the times in a chat: a fresh file protects nothing', async () => {
  using world = new World();
  const path = world.put(...chat(OLD, '10', '2026-04-20T10:00:00.000Z'));
  const fresh = Date.parse(world.now) / 1000;
  utimesSync(path, fresh, fresh);
  const scans = () => scanAgents(world.db, world.host, world.clock, () => undefined);
  expect(await scans()).toMatchObject([{ sessions_at_risk: 1, sessions_due: 1 }]);
  await world.ingest();
  expect(await scans()).toMatchObject([{ sessions_at_risk: 1, sessions_due: 1, at_risk_not_stored: 0 }]);
});

test('what is due is told in words by agents and by status', async () => {
  using world = new World();
  for (const minute of ['10', '20']) world.put(...chat(OLD, minute));
  const run = (...args: string[]) =>
    runIn(world.home, ['--store', join(world.folder, 'cli.db'), ...args], {
      env: { SESSION_MEMORY_NOW: world.now },
    });
  expect((await run('agents')).out).toContain('30 days; 1 at its next start');
  await run('ingest');
  expect((await run('status')).out).toContain(
    '1 session of gemini-cli go within a week by its own clean-up after 30 days, the first at its next start; 0 not stored yet',
  );
});
