/**
 * `forget UID…`: purges raw bytes, digest, title, paths and names of the named sessions; the id and the event stay, and
 * nothing of that id is ever stored again.
 * Promises: only by the typed phrase or `--yes`; afterwards the store's file is written anew, so that no page keeps a piece;
 * says what else still holds it: the agent's own file, forks, what a repair put aside.
 */
import { FailureError } from '../../domain/errors.ts';
import type { SessionUid } from '../../domain/ids.ts';
import type { SessionRow } from '../../domain/session.ts';
import { plainLine } from '../../domain/text.ts';
import type { ReadableDb, WritableDb } from '../../store/connection.ts';
import {
  besides,
  childrenOf,
  forgetSession,
  forgottenUids,
  noteForgotten,
  removeCopies,
  writeAnew,
} from '../../store/forget.ts';
import { openReadable } from '../../store/open.ts';
import { resolveSession } from '../../store/read.ts';
import { untoldNamed } from '../../store/remote/state.ts';
import type { Command, Context } from '../context.ts';
import { plural } from '../format.ts';
import { namedSessions } from '../named-sessions.ts';
import { carryOut, plannedRow } from '../planned-change.ts';
import type { ReportOf } from '../schemas.by-command.ts';
import { ownPaths } from '../wire.ts';

interface ForgetPlan {
  readonly forget: readonly SessionRow[];
  /** Known only by where another machine has put them in the bucket. */
  readonly untold: readonly SessionUid[];
  /** Named, and forgotten before: the file is written anew for them all the same. */
  readonly already: readonly SessionRow[];
  /** The agents' own files of them that are there; nothing but a person deletes those. */
  readonly ownFiles: readonly string[];
  readonly children: readonly SessionUid[];
}

interface ForgottenSoFar {
  readonly forgotten: SessionUid[];
  readonly warnings: string[];
  readonly removed: string[];
  /** Null: that was not tried yet. */
  isWrittenAnew: boolean | null;
}

export const forget: Command = (context) => forgetting(context, true);

/** `isAlone`: nothing takes it out of the bucket next. */
export function forgetting(context: Context, isAlone: boolean): ReturnType<Command> {
  const plan = planned(context);
  const done: ForgottenSoFar = {
    forgotten: [],
    warnings: stillThere(context, plan),
    removed: [],
    isWrittenAnew: null,
  };
  return carryOut<'forget'>(context, {
    isEmpty: sizeOf(plan) === 0,
    page: planPage(plan),
    plan: planJson(plan),
    subject: `forgetting ${plural(sizeOf(plan), 'session')} for good`,
    waysOn: 'Add --yes to consent, or --dry-run to only look. `session-memory evict` keeps the digest.',
    phrase: `forget ${sizeOf(plan)} sessions`,
    isYesEnough: true,
    freesSpace: false,
    make: (db) => apply(context, db, plan, done),
    report: (isDry) => report(context, plan, done, isDry),
    say: (isDry) => {
      say(context, plan, done, isDry);
      if (isAlone && !isDry && context.settings.remote !== null) context.io.out(STILL_THERE);
    },
    outcome: () => ({ interrupted: context.signal.aborted, failed: done.isWrittenAnew === false }),
  });
}

function planned(context: Context): ForgetPlan {
  using db = openReadable(context.settings.storePath);
  const untold = context.args.flatMap((named) => untoldAlone(db, named));
  const sessions = namedSessions(
    db,
    context.args.filter((named) => untoldAlone(db, named).length === 0),
  );
  const before = forgottenUids(db);
  const forget = sessions.filter(({ uid }) => !before.has(uid));
  return {
    forget,
    untold: [...new Set(untold)],
    already: sessions.filter(({ uid }) => before.has(uid)),
    ownFiles: forget.flatMap(({ uid }) => ownPaths(db, uid)),
    children: forget
      .flatMap(({ uid }) => childrenOf(db, uid))
      .filter((uid) => !sessions.some((s) => s.uid === uid)),
  };
}

function sizeOf({ forget, untold }: ForgetPlan): number {
  return forget.length + untold.length;
}

/** The one that a text names where nothing but its place in the bucket is known; else none. */
function untoldAlone(db: ReadableDb, named: string): SessionUid[] {
  try {
    resolveSession(db, named);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof FailureError) || thrown.failure.code !== 'not_found') throw thrown;
    const uids = untoldNamed(db, named);
    return uids.length === 1 ? uids : [];
  }
}

