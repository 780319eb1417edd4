/**
 * Expected failures, as values with a code, a sentence and the way out. A bug throws an ordinary Error.
 * Promises: every code has one exit status, in `EXIT_OF_CODE`, and every failure says what to do next.
 */

/** Exit codes, the same everywhere. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  dataLost: 3,
  overHardCap: 4,
  stalePlan: 5,
  sweepRunning: 6,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Which exit code wins where several apply after something changed: 3 over 130 over 1 over 4. */
const EXIT_PRECEDENCE: readonly ExitCode[] = [EXIT.dataLost, EXIT.interrupted, EXIT.failed, EXIT.overHardCap];

/** What may be true of a command that changed something. */
export interface Outcome {
  readonly dataLost?: boolean;
  readonly interrupted?: boolean;
  readonly failed?: boolean;
  readonly overHardCap?: boolean;
}

/** The exit code that tells the worst of it. */
export function exitOf(outcome: Outcome): ExitCode {
  const keys = ['dataLost', 'interrupted', 'failed', 'overHardCap'] as const;
  return worstExit(new Set(keys.filter((key) => outcome[key] === true).map((key) => EXIT[key])));
}

/** The one of several exit codes that a command ends with; `done` where none holds. */
export function worstExit(codes: ReadonlySet<ExitCode>): ExitCode {
  return EXIT_PRECEDENCE.find((code) => codes.has(code)) ?? EXIT.done;
}

export const EXIT_OF_CODE = {
  failed: EXIT.failed,
  not_found: EXIT.usage,
  evicted: EXIT.failed,
  io: EXIT.failed,
  disk_full: EXIT.failed,
  corrupt: EXIT.failed,
  newer_store: EXIT.failed,
  busy: EXIT.failed,
  unreachable: EXIT.failed,
  exists: EXIT.failed,
  usage: EXIT.usage,
  config: EXIT.usage,
  consent_needed: EXIT.usage,
  over_hard_cap: EXIT.overHardCap,
  stale_plan: EXIT.stalePlan,
  sweep_running: EXIT.sweepRunning,
  interrupted: EXIT.interrupted,
} as const satisfies Record<string, ExitCode>;
export type ErrorCode = keyof typeof EXIT_OF_CODE;

/** A failure that a user can do something about. */
export interface Failure {
  readonly code: ErrorCode;
  /** One sentence that names the file, key or value. May hold text from outside: sanitise before printing. */
  readonly message: string;
  /** The way out, one sentence. */
  readonly hint: string;
}

/** What the system says of a path or a disk: no bug of ours, whatever we asked it. */
const SYSTEM_SAYS: Readonly<Record<string, string>> = {
  ENOTDIR: 'A file stands where a folder is needed: give another path.',
  EISDIR: 'A folder stands where a file is needed: give another path.',
  EACCES: 'You may not: give another path, or mend who may read and write there.',
  EPERM: 'You may not: give another path, or mend who may read and write there.',
  EROFS: 'Nothing can be written there: give another path.',
  ENAMETOOLONG: 'The system takes no path as long: give a shorter one.',
  ELOOP: 'Links there lead in a circle: give another path.',
  ENOENT: 'It is not there any more: look at the path, and run it again.',
  ENOSPC: 'The disk is full: free some space, and run it again.',
  EDQUOT: 'Your quota is used up: free some space, and run it again.',
  EIO: 'The disk fails: look at what the system says of it.',
  EMFILE: 'Too many files are open: raise the limit (`ulimit -n`), and run it again.',
};

/** An error of the system as a failure; null: it is none. */
export function systemFailure(thrown: unknown): Failure | null {
  if (!(thrown instanceof Error) || !('code' in thrown) || !('syscall' in thrown)) return null;
  const hint = SYSTEM_SAYS[String(thrown.code)];
  return hint === undefined ? null : failure('io', thrown.message, hint);
}

/** Carries a `Failure` through code that cannot return one (iterators, transactions). */
export class FailureError extends Error {
  override readonly name = 'FailureError';
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

export function failure(code: ErrorCode, message: string, hint: string): Failure {
  return { code, message, hint };
}

/** A failure to throw: `throw fail('io', 'cannot read X', 'Give a file that you can read.')`. */
export function fail(code: ErrorCode, message: string, hint: string): FailureError {
  return new FailureError(failure(code, message, hint));
}

/** Wrong usage: exits 2 before anything changed. */
export function invalid(message: string, hint: string): Failure {
  return failure('usage', message, hint);
}

/** Throws where an assumption of ours does not hold: a bug, not a user's mistake. */
export function invariant(holds: boolean, what: string): asserts holds {
  if (!holds) throw broken(what);
}

/** What a broken invariant throws; for where its text would be made for thousands that hold. */
export function broken(what: string): Error {
  return new Error(`invariant broken: ${what}`);
}

/** In a sentence or two: what is wrong, and the way out where one is known. */
export function toldOf(thrown: unknown): string {
  return thrown instanceof FailureError
    ? `${thrown.failure.message}. ${thrown.failure.hint}`
    : messageOf(thrown);
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
