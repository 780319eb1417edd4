/** A digest in few lines: what was asked, what came of it, in which files; what else is known of it where there is room. Pure. */
import { isHeading, pad } from './paint.ts';

interface Section {
  readonly title: string;
  readonly texts: readonly string[];
}

/** As the facts of a digest have it. */
const LABEL_CELLS = 10;
/** Only what was asked may take a second line. */
const ASKED_LINES = 2;

/** `lines`: a digest's page without its title. At most `rows` lines, not cut to any width; all of it where it is no more than that. */
export function gist(lines: readonly string[], rows: number): string[] {
  const told = lines.filter((text) => text.trim() !== '');
  if (told.length <= rows) return [...told];
  const first = told.findIndex(isHeading);
  if (first < 0) return told.slice(0, rows);
  const facts = told.slice(0, first);
  const parts = sectionsOf(told.slice(first)).flatMap(({ title, texts }) => {
    const shown = title.startsWith('Asked') ? texts.slice(0, ASKED_LINES) : [texts.join('  ')];
    return shown.map((text, i) => pad(i === 0 ? wordOf(title) : '', LABEL_CELLS) + text);
  });
  return [...parts, ...facts].slice(0, rows);
}

/** It stands above already, on a line of its own; a long one takes several of a digest's. */
export function withoutTitle(lines: readonly string[]): readonly string[] {
  const blank = lines.findIndex((text) => text.trim() === '');
  return lines.slice(Math.max(1, blank));
}

/** What stands in front, always with a blank behind it. */
function wordOf(title: string): string {
  return (/^\w+/.exec(title)?.[0] ?? '').slice(0, LABEL_CELLS - 2);
}

/** One for each first word of a heading, the first of them; an item is one text, whatever lines it was broken on. */
function sectionsOf(lines: readonly string[]): Section[] {
  const sections = new Map<string, { title: string; texts: string[] }>();
  let open: string[] = [];
  for (const text of lines) {
    if (isHeading(text)) {
      const word = wordOf(text);
      open = [];
      if (!sections.has(word)) sections.set(word, { title: text, texts: open });
      continue;
    }
    const item = /^ {2}- (?:\d{4}-\d\d-\d\d \d\d:\d\d {2})?(.*)$/.exec(text)?.[1];
    const isMore = item === undefined && text.startsWith('    ') && open.length > 0;
    if (isMore) open.push(`${open.pop() ?? ''} ${text.trim()}`);
    else open.push((item ?? text).trim());
  }
  return [...sections.values()];
}
