/**
 * Every screen in every state, by name, at any size. Each is reached by events, as a person would reach it.
 */
import { brokenAt, reportParts } from '../../src/cli/report.ts';
import type { ReportLine } from '../../src/cli/report-sessions.ts';
import { DEFAULT_LIMITS, GIB, MIB } from '../../src/domain/limits.ts';
import type { SessionRow } from '../../src/domain/session.ts';
import { NO_OTHER_WAY } from '../../src/sweep/ports.ts';
import type { Report } from '../../src/sweep/report.ts';
import { questionOf } from '../../src/tui/question.ts';
import {
  DASHBOARD,
  type Event,
  firstState,
  newWizard,
  type ReadLine,
  type Size,
  type State,
} from '../../src/tui/state.ts';
import type { View } from '../../src/tui/view.ts';
import {
  card,
  conversation,
  DIGEST_LINES,
  EMPTY_VIEW,
  FOUND,
  HOSTILE_TITLES,
  hostileCards,
  key,
  listed,
  peeked,
  play,
  proposed,
  ROWS,
  report,
  row,
  sweepRow,
  totals,
  typing,
  uidOf,
  victims,
  view,
  WHYS,
} from '../support/tui.ts';
import { dashboardStates } from './dashboard-states.ts';
import { restoreStates } from './restore-states.ts';
import { sessionStates } from './session-states.ts';

export type Maker = (size: Size) => State;
/** What comes may depend on the window. */
type Sized = Event | ((size: Size) => Event);

function dashboard(shown: View = view(), ...events: readonly Event[]): Maker {
  return (size) =>
    play(
      firstState(DASHBOARD, size),
      { kind: 'view', view: shown },
      { kind: 'watching', watching: 'on' },
      totals(),
      { kind: 'schedule', schedule: { state: 'installed', kind: 'cron', next: null } },
      ...events,
    );
}

/** The wizard on a store as full as its step needs it. */
function wizard(...events: readonly Sized[]): Maker {
  return (size) => {
    const opened = play(
      {
        ...firstState({ kind: 'sweep', wizard: newWizard('dashboard', 3.1 * GIB) }, size),
        below: [DASHBOARD],
      },
      { kind: 'view', view: view() },
    );
    const sized = events.map((event) => (typeof event === 'function' ? event(size) : event));
    return play(opened, ...sized);
  };
}

/** Passes 1 and 2 had nothing to do. */
const TO_ANALYZE: readonly Event[] = [
  proposed('backstop', 0),
  key('enter'),
  proposed('budget', 0),
  key('enter'),
];

const FAILURES: readonly Event[] = WHYS.map((why, n) => ({
  kind: 'progress',
  progress: { kind: 'analyze_failed', uid: uidOf(n), why },
}));

/** All of it was tried, in vain; the budget again had nothing. */
const TO_LOSS: readonly Event[] = [
  ...TO_ANALYZE,
  proposed('analyze', 3),
  key('enter'),
  ...FAILURES,
  proposed('budget_again', 0, { failures: new Map(WHYS.map((why, n) => [uidOf(n), why])) }),
  key('enter'),
];

const OWN_FILES: Event = {
  kind: 'own_files',
  ownFiles: new Map([
    [uidOf(0), 'gone'],
    [uidOf(1), 'there'],
    [uidOf(2), 'changed'],
  ]),
  exportFile: '/home/me/session-memory-2026-06-10.smx',
};

/** The last way, and its phrase. */
const TO_PHRASE: readonly Event[] = [key('5'), key('enter')];

function loss(...events: readonly Event[]): Maker {
  return wizard(...TO_LOSS, proposed('data_loss', 3), OWN_FILES, ...events);
}

function previewed(n: number): Event {
  return { kind: 'preview', uid: uidOf(n), lines: DIGEST_LINES };
}

/** The report, broken at the width of the window. */
function swept(about: Partial<Report>): Sized {
  const made = report(about);
  return ({ columns }) => ({
    kind: 'swept',
    sweepId: made.sweep_id,
    lines: reportLines(made, columns - 2)
      .filter(({ isId }) => !isId)
      .map(({ text }) => text),
  });
}

function reportLines(made: Report, cells: number): ReportLine[] {
  const reported = new Map(
    Array.from({ length: 40 }, (_, n) => card(n)).map(({ uid, title, project, storedBytes }) => [
      uid,
      { uid, title, project, storedBytes },
    ]),
  );
  return reportParts(made, DEFAULT_LIMITS, reported).flatMap((one) => brokenAt(cells, one));
}

const LONG_REPORT = report({
  budget_evicted: Array.from({ length: 30 }, (_, n) => uidOf(n + 2)),
  skipped: [{ session_uid: uidOf(33), reason: 'it has grown since' }],
});

