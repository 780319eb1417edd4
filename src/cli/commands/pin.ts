/** `pin` and `unpin`. */
import { EXIT } from '../../domain/errors.ts';
import { resolveSession, sessionIdOf } from '../../store/read.ts';
import { setPinned } from '../../store/write-raw.ts';
import { type Command, type Context, printJson } from '../context.ts';
import { onlyArg, openAfterLook } from '../wire.ts';

export const pin: Command = async (context) => set(context, true);
export const unpin: Command = async (context) => set(context, false);

function set(context: Context, pinned: boolean) {
  const named = onlyArg(context, 'UID');
  using db = openAfterLook(context.settings.storePath, (there) => resolveSession(there, named));
  const session = resolveSession(db, named);
  const changed = setPinned(db, sessionIdOf(db, session.uid), pinned, context.clock.now());
  if (context.json) printJson<'pin'>(context.io, { version: 1, session_uid: session.uid, pinned, changed });
  else
    context.io.out(
      `${session.uid} ${changed ? 'is now' : 'already was'} ${pinned ? 'pinned' : 'not pinned'}.\n`,
    );
  return EXIT.done;
}
