/** Puts the tables between two marks of README. Promises: nothing outside the marks changes. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { BenchResult } from './figures.ts';
import { markdown } from './table.ts';

const BEGIN = '<!-- made by bun run bench --readme -->';
const END = '<!-- end of what the bench made -->';

/** Throws where the marks are not there. */
export function withTables(readme: string, result: BenchResult): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`README.md has no marks ${BEGIN} and ${END}`);
  return `${readme.slice(0, begin + BEGIN.length)}\n${markdown(result)}\n${readme.slice(end)}`;
}

export function writeReadme(path: string, result: BenchResult): void {
  writeFileSync(path, withTables(readFileSync(path, 'utf8'), result));
}
