/** Reading: found, folded, and where one is; a conversation as it is made of a genuine transcript. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { conversationLines } from '../../src/cli/conversation-lines.ts';
import { Conversation, type Turn } from '../../src/digest/conversation.ts';
import { frame } from '../../src/tui/frames/frame.ts';
import { shownLines } from '../../src/tui/frames/reader.ts';
import { footerRows } from '../../src/tui/layout.ts';
import { textOf, widthOf } from '../../src/tui/paint.ts';
import type { Event, Reader, State } from '../../src/tui/state.ts';
import { hostileIn } from '../support/filled.ts';
import { SEED } from '../support/seed.ts';
import { effectsOf, HOSTILE_TITLES, key, listed, play, ROWS, SIZE, typing, uidOf } from '../support/tui.ts';
import { stateOf } from './states.ts';

const READING = stateOf('reader-conversation', SIZE);
const texts = (state: State) => frame(state, { unicode: true }).map((line) => textOf(line).trimEnd());
/** The line above the keys, where one is told where one is. */
const placeOf = (state: State) => texts(state).at(-1 - footerRows(state.size));

function readerOf({ screen }: State): Reader {
  if (screen.kind !== 'reader') throw new Error(`on ${screen.kind}`);
  return screen.reader;
}

function topLine(state: State): string {
  const reader = readerOf(state);
  return shownLines(reader)[reader.place.top]?.text ?? '';
}

