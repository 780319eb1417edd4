/**
 * Our lines in a text that belongs to somebody else, between two marks: a table of cron, a TOML file. Pure.
 * Promises: all other bytes stay; twice is once. Never: takes lines as ours where one mark of a pair is missing, for those between
 * may be anybody's.
 */
const BEGIN = '# >>> session-memory >>>';
const END = '# <<< session-memory <<<';

/** From the begin of the line of the first mark to the end of the line of the second. */
interface Block {
  readonly start: number;
  readonly end: number;
}

/** Whoever edits the text has to look at it first: the line of a mark that has no other, counted from 1. */
export interface Unpaired {
  readonly why: string;
}

/** `lines`: null takes the block out. */
export function withBlock(
  text: string,
  lines: readonly string[] | null,
): { readonly text: string } | Unpaired {
  const blocks = blocksOf(text);
  if ('why' in blocks) return blocks;
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const block = lines === null ? '' : [BEGIN, ...lines, END, ''].join(eol);
  let made = '';
  let from = 0;
  for (const [i, { start, end }] of blocks.entries()) {
    made += text.slice(from, start) + (i === 0 ? block : '');
    from = end;
  }
  made += text.slice(from);
  if (blocks.length > 0 || lines === null) return { text: made };
  const gap = made === '' || made.endsWith('\n') ? '' : eol;
  return { text: made + gap + block };
}

/** The lines of the block; null: there is none, or it has no end. */
export function blockIn(text: string): string[] | null {
  const blocks = blocksOf(text);
  const [block] = 'why' in blocks ? [] : blocks;
  if (block === undefined) return null;
  return text.slice(block.start, block.end).trimEnd().split(/\r?\n/).slice(1, -1);
}

function blocksOf(text: string): readonly Block[] | Unpaired {
  const blocks: Block[] = [];
  let open: { readonly start: number; readonly line: number } | null = null;
  let start = 0;
  for (const [i, line] of text.split(/(?<=\n)/).entries()) {
    const end = start + line.length;
    // A mark with more behind it is none: what stands there is somebody's.
    const mark = line.trimEnd();
    if (mark === BEGIN) {
      if (open !== null) return unpaired(BEGIN, open.line);
      open = { start, line: i + 1 };
    } else if (mark === END) {
      if (open === null) return unpaired(END, i + 1);
      blocks.push({ start: open.start, end });
      open = null;
    }
    start = end;
  }
  return open === null ? blocks : unpaired(BEGIN, open.line);
}

function unpaired(mark: string, line: number): Unpaired {
  return {
    why: `line ${line} is \`${mark}\`, and the mark that belongs to it is missing: take out by hand what is of session-memory there`,
  };
}
