/** A disk that can really be full: a small tmpfs. */
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class SmallDisk implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'session-memory-disk-'));
  /** False where this user may not mount one. */
  readonly isMounted: boolean;

  constructor(mebibytes: number) {
    const mount = ['mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', this.path];
    this.isMounted = Bun.spawnSync(mount, { stderr: 'ignore' }).exitCode === 0;
    if (!this.isMounted)
      console.log('skipped: a full disk needs a tmpfs of its own, and this user cannot mount one');
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
    if (this.isMounted) Bun.spawnSync(['umount', this.path]);
    rmSync(this.path, { recursive: true, force: true });
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
