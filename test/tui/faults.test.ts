/** What was once wrong with the screens, each by its name, as far as no other file of these tests is about it. */
import { describe, expect, test } from 'bun:test';
import { COMMANDS } from '../../src/cli/table.ts';
import { GIB } from '../../src/domain/limits.ts';
import { frame } from '../../src/tui/frames/frame.ts';
import { keyNames } from '../../src/tui/input.ts';
import { textOf, zoneBar } from '../../src/tui/paint.ts';
import { contextOf } from '../../src/tui/screens.ts';
import {
  type Event,
  nearest,
  type State,
  TROUBLE_SOURCES,
  type TroubleSource,
  troubleOf,
} from '../../src/tui/state.ts';
import { step } from '../../src/tui/step.ts';
import { AT_THE_SHELL } from '../../src/tui/words.ts';
import { daysBefore, FOUND, key, play, ROWS, SIZE, typing, uidOf, view } from '../support/tui.ts';
import { allStates, stateOf } from './states.ts';

const at = (name: string, size = SIZE) => stateOf(name, size);
const texts = (state: State) => frame(state, { unicode: true }).map(textOf);
const NO_KEY = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageUp: false,
  pageDown: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  backspace: false,
  delete: false,
  tab: false,
  ctrl: false,
  meta: false,
};

test('alt and a letter counted as esc, and stopped a sweep', () => {
  expect(keyNames('x', { ...NO_KEY, meta: true })).toEqual(['alt+x']);
  for (const name of ['sweep-victims', 'loss', 'loss-typed', 'sweep-running'])
    expect(step(at(name), key('alt+x')).effects).toEqual([]);
  // Elsewhere it is esc and a key, as a slow line sends them.
  expect(step(at('sessions'), key('alt+q')).effects).toEqual([{ kind: 'quit' }]);
});

test('keys that do nothing were silent: each is told of, and the next key that does something takes that away', () => {
  for (const { name, state } of allStates(SIZE)) {
    if (contextOf(state) === 'help' && state.screen.kind === 'done') continue;
    const pressed = play(state, key('ctrl+y'));
    expect([name, texts(pressed).at(-1)]).toEqual([
      name,
      expect.stringContaining('ctrl-y does nothing here'),
    ]);
    expect(play(pressed, { kind: 'faded' }).hint).toBeNull();
  }
  const hinted = play(at('dashboard'), key('Z'));
  expect(play(hinted, key('down')).hint).toBeNull();
  expect(texts(play(at('dashboard-ingesting'), key('i'))).at(-1)).toContain('It is at it already.');
});

test('q quit the program from some lists and went back in others: it goes back everywhere but on the first screen', () => {
  for (const name of [
    'sessions',
    'history',
    'reader-digest',
    'help-dashboard',
    'restore-ready',
    'sweep-result',
  ]) {
    const { state, effects } = step(at(name), key('q'));
    expect([name, effects.some(({ kind }) => kind === 'quit')]).toEqual([name, false]);
    expect([name, state.below.length]).toEqual([name, at(name).below.length - 1]);
  }
  for (const name of ['dashboard', 'first-run-found', 'first-run-nothing'])
    expect(step(at(name), key('q')).effects).toEqual([{ kind: 'quit' }]);
});

test('i was dead where nothing was found, though it was said that a session would be seen', () => {
  expect(step(at('first-run-nothing'), key('i')).effects).toEqual([{ kind: 'ingest' }]);
  const later = play(at('first-run-nothing'), { kind: 'found', found: FOUND });
  expect(texts(later).join('\n')).toContain('Press enter to store them.');
});

test('two ingests claimed more than 100 %', () => {
  const grown = play(at('dashboard'), {
    kind: 'activity',
    activity: {
      kind: 'ingesting',
      done: 12,
      total: 9,
      readBytes: 3 * GIB,
      totalBytes: GIB,
      elapsedMs: 1000,
    },
  });
  const shown = texts(grown).join('\n');
  expect(shown).toContain('12 of 12 sessions · 3.0 GiB of 3.0 GiB');
});

test('while space was given back, the bar of before showed what was after', () => {
  const shown = texts(at('sweep-reclaiming'));
  expect(shown.find((text) => text.includes('before'))).toContain('3.1 GiB');
});

