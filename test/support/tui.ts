/**
 * Things to show on a screen, made up: a view of a store, sessions, proposals, lists. The same at each call.
 * The figures of the dashboard are those of the mock-up in the specification.
 */
import { conversationLines } from '../../src/cli/conversation-lines.ts';
import type { Turn } from '../../src/digest/conversation.ts';
import { lineDiff } from '../../src/digest/line-diff.ts';
import type { AgentId, SessionUid } from '../../src/domain/ids.ts';
import { DEFAULT_LIMITS, GIB, MIB } from '../../src/domain/limits.ts';
import type { SessionCard, SessionRow } from '../../src/domain/session.ts';
import { addMs, DAY_MS, type Iso } from '../../src/domain/time.ts';
import type { EvictionReason, Victim } from '../../src/policy/passes.ts';
import type { SweepRow } from '../../src/store/read.ts';
import { NO_OTHER_WAY, type Proposal, type StepName } from '../../src/sweep/ports.ts';
import type { Report } from '../../src/sweep/report.ts';
import { atRiskOf, type Catalogue, goingNext } from '../../src/tui/catalogue.ts';
import {
  type Effect,
  type Event,
  type FoundHere,
  HERE,
  type RestorePlan,
  type Size,
  type State,
} from '../../src/tui/state.ts';
import { step } from '../../src/tui/step.ts';
import { totalsOf } from '../../src/tui/totals.ts';
import type { View } from '../../src/tui/view.ts';

export const NOW = '2026-06-10T14:02:00.000Z' as Iso;
export const SIZE: Size = { columns: 80, rows: 24 };

/** The state after some events; what is to be done then is left undone. */
export function play(state: State, ...events: readonly Event[]): State {
  return events.reduce((now, event) => step(now, event).state, state);
}

/** What is to be done after some events, in order. */
export function effectsOf(state: State, ...events: readonly Event[]): Effect[] {
  const effects: Effect[] = [];
  let now = state;
  for (const event of events) {
    const stepped = step(now, event);
    now = stepped.state;
    effects.push(...stepped.effects);
  }
  return effects;
}

export function key(name: string): Event {
  return { kind: 'key', name };
}

/** Each character as the key that types it. */
export function typing(text: string): Event[] {
  return [...text].map((char) => key(char === ' ' ? 'space' : char));
}

export function daysBefore(days: number): Iso {
  return addMs(NOW, -days * DAY_MS);
}

export function view(about: Partial<View> = {}): View {
  return {
    version: 1,
    limits: DEFAULT_LIMITS,
    now: NOW,
    tier1Bytes: 3.1 * GIB,
    tier2Bytes: 48 * MIB,
    analyzed: { sessions: 1204, bytes: 2.8 * GIB },
    unanalyzed: { sessions: 12, bytes: 0.3 * GIB },
    pinned: 3,
    evicted: 5310,
    byAgent: [
      { agent: 'claude-code', live: { sessions: 902, bytes: 2.2 * GIB }, unanalyzed: 8, evicted: 4100 },
      { agent: 'codex', live: { sessions: 314, bytes: 0.9 * GIB }, unanalyzed: 4, evicted: 1210 },
    ],
    next: [
      { pass: 'backstop', sessions: 14, bytes: 210 * MIB },
      { pass: 'budget', sessions: 0, bytes: 0 },
      { pass: 'overflow', sessions: 0, bytes: 0 },
    ],
    toAnalyze: 0,
    worstCaseLoss: 0,
    hasBucket: false,
    bucketOnly: 0,
    atRisk: [{ agent: 'claude-code', sessions: 6, notStored: 2, days: 30, firstAt: daysBefore(-3.5) }],
    growth: [10, 20, 15, 20, 60, 90, 95, 100, 110, 120, 110, 120, 130, 140, 40].map((mib) => mib * MIB),
    firstSweep: null,
    lastRun: null,
    lastSweep: null,
    ...about,
  };
}

