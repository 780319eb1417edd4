/** The dashboard and the first run in every state, by name. */
import { GIB, MIB } from '../../src/domain/limits.ts';
import { DASHBOARD, type Event, firstState } from '../../src/tui/state.ts';
import type { View } from '../../src/tui/view.ts';
import { daysBefore, FOUND, INGESTING, key, view } from '../support/tui.ts';
import type { Maker } from './states.ts';

const OVER_HARD = view({
  tier1Bytes: 6.7 * GIB,
  analyzed: { sessions: 310, bytes: 2.1 * GIB },
  unanalyzed: { sessions: 1204, bytes: 4.6 * GIB },
  next: [
    { pass: 'backstop', sessions: 1, bytes: 3 * MIB },
    { pass: 'budget', sessions: 310, bytes: 2.1 * GIB },
    { pass: 'overflow', sessions: 12, bytes: 300 * MIB },
  ],
  toAnalyze: 1204,
  worstCaseLoss: 12,
  lastSweep: { at: daysBefore(1), freedBytes: 310 * MIB, lost: true },
});

export function dashboardStates(
  dashboard: (shown?: View, ...events: readonly Event[]) => Maker,
  firstRun: (...events: readonly Event[]) => Maker,
): Readonly<Record<string, Maker>> {
  return {
    opening: (size) => firstState(DASHBOARD, size),
    dashboard: dashboard(),
    'dashboard-agents': dashboard(view(), key('tab'), key('down')),
    'dashboard-ages': dashboard(view(), key('tab'), key('tab')),
    'dashboard-well': dashboard(
      view({
        atRisk: [],
        unanalyzed: { sessions: 0, bytes: 0 },
        next: [
          { pass: 'backstop', sessions: 0, bytes: 0 },
          { pass: 'budget', sessions: 0, bytes: 0 },
          { pass: 'overflow', sessions: 0, bytes: 0 },
        ],
        lastSweep: { at: daysBefore(1), freedBytes: 310 * MIB, lost: false },
      }),
    ),
    'dashboard-no-schedule': dashboard(view({ atRisk: [] }), {
      kind: 'schedule',
      schedule: { state: 'none', kind: '', next: null },
    }),
    'dashboard-stopped': dashboard(view({ atRisk: [] }), {
      kind: 'schedule',
      schedule: { state: 'stopped', kind: 'systemd', next: null },
    }),
    'dashboard-run-failed': dashboard(
      view({
        atRisk: [],
        lastRun: { at: daysBefore(0.1), isWell: false, result: 'the store could not be opened: it is torn' },
      }),
    ),
    'dashboard-first-sweep': dashboard(view({ atRisk: [], firstSweep: 'untold' })),
    'dashboard-over-soft': dashboard(
      view({
        tier1Bytes: 4.6 * GIB,
        next: [
          { pass: 'backstop', sessions: 0, bytes: 0 },
          { pass: 'budget', sessions: 212, bytes: 0.6 * GIB },
          { pass: 'overflow', sessions: 0, bytes: 0 },
        ],
        lastSweep: { at: daysBefore(1), freedBytes: 310 * MIB, lost: false },
      }),
    ),
    'dashboard-over-hard': dashboard(OVER_HARD),
    'dashboard-tier2-over': dashboard(view({ tier2Bytes: 1.2 * GIB })),
    'dashboard-zero-caps': dashboard(
      view({
        limits: { rawSoftCapBytes: 0, rawHardCapBytes: 0, rawMaxAgeDays: 'off', distilledCapBytes: 0 },
        growth: [],
        atRisk: [],
      }),
    ),
    'dashboard-ingesting': dashboard(view(), INGESTING),
    'dashboard-analyzing': dashboard(view(), {
      kind: 'activity',
      activity: { kind: 'analyzing', done: 4, total: 12, elapsedMs: 9_000 },
    }),
    'dashboard-stopping': dashboard(view(), INGESTING, key('esc')),
    'dashboard-stopped-by-person': dashboard(
      view({ atRisk: [] }),
      { kind: 'watching', watching: 'stopped' },
      { kind: 'ingested', news: 'Stopped by you; i goes on. Stored 19 new sessions, added to 0, 1.7 MiB.' },
    ),
    'dashboard-news': dashboard(view(), {
      kind: 'ingested',
      news: 'Stored 3 sessions, 1.2 MiB; one of them is new.',
    }),
    'dashboard-hint': dashboard(view(), key('Z')),
    'dashboard-trouble': dashboard(
      view({
        atRisk: [
          { agent: 'Claude Code', sessions: 6, notStored: 2, days: 30, firstAt: daysBefore(-3.5) },
          { agent: 'Gemini CLI', sessions: 1, notStored: 0, days: 30, firstAt: daysBefore(1) },
          { agent: 'Another Agent', sessions: 1204, notStored: 1204, days: 30, firstAt: null },
        ],
        lastSweep: { at: daysBefore(1), freedBytes: 310 * MIB, lost: true },
      }),
      { kind: 'watching', watching: 'trouble' },
      INGESTING,
      {
        kind: 'trouble',
        message: 'the system watches no more folders (ENOSPC: raise fs.inotify.max_user_watches)',
      },
    ),
    'first-run-looking': firstRun(),
    'first-run-found': firstRun({ kind: 'found', found: FOUND }),
    'first-run-too-much': firstRun({
      kind: 'found',
      found: { ...FOUND, agents: FOUND.agents.map((one) => ({ ...one, rawBytes: 300 * GIB })) },
    }),
    'first-run-nothing': firstRun({ kind: 'found', found: { ...FOUND, agents: [] } }),
    'first-run-ingesting': firstRun({ kind: 'found', found: FOUND }, key('enter'), INGESTING),
  };
}
