/**
 * Full disks: every free size from 0 to 16 MiB, every kind of log, every kind of arrival, in memory and on a file system in a file.
 * `--seed 0 --rounds 1560` goes through all of them.
 */
import { join } from 'node:path';
import { type DiskKind, SmallDisk } from '../../test/support/disk.ts';
import { Box } from './box.ts';
import { type FullDisk, fullDiskCase, LOGS, SHAPES } from './full-disk-case.ts';
import type { Outcome, Part, Round } from './part.ts';

const STEP_BYTES = 256 * 1024;
const SIZES = 16 * 4 + 1;
/** Without the sizes of what is left of it. */
const DISK_MIB = 56;
const KINDS: readonly DiskKind[] = ['tmpfs', 'ext4'];

/** How many cases there are. */
export const CASES = SIZES * KINDS.length * SHAPES.length * LOGS.length;

export const fullDisk: Part = {
  name: 'full-disk',
  about: 'fills the disk to each size, with each log, and holds the next maintain to getting it going again',

  async unavailable() {
    using disk = new SmallDisk(1);
    return disk.isMounted ? null : disk.why;
  },

  async round({ seed, binary, folder, log }: Round): Promise<Outcome> {
    const { kind, given } = caseOf(seed);
    log(`${kind} ${JSON.stringify(given)}`);
    using disk = new SmallDisk(DISK_MIB, kind);
    // Said by the disk already. No harm is no failure while other rounds do some.
    if (!disk.isMounted) return { harm: 0, checks: 0, failures: [] };
    const box = new Box(binary, folder, join(disk.path, 'data', 's.db'));
    const failures = await fullDiskCase(box, disk, given);
    const what = `${kind}, ${given.freeBytes / 1024} KiB free, ${given.shape}, log ${given.log}, ${given.wayOut}`;
    return { harm: 1, checks: 12, failures: failures.map((text) => `${what}: ${text}`) };
  },
};

/** The sizes go round fastest; the way out changes with each size and each round. */
function caseOf(seed: number): { readonly kind: DiskKind; readonly given: FullDisk } {
  const size = seed % SIZES;
  const turn = Math.floor(seed / SIZES);
  const at = <T>(list: readonly T[], index: number) => list[index % list.length] as T;
  return {
    kind: at(KINDS, turn),
    given: {
      freeBytes: size * STEP_BYTES,
      shape: at(SHAPES, Math.floor(turn / KINDS.length)),
      log: at(LOGS, Math.floor(turn / (KINDS.length * SHAPES.length))),
      wayOut: (size + turn) % 2 === 0 ? 'maintain' : 'sweep',
    },
  };
}