test('the report after esc said that the sweep was done', () => {
  const shown = texts(at('sweep-result-stopped')).join('\n');
  expect(shown).toContain('You stopped it at budget.');
  expect(shown).not.toContain('The sweep is done');
});

test('the size of a session was its raw bytes in one list and its stored bytes in another', () => {
  // Session 0 has 1 MiB stored, 7 MiB raw.
  for (const name of ['sessions', 'sweep-victims'])
    expect(texts(at(name)).find((text) => text.includes('›'))).toMatch(/ 1\.0 MiB /);
});

test('bars said nothing of the zones: under the soft cap, over it, over the hard cap', () => {
  const tones = (usedBytes: number) =>
    new Set(
      zoneBar(usedBytes, { softBytes: 40, hardBytes: 60, scaleBytes: 100 }, 50)
        .filter(({ text }) => /[█▒▓]/.test(text))
        .map(({ tone }) => tone),
    );
  expect([...tones(30)]).toEqual(['plain']);
  expect([...tones(50)]).toEqual(['plain', 'warn']);
  expect([...tones(90)]).toEqual(['plain', 'warn', 'danger']);
});

describe('the words of the product were explained nowhere', () => {
  test('the help has them behind the keys of the screen that it was opened on', () => {
    const long = { columns: 80, rows: 400 };
    const shown = texts(stateOf('help-dashboard', long)).join('\n');
    expect(shown.indexOf('Dashboard')).toBeLessThan(shown.indexOf('Words'));
    for (const word of ['raw', 'digest', 'evict', 'backstop', 'budget', 'overflow', 'data loss', 'pin'])
      expect(shown).toMatch(new RegExp(`^ {3}${word} {2,}\\w`, 'm'));
  });

  test('and what is done at the shell is named: limits, verify, curate, evict, forget, install', () => {
    const shown = texts(stateOf('help-dashboard', { columns: 80, rows: 400 })).join('\n');
    for (const command of ['config', 'verify', 'curate', 'evict', 'forget', 'install'])
      expect(shown).toMatch(new RegExp(`^ {3}${command} {2,}\\w`, 'm'));
    const known = new Set(COMMANDS.map(({ name }) => name));
    expect(AT_THE_SHELL.map(([command]) => command).filter((command) => !known.has(command))).toEqual([]);
  });

  test('and can be filtered', () => {
    const found = texts(at('help-found')).join('\n');
    expect(found).toContain('drop the raw bytes');
    expect(found).not.toContain('to the shell');
    expect(texts(play(at('help-dashboard'), key('/'), ...typing('q'))).join('\n')).toContain('/ q_');
  });

  test('and the first run says the three that matter, and the age limit, before anything is stored', () => {
    const shown = texts(at('first-run-found')).join('\n');
    expect(shown).toMatch(/Raw: [\s\S]*Digest: [\s\S]*Sweep: [\s\S]*45 days/);
  });
});

test('the first run ended without a word of what to do next', () => {
  const stored = play(at('first-run-ingesting'), { kind: 'view', view: view() });
  const shown = texts(play(stored, { kind: 'ingested', news: 'Stored 9 new sessions.' })).join('\n');
  expect(shown).toContain('Stored 9 new sessions. Next: / searches;');
});

test('the signs in the list were explained only as far as 80 columns went', () => {
  for (let columns = 60; columns <= 160; columns += 1) {
    const shown = texts(at('sessions', { columns, rows: 24 }));
    const legend = shown.find((text) => text.includes('● marked'));
    expect([columns, legend]).toEqual([
      columns,
      expect.stringMatching(/P pinned .*✗ digest only .*! .*\? no digest$/),
    ]);
  }
});

test('a narrow, low dashboard cut the sentence on what is at risk before it said whether that is stored', () => {
  const risk = (agent: string, sessions: number, notStored: number) => ({
    agent,
    sessions,
    notStored,
    days: 30,
    firstAt: null,
  });
  const cases = [
    { atRisk: [risk('gemini-cli', 39, 0)], says: 'all stored' },
    { atRisk: [risk('claude-code', 1, 1)], says: '1 not stored yet' },
    { atRisk: [risk('claude-code', 12_345, 6_789), risk('gemini-cli', 3, 0)], says: '6,789 not stored yet' },
  ];
  for (const { atRisk, says } of cases)
    for (let columns = 60; columns <= 100; columns += 1)
      for (const rows of [16, 18, 24]) {
        const shown = texts(
          play(at('dashboard', { columns, rows }), { kind: 'view', view: view({ atRisk }) }),
        );
        const from = shown.findIndex((text) => text.includes('At risk'));
        const told = shown
          .slice(
            from,
            shown.findIndex((text) => text.includes('Growth')),
          )
          .join(' ');
        expect([columns, rows, told]).toEqual([columns, rows, expect.stringContaining(says)]);
      }
});

