/**
 * `curate`: what fills the digests; `curate --shrink UID…` and `curate --drop UID…` take out of them, of evicted sessions only.
 * Promises: nothing goes without the typed phrase or `--yes`, and nothing but what was named; what is dropped stays in `list`.
 */
import { shrink } from '../../digest/shrink.ts';
import type { Digest } from '../../domain/digest.ts';
import { EXIT, type ExitCode, fail } from '../../domain/errors.ts';
import type { SessionUid } from '../../domain/ids.ts';
import type { SessionRow } from '../../domain/session.ts';
import { plainLine } from '../../domain/text.ts';
import type { WritableDb } from '../../store/connection.ts';
import { type Curated, dropDigests, type Hoard, hoard, shrinkDigests } from '../../store/curate.ts';
import { openReadable } from '../../store/open.ts';
import { usage } from '../../store/usage.ts';
import { type Command, type Context, printJson, textFlag } from '../context.ts';
import { formatAge, formatBytes, plural, table } from '../format.ts';
import { tableColumns } from '../io.ts';
import { namedSessions, refuseNamed } from '../named-sessions.ts';
import { carryOut, plannedRow } from '../planned-change.ts';
import { parseBytes, parseCount } from '../values.ts';

const DEFAULT_LIMIT = 10;

type Curation = 'drop' | 'shrink';

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

interface CuratedSoFar {
  readonly changed: SessionUid[];
  readonly skipped: { readonly session_uid: SessionUid; readonly reason: string }[];
  freedBytes: number;
}

function change(context: Context, action: Curation): Promise<ExitCode> {
  const sessions = chosen(context);
  const toBytes = sizeFlag(context);
  const plan = sessions.map(({ uid, digestBytes }) => ({ session_uid: uid, bytes: digestBytes }));
  const done: CuratedSoFar = { changed: [], skipped: [], freedBytes: 0 };
  const isLoss = () => action === 'drop' && done.changed.length > 0;
  return carryOut<'curate'>(context, {
    isEmpty: false,
    page: planPage(action, sessions),
    plan,
    subject: `to ${action} ${plural(sessions.length, 'digest')}`,
    waysOn: 'Add --yes to consent, or --dry-run to only look.',
    phrase: `${action} ${sessions.length} digests`,
    isYesEnough: true,
    freesSpace: false,
    make: (db) => {
      for (const session of sessions) {
        if (context.signal.aborted) break;
        note(done, session.uid, one(context, db, action, session, toBytes));
      }
    },
    report: (isDry) => ({
      version: 1,
      dry_run: isDry,
      action,
      changed: done.changed,
      skipped: done.skipped,
      bytes_freed: done.freedBytes,
      lost_data: isLoss(),
      interrupted: context.signal.aborted,
      plan,
    }),
    say: (isDry) => say(context, action, plan.length, done, isDry),
    outcome: () => ({ dataLost: isLoss(), interrupted: context.signal.aborted }),
  });
}

function planPage(action: Curation, sessions: readonly SessionRow[]): string {
  const what =
    action === 'drop'
      ? 'drop: nothing of what was said and done in these sessions stays; their row, sizes and hashes do'
      : 'shrink: the digest keeps its beginning and counts; what is cut is gone';
  return `${[what, ...sessions.map((one) => plannedRow(one, one.digestBytes))].join('\n')}\n`;
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${plainLine(text).trimEnd()}\n`).join('');
}

function sizeFlag({ flags }: Context): number | null {
  const text = textFlag(flags, 'to');
  return text === null ? null : parseBytes(text, '--to');
}

function one(
  context: Context,
  db: WritableDb,
  action: Curation,
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

function note(done: CuratedSoFar, uid: SessionUid, curated: Curated): void {
  if ('why' in curated) done.skipped.push({ session_uid: uid, reason: curated.why });
  else if (curated.freedBytes === 0)
    done.skipped.push({ session_uid: uid, reason: 'it cannot be made shorter' });
  else {
    done.changed.push(uid);
    done.freedBytes += curated.freedBytes;
  }
}

function say({ io }: Context, action: Curation, planned: number, done: CuratedSoFar, isDry: boolean): void {
  io.out(lines(done.skipped.map(({ session_uid: uid, reason }) => `Left ${uid}: ${reason}.`)));
  const changed = `${plural(done.changed.length, 'digest')}, freed ${formatBytes(done.freedBytes)}.`;
  const said = isDry
    ? `Would ${action} ${plural(planned, 'digest')}; nothing was changed.`
    : `${action === 'drop' ? 'DATA LOSS: dropped' : 'Shrunk'} ${changed}`;
  io.out(lines([said]));
}
