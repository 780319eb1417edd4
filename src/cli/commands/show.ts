/** `show UID`: the digest as a page, as Markdown or JSON; the raw bytes, the files, what was removed. Raw bytes go out as they came in, or it fails. */

import { HANDOVER_TOKENS_MIN, handover } from '../../digest/handover.ts';
import { digestMarkdown } from '../../digest/markdown.ts';
import { digestPage, type PageLook } from '../../digest/page.ts';
import { importedRows, type SectionRow } from '../../digest/sections.ts';
import { EXIT, type ExitCode, FailureError, fail, invalid } from '../../domain/errors.ts';
import type { SessionRow } from '../../domain/session.ts';
import { plainLine } from '../../domain/text.ts';
import type { ReadableDb } from '../../store/connection.ts';
import { forgottenTest } from '../../store/forget.ts';
import { openReadable } from '../../store/open.ts';
import { digestsOf, filesOf, findSession, resolveSession, sourcesOf } from '../../store/read.ts';
import { besideOf, machineOf } from '../../store/remote/mirror.ts';
import { isBucketOnly } from '../../store/remote/receipts.ts';
import { whereabouts } from '../../store/remote/whereabouts.ts';
import { fileChunks, rangeChunks } from '../../store/segments.ts';
import { removedPieces, versionsOf } from '../../store/versions.ts';
import { readDigest } from '../../store/whole-digest.ts';
import { type Command, type Context, printJson, textFlag } from '../context.ts';
import { formatBytes, formatCount, formatTime, table } from '../format.ts';
import { paint, tableColumns } from '../io.ts';
import { parseCount } from '../values.ts';
import { liveFiles, onlyArg, ownPathSeen } from '../wire.ts';
import { asJson } from './list.ts';
import { versions, versionToShow } from './show.versions.ts';

export const show: Command = async (context) => {
  const mode = modeOf(context);
  const tokens = tokensOf(context, mode);
  const wantsBytes = mode === 'raw' || mode === 'removed' || mode === 'versions';
  if (!wantsBytes || context.settings.remote === null) return await shown(context, mode, tokens, null);
  const { withBytes } = await import('../fetched.ts');
  return await withBytes(context, onlyArg(context, 'UID'), (there, from) => shown(there, mode, tokens, from));
};

async function shown(
  context: Context,
  mode: (typeof MODES)[number] | null,
  tokens: number | null,
  from: ReadableDb | null,
): Promise<ExitCode> {
  const db = from ?? openReadable(context.settings.storePath);
  let text = '';
  try {
    const session = resolveSession(db, onlyArg(context, 'UID'));
    if (!context.json && forgottenTest(db)(session))
      throw fail('evicted', `${session.uid} was forgotten by hand`, 'Nothing but its id is here.');
    if (mode === 'raw') await raw(context, db, session);
    else if (mode === 'versions') versions(context, db, session);
    else if (mode === 'removed') await removed(context, db, session);
    else if (mode === 'files') files(context, db, session);
    else if (context.json) digestJson(context, db, session);
    else if (mode === 'markdown')
      text = tokens === null ? digestText(context, db, session, true) : handoverText(db, session, tokens);
    else text = `${digestText(context, db, session, false)}${ownFileText(db, session)}`;
  } finally {
    // The store is not held open for as long as someone reads.
    db.close();
  }
  const isPaged = text !== '' && context.io.stdoutIsTty && (await context.page(text));
  if (!isPaged) context.io.out(text);
  return EXIT.done;
}

const MODES = ['raw', 'files', 'removed', 'versions', 'markdown'] as const;

function modeOf(context: Context): (typeof MODES)[number] | null {
  const [mode, other] = MODES.filter((each) => context.flags[each] === true);
  if (other !== undefined)
    throw new FailureError(
      invalid(
        `--${mode} and --${other} at once`,
        'Give one of --raw, --files, --removed, --versions, --markdown.',
      ),
    );
  if (mode !== 'raw' && textFlag(context.flags, 'version') !== null)
    throw new FailureError(
      invalid('--version without --raw', 'It says which version of the transcript --raw gives.'),
    );
  const file = textFlag(context.flags, 'file');
  if (file !== null && (mode !== 'raw' || textFlag(context.flags, 'version') !== null))
    throw new FailureError(
      mode === 'raw'
        ? invalid('--file and --version at once', 'Earlier versions are given of the main transcript.')
        : invalid('--file without --raw', 'It says which file of the session --raw gives.'),
    );
  if (mode === 'markdown' && context.json)
    throw new FailureError(invalid('--markdown and --json at once', 'Give one of the two.'));
  return mode ?? null;
}