function reading(...events: readonly Event[]): Maker {
  return (size) => {
    const lines = reportLines(LONG_REPORT, size.columns - 2).map(
      ({ text, isId }): ReadLine => (isId ? { text, tone: 'dim', isDetail: true } : { text, tone: 'plain' }),
    );
    const read: Event = { kind: 'read', title: 'Report of a sweep', mode: 'report', lines, more: null };
    return dashboard(view(), key('h'), { kind: 'history', sweeps: [sweepRow(1)] }, read, ...events)(size);
  };
}

const HOSTILE_ROWS = HOSTILE_TITLES.map((title, n) => row(n, { title, project: `/home/me/${title}` }));

function browse(rows: readonly SessionRow[], ...events: readonly Event[]): Maker {
  return dashboard(view(), key('b'), ...listed(rows), peeked(0), ...events);
}

function firstRun(...events: readonly Event[]): Maker {
  return (size) => play(firstState(DASHBOARD, size), { kind: 'view', view: EMPTY_VIEW }, ...events);
}

const EVICTED: Event = {
  kind: 'progress',
  progress: { kind: 'evicted', uid: uidOf(1), freedBytes: 12 * MIB, usageBytes: 3.1 * GIB - 12 * MIB },
  atMs: 4_000,
};
const DONE: Event[] = [proposed('backstop', 3), key('enter')];

