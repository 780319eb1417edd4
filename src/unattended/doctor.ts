/**
 * Whether all is well with a program that nobody watches, judged from what was found. Pure.
 * Promises: whatever is not well has its way out. `wrong` needs a person; a `warning` is worth one's while.
 */
import { DAY_MS, type Iso, msBetween } from '../domain/time.ts';

export interface Check {
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'wrong';
  readonly message: string;
  readonly hint: string | null;
}

type HookState =
  | 'installed'
  | 'untrusted'
  | 'told otherwise'
  | 'stale'
  | 'absent'
  | 'off'
  | 'unreadable'
  /** On a mount that may never answer: not looked at. */
  | 'away';

export interface HookFacts {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  /** Where they are switched on and off, if that is another file. */
  readonly switchedIn?: string;
  readonly state: HookState;
  /** Of one that is away: the mount that its settings lie on. */
  readonly mount?: string;
  /** Variables of which it was told other values than those of now. */
  readonly others?: readonly string[];
  readonly calledAt: Iso | null;
  /** Why `install` would leave the file as it is; absent: it would not. */
  readonly refusal?: string;
  /** What a person has to do in the agent itself, once. */
  readonly afterwards: string | null;
}

export interface ScheduleFacts {
  /** Null: there is no scheduler on this machine. */
  readonly kind: string | null;
  readonly state: 'installed' | 'stale' | 'elsewhere' | 'absent' | 'stopped';
  readonly next: string | null;
  /** Variables of which it was told other values than those of now. */
  readonly others: readonly string[];
}

export interface RunFacts {
  readonly startedAt: Iso;
  readonly isFinished: boolean;
  readonly exitCode: number | null;
  readonly result: string;
  readonly problems: readonly string[];
}

export const ok = (check: string, message: string): Check => ({ check, state: 'ok', message, hint: null });
export const warning = (check: string, message: string, hint: string): Check => ({
  check,
  state: 'warning',
  message,
  hint,
});
export const wrong = (check: string, message: string, hint: string): Check => ({
  check,
  state: 'wrong',
  message,
  hint,
});

/** An hourly run that has not come for so long does not come. */
const SILENT_MS = 26 * 3_600_000;

const otherValues = (names: readonly string[]) =>
  `was told other values of ${names.join(', ')} than this shell has`;
const BY_THIS_SHELL =
  'Run `session-memory install` in the shell whose values are right, or write them into the configuration.';

export function scheduleCheck({ kind, state, next, others }: ScheduleFacts): Check {
  if (kind === null)
    return warning(
      'schedule',
      'no scheduler was found on this machine',
      'Have something run `session-memory maintain --yes --no-data-loss --quiet` every hour.',
    );
  const again = 'Run `session-memory install`.';
  switch (state) {
    case 'installed': {
      const message = `every hour by ${kind}${next === null ? '' : `, next ${next}`}`;
      return others.length === 0
        ? ok('schedule', message)
        : warning('schedule', `${message}; it ${otherValues(others)}`, BY_THIS_SHELL);
    }
    case 'elsewhere':
      return wrong(
        'schedule',
        `the entry of ${kind} is for another store or configuration than this one`,
        again,
      );
    case 'stale':
      return wrong('schedule', `the entry of ${kind} is not what this executable would write`, again);
    case 'stopped':
      return wrong('schedule', `the entry of ${kind} is there, and does not run`, again);
    case 'absent':
      return wrong('schedule', `nothing runs \`maintain\` on this machine`, again);
    default:
      return state satisfies never;
  }
}

export function runCheck(
  run: RunFacts | null,
  isScheduled: boolean,
  now: Iso,
  shown: (at: Iso) => string,
): Check {
  const byHand = 'Run `session-memory maintain --yes --no-data-loss` and read what it says.';
  if (run === null)
    return isScheduled
      ? warning('last run', '`maintain` has not run yet', 'It does within the hour; or run it by hand.')
      : warning('last run', '`maintain` has never run', byHand);
  const at = shown(run.startedAt);
  const ago = msBetween(run.startedAt, now);
  const days = Math.floor(ago / DAY_MS);
  if (ago > SILENT_MS)
    return (isScheduled ? wrong : warning)(
      'last run',
      `\`maintain\` ran last at ${at}, ${days} day${days === 1 ? '' : 's'} ago`,
      isScheduled
        ? 'The schedule does not work: run `session-memory install`, and see what the scheduler says of it.'
        : byHand,
    );
  if (!run.isFinished)
    return warning('last run', `\`maintain\` began at ${at} and has not ended, or was killed`, byHand);
  const why = run.problems.length === 0 ? '' : `: ${run.problems.join('; ')}`;
  if (run.exitCode !== 0) return wrong('last run', `\`maintain\` at ${at}: ${run.result}${why}`, byHand);
  return run.problems.length > 0
    ? warning('last run', `\`maintain\` at ${at} was done, and says${why.slice(1)}`, byHand)
    : ok('last run', `\`maintain\` at ${at}: ${run.result}`);
}

