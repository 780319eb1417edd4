/**
 * `restore UID…`: sessions' files back where their agents look for them, or below `--to`.
 * Promises: of several sessions one that cannot be restored keeps no other one; it is named, and the exit code is 1.
 */

import { statSync } from 'node:fs';
import type { Host, Resume } from '../../domain/agent.ts';
import { EXIT, type ExitCode, type Failure, FailureError, failure, invalid } from '../../domain/errors.ts';
import type { SessionUid } from '../../domain/ids.ts';
import type { SessionRow } from '../../domain/session.ts';
import { plainLine } from '../../domain/text.ts';
import { agentsOf } from '../../ingest/agents/index.ts';
import { mountOfPath } from '../../ingest/mounts.ts';
import { type Learning, restoreMany, restoreOne } from '../../ingest/restore-many.ts';
import { rootsAway } from '../../ingest/roots.ts';
import type { ReadableDb, WritableDb } from '../../store/connection.ts';
import { openReadable } from '../../store/open.ts';
import { listSessions, resolveSession } from '../../store/read.ts';
import { namedSessions } from '../by-hand.ts';
import { type Command, type Context, printJson, textFlag } from '../context.ts';
import { plural } from '../format.ts';
import { ProgressLine } from '../io.ts';
import { StagerThreads } from '../stagers.ts';
import { supervised } from '../supervised.ts';
import { onlyArg, openAfterLook } from '../wire.ts';
import { type PlannedRestore, planRestore, type Shared } from './restore.plan.ts';

export const restore: Command = async (context) => {
  const all = context.flags['all'] === true;
  if (all && context.args.length > 0) throw new FailureError(invalid('--all and ids at once', 'See --help.'));
  if (context.flags['resume'] === true) refuseResume(context, all);
  const code = await supervised(context, mountOf(context));
  if (code !== null) return code;
  return all || context.args.length > 1 ? restoreSeveral(context, all) : restoreNamed(context);
};

/** The mount that may never answer and that files would be restored to; null: there is none. */
function mountOf({ flags, host }: Context): string | null {
  const to = textFlag(flags, 'to');
  if (to !== null) return mountOfPath(to);
  const own = [...rootsAway(host, agentsOf(host))].filter(([, roots]) =>
    roots.some(({ agent }) => agent.projectRoot === undefined),
  );
  return own[0]?.[0] ?? null;
}

function refuseResume({ args, flags }: Context, all: boolean): void {
  if (textFlag(flags, 'to') !== null)
    throw new FailureError(
      invalid(
        '--to and --resume at once',
        'An agent finds a session only in its own folder: leave out --to.',
      ),
    );
  if (all || args.length > 1)
    throw new FailureError(
      invalid('--resume with several sessions', 'One can be gone on with: name only that one.'),
    );
}

async function restoreNamed(context: Context): Promise<ExitCode> {
  const to = textFlag(context.flags, 'to');
  const named = onlyArg(context, 'UID');
  // Restored elsewhere, the store has nothing to learn: it is opened for reading only.
  const { storePath } = context.settings;
  const writable = to === null ? openAfterLook(storePath, (there) => resolveSession(there, named)) : null;
  const db = writable ?? openReadable(storePath);
  let start: PlannedRestore | null = null;
  try {
    const session = resolveSession(db, named);
    const planned = planRestore(context, db, session, { to, force: context.flags['force'] === true });
    const resumes = context.flags['resume'] === true;
    // Before anything is written: what was asked for is more than the files.
    if (resumes && planned.resume.argv.length === 0) throw noWayBack(session, context.host);
    restoreOne(db, planned, learningOf(context, writable));
    const starts = resumes && canStart(context);
    print(context, planned, to !== null, starts);
    if (!starts) return EXIT.done;
    // The agent has the terminal from here on, for hours maybe: the store is not kept open for it.
    start = planned;
  } finally {
    db.close();
  }
  return start === null ? EXIT.done : startAgent(context, start);
}

