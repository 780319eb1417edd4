/**
 * Our lines in a text that belongs to somebody else, between two marks: a table of cron, a TOML file. Pure.
 * Promises: all other bytes stay; twice is once.
 */
const BEGIN = '# >>> session-memory >>>';
const END = '# <<< session-memory <<<';
const BLOCK = new RegExp(`(?:^|(?<=\\n))${BEGIN}[^\\n]*\\n(?:[^\\n]*\\n)*?${END}\\r?(?:\\n|$)`, 'g');

/** `lines`: null takes the block out. */
export function withBlock(text: string, lines: readonly string[] | null): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const block = lines === null ? '' : [BEGIN, ...lines, END, ''].join(eol);
  let isPut = lines === null;
  const replaced = text.replace(BLOCK, () => {
    const put = isPut ? '' : block;
    isPut = true;
    return put;
  });
  if (isPut) return replaced;
  const gap = replaced === '' || replaced.endsWith('\n') ? '' : eol;
  return replaced + gap + block;
}

/** The lines of the block; null: there is none. */
export function blockIn(text: string): string[] | null {
  const [block] = text.match(BLOCK) ?? [];
  return block === undefined ? null : block.trimEnd().split(/\r?\n/).slice(1, -1);
}
