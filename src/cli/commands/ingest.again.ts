/**
 * `ingest --again UID|FILE…`: which sessions are taken back, and from where.
 * Promises: decides before anything is written; what was forgotten is refused; a session whose files are gone is named with where
 * they were.
 */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { FailureError, fail, invalid } from '../../domain/errors.ts';
import type { SessionUid } from '../../domain/ids.ts';
import { mountOfPath, refreshMounts } from '../../files/mounts.ts';
import type { ReadableDb } from '../../store/connection.ts';
import { forgottenTest } from '../../store/forget.ts';
import { openReadable } from '../../store/open.ts';
import { findSession, resolveSession, sourcesOf } from '../../store/read.ts';
import type { Context } from '../context.ts';
import { ownPaths } from '../wire.ts';

interface TakenBack {
  readonly paths: readonly string[];
  readonly uids: ReadonlySet<SessionUid> | 'all';
}

/** Of a file all sessions in it are meant, of an id that one. */
export function takenBack(context: Context): TakenBack {
  refreshMounts();
  const isAway = (path: string) => mountOfPath(path) !== null;
  const files = context.args.map((arg) => resolve(arg)).filter((path) => isAway(path) || existsSync(path));
  const ids = context.args.filter((arg) => !files.includes(resolve(arg)));
  if (context.args.length === 0)
    throw new FailureError(
      invalid('--again without a session', 'Give the id of a session that was evicted, or its file.'),
    );
  if (files.length > 0 && ids.length > 0)
    throw new FailureError(invalid('--again with files and ids at once', 'Give either in one call.'));
  const folder = files.find((path) => !isAway(path) && statSync(path).isDirectory());
  if (folder !== undefined)
    throw new FailureError(
      invalid(
        `--again takes files and ids, and this is a folder: ${folder}`,
        'Name the files in it, or the sessions.',
      ),
    );
  using db = openReadable(context.settings.storePath);
  if (ids.length === 0) return { paths: files, uids: 'all' };
  const found = ids.map((id) => sessionToTake(db, id));
  return { paths: found.flatMap(({ paths }) => paths), uids: new Set(found.map(({ uid }) => uid)) };
}

/** Of the ids that were given, those that an ingest did not take back. */
export function stillEvicted(db: ReadableDb, { uids }: TakenBack): SessionUid[] {
  return uids === 'all' ? [] : [...uids].filter((uid) => findSession(db, uid)?.state === 'evicted');
}

function sessionToTake(
  db: ReadableDb,
  name: string,
): { readonly uid: SessionUid; readonly paths: readonly string[] } {
  const session = resolveSession(db, name);
  const { uid } = session;
  if (forgottenTest(db)(session))
    throw new FailureError(
      invalid(`${uid} was forgotten by hand, and is never stored again`, 'Nothing but its id is here.'),
    );
  const paths = ownPaths(db, uid);
  if (paths.length > 0) return { uid, paths };
  const [was] = sourcesOf(db, uid);
  throw fail(
    'failed',
    `no file of ${uid} is on this machine any more${was === undefined ? '' : `; it was ${was.path}`}`,
    'If you have it elsewhere: `session-memory ingest --again FILE`.',
  );
}
