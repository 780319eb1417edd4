/**
 * `curate`: what fills the digests; `curate --shrink UID…` and `curate --drop UID…` take out of them, of evicted sessions only.
 * Promises: nothing goes without the typed phrase or `--yes`, and nothing but what was named; what is dropped stays in `list`.
 */
import { shrink } from '../../digest/shrink.ts';
import type { Digest } from '../../domain/digest.ts';
import { EXIT, EXIT_OF_CODE, type ExitCode, fail, failure, worstExit } from '../../domain/errors.ts';
import type { SessionUid } from '../../domain/ids.ts';
import type { SessionRow } from '../../domain/session.ts';
import { plainLine } from '../../domain/text.ts';
import type { WritableDb } from '../../store/connection.ts';
import { type Curated, dropDigests, type Hoard, hoard, shrinkDigests } from '../../store/curate.ts';
import { openReadable, openWritable } from '../../store/open.ts';
import { usage } from '../../store/usage.ts';
import { type Command, type Context, printJson, textFlag } from '../context.ts';
import { printFailure } from '../failure.ts';
import { formatAge, formatBytes, plural, table } from '../format.ts';
import { tableColumns } from '../io.ts';
import { consentTo, namedSessions, refuseNamed, underSweepLock } from '../named-sessions.ts';
import { parseBytes, parseCount } from '../values.ts';

const DEFAULT_LIMIT = 10;

export const curate: Command = async (context) => {
  const { flags, args } = context;
  const action = flags['drop'] === true ? 'drop' : flags['shrink'] === true ? 'shrink' : null;
  const wrong = (message: string) => fail('usage', message, 'See `session-memory curate --help`.');
  if (flags['drop'] === true && flags['shrink'] === true) throw wrong('--drop and --shrink at once');
  if (action === null) {
    if (args.length > 0 || flags['yes'] === true) throw wrong('nothing is said about what to do with them');
    return look(context);
  }
  if (args.length === 0) throw wrong(`UID is missing: --${action} takes the digests that you name`);
  return change(context, action);
};

function look(context: Context): ExitCode {
  const { io, settings, clock } = context;
  const text = textFlag(context.flags, 'limit');
  const limit = text === null ? DEFAULT_LIMIT : parseCount(text, '--limit');
  using db = openReadable(settings.storePath);
  const usedBytes = usage(db).tier2Bytes;
  const found = hoard(db, limit);
  if (context.json) {
    printJson<'curate'>(io, {
      version: 1,
      used_bytes: usedBytes,
      cap_bytes: settings.limits.distilledCapBytes,
      largest: found.largest.map(rowJson),
      oldest: found.oldest.map(rowJson),
      forks: found.forks.map(rowJson),
    });
    return EXIT.done;
  }
  io.out(`Digests take ${formatBytes(usedBytes)} of ${formatBytes(settings.limits.distilledCapBytes)}.\n`);
  for (const [title, rows] of sections(found)) {
    if (rows.length === 0) continue;
    io.out(`\n${title}\n${rowsPage(context, rows, clock.now())}`);
  }
  if (found.oldest.length > 0)
    io.out(
      '\n`session-memory curate --shrink UID…` makes digests of evicted sessions shorter, `--drop UID…` takes them out.\n',
    );
  return EXIT.done;
}

function sections({ largest, oldest, forks }: Hoard): readonly (readonly [string, readonly SessionRow[]])[] {
  return [
    ['The largest:', largest],
    ['The oldest of evicted sessions:', oldest],
    ['Of evicted forks, whose parent has a digest too:', forks],
  ];
}

function rowJson(row: SessionRow) {
  return {
    session_uid: row.uid,
    state: row.state,
    pinned: row.pinned,
    digest_bytes: row.digestBytes,
    ended_at: row.endedAt,
    parent_uid: row.parentUid,
    title: row.title,
  };
}

function rowsPage(
  { io }: Context,
  rows: readonly SessionRow[],
  now: ReturnType<Context['clock']['now']>,
): string {
  return table(
    [
      { title: 'SESSION' },
      { title: 'STATE' },
      { title: 'AGE', align: 'right' },
      { title: 'DIGEST', align: 'right' },
      { title: 'TITLE', shrinks: true },
    ],
    rows.map((row) => [
      row.uid,
      row.pinned ? `${row.state}, pinned` : row.state,
      formatAge(row.endedAt ?? row.startedAt ?? row.ingestedAt, now),
      formatBytes(row.digestBytes),
      row.title ?? '-',
    ]),
    tableColumns(io),
  );
}

function chosen(context: Context): SessionRow[] {
  using db = openReadable(context.settings.storePath);
  const sessions = namedSessions(db, context.args);
  const live = sessions.find(({ evictedAt }) => evictedAt === null);
  if (live !== undefined)
    throw refuseNamed(
      `${live.uid} is not evicted`,
      'The digest of a live session is made again; `session-memory evict` it first.',
    );
  const pinned = sessions.find((session) => session.pinned);
  if (pinned !== undefined)
    throw refuseNamed(
      `${pinned.uid} is pinned`,
      `Run \`session-memory unpin ${pinned.uid}\` first, or leave it out.`,
    );
  return sessions;
}

