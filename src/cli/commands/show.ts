/** `show UID`: the digest, the raw bytes, the files, what was removed. Raw bytes go out as they came in, or it fails. */

import { digestPage } from '../../digest/page.ts';
import { EXIT, FailureError, failure, invalid } from '../../domain/errors.ts';
import type { SessionRow } from '../../domain/session.ts';
import { plainLine } from '../../domain/text.ts';
import type { ReadableDb } from '../../store/connection.ts';
import { forgottenUids } from '../../store/forget.ts';
import { openReadable } from '../../store/open.ts';
import { digestsOf, filesOf, resolveSession, sourcesOf } from '../../store/read.ts';
import type { StoredFile } from '../../store/rows.ts';
import { fileChunks, removedChunks } from '../../store/segments.ts';
import { type Command, type Context, printJson } from '../context.ts';
import { formatBytes, formatCount, formatTime, table } from '../format.ts';
import { tableColumns } from '../io.ts';
import { onlyArg } from '../wire.ts';
import { asJson } from './list.ts';

export const show: Command = async (context) => {
  const modes = ['raw', 'files', 'removed'].filter((mode) => context.flags[mode] === true);
  if (modes.length > 1)
    throw new FailureError(
      invalid(`--${modes[0]} and --${modes[1]} at once`, 'Give one of --raw, --files, --removed.'),
    );
  const db = openReadable(context.settings.storePath);
  try {
    const session = resolveSession(db, onlyArg(context, 'UID'));
    if (!context.json && forgottenUids(db).has(session.uid))
      throw new FailureError(
        failure('evicted', `${session.uid} was forgotten by hand`, 'Nothing but its id is here.'),
      );
    if (modes[0] === 'raw') await raw(context, db, session);
    else if (modes[0] === 'removed') await removed(context, db, session);
    else if (modes[0] === 'files') files(context, db, session);
    else digest(context, db, session);
    return EXIT.done;
  } finally {
    db.close();
  }
};

async function raw(context: Context, db: ReadableDb, session: SessionRow): Promise<void> {
  const main = liveFiles(db, session).find((file) => file.role === 'main');
  if (main === undefined)
    throw new FailureError(
      failure('not_found', `${session.uid} has no main transcript`, 'See `session-memory show UID --files`.'),
    );
  for (const chunk of fileChunks(db, session.uid, main)) await context.io.outBytes(chunk);
}

async function removed(context: Context, db: ReadableDb, session: SessionRow): Promise<void> {
  for (const file of liveFiles(db, session)) {
    for (const chunk of removedChunks(db, session.uid, file)) await context.io.outBytes(chunk);
  }
}

function liveFiles(db: ReadableDb, session: SessionRow): StoredFile[] {
  if (session.state === 'evicted') {
    throw new FailureError(
      failure(
        'evicted',
        `the raw bytes of ${session.uid} were evicted on ${formatTime(session.evictedAt)}`,
        'Its digest is in `session-memory show`.',
      ),
    );
  }
  return filesOf(db, session.uid).filter((file) => !file.gone);
}

function files(context: Context, db: ReadableDb, session: SessionRow): void {
  const rows = filesOf(db, session.uid);
  if (context.json) {
    printJson(context.io, {
      version: 1,
      session_uid: session.uid,
      files: rows.map((file) => ({
        key: file.key,
        role: file.role,
        path: file.relPath,
        raw_bytes: file.rawBytes,
        stored_bytes: file.storedBytes,
        removed_bytes: file.removedBytes,
        segments: file.segmentCount,
        sha256: file.sha256,
        evicted: file.gone,
      })),
      sources: sourcesOf(db, session.uid).map(({ path }) => path),
    });
    return;
  }
  context.io.out(
    table(
      [
        { title: 'FILE', shrinks: true },
        { title: 'ROLE' },
        { title: 'RAW', align: 'right' },
        { title: 'STORED', align: 'right' },
        { title: 'REMOVED', align: 'right' },
        { title: 'SEGMENTS', align: 'right' },
        { title: 'SHA-256' },
      ],
      rows.map((file) => [
        file.relPath,
        file.gone ? `${file.role}, evicted` : file.role,
        formatBytes(file.rawBytes),
        file.gone ? '-' : formatBytes(file.storedBytes),
        file.removedBytes > 0 ? formatBytes(file.removedBytes) : '-',
        formatCount(file.segmentCount),
        file.sha256?.slice(0, 16) ?? '-',
      ]),
      tableColumns(context.io),
    ),
  );
}

function digest(context: Context, db: ReadableDb, session: SessionRow): void {
  const digests = digestsOf(db, session.uid);
  const parsed = digests.map((stored) => ({ ...stored, digest: JSON.parse(stored.json) }));
  if (context.json) {
    printJson(context.io, {
      version: 1,
      session: asJson(session, forgottenUids(db).has(session.uid)),
      digest: parsed[0]?.digest ?? null,
      older_digests: parsed.slice(1).map((stored) => stored.digest),
    });
    return;
  }
  const { io } = context;
  const state =
    session.state === 'evicted'
      ? `evicted ${formatTime(session.evictedAt)}, the digest stays`
      : `${session.state}, ${formatBytes(session.rawBytes)} raw in ${formatBytes(session.storedBytes)}`;
  io.out(`${session.uid}  ${state}${session.pinned ? ', pinned' : ''}\n`);
  if (parsed.length === 0)
    io.out(
      `\nNo digest yet${session.analyzeError === null ? '' : `: ${plainLine(session.analyzeError)}`}. \`session-memory analyze ${session.uid}\` makes one.\n`,
    );
  for (const [i, stored] of parsed.entries()) {
    if (i > 0) io.out(`\nAn older digest, of what was evicted before (${formatTime(stored.madeAt)}):\n`);
    io.out(`\n${digestPage(stored.digest, io.columns)}`);
  }
}