describe('a conversation', () => {
  test('has who and when, prose, and each tool call on a line with how it ended', () => {
    const shown = texts(READING).join('\n');
    expect(shown).toContain('You  2026-03-12 14:02');
    expect(shown).toContain('▸ $ npm test -- login  → exit 1');
    expect(shown).toContain('▸ edited test/login.spec.ts  → +1 -1');
    expect(shown).not.toContain('1 failing');
  });

  test.each([
    [
      'read /home/somebody/work/an/old/project/of/mine/src/strategy/manual_commit.go',
      '',
      /^ {2}· read ….*strategy\/manual_commit\.go$/,
    ],
    [
      '$ npm run a-script --with a-good-many --flags that go on --and-on for ever',
      'exit 1',
      /^ {2}· \$ npm run a-script .*… {2}→ exit 1$/,
    ],
  ])('tells of %p what it was and how it ended, in one line that fits', (text, outcome, shown) => {
    const turn: Turn = { who: 'tool', at: null, text, outcome, failed: false, detail: '', diff: [] };
    const lines = conversationLines([turn], false, 60);
    const [first, ...more] = lines;
    expect(first?.text).toMatch(shown);
    expect(Bun.stringWidth(first?.text ?? '')).toBeLessThanOrEqual(60);
    // Unfolded, all of it is there.
    expect(
      more
        .map((line) => line.text.trim())
        .join('')
        .replaceAll(' ', ''),
    ).toBe(text.replaceAll(' ', ''));
    expect(more.every(({ isDetail }) => isDetail === true)).toBe(true);
  });

  test('is unfolded by o, the line at the top staying there, and folded again', () => {
    const down = play(READING, key('down'), key('down'), key('down'));
    const open = play(down, key('o'));
    expect(texts(open).join('\n')).toContain('1 failing');
    expect(topLine(open)).toBe(topLine(down));
    expect(topLine(play(open, key('o')))).toBe(topLine(down));
  });

  test('is shown raw by x, and back; as its digest by t', () => {
    expect(effectsOf(READING, key('x'))).toEqual([{ kind: 'raw', uid: uidOf(0) }]);
    expect(effectsOf(READING, key('t'))).toEqual([{ kind: 'digest', uid: uidOf(0) }]);
    const raw = play(READING, {
      kind: 'read',
      title: 'Raw',
      lines: ['{}'],
      more: null,
      uid: uidOf(0),
      mode: 'raw',
    });
    expect(effectsOf(raw, key('x'))).toEqual([{ kind: 'transcript', uid: uidOf(0) }]);
    expect(play(raw, key('esc')).screen.kind, 'one step back, however often it was turned').toBe('sessions');
  });

  test('of hostile turns is inert and fits, at any width', () => {
    const turn = fc.record({
      who: fc.constantFrom<Turn['who']>('person', 'agent', 'tool', 'note'),
      at: fc.constant(null),
      text: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...HOSTILE_TITLES)),
      outcome: fc.constantFrom('', 'exit 1'),
      failed: fc.boolean(),
      detail: fc.oneof(fc.constant(''), fc.string({ unit: 'binary' })),
      diff: fc.array(
        fc.record({
          sign: fc.constantFrom('+' as const, '-' as const, ' ' as const, '…' as const),
          text: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...HOSTILE_TITLES)),
        }),
        { maxLength: 4 },
      ),
    });
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 8 }), fc.integer({ min: 40, max: 160 }), (turns, columns) => {
        const lines = conversationLines(turns, false, columns).map((one) => ({
          ...one,
          tone: 'plain' as const,
        }));
        const shown = play(
          READING,
          { kind: 'resize', size: { columns: Math.max(60, columns), rows: 60 } },
          {
            kind: 'read',
            title: 'x',
            more: null,
            lines,
          },
        );
        for (const text of texts(shown)) {
          expect(widthOf(text)).toBeLessThan(Math.max(60, columns));
          expect(hostileIn(text)).toEqual([]);
        }
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  test('ended at 24 million letters: all of it is handed over in pages, and few are held meanwhile', () => {
    let [units, pages, most, given] = [0, 0, 0, 0];
    const conversation = new Conversation((turns) => {
      pages += 1;
      units += turns.reduce((sum, { text }) => sum + text.length, 0);
    });
    for (let n = 0; n < 1000; n += 1) {
      conversation.answer('x'.repeat(50_000), null);
      given += 50_000;
      most = Math.max(most, given - units);
    }
    expect(most, 'held').toBeLessThan(3 * 1024 ** 2);
    conversation.finish();
    expect(units).toBe(given);
    expect(pages).toBeGreaterThan(100);
  });

  test('tells how a call ended, also where others spoke before that', () => {
    const turns: Turn[] = [];
    const conversation = new Conversation((page) => turns.push(...page));
    conversation.command('a', 'make', null);
    for (let n = 0; n < 10; n += 1) conversation.answer('y'.repeat(50_000), null);
    conversation.commandResult('a', 2, true, 'an error');
    conversation.finish();
    expect(turns[0]).toMatchObject({ text: '$ make', outcome: 'exit 2', failed: true, detail: 'an error' });
  });
});

describe('finding', () => {
  const found = play(READING, key('/'), ...typing('login 7'), key('enter'));

  test('goes to the first line that has it, in either case, and marks it', () => {
    expect(topLine(found)).toContain('Login 7.');
    const marked = frame(found, { unicode: true })
      .flat()
      .filter(({ tone }) => tone === 'cursor');
    expect(marked.map(({ text }) => text)).toEqual(['Login 7']);
  });

  test('n and N go to the next and the one before, all round', () => {
    const many = play(READING, key('/'), ...typing('Login 1'), key('enter'));
    const names = ['n', 'n', 'N', 'N'];
    const tops = names.map((name, i) => name + topLine(play(many, ...names.slice(0, i + 1).map(key))).trim());
    expect(tops).toEqual([
      'nAnd then? Login 10.',
      'nAnd then? Login 11.',
      'NAnd then? Login 10.',
      'NAnd then? Login 1.',
    ]);
    const last = play(READING, key('/'), ...typing('why does'), key('enter'), key('end'), key('n'));
    expect(texts(last).join('\n')).toContain('Why does the login test');
  });

  test('in vain says so and stays', () => {
    const vain = play(READING, key('down'), key('/'), ...typing('walrus'), key('enter'));
    expect(placeOf(vain)).toContain('Nothing like that: walrus');
    expect(topLine(vain)).toBe(topLine(play(READING, key('down'))));
  });

  test('letters are text while it is typed, and esc forgets it', () => {
    const typed = play(READING, key('/'), ...typing('qtR'));
    expect(readerOf(typed).find).toEqual({ typed: 'qtR', editing: true });
    expect(readerOf(play(typed, key('esc'))).find).toEqual({ typed: '', editing: false });
  });
});

