/** What each key does where, from the specification; save what starts a data loss, which is in loss.test.ts. */
import { describe, expect, test } from 'bun:test';
import type { SessionUid } from '../../src/domain/ids.ts';
import { MIB } from '../../src/domain/limits.ts';
import { frame } from '../../src/tui/frames/frame.ts';
import { CONTEXTS, footerLines, KEYS, type KeyContext, meaningOf } from '../../src/tui/keys.ts';
import { textOf } from '../../src/tui/paint.ts';
import { contextOf } from '../../src/tui/screens.ts';
import {
  DASHBOARD,
  type Effect,
  type Event,
  firstState,
  HERE,
  newWizard,
  type State,
} from '../../src/tui/state.ts';
import { step } from '../../src/tui/step.ts';
import {
  card,
  catalogueOf,
  EMPTY_VIEW,
  effectsOf,
  FOUND,
  key,
  play,
  proposal,
  proposed,
  row,
  SIZE,
  uidOf,
  victims,
  view,
} from '../support/tui.ts';
import { allStates, STATE_NAMES, stateOf } from './states.ts';

const RUN: Effect = { kind: 'decide', decision: { kind: 'run' } };
const at = (name: string) => stateOf(name, SIZE);

function isContext(name: string): name is KeyContext {
  return name in CONTEXTS;
}
const ALL_CONTEXTS = Object.keys(CONTEXTS).filter(isContext);

describe('the table of keys', () => {
  test('each key of each context means what its row says, and no other row takes it away', () => {
    for (const row of KEYS)
      for (const context of row.in)
        for (const name of row.keys)
          expect([context, name, meaningOf(context, name)]).toEqual([
            context,
            name,
            { kind: 'action', action: row.action, key: name },
          ]);
  });

  test('each context is met on some screen', () => {
    const met = new Set(allStates(SIZE).map(({ state }) => contextOf(state)));
    expect(ALL_CONTEXTS.filter((context) => !met.has(context))).toEqual([]);
  });

  test('each context has one row for a key', () => {
    const twice = ALL_CONTEXTS.flatMap((context) => {
      const names = KEYS.filter((row) => row.in.includes(context)).flatMap((row) => row.keys);
      return names.filter((name, i) => names.indexOf(name) !== i).map((name) => `${context}: ${name}`);
    });
    expect(twice).toEqual([]);
  });

  test('the footer has every key that is not quiet, in the order of the table, where there is room', () => {
    for (const context of ALL_CONTEXTS) {
      const rows = KEYS.filter((row) => row.in.includes(context) && row.quiet !== true);
      expect(footerLines(context, 300, 1).flatMap(({ keys }) => keys)).toEqual(rows);
    }
  });

  test('a footer drops the way back last: esc, the help and quit are there at any width', () => {
    for (const context of ALL_CONTEXTS)
      for (let cells = 58; cells < 160; cells += 1) {
        const lines = [1, 2].map((count) => footerLines(context, cells, count));
        for (const [n, shown] of lines.entries()) expect(shown.length).toBeLessThanOrEqual(n + 1);
        const ways = KEYS.filter(
          ({ keys: names, action, in: where, quiet }) =>
            where.includes(context) &&
            quiet !== true &&
            (names.includes('esc') || action === 'help' || action === 'quit'),
        );
        for (const shown of lines) {
          const all = shown.flatMap(({ keys }) => keys);
          expect([context, ways.filter((way) => !all.includes(way))]).toEqual([context, []]);
          for (const { keys, gap } of shown)
            expect(keys.map(({ shown, does }) => `${shown} ${does}`).join(gap).length).toBeLessThanOrEqual(
              cells,
            );
        }
        const [one = [], two = []] = lines.map((shown) => shown.flatMap(({ keys }) => keys));
        expect(one.filter((row) => !two.includes(row))).toEqual([]);
      }
  });

  test('the help has every key of every context', () => {
    const help = play(
      firstState(DASHBOARD, { columns: 80, rows: 600 }),
      { kind: 'view', view: view() },
      key('?'),
    );
    const lines = frame(help, { unicode: true }).map((line) => textOf(line).trim());
    const parts = ALL_CONTEXTS.filter((context) => context !== 'help').map((context) => [
      CONTEXTS[context],
      ...KEYS.filter((row) => row.in.includes(context)).map((row) => `${row.shown.padEnd(12)}${row.does}`),
    ]);
    for (const part of parts) expect(lines.join('\n')).toContain(part.join('\n'));
  });

  test('ctrl-c and ctrl-z work everywhere', () => {
    for (const { name, state } of allStates(SIZE)) {
      const quits = step(state, key('ctrl+c')).effects.map(({ kind }) => kind);
      expect([name, quits.some((kind) => kind === 'quit' || kind === 'stop_sweep')]).toEqual([name, true]);
      expect([name, step(state, key('ctrl+z')).effects]).toEqual([name, [{ kind: 'suspend' }]]);
    }
  });
});

