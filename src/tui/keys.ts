/**
 * Every key, once: the footer, the help and the handler are made from this table, and so is the one in ARCHITECTURE.
 * A context is what the keyboard means at a moment; a screen may have several.
 */

export const CONTEXTS = {
  first_run: 'Welcome',
  dashboard: 'Dashboard',
  working: 'Dashboard: while something runs',
  pass: 'Sweep: a pass',
  analyze: 'Sweep: analyzing',
  nobody: 'Sweep: a pass that has nobody',
  running: 'Sweep: while it runs',
  loss: 'Sweep: data loss',
  ways: 'Sweep: over the cap, and nobody to lose',
  exporting: 'Sweep: while an export is written',
  phrase: 'Sweep: typing the phrase',
  sifting: 'Sweep: typing whom the list shows',
  result: 'Sweep: the result',
  sessions: 'Sessions',
  filter: 'Sessions: typing the filter',
  groups: 'Sessions: by project',
  confirm: 'Before something is done to several',
  doing: 'While it is done',
  reader: 'Reading',
  report: 'Reading a report',
  transcript: 'Reading a session',
  finding: 'Reading: typing what to find',
  seeking: 'Reading: while all of it is looked through',
  looking: 'Restore: while it looks at what is there',
  restore: 'Restore',
  obstructed: 'Restore: something stands in its way',
  folder: 'Restore: typing another folder',
  writing: 'Restore: while it writes',
  restored: 'Restore: nothing left to do',
  nothing: 'Welcome: nothing found',
  history: 'History',
  help: 'Help',
  helping: 'Help: typing what to find',
} as const;
export type KeyContext = keyof typeof CONTEXTS;

export type Action =
  | 'quit'
  | 'help'
  | 'back'
  | 'up'
  | 'down'
  | 'page_up'
  | 'page_down'
  | 'top'
  | 'bottom'
  | 'confirm'
  | 'sweep'
  | 'ingest'
  | 'sessions'
  | 'open'
  | 'switch'
  | 'mark'
  | 'mark_all'
  | 'mark_range'
  | 'evict'
  | 'export'
  | 'copy'
  | 'related'
  | 'group'
  | 'find_next'
  | 'find_before'
  | 'unfold'
  | 'raw'
  | 'history'
  | 'limits'
  | 'keep_out'
  | 'choose'
  | 'undo'
  | 'pin'
  | 'skip'
  | 'sift'
  | 'stop'
  | 'preview'
  | 'transcript'
  | 'restore'
  | 'resume'
  | 'force'
  | 'elsewhere'
  | 'sort'
  | 'reverse'
  | 'search'
  | 'accept'
  | 'erase'
  | 'erase_all'
  | 'erase_word'
  | 'erase_line'
  | 'left'
  | 'right'
  | 'line_start'
  | 'line_end'
  | 'suspend'
  | 'mouse'
  | 'repaint';

export interface Key {
  /** Names as `keyNames` gives them. */
  readonly keys: readonly string[];
  readonly shown: string;
  readonly does: string;
  readonly action: Action;
  readonly in: readonly KeyContext[];
  /** Left out of the footer: the help has it. */
  readonly quiet?: true;
}

const EVERYWHERE = Object.keys(CONTEXTS) as KeyContext[];

/** Contexts in which what is typed is text, unless a key of the table says otherwise. */
const TYPING: readonly KeyContext[] = ['phrase', 'sifting', 'filter', 'finding', 'helping', 'folder'];

const LISTS = [
  'dashboard',
  'working',
  'pass',
  'analyze',
  'loss',
  'sessions',
  'groups',
  'history',
  'reader',
  'report',
  'transcript',
  'help',
  'result',
  'restore',
  'obstructed',
  'restored',
  'confirm',
] as const satisfies readonly KeyContext[];

