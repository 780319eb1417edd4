/**
 * What docs/keys.md says of the screens is what they do: its table of keys and its transitions are made from the
 * program. `UPDATE_GOLDEN=1` writes that part anew; read it before it is committed.
 */
import { expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONTEXTS, KEYS, type KeyContext } from '../../src/tui/keys.ts';
import { contextOf } from '../../src/tui/screens.ts';
import type { Effect, Event, Screen, Stage, State } from '../../src/tui/state.ts';
import { step } from '../../src/tui/step.ts';
import { EMPTY_VIEW, play, restorePlan, SIZE, view } from '../support/tui.ts';
import { allStates, stateOf } from './states.ts';

const PATH = join(import.meta.dir, '../../docs/keys.md');
const BEGIN = '<!-- made by test/tui/architecture.test.ts -->';
const END = '<!-- end -->';

/** Every kind of screen; the type checker holds it to the union. */
const SCREENS: Readonly<Record<Screen['kind'], true>> = {
  first_run: true,
  dashboard: true,
  sweep: true,
  sessions: true,
  confirm: true,
  reader: true,
  restore: true,
  history: true,
  help: true,
  done: true,
};
const STAGES: Readonly<Record<Stage['kind'], true>> = {
  starting: true,
  asking: true,
  running: true,
  reclaiming: true,
  result: true,
  failed: true,
};

/** What the shell answers to an effect that opens a screen; null: it opens none. */
function answerTo(effect: Effect): Event | null {
  switch (effect.kind) {
    case 'history':
      return { kind: 'history', sweeps: [] };
    case 'digest':
    case 'transcript':
    case 'report':
      return { kind: 'read', title: 'Text', lines: ['text'], more: null };
    case 'ask':
      return {
        kind: 'question',
        question: { name: 'x', file: null, title: 'x', lines: [], does: 'x', effect: null },
      };
    case 'plan_restore':
      return { kind: 'restore_planned', plan: restorePlan() };
    default:
      return null;
  }
}

function kindAfter(state: State, event: Event): Screen['kind'] {
  const { state: next, effects } = step(state, event);
  const answered = effects.map(answerTo).find((answer) => answer !== null);
  return answered === undefined ? next.screen.kind : step(next, answered).state.screen.kind;
}

/** What happens without a key. */
const HAPPENS: readonly (readonly [string, Event])[] = [
  ['nothing is stored', { kind: 'view', view: EMPTY_VIEW }],
  ['something is stored', { kind: 'view', view: view() }],
];
const REPORTED: Event = { kind: 'swept', sweepId: 'sweep', lines: [] };

const READ: Event = { kind: 'read', title: 'Text', lines: ['text'], more: null };
/** The list of an empty store, and texts over other screens than the list. */
const LAID_OVER: readonly State[] = [
  play(stateOf('first-run-found', SIZE), { kind: 'key', name: 'b' }),
  play(stateOf('history', SIZE), READ),
  play(stateOf('loss', SIZE), READ),
];

/** From each kind of screen to each other one: by which keys and happenings, in any of its states. */
function transitions(): string {
  const states = [...allStates(SIZE).map(({ state }) => state), ...LAID_OVER];
  const lines = Object.keys(SCREENS).flatMap((from) => {
    const ways = new Map<string, Set<string>>();
    const note = (to: string, how: string) => {
      if (to !== from) ways.set(to, (ways.get(to) ?? new Set()).add(how));
    };
    for (const state of states.filter(({ screen }) => screen.kind === from)) {
      for (const row of KEYS.filter((one) => one.in.includes(contextOf(state))))
        for (const name of row.keys) note(kindAfter(state, { kind: 'key', name }), name.replace('+', '-'));
      for (const [words, event] of HAPPENS) note(kindAfter(state, event), `(${words})`);
      // A sweep that is stopped to quit ends the program with its report; the event comes on no other screen.
      if (state.screen.kind === 'sweep')
        note(kindAfter({ ...state, quitting: true }, REPORTED), '(its report, after ctrl-c)');
    }
    const drawn = [...ways].map(([to, how]) => `  ${`──> ${to}`.padEnd(16)}${[...how].join(', ')}`);
    return [from, ...drawn, ''];
  });
  return lines.join('\n').trimEnd();
}

function keyTable(): string {
  const lists = KEYS.find(({ action }) => action === 'down')?.in ?? [];
  const names = (contexts: readonly KeyContext[]) =>
    contexts.length === Object.keys(CONTEXTS).length
      ? 'everywhere'
      : Bun.deepEquals(contexts, lists)
        ? 'every list and text'
        : contexts.map((context) => CONTEXTS[context]).join('; ');
  const rows = KEYS.map((row) => {
    const pressed = row.keys.map((name) => `\`${name.replace('+', '-')}\``).join(' ');
    return `| ${pressed} | ${row.does} | ${names(row.in)} |`;
  });
  return ['| key | does | where |', '|---|---|---|', ...rows].join('\n');
}

function made(): string {
  return `${BEGIN}\n\n\`\`\`\n${transitions()}\n\`\`\`\n\n${keyTable()}\n\n${END}`;
}

function written(): { readonly text: string; readonly from: number; readonly until: number } {
  const text = readFileSync(PATH, 'utf8');
  return { text, from: text.indexOf(BEGIN), until: text.indexOf(END) + END.length };
}

test('the transitions and the keys are those of the program', () => {
  if (Bun.env['UPDATE_GOLDEN'] === '1') {
    const { text, from, until } = written();
    writeFileSync(PATH, text.slice(0, from) + made() + text.slice(until));
  }
  const { text, from, until } = written();
  expect(from).toBeGreaterThan(0);
  expect(text.slice(from, until)).toBe(made());
});

test('every screen and every stage of a sweep is named on the page', () => {
  const { text } = written();
  const missing = [...Object.keys(SCREENS), ...Object.keys(STAGES)].filter((name) => !text.includes(name));
  expect(missing).toEqual([]);
});

test('every screen and every stage is among the states that are drawn and tested', () => {
  const states = allStates(SIZE).map(({ state }) => state.screen);
  const kinds = new Set<string>(states.map(({ kind }) => kind));
  const stages = new Set<string>(
    states.flatMap((screen) => (screen.kind === 'sweep' ? [screen.wizard.stage.kind] : [])),
  );
  // The last one is the end: nothing is drawn of it.
  expect(Object.keys(SCREENS).filter((kind) => !kinds.has(kind))).toEqual(['done']);
  expect(Object.keys(STAGES).filter((kind) => !stages.has(kind))).toEqual([]);
  expect(kindAfter(stateOf('dashboard', SIZE), { kind: 'key', name: 'q' })).toBe('done');
});
