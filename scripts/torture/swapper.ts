/** Swaps folders for links and back, as fast as it can, until its input ends: `swapper.ts FOLDER=TARGET…`. Prints how often it did. */
import { renameSync, rmSync, symlinkSync } from 'node:fs';

const pairs = process.argv.slice(2).map((word) => {
  const at = word.indexOf('=');
  return { folder: word.slice(0, at), target: word.slice(at + 1) };
});

let isOver = false;
process.stdin.on('end', () => {
  isOver = true;
});
process.stdin.resume();

let swaps = 0;
function swap(): void {
  for (const { folder, target } of pairs) {
    const aside = `${folder}.aside`;
    if (!done(() => renameSync(folder, aside))) continue;
    const isLinked = done(() => symlinkSync(target, folder));
    if (isLinked) swaps += 1;
    if (isLinked) rmSync(folder);
    // A restore may have made it anew meanwhile: what is in it stays, and what was aside goes.
    if (!done(() => renameSync(aside, folder))) rmSync(aside, { recursive: true, force: true });
  }
  if (isOver) console.log(String(swaps));
  else setImmediate(swap);
}

/** False where another process was first. */
function done(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    // Nothing is there yet, or something is there by now.
    return false;
  }
}
swap();
