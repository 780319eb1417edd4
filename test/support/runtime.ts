/** The command line within the test's own process: what `main.ts` finds is made up, above all whether there is a terminal. */
import { join } from 'node:path';
import type { Io } from '../../src/cli/io.ts';
import { type Runtime, run } from '../../src/cli/run.ts';
import { EXIT } from '../../src/domain/errors.ts';
import { holdToSchema } from './known-keys.ts';

export interface Told {
  readonly code: Awaited<ReturnType<typeof run>>;
  readonly out: string;
  /** What went out as bytes, exactly. */
  readonly bytes: Buffer;
  readonly err: string;
  /** Which screens it opened; null: none. */
  readonly opens: 'dashboard' | 'sweep' | null;
  readonly catchesSignals: boolean;
  /** Folder and words of each program that was started. */
  readonly launched: readonly string[];
}

export interface Circumstances {
  readonly tty?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
  /** How a program that is started ends; null: there is none of its name. */
  readonly launches?: number | null;
  /** What the person types when asked; of several questions, in their order. */
  readonly types?: string | readonly string[];
  /** This program's path and what must follow it. */
  readonly self?: readonly string[];
}

/** Runs `argv` as in `folder`, which serves as home, current folder and place for temporary files. */
export async function runIn(
  folder: string,
  argv: readonly string[],
  given: Circumstances = {},
): Promise<Told> {
  const out: string[] = [];
  const err: string[] = [];
  const bytes: Uint8Array[] = [];
  const launched: string[] = [];
  let opens: 'dashboard' | 'sweep' | null = null;
  let catchesSignals = false;
  const tty = given.tty ?? false;
  const answers = [given.types ?? []].flat();
  const io = (color: string | null): Io => ({
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    outSlowly: async (text) => void out.push(text),
    outBytes: async (chunk) => void bytes.push(new Uint8Array(chunk)),
    stdinIsTty: tty,
    stdoutIsTty: tty,
    stderrIsTty: tty,
    columns: given.columns ?? 100,
    colour: color === 'always' || (color !== 'never' && tty),
    unicode: true,
  });
  const runtime: Runtime = {
    argv,
    host: { homeDir: folder, env: given.env ?? {}, platform: 'linux', systemRoot: join(folder, 'system') },
    cwd: folder,
    tempFolder: join(folder),
    version: '1.2.3 (test)',
    signal: new AbortController().signal,
    catchSignals: () => {
      catchesSignals = true;
    },
    debug: false,
    io,
    ask: async (question) => {
      err.push(question);
      return answers.shift() ?? null;
    },
    self: given.self ?? null,
    startDigester: null,
    startStager: null,
    page: async () => false,
    launch: async (command, cwd) => {
      launched.push([cwd ?? '', ...command].join(' '));
      return given.launches === undefined ? 0 : given.launches;
    },
    screens: async (_context, start) => {
      opens = start;
      return EXIT.done;
    },
  };
  const code = await run(runtime);
  holdToSchema(argv, out.join(''));
  return {
    code,
    out: out.join(''),
    bytes: Buffer.concat(bytes),
    err: err.join(''),
    opens,
    catchesSignals,
    launched,
  };
}
