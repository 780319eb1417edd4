/** Keys by their names, however quickly they come. */
import { expect, test } from 'bun:test';
import { type InkKey, keyNames } from '../../src/tui/input.ts';
import { KEYS } from '../../src/tui/keys.ts';

const NO_KEY: InkKey = {
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

test('a key with ctrl that comes in one piece with others is that key all the same', () => {
  const names = [...new Set(KEYS.flatMap(({ keys }) => keys).filter((name) => name.startsWith('ctrl+')))];
  expect(names).toContain('ctrl+l');
  const typed = names.map((name) => String.fromCharCode(name.charCodeAt(5) - 96));
  expect(keyNames(`j${typed.join('')}${typed.join('')} `, NO_KEY)).toEqual([
    ...['j', ...names, ...names, 'space'],
  ]);
  for (const name of names)
    expect(keyNames(name.slice(5), { ...NO_KEY, ctrl: true }), 'and alone').toEqual([name]);
});

test('enter, tab, backspace and esc keep their names, though each is a letter with ctrl too', () => {
  expect(keyNames('a\r\n\t\u0008\u007f', NO_KEY)).toEqual([
    'a',
    'enter',
    'enter',
    'tab',
    'backspace',
    'backspace',
  ]);
});
