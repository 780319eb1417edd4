import { expect, test } from 'bun:test';
import { appendFileSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionUid } from '../../src/domain/ids.ts';
import { scanAgents } from '../../src/ingest/discover/scan.ts';
import { numbersOf } from '../../src/store/browse.ts';
import { listSessions } from '../../src/store/read.ts';
import { lastScans, sessionsAtRisk } from '../../src/store/scans.ts';
import { DATABASE, openClawDatabase, rowsOfLines } from '../agents/openclaw-database.ts';
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

/** A transcript of Claude Code that was last written so many days ago. */
function written(world: World, id: string, days: number, more: object = {}): string {
  const line = `${JSON.stringify({ ...JSON.parse(promptLine(id, 'moor the barge')), ...more })}\n`;
  return aged(world, world.put(claudePath(id), line), days);
}

function aged(world: World, path: string, days: number): string {
  const seconds = Date.parse(world.now) / 1000 - days * 86_400;
  utimesSync(path, seconds, seconds);
  return path;
}

test("who is at risk is told by name: not what Claude's desktop program keeps, and by the transcript's age alone", async () => {
  using world = new World();
  const desktop = '33333333-3333-4333-8333-333333333333';
  written(world, OLD, 28);
  written(world, YOUNG, 3);
  written(world, desktop, 90, { entrypoint: 'claude-desktop' });
  // Its clean-up looks at the transcript, and takes all beside it away with it.
  world.put(`.claude/projects/-p/${OLD}/subagents/agent-1.jsonl`, promptLine(OLD, 'fresh'));
  const atRisk = [{ session_uid: `claude-code:${OLD}`, goes_at: '2026-06-03T00:00:00.000Z' }];
  const scans = () => scanAgents(world.db, world.host, world.clock, () => undefined);
  expect(await scans()).toMatchObject([
    { sessions: 3, sessions_at_risk: 1, sessions_due: 0, at_risk: [{ ...atRisk[0], is_stored: false }] },
  ]);
  await world.ingest();
  expect(await scans()).toMatchObject([{ at_risk: [{ ...atRisk[0], is_stored: true }], sessions_due: 0 }]);
  const goesMs = sessionsAtRisk(world.db);
  const [listed = 0] = numbersOf(world.db, [`claude-code:${OLD}` as SessionUid]);
  expect([...goesMs]).toEqual([[listed, Date.parse('2026-06-03T00:00:00.000Z')]]);
  // A period of its own is a longest one, and what it lets go of goes like any other.
  world.put('.claude/settings.json', '{"desktopSessionCleanupPeriodDays": 60}');
  expect(await scans()).toMatchObject([{ sessions_at_risk: 2, sessions_due: 1 }]);
  await world.ingest();
  expect([...sessionsAtRisk(world.db)]).toHaveLength(2);
});

test('after a clean-up of Claude Code nothing goes for a day: what is due is told for the next one', async () => {
  using world = new World();
  written(world, OLD, 40);
  aged(world, world.put('.claude/.last-cleanup', ''), 0.25);
  const scans = () => scanAgents(world.db, world.host, world.clock, () => undefined);
  const due = { sessions_at_risk: 1, sessions_due: 0, first_deletion_at: '2026-06-01T18:00:00.000Z' };
  expect(await scans()).toMatchObject([due]);
  aged(world, join(world.home, '.claude/.last-cleanup'), 1.5);
  expect(await scans()).toMatchObject([{ sessions_due: 1, first_deletion_at: world.now }]);
});

test('a period of none, or settings that are none, have Claude Code delete nothing', async () => {
  using world = new World();
  written(world, OLD, 40);
  for (const text of ['{"cleanupPeriodDays":0}', '{"cleanupPeriodDays":5 // mine\n}']) {
    world.put('.claude/settings.json', text);
    const nothing = { sessions_at_risk: 0, sessions_due: 0, deletes_after_days: null, at_risk: [] };
    expect(await scanAgents(world.db, world.host, world.clock, () => undefined)).toMatchObject([nothing]);
  }
});

test('settings of a project where Claude Code is started tell when the transcripts of all go', async () => {
  using world = new World();
  const project = join(world.home, 'work');
  written(world, OLD, 12, { cwd: '/elsewhere' });
  written(world, YOUNG, 3, { cwd: project });
  const told = async () => (await scanAgents(world.db, world.host, world.clock, () => undefined))[0];
  await world.ingest();
  expect(await told()).toMatchObject({ deletes_after_days: 30, sessions_at_risk: 0 });
  world.put('work/.claude/settings.json', '{"cleanupPeriodDays":10}');
  expect(await told()).toMatchObject({ deletes_after_days: 10, sessions_at_risk: 2, sessions_due: 1 });
});

