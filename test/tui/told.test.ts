/** What is told of the session, the project and the several under the cursor: what one wants to know of them, and in order. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { frame } from '../../src/tui/frames/frame.ts';
import { gist } from '../../src/tui/gist.ts';
import { textOf } from '../../src/tui/paint.ts';
import { questionOf } from '../../src/tui/question.ts';
import type { State } from '../../src/tui/state.ts';
import { SEED } from '../support/seed.ts';
import { DIGEST_LINES, key, play, ROWS, SIZE } from '../support/tui.ts';
import { stateOf } from './states.ts';

const texts = (state: State) => frame(state, { unicode: true }).map(textOf);

describe('the gist of a digest', () => {
  const page = DIGEST_LINES.slice(1);

  test('begins with what was asked, what came of it and in which files, and not with what stands above it already', () => {
    expect(gist(page, 4)).toEqual([
      'Asked     Why does the login test fail at times?',
      'Outcome   It waited for the wrong element, and waits for the form now.',
      'Files     test/login.spec.ts',
      'Commands  npm test -- login  (12 times)',
    ]);
    expect(gist(page, 6).slice(4)).toEqual(['Agent     claude-code 2.1.0', 'Project   /home/me/web-shop']);
  });

  test('takes an item together that was broken, and two of what was asked', () => {
    const asked = ['Asked (3)', '  - 2026-03-12 11:38  one that', '    goes on', '  - two', '  - three', ''];
    expect(gist([...asked, 'Outcome', '  a', '', '  b', '', 'Tools', '  c'], 3)).toEqual([
      'Asked     one that goes on',
      '          two',
      'Outcome   a  b',
    ]);
  });

  test('is never longer than its rows, and is all of a digest that is no longer', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...page, '  - more', '    and more', 'Tools'), { maxLength: 30 }),
        fc.nat(40),
        (lines, rows) => {
          const told = lines.filter((text) => text.trim() !== '');
          expect(gist(lines, rows).length).toBeLessThanOrEqual(rows);
          if (told.length <= rows) expect(gist(lines, rows)).toEqual(told);
        },
      ),
      { seed: SEED },
    );
  });
});

describe('the list', () => {
  test('says what all that is shown takes', () => {
    expect(texts(stateOf('sessions', SIZE))[1]).toMatch(
      /120 sessions, by newest .* 2\.2 GiB stored {3}row 1 of 120/,
    );
  });

  test('by project counted and numbered sessions instead of projects, and told nothing of the one under the cursor', () => {
    const grouped = texts(stateOf('sessions-groups', SIZE)).join('\n');
    expect(grouped).toContain('4 projects, 120 sessions');
    expect(grouped).toContain('row 1 of 4');
    expect(grouped).toContain('By agent  ');
    expect(texts(play(stateOf('sessions-groups', SIZE), key('down'))).join('\n')).toContain('row 2 of 4');
  });
});

describe('a question about several', () => {
  test('names them by size, the largest first', () => {
    const { lines } = questionOf('export', ROWS, '/home/me/all.smx');
    const bytes = ROWS.filter(({ state }) => state !== 'evicted').map(({ storedBytes }) => storedBytes);
    const largest = ROWS.find(({ storedBytes }) => storedBytes === Math.max(...bytes));
    expect(lines[1]).toContain(largest?.uid ?? 'nobody');
  });

  test('cut the place of the file: its end is always seen', () => {
    const file = `/home/me/${'a-long-folder/'.repeat(9)}all.smx`;
    const question = questionOf('export', ROWS, file);
    for (const columns of [60, 80, 160]) {
      const size = { columns, rows: 24 };
      const shown = texts(play(stateOf('sessions', size), { kind: 'question', question })).join('\n');
      expect(shown).toContain('-folder/all.smx');
      expect(shown).toContain('Write to a file');
    }
  });
});

test('of the files of a restore what tells them apart was cut: their names are seen', () => {
  for (const columns of [60, 80]) {
    const shown = texts(stateOf('restore-ready', { columns, rows: 24 })).join('\n');
    for (const name of ['6789ab.jsonl', 'subagents/', 'tool-results/']) expect(shown).toContain(name);
  }
});
