/**
 * A disk that can really be full: a small file system of its own, in memory or in a file.
 * Promises: what it mounted it unmounts; where this user may not mount one, `isMounted` is false and `why` says it.
 */
import { mkdirSync, mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type DiskKind = 'tmpfs' | 'ext4';

export class SmallDisk implements Disposable {
  /** Of the mount point; the image of an `ext4` lies beside it. */
  readonly #folder = mkdtempSync(join(tmpdir(), 'session-memory-disk-'));
  readonly path = join(this.#folder, 'disk');
  readonly isMounted: boolean;
  /** Why there is none; empty where there is one. */
  readonly why: string;

  constructor(mebibytes: number, kind: DiskKind = 'tmpfs') {
    mkdirSync(this.path);
    const failed = commandsFor(kind, mebibytes, this.#folder, this.path).find(
      (command) => Bun.spawnSync(command, { stderr: 'ignore', stdout: 'ignore' }).exitCode !== 0,
    );
    this.isMounted = failed === undefined;
    this.why =
      failed === undefined ? '' : `a full disk needs a ${kind} of its own, and ${failed[0]} fails here`;
    if (!this.isMounted) console.log(`skipped: ${this.why}`);
    // Made by mkfs; it would count as a leftover.
    rmSync(join(this.path, 'lost+found'), { recursive: true, force: true });
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Writes until only `leftBytes` are left, rounded down to blocks. */
  fill(leftBytes = 0): void {
    for (let piece = 1024 ** 2; piece >= 4096; ) {
      const room = this.freeBytes - leftBytes;
      if (room < piece || !this.#grows(piece)) piece = Math.floor(piece / 2);
    }
  }

  /** Gives back what `fill` took. */
  free(): void {
    rmSync(join(this.path, 'fill'), { force: true });
  }

  remount(options: string): void {
    const { exitCode, stderr } = Bun.spawnSync(['mount', '-o', `remount,${options}`, this.path]);
    if (exitCode !== 0) throw new Error(`cannot remount ${this.path}: ${stderr}`);
  }

  [Symbol.dispose](): void {
    // Lazily: what a failed test left open in it must not keep it mounted for good.
    if (this.isMounted) Bun.spawnSync(['umount', '-l', this.path]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #grows(bytes: number): boolean {
    try {
      writeFileSync(join(this.path, 'fill'), new Uint8Array(bytes), { flag: 'a' });
      return true;
    } catch {
      // Does not fit: a smaller piece may.
      return false;
    }
  }
}

function commandsFor(kind: DiskKind, mebibytes: number, folder: string, at: string): string[][] {
  if (kind === 'tmpfs') return [['mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', at]];
  const image = join(folder, 'image');
  writeFileSync(image, '');
  truncateSync(image, mebibytes * 1024 ** 2);
  // No blocks for root alone: this may be root, and then the disk would not be full at its end.
  return [
    ['mkfs.ext4', '-q', '-F', '-m', '0', '-b', '4096', image],
    ['mount', '-o', 'loop', image, at],
  ];
}
