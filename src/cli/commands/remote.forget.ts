/**
 * `remote forget UID…`: forgotten here, told to the other machines and taken out of the bucket at once. `remote forget --machine NAME`:
 * a machine that is gone, so that what it has left keeps nothing in the bucket that was forgotten.
 * Promises: asks as `forget` does; where the bucket cannot be reached it says what is done and what is left.
 */
import { EXIT, type ExitCode, FailureError, fail, invalid } from '../../domain/errors.ts';
import { plainLine } from '../../domain/text.ts';
import type { ReadableDb } from '../../store/connection.ts';
import { openReadable, openWritable } from '../../store/open.ts';
import { machines, noteGone } from '../../store/remote/state.ts';
import { notConfigured } from '../bucket-of.ts';
import { type Command, type Context, printJson, textFlag } from '../context.ts';
import { plural } from '../format.ts';
import { anotherSyncs, collectStore, syncStore } from '../remote-sync.ts';
import { forgetting } from './forget.ts';
import { sayCollected } from './remote.collected.ts';

export async function forgetRemote(context: Context): ReturnType<Command> {
  const [, ...uids] = context.args;
  const named = textFlag(context.flags, 'machine');
  if (context.settings.remote === null) throw notConfigured();
  if ((named === null) === (uids.length === 0))
    throw new FailureError(
      invalid(
        named === null ? 'remote forget needs an id' : 'ids and --machine at once',
        'Give the ids of sessions that every machine is to forget, or --machine NAME for a machine that is gone.',
      ),
    );
  return named === null ? await everywhere(context, uids) : await machineGone(context, named);
}

async function everywhere(context: Context, uids: readonly string[]): ReturnType<Command> {
  const told: string[] = [];
  const io = { ...context.io, out: (text: string) => void told.push(text) };
  const code = await forgetting({ ...context, args: uids, ...(context.json ? { io } : {}) }, false);
  if (code !== EXIT.done) {
    if (context.json) context.io.out(told.join(''));
    return code;
  }
  using db = openWritable(context.settings.storePath);
  try {
    const collected = await collectStore(context, db);
    if (collected === null) throw anotherSyncs();
    if (context.json)
      printJson<'remote'>(context.io, {
        version: 1,
        forgotten: JSON.parse(told.join('')).forgotten,
        ...collected,
      });
    else sayCollected(context, collected);
    return EXIT.done;
  } catch (thrown) {
    if (!(thrown instanceof FailureError) || context.signal.aborted) throw thrown;
    const { code: why, message, hint } = thrown.failure;
    throw fail(
      why === 'interrupted' ? why : 'failed',
      `forgotten on this machine; the others are not told yet, and the bucket still has it: ${message}`,
      `${hint} Then \`session-memory remote gc\` does the rest.`,
    );
  }
}

async function machineGone(context: Context, named: string): Promise<ExitCode> {
  {
    using db = openReadable(context.settings.storePath);
    machineNamed(db, named);
  }
  using db = openWritable(context.settings.storePath);
  const synced = await syncStore(context, db);
  if (synced === null) throw anotherSyncs();
  const gone = machineNamed(db, named);
  noteGone(db, gone.machine, context.clock.now());
  const collected = await collectStore(context, db);
  if (collected === null) throw anotherSyncs();
  if (context.json)
    printJson<'remote'>(context.io, { version: 1, gone: gone.machine, name: gone.name, ...collected });
  else {
    context.io.out(
      `${plainLine(gone.name)} counts as gone: its sessions stay, and \`gc\` on this machine waits for it no more. Should it come back, it goes on under an id of its own.\n`,
    );
    sayCollected(context, collected);
  }
  return EXIT.done;
}

/** By its name, or the beginning of its id. */
function machineNamed(db: ReadableDb, named: string) {
  const all = machines(db);
  const hits = all.filter(({ name, machine }) => name === named || machine.startsWith(named));
  const [only] = hits;
  if (only !== undefined && hits.length === 1) return only;
  const list = (some: typeof all) =>
    some.map(({ name, machine }) => `${name} (${machine.slice(0, 8)})`).join(', ');
  if (hits.length > 1)
    throw fail(
      'usage',
      `${plural(hits.length, 'machine')} are called ${named}: ${list(hits)}`,
      'Give the beginning of the id.',
    );
  throw fail(
    'not_found',
    `no other machine is called ${named}`,
    all.length === 0 ? 'This machine knows of no other one in the bucket.' : `There are ${list(all)}.`,
  );
}
