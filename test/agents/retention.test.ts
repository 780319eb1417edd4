/** When agents delete their own sessions: what is told is what they were seen to do. */
import { describe, expect, test } from 'bun:test';
import { claudeRetention } from '../../src/agents/claude-code/retention.ts';
import { geminiRetention } from '../../src/agents/gemini-cli/retention.ts';
import { openClawRetention } from '../../src/agents/pi/openclaw-retention.ts';
import type { AgentRetention, KeptSession, RootFiles } from '../../src/domain/retention.ts';
import { DAY_MS } from '../../src/domain/time.ts';

const NOW = Date.parse('2026-06-01T10:00:00.000Z');
const ID = '11111111-1111-4111-8111-111111111111';
const CLAUDE = `projects/-p/${ID}.jsonl`;
const FOREVER = Number.POSITIVE_INFINITY;

type Files = Readonly<Record<string, { readonly text: string; readonly days: number }>>;

const under = (files: Files): RootFiles => ({
  text: (relPath) => files[relPath]?.text ?? null,
  changedMs: (relPath) => {
    const days = files[relPath]?.days;
    return days === undefined ? null : NOW - days * DAY_MS;
  },
});

/** A session that was last changed so many days ago. */
function kept(days: number, more: Partial<KeptSession> = {}): KeptSession {
  return {
    nativeId: ID,
    relPath: CLAUDE,
    bearers: [CLAUDE],
    isRows: false,
    changedMs: NOW - days * DAY_MS,
    keptAs: null,
    bytes: 100_000,
    endedMs: () => null,
    ends: () => null,
    endedLater: () => 0,
    ...more,
  };
}

/** In how many days it goes; null: it stays. */
function goesIn(retention: AgentRetention, files: Files, session: KeptSession): number | null {
  const at = retention.cleanup(under(files)).goesMs(session, FOREVER);
  return at === null ? null : (at - NOW) / DAY_MS;
}

function settings(text: string): Files {
  return { 'settings.json': { text, days: 100 } };
}

const written = (entrypoint: string, before = '', after = '') => {
  const line = `${JSON.stringify({ type: 'user', sessionId: ID, entrypoint })}\n`;
  const all = Buffer.from(`${before}${line}${after}`);
  return { ends: () => ({ head: all, tail: all }) };
};