describe('a key', () => {
  test.each<[string, string, Effect[]]>([
    ['dashboard', 's', [{ kind: 'sweep' }]],
    ['dashboard', 'i', [{ kind: 'ingest' }]],
    ['dashboard', 'b', [{ kind: 'catalogue' }]],
    ['dashboard', 'h', [{ kind: 'history' }]],
    ['dashboard', '?', []],
    ['dashboard', 'q', [{ kind: 'quit' }]],
    ['dashboard', '/', [{ kind: 'catalogue' }, { kind: 'search', text: '' }]],
    ['dashboard', 'enter', [{ kind: 'catalogue' }]],
    ['dashboard', 'tab', []],
    ['filter-typed', 'enter', []],
    ['filter-found', 'q', [{ kind: 'select' }, { kind: 'search', text: 'loginq' }]],
    ['filter-meant', 'tab', [{ kind: 'select' }, { kind: 'search', text: 'login' }]],
    ['filter-found', 'backspace', [{ kind: 'select' }, { kind: 'search', text: 'logi' }]],
    ['dashboard-ingesting', 'i', []],
    ['first-run-found', 'enter', [{ kind: 'ingest' }]],
    ['first-run-found', 'i', [{ kind: 'ingest' }]],
    ['first-run-found', 'q', [{ kind: 'quit' }]],
    ['sweep-victims', 'enter', [RUN]],
    ['sweep-nothing', 'enter', [RUN]],
    ['sweep-analyze', 'enter', [RUN]],
    ['sweep-victims', 'n', [{ kind: 'decide', decision: { kind: 'skip' } }]],
    ['sweep-analyze', 'n', [{ kind: 'decide', decision: { kind: 'skip' } }]],
    ['loss', 'enter', [{ kind: 'decide', decision: { kind: 'digest' } }]],
    [
      'loss-hopeless',
      'enter',
      [{ kind: 'decide', decision: { kind: 'raise', hardCapBytes: 6_871_947_674 } }],
    ],
    ['loss-given-up', 'enter', [{ kind: 'decide', decision: { kind: 'digest' } }]],
    ['loss', 'n', []],
    [
      'loss-chosen',
      'enter',
      [
        {
          kind: 'export',
          uids: [uidOf(0), uidOf(1), uidOf(2)],
          file: '/home/me/session-memory-2026-06-10.smx',
        },
      ],
    ],
    ['loss-exporting', 'enter', []],
    ['loss-exporting', 'space', []],
    ['loss-exporting', 'esc', [{ kind: 'stop_work' }]],
    ['dashboard-ingesting', 'esc', [{ kind: 'stop_work' }]],
    ['dashboard-analyzing', 'esc', [{ kind: 'stop_work' }]],
    ['dashboard', 'esc', []],
    ['first-run-ingesting', 'esc', [{ kind: 'stop_work' }]],
    ['confirm-doing', 'esc', [{ kind: 'stop_work' }]],
    ['confirm-doing', 'enter', []],
    ['loss', 't', [{ kind: 'transcript', uid: uidOf(0) }]],
    ['loss', 'p', [{ kind: 'pin', uid: uidOf(0), pinned: true }]],
    ['sweep-victims', 'esc', [{ kind: 'decide', decision: { kind: 'stop' } }]],
    ['loss', 'esc', [{ kind: 'decide', decision: { kind: 'stop' } }]],
    ['loss-typed', 'esc', []],
    ['sweep-running', 'esc', [{ kind: 'stop_sweep' }]],
    ['sweep-reclaiming', 'esc', [{ kind: 'stop_sweep' }]],
    ['sweep-victims', 'p', [{ kind: 'pin', uid: uidOf(0), pinned: true }]],
    ['sweep-pinned', 'p', [{ kind: 'pin', uid: uidOf(1), pinned: false }]],
    ['sweep-victims', 'v', [{ kind: 'digest', uid: uidOf(0) }]],
    ['sweep-analyze', 'v', [{ kind: 'digest', uid: uidOf(0) }]],
    ['loss', 'v', [{ kind: 'try_digest', uid: uidOf(0) }]],
    ['sweep-analyze', 'space', []],
    ['sweep-running', 'enter', []],
    ['sweep-running', 'n', []],
    ['sessions', 'enter', [{ kind: 'digest', uid: uidOf(0) }]],
    ['sessions', 't', [{ kind: 'transcript', uid: uidOf(0) }]],
    ['sessions', 'r', [{ kind: 'plan_restore', uid: uidOf(0), way: HERE, starts: false }]],
    ['sessions', 'R', [{ kind: 'plan_restore', uid: uidOf(0), way: HERE, starts: true }]],
    ['reader-conversation', 'r', [{ kind: 'plan_restore', uid: uidOf(0), way: HERE, starts: false }]],
    ['reader-conversation', 'R', [{ kind: 'plan_restore', uid: uidOf(0), way: HERE, starts: true }]],
    ['reader-conversation', 'p', [{ kind: 'pin_other', uid: uidOf(0) }]],
    ['reader-conversation', 'y', [{ kind: 'copy_id', uid: uidOf(0) }]],
    ['reader-conversation', 'x', [{ kind: 'raw', uid: uidOf(0) }]],
    [
      'restore-forcible',
      'f',
      [{ kind: 'plan_restore', uid: uidOf(0), way: { force: true, to: null }, starts: false }],
    ],
    ['restore-forcible', 'enter', []],
    [
      'restore-folder',
      'enter',
      [{ kind: 'plan_restore', uid: uidOf(0), way: { force: false, to: '~/back' }, starts: false }],
    ],
    ['restore-folder', 'f', []],
    ['restore-folder', 'q', []],
    ['restore-writing', 'enter', []],
    ['restore-writing', 'esc', [{ kind: 'stop_work' }]],
    ['sessions', 'p', [{ kind: 'pin_marked', ids: [1], pinned: true }]],
    ['sessions', 's', [{ kind: 'select' }]],
    ['sessions', 'S', [{ kind: 'select' }]],
    ['sessions', 'm', [{ kind: 'select' }, { kind: 'search', text: `like:${uidOf(0)}` }]],
    // Row 5 is an evicted one: its bytes are gone, and it says so.
    ['sessions-notice', 't', []],
    ['sessions-nothing', 'enter', []],
    ['sessions-groups', 'enter', [{ kind: 'select' }]],
    ['filter-typed', 'esc', [{ kind: 'select' }, { kind: 'search', text: '' }]],
    ['confirm-nothing', 'enter', []],
    ['confirm-done', 'enter', []],
    ['history', 'enter', [{ kind: 'report', sweepId: '019c0000-7d1e-7b6c-a1b2-c3d4e5f60718' }]],
    ['history-empty', 'enter', []],
    ['restore-obstacle', 'enter', []],
    ['restore-done', 'enter', []],
    ['sweep-result', 'q', []],
  ])('in %s: %s', (name, pressed, effects) => {
    expect(step(at(name), key(pressed)).effects).toEqual(effects);
  });

  test.each([
    ['dashboard', 's', 'sweep'],
    ['dashboard', 'b', 'sessions'],
    ['dashboard', '?', 'help'],
    ['sessions', 'esc', 'dashboard'],
    ['history', 'esc', 'dashboard'],
    ['reader-digest', 'esc', 'sessions'],
    ['reader-digest', 'q', 'sessions'],
    ['restore-ready', 'esc', 'sessions'],
    ['help-dashboard', 'esc', 'dashboard'],
    ['help-loss', 'q', 'sweep'],
    ['sweep-result', 'enter', 'dashboard'],
    ['sweep-result', 'esc', 'dashboard'],
    ['sweep-failed', 'enter', 'dashboard'],
  ])('from %s, %s leads to %s', (name, pressed, screen) => {
    expect<string>(step(at(name), key(pressed)).state.screen.kind).toBe(screen);
  });

  test('that is pressed twice for an ingest starts one', () => {
    expect(effectsOf(at('dashboard'), key('i'), key('i'))).toEqual([{ kind: 'ingest' }]);
  });

  test('writes a restored session once, and only where nothing stands in the way', () => {
    const ready = at('restore-ready');
    const [written] = step(ready, key('enter')).effects;
    expect(written?.kind).toBe('restore');
    expect(
      effectsOf(play(ready, { kind: 'restored', message: 'Wrote it.', isWhole: true }), key('enter')),
    ).toEqual([]);
  });
});