test('the place is told at the bottom, from the first line to the last', () => {
  expect(placeOf(READING)).toMatch(/\d+ %, line 20 of \d+/);
  expect(placeOf(play(READING, key('end')))).toContain('100 %');
});

describe('a raw transcript that is loaded in part', () => {
  const piece = (n: number) => Array.from({ length: 300 }, (_, i) => `${n}: line ${i}`);
  const at = (at: number) => ({ uid: uidOf(0), at });
  const raw = (about: Partial<Extract<Event, { kind: 'read' }>>): Event => ({
    kind: 'read',
    title: 'Raw transcript',
    uid: uidOf(0),
    mode: 'raw',
    lines: piece(0),
    more: null,
    ...about,
  });

  test('ends where the transcript ends: G went to the end of what was loaded', () => {
    const begun = play(READING, raw({ more: at(1000) }));
    expect(effectsOf(begun, key('G'))).toEqual([{ kind: 'raw_end', uid: uidOf(0) }]);
    const end = play(begun, raw({ lines: piece(9), before: at(9000), atEnd: true }));
    expect(texts(end).at(-4)).toContain('9: line 299');
    expect(placeOf(end)).toContain('the end');
    expect(effectsOf(end, key('g'))).toEqual([{ kind: 'raw', uid: uidOf(0) }]);
  });

  test('goes on upwards, and what is seen stays where it is', () => {
    const end = play(READING, raw({ lines: piece(9), before: at(9000), atEnd: true }));
    const up = play(end, ...Array.from({ length: 10 }, () => key('pageup')));
    expect(effectsOf(end, ...Array.from({ length: 12 }, () => key('pageup')))).toContainEqual({
      kind: 'read_back',
      uid: uidOf(0),
      at: 9000,
    });
    const more = play(up, { kind: 'read_back', lines: piece(8), before: at(8000) });
    expect(topLine(more)).toBe(topLine(up));
    expect(texts(play(more, ...Array.from({ length: 16 }, () => key('pageup')))).join()).toContain('8: line');
  });
});

