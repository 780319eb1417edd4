/** What `doctor` makes of what it finds: each fault is named with a way out, and only what needs a person is wrong. */
import { describe, expect, test } from 'bun:test';
import { addMs, DAY_MS, type Iso } from '../../src/domain/time.ts';
import {
  agentCheck,
  type Check,
  diskCheck,
  type HookFacts,
  hookCheck,
  isWell,
  type McpFacts,
  mcpCheck,
  type RunFacts,
  runCheck,
  type ScheduleFacts,
  scheduleCheck,
} from '../../src/unattended/doctor.ts';

const NOW = '2026-06-01T12:00:00.000Z' as Iso;
const GIB = 1024 ** 3;
const shown = (at: Iso) => at;
const bytes = (n: number) => `${n} B`;
const schedule = (facts: Partial<ScheduleFacts>) =>
  scheduleCheck({ kind: 'systemd', state: 'installed', next: null, others: [], ...facts });
const run = (facts: Partial<RunFacts>): RunFacts => ({
  startedAt: NOW,
  isFinished: true,
  exitCode: 0,
  result: 'ok',
  problems: [],
  ...facts,
});
const hook = (facts: Partial<HookFacts>) =>
  hookCheck(
    { id: 'codex', name: 'Codex', path: '/x', state: 'installed', calledAt: NOW, afterwards: null, ...facts },
    shown,
  );

const mcp = (facts: Partial<McpFacts>) =>
  mcpCheck({ id: 'codex', name: 'Codex', path: '/x', state: 'installed', ...facts });

const CASES: readonly (readonly [string, Check | null, Check['state'] | null])[] = [
  ['a schedule', schedule({}), 'ok'],
  ['none where there could be one', schedule({ state: 'absent' }), 'wrong'],
  ['one of an executable that has moved', schedule({ state: 'stale' }), 'wrong'],
  ['one that was switched off', schedule({ state: 'stopped' }), 'wrong'],
  ['no scheduler on the machine', schedule({ kind: null, state: 'absent' }), 'warning'],
  ['a run within the hour', runCheck(run({}), true, addMs(NOW, 3_600_000), shown), 'ok'],
  ['none for two days, though scheduled', runCheck(run({}), true, addMs(NOW, 2 * DAY_MS), shown), 'wrong'],
  ['none for two days, by hand', runCheck(run({}), false, addMs(NOW, 2 * DAY_MS), shown), 'warning'],
  ['none yet', runCheck(null, true, NOW, shown), 'warning'],
  ['one that failed', runCheck(run({ exitCode: 1, result: 'failed' }), true, NOW, shown), 'wrong'],
  ['one over the hard cap', runCheck(run({ exitCode: 4, result: 'over' }), true, NOW, shown), 'wrong'],
  ['one that was killed', runCheck(run({ isFinished: false, exitCode: null }), true, NOW, shown), 'warning'],
  ['one with a warning', runCheck(run({ problems: ['x'] }), true, NOW, shown), 'warning'],
  ['a hook that is called', hook({}), 'ok'],
  ['one that was not called yet', hook({ calledAt: null }), 'ok'],
  ['one that must be trusted first', hook({ calledAt: null, afterwards: 'trust it' }), 'warning'],
  ['one that nobody has trusted', hook({ state: 'untrusted', afterwards: 'trust it' }), 'warning'],
  ['one that is not there', hook({ state: 'absent' }), 'warning'],
  ['one of an executable that has moved', hook({ state: 'stale' }), 'wrong'],
  ['one that is switched off', hook({ state: 'off' }), 'warning'],
  ['settings that cannot be read', hook({ state: 'unreadable' }), 'warning'],
  ['a server that an agent has', mcp({}), 'ok'],
  ['one whose executable is gone', mcp({ state: 'gone', called: '/gone' }), 'wrong'],
  ['one of another executable', mcp({ state: 'another', called: '/other mcp' }), 'warning'],
  ['one that is switched off', mcp({ state: 'off' }), 'warning'],
  ['somebody else\u2019s by our name', mcp({ state: 'foreign' }), 'warning'],
  ['one in settings that are torn', mcp({ state: 'unreadable' }), 'warning'],
  ['one on a mount that may not answer', mcp({ state: 'away', mount: '/mnt' }), 'warning'],
  ['room on the disk', diskCheck({ freeBytes: 10 * GIB, roomBytes: 6 * GIB }, bytes), 'ok'],
  ['less than the cap allows', diskCheck({ freeBytes: GIB, roomBytes: 6 * GIB }, bytes), 'warning'],
  ['a full disk', diskCheck({ freeBytes: 1024, roomBytes: 0 }, bytes), 'wrong'],
  ['a disk that tells nothing', diskCheck({ freeBytes: null, roomBytes: 0 }, bytes), 'warning'],
  ['an agent that is stored', agentCheck({ id: 'a', known: 5, found: 5, atRiskNotStored: 0 }), null],
  [
    'one whose sessions go unstored',
    agentCheck({ id: 'a', known: 5, found: 6, atRiskNotStored: 1 }),
    'wrong',
  ],
  [
    'one that had a hundred and has none',
    agentCheck({ id: 'a', known: 100, found: 0, atRiskNotStored: 0 }),
    'warning',
  ],
  [
    'one whose folder is gone',
    agentCheck({ id: 'a', known: 100, found: null, atRiskNotStored: 0 }),
    'warning',
  ],
  [
    'one with two that were tidied away',
    agentCheck({ id: 'a', known: 2, found: 0, atRiskNotStored: 0 }),
    null,
  ],
];

describe('doctor', () => {
  test.each(CASES)('%s', (_, check, state) => {
    expect(check?.state ?? null).toBe(state);
    // Who reads it has lost an afternoon: what is not well says what to do.
    if (check !== null) expect(check.hint === null, check.message).toBe(check.state === 'ok');
  });

  test('is well with warnings, and not with one thing that is wrong', () => {
    const all = CASES.flatMap(([, check]) => check ?? []);
    expect(isWell(all.filter(({ state }) => state !== 'wrong'))).toBe(true);
    expect(isWell(all)).toBe(false);
  });
});

test('a run of a day ago is told in the singular', () => {
  const told = runCheck(run({ startedAt: addMs(NOW, -1.2 * DAY_MS) }), true, NOW, shown);
  expect(told.message).toEndWith(', 1 day ago');
  expect(runCheck(run({ startedAt: addMs(NOW, -2.2 * DAY_MS) }), true, NOW, shown).message).toEndWith(
    ', 2 days ago',
  );
});
