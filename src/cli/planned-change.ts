/**
 * What a person changes by hand, in five steps that are the same for every command: planned, shown, asked for, made, told.
 * Promises: a dry run ends after it was shown; without consent nothing is changed, and the store is not opened to write; nobody
 * thinks while the sweep lock is held; what is made is what was shown, less what has changed meanwhile.
 */
import { type ExitCode, exitOf, fail, failure, type Outcome } from '../domain/errors.ts';
import type { SessionRow } from '../domain/session.ts';
import type { Shape } from '../domain/shapes.ts';
import { cutText, plainLine } from '../domain/text.ts';
import type { WritableDb } from '../store/connection.ts';
import { openWritable } from '../store/open.ts';
import { type Context, canAsk, printJson } from './context.ts';
import { printFailure } from './failure.ts';
import { formatBytes } from './format.ts';
import { underSweepLock } from './named-sessions.ts';
import type { ReportOf } from './schemas.by-command.ts';
import type { namedConsentSchema } from './schemas.by-hand.ts';

/** The commands whose plan is of sessions that were named. */
export type ChangeName = 'evict' | 'forget' | 'curate';

/** Planned, and not made yet. */
export interface PlannedChange<Name extends ChangeName> {
  /** Nothing needs consent: what is made then is only what an earlier call, which was killed, has left. */
  readonly isEmpty: boolean;
  /** What would be done, for a person; '' where that is nothing. */
  readonly page: string;
  /** The same, as a failure has it with `--json`. */
  readonly plan: Shape<typeof namedConsentSchema>['plan'];
  /** What needs consent, as the beginning of a sentence. */
  readonly subject: string;
  /** How to consent, or what to do instead: sentences. */
  readonly waysOn: string;
  /** What a person types to consent. */
  readonly phrase: string;
  /** Whether `--yes` with the other flags that were given is consent to all of it. */
  readonly isYesEnough: boolean;
  /** It frees space, and may have to do so on a full disk. */
  readonly freesSpace: boolean;
  make(db: WritableDb): Promise<void> | void;
  /** What was made; nothing yet in a dry run. */
  report(isDry: boolean): ReportOf<Name>;
  /** The same, for a person. */
  say(isDry: boolean): void;
  outcome(): Outcome;
}

export async function carryOut<Name extends ChangeName>(
  context: Context,
  change: PlannedChange<Name>,
): Promise<ExitCode> {
  const { io, json } = context;
  if (!json) io.out(change.page);
  const isDry = context.flags['dryRun'] === true;
  if (!isDry) {
    const consent = change.isEmpty ? 'given' : await consentTo(context, change);
    if (consent !== 'given') return refused(context, change, consent);
    using db = openWritable(context.settings.storePath, { roomForSweep: change.freesSpace });
    await underSweepLock(db.path, () => change.make(db));
  }
  if (json) printJson<Name>(io, change.report(isDry));
  else change.say(isDry);
  return exitOf(change.outcome());
}

/** One session of a page: what of it goes is `bytes` large. */
export function plannedRow({ uid, title }: SessionRow, bytes: number, remark = ''): string {
  return `  ${plainLine(uid)}  ${formatBytes(bytes)}${remark}  ${cutText(plainLine(title ?? ''), 60)}`.trimEnd();
}

/** `refused`: the person typed something else than the phrase. `missing`: nobody could be asked. */
type ChangeConsent = 'given' | 'refused' | 'missing';

/** Flags first; then, in a terminal, the person, who types the phrase; elsewhere consent is missing. */
async function consentTo(
  context: Context,
  { isYesEnough, phrase }: PlannedChange<ChangeName>,
): Promise<ChangeConsent> {
  // Whoever wrote `--yes` expects not to be asked, even where that is not enough.
  if (context.flags['yes'] === true) return isYesEnough ? 'given' : 'missing';
  if (!canAsk(context)) return 'missing';
  const typed = await context.ask(`Type \`${phrase}\` to go on, anything else to leave it: `);
  if (context.signal.aborted) throw fail('interrupted', 'interrupted; nothing was changed', 'Run it again.');
  return typed?.trim() === phrase ? 'given' : 'refused';
}

function refused(
  { io, json }: Context,
  { subject, waysOn, plan }: PlannedChange<ChangeName>,
  consent: 'refused' | 'missing',
): ExitCode {
  const why = consent === 'refused' ? 'was not consented to' : 'needs consent';
  const shown = failure('consent_needed', `${subject} ${why}; nothing was changed`, waysOn);
  return printFailure(io, json, shown, { plan });
}