export const EMPTY_VIEW = view({
  tier1Bytes: 0,
  tier2Bytes: 0,
  analyzed: { sessions: 0, bytes: 0 },
  unanalyzed: { sessions: 0, bytes: 0 },
  pinned: 0,
  evicted: 0,
  byAgent: [],
  next: [],
  atRisk: [],
  growth: [],
});

export function uidOf(n: number): SessionUid {
  return `claude-code:8c81${String(n).padStart(4, '0')}-5a1b-4c4e-9d2f-0123456789ab` as SessionUid;
}

const TITLES = [
  'Fix the flaky login test on CI',
  'Move the invoice export to a queue, and retry what failed before anyone notices that it did',
  'Why is the build twice as slow since Tuesday?',
  'Rename `Customer` to `Account`',
  'Write release notes',
];
const PROJECTS = [
  '/home/me/web-shop',
  '/home/me/invoices',
  'C:\\code\\build-tools',
  '/srv/a-project-with-a-very-long-name-indeed',
];

/** A day younger each, down to five. */
function daysOld(n: number): number {
  return Math.max(5, 90 - n);
}

export function card(n: number, about: Partial<SessionCard> = {}): SessionCard {
  return {
    uid: uidOf(n),
    agent: (n % 3 === 2 ? 'codex' : 'claude-code') as AgentId,
    project: PROJECTS[n % PROJECTS.length] ?? null,
    title: TITLES[n % TITLES.length] ?? null,
    startedAt: daysBefore(daysOld(n) + 0.1),
    endedAt: daysBefore(daysOld(n)),
    ingestedAt: daysBefore(80),
    analyzedAt: daysBefore(80),
    evictedAt: null,
    pinned: false,
    generation: 1,
    rawBytes: (1 + (n % 50)) * 7 * MIB,
    storedBytes: (1 + (n % 50)) * MIB,
    ...about,
  };
}

/** Titles that try what a terminal might do with them, and letters of several widths and directions. */
export const HOSTILE_TITLES: readonly string[] = [
  '修复登录测试，并把发票导出移到队列里去，以便失败时可以重试而不丢失任何数据',
  'ログイン画面のテストを直す',
  'Ship it 🚀🎉 family 👨‍👩‍👧‍👦 flag 🇩🇪 thumbs 👍🏽 keycap 1️⃣',
  'עברית מימין לשמאל ואז English',
  'العربية من اليمين إلى اليسار',
  '\u001b[31mred\u001b[0m \u001b]0;owned\u0007title \u001b[2J\u001b[H',
  'lone \u001b escape, \u009b31m C1, bell \u0007, back\u0008\u0008space, null \u0000, del \u007f',
  'bidi \u202egnp.exe\u202c and isolate \u2066x\u2069, zero\u200bwidth, \ufeffBOM',
  'unterminated \u001b]8;;http://example.invalid and more text',
  'line\nbreak, tab\there, return\rhere, \u2028separator',
  'cafe\u0301 z\u0310\u0311\u0312algo, lone surrogate \ud83d, tags \u{e0041}\u{e0042}',
  'ﷺ wide ligature, ﬁ, Ⅷ, ½, ambiguous ○●·…×→ ½',
  'हिन्दी में शीर्षक, ไทย ภาษา, 한국어 제목',
];

export function hostileCards(): SessionCard[] {
  return HOSTILE_TITLES.map((title, n) => card(n, { title, project: `/home/me/${title.slice(0, 20)}` }));
}

/** Un-analyzed, as those are that may be lost. */
export function waiting(n: number, about: Partial<SessionCard> = {}): SessionCard {
  const storedBytes = (180 + 2 * (n % 50)) * MIB;
  return card(n, { analyzedAt: null, storedBytes, rawBytes: 7 * storedBytes, ...about });
}