/** The store, to be told of the files that an agent will find again; null where it will not. */
export function learningOf({ clock }: Pick<Context, 'clock'>, writable: WritableDb | null): Learning | null {
  return writable === null ? null : { db: writable, now: () => clock.now() };
}

async function restoreSeveral(context: Context, all: boolean): Promise<ExitCode> {
  const to = textFlag(context.flags, 'to');
  const { storePath } = context.settings;
  const sessionsIn = (db: ReadableDb) =>
    all
      ? listSessions(db, { sort: 'project' }).filter(({ state }) => state !== 'evicted')
      : namedSessions(db, context.args);
  const writable = to === null ? openAfterLook(storePath, sessionsIn) : null;
  const db = writable ?? openReadable(storePath);
  const line = new ProgressLine(context.io);
  using threads = new StagerThreads(context.startStager, storePath);
  try {
    const sessions = sessionsIn(db);
    const failed: FailedRestore[] = [];
    const options = { to, force: context.flags['force'] === true };
    const planned = plansOf(context, db, sessions, options, failed, line);
    const stager = threads.forBytes(sessions.reduce((sum, { rawBytes }) => sum + rawBytes, 0));
    const fates = await restoreMany(db, planned, learningOf(context, writable), context.signal, stager);
    failed.push(...fates.failed.map(({ one, error }) => ({ uid: one.session.uid, why: error.failure })));
    line.clear();
    return tellSeveral(context, fates.restored, failed);
  } finally {
    line.clear();
    await threads.close();
    db.close();
  }
}

interface FailedRestore {
  readonly uid: SessionUid;
  readonly why: Failure;
}

/** Where the files of each go, looked at one by one as they are asked for; one that cannot be restored is put to `failed`. */
function* plansOf(
  context: Context,
  db: ReadableDb,
  sessions: readonly SessionRow[],
  options: { readonly to: string | null; readonly force: boolean },
  failed: FailedRestore[],
  line: ProgressLine,
): Generator<PlannedRestore> {
  const shared: Shared = { trees: new Map(), taken: new Map() };
  for (const [i, session] of sessions.entries()) {
    line.show(`restore: ${i + 1}/${sessions.length}  ${session.uid}`);
    try {
      yield planRestore(context, db, session, options, shared);
    } catch (thrown) {
      if (!(thrown instanceof FailureError)) throw thrown;
      failed.push({ uid: session.uid, why: thrown.failure });
    }
  }
}

function tellSeveral(
  { io, json, signal }: Context,
  restored: readonly PlannedRestore[],
  failed: readonly FailedRestore[],
): ExitCode {
  if (json)
    printJson(io, {
      version: 1,
      restored: restored.map(restoredJson),
      failed: failed.map(({ uid, why }) => ({
        session_uid: uid,
        code: why.code,
        message: plainLine(why.message),
        hint: plainLine(why.hint),
      })),
      interrupted: signal.aborted,
    });
  else {
    for (const { uid, why } of failed)
      io.err(`Not restored: ${plainLine(uid)}: ${plainLine(why.message)}\n  ${plainLine(why.hint)}\n`);
    for (const { session, files } of restored)
      io.out(`${plainLine(session.uid)}  ${plainLine(files[0]?.path ?? '')}\n`);
    const files = restored.reduce((sum, one) => sum + pathsOf(one).length, 0);
    io.out(`Restored ${plural(files, 'file')} of ${plural(restored.length, 'session')}.\n`);
  }
  if (signal.aborted) return EXIT.interrupted;
  return failed.length > 0 ? EXIT.failed : EXIT.done;
}

function noWayBack({ agent, uid }: SessionRow, { agents }: Host): FailureError {
  const isTold = agents?.[agent]?.own?.resume !== undefined;
  return new FailureError(
    failure(
      'failed',
      `no command is known that goes on with ${uid}`,
      isTold
        ? `Leave out --resume: agents.${agent}.resume asks for an id, and this one was too odd to be kept.`
        : `Leave out --resume; or tell it in the configuration: agents.${agent}.resume.`,
    ),
  );
}

