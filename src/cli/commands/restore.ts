/**
 * `restore UID…`: sessions' files back where their agents look for them, or below `--to`.
 * Promises: of several sessions one that cannot be restored keeps no other one; it is named, and the exit code is 1. What is to be
 * replaced is stored first, or stays beside.
 */

import { resolve } from 'node:path';
import { agentsOf } from '../../agents/registry.ts';
import type { Host } from '../../domain/agent.ts';
import { EXIT, type ExitCode, FailureError, fail, invalid } from '../../domain/errors.ts';
import type { SessionRow } from '../../domain/session.ts';
import { realPathIfThere } from '../../files/file-names.ts';
import { mountOfPath } from '../../files/mounts.ts';
import { isFolder, rootsAway } from '../../ingest/discover/roots.ts';
import { addToLists } from '../../restore/listed-names.ts';
import type { Learning } from '../../restore/replaced-files.ts';
import { type RestoreOutcomes, restoreMany, restoreOne } from '../../restore/restore.ts';
import type { ReadableDb, WritableDb } from '../../store/connection.ts';
import { openReadable } from '../../store/open.ts';
import { listSessions, resolveSession } from '../../store/read.ts';
import { type AgentExit, type Command, type Context, textFlag } from '../context.ts';
import type { Fetched } from '../fetched.ts';
import { ProgressLine } from '../io.ts';
import { namedSessions } from '../named-sessions.ts';
import { StagerThreads } from '../restore-workers.ts';
import { supervised } from '../supervised.ts';
import { onlyArg, openAfterLook } from '../wire.ts';
import { replacedPaths, storeFirst } from './restore.first.ts';
import { type PlannedRestore, planRestore, type RestoreOptions, type Shared } from './restore.plan.ts';
import {
  commandsToGoOn,
  type FailedRestore,
  nameFiles,
  tellDryRun,
  tellOne,
  tellSeveral,
} from './restore.tell.ts';
import { wantedVersion } from './restore.versions.ts';

export const restore: Command = async (context) => {
  const all = context.flags['all'] === true;
  if (all && context.args.length > 0) throw new FailureError(invalid('--all and ids at once', 'See --help.'));
  if (context.flags['resume'] === true) refuseResume(context, all);
  if (context.flags['resume'] === true && context.flags['dryRun'] === true)
    throw new FailureError(invalid('--resume and --dry-run at once', 'A dry run writes and starts nothing.'));
  if (all && textFlag(context.flags, 'project') !== null)
    throw new FailureError(
      invalid('--all and --project at once', 'Name the sessions that go to that project.'),
    );
  const several = all || context.args.length > 1;
  if (several && typeof wantedVersion(textFlag(context.flags, 'version')) === 'number')
    throw new FailureError(
      invalid(
        '--version with a number and several sessions',
        'Write --version fullest or --version present, or name one session.',
      ),
    );
  const code = await supervised(context, mountOf(context), '--to DIR with a folder');
  if (code !== null) return code;
  if (all || context.args.length > 1) return restoreSeveral(context, all);
  if (context.settings.remote === null) return restoreNamed(context, null);
  const { withFetched } = await import('../fetched.ts');
  return await withFetched(context, onlyArg(context, 'UID'), restoreNamed);
};

function optionsOf({ flags }: Context): RestoreOptions {
  return {
    to: textFlag(flags, 'to'),
    force: flags['force'] === true,
    version: wantedVersion(textFlag(flags, 'version')),
    project: otherProject(textFlag(flags, 'project')),
  };
}

/** The folder as an agent that is started in it would call it. */
function otherProject(named: string | null): string | null {
  if (named === null) return null;
  const real = realPathIfThere(resolve(named));
  if (real !== null && isFolder(real)) return real;
  throw fail('usage', `no such folder: ${named}`, 'Make it first, or get the project there.');
}

