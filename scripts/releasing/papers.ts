// What goes along with the program: pages to read, and the files that shells and `man` look for.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Glob } from 'bun';
import type { Entry } from '../archive.ts';

const ROOT = join(import.meta.dir, '..', '..');

/** Where a package of a Unix system keeps them, below `share/`; an archive has the same places. */
const SHARED = {
  man: 'share/man/man1/session-memory.1',
  bash: 'share/bash-completion/completions/session-memory',
  zsh: 'share/zsh/site-functions/_session-memory',
  fish: 'share/fish/vendor_completions.d/session-memory.fish',
} as const;

export interface Papers {
  readonly pages: readonly Entry[];
  readonly man: Entry;
  readonly bash: Entry;
  readonly zsh: Entry;
  readonly fish: Entry;
}

/** `program`: one that runs on this machine; it prints the same on each. */
export function papersFrom(program: string): Papers {
  const pages = ['CHANGELOG.md', 'LICENSE', 'README.md', ...[...new Glob('docs/*.md').scanSync(ROOT)].sort()];
  const box = mkdtempSync(join(tmpdir(), 'session-memory-papers-'));
  try {
    const printed = (path: string, ...words: string[]) => textEntry(path, output(program, words, box));
    return {
      pages: pages
        .filter((page) => existsSync(join(ROOT, page)))
        .map((page) => ({ path: page, bytes: readFileSync(join(ROOT, page)), executable: false })),
      man: printed(SHARED.man, 'man'),
      bash: printed(SHARED.bash, 'completions', 'bash'),
      zsh: printed(SHARED.zsh, 'completions', 'zsh'),
      fish: printed(SHARED.fish, 'completions', 'fish'),
    };
  } finally {
    rmSync(box, { recursive: true });
  }
}

export function textEntry(path: string, text: string): Entry {
  return { path, bytes: Buffer.from(text), executable: false };
}

/** Everything of it, in the order of an archive. */
export function inOrder({ pages, man, bash, zsh, fish }: Papers): Entry[] {
  return [...pages, bash, fish, man, zsh];
}

/** The builder's own settings and store must say nothing in what is released. */
function output(program: string, words: string[], home: string): string {
  const run = Bun.spawnSync([program, ...words], { env: { HOME: home, LC_ALL: 'C.UTF-8' } });
  const text = run.stdout.toString();
  if (!run.success || text === '') throw new Error(`${program} ${words.join(' ')} failed: ${run.stderr}`);
  return text;
}
