/**
 * The terminal while the screens are up: theirs alone.
 * Promises: whatever else writes to standard output or error (the runtime itself, a library, a thread, a program that was started
 * with our streams) reaches no terminal; it is told to the screens, and handed over at the end. A frame is never written over.
 * How: both descriptors lead into a nameless file until `release`, and the process's streams to memory. The file can be written to
 * by whoever has no idea of this program, and never makes them wait, as a full pipe would.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { formatWithOptions } from 'node:util';
import { type Descriptors, openDescriptors } from './descriptors.ts';
import { Overheard } from './overheard.ts';

/** How often it is looked whether something was written: soon enough for a person, and nothing for a processor. */
const LOOK_MS = 1000;
/** Read at once, and all that the file may grow to between two looks before it is emptied. */
const PIECE_BYTES = 1024 ** 2;
const CONSOLE_METHODS = ['log', 'info', 'debug', 'warn', 'error', 'trace', 'dir', 'table'] as const;
/** Says nothing to a terminal: it shows by its way which descriptor a stream writes to. */
const NOTHING_SEEN = '\x1b[m';

/** Of the process. */
export interface TerminalStreams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly console: Console;
  /** For the nameless file. */
  readonly tempFolder: string;
}

export class OwnTerminal {
  /** Standard output as it was: what is written to it is on the terminal. */
  readonly screen: NodeJS.WriteStream;
  /** Called with each piece of what others wrote, as plain lines. */
  onHeard: (lines: readonly string[]) => void = () => undefined;
  readonly #overheard = new Overheard();
  /** What gives everything back, the last one first. */
  readonly #undo: (() => void)[] = [];
  #file: number | null = null;
  #readBytes = 0;
  #timer: ReturnType<typeof setInterval> | null = null;

  private constructor(screen: NodeJS.WriteStream) {
    this.screen = screen;
  }

  /** Where the system refuses its descriptors, the streams alone are taken: more than nothing. */
  static async take(
    streams: TerminalStreams,
    descriptors: Descriptors | null = openDescriptors(),
  ): Promise<OwnTerminal> {
    const { stdout, stderr } = streams;
    const write = stdout.write.bind(stdout);
    const own = new OwnTerminal(withWrite(stdout, write));
    try {
      const isOut = descriptors !== null && (await own.#takeDescriptors(streams, descriptors, write));
      if (!isOut) own.#takeConsole(streams.console);
    } catch (thrown) {
      // Or what it is failed with would be said where nobody sees it.
      own.release();
      throw thrown;
    }
    own.#takeStream(stdout);
    if (stderr.isTTY) own.#takeStream(stderr);
    own.#timer = setInterval(() => own.#look(), LOOK_MS);
    return own;
  }

  /** Gives the terminal back, and what was heard meanwhile. */
  release(): readonly string[] {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    for (const undo of this.#undo.splice(0).reverse()) undo();
    this.#look();
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
    return this.#overheard.lines();
  }

  /** True where standard output is taken by its descriptor, and the console, which writes there by itself, with it. */
  async #takeDescriptors(
    { stdout, stderr, tempFolder }: TerminalStreams,
    descriptors: Descriptors,
    write: NodeJS.WriteStream['write'],
  ): Promise<boolean> {
    const file = namelessFile(tempFolder);
    this.#file = file;
    // Without a file what others write is lost, and the screens are whole all the same.
    const sink = file ?? openSync('/dev/null', 'w');
    if (file === null) this.#undo.push(() => closeSync(sink));
    if (stderr.isTTY) this.#lead(2, stderr, sink, descriptors);
    if (file === null || !stdout.isTTY) return false;
    const giveBack = this.#lead(1, stdout, sink, descriptors);
    if (giveBack === null) return false;
    // The runtime opens a terminal anew for its stream. Should it ever write to the descriptor itself, frames would go astray.
    await new Promise<void>((resolve) => void write(NOTHING_SEEN, () => resolve()));
    if (fstatSync(file).size === 0) return true;
    giveBack();
    ftruncateSync(file, 0);
    return false;
  }

  /** Leads a stream's descriptor into the sink; what is returned gives it back, and is called at the end in any case. */
  #lead(fd: 1 | 2, stream: NodeJS.WriteStream, sink: number, descriptors: Descriptors): (() => void) | null {
    const saved = descriptors.dup(fd);
    if (saved < 0) return null;
    // The stream asks its descriptor for the size of the window: it has to be one of the terminal.
    if (!Reflect.set(stream, 'fd', saved) || descriptors.dup2(sink, fd) < 0) {
      Reflect.set(stream, 'fd', fd);
      closeSync(saved);
      return null;
    }
    let isLed = true;
    const giveBack = () => {
      if (!isLed) return;
      isLed = false;
      Reflect.set(stream, 'fd', fd);
      descriptors.dup2(saved, fd);
      closeSync(saved);
    };
    this.#undo.push(giveBack);
    return giveBack;
  }

  /** What is written to the process's own stream is heard. */
  #takeStream(stream: NodeJS.WriteStream): void {
    const isOwn = Object.hasOwn(stream, 'write');
    const before = stream.write;
    const hear = (data: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
      this.#hear(typeof data === 'string' ? data : Buffer.from(data).toString('utf8'));
      const callback = typeof encoding === 'function' ? encoding : done;
      if (typeof callback === 'function') queueMicrotask(() => callback());
      return true;
    };
    stream.write = hear;
    this.#undo.push(() => {
      if (isOwn) stream.write = before;
      else Reflect.deleteProperty(stream, 'write');
    });
  }

  #takeConsole(console: Console): void {
    for (const name of CONSOLE_METHODS) {
      const before = console[name];
      console[name] = (...values: unknown[]) => this.#hear(formatWithOptions({ colors: false }, ...values));
      this.#undo.push(() => {
        console[name] = before;
      });
    }
  }

  #hear(text: string): void {
    const lines = this.#overheard.add(text);
    if (lines.length > 0) this.onHeard(lines);
  }

  /** Reads on in the file, and empties it before it grows large. */
  #look(): void {
    const file = this.#file;
    if (file === null || fstatSync(file).size <= this.#readBytes) return;
    const piece = Buffer.alloc(PIECE_BYTES);
    for (let read = 1; read > 0; ) {
      read = readSync(file, piece, 0, piece.length, this.#readBytes);
      this.#readBytes += read;
      if (read > 0) this.#hear(piece.toString('utf8', 0, read));
    }
    if (this.#readBytes < PIECE_BYTES) return;
    ftruncateSync(file, 0);
    this.#readBytes = 0;
  }
}

/** Each write goes to its end, wherever that is by then. Null: the disk is full, or the folder not ours. */
function namelessFile(folder: string): number | null {
  const path = join(folder, `session-memory-${randomUUID()}`);
  const { O_RDWR, O_CREAT, O_EXCL, O_APPEND } = constants;
  try {
    const file = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND, 0o600);
    unlinkSync(path);
    return file;
  } catch {
    return null;
  }
}

/** The same stream with a `write` of its own, for the one who may write. */
function withWrite(stream: NodeJS.WriteStream, write: NodeJS.WriteStream['write']): NodeJS.WriteStream {
  return new Proxy(stream, {
    get(target, name) {
      if (name === 'write') return write;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}