test('a restore that failed, or that was stopped, started its agent all the same', () => {
  const starts = play(at('restore-starts'), key('enter'));
  const told = { kind: 'restored', message: 'Stopped by you. Nothing was written.' } as const;
  expect(effectsOf(starts, key('esc'))).toEqual([{ kind: 'stop_work' }]);
  const stopped = step(play(starts, key('esc')), { ...told, isWhole: false });
  expect(stopped.effects).toEqual([]);
  expect(stopped.state.screen.kind).toBe('restore');
  expect(step(starts, { ...told, isWhole: true }).effects).toEqual([{ kind: 'resume', uid: uidOf(0) }]);
});

/** Three sessions of 1, 2 and 3 MiB at a usage of 10 MiB: what is left when some stay can be read off. */
function smallPass(): State {
  const limits = {
    rawSoftCapBytes: 8 * MIB,
    rawHardCapBytes: 12 * MIB,
    rawMaxAgeDays: 45,
    distilledCapBytes: 1,
  };
  return play(
    firstState({ kind: 'sweep', wizard: newWizard('command', 10 * MIB) }, SIZE),
    { kind: 'view', view: view({ limits }) },
    {
      kind: 'proposed',
      proposal: {
        ...proposal('backstop', 0),
        victims: victims('backstop', [card(0), card(1), card(2)]),
        usageBytes: 10 * MIB,
      },
    },
  );
}