test('a narrow dashboard cut what keeps the store up, and how many are evicted', () => {
  const swept = { at: daysBefore(1), freedBytes: 1.2 * GIB, lost: false };
  for (let columns = 60; columns <= 100; columns += 1)
    for (const rows of [16, 18, 24])
      for (const lastSweep of [null, swept]) {
        const event = { kind: 'view', view: view({ lastSweep }) } as const;
        const shown = texts(play(at('dashboard-stopped', { columns, rows }), event));
        const facts = shown.slice(
          shown.findIndex((text) => text.includes('Growth')),
          -1,
        );
        expect([columns, rows, facts.filter((text) => text.endsWith('…'))]).toEqual([columns, rows, []]);
        expect(shown.join('\n')).toContain('evicted 5,310');
      }
});

describe('trouble stayed after its cause was gone', () => {
  const trouble = (state: State) => troubleOf(state);
  const of = (from: TroubleSource, message: string | null): Event => ({ kind: 'trouble', from, message });

  test('each goes with its own cause, and hides no other: checked for every order of two', () => {
    for (const one of TROUBLE_SOURCES)
      for (const other of TROUBLE_SOURCES) {
        if (one === other) continue;
        const both = play(at('dashboard'), of(one, `of ${one}`), of(other, `of ${other}`));
        expect(trouble(play(both, of(one, null)))).toBe(`of ${other}`);
        expect(trouble(play(both, of(other, null)))).toBe(`of ${one}`);
        expect(trouble(play(both, of(one, null), of(other, null)))).toBeNull();
      }
  });

  test('a store that cannot be read is told of although an ingest went well meanwhile', () => {
    const state = play(at('dashboard'), of('store', 'it cannot be read'), { kind: 'trouble', message: null });
    expect(trouble(state)).toBe('it cannot be read');
  });

  test('what a key could not do is told until the next key, and a key without meaning is none', () => {
    const said = play(at('dashboard'), { kind: 'said', message: 'another process keeps the store locked' });
    expect(trouble(said)).toContain('locked');
    expect(trouble(play(said, key('Z')))).toContain('locked');
    expect(trouble(play(said, key('down')))).toBeNull();
  });
});

test('a store that was damaged was still said to be well', () => {
  for (const name of ['dashboard', 'dashboard-well', 'dashboard-over-hard', 'dashboard-run-failed'])
    for (const size of [SIZE, { columns: 60, rows: 16 }, { columns: 160, rows: 50 }]) {
      const shown = texts(play(at(name, size), { kind: 'damaged' }))
        .join(' ')
        .replaceAll(/\s+/g, ' ');
      expect(shown).toContain('✗ The store is damaged. Quit, and run `session-memory verify`');
      expect(shown).not.toContain('All stored');
      expect(shown).not.toContain('next sweep takes');
    }
});

test('what the person had stopped was said to be all stored', () => {
  const shown = texts(at('dashboard-stopped-by-person')).join(' ');
  expect(shown).toContain('! You stopped it before all was stored: i goes on.');
  expect(shown).not.toContain('All stored');
});

test('beside a session stood the end of a title that was too long for one line', () => {
  const lines = [
    'You are a highly experienced developer',
    'and adept in using git',
    '',
    'Agent  claude-code',
  ];
  const peek: Event = { kind: 'peeked', peek: { uid: uidOf(0), own: 'there', lines } };
  const shown = texts(play(at('sessions'), peek)).join('\n');
  expect(shown).toContain('Agent  claude-code');
  expect(shown).not.toContain('and adept in using git');
});

test('keys in the footer were no brighter than what they do', () => {
  for (const name of ['dashboard', 'sessions', 'loss', 'reader-digest', 'restore-ready']) {
    const footer = frame(at(name), { unicode: true }).at(-1) ?? [];
    const tones = footer.filter(({ text }) => text.trim() !== '').map(({ tone }) => tone);
    expect([name, new Set(tones)]).toEqual([name, new Set(['key', 'dim'])]);
    expect(footer.find(({ tone }) => tone === 'key')?.text.trim()).toMatch(/^\S+$/);
  }
});