/** Without somebody at a terminal the command is printed, and nothing is started. */
function canStart({ io, json }: Context): boolean {
  return io.stdinIsTty && io.stdoutIsTty && !json;
}

async function startAgent(context: Context, { resume, importing }: PlannedRestore): Promise<ExitCode> {
  const { cwd, argv } = resume;
  const commands = importing === null ? [argv] : [importing, argv];
  const way = `Go on by hand: ${wayBack({ resume, importing })}`;
  if (cwd !== null && statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new FailureError(
      failure('failed', `the session is restored, but its project's folder is not there: ${cwd}`, way),
    );
  for (const command of commands) {
    const code = await context.launch(command, cwd);
    if (code === null)
      throw new FailureError(
        failure('failed', `the session is restored, but ${command[0]} is not on your PATH`, way),
      );
    if (code !== 0) return EXIT.failed;
  }
  return EXIT.done;
}

/** What to type to go on with a session; '' where no way is known. */
export function resumeCommand(resume: Resume): string {
  if (resume.argv.length === 0) return '';
  return [...(resume.cwd === null ? [] : [`cd ${quote(resume.cwd)}`]), resume.argv.map(quote).join(' ')].join(
    ' && ',
  );
}

/** All that is typed to go on with a session, its import first; '' where no way is known. */
export function wayBack({ resume, importing }: Pick<PlannedRestore, 'resume' | 'importing'>): string {
  const argvs = [importing ?? [], resume.argv].filter((argv) => argv.length > 0);
  const commands = argvs.map((argv) => argv.map(quote).join(' '));
  if (commands.length === 0) return '';
  return [...(resume.cwd === null ? [] : [`cd ${quote(resume.cwd)}`]), ...commands].join(' && ');
}

function print({ io, json }: Context, planned: PlannedRestore, isElsewhere: boolean, starts: boolean): void {
  const { session, resume, notPutBack } = planned;
  const command = resumeCommand(resume);
  const importing = importCommand(planned);
  const paths = pathsOf(planned);
  if (json) return printJson(io, { version: 1, ...restoredJson(planned) });
  const list = paths.map((path) => `  ${plainLine(path)}\n`).join('');
  io.out(`Restored ${plural(paths.length, 'file')} of ${session.uid}:\n${list}`);
  if (notPutBack !== null) io.out(`${notPutBack}\n`);
  if (resume.needs !== undefined) io.out(`${plainLine(resume.needs)}\n`);
  if (importing !== '') io.out(`Take it in with: ${plainLine(importing)}\n`);
  if (command === '') return;
  if (starts) return io.out(`Starting: ${plainLine(command)}\n`);
  io.out(
    isElsewhere && importing === ''
      ? `To go on with it, restore it without --to; then: ${plainLine(command)}\n`
      : `Go on with: ${plainLine(command)}\n`,
  );
}

function pathsOf({ files, made }: PlannedRestore): string[] {
  return [...files, ...(made === null ? [] : [made])].map(({ path }) => path);
}

/** '' where the agent takes nothing back. */
function importCommand({ importing, resume }: PlannedRestore): string {
  return importing === null ? '' : resumeCommand({ cwd: resume.cwd, argv: importing });
}

function restoredJson(planned: PlannedRestore) {
  const { session, root, resume, importing } = planned;
  const { cwd, argv, needs } = resume;
  return {
    session_uid: session.uid,
    root,
    files: pathsOf(planned),
    resume: argv.length === 0 ? null : { cwd, argv, command: resumeCommand(resume), needs: needs ?? null },
    import: importing === null ? null : { argv: importing, command: importCommand(planned) },
  };
}

/** One word for a POSIX shell, whatever it holds. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_/.:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