function afterOf(state: State): string {
  const line = frame(state, { unicode: true })
    .map(textOf)
    .find((text) => text.startsWith(' after'));
  return line?.replace(/^ after\s+\S+\s+/, '') ?? '-';
}

function pinned(uid: SessionUid, isPinned: boolean): Event {
  return { kind: 'pinned', uid, pinned: isPinned };
}

describe('keeping sessions out of a pass', () => {
  test('moves the bar at once, and back', () => {
    const all = smallPass();
    expect(afterOf(all)).toBe('4.0 MiB');
    const oneKept = play(all, key('space'));
    expect(afterOf(oneKept)).toBe('5.0 MiB');
    const twoKept = play(oneKept, key('space'));
    expect(afterOf(twoKept)).toBe('7.0 MiB');
    expect(afterOf(play(twoKept, key('space')))).toBe('10.0 MiB, over soft');
    expect(afterOf(play(twoKept, key('up'), key('space')))).toBe('5.0 MiB');
  });

  test('tells the sweep exactly whom', () => {
    const kept = play(smallPass(), key('space'), key('down'), key('space'));
    expect(effectsOf(kept, key('enter'))).toEqual([
      { kind: 'decide', decision: { kind: 'run', keepOut: new Set([uidOf(0), uidOf(2)]) } },
    ]);
  });

  test('by a pin counts as kept, until it is taken off again', () => {
    const withPin = play(smallPass(), pinned(uidOf(1), true));
    expect(afterOf(withPin)).toBe('6.0 MiB');
    expect(effectsOf(withPin, key('enter'))).toEqual([
      { kind: 'decide', decision: { kind: 'run', keepOut: new Set([uidOf(1)]) } },
    ]);
    expect(afterOf(play(withPin, pinned(uidOf(1), false)))).toBe('4.0 MiB');
  });

  test('holds when the pass is shown anew', () => {
    const kept = play(smallPass(), key('space'));
    const anew = play(kept, proposed('backstop', 3, { movedOn: true }));
    expect(effectsOf(anew, key('enter'))).toEqual([
      { kind: 'decide', decision: { kind: 'run', keepOut: new Set([uidOf(0)]) } },
    ]);
  });
});