test('what a search found was cut away before it at 60 columns', () => {
  const title = 'a quite long beginning that says little of what was looked for in all of these sessions: ';
  for (let columns = 80; columns <= 160; columns += 7) {
    const size = { columns, rows: 24 };
    const hit = stateOf('filter-hit', size);
    const sessions = nearest(hit, 'sessions')?.sessions;
    const found = sessions?.found;
    if (sessions === undefined || found == null) throw new Error('nothing was found');
    const hits = new Map(
      [...found.hits].map(([id, one]) => [
        id,
        {
          ...one,
          snippets: [
            {
              where: 'prompt' as const,
              text: `${title}walrus`,
              marks: [[title.length, title.length + 6] as const],
            },
          ],
        },
      ]),
    );
    const shown = texts(play(hit, { kind: 'searched', found: { ...found, hits } }));
    expect([columns, shown.some((text) => text.includes('walrus'))]).toEqual([columns, true]);
  }
});

test('an agent’s name was cut with room to spare, and titles had 15 of 80 columns', () => {
  for (const columns of [76, 80, 100, 129]) {
    const shown = texts(at('sessions', { columns, rows: 24 }));
    const head = shown.find((text) => text.includes('agent')) ?? '';
    expect([columns, shown.some((text) => text.includes(' claude-code '))]).toEqual([columns, true]);
    expect(columns - head.indexOf('title')).toBeGreaterThanOrEqual(columns === 76 ? 25 : 30);
  }
});

test('success was yellow', () => {
  for (const name of ['restore-done', 'loss-exported', 'dashboard-well'])
    expect([
      name,
      frame(at(name), { unicode: true })
        .flat()
        .some(({ tone }) => tone === 'good'),
    ]).toEqual([name, true]);
});

test('an evicted session gave nothing: enter has its digest, p is refused with words', () => {
  const evicted = ROWS.findIndex(({ state }) => state === 'evicted');
  const list = at('sessions', { columns: 100, rows: 200 });
  const there = play(list, ...Array.from({ length: rowOf(list, uidOf(evicted)) }, () => key('down')));
  expect(step(there, key('enter')).effects).toEqual([{ kind: 'digest', uid: uidOf(evicted) }]);
  expect(texts(play(there, key('t'))).join(' ')).toContain('Its raw bytes were evicted');
  const { effects, state } = step(there, key('p'));
  expect(effects.filter(({ kind }) => kind === 'pin_marked')).toEqual([]);
  expect(texts(state).join(' ')).toMatch(/evicted/);
});

/** Its row in the list as it is shown. */
function rowOf(state: State, uid: string): number {
  const sessions = nearest(state, 'sessions')?.sessions;
  const rows = [...(sessions?.shown ?? [])].map(
    (row) => sessions?.rows.get(sessions.catalogue?.ids[row] ?? -1)?.uid,
  );
  return rows.indexOf(uid as never);
}

test('a digest was one grey text: its headings stand out, its labels stand back', () => {
  const spans = frame(at('reader-digest'), { unicode: true }).flat();
  expect(spans.filter(({ tone }) => tone === 'title').map(({ text }) => text.trim())).toEqual(
    expect.arrayContaining(['Outcome', 'Commands']),
  );
  const beside = frame(at('sessions', { columns: 160, rows: 50 }), { unicode: true }).flat();
  expect(beside.some(({ text, tone }) => tone === 'dim' && /^(?:│ )?Project +$/.test(text))).toBe(true);
});

test('what an agent deletes was shown as a danger though all of it is stored', () => {
  const risk = (notStored: number) => ({
    agent: 'claude-code',
    sessions: 5,
    notStored,
    days: 30,
    firstAt: null,
  });
  const tones = (notStored: number) =>
    frame(play(at('dashboard'), { kind: 'view', view: view({ atRisk: [risk(notStored)] }) }), {
      unicode: true,
    })
      .find((line) => textOf(line).includes('At risk'))
      ?.filter(({ text }) => text.trim() !== '')
      .map(({ tone }) => tone);
  expect(tones(0)).toEqual(['dim', 'plain']);
  expect(tones(2)).toEqual(['warn']);
});
