/** `show UID --versions`: what a session's files were; and which of them `show --raw` gives. */

import { agentById } from '../../agents/registry.ts';
import type { SessionRow } from '../../domain/session.ts';
import type { Shape } from '../../domain/shapes.ts';
import { factsOf, fullerVersion } from '../../ingest/fuller.ts';
import type { ReadableDb } from '../../store/connection.ts';
import type { StoredFile } from '../../store/rows.ts';
import { presentNumber, versionsOf } from '../../store/versions.ts';
import { type Context, printJson, textFlag } from '../context.ts';
import { formatBytes, formatCount, formatTime, table } from '../format.ts';
import { tableColumns } from '../io.ts';
import type { versionsSchema } from '../schemas.restore.ts';
import { liveFiles } from '../wire.ts';
import { numbered, wantedVersion } from './restore.versions.ts';

type VersionRow = Shape<typeof versionsSchema>['versions'][number];

export function versions(context: Context, db: ReadableDb, session: SessionRow): void {
  const rows = versionRows(context, db, session);
  if (context.json)
    return printJson<'show'>(context.io, { version: 1, session_uid: session.uid, versions: rows });
  context.io.out(
    table(
      [
        { title: 'FILE', shrinks: true },
        { title: 'VERSION', align: 'right' },
        { title: 'UNTIL' },
        { title: 'RAW', align: 'right' },
        { title: 'LINES', align: 'right' },
        { title: 'SHA-256' },
      ],
      rows.map((row) => [
        row.key,
        formatCount(row.number),
        row.present ? 'present' : formatTime(row.replaced_at),
        formatBytes(row.raw_bytes),
        row.records === null ? '-' : formatCount(row.records),
        row.sha256?.slice(0, 16) ?? '-',
      ]),
      tableColumns(context.io),
    ),
  );
}

/** The main transcript's, and those of every other file that was once another; the oldest first, the present one last. */
function versionRows(context: Context, db: ReadableDb, session: SessionRow): VersionRow[] {
  const agent = agentById(session.agent, context.host);
  return db.snapshot(() => {
    const earlier = versionsOf(db, session.uid);
    return liveFiles(db, session).flatMap((file) => {
      const own = earlier.filter(({ fileId }) => fileId === file.fileId);
      if (own.length === 0 && file.role !== 'main') return [];
      const { records, sha256 } = factsOf(db, session.uid, agent, file);
      return [
        ...own.map((version) => ({
          key: file.key,
          number: version.number,
          present: false,
          replaced_at: version.replacedAt,
          raw_bytes: version.rawBytes,
          records: version.records,
          sha256: version.sha256,
        })),
        {
          key: file.key,
          number: presentNumber(earlier, file.fileId),
          present: true,
          replaced_at: null,
          raw_bytes: file.rawBytes,
          records,
          sha256: sha256 === null ? null : Buffer.from(sha256).toString('hex'),
        },
      ];
    });
  });
}

/** The present version, or the one that is asked for. Where the present one is a stub, that is said beside the bytes. */
export function versionToShow(
  context: Context,
  db: ReadableDb,
  session: SessionRow,
  main: StoredFile,
): StoredFile {
  const wanted = wantedVersion(textFlag(context.flags, 'version'));
  const earlier = versionsOf(db, session.uid);
  if (typeof wanted === 'number') return numbered(session, main, earlier, wanted).file;
  if (wanted === 'present' || earlier.length === 0) return main;
  const agent = agentById(session.agent, context.host);
  const fuller = fullerVersion(db, session.uid, agent, main, earlier);
  if (fuller === null) return main;
  if (wanted === 'fullest') return numbered(session, main, earlier, fuller.number).file;
  context.io.err(
    `warning: this version has lost most of what the transcript held; \`--version ${fuller.number}\` gives the fuller one\n`,
  );
  return main;
}