export function hookCheck(hook: HookFacts, shown: (at: Iso) => string): Check {
  const check = `hook ${hook.id}`;
  const again = 'Run `session-memory install`.';
  switch (hook.state) {
    case 'absent':
      return warning(
        check,
        `${hook.name} does not call it when a session begins and ends`,
        hook.refusal === undefined
          ? again
          : `Mend ${hook.path}, which \`install\` cannot edit (${hook.refusal}); then \`session-memory install\`.`,
      );
    case 'told otherwise':
      return warning(check, `its call in ${hook.path} ${otherValues(hook.others ?? [])}`, BY_THIS_SHELL);
    case 'stale':
      return wrong(check, `the entry in ${hook.path} is not what this executable would write`, again);
    case 'off':
      return warning(
        check,
        `hooks are switched off in the settings of ${hook.name}`,
        `Switch them on in ${hook.switchedIn ?? hook.path}, or leave it to the hourly run.`,
      );
    case 'away':
      return warning(
        check,
        `${hook.path} was not looked at: ${hook.mount ?? 'its mount'} may not answer`,
        `Look with \`session-memory install --dry-run --agent ${hook.id}\` while it does.`,
      );
    case 'unreadable':
      return warning(
        check,
        `${hook.path} cannot be read as settings`,
        `Mend it: ${hook.name} may not read it either; then \`session-memory install\`.`,
      );
    case 'untrusted':
      return warning(
        check,
        `${hook.name} does not run it: nobody has trusted it there yet`,
        `${hook.afterwards ?? `Trust it in ${hook.name}`}.`,
      );
    case 'installed':
      if (hook.calledAt !== null) return ok(check, `${hook.name} called it last at ${shown(hook.calledAt)}`);
      return hook.afterwards === null
        ? ok(check, `${hook.name} has not called it yet`)
        : warning(check, `${hook.name} has not called it yet`, `${hook.afterwards}.`);
    default:
      return hook.state satisfies never;
  }
}

export interface McpFacts {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly state:
    | 'installed'
    /** Its executable is not to be found. */
    | 'gone'
    /** It calls another one, or this one by other words than `install` writes. */
    | 'another'
    | 'off'
    /** A server of our name that does not call us. */
    | 'foreign'
    | 'unreadable'
    | 'away';
  /** What it calls. */
  readonly called?: string;
  readonly mount?: string;
}

/** The entry of the server for agents. Where there is none there is nothing to check: it is put in only where it is asked for. */
export function mcpCheck({ id, name, path, state, called = '', mount }: McpFacts): Check {
  const check = `mcp ${id}`;
  const again = 'Run `session-memory install --mcp`.';
  switch (state) {
    case 'installed':
      return ok(check, `${name} has it among its servers`);
    case 'gone':
      return wrong(check, `the server in ${path} calls ${called}, which is not there`, again);
    case 'another':
      return warning(
        check,
        `the server in ${path} calls \`${called}\`, which is not what this executable would write`,
        `${again} Or leave it, if that is what you want.`,
      );
    case 'off':
      return warning(check, `the server is switched off in ${path}`, 'Switch it on there, or take it out.');
    case 'foreign':
      return warning(
        check,
        `another server has the name session-memory in ${path}`,
        'Give it another name, or take it out; then `session-memory install --mcp`.',
      );
    case 'unreadable':
      return warning(
        check,
        `${path} names session-memory, and cannot be read as settings`,
        `Mend it: ${name} may not read it either; then \`session-memory install --mcp\`.`,
      );
    case 'away':
      return warning(
        check,
        `${path} was not looked at: ${mount ?? 'its mount'} may not answer`,
        `Look with \`session-memory install --mcp --dry-run --agent ${id}\` while it does.`,
      );
    default:
      return state satisfies never;
  }
}

export interface DiskFacts {
  readonly freeBytes: number | null;
  /** What Tier 1 may still grow by under its hard cap. */
  readonly roomBytes: number;
}

/** Below it nothing is stored before a sweep has made room. */
const SHORT_BYTES = 64 * 1024 * 1024;

export function diskCheck({ freeBytes, roomBytes }: DiskFacts, bytes: (n: number) => string): Check {
  if (freeBytes === null)
    return warning('disk', 'how much is free cannot be told', 'See `df` for the store’s file system.');
  const lower = 'Free some space, or lower raw_hard_cap_bytes in the configuration.';
  if (freeBytes < SHORT_BYTES) return wrong('disk', `${bytes(freeBytes)} are free`, lower);
  return freeBytes < roomBytes
    ? warning(
        'disk',
        `${bytes(freeBytes)} are free, and the hard cap leaves room for ${bytes(roomBytes)}`,
        lower,
      )
    : ok('disk', `${bytes(freeBytes)} are free; the hard cap leaves room for ${bytes(roomBytes)}`);
}

/** `what` it takes and when. */
export function firstSweepCheck(what: string): Check {
  return warning(
    'first sweep',
    what,
    'Where they are to stay, change that setting before; `session-memory pin UID` keeps one of them.',
  );
}

export interface AgentFacts {
  readonly id: string;
  /** Sessions that the store knows, evicted ones too. */
  readonly known: number;
  /** Found at the last look; null: its folder was not there. */
  readonly found: number | null;
  readonly atRiskNotStored: number;
}

/** So many do not vanish by a person's own tidying. */
const MANY = 20;

export function agentCheck({ id, known, found, atRiskNotStored }: AgentFacts): Check | null {
  const check = `agent ${id}`;
  if (atRiskNotStored > 0)
    return wrong(
      check,
      `${atRiskNotStored} of its sessions go within a week by its own clean-up and are not stored`,
      'Run `session-memory maintain --yes --no-data-loss`; where that says the hard cap is reached, raise it.',
    );
  if (known >= MANY && (found ?? 0) === 0)
    return warning(
      check,
      `${known} of its sessions are known, and none is found now`,
      `If it has moved, name the folder in the configuration: [agents.${id}] roots = ["…"]; a variable that only your shell sets is not known to a schedule.`,
    );
  return null;
}

/** Nothing is wrong: what needs a person is none of the warnings. */
export function isWell(checks: readonly Check[]): boolean {
  return checks.every(({ state }) => state !== 'wrong');
}
