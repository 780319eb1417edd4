/** The real program in a home of its own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { holdToSchema } from './known-keys.ts';

const BINARY = Bun.env['SESSION_MEMORY_BIN'];
const COMMAND =
  BINARY === undefined ? [process.execPath, join(import.meta.dir, '../../src/main.ts')] : [BINARY];

export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly bytes: Uint8Array;
  /** stdout as JSON. */
  json(): unknown;
}

export class Program implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'session-memory-cli-'));
  readonly home = join(this.folder, 'home');
  store = join(this.folder, 'data', 's.db');
  env: Record<string, string> = {};
  /** The built binary, or the source where none is named. */
  readonly command: readonly string[];

  constructor(binary?: string) {
    this.command = binary === undefined ? COMMAND : [binary];
    mkdirSync(this.home, { recursive: true });
  }

  put(relPath: string, content: string | Uint8Array): string {
    const path = join(this.home, relPath);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  /** Starts it; `--store` comes first, so that global flags are seen to work before the command. */
  start(...args: string[]) {
    return Bun.spawn([...this.command, '--store', this.store, ...args], {
      env: {
        PATH: Bun.env['PATH'] ?? '',
        HOME: this.home,
        LANG: 'C.UTF-8',
        // Run from source, Bun would keep what it compiled in the home that the test looks at.
        BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0',
        ...this.env,
      },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    });
  }

  async run(...args: string[]): Promise<Result> {
    const child = this.start(...args);
    const [bytes, err, code] = await Promise.all([
      new Response(child.stdout).bytes(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    const out = Buffer.from(bytes).toString();
    holdToSchema(args, out);
    return { code, out, err, bytes, json: () => JSON.parse(out) };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
