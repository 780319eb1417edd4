/** Ink's keys by our names: a character, or `enter`, `esc`, `up`, `ctrl+c`, … */

/** What Ink says of a key, as far as it is used. */
export interface InkKey {
  readonly upArrow: boolean;
  readonly downArrow: boolean;
  readonly leftArrow: boolean;
  readonly rightArrow: boolean;
  readonly pageUp: boolean;
  readonly pageDown: boolean;
  readonly home: boolean;
  readonly end: boolean;
  readonly return: boolean;
  readonly escape: boolean;
  readonly backspace: boolean;
  readonly delete: boolean;
  readonly tab: boolean;
  readonly ctrl: boolean;
  readonly meta: boolean;
}

const CONTROL: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  ' ': 'space',
  '\t': 'tab',
  '\u0008': 'backspace',
  '\u001b': 'esc',
  '\u007f': 'backspace',
};

/** One event of Ink may hold several keys where they came quickly; each is one name. */
export function keyNames(input: string, key: InkKey): string[] {
  if (key.upArrow) return ['up'];
  if (key.downArrow) return ['down'];
  if (key.leftArrow) return ['left'];
  if (key.rightArrow) return ['right'];
  if (key.pageUp) return ['pageup'];
  if (key.pageDown) return ['pagedown'];
  if (key.home) return ['home'];
  if (key.end) return ['end'];
  if (key.return) return ['enter'];
  if (key.tab) return ['tab'];
  if (key.backspace || key.delete) return ['backspace'];
  if (key.escape) return ['esc'];
  if (key.ctrl) return [`ctrl+${input}`];
  const names = [...input].map(nameOf);
  // Esc and the next key, sent at once by a slow line, look the same: what is meant is decided where it is known on which screen.
  return key.meta ? names.map((name) => `alt+${name}`) : names;
}

/** Of one character. Ctrl and a letter is the control character of the letter's number. */
function nameOf(char: string): string {
  const name = CONTROL[char];
  if (name !== undefined) return name;
  return char >= '\u0001' && char <= '\u001a' ? `ctrl+${String.fromCharCode(char.charCodeAt(0) + 96)}` : char;
}