describe('Claude Code', () => {
  // Each was seen with 2.1.332: a transcript of 40 days with such settings, and what was left of it after a start.
  test.each([
    ['no settings', {}, 30],
    ['empty settings', settings(''), 30],
    ['five days', settings('{"cleanupPeriodDays":5}'), 5],
    ['a year', settings('{"cleanupPeriodDays":365}'), 365],
    ['none, which is no period', settings('{"cleanupPeriodDays":0}'), null],
    ['less than none', settings('{"cleanupPeriodDays":-3}'), null],
    ['parts of days', settings('{"cleanupPeriodDays":2.5}'), null],
    ['a text', settings('{"cleanupPeriodDays":"5"}'), null],
    ['settings with a comment, which it cannot read', settings('{"cleanupPeriodDays":5 /* x */}'), null],
    ['settings that are no JSON', settings('{not json'), null],
    ['another period that is none', settings('{"desktopSessionCleanupPeriodDays":-1}'), null],
  ])('%s: deletes after so many days', (_, files: Files, days) => {
    const cleanup = claudeRetention.cleanup(under(files));
    expect(cleanup.days).toBe(days);
    expect(goesIn(claudeRetention, files, kept(40))).toBe(days === null ? null : days - 40);
  });

  // Each was seen with 2.1.332: transcripts of many ages, in two projects, and what was left of all of them after a start in the one.
  const PROJECT = '/home/me/p';
  const MANAGED = '/etc/claude-code/managed-settings.json';
  const [SHARED, LOCAL] = [`${PROJECT}/.claude/settings.json`, `${PROJECT}/.claude/settings.local.json`];
  const period = (days: number) => `{"cleanupPeriodDays":${days}}`;
  const onMachine = (user: string, texts: Readonly<Record<string, string>>): RootFiles => ({
    ...under(user === '' ? {} : settings(user)),
    machine: {
      platform: 'linux',
      systemRoot: '',
      projects: ['/home/me/other', PROJECT],
      text: (path) => texts[path] ?? null,
      names: (folder) =>
        Object.keys(texts).flatMap((path) =>
          path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : [],
        ),
    },
  });
  test.each([
    ['a project', '', { [SHARED]: period(10) }, 10],
    ['a project, by its local settings', '', { [LOCAL]: period(10) }, 10],
    ['a project, sooner than the person', period(60), { [SHARED]: period(10) }, 10],
    [
      'a project, later than the person: a start elsewhere is sooner',
      period(10),
      { [SHARED]: period(60) },
      10,
    ],
    [
      'local settings before those that are shared',
      period(90),
      { [SHARED]: period(10), [LOCAL]: period(60) },
      60,
    ],
    ['a project whose settings cannot be read', period(20), { [SHARED]: '{"cleanup' }, 20],
    ['a project with a period that is none', period(20), { [SHARED]: period(0) }, 20],
    ['settings of the person that cannot be read', '{"x', { [SHARED]: period(10) }, null],
    ['the owner', '', { [MANAGED]: period(10) }, 10],
    ['the owner, later than the person', period(10), { [MANAGED]: period(60) }, 60],
    ['the owner, later than a project', '', { [MANAGED]: period(60), [LOCAL]: period(10) }, 60],
    ['a period of the owner that is none', period(10), { [MANAGED]: period(0) }, 10],
    ['settings of the owner that cannot be read', period(10), { [MANAGED]: '{"x' }, null],
    [
      'one of several files of the owner',
      period(60),
      { '/etc/claude-code/managed-settings.d/a.json': period(10) },
      10,
    ],
  ])('%s rules when all transcripts go', (_, user: string, texts: object, days) => {
    expect(claudeRetention.cleanup(onMachine(user, { ...texts })).days).toBe(days);
  });

  test('a period of the owner holds for what desktop programs wrote, too', () => {
    const session = kept(40, written('claude-desktop'));
    const goes = (user: string, managed: string) => {
      const at = claudeRetention.cleanup(onMachine(user, { [MANAGED]: managed })).goesMs(session, FOREVER);
      return at === null ? null : (at - NOW) / DAY_MS;
    };
    expect(goes(period(10), '{}')).toBeNull();
    expect(goes('', period(10))).toBe(-30);
    expect(goes('{"desktopSessionCleanupPeriodDays":90}', period(10))).toBe(-30);
    expect(goes('', '{"desktopSessionCleanupPeriodDays":50}')).toBe(10);
  });

  test.each(['claude-desktop', 'claude-desktop-3p', 'local-agent', 'local_agent'])(
    'keeps what %s wrote, unless a period is set for it: then the longer one holds',
    (entrypoint) => {
      const session = kept(40, written(entrypoint));
      const desktop = (days: number) => settings(`{"desktopSessionCleanupPeriodDays":${days}}`);
      expect(goesIn(claudeRetention, {}, session)).toBeNull();
      expect(goesIn(claudeRetention, desktop(0), session)).toBeNull();
      expect(goesIn(claudeRetention, desktop(50), session)).toBe(10);
      expect(goesIn(claudeRetention, desktop(10), session)).toBe(-10);
    },
  );

  test('takes the first program that wrote to a transcript, and the last, for whose it is', () => {
    const of = (entrypoint: string) => `${JSON.stringify({ type: 'user', entrypoint })}\n`;
    const goes = (text: string) =>
      goesIn(
        claudeRetention,
        {},
        kept(40, { ends: () => ({ head: Buffer.from(text), tail: Buffer.from(text) }) }),
      );
    expect(goes(of('cli') + of('claude-desktop'))).toBeNull();
    expect(goes(of('claude-desktop') + of('cli'))).toBeNull();
    expect(goes(of('cli') + of('claude-desktop') + of('cli'))).toBe(-10);
    expect(goes(`{"summary":"a torn entrypoint\n${of('cli')}`)).toBe(-10);
    expect(goes(of('sdk-cli'))).toBe(-10);
    expect(goes(of('claude-vscode'))).toBe(-10);
  });

  test('deletes what the desktop program let go of', () => {
    const mark = (reason: string, days: number): Files => ({
      [CLAUDE.replace('.jsonl', '.desktop-released.json')]: { text: JSON.stringify({ reason }), days },
    });
    const session = kept(40, written('claude-desktop'));
    expect(goesIn(claudeRetention, mark('delete', 0), session)).toBe(-10);
    expect(goesIn(claudeRetention, mark('archive', 10), session)).toBe(20);
    expect(goesIn(claudeRetention, mark('archive', 35), session)).toBe(-5);
    expect(goesIn(claudeRetention, mark('other', 35), session)).toBeNull();
    const bounded = { ...mark('archive', 0), ...settings('{"desktopSessionCleanupPeriodDays":45}') };
    expect(goesIn(claudeRetention, bounded, session)).toBe(5);
  });

  test('cleans up once a day at most', () => {
    const last = (days: number) => under({ '.last-cleanup': { text: '', days } });
    expect(claudeRetention.cleanup(last(0.25)).notBeforeMs).toBe(NOW + 0.75 * DAY_MS);
    expect(claudeRetention.cleanup(under({})).notBeforeMs).toBeUndefined();
  });

  test('what goes later than was asked for is not looked at', () => {
    const ends = () => {
      throw new Error('read');
    };
    const { goesMs } = claudeRetention.cleanup(under({}));
    expect(goesMs(kept(3, { ends }), NOW + 7 * DAY_MS)).toBe(NOW + 27 * DAY_MS);
    expect(() => goesMs(kept(29, { ends }), NOW + 7 * DAY_MS)).toThrow('read');
  });
});

