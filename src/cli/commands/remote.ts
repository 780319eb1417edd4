/**
 * `remote ACTION`: a bucket of one's own on a service that speaks S3: made ready, joined, met, looked at, read back.
 * Promises: only here, in `maintain`, and where a session is fetched, is a network used; and only where a bucket is configured or named.
 */
import { EXIT, type ExitCode, FailureError, invalid } from '../../domain/errors.ts';
import { plainLine } from '../../domain/text.ts';
import { openWritable } from '../../store/open.ts';
import type { Command, Context } from '../context.ts';
import { printJson } from '../context.ts';
import { formatBytes, plural } from '../format.ts';
import { anotherSyncs, collectStore, problemsOfSync, type Synced, syncStore } from '../remote-sync.ts';
import { nearest } from '../values.ts';
import { sayCollected } from './remote.collected.ts';
import { forgetRemote } from './remote.forget.ts';
import { addRemote, initRemote, leaveRemote } from './remote.setup.ts';
import { remoteStatus } from './remote.status.ts';
import { verifyRemote } from './remote.verify.ts';

const ACTIONS: Readonly<Record<string, Command>> = {
  init: initRemote,
  add: addRemote,
  status: remoteStatus,
  sync: syncCommand,
  verify: verifyRemote,
  leave: leaveRemote,
  forget: forgetRemote,
  gc: collectCommand,
};

export const remoteCommand: Command = async (context) => {
  const [name = '', ...rest] = context.args;
  const action = ACTIONS[name];
  if (action === undefined || !Object.hasOwn(ACTIONS, name)) {
    const known = Object.keys(ACTIONS).join(', ');
    throw new FailureError(
      invalid(
        `remote does not know ${name}`,
        `${nearest(name, Object.keys(ACTIONS)) ?? ''} It takes ${known}.`.trim(),
      ),
    );
  }
  const mostArgs = name === 'forget' ? rest.length : name === 'init' || name === 'add' ? 1 : 0;
  if (rest.length > mostArgs && mostArgs === 1)
    throw new FailureError(invalid(`remote ${name} takes one address`, 's3://BUCKET/PREFIX'));
  if (rest.length > mostArgs)
    throw new FailureError(
      invalid(`remote ${name} takes no address`, 'The configuration has it: remote.url.'),
    );
  return await action(context);
};

async function syncCommand(context: Context): Promise<ExitCode> {
  using db = openWritable(context.settings.storePath);
  const synced = await syncStore(context, db);
  if (synced === null) throw anotherSyncs();
  tell(context, synced);
  return problemsOfSync(synced).length > 0 ? EXIT.failed : EXIT.done;
}

async function collectCommand(context: Context): Promise<ExitCode> {
  using db = openWritable(context.settings.storePath);
  const collected = await collectStore(context, db);
  if (collected === null) throw anotherSyncs();
  if (context.json) printJson<'remote'>(context.io, { version: 1, ...collected });
  else sayCollected(context, collected);
  return EXIT.done;
}

function tell({ io, json }: Context, synced: Synced): void {
  const { read, uploaded, notes, traffic } = synced;
  if (json) {
    printJson<'remote'>(io, {
      version: 1,
      requests: traffic.requests,
      sent_bytes: traffic.sentBytes,
      received_bytes: traffic.receivedBytes,
      uploaded: {
        sessions: uploaded.sessions,
        forgotten: uploaded.forgotten,
        raw_bytes: uploaded.rawBytes,
        stored_bytes: uploaded.storedBytes,
        packs: uploaded.packs,
        commits: uploaded.commits,
      },
      read: {
        commits: read.commits,
        sessions: [...new Set(read.sessions)],
        pinned: read.pinned,
        forgotten: read.forgotten,
      },
      problems: [
        ...read.problems,
        ...uploaded.problems.map(({ session_uid: object, problem }) => ({ object, problem })),
      ],
      notes,
    });
    return;
  }
  for (const problem of problemsOfSync(synced)) io.err(`warning: ${plainLine(problem)}\n`);
  const there = `${plural(uploaded.sessions.length, 'session')}, ${formatBytes(uploaded.rawBytes)} raw in ${formatBytes(uploaded.storedBytes)}`;
  const here = `${plural(new Set(read.sessions).size, 'session')} of other machines`;
  io.out(`Uploaded ${there}; read ${here}. ${plural(traffic.requests, 'request')}.\n`);
  if (uploaded.forgotten.length > 0)
    io.out(`${plural(uploaded.forgotten.length, 'forgotten id')} told to the other machines.\n`);
  if (read.forgotten.length > 0)
    io.out(`${plural(read.forgotten.length, 'session')} forgotten here, as on another machine.\n`);
}
