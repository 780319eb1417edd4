/**
 * The executable with the points at which it can be killed, built into dist/torture/ when a source is newer.
 * Promises: two builders at once leave a whole one; the release in dist/ is another file and has no such point.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { buildExecutable } from '../build.ts';

const ROOT = join(import.meta.dir, '../..');
const BINARY = join(ROOT, 'dist/torture/session-memory');

/** The path of a torture build of the sources as they are. */
export async function tortureBinary(): Promise<string> {
  if (existsSync(BINARY) && statSync(BINARY).mtimeMs >= newestSourceMs()) return BINARY;
  mkdirSync(join(ROOT, 'dist/torture'), { recursive: true });
  const box = mkdtempSync(join(ROOT, 'dist/torture/.build-'));
  try {
    await buildExecutable({ outfile: join(box, 'session-memory'), killPoints: true });
    renameSync(join(box, 'session-memory'), BINARY);
  } finally {
    rmSync(box, { recursive: true, force: true });
  }
  return BINARY;
}

function newestSourceMs(): number {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  const paths = [...sources.map((name) => join(ROOT, 'src', name)), join(ROOT, 'scripts/build.ts')];
  return Math.max(...paths.map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0));
}