describe('Gemini CLI', () => {
  const retention = (rules: string) => settings(`{"general":{"sessionRetention":${rules}}}`);
  test.each([
    ['{}', 30],
    ['{"enabled":false}', null],
    ['{"enabled":true,"maxAge":"2w"}', 14],
    ['{"maxAge":"36h"}', 1.5],
    ['{"maxAge":"1m"}', 30],
    // What it does not understand switches the clean-up off.
    ['{"maxAge":"soon"}', null],
    ['{"maxAge":"0d"}', null],
    ['{"maxAge":30}', null],
    ['{"maxAge":"12h"}', null],
    ['{"maxAge":"12h","minRetention":"1h"}', 0.5],
    ['{"maxAge":"2d","minRetention":"1w"}', null],
    ['{"maxCount":0}', null],
    ['{"maxAge":"","maxCount":0}', null],
    ['{"maxAge":""}', null],
  ])('%s: after %p days, counted from the end in the chat', (rules, days) => {
    expect(geminiRetention.cleanup(under(retention(rules))).days).toBe(days);
    const session = kept(0, { endedMs: () => NOW - 20 * DAY_MS });
    expect(goesIn(geminiRetention, retention(rules), session)).toBe(days === null ? null : days - 20);
  });

  test('settings with comments are read; without any, or where they are none, the defaults hold', () => {
    const text = '{\n // mine\n "general":{"sessionRetention":{"maxAge":"7d"}}}';
    expect(geminiRetention.cleanup(under(settings(text))).days).toBe(7);
    expect(geminiRetention.cleanup(under({})).days).toBe(30);
    expect(geminiRetention.cleanup(under(settings('not json'))).days).toBe(30);
  });

  test('a fresh file protects nothing, and an old one of a chat that is young is kept', () => {
    const at = (fileDays: number, chatDays: number) =>
      goesIn(geminiRetention, {}, kept(fileDays, { endedMs: () => NOW - chatDays * DAY_MS }));
    expect(at(0, 29)).toBe(1);
    expect(at(40, 2)).toBe(28);
  });

  test('of a number of chats the older ones go at its next start', () => {
    const rules = retention('{"maxCount":3}');
    const at = (later: number) => goesIn(geminiRetention, rules, kept(2, { endedLater: () => later }));
    expect(at(2)).toBe(28);
    expect(at(3)).toBeLessThan(0);
    const alone = retention('{"maxAge":"","maxCount":3}');
    expect(goesIn(geminiRetention, alone, kept(200, { endedLater: () => 2 }))).toBeNull();
    expect(goesIn(geminiRetention, alone, kept(2, { endedLater: () => 3 }))).toBeLessThan(0);
  });

  test('a chat that was resumed goes at its next start', () => {
    const bearers = ['a.jsonl', 'b.jsonl'];
    expect(goesIn(geminiRetention, {}, kept(1, { bearers }))).toBeLessThan(0);
    expect(goesIn(geminiRetention, {}, kept(1, { bearers: ['a.jsonl', 'a.json'] }))).toBe(29);
  });

  test('a chat without a word of a person or an answer goes at its next start, however young it is', () => {
    const header = { sessionId: ID, projectHash: 'x', startTime: '2026-06-01T09:00:00.000Z' };
    const goes = (...records: object[]) => {
      const text = Buffer.from([header, ...records].map((record) => `${JSON.stringify(record)}\n`).join(''));
      const ends = () => ({ head: text, tail: text });
      return goesIn(geminiRetention, {}, kept(0, { ends, bytes: text.length })) !== 30;
    };
    const says = (type: string, content: string, more: object = {}) => ({ id: 'm', type, content, ...more });
    expect(goes()).toBe(true);
    expect(goes(says('user', '<session_context>today'), says('info', 'Welcome'))).toBe(true);
    for (const text of ['/help', '?', '  ', '<hook_context>x']) expect(goes(says('user', text))).toBe(true);
    expect(goes(says('gemini', ''))).toBe(true);
    expect(goes(says('user', 'hello'))).toBe(false);
    expect(goes(says('gemini', '', { toolCalls: [{ name: 'x' }] }))).toBe(false);
    expect(goes({ $set: { messages: [says('user', 'hello')] } })).toBe(false);
    const document = Buffer.from(JSON.stringify({ ...header, messages: [says('gemini', 'hi')] }));
    const whole = kept(0, { ends: () => ({ head: document, tail: document }), bytes: document.length });
    expect(goesIn(geminiRetention, {}, whole)).toBe(30);
    // A long one is not looked at.
    const ends = () => {
      throw new Error('read');
    };
    expect(goesIn(geminiRetention, {}, kept(0, { ends, bytes: 1_000_000 }))).toBe(30);
  });
});