/** How long a hand-over may be, in tokens; null: as long as it is. */
function tokensOf({ flags }: Context, mode: (typeof MODES)[number] | null): number | null {
  const given = textFlag(flags, 'tokens');
  if (given === null) return null;
  if (mode !== 'markdown')
    throw new FailureError(invalid('--tokens without --markdown', 'It says how long the Markdown may be.'));
  const tokens = parseCount(given, '--tokens');
  if (tokens >= HANDOVER_TOKENS_MIN) return tokens;
  throw new FailureError(
    invalid(`--tokens ${tokens} is too little to go on from`, `Give ${HANDOVER_TOKENS_MIN} or more.`),
  );
}

function handoverText(db: ReadableDb, session: SessionRow, tokens: number): string {
  const [newest] = digestsOf(db, session.uid);
  return newest === undefined
    ? noDigest(session, [['Session', session.uid]], isBucketOnly(db, session.uid))
    : handover(readDigest(session.uid, newest.json), session.uid, tokens);
}

async function raw(context: Context, db: ReadableDb, session: SessionRow): Promise<void> {
  const named = textFlag(context.flags, 'file');
  if (named !== null) return await rawOf(context, db, session, named);
  const main = liveFiles(db, session).find((file) => file.role === 'main');
  if (main === undefined)
    throw fail(
      'not_found',
      `${session.uid} has no main transcript`,
      'See `session-memory show UID --files`.',
    );
  const given = versionToShow(context, db, session, main);
  for (const chunk of fileChunks(db, session.uid, given)) await context.io.outBytes(chunk);
}

/** Any file, by its name within the session or by the path that it was met at: where it goes is up to whoever asks. */
async function rawOf({ io }: Context, db: ReadableDb, session: SessionRow, named: string): Promise<void> {
  const files = liveFiles(db, session);
  const file = files.find(({ key }) => key === named) ?? files.find(({ relPath }) => relPath === named);
  if (file === undefined)
    throw fail(
      'not_found',
      `${session.uid} has no file ${named}`,
      'See `session-memory show UID --files --json`: `key` is its name.',
    );
  for (const chunk of fileChunks(db, session.uid, file)) await io.outBytes(chunk);
}

/** Pieces that end without a line break are parted by one: what follows was no part of that line. */
async function removed(context: Context, db: ReadableDb, session: SessionRow): Promise<void> {
  const earlier = versionsOf(db, session.uid);
  let isOpen = false;
  for (const file of liveFiles(db, session)) {
    const own = earlier.filter(({ fileId }) => fileId === file.fileId);
    for (const piece of removedPieces(file, own)) {
      if (isOpen) await context.io.outBytes(LINE_BREAK);
      let last = LINE_BREAK[0];
      for (const chunk of rangeChunks(db, session.uid, file, [piece])) {
        last = chunk.at(-1) ?? last;
        await context.io.outBytes(chunk);
      }
      isOpen = last !== LINE_BREAK[0];
    }
  }
}

const LINE_BREAK = new Uint8Array([0x0a]);

/** Narrower tables leave out what few ask for. */
const NARROW_COLUMNS = 110;

