/** What goes to standard output by its descriptor, and what by the stream: nothing lost, nothing out of order. */
import { describe, expect, test } from 'bun:test';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mayBeTerminal, Output } from '../../src/cli/output.ts';

/** A stream that only gathers. */
class Gathering {
  readonly parts: Uint8Array[] = [];
  readonly isTTY = false;

  write(data: string | Uint8Array, done?: (error?: Error | null) => void): boolean {
    this.parts.push(Buffer.from(data as Uint8Array));
    done?.();
    return true;
  }

  on(): this {
    return this;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.parts);
  }
}

const never = () => {
  throw new Error('a stream was made');
};

async function within(run: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'session-memory-output-'));
  try {
    await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('a file is written to without a stream, and asked without one whether it is a terminal', () =>
  within((folder) => {
    const path = join(folder, 'out');
    const fd = openSync(path, 'w');
    const output = new Output(fd, never, never);
    for (let i = 0; i < 100; i += 1) output.write(`línea ${i}\n`);
    expect(output.isTty).toBe(false);
    expect(output.columns).toBeUndefined();
    expect(mayBeTerminal(fd)).toBe(false);
    closeSync(fd);
    expect(readFileSync(path, 'utf8')).toBe(Array.from({ length: 100 }, (_, i) => `línea ${i}\n`).join(''));
  }));

test('what was given to the stream comes before what is written later', () =>
  within(async (folder) => {
    const fd = openSync(join(folder, 'out'), 'w');
    const stream = new Gathering();
    const output = new Output(fd, () => stream, never);
    output.write('one ');
    await output.slowly('two ');
    output.write('three');
    closeSync(fd);
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('one ');
    expect(stream.bytes.toString()).toBe('two three');
  }));

test('an error of the descriptor ends where those of the stream do', () =>
  within((folder) => {
    const path = join(folder, 'out');
    closeSync(openSync(path, 'w'));
    const fd = openSync(path, 'r');
    const codes: unknown[] = [];
    new Output(fd, never, (error) => codes.push(error.code)).write('text');
    closeSync(fd);
    expect(codes).toEqual(['EBADF']);
  }));

describe('a pipe', () => {
  test.skipIf(process.platform === 'win32')('that does not wait and is full: the stream has the rest', () =>
    within((folder) => {
      const path = join(folder, 'pipe');
      expect(Bun.spawnSync(['mkfifo', path]).exitCode).toBe(0);
      const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
      const stream = new Gathering();
      const text = Array.from({ length: 100_000 }, (_, i) => `line ${i}\n`).join('');
      new Output(fd, () => stream, never).write(text);
      const first = Buffer.alloc(text.length);
      const taken = readSync(fd, first);
      closeSync(fd);
      expect(taken).toBeGreaterThan(0);
      expect(taken).toBeLessThan(text.length);
      expect(Buffer.concat([first.subarray(0, taken), stream.bytes]).toString()).toBe(text);
    }),
  );
});
