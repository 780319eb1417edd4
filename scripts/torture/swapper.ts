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
    try {
      renameSync(folder, aside);
    } catch {
      // It is not made yet.
      continue;
    }
    symlinkSync(target, folder);
    swaps += 1;
    rmSync(folder);
    try {
      renameSync(aside, folder);
    } catch {
      // A restore has made it anew meanwhile: what is in it stays, and what was aside goes.
      rmSync(aside, { recursive: true, force: true });
    }
  }
  if (isOver) console.log(String(swaps));
  else setImmediate(swap);
}
swap();
