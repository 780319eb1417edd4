/**
 * Files that have no name until they are whole (Linux, `O_TMPFILE`).
 * Promises: a kill leaves nothing of one that was not named; null, or false, where the system has no such files: then there is another
 * way.
 */
import { closeSync, constants, fsync, futimesSync, openSync, readSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { cLibrary } from './c-library.ts';
import { hasOpenFolders, inFolder } from './held-folder.ts';
import { onDisk } from './on-disk.ts';

/** Of Linux's `fcntl.h`, beside the flag of a folder; the same on x64 and arm64. */
const O_TMPFILE = 0o20000000 | (constants.O_DIRECTORY ?? 0);
/** Of Linux's `fcntl.h`. */
const AT_FDCWD = -100;
const AT_SYMLINK_FOLLOW = 0x400;
/** So much is written before the system is told to begin with its disk. */
const FLUSH_EVERY_BYTES = 32 * 1024 * 1024;

const fsyncOf = promisify(fsync);
type LinkAt = (from: number, path: Buffer, to: number, name: Buffer, flags: number) => number;
let linkAt: LinkAt | null | undefined;

function linkAtOf(): LinkAt | null {
  linkAt ??=
    cLibrary({
      linkat: { args: ['i32', 'cstring', 'i32', 'cstring', 'i32'], returns: 'i32' },
    })?.linkat ?? null;
  return linkAt;
}

export class NamelessFile implements Disposable {
  readonly #handle: number;
  #unflushedBytes = 0;
  readonly #flushes: Promise<void>[] = [];

  private constructor(handle: number) {
    this.#handle = handle;
  }

  /** Where no file without a name can be made there, or none could be named: null. */
  static madeIn(realFolder: string): NamelessFile | null {
    if (!hasOpenFolders || linkAtOf() === null) return null;
    try {
      return new NamelessFile(
        inFolder(realFolder, (at) => openSync(at, O_TMPFILE | constants.O_RDWR, 0o600)),
      );
    } catch {
      // The file system knows none, or the folder takes none: what is wrong with it is told by whoever writes there.
      return null;
    }
  }

  write(bytes: Uint8Array, at: number): void {
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.#handle, bytes, done, bytes.length - done, at + done);
    this.#unflushedBytes += bytes.length;
    if (this.#unflushedBytes >= FLUSH_EVERY_BYTES) this.#flush();
  }

  read(at: number, bytes: number): Uint8Array {
    const out = Buffer.allocUnsafeSlow(bytes);
    for (let done = 0; done < bytes; ) {
      const read = readSync(this.#handle, out, done, bytes - done, at + done);
      if (read === 0) return out.subarray(0, done);
      done += read;
    }
    return out;
  }

  /** All that was written is on the disk afterwards. */
  async flushed(): Promise<void> {
    this.#flush();
    await Promise.all(this.#flushes.splice(0));
  }

  #flush(): void {
    this.#unflushedBytes = 0;
    const flushed = fsyncOf(this.#handle);
    // It is waited for at the end; until then nobody must take its failure for one that was overlooked.
    flushed.catch(() => undefined);
    this.#flushes.push(flushed);
  }

  /** Gives it a name that nothing has, and a fresh time; false where the system does not, across two file systems say. */
  nameAs(path: string): boolean {
    const now = new Date();
    futimesSync(this.#handle, now, now);
    const link = linkAtOf();
    const zero = Buffer.alloc(1);
    const from = Buffer.from(`/proc/self/fd/${this.#handle}\0`);
    const to = Buffer.concat([Buffer.from(onDisk(path)), zero]);
    return link !== null && link(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW) === 0;
  }

  [Symbol.dispose](): void {
    closeSync(this.#handle);
  }
}