const SWEEP: Readonly<Record<string, Maker>> = {
  'sweep-starting': wizard(),
  'sweep-nothing': wizard(proposed('backstop', 0)),
  'sweep-victims': wizard(proposed('backstop', 30), previewed(0)),
  'sweep-scrolled': wizard(
    proposed('backstop', 30),
    ...Array.from({ length: 20 }, () => key('down')),
    previewed(20),
  ),
  'sweep-kept-before': wizard(
    proposed('backstop', 5),
    key('space'),
    key('enter'),
    proposed('budget', 0, {
      victims: victims('budget', [card(7), card(8)]),
      keptOut: victims('budget', [card(0)]),
    }),
    key('end'),
    previewed(0),
  ),
  'sweep-all-kept': wizard(
    proposed('budget_again', 1),
    key('space'),
    key('enter'),
    proposed('budget_again', 0, { keptOut: victims('budget_again', [card(0)]) }),
    previewed(0),
  ),
  'sweep-kept-out': wizard(proposed('backstop', 5), key('space'), key('space'), previewed(2)),
  'sweep-pinned': wizard(
    proposed('backstop', 30),
    key('space'),
    { kind: 'pinned', uid: uidOf(1), pinned: true },
    previewed(1),
  ),
  'sweep-moved-on': wizard(proposed('backstop', 5, { movedOn: true }), previewed(0)),
  'sweep-hostile': wizard(proposed('backstop', 0, { victims: victims('backstop', hostileCards()) }), {
    kind: 'preview',
    uid: uidOf(0),
    lines: HOSTILE_TITLES,
  }),
  'sweep-unknowns': wizard(
    proposed('backstop', 0, {
      victims: victims('backstop', [
        card(0, { title: null, project: null }),
        card(1, { title: '', startedAt: null, endedAt: null, ingestedAt: null }),
        card(2, { storedBytes: 1023.9 * GIB, project: '' }),
      ]),
    }),
  ),
  'sweep-budget': wizard(proposed('backstop', 0), key('n'), proposed('budget', 8), previewed(0)),
  'sweep-analyze': wizard(...TO_ANALYZE, proposed('analyze', 3)),
  'sweep-budget-again': wizard(
    proposed('backstop', 0),
    key('enter'),
    proposed('budget', 2),
    key('n'),
    proposed('analyze', 3),
    key('n'),
    proposed('budget_again', 2),
    key('n'),
    proposed('budget_again', 2),
    previewed(0),
  ),
  'sweep-running': wizard(...DONE, EVICTED),
  'sweep-running-stopping': wizard(...DONE, EVICTED, key('esc')),
  'sweep-analyzing': wizard(
    ...TO_ANALYZE,
    proposed('analyze', 3),
    key('enter'),
    ...FAILURES.slice(0, 2),
    { kind: 'progress', progress: { kind: 'analyzing', uid: uidOf(2), done: 2, total: 3 } },
    FAILURES[2] ?? EVICTED,
  ),
  'sweep-reclaiming': wizard(
    ...DONE,
    EVICTED,
    { kind: 'progress', progress: { kind: 'reclaiming', leftBytes: 120 * MIB }, atMs: 5_000 },
    { kind: 'progress', progress: { kind: 'reclaiming', leftBytes: 9 * MIB }, atMs: 9_000 },
  ),
  loss: loss(),
  'loss-sifting': loss(key('f'), ...typing('form')),
  'loss-examining': wizard(...TO_LOSS, proposed('data_loss', 3)),
  'loss-chosen': loss(key('3')),
  'loss-kept': loss(key('space'), { kind: 'pinned', uid: uidOf(1), pinned: true }),
  'loss-exporting': loss(key('3'), key('enter')),
  'loss-exporting-stopping': loss(
    key('3'),
    key('enter'),
    { kind: 'worked', done: 2, total: 3, elapsedMs: 4_000 },
    key('esc'),
  ),
  'loss-exported': loss(key('3'), key('enter'), {
    kind: 'exported',
    message:
      'Wrote 3 sessions, 3.8 GiB raw, to /home/me/session-memory-2026-06-10.smx. `session-memory import` brings them back.',
  }),
  'loss-hopeless': wizard(...TO_LOSS, proposed('data_loss', 3, { ways: NO_OTHER_WAY }), OWN_FILES),
  'loss-given-up': wizard(
    ...TO_LOSS,
    proposed('data_loss', 0, {
      usageBytes: 6.5 * GIB,
      failures: new Map([[uidOf(0), WHYS[2] ?? '']]),
      ways: { digestible: { sessions: 469, rawBytes: 400 * MIB }, notAsked: 449, insufficient: true },
    }),
  ),
  'loss-typing': loss(...TO_PHRASE),
  'loss-typed': loss(...TO_PHRASE, ...typing('lose 3 sess')),
  'loss-wrong': loss(...TO_PHRASE, ...typing('lose 2 sessions'), key('enter')),
  'loss-moved-on': loss(
    ...TO_PHRASE,
    ...typing('lose 3 sess'),
    proposed('data_loss', 2, { movedOn: true }),
    OWN_FILES,
  ),
  'loss-one': wizard(...TO_LOSS, proposed('data_loss', 1), OWN_FILES),
  'loss-many': wizard(...TO_LOSS, proposed('data_loss', 1234), OWN_FILES, key('end')),
  'loss-not-tried': wizard(...TO_ANALYZE, proposed('data_loss', 2, { failures: new Map() }), OWN_FILES),
  'loss-hostile': wizard(
    ...TO_LOSS,
    proposed('data_loss', 0, {
      usageBytes: 6 * GIB + 80 * MIB,
      victims: victims('data_loss', hostileCards()),
      failures: new Map(hostileCards().map(({ uid, title }) => [uid, title ?? ''])),
    }),
    key('down'),
  ),
  losing: loss(...TO_PHRASE, ...typing('lose 3 sessions'), key('enter'), EVICTED),
  'loss-digesting': loss(key('enter'), {
    kind: 'progress',
    progress: { kind: 'analyzing', uid: uidOf(1), done: 1, total: 3 },
  }),
  'sweep-result': wizard(...DONE, swept({ declined: ['budget'] })),
  'sweep-result-lost': wizard(
    ...DONE,
    swept({
      overflow_analyzed: [uidOf(4)],
      overflow_data_loss: [uidOf(2), uidOf(3)],
      warnings: [`data_loss: evicted un-analyzed ${uidOf(2)} to stay under hard cap`],
      skipped: [{ session_uid: uidOf(1), reason: 'grew since it was chosen' }],
      lost_data: true,
      over_hard_cap: true,
    }),
  ),
  'sweep-result-stopped': wizard(
    proposed('backstop', 3),
    key('enter'),
    proposed('budget', 2),
    key('esc'),
    swept({ warnings: ['the sweep was stopped before its end'] }),
  ),
  'sweep-failed': wizard(...DONE, {
    kind: 'sweep_failed',
    message: 'the store cannot be written to: the disk is full and its reserve is used up',
    hint: 'Free some space, then run the sweep again. Nothing that was stored is lost.',
  }),
};

const QUESTION: Event = {
  kind: 'question',
  question: questionOf('evict', ROWS.slice(0, 40), '/home/me/x.smx'),
};

const CONVERSATION: Event = conversation();

