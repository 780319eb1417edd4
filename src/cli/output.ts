/**
 * Standard output and standard error, by the process's streams or, into files and pipes, straight to the descriptor.
 * Promises: nothing is lost and nothing comes out of order; an error ends at `onError` either way.
 * Why: to have the streams made costs nearly as much as the start of an empty program. Only a terminal, or a reader that is
 * waited for, needs them.
 */
import { fstatSync, type Stats, writeSync } from 'node:fs';

export type OutputError = (error: NodeJS.ErrnoException) => void;

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number | undefined;
  write(data: string | Uint8Array, done?: (error?: Error | null) => void): boolean;
  on(event: 'error', listener: OutputError): unknown;
}

export class Output {
  readonly #fd: number;
  readonly #open: () => Stream;
  readonly #onError: OutputError;
  #stream: Stream | null = null;
  #takesBytes: boolean | null = null;
  /** Asked once: who shows progress asks for each of thousands. */
  #isTty: boolean | null = null;

  /** `open` gives the process's own stream, which is made by being asked for. */
  constructor(fd: number, open: () => Stream, onError: OutputError) {
    this.#fd = fd;
    this.#open = open;
    this.#onError = onError;
  }

  /** The stream, from now on the only way out, so that what it still holds comes first. */
  stream(): Stream {
    if (this.#stream === null) {
      this.#stream = this.#open();
      this.#stream.on('error', this.#onError);
    }
    return this.#stream;
  }

  get isTty(): boolean {
    this.#isTty ??= mayBeTerminal(this.#fd) && this.stream().isTTY === true;
    return this.#isTty;
  }

  /** Of a terminal. */
  get columns(): number | undefined {
    return this.isTty ? this.stream().columns : undefined;
  }

  write(text: string): void {
    this.#takesBytes ??= takesBytes(this.#fd);
    if (this.#stream !== null || !this.#takesBytes) {
      this.stream().write(text);
      return;
    }
    const bytes = Buffer.from(text);
    let at = 0;
    try {
      while (at < bytes.length) at += writeSync(this.#fd, bytes, at);
    } catch (thrown) {
      const error = thrown as NodeJS.ErrnoException;
      // A pipe that does not wait and is full: the stream waits.
      if (error.code === 'EAGAIN') this.stream().write(bytes.subarray(at));
      else this.#onError(error);
    }
  }

  /** Waits until the reader has taken it. */
  slowly(data: string | Uint8Array): Promise<void> {
    // An error ends at `onError`, which is the one that speaks.
    return new Promise((resolve) => this.stream().write(data, (error) => error ?? resolve()));
  }
}

/** False of what surely is no terminal: then no stream need be made to ask. */
export function mayBeTerminal(fd: number): boolean {
  const stats = statsOf(fd);
  return stats === null || !isFileOrPipe(stats);
}

function takesBytes(fd: number): boolean {
  const stats = statsOf(fd);
  return stats !== null && isFileOrPipe(stats);
}

const isFileOrPipe = (stats: Stats) => stats.isFile() || stats.isFIFO();

function statsOf(fd: number): Stats | null {
  try {
    return fstatSync(fd);
  } catch {
    // Closed, or of a kind that this system tells nothing of: the stream knows.
    return null;
  }
}
