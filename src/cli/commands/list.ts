/** `list`: all sessions, evicted ones too, with their last byte counts. */
import type { Host } from '../../domain/agent.ts';
import { EXIT } from '../../domain/errors.ts';
import type { SessionUid } from '../../domain/ids.ts';
import { SESSION_STATES, type SessionRow } from '../../domain/session.ts';
import { plainLine } from '../../domain/text.ts';
import type { ReadableDb } from '../../store/connection.ts';
import { forgottenTest } from '../../store/forget.ts';
import { openReadable } from '../../store/open.ts';
import { eachSession, SESSION_SORTS, type SessionFilter, type SessionSort } from '../../store/read.ts';
import { allWhereabouts, type Whereabouts } from '../../store/remote/whereabouts.ts';
import { counters } from '../../store/usage.ts';
import { type Command, type Context, printJsonList, textFlag } from '../context.ts';
import { formatAge, formatBytes, table } from '../format.ts';
import { tableColumns } from '../io.ts';
import { oneOf, parseLimit, parseSince } from '../values.ts';

export const list: Command = async (context) => {
  const filter = filterOf(context);
  using db = openReadable(context.settings.storePath);
  await checkAgent(db, context.host, filter.agent ?? null);
  const isForgotten = forgottenTest(db);
  const rows = eachSession(db, filter);
  const whereaboutsOf = allWhereabouts(db);
  if (context.json) {
    const sessions = rows.map((row) => asJson(row, isForgotten(row), whereaboutsOf(row.uid)));
    await printJsonList(context.io, { version: 1 }, 'sessions', sessions);
  } else await printTable(context, rows, { isForgotten, whereaboutsOf });
  return EXIT.done;
};

/** An agent that this program reads, or one that the store has sessions of. Formats are loaded only to name the others. */
export async function checkAgent(db: ReadableDb, host: Host, agent: string | null): Promise<void> {
  const stored = counters(db).map((row) => row.agent);
  if (agent === null || stored.includes(agent)) return;
  const { agentsOf } = await import('../../agents/registry.ts');
  oneOf(agent, [...new Set([...agentsOf(host).map((format) => format.id), ...stored])], '--agent');
}

function filterOf(context: Context): SessionFilter {
  const { flags } = context;
  const agent = textFlag(flags, 'agent');
  const project = textFlag(flags, 'project');
  const since = textFlag(flags, 'since');
  const limit = textFlag(flags, 'limit');
  const state = oneOf(textFlag(flags, 'state'), SESSION_STATES, '--state');
  const sort = oneOf(textFlag(flags, 'sort'), Object.keys(SESSION_SORTS) as SessionSort[], '--sort');
  return {
    ...(agent === null ? {} : { agent }),
    ...(project === null ? {} : { project }),
    ...(state === null ? {} : { state }),
    ...(sort === null ? {} : { sort }),
    ...(since === null ? {} : { since: parseSince(since, '--since', context.clock.now()) }),
    ...(limit === null ? {} : { limit: parseLimit(limit) }),
  };
}

export function asJson(row: SessionRow, forgotten: boolean, { machine, inBucket }: Whereabouts) {
  return {
    session_uid: row.uid,
    agent: row.agent,
    project: row.project,
    title: row.title,
    branch: row.branch,
    parent_uid: row.parentUid,
    state: row.state,
    started_at: row.startedAt,
    ended_at: row.endedAt,
    ingested_at: row.ingestedAt,
    analyzed_at: row.analyzedAt,
    digest_at: row.digestAt,
    evicted_at: row.evictedAt,
    pinned: row.pinned,
    raw_bytes: row.rawBytes,
    stored_bytes: row.storedBytes,
    digest_bytes: row.digestBytes,
    files: row.fileCount,
    analyze_error: row.analyzeError,
    origin: row.origin,
    machine,
    in_bucket: inBucket,
    forgotten,
  };
}

interface ListedAs {
  readonly isForgotten: (row: SessionRow) => boolean;
  readonly whereaboutsOf: (uid: SessionUid) => Whereabouts;
}

function stateText(row: SessionRow, { isForgotten, whereaboutsOf }: ListedAs): string {
  const { uid, state, pinned, origin } = row;
  if (isForgotten(row)) return 'forgotten';
  const { machine } = whereaboutsOf(uid);
  const where = machine === null ? state : `on ${plainLine(machine)}`;
  return [where, ...(pinned ? ['pinned'] : []), ...(origin === null ? [] : ['imported'])].join(', ');
}

/** Columns are as wide as the rows of a block want them: of a million no one holds all. */
const BLOCK_ROWS = 5000;

async function printTable(context: Context, rows: Iterable<SessionRow>, about: ListedAs): Promise<void> {
  let block: SessionRow[] = [];
  let printed = 0;
  const print = async () => {
    const text = asTable(context, block, about);
    const withoutHead = printed === 0 ? text : text.slice(text.indexOf('\n') + 1);
    await context.io.outSlowly(withoutHead);
    printed += block.length;
    block = [];
  };
  for (const row of rows) {
    block.push(row);
    if (block.length === BLOCK_ROWS) await print();
  }
  if (block.length > 0) await print();
  if (printed === 0) context.io.out('No session.\n');
}

function asTable(context: Context, rows: readonly SessionRow[], about: ListedAs): string {
  const now = context.clock.now();
  return table(
    [
      { title: 'SESSION' },
      { title: 'STATE' },
      { title: 'AGE', align: 'right' },
      { title: 'RAW', align: 'right' },
      { title: 'STORED', align: 'right' },
      { title: 'PROJECT' },
      { title: 'TITLE', shrinks: true },
    ],
    rows.map((row) => [
      row.uid,
      stateText(row, about),
      formatAge(row.endedAt ?? row.startedAt ?? row.ingestedAt, now),
      formatBytes(row.rawBytes),
      row.state === 'evicted' ? '-' : formatBytes(row.storedBytes),
      (row.project ?? '-').split(/[\\/]/).at(-1) ?? '-',
      row.title ?? '-',
    ]),
    tableColumns(context.io),
  );
}
