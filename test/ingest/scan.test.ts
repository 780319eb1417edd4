import { expect, test } from 'bun:test';
import { appendFileSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { scanAgents } from '../../src/ingest/discover/scan.ts';
import { listSessions } from '../../src/store/read.ts';
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

/** What a resume writes beside a chat: another one of its id that holds what the agent was told, and nothing that was said. */
function resumed(id: string, minute: string): [string, string] {
  const [path, text] = chat(id, minute);
  const told = { id: `c${minute}`, type: 'user', content: [{ text: '<session_context>\nThis is it' }] };
  return [path, `${text.split('\n')[0]}\n${JSON.stringify({ $set: { messages: [told] } })}\n`];
}

test('Gemini CLI deletes a resumed session at its next start: that is told, of one session, before and after it is stored', async () => {
  using world = new World();
  world.put(...chat(OLD, '10'));
  world.put(...resumed(OLD, '20'));
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
  world.put(...chat(OLD, '10'));
  world.put(...resumed(OLD, '20'));
  const run = (...args: string[]) =>
    runIn(world.home, ['--store', join(world.folder, 'cli.db'), ...args], {
      env: { SESSION_MEMORY_NOW: world.now },
    });
  expect((await run('agents')).out).toMatch(/^Gemini CLI +1 +\S+ \S+ +1 +0 +30 days; 1 at its next start/m);
  expect((await run('ingest', '--dry-run')).out).toBe(
    'Would store 1 new session and add to 0; 0 unchanged.\n',
  );
  expect((await run('status')).out).toContain('the first at its next start; 1 not stored yet');
  expect((await run('ingest')).out).toContain('Stored 1 new session, added to 0; 0 unchanged.');
  expect((await run('ingest')).out).toContain('Nothing new: 1 session unchanged');
  await run('ingest');
  expect((await run('status')).out).toContain(
    '1 session of gemini-cli go within a week by its own clean-up after 30 days, the first at its next start; 0 not stored yet',
  );
});

test('whatever bears one id: agents, a dry run, an ingest and the store count the same sessions', async () => {
  const [path, text] = chat(OLD, '10');
  const lines = text.trimEnd().split('\n');
  const more = `${JSON.stringify({ id: 'u2', type: 'user', content: [{ text: 'and the tug' }] })}\n`;
  const beside = (minute: string) => path.replace('T10-10-', `T10-${minute}-`);
  const bearers: Record<string, string> = {
    'nothing that was said': resumed(OLD, '20')[1],
    'a header alone': `${lines[0]}\n`,
    'the beginning': `${lines.slice(0, 2).join('\n')}\n`,
    'a copy': text,
    'a copy that goes on': text + more,
    'a twin': chat(OLD, '20')[1],
  };
  const names = Object.keys(bearers);
  const pairs = names.flatMap((second, i) =>
    [null, ...names.slice(0, i + 1)].map((first) => [first, second] as const),
  );
  for (const [first, second] of pairs) {
    for (const known of ['nothing', 'the first'] as const) {
      const what = `${first} and ${second}, ${known} known`;
      using world = new World();
      world.put(path, text);
      world.put(...chat(YOUNG, '30'));
      if (known === 'the first') await world.ingest();
      if (first !== null) world.put(beside('40'), bearers[first] ?? '');
      world.put(beside('50'), bearers[second] ?? '');
      const [scan] = await scanAgents(world.db, world.host, world.clock, () => undefined);
      const dry = await world.ingest({ dryRun: true });
      const done = await world.ingest();
      const stored = listSessions(world.db).length;
      expect([what, scan?.sessions], what).toEqual([what, stored]);
      expect([what, dry.sessions_new, dry.sessions_grown, dry.sessions_unchanged]).toEqual([
        ...[what, done.sessions_new, done.sessions_grown, done.sessions_unchanged],
      ]);
      expect([what, scan?.sessions_not_stored, scan?.sessions_grown]).toEqual([
        ...[what, done.sessions_new + done.sessions_grown, done.sessions_grown],
      ]);
      expect(scan?.at_risk_not_stored).toBeLessThanOrEqual(scan?.sessions_at_risk ?? 0);
      expect(lastScans(world.db)).toMatchObject([{ sessions: stored, sessions_not_stored: 0 }]);
    }
  }
}, 60_000);