test('settings of the machine’s owner tell before all others when the transcripts of all go', async () => {
  using world = new World();
  written(world, OLD, 12);
  const told = async () => (await scanAgents(world.db, world.host, world.clock, () => undefined))[0];
  expect(await told()).toMatchObject({ deletes_after_days: 30 });
  const managed = join(world.systemRoot, 'etc/claude-code');
  mkdirSync(join(managed, 'managed-settings.d'), { recursive: true });
  writeFileSync(join(managed, 'managed-settings.json'), '{"cleanupPeriodDays":20}');
  expect(await told()).toMatchObject({ deletes_after_days: 20 });
  writeFileSync(join(managed, 'managed-settings.d/a.json'), '{"cleanupPeriodDays":10}');
  expect(await told()).toMatchObject({ deletes_after_days: 10, sessions_due: 1 });
});

test('what a schedule of OpenClaw began is told to go from its database, what a person said is not', async () => {
  using world = new World();
  const header = (id: string) =>
    `${JSON.stringify({ type: 'session', version: 3, id, timestamp: '2026-05-01T10:00:00.000Z', cwd: '/home/me/p' })}`;
  const rows = [OLD, YOUNG].flatMap((id) => rowsOfLines(id, [header(id)]));
  const key = 'agent:main:cron:nightly';
  const renamed = rows.map(
    ([table, row]) =>
      [
        table,
        Object.values(row).includes(OLD) && 'session_key' in row ? { ...row, session_key: key } : row,
      ] as const,
  );
  world.put(DATABASE, openClawDatabase(renamed));
  const [scan] = await scanAgents(world.db, world.host, world.clock, () => undefined);
  expect(scan).toMatchObject({ sessions: 2, deletes_after_days: null, sessions_at_risk: 1, sessions_due: 1 });
  expect(scan?.at_risk).toMatchObject([{ session_uid: `openclaw:${OLD}` }]);
});

test('Gemini CLI keeps an old file of a chat that is young, and of a number of chats the youngest', async () => {
  using world = new World();
  aged(world, world.put(...chat(OLD, '10')), 60);
  world.put(...chat(YOUNG, '30'));
  const scans = () => scanAgents(world.db, world.host, world.clock, () => undefined);
  expect(await scans()).toMatchObject([{ sessions: 2, sessions_at_risk: 0 }]);
  world.put('.gemini/settings.json', '{"general":{"sessionRetention":{"maxCount":1}}}');
  expect(await scans()).toMatchObject([{ sessions_due: 1, at_risk: [{ session_uid: `gemini-cli:${OLD}` }] }]);
});

test('OpenClaw lets go of what its own list calls old, whatever the age of the file', async () => {
  using world = new World();
  const put = (id: string) =>
    world.put(
      `.openclaw/agents/main/sessions/${id}.jsonl`,
      `${JSON.stringify({ type: 'session', version: 3, id, timestamp: '2026-04-01T10:00:00.000Z', cwd: '/p' })}\n${JSON.stringify({ type: 'message', id: 'a', parentId: null, timestamp: '2026-04-01T10:00:01.000Z', message: { role: 'user', content: 'moor the barge' } })}\n`,
    );
  put(OLD);
  put(YOUNG);
  const updatedAt = Date.parse(world.now) - 28 * 86_400_000;
  const list = { 'agent:main:x': { sessionId: OLD, updatedAt }, 'agent:main:y': { sessionId: YOUNG } };
  world.put('.openclaw/agents/main/sessions/sessions.json', JSON.stringify(list));
  const scans = () => scanAgents(world.db, world.host, world.clock, () => undefined);
  const atRisk = [{ session_uid: `openclaw:${OLD}`, goes_at: '2026-06-03T00:00:00.000Z' }];
  expect(await scans()).toMatchObject([{ sessions: 2, deletes_after_days: 30, at_risk: atRisk }]);
  world.put('.openclaw/openclaw.json', "{session: {maintenance: {pruneAfter: '90d'}}} // longer");
  expect(await scans()).toMatchObject([{ deletes_after_days: 90, sessions_at_risk: 0 }]);
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
