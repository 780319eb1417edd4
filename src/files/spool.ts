/**
 * Where the segments of one session wait until all of it has come in: in memory, and beyond that in a file beside the store.
 * Promises: the file is private and has no name once it is open, where the system allows it: a kill leaves none.
 */
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { diskFull, isNoRoom } from '../store/room.ts';

const MEMORY_BYTES = 16 * 1024 * 1024;

export class Spool implements Disposable {
  readonly #path: string;
  #handle: number | null = null;
  #memory: Uint8Array[] = [];
  #memoryBytes = 0;
  #fileBytes = 0;

  /** `path`: of a file that is not there. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Takes the bytes; returns how to have them again, until `clear`. */
  add(data: Uint8Array): () => Uint8Array {
    if (this.#memoryBytes + data.length <= MEMORY_BYTES) {
      this.#memoryBytes += data.length;
      this.#memory.push(data);
      return () => data;
    }
    const handle = this.#open();
    const at = this.#fileBytes;
    this.#write(handle, data, at);
    this.#fileBytes += data.length;
    return this.#reading(handle, at, data.length);
  }

  /** The same of bytes that are gone in a moment; whoever has them again may give up their memory. */
  copy(data: Uint8Array): () => Uint8Array {
    if (this.#memoryBytes + data.length > MEMORY_BYTES) return this.add(data);
    // `slice` of a Buffer would be a view.
    const read = this.add(new Uint8Array(data));
    return () => new Uint8Array(read());
  }

  #write(handle: number, data: Uint8Array, at: number): void {
    try {
      for (let done = 0; done < data.length; )
        done += writeSync(handle, data, done, data.length - done, at + done);
    } catch (thrown) {
      throw isNoRoom(thrown) ? diskFull(this.#path) : thrown;
    }
  }

  /** Made apart: a function that is made where the bytes are would hold them. */
  #reading(handle: number, at: number, length: number): () => Uint8Array {
    return () => {
      const out = new Uint8Array(length);
      for (let done = 0; done < out.length; ) {
        const read = readSync(handle, out, done, out.length - done, at + done);
        if (read === 0) throw new Error(`${this.#path} is shorter than what was written to it`);
        done += read;
      }
      return out;
    };
  }

  clear(): void {
    this.#memory = [];
    this.#memoryBytes = 0;
    this.#fileBytes = 0;
  }

  #open(): number {
    if (this.#handle !== null) return this.#handle;
    this.#handle = openSync(this.#path, 'wx+', 0o600);
    this.#unname();
    return this.#handle;
  }

  #unname(): void {
    try {
      rmSync(this.#path, { force: true });
    } catch {
      // Windows deletes no open file: `Symbol.dispose` does it later.
    }
  }

  [Symbol.dispose](): void {
    this.clear();
    if (this.#handle === null) return;
    closeSync(this.#handle);
    this.#handle = null;
    this.#unname();
  }
}
