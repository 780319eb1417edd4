/**
 * What the bench makes once and keeps: homes, stores, an empty executable.
 * Promises: a folder is either whole or not there; one made by another recipe is made anew.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withoutDevtools } from '../build.ts';

/** The folder `name` in the cache, made by `make` where it is not there. `recipe` changes with what is made. */
export async function cached(
  cache: string,
  name: string,
  recipe: string,
  make: (folder: string) => Promise<void> | void,
): Promise<string> {
  const folder = join(cache, name);
  const mark = join(folder, 'recipe.txt');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === recipe) return folder;
  mkdirSync(cache, { recursive: true });
  rmSync(folder, { recursive: true, force: true });
  console.error(`making ${name} (once, kept in ${cache})`);
  const box = mkdtempSync(join(cache, '.making-'));
  try {
    await make(box);
    writeFileSync(join(box, 'recipe.txt'), recipe);
    renameSync(box, folder);
  } finally {
    rmSync(box, { recursive: true, force: true });
  }
  return folder;
}

/** An executable that does nothing: what every program of this kind costs at least. */
export async function emptyExecutable(cache: string): Promise<string> {
  return compiled(cache, 'empty', join(import.meta.dir, 'empty.ts'));
}

/** A program of this folder that does the least of a job: what is left of a row above it is ours. */
export async function leastExecutable(
  cache: string,
  name: `least-${'store' | 'list' | 'evict' | 'pack'}`,
): Promise<string> {
  return compiled(cache, name, join(import.meta.dir, `${name}.ts`));
}

/** One that draws fifty lines with Ink and draws them anew at each key. */
export async function emptyInkExecutable(cache: string): Promise<string> {
  return compiled(cache, 'empty-ink', join(import.meta.dir, 'empty-ink.tsx'));
}

async function compiled(cache: string, name: string, source: string): Promise<string> {
  const recipe = `${Bun.version} ${readFileSync(source, 'utf8')}`;
  const folder = await cached(cache, name, recipe, async (box) => {
    await Bun.build({
      entrypoints: [source],
      target: 'bun',
      format: 'esm',
      bytecode: true,
      minify: true,
      plugins: [withoutDevtools],
      define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' },
      compile: { outfile: join(box, name), autoloadDotenv: false, autoloadBunfig: false },
    });
  });
  return join(folder, name);
}