const LISTS: Readonly<Record<string, Maker>> = {
  'confirm-evict': browse(ROWS, QUESTION),
  'confirm-begun': browse(ROWS, QUESTION, key('enter')),
  'confirm-doing': browse(ROWS, QUESTION, key('enter'), {
    kind: 'worked',
    done: 12,
    total: 40,
    elapsedMs: 6_000,
  }),
  'confirm-stopping': browse(
    ROWS,
    QUESTION,
    key('enter'),
    { kind: 'worked', done: 12, total: 40, elapsedMs: 6_000 },
    key('esc'),
  ),
  'confirm-done': browse(ROWS, QUESTION, key('enter'), {
    kind: 'answered',
    lines: ['Evicted 27 sessions, freed 310 MiB.', `Left ${uidOf(3)}: it has grown since.`],
  }),
  'confirm-nothing': browse(ROWS, {
    kind: 'question',
    question: questionOf('restore', ROWS.slice(4, 5), ''),
  }),
  'report-folded': reading(),
  'report-with-ids': reading(key('o')),
  'reader-digest': browse(ROWS, {
    kind: 'read',
    title: 'Digest',
    lines: DIGEST_LINES,
    more: null,
    uid: uidOf(0),
    mode: 'digest',
  }),
  'reader-hostile': browse(ROWS, { kind: 'read', title: 'Transcript', lines: HOSTILE_TITLES, more: null }),
  'reader-scrolled': browse(
    ROWS,
    {
      kind: 'read',
      title: 'Transcript',
      lines: Array.from({ length: 300 }, (_, n) => `{"type":"user","line":${n + 1}}`),
      more: { uid: uidOf(0), at: 262_144 },
    },
    key('pagedown'),
  ),
  'reader-conversation': browse(ROWS, CONVERSATION),
  'reader-plain': browse(
    ROWS,
    conversation(
      'The form came later than the test looked for it. It waits for the form now: three runs, all pass.',
    ),
    key('o'),
  ),
  'reader-unfolded': browse(ROWS, CONVERSATION, key('o')),
  'reader-reading': browse(ROWS, {
    kind: 'read',
    title: 'Transcript',
    lines: null,
    more: null,
    uid: uidOf(0),
    mode: 'conversation',
  }),
  'reader-telling': browse(
    ROWS,
    { kind: 'read', title: 'Transcript', lines: null, more: null, uid: uidOf(0), mode: 'conversation' },
    { kind: 'loading', share: { done: 84 * MIB, total: 240 * MIB } },
  ),
  'reader-finding': browse(ROWS, CONVERSATION, key('/'), ...typing('test')),
  'reader-found': browse(ROWS, CONVERSATION, key('/'), ...typing('login'), key('enter'), key('n')),
  'reader-seeking': browse(
    ROWS,
    { ...(CONVERSATION as Extract<Event, { kind: 'read' }>), more: { uid: uidOf(0), at: 1 } },
    ...[key('/'), ...typing('walrus'), key('enter')],
    { kind: 'sought', share: { done: 30, total: 120 } },
  ),
  'reader-not-found': browse(ROWS, CONVERSATION, key('/'), ...typing('walrus'), key('enter')),
  'reader-nothing': browse(ROWS, { kind: 'read', title: 'Transcript', lines: [], more: null }),
  ...restoreStates((...events) => browse(ROWS, ...events)),
  history: dashboard(view(), {
    kind: 'history',
    sweeps: Array.from({ length: 40 }, (_, n) =>
      sweepRow(n, { lost_data: n % 5 === 1, ...(n === 3 ? { finished_at: null, report: null } : {}) }),
    ),
  }),
  'history-empty': dashboard(view(), { kind: 'history', sweeps: [] }),
};

const HELP: Readonly<Record<string, Maker>> = {
  'help-dashboard': dashboard(view(), key('?')),
  'help-first-run': firstRun({ kind: 'found', found: FOUND }, key('?')),
  'help-pass': wizard(proposed('backstop', 3), key('?')),
  'help-analyze': wizard(...TO_ANALYZE, proposed('analyze', 3), key('?')),
  'help-loss': loss(key('?')),
  'help-result': wizard(...DONE, swept({}), key('?')),
  'help-history': dashboard(view(), { kind: 'history', sweeps: [] }, key('?')),
  'help-found': dashboard(view(), key('?'), key('/'), ...typing('evict'), key('enter')),
  'help-finding': dashboard(view(), key('?'), key('/'), ...typing('no such')),
  'help-end': dashboard(view(), key('?'), key('end')),
};

const MAKERS: Readonly<Record<string, Maker>> = {
  ...dashboardStates(dashboard, firstRun),
  ...SWEEP,
  ...LISTS,
  ...sessionStates((...events) => dashboard(view(), ...events), HOSTILE_ROWS),
  ...HELP,
};

export const STATE_NAMES: readonly string[] = Object.keys(MAKERS);

/** A named state as it would have come about in a window of that size. */
export function stateOf(name: string, size: Size): State {
  const maker = MAKERS[name];
  if (maker === undefined) throw new Error(`no state is called ${name}`);
  return maker(size);
}

/** All of them in a window of that size. */
export function allStates(size: Size): { readonly name: string; readonly state: State }[] {
  return STATE_NAMES.map((name) => ({ name, state: stateOf(name, size) }));
}
