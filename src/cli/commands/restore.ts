/** `restore UID`: a session's files back where its agent looks for them, or below `--to`. */

import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type AgentFormat, type RestoreTarget, type Resume, rootsOf } from '../../domain/agent.ts';
import { EXIT, type ExitCode, FailureError, failure, invalid } from '../../domain/errors.ts';
import { nativeIdOf } from '../../domain/ids.ts';
import { killPoint } from '../../domain/kill-point.ts';
import type { SessionRow } from '../../domain/session.ts';
import { plainLine } from '../../domain/text.ts';
import { agentById } from '../../ingest/agents/index.ts';
import { wholeLines } from '../../ingest/contained/row-lines.ts';
import { markRestored, type Place, RestoreTree } from '../../ingest/restore.ts';
import type { ReadableDb, WritableDb } from '../../store/connection.ts';
import { openReadable } from '../../store/open.ts';
import { resolveSession } from '../../store/read.ts';
import { agentRootOf } from '../../store/read-sources.ts';
import type { StoredFile } from '../../store/rows.ts';
import { fileChunks } from '../../store/segments.ts';
import { type Command, type Context, printJson, textFlag } from '../context.ts';
import { plural } from '../format.ts';
import { liveFiles, onlyArg, openAfterLook } from '../wire.ts';

export const restore: Command = async (context) => {
  const to = textFlag(context.flags, 'to');
  const named = onlyArg(context, 'UID');
  const { storePath } = context.settings;
  if (to !== null && context.flags['resume'] === true)
    throw new FailureError(
      invalid(
        '--to and --resume at once',
        'An agent finds a session only in its own folder: leave out --to.',
      ),
    );
  // Restored elsewhere, the store has nothing to learn: it is opened for reading only.
  const writable = to === null ? openAfterLook(storePath, (there) => resolveSession(there, named)) : null;
  const db = writable ?? openReadable(storePath);
  let start: PlannedRestore | null = null;
  try {
    const session = resolveSession(db, named);
    const planned = planRestore(context, db, session, { to, force: context.flags['force'] === true });
    carryOut(context, db, writable, planned);
    const starts = context.flags['resume'] === true && canStart(context);
    print(context, planned, to !== null, starts);
    if (!starts) return EXIT.done;
    // The agent has the terminal from here on, for hours maybe: the store is not kept open for it.
    start = planned;
  } finally {
    db.close();
  }
  return start === null ? EXIT.done : startAgent(context, start);
};

/** Without somebody at a terminal the command is printed, and nothing is started. */
function canStart({ io, json }: Context): boolean {
  return io.stdinIsTty && io.stdoutIsTty && !json;
}