interface Done {
  readonly changed: SessionUid[];
  readonly skipped: { readonly session_uid: SessionUid; readonly reason: string }[];
  freedBytes: number;
}

async function change(context: Context, action: 'drop' | 'shrink'): Promise<ExitCode> {
  const sessions = chosen(context);
  const toBytes = sizeFlag(context);
  const plan = sessions.map(({ uid, digestBytes }) => ({ session_uid: uid, bytes: digestBytes }));
  if (!context.json && context.flags['dryRun'] !== true)
    io(context, [
      action === 'drop'
        ? 'drop: nothing of what was said and done in these sessions stays; their row, sizes and hashes do'
        : 'shrink: the digest keeps its beginning and counts; what is cut is gone',
      ...sessions.map(
        (row) => `  ${row.uid}  ${formatBytes(row.digestBytes)}  ${(row.title ?? '').slice(0, 60)}`,
      ),
    ]);
  const done: Done = { changed: [], skipped: [], freedBytes: 0 };
  if (context.flags['dryRun'] === true) return tell(context, action, plan, done);
  const consent = await consentTo(
    context,
    context.flags['yes'] === true,
    `${action} ${sessions.length} digests`,
  );
  if (consent === 'missing' || consent === 'refused') {
    const why = consent === 'missing' ? 'needs consent' : 'was not consented to';
    const shown = failure(
      'consent_needed',
      `to ${action} ${plural(sessions.length, 'digest')} ${why}; nothing was changed`,
      'Add --yes to consent, or --dry-run to only look.',
    );
    printFailure(context.io, context.json, shown, { plan });
    return EXIT_OF_CODE[shown.code];
  }
  using db = openWritable(context.settings.storePath);
  await underSweepLock(db.path, () => {
    for (const session of sessions) {
      if (context.signal.aborted) break;
      note(done, session.uid, one(context, db, action, session, toBytes));
    }
  });
  return tell(context, action, plan, done);
}

function io(context: Context, lines: readonly string[]): void {
  context.io.out(lines.map((line) => `${plainLine(line).trimEnd()}\n`).join(''));
}

function sizeFlag({ flags }: Context): number | null {
  const text = textFlag(flags, 'to');
  return text === null ? null : parseBytes(text, '--to');
}

function one(
  context: Context,
  db: WritableDb,
  action: 'drop' | 'shrink',
  { uid }: SessionRow,
  toBytes: number | null,
): Curated {
  const at = context.clock.now();
  if (action === 'drop') return dropDigests(db, uid, at);
  return shrinkDigests(db, uid, at, (json) =>
    shorter(json, toBytes ?? Math.floor(Buffer.byteLength(json) / 2)),
  );
}

/** Null where it is no digest that this program knows how to cut. */
function shorter(json: string, bytes: number): string | null {
  try {
    const digest: Digest = JSON.parse(json);
    return shrink(digest, bytes, bytes).json;
  } catch {
    // Another program wrote it, or an import brought it: it is left as it is.
    return null;
  }
}

function note(done: Done, uid: SessionUid, curated: Curated): void {
  if ('why' in curated) done.skipped.push({ session_uid: uid, reason: curated.why });
  else if (curated.freedBytes === 0)
    done.skipped.push({ session_uid: uid, reason: 'it cannot be made shorter' });
  else {
    done.changed.push(uid);
    done.freedBytes += curated.freedBytes;
  }
}

function tell(
  context: Context,
  action: 'drop' | 'shrink',
  plan: readonly { session_uid: SessionUid; bytes: number }[],
  done: Done,
): ExitCode {
  const dryRun = context.flags['dryRun'] === true;
  const lost = action === 'drop' && done.changed.length > 0;
  if (context.json)
    printJson<'curate'>(context.io, {
      version: 1,
      dry_run: dryRun,
      action,
      changed: done.changed,
      skipped: done.skipped,
      bytes_freed: done.freedBytes,
      lost_data: lost,
      interrupted: context.signal.aborted,
      plan,
    });
  else {
    for (const { session_uid: uid, reason } of done.skipped) io(context, [`Left ${uid}: ${reason}.`]);
    if (dryRun) io(context, [`Would ${action} ${plural(plan.length, 'digest')}; nothing was changed.`]);
    else
      io(context, [
        `${action === 'drop' ? 'DATA LOSS: dropped' : 'Shrunk'} ${plural(done.changed.length, 'digest')}, freed ${formatBytes(done.freedBytes)}.`,
      ]);
  }
  const holds = new Set<ExitCode>();
  if (lost) holds.add(EXIT.dataLost);
  if (context.signal.aborted) holds.add(EXIT.interrupted);
  return worstExit(holds);
}
