/** `restore UID`: a session's files back where its agent looks for them, or below `--to`. */
import { resolve } from 'node:path';
import type { RestoreTarget } from '../../domain/agent.ts';
import { EXIT, FailureError, failure } from '../../domain/errors.ts';
import { nativeIdOf } from '../../domain/ids.ts';
import { plainLine } from '../../domain/text.ts';
import { agentById } from '../../ingest/agents/index.ts';
import { markRestored, RestoreTree } from '../../ingest/restore.ts';
import { openReadable, openWritable } from '../../store/open.ts';
import { filesOf, resolveSession } from '../../store/read.ts';
import { agentRootOf } from '../../store/read-sources.ts';
import { fileChunks } from '../../store/segments.ts';
import { type Command, printJson, textFlag } from '../context.ts';
import { formatTime, plural } from '../format.ts';
import { onlyArg } from '../wire.ts';

export const restore: Command = async (context) => {
  const { io, json } = context;
  const to = textFlag(context.flags, 'to');
  // Restored elsewhere, the store has nothing to learn: it is opened for reading only.
  const db =
    to === null ? openWritable(context.settings.storePath) : openReadable(context.settings.storePath);
  try {
    const session = resolveSession(db, onlyArg(context, 'UID'));
    const agent = agentById(session.agent);
    if (agent === null)
      throw new FailureError(
        failure(
          'failed',
          `this program does not know the agent ${session.agent}`,
          'Give --to DIR, or use a newer session-memory.',
        ),
      );
    if (session.state === 'evicted') {
      throw new FailureError(
        failure(
          'evicted',
          `the raw bytes of ${session.uid} were evicted on ${formatTime(session.evictedAt)}`,
          `Its digest is in \`session-memory show ${session.uid}\`.`,
        ),
      );
    }
    const root =
      to === null ? whereAgentLooks(agent.roots(context.host), agentRootOf(db, session.uid)) : resolve(to);
    if (root === undefined)
      throw new FailureError(failure('failed', `no folder of ${agent.name} is known here`, 'Give --to DIR.'));
    const target: RestoreTarget = {
      nativeId: nativeIdOf(session.uid),
      project: session.project,
      startedAt: session.startedAt,
    };
    const tree = new RestoreTree(root, context.flags['force'] === true);
    const files = filesOf(db, session.uid).filter((file) => !file.gone);
    const planned = files.map((file) => ({ file, path: tree.place(agent.restorePath(target, file)) }));
    // All is checked before anything is written: a half restored session would be worse than none.
    for (const { file, path } of planned) tree.check(path, fileChunks(db, session.uid, file), file.rawBytes);
    for (const { file, path } of planned) {
      tree.write(path, fileChunks(db, session.uid, file), file.sha256);
      if (to === null && 'run' in db)
        markRestored(db as ReturnType<typeof openWritable>, session, file, path, context.clock.now());
    }
    const resume = agent.resume(target);
    const command = [
      ...(resume.cwd === null ? [] : [`cd ${quote(resume.cwd)}`]),
      resume.argv.map(quote).join(' '),
    ].join(' && ');
    const paths = planned.map(({ path }) => path);
    if (json)
      printJson(io, {
        version: 1,
        session_uid: session.uid,
        root,
        files: paths,
        resume: { cwd: resume.cwd, argv: resume.argv, command },
      });
    else {
      io.out(
        `Restored ${plural(paths.length, 'file')} of ${session.uid}:\n${paths.map((path) => `  ${plainLine(path)}\n`).join('')}`,
      );
      io.out(
        to === null
          ? `Go on with: ${plainLine(command)}\n`
          : `To go on with it, restore it without --to; then: ${plainLine(command)}\n`,
      );
    }
    return EXIT.done;
  } finally {
    db.close();
  }
};

/** Of the agent's folders on this machine the one where the session was found; a backup that was ingested is none of them. */
function whereAgentLooks(roots: readonly string[], foundIn: string | null): string | undefined {
  return roots.find((root) => root === foundIn) ?? roots[0];
}

/** One word for a POSIX shell, whatever it holds. */
export function quote(word: string): string {
  return /^[A-Za-z0-9_/.:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