const REASONS: Readonly<Record<StepName, (one: SessionCard) => EvictionReason>> = {
  backstop: (one) => ({
    kind: 'too_old',
    ageDays: (Date.parse(NOW) - Date.parse(one.endedAt ?? NOW)) / DAY_MS,
    ageDaysMax: 45,
  }),
  budget: () => ({ kind: 'over_soft_cap', usageBytes: 4.5 * GIB, capBytes: 4 * GIB }),
  budget_again: () => ({ kind: 'over_soft_cap', usageBytes: 6.2 * GIB, capBytes: 4 * GIB }),
  analyze: () => ({ kind: 'over_soft_cap_once_analyzed', usageBytes: 6.5 * GIB, capBytes: 4 * GIB }),
  bucket: () => ({ kind: 'to_bucket', usageBytes: 6.2 * GIB, capBytes: 6 * GIB }),
  data_loss: () => ({ kind: 'last_resort', usageBytes: 6.2 * GIB, capBytes: 6 * GIB }),
};

export function victims(stepName: StepName, cards: readonly SessionCard[]): Victim[] {
  return cards.map((one) => ({ card: one, reason: REASONS[stepName](one) }));
}

const USAGE: Readonly<Record<StepName, number>> = {
  backstop: 3.1 * GIB,
  budget: 4.5 * GIB,
  analyze: 6.5 * GIB,
  budget_again: 6.5 * GIB,
  bucket: 6.5 * GIB,
  data_loss: 6 * GIB,
};

/** A step with the first `count` sessions in it. */
export function proposal(stepName: StepName, count: number, about: Partial<Proposal> = {}): Proposal {
  const numbers = Array.from({ length: count }, (_, n) => n);
  const isLoss = stepName === 'data_loss' || stepName === 'bucket';
  const cards = numbers.map((n) => (isLoss || stepName === 'analyze' ? waiting(n) : card(n)));
  const lossBytes = cards.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
  return {
    step: stepName,
    victims: stepName === 'analyze' ? [] : victims(stepName, cards),
    keptOut: [],
    toAnalyze: stepName === 'analyze' ? cards : [],
    // All of them, and no fewer, bring usage under the hard cap.
    usageBytes: USAGE[stepName] + (isLoss ? Math.max(0, lossBytes - 150 * MIB) : 0),
    movedOn: false,
    failures: new Map(isLoss ? cards.map(({ uid }, n) => [uid, WHYS[n % WHYS.length] ?? '']) : []),
    ways: isLoss
      ? {
          ...NO_OTHER_WAY,
          digestible: { sessions: count, rawBytes: cards.reduce((sum, { rawBytes }) => sum + rawBytes, 0) },
        }
      : NO_OTHER_WAY,
    ...about,
  };
}

export const WHYS: readonly string[] = [
  'not one of its 412 lines could be read',
  'the analyzer ran longer than 120 s',
  'the analyzer ended with status 1: rate limit reached, try again in 40 minutes or use another model instead',
];

export function proposed(stepName: StepName, count: number, about: Partial<Proposal> = {}): Event {
  return { kind: 'proposed', proposal: proposal(stepName, count, about) };
}

export const DIGEST_LINES: readonly string[] = [
  'Fix the flaky login test on CI',
  '',
  'Agent     claude-code 2.1.0',
  'Project   /home/me/web-shop',
  'Branch    fix/login',
  'When      2026-03-12 11:38 to 2026-03-12 14:02',
  'Tokens    12,400 in, 310,022 from cache, 8,120 out',
  '',
  'Asked',
  '  - 2026-03-12 11:38  Why does the login test fail at times?',
  '',
  'Outcome',
  '  It waited for the wrong element, and waits for the form now.',
  '',
  'Files edited',
  '  test/login.spec.ts',
  '',
  'Commands',
  '  - npm test -- login  (12 times)',
];