/** The mount that may never answer and that files would be restored to; null: there is none. */
function mountOf({ flags, host }: Context): string | null {
  const to = textFlag(flags, 'to');
  const project = textFlag(flags, 'project');
  const awayProject = project === null ? null : mountOfPath(project);
  if (awayProject !== null) return awayProject;
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

/** `from`: has the bytes, or will have them, and nothing to learn; what stands in the way is put beside. */
async function restoreNamed(context: Context, from: Fetched | null): Promise<ExitCode | AgentExit> {
  const options = optionsOf(context);
  const { to } = options;
  const named = onlyArg(context, 'UID');
  // Restored elsewhere, the store has nothing to learn: it is opened for reading only.
  const { storePath } = context.settings;
  const isDry = context.flags['dryRun'] === true;
  const learns = to === null && !isDry && from === null;
  const writable = learns ? openAfterLook(storePath, (there) => resolveSession(there, named)) : null;
  const db = writable ?? openReadable(storePath);
  const bytes = from?.db ?? db;
  let start: PlannedRestore | null = null;
  let code: ExitCode = EXIT.done;
  try {
    const session = resolveSession(bytes, named);
    const plan = () => planRestore({ ...context, known: db }, bytes, session, options);
    const planned = from === null ? plan() : await from.planned(plan);
    const resumes = context.flags['resume'] === true;
    // Before anything is written: what was asked for is more than the files.
    if (resumes && planned.resume.argv.length === 0) throw noWayBack(session, context.host);
    nameFiles(context, planned);
    if (isDry) return tellDryRun(context, [planned], [], true);
    const storing = writable === null || planned.notPutBack !== null ? [] : replacedPaths(planned);
    const storedFirst =
      writable === null || storing.length === 0 ? undefined : await storeFirst(context, writable, storing);
    const restoring = storedFirst === undefined ? planned : { ...planned, storedFirst };
    const asides =
      from === null ? restoreOne(db, restoring, learningOf(context, writable)) : await from.restored(planned);
    const unlisted = addToLists([planned], context.clock.now());
    if (from !== null && to === null) {
      const { learnFetched } = await import('../fetched.ts');
      await learnFetched(context, from.db, [session.uid]);
    }
    const starts = resumes && canStart(context);
    code = tellOne(context, { planned, asides, unlisted }, to !== null, starts);
    if (resumes && !starts && !context.json)
      context.io.err('Nothing was started: --resume needs a terminal to start the agent in.\n');
    if (!starts) return code;
    // The agent has the terminal from here on, for hours maybe: the store is not kept open for it.
    start = planned;
  } finally {
    db.close();
  }
  const ended = start === null ? EXIT.done : await startAgent(context, start);
  return ended === EXIT.done ? code : ended;
}

/** The store, to be told of the files that an agent will find again; null where it will not. */
export function learningOf({ clock }: Pick<Context, 'clock'>, writable: WritableDb | null): Learning | null {
  return writable === null ? null : { db: writable, now: () => clock.now() };
}

async function restoreSeveral(context: Context, isAll: boolean): Promise<ExitCode> {
  const options = optionsOf(context);
  const { storePath } = context.settings;
  const sessionsIn = (db: ReadableDb) =>
    isAll
      ? listSessions(db, { sort: 'project' }).filter(({ state }) => state !== 'evicted')
      : namedSessions(db, context.args);
  const isDry = context.flags['dryRun'] === true;
  const writable = options.to === null && !isDry ? openAfterLook(storePath, sessionsIn) : null;
  const db = writable ?? openReadable(storePath);
  const line = new ProgressLine(context.io);
  using threads = new StagerThreads(context.startStager, storePath);
  try {
    const remote = context.settings.remote === null ? null : await import('./restore.away.ts');
    const all = sessionsIn(db);
    const { here: sessions, away } = remote?.partedByPlace(db, all) ?? { here: all, away: [] };
    const failed: FailedRestore[] = [];
    const replacing: PlannedRestore[] = [];
    const shared: Shared = { trees: new Map(), taken: new Map(), besides: new Map() };
    const planned = plansOf(context, db, sessions, options, { failed, replacing, line, shared });
    const fetching = async () => {
      const fetched = await remote?.restoreAway({ context, known: db, options, shared, isDry }, away);
      failed.push(...(fetched?.failed ?? []));
      return { restored: fetched?.restored ?? [], asides: fetched?.asides ?? new Map<string, string>() };
    };
    if (isDry) {
      const would = [...planned, ...replacing];
      line.clear();
      return tellDryRun(context, [...would, ...(await fetching()).restored], failed, false);
    }
    const stager = threads.forBytes(sessions.reduce((sum, { rawBytes }) => sum + rawBytes, 0));
    const learning = learningOf(context, writable);
    const fates = await restoreMany(db, planned, learning, context.signal, stager);
    const more = await restoreReplacing(context, db, writable, replacing);
    for (const { one, error } of [...fates.failed, ...more.failed])
      failed.push({ uid: one.session.uid, why: error.failure });
    line.clear();
    const fetched = await fetching();
    const asides = new Map([...fates.asides, ...more.asides, ...fetched.asides]);
    const restored = [...fates.restored, ...more.restored, ...fetched.restored];
    const unlisted = addToLists(restored, context.clock.now());
    return tellSeveral(context, { restored, asides, unlisted, failed });
  } finally {
    line.clear();
    await threads.close();
    db.close();
  }
}

/** Those that replace something come last: what is there is stored before, all of it in one ingest. */
async function restoreReplacing(
  context: Context,
  db: ReadableDb,
  writable: WritableDb | null,
  replacing: readonly PlannedRestore[],
): Promise<RestoreOutcomes<PlannedRestore>> {
  if (replacing.length === 0) return { restored: [], asides: new Map(), failed: [] };
  const paths = replacing.filter(({ notPutBack }) => notPutBack === null).flatMap(replacedPaths);
  const storedFirst = writable === null ? new Map() : await storeFirst(context, writable, paths);
  const sessions = replacing.map((one) => ({ ...one, storedFirst }));
  return await restoreMany(db, sessions, learningOf(context, writable), context.signal);
}

interface ToFill {
  readonly failed: FailedRestore[];
  readonly replacing: PlannedRestore[];
  readonly line: ProgressLine;
  readonly shared: Shared;
}

/**
 * Where the files of each go, looked at one by one as they are asked for; one that cannot be restored is put to `failed`, one that
 * replaces a file to `replacing`.
 */
function* plansOf(
  context: Context,
  db: ReadableDb,
  sessions: readonly SessionRow[],
  options: RestoreOptions,
  { failed, replacing, line, shared }: ToFill,
): Generator<PlannedRestore> {
  for (const [i, session] of sessions.entries()) {
    line.work('restore', { count: i + 1, total: sessions.length }, session.uid);
    try {
      const planned = planRestore(context, db, session, options, shared);
      line.clear();
      nameFiles(context, planned);
      if (replacedPaths(planned).length === 0) yield planned;
      else replacing.push(planned);
    } catch (thrown) {
      if (!(thrown instanceof FailureError)) throw thrown;
      failed.push({ uid: session.uid, why: thrown.failure });
    }
  }
}

function noWayBack({ agent, uid }: SessionRow, { agents }: Host): FailureError {
  const isTold = agents?.[agent]?.own?.resume !== undefined;
  return fail(
    'failed',
    `no command is known that goes on with ${uid}`,
    isTold
      ? `Leave out --resume: agents.${agent}.resume asks for an id, and this one was too odd to be kept.`
      : `Leave out --resume; or tell it in the configuration: agents.${agent}.resume.`,
  );
}

/** Without somebody at a terminal the command is printed, and nothing is started. */
function canStart({ io, json }: Context): boolean {
  return io.stdinIsTty && io.stdoutIsTty && !json;
}

/** Where it is not there, or its project's folder is not, that is said, with the way by hand. `isLast`: nothing comes after it. */
export async function startAgent(
  context: Context,
  { resume, importing }: PlannedRestore,
  isLast = false,
): Promise<ExitCode | AgentExit> {
  const { cwd, argv } = resume;
  const commands = importing === null ? [argv] : [importing, argv];
  const way = `Go on by hand: ${commandsToGoOn({ resume, importing })}`;
  if (cwd !== null && !isFolder(cwd))
    throw fail('failed', `the session is restored, but its project's folder is not there: ${cwd}`, way);
  for (const command of commands) {
    const code = await context.launch(command, cwd, isLast && command === argv);
    if (code === null)
      throw fail('failed', `the session is restored, but ${command[0]} is not on your PATH`, way);
    // A script that calls us for the agent hears the agent's own answer.
    if (code !== 0) return code as AgentExit;
  }
  return EXIT.done;
}