async function startAgent(context: Context, { resume, imported }: PlannedRestore): Promise<ExitCode> {
  const { cwd, argv } = resume;
  const byHand = [
    ...(imported === null ? [] : [resumeCommand({ cwd, argv: imported.argv })]),
    resumeCommand(resume),
  ];
  const way = `Go on by hand: ${byHand.join(' && ')}`;
  if (cwd !== null && statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new FailureError(
      failure('failed', `the session is restored, but its project's folder is not there: ${cwd}`, way),
    );
  for (const command of imported === null ? [argv] : [imported.argv, argv]) {
    const code = await context.launch(command, cwd);
    if (code === null)
      throw new FailureError(
        failure('failed', `the session is restored, but ${command[0]} is not on your PATH`, way),
      );
    if (code !== 0) return EXIT.failed;
  }
  return EXIT.done;
}

/** A restore as it would be: where each file goes and what is there. */
export interface PlannedRestore {
  readonly session: SessionRow;
  readonly root: string;
  readonly tree: RestoreTree;
  readonly files: readonly PlannedFile[];
  readonly resume: Resume;
  /** Why it does not lie where the agent looks, as a sentence; null: it does, or the user said where. */
  readonly notPutBack: string | null;
  /** What is made for the agent's own import; null where it has none. */
  readonly imported: PlannedImport | null;
}

interface PlannedImport {
  readonly path: string;
  readonly bytes: Iterable<Uint8Array>;
  readonly place: Place;
  readonly argv: readonly string[];
}

/** What tells where sessions are put back. */
interface Places {
  readonly host: Context['host'];
  readonly settings: Pick<Context['settings'], 'storePath'>;
}

/** `to`: a folder of the user's; null: where the agent looks. Fails where a file may not be written over. */
export function planRestore(
  context: Places,
  db: ReadableDb,
  session: SessionRow,
  { to, force }: { readonly to: string | null; readonly force: boolean },
): PlannedRestore {
  const agent = agentOf(session);
  const root = to === null ? ownPlace(context, db, session, agent) : resolve(to);
  if (root === undefined)
    throw new FailureError(failure('failed', `no folder of ${agent.name} is known here`, 'Give --to DIR.'));
  const target: RestoreTarget = {
    nativeId: nativeIdOf(session.uid),
    project: session.project,
    startedAt: session.startedAt,
  };
  const tree = new RestoreTree(root, force);
  const files = planOf(tree, db, session, liveFiles(db, session), (file) => agent.restorePath(target, file));
  return {
    ...{ session, root, tree, files, resume: agent.resume(target) },
    notPutBack: to === null ? (agent.cannotPutBack ?? null) : null,
    imported: importOf(agent, tree, (file) => fileChunks(db, session.uid, file), target, files),
  };
}

/** Where a session goes that is not restored to a folder of the user's; undefined where no place is known. */
function ownPlace(
  { host, settings }: Places,
  db: ReadableDb,
  session: SessionRow,
  agent: AgentFormat,
): string | undefined {
  return agent.cannotPutBack === undefined
    ? whereAgentLooks(rootsOf(agent, host), agentRootOf(db, session.uid))
    : join(dirname(settings.storePath), 'restored');
}

/** What the agent's own import takes, beside the transcript that it is made of. */
function importOf(
  { takesBack }: AgentFormat,
  tree: RestoreTree,
  chunksOf: (file: StoredFile) => Iterable<Uint8Array>,
  target: RestoreTarget,
  files: readonly PlannedFile[],
): PlannedImport | null {
  const main = files.find(({ file }) => file.role === 'main');
  if (takesBack === undefined || main === undefined) return null;
  const lines = { [Symbol.iterator]: () => wholeLines(chunksOf(main.file)) };
  const made = takesBack.content(lines);
  if (made === null) return null;
  const path = tree.place(takesBack.fileName(target));
  const bytes = {
    *[Symbol.iterator]() {
      for (const text of typeof made === 'string' ? [made] : made) yield Buffer.from(text);
    },
  };
  let length = 0;
  for (const piece of bytes) length += piece.length;
  return { path, bytes, place: tree.check(path, bytes, length), argv: takesBack.argv(path) };
}

/** `writable`: the store, to be told of the files that an agent will find again; null where it will not. */
export function carryOut(
  context: Pick<Context, 'clock'>,
  db: ReadableDb,
  writable: WritableDb | null,
  { session, tree, files, imported, notPutBack }: PlannedRestore,
): void {
  for (const { file, path, place } of files) {
    if (place === 'same') tree.touch(path);
    else tree.write(path, fileChunks(db, session.uid, file), file.sha256, place);
    killPoint('restore.written');
    if (writable !== null && notPutBack === null)
      markRestored(writable, session, file, path, context.clock.now());
  }
  if (imported !== null && imported.place !== 'same')
    tree.write(imported.path, imported.bytes, null, imported.place);
}

/** What to type to go on with a session. */
export function resumeCommand(resume: Resume): string {
  return [...(resume.cwd === null ? [] : [`cd ${quote(resume.cwd)}`]), resume.argv.map(quote).join(' ')].join(
    ' && ',
  );
}

/** The agent of a session; a failure that says what to do where this program does not know it. */
function agentOf(session: SessionRow): AgentFormat {
  const agent = agentById(session.agent);
  if (agent === null) {
    throw new FailureError(
      failure(
        'failed',
        `this program does not know the agent ${session.agent}`,
        'Use a newer session-memory; `show --raw` gives the transcript.',
      ),
    );
  }
  return agent;
}

interface PlannedFile {
  readonly file: StoredFile;
  readonly path: string;
  readonly place: Place;
}

/** Where each file goes. All is checked before anything is written: a half restored session would be worse than none. */
function planOf(
  tree: RestoreTree,
  db: ReadableDb,
  session: SessionRow,
  files: readonly StoredFile[],
  placeOf: (file: StoredFile) => string,
): PlannedFile[] {
  const taken = new Set<string>();
  return files.map((file) => {
    const path = tree.place(placeOf(file));
    // Ids and keys are the agent's, or a forger's: two of them may mean one place.
    if (taken.has(path)) {
      throw new FailureError(
        failure(
          'failed',
          `two files of ${session.uid} would be restored to ${path}`,
          'See `session-memory show UID --files`; `show --raw` gives the main transcript.',
        ),
      );
    }
    taken.add(path);
    return { file, path, place: tree.check(path, fileChunks(db, session.uid, file), file.rawBytes) };
  });
}

function print({ io, json }: Context, planned: PlannedRestore, isElsewhere: boolean, starts: boolean): void {
  const { session, root, resume, imported, notPutBack } = planned;
  const command = resumeCommand(resume);
  const paths = [...planned.files, ...(imported === null ? [] : [imported])].map(({ path }) => path);
  const importing = imported === null ? null : resumeCommand({ cwd: resume.cwd, argv: imported.argv });
  if (json) {
    printJson(io, {
      version: 1,
      session_uid: session.uid,
      root,
      files: paths,
      resume: { cwd: resume.cwd, argv: resume.argv, command, needs: resume.needs ?? null },
      import: imported === null ? null : { argv: imported.argv, command: importing },
    });
    return;
  }
  const list = paths.map((path) => `  ${plainLine(path)}\n`).join('');
  io.out(`Restored ${plural(paths.length, 'file')} of ${session.uid}:\n${list}`);
  if (notPutBack !== null) io.out(`${notPutBack}\n`);
  if (resume.needs !== undefined) io.out(`${plainLine(resume.needs)}\n`);
  if (importing !== null) io.out(`Take it in with: ${plainLine(importing)}\n`);
  if (starts) return io.out(`Starting: ${plainLine(command)}\n`);
  io.out(
    isElsewhere && importing === null
      ? `To go on with it, restore it without --to; then: ${plainLine(command)}\n`
      : `Go on with: ${plainLine(command)}\n`,
  );
}

/** Of the agent's folders on this machine the one where the session was found; a backup that was ingested is none of them. */
function whereAgentLooks(roots: readonly string[], foundIn: string | null): string | undefined {
  return roots.find((root) => root === foundIn) ?? roots[0];
}

/** One word for a POSIX shell, whatever it holds. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_/.:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