describe('OpenClaw', () => {
  const FOLDER = 'agents/main/sessions';
  const list = (entries: object): Files => ({
    [`${FOLDER}/sessions.json`]: { text: JSON.stringify(entries), days: 0 },
  });
  const rules = (text: string): Files => ({ 'openclaw.json': { text, days: 100 } });
  const entry = (days: number, more: object = {}) => ({
    sessionId: ID,
    updatedAt: NOW - days * DAY_MS,
    ...more,
  });
  const session = kept(0, { relPath: `${FOLDER}/${ID}.jsonl` });
  const listed = list({ 'agent:main:main': entry(20) });

  test.each([
    ['', 30],
    ['{session:{maintenance:{}}}', 30],
    ["{session:{maintenance:{pruneAfter:'45d', }}} // mine", 45],
    ['{"session":{"maintenance":{"pruneAfter":10}}}', 10],
    ['{"session":{"maintenance":{"pruneAfter":"1d12h"}}}', 1.5],
    ['{"session":{"maintenance":{"pruneDays":12}}}', 12],
    ['{"session":{"maintenance":{"pruneAfter":"soon"}}}', 30],
    ['{"session":{"maintenance":{"mode":"warn"}}}', null],
  ])('%s: after %p days, counted from its own list', (text, days) => {
    const files = { ...listed, ...rules(text) };
    expect(openClawRetention.cleanup(under(files)).days).toBe(days);
    expect(goesIn(openClawRetention, files, session)).toBe(days === null ? null : days - 20);
  });

  test('what its list does not name, and a conversation of many, stays', () => {
    const of = (key: string, more: object = {}) =>
      goesIn(openClawRetention, list({ [key]: entry(40, more) }), session);
    expect(of('agent:main:main')).toBe(-10);
    expect(of('agent:main:subagent:x', { chatType: 'group' })).toBe(-10);
    expect(of('agent:main:telegram:group:1')).toBeNull();
    expect(of('agent:main:slack:channel:1:thread:2')).toBeNull();
    expect(of('agent:main:x', { chatType: 'group' })).toBeNull();
    expect(of('agent:main:x', { sessionId: 'another' })).toBeNull();
    expect(of('agent:main:x', { updatedAt: undefined })).toBeNull();
  });

  test('what was deleted goes for good after as long again; what was reset as its own rule says', () => {
    const renamed = (suffix: string) =>
      kept(0, { relPath: `${FOLDER}/${ID}.jsonl.${suffix}.2026-05-12T10-00-00.000Z` });
    expect(goesIn(openClawRetention, listed, renamed('deleted'))).toBe(10);
    expect(goesIn(openClawRetention, listed, renamed('reset'))).toBe(10);
    expect(goesIn(openClawRetention, listed, renamed('bak'))).toBeNull();
    const keeps = rules('{session:{maintenance:{resetArchiveRetention:false}}}');
    expect(goesIn(openClawRetention, { ...listed, ...keeps }, renamed('reset'))).toBeNull();
    expect(goesIn(openClawRetention, { ...listed, ...keeps }, renamed('deleted'))).toBe(10);
  });

  test('its database loses nothing by age', () => {
    const rows = kept(400, { isRows: true, relPath: `${FOLDER}/${ID}.jsonl` });
    expect(goesIn(openClawRetention, {}, rows)).toBeNull();
    expect(openClawRetention.cleanup(under({})).days).toBeNull();
  });

  test('of its database only what no person began goes by age', () => {
    const goes = (keptAs: string | null, text = '') =>
      goesIn(
        openClawRetention,
        rules(text),
        kept(0, { isRows: true, keptAs, endedMs: () => NOW - 20 * DAY_MS }),
      );
    const run = 'explicit:model-run-11111111-1111-4111-8111-111111111111';
    for (const rest of [
      'subagent:x',
      'acp:x',
      'acp-bridge:x',
      'cron:x',
      'hook:x',
      'node:x',
      'heartbeat',
      'a:heartbeat:b',
      run,
    ])
      expect(goes(`agent:main:${rest}`)).toBe(10);
    for (const rest of ['main', 'x', 'telegram:group:1', 'dashboard:1', 'subagents', 'explicit:model-run-x'])
      expect(goes(`agent:main:${rest}`)).toBeNull();
    expect(goes(null)).toBeNull();
    expect(goes('agent:main:cron:x', '{session:{maintenance:{pruneAfter:5}}}')).toBe(-15);
    expect(goes('agent:main:cron:x', '{session:{maintenance:{mode:"warn"}}}')).toBeNull();
  });
});
