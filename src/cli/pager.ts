/**
 * A long text in the person's pager, as git and gh do it.
 * Promises: `$PAGER` where it is set, else `less -FRX` where that is there; an empty one or `cat` means none. Where the pager
 * cannot be started the caller prints the text itself. While it runs, ctrl-c is the pager's.
 */

export interface PagerOptions {
  /** `PAGER` as it is set, also empty; null: unset. */
  readonly pager: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly platform: 'linux' | 'darwin' | 'win32';
  /** Lets ctrl-c pass by until the returned function is called: it is meant for the pager, and must not take its terminal. */
  holdInterrupts(): () => void;
}

/** A shell says so when it finds no such program, or may not run it. */
const NOT_STARTED = [126, 127];

/** The command that shall show it, for a shell; null: none. */
export function pagerCommand({ pager, env, platform }: PagerOptions): string | null {
  if (env['TERM'] === 'dumb') return null;
  const set = pager?.trim();
  if (set === '' || set === 'cat') return null;
  if (set !== undefined) return set;
  if (platform === 'win32') return null;
  return Bun.which('less', { PATH: env['PATH'] ?? '' }) === null ? null : 'less -FRX';
}

/** False where no pager showed it. */
export async function page(text: string, options: PagerOptions): Promise<boolean> {
  const command = pagerCommand(options);
  if (command === null) return false;
  const release = options.holdInterrupts();
  try {
    const child = Bun.spawn(options.platform === 'win32' ? ['cmd', '/c', command] : ['sh', '-c', command], {
      // Colours pass, a short text does not wait, and the screen keeps what was read; what the person set wins.
      env: { LESS: 'FRX', LV: '-c', LESSCHARSET: 'utf-8', ...options.env },
      stdin: Buffer.from(text),
      stdout: 'inherit',
      stderr: 'inherit',
    });
    return !NOT_STARTED.includes(await child.exited);
  } finally {
    release();
  }
}