function stillThere(context: Context, { ownFiles, children }: ForgetPlan): string[] {
  return [
    ...ownFiles.map((path) => `the agent's own file still holds it: ${path}`),
    ...children.map((uid) => `${uid} came of it and may hold a copy of its history`),
    ...besides(context.settings.storePath).asides.map(
      (path) =>
        `what a repair put aside may hold it: ${path}; delete it yourself once nothing in it is needed`,
    ),
  ];
}

async function apply(
  context: Context,
  db: WritableDb,
  plan: ForgetPlan,
  done: ForgottenSoFar,
): Promise<void> {
  for (const { uid } of plan.forget) {
    if (context.signal.aborted) break;
    if (forgetSession(db, uid, context.clock.now())) done.forgotten.push(uid);
  }
  for (const uid of plan.untold) {
    if (context.signal.aborted) break;
    noteForgotten(db, { uid, at: context.clock.now() });
    done.forgotten.push(uid);
  }
  const uids = [...done.forgotten, ...plan.already.map(({ uid }) => uid)];
  done.removed.push(...removeCopies(db.path, uids));
  if (context.io.stderrIsTty) context.io.err('Writing the store file anew, so that no page keeps a piece…\n');
  const again = `run \`session-memory forget ${uids[0] ?? 'UID'}\` again`;
  try {
    done.isWrittenAnew = await writeAnew(db, () => context.signal.aborted);
    if (!done.isWrittenAnew)
      done.warnings.push(
        `another process reads the store: its log still holds pieces; close it and ${again}`,
      );
  } catch (thrown) {
    if (!(thrown instanceof FailureError)) throw thrown;
    done.isWrittenAnew = false;
    done.warnings.push(
      `the store file could not be written anew, it still holds pieces (${thrown.failure.message}); ${again}`,
    );
  }
}

function planJson({ forget, untold }: ForgetPlan) {
  return {
    forget: [
      ...forget.map(({ uid, storedBytes }) => ({ session_uid: uid, bytes: storedBytes })),
      ...untold.map((uid) => ({ session_uid: uid, bytes: 0 })),
    ],
  };
}

function planPage(plan: ForgetPlan): string {
  if (sizeOf(plan) === 0) return '';
  const { forget, untold, ownFiles } = plan;
  const row = (one: SessionRow) => plannedRow(one, one.storedBytes, one.pinned ? '  pinned' : '');
  return [
    'forget: raw bytes, digest, title, paths and names go for good; the id stays, and is never stored again',
    ...forget.map(row),
    ...untold.map((uid) => `  ${uid}  in the bucket only, of another machine`),
    ...ownFiles.map((path) => `  not touched: ${plainLine(path)}`),
    '',
  ].join('\n');
}

function report(
  context: Context,
  plan: ForgetPlan,
  done: ForgottenSoFar,
  isDry: boolean,
): ReportOf<'forget'> {
  return {
    version: 1,
    dry_run: isDry,
    forgotten: done.forgotten,
    already: plan.already.map(({ uid }) => uid),
    own_files: plan.ownFiles,
    removed: done.removed,
    written_anew: done.isWrittenAnew === true,
    warnings: done.warnings,
    interrupted: context.signal.aborted,
    plan: planJson(plan),
  };
}

function say({ io }: Context, plan: ForgetPlan, done: ForgottenSoFar, isDry: boolean): void {
  for (const warning of done.warnings) io.err(`warning: ${plainLine(warning)}\n`);
  for (const path of done.removed)
    io.out(`Removed ${plainLine(path)}: a copy from before an upgrade, which held it too.\n`);
  if (isDry) return io.out(`Would forget ${plural(sizeOf(plan), 'session')}; nothing was changed.\n`);
  const before =
    plan.already.length > 0 ? `; ${plural(plan.already.length, 'session')} forgotten before` : '';
  const anew = done.isWrittenAnew === true ? ' The store file was written anew.' : '';
  io.out(`Forgot ${plural(done.forgotten.length, 'session')}${before}.${anew}\n`);
}

const STILL_THERE =
  'The bucket has it still: `session-memory remote sync` tells the other machines, `remote gc` takes it out of there.\n';
