/** Puts the tables between two marks of `docs/performance.md`. Promises: nothing outside the marks changes. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { BenchResult } from './figures.ts';
import { markdown } from './table.ts';

const BEGIN = '<!-- made by bun run bench --docs -->';
const END = '<!-- end of what the bench made -->';

/** Throws where the marks are not there. */
export function withTables(page: string, result: BenchResult): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the page has no marks ${BEGIN} and ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n${markdown(result)}\n${page.slice(end)}`;
}

export function writeDocs(path: string, result: BenchResult): void {
  writeFileSync(path, withTables(readFileSync(path, 'utf8'), result));
}
