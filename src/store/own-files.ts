/**
 * The store's own files are opened as plain files and never through a link, in a folder that only its owner writes to.
 * Why: whoever may write to the folder can put a link, a pipe or a store of their own under any of these names.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { dirname } from 'node:path';
import { type FailureError, fail, messageOf } from '../domain/errors.ts';

/** Windows has neither; a file there is no link of this kind, and does not wait. */
export const NO_LINK = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** What stands under a name; null where nothing does. Throws where that is no plain file. */
export function plainOrNull(path: string): Stats | null {
  let stats: Stats | undefined;
  try {
    stats = lstatSync(path, { throwIfNoEntry: false });
  } catch (thrown) {
    throw fail(
      'io',
      `cannot reach the store ${path}: ${messageOf(thrown)}`,
      'Give another --store, or mend the folders on the way to it.',
    );
  }
  if (stats === undefined) return null;
  if (!stats.isFile()) throw notPlain(path, stats);
  if (!mayShare && isStickyFolder(dirname(path)) && stats.uid !== ownUid()) throw notOurs(path);
  return stats;
}

function notOurs(path: string): FailureError {
  return fail(
    'usage',
    `${path} belongs to another user, in a folder that anybody may write to`,
    'Somebody may have put it there for you to open: use a folder of your own, or, where all who can write there are trusted, say `shared_folder = true` in the configuration or SESSION_MEMORY_SHARED_FOLDER=1.',
  );
}

function notPlain(path: string, stats: Stats): FailureError {
  if (stats.isDirectory())
    return fail(
      'usage',
      `the store is a folder: ${path}`,
      'Give a file, such as store.db in it, as --store.',
    );
  const isLink = stats.isSymbolicLink();
  return fail(
    'usage',
    `${path} is ${isLink ? 'a link' : 'no plain file'}; the store's own files are never opened through one`,
    isLink
      ? 'Give the path that it leads to as --store, or remove the link if you did not make it. A folder on the way may be a link.'
      : 'Remove it if it is not yours, or give another --store.',
  );
}

/** Opens one that must be there. The caller closes it. */
export function openOwn(path: string, flags: number = constants.O_RDONLY): number {
  plainOrNull(path);
  const handle = openSync(path, flags | NO_LINK);
  try {
    if (fstatSync(handle).isFile()) return handle;
  } catch (thrown) {
    closeSync(handle);
    throw thrown;
  }
  closeSync(handle);
  throw new Error(`${path} is no plain file`);
}

/** Makes an empty one that only the owner can read; what is there already, a link too, is left. False: it was there. */
export function makeOwn(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_LINK, 0o600));
    return true;
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown;
    plainOrNull(path);
    return false;
  }
}

/** SQLite opens by name: what it must not follow or wait for is looked at before, and the file itself once more behind it. */
export function checkedOpen<T extends { close(): void }>(path: string, open: () => T): T {
  if (path === ':memory:') return open();
  const before = plainOrNull(path);
  for (const end of ['-wal', '-shm', '-journal']) plainOrNull(path + end);
  const opened = open();
  try {
    const after = plainOrNull(path);
    if (before === null || (after?.ino === before.ino && after.dev === before.dev)) return opened;
    throw fail('busy', `another file came in the place of ${path} while it was opened`, 'Try again.');
  } catch (thrown) {
    opened.close();
    throw thrown;
  }
}

let mayShare = false;

/** What the setting `shared_folder` says, for this thread. */
export function allowSharedFolder(isAllowed: boolean): void {
  mayShare = isAllowed;
}

/** Throws where somebody else may put files into the folder of a store. One that is not there yet is made private. */
export function refuseSharedFolder(path: string): void {
  if (mayShare) return;
  const folder = dirname(path);
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isDirectory()) return;
  const why = whyShared(stats, ownUid());
  if (why === null) return;
  const wayOut =
    why === OF_ANOTHER
      ? 'Give a --store in a folder of your own'
      : 'Use a folder that only you write to (`chmod go-w` makes this one so)';
  throw fail(
    'usage',
    `the folder of the store ${why}: ${realpathSync(folder)}`,
    `Whoever can write there can put a store, a link or a pipe in the place of yours. ${wayOut}, or, where all who can write there are trusted, say \`shared_folder = true\` in the configuration or SESSION_MEMORY_SHARED_FOLDER=1.`,
  );
}

const OF_ANOTHER = 'belongs to another user';

function whyShared({ mode, uid: owner, gid }: Stats, uid: number): string | null {
  // Windows has other rights, and says -1.
  if (uid < 0) return null;
  if (owner !== uid && owner !== 0) return OF_ANOTHER;
  // What others make there is refused by its owner, and the sticky bit keeps them from what is ours.
  if ((mode & STICKY) !== 0) return null;
  if ((mode & 0o002) !== 0) return 'may be written to by anybody';
  if ((mode & 0o020) !== 0 && !isPrivateGroup(gid, owner, uid)) return 'may be written to by its group';
  return null;
}

const STICKY = 0o1000;
const sticky = new Map<string, boolean>();

/** Whether others may make files there, and remove none that are not theirs, as in `/tmp`. Looked at once. */
function isStickyFolder(folder: string): boolean {
  const known = sticky.get(folder);
  if (known !== undefined) return known;
  const mode = statSync(folder, { throwIfNoEntry: false })?.mode ?? 0;
  const isSticky = ownUid() >= 0 && (mode & STICKY) !== 0 && (mode & 0o022) !== 0;
  sticky.set(folder, isSticky);
  return isSticky;
}

/**
 * Whether a group has one user alone: where each user has a group of their own, a umask of 002 is usual, and what they make may be
 * written to by that group, which is nobody else. What cannot be told is not private.
 */
function isPrivateGroup(gid: number, owner: number, uid: number): boolean {
  try {
    const users = rowsOf('/etc/passwd').filter(([, , , group]) => Number(group) === gid);
    const [row] = rowsOf('/etc/group').filter(([, , id]) => Number(id) === gid);
    if (row === undefined) return false;
    const names = rowsOf('/etc/passwd').filter(([, , id]) => Number(id) === uid || Number(id) === owner);
    const ours = new Set(names.map(([name]) => name));
    const members = (row[3] ?? '').split(',').filter((name) => name !== '');
    return members.every((name) => ours.has(name)) && users.every(([name]) => ours.has(name));
  } catch {
    return false;
  }
}

function ownUid(): number {
  try {
    return userInfo().uid;
  } catch {
    // A user without a name, as in a container: whose the home folder is.
    return statSync(homedir(), { throwIfNoEntry: false })?.uid ?? -1;
  }
}

function rowsOf(path: string): string[][] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));
}
