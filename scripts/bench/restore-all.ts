/**
 * `bun restore-all.ts STORE FOLDER`: every live session of a store through the program's own restore, in one process: the
 * command takes one session, and a start a session would be most of what is measured.
 */
import { homedir } from 'node:os';
import { clockOf } from '../../src/cli/clock.ts';
import { carryOut, planRestore } from '../../src/cli/commands/restore.ts';
import type { Host } from '../../src/domain/agent.ts';
import { openReadable } from '../../src/store/open.ts';
import { listSessions } from '../../src/store/read.ts';

const [storePath, folder] = process.argv.slice(2);
if (storePath === undefined || folder === undefined) throw new Error('usage: restore-all.ts STORE FOLDER');
// Below a folder of our own neither home nor platform matters.
const host: Host = { homeDir: homedir(), env: {}, platform: 'linux' };
const db = openReadable(storePath);
for (const session of listSessions(db)) {
  const planned = planRestore({ host, settings: { storePath } }, db, session, { to: folder, force: false });
  carryOut({ clock: clockOf(null) }, db, null, planned);
}
db.close();