export const KEYS: readonly Key[] = [
  { keys: ['enter', 'i'], shown: 'enter', does: 'store them', action: 'ingest', in: ['first_run'] },
  { keys: ['enter'], shown: 'enter', does: 'open', action: 'open', in: ['dashboard', 'working'] },
  { keys: ['s'], shown: 's', does: 'sweep', action: 'sweep', in: ['dashboard', 'working'] },
  {
    keys: ['b'],
    shown: 'b',
    does: 'sessions',
    action: 'sessions',
    in: ['dashboard', 'working', 'first_run', 'nothing'],
  },
  { keys: ['/'], shown: '/', does: 'search', action: 'search', in: ['dashboard', 'working'] },
  { keys: ['tab'], shown: 'tab', does: 'project/agent/age', action: 'switch', in: ['dashboard', 'working'] },
  {
    keys: ['i'],
    shown: 'i',
    does: 'look for new',
    action: 'ingest',
    in: ['dashboard', 'working', 'nothing'],
  },
  { keys: ['h'], shown: 'h', does: 'history', action: 'history', in: ['dashboard', 'working'] },
  { keys: ['c'], shown: 'c', does: 'limits', action: 'limits', in: ['dashboard', 'working'] },
  { keys: ['enter'], shown: 'enter', does: 'run', action: 'confirm', in: ['pass', 'analyze'] },
  { keys: ['enter'], shown: 'enter', does: 'go on', action: 'confirm', in: ['nobody'] },
  { keys: ['enter'], shown: 'enter', does: 'done', action: 'confirm', in: ['result'] },
  { keys: ['enter'], shown: 'enter', does: 'do it', action: 'confirm', in: ['loss', 'ways', 'confirm'] },
  {
    keys: ['1', '2', '3', '4', '5', '6', 'tab'],
    shown: '1-6',
    does: 'choose',
    action: 'choose',
    in: ['loss', 'ways'],
  },
  { keys: ['t'], shown: 't', does: 'transcript', action: 'transcript', in: ['loss'] },
  { keys: ['v'], shown: 'v', does: 'what stays', action: 'preview', in: ['loss'] },
  { keys: ['space'], shown: 'space', does: 'keep out', action: 'keep_out', in: ['pass', 'loss'] },
  { keys: ['p'], shown: 'p', does: 'pin', action: 'pin', in: ['pass', 'loss'] },
  { keys: ['f'], shown: 'f', does: 'filter', action: 'sift', in: ['pass', 'loss'], quiet: true },
  { keys: ['n'], shown: 'n', does: 'skip', action: 'skip', in: ['pass', 'analyze', 'nobody'] },
  {
    keys: ['esc'],
    shown: 'esc',
    does: 'stop',
    action: 'stop',
    in: [
      ...['pass', 'analyze', 'nobody', 'loss', 'ways', 'running'],
      ...['exporting', 'working', 'doing', 'writing', 'seeking'],
    ] as KeyContext[],
  },
  { keys: ['v'], shown: 'v', does: 'digest', action: 'preview', in: ['pass', 'analyze'] },
  { keys: ['u'], shown: 'u', does: 'undo', action: 'undo', in: ['pass', 'loss'] },
  { keys: ['enter'], shown: 'enter', does: 'lose them', action: 'confirm', in: ['phrase'] },
  { keys: ['esc'], shown: 'esc', does: 'back to the choices', action: 'erase_all', in: ['phrase'] },
  { keys: ['enter', 'down'], shown: 'enter', does: 'to the list', action: 'confirm', in: ['sifting'] },
  { keys: ['esc'], shown: 'esc', does: 'all of them', action: 'erase_all', in: ['sifting'] },
  { keys: ['/'], shown: '/', does: 'find', action: 'search', in: ['reader', 'report', 'transcript', 'help'] },
  { keys: ['n'], shown: 'n', does: 'next', action: 'find_next', in: ['reader', 'report', 'transcript'] },
  { keys: ['N'], shown: 'N', does: 'before', action: 'find_before', in: ['reader', 'report', 'transcript'] },
  { keys: ['o', 'enter'], shown: 'o', does: 'unfold', action: 'unfold', in: ['transcript'] },
  { keys: ['o', 'enter'], shown: 'o', does: 'ids', action: 'unfold', in: ['report'] },
  { keys: ['t'], shown: 't', does: 'digest/transcript', action: 'transcript', in: ['transcript'] },
  { keys: ['x'], shown: 'x', does: 'raw', action: 'raw', in: ['transcript'] },
  { keys: ['enter'], shown: 'enter', does: 'digest', action: 'confirm', in: ['sessions'] },
  { keys: ['t'], shown: 't', does: 'transcript', action: 'transcript', in: ['sessions'] },
  { keys: ['space'], shown: 'space', does: 'mark', action: 'mark', in: ['sessions'] },
  { keys: ['/'], shown: '/', does: 'filter', action: 'search', in: ['sessions', 'groups'] },
  { keys: ['s'], shown: 's', does: 'sort', action: 'sort', in: ['sessions'] },
  { keys: ['r'], shown: 'r', does: 'restore', action: 'restore', in: ['sessions', 'transcript'] },
  { keys: ['p'], shown: 'p', does: 'pin', action: 'pin', in: ['sessions', 'transcript'] },
  { keys: ['R'], shown: 'R', does: 'resume', action: 'resume', in: ['sessions', 'transcript'] },
  { keys: ['e'], shown: 'e', does: 'evict', action: 'evict', in: ['sessions'] },
  { keys: ['y'], shown: 'y', does: 'copy id', action: 'copy', in: ['sessions', 'transcript'] },
  { keys: ['tab'], shown: 'tab', does: 'by project', action: 'group', in: ['sessions'] },
  { keys: ['u'], shown: 'u', does: 'undo a pin', action: 'undo', in: ['sessions'] },
  { keys: ['A'], shown: 'A', does: 'mark all shown', action: 'mark_all', in: ['sessions'] },
  { keys: ['V'], shown: 'V', does: 'mark a range', action: 'mark_range', in: ['sessions'], quiet: true },
  { keys: ['w'], shown: 'w', does: 'write to a file', action: 'export', in: ['sessions'], quiet: true },
  { keys: ['m'], shown: 'm', does: 'more like this', action: 'related', in: ['sessions'], quiet: true },
  { keys: ['S'], shown: 'S', does: 'reverse', action: 'reverse', in: ['sessions'], quiet: true },
  { keys: ['enter'], shown: 'enter', does: 'its sessions', action: 'confirm', in: ['groups'] },
  { keys: ['tab'], shown: 'tab', does: 'all sessions', action: 'group', in: ['groups'] },
  { keys: ['enter', 'down'], shown: 'enter', does: 'to the list', action: 'confirm', in: ['filter'] },
  { keys: ['tab'], shown: 'tab', does: 'take what was meant', action: 'accept', in: ['filter'] },
  { keys: ['esc'], shown: 'esc', does: 'no filter', action: 'erase_all', in: ['filter'] },
  { keys: ['enter'], shown: 'enter', does: 'find', action: 'confirm', in: ['finding', 'helping'] },
  { keys: ['esc'], shown: 'esc', does: 'stop looking', action: 'erase_all', in: ['finding', 'helping'] },
  { keys: ['enter'], shown: 'enter', does: 'write', action: 'confirm', in: ['restore'] },
  { keys: ['f'], shown: 'f', does: 'replace', action: 'force', in: ['restore', 'obstructed'] },
  { keys: ['d'], shown: 'd', does: 'elsewhere', action: 'elsewhere', in: ['restore', 'obstructed'] },
  { keys: ['R'], shown: 'R', does: 'and resume', action: 'resume', in: ['restore'] },
  { keys: ['enter'], shown: 'enter', does: 'look there', action: 'confirm', in: ['folder'] },
  { keys: ['esc'], shown: 'esc', does: 'not elsewhere', action: 'erase_all', in: ['folder'] },
  { keys: ['enter', 'esc', 'q'], shown: 'esc', does: 'back', action: 'back', in: ['restored', 'obstructed'] },
  { keys: ['esc', 'q'], shown: 'esc', does: 'back', action: 'back', in: ['looking'] },
  { keys: ['enter'], shown: 'enter', does: 'report', action: 'confirm', in: ['history'] },
  { keys: ['backspace'], shown: 'backspace', does: 'erase', action: 'erase', in: TYPING, quiet: true },
  { keys: ['ctrl+w'], shown: 'ctrl-w', does: 'erase a word', action: 'erase_word', in: TYPING, quiet: true },
  {
    keys: ['ctrl+u'],
    shown: 'ctrl-u',
    does: 'erase all in front',
    action: 'erase_line',
    in: TYPING,
    quiet: true,
  },
  { keys: ['left', 'ctrl+b'], shown: '←', does: 'a letter back', action: 'left', in: TYPING, quiet: true },
  { keys: ['right', 'ctrl+f'], shown: '→', does: 'a letter on', action: 'right', in: TYPING, quiet: true },
  {
    keys: ['home', 'ctrl+a'],
    shown: 'home',
    does: 'to the beginning',
    action: 'line_start',
    in: TYPING,
    quiet: true,
  },
  { keys: ['end', 'ctrl+e'], shown: 'end', does: 'to the end', action: 'line_end', in: TYPING, quiet: true },
  { keys: ['up', 'k'], shown: '↑ k', does: 'up', action: 'up', in: LISTS, quiet: true },
  { keys: ['down', 'j'], shown: '↓ j', does: 'down', action: 'down', in: LISTS, quiet: true },
  {
    keys: ['pageup', 'ctrl+b', 'ctrl+u'],
    shown: 'pgup',
    does: 'a page up',
    action: 'page_up',
    in: LISTS,
    quiet: true,
  },
  {
    keys: ['pagedown', 'ctrl+f', 'ctrl+d'],
    shown: 'pgdn',
    does: 'a page down',
    action: 'page_down',
    in: LISTS,
    quiet: true,
  },
  { keys: ['home', 'g'], shown: 'home g', does: 'first', action: 'top', in: LISTS, quiet: true },
  { keys: ['end', 'G'], shown: 'end G', does: 'last', action: 'bottom', in: LISTS, quiet: true },
  {
    keys: ['esc', 'q'],
    shown: 'esc',
    does: 'back',
    action: 'back',
    in: [
      'sessions',
      'groups',
      'reader',
      'report',
      'transcript',
      'restore',
      'confirm',
      'history',
      'help',
      'result',
    ],
  },
  {
    keys: ['?'],
    shown: '?',
    does: 'help',
    action: 'help',
    in: [
      'first_run',
      'nothing',
      'dashboard',
      'working',
      'pass',
      'analyze',
      'nobody',
      'loss',
      'ways',
      'sessions',
      'groups',
      'confirm',
      'reader',
      'report',
      'transcript',
      'restore',
      'obstructed',
      'restored',
      'history',
      'result',
    ],
  },
  {
    keys: ['q'],
    shown: 'q',
    does: 'quit',
    action: 'quit',
    in: ['first_run', 'nothing', 'dashboard', 'working'],
  },
  {
    keys: ['M'],
    shown: 'M',
    does: 'mouse on or off; off, text can be selected',
    action: 'mouse',
    in: LISTS,
    quiet: true,
  },
  {
    keys: ['ctrl+z'],
    shown: 'ctrl-z',
    does: 'to the shell; fg comes back',
    action: 'suspend',
    in: EVERYWHERE,
    quiet: true,
  },
  {
    keys: ['ctrl+l'],
    shown: 'ctrl-l',
    does: 'draw all anew',
    action: 'repaint',
    in: EVERYWHERE,
    quiet: true,
  },
  {
    keys: ['ctrl+c'],
    shown: 'ctrl-c',
    does: 'quit',
    action: 'quit',
    in: EVERYWHERE,
    quiet: true,
  },
]; // prettier-ignore