function files(context: Context, db: ReadableDb, session: SessionRow): void {
  const rows = filesOf(db, session.uid);
  if (context.json) {
    printJson<'show'>(context.io, {
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
  const columns = tableColumns(context.io);
  // Where there is little room it belongs to the files' names; --json has the rest.
  const isNarrow = columns < NARROW_COLUMNS;
  context.io.out(
    table(
      [
        { title: 'FILE', shrinks: true },
        { title: 'ROLE' },
        { title: 'RAW', align: 'right' },
        { title: 'STORED', align: 'right' },
        { title: 'REMOVED', align: 'right' },
        ...(isNarrow ? [] : [{ title: 'SEGMENTS', align: 'right' } as const, { title: 'SHA-256' }]),
      ],
      rows.map((file) => [
        isNarrow ? file.relPath.slice(file.relPath.lastIndexOf('/') + 1) : file.relPath,
        file.gone ? `${file.role}, evicted` : file.role,
        formatBytes(file.rawBytes),
        file.gone ? '-' : formatBytes(file.storedBytes),
        file.removedBytes > 0 ? formatBytes(file.removedBytes) : '-',
        ...(isNarrow ? [] : [formatCount(file.segmentCount), file.sha256?.slice(0, 16) ?? '-']),
      ]),
      columns,
    ),
  );
}

function digestJson(context: Context, db: ReadableDb, session: SessionRow): void {
  const digests = digestsOf(db, session.uid).map(({ json }) => readDigest(session.uid, json));
  printJson<'show'>(context.io, {
    version: 1,
    session: asJson(session, forgottenTest(db)(session), whereabouts(db, session.uid)),
    digest: digests[0] ?? null,
    older_digests: digests.slice(1),
    elsewhere: besideOf(db, session.uid).map(({ machine, json }) => ({
      machine,
      digest: readDigest(session.uid, json),
    })),
  });
}

function digestText(context: Context, db: ReadableDb, session: SessionRow, asMarkdown: boolean): string {
  const { io } = context;
  const rows: readonly SectionRow[] = [
    ['Session', session.uid],
    ['State', stateText(session, machineOf(db, session.uid))],
    ...bucketRows(db, session),
    ...importedRows(session.origin),
    ...originRows(db, session),
  ];
  const digests = digestsOf(db, session.uid);
  const look: PageLook = {
    heading: (text) => paint(io, 'bold', text),
    faint: (text) => paint(io, 'dim', text),
    bad: (text) => paint(io, 'red', text),
  };
  const pageOf = (json: string, own: readonly SectionRow[]) => {
    const digest = readDigest(session.uid, json);
    return asMarkdown ? digestMarkdown(digest, own) : digestPage(digest, io.columns, look, own);
  };
  const [present, ...older] = digests;
  const isAway = present === undefined && isBucketOnly(db, session.uid);
  return [
    present === undefined ? noDigest(session, rows, isAway) : pageOf(present.json, rows),
    ...older.map(
      ({ madeAt, json }) =>
        `\nAn older digest, of what was evicted before (${formatTime(madeAt)}):\n\n${pageOf(json, [])}`,
    ),
    ...besideOf(db, session.uid).map(
      ({ machine, madeAt, json }) =>
        `\nIt went on otherwise on ${plainLine(machine)}, whose digest says (${formatTime(madeAt)}):\n\n${pageOf(json, [])}`,
    ),
  ].join('');
}

/** The agent's own file, where it is there still; of what was evicted, how it is had again. */
function ownFileText(db: ReadableDb, { uid, state }: SessionRow): string {
  const path = ownPathSeen(db, uid);
  if (path === undefined) return '';
  const again = state === 'evicted' ? `\`session-memory ingest --again ${uid}\` stores it once more.\n` : '';
  return `\nThe agent's own file is there still: ${plainLine(path)}\n${again}`;
}

/** Where the bytes are of one that is not here. */
function bucketRows(db: ReadableDb, { uid, state }: SessionRow): readonly SectionRow[] {
  if (state !== 'evicted') return [];
  if (isBucketOnly(db, uid))
    return [
      ['Bucket', `it alone has the bytes; \`session-memory analyze ${uid}\` makes the digest of all of them`],
    ];
  const { machine, inBucket } = whereabouts(db, uid);
  if (inBucket) return [['Bucket', 'it has the bytes: `restore` and `show --raw` fetch them']];
  return machine === null ? [] : [['Bucket', 'it has no bytes of it: they went there before it joined']];
}

/** Where a fork came from: the raw bytes of that one may be gone, what it was about is not. */
function originRows(db: ReadableDb, { parentUid }: SessionRow): readonly SectionRow[] {
  if (parentUid === null) return [];
  const parent = findSession(db, parentUid);
  return [
    [
      'Forked',
      parent === null
        ? `from ${parentUid}`
        : `from ${parentUid} (${stateText(parent, machineOf(db, parentUid))})`,
    ],
  ];
}

function noDigest(session: SessionRow, rows: readonly SectionRow[], isAway: boolean): string {
  const why = session.analyzeError === null ? '' : `: ${plainLine(session.analyzeError)}`;
  const lines = rows.map(([label, value]) => `${label.padEnd(10)}${plainLine(value)}`);
  if (isAway)
    return `${lines.join('\n')}\n\nNo digest yet${why}. Its bytes are in the bucket: \`session-memory analyze ${session.uid}\` fetches them and makes one.\n`;
  // A person has dropped it, or it was lost before there was one: nothing can make it any more.
  if (session.state === 'evicted')
    return `${lines.join('\n')}\n\nNo digest${why}: ${session.analyzedAt === null ? 'the session was lost without one' : 'it was dropped by hand'}.\n`;
  return `${lines.join('\n')}\n\nNo digest yet${why}. \`session-memory analyze ${session.uid}\` makes one.\n`;
}

/** `machine`: the one that tells of it, where this one never had it. */
function stateText(session: SessionRow, machine: string | null): string {
  const state =
    machine !== null
      ? `on ${machine}, which tells of it in the bucket${session.digestBytes > 0 ? '; the digest is here' : ''}`
      : session.state === 'evicted'
        ? `evicted ${formatTime(session.evictedAt)}${session.digestBytes > 0 ? ', the digest stays' : ''}`
        : `${session.state}, ${formatBytes(session.rawBytes)} raw in ${formatBytes(session.storedBytes)}`;
  return `${state}${session.pinned ? ', pinned' : ''}`;
}
