/** A mount whose server never answers, as a share whose server is gone: a file system in user space that nobody serves. */
import { dlopen, FFIType, ptr } from 'bun:ffi';
import { closeSync, mkdirSync, openSync } from 'node:fs';

const DETACH = 2;

export class DeadMount implements Disposable {
  readonly path: string;
  /** False where this user may not mount one. */
  readonly isMounted: boolean;
  readonly #handle: number | null;

  constructor(path: string) {
    this.path = path;
    mkdirSync(path, { recursive: true });
    this.#handle = process.platform === 'linux' ? opened('/dev/fuse') : null;
    this.isMounted = this.#handle !== null && mounted(path, this.#handle);
    if (!this.isMounted) console.log('skipped: a dead mount needs FUSE, and this user cannot mount one');
  }

  [Symbol.dispose](): void {
    if (this.isMounted) system().umount2(text(this.path), DETACH);
    // What still waits for it is let go with an error.
    if (this.#handle !== null) closeSync(this.#handle);
  }
}

function opened(path: string): number | null {
  try {
    return openSync(path, 'r+');
  } catch {
    return null;
  }
}

function mounted(path: string, handle: number): boolean {
  const options = `fd=${handle},rootmode=40000,user_id=0,group_id=0`;
  try {
    return system().mount(text('dead'), text(path), text('fuse'), 0, text(options)) === 0;
  } catch {
    // Another C library than the one that is looked for.
    return false;
  }
}

function system() {
  return dlopen('libc.so.6', {
    mount: { args: [FFIType.ptr, FFIType.ptr, FFIType.ptr, FFIType.u64, FFIType.ptr], returns: FFIType.int },
    umount2: { args: [FFIType.ptr, FFIType.int], returns: FFIType.int },
  }).symbols;
}

const kept: Buffer[] = [];

/** The buffer must outlive the call. */
function text(value: string) {
  const buffer = Buffer.from(`${value}\0`);
  kept.push(buffer);
  return ptr(buffer);
}