export function isTyping(context: KeyContext): boolean {
  return TYPING.includes(context);
}

export type Meaning =
  | { readonly kind: 'action'; readonly action: Action; readonly key: string }
  | { readonly kind: 'text'; readonly text: string };

/** What a key means in a context; null: nothing. `name` is a character or the name of a key. */
export function meaningOf(context: KeyContext, name: string): Meaning | null {
  const key = KEYS.find((row) => row.in.includes(context) && row.keys.includes(name));
  if (key !== undefined) return { kind: 'action', action: key.action, key: name };
  const text = name === 'space' ? ' ' : name;
  const isText = [...text].length === 1 && text >= ' ' && text !== '\u007f';
  return TYPING.includes(context) && isText ? { kind: 'text', text } : null;
}

export interface FooterLine {
  readonly keys: readonly Key[];
  readonly gap: string;
}

/**
 * The keys of the footer on at most so many lines, as many as fit, the first ones first; the way back, the help and quit always. `ways`: that
 * many can be chosen from.
 */
export function footerLines(context: KeyContext, cells: number, lines: number, ways = 0): FooterLine[] {
  const shown = KEYS.filter((key) => key.in.includes(context) && key.quiet !== true).map((key) =>
    key.action === 'choose' && ways > 0 ? { ...key, shown: ways === 1 ? '1' : `1-${ways}` } : key,
  );
  if (widthOfKeys(shown, WIDE) <= cells) return [{ keys: shown, gap: WIDE }];
  const kept = new Set(shown.filter(isWayOut));
  const inOrder = (keys: ReadonlySet<Key>) =>
    flowed(
      shown.filter((key) => keys.has(key)),
      cells,
    );
  for (const key of shown) {
    if (kept.has(key)) continue;
    if (inOrder(new Set([...kept, key])).length > lines) break;
    kept.add(key);
  }
  return inOrder(kept).map((keys) => ({ keys, gap: CLOSE }));
}

const WIDE = '   ';
const CLOSE = '  ';

function widthOfKeys(keys: readonly Key[], gap: string): number {
  return keys.map(footerText).join(gap).length;
}

/** One after the other, as many on a line as fit. */
function flowed(keys: readonly Key[], cells: number): Key[][] {
  const lines: Key[][] = [[]];
  for (const key of keys) {
    const last = lines.at(-1) ?? [];
    if (last.length > 0 && widthOfKeys([...last, key], CLOSE) > cells) lines.push([key]);
    else last.push(key);
  }
  return lines;
}

function isWayOut({ keys, action }: Key): boolean {
  return keys.includes('esc') || action === 'help' || action === 'quit';
}

export function footerText({ shown, does }: Key): string {
  return `${shown} ${does}`;
}