/** Columns of numbers for sessions 0 to `count - 1`; the store numbers them from 1. */
export function catalogueOf(rows: readonly SessionRow[]): Catalogue {
  const projects = [...new Set(rows.map((one) => one.project ?? ''))];
  const ms = (time: string | null) => (time === null ? 0 : Date.parse(time));
  const plain = {
    ids: Float64Array.from(rows, (_, n) => n + 1),
    timesMs: Float64Array.from(rows, (one) => ms(one.endedAt)),
    evictMs: Float64Array.from(rows, (one) => ms(one.analyzedAt ?? one.endedAt)),
    endMs: Float64Array.from(rows, (one) => ms(one.endedAt)),
    storedBytes: Float64Array.from(rows, (one) => one.storedBytes),
    flags: Uint8Array.from(rows, (one) => FLAGS[one.state] + (one.pinned ? 4 : 0)),
    agentOf: Uint16Array.from(rows, (one) => (one.agent === 'codex' ? 1 : 0)),
    projectOf: Uint32Array.from(rows, (one) => projects.indexOf(one.project ?? '')),
    agents: ['claude-code', 'codex'],
    projects,
  };
  const nowMs = Date.parse(NOW);
  // As Claude Code goes about it: after 30 days.
  const goesMs = new Map(
    rows.flatMap(({ agent, endedAt }, n) => {
      const leftDays = 30 - (nowMs - ms(endedAt)) / DAY_MS;
      return agent === 'claude-code' && leftDays > 0 && leftDays <= 7
        ? [[n + 1, ms(endedAt) + 30 * DAY_MS]]
        : [];
    }),
  );
  return {
    ...plain,
    going: goingNext(plain, DEFAULT_LIMITS, nowMs),
    atRisk: atRiskOf(plain, goesMs),
  };
}

/** Who takes the room in a store of such sessions. */
export function totals(): Event {
  made ??= { kind: 'totals', totals: totalsOf(catalogueOf(ROWS), DEFAULT_LIMITS, Date.parse(NOW)) };
  return made;
}
let made: Event | null = null;

const FLAGS = { analyzed: 0, unanalyzed: 1, evicted: 2 } as const;

export function row(n: number, about: Partial<SessionRow> = {}): SessionRow {
  const state = n % 7 === 3 ? 'unanalyzed' : n % 5 === 4 ? 'evicted' : 'analyzed';
  return {
    ...card(n),
    analyzedAt: state === 'unanalyzed' ? null : daysBefore(80),
    evictedAt: state === 'evicted' ? daysBefore(2) : null,
    pinned: n % 6 === 1,
    branch: 'main',
    parentUid: null,
    digestAt: null,
    digestBytes: 20_000,
    state,
    analyzeError: null,
    fileCount: 1,
    nativeId: 'x',
    origin: null,
    ...about,
  };
}

/** As many as no window shows at once. */
export const ROWS: readonly SessionRow[] = Array.from({ length: 120 }, (_, n) => row(n));

/** The list with its rows read, as the finder and the store would hand it over. */
export function listed(rows: readonly SessionRow[]): Event[] {
  if (rows !== ROWS) return listOf(rows);
  readRows ??= listOf(rows);
  return readRows;
}
let readRows: Event[] | null = null;

function listOf(rows: readonly SessionRow[]): Event[] {
  return [
    { kind: 'catalogue', catalogue: catalogueOf(rows) },
    { kind: 'shown', shown: Uint32Array.from(rows, (_, n) => n), searched: null },
    { kind: 'rows', rows: new Map(rows.map((one, n) => [n + 1, one])) },
  ];
}

/** A transcript, as a reader shows it. */
export function conversation(outcome = HOSTILE_TITLES.join('\n')): Event {
  const turn = (who: Turn['who'], text: string, about: Partial<Turn> = {}): Turn => ({
    who,
    at: daysBefore(90),
    text,
    outcome: '',
    failed: false,
    detail: '',
    diff: [],
    ...about,
  });
  const turns = [
    turn('person', 'Why does the login test fail at times?\nIt is only on CI.'),
    turn('agent', 'I look at the test and run it a few times.'),
    turn('tool', 'read test/login.spec.ts', { at: null }),
    turn('tool', '$ npm test -- login', {
      outcome: 'exit 1',
      failed: true,
      detail: '1 failing\n  expected form',
    }),
    turn('tool', 'edited test/login.spec.ts', {
      at: null,
      outcome: '+1 -1',
      diff: lineDiff('open\nwait 100\nlogin', 'open\nwait for the form\nlogin'),
    }),
    turn('tool', '$ npm test -- login --retries 3', { outcome: 'exit 0', detail: 'all pass' }),
    turn('agent', outcome),
    ...Array.from({ length: 40 }, (_, n) => turn(n % 2 === 0 ? 'person' : 'agent', `And then? Login ${n}.`)),
  ];
  return {
    kind: 'read',
    title: 'Transcript',
    more: null,
    uid: uidOf(0),
    mode: 'conversation',
    lines: conversationLines(turns, true, 58),
  };
}

