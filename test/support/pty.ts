/**
 * The compiled program in a real terminal: what it draws is replayed through a terminal emulator, and the screen is read.
 * Promises: waits for what is shown, never for time; a wait in vain says what was on the screen instead.
 */
import { Terminal } from '@xterm/headless';
import type { Program } from './program.ts';

/** A screen that does not come in this time does not come. Only a journey that fails waits so long. */
const PATIENCE_MS = 15_000;

export interface PtyOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Another command than the program, such as a shell to run it in. */
  readonly command?: readonly string[];
}

export class Pty implements AsyncDisposable {
  readonly #screen: Terminal;
  readonly #child: Bun.Subprocess;
  #written: Promise<void> = Promise.resolve();
  /** Everything that was written to the terminal. */
  raw = '';
  rows: number;

  constructor(program: Program, args: readonly string[], options: PtyOptions = {}) {
    const { columns = 80, rows = 24 } = options;
    this.rows = rows;
    this.#screen = new Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 1000 });
    // The emulator answers what the program asks of a terminal.
    this.#screen.onData((answer) => this.#child.terminal?.write(answer));
    this.#child = Bun.spawn(
      [...(options.command ?? [...program.command, '--store', program.store, ...args])],
      {
        env: {
          PATH: Bun.env['PATH'] ?? '',
          HOME: program.home,
          TERM: 'xterm-256color',
          LANG: 'C.UTF-8',
          CI: 'false',
          ...program.env,
          ...options.env,
        },
        terminal: { cols: columns, rows, data: (_terminal, data) => this.#take(data) },
      },
    );
  }

  #take(data: Uint8Array): void {
    this.raw += Buffer.from(data).toString('latin1');
    this.#written = new Promise((resolve) => this.#screen.write(data, resolve));
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** What is on the screen, one line a row. */
  text(): string {
    const { active } = this.#screen.buffer;
    return Array.from(
      { length: this.rows },
      (_, i) => active.getLine(active.viewportY + i)?.translateToString(true) ?? '',
    ).join('\n');
  }

  /** Everything on the normal screen, what has scrolled away too. */
  scrollback(): string {
    const { normal } = this.#screen.buffer;
    return Array.from(
      { length: normal.length },
      (_, i) => normal.getLine(i)?.translateToString(true) ?? '',
    ).join('\n');
  }

  get isAlternate(): boolean {
    return this.#screen.buffer.active.type === 'alternate';
  }

  /** Whether the cursor is shown, by the last that was said of it. */
  get isCursorShown(): boolean {
    return this.raw.lastIndexOf('\x1b[?25h') >= this.raw.lastIndexOf('\x1b[?25l');
  }

  /** Waits until all that was asked of the terminal is undone; what is missing stands in the error. */
  async isRestored(): Promise<void> {
    await this.until(() => !this.isAlternate && this.isCursorShown, 'the normal screen and its cursor');
  }

  /** Waits until the screen is so. `what` is said where it never is. */
  async until(isSo: (text: string) => boolean, what: string): Promise<string> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      await this.#written;
      const text = this.text();
      if (isSo(text)) return text;
      if (performance.now() > deadline || this.#child.exitCode !== null) {
        const ended = this.#child.exitCode === null ? '' : `, and it ended with ${this.#child.exitCode}`;
        if (isSo(this.text())) return this.text();
        throw new Error(`never came: ${what}${ended}. The screen:\n${this.text()}`);
      }
      await Bun.sleep(5);
    }
  }

  shows(content: string | RegExp): Promise<string> {
    return this.until(
      (text) => (typeof content === 'string' ? text.includes(content) : content.test(text)),
      String(content),
    );
  }

  /** Types keys; `\r` is enter, `\x1b` escape. */
  type(keys: string): void {
    this.#child.terminal?.write(keys);
  }

  /** At the last resort, with its ways shown: takes the last of them, so that the phrase is asked for. */
  async asksPhrase(phrase: string): Promise<string> {
    await this.shows(/\d {2}lose them/);
    this.type('123456');
    await this.shows(/› \d {2}lose them/);
    this.type('\r');
    return this.shows(`To lose them, type ${phrase}`);
  }

  /** As a terminal with bracketed paste hands a paste on. */
  paste(text: string): void {
    this.type(`\x1b[200~${text}\x1b[201~`);
  }

  /** Puts something on the screen that the program knows nothing of, as whoever else has the terminal may. */
  async garble(text: string): Promise<void> {
    await this.#written;
    await new Promise<void>((resolve) => this.#screen.write(text, resolve));
  }

  resize(columns: number, rows: number): void {
    this.rows = rows;
    this.#screen.resize(columns, rows);
    this.#child.terminal?.resize(columns, rows);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Closes the terminal under it, as a window that is closed or a connection that is lost. */
  hangUp(): void {
    this.#child.terminal?.close();
  }

  /** Its exit code, once everything that it wrote is on the screen. */
  async ends(): Promise<number> {
    const code = await this.#child.exited;
    await this.#written;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#child.exited;
    this.#child.terminal?.close();
    this.#screen.dispose();
  }
}