describe('quitting', () => {
  test('a sweep that runs or asks is stopped first, and the program ends with its report', () => {
    for (const name of STATE_NAMES.filter((one) => /^(sweep|los)/.test(one) && !/result|failed/.test(one))) {
      const stopped = step(at(name), key('ctrl+c'));
      expect([name, stopped.effects]).toEqual([name, [{ kind: 'stop_sweep' }]]);
      const ended = step(stopped.state, { kind: 'swept', sweepId: 'sweep', lines: [] });
      expect([name, ended.effects, ended.state.sweeps]).toEqual([name, [{ kind: 'quit' }], ['sweep']]);
    }
  });

  test('under the help or a text the same holds: its report is not lost', () => {
    const reading = play(at('loss'), { kind: 'read', title: 'Digest', lines: ['text'], more: null });
    for (const over of [at('help-pass'), at('help-loss'), reading])
      for (const event of [key('ctrl+c'), { kind: 'interrupt' } as const]) {
        const stopped = step(over, event);
        expect(stopped.effects).toEqual([{ kind: 'stop_sweep' }]);
        const ended = step(stopped.state, { kind: 'swept', sweepId: 'sweep', lines: [] });
        expect([ended.effects, ended.state.sweeps]).toEqual([[{ kind: 'quit' }], ['sweep']]);
      }
  });

  test('ends the program even where the stopped sweep fails', () => {
    const failed: Event = { kind: 'sweep_failed', message: 'no', hint: 'try again' };
    expect(effectsOf(at('sweep-running'), { kind: 'interrupt' }, failed)).toEqual([
      { kind: 'stop_sweep' },
      { kind: 'quit' },
    ]);
  });

  test('after its end leaves at once', () => {
    for (const name of ['sweep-result', 'sweep-failed', 'dashboard', 'sessions', 'reader-digest', 'history'])
      expect([name, step(at(name), key('ctrl+c')).effects]).toEqual([name, [{ kind: 'quit' }]]);
  });

  test('a sweep that was the whole task ends the program with its report', () => {
    const ended = step(play(smallPass(), key('enter')), { kind: 'swept', sweepId: 'sweep', lines: [] });
    expect([ended.state.screen.kind, ended.effects]).toEqual(['done', [{ kind: 'quit' }]]);
  });

  test('is the last thing that happens', () => {
    const done = play(at('dashboard'), key('q'));
    expect(effectsOf(done, key('s'), key('q'), { kind: 'view', view: view() })).toEqual([]);
  });
});

describe('the first run', () => {
  test('opens where nothing is stored, and looks at once', () => {
    const empty = step(firstState(DASHBOARD, SIZE), { kind: 'view', view: EMPTY_VIEW });
    expect([empty.state.screen.kind, empty.effects]).toEqual(['first_run', [{ kind: 'look' }]]);
  });

  test('gives way to the dashboard once something is stored, by whomever', () => {
    expect(play(at('first-run-found'), { kind: 'view', view: view() }).screen.kind).toBe('dashboard');
  });

  test('looks again after its list was browsed', () => {
    expect(effectsOf(at('first-run-found'), key('b'), key('esc'))).toEqual([
      { kind: 'catalogue' },
      { kind: 'look' },
    ]);
  });

  test('has what was found even where the help was open meanwhile', () => {
    const back = play(at('first-run-looking'), key('?'), { kind: 'found', found: FOUND }, key('esc'));
    expect(back.screen).toEqual({ kind: 'first_run', found: FOUND });
  });
});