export function peeked(n: number): Event {
  return { kind: 'peeked', peek: { uid: uidOf(n), lines: DIGEST_LINES, own: 'there' } };
}

export function sweepRow(n: number, about: Partial<SweepRow> = {}): SweepRow {
  return {
    sweep_id: `019c${String(n).padStart(4, '0')}-7d1e-7b6c-a1b2-c3d4e5f60718`,
    plan_id: 'plan',
    started_at: daysBefore(n + 0.25),
    finished_at: daysBefore(n + 0.24),
    lost_data: false,
    bytes_freed: (n + 1) * 37 * MIB,
    report: '{}',
    ...about,
  };
}

export function report(about: Partial<Report> = {}): Report {
  return {
    version: 1,
    sweep_id: '019c0000-7d1e-7b6c-a1b2-c3d4e5f60718',
    plan_id: 'f3a1',
    dry_run: false,
    started_at: NOW,
    finished_at: NOW,
    clock_set: false,
    backstop_evicted: [uidOf(0), uidOf(1)],
    budget_evicted: [],
    bucket_evicted: [],
    overflow_analyzed: [],
    overflow_data_loss: [],
    usage_before_bytes: 3.1 * GIB,
    bytes_freed: 3 * MIB,
    final_usage_bytes: 3.1 * GIB,
    disk_bytes_before: 3.3 * GIB,
    disk_bytes_after: 3.2 * GIB,
    over_hard_cap: false,
    tier2_over_cap: false,
    declined: [],
    skipped: [],
    warnings: [],
    lost_data: false,
    interrupted: false,
    plan: { passes: [], to_analyze: [], worst_case_data_loss: [] },
    ...about,
  };
}

export const FOUND: FoundHere = {
  agents: [
    {
      name: 'claude-code',
      root: '/home/me/.claude',
      sessions: 911,
      rawBytes: 12.4 * GIB,
      deletesAfterDays: 30,
      atRisk: 6,
    },
    {
      name: 'codex',
      root: '/home/me/.codex',
      sessions: 1,
      rawBytes: 31 * MIB,
      deletesAfterDays: null,
      atRisk: 0,
    },
  ],
  lookedFor: ['Claude Code', 'Codex', 'Gemini CLI'],
};

export function restorePlan(about: Partial<RestorePlan> = {}): RestorePlan {
  const folder = '/home/me/.claude/projects/-home-me-web-shop';
  return {
    uid: uidOf(0),
    root: '/home/me/.claude',
    files: [
      { path: `${folder}/8c810000-5a1b-4c4e-9d2f-0123456789ab.jsonl`, place: 'free' },
      { path: `${folder}/8c810000-5a1b-4c4e-9d2f-0123456789ab/subagents/agent-1.jsonl`, place: 'free' },
      { path: `${folder}/8c810000-5a1b-4c4e-9d2f-0123456789ab/tool-results/x.txt`, place: 'same' },
    ],
    resume: 'cd /home/me/web-shop && claude --resume 8c810000-5a1b-4c4e-9d2f-0123456789ab',
    note: null,
    obstacle: null,
    way: HERE,
    isForcible: false,
    ...about,
  };
}

export const INGESTING: Event = {
  kind: 'activity',
  activity: {
    kind: 'ingesting',
    done: 312,
    total: 912,
    readBytes: 4.1 * GIB,
    totalBytes: 12.4 * GIB,
    elapsedMs: 95_000,
  },
};