describe('find goes through all of a transcript, and not only through what is loaded', () => {
  const piece = (n: number) => Array.from({ length: 300 }, (_, i) => `${n}: line ${i}`);
  const place = (at: number) => ({ uid: uidOf(0), at });
  const middle = (mode: 'raw' | 'conversation'): State =>
    play(READING, {
      kind: 'read',
      title: 'Transcript',
      uid: uidOf(0),
      mode,
      lines: piece(5),
      more: place(6),
      before: place(5),
    });

  test.each(['raw', 'conversation'] as const)(
    '%s: what is not loaded is looked through, on and round',
    (mode) => {
      const state = play(middle(mode), key('/'), ...typing('8: line 7'));
      expect(effectsOf(state, key('enter'))).toEqual([
        {
          kind: 'seek',
          asked: {
            uid: uidOf(0),
            mode,
            sought: '8: line 7',
            unfolded: false,
            way: 1,
            loadedFrom: 5,
            loadedUntil: 6,
          },
        },
      ]);
      const seeking = play(state, key('enter'), { kind: 'sought', share: { done: 3, total: 12 } });
      expect(placeOf(seeking)).toContain('looking through all of it… 25 %');
      const found = {
        kind: 'found_far',
        way: 1,
        piece: { lines: piece(8), more: null, before: place(8) },
      } as const;
      expect(topLine(play(seeking, found))).toBe('8: line 7');
      // The other way round the last of a piece comes first.
      const back = play(seeking, { ...found, way: -1 });
      expect(topLine(back)).toBe('8: line 79');
    },
  );

  test('what is nowhere is told once all was looked through, and what is loaded stays', () => {
    const seeking = play(middle('conversation'), key('/'), ...typing('walrus'), key('enter'));
    const vain = play(seeking, { kind: 'found_far', way: 1, piece: null });
    expect(placeOf(vain)).toContain('Nothing like that: walrus');
    expect(topLine(vain)).toBe('5: line 0');
  });

  test('esc stops it, and stays where one was; a late answer changes nothing', () => {
    const seeking = play(middle('raw'), key('/'), ...typing('walrus'), key('enter'));
    expect(effectsOf(seeking, key('esc'))).toEqual([{ kind: 'stop_seeking' }]);
    const stopped = play(seeking, key('esc'));
    expect(stopped.screen.kind).toBe('reader');
    const late = play(stopped, {
      kind: 'found_far',
      way: 1,
      piece: { lines: piece(8), more: null, before: null },
    });
    expect(topLine(late)).toBe('5: line 0');
  });

  test('a conversation has ends too: G and g go to them', () => {
    expect(effectsOf(middle('conversation'), key('G'))).toEqual([{ kind: 'transcript_end', uid: uidOf(0) }]);
    expect(effectsOf(middle('conversation'), key('g'))).toEqual([{ kind: 'transcript', uid: uidOf(0) }]);
  });
});

describe('who comes from a search', () => {
  const searched = (typed: string, ...events: readonly Event[]) =>
    play(stateOf('dashboard', SIZE), key('/'), ...listed(ROWS), ...typing(typed), ...events, key('enter'));
  const text: Extract<Event, { kind: 'read' }> = {
    kind: 'read',
    title: 'Digest',
    uid: uidOf(0),
    mode: 'digest',
    more: null,
    lines: Array.from({ length: 200 }, (_, n) => (n === 150 ? 'here the Walrus sings' : `line ${n}`)),
  };

  test('is led to what was found, which is marked, and n goes on from there', () => {
    const read = play(searched('walrus'), text);
    expect(texts(read).join()).toContain('here the Walrus sings');
    expect(
      frame(read, { unicode: true })
        .flat()
        .filter(({ tone }) => tone === 'cursor'),
    ).toEqual([{ text: 'Walrus', tone: 'cursor' }]);
  });

  test('is led to it when the text comes later, and where it is folded away it is unfolded', () => {
    const waiting = play(searched('walrus'), { ...text, mode: 'conversation', lines: null });
    const lines = Array.from({ length: 200 }, (_, n) => ({
      text: n === 150 ? 'a walrus in the output' : `line ${n}`,
      tone: 'plain' as const,
      ...(n === 150 ? { isDetail: true as const } : {}),
    }));
    const read = play(waiting, { ...text, mode: 'conversation', lines });
    expect(texts(read).join()).toContain('a walrus in the output');
  });

  test('sees the beginning where the text has nothing of it, and no word is left in the way', () => {
    const read = play(searched('unicorn'), text);
    expect(topLine(read)).toContain('line 0');
    expect(readerOf(read).find.typed).toBe('');
  });
});

test('a transcript of a few lines said that more follows: what may follow is asked for at once', () => {
  const more = { uid: uidOf(0), at: 1 };
  const few: Event = { kind: 'read', title: 'Transcript', lines: ['a', 'b'], more, mode: 'conversation' };
  const opened = play(stateOf('sessions', SIZE), { ...few, lines: null, more: null });
  expect(effectsOf(opened, few)).toEqual([{ kind: 'read_on', ...more }]);
  expect(placeOf(play(opened, few, { kind: 'read_on', lines: [], more: null }))).toContain('line 2 of 2');
});