/** Three more than the list that was read first. */
const ROWS_MORE = Array.from({ length: 123 }, (_, n) => row(n));

describe('a list', () => {
  const SIZES = [
    [60, 16],
    [80, 24],
    [61, 17],
    [160, 50],
    [100, 21],
  ] as const;
  const MOVES = ['down', 'pagedown', 'end', 'up', 'pageup', 'j', 'G', 'k', 'home', 'ctrl+f', 'ctrl+b', 'g'];

  test.each(['sweep-victims', 'loss-many', 'sweep-analyze', 'sessions', 'history', 'sessions-nothing'])(
    'keeps its cursor on the screen, wherever it goes and whatever the window does: %s',
    (name) => {
      let state = at(name);
      const isEmpty = name === 'sessions-nothing';
      for (const move of MOVES)
        for (const [columns, rows] of SIZES) {
          state = play(state, key(move), { kind: 'resize', size: { columns, rows } });
          const shown = frame(state, { unicode: true }).filter((line) => textOf(line).startsWith(' ›'));
          // The line in which the phrase is typed begins with the same sign.
          const cursors = shown.filter((line) => !textOf(line).startsWith(' › '));
          const blankMarks = ['sweep-victims', 'sweep-analyze', 'sessions'].includes(name);
          expect([move, columns, blankMarks ? shown.length : cursors.length]).toEqual([
            move,
            columns,
            isEmpty ? 0 : 1,
          ]);
        }
    },
  );

  test('goes to its ends and no further', () => {
    const place = (state: State) =>
      state.screen.kind === 'sessions' ? state.screen.sessions.place.cursor : -1;
    const browse = at('sessions');
    expect(place(play(browse, key('up')))).toBe(0);
    expect(place(play(browse, key('end')))).toBe(119);
    expect(place(play(browse, key('end'), key('down'), key('pagedown')))).toBe(119);
    expect(place(play(browse, key('end'), key('home')))).toBe(0);
  });

  test('that is read anew keeps its cursor on the session, and at the top stays at the top', () => {
    const order = (count: number): Event => ({
      kind: 'shown',
      shown: Uint32Array.from({ length: count }, (_, i) => count - 1 - i),
      searched: null,
    });
    const read: Event = { kind: 'catalogue', catalogue: catalogueOf(ROWS_MORE) };
    const anew = (state: State) => play(state, read, order(123));
    const on = (state: State) =>
      state.screen.kind === 'sessions'
        ? state.screen.sessions.shown[state.screen.sessions.place.cursor]
        : null;
    const newestFirst = play(at('sessions'), order(120));
    const down = play(newestFirst, ...Array.from({ length: 30 }, () => key('down')));
    // Newest first, the 31st of 120 is number 89; three newer ones come in above it.
    expect([on(down), on(anew(down))]).toEqual([89, 89]);
    expect(on(anew(newestFirst))).toBe(122);
  });

  test('asks for the rows that come into sight', () => {
    const unread = play(at('sessions'), { kind: 'rows', rows: new Map() });
    const [wanted] = step(unread, key('end')).effects;
    // 24 rows less title, footer and three lines above the list, ten below it: the last 9 of 120, which the store numbers from 1.
    expect(wanted).toEqual({ kind: 'rows', ids: Array.from({ length: 9 }, (_, i) => 112 + i) });
  });

  test('of a transcript asks for its next piece before its end is reached, once', () => {
    const more = { uid: uidOf(0), at: 1000 };
    const lines = Array.from({ length: 30 }, () => 'line');
    const reading = play(at('sessions'), { kind: 'read', title: 'Transcript', lines, more });
    expect(effectsOf(reading, key('down'), key('down'))).toEqual([{ kind: 'read_on', ...more }]);
  });
});
